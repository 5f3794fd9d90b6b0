/* stop-all: the runbook's 8.2. Cuts users off, so this release gives the commands and the gentler way instead
 * of doing it. */
#include "base/text.h"
#include "manual.h"
#include "rows.h"

#include <ctype.h>
#include <string.h>

static void run(struct command_call *call);

const struct command command_stop_all = {
    .name = "stop-all",
    .usage = "stop-all TARGET [SERVICE] [--reason TEXT]",
    .summary = "stop every task at once; users are cut off up to 5 minutes (by hand in this version)",
    .detail = "A hard restart: ECS replaces each stopped task. Users are cut off for up to 5 minutes. "
              "Without downtime: restart. "
              "This version answers with the exact aws commands.",
    .right = RIGHT_DOWNTIME,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_REASON,
    .run = run,
};

/* What somebody typed, for a place between double quotes of a shell: nothing there may end or expand them. */
static void shell_words(char *to, size_t size, const char *from)
{
    text_copy(to, size, from);
    for (; *to; to++) {
        if (!isalnum((unsigned char)*to) && !strchr(" .,:_-#/+=()", *to))
            *to = ' ';
    }
}

static void run(struct command_call *call)
{
    struct card card;
    char where[512], who[64], why[200];

    manual_begin(call, "Stop all tasks of", &card);
    manual_where(call, where, sizeof where);
    card.tone = TONE_WARNING;
    card_line(&card, "Users WILL BE CUT OFF, up to 5 minutes. ECS starts new tasks by itself. First be sure "
                     "that they can start: "
                     "status shows image and deployments.");
    manual_command(
        &card,
        "for task in $(aws ecs list-tasks %s --service-name %s --query 'taskArns[]' --output text); do",
        where, call->parsed.service->name);
    shell_words(who, sizeof who, call->request.who.user);
    shell_words(why, sizeof why, *call->parsed.reason ? call->parsed.reason : "asked for in chat");
    manual_command(&card, "  aws ecs stop-task %s --task \"$task\" --reason \"%s: %s\"", where, who, why);
    manual_command(&card, "done");
    card_footer(&card, "Without downtime instead: %s restart %s %s", call->word, call->parsed.target->name,
                call->parsed.service->key);
    command_reply(call, &card);
}
