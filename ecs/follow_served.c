/* Are users served? Judged from tasks, because a deployment's running count also counts unhealthy ones.
 *
 * A task may serve when it is RUNNING, meant to run, and not UNHEALTHY, and
 *   - its health is HEALTHY; or nothing checks the container, and
 *   - it is an old one (of another deployment, started before we began): it served before; or
 *   - there is no load balancer and it has run for 40 s: that is when ECS itself calls it healthy; or
 *   - there is one, and ECS has shown that it trusts the new tasks: it scaled an old one in for our
 * deployment (with a minimum of 100 % it does so only when new ones are healthy), or calls our deployment
 * completed; or
 *   - there is one and it has outlived what a refused task does not: grace period and checks, then ECS ends
 * it. Before that a running task may still answer 502, and "test the site now" would be wrong. Nothing that
 * is not such a task ever makes "served". */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

static bool means_to_run(const struct ecs_task *task)
{
    return strcmp(task->last_status, "RUNNING") == 0 && strcmp(task->desired_status, "STOPPED") != 0 &&
           strcmp(task->health, "UNHEALTHY") != 0;
}

static bool is_ours(const struct follow_at *at, const struct ecs_task *task)
{
    return strcmp(task->started_by, at->goal->deployment_id) == 0;
}

/* Has ECS shown that it holds our new tasks for healthy? */
static bool new_are_trusted(const struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;

    if (at->mine && at->mine->rollout == ECS_ROLLOUT_COMPLETED)
        return true;
    if (s->service.minimum_healthy_percent < 100)
        return false;
    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *task = &s->tasks[i];
        char id[ECS_ID];

        if (!is_ours(at, task) && text_starts(task->stopped_reason, "Scaling activity initiated by") &&
            diagnose_deployment_id(task->stopped_reason, id, sizeof id) &&
            strcmp(id, at->goal->deployment_id) == 0)
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

static bool may_serve(const struct follow_at *at, const struct ecs_task *task, bool trusted)
{
    int64_t ran = task->started_ms ? at->snapshot->tasks_as_of_ms - task->started_ms : 0;

    if (!means_to_run(task))
        return false;
    if (strcmp(task->health, "HEALTHY") == 0)
        return true;
    if (!is_ours(at, task) && task->started_ms && task->started_ms < at->goal->began_ms)
        return true;
    if (ran < FOLLOW_SETTLE_MS)
        return false;
    if (at->snapshot->service.target_groups == 0 || ran >= outlived_ms(&at->snapshot->service))
        return true;
    return trusted && is_ours(at, task);
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

void follow_read_served(struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;
    struct follow_state *state = at->state;
    bool trusted, any_running = false;
    int serving = 0, new_serving = 0;

    if (s->tasks_absence != ECS_SEEN)
        return;
    trusted = new_are_trusted(at);
    for (size_t i = 0; i < s->task_count; i++) {
        if (strcmp(s->tasks[i].last_status, "RUNNING") == 0)
            any_running = true;
        if (may_serve(at, &s->tasks[i], trusted)) {
            serving++;
            new_serving += is_ours(at, &s->tasks[i]);
        }
    }
    if (!any_running && s->service.running > 0)
        return; /* the two answers disagree: one of them is stale */
    count_outage(state, s->tasks_as_of_ms);
    change(at, serving > 0 ? SERVED_YES : SERVED_NO, s->tasks_as_of_ms);
    state->tasks_seen_ms = s->tasks_as_of_ms;
    if (state->wanted > 0 && (state->lowest_healthy < 0 || serving < state->lowest_healthy))
        state->lowest_healthy = serving;
    if (state->new_serve_ms == 0 && state->wanted > 0 && new_serving >= state->wanted) {
        state->new_serve_ms = s->tasks_as_of_ms;
        follow_out(at, FOLLOW_EVENT_NEW_SERVE);
    }
}
