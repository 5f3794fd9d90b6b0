/* After-care's goal and state as versioned JSON. */
#include <string.h>

#include "base/jsonx.h"
#include "ecs/care.h"
#include "saved.h"

#define VERSION 1

#define GOAL(field, kind)       SAVED_FIELD(care_goal, field, SAVED_##kind, 0)
#define STATE(field, kind)      SAVED_FIELD(care_state, field, SAVED_##kind, 0)
#define STATE_ENUM(field, last) SAVED_FIELD(care_state, field, SAVED_ENUM, last)

static const struct saved_field goal_fields[] = {
    GOAL(deployment_id, TEXT),
    GOAL(began_ms, I64),
    GOAL(until_ms, I64),
    GOAL(wanted, INT),
};

static const struct saved_field state_fields[] = {
    STATE(crashes, INT),
    STATE(restarts, INT),
    STATE(flaps, INT),
    STATE(lowest_healthy, INT),
    STATE(not_served_total_ms, I64),
    STATE_ENUM(served, SERVED_NO),
    STATE(served_since_ms, I64),
    STATE(last_reason, TEXT),
    STATE(seen_ms, I64),
    STATE(blind_total_ms, I64),
    STATE(superseded, BOOL),
    STATE(over, BOOL),
    STATE(told_until_ms, I64),
    STATE(targets_seen_ms, I64),
    STATE(judged_ms, I64),
    STATE(other_since_ms, I64),
    STATE(primary_id, TEXT),
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Pairs as one list: key, value, key, value. */
static json_t *save_containers(const struct care_state *state)
{
    uint64_t flat[2 * CARE_CONTAINERS];

    for (size_t i = 0; i < state->container_count; i++) {
        flat[2 * i] = state->containers[i].task;
        flat[2 * i + 1] = state->containers[i].runtime;
    }
    return saved_write_hashes(flat, 2 * state->container_count);
}

static json_t *save_targets(const struct care_state *state)
{
    uint64_t flat[2 * CARE_TARGETS];

    for (size_t i = 0; i < state->target_count; i++) {
        flat[2 * i] = state->targets[i].target;
        flat[2 * i + 1] = state->targets[i].healthy;
    }
    return saved_write_hashes(flat, 2 * state->target_count);
}

json_t *care_save(const struct care_goal *goal, const struct care_state *state)
{
    json_t *root = json_object(), *saved = saved_write(state_fields, COUNT(state_fields), state);

    json_object_set_new(saved, "told", saved_write_hashes(state->told, state->told_count));
    json_object_set_new(saved, "told_stops", saved_write_times(state->told_stops, state->told_count));
    json_object_set_new(saved, "containers", save_containers(state));
    json_object_set_new(saved, "targets", save_targets(state));
    json_object_set_new(root, "version", json_integer(VERSION));
    json_object_set_new(root, "goal", saved_write(goal_fields, COUNT(goal_fields), goal));
    json_object_set_new(root, "state", saved);
    return root;
}

static void load_lists(const json_t *saved, struct care_state *to)
{
    uint64_t flat[2 * CARE_CONTAINERS];
    _Static_assert(CARE_TARGETS <= CARE_CONTAINERS, "targets have room in flat");

    to->told_count = saved_read_hashes(json_object_get(saved, "told"), to->told, CARE_TASKS);
    saved_read_times(json_object_get(saved, "told_stops"), to->told_stops, to->told_count, 0);
    to->container_count =
        saved_read_hashes(json_object_get(saved, "containers"), flat, 2 * CARE_CONTAINERS) / 2;
    for (size_t i = 0; i < to->container_count; i++) {
        to->containers[i].task = flat[2 * i];
        to->containers[i].runtime = flat[2 * i + 1];
    }
    to->target_count = saved_read_hashes(json_object_get(saved, "targets"), flat, 2 * CARE_TARGETS) / 2;
    for (size_t i = 0; i < to->target_count; i++) {
        to->targets[i].target = flat[2 * i];
        to->targets[i].healthy = flat[2 * i + 1] != 0;
    }
}

bool care_load(const json_t *saved, struct care_goal *ret_goal, struct care_state *ret_state, struct err *err)
{
    const json_t *part = jsonx_at(saved, "state");
    struct care_goal goal;
    struct care_state state;

    if (!saved_is_known(saved, "a saved after-care", VERSION, VERSION, err))
        return false;
    memset(&goal, 0, sizeof goal);
    if (!saved_read(goal_fields, COUNT(goal_fields), jsonx_at(saved, "goal"), &goal, err))
        return false;
    care_begin(&goal, &state);
    if (!saved_read(state_fields, COUNT(state_fields), part, &state, err))
        return false;
    load_lists(part, &state);
    *ret_goal = goal;
    *ret_state = state;
    return true;
}
