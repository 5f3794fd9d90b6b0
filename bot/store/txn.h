#ifndef STORE_TXN_H
#define STORE_TXN_H
/* A transaction as both stores read it: a list of owned rows in the order they were given. */
#include "store/store.h"

struct txn_delivery {
    char key[STORE_KEY];
    int64_t at_ms;
};

enum txn_kind { TXN_DELIVERY, TXN_OPERATION, TXN_OUTBOX, TXN_AUDIT, TXN_MEMO, TXN_FORGET };

struct txn_row {
    enum txn_kind kind;
    union {
        struct txn_delivery delivery;
        struct store_operation operation;
        struct store_outbox outbox;
        struct store_audit audit;
        struct store_memo memo; /* of TXN_FORGET: its kind and key */
    } as;
    struct txn_row *next;
};

struct store_txn {
    struct txn_row *first, *last;
    size_t count;
    bool durable;
    bool yields;
    bool too_large; /* a ceiling was reached: the commit fails */
};

/* What a memo too many is told, by both stores. Returns false. */
bool txn_too_many_memos(struct err *err);
/* False with err when the transaction may not be written at all. */
bool txn_check(const struct store_txn *t, struct err *err);

#endif
