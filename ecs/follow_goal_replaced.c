/* The goal "each of these tasks is STOPPED, and as many as wanted serve": a hard restart.
 *
 *   a listed task reads STOPPED, or ECS has forgotten it       it is gone, for good
 *   all are gone, 0 wanted, none runs                          succeeded, with nothing wanted
 *   all are gone, as many others serve as ECS wants now        succeeded
 *   anything else                                              it goes on; which deployment starts the new
 *                                                              ones does not matter
 */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

_Static_assert(FOLLOW_REPLACED_MOST <= 64, "a bit for each");

static const struct ecs_task *find(const struct snapshot *s, const char *id)
{
    for (size_t i = 0; i < s->task_count; i++)
        if (strcmp(s->tasks[i].id, id) == 0)
            return &s->tasks[i];
    return NULL;
}

/* True when all are gone. */
static bool note_gone(struct follow_at *at)
{
    const struct follow_goal *goal = at->goal;
    const struct snapshot *s = at->snapshot;
    bool all = true;

    for (size_t i = 0; i < goal->replaced_count; i++) {
        uint64_t bit = UINT64_C(1) << i;
        const struct ecs_task *task = find(s, goal->replaced[i]);
        bool forgotten =
            !task && s->task_count < ECS_TASKS && at->now_ms - goal->began_ms >= FOLLOW_TOLERANCE_MS;

        if (forgotten || (task && strcmp(task->last_status, "STOPPED") == 0))
            at->state->replaced_gone |= bit;
        all = all && (at->state->replaced_gone & bit);
    }
    return all;
}

void follow_decide_replaced(struct follow_at *at, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;
    struct follow_state *state = at->state;

    if (at->snapshot->tasks_absence != ECS_SEEN || !note_gone(at))
        return;
    if (state->tasks_seen_ms != at->snapshot->tasks_as_of_ms)
        return; /* "served" was not judged by these tasks */
    if (s->desired > 0 ? state->new_serving >= s->desired
                       : follow_counts_stable(at, s->running == 0 && s->pending == 0))
        follow_end(at, ret, VERDICT_SUCCEEDED, "");
}
