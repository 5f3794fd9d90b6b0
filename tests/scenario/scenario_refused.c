/* What is refused, answered or asked, and that nothing was changed then. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE 60000LL

/* Refused to the asker alone, with these words; nothing was changed. */
static void expect_refusal(struct rig *r, const char *words)
{
    rig_settle(r, 1, 20000);
    assert_int_equal(r->settled_count, 1);
    assert_int_equal(r->settled[0].how, SETTLED_REFUSED);
    assert_int_equal(r->ecs.redeploys, 0);
    struct chat_message *m = rig_newest(r);
    assert_string_equal(m->private_to, "ana");
    assert_non_null(strstr(m->first, "⛔ Not done; nothing was changed."));
    if (!card_says(&m->card, words)) {
        char *text = card_text(&m->card, 0);
        fail_msg("it reads: %s", text);
    }
}

/* ---- preflight */

static void another_account_is_refused(void **state)
{
    struct rig *r = *state;
    r->ecs.account = "999999999999";
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    expect_refusal(r, "account 999999999999, but cotak prod is in account 123456789012");
}

static void a_missing_service_names_the_nearest(void **state)
{
    struct rig *r = *state;
    r->ecs.missing = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    expect_refusal(r, "Did you mean tak-cloudtak-cotak-prod-api?");
}

static void no_clusters_means_the_wrong_region(void **state)
{
    struct rig *r = *state;
    r->ecs.missing = r->ecs.no_clusters = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    expect_refusal(r, "No clusters in us-gov-east-1, account 123456789012: likely the wrong region");
}

static void code_deploy_is_refused(void **state)
{
    struct rig *r = *state;
    r->ecs.controller = "CODE_DEPLOY";
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    expect_refusal(r, "AWS CodeDeploy");
}

static void slow_checks_are_refused(void **state)
{
    struct rig *r = *state;
    r->ecs.answer_ms = 15000;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    expect_refusal(r, "within 8 s");
    rig_run(r, 20000);
}

/* ---- who and when */

static void an_old_request_is_answered_and_not_run(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask_as(r, "ana", "restart cotak prod", "slack/old", clock_wall(&r->clock) - 61000);
    expect_refusal(r, "You asked at 13:58:59 UTC while I was away. Nothing was changed. Ask again: /cloudtak "
                      "restart cotak prod");
    assert_int_equal(r->taken, 1);
}

static void a_guest_is_refused(void **state)
{
    struct rig *r = *state;
    r->chat->member = MEMBER_GUEST;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    expect_refusal(r, "guest");
}

static void a_failed_look_up_is_refused(void **state)
{
    struct rig *r = *state;
    r->chat->member = MEMBER_UNKNOWN;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    expect_refusal(r, "the directory does not answer");
}

static void a_redelivery_runs_once(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    for (int i = 0; i < 3; i++) {
        rig_ask_as(r, "ana", "restart cotak prod", "slack/same", clock_wall(&r->clock));
        rig_run(r, 3000);
    }
    rig_settle(r, 1, 30 * MINUTE);
    rig_run(r, 5 * MINUTE);
    assert_int_equal(r->taken, 3);
    assert_int_equal(r->settled_count, 1);
    assert_int_equal(r->ecs.redeploys, 1);
    struct engine_figures f;
    engine_read_figures(rig_life(r)->engine, &f);
    assert_int_equal(f.duplicates, 2);
}

static void nonsense_is_answered_with_usage(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask(r, "restart cotak pord");
    rig_settle(r, 1, 5000);
    assert_int_equal(r->settled[0].how, SETTLED_USAGE);
    assert_true(card_says(&rig_newest(r)->card, "cotak prod"));
    assert_int_equal(r->commits, 0);
}

static void a_person_is_answered_twenty_times_a_minute(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    for (int i = 0; i < 30; i++) {
        rig_ask(r, "help");
    }
    rig_run(r, 5000);
    assert_int_equal(r->taken, 30);
    assert_int_equal(r->settled_count, 21);
    assert_int_equal(r->chat->count, 21);
    rig_run(r, MINUTE);
    rig_ask(r, "help");
    rig_run(r, 1000);
    assert_int_equal(r->chat->count, 22);
}

/* ---- the store */

static void a_commit_that_fails_is_not_accepted(void **state)
{
    struct rig *r = *state;
    r->fail_commits = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 5000);
    assert_int_equal(r->taken, 0);
    assert_int_equal(r->refused_acks, 1);
    assert_non_null(strstr(r->ack, "Not accepted; nothing was done."));
    assert_int_equal(r->ecs.redeploys, 0);
}

static void a_commit_that_is_slow_is_not_accepted_and_never_runs(void **state)
{
    struct rig *r = *state;
    r->commit_ms = 1500;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 1100);
    assert_int_equal(r->refused_acks, 1);
    rig_run(r, MINUTE);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_int_equal(r->refused_acks + r->taken, 1);
    assert_int_equal(r->settled[0].how, SETTLED_REFUSED);
}

static void a_store_that_dies_before_acting_stops_the_restart(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    r->chat->delay_ms = 500;
    rig_ask(r, "restart cotak prod");
    while (r->chat->count == 0) {
        rig_run(r, 10); /* until the card is posted */
    }
    r->fail_commits = true;
    rig_run(r, 30000);
    assert_int_equal(r->ecs.redeploys, 0);
    r->fail_commits = false;
    rig_settle(r, 1, 20000);
    assert_int_equal(r->settled[0].how, SETTLED_REFUSED);
    assert_int_equal(r->ecs.redeploys, 0);
}

/* ---- the channel */

static void a_card_that_cannot_be_posted_stops_the_restart(void **state)
{
    struct rig *r = *state;
    r->chat->never = 1;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    expect_refusal(r, "could not be delivered in this channel");
}

static void a_card_that_is_late_stops_the_restart(void **state)
{
    struct rig *r = *state;
    r->chat->throttle = 7;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 11000);
    rig_settle(r, 1, 30000);
    assert_int_equal(r->settled[0].how, SETTLED_REFUSED);
    assert_int_equal(r->ecs.redeploys, 0);
    rig_run(r, 10000);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "NOT RESTARTED"));
    assert_true(card_says(&fake_chat_by_key(r->chat, "/reply")->card, "within 10 s"));
}

static void a_post_whose_answer_is_lost_is_not_posted_twice(void **state)
{
    struct rig *r = *state;
    r->chat->lose = 1;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    assert_int_equal(fake_chat_said(r->chat, "RESTARTING"), 1);
    assert_int_equal(r->chat->finds, 1);
}

static void a_post_that_was_not_made_is_made(void **state)
{
    struct rig *r = *state;
    r->chat->lose_before = 1;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    assert_int_equal(fake_chat_said(r->chat, "RESTARTING"), 1);
}

/* ---- questions */

static struct chat_message *ask_for_hub(struct rig *r)
{
    rig_start(r);
    rig_ask(r, "restart cotak prod hub");
    rig_run(r, 5000);
    struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    assert_true(card_says(&m->card, "drops every WebSocket"));
    assert_int_equal(m->card.button_count, 2);
    assert_int_equal(r->ecs.redeploys, 0);
    return m;
}

static void only_the_asker_confirms_and_only_once(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    rig_click(r, "cy", "confirm", value, m->id);
    rig_run(r, 2000);
    assert_string_equal(rig_newest(r)->private_to, "cy");
    assert_true(card_says(&rig_newest(r)->card, "only @ana may confirm it. You may cancel it."));
    assert_int_equal(r->ecs.redeploys, 0);
    rig_click(r, "ana", "confirm", value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 1);
    assert_true(card_says(&m->card, "✔ Confirmed by @ana"));
    const struct card *card = &fake_chat_by_key(r->chat, "/card")->card; /* the hub's users notice it */
    assert_true(card_says(card, "WebSockets and TAK connections drop for a moment"));
    assert_false(card_says(card, "No downtime expected"));
    assert_int_equal(m->card.button_count, 0);
    rig_click(r, "ana", "confirm", value, m->id);
    rig_run(r, 2000);
    assert_int_equal(r->ecs.redeploys, 1);
    assert_non_null(fake_chat_first(r->chat, "☑ Already done by @ana at 14:00:"));
}

static void anyone_cancels(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    rig_click(r, "cy", "cancel", m->card.buttons[0].value, m->id);
    rig_run(r, 5000);
    assert_true(card_says(&m->card, "✖ Cancelled by @cy"));
    assert_int_equal(m->card.button_count, 0);
    assert_int_equal(r->settled[r->settled_count - 1].state, OP_CANCELLED);
    assert_int_equal(r->ecs.redeploys, 0);
}

static void a_question_expires(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    rig_run(r, 3 * MINUTE);
    assert_true(card_says(&m->card, "⌛ Expired 14:02:00 UTC"));
    assert_int_equal(m->card.button_count, 0);
    assert_int_equal(r->settled[0].state, OP_EXPIRED);
    rig_click(r, "ana", "confirm", value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_string_equal(rig_newest(r)->private_to, "ana");
}

static void a_forged_button_does_nothing(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    value[strlen(value) - 1] = value[strlen(value) - 1] == '0' ? '1' : '0';
    rig_click(r, "ana", "confirm", value, m->id);
    rig_run(r, 3000);
    rig_click(r, "ana", "confirm", "", m->id);
    rig_run(r, 3000);
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, "m999");
    rig_run(r, 3000);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_int_equal(fake_chat_said(r->chat, "⛔ Not done; nothing was changed."), 3);
    assert_int_equal(m->card.button_count, 2);
}

static void changed_facts_ask_again(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    r->ecs.running = 3;
    rig_click(r, "ana", "confirm", value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_int_equal(m->card.button_count, 2);
    assert_string_not_equal(m->card.buttons[1].value, value);
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 1);
}

static void a_second_person_confirms_where_the_target_wants_one(void **state)
{
    struct rig *r = *state;
    struct config_target *t = &r->config->targets[0];
    t->second_person = true;
    t->approvers.set = true;
    t->approvers.count = 1;
    t->approvers.list[0] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "dee"};
    struct chat_message *m = ask_for_hub(r);
    static const char *const people[] = {"ana", "cy", "dee"};
    for (size_t i = 0; i < CHECK_COUNT(people); i++) {
        assert_int_equal(r->ecs.redeploys, 0);
        rig_click(r, people[i], "confirm", m->card.buttons[1].value, m->id);
        rig_run(r, 5000);
    }
    assert_int_equal(r->ecs.redeploys, 1);
    assert_int_equal(fake_chat_said(r->chat, "⛔ Not done; nothing was changed."), 2);
}

static void without_approvers_there_is_no_second_person(void **state)
{
    struct rig *r = *state;
    r->config->targets[0].second_person = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod hub");
    expect_refusal(r, "confirm.approvers of this target names nobody");
}

static void an_open_question_survives_a_kill(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    rig_kill(r);
    rig_run(r, 5000);
    rig_start(r);
    rig_run(r, 1000);
    rig_click(r, "ana", "confirm", value, m->id); /* the key of the life before */
    rig_run(r, 1000);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_true(card_says(&rig_newest(r)->card, "was replaced by a newer one"));
    assert_string_not_equal(m->card.buttons[1].value, value);
    assert_int_equal(m->card.button_count, 2);
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 1);
    assert_int_equal(fake_chat_said(r->chat, "RESTART cotak prod hub (PRODUCTION)?"), 1);
}

static void a_running_deployment_asks(void **state)
{
    struct rig *r = *state;
    r->ecs.foreign_deployment = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 5000);
    assert_true(
        card_says(&fake_chat_by_key(r->chat, "/ask")->card, "begun outside this bot is running since"));
    assert_int_equal(r->ecs.redeploys, 0);
}

static void a_second_restart_names_the_first(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 20000);
    rig_ask_as(r, "bo", "restart cotak prod", "slack/bo", clock_wall(&r->clock));
    rig_run(r, 5000);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/ask")->card, "@ana restarts it since 14:00:00 UTC"));
    assert_int_equal(r->ecs.redeploys, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
        TEST(another_account_is_refused),
        TEST(a_missing_service_names_the_nearest),
        TEST(no_clusters_means_the_wrong_region),
        TEST(code_deploy_is_refused),
        TEST(slow_checks_are_refused),
        TEST(an_old_request_is_answered_and_not_run),
        TEST(a_guest_is_refused),
        TEST(a_failed_look_up_is_refused),
        TEST(a_redelivery_runs_once),
        TEST(nonsense_is_answered_with_usage),
        TEST(a_person_is_answered_twenty_times_a_minute),
        TEST(a_commit_that_fails_is_not_accepted),
        TEST(a_commit_that_is_slow_is_not_accepted_and_never_runs),
        TEST(a_store_that_dies_before_acting_stops_the_restart),
        TEST(a_card_that_cannot_be_posted_stops_the_restart),
        TEST(a_card_that_is_late_stops_the_restart),
        TEST(a_post_whose_answer_is_lost_is_not_posted_twice),
        TEST(a_post_that_was_not_made_is_made),
        TEST(only_the_asker_confirms_and_only_once),
        TEST(anyone_cancels),
        TEST(a_question_expires),
        TEST(a_forged_button_does_nothing),
        TEST(changed_facts_ask_again),
        TEST(a_second_person_confirms_where_the_target_wants_one),
        TEST(without_approvers_there_is_no_second_person),
        TEST(an_open_question_survives_a_kill),
        TEST(a_running_deployment_asks),
        TEST(a_second_restart_names_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
