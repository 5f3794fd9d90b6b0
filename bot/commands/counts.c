/* shutdown, scale and start: changes of the desired count. By hand in this release. */
#include "base/text.h"
#include "manual.h"
#include "rows.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 100

static void run_shutdown(struct command_call *call);
static void run_scale(struct command_call *call);
static void run_start(struct command_call *call);

const struct command command_shutdown = {
    .name = "shutdown",
    .usage = "shutdown TARGET [SERVICE] [--reason TEXT]",
    .summary = "set the count to 0; ENDS service for users (by hand in this version)",
    .detail = "The runbook's last resort for a deployment that does not stabilise. While old tasks still "
              "serve, it ends service. "
              "This version answers with the exact aws commands.",
    .right = RIGHT_DOWNTIME,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_REASON,
    .run = run_shutdown,
};
const struct command command_scale = {
    .name = "scale",
    .usage = "scale TARGET [SERVICE] N [--reason TEXT]",
    .summary = "set the number of tasks (by hand in this version)",
    .detail = "Autoscaling may change the count again. This version answers with the exact aws commands. "
              "Example: scale cotak prod api 3",
    .right = RIGHT_DOWNTIME,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_REASON | COMMAND_EXTRA,
    .run = run_scale,
};
const struct command command_start = {
    .name = "start",
    .usage = "start TARGET [SERVICE] [--reason TEXT]",
    .summary = "bring a service at count 0 back (by hand in this version)",
    .detail = "Sets the configured count again. This version answers with the exact aws commands.",
    .right = RIGHT_RESTART,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_REASON,
    .run = run_start,
};

static void set_count(struct command_call *call, struct card *card, int count)
{
    char where[512];

    manual_where(call, where, sizeof where);
    manual_command(card, "aws ecs update-service %s --service %s --desired-count %d", where,
                   call->parsed.service->name, count);
}

static void autoscaling(struct command_call *call, struct card *card, bool suspended)
{
    const struct config_target *t = call->parsed.target;

    manual_command(card,
                   "aws application-autoscaling register-scalable-target --region %s%s%s --service-namespace "
                   "ecs --resource-id "
                   "service/%s/%s --scalable-dimension ecs:service:DesiredCount --suspended-state "
                   "DynamicScalingInSuspended=%s,DynamicScalingOutSuspended=%s,ScheduledScalingSuspended=%s",
                   t->region, *t->profile ? " --profile " : "", t->profile, t->cluster,
                   call->parsed.service->name, suspended ? "true" : "false", suspended ? "true" : "false",
                   suspended ? "true" : "false");
}

static void run_shutdown(struct command_call *call)
{
    struct card card;

    manual_begin(call, "Shut down", &card);
    card.tone = TONE_WARNING;
    card_line(&card, "This ENDS service for users until somebody sets the count again. Where autoscaling is "
                     "registered, the first "
                     "command keeps it from raising the count; skip it where there is none.");
    autoscaling(call, &card, true);
    set_count(call, &card, 0);
    card_footer(&card, "Are users served now? %s status %s %s", call->word, call->parsed.target->name,
                call->parsed.service->key);
    command_reply(call, &card);
}

/* The one word left must be a count. */
static bool count_of(const char *word, int *ret)
{
    size_t len = strlen(word);

    if (!len || len > 3)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)word[i]))
            return false;
    }
    *ret = (int)strtol(word, NULL, 10);
    return *ret <= COUNT_MAX;
}

static void run_scale(struct command_call *call)
{
    struct card card;
    int count = 0;

    if (!count_of(call->parsed.extra, &count)) {
        command_refuse(call, "scale needs a number of tasks from 0 to %d. Usage: %s", COUNT_MAX,
                       command_scale.usage);
        return;
    }
    manual_begin(call, "Scale", &card);
    if (count == 0)
        card_line(&card, "A count of 0 ENDS service for users.");
    card_line(&card, "Autoscaling, where registered, may change the count again.");
    set_count(call, &card, count);
    card_footer(&card, "How it is now: %s status %s %s", call->word, call->parsed.target->name,
                call->parsed.service->key);
    command_reply(call, &card);
}

static void run_start(struct command_call *call)
{
    struct card card;
    int count = call->parsed.service->desired > 0 ? call->parsed.service->desired : 1;

    manual_begin(call, "Start", &card);
    if (call->parsed.service->desired <= 0)
        card_line(
            &card,
            "No count is configured for %s: put the usual one in place of 1 (today's CloudTAK API runs 2).",
            call->parsed.service->key);
    card_line(&card, "If autoscaling was suspended, resume it with the second command.");
    set_count(call, &card, count);
    autoscaling(call, &card, false);
    card_footer(&card, "Then: %s status %s %s", call->word, call->parsed.target->name,
                call->parsed.service->key);
    command_reply(call, &card);
}
