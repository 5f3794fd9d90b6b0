/* ECS's service events, each told once. ECS lists the newest hundred, newest first, several with the same
 * millisecond: what was told is known by a hash of the id, never by time. The ring of hashes is longer than
 * ECS's list, so an id that left the ring has left the list before. */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

_Static_assert(FOLLOW_SEEN_EVENTS > ECS_EVENTS, "an event could be told twice");

uint64_t follow_hash(const char *id)
{
    uint64_t h = 14695981039346656037U; /* FNV-1a */

    for (; *id; id++)
        h = (h ^ (unsigned char)*id) * 1099511628211U;
    return h;
}

struct follow_event *follow_out(struct follow_at *at, enum follow_event_kind kind)
{
    struct follow_event *e;

    if (at->out->count == FOLLOW_OUT)
        return NULL;
    e = &at->out->events[at->out->count++];
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->at_ms = at->now_ms;
    return e;
}

bool follow_is_recent(const struct follow_goal *goal, const struct ecs_event *e)
{
    return e->created_ms >= goal->began_ms - FOLLOW_EVENTS_MS;
}

/* seen_event_count counts all that were ever told; the ring holds the last of them. */
static bool was_told(const struct follow_state *state, uint64_t h)
{
    size_t n = state->seen_event_count < FOLLOW_SEEN_EVENTS ? state->seen_event_count : FOLLOW_SEEN_EVENTS;

    for (size_t i = 0; i < n; i++)
        if (state->seen_events[i] == h)
            return true;
    return false;
}

static void remember(struct follow_state *state, uint64_t h)
{
    state->seen_events[state->seen_event_count++ % FOLLOW_SEEN_EVENTS] = h;
}

bool follow_has_new_events(const struct follow_goal *goal, const struct follow_state *state,
                           const struct ecs_service *s)
{
    for (size_t i = 0; i < s->event_count; i++)
        if (follow_is_recent(goal, &s->events[i]) && !was_told(state, follow_hash(s->events[i].id)))
            return true;
    return false;
}

void follow_read_events(struct follow_at *at)
{
    const struct ecs_service *s = &at->snapshot->service;
    struct follow_state *state = at->state;
    struct follow_output *out = at->out;
    size_t fresh[ECS_EVENTS], count = 0, room = FOLLOW_OUT - out->count;

    for (size_t i = 0; i < s->event_count; i++)
        if (follow_is_recent(at->goal, &s->events[i]) && !was_told(state, follow_hash(s->events[i].id)))
            fresh[count++] = i;
    if (room > count)
        room = count;
    memmove(&out->events[room], &out->events[0], out->count * sizeof out->events[0]);
    memset(&out->events[0], 0, room * sizeof out->events[0]);
    out->count += room;
    while (count > 0) { /* oldest first; what has no room is known as told all the same */
        const struct ecs_event *e = &s->events[fresh[--count]];

        remember(state, follow_hash(e->id));
        TEXT_COPY(state->last_event, e->message);
        state->last_event_ms = e->created_ms;
        if (count < room) {
            struct follow_event *to = &out->events[room - 1 - count];

            to->kind = FOLLOW_EVENT_ECS;
            to->at_ms = e->created_ms;
            TEXT_COPY(to->text, e->message);
        }
    }
}
