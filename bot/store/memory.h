#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H
/* The rows of the store in memory, between what writes them and what reads them. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash) /* the default one warns under clang */
#include <uthash.h>

#include "loop/loop.h"
#include "rows.h"
#include "seal.h"
#include "txn.h"

extern const uint8_t MEMORY_KEY[SEAL_KEY]; /* nobody else reaches these rows */

struct known_operation {
    struct store_operation row;
    bool altered;      /* by store_memory_alter_operation */
    UT_hash_handle hh; /* by row.id; iteration is in order of first insertion */
};
struct known_outbox {
    struct store_outbox row;
    UT_hash_handle hh;
};
struct known_delivery {
    struct txn_delivery row;
    UT_hash_handle hh;
};
struct known_audit {
    struct sealed_audit record;
    struct known_audit *next;
};
struct known_memo {
    char name[24 + 1 + 640 + 1]; /* kind and key */
    struct store_memo row;
    UT_hash_handle hh; /* by name */
};

struct store_memory {
    struct store store; /* first */
    struct loop *loop;
    struct known_operation *operations;
    struct known_outbox *outbox;
    struct known_delivery *deliveries;
    struct known_audit *audits, *last_audit;
    struct known_memo *memos;
    size_t audit_count;
    struct seal_link head;
    int64_t last_alive_ms;
    unsigned commits;
    bool failing;
    struct memory_request *first, *last; /* waiting for their turn */
};

/* A request whose turn has not come. */
struct memory_request {
    struct loop_deferred deferred;
    struct store_memory *memory;
    struct store_txn *txn; /* of a commit */
    struct store_commit *commit;
    struct store_loaded *loaded;
    struct store_recent *recent;
    struct store_history *history;
    struct store_timeline *timeline;
    struct store_check *check;
    struct memory_request *next;
};

/* Waits to be sent, belongs to what goes on, or heads the thread of one that waits. */
bool memory_is_open(const struct store_memory *m, const struct store_outbox *row);

void memory_load(struct store_memory *m, struct store_loaded *l);
void memory_recent(struct store_memory *m, struct store_recent *r);
void memory_history(struct store_memory *m, struct store_history *h);
void memory_timeline(struct store_memory *m, struct store_timeline *t);
void memory_check(struct store_memory *m, struct store_check *c);

#endif
