/* Goal and state through JSON and back. That a saved course ends as an uninterrupted one is tested at every
 * step of every course in ecs_follow.c; here: each field, and texts that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/follow.h"

static void fill(struct follow_goal *goal, struct follow_state *state)
{
    memset(goal, 0, sizeof *goal);
    TEXT_COPY(goal->deployment_id, "ecs-svc/0123");
    TEXT_COPY(goal->previous_id, "ecs-svc/7");
    goal->unsure = true;
    goal->began_ms = 1795356128123;
    goal->wanted = 3;
    goal->slow_after_ms = 1;
    goal->give_up_after_ms = 2;
    goal->remind_every_ms = 3;
    follow_begin(goal, state);
    state->phase = FOLLOW_DRAINING;
    state->served = SERVED_NO;
    state->served_since_ms = 11;
    state->not_served_total_ms = 12;
    state->lowest_healthy = -1;
    state->wanted = 13;
    state->old_running = 14;
    state->new_running = 15;
    state->new_pending = 16;
    state->new_desired = 17;
    state->new_serve_ms = 18;
    state->failed_tasks = 19;
    state->same_reason = 20;
    TEXT_COPY(state->last_reason, "exit code 1 in \"api\"");
    TEXT_COPY(state->last_event, "(service api) \xe2\x80\xa6");
    state->last_event_ms = 21;
    state->not_stabilising = true;
    state->seen_ms = 22;
    state->verdict = VERDICT_NONE;
    state->by = BY_PERSON;
    TEXT_COPY(state->other_id, "ecs-svc/9");
    state->ended_ms = 23;
    state->unseen_since_ms = 24;
    state->absent_since_ms = 25;
    state->reminded_ms = 26;
    state->told_slow_ms = 27;
    state->last_change_ms = 28;
    state->stable_polls = 1;
    state->own_created_ms = 29;
    state->failed_since_ms = 30;
    state->tasks_seen_ms = 31;
    TEXT_COPY(state->reason, "because");
    state->newest_stop_ms = 33;
    state->told_until_ms = 34;
    state->reminders = 32;
    state->blind_told = state->was_primary = true;
    for (size_t i = 0; i < FOLLOW_SEEN_EVENTS; i++)
        state->seen_events[i] = UINT64_MAX - i;
    state->seen_event_count = 1000; /* the ring went round */
    state->seen_tasks[0] = 0x8000000000000001u;
    state->seen_task_count = 1;
    TEXT_COPY(state->reasons[0].key, "exit:1:api");
    state->reasons[0].count = 19;
    state->reason_count = 1;
}

static void test_every_field(void **unused)
{
    static struct follow_goal goal, goal2;
    static struct follow_state state, state2;
    struct err err;
    char *text;
    json_t *saved, *read;

    (void)unused;
    memset(&state, 0, sizeof state);
    fill(&goal, &state);
    saved = follow_save(&goal, &state);
    text = jsonx_print(saved); /* as the store keeps it */
    read = jsonx_parse(text, strlen(text), &err);
    assert_non_null(read);
    memset(&goal2, 0xaa, sizeof goal2);
    memset(&state2, 0xaa, sizeof state2);
    assert_true(follow_load(read, &goal2, &state2, &err));
    assert_string_equal(goal2.deployment_id, goal.deployment_id);
    assert_string_equal(goal2.previous_id, goal.previous_id);
    assert_true(goal2.unsure && goal2.began_ms == goal.began_ms && goal2.wanted == 3);
    assert_true(goal2.slow_after_ms == 1 && goal2.give_up_after_ms == 2 && goal2.remind_every_ms == 3);
    /* the state was zeroed before it was filled on both sides, so that it may be compared whole */
    assert_memory_equal(&state2, &state, sizeof state);
    mem_free(text);
    json_decref(saved);
    json_decref(read);
}

/* The saved text with one value changed; place: "state.phase". NULL removes it. */
static bool load_with(const char *object, const char *name, json_t *value, struct err *ret_err)
{
    static struct follow_goal goal;
    static struct follow_state state;
    json_t *saved;
    bool ok;

    fill(&goal, &state);
    saved = follow_save(&goal, &state);
    json_t *at = *object ? json_object_get(saved, object) : saved;
    if (value)
        json_object_set_new(at, name, value);
    else
        json_object_del(at, name);
    memset(&goal, 0x55, sizeof goal);
    ok = follow_load(saved, &goal, &state, ret_err);
    if (!ok)
        assert_int_equal(goal.wanted, 0x55555555); /* untouched */
    json_decref(saved);
    return ok;
}

static void test_refused(void **unused)
{
    struct err err;

    (void)unused;
    assert_false(load_with("", "version", json_integer(2), &err));
    assert_non_null(strstr(err.text, "version 2"));
    assert_false(load_with("", "version", NULL, &err));
    assert_false(load_with("", "goal", NULL, &err));
    assert_false(load_with("state", "phase", json_integer(FOLLOW_ENDED + 1), &err));
    assert_false(load_with("state", "phase", json_integer(-1), &err));
    assert_false(load_with("state", "verdict", json_string("x"), &err));
    assert_false(load_with("state", "wanted", json_integer(INT64_C(1) << 40), &err));
    assert_false(load_with("state", "seen_event_count", json_integer(-1), &err));
    assert_false(load_with("state", "seen_events", json_array(), &err));
    assert_false(load_with("state", "blind_told", json_integer(1), &err));
    assert_false(load_with("state", "reason", json_integer(1), &err));
    assert_true(load_with("state", "reminders", NULL, &err)); /* an older text */
    assert_true(load_with("state", "something_new", json_integer(1), &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
