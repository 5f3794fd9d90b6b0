#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H
/* The chain of audit records on disk: its two ends are in the row of meta, sealed; a step's records go behind
 * the head in the step's own transaction; what is pruned moves the base. Result codes are SQLite's. */
#include "schema.h"
#include "sqlite_rows.h"

struct chain {
    uint8_t key[SEAL_KEY];
    struct seal_link base, head;
    char broken[STORE_BROKEN]; /* what was wrong with the ends when they were read; "" = nothing */
};

/* Of a store from before there were seals: all that is there is sealed as it is, and a record says so. Reads
 * and writes the columns of today: when they change it moves to the version that changes them. */
bool chain_adopt(struct sqlite3 *db, const struct schema_aid *aid, struct err *err);
/* Of a new store, in which meta has its row: both ends before the first record. */
int chain_begin(struct chain *c, struct sqlite_rows *r);
/* Reads the ends; the key is there already. */
int chain_open(struct chain *c, struct sqlite_rows *r);

int chain_put_audit(struct chain *c, struct sqlite_rows *r, const struct store_audit *row);
int chain_put_operation(const struct chain *c, struct sqlite_rows *r, const struct store_operation *row);
/* Ends a step's transaction, at a moment (0 = it is no step); put back head when it was rolled back. */
int chain_put_head(const struct chain *c, struct sqlite_rows *r, int64_t now_ms);
/* A batch of old records; put back base when it was rolled back. */
int chain_prune(struct chain *c, struct sqlite_rows *r, int64_t before_ms, int *ret_count, bool *ret_more);

/* From the base to the head in pieces. Zeroed but for seen at the start. */
struct chain_walk {
    struct store_head seen;
    struct seal_link last;
    bool begun, over;
    int64_t count;
    char broken[STORE_BROKEN]; /* over: "" = whole */
};
int chain_check(const struct chain *c, struct sqlite_rows *r, struct chain_walk *w);

#endif
