#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H
/* A table of columns ties each member of a row to its place in statements, in seals and in what is read: they
 * all come from it, so that they cannot disagree. */
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "store/store.h"

enum column_kind { COLUMN_TEXT, COLUMN_LONG_TEXT, COLUMN_INT, COLUMN_INT64, COLUMN_BOOL, COLUMN_MAC };
struct column {
    const char *name; /* NULL ends a table */
    enum column_kind kind;
    size_t offset, size;
};

/* Rows with their seals, as they lie in the tables. */
struct sealed_operation {
    struct store_operation row; /* first */
    uint8_t mac[CRYPTO_SHA256];
};
struct sealed_audit {
    struct store_audit row; /* first */
    int64_t number;         /* its sequence number */
    uint8_t mac[CRYPTO_SHA256];
};

extern const struct column OPERATION_COLUMNS[]; /* of struct sealed_operation */
extern const struct column OUTBOX_COLUMNS[];
extern const struct column AUDIT_COLUMNS[]; /* of struct sealed_audit */
extern const struct column DELIVERY_COLUMNS[];
extern const struct column MEMO_COLUMNS[];

#endif
