/* The store in memory keeps the rules of every store, and those of its own. */
#include "store_behaviours.h"
#include "store_record.h"

static void open_store(struct fixture *f)
{
    f->store = store_memory_create(f->loop);
}

static void close_store(struct fixture *f)
{
    store_memory_destroy(f->store);
    f->store = NULL;
}

static int set_up(void **state)
{
    static struct fixture f;
    *state = &f;
    return setup_loop(&f);
}

static int tear_down(void **state)
{
    return teardown_loop(*state);
}

static void outlives_its_readers(void **state)
{
    struct fixture *f = *state;
    clock_advance(&f->clock, 5);
    const struct store_operation o = an_operation("7F3K");
    put_operation(f, &o);
    clock_advance(&f->clock, 5);
    const struct seen s = load_now(f);
    assert_int_equal(s.operation_count, 1);
    assert_int_equal(s.last_alive_ms, START_MS + 5);
}

static void fails_when_told_to(void **state)
{
    struct fixture *f = *state;
    const struct store_operation o = an_operation("7F3K");
    struct store_txn *t = store_txn_create();
    store_txn_operation(t, &o);
    store_memory_fail(f->store, true);
    const struct answer a = commit_now(f, t);
    assert_false(a.commit.ok);
    assert_int_equal(a.commit.err.code, ERR_FULL);
    assert_int_equal(load_now(f).operation_count, 0);
    store_memory_fail(f->store, false);
    put_operation(f, &o);
    assert_int_equal(load_now(f).operation_count, 1);
}

static void shows_its_audit_records(void **state)
{
    struct fixture *f = *state;
    assert_null(store_memory_audit(f->store, 0));
    struct store_audit audit = {.at_ms = START_MS, .detail = "{}"};
    TEXT_COPY(audit.what, "first");
    struct store_txn *t = store_txn_create();
    store_txn_audit(t, &audit);
    TEXT_COPY(audit.what, "second");
    store_txn_audit(t, &audit);
    must_commit(f, t);
    assert_string_equal(store_memory_audit(f->store, 0)->what, "first");
    assert_string_equal(store_memory_audit(f->store, 1)->what, "second");
    assert_string_equal(store_memory_audit(f->store, 1)->detail, "{}");
    assert_null(store_memory_audit(f->store, 2));
}

static void what_somebody_altered_is_told(void **state)
{
    struct fixture *f = *state;
    put_records(f, 3);
    store_memory_alter_audit(f->store, 1);
    const struct store_check c = check_now(f, NULL);
    assert_false(c.whole);
    assert_string_equal(c.broken, "record 2 is not what was written, or the one before it was another");
    const struct store_operation o = an_operation("7F3K");
    put_operation(f, &o);
    store_memory_alter_operation(f->store, "7F3K");
    assert_int_equal(load_now(f).operation_count, 0);
}

static void destroy_accepts_nothing(void **state)
{
    (void)state;
    store_memory_destroy(NULL);
    store_txn_destroy(NULL);
    struct store_txn *t = store_txn_create();
    const struct store_operation o = an_operation("7F3K");
    store_txn_operation(t, &o);
    store_txn_destroy(t); /* the leak check looks on */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_BEHAVIOURS,
        STORE_RECORDS,
        BEHAVES(outlives_its_readers),
        BEHAVES(fails_when_told_to),
        BEHAVES(shows_its_audit_records),
        BEHAVES(what_somebody_altered_is_told),
        cmocka_unit_test(destroy_accepts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
