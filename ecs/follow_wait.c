/* What it waits for, as far as ECS shows it, most telling first: a hook; our deployment to show; another
 * strategy's stage; then the least advanced of the new tasks: to be placed, to pull its image, to start its
 * containers, to pass its checks; then old tasks, then the bake time. */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

struct waiting {
    enum follow_wait what;
    int64_t until_ms;
    char detail[sizeof((struct follow_state *)0)->wait_detail];
};

/* ---- why ECS does not get on, in its own words */

static bool is_obstacle(enum event_kind kind)
{
    return kind == EVENT_PLACEMENT || kind == EVENT_THROTTLED || kind == EVENT_DEADLOCK ||
           kind == EVENT_PROTECTED || kind == EVENT_CRASH_LOOP;
}

/* The newest obstacle that nothing has overcome since; without "(service NAME) " before it. */
static void find_obstacle(const struct follow_at *at, struct waiting *ret)
{
    const struct ecs_service *s = &at->snapshot->service;

    for (size_t i = 0; i < s->event_count && follow_is_recent(at->goal, &s->events[i]); i++) {
        const char *message = s->events[i].message, *end;
        enum event_kind kind = diagnose_event(message);

        if (kind == EVENT_STARTED || kind == EVENT_STEADY)
            return;
        if (!is_obstacle(kind))
            continue;
        end = text_starts(message, "(service ") ? strstr(message, ") ") : NULL;
        TEXT_COPY(ret->detail, end ? end + 2 : message);
        return;
    }
}

/* ---- the least advanced new task */

static enum follow_wait stage_of(const struct ecs_task *task)
{
    if (strcmp(task->last_status, "PROVISIONING") == 0)
        return FOLLOW_WAIT_PLACING;
    if (strcmp(task->last_status, "PENDING") == 0)
        return FOLLOW_WAIT_PULLING;
    return strcmp(task->last_status, "ACTIVATING") == 0 ? FOLLOW_WAIT_STARTING : FOLLOW_WAIT_NOTHING;
}

/* FOLLOW_WAIT_NOTHING when none of them is on its way to RUNNING. */
static enum follow_wait least_advanced(const struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;
    enum follow_wait least = FOLLOW_WAIT_NOTHING;

    for (size_t i = 0; i < s->task_count; i++) {
        enum follow_wait stage;

        if (!follow_is_new(at->goal, at->state, &s->tasks[i]) ||
            strcmp(s->tasks[i].desired_status, "STOPPED") == 0)
            continue;
        stage = stage_of(&s->tasks[i]);
        if (stage != FOLLOW_WAIT_NOTHING && (least == FOLLOW_WAIT_NOTHING || stage < least))
            least = stage;
    }
    return least;
}

static int64_t youngest_start(const struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;
    int64_t youngest = 0;

    for (size_t i = 0; i < s->task_count; i++)
        if (follow_is_new(at->goal, at->state, &s->tasks[i]) && follow_task_runs(&s->tasks[i]) &&
            s->tasks[i].started_ms > youngest)
            youngest = s->tasks[i].started_ms;
    return youngest;
}

static void wait_for_start(const struct follow_at *at, struct waiting *ret)
{
    const struct follow_state *state = at->state;
    bool seen = at->snapshot->tasks_absence == ECS_SEEN;

    ret->what = seen ? least_advanced(at) : FOLLOW_WAIT_NOTHING;
    if (ret->what == FOLLOW_WAIT_NOTHING && state->new_pending > 0)
        ret->what = !seen && state->wait >= FOLLOW_WAIT_PLACING && state->wait <= FOLLOW_WAIT_STARTING
                        ? state->wait /* as when the tasks were seen last */
                        : FOLLOW_WAIT_STARTING;
    if (ret->what == FOLLOW_WAIT_NOTHING)
        ret->what = FOLLOW_WAIT_PLACING;
    if (ret->what != FOLLOW_WAIT_PLACING)
        return;
    find_obstacle(at, ret);
    if (!ret->detail[0] && state->failed_tasks > 0 && state->new_pending == 0)
        TEXT_COPY(ret->detail, "ECS waits before it tries again, because tasks failed");
}

static void wait_for_checks(const struct follow_at *at, struct waiting *ret)
{
    const struct ecs_service *s = &at->snapshot->service;
    int64_t grace = s->grace_seconds > 0 ? s->grace_seconds * INT64_C(1000) : 0;
    int64_t started = youngest_start(at);

    if (at->snapshot->tasks_absence != ECS_SEEN &&
        (at->state->wait == FOLLOW_WAIT_GRACE || at->state->wait == FOLLOW_WAIT_CHECKS)) {
        ret->what = at->state->wait; /* as when the tasks were seen last */
        ret->until_ms = at->state->wait_until_ms;
        if (ret->what == FOLLOW_WAIT_GRACE && at->now_ms >= ret->until_ms)
            *ret = (struct waiting){.what = FOLLOW_WAIT_CHECKS};
        return;
    }
    ret->what = FOLLOW_WAIT_CHECKS;
    if (!started)
        return;
    if (s->target_groups == 0 && at->now_ms < started + FOLLOW_SETTLE_MS)
        ret->until_ms = started + FOLLOW_SETTLE_MS;
    else if (s->target_groups > 0 && at->now_ms < started + grace) {
        ret->what = FOLLOW_WAIT_GRACE;
        ret->until_ms = started + grace;
    }
}

/* ---- the end of it */

static bool is_baking(const struct follow_at *at)
{
    const struct ecs_service *s = &at->snapshot->service;

    if (at->goal->kind != FOLLOW_DEPLOYMENT && at->goal->kind != FOLLOW_BACK_TO)
        return false;
    return at->mine && at->mine->rollout == ECS_ROLLOUT_IN_PROGRESS &&
           (s->alarms > 0 || s->bake_minutes > 0 || (at->rollout && at->rollout->bake_minutes > 0));
}

static void wait_for_bake(const struct follow_at *at, struct waiting *ret)
{
    int minutes = at->snapshot->service.bake_minutes;

    if (at->rollout && at->rollout->bake_minutes > 0)
        minutes = at->rollout->bake_minutes;
    ret->what = FOLLOW_WAIT_BAKE;
    if (minutes > 0)
        ret->until_ms = (at->state->wait == FOLLOW_WAIT_BAKE ? at->state->wait_since_ms : at->now_ms) +
                        minutes * INT64_C(60000);
}

static bool reads_hook(const struct ecs_rollout_detail *d)
{
    return d && (d->paused || strcmp(d->hook_status, "AWAITING_ACTION") == 0 ||
                 strcmp(d->hook_status, "IN_PROGRESS") == 0);
}

static void wait_for_hook(const struct ecs_rollout_detail *d, struct waiting *ret)
{
    ret->what = FOLLOW_WAIT_HOOK;
    ret->until_ms = d->hook_expires_ms;
    TEXT_FORMAT(ret->detail, "%s%s%s%s", d->hook, d->hook_stage[0] ? " at " : "", d->hook_stage,
                d->paused ? ", waits for a person" : "");
}

static bool has_stages(const struct follow_at *at)
{
    const char *strategy = at->snapshot->service.rollout_strategy;

    return at->rollout && at->rollout->stage[0] && strategy[0] && strcmp(strategy, "ROLLING") != 0;
}

static void wait_for_stage(const struct follow_at *at, struct waiting *ret)
{
    if (strcmp(at->rollout->stage, "BAKE_TIME") == 0) {
        wait_for_bake(at, ret);
        return;
    }
    ret->what = FOLLOW_WAIT_STAGE;
    TEXT_COPY(ret->detail, at->rollout->stage);
}

/* ---- */

static void find(const struct follow_at *at, struct waiting *ret)
{
    const struct follow_state *state = at->state;
    bool has_id = at->goal->kind == FOLLOW_DEPLOYMENT || at->goal->kind == FOLLOW_BACK_TO;
    bool serves = state->new_serve_ms != 0 || state->phase == FOLLOW_DRAINING;

    if (state->phase == FOLLOW_ENDED || at->snapshot->missing)
        return;
    if (reads_hook(at->rollout))
        wait_for_hook(at->rollout, ret);
    else if (has_id && (!at->mine || at->mine != at->primary))
        ret->what = state->phase == FOLLOW_WAITING ? FOLLOW_WAIT_ORDER : FOLLOW_WAIT_NOTHING;
    else if (has_stages(at))
        wait_for_stage(at, ret);
    else if (state->new_running < state->wanted)
        wait_for_start(at, ret);
    else if (state->wanted > 0 && !serves)
        wait_for_checks(at, ret);
    else if (state->old_running > 0 ||
             (at->goal->kind == FOLLOW_COUNT && state->new_running > state->wanted)) {
        ret->what = FOLLOW_WAIT_DRAINING;
        find_obstacle(at, ret);
    } else if (is_baking(at))
        wait_for_bake(at, ret);
}

void follow_read_wait(struct follow_at *at)
{
    struct follow_state *state = at->state;
    struct waiting w = {.what = FOLLOW_WAIT_NOTHING};

    find(at, &w);
    if (w.what != state->wait || state->wait_since_ms == 0)
        state->wait_since_ms = at->now_ms;
    state->wait = w.what;
    state->wait_until_ms = w.until_ms;
    TEXT_COPY(state->wait_detail, w.detail);
}

const char *follow_wait_word(enum follow_wait w)
{
    static const char *const words[] = {"",       "order",    "placing", "pulling", "starting", "grace",
                                        "checks", "draining", "bake",    "hook",    "stage"};

    return words[w];
}
