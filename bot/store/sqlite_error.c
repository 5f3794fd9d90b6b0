#include "sqlite_error.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "base/err.h"
#include "reserve.h"

static int number_of(struct sqlite3 *db)
{
    const int seen = errno; /* before the next call */
    const int kept = db == NULL ? 0 : sqlite3_system_errno(db);
    return kept != 0 ? kept : seen;
}

static bool set_io_error(int rc, int number, struct err *err)
{
    const char *why = number == 0 ? NULL : strerrordesc_np(number);
    return err_set(err, ERR_IO, "The store's disk failed (%s, code %d): look at the disk, then start again.",
                   why == NULL ? sqlite3_errstr(rc) : why, rc);
}

bool sqlite_error_is_full(struct sqlite3 *db, int rc)
{
    const int kind = rc & 0xFF;
    const bool may_be = kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN;
    return kind == SQLITE_FULL || (may_be && !sqlite_error_is_final(rc) && reserve_no_room(number_of(db)));
}

bool sqlite_error(struct sqlite3 *db, int rc, struct err *err)
{
    const int number = number_of(db);
    if (sqlite_error_is_full(db, rc)) {
        return err_set(err, ERR_FULL, "The store could not write: the disk is full; make room on it.");
    }
    switch (rc & 0xFF) {
    case SQLITE_IOERR: return set_io_error(rc, number, err);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return err_set(
            err, ERR_IO,
            "The store is damaged (%s): move the file away and restore it from a backup; it is not "
            "replaced by a new one, because running operations would be forgotten.",
            sqlite3_errstr(rc));
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return err_set(err, ERR_IO,
                       "The store cannot be written (%s): see the owner and rights of its file and "
                       "directory.",
                       sqlite3_errstr(rc));
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return err_set(err, ERR_IO, "Another program is writing to the store: close it.");
    default: return err_set(err, ERR_IO, "The store failed: %s (code %d).", sqlite3_errstr(rc), rc);
    }
}

bool sqlite_error_is_final(int rc)
{
    return rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC;
}

bool sqlite_error_run(struct sqlite3 *db, const char *sql, struct err *err)
{
    errno = 0;
    const int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK || sqlite_error(db, rc, err);
}
