/* unlock: a lock is given back (core/answer.h). */
#include "core/answer.h"

#include "rows.h"

const struct command command_unlock = {
    .name = "unlock",
    .usage = "unlock TARGET",
    .summary = "give a lock back",
    .detail = "Your own at once; somebody else's asks first, and tells them. Example: unlock cotak prod",
    .right = RIGHT_RESTART,
    .needs = NEEDS_TARGET,
    .flags = COMMAND_STEP,
    .changes = true,
    .run = engine_unlock,
};
