/* decline: the typed no of who may confirm (core/answer.h). */
#include "core/answer.h"

#include "rows.h"

const struct command command_decline = {
    .name = "decline",
    .usage = "decline CODE",
    .summary = "answer an open question of mine with no",
    .detail = "For who may confirm the question, with the code that stands in it: decline cotak-prod-4821. "
              "Everybody else in the channel: cancel OPERATION.",
    .right = RIGHT_NONE,
    .needs = NEEDS_NOTHING,
    .flags = COMMAND_EXTRA | COMMAND_STEP,
    .run = engine_decline,
};
