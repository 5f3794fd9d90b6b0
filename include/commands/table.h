#ifndef COMMANDS_TABLE_H
#define COMMANDS_TABLE_H
/* Every command the bot knows, in the order of `help`. NULL-terminated. */
#include "core/command.h"

extern const struct command *const commands_table[];

#endif
