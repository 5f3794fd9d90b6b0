#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H
/* Small steps of tests of a store. The including file defines what is declared here and has no body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "store/store.h"

#define START_MS 1800000000000LL
#define DAY_MS   (24 * 60 * 60 * 1000LL)

struct fixture {
    struct clock clock;
    struct loop *loop;
    struct store *store;
    char folder[64]; /* of the store on disk */
};

static void open_store(struct fixture *f);
static void close_store(struct fixture *f); /* waits for what is in flight */

/* ---- small steps */

struct answer {
    struct store_commit commit;
    int calls;
};

static inline void on_commit(struct store_commit *c)
{
    ((struct answer *)c->user)->calls++;
}

static inline void start_commit(struct fixture *f, struct store_txn *t, struct answer *a)
{
    *a = (struct answer){.commit = {.done = on_commit, .user = a}};
    f->store->ops->commit(f->store, t, &a->commit);
}

/* Commits and waits. */
static inline struct answer commit_now(struct fixture *f, struct store_txn *t)
{
    struct answer a;
    start_commit(f, t, &a);
    assert_int_equal(a.calls, 0);
    loop_run(f->loop);
    assert_int_equal(a.calls, 1);
    return a;
}

static inline void must_commit(struct fixture *f, struct store_txn *t)
{
    const struct answer a = commit_now(f, t);
    if (!a.commit.ok) {
        fail_msg("%s", a.commit.err.text);
    }
}

#define SEEN_MAX 8
struct seen {
    size_t operation_count, outbox_count;
    struct store_operation operations[SEEN_MAX]; /* texts are not kept: see detail and follow */
    struct store_outbox outbox[SEEN_MAX];
    char detail[200], follow[200], card[200]; /* of the first row */
    int64_t last_alive_ms;
    size_t altered_count;
    char altered[STORE_ID]; /* the first one */
    int calls;
};

static inline void on_loaded(struct store_loaded *l)
{
    struct seen *s = l->user;
    s->calls++;
    if (!l->ok) {
        fail_msg("%s", l->err.text);
    }
    s->operation_count = l->operation_count;
    s->outbox_count = l->outbox_count;
    s->last_alive_ms = l->last_alive_ms;
    s->altered_count = l->altered_count;
    TEXT_COPY(s->altered, l->altered_count > 0 ? l->altered[0].id : "");
    for (size_t at = 0; at < l->operation_count && at < SEEN_MAX; at++) {
        s->operations[at] = l->operations[at];
    }
    for (size_t at = 0; at < l->outbox_count && at < SEEN_MAX; at++) {
        s->outbox[at] = l->outbox[at];
    }
    if (l->operation_count > 0) {
        TEXT_COPY(s->detail, l->operations[0].detail);
        TEXT_COPY(s->follow, l->operations[0].follow);
    }
    if (l->outbox_count > 0) {
        TEXT_COPY(s->card, l->outbox[0].card);
    }
}

static inline struct seen load_now(struct fixture *f)
{
    struct seen s = {0};
    struct store_loaded l = {.done = on_loaded, .user = &s};
    f->store->ops->load(f->store, &l);
    assert_int_equal(s.calls, 0);
    loop_run(f->loop);
    assert_int_equal(s.calls, 1);
    return s;
}

static inline struct store_operation an_operation(const char *id)
{
    struct store_operation o;
    memset(&o, 0, sizeof(o)); /* padding too: rows are compared as bytes */
    o.position = 2;
    o.created_ms = START_MS;
    o.updated_ms = START_MS + 1;
    TEXT_COPY(o.id, id);
    TEXT_COPY(o.verb, "restart");
    TEXT_COPY(o.service_name, "123456789012/us-gov-east-1/tak-vpc-cotak-prod/tak-cloudtak-cotak-prod");
    TEXT_COPY(o.state, "following");
    return o;
}

static inline struct store_outbox a_message(const char *id, const char *operation,
                                            enum store_outbox_state state)
{
    struct store_outbox o;
    memset(&o, 0, sizeof(o));
    o.state = state;
    o.version = 1;
    o.created_ms = START_MS;
    TEXT_COPY(o.id, id);
    TEXT_COPY(o.operation, operation);
    o.sent_version = state == OUTBOX_SENT ? 1 : 0;
    return o;
}

static inline void put_operation(struct fixture *f, const struct store_operation *o)
{
    struct store_txn *t = store_txn_create();
    store_txn_operation(t, o);
    must_commit(f, t);
}

static inline void put_message(struct fixture *f, const struct store_outbox *o)
{
    struct store_txn *t = store_txn_create();
    store_txn_outbox(t, o);
    must_commit(f, t);
}

static inline bool has_message(const struct seen *s, const char *id)
{
    for (size_t at = 0; at < s->outbox_count && at < SEEN_MAX; at++) {
        if (strcmp(s->outbox[at].id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- audit records */

static inline void stage_record(struct store_txn *t, const char *operation, const char *detail)
{
    struct store_audit a = {.at_ms = START_MS, .who = "slack:user:U1", .what = "asked", .detail = detail};
    TEXT_COPY(a.operation, operation);
    store_txn_audit(t, &a);
}

static inline void on_check(struct store_check *c)
{
    *(int *)c->user += 1;
}

static inline struct store_check check_now(struct fixture *f, const struct store_head *seen)
{
    int calls = 0;
    struct store_check c = {.done = on_check, .user = &calls};
    c.seen = seen != NULL ? *seen : (struct store_head){0};
    f->store->ops->check(f->store, &c);
    assert_int_equal(calls, 0);
    loop_run(f->loop);
    assert_int_equal(calls, 1);
    assert_true(c.ok);
    return c;
}

/* Commits n records in one step. */
static inline struct store_head put_records(struct fixture *f, int n)
{
    struct store_txn *t = store_txn_create();
    for (int at = 0; at < n; at++) {
        stage_record(t, "7F3K", "{\"text\":\"one of many\"}");
    }
    const struct answer a = commit_now(f, t);
    assert_true(a.commit.ok);
    return a.commit.head;
}

/* ---- the fixture */

static inline int setup_loop(struct fixture *f)
{
    f->clock = clock_virtual(START_MS);
    f->loop = loop_create_virtual(&f->clock);
    open_store(f);
    return 0;
}

static inline int teardown_loop(struct fixture *f)
{
    close_store(f);
    const int left = loop_destroy(f->loop);
    f->loop = NULL;
    return left;
}

static int set_up(void **state);
static int tear_down(void **state);

#define BEHAVES(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
