#ifndef TESTS_STORE_BEHAVIOURS_H
#define TESTS_STORE_BEHAVIOURS_H
/* What every store must do, run against both. */
#include "store_fixture.h"

static void empty_store_loads_nothing(void **state)
{
    struct fixture *f = *state;
    const struct seen s = load_now(f);
    assert_int_equal(s.operation_count, 0);
    assert_int_equal(s.outbox_count, 0);
    assert_int_equal(s.last_alive_ms, 0);
}

static void every_field_of_an_operation_comes_back(void **state)
{
    struct fixture *f = *state;
    struct store_operation o = an_operation("7F3K");
    TEXT_COPY(o.parent, "7F3J");
    TEXT_COPY(o.target, "cotak prod");
    TEXT_COPY(o.service_key, "api");
    TEXT_COPY(o.server, "slack");
    TEXT_COPY(o.user, "U0123");
    TEXT_COPY(o.user_name, "ana; DROP TABLE operation; -- '\"");
    TEXT_COPY(o.channel, "C0INCIDENT");
    TEXT_COPY(o.thread, "1.2");
    o.acting_ms = START_MS + 5;
    o.ended_ms = 0;
    o.duration_ms = 77;
    o.watch_until_ms = START_MS + 600000;
    o.detail = "{\"reason\":\"it's \xC3\xA9t\xC3\xA9 %s\"}";
    o.follow = "{\"v\":1}";
    put_operation(f, &o);
    struct seen s = load_now(f);
    assert_int_equal(s.operation_count, 1);
    assert_string_equal(s.detail, o.detail);
    assert_string_equal(s.follow, o.follow);
    o.detail = o.follow = s.operations[0].detail = s.operations[0].follow = NULL;
    assert_memory_equal(&s.operations[0], &o, sizeof(o));
}

static void every_field_of_a_message_comes_back(void **state)
{
    struct fixture *f = *state;
    struct store_outbox o = a_message("7F3K/notice/3", "7F3K", OUTBOX_SENDING);
    TEXT_COPY(o.server, "slack");
    TEXT_COPY(o.channel, "C0INCIDENT");
    TEXT_COPY(o.thread_of, "7F3K/card");
    TEXT_COPY(o.thread, "1.2");
    TEXT_COPY(o.private_to, "U1");
    TEXT_COPY(o.message, "3.4");
    o.version = 9;
    o.sent_version = 7;
    o.ends = true;
    o.updated_ms = START_MS + 9;
    o.card = "{\"title\":\"t\"}";
    put_message(f, &o);
    struct seen s = load_now(f);
    assert_int_equal(s.outbox_count, 1);
    assert_string_equal(s.card, o.card);
    o.card = s.outbox[0].card = NULL;
    assert_memory_equal(&s.outbox[0], &o, sizeof(o));
}

static void transaction_owns_copies(void **state)
{
    struct fixture *f = *state;
    struct store_operation o = an_operation("7F3K");
    char detail[] = "first";
    o.detail = detail;
    struct store_txn *t = store_txn_create();
    store_txn_operation(t, &o);
    memset(detail, 'x', sizeof(detail) - 1);
    memset(&o, 0, sizeof(o));
    must_commit(f, t);
    const struct seen s = load_now(f);
    assert_string_equal(s.operations[0].id, "7F3K");
    assert_string_equal(s.detail, "first");
}

static void row_is_replaced_in_its_place(void **state)
{
    struct fixture *f = *state;
    struct store_operation first = an_operation("AAAA"), second = an_operation("BBBB");
    put_operation(f, &first);
    put_operation(f, &second);
    TEXT_COPY(first.state, "uncertain");
    put_operation(f, &first);
    const struct seen s = load_now(f);
    assert_int_equal(s.operation_count, 2);
    assert_string_equal(s.operations[0].id, "AAAA");
    assert_string_equal(s.operations[0].state, "uncertain");
    assert_string_equal(s.operations[1].id, "BBBB");
}

static void known_delivery_writes_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    store_txn_delivery(t, "envelope-1", START_MS);
    must_commit(f, t);

    const struct store_operation o = an_operation("7F3K");
    const struct store_audit audit = {.at_ms = START_MS};
    t = store_txn_create();
    store_txn_operation(t, &o);
    store_txn_audit(t, &audit);
    store_txn_delivery(t, "envelope-1", START_MS + 1);
    const struct answer a = commit_now(f, t);
    assert_false(a.commit.ok);
    assert_true(a.commit.duplicate);
    assert_int_equal(a.commit.err.code, ERR_STALE);
    assert_int_equal(load_now(f).operation_count, 0);

    t = store_txn_create();
    store_txn_operation(t, &o);
    store_txn_delivery(t, "envelope-2", START_MS + 1);
    must_commit(f, t);
    assert_int_equal(load_now(f).operation_count, 1);
}

static void a_key_twice_in_one_step_is_a_duplicate(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    store_txn_delivery(t, "envelope-1", START_MS);
    store_txn_delivery(t, "envelope-1", START_MS);
    assert_true(commit_now(f, t).commit.duplicate);
}

static void long_keys_differ_at_their_ends(void **state)
{
    struct fixture *f = *state;
    char key[2 * STORE_KEY];
    memset(key, 'k', sizeof(key));
    key[sizeof(key) - 1] = '\0';
    struct store_txn *t = store_txn_create();
    store_txn_delivery(t, key, START_MS);
    must_commit(f, t);
    t = store_txn_create();
    store_txn_delivery(t, key, START_MS);
    assert_true(commit_now(f, t).commit.duplicate);
    key[sizeof(key) - 2] = 'l';
    t = store_txn_create();
    store_txn_delivery(t, key, START_MS);
    must_commit(f, t);
}

static void ended_operations_are_not_loaded(void **state)
{
    struct fixture *f = *state;
    struct store_operation o = an_operation("7F3K");
    put_operation(f, &o);
    o.ended = true;
    o.ended_ms = START_MS + 9;
    put_operation(f, &o);
    assert_int_equal(load_now(f).operation_count, 0);
}

static void what_ended_and_is_watched_is_loaded(void **state)
{
    struct fixture *f = *state;
    struct store_operation o = an_operation("7F3K");
    struct store_outbox card = a_message("7F3K/card", "7F3K", OUTBOX_SENT);
    o.ended = true;
    o.watch_until_ms = START_MS + 600000;
    card.version = card.sent_version = 3; /* nothing waits to be sent */
    put_operation(f, &o);
    put_message(f, &card);
    struct seen s = load_now(f);
    assert_int_equal(s.operation_count, 1);
    assert_int_equal(s.operations[0].watch_until_ms, o.watch_until_ms);
    assert_int_equal(s.outbox_count, 1); /* its messages are edited still */
    o.watch_until_ms = 0;
    put_operation(f, &o);
    s = load_now(f);
    assert_int_equal(s.operation_count, 0);
    assert_int_equal(s.outbox_count, 0);
}

static void what_waits_in_the_outbox_is_loaded(void **state)
{
    struct fixture *f = *state;
    struct store_operation over = an_operation("OVER"), open = an_operation("OPEN");
    over.ended = true;
    put_operation(f, &over);
    put_operation(f, &open);
    struct store_outbox edited = a_message("OVER/edited", "OVER", OUTBOX_SENT);
    edited.version = 2;
    struct store_outbox reply = a_message("OVER/reply", "OVER", OUTBOX_PENDING);
    TEXT_COPY(reply.thread_of, "OVER/head");
    const struct store_outbox rows[] = {
        edited,
        reply,
        a_message("OVER/head", "OVER", OUTBOX_SENT),
        a_message("OVER/sent", "OVER", OUTBOX_SENT),
        a_message("OVER/dropped", "OVER", OUTBOX_DROPPED),
        a_message("OVER/sending", "OVER", OUTBOX_SENDING),
        a_message("OPEN/sent", "OPEN", OUTBOX_SENT),
        a_message("reply/1", "", OUTBOX_PENDING),
        a_message("reply/2", "", OUTBOX_SENT),
    };
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        put_message(f, &rows[at]);
    }
    const struct seen s = load_now(f);
    assert_int_equal(s.outbox_count, 6);
    assert_true(has_message(&s, "OVER/edited"));
    assert_true(has_message(&s, "OVER/reply"));
    assert_true(has_message(&s, "OVER/head"));
    assert_true(has_message(&s, "OVER/sending"));
    assert_true(has_message(&s, "OPEN/sent"));
    assert_true(has_message(&s, "reply/1"));
    assert_string_equal(s.outbox[0].id, "OVER/edited"); /* in order of first insertion */
    assert_string_equal(s.outbox[5].id, "reply/1");
}

static void requests_take_effect_in_order(void **state)
{
    struct fixture *f = *state;
    const struct store_operation o = an_operation("7F3K");
    struct store_txn *t = store_txn_create();
    store_txn_operation(t, &o);
    struct answer a;
    struct seen before = {0}, after = {0};
    struct store_loaded first = {.done = on_loaded, .user = &before};
    struct store_loaded second = {.done = on_loaded, .user = &after};
    f->store->ops->load(f->store, &first);
    start_commit(f, t, &a);
    f->store->ops->load(f->store, &second);
    assert_int_equal(a.calls + before.calls + after.calls, 0);
    loop_run(f->loop);
    assert_int_equal(a.calls, 1);
    assert_int_equal(before.operation_count, 0);
    assert_int_equal(after.operation_count, 1);
}

static void too_long_a_text_is_refused(void **state)
{
    struct fixture *f = *state;
    const size_t len = 1024 * 1024 + 1;
    char *text = mem_alloc(len + 1);
    memset(text, 'x', len);
    struct store_operation o = an_operation("7F3K");
    o.detail = text;
    const struct store_operation small = an_operation("7F3L");
    struct store_txn *t = store_txn_create();
    store_txn_operation(t, &small);
    store_txn_operation(t, &o);
    mem_free(text);
    const struct answer a = commit_now(f, t);
    assert_false(a.commit.ok);
    assert_false(a.commit.duplicate);
    assert_int_equal(a.commit.err.code, ERR_LIMIT);
    assert_string_equal(a.commit.err.text,
                        "This step is too large for the store: at most 1000 rows, and 1 MiB a text.");
    assert_int_equal(load_now(f).operation_count, 0);
}

static void too_many_rows_are_refused(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    for (int at = 0; at < 1001; at++) {
        char id[STORE_ID];
        TEXT_FORMAT(id, "N%d", at);
        const struct store_operation o = an_operation(id);
        store_txn_operation(t, &o);
    }
    assert_int_equal(commit_now(f, t).commit.err.code, ERR_LIMIT);
    assert_int_equal(load_now(f).operation_count, 0);
}

/* ---- recent */

struct past {
    size_t count;
    char ids[STORE_RECENT][STORE_ID];
    int calls;
};

static void on_recent(struct store_recent *r)
{
    struct past *p = r->user;
    p->calls++;
    assert_true(r->ok);
    p->count = r->count;
    assert_in_range(r->count, 0, STORE_RECENT);
    for (size_t at = 0; at < r->count; at++) {
        TEXT_COPY(p->ids[at], r->operations[at].id);
    }
}

static struct past recent_now(struct fixture *f, const char *verb, const char *service)
{
    struct past p = {0};
    struct store_recent r = {.done = on_recent, .user = &p};
    TEXT_COPY(r.verb, verb);
    TEXT_COPY(r.service_name, service);
    f->store->ops->recent(f->store, &r);
    assert_int_equal(p.calls, 0);
    loop_run(f->loop);
    assert_int_equal(p.calls, 1);
    return p;
}

static void put_ended(struct fixture *f, const char *id, const char *verb, const char *service, int64_t ended)
{
    struct store_operation o = an_operation(id);
    TEXT_COPY(o.verb, verb);
    TEXT_COPY(o.service_name, service);
    o.ended = ended != 0;
    o.ended_ms = ended;
    put_operation(f, &o);
}

static void recent_tells_the_newest_first(void **state)
{
    struct fixture *f = *state;
    put_ended(f, "AAAA", "restart", "a/b/c/api", START_MS + 2);
    put_ended(f, "BBBB", "restart", "a/b/c/api", START_MS + 3);
    put_ended(f, "CCCC", "restart", "a/b/c/api", START_MS + 1);
    put_ended(f, "DDDD", "scale", "a/b/c/api", START_MS + 4);
    put_ended(f, "EEEE", "restart", "a/b/c/hub", START_MS + 5);
    put_ended(f, "FFFF", "restart", "a/b/c/api", 0); /* goes on */
    put_ended(f, "GGGG", "restart", "a/b/c/api", START_MS + 3);

    struct past p = recent_now(f, "restart", "a/b/c/api");
    assert_int_equal(p.count, 4);
    assert_string_equal(p.ids[0], "GGGG");
    assert_string_equal(p.ids[1], "BBBB");
    assert_string_equal(p.ids[2], "AAAA");
    assert_string_equal(p.ids[3], "CCCC");
    p = recent_now(f, "restart", "");
    assert_int_equal(p.count, 5);
    assert_string_equal(p.ids[0], "EEEE");
    p = recent_now(f, "", "a/b/c/api");
    assert_int_equal(p.count, 5);
    assert_string_equal(p.ids[0], "DDDD");
    assert_int_equal(recent_now(f, "", "").count, 6);
    assert_int_equal(recent_now(f, "start", "").count, 0);
}

static void recent_is_bounded(void **state)
{
    struct fixture *f = *state;
    for (int at = 0; at < STORE_RECENT + 10; at++) {
        char id[STORE_ID];
        TEXT_FORMAT(id, "N%02d", at);
        put_ended(f, id, "restart", "a/b/c/api", START_MS + (at * 7) % (STORE_RECENT + 10));
    }
    const struct past p = recent_now(f, "restart", "a/b/c/api");
    assert_int_equal(p.count, STORE_RECENT);
    assert_string_equal(p.ids[0], "N17");  /* 17 * 7 = 119 = 59 of 60 */
    assert_string_equal(p.ids[49], "N10"); /* 10 * 7 = 70 = 10 of 60 */
}

static void old_deliveries_are_forgotten(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    store_txn_delivery(t, "old", START_MS - DAY_MS);
    store_txn_delivery(t, "young", START_MS);
    must_commit(f, t);
    clock_advance(&f->clock, 1);
    const struct store_operation o = an_operation("7F3K");
    for (int at = 1; at < 1000; at++) {
        t = store_txn_create();
        if (at % 100 == 0) {
            store_txn_operation(t, &o);
        }
        must_commit(f, t);
    }
    t = store_txn_create();
    store_txn_delivery(t, "young", START_MS);
    assert_true(commit_now(f, t).commit.duplicate);
    t = store_txn_create();
    store_txn_delivery(t, "old", START_MS);
    must_commit(f, t);
}

static void closing_finishes_what_was_committed(void **state)
{
    struct fixture *f = *state;
    struct answer answers[3];
    for (size_t at = 0; at < 3; at++) {
        struct store_txn *t = store_txn_create();
        char id[STORE_ID];
        TEXT_FORMAT(id, "N%zu", at);
        const struct store_operation o = an_operation(id);
        store_txn_operation(t, &o);
        start_commit(f, t, &answers[at]);
    }
    close_store(f);
    for (size_t at = 0; at < 3; at++) {
        assert_int_equal(answers[at].calls, 1);
        assert_true(answers[at].commit.ok);
    }
    open_store(f);
}

/* clang-format off */
#define STORE_BEHAVIOURS                              \
    BEHAVES(empty_store_loads_nothing),               \
    BEHAVES(every_field_of_an_operation_comes_back),  \
    BEHAVES(every_field_of_a_message_comes_back),     \
    BEHAVES(transaction_owns_copies),                 \
    BEHAVES(row_is_replaced_in_its_place),            \
    BEHAVES(known_delivery_writes_nothing),           \
    BEHAVES(a_key_twice_in_one_step_is_a_duplicate),  \
    BEHAVES(long_keys_differ_at_their_ends),          \
    BEHAVES(ended_operations_are_not_loaded),         \
    BEHAVES(what_ended_and_is_watched_is_loaded),     \
    BEHAVES(what_waits_in_the_outbox_is_loaded),      \
    BEHAVES(requests_take_effect_in_order),           \
    BEHAVES(too_long_a_text_is_refused),              \
    BEHAVES(too_many_rows_are_refused),               \
    BEHAVES(recent_tells_the_newest_first),           \
    BEHAVES(recent_is_bounded),                       \
    BEHAVES(old_deliveries_are_forgotten),            \
    BEHAVES(closing_finishes_what_was_committed)
/* clang-format on */

#endif
