/* The outbox: what is said, in which order, how often, and after a restart. */
#include "core_outbox_rig.h"

static void nothing_is_sent_before_its_commit(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    const struct store_outbox row = row_of("7F3K/card");
    stage(f, t, &row, "one");
    run(f, 5000);
    assert_int_equal(f->count, 0);
    commit(f, t);
    run(f, 100);
    assert_int_equal(f->count, 1);
    assert_int_equal(f->sent, 1);
    assert_string_equal(outbox_message(f->outbox, "7F3K/card"), "m-7F3K/card");
}

static void edits_are_coalesced_and_three_seconds_apart(void **state)
{
    struct fixture *f = *state;
    put(f, "7F3K/card", "v1");
    run(f, 100);
    for (int i = 2; i <= 40; i++) {
        char title[16];
        TEXT_FORMAT(title, "v%d", i);
        put(f, "7F3K/card", title);
        run(f, 250);
    }
    run(f, 10000);
    assert_in_range(f->count, 4, 6);
    assert_string_equal(f->messages[f->count - 1].title, "v40");
    for (size_t i = 1; i < f->count; i++) {
        assert_true(f->messages[i].edit);
        if (i > 1) {
            assert_true(f->messages[i].at_ms - f->messages[i - 1].at_ms >= 3000);
        }
    }
    assert_int_equal(outbox_count(f->outbox), 0);
}

static void messages_go_before_edits(void **state)
{
    struct fixture *f = *state;
    put(f, "7F3K/card", "v1");
    run(f, 100);
    struct store_txn *t = store_txn_create();
    const struct store_outbox card = row_of("7F3K/card"), notice = row_of("7F3K/notice/1");
    stage(f, t, &card, "v2");
    stage(f, t, &notice, "notice");
    commit(f, t);
    run(f, 5000);
    assert_int_equal(f->count, 3);
    assert_string_equal(f->messages[1].title, "notice");
    assert_string_equal(f->messages[2].title, "v2");
}

static void a_thread_waits_for_its_parent(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    struct store_outbox line = row_of("7F3K/notice/1");
    const struct store_outbox card = row_of("7F3K/card");
    TEXT_COPY(line.thread_of, "7F3K/card");
    stage(f, t, &card, "card");
    stage(f, t, &line, "line");
    f->next[0] = CHAT_LATER;
    commit(f, t);
    run(f, 500);
    assert_int_equal(f->count, 0);
    run(f, 5000);
    assert_int_equal(f->count, 2);
    assert_string_equal(f->messages[0].title, "card");
    assert_string_equal(f->messages[1].thread, "m-7F3K/card");
    assert_string_equal(outbox_message(f->outbox, "7F3K/card"), "m-7F3K/card");
    assert_string_equal(outbox_message(f->outbox, "7F3K/notice/1"), ""); /* never edited: not kept */
}

static void a_throttled_channel_pauses_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    f->next[0] = f->next[1] = f->next[2] = CHAT_LATER;
    put(f, "7F3K/notice/1", "one");
    put(f, "7F3K/notice/2", "two");
    run(f, 900);
    assert_int_equal(f->next_at, 1); /* the second waits for the channel, too */
    run(f, 10000);
    assert_int_equal(f->count, 2);
    assert_string_equal(f->messages[0].title, "one");
    assert_string_equal(f->messages[1].title, "two");
}

static void a_refused_message_does_not_block_the_next(void **state)
{
    struct fixture *f = *state;
    f->next[0] = CHAT_NEVER;
    put(f, "7F3K/notice/1", "one");
    put(f, "7F3K/notice/2", "two");
    run(f, 1000);
    assert_int_equal(f->dropped, 1);
    assert_int_equal(f->count, 1);
    assert_string_equal(f->messages[0].title, "two");
    assert_int_equal(outbox_count(f->outbox), 0);
}

static void an_unknown_fate_is_looked_up(void **state)
{
    struct fixture *f = *state;
    f->next[0] = CHAT_UNKNOWN;
    f->found = true;
    put(f, "7F3K/card", "one");
    run(f, 10000);
    assert_int_equal(f->finds, 1);
    assert_int_equal(f->count, 0); /* it was there already */
    assert_int_equal(f->sent, 1);
    f->next_at = 0;
    f->found = false;
    put(f, "7F3K/notice/1", "two");
    run(f, 10000);
    assert_int_equal(f->finds, 2);
    assert_int_equal(f->count, 1);
}

/* What was posted is the version of then: a question that ended meanwhile must not keep its buttons. */
static void what_is_found_is_brought_to_the_newest_version(void **state)
{
    struct fixture *f = *state;
    f->next[0] = CHAT_UNKNOWN;
    f->found = true;
    put(f, "7F3K/ask", "open");
    run(f, 50);
    put(f, "7F3K/ask", "expired");
    run(f, 10000);
    assert_int_equal(f->finds, 1);
    assert_int_equal(f->count, 1);
    assert_string_equal(f->messages[0].title, "expired");
    assert_true(f->messages[0].edit);
    run(f, 10000);
    assert_int_equal(f->count, 1);
}

static void a_look_up_that_fails_for_ever_ends_in_a_post(void **state)
{
    struct fixture *f = *state;
    f->next[0] = CHAT_UNKNOWN;
    f->find_fails = true;
    put(f, "7F3K/card", "one");
    run(f, 60000);
    assert_int_equal(f->finds, 5);
    assert_int_equal(f->count, 1);
}

static void loaded(struct store_loaded *l)
{
    for (size_t i = 0; i < l->outbox_count; i++) {
        outbox_load(fx->outbox, &l->outbox[i]);
    }
    *(bool *)l->user = true;
}

/* A new outbox on the same store. */
static void restart(struct fixture *f)
{
    end_outbox(f);
    begin_outbox(f);
    bool done = false;
    struct store_loaded l = {.done = loaded, .user = &done};
    f->store->ops->load(f->store, &l);
    test_loop_until(&f->loop, &done, 1000);
}

static void what_was_being_sent_is_looked_up_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    struct store_outbox row = row_of("7F3K/verdict");
    struct card *card = mem_alloc(sizeof(*card));
    card_init(card, TONE_GOOD);
    card_title(card, "verdict");
    json_t *saved = card_save(card);
    char *text = jsonx_print(saved);
    row.card = text;
    row.version = 1;
    row.state = OUTBOX_SENDING;
    store_txn_outbox(t, &row);
    commit(f, t);
    mem_free(text);
    json_decref(saved);
    mem_free(card);
    f->found = true;
    restart(f);
    run(f, 1000);
    assert_int_equal(f->finds, 1);
    assert_int_equal(f->count, 0);
    assert_int_equal(f->sent, 1);
    restart(f);
    run(f, 1000);
    assert_int_equal(f->sent, 1); /* recorded as sent */
}

static void what_waited_is_sent_after_a_restart(void **state)
{
    struct fixture *f = *state;
    f->next[0] = CHAT_LATER;
    put(f, "7F3K/verdict", "verdict");
    run(f, 50);
    restart(f);
    run(f, 5000);
    assert_int_equal(f->count, 1);
    assert_string_equal(f->messages[0].title, "verdict");
}

static void a_reply_needs_no_store(void **state)
{
    struct fixture *f = *state;
    struct store_outbox row = row_of("");
    struct card *card = mem_alloc(sizeof(*card));
    row.operation[0] = '\0';
    card_init(card, TONE_NEUTRAL);
    card_title(card, "pong");
    int tag;
    for (int i = 0; i < 40; i++) {
        assert_true(outbox_say(f->outbox, &row, card, &tag));
    }
    mem_free(card);
    run(f, 1000);
    assert_int_equal(f->count, 40);
    assert_int_equal(f->said, 40);
    assert_int_equal(outbox_count(f->outbox), 0);
}

/* Its fate is unknown, it is looked for and said again: nothing of it may stay in the store. */
static void a_lost_reply_leaves_no_row(void **state)
{
    struct fixture *f = *state;
    struct store_outbox row = row_of("");
    struct card *card = mem_alloc(sizeof(*card));
    row.operation[0] = '\0';
    card_init(card, TONE_NEUTRAL);
    card_title(card, "pong");
    f->next[0] = CHAT_UNKNOWN;
    assert_true(outbox_say(f->outbox, &row, card, NULL));
    mem_free(card);
    run(f, 10000);
    assert_int_equal(f->sent, 1);
    restart(f);
    run(f, 10000);
    assert_int_equal(f->sent + f->dropped, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_sent_before_its_commit),
        TEST(edits_are_coalesced_and_three_seconds_apart),
        TEST(messages_go_before_edits),
        TEST(a_thread_waits_for_its_parent),
        TEST(a_throttled_channel_pauses_and_loses_nothing),
        TEST(a_refused_message_does_not_block_the_next),
        TEST(an_unknown_fate_is_looked_up),
        TEST(what_is_found_is_brought_to_the_newest_version),
        TEST(a_look_up_that_fails_for_ever_ends_in_a_post),
        TEST(what_was_being_sent_is_looked_up_after_a_restart),
        TEST(what_waited_is_sent_after_a_restart),
        TEST(a_reply_needs_no_store),
        TEST(a_lost_reply_leaves_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
