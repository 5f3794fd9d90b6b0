/* The goal "so many tasks run and serve" (0: none runs), under whatever deployment. A change of the count
 * begins no deployment, so there is no id to ask for.
 *
 *   ECS wants fewer than the goal (0: wants some)   for a minute: superseded, somebody set another count
 *   0: nothing runs or starts                       succeeded, after two looks that agree
 *   n: n serve, and no more run than ECS wants      succeeded
 *   n, and the tasks cannot be seen                 counts met for as long as a refused task lives
 *
 * More than n, by autoscaling, meets the goal too. */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

#define UNSEEN_MS 300000

static bool any_task_is_left(const struct snapshot *s)
{
    for (size_t i = 0; i < s->task_count; i++)
        if (strcmp(s->tasks[i].last_status, "STOPPED") != 0)
            return true;
    return false;
}

/* How long counts alone must stand when nobody shows whether the tasks serve. */
static int64_t settle_ms(const struct ecs_service *s)
{
    if (s->target_groups == 0)
        return FOLLOW_SETTLE_MS + FOLLOW_TOLERANCE_MS;
    return FOLLOW_SETTLE_LB_MS + (s->grace_seconds > 0 ? s->grace_seconds * INT64_C(1000) : 0);
}

/* Tasks that were seen will be seen again; only after minutes without them do counts alone decide. */
static bool can_see_tasks(const struct follow_at *at)
{
    return at->now_ms - at->state->tasks_seen_ms < UNSEEN_MS;
}

static void decide_zero(struct follow_at *at, struct follow_decision *ret)
{
    const struct snapshot *s = at->snapshot;
    bool met = s->service.running == 0 && s->service.pending == 0;

    if (s->tasks_absence == ECS_SEEN)
        met = met && !any_task_is_left(s);
    else if (can_see_tasks(at))
        return; /* ECS does not count one that is told to stop */
    else
        met = met && follow_waited(&at->state->stable_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS);
    if (follow_counts_stable(at, met))
        follow_end(at, ret, VERDICT_SUCCEEDED, "");
}

void follow_decide_count(struct follow_at *at, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;
    struct follow_state *state = at->state;
    int n = at->goal->wanted;
    bool met;

    if (n == 0 ? s->desired > 0 : s->desired < n) {
        state->stable_since_ms = state->stable_polls = 0;
        if (!follow_waited(&state->other_count_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS))
            return; /* it may be a stale answer */
        follow_end(at, ret, VERDICT_SUPERSEDED, "");
        TEXT_FORMAT(ret->text, "the count is %d now, not %d: somebody, or autoscaling, set another one",
                    s->desired, n);
        return;
    }
    state->other_count_since_ms = 0;
    if (s->running == 0 && s->pending == 0 && n == 0) {
        decide_zero(at, ret);
        return;
    }
    met = n > 0 && s->running >= n && s->running <= s->desired;
    if (!met)
        state->stable_since_ms = state->stable_polls = 0;
    else if (at->snapshot->tasks_absence == ECS_SEEN || can_see_tasks(at)) {
        state->stable_since_ms = 0;
        met = at->snapshot->tasks_as_of_ms == state->tasks_seen_ms && state->new_serving >= n;
    } else
        met = follow_waited(&state->stable_since_ms, at->now_ms, settle_ms(s));
    if (met)
        follow_end(at, ret, VERDICT_SUCCEEDED, "");
}
