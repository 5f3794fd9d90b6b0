#ifndef TESTS_UNIT_ECS_FOLLOW_PEN_H
#define TESTS_UNIT_ECS_FOLLOW_PEN_H
/* The follower's tests draw a course of snapshots, one for each moment. The runner steps through it as the
 * poller would; and once for every step it saves and loads the state there and must come to the same end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "ecs/follow.h"

#define S       INT64_C(1000)
#define T0      (INT64_C(1795356128) * S) /* the moment of UpdateService */
#define OLD     "ecs-svc/1111111111111111111"
#define MINE    "ecs-svc/2222222222222222222"
#define NEWER   "ecs-svc/3333333333333333333"
#define OLD_AGE (86400 * S)

/* ---- the pen: small calls that draw a snapshot */

struct pen {
    struct snapshot *s;
    int64_t t; /* ms since T0 */
};

static inline void fresh(struct pen *p, struct snapshot *s, int64_t t, int desired)
{
    memset(&s->service, 0, sizeof s->service); /* tasks and history are zeroed as they are drawn */
    s->service_absence = ECS_SEEN;
    s->missing = false;
    s->task_count = s->history_count = s->target_count = 0;
    s->targets_absence = s->rollout_absence = ECS_NOT_READ;
    s->trouble[0] = '\0';
    p->s = s;
    p->t = t;
    s->service_as_of_ms = s->tasks_as_of_ms = T0 + t;
    s->tasks_absence = s->history_absence = ECS_NOT_READ;
    TEXT_COPY(s->service.name, "api");
    TEXT_COPY(s->service.status, "ACTIVE");
    s->service.desired = desired;
    s->service.minimum_healthy_percent = 100;
}

static inline struct ecs_deployment *deployment(struct pen *p, const char *id,
                                                enum ecs_deployment_status status, enum ecs_rollout rollout,
                                                int desired, int running)
{
    struct ecs_service *s = &p->s->service;
    struct ecs_deployment *d = &s->deployments[s->deployment_count++];

    TEXT_COPY(d->id, id);
    d->status = status;
    d->rollout = rollout;
    d->desired = desired;
    d->running = running;
    s->running += running;
    d->created_ms = strcmp(id, OLD) == 0 ? T0 - OLD_AGE : strcmp(id, MINE) == 0 ? T0 + 300 : T0 + 60 * S;
    d->updated_ms = strcmp(id, OLD) == 0 ? T0 - OLD_AGE : T0 + p->t;
    return d;
}

/* Newest first, as ECS lists them; sent is since T0. Only what has happened is listed. */
static inline void event(struct pen *p, const char *id, int64_t sent, const char *message)
{
    struct ecs_event *e = &p->s->service.events[p->s->service.event_count];

    if (sent > p->t)
        return;
    TEXT_COPY(e->id, id);
    e->created_ms = T0 + sent;
    TEXT_COPY(e->message, message);
    p->s->service.event_count++;
}

static inline struct ecs_task *task(struct pen *p, const char *id, const char *by, const char *status,
                                    int64_t started)
{
    struct ecs_task *t = &p->s->tasks[p->s->task_count++];

    memset(t, 0, sizeof *t);
    p->s->tasks_absence = ECS_SEEN;
    TEXT_COPY(t->id, id);
    TEXT_COPY(t->started_by, by);
    TEXT_COPY(t->last_status, status);
    TEXT_COPY(t->desired_status, strcmp(status, "STOPPED") == 0 ? "STOPPED" : "RUNNING");
    TEXT_COPY(t->health, "UNKNOWN");
    t->created_ms = t->started_ms = T0 + started;
    return t;
}

static inline void dead(struct pen *p, const char *id, const char *by, int64_t started, int64_t stopped,
                        int exit_code)
{
    struct ecs_task *t;

    if (stopped > p->t)
        return;
    t = task(p, id, by, "STOPPED", started);
    t->stopped_ms = T0 + stopped;
    TEXT_COPY(t->stop_code, "EssentialContainerExited");
    TEXT_COPY(t->stopped_reason, "Essential container in task exited");
    t->container_count = 1;
    TEXT_COPY(t->containers[0].name, "api");
    t->containers[0].exited = true;
    t->containers[0].exit_code = exit_code;
}

static inline void scaled_in(struct pen *p, const char *id, const char *by, int64_t stopped,
                             const char *for_whom)
{
    struct ecs_task *t = task(p, id, by, "STOPPED", -OLD_AGE);

    t->stopped_ms = T0 + stopped;
    TEXT_COPY(t->stop_code, "ServiceSchedulerInitiated");
    TEXT_FORMAT(t->stopped_reason, "Scaling activity initiated by (deployment %s)", for_whom);
}

static inline void unreadable(struct pen *p, enum ecs_absence why, const char *trouble)
{
    p->s->service_absence = why;
    TEXT_COPY(p->s->trouble, trouble);
    memset(&p->s->service, 0, sizeof p->s->service);
}

static inline void history(struct pen *p, const char *id, const char *status, const char *reason,
                           int64_t created)
{
    struct ecs_service_deployment *d = &p->s->history[p->s->history_count++];

    memset(d, 0, sizeof *d);
    p->s->history_absence = ECS_SEEN;
    TEXT_COPY(d->deployment_id, id);
    TEXT_COPY(d->status, status);
    TEXT_COPY(d->status_reason, reason);
    d->created_ms = T0 + created;
}

/* Our own service deployment in detail. */
static inline struct ecs_rollout_detail *detail(struct pen *p, const char *status)
{
    struct ecs_rollout_detail *d = &p->s->rollout;

    memset(d, 0, sizeof *d);
    p->s->rollout_absence = ECS_SEEN;
    TEXT_COPY(d->deployment_id, MINE);
    TEXT_COPY(d->status, status);
    d->breaker_failures = d->breaker_threshold = d->bake_minutes = -1;
    d->created_ms = T0 + 300;
    return d;
}

/* A target of the task drawn last; its address is made from its id. */
static inline struct ecs_target *target(struct pen *p, int group, enum ecs_target_state state)
{
    struct ecs_task *t = &p->s->tasks[p->s->task_count - 1];
    struct ecs_target *to = &p->s->targets[p->s->target_count++];

    memset(to, 0, sizeof *to);
    p->s->targets_absence = ECS_SEEN;
    p->s->targets_as_of_ms = p->s->tasks_as_of_ms;
    TEXT_FORMAT(t->address, "10.0.0.%s", t->id);
    TEXT_COPY(to->id, t->address);
    to->group = group;
    to->port = 5000;
    to->state = state;
    if (state == ECS_TARGET_UNHEALTHY) {
        TEXT_COPY(to->reason, "Target.ResponseCodeMismatch");
        TEXT_COPY(to->description, "Health checks failed with these codes: [502]");
    }
    return to;
}

/* ---- the runner */

typedef void draw(struct pen *p, struct snapshot *s, int64_t t);

struct run {
    enum follow_verdict verdict;
    int64_t ended_s; /* seconds since T0 */
    char text[ECS_REASON];
    bool wanted_zero;
    int count[FOLLOW_EVENT_PAUSED + 1];
    int64_t first_s[FOLLOW_EVENT_PAUSED + 1];
    char told[4096]; /* ECS events, "|" between */
    struct follow_state state;
};

static inline struct follow_goal goal(void)
{
    struct follow_goal g = {.kind = FOLLOW_DEPLOYMENT,
                            .began_ms = T0,
                            .wanted = 2,
                            .slow_after_ms = 900 * S,
                            .give_up_after_ms = 3600 * S,
                            .remind_every_ms = 900 * S};

    TEXT_COPY(g.deployment_id, MINE);
    TEXT_COPY(g.previous_id, OLD);
    return g;
}

static inline void note(struct run *r, const struct follow_output *out, int64_t t)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct follow_event *e = &out->events[i];

        if (r->count[e->kind]++ == 0)
            r->first_s[e->kind] = t / S;
        if (e->kind == FOLLOW_EVENT_ECS) {
            size_t len = strlen(r->told);

            text_format(r->told + len, sizeof r->told - len, "%s|", e->text);
        }
        if (e->kind == FOLLOW_EVENT_TASK_STOPPED)
            assert_int_equal(e->number, r->count[e->kind]);
    }
    if (out->verdict != VERDICT_NONE) {
        assert_int_equal(r->verdict, VERDICT_NONE); /* told exactly once */
        r->verdict = out->verdict;
        r->ended_s = t / S;
        r->wanted_zero = out->wanted_zero;
        TEXT_COPY(r->text, out->text);
    }
}

/* save_at: the index of the step after which the state goes through JSON; -1 = never. */
static inline void run(draw *of, struct follow_goal g, int64_t until_s, int save_at, struct run *ret)
{
    struct snapshot *s = mem_alloc(sizeof *s);
    struct follow_output *out = mem_alloc(sizeof *out);
    int step = 0;

    memset(ret, 0, sizeof *ret);
    follow_begin(&g, &ret->state);
    for (int64_t t = 5 * S; t <= until_s * S; t += 5 * S, step++) {
        struct pen p;

        of(&p, s, t);
        follow_step(&g, &ret->state, s, T0 + t, out);
        note(ret, out, t);
        if (step == save_at) {
            json_t *saved = follow_save(&g, &ret->state);
            struct err err;

            memset(&g, 0xaa, sizeof g);
            memset(&ret->state, 0xaa, sizeof ret->state);
            assert_true(follow_load(saved, &g, &ret->state, &err));
            json_decref(saved);
        }
    }
    mem_free(s);
    mem_free(out);
}

/* Runs once; then once for every step, interrupted there, with the same outcome. */
static inline void course(draw *of, struct follow_goal g, int64_t until_s, struct run *ret)
{
    int last;

    run(of, g, until_s, -1, ret);
    print_message("verdict %s at %d s by %d, %d stopped, \"%s\"\n", follow_verdict_word(ret->verdict),
                  (int)ret->ended_s, ret->state.by, ret->state.failed_tasks, ret->text);
    last = (int)(ret->verdict != VERDICT_NONE ? ret->ended_s / 5 : until_s / 5);
    for (int i = 0; i < last; i++) {
        static struct run again;

        run(of, g, until_s, i, &again);
        assert_int_equal(again.verdict, ret->verdict);
        assert_int_equal(again.ended_s, ret->ended_s);
        assert_string_equal(again.text, ret->text);
        assert_string_equal(again.told, ret->told);
        assert_memory_equal(again.count, ret->count, sizeof ret->count);
        assert_memory_equal(again.first_s, ret->first_s, sizeof ret->first_s);
    }
}

/* ---- the usual course */

/* The usual one: 0 of 0 at first, running after 30 s, healthy for ECS after 60 s, drained at 120 s. */
static inline void ok(struct pen *p, struct snapshot *s, int64_t t)
{
    bool done = t >= 120 * S, draining = t >= 60 * S, running = t >= 30 * S;

    fresh(p, s, t, 2);
    s->service.target_groups = 1;
    deployment(p, MINE, ECS_PRIMARY, done ? ECS_ROLLOUT_COMPLETED : ECS_ROLLOUT_IN_PROGRESS,
               t < 10 * S ? 0 : 2, running ? 2 : 0);
    if (!done)
        deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, draining ? 0 : 2, draining ? 0 : 2);
    event(p, "e5", 120 * S + 1, "(service api) has reached a steady state.");
    event(p, "e4", 120 * S, "(service api) (deployment " MINE ") deployment completed.");
    event(p, "e3", 60 * S, "(service api) has begun draining connections on 2 tasks.");
    event(p, "e2", 12 * S, "(service api) has started 2 tasks: (task n1) (task n2).");
    event(p, "e1", -2 * S, "(service api) was at work just before.");
    event(p, "e0", -60 * S, "(service api) has reached a steady state.");
    for (int i = 0; i < 2; i++) {
        if (draining)
            scaled_in(p, i ? "o1" : "o2", OLD, 60 * S, MINE);
        else
            task(p, i ? "o1" : "o2", OLD, "RUNNING", -OLD_AGE);
        task(p, i ? "n1" : "n2", MINE, running ? "RUNNING" : "PENDING", 15 * S);
    }
}

#endif
