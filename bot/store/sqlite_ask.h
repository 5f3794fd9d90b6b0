#ifndef STORE_SQLITE_ASK_H
#define STORE_SQLITE_ASK_H
/* The reading requests of the store on disk: asked on the loop, read by the worker into owned rows, told on
 * the loop. */
#include "disk.h"

enum ask_kind { ASK_LOAD, ASK_RECENT, ASK_HISTORY, ASK_TIMELINE, ASK_CHECK };

struct ask {
    enum ask_kind kind;
    /* what is asked */
    char verb[24], service_name[640], target[80], operation[STORE_ID];
    size_t most;
    union {
        struct store_loaded *loaded;
        struct store_recent *recent;
        struct store_history *history;
        struct store_timeline *timeline;
        struct store_check *check;
    } of;
    /* what came of it */
    struct store_operation *operations;
    struct store_outbox *outbox;
    struct store_memo *memos;
    struct store_altered *altered;
    struct store_record *records;
    size_t operation_count, outbox_count, memo_count, altered_count, record_count;
    bool found, is_altered, cut;
    struct store_head head;
    struct chain_walk walk;
};

/* Copies what is asked. */
void ask_loaded(struct ask *a, struct store_loaded *l);
void ask_recent(struct ask *a, struct store_recent *r);
void ask_history(struct ask *a, struct store_history *h);
void ask_timeline(struct ask *a, struct store_timeline *t);
void ask_check(struct ask *a, struct store_check *c);

/* On the worker. */
bool ask_run(struct disk *d, struct ask *a, struct err *err);
/* Read in pieces, and there is another one. */
bool ask_goes_on(const struct ask *a);
/* On the loop: the callback, once. */
void ask_tell(struct ask *a, bool ok, const struct err *err, int64_t last_alive_ms);
void ask_finish(struct ask *a);

#endif
