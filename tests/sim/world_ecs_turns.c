/* The turns that a scenario's row names: what somebody else, an alarm, autoscaling or a hook does, so long
 * after the first deployment of a service, or after its completion. Each comes once in a world, crashes again
 * and again. */
#include "sim/world_ecs_private.h"

#include "base/text.h"

#define REBOOT_MS 50000 /* of a container that is restarted in place, until it answers again */

static void plan(struct sim_service *s, enum sim_turn turn, int64_t from_ms, int64_t after_ms)
{
    if (after_ms > 0) {
        s->turns[turn] = from_ms + after_ms;
    }
}

void sim_turns_expect(struct world_ecs *w, struct sim_service *s)
{
    const struct world_scenario *row = w->scenario;
    if (s->meddled) {
        return;
    }
    s->meddled = true;
    plan(s, TURN_SUPERSEDE, w->now_ms, row->superseded_after_ms);
    plan(s, TURN_ZERO, w->now_ms, row->zero_after_ms);
    plan(s, TURN_STOP, w->now_ms, row->stopped_after_ms);
    plan(s, TURN_SCALE, w->now_ms, s->row->autoscaled ? row->scaled_after_ms : 0);
    plan(s, TURN_ALARM, w->now_ms, row->alarm_after_ms);
}

void sim_turns_completed(struct world_ecs *w, struct sim_service *s)
{
    const struct world_scenario *row = w->scenario;
    if (s->crashing || row->fate != FATE_CRASHES) {
        return;
    }
    s->crashing = true;
    plan(s, TURN_RESTART, w->now_ms, row->restart_after_ms);
    plan(s, TURN_CRASH, w->now_ms, row->crash_after_ms);
}

static bool below_minimum(const struct sim_service *s)
{
    return s->row->autoscaled && s->desired < s->row->desired;
}

void sim_turns_counted(struct world_ecs *w, struct sim_service *s)
{
    s->turns[TURN_RAISE] = SIM_NEVER;
    if (below_minimum(s)) {
        plan(s, TURN_RAISE, w->now_ms, w->scenario->raised_after_ms);
    }
}

void sim_turns_suspended(struct world_ecs *w, struct sim_service *s)
{
    s->turns[TURN_RESUME] = SIM_NEVER;
    if (s->suspended.out && !s->resumed) {
        plan(s, TURN_RESUME, w->now_ms, w->scenario->resumed_after_ms);
    }
}

int64_t sim_turns_due(const struct sim_service *s)
{
    int64_t due = SIM_NEVER;
    for (size_t i = 0; i < SIM_TURNS; i++) {
        due = s->turns[i] < due ? s->turns[i] : due;
    }
    return due;
}

static void supersede(struct world_ecs *w, struct sim_service *s)
{
    sim_rollout_begin(w, s, s->deployments[0].revision);
}

static void set_count(struct world_ecs *w, struct sim_service *s, int desired)
{
    s->desired = desired;
    s->steady = false;
    s->tick_ms = w->now_ms;
}

static void go_zero(struct world_ecs *w, struct sim_service *s)
{
    set_count(w, s, 0);
    sim_turns_counted(w, s);
}

static void scale(struct world_ecs *w, struct sim_service *s)
{
    if (!s->suspended.out) {
        set_count(w, s, s->desired + 1);
    }
}

/* An alarm wants more while the count is below the minimum: it becomes the minimum, at once or when nobody
 * suspends that any more. */
static void raise_to_minimum(struct world_ecs *w, struct sim_service *s)
{
    if (below_minimum(s) && !s->suspended.out) {
        set_count(w, s, s->row->desired);
    }
    sim_turns_counted(w, s);
}

static void resume(struct world_ecs *w, struct sim_service *s)
{
    s->resumed = true;
    sim_suspend(w, s, (struct sim_switches){0});
}

static void stop_by_hand(struct world_ecs *w, struct sim_service *s)
{
    struct sim_record *r = &s->records[0];
    if (sim_record_running(r) && r->rollback_ms == 0) {
        sim_rollout_back(w, s, BACK_BY_HAND);
    }
}

static void alarm_rings(struct world_ecs *w, struct sim_service *s)
{
    struct sim_record *r = &s->records[0];
    if (w->alarm_ms == 0) {
        w->alarm_ms = w->now_ms;
    }
    if (w->scenario->alarm_rolls_back && sim_record_running(r) && r->rollback_ms == 0) {
        sim_rollout_fail(w, s, BACK_BY_ALARM);
    }
}

/* The oldest one that serves. */
static struct sim_task *oldest(struct sim_service *s)
{
    struct sim_task *found = NULL;
    for (struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        found = t->phase == PHASE_SERVING ? t : found;
    }
    return found;
}

/* Same task, another runtime id: no event, no failed task, nothing that ECS tells. */
static void restart_in_place(struct world_ecs *w, struct sim_service *s)
{
    struct sim_task *t = oldest(s);
    if (t != NULL) {
        t->restarts++;
        t->rebooting_until_ms = w->now_ms + REBOOT_MS;
    }
}

static void crash(struct world_ecs *w, struct sim_service *s)
{
    struct sim_task *t = oldest(s);
    if (t != NULL) {
        sim_task_exits(w, s, t);
    }
    plan(s, TURN_CRASH, w->now_ms, w->scenario->crash_every_ms);
}

void sim_turns_happen(struct world_ecs *w, struct sim_service *s)
{
    static void (*const acts[SIM_TURNS])(struct world_ecs * w, struct sim_service * s) = {
        [TURN_SUPERSEDE] = supersede,  [TURN_ZERO] = go_zero,
        [TURN_STOP] = stop_by_hand,    [TURN_SCALE] = scale,
        [TURN_ALARM] = alarm_rings,    [TURN_CONTINUE] = sim_hook_continue,
        [TURN_BAKED] = sim_hook_baked, [TURN_RESTART] = restart_in_place,
        [TURN_CRASH] = crash,          [TURN_RAISE] = raise_to_minimum,
        [TURN_RESUME] = resume,
    };
    for (size_t i = 0; i < SIM_TURNS; i++) {
        if (s->turns[i] <= w->now_ms) {
            s->turns[i] = SIM_NEVER;
            acts[i](w, s);
        }
    }
}

/* ---- the stages of a deployment that a hook holds up */

bool sim_hook_holds(struct world_ecs *w, struct sim_service *s, bool all_new_serve)
{
    struct sim_record *r = &s->records[0];
    if (w->scenario->pause_ms == 0 || !sim_record_running(r) || r->rollback_ms != 0 || r->stage == NULL) {
        return false;
    }
    if (text_equal(r->stage, "SCALE_UP") && all_new_serve) {
        r->stage = "POST_SCALE_UP";
        r->hook_ms = w->now_ms;
        plan(s, TURN_CONTINUE, w->now_ms, w->scenario->pause_ms);
    }
    return !text_equal(r->stage, "CLEAN_UP");
}

void sim_hook_continue(struct world_ecs *w, struct sim_service *s)
{
    struct sim_record *r = &s->records[0];
    if (r->stage != NULL && text_equal(r->stage, "POST_SCALE_UP")) {
        r->stage = "BAKE_TIME";
        r->updated_ms = w->now_ms;
        plan(s, TURN_BAKED, w->now_ms, w->scenario->bake_ms);
    }
}

void sim_hook_baked(struct world_ecs *w, struct sim_service *s)
{
    struct sim_record *r = &s->records[0];
    if (r->stage != NULL && text_equal(r->stage, "BAKE_TIME")) {
        r->stage = "CLEAN_UP";
        r->updated_ms = w->now_ms;
        s->tick_ms = w->now_ms;
    }
}
