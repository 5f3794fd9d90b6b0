/* The store on disk keeps the rules of every store, its rows outlive the process, and a failing disk is told.
 */
#include "store_behaviours.h"
#include "store_disk.h"
#include "store_record.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* ---- a disk that fails when told to: these stand before libc's own for SQLite, too */

static int failing_sync, failing_write; /* errno to fail with; 0 = do not */
static int syncs;

int fdatasync(int fd)
{
    syncs++;
    if (failing_sync != 0) {
        errno = failing_sync;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    syncs++;
    if (failing_sync != 0) {
        errno = failing_sync;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    if (failing_write != 0) {
        errno = failing_write;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return pwrite(fd, bytes, len, at);
}

/* ---- lives */

static void a_new_life_reads_the_old_one(void **state)
{
    struct fixture *f = *state;
    clock_advance(&f->clock, 5);
    const struct store_operation o = an_operation("7F3K");
    const struct store_outbox m = a_message("7F3K/card", "7F3K", OUTBOX_SENT);
    struct store_txn *t = store_txn_create();
    store_txn_operation(t, &o);
    store_txn_outbox(t, &m);
    store_txn_delivery(t, "envelope-1", START_MS);
    must_commit(f, t);
    assert_int_equal(load_now(f).last_alive_ms, 0);
    close_store(f);

    clock_advance(&f->clock, 60 * 1000);
    open_store(f);
    const struct seen s = load_now(f);
    assert_int_equal(s.operation_count, 1);
    assert_int_equal(s.outbox_count, 1);
    assert_int_equal(s.last_alive_ms, START_MS + 5);
    t = store_txn_create();
    store_txn_delivery(t, "envelope-1", START_MS);
    assert_true(commit_now(f, t).commit.duplicate);
}

static void opening_forgets_what_is_old(void **state)
{
    struct fixture *f = *state;
    struct store_operation open = an_operation("OPEN");
    put_operation(f, &open);
    struct store_outbox sent = a_message("OVER/sent", "OVER", OUTBOX_SENT);
    struct store_outbox waits = a_message("OVER/waits", "OVER", OUTBOX_PENDING);
    struct store_outbox head = a_message("OVER/head", "OVER", OUTBOX_SENT);
    struct store_outbox of_open = a_message("OPEN/sent", "OPEN", OUTBOX_SENT);
    TEXT_COPY(waits.thread_of, "OVER/head");
    sent.updated_ms = waits.updated_ms = head.updated_ms = of_open.updated_ms = START_MS;
    put_message(f, &sent);
    put_message(f, &waits);
    put_message(f, &head);
    put_message(f, &of_open);
    struct store_txn *t = store_txn_create();
    store_txn_delivery(t, "old", START_MS);
    store_txn_delivery(t, "young", START_MS + 7 * DAY_MS);
    must_commit(f, t);
    close_store(f);
    clock_advance(&f->clock, 7 * DAY_MS);
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM outbox"), 4); /* not older than seven days */
    assert_int_equal(ask(f, "SELECT count(*) FROM delivery"), 1);
    close_store(f);
    clock_advance(&f->clock, 1);
    open_store(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM outbox"), 3);
    assert_int_equal(ask(f, "SELECT count(*) FROM outbox WHERE id = 'OVER/sent'"), 0);
}

static void works_on_the_worker_thread(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    struct loop *kept = f->loop;
    struct clock clock = clock_real(1, 0);
    f->loop = loop_create(&clock);
    open_store(f);
    struct answer answers[200];
    for (size_t at = 0; at < 200; at++) {
        struct store_txn *t = store_txn_create();
        char id[STORE_ID];
        TEXT_FORMAT(id, "N%zu", at);
        const struct store_operation o = an_operation(id);
        store_txn_operation(t, &o);
        if (at % 50 == 0) {
            store_txn_durable(t);
        }
        start_commit(f, t, &answers[at]);
    }
    struct seen s = {0};
    struct store_loaded l = {.done = on_loaded, .user = &s};
    f->store->ops->load(f->store, &l);
    close_store(f); /* right behind them */
    for (size_t at = 0; at < 200; at++) {
        assert_int_equal(answers[at].calls, 1);
        assert_true(answers[at].commit.ok);
    }
    assert_int_equal(s.operation_count, 200);
    assert_int_equal(loop_destroy(f->loop), 0);
    f->loop = kept;
}

static void audit_records_are_written_in_order(void **state)
{
    struct fixture *f = *state;
    struct store_audit audit = {.at_ms = START_MS, .operation = "7F3K", .detail = "{\"a\":1}"};
    TEXT_COPY(audit.who, "ana");
    TEXT_COPY(audit.what, "first");
    struct store_txn *t = store_txn_create();
    store_txn_audit(t, &audit);
    TEXT_COPY(audit.what, "second");
    store_txn_audit(t, &audit);
    must_commit(f, t);
    assert_int_equal(ask(f, "SELECT count(*) FROM audit"), 2);
    assert_int_equal(ask(f, "SELECT number FROM audit WHERE what = 'second' AND who = 'ana' AND "
                            "operation = '7F3K' AND detail = '{\"a\":1}' AND at_ms = 1800000000000"),
                     2);
}

/* ---- a disk that fails */

static struct answer commit_operation(struct fixture *f, const char *id, bool durable)
{
    const struct store_operation o = an_operation(id);
    struct store_txn *t = store_txn_create();
    store_txn_operation(t, &o);
    if (durable) {
        store_txn_durable(t);
    }
    return commit_now(f, t);
}

static void full_disk_fails_the_commit_only(void **state)
{
    struct fixture *f = *state;
    failing_write = ENOSPC;
    const struct answer a = commit_operation(f, "AAAA", false);
    failing_write = 0;
    assert_false(a.commit.ok);
    assert_false(a.commit.duplicate);
    assert_int_equal(a.commit.err.code, ERR_FULL);
    char sentence[200];
    TEXT_FORMAT(sentence, "The store's disk is full: free space on %s/store; running operations go on.",
                f->folder);
    assert_string_equal(a.commit.err.text, sentence);
    assert_int_equal(load_now(f).operation_count, 0);
    assert_true(commit_operation(f, "BBBB", true).commit.ok);
    close_store(f);
    open_store(f);
    assert_string_equal(load_now(f).operations[0].id, "BBBB");
}

static void file_size_limit_fails_the_commit_only(void **state)
{
    struct fixture *f = *state;
    must_commit(f, store_txn_create());
    struct stat st;
    assert_int_equal(stat(path(f, "-wal"), &st), 0);
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){.rlim_cur = (rlim_t)st.st_size + 100, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct answer a = commit_operation(f, "AAAA", true);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(a.commit.ok);
    assert_int_equal(a.commit.err.code, ERR_FULL);
    assert_int_equal(load_now(f).operation_count, 0);
    assert_true(commit_operation(f, "BBBB", true).commit.ok);
    assert_int_equal(load_now(f).operation_count, 1);
}

static void durable_steps_are_synced_others_not(void **state)
{
    struct fixture *f = *state;
    must_commit(f, store_txn_create()); /* begins the journal */
    syncs = 0;
    assert_true(commit_operation(f, "AAAA", false).commit.ok);
    assert_int_equal(syncs, 0);
    assert_true(commit_operation(f, "BBBB", true).commit.ok);
    assert_true(syncs > 0);
    syncs = 0;
    assert_true(commit_operation(f, "CCCC", false).commit.ok);
    assert_int_equal(syncs, 0);
}

static void after_a_failed_sync_nothing_is_written(void **state)
{
    struct fixture *f = *state;
    assert_true(commit_operation(f, "AAAA", true).commit.ok);
    failing_sync = EIO;
    const struct answer a = commit_operation(f, "BBBB", true);
    failing_sync = 0;
    assert_false(a.commit.ok);
    assert_int_equal(a.commit.err.code, ERR_IO);
    assert_string_equal(a.commit.err.text,
                        "The store's disk failed (Input/output error, code 1034): look at the disk, then "
                        "start again.");
    const struct answer later = commit_operation(f, "CCCC", false);
    assert_false(later.commit.ok);
    assert_string_equal(later.commit.err.text, a.commit.err.text);
    close_store(f);
    open_store(f);
    assert_true(commit_operation(f, "DDDD", true).commit.ok);
}

static void an_older_opener_writes_no_more(void **state)
{
    struct fixture *f = *state;
    assert_true(commit_operation(f, "AAAA", false).commit.ok);
    run_sql(f, "UPDATE meta SET epoch = epoch + 1");
    for (int at = 0; at < 2; at++) {
        const struct answer a = commit_operation(f, "BBBB", true);
        assert_false(a.commit.ok);
        assert_false(a.commit.duplicate);
        assert_int_equal(a.commit.err.code, ERR_STALE);
        assert_string_equal(a.commit.err.text,
                            "Another process has taken over the store: this one writes no more.");
    }
    assert_int_equal(load_now(f).operation_count, 1);
}

static void another_writer_is_waited_for_not_for_ever(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path(f, ""), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    const struct answer a = commit_operation(f, "AAAA", false);
    assert_false(a.commit.ok);
    assert_string_equal(a.commit.err.text, "Another program is writing to the store: close it.");
    sqlite3_close(db);
    assert_true(commit_operation(f, "AAAA", false).commit.ok);
}

/* ---- kill -9 */

/* Runs this program again, which commits one operation and is killed: by itself once the commit is told, or
 * at a fault point. */
static void commit_and_die(struct fixture *f, const char *kill_at)
{
    const pid_t child = fork();
    if (child == 0) {
        if (kill_at != NULL) {
            setenv("CLOUDTAK_FAULT_KILL_AT", kill_at, 1);
        }
        execl("/proc/self/exe", "unit_store_sqlite", "commit-and-die", f->folder, (char *)NULL);
        _exit(2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static int commit_and_be_killed(const char *folder)
{
    struct fixture f = {.clock = clock_virtual(START_MS)};
    TEXT_COPY(f.folder, folder);
    f.loop = loop_create_virtual(&f.clock);
    open_store(&f);
    const bool ok = commit_operation(&f, "7F3K", true).commit.ok;
    if (ok) {
        raise(SIGKILL);
    }
    return 1;
}

static void what_was_told_survives_a_kill(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    commit_and_die(f, NULL);
    open_store(f);
    const struct seen s = load_now(f);
    assert_int_equal(s.operation_count, 1);
    assert_string_equal(s.operations[0].id, "7F3K");
    assert_int_equal(s.last_alive_ms, START_MS);
}

static void a_kill_before_the_commit_leaves_nothing(void **state)
{
#ifndef CLOUDTAK_FAULTS
    (void)state;
    skip();
#else
    struct fixture *f = *state;
    close_store(f);
    commit_and_die(f, "1");
    open_store(f);
    assert_int_equal(load_now(f).operation_count, 0);
#endif
}

static void a_kill_after_the_commit_leaves_it(void **state)
{
#ifndef CLOUDTAK_FAULTS
    (void)state;
    skip();
#else
    struct fixture *f = *state;
    close_store(f);
    commit_and_die(f, "2");
    open_store(f);
    assert_int_equal(load_now(f).operation_count, 1);
#endif
}

static void close_accepts_nothing(void **state)
{
    (void)state;
    int closed = 0;
    store_sqlite_close(NULL, on_closed, &closed);
    assert_int_equal(closed, 1);
    store_sqlite_close(NULL, NULL, NULL);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "commit-and-die") == 0) {
        return commit_and_be_killed(argv[2]);
    }
    const struct CMUnitTest tests[] = {
        STORE_BEHAVIOURS,
        STORE_RECORDS,
        BEHAVES(a_new_life_reads_the_old_one),
        BEHAVES(opening_forgets_what_is_old),
        BEHAVES(works_on_the_worker_thread),
        BEHAVES(audit_records_are_written_in_order),
        BEHAVES(full_disk_fails_the_commit_only),
        BEHAVES(file_size_limit_fails_the_commit_only),
        BEHAVES(durable_steps_are_synced_others_not),
        BEHAVES(after_a_failed_sync_nothing_is_written),
        BEHAVES(an_older_opener_writes_no_more),
        BEHAVES(another_writer_is_waited_for_not_for_ever),
        BEHAVES(what_was_told_survives_a_kill),
        BEHAVES(a_kill_before_the_commit_leaves_nothing),
        BEHAVES(a_kill_after_the_commit_leaves_it),
        cmocka_unit_test(close_accepts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
