/* The goal "the deployment before is PRIMARY again and completes": a rollback that was asked for. In the goal
 * deployment_id is the one to leave, previous_id the one to come back to.
 *
 *   the left one's service deployment   ROLLBACK_FAILED   failed
 *                                       SUCCESSFUL        failed: it was complete before it could be stopped
 *                                       STOPPED           superseded when neither of the two is PRIMARY,
 *                                                         else it goes on
 *   the one before is PRIMARY           COMPLETED         succeeded, when something shows that it is no
 *                                                         answer from before the change, else in a minute
 *                                       FAILED            failed
 *                                       no rollout state  counts met and standing still: succeeded
 *   a third is PRIMARY                                    superseded (one older than both: it is the one
 *                                                         that ECS went back to)
 *   the left one is PRIMARY                               it goes on
 */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

/* Was it touched since we asked, or does ECS say that it went back? */
static bool is_fresh(struct follow_at *at, const struct follow_evidence *seen)
{
    const char *status = seen->status ? seen->status : "";

    if (seen->completed || strcmp(status, "ROLLBACK_SUCCESSFUL") == 0)
        return true;
    if (text_starts(status, "ROLLBACK_"))
        return false; /* it is still on its way, whatever this answer shows */
    if (at->mine->updated_ms >= at->goal->began_ms - FOLLOW_EVENTS_MS)
        return true;
    return follow_waited(&at->state->stable_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS);
}

static void decide_target(struct follow_at *at, const struct follow_evidence *seen,
                          struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;
    const struct ecs_deployment *mine = at->mine;

    ret->rolling_back = true;
    switch (mine->rollout) {
    case ECS_ROLLOUT_COMPLETED:
        if (is_fresh(at, seen))
            follow_end(at, ret, VERDICT_SUCCEEDED, mine->rollout_reason);
        break;
    case ECS_ROLLOUT_FAILED:
        follow_end(at, ret, VERDICT_FAILED, mine->rollout_reason);
        TEXT_COPY(ret->note, "The deployment before does not come up any more either.");
        break;
    case ECS_ROLLOUT_ABSENT:
        if (follow_counts_stable(at, s->deployment_count == 1 && mine->running == s->desired &&
                                         mine->desired == s->desired && mine->pending == 0 &&
                                         is_fresh(at, seen)))
            follow_end(at, ret, VERDICT_SUCCEEDED, "");
        break;
    case ECS_ROLLOUT_IN_PROGRESS: at->state->stable_since_ms = 0; break;
    }
}

void follow_decide_back_to(struct follow_at *at, const struct follow_evidence *seen,
                           struct follow_decision *ret)
{
    const char *status = seen->status ? seen->status : "";
    bool left_is_primary = at->primary && strcmp(at->primary->id, at->goal->deployment_id) == 0;
    bool third = at->primary && !left_is_primary && at->primary != at->mine;

    if (strcmp(status, "ROLLBACK_FAILED") == 0)
        follow_end(at, ret, VERDICT_FAILED, seen->status_reason);
    else if (strcmp(status, "SUCCESSFUL") == 0) {
        follow_end(at, ret, VERDICT_FAILED, "");
        TEXT_COPY(ret->text, "the deployment was complete before it could be rolled back: it stays");
    } else if (third && !follow_is_older(at, at->primary))
        follow_end(at, ret, VERDICT_SUPERSEDED, "");
    else if (third && follow_waited(&at->state->absent_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS)) {
        follow_end(at, ret, VERDICT_ROLLED_BACK, at->state->reason);
        TEXT_COPY(ret->note, "ECS went back to an older deployment than the one before.");
    } else if (at->mine && at->mine == at->primary)
        decide_target(at, seen, ret);
}
