/* Are users served? A deployment's running count also counts unhealthy tasks, so it is judged task by task.
 *
 * Where the service has target groups and their targets could be read, the load balancer's word counts: a
 * task serves when it runs, is meant to run on, and is healthy to every group that lists it. (Targets that
 * are instances cannot be told apart by task: then one of them must be healthy, and tasks are judged as
 * below.) When that word is missing for once, the last one is kept for a minute.
 *
 * Else a task may serve when it is RUNNING, meant to run, and not UNHEALTHY, and
 *   - its health is HEALTHY; or nothing checks the container, and
 *   - it is an old one, started before we began: it served before; or
 *   - there is no load balancer and it has run for 40 s: that is when ECS itself calls it healthy; or
 *   - there is one, and ECS has shown that it trusts the new tasks: it scaled an old one in for our
 *     deployment (with a minimum of 100 % it does so only when new ones are healthy), or calls our deployment
 *     completed; or
 *   - there is one and it has outlived what a refused task does not: grace period and checks, then ECS ends
 *     it. Before that a running task may still answer 502, and "test the site now" would be wrong.
 * Nothing that is not such a task ever makes "served". */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

bool follow_task_runs(const struct ecs_task *task)
{
    return strcmp(task->last_status, "RUNNING") == 0 && strcmp(task->desired_status, "STOPPED") != 0;
}

static bool is_ours(const struct follow_at *at, const struct ecs_task *task)
{
    return strcmp(task->started_by, follow_own_id(at->goal, at->state)) == 0;
}

/* Did it serve before we began? What a failing deployment started did not, for all we know. */
static bool served_before(const struct follow_at *at, const struct ecs_task *task)
{
    if (!task->started_ms || task->started_ms >= at->goal->began_ms)
        return false;
    switch (at->goal->kind) {
    case FOLLOW_DEPLOYMENT: return !is_ours(at, task);
    case FOLLOW_BACK_TO: return is_ours(at, task);
    case FOLLOW_COUNT:
    case FOLLOW_REPLACED: break;
    }
    return true;
}

/* Has ECS shown that it holds our new tasks for healthy? */
static bool new_are_trusted(const struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;
    const char *own = follow_own_id(at->goal, at->state);

    if (!own[0])
        return false; /* PRIMARY reads COMPLETED whatever becomes of its tasks */
    if (at->mine && at->mine == at->primary && at->mine->rollout == ECS_ROLLOUT_COMPLETED)
        return true;
    if (s->service.minimum_healthy_percent < 100)
        return false;
    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *task = &s->tasks[i];
        char id[ECS_ID];

        if (!is_ours(at, task) && text_starts(task->stopped_reason, "Scaling activity initiated by") &&
            diagnose_deployment_id(task->stopped_reason, id, sizeof id) && strcmp(id, own) == 0)
            return true;
    }
    return false;
}

/* How long a task must have run behind a load balancer when nothing else tells. */
static int64_t outlived_ms(const struct ecs_service *s)
{
    int64_t grace = s->grace_seconds > 0 ? s->grace_seconds * INT64_C(1000) : 0;

    return grace + FOLLOW_SETTLE_LB_MS;
}

bool follow_task_may_serve(const struct snapshot *s, const struct ecs_task *task, bool before, bool trusted)
{
    int64_t ran = task->started_ms ? s->tasks_as_of_ms - task->started_ms : 0;

    if (!follow_task_runs(task) || strcmp(task->health, "UNHEALTHY") == 0)
        return false;
    if (strcmp(task->health, "HEALTHY") == 0 || before)
        return true;
    if (ran < FOLLOW_SETTLE_MS)
        return false;
    if (s->service.target_groups == 0 || ran >= outlived_ms(&s->service))
        return true;
    return trusted;
}

/* ---- the flag and its clock */

/* Told when it turns to "not served", and when it turns back; not at the first look, and not for a service
 * that stood at zero when we began. */
static void change(struct follow_at *at, enum follow_served to, int64_t when_ms)
{
    struct follow_state *state = at->state;
    bool known_before = state->served_since_ms != 0;
    bool meant_to_serve = state->wanted > 0 || at->goal->wanted > 0;

    if (state->served == to)
        return;
    state->served = to;
    state->served_since_ms = when_ms;
    if (to == SERVED_NO ? meant_to_serve : to == SERVED_YES && known_before) {
        struct follow_event *e = follow_out(at, FOLLOW_EVENT_SERVED_CHANGED);

        if (e) {
            e->at_ms = when_ms;
            e->number = to == SERVED_YES;
        }
    }
}

void follow_served_unknown(struct follow_at *at)
{
    change(at, SERVED_UNKNOWN, at->now_ms);
    at->state->serving = at->state->new_serving = -1;
}

static void count_outage(struct follow_state *state, int64_t as_of_ms)
{
    int64_t from = state->tasks_seen_ms;

    if (state->served != SERVED_NO || state->wanted == 0)
        return;
    if (from < state->served_since_ms)
        from = state->served_since_ms;
    if (as_of_ms > from)
        state->not_served_total_ms += as_of_ms - from;
}

/* ---- who serves */

struct tally {
    int serving, of_the_goal; /* COUNT: each that serves is one of the goal's */
    bool any_running;
};

static void tally_task(const struct follow_at *at, const struct ecs_task *task, bool serves, struct tally *t)
{
    if (strcmp(task->last_status, "RUNNING") == 0)
        t->any_running = true;
    if (!serves)
        return;
    t->serving++;
    t->of_the_goal += at->goal->kind == FOLLOW_COUNT || follow_is_new(at->goal, at->state, task);
}

static void judge_by_targets(struct follow_at *at, const struct follow_targets *targets, struct tally *ret)
{
    const struct snapshot *s = at->snapshot;
    bool trusted = !targets->by_task && new_are_trusted(at);

    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *task = &s->tasks[i];
        bool serves;

        if (targets->by_task)
            serves = follow_task_runs(task) && model_task_is_target(s, task);
        else
            serves = targets->healthy > 0 &&
                     follow_task_may_serve(s, task, served_before(at, task), trusted && is_ours(at, task));
        tally_task(at, task, serves, ret);
    }
}

static void judge_by_tasks(struct follow_at *at, struct tally *ret)
{
    const struct snapshot *s = at->snapshot;
    bool trusted = new_are_trusted(at);

    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *task = &s->tasks[i];

        tally_task(at, task,
                   follow_task_may_serve(s, task, served_before(at, task), trusted && is_ours(at, task)),
                   ret);
    }
}

static void note_tally(struct follow_at *at, const struct tally *t)
{
    struct follow_state *state = at->state;
    int64_t as_of = at->snapshot->tasks_as_of_ms;

    count_outage(state, as_of);
    change(at, t->serving > 0 ? SERVED_YES : SERVED_NO, as_of);
    state->tasks_seen_ms = as_of;
    state->serving = t->serving;
    state->new_serving = t->of_the_goal;
    if (state->wanted > 0 && (state->lowest_healthy < 0 || t->serving < state->lowest_healthy))
        state->lowest_healthy = t->serving;
    if (state->new_serve_ms == 0 && state->wanted > 0 && t->of_the_goal >= state->wanted) {
        state->new_serve_ms = as_of;
        state->sick_target[0] = '\0';
        follow_out(at, FOLLOW_EVENT_NEW_SERVE);
    }
}

void follow_read_served(struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;
    struct follow_state *state = at->state;
    bool by_targets = s->service.target_groups > 0 && s->targets_absence == ECS_SEEN;
    struct follow_targets targets;
    struct tally tally = {0};

    if (by_targets) {
        follow_count_targets(s, &targets);
        state->targets_healthy = targets.healthy;
        state->targets_total = targets.total;
        state->targets_seen_ms = s->targets_as_of_ms;
    }
    if (s->tasks_absence != ECS_SEEN)
        return;
    if (by_targets)
        judge_by_targets(at, &targets, &tally);
    else if (state->by_targets && s->service.target_groups > 0 &&
             at->now_ms - state->targets_seen_ms < FOLLOW_TOLERANCE_MS)
        return; /* the load balancer's last word still stands */
    else
        judge_by_tasks(at, &tally);
    if (!tally.any_running && s->service.running > 0)
        return; /* the two answers disagree: one of them is stale */
    state->by_targets = by_targets;
    if (!by_targets)
        state->targets_healthy = state->targets_total = -1;
    note_tally(at, &tally);
}
