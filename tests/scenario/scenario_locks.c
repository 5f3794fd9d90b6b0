/* Locks: whose change asks, who is told when a lock changes hands, and that it is kept over a restart of the
 * bot; a change so soon after the last one asks as well. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE 60000LL

static void say(struct rig *r, const char *user, const char *text)
{
    char delivery[40];
    TEXT_FORMAT(delivery, "slack/said/%d", ++r->asked);
    rig_ask_as(r, user, text, delivery, clock_wall(&r->clock));
    rig_run(r, 4000);
}

/* The last message that only this person saw. */
static struct chat_message *told(struct rig *r, const char *user)
{
    struct chat_message *m = rig_newest(r);
    while (strcmp(m->private_to, user) != 0) {
        assert_true(m > r->chat->messages);
        m--;
    }
    return m;
}

static void expect_told(struct rig *r, const char *user, const char *words)
{
    const struct chat_message *m = told(r, user);
    if (!card_says(&m->card, words)) {
        fail_msg("it reads: %s", card_text(&m->card, 0));
    }
}

static struct chat_message *question(struct rig *r)
{
    struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    return m;
}

static bool mentions(const struct chat_message *m, const char *principal)
{
    for (size_t i = 0; i < m->card.mention_count; i++) {
        if (strcmp(m->card.mentions[i], principal) == 0) {
            return true;
        }
    }
    return false;
}

static void one_s_own_lock_asks_nothing(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    say(r, "ana", "lock cotak prod --reason \"new hub version\"");
    expect_told(r, "ana", "🔒 The lock of cotak prod is yours.");
    expect_told(r, "ana", "It stops this bot, not the AWS console.");
    const struct chat_message *m = fake_chat_first(r->chat, "🔒 LOCKED cotak prod (PRODUCTION) by @ana");
    assert_non_null(m);
    assert_string_equal(m->private_to, "");
    assert_true(card_says(&m->card, "Why: \"new hub version\""));
    say(r, "ana", "restart cotak prod");
    assert_null(fake_chat_by_key(r->chat, "/ask"));
    assert_int_equal(r->ecs.redeploys, 1);
}

static void a_change_by_another_asks_and_takes_it_over(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    say(r, "ana", "lock cotak prod --reason \"new hub version\"");
    rig_run(r, 10 * MINUTE);
    say(r, "bo", "restart cotak prod");
    struct chat_message *m = question(r);
    assert_true(card_says(&m->card,
                          "cotak prod is locked by @ana since 14:00:00 UTC (10 min 04 s): \"new hub "
                          "version\". Going on takes the lock over, and tells @ana."));
    assert_int_equal(r->ecs.redeploys, 0);
    rig_click(r, "bo", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 4000);
    assert_int_equal(r->ecs.redeploys, 1);
    const struct chat_message *over = fake_chat_first(r->chat, "🔒 LOCKED cotak prod (PRODUCTION) by @bo");
    assert_non_null(over);
    assert_true(card_says(&over->card, "Before, it was locked by @ana since 14:00:00 UTC"));
    assert_true(mentions(over, "slack:user:ana"));
    say(r, "ana", "locks");
    expect_told(r, "ana", "cotak prod (PRODUCTION): @bo since 14:10:");
}

static void a_lock_never_stops_the_remedy(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    say(r, "ana", "restart cotak prod");
    say(r, "ana", "lock cotak prod");
    rig_run(r, MINUTE);
    say(r, "bo", "restart cotak prod"); /* while it is followed */
    struct chat_message *m = question(r);
    assert_true(card_says(&m->card, "cotak prod is locked by @ana"));
    rig_click(r, "bo", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 4000);
    assert_int_equal(r->ecs.redeploys, 2);
}

static void a_lock_taken_meanwhile_voids_the_answer(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    say(r, "bo", "restart cotak prod hub");
    struct chat_message *m = question(r);
    say(r, "ana", "lock cotak prod");
    rig_click(r, "bo", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 4000);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_true(card_says(&m->card, "Asked again: "));
    assert_true(card_says(&m->card, "cotak prod is locked by @ana"));
    rig_click(r, "bo", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 4000);
    assert_int_equal(r->ecs.redeploys, 1);
}

static void a_lock_is_taken_over_after_a_question(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    say(r, "ana", "lock cotak prod");
    say(r, "bo", "lock cotak prod --reason mine");
    struct chat_message *m = told(r, "bo");
    assert_true(card_says(&m->card, "🔒 cotak prod is locked by @ana. Take it over?"));
    char value[400], typed[120] = "";
    TEXT_COPY(value, m->card.buttons[1].value);
    for (size_t i = 0; i < m->card.line_count; i++) {
        if (text_starts(m->card.lines[i], "or type: /cloudtak ")) {
            TEXT_COPY(typed, m->card.lines[i] + strlen("or type: /cloudtak "));
        }
    }
    say(r, "cy", typed);
    expect_told(r, "cy", "somebody else's");
    say(r, "ana", "locks");
    expect_told(r, "ana", "cotak prod (PRODUCTION): @ana since 14:00:00 UTC");
    say(r, "bo", typed);
    expect_told(r, "bo", "🔒 The lock of cotak prod is yours.");
    const struct chat_message *over = fake_chat_first(r->chat, "🔒 LOCKED cotak prod (PRODUCTION) by @bo");
    assert_non_null(over);
    assert_true(mentions(over, "slack:user:ana"));
    rig_click(r, "bo", "confirm", value, ""); /* once */
    rig_run(r, 2000);
    expect_told(r, "bo", "This question about a lock is over.");
    assert_int_equal(fake_chat_said(r->chat, "LOCKED cotak prod (PRODUCTION) by @bo"), 1);
}

static void a_button_gives_back_for_another(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    say(r, "ana", "lock cotak prod");
    say(r, "bo", "unlock cotak prod");
    struct chat_message *m = told(r, "bo");
    assert_true(card_says(&m->card, "Give it back for them?"));
    rig_click(r, "bo", "confirm", m->card.buttons[1].value, "");
    rig_run(r, 2000);
    const struct chat_message *open = fake_chat_first(r->chat, "🔓 UNLOCKED cotak prod (PRODUCTION) by @bo");
    assert_non_null(open);
    assert_true(mentions(open, "slack:user:ana"));
    say(r, "bo", "unlock cotak prod");
    expect_told(r, "bo", "cotak prod is not locked.");
}

static void the_right_is_looked_at_again_at_the_answer(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    say(r, "ana", "lock cotak prod");
    say(r, "bo", "lock cotak prod");
    struct chat_message *m = told(r, "bo");
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    r->chat->member = MEMBER_GUEST;
    rig_click(r, "bo", "confirm", value, "");
    rig_run(r, 2000);
    expect_told(r, "bo", "guest");
    assert_null(fake_chat_first(r->chat, "LOCKED cotak prod (PRODUCTION) by @bo"));
}

static void a_question_about_a_lock_expires(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    say(r, "ana", "lock cotak prod");
    say(r, "bo", "lock cotak prod");
    struct chat_message *m = told(r, "bo");
    char value[400];
    TEXT_COPY(value, m->card.buttons[1].value);
    rig_run(r, 3 * MINUTE);
    rig_click(r, "bo", "confirm", value, "");
    rig_run(r, 2000);
    expect_told(r, "bo", "The question about the lock expired.");
    assert_null(fake_chat_first(r->chat, "LOCKED cotak prod (PRODUCTION) by @bo"));
}

static void a_lock_outlives_the_bot(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    say(r, "ana", "lock cotak prod --reason \"new hub version\"");
    rig_kill(r);
    rig_run(r, 1);
    rig_run(r, 20 * 60 * MINUTE);
    rig_start(r);
    say(r, "bo", "locks");
    expect_told(r, "bo", "cotak prod (PRODUCTION): @ana since 2026-11-22 14:00:00 UTC: \"new hub version\"");
    say(r, "ana", "unlock cotak prod");
    rig_kill(r);
    rig_run(r, 1);
    rig_start(r);
    say(r, "bo", "locks");
    expect_told(r, "bo", "Nothing is locked.");
}

static void one_human_has_one_lock(void **state)
{
    struct rig *r = *state;
    r->config->people = mem_array(1, sizeof(*r->config->people));
    r->config->person_count = 1;
    struct config_person *p = &r->config->people[0];
    TEXT_COPY(p->name, "ana");
    p->count = 2;
    p->ids[0] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "ana"};
    p->ids[1] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "ana2"};
    rig_start(r);
    say(r, "ana", "lock cotak prod");
    say(r, "ana2", "restart cotak prod");
    assert_null(fake_chat_by_key(r->chat, "/ask"));
    assert_int_equal(r->ecs.redeploys, 1);
}

static void a_lock_that_cannot_be_written_is_none(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    r->commit_ms = 500;
    rig_ask(r, "lock cotak prod");
    rig_run(r, 700); /* the request is taken, the lock's step is on its way */
    r->fail_commits = true;
    rig_run(r, 3000);
    r->fail_commits = false;
    say(r, "bo", "locks");
    const bool locked = card_says(&told(r, "bo")->card, "@ana since");
    const bool said = fake_chat_said(r->chat, "LOCKED cotak prod") == 1;
    assert_true(locked == said);
    r->fail_commits = true;
    r->commit_ms = 2;
    say(r, "cy", "lock cotak prod"); /* not even taken */
    assert_int_equal(r->refused_acks, 1);
}

/* ---- the cool-down */

static void a_change_so_soon_after_the_last_one_asks(void **state)
{
    struct rig *r = *state;
    r->config->cool_down_ms = 5 * MINUTE;
    rig_start(r);
    say(r, "ana", "restart cotak prod");
    rig_settle(r, 1, 30 * MINUTE);
    rig_run(r, 4 * MINUTE);
    say(r, "bo", "restart cotak prod");
    assert_true(card_says(&question(r)->card, "A restart by @ana ("));
    assert_true(card_says(&question(r)->card, ") ended 4 min 0"));
    assert_true(card_says(&question(r)->card, "follow that instead?"));
    rig_run(r, 10 * MINUTE); /* it expires; and it was no change */
    say(r, "bo", "restart cotak prod");
    assert_int_equal(r->ecs.redeploys, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
        TEST(one_s_own_lock_asks_nothing),
        TEST(a_change_by_another_asks_and_takes_it_over),
        TEST(a_lock_never_stops_the_remedy),
        TEST(a_lock_taken_meanwhile_voids_the_answer),
        TEST(a_lock_is_taken_over_after_a_question),
        TEST(a_button_gives_back_for_another),
        TEST(the_right_is_looked_at_again_at_the_answer),
        TEST(a_question_about_a_lock_expires),
        TEST(a_lock_outlives_the_bot),
        TEST(one_human_has_one_lock),
        TEST(a_lock_that_cannot_be_written_is_none),
        TEST(a_change_so_soon_after_the_last_one_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
