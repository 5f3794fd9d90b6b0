/* The world as a whole: its creation, its time, its identifiers, its service events. */
#include "sim/world_ecs_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define EVENT_TEXT_MAX 2000
#define AGE_MS         (3 * 24 * 3600 * INT64_C(1000)) /* of the deployment that stands at the beginning */
#define STEADY_MS      (6 * 3600 * INT64_C(1000))

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

/* One deployment, completed three days ago, and its tasks. */
static void found_service(struct world_ecs *w, struct sim_service *s, const struct world_service *row)
{
    int64_t now = w->now_ms, begun = now - AGE_MS;
    s->row = row;
    s->random = sim_random(&w->random);
    s->desired = row->desired;
    s->breaker = row->breaker || w->scenario->breaker;
    s->tick_ms = s->supersede_ms = s->zero_ms = SIM_NEVER;
    s->steady = true;
    struct sim_deployment *d = &s->deployments[0];
    s->deployment_count = 1;
    d->number = sim_deployment_number(s);
    d->revision = SIM_REVISION;
    d->created_ms = begun;
    d->updated_ms = begun + 10 * 60 * 1000;
    d->rollout = ROLLOUT_COMPLETED;
    d->desired = row->desired;
    d->proven = true;
    TEXT_FORMAT(d->reason, "ECS deployment ecs-svc/%" PRIu64 " completed.", d->number);
    s->records[s->record_count++] = (struct sim_record){.number = d->number,
                                                        .status = "SUCCESSFUL",
                                                        .created_ms = begun,
                                                        .started_ms = begun + 2000,
                                                        .finished_ms = d->updated_ms,
                                                        .updated_ms = d->updated_ms};
    for (int i = 0; i < row->desired; i++) {
        struct sim_task *t = sim_task_launch(w, s, d);
        t->doomed = false;
        t->phase = PHASE_SERVING;
        t->registered = row->target_group[0] != '\0';
        t->due_ms = SIM_NEVER;
        t->created_ms = begun + 5000;
        t->pull_started_ms = t->created_ms + row->provision_ms;
        t->pull_stopped_ms = t->pull_started_ms + row->pull_ms;
        t->started_ms = t->pull_stopped_ms + row->activate_ms;
    }
    for (int i = 3; i >= 0; i--) {
        struct buf text;
        buf_init(&text, EVENT_TEXT_MAX);
        buf_format(&text, "(service %s) has reached a steady state.", row->name);
        put_event(s, now - i * STEADY_MS - 3600 * 1000, buf_take(&text));
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
    w->now_ms = start_ms;
    w->lose_in = scenario->first_reply_lost ? 1 : 0;
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
    int64_t due = earlier(s->tick_ms, earlier(s->supersede_ms, s->zero_ms));
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

/* Somebody else works on the same service. */
static void meddle(struct world_ecs *w, struct sim_service *s)
{
    if (s->supersede_ms <= w->now_ms) {
        s->supersede_ms = SIM_NEVER;
        sim_rollout_begin(w, s, s->deployments[0].revision);
    }
    if (s->zero_ms <= w->now_ms) {
        s->zero_ms = SIM_NEVER;
        s->desired = 0;
        s->tick_ms = w->now_ms;
    }
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
    meddle(w, s);
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
