/* status: the runbook's service page.
 *
 *   a look at the service that was named (or the default one) -> its image, and who began its deployment
 *   at the same time: a look at each other service; CPU, memory and alarms; CloudTAK's own answers
 *   -> the last one is here -> the page
 *
 * When AWS knows no such service, the names that are there are asked for: the clusters', and then the
 * services' of the cluster. All of it within two seconds: what is later is told as not checked. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/preflight_names.h"
#include "core/probe.h"
#include "page.h"
#include "reading.h"
#include "rows.h"
#include "status_text.h"

#define WITHIN_MS 2000
#define LOOK_MS   1800 /* a look that is cut then still shows what it has */
#define NOW_MOST  4    /* operations on one service */
#define LATE      "AWS had not answered within 2 s"

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

/* A look at each service at once; the reply goes out when the last one has answered, or in time. */
struct status {
    struct reading reading; /* first member */
    const struct config_service *main;
    bool others, missing; /* missing: the main one */
    struct ecs_look looks[CONFIG_SERVICES];
    bool came[CONFIG_SERVICES];
    enum ecs_absence absence[CONFIG_SERVICES];
    char lines[CONFIG_SERVICES][CARD_LINE];
    struct snapshot *seen; /* of the main one; NULL = not in time */
    struct ecs_around around, image;
    bool asked_around, has_around, asked_image, has_image;
    struct probe_look probe;
    unsigned probe_parts;
    bool has_probe;
    struct command_origin origin;
    bool asked_origin, has_origin;
    /* of a service that is not there */
    struct ecs_names names;
    bool clusters_read, are_clusters, names_read;
    size_t cluster_count, name_count;
    char (*name_list)[ECS_NAME];
};

static struct status *status_of(struct reading *r)
{
    return (struct status *)r;
}

static const struct config_target *target_of(const struct status *l)
{
    return l->reading.call->parsed.target;
}

/* ---- told */

/* What cannot be seen for the main one's reason is told once. */
static void tell_others(struct status *l)
{
    const struct config_target *t = target_of(l);
    const size_t main = (size_t)(l->main - t->services);
    struct card *card = &l->reading.card;
    char alike[CARD_LINE] = "", before[CARD_LINE];

    for (size_t i = 0; i < t->service_count && l->others; i++) {
        if (i == main)
            continue;
        if (!l->came[i]) {
            card_line(card, "%s: not checked: " LATE, t->services[i].key);
        } else if (!l->came[main] || l->absence[main] == ECS_SEEN || l->absence[i] != l->absence[main]) {
            card_line(card, "%s", l->lines[i]);
        } else {
            TEXT_COPY(before, alike);
            TEXT_FORMAT(alike, "%s%s%s", before, *before ? ", " : "", t->services[i].key);
        }
    }
    if (*alike)
        card_line(card, "%s: not checked either, for the same reason", alike);
}

/* What has not come is written into copies: the requests may still be out. */
static void read_around(const struct status *l, struct ecs_around *ret)
{
    *ret = (struct ecs_around){0};
    if (l->has_around) {
        *ret = l->around;
    } else {
        ret->metrics.absence = ret->alarms.absence = ECS_UNREACHABLE;
        TEXT_COPY(ret->metrics.why, LATE);
        TEXT_COPY(ret->alarms.why, LATE);
    }
    ret->image = l->image.image;
    if (!l->has_image) {
        ret->image.absence = ECS_UNREACHABLE;
        TEXT_COPY(ret->image.why, LATE);
    }
}

static void tell_page(struct status *l)
{
    const struct command_call *call = l->reading.call;
    struct ecs_around around;
    struct probe_result probe = l->probe.result;
    struct command_origin origin = {0};
    struct command_now now[NOW_MOST];

    read_around(l, &around);
    if (l->probe_parts && !l->has_probe)
        probe_unseen(&probe, l->probe_parts, "CloudTAK had not answered within 2 s");
    if (l->has_origin)
        origin = l->origin;
    const struct status_facts f = {.word = call->word,
                                   .target = target_of(l),
                                   .service = l->main,
                                   .snapshot = l->seen,
                                   .around = l->asked_around ? &around : NULL,
                                   .probe = l->probe_parts ? &probe : NULL,
                                   .origin = l->asked_origin ? &origin : NULL,
                                   .now = now,
                                   .now_count = command_now(call, now, NOW_MOST),
                                   .now_ms =
                                       l->seen->service_as_of_ms ? l->seen->service_as_of_ms : call->now_ms};
    status_text_page(&f, &l->reading.card);
}

static void tell_missing(struct status *l)
{
    const struct command_call *call = l->reading.call;
    const struct preflight_names n = {.target = target_of(l),
                                      .service = l->main,
                                      .account = target_of(l)->account,
                                      .clusters_read = l->clusters_read,
                                      .cluster_count = l->cluster_count,
                                      .are_clusters = l->are_clusters,
                                      .names_read = l->names_read,
                                      .name_count = l->name_count,
                                      .names = l->name_list};
    char text[PREFLIGHT_NAMES_TEXT];

    preflight_names_tell(&n, text);
    status_text_missing(call->word, target_of(l), l->main, text, call->now_ms, &l->reading.card);
}

static void tell(struct reading *r)
{
    struct status *l = status_of(r);
    const struct command_call *call = r->call;
    const char *note = call->ecs->ops->endpoint_note(call->ecs, target_of(l)->session);
    struct command_now now[NOW_MOST];

    if (l->missing) {
        tell_missing(l);
    } else if (l->seen) {
        tell_page(l);
    } else {
        page_title("", target_of(l), l->main, call->now_ms, &r->card);
        page_unseen(call->word, "status", target_of(l), l->main, ECS_UNREACHABLE, LATE ".", &r->card);
        status_acting(now, command_now(call, now, NOW_MOST), call->now_ms, &r->card);
        page_where(target_of(l), l->main, &r->card);
    }
    tell_others(l);
    if (*note)
        card_line(&r->card, "%s", note);
}

static void over(struct reading *r)
{
    struct status *l = status_of(r);

    mem_free(l->seen);
    mem_free(l->name_list);
    mem_free(l);
}

/* ---- names, for a service that is not there */

static void keep_names(struct status *l, const struct ecs_names *r)
{
    l->are_clusters = r->clusters;
    l->names_read = r->ok;
    l->name_count = r->ok ? r->count : 0;
    if (!l->name_count)
        return;
    l->name_list = mem_array(l->name_count, sizeof *l->name_list);
    memcpy(l->name_list, r->names, l->name_count * sizeof *l->name_list);
}

static void on_services(struct ecs_names *r)
{
    struct status *l = r->user;

    if (!l->reading.told)
        keep_names(l, r);
    reading_came(&l->reading);
}

static void ask_names(struct status *l, bool clusters, void (*done)(struct ecs_names *r))
{
    struct ecs *ecs = l->reading.call->ecs;

    l->names = (struct ecs_names){.clusters = clusters, .done = done, .user = l};
    page_ref(target_of(l), l->main, &l->names.ref);
    reading_owe(&l->reading);
    ecs->ops->names(ecs, &l->names);
}

static void on_clusters(struct ecs_names *r)
{
    struct status *l = r->user;

    if (!l->reading.told) {
        l->clusters_read = r->ok;
        l->cluster_count = r->ok ? r->count : 0;
        if (r->ok && !preflight_names_has(r, target_of(l)->cluster))
            keep_names(l, r);
        else
            ask_names(l, false, on_services);
    }
    reading_came(&l->reading);
}

/* ---- the looks */

static void on_around(struct ecs_around *r)
{
    struct status *l = r->user;

    *(r == &l->image ? &l->has_image : &l->has_around) = !l->reading.told;
    reading_came(&l->reading);
}

static void on_probe(struct probe_look *r)
{
    struct status *l = r->user;

    l->has_probe = !l->reading.told;
    reading_came(&l->reading);
}

static void on_origin(struct command_origin *r)
{
    struct status *l = r->user;

    l->has_origin = !l->reading.told;
    reading_came(&l->reading);
}

/* False: this ECS has no such question. */
static bool ask_around(struct status *l, unsigned parts, const char *task_definition, struct ecs_around *r)
{
    struct ecs *ecs = l->reading.call->ecs;

    if (!ecs->ops->around)
        return false;
    *r = (struct ecs_around){.parts = parts, .within_ms = LOOK_MS, .done = on_around, .user = l};
    page_ref(target_of(l), l->main, &r->ref);
    config_alarm_prefix(target_of(l), r->alarm_prefix, sizeof r->alarm_prefix);
    TEXT_COPY(r->task_definition, task_definition);
    reading_owe(&l->reading);
    ecs->ops->around(ecs, r);
    return true;
}

/* Once the service is seen: what its task definition starts, and who began its newest deployment. */
static void ask_more(struct status *l)
{
    const struct ecs_service *e = &l->seen->service;
    const struct ecs_deployment *d = model_primary(e);

    l->asked_image = ask_around(l, ECS_AROUND_IMAGE, e->task_definition, &l->image);
    if (!d || !*d->id)
        return;
    l->origin = (struct command_origin){.done = on_origin, .user = l};
    TEXT_COPY(l->origin.deployment_id, d->id);
    l->asked_origin = true;
    reading_owe(&l->reading);
    command_origin(l->reading.call, &l->origin);
}

static void main_seen(struct status *l, const struct snapshot *s)
{
    l->missing = s->missing;
    l->seen = mem_alloc(sizeof *l->seen);
    *l->seen = *s;
    if (l->missing)
        ask_names(l, true, on_clusters);
    else if (s->service_absence == ECS_SEEN)
        ask_more(l);
}

static void on_look(struct ecs_look *r)
{
    struct status *l = r->user;
    const size_t i = (size_t)(r - l->looks);
    const struct config_service *service = &target_of(l)->services[i];

    if (!l->reading.told) {
        l->came[i] = true;
        l->absence[i] = r->snapshot->service_absence;
        if (service == l->main)
            main_seen(l, r->snapshot);
        else
            status_text_line(service, r->snapshot, l->lines[i], CARD_LINE);
    }
    reading_came(&l->reading);
}

/* The hub has the WebSockets, imports have no page of their own; all else is the API's. */
static void ask_site(struct status *l)
{
    static const unsigned parts[] = {[DROPS_NOTHING] = PROBE_VERSION | PROBE_DATABASE,
                                     [DROPS_SOCKETS] = PROBE_WEBSOCKET,
                                     [DROPS_IMPORTS] = 0};
    const struct command_call *call = l->reading.call;

    l->probe_parts = parts[l->main->drops];
    if (!l->probe_parts)
        return;
    if (!call->probe || !*target_of(l)->probe) {
        probe_unseen(&l->probe.result, l->probe_parts, "no address of CloudTAK is set (targets[].probe)");
        l->has_probe = true;
        return;
    }
    l->probe = (struct probe_look){.parts = l->probe_parts, .done = on_probe, .user = l};
    TEXT_COPY(l->probe.base, target_of(l)->probe);
    reading_owe(&l->reading);
    call->probe->ops->look(call->probe, &l->probe);
}

static void run(struct command_call *call)
{
    const struct config_target *t = call->parsed.target;
    struct status *l = mem_alloc(sizeof *l);

    l->main = call->parsed.service;
    l->others = !call->parsed.service_named;
    l->reading.tell = tell;
    l->reading.over = over;
    reading_begin(&l->reading, call, WITHIN_MS);
    for (size_t i = 0; i < t->service_count; i++) {
        struct ecs_look *r = &l->looks[i];
        const bool main = &t->services[i] == l->main;

        if (!main && !l->others)
            continue;
        page_ref(t, &t->services[i], &r->ref);
        r->with_tasks = r->with_history = r->with_targets = main;
        r->within_ms = LOOK_MS;
        r->done = on_look;
        r->user = l;
        reading_owe(&l->reading);
        call->ecs->ops->look(call->ecs, r);
    }
    l->asked_around = ask_around(l, ECS_AROUND_METRICS | ECS_AROUND_ALARMS, "", &l->around);
    ask_site(l);
}
