#include "commands/table.h"

#include "rows.h"

#define ADDRESS(word) &command_##word,

const struct command *const commands_table[] = {COMMAND_ROWS(ADDRESS) NULL};
