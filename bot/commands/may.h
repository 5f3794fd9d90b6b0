#ifndef COMMANDS_MAY_H
#define COMMANDS_MAY_H
/* What the asker may do with a target, for targets and whoami. */
#include <stddef.h>

#include "core/command.h"

/* "view, restart", or "nothing". Rights that hang on a look-up (groups, any) read "view if you are a full
 * member or in a named group". Pure: asks no platform. */
void may_text(const struct command_call *call, const struct config_target *target, char *to, size_t size);

#endif
