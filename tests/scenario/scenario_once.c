/* At most once, honestly: what becomes of an UpdateService whose answer is lost. Nothing is sent a second
 * time unless a person says so; "mine" is said only after an answer; while nobody can know, that is what is
 * said. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE 60000LL

/* ---- the answer is lost, the call is not */

struct lost {
    const char *name;
    bool lose_reply, drop_call;
    int64_t late_ms, stale_ms, foreign_ms;
    const char *followed;
    enum operation_state end;
};

static const struct lost lost_rows[] = {
    {"executed, then reset", true, false, 0, 0, 0, NEW_DEPLOYMENT, OP_SUCCEEDED},
    {"executed, reads stale for 20 s", true, false, 0, 20000, 0, NEW_DEPLOYMENT, OP_SUCCEEDED},
    {"reset, executed 5 s later", true, false, 5000, 0, 0, NEW_DEPLOYMENT, OP_SUCCEEDED},
    {"reset, executed 5 s later, reads stale", true, false, 5000, 20000, 0, NEW_DEPLOYMENT, OP_SUCCEEDED},
    {"dropped while another client deploys", false, true, 0, 0, 7000, OTHER_DEPLOYMENT, OP_SUCCEEDED},
    {"executed, reset, and another client deploys before the first look", true, false, 0, 0, 2000,
     OTHER_DEPLOYMENT, OP_SUCCEEDED},
    {"executed, reset, and another client deploys after it was seen", true, false, 0, 0, 20000,
     NEW_DEPLOYMENT, OP_SUPERSEDED},
};

static void play_lost(const struct lost *x)
{
    struct rig *r = mem_alloc(sizeof(*r));
    rig_init(r);
    r->ecs.lose_reply = x->lose_reply;
    r->ecs.drop_call = x->drop_call;
    r->ecs.late_ms = x->late_ms;
    r->ecs.stale_ms = x->stale_ms;
    r->ecs.foreign_ms = x->foreign_ms;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 60 * MINUTE);
    const struct chat_message *verdict = fake_chat_by_key(r->chat, "/verdict");
    CHECK_ROW(x->name, r->ecs.sent == 1);
    CHECK_ROW(x->name, r->settled_count == 1 && r->settled[0].state == x->end);
    CHECK_ROW(x->name,
              verdict != NULL && card_says(&verdict->card, "It may have been mine, ECS cannot tell."));
    CHECK_ROW(x->name, card_says(&verdict->card, x->followed));
    CHECK_ROW(x->name, fake_chat_by_key(r->chat, "/ask") == NULL);
    rig_finish(r);
    mem_free(r);
}

static void a_lost_answer_is_followed_as_perhaps_mine(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(lost_rows); i++) {
        play_lost(&lost_rows[i]);
    }
}

static void only_an_answer_makes_it_mine(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 30 * MINUTE);
    assert_false(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "ECS cannot tell"));
    assert_false(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "superseded"));
    assert_int_equal(r->ecs.sent, 1);
}

/* The newest older deployment in the answer is not the one that was PRIMARY at the last look. */
static void whom_it_superseded_is_said(void **state)
{
    struct rig *r = *state;
    const char *words = "I superseded " OTHER_DEPLOYMENT ", begun in the same second.";
    r->ecs.overtaken = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 30000);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, words));
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    assert_false(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "ECS cannot tell"));
}

/* ---- the question */

/* The first UpdateService is dropped; a minute later the question is open. */
static struct chat_message *come_to_doubt(struct rig *r)
{
    r->ecs.drop_call = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 80000);
    struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    assert_int_equal(m->card.button_count, 2);
    assert_int_equal(r->ecs.sent, 1);
    assert_int_equal(r->settled_count, 0);
    return m;
}

static void none_found_is_asked_with_what_was_seen(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = come_to_doubt(r);
    assert_string_equal(m->private_to, "");
    assert_non_null(
        strstr(m->first, "❔ SEND THE RESTART AGAIN? cotak prod api (PRODUCTION) · asked by @ana"));
    static const char *const facts[] = {"Users: SERVED, 2 of 2 tasks run now.",
                                        "I sent UpdateService at 14:00:0",
                                        "and got no answer",
                                        "no new deployment of mine",
                                        "PRIMARY is " OLD_DEPLOYMENT " as before, since 2026-11-21 14:0",
                                        "2 of 2 tasks run",
                                        "nobody can be sure",
                                        "If nobody answers, nothing is sent."};
    for (size_t i = 0; i < CHECK_COUNT(facts); i++) {
        CHECK_ROW(facts[i], card_says(&m->card, facts[i]));
    }
    assert_string_equal(m->card.buttons[0].text, "Leave it (anyone)");
    assert_string_equal(m->card.buttons[1].text, "Send it again (only @ana)");
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "NO ANSWER FROM AWS"));
}

static void expect_unknown_end(struct rig *r, const char *words)
{
    rig_settle(r, 1, 5 * MINUTE);
    rig_run(r, 10000);
    assert_int_equal(r->settled_count, 1);
    assert_int_equal(r->settled[0].state, OP_CANCELLED);
    assert_int_equal(operation_exit_status(r->settled[0].state), 4);
    const struct card *verdict = &fake_chat_by_key(r->chat, "/verdict")->card;
    assert_true(card_says(verdict, "NOT KNOWN WHETHER IT RESTARTED"));
    assert_true(card_says(verdict, words));
    assert_true(card_says(verdict, "nothing was sent again"));
    assert_false(card_says(verdict, "NOT RESTARTED"));
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "NOT KNOWN WHETHER IT RESTARTED"));
}

static void anyone_leaves_it(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = come_to_doubt(r);
    rig_click(r, "cy", "cancel", m->card.buttons[0].value, m->id);
    expect_unknown_end(r, "✖ Left by @cy 14:01:2");
    assert_int_equal(m->card.button_count, 0);
    assert_int_equal(r->ecs.sent, 1);
}

static void nobody_answers(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = come_to_doubt(r);
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    expect_unknown_end(r, "⌛ Nobody answered until 14:03:");
    assert_int_equal(m->card.button_count, 0);
    rig_click(r, "ana", "confirm", value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.sent, 1);
    assert_int_equal(fake_chat_said(r->chat, "⌛ Not done; nothing was changed."), 1);
}

static void the_asker_sends_it_again_once(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = come_to_doubt(r);
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    r->ecs.drop_call = false;
    rig_click(r, "cy", "confirm", value, m->id);
    rig_run(r, 2000);
    assert_int_equal(r->ecs.sent, 1);
    assert_true(card_says(&rig_newest(r)->card, "only @ana may confirm it"));
    const int looks = r->ecs.looks;
    rig_click(r, "ana", "confirm", value, m->id);
    rig_click(r, "ana", "confirm", value, m->id);
    rig_run(r, 5000);
    rig_click(r, "ana", "confirm", value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.sent, 2);
    assert_true(r->ecs.looks > looks); /* the facts were read again */
    assert_true(card_says(&m->card, "✔ Confirmed by @ana"));
    assert_int_equal(m->card.button_count, 0);
    rig_settle(r, 4, 30 * MINUTE); /* three clicks that did nothing */
    assert_int_equal(r->settled[3].state, OP_SUCCEEDED);
    assert_false(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "ECS cannot tell"));
    assert_int_equal(r->ecs.sent, 2);
}

static void rights_are_looked_at_again(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = come_to_doubt(r);
    r->chat->member = MEMBER_GUEST;
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.sent, 1);
    assert_int_equal(m->card.button_count, 2);
    assert_true(card_says(&rig_newest(r)->card, "guest"));
}

static void what_shows_late_voids_the_question(void **state)
{
    struct rig *r = *state;
    r->ecs.late_ms = 100000;
    r->ecs.lose_reply = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 80000);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    rig_run(r, 40000);
    assert_int_equal(m->card.button_count, 0);
    assert_true(card_says(&m->card, "Not needed any more: a new deployment shows, which I follow"));
    rig_click(r, "ana", "confirm", value, m->id);
    rig_settle(r, 2, 30 * MINUTE); /* the click's refusal, the verdict */
    assert_int_equal(r->ecs.sent, 1);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "It may have been mine"));
}

/* Between the last look and the click: the look before the second UpdateService sees it. */
static void the_facts_are_read_again_before_it_is_sent(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = come_to_doubt(r);
    script_ecs_execute(&r->ecs);
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 3000);
    assert_int_equal(r->ecs.sent, 1);
    assert_true(card_says(&m->card, "Not needed any more"));
}

static void changed_facts_are_asked_about(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = come_to_doubt(r);
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    r->ecs.running = 3;
    rig_click(r, "ana", "confirm", value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.sent, 1);
    assert_true(card_says(&m->card, "Not sent again: the count was changed meanwhile"));
    assert_string_not_equal(m->card.buttons[1].value, value);
    r->ecs.drop_call = false;
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.sent, 2);
}

static void a_refused_second_one_comes_back_to_the_question(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = come_to_doubt(r);
    r->ecs.refuse = true;
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    const struct chat_message *second = fake_chat_by_key(r->chat, "/ask/2");
    assert_non_null(second);
    assert_true(card_says(&second->card, "Sending it again came to nothing: AccessDeniedException"));
    assert_true(card_says(&second->card, "I sent UpdateService at 14:0"));
    rig_click(r, "ana", "cancel", second->card.buttons[0].value, second->id);
    expect_unknown_end(r, "Left by @ana");
    assert_int_equal(r->ecs.sent, 2);
}

static void a_second_lost_one_is_looked_for_and_asked_about(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = come_to_doubt(r);
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 80000);
    assert_int_equal(r->ecs.sent, 2);
    const struct chat_message *second = fake_chat_by_key(r->chat, "/ask/2");
    assert_non_null(second);
    assert_true(card_says(&second->card, "I sent UpdateService 2 times, last at 14:01:2"));
    expect_unknown_end(r, "Nobody answered");
}

static void a_second_person_is_needed_where_the_target_wants_one(void **state)
{
    struct rig *r = *state;
    struct config_target *t = &r->config->targets[0];
    t->second_person = true;
    t->approvers.set = true;
    t->approvers.count = 1;
    t->approvers.list[0] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "dee"};
    const struct chat_message *m = come_to_doubt(r);
    assert_string_equal(m->card.buttons[1].text, "Send it again (not @ana)");
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.sent, 1);
    rig_click(r, "dee", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.sent, 2);
}

static void without_approvers_it_can_only_be_left(void **state)
{
    struct rig *r = *state;
    r->config->targets[0].second_person = true;
    r->ecs.drop_call = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 80000);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_int_equal(m->card.button_count, 1);
    assert_true(card_says(&m->card, "confirm.approvers of this target names nobody"));
}

/* ---- unseen is not "none" */

static void what_cannot_be_seen_is_not_called_none(void **state)
{
    struct rig *r = *state;
    r->ecs.drop_call = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    while (r->ecs.sent == 0) {
        rig_run(r, 10);
    }
    r->ecs.blind = true;
    rig_run(r, 10 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "NOT KNOWN WHETHER IT RUNS"), 1);
    assert_null(fake_chat_by_key(r->chat, "/ask"));
    assert_int_equal(r->settled_count, 0);
    r->ecs.blind = false;
    rig_run(r, MINUTE);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    assert_true(card_says(&m->card, "last at 14:1"));
}

/* It could be seen at first, and then not any more: that is not a minute without a deployment. */
static void a_look_that_is_old_is_not_enough(void **state)
{
    struct rig *r = *state;
    r->ecs.drop_call = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 20000);
    r->ecs.blind = true;
    rig_run(r, 2 * MINUTE);
    assert_null(fake_chat_by_key(r->chat, "/ask"));
    assert_int_equal(fake_chat_said(r->chat, "NOT KNOWN WHETHER IT RUNS"), 1);
    rig_run(r, 70 * MINUTE);
    assert_int_equal(r->settled_count, 1);
    assert_int_equal(r->settled[0].state, OP_CANCELLED);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "last at 14:00:"));
}

/* ---- the bot is restarted */

static void an_open_question_survives_a_restart(void **state)
{
    struct rig *r = *state;
    const struct chat_message *m = come_to_doubt(r);
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    rig_kill(r);
    rig_run(r, 20000);
    rig_start(r);
    rig_run(r, 2000);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "I was away"));
    assert_int_equal(fake_chat_said(r->chat, "SEND THE RESTART AGAIN?"), 1);
    r->ecs.drop_call = false;
    rig_click(r, "ana", "confirm", value, m->id); /* the key of the life before */
    rig_run(r, 2000);
    assert_int_equal(r->ecs.sent, 1);
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.sent, 2);
    rig_settle(r, 2, 30 * MINUTE);
    assert_int_equal(r->settled[1].state, OP_SUCCEEDED);
}

static void a_question_that_expired_meanwhile_is_looked_at_and_ended(void **state)
{
    struct rig *r = *state;
    come_to_doubt(r);
    rig_kill(r);
    rig_run(r, 1);
    rig_run(r, 5 * MINUTE);
    rig_start(r);
    rig_run(r, 30000);
    assert_int_equal(r->settled_count, 0); /* it looks first */
    expect_unknown_end(r, "Nobody answered until 14:03:");
    assert_int_equal(fake_chat_said(r->chat, "SEND THE RESTART AGAIN?"), 1);
    assert_int_equal(r->ecs.sent, 1);
}

static void a_bot_that_died_while_sending_says_so(void **state)
{
    struct rig *r = *state;
    r->ecs.drop_call = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    while (r->ecs.sent == 0) {
        rig_run(r, 10);
    }
    rig_kill(r);
    rig_run(r, 1);
    rig_start(r);
    rig_run(r, 80000);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    assert_true(card_says(&m->card, "I was restarted while I sent UpdateService"));
    assert_false(card_says(&m->card, "and got no answer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
        cmocka_unit_test(a_lost_answer_is_followed_as_perhaps_mine),
        TEST(only_an_answer_makes_it_mine),
        TEST(whom_it_superseded_is_said),
        TEST(none_found_is_asked_with_what_was_seen),
        TEST(anyone_leaves_it),
        TEST(nobody_answers),
        TEST(the_asker_sends_it_again_once),
        TEST(rights_are_looked_at_again),
        TEST(what_shows_late_voids_the_question),
        TEST(the_facts_are_read_again_before_it_is_sent),
        TEST(changed_facts_are_asked_about),
        TEST(a_refused_second_one_comes_back_to_the_question),
        TEST(a_second_lost_one_is_looked_for_and_asked_about),
        TEST(a_second_person_is_needed_where_the_target_wants_one),
        TEST(without_approvers_it_can_only_be_left),
        TEST(what_cannot_be_seen_is_not_called_none),
        TEST(a_look_that_is_old_is_not_enough),
        TEST(an_open_question_survives_a_restart),
        TEST(a_question_that_expired_meanwhile_is_looked_at_and_ended),
        TEST(a_bot_that_died_while_sending_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
