/* The follower, one step.
 *
 *   WAITING ──▶ STARTING ◀──▶ HEALTH ──▶ DRAINING     a new task that dies sends it back to STARTING
 *      │            │            │           │        (DRAINING and HEALTH may also be skipped)
 *      └────────────┴─────┬──────┴───────────┘
 *                         ▼
 *                   ROLLING_BACK                      from there only the end
 *   every phase ──▶ ENDED, with one verdict
 *
 * Happy path: the snapshot shows our deployment; counts, stopped tasks and "served" are read; the rule
 * decides; what is new, and what it waits for, goes to the output and the state. When AWS cannot be seen,
 * nothing is concluded: after a minute that is said, and only the clocks (reminders, giving up) go on. A
 * cluster that is gone under a deployment counts as not seen: far likelier our keys are another account's
 * now. A verdict waits until every stopped task that is known has been told. */
#include "ecs/follow.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

static const bool moves[FOLLOW_ENDED + 1][FOLLOW_ENDED + 1] = {
    [FOLLOW_WAITING] = {[FOLLOW_STARTING] = true,
                        [FOLLOW_HEALTH] = true,
                        [FOLLOW_DRAINING] = true,
                        [FOLLOW_ROLLING_BACK] = true,
                        [FOLLOW_ENDED] = true},
    [FOLLOW_STARTING] = {[FOLLOW_HEALTH] = true,
                         [FOLLOW_DRAINING] = true,
                         [FOLLOW_ROLLING_BACK] = true,
                         [FOLLOW_ENDED] = true},
    [FOLLOW_HEALTH] = {[FOLLOW_STARTING] = true,
                       [FOLLOW_DRAINING] = true,
                       [FOLLOW_ROLLING_BACK] = true,
                       [FOLLOW_ENDED] = true},
    [FOLLOW_DRAINING] = {[FOLLOW_STARTING] = true,
                         [FOLLOW_HEALTH] = true,
                         [FOLLOW_ROLLING_BACK] = true,
                         [FOLLOW_ENDED] = true},
    [FOLLOW_ROLLING_BACK] = {[FOLLOW_ENDED] = true},
};

const char *follow_phase_word(enum follow_phase p)
{
    static const char *const words[] = {"waiting", "starting", "health", "draining", "rolling_back", "ended"};

    return words[p];
}

const char *follow_verdict_word(enum follow_verdict v)
{
    static const char *const words[] = {"none",        "succeeded",  "failed",
                                        "rolled_back", "superseded", "stopped_following"};

    return words[v];
}

void follow_begin(const struct follow_goal *goal, struct follow_state *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->wanted = goal->wanted;
    ret->lowest_healthy = ret->serving = ret->new_serving = -1;
    ret->targets_healthy = ret->targets_total = -1;
    ret->breaker_failures = ret->breaker_threshold = -1;
    ret->last_change_ms = goal->began_ms;
}

/* ---- phases */

static void change_phase(struct follow_at *at, enum follow_phase to)
{
    struct follow_state *state = at->state;

    if (state->phase == to)
        return;
    assert(moves[state->phase][to]);
    state->phase = to;
    state->last_change_ms = at->now_ms;
    if (to != FOLLOW_ENDED)
        follow_out(at, FOLLOW_EVENT_PHASE);
}

/* Old tasks are wanted no more, and new ones run: what ECS shows when tasks cannot be read. */
static bool old_are_leaving(const struct follow_at *at)
{
    const struct ecs_service *s = &at->snapshot->service;
    int old_desired = 0;

    for (size_t i = 0; i < s->deployment_count; i++)
        if (&s->deployments[i] != at->mine)
            old_desired += s->deployments[i].desired;
    return s->deployment_count > 1 && old_desired == 0;
}

/* New tasks run: do they serve, as far as can be seen? */
static enum follow_phase phase_of_running(const struct follow_at *at)
{
    const struct follow_state *state = at->state;

    if (state->wanted == 0 || state->new_serve_ms || (state->tasks_seen_ms == 0 && old_are_leaving(at)))
        return FOLLOW_DRAINING;
    return FOLLOW_HEALTH;
}

static enum follow_phase phase_now(const struct follow_at *at, const struct follow_decision *d)
{
    const struct follow_state *state = at->state;

    if (d->rolling_back || state->phase == FOLLOW_ROLLING_BACK)
        return FOLLOW_ROLLING_BACK;
    if (!at->mine || at->mine != at->primary)
        return state->phase; /* not shown yet, or a stale answer */
    if (state->new_running < state->wanted)
        return FOLLOW_STARTING;
    return phase_of_running(at);
}

static void finish(struct follow_at *at, const struct follow_decision *d)
{
    struct follow_state *state = at->state;

    change_phase(at, FOLLOW_ENDED);
    state->verdict = d->verdict;
    state->ended_ms = at->now_ms;
    TEXT_COPY(state->other_id, d->other_id);
    if (d->note[0])
        TEXT_COPY(state->note, d->note);
    at->out->verdict = d->verdict;
    at->out->wanted_zero = d->wanted_zero;
    TEXT_COPY(at->out->text, d->text);
}

/* ---- what a readable service shows */

struct follow_counts {
    int desired, running, pending, failed; /* of what is new */
    int old_running;
};

/* Old and new ones of a hard restart are told apart by their ids, not by deployment. */
static void count_replaced(struct follow_at *at, struct follow_counts *ret)
{
    const struct snapshot *s = at->snapshot;

    ret->desired = s->service.desired;
    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *task = &s->tasks[i];

        if (follow_is_replaced(at->goal, task->id))
            ret->old_running += strcmp(task->last_status, "RUNNING") == 0;
        else if (follow_task_runs(task))
            ret->running++;
        else if (strcmp(task->desired_status, "STOPPED") != 0)
            ret->pending++;
    }
}

static void count_deployments(struct follow_at *at, struct follow_counts *ret)
{
    const struct ecs_service *s = &at->snapshot->service;

    for (size_t i = 0; i < s->deployment_count; i++)
        if (&s->deployments[i] != at->mine)
            ret->old_running += s->deployments[i].running;
    if (!at->mine)
        return;
    ret->desired = at->mine->desired;
    ret->running = at->mine->running;
    ret->pending = at->mine->pending;
    ret->failed = at->mine->failed;
}

static void count_service(struct follow_at *at, struct follow_counts *ret)
{
    const struct ecs_service *s = &at->snapshot->service;

    *ret = (struct follow_counts){.desired = s->desired, .running = s->running, .pending = s->pending};
}

/* The count that ECS wants. A stale answer shows the one before our change, and not our deployment. */
static void read_wanted(struct follow_at *at)
{
    const struct ecs_service *s = &at->snapshot->service;
    struct follow_state *state = at->state;
    bool is_stale = !at->mine && at->primary && at->goal->kind == FOLLOW_DEPLOYMENT &&
                    at->primary->updated_ms < at->goal->began_ms;
    int before = state->wanted;

    if (is_stale || s->desired == before)
        return;
    if (at->goal->kind == FOLLOW_COUNT && at->now_ms - at->goal->began_ms < FOLLOW_TOLERANCE_MS)
        return; /* our own change does not show yet */
    state->wanted = s->desired;
    state->last_change_ms = at->now_ms;
    follow_tell_count(at, before);
}

static void count(struct follow_at *at)
{
    struct follow_state *state = at->state;
    struct follow_counts now = {state->new_desired, state->new_running, state->new_pending, state->new_failed,
                                0};

    switch (at->goal->kind) {
    case FOLLOW_COUNT: count_service(at, &now); break;
    case FOLLOW_REPLACED:
        if (at->snapshot->tasks_absence != ECS_SEEN)
            return;
        now = (struct follow_counts){0};
        count_replaced(at, &now);
        break;
    case FOLLOW_DEPLOYMENT:
    case FOLLOW_BACK_TO: count_deployments(at, &now); break;
    }
    if (state->new_running != now.running || state->new_pending != now.pending ||
        state->old_running != now.old_running)
        state->last_change_ms = at->now_ms;
    state->new_desired = now.desired;
    state->new_running = now.running;
    state->new_pending = now.pending;
    state->new_failed = now.failed;
    state->old_running = now.old_running;
}

/* How near the circuit breaker is to its threshold: as ECS says, else by its rule (half of the count, 3 to
 * 200). */
static void read_breaker(struct follow_at *at)
{
    const struct ecs_service *s = &at->snapshot->service;
    struct follow_state *state = at->state;
    int half = (s->desired + 1) / 2;

    if (at->goal->kind != FOLLOW_DEPLOYMENT || !s->breaker) {
        state->breaker_failures = state->breaker_threshold = -1;
        return;
    }
    if (at->mine) {
        state->breaker_failures = at->mine->failed;
        state->breaker_threshold = half < 3 ? 3 : half > 200 ? 200 : half;
    }
    if (at->rollout && at->rollout->breaker_failures >= 0)
        state->breaker_failures = at->rollout->breaker_failures;
    if (at->rollout && at->rollout->breaker_threshold > 0)
        state->breaker_threshold = at->rollout->breaker_threshold;
}

static bool crash_loop(const struct follow_at *at)
{
    const struct ecs_service *s = &at->snapshot->service;

    if (!at->mine || at->mine != at->primary)
        return false;
    if (at->goal->kind == FOLLOW_DEPLOYMENT && at->mine->failed - at->state->outside_tasks >= FOLLOW_UNSTABLE)
        return true;
    for (size_t i = 0; i < s->event_count; i++)
        if (follow_is_recent(at->goal, &s->events[i]) &&
            diagnose_event(s->events[i].message) == EVENT_CRASH_LOOP)
            return true;
    return false;
}

static void tell_not_stabilising(struct follow_at *at)
{
    struct follow_event *e;

    if (at->state->not_stabilising)
        return;
    at->state->not_stabilising = true;
    at->state->reminded_ms = at->now_ms; /* reminders count from here */
    e = follow_out(at, FOLLOW_EVENT_NOT_STABILISING);
    if (e) {
        e->number = at->state->failed_tasks;
        TEXT_COPY(e->text, at->state->last_reason);
    }
}

static void look(struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;
    const char *own = follow_own_id(at->goal, at->state);

    at->primary = model_primary(&s->service);
    at->mine = own[0] ? model_deployment(&s->service, own) : at->primary;
    if (s->rollout_absence == ECS_SEEN && at->goal->deployment_id[0] &&
        strcmp(s->rollout.deployment_id, at->goal->deployment_id) == 0)
        at->rollout = &s->rollout;
}

/* True when some stopped tasks are left for the next step. */
static bool read_all(struct follow_at *at)
{
    struct follow_state *state = at->state;
    bool some_untold;

    look(at);
    read_wanted(at);
    count(at);
    read_breaker(at);
    if (at->snapshot->tasks_absence == ECS_SEEN && at->snapshot->targets_absence == ECS_SEEN)
        follow_read_sick_target(at);
    some_untold = follow_read_tasks(at);
    follow_read_served(at);
    follow_read_proof(at);
    if (state->failed_tasks - state->outside_tasks >= FOLLOW_UNSTABLE || crash_loop(at))
        tell_not_stabilising(at);
    return some_untold;
}

static void see(struct follow_at *at, struct follow_decision *ret)
{
    struct follow_state *state = at->state;
    bool some_untold = false;

    state->unseen_since_ms = 0;
    if (state->blind_told) {
        state->blind_told = false;
        state->last_change_ms = at->now_ms; /* what was not seen was no silence */
        follow_out(at, FOLLOW_EVENT_SEEING);
    }
    if (!at->snapshot->missing)
        some_untold = read_all(at);
    follow_decide(at, ret);
    if (some_untold)
        ret->verdict = VERDICT_NONE;
    if (ret->verdict == VERDICT_NONE)
        change_phase(at, phase_now(at, ret));
    if (at->snapshot->missing)
        return;
    if (ret->verdict == VERDICT_NONE)
        follow_read_signals(at);
    follow_read_wait(at);
    follow_read_events(at);
    state->seen_ms = at->snapshot->service_as_of_ms;
}

/* ---- nothing could be read */

static void tell_blind(struct follow_at *at)
{
    static const char *const why[] = {
        [ECS_SEEN] = "",
        [ECS_NOT_READ] = "the service was not read",
        [ECS_THROTTLED] = "AWS throttles our calls",
        [ECS_EXPIRED] = "the AWS credentials have ended",
        [ECS_UNREACHABLE] = "AWS cannot be reached",
        [ECS_REFUSED] = "AWS refuses to show the service",
        [ECS_UNSUPPORTED] = "this endpoint cannot show services",
    };
    struct follow_state *state = at->state;
    struct follow_event *e;

    if (state->unseen_since_ms == 0)
        state->unseen_since_ms = at->now_ms;
    if (state->blind_told || at->now_ms - state->unseen_since_ms < FOLLOW_TOLERANCE_MS)
        return;
    state->blind_told = true;
    follow_served_unknown(at);
    e = follow_out(at, FOLLOW_EVENT_BLIND);
    if (e)
        TEXT_COPY(e->text,
                  at->snapshot->trouble[0] ? at->snapshot->trouble : why[at->snapshot->service_absence]);
}

/* ---- clocks */

static bool due(int64_t now_ms, int64_t since_ms, int64_t span_ms)
{
    return span_ms > 0 && now_ms - since_ms >= span_ms;
}

static void tell_slow(struct follow_at *at)
{
    struct follow_state *state = at->state;

    if (state->told_slow_ms || state->unseen_since_ms ||
        !due(at->now_ms, at->goal->began_ms, at->goal->slow_after_ms))
        return;
    state->told_slow_ms = at->now_ms;
    if (state->failed_tasks > 0)
        tell_not_stabilising(at);
    else if (!state->not_stabilising)
        follow_out(at, FOLLOW_EVENT_SLOW);
}

static void remind(struct follow_at *at)
{
    struct follow_state *state = at->state;
    int64_t since = at->goal->began_ms;
    struct follow_event *e;

    if (state->told_slow_ms > since)
        since = state->told_slow_ms;
    if (state->reminded_ms > since)
        since = state->reminded_ms;
    if (!due(at->now_ms, since, at->goal->remind_every_ms))
        return;
    state->reminded_ms = at->now_ms;
    state->reminders++;
    e = follow_out(at, FOLLOW_EVENT_REMINDER);
    if (e)
        e->number = state->reminders;
}

static void run_clocks(struct follow_at *at, struct follow_decision *d)
{
    if (due(at->now_ms, at->goal->began_ms, at->goal->give_up_after_ms)) {
        d->verdict = VERDICT_STOPPED_FOLLOWING;
        TEXT_COPY(d->text, at->state->reason);
        return;
    }
    tell_slow(at);
    remind(at);
}

/* ---- the step */

void follow_step(const struct follow_goal *goal, struct follow_state *state, const struct snapshot *snapshot,
                 int64_t now_ms, struct follow_output *ret)
{
    struct follow_at at = {.goal = goal, .state = state, .snapshot = snapshot, .now_ms = now_ms, .out = ret};
    struct follow_decision decision;

    memset(ret, 0, offsetof(struct follow_output, events)); /* events are zeroed one by one, they are big */
    ret->verdict = VERDICT_NONE;
    ret->text[0] = '\0';
    ret->wanted_zero = false;
    memset(&decision, 0, sizeof decision);
    if (state->phase == FOLLOW_ENDED)
        return;
    if (!snapshot->no_cluster && (snapshot->missing || snapshot->service_absence == ECS_SEEN))
        see(&at, &decision);
    else
        tell_blind(&at);
    if (decision.verdict == VERDICT_NONE)
        run_clocks(&at, &decision);
    if (decision.verdict != VERDICT_NONE)
        finish(&at, &decision);
}

/* Has anything moved since the step before? */
static bool moved(const struct follow_goal *goal, const struct follow_state *before,
                  const struct ecs_service *s)
{
    const struct ecs_deployment *mine = model_deployment(s, follow_own_id(goal, before));
    int old_running = 0;

    if (!mine || mine != model_primary(s) || mine->rollout == ECS_ROLLOUT_COMPLETED ||
        mine->rollout == ECS_ROLLOUT_FAILED)
        return true;
    for (size_t i = 0; i < s->deployment_count; i++)
        if (&s->deployments[i] != mine)
            old_running += s->deployments[i].running;
    return old_running != before->old_running || mine->running != before->new_running ||
           mine->pending != before->new_pending || mine->desired != before->new_desired ||
           mine->failed != before->new_failed || follow_has_new_events(goal, before, s);
}

bool follow_wants_tasks(const struct follow_goal *goal, const struct follow_state *before,
                        const struct snapshot *service_only, int64_t now_ms)
{
    const struct ecs_service *s = &service_only->service;
    bool waits_for_checks = before->phase == FOLLOW_HEALTH || before->served == SERVED_NO;
    int64_t age_ms = now_ms - before->tasks_seen_ms;

    if (before->phase == FOLLOW_ENDED || service_only->missing || service_only->service_absence != ECS_SEEN)
        return false;
    if (age_ms >= FOLLOW_TASKS_MS || s->desired != before->wanted)
        return true;
    if (s->target_groups > 0 && waits_for_checks && age_ms >= FOLLOW_CHECKS_MS)
        return true; /* no count moves when a target becomes healthy */
    if (goal->kind == FOLLOW_COUNT || goal->kind == FOLLOW_REPLACED)
        return true; /* their goal is seen in the tasks alone */
    return moved(goal, before, s);
}
