#ifndef CORE_OUTBOX_H
#define CORE_OUTBOX_H
/* Messages on their way. A durable row is staged into its owner's transaction, released when that is
 * committed, and then sent at least once; a reply to a reading command is said without the store. */
#include <stdbool.h>

#include "core/card.h"
#include "core/chat.h"
#include "store/store.h"

struct loop;
struct outbox;

struct outbox_options {
    struct loop *loop;
    struct store *store;
    /* A row has reached its channel, or never will (delivered = false). Once per version of a row that was
     * sent; tag is what outbox_say was given, NULL for durable rows. */
    void (*on_sent)(void *user, const struct store_outbox *row, void *tag, bool delivered);
    /* Who gets this new message directly when its channel refuses it for good? NULL = nobody. The option
     * itself may be NULL. */
    const char *(*asker)(void *user, const struct store_outbox *row, const void *tag);
    void *user;
};
struct outbox *outbox_create(const struct outbox_options *options);
void outbox_add_chat(struct outbox *o, struct chat *chat);

/* Puts the row into the transaction and keeps it back until outbox_release. An id that is known becomes a new
 * version of that message: an edit once it was posted. Of row only the id, the addresses and `ends` are read.
 */
void outbox_stage(struct outbox *o, struct store_txn *t, const struct store_outbox *row,
                  const struct card *card);
/* The commit failed: puts every row of this operation that is kept back into the next transaction. */
void outbox_restage(struct outbox *o, struct store_txn *t, const char *operation);
/* The commit is done: the rows of this operation may be sent. */
void outbox_release(struct outbox *o, const char *operation);
/* A message that need not outlive the process. Returns false, and sends nothing, when too many wait;
 * otherwise tag (of mem_alloc, or NULL) is the outbox's until on_sent hands it back. */
bool outbox_say(struct outbox *o, const struct store_outbox *row, const struct card *card, void *tag);
/* As outbox_say, before all that was said so: a refusal, the answer to a click. */
bool outbox_say_first(struct outbox *o, const struct store_outbox *row, const struct card *card, void *tag);
/* From the store, before anything is sent. */
void outbox_load(struct outbox *o, const struct store_outbox *row);
/* The operation is over: its rows are dropped from memory as soon as they are sent. */
void outbox_forget(struct outbox *o, const char *operation);

/* The commit failed for good: rows of this operation that were never sent are dropped. */
void outbox_abandon(struct outbox *o, const char *operation);
/* The newest version of a durable row. False when it is not known. */
bool outbox_card(const struct outbox *o, const char *id, struct card *ret);
/* The platform's id of the message of this row, "" when it was not posted yet. */
const char *outbox_message(const struct outbox *o, const char *id);
/* Is a row of this operation, which carries its verdict, still to be sent? */
bool outbox_end_waits(const struct outbox *o, const char *operation);
unsigned outbox_count(const struct outbox *o); /* rows that wait or fly */
int64_t outbox_since(const struct outbox *o);  /* wall: since when the oldest of them waits; 0 = none */

/* Nothing new is sent; on_closed once, when what flies has come back. */
void outbox_close(struct outbox *o, void (*on_closed)(void *user), void *user);
void outbox_destroy(struct outbox *o); /* after on_closed. Accepts NULL. */

#endif
