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

static void fill_proof(struct follow_proof *p)
{
    p->old_count = 9;
    for (size_t i = 0; i < FOLLOW_PROOF_TASKS; i++)
        TEXT_FORMAT(p->old_tasks[i], "old%d", (int)i);
    p->new_count = 1;
    TEXT_COPY(p->new_tasks[0], "new");
    TEXT_COPY(p->old_digest, "sha256:a");
    TEXT_COPY(p->new_digest, "sha256:b");
    TEXT_COPY(p->old_definition, "f:1");
    TEXT_COPY(p->new_definition, "f:2");
}

static void fill_what_version_1_lacks(struct follow_goal *goal, struct follow_state *state)
{
    TEXT_COPY(goal->replaced[0], "t1");
    TEXT_COPY(goal->replaced[1], "t2");
    goal->replaced_count = 2;
    state->outside_tasks = 40;
    state->wait = FOLLOW_WAIT_BAKE;
    state->wait_since_ms = 41;
    state->wait_until_ms = 42;
    TEXT_COPY(state->wait_detail, "why");
    state->by_targets = true;
    state->targets_healthy = 43;
    state->targets_total = 44;
    TEXT_COPY(state->sick_target, "codes: [502]");
    state->serving = 45;
    state->new_serving = 46;
    state->breaker_failures = 47;
    state->breaker_threshold = 48;
    TEXT_COPY(state->note, "note");
    state->silence_told = state->slowing_told = true;
    state->targets_seen_ms = 49;
    state->other_count_since_ms = 50;
    state->stable_since_ms = 51;
    state->paused_told = UINT64_MAX;
    state->tasks_mark = UINT64_C(1) << 63;
    state->replaced_gone = 3;
    fill_proof(&state->proof);
}

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
    state->seen_task_stops[0] = 35;
    state->seen_task_count = 1;
    TEXT_COPY(state->reasons[0].key, "exit:1:api");
    state->reasons[0].count = 19;
    state->reason_count = 1;
    fill_what_version_1_lacks(goal, state);
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
    assert_int_equal(goal2.replaced_count, 2);
    assert_string_equal(goal2.replaced[1], "t2");
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

/* A text of version 1: the fields that it lacks begin as if nothing had been seen. */
static void test_version_1(void **unused)
{
    static const char *const kept[] = {"phase",      "served",      "failed_tasks",
                                       "reasons",    "seen_events", "seen_event_count",
                                       "seen_tasks", "verdict",     "told_until_ms"};
    static struct follow_goal goal;
    static struct follow_state state;
    struct err err;
    json_t *saved, *old = json_object();

    (void)unused;
    fill(&goal, &state);
    saved = follow_save(&goal, &state);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        json_object_set(old, kept[i], json_object_get(json_object_get(saved, "state"), kept[i]));
    json_object_set_new(saved, "state", old);
    json_object_set_new(saved, "version", json_integer(1));
    json_object_del(json_object_get(saved, "goal"), "replaced");
    assert_true(follow_load(saved, &goal, &state, &err));
    assert_int_equal(goal.kind, FOLLOW_DEPLOYMENT);
    assert_int_equal(goal.replaced_count, 0);
    assert_int_equal(state.phase, FOLLOW_DRAINING);
    assert_int_equal(state.failed_tasks, 19);
    assert_int_equal(state.seen_event_count, 1000);
    assert_true(state.seen_task_stops[0] == 0); /* newest_stop_ms, which this one does not keep */
    assert_int_equal(state.targets_total, -1);
    assert_int_equal(state.new_serving, -1);
    assert_int_equal(state.breaker_threshold, -1);
    assert_int_equal(state.wait, FOLLOW_WAIT_NOTHING);
    json_decref(saved);
}

static void test_refused(void **unused)
{
    struct err err;

    (void)unused;
    assert_false(load_with("", "version", json_integer(3), &err));
    assert_non_null(strstr(err.text, "version 3"));
    assert_false(load_with("", "version", NULL, &err));
    assert_false(load_with("", "goal", NULL, &err));
    assert_false(load_with("state", "phase", json_integer(FOLLOW_ENDED + 1), &err));
    assert_false(load_with("state", "phase", json_integer(-1), &err));
    assert_false(load_with("state", "verdict", json_string("x"), &err));
    assert_false(load_with("state", "wanted", json_integer(INT64_C(1) << 40), &err));
    assert_false(load_with("state", "seen_event_count", json_integer(-1), &err));
    assert_false(load_with("state", "seen_events", json_array(), &err));
    assert_false(load_with("goal", "kind", json_integer(FOLLOW_BACK_TO + 1), &err));
    assert_false(load_with("goal", "deployment_id", NULL, &err));
    assert_non_null(strstr(err.text, "no deployment"));
    assert_false(load_with("state", "paused_told", json_string("x"), &err));
    assert_false(load_with("state", "blind_told", json_integer(1), &err));
    assert_false(load_with("state", "reason", json_integer(1), &err));
    assert_true(load_with("state", "reminders", NULL, &err)); /* an older text */
    assert_true(load_with("state", "something_new", json_integer(1), &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
