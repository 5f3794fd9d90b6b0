#ifndef STORE_DISK_H
#define STORE_DISK_H
/* The store's side on the disk: one connection, used by one thread at a time. store/sqlite.c takes it to the
 * worker.
 *
 *   OK   -- no room, the step yields: refused -------------------------------> FULL
 *   OK   -- no room, the step serves what runs: reserve given back, again ---> FULL
 *   FULL -- the reserve could be made anew, with slack ----------------------> OK
 *   any  -- fsync failed, file moved away, somebody else took over ----------> FAILED, until the next start
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain.h"
#include "place.h"
#include "sqlite_rows.h"
#include "store/store.h"

struct disk {
    struct place place;
    struct sqlite3 *db;
    struct sqlite_rows rows;
    struct chain chain;
    int64_t epoch;
    int64_t keep_deliveries_ms;
    int64_t last_alive_ms; /* of the previous life */
    bool synced;           /* synchronous=FULL is set */
    bool made;             /* there was none: this life made it */
    enum store_state state;
    struct err why;    /* it is not OK; also: what has to be said though it is */
    int64_t probed_ms; /* wall: when room was last looked for */
    int journal_pages; /* as of the last commit */
    uint64_t pruned;
};

struct disk_options {
    const char *path, *world;
    int64_t keep_deliveries_ms, now_ms;
};

/* On false nothing is open, and what was there is as it was. The state may be FULL. */
bool disk_open(struct disk *d, const struct disk_options *options, struct err *err);
void disk_close(struct disk *d);

/* False: nothing was written. */
bool disk_commit(struct disk *d, const struct store_txn *t, int64_t now_ms, bool *ret_duplicate,
                 struct err *err);
/* Begins a step of its own kind (pruning). A result code of SQLite. */
int disk_begin(struct disk *d, bool synced);
int disk_end(struct disk *d, int rc);
/* FULL: is there room again? Makes the reserve. */
void disk_probe(struct disk *d, int64_t now_ms);
bool disk_lose(struct disk *d, const struct err *err); /* returns false */
bool disk_set_full(struct disk *d, struct err *err);   /* returns false; err may be NULL */

#define DISK_JOURNAL_MOST 16384 /* pages: steps that yield are refused when it cannot be written back */
/* The journal written back when it is long, and, if asked for, a batch of pruning: true when there is more.
 */
bool disk_maintain(struct disk *d, int64_t now_ms, bool pruning);
bool disk_journal_is_long(const struct disk *d);
/* Writes the journal back into the file. SQLITE_OK when all of it is. */
int disk_checkpoint(struct disk *d);
void disk_read_sizes(const struct disk *d, int64_t *ret_file, int64_t *ret_journal);

#endif
