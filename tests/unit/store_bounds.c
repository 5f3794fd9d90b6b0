/* The rows of fifty thousand operations, over more than a year: what is over is forgotten in small steps,
 * what is not over never, and neither file nor memory grows without end. */
#include "store_disk.h"

#include <sys/resource.h>

#define OPERATIONS  50000
#define A_STEP      25 /* operations of one commit: the row ceiling of a step is 1000 */
#define BETWEEN_MS  (12 * 60 * 1000LL)
#define KEPT        10000 /* as in rows.h */
#define KEPT_AUDIT  100000
#define FILE_MOST   (96LL * 1024 * 1024)
#define WAL_MOST    (16LL * 1024 * 1024)
#define MEMORY_MOST (8LL * 1024 * 1024) /* SQLite's own */

static void stage(struct store_txn *t, int number, int64_t now_ms)
{
    static const char *const rows[] = {"card", "notice/1", "verdict"};
    static char detail[700];
    char id[STORE_ID], key[STORE_KEY];
    memset(detail, 'd', sizeof(detail) - 1);
    TEXT_FORMAT(id, "N%d", number);
    struct store_operation o = an_operation(id);
    TEXT_FORMAT(o.service_name, "a/b/c/service-%d", number % 7);
    o.detail = detail;
    o.ended = number % 10000 != 17;
    o.created_ms = o.updated_ms = now_ms;
    o.ended_ms = o.ended ? now_ms : 0;
    store_txn_operation(t, &o);
    for (size_t at = 0; at < 3; at++) {
        TEXT_FORMAT(key, "%s/%s", id, rows[at]);
        struct store_outbox m =
            a_message(key, id, number % 10000 == 5 && at == 2 ? OUTBOX_PENDING : OUTBOX_SENT);
        m.updated_ms = now_ms;
        m.card = detail;
        store_txn_outbox(t, &m);
    }
    for (int at = 0; at < 4; at++) {
        const struct store_audit a = {
            .at_ms = now_ms, .who = "slack:user:U0ANA", .what = "step", .detail = "{}"};
        store_txn_audit(t, &a);
    }
    TEXT_FORMAT(key, "delivery/%d", number);
    store_txn_delivery(t, key, now_ms);
}

static void the_store_stays_bounded(void **state)
{
    struct fixture *f = *state;
    int64_t file_most = 0, wal_most = 0;
    for (int number = 0; number < OPERATIONS; number += A_STEP) {
        struct store_txn *t = store_txn_create();
        for (int at = 0; at < A_STEP; at++) {
            stage(t, number + at, clock_wall(&f->clock));
            clock_advance(&f->clock, BETWEEN_MS);
        }
        must_commit(f, t);
        struct store_sqlite_figures figures;
        store_sqlite_read_figures(f->store, &figures);
        file_most = figures.file_bytes > file_most ? figures.file_bytes : file_most;
        wal_most = figures.journal_bytes > wal_most ? figures.journal_bytes : wal_most;
    }
    close_store(f); /* and what is left over is pruned as at each start */
    open_store(f);
    loop_run(f->loop);
    struct store_sqlite_figures figures;
    store_sqlite_read_figures(f->store, &figures);
    int64_t memory, memory_most;
    sqlite3_status64(SQLITE_STATUS_MEMORY_USED, (sqlite3_int64 *)&memory, (sqlite3_int64 *)&memory_most, 0);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    print_message(
        "file %lld KiB, journal %lld KiB at most, SQLite's memory %lld KiB at most, process %ld KiB\n",
        (long long)file_most / 1024, (long long)wal_most / 1024, (long long)memory_most / 1024,
        usage.ru_maxrss);
    assert_in_range(file_most, 1, FILE_MOST);
    assert_in_range(wal_most, 1, WAL_MOST);
    assert_in_range(memory_most, 1, MEMORY_MOST);

    assert_in_range(ask(f, "SELECT count(*) FROM operation WHERE ended = 1"), KEPT - 500, KEPT + 500);
    assert_in_range(ask(f, "SELECT count(*) FROM audit"), KEPT_AUDIT - 500, KEPT_AUDIT + 500);
    assert_in_range(ask(f, "SELECT count(*) FROM delivery"), 1, 500);
    assert_in_range(ask(f, "SELECT count(*) FROM outbox"), 1, 4000); /* of a week */
    /* never what is not over, nor the newest */
    assert_int_equal(ask(f, "SELECT count(*) FROM operation WHERE ended = 0"), 5);
    assert_int_equal(ask(f, "SELECT count(*) FROM outbox WHERE operation IN (SELECT id FROM operation WHERE "
                            "ended = 0)"),
                     15);
    assert_int_equal(ask(f, "SELECT count(*) FROM outbox WHERE state = 0"), 5);
    assert_int_equal(ask(f, "SELECT count(*) FROM operation WHERE id IN ('N5', 'N10005', 'N20005')"), 3);
    assert_int_equal(ask(f, "SELECT max(number) FROM audit"), 4 * OPERATIONS);
    assert_int_equal(ask(f, "SELECT max(number) - min(number) + 1 - count(*) FROM audit"), 0); /* no gap */
}

/* Old or not, the usual durations need the newest of each kind, and the audit its head. */
static void the_newest_stay_however_old(void **state)
{
    struct fixture *f = *state;
    struct store_txn *t = store_txn_create();
    for (int number = 0; number < 60; number++) {
        char id[STORE_ID];
        TEXT_FORMAT(id, "N%02d", number);
        struct store_operation o = an_operation(id);
        o.ended = true;
        o.ended_ms = START_MS + number;
        store_txn_operation(t, &o);
        const struct store_audit a = {.at_ms = START_MS, .what = "step"};
        store_txn_audit(t, &a);
    }
    must_commit(f, t);
    close_store(f);
    clock_advance(&f->clock, 500 * DAY_MS);
    open_store(f);
    loop_run(f->loop);
    assert_int_equal(ask(f, "SELECT count(*) FROM operation"), STORE_RECENT);
    assert_int_equal(ask(f, "SELECT count(*) FROM operation WHERE id = 'N09'"), 0);
    assert_int_equal(ask(f, "SELECT count(*) FROM operation WHERE id = 'N10'"), 1);
    assert_int_equal(ask(f, "SELECT count(*) FROM audit"), 1);
    assert_int_equal(ask(f, "SELECT max(number) FROM audit"), 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BEHAVES(the_store_stays_bounded),
        BEHAVES(the_newest_stay_however_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
