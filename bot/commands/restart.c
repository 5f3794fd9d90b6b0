/* restart: a new deployment of the same version (the runbook's 8.1), followed to its verdict. The recommended
 * way: users are served by the old tasks until new ones are healthy. How it runs is core's business
 * (core/restart.h). */
#include "core/restart.h"

#include "rows.h"

const struct command command_restart = {
    .name = "restart",
    .usage = "restart TARGET [SERVICE|all] [--reason TEXT]",
    .summary = "start new tasks, then let the old ones go; no downtime",
    .detail =
        "Forces a new ECS deployment and follows it to the end: succeeded, failed, rolled back or "
        "superseded. Old tasks serve "
        "until new ones are healthy, usually 5-10 minutes; some users may have to sign in again. The "
        "number of tasks stays as "
        "it is. Restarting hub or events cuts off WebSockets or running imports: that asks first. "
        "\"all\" restarts them one after the other in the order of the settings (hub, api, events), with one "
        "question before, and stops at the first that does not succeed. Example: restart cotak prod "
        "--reason \"map slow\"",
    .right = RIGHT_RESTART,
    .needs = NEEDS_SERVICE_OR_ALL,
    .flags = COMMAND_REASON,
    .changes = true,
    .run = engine_restart,
};
