/* lock: "hands off, I am at it" (core/answer.h). */
#include "core/answer.h"

#include "rows.h"

const struct command command_lock = {
    .name = "lock",
    .usage = "lock TARGET [--reason TEXT]",
    .summary = "say that you are at it: others are asked before they change anything there",
    .detail =
        "A lock stops this bot and not the AWS console. Somebody else's change, also a rollback, is asked "
        "about first and takes the lock over when it is confirmed; you are told. Taking over a lock asks "
        "as well. Example: lock cotak prod --reason \"new hub version\"",
    .right = RIGHT_RESTART,
    .needs = NEEDS_TARGET,
    .flags = COMMAND_REASON | COMMAND_STEP,
    .changes = true,
    .run = engine_lock,
};
