/* Stopped tasks of our deployment, each told once. A task is ours by startedBy. It is told as soon as its
 * reason is known, which may be minutes before it is STOPPED: a draining task keeps its place for that long.
 * Normal stops (a scale-in, a person) are neither told nor counted.
 *
 * What was told is known by a hash of the id. When there is no more room for hashes, the older half is
 * forgotten, and whatever had stopped by then counts as told. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

#define REASONS (sizeof((struct follow_state *)0)->reasons / sizeof((struct follow_state *)0)->reasons[0])

/* ---- whose it is */

const char *follow_own_id(const struct follow_goal *goal, const struct follow_state *state)
{
    switch (goal->kind) {
    case FOLLOW_DEPLOYMENT: return goal->deployment_id;
    case FOLLOW_BACK_TO: return goal->previous_id[0] ? goal->previous_id : state->other_id;
    case FOLLOW_COUNT:
    case FOLLOW_REPLACED: break;
    }
    return "";
}

bool follow_is_replaced(const struct follow_goal *goal, const char *task_id)
{
    for (size_t i = 0; i < goal->replaced_count; i++)
        if (strcmp(goal->replaced[i], task_id) == 0)
            return true;
    return false;
}

bool follow_is_new(const struct follow_goal *goal, const struct follow_state *state,
                   const struct ecs_task *task)
{
    switch (goal->kind) {
    case FOLLOW_COUNT: return task->created_ms >= goal->began_ms - FOLLOW_EVENTS_MS;
    case FOLLOW_REPLACED: return !follow_is_replaced(goal, task->id);
    case FOLLOW_DEPLOYMENT:
    case FOLLOW_BACK_TO: break;
    }
    return strcmp(task->started_by, follow_own_id(goal, state)) == 0;
}

/* ---- its end */

/* Known early, and it does not change. */
int64_t follow_task_stop_ms(const struct ecs_task *task)
{
    return task->stopping_ms ? task->stopping_ms : task->stopped_ms;
}

static bool was_told(const struct follow_state *state, const struct ecs_task *task)
{
    uint64_t h = follow_hash(task->id);

    if (follow_task_stop_ms(task) && follow_task_stop_ms(task) <= state->told_until_ms)
        return true;
    for (size_t i = 0; i < state->seen_task_count; i++)
        if (state->seen_tasks[i] == h)
            return true;
    return false;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

size_t follow_forget_older(uint64_t *hashes, int64_t *stops, size_t count, int64_t *until_ms)
{
    int64_t sorted[FOLLOW_SEEN_TASKS], keep_from;
    size_t kept = 0;

    assert(count > 0 && count <= FOLLOW_SEEN_TASKS);
    memcpy(sorted, stops, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], by_time);
    keep_from = sorted[count / 2];
    if (keep_from == sorted[0])
        keep_from = sorted[0] + 1; /* so many at once: the oldest moment goes as a whole */
    for (size_t i = 0; i < count; i++) {
        if (stops[i] >= keep_from) {
            hashes[kept] = hashes[i];
            stops[kept++] = stops[i];
        } else if (stops[i] > *until_ms)
            *until_ms = stops[i];
    }
    return kept;
}

static void remember(struct follow_at *at, const struct ecs_task *task)
{
    struct follow_state *state = at->state;
    int64_t stop = follow_task_stop_ms(task);

    if (state->seen_task_count == FOLLOW_SEEN_TASKS)
        state->seen_task_count = follow_forget_older(state->seen_tasks, state->seen_task_stops,
                                                     FOLLOW_SEEN_TASKS, &state->told_until_ms);
    state->seen_tasks[state->seen_task_count] = follow_hash(task->id);
    state->seen_task_stops[state->seen_task_count++] = stop ? stop : at->now_ms;
    if (stop > state->newest_stop_ms)
        state->newest_stop_ms = stop;
}

static bool has_exit_code(const struct ecs_task *task)
{
    for (size_t i = 0; i < task->container_count; i++)
        if (task->containers[i].exited)
            return true;
    return false;
}

bool follow_task_is_dead(const struct ecs_task *task)
{
    if (strcmp(task->last_status, "STOPPED") == 0)
        return true;
    if (strcmp(task->desired_status, "STOPPED") != 0 || !task->stopped_reason[0])
        return false;
    return strcmp(task->stop_code, "EssentialContainerExited") != 0 || has_exit_code(task);
}

int64_t follow_task_lived_ms(const struct ecs_task *task)
{
    int64_t from = task->started_ms ? task->started_ms : task->created_ms;
    int64_t to = task->stopped_ms ? task->stopped_ms : task->stopping_ms;

    return from && to >= from ? to - from : -1;
}

static void count_reason(struct follow_state *state, const struct diagnosis *d)
{
    size_t i;

    for (i = 0; i < state->reason_count; i++)
        if (strcmp(state->reasons[i].key, d->key) == 0)
            break;
    if (i == REASONS)
        i = REASONS - 1; /* the last place stands for all others */
    else if (i == state->reason_count) {
        TEXT_COPY(state->reasons[i].key, d->key);
        state->reasons[i].count = 0;
        state->reason_count++;
    }
    if (++state->reasons[i].count > state->same_reason)
        state->same_reason = state->reasons[i].count;
}

int follow_same_reason(const struct follow_state *state, const char *key)
{
    for (size_t i = 0; i < state->reason_count; i++)
        if (strcmp(state->reasons[i].key, key) == 0)
            return state->reasons[i].count;
    return 0;
}

/* The load balancer killed it: what it last said of a new task says more than ECS. */
static void add_target_reason(const struct follow_state *state, struct diagnosis *d)
{
    char why[DIAGNOSE_TEXT];

    if (!text_starts(d->key, "target:") || !state->sick_target[0])
        return;
    TEXT_COPY(why, d->why);
    TEXT_FORMAT(d->why, "%s; its last word on a new task: %s", why, state->sick_target);
}

static void tell(struct follow_at *at, const struct ecs_task *task, const struct diagnosis *d)
{
    struct follow_state *state = at->state;
    struct follow_event *e = follow_out(at, FOLLOW_EVENT_TASK_STOPPED);

    remember(at, task);
    state->failed_tasks++;
    state->outside_tasks += d->outside;
    state->stable_polls = 0;
    count_reason(state, d);
    TEXT_COPY(state->last_reason, d->why);
    if (!e)
        return;
    e->number = state->failed_tasks;
    e->task = *task;
    e->diagnosis = *d;
    e->lived_ms = follow_task_lived_ms(task);
    TEXT_COPY(e->text, d->why);
    if (follow_task_stop_ms(task))
        e->at_ms = follow_task_stop_ms(task);
}

/* Did it die on our watch? One that died before is not ours to tell. */
static bool is_ours_to_tell(const struct follow_at *at, const struct ecs_task *task)
{
    int64_t stop = follow_task_stop_ms(task);

    return follow_is_new(at->goal, at->state, task) &&
           (stop == 0 || stop >= at->goal->began_ms - FOLLOW_EVENTS_MS);
}

/* The earliest dead one that was not told; NULL when there is none. */
static const struct ecs_task *next_untold(const struct follow_at *at, struct diagnosis *ret)
{
    const struct snapshot *s = at->snapshot;
    const struct ecs_task *first = NULL;

    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *task = &s->tasks[i];
        struct diagnosis d;

        if (!is_ours_to_tell(at, task) || !follow_task_is_dead(task) || was_told(at->state, task) ||
            (first && follow_task_stop_ms(first) <= follow_task_stop_ms(task)))
            continue;
        diagnose_task(task, &d);
        if (d.benign)
            continue;
        first = task;
        *ret = d;
    }
    return first;
}

bool follow_read_tasks(struct follow_at *at)
{
    const struct ecs_task *task;
    struct diagnosis d;

    if (at->snapshot->tasks_absence != ECS_SEEN)
        return false;
    for (int told = 0; (task = next_untold(at, &d)); told++) {
        if (told == FOLLOW_TASKS_A_STEP)
            return true;
        add_target_reason(at->state, &d);
        tell(at, task, &d);
    }
    return false;
}
