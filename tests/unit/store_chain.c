/* What somebody with the store's file in an editor can do, and what is said about it: by the daemon's own
 * check, by `audit verify` while the daemon runs, and at a start. */
#include "store_disk.h"

#include <fcntl.h>

#include "store/verify.h"

#define RECORDS 40

static struct store_verified verify(struct fixture *f, const struct store_head *seen)
{
    struct err err = {0};
    struct store_verified v = {0};
    const struct store_head none = {0};
    char file[200];
    TEXT_COPY(file, path(f, ""));
    if (!store_verify(file, seen != NULL ? seen : &none, &v, &err)) {
        fail_msg("%s", err.text);
    }
    return v;
}

static void must_verify(struct fixture *f, const char *broken)
{
    const struct store_check c = check_now(f, NULL);
    const struct store_verified v = verify(f, NULL);
    assert_false(c.whole);
    assert_false(v.whole);
    assert_string_equal(c.broken, broken);
    assert_string_equal(v.broken, broken);
}

static void a_whole_chain_is_told_with_its_head(void **state)
{
    struct fixture *f = *state;
    const struct store_head first = put_records(f, RECORDS / 2), last = put_records(f, RECORDS / 2);
    const struct store_verified v = verify(f, &first); /* while the store is in use */
    assert_true(v.whole);
    assert_int_equal(v.count, RECORDS);
    assert_int_equal(v.head.sequence, last.sequence);
    assert_string_equal(v.head.hash, last.hash);
    close_store(f);
    assert_true(verify(f, &last).whole); /* and when nobody uses it */
    open_store(f);
    assert_true(check_now(f, &last).whole);
}

static void a_flipped_bit_is_found(void **state)
{
    struct fixture *f = *state;
    put_records(f, RECORDS);
    run_sql(f, "UPDATE audit SET detail = '{\"text\":\"ona of many\"}' WHERE number = 17");
    must_verify(f, "record 17 is not what was written, or the one before it was another");
}

static void each_field_is_sealed(void **state)
{
    static const char *const CHANGES[] = {
        "at_ms = at_ms + 1",          "operation = 'XXXX'", "who = 'slack:user:U2'", "what = 'cancelled'",
        "detail = detail || char(0)", "mac = zeroblob(32)", "mac = x'00'",
    };
    struct fixture *f = *state;
    put_records(f, 3);
    for (size_t at = 0; at < sizeof(CHANGES) / sizeof(CHANGES[0]); at++) {
        char sql[200];
        run_sql(f, "CREATE TABLE kept AS SELECT * FROM audit WHERE number = 2");
        TEXT_FORMAT(sql, "UPDATE audit SET %s WHERE number = 2", CHANGES[at]);
        run_sql(f, sql);
        must_verify(f, "record 2 is not what was written, or the one before it was another");
        run_sql(f,
                "DELETE FROM audit WHERE number = 2; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept");
        assert_true(check_now(f, NULL).whole);
    }
}

static void a_deleted_record_is_found(void **state)
{
    struct fixture *f = *state;
    put_records(f, RECORDS);
    run_sql(f, "DELETE FROM audit WHERE number = 9");
    must_verify(f, "record 9 is missing: the next one is 10");
}

static void deleted_first_records_are_found(void **state)
{
    struct fixture *f = *state;
    put_records(f, RECORDS);
    run_sql(f, "DELETE FROM audit WHERE number < 5");
    must_verify(f, "record 1 is missing: the next one is 5");
}

/* As if they had been pruned, with the seal of a record that is the store's own. */
static void a_beginning_that_was_moved_is_found(void **state)
{
    struct fixture *f = *state;
    put_records(f, RECORDS);
    run_sql(f, "UPDATE meta SET base_number = 4, base_mac = (SELECT mac FROM audit WHERE number = 4); "
               "DELETE FROM audit WHERE number < 5");
    close_store(f);
    open_store(f);
    must_verify(f, "the mark where the chain begins was not made by this program's key");
}

static void records_that_changed_places_are_found(void **state)
{
    struct fixture *f = *state;
    put_records(f, RECORDS);
    run_sql(f,
            "UPDATE audit SET number = 1000 WHERE number = 20; UPDATE audit SET number = 20 WHERE number = "
            "21; UPDATE audit SET number = 21 WHERE number = 1000");
    must_verify(f, "record 20 is not what was written, or the one before it was another");
}

static void a_tail_that_was_cut_is_found(void **state)
{
    struct fixture *f = *state;
    const struct store_head head = put_records(f, RECORDS);
    run_sql(f, "DELETE FROM audit WHERE number > 30");
    must_verify(f, "record 31 is missing, and all up to 40, which was the last");
    close_store(f);
    open_store(f); /* nor does a new life forget it, or write over the gap */
    assert_int_equal(put_records(f, 1).sequence, 41);
    must_verify(f, "record 31 is missing: the next one is 41");
    assert_true(head.sequence == RECORDS);
}

/* Whoever kept the whole file from before, ends of the chain and all: only a head that was seen tells. */
static void a_file_from_before_is_found_by_a_head_that_was_seen(void **state)
{
    struct fixture *f = *state;
    char copy[220], sql[260];
    put_records(f, 3);
    TEXT_FORMAT(copy, "%s/before.db", f->folder);
    TEXT_FORMAT(sql, "VACUUM INTO '%s'", copy);
    run_sql(f, sql);
    const struct store_head seen = put_records(f, 2);
    close_store(f);
    unlink(path(f, "-wal"));
    unlink(path(f, "-shm"));
    assert_int_equal(rename(copy, path(f, "")), 0);
    assert_int_equal(chmod(path(f, ""), 0600), 0);
    assert_string_equal(verify(f, NULL).broken, "");
    struct store_verified v = verify(f, &seen);
    assert_false(v.whole);
    assert_string_equal(v.broken, "record 5, which was seen as the head, is missing: the records end at 3");
    open_store(f);
    struct store_txn *t = store_txn_create();
    stage_record(t, "7F3K", "{\"text\":\"another one\"}");
    stage_record(t, "7F3K", "{\"text\":\"in the place of what was seen\"}");
    must_commit(f, t);
    v = verify(f, &seen);
    assert_false(v.whole);
    assert_non_null(strstr(v.broken, "record 5 is not the one that was seen as the head: "));
}

static void a_record_that_was_slipped_in_is_found(void **state)
{
    struct fixture *f = *state;
    put_records(f, 3);
    run_sql(
        f, "INSERT INTO audit (number, at_ms, operation, who, what, detail, mac) SELECT 4, at_ms, operation, "
           "who, what, detail, mac FROM audit WHERE number = 3");
    must_verify(f, "record 4 is not what was written, or the one before it was another");
    run_sql(f, "UPDATE audit SET number = -1 WHERE number = 4");
    must_verify(f, "record -1 lies in front of the chain, which begins behind 0");
    run_sql(f, "UPDATE audit SET number = 9 WHERE number = -1");
    close_store(f);
    open_store(f); /* whatever lies there, steps are recorded */
    assert_int_equal(put_records(f, 1).sequence, 10);
    assert_false(check_now(f, NULL).whole);
}

/* ---- pruning moves the beginning */

static void pruned_records_leave_a_whole_chain(void **state)
{
    struct fixture *f = *state;
    const struct store_head first = put_records(f, 3);
    clock_advance(&f->clock, 500 * DAY_MS);
    struct store_txn *t = store_txn_create();
    struct store_audit late = {.at_ms = START_MS + 500 * DAY_MS, .what = "late"};
    store_txn_audit(t, &late);
    must_commit(f, t);
    close_store(f);
    open_store(f); /* which prunes */
    loop_run(f->loop);
    assert_int_equal(ask(f, "SELECT count(*) FROM audit"), 1);
    assert_int_equal(ask(f, "SELECT base_number FROM meta"), 3);
    assert_true(check_now(f, NULL).whole);
    assert_true(verify(f, &first).whole); /* the mark at the beginning is that record's */
    struct store_head older = first;
    older.sequence = 2;
    assert_string_equal(
        verify(f, &older).broken,
        "record 2, which was seen as the head, was removed because of its age: nothing can be "
        "said about it");
    close_store(f);
    open_store(f);
    assert_int_equal(put_records(f, 1).sequence, 5);
    assert_true(check_now(f, NULL).whole);
}

/* ---- operations */

static void an_operation_that_was_changed_is_left_alone(void **state)
{
    static const char *const CHANGES[] = {"user = 'U2'",      "state = 'succeeded'", "detail = '{}'",
                                          "target = 'other'", "position = 7",        "mac = x''"};
    struct fixture *f = *state;
    const struct store_operation o = an_operation("7F3K"), other = an_operation("8G4L");
    put_operation(f, &other);
    for (size_t at = 0; at < sizeof(CHANGES) / sizeof(CHANGES[0]); at++) {
        char sql[200];
        put_operation(f, &o);
        assert_int_equal(load_now(f).operation_count, 2);
        assert_int_equal(verify(f, NULL).altered, 0);
        TEXT_FORMAT(sql, "UPDATE operation SET %s WHERE id = '7F3K'", CHANGES[at]);
        run_sql(f, sql);
        const struct seen s = load_now(f);
        assert_int_equal(s.operation_count, 1);
        assert_string_equal(s.operations[0].id, "8G4L");
        assert_int_equal(s.altered_count, 1);
        assert_string_equal(s.altered, "7F3K");
        assert_int_equal(verify(f, NULL).altered, 1);
    }
}

/* ---- a store from before */

static void go_back_to_version_2(struct fixture *f)
{
    run_sql(f, "DROP TABLE memo; DROP INDEX operation_target; DROP INDEX operation_parent; DROP INDEX "
               "audit_operation; ALTER TABLE operation DROP COLUMN mac; ALTER TABLE audit DROP COLUMN mac;"
               "ALTER TABLE meta DROP COLUMN base_number; ALTER TABLE meta DROP COLUMN base_mac;"
               "ALTER TABLE meta DROP COLUMN base_seal; ALTER TABLE meta DROP COLUMN head_number;"
               "ALTER TABLE meta DROP COLUMN head_mac; ALTER TABLE meta DROP COLUMN head_seal;"
               "PRAGMA user_version = 2");
}

static void a_store_from_before_is_sealed_as_it_is_found(void **state)
{
    struct fixture *f = *state;
    put_records(f, 750);
    put_records(f, 750);
    const struct store_operation o = an_operation("7F3K");
    put_operation(f, &o);
    close_store(f);
    run_sql(f, "DELETE FROM audit WHERE number < 11 OR number = 700"); /* pruned; and a gap nobody can tell */
    go_back_to_version_2(f);
    assert_int_equal(unlink(path(f, ".audit-key")), 0);
    open_store(f);
    assert_int_equal(load_now(f).operation_count, 1);
    assert_int_equal(load_now(f).last_alive_ms, START_MS);
    const struct store_check c = check_now(f, NULL);
    assert_true(c.whole);
    assert_int_equal(c.count, 1490);
    assert_int_equal(c.head.sequence, 1500);
    assert_int_equal(
        ask(f, "SELECT count(*) FROM audit WHERE number = 1500 AND what = 'chain begins' AND detail "
               "LIKE '%the chain begins: 1489 records from before, up to number 1499,%'"),
        1);
    assert_int_equal(put_records(f, 1).sequence, 1501);
    run_sql(f, "UPDATE audit SET who = 'x' WHERE number = 12");
    must_verify(f, "record 12 is not what was written, or the one before it was another");
}

static void a_store_from_before_may_be_empty(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    go_back_to_version_2(f);
    assert_int_equal(unlink(path(f, ".audit-key")), 0);
    open_store(f);
    assert_int_equal(put_records(f, 1).sequence, 1);
    assert_true(check_now(f, NULL).whole);
}

/* ---- the key */

static void must_refuse(struct fixture *f, const char *words)
{
    struct err err = {0};
    f->store = try_open(f, WORLD, &err);
    assert_null(f->store);
    if (strstr(err.text, words) == NULL) {
        fail_msg("%s", err.text);
    }
    struct store_verified v;
    const struct store_head none = {0};
    char file[200];
    TEXT_COPY(file, path(f, ""));
    assert_false(store_verify(file, &none, &v, &err));
    if (strstr(err.text, words) == NULL) {
        fail_msg("%s", err.text);
    }
}

static void without_its_key_a_store_does_not_start(void **state)
{
    struct fixture *f = *state;
    char key[220], kept[240];
    struct stat st;
    put_records(f, 1);
    close_store(f);
    TEXT_COPY(key, path(f, ".audit-key"));
    TEXT_FORMAT(kept, "%s.kept", key);
    assert_int_equal(stat(key, &st), 0);
    assert_int_equal(st.st_size, 32);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(rename(key, kept), 0);
    must_refuse(f,
                ".audit-key of the store is gone: without it nobody can tell whether its records are whole; "
                "restore it from a backup, or move the store away to begin with nothing.");
    assert_int_equal(symlink(kept, key), 0);
    must_refuse(f, ".audit-key cannot be opened: ");
    unlink(key);
    assert_int_equal(rename(kept, key), 0);
    assert_int_equal(chmod(key, 0640), 0);
    must_refuse(f, ".audit-key is open to others, who could have sealed false records: run chmod 600 ");
    assert_int_equal(chmod(key, 0600), 0);
    assert_int_equal(truncate(key, 31), 0);
    must_refuse(f, ".audit-key has 31 bytes, not 32: restore it from a backup.");
    const int fd = open(key, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "the key of some other store: 32.", 32), 32);
    close(fd);
    open_store(f);
    const struct store_check c = check_now(f, NULL);
    assert_true(c.ok);
    assert_false(c.whole);
}

static void a_key_is_made_for_one_store(void **state)
{
    struct fixture *f = *state;
    char file[200], one[32], two[32];
    TEXT_COPY(file, path(f, ".audit-key"));
    int fd = open(file, O_RDONLY);
    assert_int_equal(read(fd, one, sizeof(one)), sizeof(one));
    close(fd);
    close_store(f);
    unlink(path(f, ""));
    unlink(path(f, ".reserve"));
    unlink(file);
    open_store(f);
    TEXT_COPY(file, path(f, ".audit-key"));
    fd = open(file, O_RDONLY);
    assert_int_equal(read(fd, two, sizeof(two)), sizeof(two));
    close(fd);
    assert_memory_not_equal(one, two, sizeof(one));
}

static void what_is_no_store_is_told(void **state)
{
    struct fixture *f = *state;
    struct store_verified v;
    struct err err = {0};
    const struct store_head none = {0};
    char file[220];
    TEXT_FORMAT(file, "%s/nothing.db", f->folder);
    assert_false(store_verify(file, &none, &v, &err));
    assert_true(err.text[0] != '\0');
    close_store(f);
    go_back_to_version_2(f);
    TEXT_COPY(file, path(f, ""));
    assert_false(store_verify(file, &none, &v, &err));
    assert_non_null(strstr(err.text, "was written by an older cloudtak-bot"));
    open_store(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BEHAVES(a_whole_chain_is_told_with_its_head),
        BEHAVES(a_flipped_bit_is_found),
        BEHAVES(each_field_is_sealed),
        BEHAVES(a_deleted_record_is_found),
        BEHAVES(deleted_first_records_are_found),
        BEHAVES(a_beginning_that_was_moved_is_found),
        BEHAVES(records_that_changed_places_are_found),
        BEHAVES(a_tail_that_was_cut_is_found),
        BEHAVES(a_file_from_before_is_found_by_a_head_that_was_seen),
        BEHAVES(a_record_that_was_slipped_in_is_found),
        BEHAVES(pruned_records_leave_a_whole_chain),
        BEHAVES(an_operation_that_was_changed_is_left_alone),
        BEHAVES(a_store_from_before_is_sealed_as_it_is_found),
        BEHAVES(a_store_from_before_may_be_empty),
        BEHAVES(without_its_key_a_store_does_not_start),
        BEHAVES(a_key_is_made_for_one_store),
        BEHAVES(what_is_no_store_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
