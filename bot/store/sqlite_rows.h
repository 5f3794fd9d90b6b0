#ifndef STORE_SQLITE_ROWS_H
#define STORE_SQLITE_ROWS_H
/* Rows to and from SQLite: statements prepared once, values always bound, never formatted into the text. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "columns.h"
#include "rows.h"
#include "seal.h"
#include "store/store.h"
#include "txn.h"

struct sqlite3;
struct sqlite3_stmt;

enum sqlite_statement {
    STATEMENT_READ_EPOCH,
    STATEMENT_READ_ENDS, /* of the chain */
    STATEMENT_PUT_HEAD,
    STATEMENT_PUT_BASE,
    STATEMENT_PUT_DELIVERY,
    STATEMENT_PUT_OPERATION,
    STATEMENT_PUT_OUTBOX,
    STATEMENT_PUT_AUDIT,
    STATEMENT_PUT_MEMO,
    STATEMENT_FORGET_MEMO,
    STATEMENT_COUNT_MEMOS,
    STATEMENT_READ_MEMOS,
    STATEMENT_READ_OPEN,
    STATEMENT_READ_WAITING,
    STATEMENT_READ_RECENT,         /* of a verb on a service */
    STATEMENT_READ_RECENT_OF_SOME, /* one of them, or neither, is given */
    STATEMENT_READ_HISTORY,
    STATEMENT_READ_HISTORY_OF,
    STATEMENT_READ_OPERATION,
    STATEMENT_READ_TIMELINE,
    STATEMENT_READ_AUDIT,
    STATEMENT_READ_LAST_AUDIT,
    STATEMENT_PRUNE_DELIVERIES,
    STATEMENT_PRUNE_OUTBOX,
    STATEMENT_PRUNE_OPERATIONS,
    STATEMENT_OLD_AUDIT,
    STATEMENT_PRUNE_AUDIT,
    STATEMENT_COUNT
};

struct sqlite_rows {
    struct sqlite3 *db; /* borrowed */
    struct sqlite3_stmt *statements[STATEMENT_COUNT];
};

bool sqlite_rows_init(struct sqlite_rows *r, struct sqlite3 *db, struct err *err);
/* Accepts a zeroed struct. */
void sqlite_rows_finish(struct sqlite_rows *r);

const struct column *sqlite_rows_columns(enum sqlite_statement which);

/* Each returns an extended result code, SQLITE_OK when done. A known delivery is
 * SQLITE_CONSTRAINT_PRIMARYKEY.
 */
int sqlite_rows_put_delivery(struct sqlite_rows *r, const struct txn_delivery *row);
int sqlite_rows_put_operation(struct sqlite_rows *r, const struct sealed_operation *row);
int sqlite_rows_put_outbox(struct sqlite_rows *r, const struct store_outbox *row);
int sqlite_rows_put_audit(struct sqlite_rows *r, const struct sealed_audit *row);
int sqlite_rows_put_memo(struct sqlite_rows *r, const struct store_memo *row, bool *ret_too_many);
int sqlite_rows_forget_memo(struct sqlite_rows *r, const struct store_memo *row);
/* The moment of the last commit, and where the chain ends after it. */
int sqlite_rows_put_head(struct sqlite_rows *r, int64_t now_ms, const struct seal_link *head,
                         const uint8_t seal[CRYPTO_SHA256]);
int sqlite_rows_put_base(struct sqlite_rows *r, const struct seal_link *base,
                         const uint8_t seal[CRYPTO_SHA256]);
/* One batch of each kind of row but audit records: how many went, and whether there are more. */
int sqlite_rows_prune(struct sqlite_rows *r, const struct rows_ages *before, int *ret_count, bool *ret_more);
int sqlite_rows_prune_audit(struct sqlite_rows *r, int64_t up_to);
int sqlite_rows_read_number(struct sqlite_rows *r, enum sqlite_statement which, int64_t *ret);

/* ---- reading (sqlite_read.c): arrays of owned rows, handed over when done; who gets them frees each row and
 * the array. open and waiting give at most one row more than ROWS_LOAD_MAX, a timeline one more than
 * STORE_TIMELINE. */
struct sqlite_operations {
    struct sealed_operation *rows;
    size_t count;
};
struct sqlite_records {
    struct sealed_audit *rows;
    size_t count;
};
int sqlite_read_open(struct sqlite_rows *r, struct sqlite_operations *ret);
int sqlite_read_recent(struct sqlite_rows *r, const char *verb, const char *service_name,
                       struct sqlite_operations *ret);
int sqlite_read_history(struct sqlite_rows *r, const char *target, size_t most,
                        struct sqlite_operations *ret);
int sqlite_read_operation(struct sqlite_rows *r, const char *id, struct sqlite_operations *ret);
void sqlite_read_free_operations(struct sqlite_operations *o);
int sqlite_read_waiting(struct sqlite_rows *r, struct store_outbox **ret_rows, size_t *ret_count);
int sqlite_read_memos(struct sqlite_rows *r, struct store_memo **ret_rows, size_t *ret_count);
int sqlite_read_timeline(struct sqlite_rows *r, const char *operation, struct sqlite_records *ret);
int sqlite_read_audit(struct sqlite_rows *r, int64_t after, size_t most, struct sqlite_records *ret);
/* The newest one, or none. */
int sqlite_read_last_audit(struct sqlite_rows *r, struct sqlite_records *ret);
/* The last one of a batch that is old: none = nothing is. */
int sqlite_read_old_audit(struct sqlite_rows *r, int64_t before_ms, struct sqlite_records *ret);
void sqlite_read_free_records(struct sqlite_records *o);
struct sqlite_end {
    struct seal_link link;
    uint8_t seal[CRYPTO_SHA256];
};
int sqlite_read_ends(struct sqlite_rows *r, struct sqlite_end *ret_base, struct sqlite_end *ret_head);

#endif
