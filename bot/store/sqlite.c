/* The store on disk. The loop thread hands a request with owned copies to the worker thread and gets it back.
 *
 *   commit -> [worker] BEGIN IMMEDIATE, epoch still ours?, rows, COMMIT -> [loop] done
 *   load, recent -> [worker] SELECT into owned rows -> [loop] done, rows freed
 *   close -> [worker] after everything before it: finalise, close -> [loop] unlock, on_closed
 *
 * Rows of a step before a changing call are written with synchronous=FULL, others with NORMAL: those survive
 * the end of the process, and of the machine up to the last checkpoint.
 *
 * Failure modes. A known delivery: rolled back, duplicate. Disk full, failed write: rolled back, err, and the
 * next commit is tried as if nothing had been. Failed fsync: nobody knows what is on disk, so every later
 * commit fails until the next start. Somebody else opened the store (epoch): ERR_STALE, as is every later
 * commit.
 */
#include <assert.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "migrate.h"
#include "place.h"
#include "rows.h"
#include "sqlite_error.h"
#include "sqlite_rows.h"
#include "txn.h"

#define WAITING_MAX      10000                /* requests between the two threads */
#define BUSY_MS          2000                 /* patience with another program that writes, on the worker */
#define CHECKED_SIZE_MAX (32LL * 1024 * 1024) /* files up to this size are checked whole at start */
/* 4 GiB of 4 KiB pages; a journal that grew is cut back. */
#define LIMITS                                                                                               \
    "PRAGMA max_page_count = 1048576; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = "    \
    "1000"

struct store_sqlite {
    struct store store; /* first */
    struct loop *loop;
    struct place place;
    unsigned waiting;
    bool closing;
    void (*on_closed)(void *user);
    void *user;
    struct loop_work close_work;

    /* below: the worker's alone once the store is open */
    sqlite3 *db;
    struct sqlite_rows rows;
    int64_t epoch, keep_deliveries_ms;
    int64_t last_alive_ms; /* of the previous life */
    unsigned commits;
    bool full;           /* synchronous=FULL is set */
    bool lost;           /* no commit may be tried any more … */
    struct err lost_err; /* … and why */
};

enum request_kind { REQUEST_COMMIT, REQUEST_LOAD, REQUEST_RECENT };

struct sqlite_request {
    struct loop_work work;
    struct loop_deferred refused;
    struct store_sqlite *store;
    enum request_kind kind;
    /* what is asked */
    struct store_txn *txn;
    int64_t now_ms;
    char verb[24], service_name[640];
    union {
        struct store_commit *commit;
        struct store_loaded *loaded;
        struct store_recent *recent;
    } of;
    int64_t last_alive_ms;
    /* what came of it */
    bool ok, duplicate;
    struct err err;
    struct store_operation *operations;
    struct store_outbox *outbox;
    size_t operation_count, outbox_count;
};

/* ---- commit, on the worker */

static bool set_synchronous(struct store_sqlite *s, bool full, struct err *err)
{
    if (s->full == full) {
        return true;
    }
    if (!sqlite_error_run(s->db, full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err)) {
        return false;
    }
    s->full = full;
    return true;
}

static int put_row(struct sqlite_rows *rows, const struct txn_row *row)
{
    switch (row->kind) {
    case TXN_DELIVERY: return sqlite_rows_put_delivery(rows, &row->as.delivery);
    case TXN_OPERATION: return sqlite_rows_put_operation(rows, &row->as.operation);
    case TXN_OUTBOX: return sqlite_rows_put_outbox(rows, &row->as.outbox);
    case TXN_AUDIT: return sqlite_rows_put_audit(rows, &row->as.audit);
    }
    return SQLITE_MISUSE;
}

static bool put_rows(struct sqlite_request *q)
{
    struct store_sqlite *s = q->store;
    int rc = SQLITE_OK;
    for (const struct txn_row *row = q->txn->first; row != NULL && rc == SQLITE_OK; row = row->next) {
        rc = put_row(&s->rows, row);
        if (row->kind == TXN_DELIVERY && rc == SQLITE_CONSTRAINT_PRIMARYKEY) {
            q->duplicate = true;
            return err_set(&q->err, ERR_STALE, "This delivery was taken already.");
        }
    }
    if (rc == SQLITE_OK) {
        rc = sqlite_rows_put_alive(&s->rows, q->now_ms);
    }
    if (rc == SQLITE_OK && (s->commits + 1) % ROWS_PRUNE_INTERVAL == 0) {
        rc = sqlite_rows_prune(&s->rows, q->now_ms - s->keep_deliveries_ms, q->now_ms - ROWS_KEEP_OUTBOX_MS);
    }
    return rc == SQLITE_OK || sqlite_error(s->db, rc, &q->err);
}

static bool lose(struct store_sqlite *s, const struct err *err)
{
    s->lost = true;
    s->lost_err = *err;
    return false;
}

static bool check_epoch(struct store_sqlite *s, struct err *err)
{
    int64_t epoch;
    const int rc = sqlite_rows_read_epoch(&s->rows, &epoch);
    if (rc != SQLITE_OK) {
        return sqlite_error(s->db, rc, err);
    }
    if (epoch != s->epoch) {
        err_set(err, ERR_STALE, "Another process has taken over the store: this one writes no more.");
        return lose(s, err);
    }
    return true;
}

static bool finish_commit(struct store_sqlite *s, struct err *err)
{
    FAULT_POINT("before commit");
    const int rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        sqlite_error(s->db, rc, err);
        return sqlite_error_is_final(rc) ? lose(s, err) : false;
    }
    FAULT_POINT("after commit");
    s->commits++;
    return true;
}

static bool run_commit(struct sqlite_request *q)
{
    struct store_sqlite *s = q->store;
    if (!txn_check(q->txn, &q->err)) {
        return false;
    }
    if (s->lost) {
        q->err = s->lost_err;
        return false;
    }
    if (!set_synchronous(s, q->txn->durable, &q->err) ||
        !sqlite_error_run(s->db, "BEGIN IMMEDIATE", &q->err)) {
        return false;
    }
    if (check_epoch(s, &q->err) && put_rows(q) && finish_commit(s, &q->err)) {
        return true;
    }
    if (sqlite3_get_autocommit(s->db) == 0) { /* some failures have rolled back by themselves */
        sqlite_error_run(s->db, "ROLLBACK", NULL);
    }
    return false;
}

/* ---- load and recent, on the worker */

static bool run_load(struct sqlite_request *q)
{
    struct store_sqlite *s = q->store;
    int rc = sqlite_rows_read_open(&s->rows, &q->operations, &q->operation_count);
    if (rc == SQLITE_OK) {
        rc = sqlite_rows_read_waiting(&s->rows, &q->outbox, &q->outbox_count);
    }
    if (rc != SQLITE_OK) {
        return sqlite_error(s->db, rc, &q->err);
    }
    if (q->operation_count > ROWS_LOAD_MAX || q->outbox_count > ROWS_LOAD_MAX) {
        return err_set(&q->err, ERR_LIMIT, "The store has more than %zu open operations or waiting messages.",
                       ROWS_LOAD_MAX);
    }
    return true;
}

static bool run_recent(struct sqlite_request *q)
{
    struct store_sqlite *s = q->store;
    const int rc =
        sqlite_rows_read_recent(&s->rows, q->verb, q->service_name, &q->operations, &q->operation_count);
    return rc == SQLITE_OK || sqlite_error(s->db, rc, &q->err);
}

static void run_request(struct loop_work *w)
{
    struct sqlite_request *q = w->user;
    switch (q->kind) {
    case REQUEST_COMMIT: q->ok = run_commit(q); break;
    case REQUEST_LOAD: q->ok = run_load(q); break;
    case REQUEST_RECENT: q->ok = run_recent(q); break;
    }
}

/* ---- back on the loop thread */

static void free_request(struct sqlite_request *q)
{
    store_txn_destroy(q->txn);
    for (size_t at = 0; at < q->operation_count; at++) {
        rows_free_operation(&q->operations[at]);
    }
    mem_free(q->operations);
    for (size_t at = 0; at < q->outbox_count; at++) {
        rows_free_outbox(&q->outbox[at]);
    }
    mem_free(q->outbox);
    mem_free(q);
}

static void tell_commit(const struct sqlite_request *q, struct store_commit *c)
{
    c->ok = q->ok;
    c->duplicate = q->duplicate;
    c->err = q->err;
    c->done(c);
}

static void tell_loaded(const struct sqlite_request *q, struct store_loaded *l)
{
    l->ok = q->ok;
    l->err = q->err;
    l->operation_count = q->ok ? q->operation_count : 0;
    l->outbox_count = q->ok ? q->outbox_count : 0;
    l->operations = q->operations;
    l->outbox = q->outbox;
    l->last_alive_ms = q->last_alive_ms;
    l->done(l);
}

static void tell_recent(const struct sqlite_request *q, struct store_recent *r)
{
    r->ok = q->ok;
    r->err = q->err;
    r->count = q->ok ? q->operation_count : 0;
    r->operations = q->operations;
    r->done(r);
}

static void tell(const struct sqlite_request *q)
{
    switch (q->kind) {
    case REQUEST_COMMIT: tell_commit(q, q->of.commit); break;
    case REQUEST_LOAD: tell_loaded(q, q->of.loaded); break;
    case REQUEST_RECENT: tell_recent(q, q->of.recent); break;
    }
}

static void on_request_done(struct loop_work *w)
{
    struct sqlite_request *q = w->user;
    q->store->waiting--;
    tell(q);
    free_request(q);
}

/* ---- requests */

/* Not by way of the worker, which may be the one that is stuck. The store may be closed by now. */
static void on_refused(struct loop_deferred *d)
{
    struct sqlite_request *q = d->user;
    err_set(&q->err, ERR_LIMIT, "The store has %d steps waiting: nothing more is taken.", WAITING_MAX);
    tell(q);
    free_request(q);
}

static struct sqlite_request *new_request(struct store *store, enum request_kind kind)
{
    struct store_sqlite *s = (struct store_sqlite *)store;
    assert(!s->closing);
    struct sqlite_request *q = mem_alloc(sizeof(*q));
    q->store = s;
    q->kind = kind;
    q->now_ms = clock_wall(loop_clock(s->loop));
    q->last_alive_ms = s->last_alive_ms;
    return q;
}

static void start(struct sqlite_request *q)
{
    if (q->store->waiting >= WAITING_MAX) {
        q->refused = (struct loop_deferred){.run = on_refused, .user = q};
        loop_defer(q->store->loop, &q->refused);
        return;
    }
    q->store->waiting++;
    q->work = (struct loop_work){.run = run_request, .done = on_request_done, .user = q};
    loop_work(q->store->loop, &q->work);
}

static void commit(struct store *store, struct store_txn *t, struct store_commit *c)
{
    struct sqlite_request *q = new_request(store, REQUEST_COMMIT);
    q->txn = t;
    q->of.commit = c;
    start(q);
}

static void load(struct store *store, struct store_loaded *l)
{
    struct sqlite_request *q = new_request(store, REQUEST_LOAD);
    q->of.loaded = l;
    start(q);
}

static void recent(struct store *store, struct store_recent *r)
{
    struct sqlite_request *q = new_request(store, REQUEST_RECENT);
    TEXT_COPY(q->verb, r->verb);
    TEXT_COPY(q->service_name, r->service_name);
    q->of.recent = r;
    start(q);
}

static const struct store_ops OPS = {.commit = commit, .load = load, .recent = recent};

/* ---- open */

static bool open_file(const char *path, sqlite3 **ret, struct err *err)
{
    sqlite3 *db = NULL;
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    const int rc = sqlite3_open_v2(path, &db, flags, NULL);
    if (rc != SQLITE_OK) {
        sqlite_error(db, rc, err);
        sqlite3_close(db);
        return false;
    }
    sqlite3_busy_timeout(db, BUSY_MS);
    *ret = db;
    return true;
}

/* A new store is made beside its place and renamed when it is whole, so that a file is never half a store. */
static bool create_file(const struct place *place, const char *world, struct err *err)
{
    char path[PLACE_PATH];
    sqlite3 *db = NULL;
    if (!place_begin_file(place, path, err) || !open_file(path, &db, err)) {
        return false;
    }
    const bool made = sqlite_error_run(db, "PRAGMA synchronous = FULL", err) &&
                      migrate(db, SCHEMA, SCHEMA_VERSIONS, err) && migrate_name_world(db, world, err);
    sqlite3_close(db);
    return made && place_end_file(place, path, err);
}

static int on_check_row(void *user, int count, char **values, char **names)
{
    (void)names;
    if (count < 1 || values[0] == NULL || !text_equal(values[0], "ok")) {
        *(bool *)user = false;
    }
    return 0;
}

/* Small files are read whole: damage is better found before anything is done. */
static bool check_whole(sqlite3 *db, const char *path, struct err *err)
{
    struct stat st;
    if (stat(path, &st) != 0 || st.st_size > CHECKED_SIZE_MAX) {
        return true;
    }
    bool whole = true;
    const int rc = sqlite3_exec(db, "PRAGMA quick_check(1)", on_check_row, &whole, NULL);
    return rc == SQLITE_OK && whole ? true : sqlite_error(db, rc == SQLITE_OK ? SQLITE_CORRUPT : rc, err);
}

static bool begin_journal(sqlite3 *db, struct err *err)
{
    /* A file that may not be written is told here: the mode is in its header. */
    return sqlite_error_run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", err) &&
           sqlite_error_run(db, LIMITS, err);
}

static bool open_store(struct store_sqlite *s, const struct store_sqlite_options *o, struct err *err)
{
    const int64_t now_ms = clock_wall(loop_clock(s->loop));
    bool exists = false;
    if (!place_look(&s->place, &exists, err) || (!exists && !create_file(&s->place, o->world, err)) ||
        !open_file(o->path, &s->db, err) || !migrate_identify(s->db, SCHEMA_VERSIONS, o->world, err) ||
        !check_whole(s->db, o->path, err) || !begin_journal(s->db, err) ||
        !migrate(s->db, SCHEMA, SCHEMA_VERSIONS, err) || !sqlite_rows_init(&s->rows, s->db, err) ||
        !migrate_epoch(s->db, &s->epoch, &s->last_alive_ms, err)) {
        return false;
    }
    s->full = true;
    const int rc = sqlite_rows_prune(&s->rows, now_ms - s->keep_deliveries_ms, now_ms - ROWS_KEEP_OUTBOX_MS);
    return rc == SQLITE_OK || sqlite_error(s->db, rc, err);
}

static void close_file(struct store_sqlite *s)
{
    sqlite_rows_finish(&s->rows);
    const int rc = sqlite3_close(s->db);
    assert(rc == SQLITE_OK); /* no statement is left */
    (void)rc;
    s->db = NULL;
}

struct store *store_sqlite_open(struct loop *loop, const struct store_sqlite_options *options,
                                struct err *err)
{
    struct store_sqlite *s = mem_alloc(sizeof(*s));
    s->store.ops = &OPS;
    s->loop = loop;
    s->keep_deliveries_ms = options->keep_deliveries_ms > 0 ? options->keep_deliveries_ms : ROWS_KEEP_MS;
    if (!place_enter(&s->place, options->path, err)) {
        mem_free(s);
        return NULL;
    }
    struct err why = {0};
    if (!open_store(s, options, &why)) {
        if (err != NULL) {
            *err = why;
        }
        if (strstr(why.text, s->place.path) == NULL) {
            err_wrap(err, "%s", s->place.path);
        }
        close_file(s);
        place_leave(&s->place);
        mem_free(s);
        return NULL;
    }
    return &s->store;
}

/* ---- close */

static void run_close(struct loop_work *w)
{
    close_file(w->user);
}

static void on_close_done(struct loop_work *w)
{
    struct store_sqlite *s = w->user;
    void (*on_closed)(void *user) = s->on_closed;
    void *user = s->user;
    place_leave(&s->place);
    mem_free(s);
    if (on_closed != NULL) {
        on_closed(user);
    }
}

void store_sqlite_close(struct store *store, void (*on_closed)(void *user), void *user)
{
    if (store == NULL) { /* there is no loop to call it later */
        if (on_closed != NULL) {
            on_closed(user);
        }
        return;
    }
    struct store_sqlite *s = (struct store_sqlite *)store;
    assert(!s->closing);
    s->closing = true;
    s->on_closed = on_closed;
    s->user = user;
    s->close_work = (struct loop_work){.run = run_close, .done = on_close_done, .user = s};
    loop_work(s->loop, &s->close_work);
}
