/* rollback: stop retrying and keep the old tasks, or go back to the previous task definition. By hand in this
 * release. */
#include "manual.h"
#include "rows.h"

static void run(struct command_call *call);

const struct command command_rollback = {
    .name = "rollback",
    .usage = "rollback TARGET [SERVICE] [--reason TEXT]",
    .summary = "stop a running deployment and keep the old tasks (by hand in this version)",
    .detail = "While a deployment runs: ECS stops retrying and keeps the old tasks. The cause is not mended "
              "by it. This version answers "
              "with the exact aws commands.",
    .right = RIGHT_RESTART,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_REASON,
    .run = run,
};

static void run(struct command_call *call)
{
    struct card card;
    const struct config_target *t = call->parsed.target;
    char where[512];

    manual_begin(call, "Roll back", &card);
    manual_where(call, where, sizeof where);
    card_line(&card, "While a deployment runs, this stops it and keeps the old tasks:");
    manual_command(&card,
                   "arn=$(aws ecs list-service-deployments %s --service %s --status IN_PROGRESS --query "
                   "'serviceDeployments[0].serviceDeploymentArn' --output text)",
                   where, call->parsed.service->name);
    manual_command(&card,
                   "aws ecs stop-service-deployment --region %s%s%s --service-deployment-arn \"$arn\" "
                   "--stop-type ROLLBACK",
                   t->region, *t->profile ? " --profile " : "", t->profile);
    card_footer(&card, "How it is now: %s status %s %s", call->word, t->name, call->parsed.service->key);
    command_reply(call, &card);
}
