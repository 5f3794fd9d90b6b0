/* scale: another count of tasks, within bounds. Autoscaling is suspended first, so that it keeps the count.
 */
#include "core/restart.h"

#include "rows.h"

static void run(struct command_call *call);

const struct command command_scale = {
    .name = "scale",
    .usage = "scale TARGET [SERVICE] N [--reason TEXT] [--break-glass REASON]",
    .summary = "set the number of tasks; fewer asks first",
    .detail =
        "Suspends autoscaling where it is registered, so that the count stays, then sets the count and "
        "follows it until so many tasks serve. From 0 to 10, or to what autoscaling allows; one hub. The "
        "count before and what I suspended are remembered: start resumes autoscaling. Fewer tasks ask "
        "first, and are refused while users are served and the image is gone. Example: scale cotak prod "
        "api 3",
    .right = RIGHT_DOWNTIME,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_REASON | COMMAND_EXTRA | COMMAND_BREAK_GLASS,
    .changes = true,
    .run = run,
};

static void run(struct command_call *call)
{
    engine_change(call, &act_scale);
}
