#ifndef CORE_CHAT_H
#define CORE_CHAT_H
/* A chat platform, as core sees it. Adapters implement the table; they know nothing of ECS. Requests are
 * embedded by the caller; done exactly once, never inside. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/card.h"
#include "core/request.h"

struct chat; /* first member of every adapter */

enum chat_send_kind {
    CHAT_POST,    /* a new message: may notify people */
    CHAT_UPDATE,  /* edit of one's own message */
    CHAT_PRIVATE, /* seen by one user only; best effort, falls back to a DM */
};
enum chat_failure {
    CHAT_SENT,
    CHAT_LATER,   /* throttled, unreachable, 5xx that certainly did nothing: try again after retry_ms */
    CHAT_UNKNOWN, /* it may have been posted: look it up by its key before posting again */
    CHAT_NEVER, /* permanent: archived, not in channel, invalid blocks, … : err says what an operator can do
                 */
};
struct chat_send {
    enum chat_send_kind kind;
    const char *channel;
    const char *thread;      /* "" = top level */
    const char *message;     /* UPDATE: the message's id */
    const char *private_to;  /* PRIVATE: user id */
    const char *asker;       /* POST: the user who gets it as a direct message when the channel refuses it for
                                good, with a line that says so; NULL or "" = nobody */
    bool may_wait;           /* an answer to a read: it gives way to what belongs to an operation */
    const char *key;         /* outbox id, kept in the message's metadata */
    const struct card *card; /* all inputs must stay valid until done */
    void (*done)(struct chat_send *s);
    void *user;
    enum chat_failure outcome;
    int64_t retry_ms;
    char posted[64]; /* the new message's id */
    struct err err;
    void *private_;
};

/* Is a message with this key in the channel (or thread) already? Looks at most at 500 messages since
 * since_ms. */
struct chat_find {
    const char *channel, *thread, *key;
    int64_t since_ms;
    void (*done)(struct chat_find *f);
    void *user;
    bool ok; /* the look-up itself worked */
    bool found;
    int64_t retry_ms; /* not ok: how long the platform asks to wait; 0 = it does not say */
    char message[64];
    struct err err;
    void *private_;
};

enum chat_member {
    MEMBER_UNKNOWN,
    MEMBER_FULL,
    MEMBER_GUEST,
    MEMBER_STRANGER,
    MEMBER_BOT,
    MEMBER_DEACTIVATED
};
/* What is this user here, and which of these groups are they in? A lookup that fails is a refusal that says
 * so. */
struct chat_lookup {
    char user[64];
    size_t group_count;
    char groups[8][96];
    void (*done)(struct chat_lookup *l);
    void *user_data;
    bool ok;
    struct err err;
    enum chat_member member;
    char name[80];
    bool in_group[8];
    int64_t as_of_ms; /* wall: when the platform said so (answers may be cached for 60 s) */
    void *private_;
};

struct chat_ops {
    void (*send)(struct chat *c, struct chat_send *s);
    void (*find)(struct chat *c, struct chat_find *f);
    void (*lookup)(struct chat *c, struct chat_lookup *l);
    /* A link to a message, for "follow that instead"; false when the platform has none. */
    bool (*link)(struct chat *c, const char *channel, const char *message, char *to, size_t size);
};
struct chat {
    const struct chat_ops *ops;
    const char *server;  /* the configuration's name: SERVER of principals and places */
    const char *command; /* "/cloudtak": how people call us here */
};

/* ---- what an adapter calls (implemented by core/engine.c, given to the adapter as a pointer) */
struct request_taken {
    /* Exactly once, never inside submit. ok: it is durable (a changing request) or taken (a reading one): ack
     * now. Otherwise the ack says `text`: not accepted, nothing was done. */
    void (*done)(struct request_taken *t, bool ok, const char *text);
    void *user;
};
struct engine;

#endif
