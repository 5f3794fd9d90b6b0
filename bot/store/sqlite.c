/* The store on disk. The loop thread hands a request with owned copies to the worker thread and gets it back.
 *
 *   commit -> [worker] BEGIN IMMEDIATE, epoch still ours?, rows, COMMIT -> [loop] done
 *   load, recent, … -> [worker] SELECT into owned rows -> [loop] done, rows freed
 *   check -> [worker] a piece of the chain -> [loop] again behind who waits, until it is over -> done
 *   tend -> [worker] a batch of pruning, the journal written back -> [loop] again behind who waits, if need
 * be close -> [worker] after everything before it: finalise, close -> [loop] unlock, on_closed
 *
 * Rows of a step before a changing call are written with synchronous=FULL, others with NORMAL: those survive
 * the end of the process, and of the machine up to the last checkpoint.
 *
 * Failure modes. A known delivery: rolled back, duplicate. A failed write: rolled back, err, and the next
 * commit is tried as if nothing had been. Disk full: steps that yield are refused, others go on in the
 * reserve. Failed fsync, the file moved away, somebody else opened the store: nobody knows what is on disk,
 * or it is not ours any more, so every later commit fails until the next start. See disk.h; each change of
 * the state is told once. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "disk.h"
#include "loop/loop.h"
#include "rows.h"
#include "sqlite_ask.h"
#include "txn.h"

#define WAITING_MAX 10000 /* requests between the two threads */
#define LOOK_MS     5000  /* between two looks at a full disk when nobody asks for anything */

/* What the loop thread knows of the disk. */
struct disk_view {
    enum store_state state;
    struct err why;
    bool journal_is_long;
    int64_t file_bytes, journal_bytes;
    uint64_t pruned;
};

struct store_sqlite {
    struct store store; /* first */
    struct loop *loop;
    struct disk_view view;
    unsigned waiting;
    size_t rows_waiting;
    unsigned commits; /* since the last pruning */
    bool closing;
    bool tending;
    int64_t tended_ms;
    int64_t last_alive_ms; /* of the previous life */
    void (*on_change)(void *user, enum store_state state, const char *says);
    void *change_user;
    struct loop_deferred change;
    void (*on_closed)(void *user);
    void *user;
    struct loop_work close_work;

    struct disk disk; /* the worker's alone once the store is open */
};

enum request_kind { REQUEST_COMMIT, REQUEST_ASK, REQUEST_TEND };

struct sqlite_request {
    struct loop_work work;
    struct loop_deferred refused;
    struct store_sqlite *store;
    enum request_kind kind;
    /* what is asked */
    struct store_txn *txn;
    int64_t now_ms; /* wall */
    bool pruning;   /* of REQUEST_TEND */
    struct store_commit *commit;
    struct ask ask;
    int64_t last_alive_ms;
    /* what came of it */
    bool ok, duplicate, more;
    struct err err;
    struct disk_view view;
    struct store_head head;
};

/* ---- on the worker */

static struct disk_view look_at(const struct disk *d)
{
    struct disk_view view = {
        .state = d->state, .why = d->why, .journal_is_long = disk_journal_is_long(d), .pruned = d->pruned};
    disk_read_sizes(d, &view.file_bytes, &view.journal_bytes);
    return view;
}

static void run_request(struct loop_work *w)
{
    struct sqlite_request *q = w->user;
    struct disk *d = &q->store->disk;
    switch (q->kind) {
    case REQUEST_COMMIT: q->ok = disk_commit(d, q->txn, q->now_ms, &q->duplicate, &q->err); break;
    case REQUEST_ASK: q->ok = ask_run(d, &q->ask, &q->err); break;
    case REQUEST_TEND: q->more = disk_maintain(d, q->now_ms, q->pruning); break;
    }
    q->view = look_at(d);
    seal_show(&d->chain.head, &q->head);
}

/* ---- back on the loop thread */

static void free_request(struct sqlite_request *q)
{
    store_txn_destroy(q->txn);
    ask_finish(&q->ask);
    mem_free(q);
}

static void tell_commit(const struct sqlite_request *q, struct store_commit *c)
{
    c->ok = q->ok;
    c->duplicate = q->duplicate;
    c->head = q->head;
    c->err = q->err;
    c->done(c);
}

static void tell(struct sqlite_request *q)
{
    switch (q->kind) {
    case REQUEST_COMMIT: tell_commit(q, q->commit); break;
    case REQUEST_ASK: ask_tell(&q->ask, q->ok, &q->err, q->last_alive_ms); break;
    case REQUEST_TEND: break; /* our own */
    }
}

static void tell_change(struct store_sqlite *s)
{
    if (s->on_change != NULL && !s->closing) {
        s->on_change(s->change_user, s->view.state, s->view.why.text);
    }
}

static void on_first_change(struct loop_deferred *d)
{
    tell_change(d->user);
}

static void tend(struct store_sqlite *s, bool pruning);
static void hand_over(struct sqlite_request *q);

/* After the request was told: what it found out about the disk, and what is to be done about it. */
static void take_view(struct store_sqlite *s, const struct disk_view *view, bool more)
{
    const bool changed = view->state != s->view.state || strcmp(view->why.text, s->view.why.text) != 0;
    const bool prunes = more || s->commits >= ROWS_PRUNE_INTERVAL;
    s->view = *view;
    if (prunes || view->journal_is_long) {
        tend(s, prunes);
    }
    if (changed) {
        tell_change(s);
    }
}

static void on_request_done(struct loop_work *w)
{
    struct sqlite_request *q = w->user;
    struct store_sqlite *s = q->store;
    if (q->kind == REQUEST_ASK && q->ok && ask_goes_on(&q->ask)) {
        if (!s->closing) {
            hand_over(q);
            return;
        }
        q->ok = err_set(&q->err, ERR_CANCELLED, "The store is being closed.");
    }
    if (q->kind == REQUEST_TEND) {
        s->tending = false;
    } else {
        s->waiting--;
    }
    if (q->kind == REQUEST_COMMIT) {
        s->rows_waiting -= q->txn->count;
        s->commits += q->ok ? 1 : 0;
    }
    tell(q);
    take_view(s, &q->view, q->more); /* it cannot be closed yet: that is work of its own, behind this one */
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

static void hand_over(struct sqlite_request *q)
{
    q->work = (struct loop_work){.run = run_request, .done = on_request_done, .user = q};
    loop_work(q->store->loop, &q->work);
}

static void start(struct sqlite_request *q)
{
    if (q->store->waiting >= WAITING_MAX) {
        q->refused = (struct loop_deferred){.run = on_refused, .user = q};
        loop_defer(q->store->loop, &q->refused);
        return;
    }
    q->store->waiting++;
    q->store->rows_waiting += q->txn != NULL ? q->txn->count : 0;
    hand_over(q);
}

static void commit(struct store *store, struct store_txn *t, struct store_commit *c)
{
    struct sqlite_request *q = new_request(store, REQUEST_COMMIT);
    q->txn = t;
    q->commit = c;
    start(q);
}

static void load(struct store *store, struct store_loaded *l)
{
    struct sqlite_request *q = new_request(store, REQUEST_ASK);
    ask_loaded(&q->ask, l);
    start(q);
}

static void recent(struct store *store, struct store_recent *r)
{
    struct sqlite_request *q = new_request(store, REQUEST_ASK);
    ask_recent(&q->ask, r);
    start(q);
}

static void history(struct store *store, struct store_history *h)
{
    struct sqlite_request *q = new_request(store, REQUEST_ASK);
    ask_history(&q->ask, h);
    start(q);
}

static void timeline(struct store *store, struct store_timeline *t)
{
    struct sqlite_request *q = new_request(store, REQUEST_ASK);
    ask_timeline(&q->ask, t);
    start(q);
}

static void check(struct store *store, struct store_check *c)
{
    struct sqlite_request *q = new_request(store, REQUEST_ASK);
    ask_check(&q->ask, c);
    start(q);
}

static const struct store_ops OPS = {.commit = commit,
                                     .load = load,
                                     .recent = recent,
                                     .history = history,
                                     .timeline = timeline,
                                     .check = check};

/* ---- upkeep */

static void tend(struct store_sqlite *s, bool pruning)
{
    if (s->tending || s->closing) {
        return;
    }
    struct sqlite_request *q = new_request(&s->store, REQUEST_TEND);
    q->pruning = pruning;
    s->tending = true;
    s->tended_ms = loop_now(s->loop);
    s->commits = pruning ? 0 : s->commits;
    hand_over(q);
}

void store_sqlite_read_figures(struct store *store, struct store_sqlite_figures *ret)
{
    struct store_sqlite *s = (struct store_sqlite *)store;
    if (s->view.state == STORE_FULL && loop_now(s->loop) - s->tended_ms >= LOOK_MS) {
        tend(s, false); /* when nobody asks for a change, who watches is told that there is room again */
    }
    *ret = (struct store_sqlite_figures){.state = s->view.state,
                                         .requests_waiting = s->waiting,
                                         .rows_waiting = s->rows_waiting,
                                         .file_bytes = s->view.file_bytes,
                                         .journal_bytes = s->view.journal_bytes,
                                         .rows_pruned = s->view.pruned,
                                         .made = s->disk.made};
}

/* ---- open */

struct store *store_sqlite_open(struct loop *loop, const struct store_sqlite_options *options,
                                struct err *err)
{
    struct store_sqlite *s = mem_alloc(sizeof(*s));
    const struct disk_options disk = {
        .path = options->path,
        .world = options->world,
        .keep_deliveries_ms = options->keep_deliveries_ms > 0 ? options->keep_deliveries_ms : ROWS_KEEP_MS,
        .now_ms = clock_wall(loop_clock(loop))};
    if (!disk_open(&s->disk, &disk, err)) {
        mem_free(s);
        return NULL;
    }
    s->store.ops = &OPS;
    s->loop = loop;
    s->last_alive_ms = s->disk.last_alive_ms;
    s->view = look_at(&s->disk);
    s->on_change = options->on_change;
    s->change_user = options->user;
    s->change = (struct loop_deferred){.run = on_first_change, .user = s};
    if (s->view.state != STORE_OK || s->view.why.text[0] != '\0') {
        loop_defer(loop, &s->change);
    }
    tend(s, true);
    return &s->store;
}

/* ---- close */

static void run_close(struct loop_work *w)
{
    struct store_sqlite *s = w->user;
    disk_close(&s->disk);
}

static void on_close_done(struct loop_work *w)
{
    struct store_sqlite *s = w->user;
    void (*on_closed)(void *user) = s->on_closed;
    void *user = s->user;
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
    loop_defer_cancel(s->loop, &s->change);
    s->on_closed = on_closed;
    s->user = user;
    s->close_work = (struct loop_work){.run = run_close, .done = on_close_done, .user = s};
    loop_work(s->loop, &s->close_work);
}
