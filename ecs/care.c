/* After-care, one step. Happy path: each look shows the service, its tasks and its targets as they were, and
 * at until_ms it is over, quietly. What it looks for:
 *
 *   a task of the service ended, and nobody wanted it          crashed; each once
 *   a container has another runtime id under the same task     restarted in place: ECS says nothing of it
 *   a target was healthy and is not, while its task runs on    flapping
 *   nothing serves although something should                   an outage, measured
 *   another deployment is PRIMARY, and it is newer             superseded: over (an older one may be a stale
 *                                                              answer: only after a minute)
 *
 * What could not be seen is counted as such: looks that lie more than a minute apart, or none at all. */
#include "ecs/care.h"

#include <string.h>

#include "base/text.h"
#include "follow_private.h"

#define LOOK_MS 15000 /* tasks are read at least so often: a target flaps without a word of ECS */
#define GAP_MS  60000 /* looks may lie so far apart before something counts as not seen */

struct care_at {
    const struct care_goal *goal;
    struct care_state *state;
    const struct snapshot *snapshot;
    int64_t now_ms;
    struct care_output *out;
    bool full; /* something has no room in the output and waits for the next step */
};

void care_begin(const struct care_goal *goal, struct care_state *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->lowest_healthy = -1;
    TEXT_COPY(ret->primary_id, goal->deployment_id);
}

bool care_was_quiet(const struct care_state *state)
{
    return state->seen_ms != 0 && state->blind_total_ms == 0 && state->crashes == 0 && state->restarts == 0 &&
           state->flaps == 0 && state->not_served_total_ms == 0 && state->served != SERVED_NO &&
           !state->superseded;
}

/* NULL when there is no room: then it must be found again by the next step. */
static struct care_event *put(struct care_at *at, enum care_event_kind kind)
{
    struct care_event *e;

    if (at->out->count == CARE_OUT) {
        at->full = true;
        return NULL;
    }
    e = &at->out->events[at->out->count++];
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->at_ms = at->now_ms;
    return e;
}

/* ---- crashes */

static bool was_told(const struct care_state *state, const struct ecs_task *task)
{
    uint64_t h = follow_hash(task->id);

    if (follow_task_stop_ms(task) && follow_task_stop_ms(task) <= state->told_until_ms)
        return true;
    for (size_t i = 0; i < state->told_count; i++)
        if (state->told[i] == h)
            return true;
    return false;
}

static void remember(struct care_at *at, const struct ecs_task *task)
{
    struct care_state *state = at->state;
    int64_t stop = follow_task_stop_ms(task);

    if (state->told_count == CARE_TASKS)
        state->told_count =
            follow_forget_older(state->told, state->told_stops, CARE_TASKS, &state->told_until_ms);
    state->told[state->told_count] = follow_hash(task->id);
    state->told_stops[state->told_count++] = stop ? stop : at->now_ms;
}

static const struct ecs_task *next_crash(const struct care_at *at, struct diagnosis *ret)
{
    const struct snapshot *s = at->snapshot;
    const struct ecs_task *first = NULL;

    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *task = &s->tasks[i];
        int64_t stop = follow_task_stop_ms(task);
        struct diagnosis d;

        if (!follow_task_is_dead(task) || stop < at->goal->began_ms || was_told(at->state, task) ||
            (first && follow_task_stop_ms(first) <= stop))
            continue;
        diagnose_task(task, &d);
        if (d.benign)
            continue;
        first = task;
        *ret = d;
    }
    return first;
}

static void read_crashes(struct care_at *at)
{
    const struct ecs_task *task;
    struct diagnosis d;
    struct care_event *e;

    while ((task = next_crash(at, &d)) && (e = put(at, CARE_CRASHED))) {
        remember(at, task);
        e->number = ++at->state->crashes;
        e->at_ms = follow_task_stop_ms(task);
        e->task = *task;
        e->diagnosis = d;
        TEXT_COPY(e->text, d.why);
        TEXT_COPY(at->state->last_reason, d.why);
    }
}

/* ---- restarts in place */

static uint64_t container_key(const struct ecs_task *task, const struct ecs_container *c)
{
    char key[ECS_ID + sizeof c->name + 2];

    TEXT_FORMAT(key, "%s %s", task->id, c->name);
    return follow_hash(key);
}

static void read_container(struct care_at *at, const struct ecs_task *task, const struct ecs_container *c)
{
    struct care_state *state = at->state;
    uint64_t key = container_key(task, c), runtime = follow_hash(c->runtime_id);
    struct care_event *e;
    size_t i;

    for (i = 0; i < state->container_count && state->containers[i].task != key; i++)
        ;
    if (i == CARE_CONTAINERS || (i < state->container_count && state->containers[i].runtime == runtime))
        return;
    if (i == state->container_count) {
        state->containers[state->container_count].task = key;
        state->containers[state->container_count++].runtime = runtime;
        return;
    }
    e = put(at, CARE_RESTARTED);
    if (!e)
        return;
    state->containers[i].runtime = runtime;
    e->number = ++state->restarts;
    TEXT_FORMAT(e->text, "container \"%s\" of task %s was restarted in place", c->name, task->id);
    TEXT_COPY(state->last_reason, e->text);
}

/* Containers of tasks that are gone make room. */
static void forget_containers(struct care_at *at)
{
    const struct snapshot *s = at->snapshot;
    struct care_state *state = at->state;
    size_t kept = 0;

    for (size_t i = 0; i < state->container_count; i++) {
        bool runs = false;

        for (size_t t = 0; t < s->task_count && !runs; t++)
            for (size_t c = 0; c < s->tasks[t].container_count && !runs; c++)
                runs = follow_task_runs(&s->tasks[t]) &&
                       container_key(&s->tasks[t], &s->tasks[t].containers[c]) == state->containers[i].task;
        if (runs)
            state->containers[kept++] = state->containers[i];
    }
    state->container_count = kept;
}

static void read_restarts(struct care_at *at)
{
    const struct snapshot *s = at->snapshot;

    forget_containers(at);
    for (size_t t = 0; t < s->task_count; t++)
        for (size_t c = 0; c < s->tasks[t].container_count; c++)
            if (follow_task_runs(&s->tasks[t]) && s->tasks[t].containers[c].runtime_id[0])
                read_container(at, &s->tasks[t], &s->tasks[t].containers[c]);
}

/* ---- targets */

static bool leaves(const struct ecs_target *t)
{
    return t->state == ECS_TARGET_DRAINING || t->state == ECS_TARGET_UNUSED;
}

static const struct ecs_task *task_behind(const struct snapshot *s, const struct ecs_target *t)
{
    for (size_t i = 0; i < s->task_count; i++)
        if (s->tasks[i].address[0] && strcmp(s->tasks[i].address, t->id) == 0 &&
            follow_task_runs(&s->tasks[i]))
            return &s->tasks[i];
    return NULL;
}

static void tell_flap(struct care_at *at, const struct ecs_target *t, const struct ecs_task *task,
                      bool *known)
{
    struct care_event *e = put(at, CARE_FLAPPING);

    if (!e)
        return;
    *known = false;
    e->number = ++at->state->flaps;
    TEXT_FORMAT(e->text, "%s %s (port %d) is not healthy any more: %s%s%s", task ? "task" : "target",
                task ? task->id : t->id, t->port,
                t->description[0] ? t->description
                : t->reason[0]    ? t->reason
                                  : "the load balancer does not say why",
                t->description[0] && t->reason[0] ? ", " : "", t->description[0] ? t->reason : "");
    TEXT_COPY(at->state->last_reason, e->text);
}

static void read_target(struct care_at *at, const struct ecs_target *t)
{
    struct care_state *state = at->state;
    const struct ecs_task *task = task_behind(at->snapshot, t);
    bool healthy = t->state == ECS_TARGET_HEALTHY, is_instance = text_starts(t->id, "i-");
    char key[96];
    size_t i;

    TEXT_FORMAT(key, "%d %s %d", t->group, t->id, t->port);
    for (i = 0; i < state->target_count && state->targets[i].target != follow_hash(key); i++)
        ;
    if (i == CARE_TARGETS)
        return;
    if (i == state->target_count) {
        state->targets[state->target_count].target = follow_hash(key);
        state->targets[state->target_count++].healthy = healthy;
    } else if (healthy)
        state->targets[i].healthy = true;
    else if (state->targets[i].healthy && (task || is_instance))
        tell_flap(at, t, task, &state->targets[i].healthy);
}

static void forget_targets(struct care_at *at)
{
    const struct snapshot *s = at->snapshot;
    struct care_state *state = at->state;
    size_t kept = 0;

    for (size_t i = 0; i < state->target_count; i++) {
        bool there = false;

        for (size_t t = 0; t < s->target_count && !there; t++) {
            char key[96];

            TEXT_FORMAT(key, "%d %s %d", s->targets[t].group, s->targets[t].id, s->targets[t].port);
            there = !leaves(&s->targets[t]) && follow_hash(key) == state->targets[i].target;
        }
        if (there)
            state->targets[kept++] = state->targets[i];
    }
    state->target_count = kept;
}

static void read_targets(struct care_at *at)
{
    const struct snapshot *s = at->snapshot;

    forget_targets(at);
    for (size_t i = 0; i < s->target_count; i++)
        if (!leaves(&s->targets[i]))
            read_target(at, &s->targets[i]);
}

/* ---- served */

static int count_serving(const struct care_at *at)
{
    const struct snapshot *s = at->snapshot;
    struct follow_targets targets = {0};
    bool by_targets = s->service.target_groups > 0 && s->targets_absence == ECS_SEEN;
    int serving = 0;

    if (by_targets)
        follow_count_targets(s, &targets);
    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *task = &s->tasks[i];
        bool before = task->started_ms && task->started_ms < at->goal->began_ms;

        if (by_targets && targets.by_task)
            serving += follow_task_runs(task) && model_task_is_target(s, task);
        else if (!by_targets || targets.healthy > 0)
            serving += follow_task_may_serve(s, task, before, false);
    }
    return serving;
}

static bool shows_none_running(const struct snapshot *s)
{
    for (size_t i = 0; i < s->task_count; i++)
        if (strcmp(s->tasks[i].last_status, "RUNNING") == 0)
            return false;
    return true;
}

static void change_served(struct care_at *at, enum follow_served to, int64_t when_ms)
{
    struct care_state *state = at->state;
    bool tell = to == SERVED_NO || state->served == SERVED_NO;
    struct care_event *e;

    if (state->served == to)
        return;
    if (tell) {
        e = put(at, to == SERVED_NO ? CARE_NOT_SERVED : CARE_SERVED_AGAIN);
        if (!e)
            return; /* the next step finds it again */
        e->at_ms = when_ms;
    }
    state->served = to;
    state->served_since_ms = when_ms;
}

/* The load balancer's word is missing for once: its last one still stands. */
static bool lacks_targets(struct care_at *at)
{
    const struct snapshot *s = at->snapshot;

    if (s->targets_absence == ECS_SEEN)
        at->state->targets_seen_ms = s->targets_as_of_ms;
    return s->service.target_groups > 0 && s->targets_absence != ECS_SEEN && at->state->targets_seen_ms &&
           at->now_ms - at->state->targets_seen_ms < FOLLOW_TOLERANCE_MS;
}

static void read_served(struct care_at *at)
{
    const struct snapshot *s = at->snapshot;
    struct care_state *state = at->state;
    int serving = count_serving(at);
    int64_t when = s->tasks_as_of_ms;

    if (lacks_targets(at))
        return;
    if (s->service.desired == 0 || (s->service.running > 0 && shows_none_running(s)))
        return; /* nothing is meant to serve; or two answers that disagree */
    if (state->served == SERVED_NO && when > state->judged_ms)
        state->not_served_total_ms += when - state->judged_ms;
    state->judged_ms = when;
    change_served(at, serving > 0 ? SERVED_YES : SERVED_NO, when);
    if (state->lowest_healthy < 0 || serving < state->lowest_healthy)
        state->lowest_healthy = serving;
}

/* ---- another deployment */

static void read_primary(struct care_at *at)
{
    const struct ecs_deployment *primary = model_primary(&at->snapshot->service);
    struct care_state *state = at->state;
    struct care_event *e;

    if (!primary)
        return;
    if (!state->primary_id[0])
        TEXT_COPY(state->primary_id, primary->id);
    if (strcmp(primary->id, state->primary_id) == 0) {
        state->other_since_ms = 0;
        return;
    }
    if (primary->created_ms < at->goal->began_ms - FOLLOW_CLOCKS_MS &&
        !follow_waited(&state->other_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS))
        return;
    e = put(at, CARE_SUPERSEDED);
    if (!e)
        return;
    state->superseded = true;
    TEXT_COPY(e->text, primary->id);
}

bool care_wants_tasks(const struct care_state *state, const struct snapshot *service_only, int64_t now_ms)
{
    const struct ecs_service *s = &service_only->service;

    if (state->over || service_only->missing || service_only->service_absence != ECS_SEEN)
        return false;
    return now_ms - state->seen_ms >= LOOK_MS || s->running != s->desired || s->pending > 0;
}

/* ---- the step */

static void count_blind(struct care_at *at, int64_t until_ms)
{
    struct care_state *state = at->state;
    int64_t from = state->seen_ms ? state->seen_ms : at->goal->began_ms;

    if (until_ms - from > GAP_MS)
        state->blind_total_ms += until_ms - from;
}

static void look(struct care_at *at)
{
    const struct snapshot *s = at->snapshot;

    if (s->missing || s->service_absence != ECS_SEEN)
        return;
    if (s->tasks_absence == ECS_SEEN && s->tasks_as_of_ms > at->state->seen_ms) {
        count_blind(at, s->tasks_as_of_ms);
        read_served(at);
        read_crashes(at);
        read_restarts(at);
        if (s->targets_absence == ECS_SEEN)
            read_targets(at);
        at->state->seen_ms = s->tasks_as_of_ms;
    }
    read_primary(at);
}

void care_step(const struct care_goal *goal, struct care_state *state, const struct snapshot *snapshot,
               int64_t now_ms, struct care_output *ret)
{
    struct care_at at = {.goal = goal, .state = state, .snapshot = snapshot, .now_ms = now_ms, .out = ret};

    ret->count = 0;
    ret->over = false;
    if (state->over)
        return;
    look(&at);
    if (!state->superseded && (now_ms < goal->until_ms || (at.full && now_ms < goal->until_ms + GAP_MS)))
        return;
    count_blind(&at, now_ms < goal->until_ms ? now_ms : goal->until_ms);
    state->over = ret->over = true;
}
