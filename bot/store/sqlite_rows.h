#ifndef STORE_SQLITE_ROWS_H
#define STORE_SQLITE_ROWS_H
/* Rows to and from SQLite: statements prepared once, values always bound, never formatted into the text. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rows.h"
#include "store/store.h"
#include "txn.h"

struct sqlite3;
struct sqlite3_stmt;

enum sqlite_statement {
    STATEMENT_READ_EPOCH,
    STATEMENT_PUT_ALIVE,
    STATEMENT_PUT_DELIVERY,
    STATEMENT_PUT_OPERATION,
    STATEMENT_PUT_OUTBOX,
    STATEMENT_PUT_AUDIT,
    STATEMENT_READ_OPEN,
    STATEMENT_READ_WAITING,
    STATEMENT_READ_RECENT,         /* of a verb on a service */
    STATEMENT_READ_RECENT_OF_SOME, /* one of them, or neither, is given */
    STATEMENT_PRUNE_DELIVERIES,
    STATEMENT_PRUNE_OUTBOX,
    STATEMENT_PRUNE_OPERATIONS,
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

/* Each returns an extended result code, SQLITE_OK when done. A known delivery is
 * SQLITE_CONSTRAINT_PRIMARYKEY.
 */
int sqlite_rows_put_delivery(struct sqlite_rows *r, const struct txn_delivery *row);
int sqlite_rows_put_operation(struct sqlite_rows *r, const struct store_operation *row);
int sqlite_rows_put_outbox(struct sqlite_rows *r, const struct store_outbox *row);
int sqlite_rows_put_audit(struct sqlite_rows *r, const struct store_audit *row);
int sqlite_rows_put_alive(struct sqlite_rows *r, int64_t now_ms);
int sqlite_rows_read_epoch(struct sqlite_rows *r, int64_t *ret_epoch);
/* One batch of each kind of row: how many went, and whether there are more. */
int sqlite_rows_prune(struct sqlite_rows *r, const struct rows_ages *before, int *ret_count, bool *ret_more);

/* Arrays of owned rows; the caller frees each row and the array. open and waiting give at most one row more
 * than ROWS_LOAD_MAX, recent at most STORE_RECENT. */
int sqlite_rows_read_open(struct sqlite_rows *r, struct store_operation **ret_rows, size_t *ret_count);
int sqlite_rows_read_waiting(struct sqlite_rows *r, struct store_outbox **ret_rows, size_t *ret_count);
int sqlite_rows_read_recent(struct sqlite_rows *r, const char *verb, const char *service_name,
                            struct store_operation **ret_rows, size_t *ret_count);

#endif
