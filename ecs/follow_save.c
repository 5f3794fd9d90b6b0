/* The follower's goal and state as versioned JSON: one table of fields for both ways. A field that an older
 * text lacks keeps its beginning value; a value out of range refuses the whole text. */
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "ecs/follow.h"

#define VERSION 1

#define COUNT_MOST 1000000000               /* what is counted on from there does not overflow */
#define TIME_MOST  INT64_C(253402300799999) /* the end of the year 9999 */

enum kind { TEXT, INT, I64, SIZE, BOOL, ENUM };

struct field {
    const char *name;
    enum kind kind;
    size_t offset, size; /* size of TEXT */
    int last;            /* last value of ENUM */
};

#define FIELD(type, field, kind, last)                                                                       \
    {                                                                                                        \
#field, kind, offsetof(struct type, field), sizeof(((struct type *)0)->field), last                  \
    }
#define GOAL(field, kind)       FIELD(follow_goal, field, kind, 0)
#define STATE(field, kind)      FIELD(follow_state, field, kind, 0)
#define STATE_ENUM(field, last) FIELD(follow_state, field, ENUM, last)

static const struct field goal_fields[] = {
    FIELD(follow_goal, kind, ENUM, FOLLOW_DEPLOYMENT),
    GOAL(deployment_id, TEXT),
    GOAL(previous_id, TEXT),
    GOAL(unsure, BOOL),
    GOAL(began_ms, I64),
    GOAL(wanted, INT),
    GOAL(slow_after_ms, I64),
    GOAL(give_up_after_ms, I64),
    GOAL(remind_every_ms, I64),
};

static const struct field state_fields[] = {
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
    STATE(same_reason, INT),
    STATE(last_reason, TEXT),
    STATE(last_event, TEXT),
    STATE(last_event_ms, I64),
    STATE(not_stabilising, BOOL),
    STATE(seen_ms, I64),
    STATE_ENUM(verdict, VERDICT_STOPPED_FOLLOWING),
    STATE_ENUM(by, BY_PERSON),
    STATE(other_id, TEXT),
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
    STATE(reason, TEXT),
    STATE(newest_stop_ms, I64),
    STATE(told_until_ms, I64),
    STATE(reminders, INT),
    STATE(blind_told, BOOL),
    STATE(was_primary, BOOL),
    STATE(seen_event_count, SIZE),
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

_Static_assert(sizeof(enum follow_phase) == sizeof(int), "enums are kept as int");

/* ---- out */

static json_t *save_field(const struct field *f, const char *from)
{
    int n;
    int64_t wide;
    size_t size;
    bool truth;

    switch (f->kind) {
    case TEXT: return json_string(from);
    case INT:
    case ENUM: memcpy(&n, from, sizeof n); return json_integer(n);
    case I64: memcpy(&wide, from, sizeof wide); return json_integer(wide);
    case SIZE: memcpy(&size, from, sizeof size); return json_integer((json_int_t)size);
    case BOOL: memcpy(&truth, from, sizeof truth); return json_boolean(truth);
    }
    return NULL;
}

static json_t *save_fields(const struct field *fields, size_t count, const void *from)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, fields[i].name,
                            save_field(&fields[i], (const char *)from + fields[i].offset));
    return object;
}

/* The bits of a hash as JSON's signed number. */
static json_t *save_hashes(const uint64_t *hashes, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_int_t bits;

        memcpy(&bits, &hashes[i], sizeof bits);
        json_array_append_new(array, json_integer(bits));
    }
    return array;
}

json_t *follow_save(const struct follow_goal *goal, const struct follow_state *state)
{
    json_t *root = json_object(), *reasons = json_array();
    json_t *saved = save_fields(state_fields, COUNT(state_fields), state);
    size_t events =
        state->seen_event_count < FOLLOW_SEEN_EVENTS ? state->seen_event_count : FOLLOW_SEEN_EVENTS;

    for (size_t i = 0; i < state->reason_count; i++)
        json_array_append_new(
            reasons, json_pack("{s:s, s:i}", "key", state->reasons[i].key, "count", state->reasons[i].count));
    json_object_set_new(saved, "reasons", reasons);
    json_object_set_new(saved, "seen_events", save_hashes(state->seen_events, events));
    json_object_set_new(saved, "seen_tasks", save_hashes(state->seen_tasks, state->seen_task_count));
    json_object_set_new(root, "version", json_integer(VERSION));
    json_object_set_new(root, "goal", save_fields(goal_fields, COUNT(goal_fields), goal));
    json_object_set_new(root, "state", saved);
    return root;
}

/* ---- in */

static bool load_number(const struct field *f, const json_t *value, char *to, struct err *err)
{
    json_int_t wide = json_integer_value(value);
    json_int_t least = f->kind == INT ? -COUNT_MOST : f->kind == I64 ? -TIME_MOST : 0;
    json_int_t most = f->kind == ENUM ? f->last : f->kind == I64 ? TIME_MOST : COUNT_MOST;
    int n = (int)wide;
    size_t size = (size_t)wide;
    int64_t ms = wide;

    if (!json_is_integer(value))
        return err_set(err, ERR_PROTOCOL, "saved following: \"%s\" is no whole number", f->name);
    if (wide < least || wide > most)
        return err_set(err, ERR_PROTOCOL, "saved following: \"%s\" is out of range", f->name);
    if (f->kind == I64)
        memcpy(to, &ms, sizeof ms);
    else if (f->kind == SIZE)
        memcpy(to, &size, sizeof size);
    else
        memcpy(to, &n, sizeof n);
    return true;
}

static bool load_field(const struct field *f, const json_t *value, char *to, struct err *err)
{
    bool truth = json_is_true(value);

    switch (f->kind) {
    case TEXT:
        if (!json_is_string(value))
            return err_set(err, ERR_PROTOCOL, "saved following: \"%s\" is no text", f->name);
        text_clean(to, f->size, json_string_value(value), false);
        return true;
    case BOOL:
        if (!json_is_boolean(value))
            return err_set(err, ERR_PROTOCOL, "saved following: \"%s\" is neither true nor false", f->name);
        memcpy(to, &truth, sizeof truth);
        return true;
    default: return load_number(f, value, to, err);
    }
}

static bool load_fields(const struct field *fields, size_t count, const json_t *object, void *to,
                        struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, fields[i].name);

        if (value && !load_field(&fields[i], value, (char *)to + fields[i].offset, err))
            return false;
    }
    return true;
}

static size_t load_hashes(const json_t *array, uint64_t *to, size_t most)
{
    size_t count = json_array_size(array) < most ? json_array_size(array) : most;

    for (size_t i = 0; i < count; i++) {
        json_int_t bits = json_integer_value(json_array_get(array, i));

        memcpy(&to[i], &bits, sizeof to[i]);
    }
    return count;
}

static bool load_lists(const json_t *saved, struct follow_state *to, struct err *err)
{
    const json_t *reasons = json_object_get(saved, "reasons");
    size_t events = load_hashes(json_object_get(saved, "seen_events"), to->seen_events, FOLLOW_SEEN_EVENTS);
    size_t told = to->seen_event_count < FOLLOW_SEEN_EVENTS ? to->seen_event_count : FOLLOW_SEEN_EVENTS;

    if (events != told)
        return err_set(err, ERR_PROTOCOL, "saved following: \"seen_events\" does not fit its count");
    to->seen_task_count =
        load_hashes(json_object_get(saved, "seen_tasks"), to->seen_tasks, FOLLOW_SEEN_TASKS);
    for (size_t i = 0; i < json_array_size(reasons) && i < COUNT(to->reasons); i++) {
        const json_t *one = json_array_get(reasons, i);

        int64_t count = jsonx_int(one, "count", 0);

        if (count < 0 || count > COUNT_MOST)
            return err_set(err, ERR_PROTOCOL, "saved following: a count of \"reasons\" is out of range");
        text_clean(to->reasons[i].key, sizeof to->reasons[i].key, jsonx_text(one, "key"), false);
        to->reasons[i].count = (int)count;
        to->reason_count = i + 1;
    }
    return true;
}

bool follow_load(const json_t *saved, struct follow_goal *ret_goal, struct follow_state *ret_state,
                 struct err *err)
{
    int64_t version = jsonx_int(saved, "version", 0);
    const json_t *part = jsonx_at(saved, "state");
    struct follow_goal goal;
    struct follow_state state;

    if (version != VERSION)
        return err_set(
            err, ERR_STALE,
            "a saved following has version %lld, this program knows version %d: finish it with the "
            "program that began it",
            (long long)version, VERSION);
    memset(&goal, 0, sizeof goal);
    if (!load_fields(goal_fields, COUNT(goal_fields), jsonx_at(saved, "goal"), &goal, err))
        return false;
    if (!goal.deployment_id[0])
        return err_set(err, ERR_PROTOCOL, "saved following: it names no deployment");
    follow_begin(&goal, &state);
    if (!load_fields(state_fields, COUNT(state_fields), part, &state, err) || !load_lists(part, &state, err))
        return false;
    *ret_goal = goal;
    *ret_state = state;
    return true;
}
