/* stop-all: the runbook's 8.2, StopTask on every task. Users are cut off: it always asks, and the outage is
 * measured. How it runs is core's business (bot/core/act_stop.c). */
#include "core/restart.h"

#include "rows.h"

static void run(struct command_call *call)
{
    engine_change(call, &act_stop);
}

const struct command command_stop_all = {
    .name = "stop-all",
    .usage = "stop-all TARGET [SERVICE] [--reason TEXT] [--break-glass REASON]",
    .summary = "stop every task at once; users are cut off up to 5 minutes",
    .detail =
        "A hard restart: each task is stopped with your name and reason, and ECS starts new ones. Users are "
        "cut off for up to 5 minutes; how long it was is measured and told. It asks first, and refuses "
        "while what it stops could not come back (image gone, new tasks failing); --break-glass REASON "
        "turns that refusal into a question. Without downtime: restart. Example: stop-all cotak prod "
        "--reason \"INC-204 api hung\"",
    .right = RIGHT_DOWNTIME,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_REASON | COMMAND_BREAK_GLASS,
    .changes = true,
    .run = run,
};
