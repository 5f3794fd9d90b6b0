/* The outbox in a crowd: what waits, what goes first, and who is told when a channel refuses. */
#include "core_outbox_rig.h"

/* An edit that is throttled for a minute, and a reply too, hold no verdict back. */
static void a_held_edit_holds_no_message(void **state)
{
    struct fixture *f = *state;
    put(f, "7F3K/card", "one");
    run(f, 100);
    f->next_at = 0;
    f->next[0] = CHAT_LATER;
    f->retry_ms = 60000;
    put(f, "7F3K/card", "two");
    run(f, 100);
    assert_int_equal(f->count, 1);
    put(f, "7F3K/verdict", "DONE");
    run(f, 100);
    assert_int_equal(f->count, 2);
    assert_string_equal(f->messages[1].title, "DONE");
    assert_string_equal(f->asker, "U0ANA");
    run(f, 61000);
    assert_int_equal(f->count, 3);
    assert_true(f->messages[2].edit);
}

static void say(struct fixture *f, const char *channel, const char *title, bool first)
{
    struct store_outbox row = row_of("");
    struct card *card = mem_alloc(sizeof(*card));
    row.operation[0] = '\0';
    TEXT_COPY(row.channel, channel);
    card_init(card, TONE_NEUTRAL);
    card_title(card, "%s", title);
    assert_true((first ? outbox_say_first : outbox_say)(f->outbox, &row, card, NULL));
    mem_free(card);
}

/* Answers that hang use half the places: what belongs to an operation finds room at once. */
static void replies_leave_room_for_operations(void **state)
{
    struct fixture *f = *state;
    f->stalled = true;
    for (int i = 0; i < 30; i++) {
        char channel[8];
        TEXT_FORMAT(channel, "C%d", i);
        say(f, channel, "pong", false);
    }
    run(f, 1000);
    assert_int_equal(f->flying, 16);
    assert_int_equal(f->waiting_flying, 16);
    put(f, "7F3K/verdict", "DONE");
    run(f, 100);
    assert_int_equal(f->flying, 17);
    assert_string_equal(f->stalled_sends[16]->card->title, "DONE");
    f->stalled = false;
    for (int i = 0; i < f->flying; i++) {
        answer(f->stalled_sends[i], NULL);
    }
    run(f, 1000);
    assert_int_equal(f->sent, 31);
}

static void refusals_go_before_answers(void **state)
{
    struct fixture *f = *state;
    f->next[0] = CHAT_LATER;
    f->next[1] = CHAT_LATER;
    f->retry_ms = 5000;
    say(f, "C1", "answer", false);
    say(f, "C1", "refusal", true);
    run(f, 100); /* both wait */
    assert_int_equal(f->count, 0);
    run(f, 6000);
    assert_int_equal(f->count, 2);
    assert_string_equal(f->messages[0].title, "refusal");
    assert_string_equal(f->messages[1].title, "answer");
}

/* To be asked to wait is no failure: it is looked up later, and not posted blindly. */
static void a_throttled_look_up_is_no_failure(void **state)
{
    struct fixture *f = *state;
    f->next[0] = CHAT_UNKNOWN;
    f->find_fails = true;
    f->find_retry_ms = 10000;
    put(f, "7F3K/verdict", "DONE");
    run(f, 120000);
    assert_int_equal(f->count, 0);
    assert_true(f->finds >= 10 && f->finds <= 12); /* every 10 s */
    f->find_fails = false;
    f->found = true;
    run(f, 11000);
    assert_int_equal(f->sent, 1);
    assert_int_equal(f->count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_held_edit_holds_no_message),
        TEST(replies_leave_room_for_operations),
        TEST(refusals_go_before_answers),
        TEST(a_throttled_look_up_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
