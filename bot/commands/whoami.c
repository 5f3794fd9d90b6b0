/* whoami: who the asker is to me, who I am to AWS, and the line an administrator has to add. */
#include "base/mem.h"
#include "base/text.h"
#include "ecs/ecs.h"
#include "may.h"
#include "rows.h"

static void run(struct command_call *call);

const struct command command_whoami = {
    .name = "whoami",
    .usage = "whoami",
    .summary = "who you are to me, what you may do, and which AWS identity I use",
    .detail = "Also prints the line an administrator has to add to give you a right.",
    .right = RIGHT_NONE,
    .needs = NEEDS_NOTHING,
    .run = run,
};

/* One question to AWS a target; the card is filled in the targets' order and sent when the last has answered.
 */
struct asked {
    struct command_call *call;
    struct card card;
    size_t waiting;
    struct ecs_identify *identities;
};

static void finish(struct asked *a)
{
    struct command_call *call = a->call;

    for (size_t i = 0; i < call->config->target_count; i++) {
        const struct config_target *t = &call->config->targets[i];
        const struct ecs_identify *r = &a->identities[i];
        char may[200];

        may_text(call, t, may, sizeof may);
        if (r->ok)
            card_line(&a->card, "%s: you may: %s. I act there as %s.", t->name, may, r->arn);
        else
            card_line(&a->card, "%s: you may: %s. My AWS identity: not checked: %s", t->name, may,
                      r->err.text);
    }
    card_footer(&a->card, "What each right allows: help restart, help stop-all");
    command_reply(call, &a->card);
    mem_free(a->identities);
    mem_free(a);
}

static void on_identity(struct ecs_identify *r)
{
    struct asked *a = r->user;

    if (--a->waiting == 0)
        finish(a);
}

static void describe(const struct command_call *call, struct card *card)
{
    const struct who *who = &call->request.who;
    const struct config_person *person = config_person_of(call->config, who->server, who->user);

    card_title(card, "You are %s:user:%s%s%s", who->server, who->user, person ? ", known as " : "",
               person ? person->name : "");
    if (!person)
        card_line(
            card,
            "To be known by name, an administrator adds under people:  - { name: %s, ids: [\"%s:user:%s\"] }",
            *who->name ? who->name : "NAME", who->server, who->user);
    card_line(card,
              "To be given a right, an administrator adds \"%s:user:%s\" to allow.restart of the target (or "
              "view, logs, "
              "downtime); this channel is \"%s:%s\".",
              who->server, who->user, call->request.place.server, call->request.place.channel);
}

static void run(struct command_call *call)
{
    struct asked *a = mem_alloc(sizeof *a);
    size_t n = call->config->target_count;

    a->call = call;
    card_init(&a->card, TONE_NEUTRAL);
    describe(call, &a->card);
    a->identities = mem_array(n ? n : 1, sizeof *a->identities);
    a->waiting = n;
    if (!n) {
        finish(a);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        a->identities[i].session = call->config->targets[i].session;
        a->identities[i].done = on_identity;
        a->identities[i].user = a;
        call->ecs->ops->identify(call->ecs, &a->identities[i]);
    }
}
