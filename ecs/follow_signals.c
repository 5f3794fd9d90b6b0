/* What is read between the lines: ECS that says and does nothing while tasks are missing, starts at growing
 * gaps (it holds back because tasks fail), a hook that waits for a person, a count that somebody changed. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

#define SAME_START_MS 15000 /* tasks that ECS starts together */
#define STARTS        4     /* so many starts make a pace */
#define LEAST_GAP_MS  60000
#define LEAST_IDLE_MS 20000 /* between a death and the next start; ECS replaces at once what it trusts */

/* ---- the count */

void follow_tell_count(struct follow_at *at, int before)
{
    const struct ecs_service *s = &at->snapshot->service;
    struct follow_event *e;

    if (strcmp(s->strategy, "DAEMON") == 0)
        return; /* ECS sets it: as many as there are hosts */
    e = follow_out(at, FOLLOW_EVENT_COUNT_CHANGED);
    if (!e)
        return;
    e->number = s->desired;
    TEXT_FORMAT(e->text, "the wanted count went from %d to %d: autoscaling, or somebody else", before,
                s->desired);
}

/* ---- silence */

static uint64_t mark_of_tasks(const struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;
    uint64_t mark = 1;

    for (size_t i = 0; i < s->task_count; i++)
        if (follow_is_new(at->goal, at->state, &s->tasks[i])) /* whatever their order */
            mark += follow_hash(s->tasks[i].id) * (follow_hash(s->tasks[i].last_status) | 1);
    return mark;
}

static void read_silence(struct follow_at *at)
{
    struct follow_state *state = at->state;
    int missing = state->wanted - state->new_running;
    struct follow_event *e;

    if (at->snapshot->tasks_absence == ECS_SEEN) {
        uint64_t mark = mark_of_tasks(at);

        if (mark != state->tasks_mark)
            state->last_change_ms = at->now_ms;
        state->tasks_mark = mark;
    }
    if (follow_has_new_events(at->goal, state, &at->snapshot->service))
        state->last_change_ms = at->now_ms;
    if (state->last_change_ms == at->now_ms)
        state->silence_told = false;
    if (state->silence_told || missing <= 0 || at->now_ms - state->last_change_ms < FOLLOW_SILENCE_MS)
        return;
    state->silence_told = true;
    e = follow_out(at, FOLLOW_EVENT_SILENCE);
    if (!e)
        return;
    e->number = missing;
    if (state->new_pending > 0)
        TEXT_FORMAT(e->text, "%d new task%s not running yet, and nothing has moved for %d min", missing,
                    missing == 1 ? " is" : "s are", (int)(FOLLOW_SILENCE_MS / 60000));
    else
        TEXT_FORMAT(e->text,
                    "%d new task%s missing, and ECS has neither said nor started anything for %d min",
                    missing, missing == 1 ? " is" : "s are", (int)(FOLLOW_SILENCE_MS / 60000));
}

/* ---- the pace */

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* When ECS started tasks of ours, earliest first, those started together once. */
static size_t starts_of(const struct follow_at *at, int64_t starts[ECS_TASKS])
{
    const struct snapshot *s = at->snapshot;
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < s->task_count; i++)
        if (follow_is_new(at->goal, at->state, &s->tasks[i]) &&
            s->tasks[i].created_ms >= at->goal->began_ms - FOLLOW_EVENTS_MS)
            starts[count++] = s->tasks[i].created_ms;
    qsort(starts, count, sizeof starts[0], by_time);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || starts[i] - starts[kept - 1] > SAME_START_MS)
            starts[kept++] = starts[i];
    return kept;
}

/* How long after the latest death before it did this start come? */
static int64_t idle_before(const struct follow_at *at, int64_t start_ms)
{
    const struct snapshot *s = at->snapshot;
    int64_t latest = 0;

    for (size_t i = 0; i < s->task_count; i++) {
        int64_t stop = follow_task_stop_ms(&s->tasks[i]);

        if (follow_is_new(at->goal, at->state, &s->tasks[i]) && stop <= start_ms && stop > latest)
            latest = stop;
    }
    return latest ? start_ms - latest : 0;
}

static void read_pace(struct follow_at *at)
{
    struct follow_state *state = at->state;
    int64_t starts[ECS_TASKS], first, last;
    size_t count;
    char a[TEXT_DURATION], b[TEXT_DURATION];
    struct follow_event *e;

    if (state->slowing_told || at->snapshot->tasks_absence != ECS_SEEN || state->failed_tasks < STARTS - 1)
        return;
    count = starts_of(at, starts);
    if (count < STARTS)
        return;
    first = starts[1] - starts[0];
    last = starts[count - 1] - starts[count - 2];
    if (last < LEAST_GAP_MS || last * 2 < first * 3 || idle_before(at, starts[count - 1]) < LEAST_IDLE_MS)
        return;
    state->slowing_told = true;
    text_duration(a, first);
    text_duration(b, last);
    e = follow_out(at, FOLLOW_EVENT_SLOWING);
    if (e)
        TEXT_FORMAT(
            e->text,
            "ECS starts new tasks at growing gaps, %s at first and %s now: it holds back because they "
            "fail, and waits longer each time",
            a, b);
}

/* ---- a pause */

static void read_pause(struct follow_at *at)
{
    const struct ecs_rollout_detail *d = at->rollout;
    struct follow_state *state = at->state;
    char key[ECS_NAME + 48];
    struct follow_event *e;

    if (!d)
        return; /* not read this time: it may still be paused */
    if (!d->paused) {
        state->paused_told = 0;
        return;
    }
    TEXT_FORMAT(key, "%s %s", d->hook, d->hook_stage);
    if (state->paused_told == follow_hash(key))
        return;
    state->paused_told = follow_hash(key);
    e = follow_out(at, FOLLOW_EVENT_PAUSED);
    if (!e)
        return;
    TEXT_FORMAT(e->text, "a hook%s%s holds the deployment%s%s until a person says continue or roll back",
                d->hook[0] ? " " : "", d->hook, d->hook_stage[0] ? " at " : "", d->hook_stage);
}

void follow_read_signals(struct follow_at *at)
{
    read_silence(at);
    read_pace(at);
    read_pause(at);
}
