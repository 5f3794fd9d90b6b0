/* What is read from the store in memory. */
#include "memory.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

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

bool memory_is_open(const struct store_memory *m, const struct store_outbox *row)
{
    struct known_operation *operation = NULL;
    HASH_FIND_STR(m->operations, row->operation, operation);
    return rows_outbox_waits(row) || (operation != NULL && rows_operation_open(&operation->row)) ||
           heads_a_waiting_thread(m, row->id);
}

/* ---- load */

void memory_load(struct store_memory *m, struct store_loaded *l)
{
    l->operations = mem_array(HASH_COUNT(m->operations), sizeof(*l->operations));
    l->outbox = mem_array(HASH_COUNT(m->outbox), sizeof(*l->outbox));
    l->memos = mem_array(HASH_COUNT(m->memos), sizeof(*l->memos));
    l->altered = mem_array(HASH_COUNT(m->operations), sizeof(*l->altered));
    l->operation_count = l->outbox_count = l->memo_count = l->altered_count = 0;
    for (const struct known_operation *k = m->operations; k != NULL; k = k->hh.next) {
        if (rows_operation_open(&k->row) && k->altered) {
            TEXT_COPY(l->altered[l->altered_count].id, k->row.id);
            l->altered_count++;
        } else if (rows_operation_open(&k->row)) {
            l->operations[l->operation_count++] = k->row;
        }
    }
    for (const struct known_memo *k = m->memos; k != NULL; k = k->hh.next) {
        l->memos[l->memo_count++] = k->row;
    }
    seal_show(&m->head, &l->head);
    for (const struct known_outbox *k = m->outbox; k != NULL; k = k->hh.next) {
        if (memory_is_open(m, &k->row)) {
            l->outbox[l->outbox_count++] = k->row;
        }
    }
    l->last_alive_ms = m->last_alive_ms;
    l->ok = true;
    struct store_operation *operations = l->operations;
    struct store_outbox *outbox = l->outbox;
    struct store_memo *memos = l->memos;
    struct store_altered *altered = l->altered;
    l->done(l); /* l may be gone afterwards */
    mem_free(operations);
    mem_free(outbox);
    mem_free(memos);
    mem_free(altered);
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

void memory_recent(struct store_memory *m, struct store_recent *r)
{
    struct store_operation *list = mem_array(STORE_RECENT, sizeof(*list));
    size_t count = 0;
    for (const struct known_operation *k = m->operations; k != NULL; k = k->hh.next) {
        if (matches(&k->row, r) && !k->altered) {
            count = insert(list, count, &k->row);
        }
    }
    r->operations = list;
    r->count = count;
    r->ok = true;
    r->done(r); /* r may be gone afterwards */
    mem_free(list);
}

/* ---- history */

void memory_history(struct store_memory *m, struct store_history *h)
{
    size_t most = h->most;
    if (most > STORE_RECENT) {
        most = STORE_RECENT;
    }
    struct store_operation *list = mem_array(STORE_RECENT, sizeof(*list));
    struct known_operation *k =
        m->operations == NULL ? NULL : ELMT_FROM_HH(m->operations->hh.tbl, m->operations->hh.tbl->tail);
    size_t seen = 0;
    h->count = h->altered = 0;
    while (k != NULL && seen < most) {
        if (h->target[0] != '\0' && strcmp(k->row.target, h->target) != 0) {
            /* another target's */
        } else if (k->altered) {
            h->altered++;
            seen++;
        } else {
            list[h->count++] = k->row;
            seen++;
        }
        k = k->hh.prev;
    }
    h->operations = list;
    h->ok = true;
    h->done(h); /* h may be gone afterwards */
    mem_free(list);
}

/* ---- timeline */

static bool belongs(const struct store_memory *m, const struct store_audit *row, const char *operation)
{
    struct known_operation *child = NULL;
    HASH_FIND_STR(m->operations, row->operation, child);
    return strcmp(row->operation, operation) == 0 ||
           (child != NULL && child->row.parent[0] != '\0' && strcmp(child->row.parent, operation) == 0);
}

void memory_timeline(struct store_memory *m, struct store_timeline *t)
{
    struct store_record *records = mem_array(STORE_TIMELINE, sizeof(*records));
    struct known_operation *known = NULL;
    HASH_FIND_STR(m->operations, t->operation, known);
    t->found = known != NULL;
    t->altered = known != NULL && known->altered;
    t->row = known != NULL ? known->row : (struct store_operation){0};
    t->count = 0;
    t->cut = false;
    for (const struct known_audit *k = m->audits; k != NULL && !t->cut; k = k->next) {
        if (!belongs(m, &k->record.row, t->operation)) {
            continue;
        }
        if (t->count == STORE_TIMELINE) {
            t->cut = true;
        } else {
            records[t->count++] = (struct store_record){.sequence = k->record.number, .audit = k->record.row};
        }
    }
    t->records = records;
    t->ok = true;
    t->done(t); /* t may be gone afterwards */
    mem_free(records);
}

/* ---- check */

void memory_check(struct store_memory *m, struct store_check *c)
{
    struct seal_link last = {0};
    const struct known_audit *k = m->audits;
    c->count = 0;
    c->broken[0] = '\0';
    while (k != NULL && seal_audit_follows(MEMORY_KEY, &last, &k->record, c->broken)) {
        struct store_head head;
        seal_show(&last, &head);
        if (head.sequence == c->seen.sequence && strcmp(head.hash, c->seen.hash) != 0) {
            TEXT_FORMAT(c->broken, "record %lld is not the one that was seen as the head: %s, not %s",
                        (long long)head.sequence, head.hash, c->seen.hash);
            break;
        }
        c->count++;
        k = k->next;
    }
    if (c->broken[0] == '\0' && c->seen.sequence > last.sequence) {
        TEXT_FORMAT(c->broken, "record %lld, which was seen as the head, is missing: the records end at %lld",
                    (long long)c->seen.sequence, (long long)last.sequence);
    }
    c->whole = c->broken[0] == '\0';
    seal_show(&m->head, &c->head);
    c->ok = true;
    c->done(c);
}
