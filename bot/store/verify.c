#include "store/verify.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "chain.h"
#include "key.h"
#include "migrate.h"
#include "sqlite_error.h"

#define BUSY_MS 2000

static bool check_version(sqlite3 *db, struct err *err)
{
    int64_t version = 0;
    if (!migrate_check(db, SCHEMA_VERSIONS, err) || !migrate_read_version(db, &version, err)) {
        return false;
    }
    return version == (int64_t)SCHEMA_VERSIONS ||
           err_set(
               err, ERR_CONFIG,
               "The store was written by an older cloudtak-bot, whose records are not sealed yet: start this "
               "version on it once.");
}

static int verify_operations(const struct chain *c, struct sqlite_rows *r, struct store_verified *ret)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(r->db, "SELECT id FROM operation ORDER BY number", -1, &s, NULL);
    while (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        struct sqlite_operations one = {0};
        char id[STORE_ID];
        text_copy(id, sizeof(id), (const char *)sqlite3_column_text(s, 0));
        rc = sqlite_read_operation(r, id, &one);
        if (rc == SQLITE_OK && (one.count == 0 || !seal_operation_fits(c->key, &one.rows[0])) &&
            ret->altered++ == 0) {
            TEXT_COPY(ret->altered_id, id);
        }
        sqlite_read_free_operations(&one);
    }
    const int finished = sqlite3_finalize(s);
    return rc == SQLITE_OK ? finished : rc;
}

static int verify_all(struct chain *c, struct sqlite_rows *r, const struct store_head *seen,
                      struct store_verified *ret)
{
    struct chain_walk walk = {.seen = *seen};
    int rc = chain_open(c, r);
    while (rc == SQLITE_OK && !walk.over) {
        rc = chain_check(c, r, &walk);
    }
    ret->whole = walk.broken[0] == '\0';
    TEXT_COPY(ret->broken, walk.broken);
    ret->count = walk.count;
    seal_show(&c->head, &ret->head);
    return rc == SQLITE_OK ? verify_operations(c, r, ret) : rc;
}

/* Everything inside one transaction: a daemon that writes meanwhile is not seen. */
static bool verify_open(sqlite3 *db, struct chain *c, const struct store_head *seen,
                        struct store_verified *ret, struct err *err)
{
    struct sqlite_rows rows;
    if (!check_version(db, err) || !sqlite_rows_init(&rows, db, err)) {
        return false;
    }
    int rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    rc = rc == SQLITE_OK ? verify_all(c, &rows, seen, ret) : rc;
    const bool read = rc == SQLITE_OK || sqlite_error(db, rc, err);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite_rows_finish(&rows);
    return read;
}

bool store_verify(const char *path, const struct store_head *seen, struct store_verified *ret,
                  struct err *err)
{
    const int flags =
        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    struct chain chain = {0};
    struct store_verified found = {0};
    sqlite3 *db = NULL;
    errno = 0;
    const int rc = sqlite3_open_v2(path, &db, flags, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(db, BUSY_MS);
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    const bool read = (rc == SQLITE_OK || sqlite_error(db, rc, err)) && key_read(path, chain.key, err) &&
                      verify_open(db, &chain, seen, &found, err);
    sqlite3_close(db);
    crypto_wipe(chain.key, sizeof(chain.key));
    if (read) {
        *ret = found;
    }
    return read;
}
