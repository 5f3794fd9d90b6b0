/* status: the runbook's service page. One look at the service that was named (or the default one), and a line
 * for each other service of the target. When AWS knows no such service, the names that are there are asked
 * for: the clusters', and then the services' of the cluster. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/preflight_names.h"
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
    .flags = COMMAND_SHARED,
    .run = run,
};

/* A look at each service at once; the reply goes out when the last one has answered. */
struct looks {
    struct command_call *call;
    struct card card;
    size_t waiting;
    const struct config_service *main;
    bool missing; /* the main one */
    size_t cluster_count;
    bool clusters_read;
    struct ecs_names names;
    struct ecs_look looks[CONFIG_SERVICES];
    enum ecs_absence absence[CONFIG_SERVICES];
    char lines[CONFIG_SERVICES][CARD_LINE];
};

/* What cannot be seen for the main one's reason is told once. */
static void tell_others(struct looks *l)
{
    const struct config_target *t = l->call->parsed.target;
    enum ecs_absence absence = l->absence[l->main - t->services];
    char alike[CARD_LINE] = "";

    for (size_t i = 0; i < t->service_count; i++) {
        if (!*l->lines[i])
            continue;
        if (absence == ECS_SEEN || l->absence[i] != absence) {
            card_line(&l->card, "%s", l->lines[i]);
            continue;
        }
        char before[CARD_LINE];
        TEXT_COPY(before, alike);
        TEXT_FORMAT(alike, "%s%s%s", before, *before ? ", " : "", t->services[i].key);
    }
    if (*alike)
        card_line(&l->card, "%s: not checked either, for the same reason", alike);
}

static void finish(struct looks *l)
{
    struct command_call *call = l->call;
    const char *note = call->ecs->ops->endpoint_note(call->ecs, call->parsed.target->session);

    tell_others(l);
    if (*note)
        card_line(&l->card, "%s", note);
    l->card.rehearsal = call->config->rehearsal;
    command_reply(call, &l->card);
    mem_free(l);
}

/* ---- names, for a service that is not there */

static void tell_missing(struct looks *l, const struct ecs_names *r)
{
    struct command_call *call = l->call;
    struct preflight_names n = {.target = call->parsed.target,
                                .service = l->main,
                                .account = call->parsed.target->account,
                                .clusters_read = l->clusters_read,
                                .cluster_count = l->cluster_count,
                                .are_clusters = r->clusters,
                                .names_read = r->ok,
                                .name_count = r->ok ? r->count : 0,
                                .names = r->names};
    char text[PREFLIGHT_NAMES_TEXT];

    preflight_names_tell(&n, text);
    status_text_missing(call->word, call->parsed.target, l->main, text, call->now_ms, &l->card);
    finish(l);
}

static void on_services(struct ecs_names *r)
{
    tell_missing(r->user, r);
}

static void ask_names(struct looks *l, bool clusters, void (*done)(struct ecs_names *r))
{
    struct ecs *ecs = l->call->ecs;

    l->names = (struct ecs_names){.ref = l->looks[l->main - l->call->parsed.target->services].ref,
                                  .clusters = clusters,
                                  .done = done,
                                  .user = l};
    ecs->ops->names(ecs, &l->names);
}

static void on_clusters(struct ecs_names *r)
{
    struct looks *l = r->user;

    l->clusters_read = r->ok;
    l->cluster_count = r->ok ? r->count : 0;
    if (r->ok && !preflight_names_has(r, l->call->parsed.target->cluster))
        tell_missing(l, r);
    else
        ask_names(l, false, on_services);
}

/* ---- the looks */

static void on_look(struct ecs_look *r)
{
    struct looks *l = r->user;
    const struct config_target *t = l->call->parsed.target;
    size_t i = (size_t)(r - l->looks);
    const struct config_service *service = &t->services[i];

    l->absence[i] = r->snapshot->service_absence;
    if (service != l->main)
        status_text_line(service, r->snapshot, l->lines[i], CARD_LINE);
    else if (!(l->missing = r->snapshot->missing))
        status_text_page(l->call->word, t, service, r->snapshot,
                         r->snapshot->service_as_of_ms ? r->snapshot->service_as_of_ms : l->call->now_ms,
                         &l->card);
    if (--l->waiting > 0)
        return;
    if (l->missing)
        ask_names(l, true, on_clusters);
    else
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
