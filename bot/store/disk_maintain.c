/* What keeps the store's files bounded, in small steps between those of others: pruning, one batch a time in
 * a transaction of its own, and the journal written back into the file when it is long. A failure is told by
 * the next step that fails likewise; only a failed fsync is final at once. */
#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/text.h"
#include "disk.h"
#include "rows.h"
#include "sqlite_error.h"

#define JOURNAL_PAGES 1000 /* 4 MiB: then it is written back */

static bool note_failure(struct disk *d, int rc)
{
    struct err err = {0};
    sqlite_error(d->db, rc, &err);
    if (sqlite_error_is_final(rc)) {
        disk_lose(d, &err);
    }
    return false;
}

int disk_checkpoint(struct disk *d)
{
    int all = 0, done = 0;
    errno = 0;
    int rc = sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &all, &done);
    if (rc != SQLITE_OK) {
        note_failure(d, rc);
        return rc;
    }
    if (done < all) {
        return SQLITE_BUSY; /* somebody reads an old state */
    }
    d->journal_pages = 0;
    return SQLITE_OK;
}

bool disk_journal_is_long(const struct disk *d)
{
    return d->journal_pages >= JOURNAL_PAGES;
}

static bool prune(struct disk *d, int64_t now_ms)
{
    const struct rows_ages before = {.deliveries_ms = now_ms - d->keep_deliveries_ms,
                                     .outbox_ms = now_ms - ROWS_KEEP_OUTBOX_MS,
                                     .operations_ms = now_ms - ROWS_KEEP_OPERATIONS_MS,
                                     .audit_ms = now_ms - ROWS_KEEP_AUDIT_MS};
    const struct seal_link base = d->chain.base;
    bool more = false;
    int rc = disk_begin(d, false);
    if (rc == SQLITE_OK) {
        int count = 0;
        rc = sqlite_rows_prune(&d->rows, &before, &count, &more);
        rc = rc == SQLITE_OK ? chain_prune(&d->chain, &d->rows, before.audit_ms, &count, &more) : rc;
        rc = disk_end(d, rc);
        d->pruned += rc == SQLITE_OK ? (uint64_t)count : 0;
    }
    if (rc != SQLITE_OK) {
        d->chain.base = base;
    }
    return rc == SQLITE_OK ? more : note_failure(d, rc);
}

bool disk_maintain(struct disk *d, int64_t now_ms, bool pruning)
{
    struct err err = {0};
    disk_probe(d, now_ms);
    if (d->state == STORE_FAILED) {
        return false;
    }
    if (!place_stands(&d->place, &err)) {
        return disk_lose(d, &err);
    }
    const bool more = pruning && d->state == STORE_OK && prune(d, now_ms);
    if (d->state != STORE_FAILED && disk_journal_is_long(d)) {
        disk_checkpoint(d);
    }
    return more && d->state == STORE_OK;
}

static int64_t size_of(const char *name)
{
    struct stat st;
    return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

void disk_read_sizes(const struct disk *d, int64_t *ret_file, int64_t *ret_journal)
{
    char name[PLACE_NAME];
    TEXT_FORMAT(name, "%s-wal", d->place.path);
    *ret_file = size_of(d->place.path);
    *ret_journal = size_of(name);
}
