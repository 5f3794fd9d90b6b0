#ifndef COMMANDS_ROWS_H
#define COMMANDS_ROWS_H
/* The one list of commands, in the order of help: ROW(name) is `command_name`, the const row of a file of
 * this folder. */
#include "core/command.h"

/* clang-format off */
#define COMMAND_ROWS(ROW) \
    ROW(restart) \
    ROW(rollback) \
    ROW(stop_all) \
    ROW(scale) \
    ROW(shutdown) \
    ROW(start) \
    ROW(status) \
    ROW(follow) \
    ROW(unfollow) \
    ROW(tasks) \
    ROW(events) \
    ROW(logs) \
    ROW(clusters) \
    ROW(services) \
    ROW(confirm) \
    ROW(decline) \
    ROW(cancel) \
    ROW(lock) \
    ROW(unlock) \
    ROW(locks) \
    ROW(history) \
    ROW(timeline) \
    ROW(help) \
    ROW(targets) \
    ROW(whoami)
/* clang-format on */

#define COMMAND_DECLARE(word) extern const struct command command_##word;
COMMAND_ROWS(COMMAND_DECLARE)
#undef COMMAND_DECLARE

#endif
