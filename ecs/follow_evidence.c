/* What ECS says of our own deployment, gathered before the rule looks at it. The strongest first: its service
 * deployment in detail, the history of service deployments (both are bound to our id for good), then service
 * events that name our id, then our entry in deployments[]. Whatever names a cause is noted in the state. */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

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

/* ---- events */

static void read_event(struct follow_at *at, const struct ecs_event *e, struct follow_evidence *ret)
{
    const char *own = follow_own_id(at->goal, at->state), *rolling;
    char id[ECS_ID] = "";
    bool named = diagnose_deployment_id(e->message, id, sizeof id);
    bool ours = named && strcmp(id, own) == 0;

    switch (diagnose_event(e->message)) {
    case EVENT_COMPLETED: ret->completed |= ours; break;
    case EVENT_FAILED:
        ret->failed |= ours;
        if (named && strcmp(id, at->goal->deployment_id) == 0)
            note_reason(at->state, e->message);
        break;
    case EVENT_ROLLING_BACK:
        rolling = strstr(e->message, "rolling back to deployment");
        if (diagnose_deployment_id(rolling, id, sizeof id) && strcmp(id, at->goal->deployment_id) != 0) {
            ret->rolling_back = true;
            TEXT_COPY(at->state->other_id, id);
        }
        break;
    default: break;
    }
}

/* ---- the service deployment */

static bool is_terminal(const char *status)
{
    return strcmp(status, "SUCCESSFUL") == 0 || strcmp(status, "STOPPED") == 0 ||
           strcmp(status, "ROLLBACK_SUCCESSFUL") == 0 || strcmp(status, "ROLLBACK_FAILED") == 0;
}

/* Who the detail shows at work; it names more than a sentence does. */
static void read_detail(struct follow_at *at)
{
    const struct ecs_rollout_detail *d = at->rollout;
    struct follow_state *state = at->state;

    if (d->status_reason[0])
        note_reason(state, d->status_reason);
    else if (d->rollback_reason[0])
        note_reason(state, d->rollback_reason);
    if (strcmp(d->breaker_status, "TRIGGERED") == 0)
        state->by = BY_BREAKER;
    else if (strcmp(d->alarm_status, "TRIGGERED") == 0)
        state->by = BY_ALARM;
    else if (strcmp(d->hook_status, "FAILED") == 0 || strcmp(d->hook_status, "TIMED_OUT") == 0)
        state->by = BY_HOOK;
    if (d->triggered_alarms[0] && state->by == BY_ALARM)
        TEXT_FORMAT(state->note, "In alarm: %s.", d->triggered_alarms);
    if (d->rollback_to[0])
        TEXT_COPY(state->other_id, d->rollback_to);
}

static void read_history(struct follow_at *at, struct follow_evidence *ret)
{
    const struct snapshot *s = at->snapshot;
    const struct ecs_service_deployment *entry = NULL;

    for (size_t i = 0; s->history_absence == ECS_SEEN && i < s->history_count; i++)
        if (at->goal->deployment_id[0] && strcmp(s->history[i].deployment_id, at->goal->deployment_id) == 0)
            entry = &s->history[i];
    if (!entry)
        return;
    for (size_t i = 0; i < s->history_count; i++)
        ret->newer_entry |= s->history[i].created_ms > entry->created_ms;
    ret->created_ms = entry->created_ms;
    ret->status = entry->status;
    ret->status_reason = entry->status_reason;
}

static void read_status(struct follow_at *at, struct follow_evidence *ret)
{
    const struct ecs_rollout_detail *d = at->rollout;
    struct follow_state *state = at->state;

    read_history(at, ret);
    if (d && d->status[0] && !(ret->status && is_terminal(ret->status) && !is_terminal(d->status))) {
        ret->status = d->status; /* unless the history is a step ahead of it */
        ret->status_reason = d->status_reason;
        ret->created_ms = d->created_ms;
    }
    if (ret->status && text_starts(ret->status, "ROLLBACK_")) {
        ret->rolling_back = true;
        note_reason(state, ret->status_reason);
        if (d)
            read_detail(at);
        if (state->by == BY_UNKNOWN)
            state->by = BY_PERSON; /* ECS names its own reasons */
    } else if (d)
        read_detail(at);
}

void follow_gather(struct follow_at *at, struct follow_evidence *ret)
{
    const struct ecs_service *s = &at->snapshot->service;

    memset(ret, 0, sizeof *ret);
    for (size_t i = s->event_count; i > 0; i--) /* oldest first: the last word counts */
        if (follow_is_recent(at->goal, &s->events[i - 1]))
            read_event(at, &s->events[i - 1], ret);
    if (at->mine && at->goal->kind == FOLLOW_DEPLOYMENT) {
        at->state->own_created_ms = at->mine->created_ms;
        if (at->mine->rollout == ECS_ROLLOUT_FAILED)
            note_reason(at->state, at->mine->rollout_reason);
    }
    read_status(at, ret);
}
