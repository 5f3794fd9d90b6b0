#include "txn.h"

#include <assert.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/text.h"
#include "rows.h"

#define TXN_ROWS_MAX 1000 /* rows of one step */

struct store_txn *store_txn_create(void)
{
    return mem_alloc(sizeof(struct store_txn));
}

static void free_row(struct txn_row *row)
{
    switch (row->kind) {
    case TXN_DELIVERY: break;
    case TXN_OPERATION: rows_free_operation(&row->as.operation); break;
    case TXN_OUTBOX: rows_free_outbox(&row->as.outbox); break;
    case TXN_AUDIT: rows_free_audit(&row->as.audit); break;
    case TXN_MEMO:
    case TXN_FORGET: rows_free_memo(&row->as.memo); break;
    }
    mem_free(row);
}

void store_txn_destroy(struct store_txn *t)
{
    if (t == NULL) {
        return;
    }
    for (struct txn_row *row = t->first; row != NULL;) {
        struct txn_row *next = row->next;
        free_row(row);
        row = next;
    }
    mem_free(t);
}

/* The new last row, or NULL past a ceiling. */
static struct txn_row *add(struct store_txn *t, enum txn_kind kind)
{
    if (t->count == TXN_ROWS_MAX) {
        t->too_large = true;
        return NULL;
    }
    struct txn_row *row = mem_alloc(sizeof(*row));
    row->kind = kind;
    if (t->last == NULL) {
        t->first = row;
    } else {
        t->last->next = row;
    }
    t->last = row;
    t->count++;
    return row;
}

static bool fits(struct store_txn *t, const char *text)
{
    if (text != NULL && strnlen(text, ROWS_TEXT_MAX + 1) > ROWS_TEXT_MAX) {
        t->too_large = true;
        return false;
    }
    return true;
}

void store_txn_delivery(struct store_txn *t, const char *key, int64_t at_ms)
{
    assert(key != NULL && key[0] != '\0');
    struct txn_row *row = add(t, TXN_DELIVERY);
    if (row == NULL) {
        return;
    }
    row->as.delivery.at_ms = at_ms;
    if (!TEXT_COPY(row->as.delivery.key, key)) { /* cut keys could be equal by accident */
        char digest[CRYPTO_SHA256_HEX];
        crypto_sha256_hex(key, strlen(key), digest);
        TEXT_FORMAT(row->as.delivery.key, "sha256:%s", digest);
    }
}

void store_txn_operation(struct store_txn *t, const struct store_operation *row)
{
    assert(row->id[0] != '\0');
    struct txn_row *copy = fits(t, row->detail) && fits(t, row->follow) ? add(t, TXN_OPERATION) : NULL;
    if (copy != NULL) {
        rows_copy_operation(&copy->as.operation, row);
    }
}

void store_txn_outbox(struct store_txn *t, const struct store_outbox *row)
{
    assert(row->id[0] != '\0');
    struct txn_row *copy = fits(t, row->card) ? add(t, TXN_OUTBOX) : NULL;
    if (copy != NULL) {
        rows_copy_outbox(&copy->as.outbox, row);
    }
}

void store_txn_audit(struct store_txn *t, const struct store_audit *row)
{
    struct txn_row *copy = fits(t, row->detail) ? add(t, TXN_AUDIT) : NULL;
    if (copy != NULL) {
        rows_copy_audit(&copy->as.audit, row);
    }
}

void store_txn_memo(struct store_txn *t, const struct store_memo *memo)
{
    assert(memo->kind[0] != '\0');
    struct txn_row *copy = fits(t, memo->json) ? add(t, TXN_MEMO) : NULL;
    if (copy != NULL) {
        rows_copy_memo(&copy->as.memo, memo);
    }
}

void store_txn_forget(struct store_txn *t, const char *kind, const char *key)
{
    struct txn_row *row = add(t, TXN_FORGET);
    if (row != NULL && (!TEXT_COPY(row->as.memo.kind, kind) || !TEXT_COPY(row->as.memo.key, key))) {
        t->too_large = true; /* a cut key is another one */
    }
}

void store_txn_durable(struct store_txn *t)
{
    t->durable = true;
}

void store_txn_yields(struct store_txn *t)
{
    t->yields = true;
}

bool txn_too_many_memos(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "The store keeps %d locks and counts at most: remove locks that nobody needs any more.",
                   STORE_MEMOS);
}

bool txn_check(const struct store_txn *t, struct err *err)
{
    if (t->too_large) {
        return err_set(err, ERR_LIMIT,
                       "This step is too large for the store: at most %d rows, and 1 MiB a text.",
                       TXN_ROWS_MAX);
    }
    return true;
}
