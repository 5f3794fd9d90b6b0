/* The decision rule: what became of our own deployment.
 *
 * Evidence, the strongest first: the history of service deployments (an entry is bound to our id for good);
 * service events that name our id; our entry in deployments[]; who is PRIMARY instead of us. Counts decide
 * only where ECS gives no rollout state at all.
 *
 * Traps that the rule knows: just after UpdateService ours reads "desired 0, running 0"; a stale answer shows
 * the old deployment as PRIMARY and not ours, exactly as after a rollback, so a rollback needs evidence or a
 * minute; after a rollback everything reads COMPLETED, but not under our id. */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

/* ---- evidence */

struct evidence {
    const struct ecs_service_deployment *entry; /* ours in the history */
    bool newer_entry;                           /* the history has one that began after ours */
    bool completed;                             /* an event says that ours completed */
    bool rolling_back;                          /* an event or the history says that ours goes back */
};

static enum follow_by by_words(const char *text)
{
    if (strstr(text, "circuit breaker") || strstr(text, "tasks failed to start"))
        return BY_BREAKER;
    if (strstr(text, "alarm"))
        return BY_ALARM;
    return strstr(text, "hook") ? BY_HOOK : BY_UNKNOWN;
}

static void note_reason(struct follow_state *state, const char *text)
{
    enum follow_by by = by_words(text);

    if (by != BY_UNKNOWN)
        state->by = by;
    if (text[0])
        TEXT_COPY(state->reason, text);
}

static void read_event(struct follow_at *at, const struct ecs_event *e, struct evidence *ret)
{
    const char *own = at->goal->deployment_id, *rolling;
    char id[ECS_ID] = "";
    bool named = diagnose_deployment_id(e->message, id, sizeof id);

    switch (diagnose_event(e->message)) {
    case EVENT_COMPLETED: ret->completed |= named && strcmp(id, own) == 0; break;
    case EVENT_FAILED:
        if (named && strcmp(id, own) == 0)
            note_reason(at->state, e->message);
        break;
    case EVENT_ROLLING_BACK:
        rolling = strstr(e->message, "rolling back to deployment");
        if (diagnose_deployment_id(rolling, id, sizeof id) && strcmp(id, own) != 0) {
            ret->rolling_back = true;
            TEXT_COPY(at->state->other_id, id);
        }
        break;
    default: break;
    }
}

static void read_history(struct follow_at *at, struct evidence *ret)
{
    const struct snapshot *s = at->snapshot;

    if (s->history_absence != ECS_SEEN)
        return;
    for (size_t i = 0; i < s->history_count; i++)
        if (strcmp(s->history[i].deployment_id, at->goal->deployment_id) == 0)
            ret->entry = &s->history[i];
    for (size_t i = 0; ret->entry && i < s->history_count; i++)
        ret->newer_entry |= s->history[i].created_ms > ret->entry->created_ms;
    if (ret->entry && text_starts(ret->entry->status, "ROLLBACK_")) {
        ret->rolling_back = true;
        note_reason(at->state, ret->entry->status_reason);
        if (at->state->by == BY_UNKNOWN)
            at->state->by = BY_PERSON; /* ECS names its own reasons */
    }
}

static void gather(struct follow_at *at, struct evidence *ret)
{
    const struct ecs_service *s = &at->snapshot->service;

    memset(ret, 0, sizeof *ret);
    for (size_t i = s->event_count; i > 0; i--) /* oldest first: the last word counts */
        if (follow_is_recent(at->goal, &s->events[i - 1]))
            read_event(at, &s->events[i - 1], ret);
    if (at->mine) {
        at->state->own_created_ms = at->mine->created_ms;
        if (at->mine->rollout == ECS_ROLLOUT_FAILED)
            note_reason(at->state, at->mine->rollout_reason);
    }
    read_history(at, ret);
}

/* ---- verdicts */

static void end(struct follow_at *at, struct follow_decision *ret, enum follow_verdict v, const char *text)
{
    const struct ecs_service *s = &at->snapshot->service;

    ret->verdict = v;
    TEXT_COPY(ret->text, text);
    if (v == VERDICT_SUCCEEDED)
        ret->wanted_zero = at->mine && at->mine == at->primary && s->desired == 0 && s->running == 0;
    if ((v == VERDICT_SUPERSEDED || v == VERDICT_ROLLED_BACK) && at->primary && at->primary != at->mine)
        TEXT_COPY(ret->other_id, at->primary->id);
    else if (v == VERDICT_ROLLED_BACK)
        TEXT_COPY(ret->other_id, at->state->other_id);
}

static void rolled_back(struct follow_at *at, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;

    if (at->state->by == BY_UNKNOWN && at->state->was_primary && !s->breaker && s->alarms == 0)
        at->state->by = BY_PERSON; /* nothing else could */
    end(at, ret, VERDICT_ROLLED_BACK, at->state->reason);
}

static bool waited(int64_t *since_ms, int64_t now_ms, int64_t span_ms)
{
    if (*since_ms == 0)
        *since_ms = now_ms;
    return now_ms - *since_ms >= span_ms;
}

/* Did it begin before ours? Ours is not PRIMARY. */
static bool is_older(const struct follow_at *at, const struct ecs_deployment *other)
{
    if (at->goal->previous_id[0] && strcmp(other->id, at->goal->previous_id) == 0)
        return true;
    if (other->created_ms == 0)
        return false;
    if (at->state->own_created_ms)
        return other->created_ms < at->state->own_created_ms;
    return other->created_ms < at->goal->began_ms - FOLLOW_CLOCKS_MS;
}

/* 1. The history knows our entry. True when nothing else needs to be asked. */
static bool decide_by_history(struct follow_at *at, const struct evidence *seen, struct follow_decision *ret)
{
    const char *status = seen->entry->status;
    const char *reason = seen->entry->status_reason;

    if (strcmp(status, "SUCCESSFUL") == 0)
        end(at, ret, VERDICT_SUCCEEDED, reason);
    else if (strcmp(status, "ROLLBACK_SUCCESSFUL") == 0)
        rolled_back(at, ret);
    else if (strcmp(status, "ROLLBACK_FAILED") == 0)
        end(at, ret, VERDICT_FAILED, reason);
    else if (strcmp(status, "STOPPED") == 0) {
        if (seen->newer_entry || (at->primary && at->primary != at->mine && !is_older(at, at->primary)))
            end(at, ret, VERDICT_SUPERSEDED, reason);
        else if (waited(&at->state->failed_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS))
            end(at, ret, VERDICT_FAILED, reason[0] ? reason : "the deployment was stopped by someone");
    } else
        return false;
    return true;
}

/* No rollout state (another controller, a Classic load balancer): counts, and they must stand still. */
static void decide_by_counts(struct follow_at *at, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;
    struct follow_state *state = at->state;
    const struct ecs_deployment *mine = at->mine;

    if (s->deployment_count != 1 || mine->desired != s->desired || mine->running != s->desired ||
        mine->pending != 0) {
        state->stable_polls = 0;
        return;
    }
    if (at->snapshot->service_as_of_ms > state->seen_ms)
        state->stable_polls++;
    if (state->stable_polls >= FOLLOW_STABLE_POLLS)
        end(at, ret, VERDICT_SUCCEEDED, "");
}

/* 2. Ours is PRIMARY. */
static void decide_own(struct follow_at *at, const struct evidence *seen, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;
    struct follow_state *state = at->state;

    state->was_primary = true;
    switch (at->mine->rollout) {
    case ECS_ROLLOUT_COMPLETED: end(at, ret, VERDICT_SUCCEEDED, at->mine->rollout_reason); break;
    case ECS_ROLLOUT_FAILED: {
        bool may_go_back = s->breaker_rollback || s->alarms > 0 || seen->rolling_back;

        ret->rolling_back = may_go_back;
        if (waited(&state->failed_since_ms, at->now_ms, FOLLOW_ROLLBACK_MS) || !may_go_back)
            end(at, ret, VERDICT_FAILED, state->reason);
        break;
    }
    case ECS_ROLLOUT_ABSENT: decide_by_counts(at, ret); break;
    case ECS_ROLLOUT_IN_PROGRESS: state->failed_since_ms = 0; break;
    }
}

/* 3. Another one is PRIMARY. */
static void decide_other(struct follow_at *at, const struct evidence *seen, struct follow_decision *ret)
{
    const struct ecs_deployment *primary = at->primary;
    struct follow_state *state = at->state;
    bool proven;

    if (seen->completed) {
        end(at, ret, VERDICT_SUCCEEDED, ""); /* and only then came what is PRIMARY now */
        return;
    }
    if (!is_older(at, primary)) {
        end(at, ret, VERDICT_SUPERSEDED, "");
        return;
    }
    proven = at->mine || seen->rolling_back || state->failed_since_ms ||
             state->phase == FOLLOW_ROLLING_BACK ||
             (state->was_primary && primary->updated_ms > at->goal->began_ms + FOLLOW_EVENTS_MS);
    if (!proven && !waited(&state->absent_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS))
        return; /* it may be a stale answer */
    ret->rolling_back = true;
    if (primary->rollout != ECS_ROLLOUT_IN_PROGRESS)
        rolled_back(at, ret);
}

/* 0. No such service, or one that is being deleted. */
static void decide_gone(struct follow_at *at, struct follow_decision *ret)
{
    const struct snapshot *s = at->snapshot;

    if (!waited(&at->state->absent_since_ms, at->now_ms, FOLLOW_TOLERANCE_MS))
        return;
    follow_served_unknown(at);
    if (s->missing)
        end(at, ret, VERDICT_FAILED, s->trouble[0] ? s->trouble : "ECS knows no such service any more");
    else {
        end(at, ret, VERDICT_FAILED, "");
        TEXT_FORMAT(ret->text, "the service is being deleted: its status is %s", s->service.status);
    }
}

void follow_decide(struct follow_at *at, struct follow_decision *ret)
{
    const struct ecs_service *s = &at->snapshot->service;
    struct evidence seen;

    memset(ret, 0, sizeof *ret);
    if (at->snapshot->missing || strcmp(s->status, "DRAINING") == 0 || strcmp(s->status, "INACTIVE") == 0) {
        decide_gone(at, ret);
        return;
    }
    gather(at, &seen);
    if (at->mine || !at->primary)
        at->state->absent_since_ms = 0;
    if (seen.entry && decide_by_history(at, &seen, ret))
        return;
    if (at->mine && at->mine == at->primary)
        decide_own(at, &seen, ret);
    else if (at->primary)
        decide_other(at, &seen, ret);
    if (ret->verdict == VERDICT_NONE && seen.entry && seen.rolling_back)
        ret->rolling_back = true;
}
