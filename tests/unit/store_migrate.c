/* Versions of a schema are applied in order, each whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <string.h>

#include "base/err.h"
#include "bot/store/migrate.h"

static const char *const FIRST[] = {
    "CREATE TABLE meta (one INTEGER PRIMARY KEY, world TEXT, epoch INTEGER, last_alive_ms INTEGER)",
    "CREATE TABLE song (title TEXT)", NULL};
static const char *const SECOND[] = {"ALTER TABLE song ADD COLUMN singer TEXT", NULL};
static const char *const BROKEN[] = {"INSERT INTO song (title) VALUES ('half')", "CREATE TABLE song (x)",
                                     NULL};
static const struct schema_version GOOD[] = {{.statements = FIRST}, {.statements = SECOND}};
static const struct schema_version BAD[] = {
    {.statements = FIRST}, {.statements = SECOND}, {.statements = BROKEN}};
static const uint8_t KEY[32] = {1};
static const struct schema_aid AID = {.key = KEY, .now_ms = 1800000000000};

static int set_up(void **state)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    *state = db;
    return 0;
}

static int tear_down(void **state)
{
    return sqlite3_close(*state);
}

static int ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    const int number = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return number;
}

static void new_file_gets_every_version(void **state)
{
    sqlite3 *db = *state;
    assert_true(migrate(db, GOOD, 2, &AID, NULL));
    assert_int_equal(ask(db, "PRAGMA user_version"), 2);
    assert_int_equal(ask(db, "PRAGMA application_id"), SCHEMA_APPLICATION);
    assert_int_equal(ask(db, "SELECT count(*) FROM pragma_table_info('song')"), 2);
}

static void older_file_gets_what_it_lacks(void **state)
{
    sqlite3 *db = *state;
    assert_true(migrate(db, GOOD, 1, &AID, NULL));
    assert_int_equal(ask(db, "PRAGMA user_version"), 1);
    assert_int_equal(sqlite3_exec(db, "INSERT INTO song VALUES ('kept')", NULL, NULL, NULL), SQLITE_OK);
    assert_true(migrate(db, GOOD, 2, &AID, NULL));
    assert_int_equal(ask(db, "SELECT count(*) FROM song WHERE title = 'kept' AND singer IS NULL"), 1);
    assert_true(migrate(db, GOOD, 2, &AID, NULL)); /* nothing is left to do */
    assert_int_equal(ask(db, "PRAGMA user_version"), 2);
}

static void broken_version_leaves_nothing_behind(void **state)
{
    sqlite3 *db = *state;
    struct err err = {0};
    assert_false(migrate(db, BAD, 3, &AID, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_string_equal(err.text,
                        "Schema version 3 could not be applied: The store failed: SQL logic error (code 1).");
    assert_int_equal(ask(db, "PRAGMA user_version"), 2);
    assert_int_equal(ask(db, "SELECT count(*) FROM song"), 0);
    assert_int_equal(sqlite3_get_autocommit(db), 1);
}

static void identity_is_checked(void **state)
{
    sqlite3 *db = *state;
    struct err err = {0};
    assert_false(migrate_identify(db, 2, "aws", &err)); /* an empty database is not ours */
    assert_string_equal(err.text, "The store is a database of another program: choose another path.");
    assert_true(migrate(db, GOOD, 2, &AID, NULL));
    assert_false(migrate_identify(db, 2, "aws", &err)); /* no world was written down */
    assert_int_equal(err.code, ERR_IO);
    assert_true(migrate_name_world(db, "aws", NULL));
    assert_true(migrate_identify(db, 2, "aws", NULL));
    assert_false(migrate_identify(db, 2, "rehearsal", NULL));
    assert_false(migrate_identify(db, 1, "aws", &err)); /* an older program */
    assert_int_equal(err.code, ERR_CONFIG);
}

static void each_opener_gets_its_own_epoch(void **state)
{
    sqlite3 *db = *state;
    int64_t first = 0, second = 0, alive = -1;
    assert_true(migrate(db, GOOD, 2, &AID, NULL));
    assert_true(migrate_name_world(db, "aws", NULL));
    assert_true(migrate_epoch(db, &first, &alive, NULL));
    assert_int_equal(alive, 0);
    assert_true(migrate_epoch(db, &second, &alive, NULL));
    assert_true(second > first);
}

static void plan_must_say(sqlite3 *db, const char *sql, const char *words)
{
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    const char *plan = (const char *)sqlite3_column_text(s, 3);
    if (strstr(plan, words) == NULL) {
        fail_msg("%s: %s", sql, plan);
    }
    assert_int_equal(sqlite3_step(s), SQLITE_DONE); /* no sorting step */
    sqlite3_finalize(s);
}

static void real_schema_has_the_indexes_it_needs(void **state)
{
    sqlite3 *db = *state;
    assert_true(migrate(db, SCHEMA, SCHEMA_VERSIONS, &AID, NULL));
    plan_must_say(db,
                  "EXPLAIN QUERY PLAN SELECT detail FROM operation WHERE ended = 1 AND verb = ?2 AND "
                  "service_name = ?3 ORDER BY ended_ms DESC, number DESC LIMIT 50",
                  "operation_recent (verb=? AND service_name=?)");
    plan_must_say(
        db,
        "EXPLAIN QUERY PLAN SELECT detail FROM operation WHERE ended = 1 AND (?2 = '' OR verb = ?2) "
        "AND (?3 = '' OR service_name = ?3) ORDER BY ended_ms DESC, number DESC LIMIT 50",
        "operation_ended");
    plan_must_say(db, "EXPLAIN QUERY PLAN SELECT detail FROM operation WHERE ended = 0 ORDER BY number",
                  "operation_open");
    plan_must_say(db, "EXPLAIN QUERY PLAN SELECT number FROM operation WHERE watch_until_ms > 0",
                  "operation_watched");
    plan_must_say(db,
                  "EXPLAIN QUERY PLAN SELECT number FROM outbox WHERE (state < 2 OR (state = 2 AND "
                  "sent_version < version))",
                  "outbox_waiting");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_file_gets_every_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(older_file_gets_what_it_lacks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_version_leaves_nothing_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(identity_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_opener_gets_its_own_epoch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(real_schema_has_the_indexes_it_needs, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
