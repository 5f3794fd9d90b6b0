/* The list of kinds. */
#include "act.h"

#include <string.h>

static const struct act *const KINDS[] = {&act_restart, &act_rollback, &act_stop,
                                          &act_scale,   &act_shutdown, &act_start};

const struct act *act_of(const char *verb)
{
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        if (strcmp(KINDS[i]->verb, verb) == 0) {
            return KINDS[i];
        }
    }
    return strcmp(verb, "follow") == 0 ? &act_restart : NULL;
}
