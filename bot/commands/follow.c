/* follow: a deployment that somebody else began (the console, a stack update, a pipeline) is followed to its
 * verdict like a restart of this bot. How it runs is core's business (core/restart.h). */
#include "core/restart.h"

#include "rows.h"

const struct command command_follow = {
    .name = "follow",
    .usage = "follow TARGET [SERVICE]",
    .summary = "follow a deployment that was begun elsewhere to its end; changes nothing",
    .detail =
        "Takes up the deployment that runs now, whoever began it: the same card, the same warnings, the same "
        "verdict as for a restart. Says so when none runs, or when one of my operations follows it already. "
        "Example: follow cotak prod hub",
    .right = RIGHT_VIEW,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_RECORDED,
    .run = engine_follow,
};
