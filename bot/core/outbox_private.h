#ifndef CORE_OUTBOX_PRIVATE_H
#define CORE_OUTBOX_PRIVATE_H
/* What outbox.c (rows) and outbox_send.c (sending) share. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash) /* the default one warns under clang */
#include <uthash.h>

#include "base/backoff.h"
#include "loop/loop.h"
#include "outbox.h"

#define OUTBOX_MOST    4000 /* rows kept; replies beyond that are not taken */
#define OUTBOX_FLYING  32   /* rows on their way at once … */
#define OUTBOX_SAYING  16   /* … and of these, replies */
#define OUTBOX_CHATS   8
#define OUTBOX_HOLDS   64   /* lanes of channels that asked for a pause */
#define OUTBOX_EDIT_MS 3000 /* a message is edited at most this often */

/* Where a row is. One function (outbox_place) changes this and the list it stands for. */
enum outbox_at { AT_REST, AT_POSTS, AT_EDITS, AT_DETAILS, AT_REFUSALS, AT_REPLIES, AT_FLIGHT, AT_LISTS };

struct outbox_entry {
    struct outbox *outbox;
    struct store_outbox row; /* row.card = json, row.version = the newest one staged */
    char *json;              /* of a durable row */
    struct card *card;       /* of a reply, or of the version that flies */
    void *tag;
    bool durable;
    bool first;                       /* of the replies */
    bool kept;                        /* staged, its transaction is not committed yet */
    bool look;                        /* it may have been posted: look for it first */
    bool again;                       /* it came back unsent */
    bool forget;                      /* drop it when sent */
    bool edit_refused;                /* that was logged */
    int looks;                        /* failed look-ups */
    unsigned waits;                   /* how often it came back unsent */
    enum outbox_at lane;              /* that it flew from */
    int in_flight;                    /* version that flies */
    int64_t not_before_ms, edited_ms; /* mono */
    struct backoff pause;
    enum outbox_at at;
    struct outbox_entry *next, *prev;
    struct chat_send send;
    struct chat_find find;
    struct store_commit commit;
    bool delivered;
    UT_hash_handle hh;
};

struct outbox_list {
    struct outbox_entry *first, *last;
    unsigned count;
};

struct outbox {
    struct outbox_options options;
    struct chat *chats[OUTBOX_CHATS];
    size_t chat_count;
    struct outbox_entry *by_id;
    struct outbox_list lists[AT_LISTS];
    struct {
        char server[32], channel[64];
        enum outbox_at lane; /* an edit that has to wait does not hold a verdict back */
        int64_t until_ms;
    } holds[OUTBOX_HOLDS];
    unsigned saying; /* replies that fly */
    struct loop_deferred pump;
    struct loop_timer wake;
    unsigned long long said;
    bool closing;
    void (*on_closed)(void *user);
    void *closed_user;
    struct loop_deferred closed;
};

void outbox_place(struct outbox_entry *e, enum outbox_at at);
/* Puts the row where its version and state say it belongs. */
void outbox_settle(struct outbox_entry *e);
void outbox_drop(struct outbox_entry *e);
void outbox_pump(struct loop_deferred *d);
/* engine_metrics.c */
void outbox_count_send(const char *server, const struct chat_send *s);

#endif
