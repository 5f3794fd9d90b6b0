/* cancel: an open question is withdrawn by anybody in its channel (core/answer.h). */
#include "core/answer.h"

#include "rows.h"

const struct command command_cancel = {
    .name = "cancel",
    .usage = "cancel OPERATION",
    .summary = "withdraw an open question of mine; anyone in the channel may",
    .detail = "Nothing was changed yet while a question is open, so it needs no right. What is being done or "
              "followed already cannot be cancelled: see unfollow and rollback. Example: cancel 7F3K",
    .right = RIGHT_NONE,
    .needs = NEEDS_NOTHING,
    .flags = COMMAND_EXTRA | COMMAND_STEP,
    .run = engine_cancel,
};
