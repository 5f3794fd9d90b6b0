/* start: back from 0, to the count that was remembered or configured; what the bot suspended of autoscaling
 * is resumed, and nothing else. */
#include "core/restart.h"

#include "rows.h"

static void run(struct command_call *call);

const struct command command_start = {
    .name = "start",
    .usage = "start TARGET [SERVICE] [--reason TEXT]",
    .summary = "bring a service at 0 back, and resume autoscaling that I suspended",
    .detail = "Goes back to the count that I remember from shutdown or scale; else to the configured one, to "
              "autoscaling's minimum, or to 1, which asks. Never lowers a count. Resumes of autoscaling only "
              "what I suspended. Example: start cotak prod events",
    .right = RIGHT_RESTART,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_REASON,
    .changes = true,
    .run = run,
};

static void run(struct command_call *call)
{
    engine_change(call, &act_start);
}
