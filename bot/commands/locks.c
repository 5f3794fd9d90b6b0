/* locks: who holds what, since when, and why (core/answer.h). */
#include "core/answer.h"

#include "rows.h"

const struct command command_locks = {
    .name = "locks",
    .usage = "locks [TARGET]",
    .summary = "which targets are locked, by whom, since when and why; and whether all changes are frozen",
    .detail =
        "A lock stops this bot and not the AWS console. A freeze is a file on the bot's host: while it is "
        "there, this bot changes nothing.",
    .right = RIGHT_VIEW,
    .needs = NEEDS_TARGET,
    .flags = COMMAND_OPTIONAL,
    .run = engine_locks,
};
