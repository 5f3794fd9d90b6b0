#ifndef CORE_FREEZE_H
#define CORE_FREEZE_H
/* The freeze: while a file of the host is there, this bot changes nothing, whoever asks. Behind a function,
 * so that tests freeze without a disk. */
#include <stdbool.h>
#include <stddef.h>

#define FREEZE_REASON 200

struct freeze {
    /* Is it frozen now? Then reason is the file's first line, cleaned ("" = it has none) and path its name. A
     * look at one file: cheap enough for the loop, and made before each changing call. */
    bool (*look)(const struct freeze *f, char reason[FREEZE_REASON]);
    const char *path;
};

#endif
