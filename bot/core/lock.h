#ifndef CORE_LOCK_H
#define CORE_LOCK_H
/* Locks of targets: "hands off, I am at it". A lock stops this bot and nobody else: the console, stack
 * updates and autoscaling go on, and every sentence about a lock says so. Somebody else's change on a locked
 * target is asked about and, once confirmed, takes the lock over; nothing is ever refused because of a lock.
 * Pure. */
#include "core/card.h"
#include "core/config.h"
#include "core/request.h"
#include "store/store.h"

#define LOCK_KIND   "lock" /* of the store's memos; the key is the target's name */
#define LOCK_REASON 300
#define LOCK_STAMP  200

struct lock {
    char target[CONFIG_NAME];
    struct principal holder; /* a user of a chat, or local */
    char name[80];           /* of the holder, for sentences; without "@" */
    int64_t since_ms;        /* wall */
    char reason[LOCK_REASON];
};

struct locks {
    size_t count;
    struct lock list[CONFIG_TARGETS];
};

/* The one of this target; NULL = it is not locked. */
const struct lock *lock_of(const struct locks *l, const char *target);
/* Insert or replace. False when there are as many locks as there may be. */
bool lock_put(struct locks *l, const struct lock *lock);
void lock_drop(struct locks *l, const char *target);

/* Who asks, as the configuration names people. */
void lock_principal(const struct request *by, struct principal *ret);
void lock_make(const struct config_target *t, const struct request *by, const char *reason, int64_t now_ms,
               struct lock *ret);
bool lock_is_of(const struct config *config, const struct lock *lock, const struct request *by);
/* What a question remembers of the lock it was asked under: another lock, or none, is another stamp. */
void lock_stamp(const struct lock *lock, char to[LOCK_STAMP]); /* NULL = "" */

char *lock_save(const struct lock *lock); /* JSON; the caller mem_frees */
bool lock_load(const struct store_memo *memo, struct lock *ret);

/* "@cy since 13:50 UTC (34 min): “new hub version”", with its date when that is half a day ago */
void lock_words(const struct lock *lock, int64_t now_ms, char *to, size_t size);
/* "slack:user:UCY", for card_mention; "" for a local one. */
void lock_mention(const struct lock *lock, char to[100]);
/* The reason for which a change on this target is asked about. */
void lock_asks(const struct lock *lock, int64_t now_ms, char *to, size_t size);

#endif
