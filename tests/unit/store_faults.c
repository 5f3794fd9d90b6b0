/* Each change of the disk fails once, over a whole life of a store: opened after another one, the steps of a
 * restart committed, closed. What was told as done is there afterwards, what was told as not done is not (a
 * failed sync alone leaves that open), the next life finds a whole store, and nothing crashes. */
#include "store_disk.h"

#include "lib_store/faulty_disk.h"

#define STEPS 11
#define MOST  2000 /* changes of one life */

static struct {
    enum store_state state;
    int changes;
    char says[ERR_TEXT_MAX];
} told;

static void on_change(void *user, enum store_state state, const char *says)
{
    (void)user;
    told.state = state;
    told.changes++;
    TEXT_COPY(told.says, says);
}

static struct store *open_listening(struct fixture *f, struct err *err)
{
    char file[200];
    TEXT_COPY(file, path(f, ""));
    const struct store_sqlite_options options = {.path = file, .world = WORLD, .on_change = on_change};
    return store_sqlite_open(f->loop, &options, err);
}

/* Like a step of a restart: the operation's row, a message, an audit line; now and then durable. */
static struct store_txn *step(int at)
{
    char id[STORE_ID], message[STORE_KEY];
    TEXT_FORMAT(id, "S%d", at);
    TEXT_FORMAT(message, "S%d/card", at);
    static char detail[6000];
    memset(detail, 'd', sizeof(detail) - 1);
    struct store_operation o = an_operation(id);
    o.detail = detail;
    const struct store_outbox m = a_message(message, id, OUTBOX_PENDING);
    const struct store_audit a = {.at_ms = START_MS, .what = "step"};
    struct store_txn *t = store_txn_create();
    store_txn_delivery(t, id, START_MS);
    store_txn_operation(t, &o);
    store_txn_outbox(t, &m);
    store_txn_audit(t, &a);
    if (at % 3 == 0) {
        store_txn_durable(t);
    }
    return t;
}

static bool is_there(struct fixture *f, int at)
{
    char sql[300];
    TEXT_FORMAT(sql,
                "SELECT (SELECT count(*) FROM operation WHERE id = 'S%d') + (SELECT count(*) FROM outbox "
                "WHERE operation = 'S%d') + (SELECT count(*) FROM delivery WHERE key = 'S%d')",
                at, at, at);
    const int rows = ask(f, sql);
    assert_true(rows == 0 || rows == 3); /* all or nothing */
    return rows == 3;
}

/* False: the store has failed for good. */
static bool commit_step(struct fixture *f, int at)
{
    const struct answer a = commit_now(f, step(at));
    if (a.commit.ok) {
        return true;
    }
    assert_true(a.commit.err.text[0] != '\0');
    if (told.state == STORE_FAILED) {
        assert_true(faulty_disk.sync_failed);
        return false;
    }
    assert_false(is_there(f, at));
    const struct answer again = commit_now(f, step(at)); /* as an operation does after two seconds */
    if (told.state == STORE_FAILED) {
        return false;
    }
    if (!again.commit.ok) {
        fail_msg("step %d failed twice: %s", at, again.commit.err.text);
    }
    return true;
}

/* The next life, without a fault: everything that was told is there. */
static void check_next_life(struct fixture *f, int done)
{
    faulty_disk_begin(FAULTY_FULL, 0);
    open_store(f);
    assert_true(is_there(f, 0));
    for (int at = 1; at < done; at++) {
        assert_true(is_there(f, at));
    }
    for (int at = done + (is_there(f, done) ? 1 : 0); at < STEPS; at++) {
        assert_false(is_there(f, at));
        assert_true(commit_now(f, step(at)).commit.ok);
    }
    assert_int_equal(ask(f, "SELECT count(*) FROM operation"), STEPS);
    close_store(f);
}

static void remove_store(struct fixture *f)
{
    char folder[80];
    TEXT_FORMAT(folder, "%s/store", f->folder);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* One life in which change number `n` fails. False when there are fewer changes. */
static bool live(struct fixture *f, enum faulty_kind kind, unsigned n, unsigned stays)
{
    remove_store(f);
    faulty_disk_begin(kind, 0);
    open_store(f);
    assert_true(commit_now(f, step(0)).commit.ok);
    close_store(f);

    memset(&told, 0, sizeof(told));
    faulty_disk_begin(kind, n);
    faulty_disk.stays = stays;
    struct err err = {0};
    int done = 1;
    f->store = open_listening(f, &err);
    if (f->store == NULL) {
        assert_non_null(strstr(err.text, path(f, "")));
    } else {
        while (done < STEPS && commit_step(f, done)) {
            done++;
        }
        assert_int_equal(told.state == STORE_FAILED, faulty_disk.sync_failed);
        if (told.state == STORE_FAILED) {
            assert_int_equal(told.changes, 1); /* once */
            assert_false(commit_now(f, step(STEPS)).commit.ok);
        }
        close_store(f);
    }
    const bool failed = faulty_disk.failures > 0;
    check_next_life(f, done);
    return failed;
}

static void sweep(struct fixture *f, enum faulty_kind kind, unsigned stays)
{
    close_store(f);
    unsigned n = 1;
    while (n < MOST && live(f, kind, n, stays)) {
        n++;
    }
    print_message("%u changes of the disk, each failed\n", n - 1);
    assert_in_range(n, 60, MOST - 1);
    open_store(f);
}

static void each_change_finds_a_full_disk(void **state)
{
    sweep(*state, FAULTY_FULL, 0);
}

static void each_change_fails(void **state)
{
    sweep(*state, FAULTY_BROKEN, 0);
}

static void each_change_finds_a_disk_that_may_not_be_written(void **state)
{
    sweep(*state, FAULTY_READ_ONLY, 0);
}

static int set_up_faulty(void **state)
{
    faulty_disk_begin(FAULTY_FULL, 0);
    return set_up(state);
}

int main(void)
{
    faulty_disk_install();
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_faulty, tear_down)
        TEST(each_change_finds_a_full_disk),
        TEST(each_change_fails),
        TEST(each_change_finds_a_disk_that_may_not_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
