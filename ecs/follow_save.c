/* The follower's goal and state as versioned JSON. Version 1 knew no other goal than a deployment, no targets
 * and no proof: what it lacks begins as if nothing had been seen yet. */
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "ecs/follow.h"
#include "saved.h"

#define VERSION_FIRST 1
#define VERSION       2

#define GOAL(field, kind)       SAVED_FIELD(follow_goal, field, SAVED_##kind, 0)
#define STATE(field, kind)      SAVED_FIELD(follow_state, field, SAVED_##kind, 0)
#define STATE_ENUM(field, last) SAVED_FIELD(follow_state, field, SAVED_ENUM, last)
#define PROOF(field, kind)      SAVED_FIELD(follow_proof, field, SAVED_##kind, 0)

static const struct saved_field goal_fields[] = {
    SAVED_FIELD(follow_goal, kind, SAVED_ENUM, FOLLOW_BACK_TO),
    GOAL(deployment_id, TEXT),
    GOAL(previous_id, TEXT),
    GOAL(unsure, BOOL),
    GOAL(began_ms, I64),
    GOAL(wanted, INT),
    GOAL(slow_after_ms, I64),
    GOAL(give_up_after_ms, I64),
    GOAL(remind_every_ms, I64),
};

static const struct saved_field state_fields[] = {
    STATE_ENUM(phase, FOLLOW_ENDED),
    STATE_ENUM(served, SERVED_NO),
    STATE(served_since_ms, I64),
    STATE(not_served_total_ms, I64),
    STATE(lowest_healthy, INT),
    STATE(wanted, INT),
    STATE(old_running, INT),
    STATE(new_running, INT),
    STATE(new_pending, INT),
    STATE(new_failed, INT),
    STATE(new_desired, INT),
    STATE(new_serve_ms, I64),
    STATE(failed_tasks, INT),
    STATE(outside_tasks, INT),
    STATE(same_reason, INT),
    STATE(last_reason, TEXT),
    STATE(last_event, TEXT),
    STATE(last_event_ms, I64),
    STATE(not_stabilising, BOOL),
    STATE_ENUM(wait, FOLLOW_WAIT_STAGE),
    STATE(wait_since_ms, I64),
    STATE(wait_until_ms, I64),
    STATE(wait_detail, TEXT),
    STATE(by_targets, BOOL),
    STATE(targets_healthy, INT),
    STATE(targets_total, INT),
    STATE(sick_target, TEXT),
    STATE(serving, INT),
    STATE(new_serving, INT),
    STATE(breaker_failures, INT),
    STATE(breaker_threshold, INT),
    STATE(seen_ms, I64),
    STATE_ENUM(verdict, VERDICT_STOPPED_FOLLOWING),
    STATE_ENUM(by, BY_PERSON),
    STATE(other_id, TEXT),
    STATE(note, TEXT),
    STATE(ended_ms, I64),
    STATE(unseen_since_ms, I64),
    STATE(absent_since_ms, I64),
    STATE(reminded_ms, I64),
    STATE(told_slow_ms, I64),
    STATE(last_change_ms, I64),
    STATE(stable_polls, I64),
    STATE(own_created_ms, I64),
    STATE(failed_since_ms, I64),
    STATE(tasks_seen_ms, I64),
    STATE(targets_seen_ms, I64),
    STATE(other_count_since_ms, I64),
    STATE(stable_since_ms, I64),
    STATE(reason, TEXT),
    STATE(newest_stop_ms, I64),
    STATE(told_until_ms, I64),
    STATE(reminders, INT),
    STATE(blind_told, BOOL),
    STATE(was_primary, BOOL),
    STATE(silence_told, BOOL),
    STATE(slowing_told, BOOL),
    STATE(paused_told, BITS),
    STATE(tasks_mark, BITS),
    STATE(replaced_gone, BITS),
    STATE(seen_event_count, SIZE),
};

static const struct saved_field proof_fields[] = {
    PROOF(old_count, SIZE),  PROOF(new_count, SIZE),      PROOF(old_digest, TEXT),
    PROOF(new_digest, TEXT), PROOF(old_definition, TEXT), PROOF(new_definition, TEXT),
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- out */

static json_t *save_proof(const struct follow_proof *p)
{
    json_t *saved = saved_write(proof_fields, COUNT(proof_fields), p);

    json_object_set_new(
        saved, "old_tasks",
        saved_write_texts(p->old_tasks[0], sizeof p->old_tasks[0],
                          p->old_count < FOLLOW_PROOF_TASKS ? p->old_count : FOLLOW_PROOF_TASKS));
    json_object_set_new(
        saved, "new_tasks",
        saved_write_texts(p->new_tasks[0], sizeof p->new_tasks[0],
                          p->new_count < FOLLOW_PROOF_TASKS ? p->new_count : FOLLOW_PROOF_TASKS));
    return saved;
}

json_t *follow_save(const struct follow_goal *goal, const struct follow_state *state)
{
    json_t *root = json_object(), *reasons = json_array();
    json_t *saved = saved_write(state_fields, COUNT(state_fields), state);
    json_t *saved_goal = saved_write(goal_fields, COUNT(goal_fields), goal);
    size_t events =
        state->seen_event_count < FOLLOW_SEEN_EVENTS ? state->seen_event_count : FOLLOW_SEEN_EVENTS;

    for (size_t i = 0; i < state->reason_count; i++)
        json_array_append_new(
            reasons, json_pack("{s:s, s:i}", "key", state->reasons[i].key, "count", state->reasons[i].count));
    json_object_set_new(saved, "reasons", reasons);
    json_object_set_new(saved, "seen_events", saved_write_hashes(state->seen_events, events));
    json_object_set_new(saved, "seen_tasks", saved_write_hashes(state->seen_tasks, state->seen_task_count));
    json_object_set_new(saved, "seen_task_stops",
                        saved_write_times(state->seen_task_stops, state->seen_task_count));
    json_object_set_new(saved, "proof", save_proof(&state->proof));
    json_object_set_new(saved_goal, "replaced",
                        saved_write_texts(goal->replaced[0], sizeof goal->replaced[0], goal->replaced_count));
    json_object_set_new(root, "version", json_integer(VERSION));
    json_object_set_new(root, "goal", saved_goal);
    json_object_set_new(root, "state", saved);
    return root;
}

/* ---- in */

static bool load_proof(const json_t *saved, struct follow_proof *to, struct err *err)
{
    if (!saved_read(proof_fields, COUNT(proof_fields), saved, to, err))
        return false;
    saved_read_texts(json_object_get(saved, "old_tasks"), to->old_tasks[0], sizeof to->old_tasks[0],
                     FOLLOW_PROOF_TASKS);
    saved_read_texts(json_object_get(saved, "new_tasks"), to->new_tasks[0], sizeof to->new_tasks[0],
                     FOLLOW_PROOF_TASKS);
    return true;
}

static bool load_lists(const json_t *saved, struct follow_state *to, struct err *err)
{
    const json_t *reasons = json_object_get(saved, "reasons");
    size_t events =
        saved_read_hashes(json_object_get(saved, "seen_events"), to->seen_events, FOLLOW_SEEN_EVENTS);
    size_t told = to->seen_event_count < FOLLOW_SEEN_EVENTS ? to->seen_event_count : FOLLOW_SEEN_EVENTS;

    if (events != told)
        return err_set(err, ERR_PROTOCOL, "saved following: \"seen_events\" does not fit its count");
    to->seen_task_count =
        saved_read_hashes(json_object_get(saved, "seen_tasks"), to->seen_tasks, FOLLOW_SEEN_TASKS);
    saved_read_times(json_object_get(saved, "seen_task_stops"), to->seen_task_stops, to->seen_task_count,
                     to->newest_stop_ms);
    for (size_t i = 0; i < json_array_size(reasons) && i < COUNT(to->reasons); i++) {
        const json_t *one = json_array_get(reasons, i);

        int64_t count = jsonx_int(one, "count", 0);

        if (count < 0 || count > SAVED_COUNT_MOST)
            return err_set(err, ERR_PROTOCOL, "saved following: a count of \"reasons\" is out of range");
        text_clean(to->reasons[i].key, sizeof to->reasons[i].key, jsonx_text(one, "key"), false);
        to->reasons[i].count = (int)count;
        to->reason_count = i + 1;
    }
    return load_proof(json_object_get(saved, "proof"), &to->proof, err);
}

/* What it asks for must be there to be asked for. */
static bool load_goal(const json_t *saved, struct follow_goal *to, struct err *err)
{
    memset(to, 0, sizeof *to);
    if (!saved_read(goal_fields, COUNT(goal_fields), saved, to, err))
        return false;
    to->replaced_count = saved_read_texts(json_object_get(saved, "replaced"), to->replaced[0],
                                          sizeof to->replaced[0], FOLLOW_REPLACED_MOST);
    if (!to->deployment_id[0] && (to->kind == FOLLOW_DEPLOYMENT || to->kind == FOLLOW_BACK_TO))
        return err_set(err, ERR_PROTOCOL, "saved following: it names no deployment");
    if (to->replaced_count == 0 && to->kind == FOLLOW_REPLACED)
        return err_set(err, ERR_PROTOCOL, "saved following: it names no task to be replaced");
    return true;
}

bool follow_load(const json_t *saved, struct follow_goal *ret_goal, struct follow_state *ret_state,
                 struct err *err)
{
    const json_t *part = jsonx_at(saved, "state");
    struct follow_goal goal;
    struct follow_state state;

    if (!saved_is_known(saved, "a saved following", VERSION_FIRST, VERSION, err) ||
        !load_goal(jsonx_at(saved, "goal"), &goal, err))
        return false;
    follow_begin(&goal, &state);
    if (!saved_read(state_fields, COUNT(state_fields), part, &state, err) || !load_lists(part, &state, err))
        return false;
    *ret_goal = goal;
    *ret_state = state;
    return true;
}
