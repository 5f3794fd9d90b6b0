/* tasks, events, logs, clusters and services: reading by hand in this release; status shows most of it. */
#include "manual.h"
#include "rows.h"

static void run_tasks(struct command_call *call);
static void run_events(struct command_call *call);
static void run_logs(struct command_call *call);
static void run_clusters(struct command_call *call);
static void run_services(struct command_call *call);

#define READING(NAME, USAGE, SUMMARY, RIGHT, NEEDS, RUN)                                                     \
    {                                                                                                        \
        .name = (NAME), .usage = (USAGE), .summary = SUMMARY " (by hand in this version)",                   \
        .detail =                                                                                            \
            "This version answers with the exact aws commands; status shows the most important of it.",      \
        .right = (RIGHT), .needs = (NEEDS), .run = (RUN),                                                    \
    }
const struct command command_tasks = READING("tasks", "tasks TARGET [SERVICE]", "every task of a service",
                                             RIGHT_VIEW, NEEDS_SERVICE, run_tasks);
const struct command command_events = READING(
    "events", "events TARGET [SERVICE]", "the service's last events", RIGHT_VIEW, NEEDS_SERVICE, run_events);
const struct command command_logs =
    READING("logs", "logs TARGET [SERVICE]", "the last log lines", RIGHT_LOGS, NEEDS_SERVICE, run_logs);
const struct command command_clusters =
    READING("clusters", "clusters TARGET", "the clusters of the target's region", RIGHT_VIEW, NEEDS_TARGET,
            run_clusters);
const struct command command_services =
    READING("services", "services TARGET", "the services of the target's cluster", RIGHT_VIEW, NEEDS_TARGET,
            run_services);

static void finish(struct command_call *call, struct card *card)
{
    card_footer(card, "Most of it at once: %s status %s", call->word, call->parsed.target->name);
    command_reply(call, card);
}

static void run_tasks(struct command_call *call)
{
    struct card card;
    char where[512];

    manual_begin(call, "The tasks of", &card);
    manual_where(call, where, sizeof where);
    manual_command(&card,
                   "aws ecs describe-tasks %s --tasks $(aws ecs list-tasks %s --service-name %s --query "
                   "'taskArns[]' --output text)",
                   where, where, call->parsed.service->name);
    finish(call, &card);
}

static void run_events(struct command_call *call)
{
    struct card card;
    char where[512];

    manual_begin(call, "The events of", &card);
    manual_where(call, where, sizeof where);
    manual_command(&card,
                   "aws ecs describe-services %s --services %s --query "
                   "'services[0].events[:20].[createdAt,message]' --output text",
                   where, call->parsed.service->name);
    finish(call, &card);
}

/* CloudTAK names the log group after the service. */
static void run_logs(struct command_call *call)
{
    struct card card;
    const struct config_target *t = call->parsed.target;

    manual_begin(call, "The logs of", &card);
    card_line(&card, "CloudTAK names the log group after the service. Log lines may hold personal data and "
                     "tokens: do not paste them "
                     "into a channel unread.");
    manual_command(&card, "aws logs tail %s --region %s%s%s --since 15m", call->parsed.service->name,
                   t->region, *t->profile ? " --profile " : "", t->profile);
    finish(call, &card);
}

static void run_clusters(struct command_call *call)
{
    struct card card;
    const struct config_target *t = call->parsed.target;

    manual_begin(call, "The clusters around", &card);
    manual_command(&card, "aws ecs list-clusters --region %s%s%s", t->region,
                   *t->profile ? " --profile " : "", t->profile);
    card_line(&card, "An empty list means: likely the wrong region. Usual: us-gov-east-1 (GovCloud), "
                     "us-east-1 (Commercial).");
    finish(call, &card);
}

static void run_services(struct command_call *call)
{
    struct card card;
    char where[512];

    manual_begin(call, "The services of", &card);
    manual_where(call, where, sizeof where);
    manual_command(&card, "aws ecs list-services %s", where);
    finish(call, &card);
}
