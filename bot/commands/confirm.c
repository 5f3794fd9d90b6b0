/* confirm: the typed answer to an open question, where buttons cannot be pressed. How it is answered is
 * core's business (core/answer.h). */
#include "core/answer.h"

#include "rows.h"

const struct command command_confirm = {
    .name = "confirm",
    .usage = "confirm CODE",
    .summary = "answer an open question of mine with yes",
    .detail = "The code stands in the question and names its target: confirm cotak-prod-4821. Only who may "
              "confirm the question can use it, in the channel where it was asked, until it expires; five "
              "wrong codes close the question. The facts are read again first.",
    .right = RIGHT_NONE,
    .needs = NEEDS_NOTHING,
    .flags = COMMAND_EXTRA | COMMAND_STEP,
    .run = engine_confirm,
};
