/* The moments between two steps: a message that lands while the next one is being written, a store that fails
 * for minutes, a stop while others still work for us, a flood. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE 60000LL

static struct chat_message *ask_for_hub(struct rig *r)
{
    rig_start(r);
    rig_ask(r, "restart cotak prod hub");
    rig_run(r, 5000);
    struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    return m;
}

/* ---- what lands while a step is being written */

static void a_card_of_the_last_life_lands_while_the_new_one_is_written(void **state)
{
    struct rig *r = *state;
    r->chat->delay_ms = 20;
    r->commit_ms = 60;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    while (r->chat->count == 0) {
        rig_run(r, 5);
    }
    rig_kill(r);
    rig_run(r, 1);
    rig_start(r);
    rig_run(r, 30 * MINUTE);
    assert_int_equal(r->ecs.redeploys, 1);
    assert_int_equal(fake_chat_said(r->chat, "RESTARTING"), 1);
    assert_int_equal(fake_chat_said(r->chat, "✅ DONE"), 1);
}

/* Whatever the store is at when the question's time is over. */
static void a_question_that_cannot_be_written_expires(void **state)
{
    (void)state;
    for (int64_t longer = 0; longer < 4000; longer += 250) {
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        r->config->targets[0].confirm_expires_ms += longer;
        rig_start(r);
        rig_ask(r, "restart cotak prod hub");
        while (r->taken == 0) {
            rig_run(r, 1);
        }
        r->fail_commits = true;
        r->commit_ms = 1500;
        rig_run(r, 5 * MINUTE);
        r->fail_commits = false;
        rig_settle(r, 1, MINUTE);
        assert_int_equal(r->settled_count, 1);
        assert_int_equal(r->settled[0].state, OP_EXPIRED);
        assert_int_equal(r->ecs.redeploys, 0);
        rig_finish(r);
        mem_free(r);
    }
}

/* ---- being stopped */

static void a_stop_waits_for_the_looks_of_a_reading_command(void **state)
{
    struct rig *r = *state;
    r->ecs.answer_ms = 5000;
    rig_start(r);
    rig_ask(r, "status cotak prod");
    rig_run(r, 1000);
    rig_close(r);
    rig_run(r, 10000);
    assert_int_equal(r->chat->count, 0);
}

static void a_stop_frees_the_replies_that_wait(void **state)
{
    struct rig *r = *state;
    r->chat->throttle = 100;
    rig_start(r);
    rig_ask(r, "help");
    rig_run(r, 500);
    rig_close(r);
}

static void what_a_stop_called_not_accepted_does_not_run_later(void **state)
{
    struct rig *r = *state;
    r->commit_ms = 500;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 100);
    rig_close(r);
    assert_int_equal(r->refused_acks, 1);
    r->commit_ms = 2;
    rig_run(r, 3000);
    rig_start(r);
    rig_run(r, 20 * MINUTE);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_true(card_says(&rig_newest(r)->card, "Ask again"));
}

/* Two minutes from when a person wanted it, not from when it reached us. */
static void old_intent_is_counted_from_its_origin(void **state)
{
    struct rig *r = *state;
    r->chat->throttle = 100;
    rig_start(r);
    rig_ask_as(r, "ana", "restart cotak prod", "slack/late", clock_wall(&r->clock) - 50000);
    rig_run(r, 2000);
    rig_kill(r);
    rig_run(r, 1); /* the loop was stopped */
    rig_run(r, 80000);
    r->chat->throttle = 0;
    rig_start(r);
    rig_run(r, 10000);
    assert_true(card_says(&rig_newest(r)->card, "2 min 12 s ago, and I could not begin then"));
    rig_run(r, 10 * MINUTE);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_int_equal(r->settled[0].state, OP_EXPIRED);
}

/* ---- between the question and the answer */

static void a_new_reason_to_ask_is_asked(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    r->ecs.minimum = 0;
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_true(card_says(&m->card, "WILL BE CUT OFF"));
    assert_true(card_says(&m->card, "Asked again"));
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 1);
}

/* Reads lag behind by 20 s, so that the first restart does not show yet. */
static void two_questions_about_one_service_are_not_both_acted_on(void **state)
{
    struct rig *r = *state;
    r->ecs.stale_ms = 20000;
    struct chat_message *first = ask_for_hub(r);
    rig_ask_as(r, "bo", "restart cotak prod hub", "slack/bo", clock_wall(&r->clock));
    rig_run(r, 3000);
    struct chat_message *second = rig_newest(r);
    assert_true(text_ends(second->key, "/ask"));
    assert_ptr_not_equal(first, second);
    rig_click(r, "ana", "confirm", first->card.buttons[1].value, first->id);
    rig_run(r, 3000);
    assert_int_equal(r->ecs.redeploys, 1);
    rig_click(r, "bo", "confirm", second->card.buttons[1].value, second->id);
    rig_run(r, 3000);
    assert_int_equal(r->ecs.redeploys, 1);
    assert_true(card_says(&second->card, "@ana restarts it since"));
}

static void who_asked_needs_the_right_when_a_second_person_confirms(void **state)
{
    struct rig *r = *state;
    struct config_target *t = &r->config->targets[0];
    t->second_person = true;
    t->approvers.set = true;
    t->approvers.count = 1;
    t->approvers.list[0] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "dee"};
    struct chat_message *m = ask_for_hub(r);
    t->restart.list[0] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "cy"};
    rig_click(r, "dee", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_true(card_says(&rig_newest(r)->card, "@ana may not do this any more"));
}

static void ignored(struct request_taken *t, bool ok, const char *text)
{
    (void)t;
    (void)ok;
    (void)text;
}

/* The same button, pressed where it was not asked. */
static void click_elsewhere(struct rig *r, const char *server, const char *channel,
                            const struct chat_message *m, int64_t age)
{
    static struct request_taken taken = {.done = ignored};
    static struct request q;
    q = (struct request){.source = REQUEST_CLICK, .origin_ms = clock_wall(&r->clock) - age};
    TEXT_FORMAT(q.delivery, "slack/elsewhere/%d", ++r->asked);
    TEXT_COPY(q.who.server, server);
    TEXT_COPY(q.who.user, "ana");
    TEXT_COPY(q.place.server, server);
    TEXT_COPY(q.place.channel, channel);
    TEXT_COPY(q.click_action, "confirm");
    TEXT_COPY(q.click_value, m->card.buttons[1].value);
    TEXT_COPY(q.click_message, m->id);
    engine_submit(rig_life(r)->engine, &q, &taken);
    rig_run(r, 2000);
}

static void a_button_works_only_where_it_was_asked_and_while_it_is_fresh(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = ask_for_hub(r);
    click_elsewhere(r, "slack", "C0OTHER", m, 0);
    click_elsewhere(r, "other", "C0INCIDENT", m, 0);
    click_elsewhere(r, "slack", "C0INCIDENT", m, 61000);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_int_equal(m->card.button_count, 2);
    click_elsewhere(r, "slack", "C0INCIDENT", m, 0);
    assert_int_equal(r->ecs.redeploys, 1);
}

/* ---- floods */

static void a_flood_of_words_does_not_silence_a_click(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    for (int i = 0; i < 40; i++) {
        rig_ask(r, "help");
    }
    rig_run(r, 1000);
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 1);
}

static void many_questions_silence_neither_clicks_nor_readers(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    for (int i = 0; i < 230; i++) {
        char user[20], delivery[20];
        TEXT_FORMAT(user, "u%d", i / 15);
        TEXT_FORMAT(delivery, "slack/u/%d", i);
        rig_ask_as(r, user, "restart cotak prod hub", delivery, clock_wall(&r->clock));
    }
    rig_run(r, 5000);
    assert_true(r->refused_acks >= 30);
    const int taken = r->taken;
    rig_ask(r, "help");
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 3000);
    assert_int_equal(r->taken, taken + 2);
    assert_int_equal(r->ecs.redeploys, 1);
}

/* A stop at any moment of questions, look-ups, clicks and reading commands: whoever works for us comes back
 * to living memory. */
static void a_stop_at_any_moment_is_clean(void **state)
{
    (void)state;
    for (int64_t at = 0; at < 2600; at += 20) {
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        r->chat->delay_ms = 130;
        r->commit_ms = 35;
        r->ecs.answer_ms = 170;
        rig_start(r);
        rig_ask(r, "restart cotak prod hub");
        rig_ask(r, "status cotak prod");
        rig_ask(r, "whoami");
        rig_run(r, at < 1200 ? at : 1200);
        const struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
        if (at > 1200 && m != NULL && m->card.button_count == 2) {
            rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
            rig_click(r, "cy", "confirm", m->card.buttons[1].value, m->id);
            rig_run(r, at - 1200);
        }
        rig_close(r);
        rig_run(r, 20000);
        assert_true(r->ecs.redeploys <= 1);
        rig_finish(r);
        mem_free(r);
    }
}

/* ---- an hour of failing */

static void a_crash_loop_is_counted_and_not_recited(void **state)
{
    struct rig *r = *state;
    r->ecs.script = SCRIPT_CRASH_LOOP;
    r->ecs.crashes = 34;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 90 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_FAILED);
    assert_int_equal(fake_chat_said(r->chat, "First new task stopped"), 1);
    assert_int_equal(fake_chat_said(r->chat, "New task number"), 2);
    assert_in_range(fake_chat_said(r->chat, "stopped for a reason told above"), 5, 12);
    assert_true(r->chat->count < 30);
    const struct card *verdict = &fake_chat_by_key(r->chat, "/verdict")->card;
    assert_true(card_says(verdict, "34 new tasks stopped."));
    assert_true(card_says(verdict, "(×34 same reason)"));
    assert_false(card_says(verdict, "I keep watching"));
    const struct chat_message *reminder = fake_chat_first(r->chat, "STILL NOT FINISHED");
    assert_true(card_says(&reminder->card, "Why: exit code 1"));
    assert_true(card_says(&reminder->card, "+1 555 0100"));
}

static void a_store_that_stops_while_following_is_told(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 30000);
    r->fail_commits = true;
    rig_run(r, 5 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "I CANNOT TELL HOW IT GOES"), 1);
    r->fail_commits = false;
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled_count, 1);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    assert_int_equal(fake_chat_said(r->chat, "I CANNOT TELL HOW IT GOES"), 1);
}

/* ---- what cannot be known is not claimed */

static void a_lost_answer_and_no_sight_is_told_and_ends(void **state)
{
    struct rig *r = *state;
    r->ecs.lose_reply = true;
    r->ecs.blind_to_ms = 1000 * MINUTE;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 3 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "NOT KNOWN WHETHER IT RUNS"), 1);
    rig_settle(r, 1, 90 * MINUTE);
    assert_int_equal(r->settled_count, 1);
    assert_int_equal(fake_chat_said(r->chat, "NOT KNOWN WHETHER IT RUNS"), 1);
    assert_int_equal(fake_chat_said(r->chat, "NOT RESTARTED"), 0);
    assert_int_equal(r->ecs.redeploys, 1);
}

static void a_bot_that_lost_its_target_does_not_call_it_not_restarted(void **state)
{
    struct rig *r = *state;
    r->ecs.lose_reply = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    while (r->ecs.redeploys == 0) {
        rig_run(r, 10);
    }
    rig_kill(r);
    rig_run(r, 1);
    TEXT_COPY(r->config->targets[0].name, "cotak other");
    rig_start(r);
    rig_run(r, MINUTE);
    const struct card *verdict = &fake_chat_by_key(r->chat, "/verdict")->card;
    assert_false(card_says(verdict, "NOT RESTARTED"));
    assert_true(card_says(verdict, "not known whether they are served"));
}

static void a_restart_of_the_bot_in_an_instant_reads_so(void **state)
{
    struct rig *r = *state;
    r->kill_at = 10;
    r->kill_applied = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 5 * MINUTE);
    assert_true(r->killed);
    rig_run(r, 1);
    rig_start(r);
    rig_run(r, 2 * MINUTE);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "I was away for less than a second"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
        TEST(a_card_of_the_last_life_lands_while_the_new_one_is_written),
        cmocka_unit_test(a_question_that_cannot_be_written_expires),
        TEST(a_stop_waits_for_the_looks_of_a_reading_command),
        TEST(a_stop_frees_the_replies_that_wait),
        TEST(what_a_stop_called_not_accepted_does_not_run_later),
        TEST(old_intent_is_counted_from_its_origin),
        TEST(a_new_reason_to_ask_is_asked),
        TEST(two_questions_about_one_service_are_not_both_acted_on),
        TEST(who_asked_needs_the_right_when_a_second_person_confirms),
        TEST(a_button_works_only_where_it_was_asked_and_while_it_is_fresh),
        TEST(a_flood_of_words_does_not_silence_a_click),
        TEST(many_questions_silence_neither_clicks_nor_readers),
        cmocka_unit_test(a_stop_at_any_moment_is_clean),
        TEST(a_lost_answer_and_no_sight_is_told_and_ends),
        TEST(a_store_that_stops_while_following_is_told),
        TEST(a_crash_loop_is_counted_and_not_recited),
        TEST(a_bot_that_lost_its_target_does_not_call_it_not_restarted),
        TEST(a_restart_of_the_bot_in_an_instant_reads_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
