#ifndef STORE_ROWS_H
#define STORE_ROWS_H
/* What both stores share: owned copies of rows, and the ceilings. */
#include <stdbool.h>

#include "store/store.h"

#define ROWS_TEXT_MAX ((size_t)1024 * 1024) /* bytes of one detail, follow or card */
#define ROWS_LOAD_MAX ((size_t)20000)       /* operations, and outbox rows, of one load */
#define ROWS_KEEP_MS  ((int64_t)24 * 60 * 60 * 1000)
#define ROWS_KEEP_OUTBOX_MS                                                                                  \
    ((int64_t)7 * 24 * 60 * 60 * 1000) /* of what was sent and belongs to nothing open */
#define ROWS_PRUNE_INTERVAL 1000       /* commits between two prunings */

/* A copy owns its texts ("" for NULL). */
void rows_copy_operation(struct store_operation *to, const struct store_operation *from);
void rows_free_operation(struct store_operation *row); /* its texts, not itself */
void rows_copy_outbox(struct store_outbox *to, const struct store_outbox *from);
void rows_free_outbox(struct store_outbox *row);
void rows_copy_audit(struct store_audit *to, const struct store_audit *from);
void rows_free_audit(struct store_audit *row);

/* Still to be sent: never posted, or edited since. */
bool rows_outbox_waits(const struct store_outbox *row);

#endif
