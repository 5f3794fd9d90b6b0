/* One request: started -> (latency) -> fault or world -> done. A watch: look -> seen -> (interval) -> look …
 */
#include "fake_ecs_private.h"

#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/decode.h"

#define ARN "arn:" WORLD_PARTITION ":sts::" WORLD_ACCOUNT ":assumed-role/cloudtak-bot/test"

static struct fake *fake_of(const struct ecs *e)
{
    return (struct fake *)(uintptr_t)e;
}

/* ---- faults */

static enum fake_fault next_fault(struct fake *f, enum fake_call call)
{
    struct fake_plan *plan = &f->plans[call];
    f->requests++;
    if (plan->in > 0 && --plan->in == 0) {
        return plan->fault;
    }
    if (f->fail_in > 1) {
        f->fail_in--;
    } else if (f->fail_in == 1 && f->fail_times > 0) {
        f->fail_times--;
        return f->fault;
    }
    return FAKE_NONE;
}

void fake_ecs_fail(struct ecs *e, unsigned nth, unsigned times, enum fake_fault fault)
{
    struct fake *f = fake_of(e);
    f->fail_in = nth;
    f->fail_times = times;
    f->fault = fault;
}

void fake_ecs_fail_only(struct ecs *e, enum fake_call call, unsigned nth, enum fake_fault fault)
{
    fake_of(e)->plans[call] = (struct fake_plan){nth, fault};
}

void fake_ecs_fail_redeploy(struct ecs *e, unsigned nth, enum fake_fault fault)
{
    fake_ecs_fail_only(e, FAKE_REDEPLOY, nth, fault);
}

static const struct {
    enum ecs_absence absence;
    enum err_code code;
    const char *text;
} faults[] = {
    [FAKE_NONE] = {ECS_SEEN, ERR_NONE, ""},
    [FAKE_REFUSED] = {ECS_REFUSED, ERR_DENIED, "AWS refused it: AccessDeniedException"},
    [FAKE_THROTTLED] = {ECS_THROTTLED, ERR_THROTTLED, "AWS is throttling: Rate exceeded"},
    [FAKE_EXPIRED] = {ECS_EXPIRED, ERR_DENIED, "the AWS credentials have expired"},
    [FAKE_UNREACHABLE] = {ECS_UNREACHABLE, ERR_UNREACHABLE, "AWS cannot be reached"},
    [FAKE_LOST_BEFORE] = {ECS_UNREACHABLE, ERR_TIMEOUT, "AWS did not answer in time"},
    [FAKE_LOST_AFTER] = {ECS_UNREACHABLE, ERR_TIMEOUT, "AWS did not answer in time"},
    [FAKE_LOST_LATE] = {ECS_UNREACHABLE, ERR_TIMEOUT, "AWS did not answer in time"},
};

bool fake_is_uncertain(enum fake_fault fault)
{
    return fault == FAKE_LOST_BEFORE || fault == FAKE_LOST_AFTER || fault == FAKE_LOST_LATE;
}

void fake_set_err(struct err *err, enum fake_fault fault, bool cancelled)
{
    if (cancelled) {
        err_set(err, ERR_CANCELLED, "cancelled");
    } else {
        err_set(err, faults[fault].code, "%s", faults[fault].text);
    }
}

enum ecs_absence fake_fault_absence(enum fake_fault fault, const char **ret_why)
{
    *ret_why = faults[fault].text;
    return faults[fault].absence;
}

void fake_answer_err(const struct world_answer *a, struct err *err)
{
    if (fake_absence(a) == ECS_EXPIRED) {
        fake_set_err(err, FAKE_EXPIRED, false);
    } else {
        err_set(err, ERR_REMOTE, "%s: %s", jsonx_text(a->body, "__type"), jsonx_text(a->body, "message"));
    }
}

/* ---- requests that wait */

static void unlink_pending(struct pending *p)
{
    struct pending **at = &p->fake->pending;
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
}

static void fire(struct loop_timer *t)
{
    struct pending *p = t->user;
    if (p->watch) {
        p->run(p, next_fault(p->fake, FAKE_OTHERS), false);
        return;
    }
    unlink_pending(p);
    p->run(p, next_fault(p->fake, p->call), false);
    mem_free(p);
}

struct pending *fake_start(struct ecs *e, void *request,
                           void (*run)(struct pending *p, enum fake_fault fault, bool cancelled))
{
    struct fake *f = fake_of(e);
    struct pending *p = mem_alloc(sizeof(*p));
    p->fake = f;
    p->run = run;
    p->request = request;
    p->timer = (struct loop_timer){.fire = fire, .user = p};
    p->next = f->pending;
    f->pending = p;
    loop_timer_start(f->options.loop, &p->timer, f->options.latency_ms);
    return p;
}

/* ---- identify */

static void run_identify(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct ecs_identify *r = p->request;
    if (world_ecs_expired(p->fake->world, fake_now_ms(p->fake)) && fault == FAKE_NONE) {
        fault = FAKE_EXPIRED;
    }
    r->ok = fault == FAKE_NONE && !cancelled;
    if (r->ok) {
        TEXT_COPY(r->account, WORLD_ACCOUNT);
        TEXT_COPY(r->partition, WORLD_PARTITION);
        TEXT_COPY(r->arn, ARN);
    } else {
        fake_set_err(&r->err, fault, cancelled);
    }
    r->done(r);
}

static void identify(struct ecs *e, struct ecs_identify *r)
{
    fake_start(e, r, run_identify);
}

/* ---- looking */

static void empty_snapshot(struct snapshot *s)
{
    memset(s, 0, sizeof(*s));
    s->service_absence = s->tasks_absence = s->history_absence = ECS_NOT_READ;
    s->rollout_absence = s->targets_absence = ECS_NOT_READ;
}

static void fail_snapshot(struct snapshot *s, enum fake_fault fault)
{
    s->service_absence = faults[fault].absence;
    TEXT_COPY(s->trouble, faults[fault].text);
}

static void run_look(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct ecs_look *r = p->request;
    struct snapshot *s = p->fake->snapshot;
    empty_snapshot(s);
    if (cancelled || fault != FAKE_NONE) {
        fail_snapshot(s, cancelled ? FAKE_UNREACHABLE : fault);
    } else {
        fake_read_service(p->fake, &r->ref, s);
        bool there = s->service_absence == ECS_SEEN && !s->missing;
        if (r->with_tasks && there) {
            fake_read_tasks(p->fake, &r->ref, s);
        }
        if (r->with_history && there) {
            fake_read_history(p->fake, &r->ref, s);
        }
        if (r->with_targets && there) {
            fake_read_targets(p->fake, s);
        }
    }
    r->snapshot = s;
    r->done(r);
}

static void look(struct ecs *e, struct ecs_look *r)
{
    fake_start(e, r, run_look);
}

/* ---- names */

static void run_names(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct ecs_names *r = p->request;
    r->count = 0;
    r->names = p->fake->names;
    r->ok = fault == FAKE_NONE && !cancelled;
    if (!r->ok) {
        fake_set_err(&r->err, fault, cancelled);
        r->done(r);
        return;
    }
    struct world_answer a;
    json_t *answer =
        fake_call(p->fake, r->clusters ? "ListClusters" : "ListServices",
                  json_pack("{s:s,s:i}", "cluster", r->ref.cluster, "maxResults", ECS_NAMES), &a);
    const json_t *list = jsonx_at(answer, r->clusters ? "clusterArns" : "serviceArns");
    r->ok = a.status == 200;
    if (!r->ok) {
        fake_answer_err(&a, &r->err);
    }
    for (size_t i = 0; i < json_array_size(list) && i < ECS_NAMES; i++) {
        const char *arn = json_string_value(json_array_get(list, i));
        TEXT_COPY(p->fake->names[r->count], strrchr(arn, '/') + 1);
        r->count++;
    }
    json_decref(answer);
    r->done(r);
}

static void names(struct ecs *e, struct ecs_names *r)
{
    fake_start(e, r, run_names);
}

/* ---- watching */

/* With the tasks comes what says how it goes for them. */
static void read_more(struct fake *f, const struct ecs_watch *w, struct snapshot *s)
{
    fake_read_tasks(f, &w->ref, s);
    fake_read_targets(f, s);
    fake_read_history(f, &w->ref, s);
    if (w->rollout_of[0] != '\0') {
        fake_read_rollout(f, w->rollout_of, s);
    }
}

static void run_watch(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct fake *f = p->fake;
    struct ecs_watch *w = p->request;
    struct snapshot *s = f->snapshot;
    if (cancelled) {
        return;
    }
    empty_snapshot(s);
    f->seeing = w;
    if (fault != FAKE_NONE) {
        fail_snapshot(s, fault);
    } else {
        fake_read_service(f, &w->ref, s);
        if (s->service_absence == ECS_SEEN && !s->missing &&
            (w->wants_tasks == NULL || w->wants_tasks(w, s))) {
            read_more(f, w, s);
        }
    }
    w->seen(w, s);
    if (f->seeing == w) {
        loop_timer_start_world(f->options.loop, &p->timer,
                               w->quiet ? f->options.quiet_ms : f->options.active_ms);
    }
    f->seeing = NULL;
}

static void watch(struct ecs *e, struct ecs_watch *w)
{
    struct pending *p = fake_start(e, w, run_watch);
    p->watch = true;
    w->private_ = p;
}

static void unwatch(struct ecs *e, struct ecs_watch *w)
{
    struct fake *f = fake_of(e);
    struct pending *p = w->private_;
    if (p == NULL) {
        return;
    }
    w->private_ = NULL;
    if (f->seeing == w) {
        f->seeing = NULL;
    }
    loop_timer_stop(f->options.loop, &p->timer);
    unlink_pending(p);
    mem_free(p);
}

static const char *endpoint_note(struct ecs *e, int session)
{
    (void)e;
    (void)session;
    return "";
}

static int64_t interval_ms(struct ecs *e, int session)
{
    (void)session;
    return fake_of(e)->options.active_ms;
}

static const struct ecs_ops ops = {
    .identify = identify,
    .look = look,
    .redeploy = fake_redeploy,
    .stop_task = fake_stop_task,
    .roll_back = fake_roll_back,
    .previous = fake_previous,
    .scaling = fake_scaling,
    .names = names,
    .around = fake_around,
    .tail = fake_tail,
    .watch = watch,
    .unwatch = unwatch,
    .endpoint_note = endpoint_note,
    .interval_ms = interval_ms,
};

struct ecs *fake_ecs_create(const struct fake_ecs_options *options)
{
    struct fake *f = mem_alloc(sizeof(*f));
    f->ecs.ops = &ops;
    f->options = *options;
    f->options.latency_ms = options->latency_ms > 0 ? options->latency_ms : 20;
    f->options.active_ms = options->active_ms > 0 ? options->active_ms : 5000;
    f->options.quiet_ms = options->quiet_ms > 0 ? options->quiet_ms : 15000;
    size_t count;
    const struct world_service *services = world_services(&count);
    f->world = world_ecs_create(world_scenario_find(options->scenario != NULL ? options->scenario : "ok"),
                                services, count, options->seed, fake_now_ms(f));
    f->snapshot = mem_alloc(sizeof(*f->snapshot));
    f->names = mem_array(ECS_NAMES, sizeof(f->names[0]));
    return &f->ecs;
}

void fake_ecs_destroy(struct ecs *e)
{
    if (e == NULL) {
        return;
    }
    struct fake *f = fake_of(e);
    while (f->pending != NULL) {
        struct pending *p = f->pending;
        f->pending = p->next;
        loop_timer_stop(f->options.loop, &p->timer);
        p->run(p, FAKE_NONE, true);
        mem_free(p);
    }
    fake_late_drop(f);
    world_ecs_destroy(f->world);
    mem_free(f->snapshot);
    mem_free(f->names);
    mem_free(f);
}

struct world_ecs *fake_ecs_world(struct ecs *e)
{
    return fake_of(e)->world;
}

uint64_t fake_ecs_requests(const struct ecs *e)
{
    return fake_of(e)->requests;
}

uint64_t fake_ecs_updates(const struct ecs *e)
{
    return world_ecs_count(fake_of(e)->world, "UpdateService");
}
