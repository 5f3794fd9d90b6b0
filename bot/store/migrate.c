#include "migrate.h"

#include <sqlite3.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/text.h"
#include "sqlite_error.h"

/* The one number a query gives. */
static bool ask_number(sqlite3 *db, const char *sql, int64_t *ret, struct err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(s);
    }
    if (rc == SQLITE_ROW) {
        *ret = sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_ROW || sqlite_error(db, rc, err);
}

static bool run_version(sqlite3 *db, const struct schema_version *version, size_t number,
                        const struct schema_aid *aid, struct err *err)
{
    for (const char *const *sql = version->statements; *sql != NULL; sql++) {
        if (!sqlite_error_run(db, *sql, err)) {
            return false;
        }
    }
    if (version->then != NULL && !version->then(db, aid, err)) {
        return false;
    }
    char sql[80]; /* pragmas take no parameters */
    TEXT_FORMAT(sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", SCHEMA_APPLICATION, (int)number);
    return sqlite_error_run(db, sql, err) && sqlite_error_run(db, "COMMIT", err);
}

static bool apply(sqlite3 *db, const struct schema_version *version, size_t number,
                  const struct schema_aid *aid, struct err *err)
{
    if (sqlite_error_run(db, "BEGIN EXCLUSIVE", err) && run_version(db, version, number, aid, err)) {
        return true;
    }
    if (sqlite3_get_autocommit(db) == 0) {
        sqlite_error_run(db, "ROLLBACK", NULL);
    }
    return err_wrap(err, "Schema version %zu could not be applied", number);
}

bool migrate_read_version(struct sqlite3 *db, int64_t *ret, struct err *err)
{
    return ask_number(db, "PRAGMA user_version", ret, err);
}

bool migrate(struct sqlite3 *db, const struct schema_version *versions, size_t count,
             const struct schema_aid *aid, struct err *err)
{
    int64_t version = 0;
    if (!migrate_read_version(db, &version, err)) {
        return false;
    }
    for (size_t number = (size_t)version; number < count; number++) {
        if (!apply(db, &versions[number], number + 1, aid, err)) {
            return false;
        }
    }
    return true;
}

/* ---- identity */

bool migrate_check(struct sqlite3 *db, size_t count, struct err *err)
{
    int64_t application = 0, version = 0;
    if (!ask_number(db, "PRAGMA application_id", &application, err) ||
        !ask_number(db, "PRAGMA user_version", &version, err)) {
        return false;
    }
    if (application != SCHEMA_APPLICATION || version < 1) {
        return err_set(err, ERR_CONFIG, "The store is a database of another program: choose another path.");
    }
    if (version > (int64_t)count) {
        return err_set(
            err, ERR_CONFIG,
            "The store was written by a newer cloudtak-bot (schema %lld, this one knows %zu): start that "
            "version, or choose another path.",
            (long long)version, count);
    }
    return true;
}

static bool check_world(const char *known, const char *world, struct err *err)
{
    if (known != NULL && strcmp(known, world) == 0) {
        return true;
    }
    char shown[80];
    text_clean(shown, sizeof(shown), known == NULL ? "" : known, false);
    return err_set(err, ERR_CONFIG,
                   "The store belongs to another world (\"%s\", not \"%s\"): choose another path.", shown,
                   world);
}

bool migrate_identify(struct sqlite3 *db, size_t count, const char *world, struct err *err)
{
    if (!migrate_check(db, count, err)) {
        return false;
    }
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT world FROM meta", -1, &s, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(s);
    }
    const bool same = rc == SQLITE_ROW ? check_world((const char *)sqlite3_column_text(s, 0), world, err)
                                       : sqlite_error(db, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, err);
    sqlite3_finalize(s);
    return same;
}

bool migrate_name_world(struct sqlite3 *db, const char *world, struct err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(
        db, "INSERT INTO meta (one, world, epoch, last_alive_ms) VALUES (1, ?1, ?2, 0)", -1, &s, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(s, 1, world, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, crypto_random_u32()); /* tells one store from another */
        rc = sqlite3_step(s);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE || sqlite_error(db, rc, err);
}

bool migrate_read_epoch(struct sqlite3 *db, int64_t *ret, struct err *err)
{
    return ask_number(db, "SELECT epoch FROM meta", ret, err);
}

bool migrate_epoch(struct sqlite3 *db, int64_t *ret_epoch, int64_t *ret_last_alive_ms, struct err *err)
{
    int64_t epoch = 0, alive = 0;
    if (!sqlite_error_run(db, "UPDATE meta SET epoch = epoch + 1", err) ||
        !migrate_read_epoch(db, &epoch, err) ||
        !ask_number(db, "SELECT last_alive_ms FROM meta", &alive, err)) {
        return false;
    }
    *ret_epoch = epoch;
    *ret_last_alive_ms = alive;
    return true;
}
