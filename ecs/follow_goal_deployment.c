/* The goal "our own deployment completes".
 *
 *   its service deployment   SUCCESSFUL                     succeeded, also while old tasks still run
 *                            ROLLBACK_SUCCESSFUL            rolled back
 *                            ROLLBACK_FAILED                failed
 *                            STOPPED                        superseded when a newer one exists, else a
 *                                                           person stopped it: failed (after a minute)
 *   ours is PRIMARY          COMPLETED, or an event says so succeeded
 *                            FAILED                         failed; where ECS may roll back: after two
 *                                                           minutes in which it did not
 *                            no rollout state               counts met and standing still: succeeded
 *   another is PRIMARY       an event says ours completed   succeeded, and only then came the other one
 *                            it is newer                    superseded
 *                            it is older                    rolled back, once it has completed; without
 *                                                           evidence only after a minute
 */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

static int old_running(const struct follow_at *at)
{
    const struct ecs_service *s = &at->snapshot->service;
    int running = 0;

    for (size_t i = 0; i < s->deployment_count; i++)
        if (&s->deployments[i] != at->mine)
            running += s->deployments[i].running;
    return running;
}

/* Succeeded. With deferred clean-up or early success ECS says so while something is still to be done. */
static void succeeded(struct follow_at *at, struct follow_decision *ret, const char *text)
{
    const struct ecs_deployment *mine = at->mine;
    int old = mine && mine == at->primary ? old_running(at) : 0;
    char some[96] = "";

    follow_end(at, ret, VERDICT_SUCCEEDED, text);
    if (mine && mine == at->primary && mine->running < mine->desired)
        TEXT_FORMAT(some, "ECS calls it successful with %d of %d new tasks running. ", mine->running,
                    mine->desired);
    if (old > 0)
        TEXT_FORMAT(
            ret->note,
            "%sThe old revision still drains: %d task%s of it run%s on until ECS cleans up, by itself.", some,
            old, old == 1 ? "" : "s", old == 1 ? "s" : "");
    else
        TEXT_COPY(ret->note, some);
}

static void rolled_back(struct follow_at *at, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;

    if (at->state->by == BY_UNKNOWN && at->state->was_primary && !s->breaker && s->alarms == 0)
        at->state->by = BY_PERSON; /* nothing else could */
    follow_end(at, ret, VERDICT_ROLLED_BACK, at->state->reason);
}

/* Its service deployment is known. True when nothing else needs to be asked. */
static bool decide_by_status(struct follow_at *at, const struct follow_evidence *seen,
                             struct follow_decision *ret)
{
    const char *status = seen->status, *reason = seen->status_reason;
    bool newer =
        seen->newer_entry || (at->primary && at->primary != at->mine && !follow_is_older(at, at->primary));

    if (strcmp(status, "SUCCESSFUL") == 0)
        succeeded(at, ret, reason);
    else if (strcmp(status, "ROLLBACK_SUCCESSFUL") == 0)
        rolled_back(at, ret);
    else if (strcmp(status, "ROLLBACK_FAILED") == 0) {
        follow_end(at, ret, VERDICT_FAILED, reason);
        TEXT_COPY(ret->note, "ECS tried to roll back and could not: look at what runs now.");
    } else if (strcmp(status, "STOPPED") == 0 && newer)
        follow_end(at, ret, VERDICT_SUPERSEDED, reason);
    else if (strcmp(status, "STOPPED") == 0) {
        if (follow_waited(&at->state->failed_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS)) {
            at->state->by = BY_PERSON; /* nothing newer took its place */
            follow_end(at, ret, VERDICT_FAILED, reason[0] ? reason : "the deployment was stopped by someone");
        }
    } else
        return false;
    return true;
}

/* No rollout state (another controller, a Classic load balancer): counts, and they must stand still. */
static void decide_by_counts(struct follow_at *at, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;
    const struct ecs_deployment *mine = at->mine;
    bool foreign = s->controller[0] && strcmp(s->controller, "ECS") != 0;
    bool met = s->deployment_count == 1 && mine->desired == s->desired && mine->running == s->desired &&
               mine->pending == 0 && !(foreign && s->desired == 0);

    if (at->state->by_targets && at->state->new_serving < s->desired)
        met = false; /* running is not healthy, and here the load balancer can be asked */
    if (follow_counts_stable(at, met))
        succeeded(at, ret, "");
}

/* Failed, and ECS does not go back: why, and what that means. */
static void failed_for_good(struct follow_at *at, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;

    follow_end(at, ret, VERDICT_FAILED, at->state->reason);
    if (s->breaker_rollback)
        TEXT_COPY(ret->note, "ECS has begun no rollback: there is no completed deployment to go back to. It "
                             "starts no more tasks.");
    else if (s->breaker)
        TEXT_COPY(ret->note, "The circuit breaker does not roll back here: ECS starts no more new tasks, and "
                             "the tasks that run are left as they are.");
}

static void decide_own(struct follow_at *at, const struct follow_evidence *seen, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;
    struct follow_state *state = at->state;
    enum ecs_rollout rollout = at->mine->rollout;

    state->was_primary = true;
    if (rollout == ECS_ROLLOUT_IN_PROGRESS && seen->failed)
        rollout = ECS_ROLLOUT_FAILED; /* the event came first */
    switch (rollout) {
    case ECS_ROLLOUT_COMPLETED: succeeded(at, ret, at->mine->rollout_reason); break;
    case ECS_ROLLOUT_FAILED: {
        bool may_go_back = s->breaker_rollback || s->alarms > 0 || seen->rolling_back;

        ret->rolling_back = may_go_back;
        if (follow_waited(&state->failed_since_ms, at->now_ms, FOLLOW_ROLLBACK_MS) || !may_go_back)
            failed_for_good(at, ret);
        break;
    }
    case ECS_ROLLOUT_ABSENT: decide_by_counts(at, ret); break;
    case ECS_ROLLOUT_IN_PROGRESS:
        state->failed_since_ms = 0;
        if (seen->completed)
            succeeded(at, ret, "");
        break;
    }
}

static void decide_other(struct follow_at *at, const struct follow_evidence *seen,
                         struct follow_decision *ret)
{
    const struct ecs_deployment *primary = at->primary;
    struct follow_state *state = at->state;
    bool proven;

    if (seen->completed) {
        succeeded(at, ret, ""); /* and only then came what is PRIMARY now */
        return;
    }
    if (!follow_is_older(at, primary)) {
        follow_end(at, ret, VERDICT_SUPERSEDED, "");
        return;
    }
    proven = at->mine || seen->rolling_back || state->failed_since_ms ||
             state->phase == FOLLOW_ROLLING_BACK ||
             (state->was_primary && primary->updated_ms > at->goal->began_ms + FOLLOW_EVENTS_MS);
    if (!proven && !follow_waited(&state->absent_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS))
        return; /* it may be a stale answer */
    ret->rolling_back = true;
    if (primary->rollout != ECS_ROLLOUT_IN_PROGRESS)
        rolled_back(at, ret);
}

void follow_decide_deployment(struct follow_at *at, const struct follow_evidence *seen,
                              struct follow_decision *ret)
{
    if (seen->status && decide_by_status(at, seen, ret))
        return;
    if (at->mine && at->mine == at->primary)
        decide_own(at, seen, ret);
    else if (at->primary)
        decide_other(at, seen, ret);
    if (ret->verdict == VERDICT_NONE && seen->status && seen->rolling_back)
        ret->rolling_back = true;
}
