/* The store of tests in virtual time: the rules of the one on disk, in memory.
 *
 * A request is queued as a deferred call; when its turn comes it is carried out and its done is called, so
 * that requests take effect in the order they were made, and never inside the call that made them. Failure
 * modes: a ceiling is reached, or the test asked for failing commits; then nothing is written.
 */
#include <assert.h>
#include <string.h>

#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash) /* the default one warns under clang */
#include <uthash.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "rows.h"
#include "txn.h"

#define MEMORY_ROWS_MAX 100000 /* of each kind */

struct known_operation {
    struct store_operation row;
    UT_hash_handle hh; /* by row.id; iteration is in order of first insertion */
};
struct known_outbox {
    struct store_outbox row;
    UT_hash_handle hh;
};
struct known_delivery {
    struct txn_delivery row;
    UT_hash_handle hh;
};
struct known_audit {
    struct store_audit row;
    struct known_audit *next;
};

struct store_memory {
    struct store store; /* first */
    struct loop *loop;
    struct known_operation *operations;
    struct known_outbox *outbox;
    struct known_delivery *deliveries;
    struct known_audit *audits, *last_audit;
    size_t audit_count;
    int64_t last_alive_ms;
    unsigned commits;
    bool failing;
    struct memory_request *first, *last; /* waiting for their turn */
};

/* A request whose turn has not come. */
struct memory_request {
    struct loop_deferred deferred;
    struct store_memory *memory;
    struct store_txn *txn; /* of a commit */
    struct store_commit *commit;
    struct store_loaded *loaded;
    struct store_recent *recent;
    struct memory_request *next;
};

/* ---- what is not over */

/* Is it the message whose thread a waiting row goes to? */
static bool heads_a_waiting_thread(const struct store_memory *m, const char *id)
{
    for (const struct known_outbox *k = m->outbox; k != NULL; k = k->hh.next) {
        if (rows_outbox_waits(&k->row) && strcmp(k->row.thread_of, id) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_open(const struct store_memory *m, const struct store_outbox *row)
{
    struct known_operation *operation = NULL;
    HASH_FIND_STR(m->operations, row->operation, operation);
    return rows_outbox_waits(row) || (operation != NULL && rows_operation_open(&operation->row)) ||
           heads_a_waiting_thread(m, row->id);
}

/* ---- commit */

static bool has_room(const struct store_memory *m, const struct store_txn *t)
{
    const size_t most = MEMORY_ROWS_MAX - t->count;
    return HASH_COUNT(m->operations) <= most && HASH_COUNT(m->outbox) <= most &&
           HASH_COUNT(m->deliveries) <= most && m->audit_count <= most;
}

static bool knows_a_delivery(const struct store_memory *m, const struct store_txn *t)
{
    for (const struct txn_row *row = t->first; row != NULL; row = row->next) {
        struct known_delivery *known = NULL;
        if (row->kind == TXN_DELIVERY) {
            HASH_FIND_STR(m->deliveries, row->as.delivery.key, known);
        }
        if (known != NULL) {
            return true;
        }
        for (const struct txn_row *other = t->first; row->kind == TXN_DELIVERY && other != row;
             other = other->next) {
            if (other->kind == TXN_DELIVERY && strcmp(other->as.delivery.key, row->as.delivery.key) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void put_delivery(struct store_memory *m, const struct txn_delivery *row)
{
    struct known_delivery *known = mem_alloc(sizeof(*known));
    known->row = *row;
    HASH_ADD_STR(m->deliveries, row.key, known);
}

static void put_operation(struct store_memory *m, const struct store_operation *row)
{
    struct known_operation *known = NULL;
    HASH_FIND_STR(m->operations, row->id, known);
    if (known != NULL) {
        rows_free_operation(&known->row);
        rows_copy_operation(&known->row, row);
        return;
    }
    known = mem_alloc(sizeof(*known));
    rows_copy_operation(&known->row, row);
    HASH_ADD_STR(m->operations, row.id, known);
}

static void put_outbox(struct store_memory *m, const struct store_outbox *row)
{
    struct known_outbox *known = NULL;
    HASH_FIND_STR(m->outbox, row->id, known);
    if (known != NULL) {
        rows_free_outbox(&known->row);
        rows_copy_outbox(&known->row, row);
        return;
    }
    known = mem_alloc(sizeof(*known));
    rows_copy_outbox(&known->row, row);
    HASH_ADD_STR(m->outbox, row.id, known);
}

static void put_audit(struct store_memory *m, const struct store_audit *row)
{
    struct known_audit *known = mem_alloc(sizeof(*known));
    rows_copy_audit(&known->row, row);
    if (m->last_audit == NULL) {
        m->audits = known;
    } else {
        m->last_audit->next = known;
    }
    m->last_audit = known;
    m->audit_count++;
}

static void prune_deliveries(struct store_memory *m, int64_t before_ms)
{
    struct known_delivery *known, *next;
    HASH_ITER(hh, m->deliveries, known, next)
    {
        if (known->row.at_ms < before_ms) {
            HASH_DEL(m->deliveries, known);
            mem_free(known);
        }
    }
}

static void prune_outbox(struct store_memory *m, int64_t before_ms)
{
    struct known_outbox *known, *next;
    HASH_ITER(hh, m->outbox, known, next)
    {
        if (known->row.updated_ms < before_ms && !is_open(m, &known->row)) {
            HASH_DEL(m->outbox, known);
            rows_free_outbox(&known->row);
            mem_free(known);
        }
    }
}

static void apply(struct store_memory *m, const struct store_txn *t)
{
    for (const struct txn_row *row = t->first; row != NULL; row = row->next) {
        switch (row->kind) {
        case TXN_DELIVERY: put_delivery(m, &row->as.delivery); break;
        case TXN_OPERATION: put_operation(m, &row->as.operation); break;
        case TXN_OUTBOX: put_outbox(m, &row->as.outbox); break;
        case TXN_AUDIT: put_audit(m, &row->as.audit); break;
        }
    }
    m->last_alive_ms = clock_wall(loop_clock(m->loop));
    if (++m->commits % ROWS_PRUNE_INTERVAL == 0) {
        prune_deliveries(m, m->last_alive_ms - ROWS_KEEP_MS);
        prune_outbox(m, m->last_alive_ms - ROWS_KEEP_OUTBOX_MS);
    }
}

static void run_commit(struct store_memory *m, struct store_txn *t, struct store_commit *c)
{
    c->ok = false;
    c->duplicate = false;
    if (!txn_check(t, &c->err)) {
        /* err says why */
    } else if (m->failing) {
        err_set(&c->err, ERR_FULL, "The store's disk is full: free space on it; running operations go on.");
    } else if (knows_a_delivery(m, t)) {
        c->duplicate = true;
        err_set(&c->err, ERR_STALE, "This delivery was taken already.");
    } else if (!has_room(m, t)) {
        err_set(&c->err, ERR_LIMIT, "The store in memory is full.");
    } else {
        apply(m, t);
        c->ok = true;
    }
    store_txn_destroy(t);
    c->done(c);
}

/* ---- load */

static void run_load(struct store_memory *m, struct store_loaded *l)
{
    l->operations = mem_array(HASH_COUNT(m->operations), sizeof(*l->operations));
    l->outbox = mem_array(HASH_COUNT(m->outbox), sizeof(*l->outbox));
    l->operation_count = l->outbox_count = 0;
    for (const struct known_operation *k = m->operations; k != NULL; k = k->hh.next) {
        if (rows_operation_open(&k->row)) {
            l->operations[l->operation_count++] = k->row;
        }
    }
    for (const struct known_outbox *k = m->outbox; k != NULL; k = k->hh.next) {
        if (is_open(m, &k->row)) {
            l->outbox[l->outbox_count++] = k->row;
        }
    }
    l->last_alive_ms = m->last_alive_ms;
    l->ok = true;
    struct store_operation *operations = l->operations;
    struct store_outbox *outbox = l->outbox;
    l->done(l); /* l may be gone afterwards */
    mem_free(operations);
    mem_free(outbox);
}

/* ---- recent */

static bool matches(const struct store_operation *row, const struct store_recent *r)
{
    return row->ended && (r->verb[0] == '\0' || strcmp(row->verb, r->verb) == 0) &&
           (r->service_name[0] == '\0' || strcmp(row->service_name, r->service_name) == 0);
}

/* Keeps list sorted, newest first; of equal moments the later row goes first. */
static size_t insert(struct store_operation *list, size_t count, const struct store_operation *row)
{
    size_t at = 0;
    while (at < count && list[at].ended_ms > row->ended_ms) {
        at++;
    }
    if (at == STORE_RECENT) {
        return count;
    }
    const size_t kept = count < STORE_RECENT ? count : STORE_RECENT - 1;
    memmove(list + at + 1, list + at, (kept - at) * sizeof(*list));
    list[at] = *row;
    return kept + 1;
}

static void run_recent(struct store_memory *m, struct store_recent *r)
{
    struct store_operation *list = mem_array(STORE_RECENT, sizeof(*list));
    size_t count = 0;
    for (const struct known_operation *k = m->operations; k != NULL; k = k->hh.next) {
        if (matches(&k->row, r)) {
            count = insert(list, count, &k->row);
        }
    }
    r->operations = list;
    r->count = count;
    r->ok = true;
    r->done(r); /* r may be gone afterwards */
    mem_free(list);
}

/* ---- the queue */

static void run_first(struct store_memory *m)
{
    struct memory_request *q = m->first;
    m->first = q->next;
    if (m->first == NULL) {
        m->last = NULL;
    }
    struct memory_request own = *q;
    mem_free(q);
    if (own.commit != NULL) {
        run_commit(m, own.txn, own.commit);
    } else if (own.loaded != NULL) {
        run_load(m, own.loaded);
    } else {
        run_recent(m, own.recent);
    }
}

static void on_turn(struct loop_deferred *d)
{
    struct memory_request *q = d->user;
    assert(q == q->memory->first); /* deferred calls come in order */
    run_first(q->memory);
}

static struct memory_request *enqueue(struct store *s)
{
    struct store_memory *m = (struct store_memory *)s;
    struct memory_request *q = mem_alloc(sizeof(*q));
    q->memory = m;
    q->deferred = (struct loop_deferred){.run = on_turn, .user = q};
    if (m->last == NULL) {
        m->first = q;
    } else {
        m->last->next = q;
    }
    m->last = q;
    loop_defer(m->loop, &q->deferred);
    return q;
}

static void commit(struct store *s, struct store_txn *t, struct store_commit *c)
{
    struct memory_request *q = enqueue(s);
    q->txn = t;
    q->commit = c;
}

static void load(struct store *s, struct store_loaded *l)
{
    enqueue(s)->loaded = l;
}

static void recent(struct store *s, struct store_recent *r)
{
    enqueue(s)->recent = r;
}

static const struct store_ops OPS = {.commit = commit, .load = load, .recent = recent};

struct store *store_memory_create(struct loop *loop)
{
    struct store_memory *m = mem_alloc(sizeof(*m));
    m->store.ops = &OPS;
    m->loop = loop;
    return &m->store;
}

struct store *store_memory_copy(const struct store *s)
{
    const struct store_memory *m = (const struct store_memory *)s;
    struct store *copy = store_memory_create(m->loop);
    struct store_memory *to = (struct store_memory *)copy;
    for (const struct known_operation *k = m->operations; k != NULL; k = k->hh.next) {
        put_operation(to, &k->row);
    }
    for (const struct known_outbox *k = m->outbox; k != NULL; k = k->hh.next) {
        put_outbox(to, &k->row);
    }
    for (const struct known_delivery *k = m->deliveries; k != NULL; k = k->hh.next) {
        put_delivery(to, &k->row);
    }
    for (const struct known_audit *k = m->audits; k != NULL; k = k->next) {
        put_audit(to, &k->row);
    }
    to->last_alive_ms = m->last_alive_ms;
    return copy;
}

void store_memory_fail(struct store *s, bool failing)
{
    ((struct store_memory *)s)->failing = failing;
}

const struct store_audit *store_memory_audit(const struct store *s, size_t index)
{
    const struct known_audit *known = ((const struct store_memory *)s)->audits;
    for (size_t at = 0; known != NULL && at < index; at++) {
        known = known->next;
    }
    return known == NULL ? NULL : &known->row;
}

static void free_rows(struct store_memory *m)
{
    struct known_operation *operation, *next_operation;
    HASH_ITER(hh, m->operations, operation, next_operation)
    {
        HASH_DEL(m->operations, operation);
        rows_free_operation(&operation->row);
        mem_free(operation);
    }
    struct known_outbox *outbox, *next_outbox;
    HASH_ITER(hh, m->outbox, outbox, next_outbox)
    {
        HASH_DEL(m->outbox, outbox);
        rows_free_outbox(&outbox->row);
        mem_free(outbox);
    }
    prune_deliveries(m, INT64_MAX);
    for (struct known_audit *audit = m->audits; audit != NULL;) {
        struct known_audit *next = audit->next;
        rows_free_audit(&audit->row);
        mem_free(audit);
        audit = next;
    }
}

/* What was asked for before is finished first, as when the one on disk is closed. */
void store_memory_destroy(struct store *s)
{
    if (s == NULL) {
        return;
    }
    struct store_memory *m = (struct store_memory *)s;
    while (m->first != NULL) {
        loop_defer_cancel(m->loop, &m->first->deferred);
        run_first(m);
    }
    free_rows(m);
    mem_free(m);
}
