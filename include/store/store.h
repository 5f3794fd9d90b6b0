#ifndef STORE_STORE_H
#define STORE_STORE_H
/* The durable memory, asynchronous, behind a table of functions. One step of an operation is one transaction:
 * state, follower state, outbox rows, audit record, all or nothing. The store knows rows, not their meaning.
 * A transaction owns copies of all it was given; callbacks come exactly once, never inside the call. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct store;     /* first member of every implementation */
struct store_txn; /* a step being put together */

#define STORE_ID  16
#define STORE_KEY 160

/* An operation. Texts are borrowed by store_txn_* (copied) and owned by the loaded set. */
struct store_operation {
    char id[STORE_ID];     /* "7F3K" */
    char parent[STORE_ID]; /* "restart all": the parent's id; "" */
    int position;          /* among the parent's children */
    char verb[24];
    char target[80], service_key[40];
    char service_name[640]; /* "account/region/cluster/service": one at a time is keyed by this */
    char state[24];
    bool ended;
    char verdict[24]; /* "" until it ended */
    char server[32], user[64], user_name[80], channel[64], thread[64];
    int64_t created_ms, updated_ms, acting_ms, ended_ms; /* wall */
    int64_t duration_ms;    /* world time from acting to the verdict; 0 until then */
    int64_t watch_until_ms; /* wall: it ended, and yet something is left to be watched, about until then; 0 =
                               no */
    const char *detail;     /* JSON: request, facts, settings it began with, card state; "" = none */
    const char *follow;     /* JSON of follow_save; "" = none */
};

enum store_outbox_state { OUTBOX_PENDING, OUTBOX_SENDING, OUTBOX_SENT, OUTBOX_DROPPED };

/* A message that must reach its channel, or an edit of one. */
struct store_outbox {
    char id[STORE_KEY]; /* "7F3K/card", "7F3K/notice/3", "reply/…": unique; also the message's metadata key */
    char operation[STORE_ID];
    char server[32], channel[64];
    char thread_of[STORE_KEY]; /* outbox id whose message's thread this goes to; "" */
    char thread[64];           /* or a thread known by the platform's id; "" */
    char private_to[64];       /* user id of a message only they see; "" */
    char message[64];          /* the platform's id once posted; "" */
    enum store_outbox_state state;
    int version, sent_version; /* of an edited card: last state wins */
    bool ends;                 /* carries the verdict */
    int64_t created_ms, updated_ms;
    const char *card; /* JSON of the card */
};

struct store_audit {
    int64_t at_ms;
    char operation[STORE_ID];
    char who[160], what[64];
    const char *detail; /* one line of JSON */
};

/* What is remembered beside operations: a lock, the count to come back to, the highest wall time seen. kind
 * and key together are unique; the store knows rows, not their meaning. */
#define STORE_MEMOS 1000 /* at most; one more fails the commit with a sentence */
struct store_memo {
    char kind[24]; /* "lock", "zero", "clock" */
    char key[640];
    int64_t at_ms;    /* wall: when it was written */
    const char *json; /* borrowed by store_txn_memo (copied), owned by the loaded set */
};

/* The head of the audit chain: each record carries an HMAC over itself and the record before. */
struct store_head {
    int64_t sequence; /* of the newest record; 0 = none yet */
    char hash[17];    /* the first 16 hex digits of its HMAC */
};

struct store_txn *store_txn_create(void);
void store_txn_destroy(struct store_txn *t); /* only of one that was not committed. Accepts NULL. */
/* The commit fails with duplicate = true, and writes nothing, when the key is known. */
void store_txn_delivery(struct store_txn *t, const char *key, int64_t at_ms);
void store_txn_operation(struct store_txn *t, const struct store_operation *row); /* insert or replace */
void store_txn_outbox(struct store_txn *t, const struct store_outbox *row);       /* insert or replace */
void store_txn_audit(struct store_txn *t, const struct store_audit *row);
void store_txn_memo(struct store_txn *t, const struct store_memo *memo);       /* insert or replace */
void store_txn_forget(struct store_txn *t, const char *kind, const char *key); /* nothing when unknown */
/* On disk before done comes (synchronous=FULL): rows before a changing call. */
void store_txn_durable(struct store_txn *t);
/* Serves no running operation: while the disk is full it fails with ERR_FULL, so that the reserve is left to
 * those that run. A new request, the step that begins to act, an audit line of a refusal. */
void store_txn_yields(struct store_txn *t);

struct store_commit {
    void (*done)(struct store_commit *c);
    void *user;
    bool ok;
    bool duplicate;         /* !ok: the delivery was known already; nothing was written */
    struct store_head head; /* ok: of the audit chain, with this step's records in it */
    struct err err;
    void *private_;
};

/* Everything that is not over: operations that have not ended or are still watched, and outbox rows not yet
 * sent (an edit that waits counts) or belonging to one of them, and the heads of the threads that waiting
 * rows go to. In order of first insertion.
 */
struct store_loaded {
    void (*done)(struct store_loaded *l);
    void *user;
    bool ok;
    struct err err;
    size_t operation_count, outbox_count, memo_count; /* result, owned by the store, valid inside done */
    struct store_operation *operations;
    struct store_outbox *outbox;
    struct store_memo *memos; /* all of them */
    struct store_head head;
    /* Open operations whose row was changed by somebody else than this program (its seal does not fit). They
     * are not among the operations above. */
    size_t altered_count;
    struct store_altered {
        char id[STORE_ID];
    } * altered;
    int64_t last_alive_ms; /* wall time of the last commit of the previous life; 0 = none */
    void *private_;
};

#define STORE_RECENT 50
/* The newest ended operations of a verb on a service ("" = any), newest first. */
struct store_recent {
    char verb[24], service_name[640];
    void (*done)(struct store_recent *r);
    void *user;
    bool ok;
    struct err err;
    size_t count;
    struct store_operation *operations; /* owned by the store, valid inside done */
    void *private_;
};

/* What was done: the newest operations of a target ("" = any), ended or not, newest first. */
struct store_history {
    char target[80];
    size_t most; /* at most STORE_RECENT */
    void (*done)(struct store_history *h);
    void *user;
    bool ok;
    struct err err;
    size_t count;
    struct store_operation *operations; /* owned by the store, valid inside done */
    size_t altered;                     /* rows left out: they were changed by somebody else */
    void *private_;
};

/* The audit records of one operation (and of its children), oldest first, at most STORE_TIMELINE. */
#define STORE_TIMELINE 500
struct store_record {
    int64_t sequence;
    struct store_audit audit;
};
struct store_timeline {
    char operation[STORE_ID];
    void (*done)(struct store_timeline *t);
    void *user;
    bool ok;
    struct err err;
    bool found;   /* the store knows the operation */
    bool altered; /* its row was changed by somebody else: the records tell, the row may not be believed */
    struct store_operation row;
    size_t count;
    bool cut;                     /* there were more */
    struct store_record *records; /* owned by the store, valid inside done */
    void *private_;
};

/* Is the chain whole: every record in its place and as it was written, up to its head? And is the record that
 * was seen as the head before still what it was? Read in pieces, so that commits are not kept waiting. */
#define STORE_BROKEN 240
struct store_check {
    struct store_head seen; /* a head that was seen; sequence 0 = none */
    void (*done)(struct store_check *c);
    void *user;
    bool ok; /* false: it could not be read */
    struct err err;
    bool whole;
    char broken[STORE_BROKEN]; /* !whole: a sentence that names the first record that does not fit */
    int64_t count;             /* records that were read */
    struct store_head head;
    void *private_;
};

struct store_ops {
    void (*commit)(struct store *s, struct store_txn *t /* taken */, struct store_commit *c);
    void (*load)(struct store *s, struct store_loaded *l);
    void (*recent)(struct store *s, struct store_recent *r);
    void (*history)(struct store *s, struct store_history *h);
    void (*timeline)(struct store *s, struct store_timeline *t);
    void (*check)(struct store *s, struct store_check *c);
};
struct store {
    const struct store_ops *ops;
};

/* ---- SQLite, on the loop's worker thread */
enum store_state {
    STORE_OK,
    STORE_FULL,  /* the disk is full: steps that yield are refused, running operations go on in the reserve */
    STORE_FAILED /* final: nothing is written until the next start */
};

struct loop;
struct store_sqlite_options {
    const char *path;
    const char *world;          /* "aws" or "rehearsal …": a store of another world is refused */
    int64_t keep_deliveries_ms; /* 0 = 24 h */
    /* The state is another one, or something has to be said about it (a sentence, valid inside). On the loop,
     * never inside a call of the store, never after the close. NULL = nobody listens. */
    void (*on_change)(void *user, enum store_state state, const char *says);
    void *user;
};
/* Opens or creates (directory 0700, file 0600), locks against a second daemon, migrates; refuses network file
 * systems, corrupt, foreign and newer files with a sentence, and leaves them as they are. The key that seals
 * records and operations lies beside it ("PATH.audit-key", 0600), is made with it and missed when it is gone.
 * Blocking: at start only. */
struct store *store_sqlite_open(struct loop *loop, const struct store_sqlite_options *options,
                                struct err *err);

/* Plain figures of the disk; store/watch.h measures the commits. */
struct store_sqlite_figures {
    enum store_state state;
    unsigned requests_waiting;         /* between the loop and the worker */
    size_t rows_waiting;               /* in them: not on disk yet */
    int64_t file_bytes, journal_bytes; /* as of the last step that was answered */
    uint64_t rows_pruned;              /* since the start */
    bool made;                         /* there was no store: this start made it */
};
/* Cheap; of a full disk it also has the worker look for room again, at most every five seconds. */
void store_sqlite_read_figures(struct store *s, struct store_sqlite_figures *ret);

/* What was committed before is finished first; then closes. on_closed once. Accepts NULL. */
void store_sqlite_close(struct store *s, void (*on_closed)(void *user), void *user);

/* ---- for tests with virtual time: the same rules in memory */
struct store *store_memory_create(struct loop *loop);
void store_memory_destroy(struct store *s); /* what was asked for is finished first. Accepts NULL. */
/* A second one with the same rows, as a backup has them. */
struct store *store_memory_copy(const struct store *s);
/* From now on commits fail as on a full disk, or succeed again. */
void store_memory_fail(struct store *s, bool failing);
/* The audit records in order; NULL past the last one. */
const struct store_audit *store_memory_audit(const struct store *s, size_t index);
/* What somebody with the file in an editor could do: a record's text changes, an operation's row changes. */
void store_memory_alter_audit(struct store *s, size_t index);
void store_memory_alter_operation(struct store *s, const char *id);

#endif
