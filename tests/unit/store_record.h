#ifndef TESTS_STORE_RECORD_H
#define TESTS_STORE_RECORD_H
/* What every store must remember and tell about the past: memos, history, timeline, the chain of records. */
#include "store_fixture.h"

/* ---- memos */

struct memos {
    size_t count;
    char kind[24], key[640], json[80]; /* of the first one */
    int64_t at_ms;
    struct store_head head;
};

static void on_memos(struct store_loaded *l)
{
    struct memos *m = l->user;
    assert_true(l->ok);
    m->count = l->memo_count;
    m->head = l->head;
    if (l->memo_count > 0) {
        TEXT_COPY(m->kind, l->memos[0].kind);
        TEXT_COPY(m->key, l->memos[0].key);
        TEXT_COPY(m->json, l->memos[0].json);
        m->at_ms = l->memos[0].at_ms;
    }
}

static struct memos load_memos(struct fixture *f)
{
    struct memos m = {0};
    struct store_loaded l = {.done = on_memos, .user = &m};
    f->store->ops->load(f->store, &l);
    loop_run(f->loop);
    return m;
}

static void stage_memo(struct store_txn *t, const char *kind, const char *key, const char *json)
{
    struct store_memo memo = {.at_ms = START_MS + 3, .json = json};
    TEXT_COPY(memo.kind, kind);
    TEXT_COPY(memo.key, key);
    store_txn_memo(t, &memo);
}

static void what_is_remembered_comes_back(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    stage_memo(t, "zero", "a/b/c/d", "{\"count\":2}");
    stage_memo(t, "lock", "a/b/c/d", "{}");
    must_commit(f, t);
    t = store_txn_create();
    stage_memo(t, "zero", "a/b/c/d", "{\"count\":3}"); /* kind and key together are one */
    must_commit(f, t);
    const struct memos m = load_memos(f);
    assert_int_equal(m.count, 2);
    assert_string_equal(m.kind, "zero");
    assert_string_equal(m.key, "a/b/c/d");
    assert_string_equal(m.json, "{\"count\":3}");
    assert_int_equal(m.at_ms, START_MS + 3);
}

static void what_is_forgotten_is_gone(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    stage_memo(t, "lock", "one", "{}");
    stage_memo(t, "lock", "two", "{}");
    store_txn_forget(t, "lock", "one");
    store_txn_forget(t, "lock", "never there");
    must_commit(f, t);
    struct memos m = load_memos(f);
    assert_int_equal(m.count, 1);
    assert_string_equal(m.key, "two");
    t = store_txn_create();
    store_txn_forget(t, "zero", "two"); /* of another kind */
    must_commit(f, t);
    assert_int_equal(load_memos(f).count, 1);
}

static void stage_memos(struct store_txn *t, int from, int to)
{
    for (int at = from; at < to; at++) {
        char key[40];
        TEXT_FORMAT(key, "key %d", at);
        stage_memo(t, "lock", key, "{}");
    }
}

static void one_memo_too_many_is_refused_with_its_step(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    stage_memos(t, 0, STORE_MEMOS);
    must_commit(f, t);
    t = store_txn_create();
    store_txn_forget(t, "lock", "key 0"); /* a step of its own balance goes */
    stage_memos(t, 0, 1);
    stage_memos(t, 1, 2);
    must_commit(f, t);
    const struct store_operation o = an_operation("7F3K");
    t = store_txn_create();
    store_txn_operation(t, &o);
    stage_memos(t, STORE_MEMOS, STORE_MEMOS + 1);
    const struct answer a = commit_now(f, t);
    assert_false(a.commit.ok);
    assert_false(a.commit.duplicate);
    assert_int_equal(a.commit.err.code, ERR_LIMIT);
    assert_string_equal(
        a.commit.err.text,
        "The store keeps 1000 locks and counts at most: remove locks that nobody needs any more.");
    assert_int_equal(load_memos(f).count, STORE_MEMOS);
    assert_int_equal(load_now(f).operation_count, 0);
}

/* ---- history */

struct told_history {
    size_t count;
    char ids[STORE_RECENT][STORE_ID];
    int calls;
};

static void on_history(struct store_history *h)
{
    struct told_history *told = h->user;
    assert_true(h->ok);
    assert_int_equal(h->altered, 0);
    told->calls++;
    told->count = h->count;
    for (size_t at = 0; at < h->count; at++) {
        TEXT_COPY(told->ids[at], h->operations[at].id);
    }
}

static struct told_history history_now(struct fixture *f, const char *target, size_t most)
{
    struct told_history told = {0};
    struct store_history h = {.most = most, .done = on_history, .user = &told};
    TEXT_COPY(h.target, target);
    f->store->ops->history(f->store, &h);
    assert_int_equal(told.calls, 0);
    loop_run(f->loop);
    assert_int_equal(told.calls, 1);
    return told;
}

static void put_of(struct fixture *f, const char *id, const char *target, const char *parent, bool ended)
{
    struct store_operation o = an_operation(id);
    TEXT_COPY(o.target, target);
    TEXT_COPY(o.parent, parent);
    o.ended = ended;
    put_operation(f, &o);
}

static void history_tells_the_newest_first_ended_or_not(void **state)
{
    struct fixture *f = *state;
    put_of(f, "AAAA", "prod", "", true);
    put_of(f, "BBBB", "test", "", true);
    put_of(f, "CCCC", "prod", "", false);
    put_of(f, "AAAA", "prod", "", true); /* written again: its place stays */
    struct told_history told = history_now(f, "prod", 10);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.ids[0], "CCCC");
    assert_string_equal(told.ids[1], "AAAA");
    told = history_now(f, "", 2);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.ids[1], "BBBB");
    assert_int_equal(history_now(f, "other", 10).count, 0);
}

static void history_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    for (int at = 0; at < STORE_RECENT + 5; at++) {
        char id[STORE_ID];
        TEXT_FORMAT(id, "N%d", at);
        const struct store_operation o = an_operation(id);
        store_txn_operation(t, &o);
    }
    must_commit(f, t);
    assert_int_equal(history_now(f, "", 1000).count, STORE_RECENT);
}

/* ---- timeline */

struct told_timeline {
    bool found, cut;
    size_t count;
    char id[STORE_ID], first[64], last[64];
    int64_t sequence;
};

static void on_timeline(struct store_timeline *t)
{
    struct told_timeline *told = t->user;
    assert_true(t->ok);
    assert_false(t->altered);
    told->found = t->found;
    told->cut = t->cut;
    told->count = t->count;
    TEXT_COPY(told->id, t->row.id);
    if (t->count > 0) {
        TEXT_COPY(told->first, t->records[0].audit.detail);
        TEXT_COPY(told->last, t->records[t->count - 1].audit.detail);
        told->sequence = t->records[t->count - 1].sequence;
    }
}

static struct told_timeline timeline_now(struct fixture *f, const char *operation)
{
    struct told_timeline told = {0};
    struct store_timeline t = {.done = on_timeline, .user = &told};
    TEXT_COPY(t.operation, operation);
    f->store->ops->timeline(f->store, &t);
    loop_run(f->loop);
    return told;
}

static void timeline_tells_the_records_of_an_operation_and_its_children(void **state)
{
    struct fixture *f = *state;
    put_of(f, "PPPP", "prod", "", false);
    put_of(f, "CCCC", "prod", "PPPP", false);
    put_of(f, "XXXX", "prod", "", false);
    struct store_txn *t = store_txn_create();
    stage_record(t, "PPPP", "{\"at\":1}");
    stage_record(t, "XXXX", "{\"at\":2}");
    stage_record(t, "CCCC", "{\"at\":3}");
    stage_record(t, "", "{\"at\":4}");
    must_commit(f, t);
    struct told_timeline told = timeline_now(f, "PPPP");
    assert_true(told.found);
    assert_false(told.cut);
    assert_string_equal(told.id, "PPPP");
    assert_int_equal(told.count, 2);
    assert_string_equal(told.first, "{\"at\":1}");
    assert_string_equal(told.last, "{\"at\":3}");
    assert_int_equal(told.sequence, 3);
    assert_int_equal(timeline_now(f, "CCCC").count, 1);
    told = timeline_now(f, "ZZZZ");
    assert_false(told.found);
    assert_int_equal(told.count, 0);
}

static void timeline_is_bounded(void **state)
{
    struct fixture *f = *state;
    put_of(f, "PPPP", "prod", "", false);
    struct store_txn *t = store_txn_create();
    for (int at = 0; at < STORE_TIMELINE + 1; at++) {
        stage_record(t, "PPPP", "{}");
    }
    must_commit(f, t);
    const struct told_timeline told = timeline_now(f, "PPPP");
    assert_true(told.cut);
    assert_int_equal(told.count, STORE_TIMELINE);
}

/* ---- the chain */

static void the_head_moves_with_the_records(void **state)
{
    struct fixture *f = *state;
    struct store_check c = check_now(f, NULL);
    assert_true(c.whole);
    assert_int_equal(c.head.sequence, 0);
    const struct store_head first = put_records(f, 1), second = put_records(f, 2);
    assert_int_equal(first.sequence, 1);
    assert_int_equal(second.sequence, 3);
    assert_int_equal(strlen(first.hash), 16);
    assert_string_not_equal(first.hash, second.hash);
    const struct store_operation o = an_operation("7F3K");
    struct store_txn *t = store_txn_create();
    store_txn_operation(t, &o);
    const struct answer a = commit_now(f, t); /* no record: the same head */
    assert_string_equal(a.commit.head.hash, second.hash);
    assert_string_equal(load_memos(f).head.hash, second.hash);
    c = check_now(f, &first);
    assert_true(c.whole);
    assert_int_equal(c.count, 3);
    assert_string_equal(c.head.hash, second.hash);
}

static void a_step_that_fails_leaves_the_chain(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    store_txn_delivery(t, "envelope", START_MS);
    must_commit(f, t);
    const struct store_head head = put_records(f, 1);
    t = store_txn_create();
    stage_record(t, "7F3K", "{}");
    store_txn_delivery(t, "envelope", START_MS);
    assert_true(commit_now(f, t).commit.duplicate);
    assert_int_equal(put_records(f, 1).sequence, 2);
    assert_true(check_now(f, &head).whole);
}

static void another_head_than_the_one_seen_is_told(void **state)
{
    struct fixture *f = *state;
    struct store_head seen = put_records(f, 2);
    put_records(f, 1);
    seen.hash[3] = seen.hash[3] == '0' ? '1' : '0';
    struct store_check c = check_now(f, &seen);
    assert_false(c.whole);
    assert_non_null(strstr(c.broken, "record 2 is not the one that was seen as the head"));
    seen.sequence = 9;
    c = check_now(f, &seen);
    assert_false(c.whole);
    assert_string_equal(c.broken, "record 9, which was seen as the head, is missing: the records end at 3");
}

/* clang-format off */
#define STORE_RECORDS                                                          \
    BEHAVES(what_is_remembered_comes_back),                                    \
    BEHAVES(what_is_forgotten_is_gone),                                        \
    BEHAVES(one_memo_too_many_is_refused_with_its_step),                       \
    BEHAVES(history_tells_the_newest_first_ended_or_not),                      \
    BEHAVES(history_is_bounded),                                               \
    BEHAVES(timeline_tells_the_records_of_an_operation_and_its_children),      \
    BEHAVES(timeline_is_bounded),                                              \
    BEHAVES(the_head_moves_with_the_records),                                  \
    BEHAVES(a_step_that_fails_leaves_the_chain),                               \
    BEHAVES(another_head_than_the_one_seen_is_told)
/* clang-format on */

#endif
