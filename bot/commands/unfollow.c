/* unfollow: an operation is not looked at any more; ECS goes on (core/restart.h). */
#include "core/restart.h"

#include "rows.h"

const struct command command_unfollow = {
    .name = "unfollow",
    .usage = "unfollow OPERATION",
    .summary = "stop following an operation; ECS goes on by itself, nothing is changed",
    .detail =
        "For one whose end nobody wants to hear of any more. It is told in its channel, by whom and what ECS "
        "goes on doing. Needs the right to view its target. Example: unfollow 7F3K",
    .right = RIGHT_NONE, /* looked up with the operation's target */
    .needs = NEEDS_NOTHING,
    .flags = COMMAND_EXTRA | COMMAND_STEP,
    .run = engine_unfollow,
};
