/* The rows of the outbox.
 *
 *   stage -> (owner's commit) -> release -> POSTS -> flight -> rest          a message, once
 *                                           EDITS -> flight -> rest          a newer version of it
 *                                           DETAILS -> flight -> rest        a line of another row's thread
 *   say                                    -> REFUSALS, REPLIES -> flight    an answer, gone with the process
 *
 * A row is kept back until the transaction that holds it is committed, so that nothing is said which a
 * restart would not know of. When its owner's commit fails the row waits for the next one. Rows are written
 * by their owner (a new version) and by the sender (state, message): both write the whole row as memory has
 * it at that moment, and the store keeps the order, so the last writer knows everything. */
#include "outbox_private.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "gate.h"

static void wake(struct loop_timer *t)
{
    struct outbox *o = t->user;
    loop_defer(o->options.loop, &o->pump);
}

struct outbox *outbox_create(const struct outbox_options *options)
{
    struct outbox *o = mem_alloc(sizeof(*o));
    o->options = *options;
    o->pump = (struct loop_deferred){.run = outbox_pump, .user = o};
    o->wake = (struct loop_timer){.fire = wake, .user = o};
    return o;
}

void outbox_add_chat(struct outbox *o, struct chat *chat)
{
    assert(o->chat_count < OUTBOX_CHATS);
    o->chats[o->chat_count++] = chat;
}

static void leave(struct outbox_entry *e)
{
    struct outbox_list *list = &e->outbox->lists[e->at];
    *(e->prev != NULL ? &e->prev->next : &list->first) = e->next;
    *(e->next != NULL ? &e->next->prev : &list->last) = e->prev;
    list->count--;
}

/* At the end of the list; one that has to fly again keeps its place in front. */
static void enter(struct outbox_entry *e, enum outbox_at at)
{
    struct outbox_list *list = &e->outbox->lists[at];
    e->at = at;
    e->next = e->again ? list->first : NULL;
    e->prev = e->again ? NULL : list->last;
    *(e->prev != NULL ? &e->prev->next : &list->first) = e;
    *(e->next != NULL ? &e->next->prev : &list->last) = e;
    list->count++;
}

void outbox_place(struct outbox_entry *e, enum outbox_at at)
{
    if (e->at != at) {
        leave(e);
        enter(e, at);
    }
}

static struct outbox_entry *entry_create(struct outbox *o, const char *id)
{
    struct outbox_entry *e = mem_alloc(sizeof(*e));
    e->outbox = o;
    e->pause = (struct backoff){.floor_ms = 500, .first_ms = 1000, .most_ms = 30000};
    TEXT_COPY(e->row.id, id);
    enter(e, AT_REST);
    HASH_ADD_STR(o->by_id, row.id, e);
    return e;
}

void outbox_drop(struct outbox_entry *e)
{
    assert(e->at != AT_FLIGHT);
    leave(e);
    HASH_DEL(e->outbox->by_id, e);
    mem_free(e->json);
    mem_free(e->card);
    mem_free(e->tag);
    mem_free(e);
}

static struct outbox_entry *entry_of(const struct outbox *o, const char *id)
{
    struct outbox_entry *e = NULL;
    HASH_FIND_STR(o->by_id, id, e);
    return e;
}

static bool waits(const struct outbox_entry *e)
{
    return e->row.state != OUTBOX_DROPPED && e->row.version > e->row.sent_version;
}

void outbox_settle(struct outbox_entry *e)
{
    if (e->at == AT_FLIGHT) {
        return; /* comes here again when it is back */
    }
    if (e->kept || !waits(e)) {
        outbox_place(e, AT_REST);
        if (!e->kept && (e->forget || !e->durable || e->row.thread_of[0] != '\0')) { /* never edited */
            outbox_drop(e);
        }
        return;
    }
    outbox_place(e, !e->durable                   ? (e->first ? AT_REFUSALS : AT_REPLIES)
                    : e->row.message[0] != '\0'   ? AT_EDITS
                    : e->row.thread_of[0] != '\0' ? AT_DETAILS
                                                  : AT_POSTS);
    loop_defer(e->outbox->options.loop, &e->outbox->pump);
}

static int64_t wall(const struct outbox *o)
{
    return clock_wall(loop_clock(o->options.loop));
}

/* Where a row goes: given by its owner each time, the rest of the row is the outbox's. */
static void take_address(struct outbox_entry *e, const struct store_outbox *row)
{
    TEXT_COPY(e->row.operation, row->operation);
    TEXT_COPY(e->row.server, row->server);
    TEXT_COPY(e->row.channel, row->channel);
    TEXT_COPY(e->row.thread_of, row->thread_of);
    TEXT_COPY(e->row.thread, row->thread);
    TEXT_COPY(e->row.private_to, row->private_to);
    e->row.ends = row->ends;
    const char *parent = outbox_message(e->outbox, row->thread_of);
    if (row->thread[0] == '\0' && parent[0] != '\0') {
        TEXT_COPY(e->row.thread, parent);
    }
}

void outbox_stage(struct outbox *o, struct store_txn *t, const struct store_outbox *row,
                  const struct card *card)
{
    struct outbox_entry *e = entry_of(o, row->id);
    if (e == NULL) {
        e = entry_create(o, row->id);
        e->durable = true;
        e->row.created_ms = wall(o);
    }
    take_address(e, row);
    mem_free(e->json);
    e->json = gate_print(card_save(card));
    e->row.card = e->json;
    e->row.version++;
    e->row.updated_ms = wall(o);
    if (e->row.state == OUTBOX_SENT) {
        e->row.state = OUTBOX_PENDING;
    }
    e->kept = true;
    store_txn_outbox(t, &e->row);
    outbox_settle(e);
}

void outbox_restage(struct outbox *o, struct store_txn *t, const char *operation)
{
    for (struct outbox_entry *e = o->by_id; e != NULL; e = e->hh.next) {
        if (e->kept && strcmp(e->row.operation, operation) == 0) {
            store_txn_outbox(t, &e->row);
        }
    }
}

void outbox_release(struct outbox *o, const char *operation)
{
    struct outbox_entry *e, *next;
    HASH_ITER(hh, o->by_id, e, next)
    {
        if (e->kept && strcmp(e->row.operation, operation) == 0) {
            e->kept = false;
            outbox_settle(e);
        }
    }
}

static bool say(struct outbox *o, const struct store_outbox *row, const struct card *card, void *tag,
                bool first)
{
    if (outbox_count(o) >= OUTBOX_MOST) {
        log_warning("outbox", NULL, "%d messages wait already: a reply in channel %s is not sent",
                    OUTBOX_MOST, row->channel);
        return false;
    }
    char id[STORE_KEY];
    TEXT_FORMAT(id, "reply/%lld/%llu", (long long)wall(o), ++o->said);
    struct outbox_entry *e = entry_create(o, id);
    take_address(e, row);
    e->card = mem_alloc(sizeof(*card));
    *e->card = *card;
    e->tag = tag;
    e->first = first;
    e->row.version = 1;
    e->row.created_ms = wall(o);
    outbox_settle(e);
    return true;
}

bool outbox_say(struct outbox *o, const struct store_outbox *row, const struct card *card, void *tag)
{
    return say(o, row, card, tag, false);
}

bool outbox_say_first(struct outbox *o, const struct store_outbox *row, const struct card *card, void *tag)
{
    return say(o, row, card, tag, true);
}

void outbox_load(struct outbox *o, const struct store_outbox *row)
{
    if (entry_of(o, row->id) != NULL) {
        return;
    }
    struct outbox_entry *e = entry_create(o, row->id);
    e->durable = true;
    e->row = *row;
    e->json = mem_text(row->card != NULL ? row->card : "{}");
    e->row.card = e->json;
    e->look = row->state == OUTBOX_SENDING && row->message[0] == '\0';
    outbox_settle(e);
}

void outbox_forget(struct outbox *o, const char *operation)
{
    struct outbox_entry *e, *next;
    for (e = o->by_id; e != NULL; e = e->hh.next) { /* lines that wait must still find their thread */
        if (strcmp(e->row.operation, operation) == 0 && e->row.thread[0] == '\0') {
            TEXT_COPY(e->row.thread, outbox_message(o, e->row.thread_of));
        }
    }
    HASH_ITER(hh, o->by_id, e, next)
    {
        if (strcmp(e->row.operation, operation) == 0) {
            e->forget = true;
            outbox_settle(e);
        }
    }
}

void outbox_abandon(struct outbox *o, const char *operation)
{
    struct outbox_entry *e, *next;
    HASH_ITER(hh, o->by_id, e, next)
    {
        if (e->kept && e->row.version == 1 && strcmp(e->row.operation, operation) == 0) {
            outbox_drop(e);
        }
    }
}

bool outbox_card(const struct outbox *o, const char *id, struct card *ret)
{
    const struct outbox_entry *e = entry_of(o, id);
    struct err err;
    json_t *saved = e != NULL && e->json != NULL ? jsonx_parse(e->json, strlen(e->json), &err) : NULL;
    const bool ok = saved != NULL && card_load(saved, ret, &err);
    json_decref(saved);
    return ok;
}

const char *outbox_message(const struct outbox *o, const char *id)
{
    const struct outbox_entry *e = id[0] != '\0' ? entry_of(o, id) : NULL;
    return e != NULL ? e->row.message : "";
}

bool outbox_end_waits(const struct outbox *o, const char *operation)
{
    for (const struct outbox_entry *e = o->by_id; e != NULL; e = e->hh.next) {
        if (e->row.ends && waits(e) && strcmp(e->row.operation, operation) == 0) {
            return true;
        }
    }
    return false;
}

unsigned outbox_count(const struct outbox *o)
{
    unsigned count = 0;
    for (enum outbox_at at = AT_POSTS; at < AT_LISTS; at++) {
        count += o->lists[at].count;
    }
    return count;
}

int64_t outbox_since(const struct outbox *o)
{
    int64_t since = 0;
    for (const struct outbox_entry *e = o->by_id; e != NULL; e = e->hh.next) {
        const int64_t at = e->row.updated_ms != 0 ? e->row.updated_ms : e->row.created_ms;
        if (e->at != AT_REST && (since == 0 || at < since)) {
            since = at;
        }
    }
    return since;
}

void outbox_destroy(struct outbox *o)
{
    if (o == NULL) {
        return;
    }
    loop_defer_cancel(o->options.loop, &o->pump);
    loop_defer_cancel(o->options.loop, &o->closed);
    loop_timer_stop(o->options.loop, &o->wake);
    struct outbox_entry *e, *next;
    HASH_ITER(hh, o->by_id, e, next)
    {
        outbox_drop(e);
    }
    mem_free(o);
}
