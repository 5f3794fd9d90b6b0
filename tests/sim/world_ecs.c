/* The world as a whole: its creation, its time, its identifiers, its service events. */
#include "sim/world_ecs_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define EVENT_TEXT_MAX   2000
#define AGE_MS           (3 * 24 * 3600 * INT64_C(1000)) /* of the deployment that stands at the beginning */
#define STEADY_MS        (6 * 3600 * INT64_C(1000))
#define FAILED_AGE_MS    (40 * 60 * INT64_C(1000)) /* of one that failed */
#define WEEK_MS          (7 * 24 * 3600 * INT64_C(1000))
#define PAST_DEPLOYMENTS 6
#define ALARM_BEFORE_MS  (4 * 60 * INT64_C(1000)) /* of one that stands in ALARM at the beginning */
#define PAST_STOPPED     3

/* splitmix64: small, and the same everywhere. */
uint64_t sim_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = *state;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

int64_t sim_jitter(struct sim_service *s, int64_t span_ms)
{
    return span_ms <= 0 ? 0 : (int64_t)(sim_random(&s->random) % (uint64_t)span_ms);
}

/* 19 digits, as AWS has them. */
uint64_t sim_deployment_number(struct sim_service *s)
{
    const uint64_t least = UINT64_C(1000000000000000000);
    return least + sim_random(&s->random) % (8 * least);
}

static void put_event(struct sim_service *s, int64_t at_ms, char *message)
{
    if (s->event_count == SIM_EVENTS) {
        mem_free(s->events[SIM_EVENTS - 1].message);
        s->event_count--;
    }
    memmove(&s->events[1], &s->events[0], s->event_count * sizeof(s->events[0]));
    s->event_count++;
    struct sim_event *e = &s->events[0];
    uint64_t high = sim_random(&s->random), low = sim_random(&s->random);
    TEXT_FORMAT(e->id, "%08" PRIx32 "-%04x-4%03x-a%03x-%012" PRIx64, (uint32_t)(high >> 32),
                (unsigned)(high >> 16) & 0xffffu, (unsigned)high & 0xfffu, (unsigned)(low >> 48) & 0xfffu,
                low & UINT64_C(0xffffffffffff));
    /* events of one moment come a millisecond apart, newest first */
    bool follows = s->event_count > 1 && s->events[1].created_ms >= at_ms;
    e->created_ms = follows ? s->events[1].created_ms + 1 : at_ms;
    e->message = message;
}

void sim_event(struct world_ecs *w, struct sim_service *s, const char *format, ...)
{
    struct buf text;
    buf_init(&text, EVENT_TEXT_MAX);
    buf_format(&text, "(service %s) ", s->row->name);
    va_list args;
    va_start(args, format);
    buf_vformat(&text, format, args);
    va_end(args);
    put_event(s, w->now_ms, buf_take(&text));
}

static void past_event(struct sim_service *s, int64_t at_ms, const char *text)
{
    struct buf message;
    buf_init(&message, EVENT_TEXT_MAX);
    buf_format(&message, "(service %s) %s", s->row->name, text);
    put_event(s, at_ms, buf_take(&message));
}

/* The deployment that stands at the beginning. */
static struct sim_deployment *found_deployment(struct sim_service *s, int64_t begun_ms, int64_t ended_ms,
                                               bool good)
{
    struct sim_deployment *d = &s->deployments[0];
    s->deployment_count = 1;
    d->number = sim_deployment_number(s);
    d->revision = SIM_REVISION;
    d->created_ms = begun_ms;
    d->updated_ms = ended_ms;
    d->rollout = good ? ROLLOUT_COMPLETED : ROLLOUT_FAILED;
    d->desired = good ? s->desired : 0;
    d->failed = good ? 0 : sim_breaker_threshold(s);
    d->proven = good;
    if (good) {
        TEXT_FORMAT(d->reason, "ECS deployment ecs-svc/%" PRIu64 " completed.", d->number);
    } else {
        TEXT_COPY(d->reason, "ECS deployment circuit breaker: tasks failed to start.");
    }
    s->records[s->record_count++] = (struct sim_record){.number = d->number,
                                                        .revision = d->revision,
                                                        .status = good ? "SUCCESSFUL" : "ROLLBACK_FAILED",
                                                        .created_ms = begun_ms,
                                                        .started_ms = begun_ms + 2000,
                                                        .finished_ms = ended_ms,
                                                        .updated_ms = ended_ms,
                                                        .failed = d->failed};
    return d;
}

static void found_tasks(struct world_ecs *w, struct sim_service *s, const struct sim_deployment *d)
{
    for (int i = 0; i < s->desired; i++) {
        struct sim_task *t = sim_task_launch(w, s, d);
        t->doomed = false;
        t->phase = PHASE_SERVING;
        t->registered = s->row->target_group[0] != '\0';
        t->due_ms = SIM_NEVER;
        t->created_ms = d->created_ms + 5000;
        t->pull_started_ms = t->created_ms + s->row->provision_ms;
        t->pull_stopped_ms = t->pull_started_ms + s->row->pull_ms;
        t->started_ms = t->pull_stopped_ms + s->row->activate_ms;
    }
}

/* How long a rolling deployment of the service takes when all goes well. */
static int64_t usual_ms(const struct world_service *row)
{
    return row->provision_ms + row->pull_ms + row->activate_ms + row->healthy_ms + row->drain_ms +
           row->kill_ms;
}

/* The deployments before: one a week, one of them given up for a newer one an hour later; the last one was a
 * restart, those before it brought older task definitions. Chosen by a chance of its own, so that the rest of
 * the history is the same with or without them. */
static void found_past(struct sim_service *s, int64_t before_ms)
{
    uint64_t chance = s->random ^ UINT64_C(0x5bd1e995);
    for (int i = 1; i <= PAST_DEPLOYMENTS; i++) {
        bool superseded = i == PAST_STOPPED;
        int64_t begun = before_ms - i * WEEK_MS + (superseded ? WEEK_MS - 3600 * INT64_C(1000) : 0);
        int64_t took = usual_ms(s->row) - 40000 + (int64_t)(sim_random(&chance) % 60000);
        s->records[s->record_count++] = (struct sim_record){
            .number = UINT64_C(1000000000000000000) + sim_random(&chance) % UINT64_C(8000000000000000000),
            .revision =
                i == 1 ? SIM_REVISION : SIM_REVISION - 1 - (i - 2) * (SIM_REVISIONS - 1) / PAST_DEPLOYMENTS,
            .status = superseded ? "STOPPED" : "SUCCESSFUL",
            .created_ms = begun,
            .started_ms = begun + 2000,
            .finished_ms = begun + (superseded ? 90000 : took),
            .updated_ms = begun + took};
        s->records[s->record_count - 2].source = s->records[s->record_count - 1].number;
    }
}

/* One deployment, completed three days ago, and its tasks; or none that ever was. */
static void found_service(struct world_ecs *w, struct sim_service *s, const struct world_service *row)
{
    bool good = !w->scenario->nothing_before;
    int64_t now = w->now_ms, begun = now - (good ? AGE_MS : FAILED_AGE_MS);
    s->row = row;
    s->random = sim_random(&w->random);
    s->desired = w->scenario->at_zero ? 0 : row->desired;
    s->breaker = row->breaker || w->scenario->breaker;
    s->tick_ms = SIM_NEVER;
    for (size_t i = 0; i < SIM_TURNS; i++) {
        s->turns[i] = SIM_NEVER;
    }
    s->steady = good;
    const struct sim_deployment *d = found_deployment(s, begun, begun + usual_ms(row), good);
    if (!good) {
        char text[128];
        TEXT_FORMAT(text, "(deployment ecs-svc/%" PRIu64 ") deployment failed: tasks failed to start.",
                    d->number);
        past_event(s, d->updated_ms, text);
        return;
    }
    found_tasks(w, s, d);
    found_past(s, begun);
    for (int i = 3; i >= 0; i--) {
        past_event(s, now - i * STEADY_MS - 3600 * 1000, "has reached a steady state.");
    }
    s->steady_ms = now - 3600 * 1000 + STEADY_MS;
}

struct world_ecs *world_ecs_create(const struct world_scenario *scenario,
                                   const struct world_service *services, size_t service_count, uint64_t seed,
                                   int64_t start_ms)
{
    assert(scenario != NULL && start_ms > AGE_MS);
    struct world_ecs *w = mem_alloc(sizeof(*w));
    w->scenario = scenario;
    w->random = seed;
    w->start_ms = w->now_ms = start_ms;
    w->lose_in = scenario->first_reply_lost ? 1 : 0;
    w->alarm_ms = scenario->alarm != NULL && scenario->alarm_after_ms == 0 ? start_ms - ALARM_BEFORE_MS : 0;
    w->services = mem_array(service_count, sizeof(w->services[0]));
    w->service_count = service_count;
    for (size_t i = 0; i < SIM_BUCKETS; i++) {
        w->buckets[i].tokens = 1e9; /* full: cut to its burst at the first look */
        w->buckets[i].filled_ms = start_ms;
    }
    for (size_t i = 0; i < service_count; i++) {
        found_service(w, &w->services[i], &services[i]);
    }
    return w;
}

void world_ecs_destroy(struct world_ecs *w)
{
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->service_count; i++) {
        struct sim_service *s = &w->services[i];
        sim_tasks_free(s);
        for (size_t k = 0; k < s->event_count; k++) {
            mem_free(s->events[k].message);
        }
        json_decref(s->stale);
    }
    mem_free(w->services);
    mem_free(w);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t service_due(const struct sim_service *s)
{
    int64_t due = earlier(s->tick_ms, sim_turns_due(s));
    if (s->steady) {
        due = earlier(due, s->steady_ms);
    }
    for (const struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        due = earlier(due, t->due_ms);
    }
    return due;
}

int64_t world_ecs_next_due(const struct world_ecs *w)
{
    int64_t due = SIM_NEVER;
    for (size_t i = 0; i < w->service_count; i++) {
        due = earlier(due, service_due(&w->services[i]));
    }
    return due;
}

/* All that is due in one service at this moment: tasks first, since the scheduler reacts to them. */
static void happen(struct world_ecs *w, struct sim_service *s)
{
    for (struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        if (t->due_ms <= w->now_ms && t->phase != PHASE_STOPPED) {
            sim_task_due(w, s, t);
        }
    }
    sim_tasks_forget(s, w->now_ms);
    sim_turns_happen(w, s);
    if (s->tick_ms <= w->now_ms) {
        sim_schedule(w, s);
    }
    if (s->steady && s->steady_ms <= w->now_ms) {
        sim_event(w, s, "has reached a steady state.");
        s->steady_ms = w->now_ms + STEADY_MS;
    }
}

void world_ecs_step(struct world_ecs *w, int64_t now_ms)
{
    for (size_t i = 0; i < w->service_count; i++) {
        struct sim_service *s = &w->services[i];
        int64_t due;
        int64_t until = w->now_ms;
        while ((due = service_due(s)) <= now_ms) {
            w->now_ms = due > until ? due : until;
            happen(w, s);
        }
        w->now_ms = until;
    }
    if (now_ms > w->now_ms) {
        w->now_ms = now_ms;
    }
}
