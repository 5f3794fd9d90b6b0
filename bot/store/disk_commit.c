/* One step is one transaction. Failure modes are those of the drawing in disk.h; every other failed write is
 * rolled back and told, and the next step is tried as if nothing had been. */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "base/fault.h"
#include "disk.h"
#include "reserve.h"
#include "rows.h"
#include "sqlite_error.h"
#include "txn.h"

#define PROBE_MS 1000 /* between two looks for room */

bool disk_lose(struct disk *d, const struct err *err)
{
    d->state = STORE_FAILED;
    d->why = *err;
    /* Closing would write the journal back, and remove a file of that name. */
    sqlite3_db_config(d->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return false;
}

/* ---- room */

bool disk_set_full(struct disk *d, struct err *err)
{
    struct err why;
    err_set(&why, ERR_FULL, "The store's disk is full: free space on %s; running operations go on.",
            d->place.folder);
    d->state = STORE_FULL;
    d->why = why;
    if (err != NULL) {
        *err = why;
    }
    return false;
}

void disk_probe(struct disk *d, int64_t now_ms)
{
    const int64_t since_ms = now_ms - d->probed_ms;
    if (d->state != STORE_FULL || (since_ms >= 0 && since_ms < PROBE_MS)) {
        return;
    }
    d->probed_ms = now_ms;
    if (reserve_make(d->place.path) == 0) {
        d->state = STORE_OK;
        err_set(&d->why, ERR_NONE, "There is room on %s again: changes are accepted.", d->place.folder);
    }
}

/* ---- the transaction */

int disk_begin(struct disk *d, bool synced)
{
    errno = 0;
    if (d->synced != synced) {
        const int rc = sqlite3_exec(
            d->db, synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
        if (rc != SQLITE_OK) {
            return rc;
        }
        d->synced = synced;
    }
    return sqlite3_exec(d->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
}

/* Why a step was not written though the disk is well. */
struct refusal {
    bool duplicate, too_many_memos;
};

static int put_row(struct disk *d, const struct txn_row *row, struct refusal *ret)
{
    switch (row->kind) {
    case TXN_DELIVERY: {
        const int rc = sqlite_rows_put_delivery(&d->rows, &row->as.delivery);
        ret->duplicate = rc == SQLITE_CONSTRAINT_PRIMARYKEY;
        return rc;
    }
    case TXN_OPERATION: return chain_put_operation(&d->chain, &d->rows, &row->as.operation);
    case TXN_OUTBOX: return sqlite_rows_put_outbox(&d->rows, &row->as.outbox);
    case TXN_AUDIT: return chain_put_audit(&d->chain, &d->rows, &row->as.audit);
    case TXN_MEMO: return sqlite_rows_put_memo(&d->rows, &row->as.memo, &ret->too_many_memos);
    case TXN_FORGET: return sqlite_rows_forget_memo(&d->rows, &row->as.memo);
    }
    return SQLITE_MISUSE;
}

static int put_rows(struct disk *d, const struct store_txn *t, int64_t now_ms, struct refusal *ret)
{
    int rc = SQLITE_OK;
    for (const struct txn_row *row = t->first; row != NULL && rc == SQLITE_OK; row = row->next) {
        rc = put_row(d, row, ret);
    }
    return rc == SQLITE_OK ? chain_put_head(&d->chain, &d->rows, now_ms) : rc;
}

int disk_end(struct disk *d, int rc)
{
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(d->db, "COMMIT", NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK &&
        sqlite3_get_autocommit(d->db) == 0) { /* some failures have rolled back by themselves */
        const int number = errno;
        sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
        errno = number;
    }
    return rc;
}

/* Somebody else may have opened the store since. */
static bool is_ours(struct disk *d, struct err *err)
{
    int64_t epoch;
    const int rc = sqlite_rows_read_number(&d->rows, STATEMENT_READ_EPOCH, &epoch);
    if (rc != SQLITE_OK) {
        return sqlite_error(d->db, rc, err);
    }
    if (epoch != d->epoch) {
        err_set(err, ERR_STALE, "Another process has taken over the store: this one writes no more.");
        return disk_lose(d, err);
    }
    return true;
}

/* The three results of one try. */
enum attempt { WRITTEN, NO_ROOM, NOT_WRITTEN };

static enum attempt try_to_write(struct disk *d, const struct store_txn *t, int64_t now_ms,
                                 bool *ret_duplicate, struct err *err)
{
    const struct seal_link head = d->chain.head;
    struct refusal why = {0};
    int rc = disk_begin(d, t->durable);
    if (rc == SQLITE_OK) {
        if (!is_ours(d, err)) {
            disk_end(d, SQLITE_ABORT);
            return NOT_WRITTEN;
        }
        rc = put_rows(d, t, now_ms, &why);
        FAULT_POINT("before commit");
        rc = disk_end(d, rc);
    }
    if (rc == SQLITE_OK) {
        FAULT_POINT("after commit");
        return WRITTEN;
    }
    d->chain.head = head;
    if (why.duplicate) {
        *ret_duplicate = true;
        err_set(err, ERR_STALE, "This delivery was taken already.");
        return NOT_WRITTEN;
    }
    if (why.too_many_memos) {
        txn_too_many_memos(err);
        return NOT_WRITTEN;
    }
    const bool full = sqlite_error_is_full(d->db, rc);
    sqlite_error(d->db, rc, err);
    if (sqlite_error_is_final(rc)) {
        disk_lose(d, err);
    }
    return full && d->state != STORE_FAILED ? NO_ROOM : NOT_WRITTEN;
}

/* ---- commit */

static bool may_write(struct disk *d, const struct store_txn *t, int64_t now_ms, struct err *err)
{
    if (!txn_check(t, err)) {
        return false;
    }
    if (d->state != STORE_FAILED && !place_stands(&d->place, err)) {
        return disk_lose(d, err);
    }
    disk_probe(d, now_ms);
    if (d->state == STORE_FAILED || (d->state == STORE_FULL && t->yields)) {
        *err = d->why;
        return false;
    }
    if (t->yields && d->journal_pages >= DISK_JOURNAL_MOST) {
        return err_set(err, ERR_FULL,
                       "The journal of the store cannot be written back, because another program reads %s: "
                       "close it; running operations go on.",
                       d->place.path);
    }
    return true;
}

bool disk_commit(struct disk *d, const struct store_txn *t, int64_t now_ms, bool *ret_duplicate,
                 struct err *err)
{
    if (!may_write(d, t, now_ms, err)) {
        return false;
    }
    enum attempt came = try_to_write(d, t, now_ms, ret_duplicate, err);
    if (came == NO_ROOM) {
        d->probed_ms = now_ms;
        disk_set_full(d, err);
        if (t->yields) {
            return false; /* the reserve stays for those that run */
        }
        reserve_free(d->place.path);
        came = try_to_write(d, t, now_ms, ret_duplicate, err);
        if (came == NO_ROOM) {
            return disk_set_full(d, err);
        }
    }
    if (came == WRITTEN && d->state == STORE_FULL) {
        disk_checkpoint(d); /* the journal begins at its front again instead of growing */
    }
    return came == WRITTEN;
}
