/* Whole restarts: from the command to the verdict, in virtual time. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE 60000LL

/* The one operation of a test is told exactly once, in this state, with this verdict in a new message. */
static void expect_end(struct rig *r, enum operation_state state, const char *verdict)
{
    assert_int_equal(r->settled_count, 1);
    assert_int_equal(r->settled[0].how, SETTLED_OPERATION);
    assert_int_equal(r->settled[0].state, state);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/verdict");
    assert_non_null(m);
    if (strstr(m->first, verdict) == NULL) {
        fail_msg("verdict reads: %s", m->first);
    }
    assert_string_equal(m->private_to, "");
}

static void a_restart_succeeds(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 30 * MINUTE);
    expect_end(r, OP_SUCCEEDED, "✅ DONE: cotak prod api (PRODUCTION) restarted, @ana");
    assert_int_equal(r->taken, 1);
    assert_int_equal(r->ecs.redeploys, 1);
    assert_int_equal(r->ecs.last_desired, -1);
    rig_run(r, 10000);
    struct chat_message *card = fake_chat_by_key(r->chat, "/card");
    assert_non_null(
        strstr(card->first, "🔄 RESTARTING cotak prod api (PRODUCTION) · asked by @ana 14:00:00 UTC"));
    assert_true(card_says(&card->card, "✅ DONE"));
    assert_true(card_says(&card->card, "aws-us-gov 123456789012 us-gov-east-1 · tak-vpc-cotak-prod / "));
    assert_true(card->edits > 3);
    assert_true(r->chat->fastest_edit_ms >= 3000);
    assert_int_equal(fake_chat_said(r->chat, "🔴"), 0);
}

/* ---- restarts that go wrong */

static void a_slow_restart_is_called_slow_and_succeeds(void **state)
{
    struct rig *r = *state;
    r->ecs.script = SCRIPT_SLOW;
    rig_start(r);
    rig_ask(r, "restart cotak prod api");
    rig_settle(r, 1, 60 * MINUTE);
    expect_end(r, OP_SUCCEEDED, "✅ DONE");
    assert_int_equal(fake_chat_said(r->chat, "SLOWER THAN USUAL"), 1);
}

static bool mentions(const struct card *card, const char *principal)
{
    for (size_t i = 0; i < card->mention_count; i++) {
        if (strcmp(card->mentions[i], principal) == 0) {
            return true;
        }
    }
    return false;
}

static void the_first_stopped_task_is_told_within_one_poll(void **state)
{
    struct rig *r = *state;
    r->ecs.script = SCRIPT_CRASH_LOOP;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 4 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "First new task stopped"), 1);
    const struct chat_message *m = fake_chat_first(r->chat, "First new task stopped after 48 s");
    assert_non_null(m);
    assert_true(m->posted_ms - (r->ecs.redeployed_ms + 100000) <= r->ecs.poll_ms + 500);
    assert_string_equal(m->thread, "");
    assert_true(card_says(&m->card, "Users: SERVED"));
    assert_true(card_says(&m->card, "exit code 1"));
    assert_true(card_says(&m->card, "contact Application Specific Engineering immediately"));
    assert_true(card_says(&m->card, "+1 555 0100"));
    assert_true(mentions(&m->card, "slack:group:S0456EFGH"));
    assert_true(mentions(&m->card, "slack:user:ana"));
    assert_int_equal(fake_chat_said(r->chat, "NOT STABILISING"), 1);
    assert_int_equal(r->settled_count, 0);
    rig_settle(r, 1, 90 * MINUTE);
    expect_end(r, OP_FAILED, "NOT STABILISING");
    assert_true(fake_chat_said(r->chat, "STILL NOT FINISHED") >= 2);
    assert_int_equal(r->ecs.redeploys, 1);
}

static void a_rollback_is_told_as_one(void **state)
{
    struct rig *r = *state;
    r->ecs.script = SCRIPT_ROLLED_BACK;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 90 * MINUTE);
    expect_end(r, OP_ROLLED_BACK, "ENDED: ROLLED BACK");
    assert_true(mentions(&fake_chat_by_key(r->chat, "/verdict")->card, "slack:group:S0456EFGH"));
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "the cause is NOT mended"));
}

static void a_foreign_deployment_supersedes(void **state)
{
    struct rig *r = *state;
    r->ecs.script = SCRIPT_SUPERSEDED;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 90 * MINUTE);
    expect_end(r, OP_SUPERSEDED, "SUPERSEDED");
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, OTHER_DEPLOYMENT));
}

static void throttled_reads_are_no_failure(void **state)
{
    struct rig *r = *state;
    r->ecs.blind_from_ms = 2 * MINUTE;
    r->ecs.blind_to_ms = 5 * MINUTE;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 90 * MINUTE);
    expect_end(r, OP_SUCCEEDED, "✅ DONE");
    assert_int_equal(fake_chat_said(r->chat, "I CANNOT SEE AWS"), 1);
    assert_int_equal(fake_chat_said(r->chat, "I see AWS again"), 1);
}

static void stale_reads_are_no_verdict(void **state)
{
    struct rig *r = *state;
    r->ecs.stale_ms = 20000;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 90 * MINUTE);
    expect_end(r, OP_SUCCEEDED, "✅ DONE");
    assert_int_equal(r->ecs.redeploys, 1);
}

static void a_lost_answer_is_looked_for_and_never_sent_again(void **state)
{
    struct rig *r = *state;
    r->ecs.lose_reply = true;
    r->ecs.stale_ms = 20000;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 90 * MINUTE);
    expect_end(r, OP_SUCCEEDED, "✅ DONE");
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "ECS cannot tell"));
    assert_int_equal(r->ecs.redeploys, 1);
}

static void a_call_that_never_arrived_ends_as_not_known_and_says_what_to_check(void **state)
{
    struct rig *r = *state;
    r->ecs.drop_call = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 5 * MINUTE);
    expect_end(r, OP_CANCELLED, "NOT KNOWN WHETHER IT RESTARTED");
    assert_int_equal(operation_exit_status(r->settled[0].state), 4);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "nothing was sent again"));
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "/cloudtak status cotak prod api"));
}

static void a_refusal_of_aws_is_told_in_its_words(void **state)
{
    struct rig *r = *state;
    r->ecs.refuse = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 5 * MINUTE);
    expect_end(r, OP_FAILED, "NOT RESTARTED");
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "AccessDeniedException"));
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "AccessDeniedException"));
}

static void a_count_of_zero_asks_and_starts_again(void **state)
{
    struct rig *r = *state;
    r->ecs.running = 0;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 5000);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    assert_true(card_says(&m->card, "The count is 0"));
    assert_int_equal(r->ecs.redeploys, 0);
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_settle(r, 1, 30 * MINUTE);
    expect_end(r, OP_SUCCEEDED, "✅ DONE");
    assert_int_equal(r->ecs.last_desired, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_restart_succeeds, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_slow_restart_is_called_slow_and_succeeds, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(the_first_stopped_task_is_told_within_one_poll, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(a_rollback_is_told_as_one, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_foreign_deployment_supersedes, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(throttled_reads_are_no_failure, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(stale_reads_are_no_verdict, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_lost_answer_is_looked_for_and_never_sent_again, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(a_call_that_never_arrived_ends_as_not_known_and_says_what_to_check,
                                        rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_refusal_of_aws_is_told_in_its_words, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_count_of_zero_asks_and_starts_again, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
