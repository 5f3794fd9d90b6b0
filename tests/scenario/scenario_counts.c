/* scale, shutdown and start in the simulated world, in virtual time: what is sent, what is remembered, what
 * people read. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_counts.h"
#include "sim/world_ecs.h"

#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)

static size_t told; /* ends that a test has looked at */

static struct rig *begin(void **state, const char *scenario)
{
    struct rig *r = *state;
    told = 0;
    rig_world(r, scenario);
    rig_start(r);
    return r;
}

static void settle(struct rig *r, enum operation_state end)
{
    rig_settle(r, ++told, 90 * MINUTE);
    rig_run(r, 5000);
    assert_int_equal(r->settled_count, told);
    if (r->settled[told - 1].how == SETTLED_OPERATION && r->settled[told - 1].state != end) {
        fail_msg("ended %s: %s / %s", operation_word(r->settled[told - 1].state), rig_newest(r)->card.title,
                 rig_newest(r)->card.lines[0]);
    }
}

static void shut_down(struct rig *r)
{
    counts_confirm(r, "shutdown cotak prod api --reason \"INC-204\"");
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_desired(r, API), 0);
}

static void expect_said(struct rig *r, const char *title, const char *words)
{
    const struct chat_message *m = fake_chat_first(r->chat, title);
    if (m == NULL || !card_says(&m->card, words)) {
        fail_msg("\"%s\" %s: no \"%s\"; the newest: %s / %s", title, m == NULL ? "was not said" : "was said",
                 words, rig_newest(r)->card.title, rig_newest(r)->card.lines[0]);
    }
}

/* ---- there and back */

static void a_shutdown_asks_suspends_and_remembers(void **state)
{
    struct rig *r = begin(state, "autoscaled-from-zero");
    rig_ask(r, "shutdown cotak prod api --reason \"INC-204\"");
    rig_run(r, 10000);
    assert_int_equal(counts_desired(r, API), 2);
    assert_string_equal(counts_switches(r, API), "000");
    assert_int_equal(counts_memos(r), 0);
    expect_said(r, "🛑 SHUT DOWN cotak prod api (PRODUCTION)?", "It ENDS service: 2 of 2 tasks run now");
    expect_said(r, "🛑 SHUT DOWN cotak prod api (PRODUCTION)?",
                "To bring it back with 2: /cloudtak start cotak prod api");
    expect_said(r, "🛑 SHUT DOWN cotak prod api (PRODUCTION)?",
                "Without ending service instead: /cloudtak restart cotak prod api");
    expect_said(r, "🛑 SHUT DOWN cotak prod api (PRODUCTION)?", "Users: SERVED now, 2 of 2 tasks run.");
    counts_yes(r, "ana");
    settle(r, OP_SUCCEEDED);
    assert_string_equal(counts_switches(r, API), "111");
    assert_int_equal(counts_memos(r), 1);
    expect_said(r, "🔻 STANDS AT 0: cotak prod api (PRODUCTION)", "Users: NOT SERVED since ");
    expect_said(r, "🔻 STANDS AT 0: cotak prod api (PRODUCTION)",
                "To start it again: /cloudtak start cotak prod");
    assert_int_equal(fake_chat_said(r->chat, "🔻 USERS NOT SERVED:"), 0); /* it was wanted: no alarm */
    rig_run(r, 30 * MINUTE);
    assert_int_equal(counts_desired(r, API), 0); /* autoscaling did not raise it */
}

static void a_start_goes_back_and_resumes(void **state)
{
    struct rig *r = begin(state, "ok");
    counts_suspend(r, API, false, false, true); /* by somebody else */
    shut_down(r);
    assert_string_equal(counts_switches(r, API), "111");
    rig_ask(r, "start cotak prod api");
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_desired(r, API), 2);
    assert_string_equal(counts_switches(r, API), "001"); /* not the bot's: it stays */
    assert_int_equal(counts_memos(r), 0);
    expect_said(r, "✅ DONE: cotak prod api (PRODUCTION) started, 2 tasks", "Users: SERVED since ");
    const size_t said = r->chat->count;
    rig_run(r, 10 * HOUR);
    assert_int_equal(fake_chat_said(r->chat, "stands at 0"), 0);
    assert_true(r->chat->count <= said + 3); /* after-care's end */
}

static void a_start_without_a_memory_uses_autoscalings_minimum(void **state)
{
    struct rig *r = begin(state, "ok");
    counts_set(r, API, 0);
    rig_run(r, MINUTE);
    rig_ask(r, "start cotak prod api");
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_desired(r, API), 2);
    assert_int_equal(counts_memos(r), 0);
}

static void a_start_of_what_runs_is_refused(void **state)
{
    struct rig *r = begin(state, "ok");
    rig_ask(r, "start cotak prod api");
    settle(r, OP_REFUSED);
    expect_said(r, "⛔ Not done; nothing was changed.", "does not stand at 0: 2 tasks are wanted, 2 run.");
    assert_int_equal(fake_ecs_updates(r->world), 0);
}

/* ---- scale */

static void up_does_not_ask_and_down_does(void **state)
{
    struct rig *r = begin(state, "ok");
    rig_ask(r, "scale cotak prod api 3");
    settle(r, OP_SUCCEEDED);
    expect_said(r, "✅ DONE: cotak prod api (PRODUCTION) scaled, 3 tasks", "Users: SERVED");
    assert_string_equal(counts_switches(r, API), "111");
    rig_ask(r, "scale cotak prod api 1");
    rig_run(r, 10000);
    assert_int_equal(counts_desired(r, API), 3);
    expect_said(r, "🔢 SCALE cotak prod api (PRODUCTION)?", "It stops 2 of 3 tasks and leaves 1.");
    expect_said(r, "🔢 SCALE cotak prod api (PRODUCTION)?", "Back to 3: /cloudtak scale cotak prod api 3");
    counts_yes(r, "ana");
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_desired(r, API), 1);
    assert_int_equal(counts_memos(r), 1);
    rig_run(r, 2 * HOUR);
    assert_int_equal(fake_chat_said(r->chat, "stands at 0"), 0);
    rig_ask(r, "start cotak prod api"); /* it runs: only autoscaling is resumed */
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_desired(r, API), 1);
    assert_string_equal(counts_switches(r, API), "000");
    assert_int_equal(counts_memos(r), 0);
}

static void what_is_no_count_is_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {{"scale cotak prod api", "scale needs the number of tasks"},
                {"scale cotak prod api -1", "scale needs the number of tasks"},
                {"scale cotak prod api 2 3", "scale needs the number of tasks"},
                {"scale cotak prod api 1000", "scale needs the number of tasks"},
                {"scale cotak prod api 11", "takes a count from 0 to 10"},
                {"scale cotak prod hub 2", "takes a count from 0 to 1: two of them would connect twice"}};
    struct rig *r = begin(state, "ok");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig_ask(r, rows[i].text);
        settle(r, OP_REFUSED);
        if (!card_says(&rig_newest(r)->card, rows[i].words)) {
            fail_msg("%s: %s", rows[i].text, rig_newest(r)->card.lines[0]);
        }
    }
    assert_int_equal(fake_ecs_updates(r->world), 0);
}

static void what_cannot_come_back_is_not_stopped(void **state)
{
    struct rig *r = begin(state, "expired-image");
    rig_ask(r, "shutdown cotak prod api");
    settle(r, OP_REFUSED);
    expect_said(r, "⛔ Not done; nothing was changed.", "what is stopped now CANNOT COME BACK");
    expect_said(r, "⛔ Not done; nothing was changed.", "--break-glass");
    counts_confirm(r, "shutdown cotak prod api --break-glass \"it leaks data\"");
    settle(r, OP_SUCCEEDED);
    expect_said(r, "🛑 SHUT DOWN cotak prod api (PRODUCTION)?", "");
    assert_int_equal(counts_desired(r, API), 0);
}

static void a_changed_count_is_asked_about_again(void **state)
{
    struct rig *r = begin(state, "ok");
    rig_ask(r, "shutdown cotak prod api");
    rig_run(r, 10000);
    counts_set(r, API, 4);
    counts_yes(r, "ana");
    rig_run(r, 10000);
    assert_int_equal(counts_desired(r, API), 4);
    assert_string_equal(counts_switches(r, API), "000");
    counts_yes(r, "ana");
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_desired(r, API), 0);
    rig_ask(r, "start cotak prod api");
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_desired(r, API), 4);
}

/* ---- AWS says no, or nothing */

static void switches_that_cannot_be_set_end_it(void **state)
{
    struct rig *r = begin(state, "ok");
    fake_ecs_fail_only(r->world, FAKE_SCALING_SET, 1, FAKE_REFUSED);
    counts_confirm(r, "shutdown cotak prod api");
    settle(r, OP_FAILED);
    assert_int_equal(counts_desired(r, API), 2);
    assert_int_equal(fake_ecs_updates(r->world), 0);
    assert_int_equal(counts_memos(r), 0);
    assert_non_null(fake_chat_by_key(r->chat, "/verdict"));
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "so nothing was changed"));
}

static void a_refused_count_leaves_the_switches_remembered(void **state)
{
    struct rig *r = begin(state, "ok");
    fake_ecs_fail_redeploy(r->world, 1, FAKE_REFUSED);
    counts_confirm(r, "shutdown cotak prod api");
    settle(r, OP_FAILED);
    assert_int_equal(counts_desired(r, API), 2);
    assert_string_equal(counts_switches(r, API), "111");
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card,
                          "To resume it: /cloudtak start cotak prod api"));
    rig_run(r, 2 * HOUR);
    assert_int_equal(fake_chat_said(r->chat, "stands at 0"), 0);
    rig_ask(r, "start cotak prod api");
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_desired(r, API), 2);
    assert_string_equal(counts_switches(r, API), "000");
    assert_int_equal(counts_memos(r), 0);
}

static void a_lost_answer_is_seen_in_the_count(void **state)
{
    struct rig *r = begin(state, "ok");
    fake_ecs_fail_redeploy(r->world, 1, FAKE_LOST_AFTER);
    shut_down(r);
    assert_int_equal(fake_ecs_updates(r->world), 1);
    assert_int_equal(counts_memos(r), 1);
    rig_run(r, 20 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "stands at 0"), 1);
}

static void what_did_not_arrive_is_asked_about(void **state)
{
    struct rig *r = begin(state, "ok");
    fake_ecs_fail_redeploy(r->world, 1, FAKE_LOST_BEFORE);
    counts_confirm(r, "shutdown cotak prod api");
    rig_run(r, 90000);
    expect_said(r, "❔ SEND THE SHUTDOWN AGAIN?", "the count is as before");
    assert_int_equal(fake_ecs_updates(r->world), 0);
    counts_yes(r, "ana");
    settle(r, OP_SUCCEEDED);
    assert_int_equal(fake_ecs_updates(r->world), 1);
    assert_int_equal(counts_desired(r, API), 0);
    rig_ask(r, "start cotak prod api");
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_desired(r, API), 2);
    assert_string_equal(counts_switches(r, API), "000");
}

static void switches_whose_answer_was_lost_are_asked_about(void **state)
{
    struct rig *r = begin(state, "ok");
    fake_ecs_fail_only(r->world, FAKE_SCALING_SET, 1, FAKE_LOST_AFTER);
    counts_confirm(r, "shutdown cotak prod api");
    rig_run(r, 90000);
    assert_int_equal(fake_ecs_updates(r->world), 0);
    counts_yes(r, "ana");
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_desired(r, API), 0);
    rig_ask(r, "start cotak prod api");
    settle(r, OP_SUCCEEDED);
    assert_string_equal(counts_switches(r, API), "000"); /* they are known to be the bot's own */
}

/* What nobody knows is not reminded of when it turns out that it never happened. */
static void what_was_left_uncertain_is_let_go_in_silence(void **state)
{
    struct rig *r = begin(state, "ok");
    fake_ecs_fail_only(r->world, FAKE_SCALING_SET, 1, FAKE_LOST_BEFORE);
    counts_confirm(r, "shutdown cotak prod api");
    settle(r, OP_CANCELLED); /* nobody answers */
    const size_t said = r->chat->count;
    rig_run(r, 6 * HOUR);
    assert_int_equal(r->chat->count, said);
    assert_int_equal(counts_desired(r, API), 2);
    assert_string_equal(counts_switches(r, API), "000");
    assert_int_equal(counts_memos(r), 0);
}

/* ---- two at once */

static void a_start_takes_over_a_shutdown(void **state)
{
    struct rig *r = begin(state, "ok");
    counts_confirm(r, "shutdown cotak prod api");
    rig_run(r, 15000);
    assert_int_equal(counts_desired(r, API), 0);
    counts_confirm(r, "start cotak prod api"); /* it asks: the shutdown runs */
    settle(r, OP_SUPERSEDED);
    assert_int_equal(counts_desired(r, API), 2);
    settle(r, OP_SUCCEEDED);
    assert_int_equal(counts_memos(r), 0);
    assert_string_equal(counts_switches(r, API), "000");
    expect_said(r, "⏭️ TAKEN OVER: shutdown of cotak prod api", "By the start ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_shutdown_asks_suspends_and_remembers),
        TEST(a_start_goes_back_and_resumes),
        TEST(a_start_without_a_memory_uses_autoscalings_minimum),
        TEST(a_start_of_what_runs_is_refused),
        TEST(up_does_not_ask_and_down_does),
        TEST(what_is_no_count_is_refused),
        TEST(what_cannot_come_back_is_not_stopped),
        TEST(a_changed_count_is_asked_about_again),
        TEST(switches_that_cannot_be_set_end_it),
        TEST(a_refused_count_leaves_the_switches_remembered),
        TEST(a_lost_answer_is_seen_in_the_count),
        TEST(what_did_not_arrive_is_asked_about),
        TEST(switches_whose_answer_was_lost_are_asked_about),
        TEST(what_was_left_uncertain_is_let_go_in_silence),
        TEST(a_start_takes_over_a_shutdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
