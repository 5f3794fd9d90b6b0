/* rollback: while a deployment runs, ECS stops retrying and keeps the old tasks; else back to the version
 * before, which asks. How it runs is core's business (bot/core/act_rollback.c). */
#include "core/restart.h"

#include "rows.h"

static void run(struct command_call *call)
{
    engine_change(call, &act_rollback);
}

const struct command command_rollback = {
    .name = "rollback",
    .usage = "rollback TARGET [SERVICE] [--reason TEXT] [--break-glass REASON]",
    .summary = "stop a running deployment and keep the old tasks; else back to the version before",
    .detail =
        "While a deployment runs: ECS stops retrying and keeps the old tasks; the cause is not mended by it. "
        "While none runs: a deployment of the task definition that ran before, with its image and its "
        "settings; that asks first, and says when hub and API would be of different versions. "
        "--break-glass REASON turns a refusal because its image is gone into a question. Example: "
        "rollback cotak prod",
    .right = RIGHT_RESTART,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_REASON | COMMAND_BREAK_GLASS,
    .changes = true,
    .run = run,
};
