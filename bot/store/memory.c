/* The store of tests in virtual time: the rules of the one on disk, in memory.
 *
 * A request is queued as a deferred call; when its turn comes it is carried out and its done is called, so
 * that requests take effect in the order they were made, and never inside the call that made them. Failure
 * modes: a ceiling is reached, or the test asked for failing commits; then nothing is written.
 */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "memory.h"

#define MEMORY_ROWS_MAX 100000 /* of each kind */

const uint8_t MEMORY_KEY[SEAL_KEY] = {0x6D};

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

static void name_memo(const struct store_memo *row, struct known_memo *to)
{
    TEXT_FORMAT(to->name, "%s\x1F%s", row->kind, row->key);
}

static struct known_memo *find_memo(const struct store_memory *m, const struct store_memo *row)
{
    struct known_memo wanted, *known = NULL;
    name_memo(row, &wanted);
    HASH_FIND_STR(m->memos, wanted.name, known);
    return known;
}

/* As if the rows before this one had been written. */
static bool is_remembered(const struct store_memory *m, const struct store_txn *t,
                          const struct txn_row *until)
{
    bool known = find_memo(m, &until->as.memo) != NULL;
    for (const struct txn_row *row = t->first; row != until; row = row->next) {
        if ((row->kind == TXN_MEMO || row->kind == TXN_FORGET) &&
            strcmp(row->as.memo.kind, until->as.memo.kind) == 0 &&
            strcmp(row->as.memo.key, until->as.memo.key) == 0) {
            known = row->kind == TXN_MEMO;
        }
    }
    return known;
}

static bool has_room_for_memos(const struct store_memory *m, const struct store_txn *t)
{
    size_t count = HASH_COUNT(m->memos);
    for (const struct txn_row *row = t->first; row != NULL; row = row->next) {
        if (row->kind == TXN_MEMO && !is_remembered(m, t, row)) {
            count++;
        } else if (row->kind == TXN_FORGET && is_remembered(m, t, row)) {
            count--;
        }
        if (count > STORE_MEMOS) {
            return false;
        }
    }
    return true;
}

static void put_memo(struct store_memory *m, const struct store_memo *row)
{
    struct known_memo *known = find_memo(m, row);
    if (known != NULL) {
        rows_free_memo(&known->row);
        rows_copy_memo(&known->row, row);
        return;
    }
    known = mem_alloc(sizeof(*known));
    name_memo(row, known);
    rows_copy_memo(&known->row, row);
    HASH_ADD_STR(m->memos, name, known);
}

static void forget_memo(struct store_memory *m, const struct store_memo *row)
{
    struct known_memo *known = find_memo(m, row);
    if (known != NULL) {
        assert(m->memos != NULL); /* it is in there */
        HASH_DEL(m->memos, known);
        rows_free_memo(&known->row);
        mem_free(known);
    }
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
        known->altered = false;
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
    rows_copy_audit(&known->record.row, row);
    seal_audit(MEMORY_KEY, &m->head, &known->record);
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
        if (known->row.updated_ms < before_ms && !memory_is_open(m, &known->row)) {
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
        case TXN_MEMO: put_memo(m, &row->as.memo); break;
        case TXN_FORGET: forget_memo(m, &row->as.memo); break;
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
    } else if (!has_room_for_memos(m, t)) {
        txn_too_many_memos(&c->err);
    } else {
        apply(m, t);
        c->ok = true;
    }
    seal_show(&m->head, &c->head);
    store_txn_destroy(t);
    c->done(c);
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
        memory_load(m, own.loaded);
    } else if (own.recent != NULL) {
        memory_recent(m, own.recent);
    } else if (own.history != NULL) {
        memory_history(m, own.history);
    } else if (own.timeline != NULL) {
        memory_timeline(m, own.timeline);
    } else {
        memory_check(m, own.check);
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

static void history(struct store *s, struct store_history *h)
{
    enqueue(s)->history = h;
}

static void timeline(struct store *s, struct store_timeline *t)
{
    enqueue(s)->timeline = t;
}

static void check(struct store *s, struct store_check *c)
{
    enqueue(s)->check = c;
}

static const struct store_ops OPS = {.commit = commit,
                                     .load = load,
                                     .recent = recent,
                                     .history = history,
                                     .timeline = timeline,
                                     .check = check};

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
        put_audit(to, &k->record.row);
    }
    for (const struct known_memo *k = m->memos; k != NULL; k = k->hh.next) {
        put_memo(to, &k->row);
    }
    to->last_alive_ms = m->last_alive_ms;
    return copy;
}

void store_memory_fail(struct store *s, bool failing)
{
    ((struct store_memory *)s)->failing = failing;
}

static struct known_audit *audit_at(const struct store *s, size_t index)
{
    struct known_audit *known = ((const struct store_memory *)s)->audits;
    for (size_t at = 0; known != NULL && at < index; at++) {
        known = known->next;
    }
    return known;
}

const struct store_audit *store_memory_audit(const struct store *s, size_t index)
{
    const struct known_audit *known = audit_at(s, index);
    return known == NULL ? NULL : &known->record.row;
}

void store_memory_alter_audit(struct store *s, size_t index)
{
    struct known_audit *known = audit_at(s, index);
    assert(known != NULL);
    known->record.row.at_ms++;
}

void store_memory_alter_operation(struct store *s, const char *id)
{
    struct known_operation *known = NULL;
    HASH_FIND_STR(((struct store_memory *)s)->operations, id, known);
    assert(known != NULL);
    known->altered = true;
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
        rows_free_audit(&audit->record.row);
        mem_free(audit);
        audit = next;
    }
    struct known_memo *memo, *next_memo;
    HASH_ITER(hh, m->memos, memo, next_memo)
    {
        HASH_DEL(m->memos, memo);
        rows_free_memo(&memo->row);
        mem_free(memo);
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
