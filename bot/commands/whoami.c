/* whoami: who the asker is to me, who I am to AWS, and the line an administrator has to add. */
#include "base/mem.h"
#include "base/text.h"
#include "core/authz.h"
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
    card_footer(&a->card, "What each right allows: %s help restart", call->word);
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
    const struct place *place = &call->request.place;
    const bool local = call->request.source == REQUEST_LOCAL;
    struct principal own = {.kind = local ? PRINCIPAL_LOCAL : PRINCIPAL_USER};
    char id[CONFIG_ID * 2];

    TEXT_COPY(own.server, who->server);
    TEXT_COPY(own.id, who->user);
    const struct config_person *person = authz_person(call->config, &own);
    TEXT_FORMAT(id, "%s:%s%s", local ? "local" : who->server, local ? "" : "user:", who->user);
    card_title(card, "You are %s%s%s", id, person ? ", known as " : "", person ? person->name : "");
    if (local && text_equal(who->user, "root")) {
        card_line(card, "root may look and nothing else: sign in as yourself, or ask in the chat.");
        return;
    }
    if (!person)
        card_line(card,
                  "To be known by name, an administrator adds under people: - { name: %s, ids: [\"%s\"] }",
                  *who->name ? who->name : "NAME", id);
    card_line(
        card,
        "To be given a right, an administrator adds \"%s\" to allow.restart of the target (or view, logs, "
        "downtime).",
        id);
    if (!local)
        card_line(card,
                  "This channel is \"%s:%s\"; changes work where allow.channels of the target lists it.",
                  place->server, place->channel);
}

static void run(struct command_call *call)
{
    struct asked *a = mem_alloc(sizeof *a);
    size_t n = call->config->target_count;

    a->call = call;
    card_init(&a->card, TONE_NEUTRAL);
    a->card.rehearsal = call->config->rehearsal;
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
