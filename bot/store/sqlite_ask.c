#include "sqlite_ask.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sqlite_error.h"

void ask_loaded(struct ask *a, struct store_loaded *l)
{
    *a = (struct ask){.kind = ASK_LOAD, .of.loaded = l};
}

void ask_recent(struct ask *a, struct store_recent *r)
{
    *a = (struct ask){.kind = ASK_RECENT, .of.recent = r};
    TEXT_COPY(a->verb, r->verb);
    TEXT_COPY(a->service_name, r->service_name);
}

void ask_history(struct ask *a, struct store_history *h)
{
    *a = (struct ask){.kind = ASK_HISTORY, .of.history = h};
    a->most = h->most < STORE_RECENT ? h->most : STORE_RECENT;
    TEXT_COPY(a->target, h->target);
}

void ask_timeline(struct ask *a, struct store_timeline *t)
{
    *a = (struct ask){.kind = ASK_TIMELINE, .of.timeline = t};
    TEXT_COPY(a->operation, t->operation);
}

void ask_check(struct ask *a, struct store_check *c)
{
    *a = (struct ask){.kind = ASK_CHECK, .of.check = c, .walk.seen = c->seen};
}

/* ---- on the worker */

/* Those whose seal fits; the ids of the others. */
static void take_operations(struct ask *a, const struct disk *d, struct sqlite_operations *from)
{
    a->operations = mem_array(from->count, sizeof(*a->operations));
    a->altered = mem_array(from->count, sizeof(*a->altered));
    for (size_t at = 0; at < from->count; at++) {
        struct sealed_operation *read = &from->rows[at];
        if (seal_operation_fits(d->chain.key, read)) {
            a->operations[a->operation_count++] = read->row;
        } else {
            TEXT_COPY(a->altered[a->altered_count].id, read->row.id);
            a->altered_count++;
            rows_free_operation(&read->row);
        }
    }
    mem_free(from->rows);
    *from = (struct sqlite_operations){0};
}

static int read_load(struct ask *a, struct disk *d)
{
    struct sqlite_operations open = {0};
    int rc = sqlite_read_open(&d->rows, &open);
    rc = rc == 0 ? sqlite_read_waiting(&d->rows, &a->outbox, &a->outbox_count) : rc;
    rc = rc == 0 ? sqlite_read_memos(&d->rows, &a->memos, &a->memo_count) : rc;
    take_operations(a, d, &open);
    seal_show(&d->chain.head, &a->head);
    return rc;
}

static int read_timeline(struct ask *a, struct disk *d)
{
    struct sqlite_operations one = {0};
    struct sqlite_records records = {0};
    int rc = sqlite_read_operation(&d->rows, a->operation, &one);
    rc = rc == 0 ? sqlite_read_timeline(&d->rows, a->operation, &records) : rc;
    a->found = one.count > 0;
    a->is_altered = a->found && !seal_operation_fits(d->chain.key, &one.rows[0]);
    a->operations = mem_array(one.count, sizeof(*a->operations));
    for (size_t at = 0; at < one.count; at++) {
        a->operations[a->operation_count++] = one.rows[at].row;
    }
    mem_free(one.rows);
    a->records = mem_array(records.count, sizeof(*a->records));
    for (size_t at = 0; at < records.count; at++) {
        a->records[at] =
            (struct store_record){.sequence = records.rows[at].number, .audit = records.rows[at].row};
    }
    a->record_count = records.count;
    a->cut = records.count > STORE_TIMELINE;
    mem_free(records.rows);
    return rc;
}

static int read_ended(struct ask *a, struct disk *d)
{
    struct sqlite_operations read = {0};
    const int rc = a->kind == ASK_RECENT ? sqlite_read_recent(&d->rows, a->verb, a->service_name, &read)
                                         : sqlite_read_history(&d->rows, a->target, a->most, &read);
    take_operations(a, d, &read);
    return rc;
}

static int read_asked(struct ask *a, struct disk *d)
{
    switch (a->kind) {
    case ASK_LOAD: return read_load(a, d);
    case ASK_RECENT:
    case ASK_HISTORY: return read_ended(a, d);
    case ASK_TIMELINE: return read_timeline(a, d);
    case ASK_CHECK: seal_show(&d->chain.head, &a->head); return chain_check(&d->chain, &d->rows, &a->walk);
    }
    return 0;
}

bool ask_run(struct disk *d, struct ask *a, struct err *err)
{
    const int rc = read_asked(a, d);
    if (rc != 0) {
        return sqlite_error(d->db, rc, err);
    }
    if (a->kind == ASK_LOAD &&
        (a->operation_count + a->altered_count > ROWS_LOAD_MAX || a->outbox_count > ROWS_LOAD_MAX)) {
        return err_set(err, ERR_LIMIT, "The store has more than %zu open operations or waiting messages.",
                       ROWS_LOAD_MAX);
    }
    return true;
}

bool ask_goes_on(const struct ask *a)
{
    return a->kind == ASK_CHECK && !a->walk.over;
}

/* ---- back on the loop */

static void tell_loaded(const struct ask *a, bool ok, const struct err *err, int64_t last_alive_ms)
{
    struct store_loaded *l = a->of.loaded;
    l->ok = ok;
    l->err = *err;
    l->operation_count = ok ? a->operation_count : 0;
    l->outbox_count = ok ? a->outbox_count : 0;
    l->memo_count = ok ? a->memo_count : 0;
    l->altered_count = ok ? a->altered_count : 0;
    l->operations = a->operations;
    l->outbox = a->outbox;
    l->memos = a->memos;
    l->altered = a->altered;
    l->head = a->head;
    l->last_alive_ms = last_alive_ms;
    l->done(l);
}

static void tell_recent(const struct ask *a, bool ok, const struct err *err)
{
    struct store_recent *r = a->of.recent;
    r->ok = ok;
    r->err = *err;
    r->count = ok ? a->operation_count : 0;
    r->operations = a->operations;
    r->done(r);
}

static void tell_history(const struct ask *a, bool ok, const struct err *err)
{
    struct store_history *h = a->of.history;
    h->ok = ok;
    h->err = *err;
    h->count = ok ? a->operation_count : 0;
    h->altered = ok ? a->altered_count : 0;
    h->operations = a->operations;
    h->done(h);
}

static void tell_timeline(const struct ask *a, bool ok, const struct err *err)
{
    struct store_timeline *t = a->of.timeline;
    t->ok = ok;
    t->err = *err;
    t->found = ok && a->found;
    t->altered = t->found && a->is_altered;
    t->row = a->operation_count > 0 ? a->operations[0] : (struct store_operation){0};
    t->count = !ok ? 0 : a->cut ? STORE_TIMELINE : a->record_count;
    t->cut = a->cut;
    t->records = a->records;
    t->done(t);
}

static void tell_check(const struct ask *a, bool ok, const struct err *err)
{
    struct store_check *c = a->of.check;
    c->ok = ok;
    c->err = *err;
    c->whole = a->walk.broken[0] == '\0';
    TEXT_COPY(c->broken, a->walk.broken);
    c->count = a->walk.count;
    c->head = a->head;
    c->done(c);
}

void ask_tell(struct ask *a, bool ok, const struct err *err, int64_t last_alive_ms)
{
    switch (a->kind) {
    case ASK_LOAD: tell_loaded(a, ok, err, last_alive_ms); break;
    case ASK_RECENT: tell_recent(a, ok, err); break;
    case ASK_HISTORY: tell_history(a, ok, err); break;
    case ASK_TIMELINE: tell_timeline(a, ok, err); break;
    case ASK_CHECK: tell_check(a, ok, err); break;
    }
}

void ask_finish(struct ask *a)
{
    for (size_t at = 0; at < a->operation_count; at++) {
        rows_free_operation(&a->operations[at]);
    }
    for (size_t at = 0; at < a->outbox_count; at++) {
        rows_free_outbox(&a->outbox[at]);
    }
    for (size_t at = 0; at < a->memo_count; at++) {
        rows_free_memo(&a->memos[at]);
    }
    for (size_t at = 0; at < a->record_count; at++) {
        rows_free_audit(&a->records[at].audit);
    }
    mem_free(a->operations);
    mem_free(a->outbox);
    mem_free(a->memos);
    mem_free(a->altered);
    mem_free(a->records);
}
