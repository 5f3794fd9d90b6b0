/* shutdown: the count 0, the runbook's last resort (8.1 step 4). Its count and autoscaling are remembered,
 * and people are reminded while it stands at 0. */
#include "core/restart.h"

#include "rows.h"

static void run(struct command_call *call);

const struct command command_shutdown = {
    .name = "shutdown",
    .usage = "shutdown TARGET [SERVICE] [--reason TEXT] [--break-glass REASON]",
    .summary = "set the count to 0; ENDS service for users, and asks first",
    .detail =
        "The runbook's last resort for a deployment that does not stabilise. While old tasks still serve, "
        "it ends service. Suspends autoscaling first, remembers the count, and reminds this channel "
        "after 15 min, 1 h, then every 4 h, also that somebody else brought it back. Refused while users "
        "are served and the image is gone: it could not come back. Back: start. Example: shutdown cotak "
        "prod events --reason \"INC-204\"",
    .right = RIGHT_DOWNTIME,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_REASON | COMMAND_BREAK_GLASS,
    .changes = true,
    .run = run,
};

static void run(struct command_call *call)
{
    engine_change(call, &act_shutdown);
}
