/* Reading commands on the engine: answered in time when AWS is slow, and no obstacle to the bot's end. And
 * `unfollow`: told in the channel, by who may view there, once. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define SECOND 1000LL
#define MINUTE 60000LL

static void expect_says(const struct card *card, const char *words)
{
    if (!card_says(card, words)) {
        char *text = card_text(card, 0);
        print_error("%s\n", text);
        mem_free(text);
        fail_msg("missing: %s", words);
    }
}

/* ---- AWS is slow */

static void answered_in_time(void **state)
{
    static const struct {
        const char *text, *says;
        int64_t within_ms;
    } rows[] = {{"status cotak prod", "AWS had not answered within 2 s", 2000},
                {"tasks cotak prod", "AWS had not answered within 8 s", 8000},
                {"events cotak prod hub", "AWS had not answered within 8 s", 8000},
                {"logs cotak prod", "AWS had not answered within 8 s", 8000}};
    struct rig *r = *state;
    r->ecs.answer_ms = 30 * SECOND;
    TEXT_COPY(r->config->targets[0].logs.list[0].id, "");
    r->config->targets[0].logs.list[0].kind = PRINCIPAL_ANY;
    r->config->targets[0].logs.count = 1;
    r->config->targets[0].logs.set = true;
    rig_start(r);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const size_t before = r->chat->count;
        rig_ask(r, rows[i].text);
        rig_run(r, rows[i].within_ms - 100);
        CHECK_ROW(rows[i].text, r->chat->count == before);
        rig_run(r, 500);
        CHECK_ROW(rows[i].text, r->chat->count == before + 1);
        expect_says(&rig_newest(r)->card, rows[i].says);
    }
    rig_run(r, MINUTE); /* what comes late changes nothing */
    assert_int_equal(r->chat->count, CHECK_COUNT(rows));
    assert_int_equal(r->settled_count, CHECK_COUNT(rows));
}

/* The end of the bot waits for what lies in the memory of a command that has answered long ago. */
static void stopped_while_an_answer_is_late(void **state)
{
    struct rig *r = *state;
    r->ecs.answer_ms = 10 * SECOND;
    rig_start(r);
    rig_ask(r, "status cotak prod");
    rig_run(r, 3 * SECOND);
    assert_int_equal(r->chat->count, 1);
    rig_close(r);
    rig_start(r);
    rig_run(r, MINUTE);
    assert_int_equal(r->chat->count, 1);
}

/* ---- unfollow */

static void follow(struct rig *r)
{
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, MINUTE);
    assert_non_null(fake_chat_by_key(r->chat, "/card"));
}

static void unfollow(struct rig *r, const char *user)
{
    char text[40], delivery[40];
    TEXT_FORMAT(text, "unfollow %.4s", fake_chat_by_key(r->chat, "/card")->key);
    TEXT_FORMAT(delivery, "slack/%d", ++r->asked);
    rig_ask_as(r, user, text, delivery, clock_wall(&r->clock));
}

static void unfollowed_and_told(void **state)
{
    struct rig *r = *state;
    follow(r);
    unfollow(r, "bo");
    rig_run(r, 5 * SECOND);
    const struct chat_message *verdict = fake_chat_by_key(r->chat, "/verdict");
    assert_non_null(verdict);
    expect_says(&verdict->card, "STOPPED FOLLOWING");
    expect_says(&verdict->card, "@bo asked me to stop following. ECS goes on ");
    expect_says(&verdict->card, "nothing of it was changed");
    const struct chat_message *answer = fake_chat_first(r->chat, "I stop following");
    assert_non_null(answer);
    assert_string_equal(answer->private_to, "bo");
    expect_says(&answer->card, "Take it up again: /cloudtak follow cotak prod api");
    const int looks = r->ecs.looks;
    rig_run(r, 30 * MINUTE);
    assert_int_equal(r->ecs.looks, looks);
    assert_int_equal(r->settled_count, 2);
    assert_int_equal(r->settled[0].state + r->settled[1].state, OP_STOPPED_FOLLOWING + OP_STATES);
    assert_int_equal(fake_chat_said(r->chat, "DONE"), 0);
    /* … and it can be taken up again, or it is over meanwhile and that is said. */
    unfollow(r, "ana");
    rig_run(r, 5 * SECOND);
    expect_says(&rig_newest(r)->card, "nothing was changed");
    expect_says(&rig_newest(r)->card, "I follow nothing now.");
}

static void not_by_who_may_not_view(void **state)
{
    struct rig *r = *state;
    follow(r);
    r->config->targets[0].view.list[0].kind = PRINCIPAL_USER;
    TEXT_COPY(r->config->targets[0].view.list[0].server, "slack");
    TEXT_COPY(r->config->targets[0].view.list[0].id, "ana");
    r->config->targets[0].restart.list[0] = r->config->targets[0].view.list[0];
    unfollow(r, "bo");
    rig_run(r, 5 * SECOND);
    expect_says(&fake_chat_first(r->chat, "⛔")->card, "view");
    rig_settle(r, 2, 30 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "✅ DONE"), 1);
}

static void only_what_is_followed(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask(r, "unfollow 7F3K");
    rig_run(r, SECOND);
    expect_says(&rig_newest(r)->card, "I know no operation 7F3K that runs. I follow nothing now.");
    rig_ask(r, "restart cotak prod hub");
    rig_run(r, 3 * SECOND);
    char text[40];
    TEXT_FORMAT(text, "unfollow %.4s", fake_chat_by_key(r->chat, "/ask")->key);
    rig_ask(r, text);
    rig_run(r, SECOND);
    expect_says(&rig_newest(r)->card,
                "waits for an answer; nothing was begun. To withdraw it: /cloudtak cancel ");
}

static void what_is_over_cannot_be_left(void **state)
{
    struct rig *r = *state;
    follow(r);
    rig_settle(r, 1, 30 * MINUTE);
    unfollow(r, "bo");
    rig_run(r, SECOND);
    expect_says(&fake_chat_first(r->chat, "⛔")->card, "I only watch a few more minutes for crashes");
}

/* Killed at each commit of it: either it is followed on to its end, or it is not followed; one verdict. */
static void a_kill_leaves_one_end(void **state)
{
    (void)state;
    int left = 0, kept = 0;
    for (int n = 1; n <= 6; n++) {
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        follow(r);
        r->kill_at = r->commits + n;
        r->kill_applied = n % 2 == 0;
        unfollow(r, "bo");
        rig_run(r, 10 * SECOND);
        if (r->killed) {
            rig_start(r);
        }
        rig_run(r, 40 * MINUTE);
        const struct chat_message *verdict = fake_chat_by_key(r->chat, "/verdict");
        assert_non_null(verdict);
        assert_int_equal(fake_chat_said(r->chat, "STOPPED FOLLOWING") + fake_chat_said(r->chat, "✅ DONE"), 1);
        *(card_says(&verdict->card, "@bo asked me") ? &left : &kept) += 1;
        assert_int_equal(r->ecs.sent, 1);
        rig_finish(r);
        mem_free(r);
    }
    print_message("left %d times, followed to the end %d times\n", left, kept);
    assert_true(left > 0 && kept > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(answered_in_time),
        TEST(stopped_while_an_answer_is_late),
        TEST(unfollowed_and_told),
        TEST(not_by_who_may_not_view),
        TEST(only_what_is_followed),
        TEST(what_is_over_cannot_be_left),
        cmocka_unit_test(a_kill_leaves_one_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
