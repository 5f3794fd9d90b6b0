/* From a path to a store that may be written: place and lock, the journal of the last life, whose file it is,
 * is it whole, the schema, the take-over (epoch), the reserve. Nothing is changed before everything was
 * judged, and a store that is refused stays as it was: its journal is not written back on closing.
 *
 * A journal of another file is known by the epoch, which begins with a random number, grows by one with each
 * life and is in every commit (beside the moment, which changes): a life begins with an empty journal, so the
 * journal's epoch is the file's own or the next. A hot copy of the same life is not known by it. */
#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/text.h"
#include "disk.h"
#include "journal.h"
#include "key.h"
#include "migrate.h"
#include "reserve.h"
#include "rows.h"
#include "sqlite_error.h"

#define BUSY_MS          2000                 /* patience with another program that writes, on the worker */
#define CHECKED_SIZE_MAX (64LL * 1024 * 1024) /* files up to this size are checked whole at start */
/* 4 GiB of 4 KiB pages; a journal that grew is cut back; nothing is written elsewhere. */
#define LIMITS                                                                                               \
    "PRAGMA max_page_count = 1048576; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 0; " \
    "PRAGMA temp_store = MEMORY"

static int open_file(const char *path, int more_flags, sqlite3 **ret)
{
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE | more_flags;
    errno = 0;
    const int rc = sqlite3_open_v2(path, ret, flags, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(*ret, BUSY_MS);
        sqlite3_db_config(*ret, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_db_config(*ret, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    }
    return rc;
}

/* ---- a new one */

/* Made beside its place and renamed when it is whole, so that a file is never half a store. */
static bool begin_chain(sqlite3 *db, struct chain *chain, struct err *err)
{
    struct sqlite_rows rows;
    if (!sqlite_rows_init(&rows, db, err)) {
        return false;
    }
    const int rc = chain_begin(chain, &rows);
    const bool done = rc == SQLITE_OK || sqlite_error(db, rc, err);
    sqlite_rows_finish(&rows);
    return done;
}

static bool create_file(struct disk *d, const struct disk_options *o, struct err *err)
{
    const struct place *place = &d->place;
    const struct schema_aid aid = {.key = d->chain.key, .now_ms = o->now_ms};
    char path[PLACE_PATH];
    sqlite3 *db = NULL;
    if (!key_make(place, d->chain.key, err) || !place_begin_file(place, path, err)) {
        return false;
    }
    const int rc = open_file(path, SQLITE_OPEN_READWRITE, &db);
    const bool made = (rc == SQLITE_OK || sqlite_error(db, rc, err)) &&
                      sqlite_error_run(db, "PRAGMA synchronous = FULL", err) &&
                      migrate(db, SCHEMA, SCHEMA_VERSIONS, &aid, err) &&
                      migrate_name_world(db, o->world, err) && begin_chain(db, &d->chain, err) &&
                      sqlite_error_run(db, "PRAGMA journal_mode = WAL", err);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL); /* leaves no journal behind */
    sqlite3_close(db);
    const bool placed = made && place_end_file(place, path, err);
    if (!placed) {
        remove(path);
    }
    return placed;
}

/* ---- is it ours, and whole? */

static int on_check_row(void *user, int count, char **values, char **names)
{
    (void)names;
    if (count < 1 || values[0] == NULL || !text_equal(values[0], "ok")) {
        *(bool *)user = false;
    }
    return 0;
}

/* Files that are not large are read whole: damage is better found before anything is done. */
static bool check_whole(sqlite3 *db, const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) != 0 || st.st_size > CHECKED_SIZE_MAX) {
        return true;
    }
    bool whole = true;
    const int rc = sqlite3_exec(db, "PRAGMA cell_size_check = ON; PRAGMA integrity_check(1)", on_check_row,
                                &whole, NULL);
    return rc == SQLITE_OK && whole ? true : sqlite_error(db, rc == SQLITE_OK ? SQLITE_CORRUPT : rc, err);
}

/* The epoch in the file itself, as if there was no journal; 0 when that cannot be told. */
static int64_t read_epoch_of_file(const char *path)
{
    struct buf name; /* a URI, in which "%", "?" and "#" have a meaning */
    buf_init(&name, 4 * PLACE_PATH);
    buf_text(&name, "file:");
    for (const char *c = path; *c != '\0'; c++) {
        buf_format(&name, strchr("%?#", *c) != NULL ? "%%%02X" : "%c", (unsigned char)*c);
    }
    buf_text(&name, "?immutable=1");
    sqlite3 *db = NULL;
    int64_t epoch = 0;
    if (open_file(name.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, &db) != SQLITE_OK ||
        !migrate_read_epoch(db, &epoch, NULL)) {
        epoch = 0;
    }
    sqlite3_close(db);
    buf_finish(&name);
    return epoch;
}

static bool check_belongs(struct disk *d, int64_t epoch_of_file, struct err *err)
{
    int64_t epoch = 0;
    struct err why = {0};
    const bool read = migrate_read_epoch(d->db, &epoch, &why);
    if (epoch_of_file == 0 || (read && (epoch == epoch_of_file || epoch == epoch_of_file + 1))) {
        return true;
    }
    return err_set(err, ERR_CONFIG,
                   "The journal %s-wal is not of this store (was the store restored from a backup?): move it "
                   "and %s-shm away to go on with the file, or restore all of them.",
                   d->place.path, d->place.path);
}

static bool judge(struct disk *d, const char *world, struct err *err)
{
    bool waits = false;
    d->why = (struct err){0};
    if (!journal_check(&d->place, &waits, &d->why, err)) {
        return false;
    }
    const int64_t epoch = waits ? read_epoch_of_file(d->place.path) : 0;
    const int rc = open_file(d->place.path, SQLITE_OPEN_READWRITE, &d->db);
    return (rc == SQLITE_OK || sqlite_error(d->db, rc, err)) && check_belongs(d, epoch, err) &&
           migrate_identify(d->db, SCHEMA_VERSIONS, world, err) && check_whole(d->db, d->place.path, err);
}

/* ---- the take-over */

static int on_journal(void *user, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct disk *)user)->journal_pages = pages;
    return SQLITE_OK;
}

static bool begin_journal(struct disk *d, struct err *err)
{
    /* A file that may not be written is told here: the mode is in its header. */
    if (!sqlite_error_run(d->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", err) ||
        !sqlite_error_run(d->db, LIMITS, err)) {
        return false;
    }
    sqlite3_wal_hook(d->db, on_journal, d);
    d->synced = true;
    return true;
}

/* A store from before there were seals gets its key before it is changed; any other must have it. */
static bool take_key(struct disk *d, struct err *err)
{
    int64_t version = 0;
    return migrate_read_version(d->db, &version, err) &&
           (version < SCHEMA_SEALED ? key_make(&d->place, d->chain.key, err) && key_keep(&d->place, err)
                                    : key_read(d->place.path, d->chain.key, err));
}

static bool open_chain(struct disk *d, struct err *err)
{
    const int rc = chain_open(&d->chain, &d->rows);
    return rc == SQLITE_OK || sqlite_error(d->db, rc, err);
}

/* A life begins with an empty journal, see above. */
static bool take_over(struct disk *d, struct err *err)
{
    const struct schema_aid aid = {.key = d->chain.key, .now_ms = d->probed_ms};
    const int rc = disk_checkpoint(d);
    if (rc != SQLITE_OK) {
        return sqlite_error(d->db, rc, err);
    }
    sqlite_rows_finish(&d->rows); /* of a first try */
    if (!migrate(d->db, SCHEMA, SCHEMA_VERSIONS, &aid, err) || !sqlite_rows_init(&d->rows, d->db, err) ||
        !open_chain(d, err) || !migrate_epoch(d->db, &d->epoch, &d->last_alive_ms, err)) {
        return false;
    }
    disk_checkpoint(d);
    return d->state != STORE_FAILED || (*err = d->why, false);
}

/* With what the last life left: the reserve may be all the room there is. */
static bool take_over_in_reserve(struct disk *d, struct err *err)
{
    if (take_over(d, err)) {
        return true;
    }
    if (err->code != ERR_FULL || !reserve_exists(d->place.path)) {
        return false;
    }
    reserve_free(d->place.path);
    disk_set_full(d, NULL);
    return take_over(d, err);
}

static bool keep_reserve(struct disk *d, struct err *err)
{
    const int failed = d->state == STORE_OK ? reserve_make(d->place.path) : 0;
    if (failed == 0) {
        return true;
    }
    if (reserve_no_room(failed)) {
        disk_set_full(d, NULL);
        return true;
    }
    return err_set(err, ERR_IO,
                   "The reserve %s.reserve of the store cannot be made: %s; move away what lies there.",
                   d->place.path, strerrordesc_np(failed));
}

static bool open_store(struct disk *d, const struct disk_options *o, struct err *err)
{
    bool exists = false;
    if (!place_look(&d->place, &exists, err) || (!exists && !create_file(d, o, err)) ||
        !judge(d, o->world, err) || !take_key(d, err) || !begin_journal(d, err) ||
        !take_over_in_reserve(d, err) || !keep_reserve(d, err)) {
        return false;
    }
    d->made = !exists;
    place_mark(&d->place);
    sqlite3_db_config(d->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return true;
}

bool disk_open(struct disk *d, const struct disk_options *options, struct err *err)
{
    struct err why = {0};
    *d = (struct disk){.keep_deliveries_ms = options->keep_deliveries_ms, .probed_ms = options->now_ms};
    if (!place_enter(&d->place, options->path, err)) {
        return false;
    }
    if (open_store(d, options, &why)) {
        return true;
    }
    if (err != NULL) {
        *err = why;
    }
    if (strstr(why.text, d->place.path) == NULL) {
        err_wrap(err, "%s", d->place.path);
    }
    disk_close(d);
    return false;
}

void disk_close(struct disk *d)
{
    sqlite_rows_finish(&d->rows);
    const int rc = sqlite3_close(d->db);
    assert(rc == SQLITE_OK); /* no statement is left */
    (void)rc;
    d->db = NULL;
    crypto_wipe(d->chain.key, sizeof(d->chain.key));
    place_leave(&d->place);
}
