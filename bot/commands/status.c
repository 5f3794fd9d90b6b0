/* status: the runbook's service page.
 *
 *   a look at the service that was named (or the default one) -> its image, and who began its deployment
 *   at the same time: a look at each other service; CPU, memory and alarms; CloudTAK's own answers
 *   -> the last one is here -> the page
 *
 * When AWS knows no such service, the names that are there are asked for: the clusters', and then the
 * services' of the cluster. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/preflight_names.h"
#include "core/probe.h"
#include "ecs/ecs.h"
#include "rows.h"
#include "status_text.h"

static void run(struct command_call *call);

const struct command command_status = {
    .name = "status",
    .usage = "status TARGET [SERVICE]",
    .summary = "are users served, deployments, tasks, targets, CPU and memory, alarms, last events",
    .detail = "What the runbook's service page shows, read now; also who began the running deployment, and "
              "whether its image is still there. Example: status cotak prod hub",
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
    struct snapshot *seen; /* of the main one */
    struct ecs_around around, image;
    bool has_around;
    struct probe_look probe;
    bool has_probe;
    struct command_origin origin;
    bool has_origin;
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
    mem_free(l->seen);
    mem_free(l);
}

static void show_page(struct looks *l)
{
    const struct snapshot *s = l->seen;
    const struct status_facts f = {.word = l->call->word,
                                   .target = l->call->parsed.target,
                                   .service = l->main,
                                   .snapshot = s,
                                   .around = l->has_around ? &l->around : NULL,
                                   .probe = l->has_probe ? &l->probe.result : NULL,
                                   .origin = l->has_origin ? &l->origin : NULL,
                                   .now_ms = s->service_as_of_ms ? s->service_as_of_ms : l->call->now_ms};

    l->around.image = l->image.image;
    status_text_page(&f, &l->card);
    finish(l);
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

static void one_came(struct looks *l)
{
    if (--l->waiting > 0)
        return;
    if (l->missing)
        ask_names(l, true, on_clusters);
    else
        show_page(l);
}

static void on_around(struct ecs_around *r)
{
    one_came(r->user);
}

static void on_probe(struct probe_look *r)
{
    one_came(r->user);
}

static void on_origin(struct command_origin *r)
{
    one_came(r->user);
}

static void make_ref(const struct looks *l, const struct config_service *service, struct service_ref *ret)
{
    const struct config_target *t = l->call->parsed.target;

    ret->session = t->session;
    TEXT_COPY(ret->account, t->account);
    TEXT_COPY(ret->region, t->region);
    TEXT_COPY(ret->cluster, t->cluster);
    TEXT_COPY(ret->service, service->name);
}

static void ask_around(struct looks *l, unsigned parts, const char *task_definition, struct ecs_around *r)
{
    struct ecs *ecs = l->call->ecs;

    if (!ecs->ops->around)
        return;
    *r = (struct ecs_around){.parts = parts, .done = on_around, .user = l};
    make_ref(l, l->main, &r->ref);
    config_alarm_prefix(l->call->parsed.target, r->alarm_prefix, sizeof r->alarm_prefix);
    TEXT_COPY(r->task_definition, task_definition);
    l->has_around = true;
    l->waiting++;
    ecs->ops->around(ecs, r);
}

/* Once the service is seen: what its task definition starts, and who began its newest deployment. */
static void ask_more(struct looks *l)
{
    const struct ecs_service *e = &l->seen->service;
    const struct ecs_deployment *d = model_primary(e);

    ask_around(l, ECS_AROUND_IMAGE, e->task_definition, &l->image);
    if (!d || !*d->id)
        return;
    l->origin = (struct command_origin){.done = on_origin, .user = l};
    TEXT_COPY(l->origin.deployment_id, d->id);
    l->has_origin = true;
    l->waiting++;
    command_origin(l->call, &l->origin);
}

static void on_look(struct ecs_look *r)
{
    struct looks *l = r->user;
    size_t i = (size_t)(r - l->looks);
    const struct config_service *service = &l->call->parsed.target->services[i];

    l->absence[i] = r->snapshot->service_absence;
    if (service != l->main) {
        status_text_line(service, r->snapshot, l->lines[i], CARD_LINE);
    } else {
        l->missing = r->snapshot->missing;
        l->seen = mem_alloc(sizeof *l->seen);
        *l->seen = *r->snapshot;
        if (!l->missing && l->seen->service_absence == ECS_SEEN)
            ask_more(l);
    }
    one_came(l);
}

/* The hub has the WebSockets, imports have no page of their own; all else is the API's. */
static void ask_site(struct looks *l)
{
    static const unsigned parts[] = {[DROPS_NOTHING] = PROBE_VERSION | PROBE_DATABASE,
                                     [DROPS_SOCKETS] = PROBE_WEBSOCKET,
                                     [DROPS_IMPORTS] = 0};
    const struct command_call *call = l->call;

    l->has_probe = parts[l->main->drops] != 0;
    if (!l->has_probe)
        return;
    if (!call->probe || !*call->parsed.target->probe) {
        probe_unseen(&l->probe.result, parts[l->main->drops],
                     "no address of CloudTAK is set (targets[].probe)");
        return;
    }
    l->probe = (struct probe_look){.parts = parts[l->main->drops], .done = on_probe, .user = l};
    TEXT_COPY(l->probe.base, call->parsed.target->probe);
    l->waiting++;
    call->probe->ops->look(call->probe, &l->probe);
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
        make_ref(l, &t->services[i], &r->ref);
        r->with_tasks = r->with_history = r->with_targets = main;
        r->done = on_look;
        r->user = l;
        call->ecs->ops->look(call->ecs, r);
    }
    ask_around(l, ECS_AROUND_METRICS | ECS_AROUND_ALARMS, "", &l->around);
    ask_site(l);
}
