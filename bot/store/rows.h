#ifndef STORE_ROWS_H
#define STORE_ROWS_H
/* What both stores share: owned copies of rows, and the ceilings. */
#include <stdbool.h>

#include "store/store.h"

#define ROWS_TEXT_MAX ((size_t)1024 * 1024) /* bytes of one detail, follow or card */
#define ROWS_LOAD_MAX ((size_t)20000)       /* operations, and outbox rows, of one load */
#define ROWS_DAY_MS   ((int64_t)24 * 60 * 60 * 1000)

/* How long rows are kept, and how many. Never pruned: what is open, what waits to be sent and the head of its
 * thread, the newest STORE_RECENT operations of a verb on a service, the newest audit record. */
#define ROWS_KEEP_MS            ROWS_DAY_MS         /* keys of deliveries */
#define ROWS_KEEP_OUTBOX_MS     (7 * ROWS_DAY_MS)   /* of what was sent and belongs to nothing open */
#define ROWS_KEEP_OPERATIONS_MS (400 * ROWS_DAY_MS) /* that ended */
#define ROWS_KEEP_OPERATIONS    10000
#define ROWS_KEEP_AUDIT_MS      (400 * ROWS_DAY_MS)
#define ROWS_KEEP_AUDIT         100000
#define ROWS_PRUNE_INTERVAL     200 /* commits between two prunings */
#define ROWS_PRUNE_BATCH        200 /* rows of a kind in one step */

/* Rows before these moments are old. */
struct rows_ages {
    int64_t deliveries_ms, outbox_ms, operations_ms, audit_ms;
};

/* A copy owns its texts ("" for NULL). */
void rows_copy_operation(struct store_operation *to, const struct store_operation *from);
void rows_free_operation(struct store_operation *row); /* its texts, not itself */
void rows_copy_outbox(struct store_outbox *to, const struct store_outbox *from);
void rows_free_outbox(struct store_outbox *row);
void rows_copy_audit(struct store_audit *to, const struct store_audit *from);
void rows_free_audit(struct store_audit *row);
void rows_copy_memo(struct store_memo *to, const struct store_memo *from);
void rows_free_memo(struct store_memo *row);

/* Not ended, or still watched: a start has to go on with it. */
bool rows_operation_open(const struct store_operation *row);
/* Still to be sent: never posted, or edited since. */
bool rows_outbox_waits(const struct store_outbox *row);

#endif
