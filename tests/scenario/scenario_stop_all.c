/* stop-all in the simulated world: users are cut off, so what is promised is held: only recorded tasks, each
 * at least once, the outage measured, the rest asked about when it is late. */
#include "lib/check.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "fake_ecs.h"
#include "lib_rig.h"
#include "sim/world_ecs.h"

#define MINUTE 60000LL
#define ASK    "stop-all cotak prod --reason \"INC-204 api hung\""

static void begin(struct rig *r, const char *scenario)
{
    rig_init(r);
    rig_world(r, scenario);
    rig_start(r);
}

static struct rig *rig_of(const char *scenario)
{
    struct rig *r = mem_alloc(sizeof(*r));
    begin(r, scenario);
    return r;
}

static void end(struct rig *r)
{
    rig_finish(r);
    mem_free(r);
}

static void press(struct rig *r, const char *key_end, size_t button, const char *action)
{
    const struct chat_message *ask = fake_chat_by_key(r->chat, key_end);
    assert_non_null(ask);
    assert_true(ask->card.button_count > button);
    rig_click(r, "ana", action, ask->card.buttons[button].value, ask->id);
}

static void expect_says(struct rig *r, const char *key_end, const char *words)
{
    const struct chat_message *m = fake_chat_by_key(r->chat, key_end);
    assert_non_null(m);
    if (!card_says(&m->card, words)) {
        char *text = card_text(&m->card, 0);
        fail_msg("\"%s\" is not in:\n%s", words, text);
    }
}

static void restart_the_bot(struct rig *r)
{
    rig_run(r, 1); /* the loop was stopped */
    rig_run(r, 3000);
    rig_start(r);
}

static void users_are_cut_off_and_it_is_measured(void **state)
{
    (void)state;
    struct rig *r = rig_of("ok");
    rig_ask(r, ASK);
    rig_run(r, 10000);
    assert_int_equal(
        fake_chat_said(r->chat, "🛑 STOP ALL TASKS of cotak prod api (PRODUCTION)? Asked by @ana"), 1);
    expect_says(r, "/ask", "Users WILL BE CUT OFF for up to 5 minutes: 2 of 2 tasks run now. Expect pages.");
    expect_says(r, "/ask", "Without downtime instead: /cloudtak restart cotak prod api");
    expect_says(r, "/ask", "image ok");
    const struct chat_message *ask = fake_chat_by_key(r->chat, "/ask");
    assert_string_equal(ask->card.buttons[1].dialog_text, "Users are cut off, up to 5 minutes.");
    assert_int_equal(r->calls, 0);
    press(r, "/ask", 1, "confirm");
    rig_run(r, 40000);
    assert_int_equal(r->calls, 2);
    expect_says(r, "/ask", "✔ Confirmed by @ana");
    expect_says(r, "/card", "🔻 USERS NOT SERVED since ");
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    assert_int_equal(fake_chat_said(r->chat, "✅ BACK: cotak prod api (PRODUCTION), @ana. Users not served 1"),
                     1);
    expect_says(r, "/verdict", "/cloudtak timeline ");
    assert_int_equal(r->calls, 2);
    end(r);
}

static void confirm(struct rig *r)
{
    rig_ask(r, ASK);
    rig_run(r, 10000);
    press(r, "/ask", 1, "confirm");
}

static void expect_back(struct rig *r)
{
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled_count, 1);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    assert_int_equal(fake_chat_said(r->chat, "✅ BACK"), 1);
}

static void what_cannot_start_again_is_told_as_an_outage(void **state)
{
    (void)state;
    struct rig *r = rig_of("crash-loop");
    confirm(r);
    rig_run(r, 4 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "First new task stopped"), 1);
    assert_int_equal(fake_chat_said(r->chat, "NOT STABILISING"), 1);
    expect_says(r, "/card", "Users: NOT SERVED since ");
    assert_int_equal(fake_chat_said(r->chat, "stop retrying"), 0);
    rig_settle(r, 1, 90 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_FAILED);
    expect_says(r, "/verdict", "Users not served since ");
    expect_says(r, "/verdict", "stop-all of cotak prod api");
    assert_int_equal(r->calls, 2);
    end(r);
}

static void a_crash_between_two_stops_tells_each_recorded_task(void **state)
{
    (void)state;
    for (int applied = 0; applied < 2; applied++) {
        struct rig *r = rig_of("ok");
        r->kill_at_call = 2;
        r->kill_applied = applied != 0;
        confirm(r);
        rig_run(r, 10000);
        assert_true(r->killed);
        restart_the_bot(r);
        expect_back(r);
        assert_int_equal(r->calls, 4); /* both once more: ECS stops a task once */
        assert_int_equal(world_ecs_count(fake_ecs_world(r->world), "StopTask"), applied != 0 ? 4 : 3);
        end(r);
    }
}

static void an_answer_that_is_lost_is_asked_for_again(void **state)
{
    (void)state;
    static const enum fake_fault faults[] = {FAKE_LOST_BEFORE, FAKE_LOST_AFTER};
    for (size_t i = 0; i < CHECK_COUNT(faults); i++) {
        struct rig *r = rig_of("ok");
        fake_ecs_fail_only(r->world, FAKE_STOP_TASK, 1, faults[i]);
        confirm(r);
        expect_back(r);
        assert_int_equal(r->calls, 3);
        end(r);
    }
}

static void what_aws_refuses_is_told_and_the_others_are_followed(void **state)
{
    (void)state;
    struct rig *r = rig_of("ok");
    fake_ecs_fail_only(r->world, FAKE_STOP_TASK, 2, FAKE_REFUSED);
    confirm(r);
    expect_back(r);
    expect_says(r, "/verdict", "1 of 2 tasks were NOT stopped: ");
    assert_int_equal(r->calls, 2);
    end(r);
}

/* Killed between the two, and away for more than two minutes. */
static struct rig *late(void)
{
    struct rig *r = rig_of("ok");
    r->kill_at_call = 2;
    confirm(r);
    rig_run(r, 10000);
    assert_true(r->killed);
    rig_run(r, 1);
    rig_run(r, 3 * MINUTE);
    rig_start(r);
    rig_run(r, 15000);
    return r;
}

static void the_rest_is_asked_about_when_it_is_late(void **state)
{
    (void)state;
    struct rig *r = late();
    assert_int_equal(r->calls, 2);
    assert_int_equal(fake_chat_said(r->chat, "❔ SEND THE STOP-ALL AGAIN?"), 1);
    expect_says(r, "/ask/2", "Only these are stopped if you say so");
    press(r, "/ask/2", 1, "confirm");
    expect_back(r);
    assert_int_equal(r->calls, 3);
    end(r);
}

static void left_alone_the_stopped_ones_are_followed(void **state)
{
    (void)state;
    struct rig *r = late();
    press(r, "/ask/2", 0, "cancel");
    expect_back(r);
    expect_says(r, "/ask/2", "✖ Left by @ana");
    assert_int_equal(r->calls, 2);
    end(r);
}

static void what_would_not_come_back_is_refused_unless_glass_is_broken(void **state)
{
    (void)state;
    struct rig *r = rig_of("expired-image");
    rig_ask(r, ASK);
    rig_settle(r, 1, MINUTE);
    assert_int_equal(r->settled[0].state, OP_REFUSED);
    expect_says(r, "/reply", "is GONE from the registry: what I stop would not come back");
    rig_ask(r, ASK " --break-glass \"the registry lies\"");
    rig_run(r, 10000);
    expect_says(r, "/ask", "BREAK GLASS by @ana: \"the registry lies\"");
    expect_says(r, "/ask", "what I stop would not come back");
    press(r, "/ask", 0, "cancel");
    rig_settle(r, 2, MINUTE);
    assert_int_equal(r->settled[1].state, OP_CANCELLED);
    assert_int_equal(r->calls, 0);
    end(r);
}

static void a_followed_restart_is_taken_over(void **state)
{
    (void)state;
    struct rig *r = rig_of("slow");
    rig_ask(r, "restart cotak prod");
    rig_run(r, 30000);
    assert_int_equal(r->calls, 1);
    confirm(r);
    rig_settle(r, 1, MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUPERSEDED);
    assert_int_equal(fake_chat_said(r->chat, "⏭️ TAKEN OVER: restart of cotak prod api"), 1);
    assert_int_equal(fake_chat_said(r->chat, "First new task stopped"), 0);
    rig_settle(r, 2, 60 * MINUTE);
    assert_int_equal(r->settled[1].state, OP_SUCCEEDED);
    end(r);
}

static void a_restart_takes_a_followed_one_over(void **state)
{
    (void)state;
    struct rig *r = rig_of("ok");
    confirm(r);
    rig_run(r, MINUTE);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 10000);
    const struct chat_message *ask = rig_newest(r);
    assert_true(card_says(&ask->card, "@ana stops all its tasks since "));
    rig_click(r, "ana", "confirm", ask->card.buttons[1].value, ask->id);
    rig_settle(r, 1, MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUPERSEDED);
    assert_int_equal(fake_chat_said(r->chat, "⏭️ TAKEN OVER: stop-all of cotak prod api"), 1);
    rig_settle(r, 2, 30 * MINUTE);
    assert_int_equal(r->settled[1].state, OP_SUCCEEDED);
    assert_int_equal(fake_chat_said(r->chat, "✅ BACK"), 0);
    end(r);
}

static void while_new_tasks_die_the_old_ones_are_not_stopped(void **state)
{
    (void)state;
    struct rig *r = rig_of("crash-loop");
    rig_ask(r, "restart cotak prod");
    rig_run(r, 5 * MINUTE);
    rig_ask(r, ASK);
    rig_settle(r, 1, MINUTE);
    assert_int_equal(r->settled[0].state, OP_REFUSED);
    assert_true(card_says(&rig_newest(r)->card, "New tasks of it do not come up now"));
    assert_true(card_says(&rig_newest(r)->card, "/cloudtak rollback cotak prod api"));
    assert_int_equal(r->calls, 1);
    end(r);
}

/* Presses what is open, and starts the bot again where it was killed, until the operation is told. */
static void go_on(struct rig *r)
{
    size_t pressed = 0;
    for (int i = 0; i < 90 && r->settled_count == 0; i++) {
        rig_run(r, 10000);
        if (r->killed) {
            restart_the_bot(r);
            rig_run(r, 5000);
        }
        for (size_t m = pressed; m < r->chat->count && r->settled_count == 0 && !r->killed; m++) {
            const struct card *card = &r->chat->messages[m].card;
            if (card->button_count == 2) {
                press(r, r->chat->messages[m].key, 1, "confirm");
                rig_run(r, 100);
            }
        }
    }
}

static size_t verdicts(const struct rig *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->chat->count; i++) {
        count += text_ends(r->chat->messages[i].key, "/verdict");
    }
    return count;
}

/* Killed at a commit: each of the two tasks is told once or twice, no other ever, and the end is told once.
 * The first ones lead to following; CLOUDTAK_KILLS=all takes all of them. */
static void killed_at_each_step(void **state)
{
    (void)state;
    const int most = getenv("CLOUDTAK_KILLS") != NULL ? INT_MAX : 8;
    bool more = true;
    for (int at = 1; more && at <= most; at++) {
        struct rig *r = rig_of("ok");
        r->kill_at = at;
        r->kill_applied = at % 2 == 0;
        rig_ask(r, ASK);
        go_on(r);
        more = r->life_count > 1;
        if (r->settled_count == 1) {
            assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
            assert_int_equal(verdicts(r), 1);
            assert_in_range(r->calls, 2, 4);
        } else {
            assert_true(at <= 2); /* the request itself was not taken: nothing is recorded */
            assert_int_equal(r->calls, 0);
        }
        end(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_are_cut_off_and_it_is_measured),
        cmocka_unit_test(what_cannot_start_again_is_told_as_an_outage),
        cmocka_unit_test(a_crash_between_two_stops_tells_each_recorded_task),
        cmocka_unit_test(an_answer_that_is_lost_is_asked_for_again),
        cmocka_unit_test(what_aws_refuses_is_told_and_the_others_are_followed),
        cmocka_unit_test(the_rest_is_asked_about_when_it_is_late),
        cmocka_unit_test(left_alone_the_stopped_ones_are_followed),
        cmocka_unit_test(what_would_not_come_back_is_refused_unless_glass_is_broken),
        cmocka_unit_test(a_followed_restart_is_taken_over),
        cmocka_unit_test(a_restart_takes_a_followed_one_over),
        cmocka_unit_test(while_new_tasks_die_the_old_ones_are_not_stopped),
        cmocka_unit_test(killed_at_each_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
