/* The decision rule: what became of our own deployment, or of what the goal is instead. One small table for
 * each goal stands in follow_goal_*.c; here is what is the same for all.
 *
 * Traps that the rule knows: just after UpdateService ours reads "desired 0, running 0"; a stale answer shows
 * the old deployment as PRIMARY and not ours, exactly as after a rollback, so a rollback needs evidence or a
 * minute; after a rollback everything reads COMPLETED, but not under our id; "no such service" is lag for a
 * minute; another controller shows no deployments at all, and counts of nothing prove nothing. */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

void follow_end(struct follow_at *at, struct follow_decision *ret, enum follow_verdict v, const char *text)
{
    const struct ecs_service *s = &at->snapshot->service;

    ret->verdict = v;
    TEXT_COPY(ret->text, text);
    if (v == VERDICT_SUCCEEDED) {
        ret->wanted_zero = at->mine == at->primary && s->desired == 0 && s->running == 0;
        at->state->note[0] = '\0';
    }
    if ((v == VERDICT_SUPERSEDED || v == VERDICT_ROLLED_BACK) && at->primary && at->primary != at->mine)
        TEXT_COPY(ret->other_id, at->primary->id);
    else if (v == VERDICT_ROLLED_BACK)
        TEXT_COPY(ret->other_id, at->state->other_id);
}

bool follow_waited(int64_t *since_ms, int64_t now_ms, int64_t span_ms)
{
    if (*since_ms == 0)
        *since_ms = now_ms;
    return now_ms - *since_ms >= span_ms;
}

bool follow_is_older(const struct follow_at *at, const struct ecs_deployment *other)
{
    if (at->goal->previous_id[0] && strcmp(other->id, at->goal->previous_id) == 0)
        return true;
    if (other->created_ms == 0)
        return false;
    if (at->state->own_created_ms)
        return other->created_ms < at->state->own_created_ms;
    return other->created_ms < at->goal->began_ms - FOLLOW_CLOCKS_MS;
}

/* The same answer twice is one look: as_of must have moved. */
bool follow_counts_stable(struct follow_at *at, bool met)
{
    struct follow_state *state = at->state;

    if (!met) {
        state->stable_polls = 0;
        return false;
    }
    if (at->snapshot->service_as_of_ms > state->seen_ms)
        state->stable_polls++;
    return state->stable_polls >= FOLLOW_STABLE_POLLS;
}

/* No such service, or one that is being deleted. */
static void decide_gone(struct follow_at *at, struct follow_decision *ret)
{
    const struct snapshot *s = at->snapshot;

    if (!follow_waited(&at->state->absent_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS))
        return;
    follow_served_unknown(at);
    if (s->missing)
        follow_end(at, ret, VERDICT_FAILED,
                   s->trouble[0] ? s->trouble : "ECS knows no such service any more");
    else {
        follow_end(at, ret, VERDICT_FAILED, "");
        TEXT_FORMAT(ret->text, "the service is being deleted: its status is %s", s->service.status);
    }
}

/* Another controller: ECS shows no deployments of such a service, so nothing can be judged. */
static void decide_foreign(struct follow_at *at, struct follow_decision *ret)
{
    const char *controller = at->snapshot->service.controller;

    if (!follow_waited(&at->state->absent_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS))
        return;
    follow_end(at, ret, VERDICT_STOPPED_FOLLOWING, "");
    TEXT_FORMAT(
        ret->text,
        "%s, not ECS, rolls this service out (deployment controller %s), and ECS shows nothing of it: "
        "I cannot judge it. Look there how it went.",
        strcmp(controller, "CODE_DEPLOY") == 0 ? "CodeDeploy" : "Something else", controller);
}

static bool is_foreign(const struct ecs_service *s)
{
    return s->controller[0] && strcmp(s->controller, "ECS") != 0;
}

void follow_decide(struct follow_at *at, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;
    enum follow_goal_kind kind = at->goal->kind;
    struct follow_evidence seen;

    memset(ret, 0, sizeof *ret);
    if (at->snapshot->missing || strcmp(s->status, "DRAINING") == 0 || strcmp(s->status, "INACTIVE") == 0) {
        decide_gone(at, ret);
        return;
    }
    if (at->mine || (!at->primary && !is_foreign(s)))
        at->state->absent_since_ms = 0;
    switch (kind) {
    case FOLLOW_COUNT: follow_decide_count(at, ret); return;
    case FOLLOW_REPLACED: follow_decide_replaced(at, ret); return;
    case FOLLOW_DEPLOYMENT:
    case FOLLOW_BACK_TO: break;
    }
    follow_gather(at, &seen);
    if (is_foreign(s) && !at->mine && !at->primary && !seen.status)
        decide_foreign(at, ret);
    else if (kind == FOLLOW_BACK_TO)
        follow_decide_back_to(at, &seen, ret);
    else
        follow_decide_deployment(at, &seen, ret);
}
