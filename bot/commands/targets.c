/* targets: what is configured, and what the asker may do with it here. */
#include "base/buf.h"
#include "may.h"
#include "rows.h"

static void run(struct command_call *call);

const struct command command_targets = {
    .name = "targets",
    .usage = "targets",
    .summary = "the environments I know, and what you may do with them here",
    .detail = "A target is an environment such as \"cotak prod\"; its services are named behind it, as in: "
              "status cotak prod hub",
    .right = RIGHT_NONE,
    .needs = NEEDS_NOTHING,
    .run = run,
};

static void services(const struct config_target *t, struct buf *b)
{
    for (size_t i = 0; i < t->service_count; i++)
        buf_format(b, "%s%s%s", i ? ", " : "", t->services[i].key,
                   t->services[i].is_default ? " (default)" : "");
}

static void run(struct command_call *call)
{
    struct card card;

    card_init(&card, TONE_NEUTRAL);
    card.rehearsal = call->config->rehearsal;
    card_title(&card, "Targets");
    for (size_t i = 0; i < call->config->target_count; i++) {
        const struct config_target *t = &call->config->targets[i];
        char may[200];
        struct buf keys;

        buf_init(&keys, 400);
        services(t, &keys);
        may_text(call, t, may, sizeof may);
        card_line(&card, "%s%s · %s %s %s · cluster %s · services %s · you may: %s", t->name,
                  t->production ? " (PRODUCTION)" : "", t->partition,
                  *t->account ? t->account : "account unchecked", t->region, t->cluster, keys.data, may);
        buf_finish(&keys);
    }
    if (call->config->target_count)
        card_footer(&card, "Next: %s status %s", call->word, call->config->targets[0].name);
    else
        card_line(&card, "None. An administrator has to add one to %s.", call->config->file);
    command_reply(call, &card);
}
