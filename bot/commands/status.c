/* status: the runbook's service page. One look at the service that was named (or the default one), and a line
 * for each other service of the target. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/ecs.h"
#include "rows.h"
#include "status_text.h"

static void run(struct command_call *call);

const struct command command_status = {
    .name = "status",
    .usage = "status TARGET [SERVICE]",
    .summary = "are users served, deployments, tasks, last events",
    .detail = "What the runbook's service page shows, read now. Example: status cotak prod hub",
    .right = RIGHT_VIEW,
    .needs = NEEDS_SERVICE,
    .run = run,
};

/* A look at each service at once; the reply goes out when the last one has answered. */
struct looks {
    struct command_call *call;
    struct card card;
    size_t waiting;
    const struct config_service *main;
    struct ecs_look looks[CONFIG_SERVICES];
    char lines[CONFIG_SERVICES][CARD_LINE];
};

static void finish(struct looks *l)
{
    struct command_call *call = l->call;
    const char *note = call->ecs->ops->endpoint_note(call->ecs, call->parsed.target->session);

    for (size_t i = 0; i < CONFIG_SERVICES; i++) {
        if (*l->lines[i])
            card_line(&l->card, "%s", l->lines[i]);
    }
    if (*note)
        card_line(&l->card, "%s", note);
    l->card.rehearsal = call->config->rehearsal;
    command_reply(call, &l->card);
    mem_free(l);
}

static void on_look(struct ecs_look *r)
{
    struct looks *l = r->user;
    const struct config_target *t = l->call->parsed.target;
    size_t i = (size_t)(r - l->looks);
    const struct config_service *service = &t->services[i];

    if (service == l->main)
        status_text_page(l->call->word, t, service, r->snapshot,
                         r->snapshot->service_as_of_ms ? r->snapshot->service_as_of_ms : l->call->now_ms,
                         &l->card);
    else
        status_text_line(service, r->snapshot, l->lines[i], CARD_LINE);
    if (--l->waiting == 0)
        finish(l);
}

static void run(struct command_call *call)
{
    const struct config_target *t = call->parsed.target;
    struct looks *l = mem_alloc(sizeof *l);
    bool others = !call->parsed.service_named;

    l->call = call;
    l->main = call->parsed.service;
    l->waiting = others ? t->service_count : 1;
    for (size_t i = 0; i < t->service_count; i++) {
        struct ecs_look *r = &l->looks[i];
        bool main = &t->services[i] == l->main;

        if (!main && !others)
            continue;
        r->ref.session = t->session;
        TEXT_COPY(r->ref.account, t->account);
        TEXT_COPY(r->ref.region, t->region);
        TEXT_COPY(r->ref.cluster, t->cluster);
        TEXT_COPY(r->ref.service, t->services[i].name);
        r->with_tasks = r->with_history = main;
        r->done = on_look;
        r->user = l;
        call->ecs->ops->look(call->ecs, r);
    }
}
