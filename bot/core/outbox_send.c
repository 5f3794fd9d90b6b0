/* Sending.
 *
 * Happy path of a message: pending -> commit "sending" -> post -> commit "sent" with the platform's id. Of an
 * edit: it may be repeated, so it flies without the first commit. Of a reply: no commit at all.
 *
 * What can go wrong: throttled or unreachable (the lane of that channel pauses, the row keeps its place; the
 * first try, the second, the fourth … are logged); an answer that was lost, or a row found `sending` after a
 * restart (it is looked up by its key before it is posted again; if the look-up itself fails LOOKS times it
 * is posted: better twice than never); a permanent refusal (the adapter has tried plain text and a direct
 * message to the asker; one log line, the next row goes on). At most one row of an operation flies, so its
 * messages keep their order; a row of a thread waits until its parent's message is known.
 *
 * Lanes: messages go before edits, edits before lines of a thread, these before refusals, these before other
 * replies: a verdict waits neither behind details nor behind a flood of questions. Replies use at most half
 * of the places in flight. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "outbox_private.h"

#define LOOKS         5
#define LOOK_WAIT_MS  2000
#define STORE_WAIT_MS 2000

static int64_t now(const struct outbox *o)
{
    return loop_now(o->options.loop);
}

static struct chat *chat_of(const struct outbox *o, const char *server)
{
    for (size_t i = 0; i < o->chat_count; i++) {
        if (strcmp(o->chats[i]->server, server) == 0) {
            return o->chats[i];
        }
    }
    return NULL;
}

/* ---- back from flight */

static void close_if_empty(struct outbox *o)
{
    if (o->closing && o->lists[AT_FLIGHT].count == 0) {
        loop_defer(o->options.loop, &o->closed);
    }
}

static void land(struct outbox_entry *e)
{
    struct outbox *o = e->outbox;
    if (e->durable) {
        mem_free(e->card);
        e->card = NULL;
    }
    o->saying -= !e->durable;
    outbox_place(e, AT_REST);
    outbox_settle(e); /* may free e */
    loop_defer(o->options.loop, &o->pump);
    close_if_empty(o);
}

static bool is_hold_of(const struct outbox *o, size_t i, const struct outbox_entry *e, enum outbox_at lane)
{
    return o->holds[i].lane == lane && strcmp(o->holds[i].server, e->row.server) == 0 &&
           strcmp(o->holds[i].channel, e->row.channel) == 0;
}

static void hold_lane(struct outbox_entry *e, int64_t ms)
{
    struct outbox *o = e->outbox;
    size_t at = 0;
    for (size_t i = 0; i < OUTBOX_HOLDS; i++) {
        if (is_hold_of(o, i, e, e->lane)) {
            at = i;
            break;
        }
        if (o->holds[i].until_ms < o->holds[at].until_ms) {
            at = i;
        }
    }
    TEXT_COPY(o->holds[at].server, e->row.server);
    TEXT_COPY(o->holds[at].channel, e->row.channel);
    o->holds[at].lane = e->lane;
    o->holds[at].until_ms = now(o) + ms;
}

/* Of a flood of replies only what lasts is worth a line. */
static void log_wait(const struct outbox_entry *e, int64_t wait_ms, const struct err *err)
{
    const bool power_of_two = (e->waits & (e->waits - 1)) == 0;
    if (power_of_two && (e->durable || e->waits >= 8)) {
        char span[TEXT_DURATION];
        text_duration(span, wait_ms);
        log_warning("outbox", e->row.id,
                    "message waits, not %s yet in %s channel %s (try %u): %s; next try in %s",
                    e->row.message[0] == '\0' ? "posted" : "edited", e->row.server, e->row.channel, e->waits,
                    err->text, span);
    }
}

/* It comes back unsent. Its lane in the channel waits with it, so that nothing overtakes it. */
static void land_later(struct outbox_entry *e, int64_t wait_ms, const struct err *err)
{
    e->waits++;
    log_wait(e, wait_ms, err);
    hold_lane(e, wait_ms);
    e->not_before_ms = now(e->outbox) + wait_ms;
    e->again = true;
    land(e);
}

static void tell(struct outbox_entry *e)
{
    struct outbox *o = e->outbox;
    struct store_outbox row = e->row;
    void *tag = e->tag;
    const bool delivered = e->delivered;
    row.ends = row.ends && e->in_flight == row.version; /* an older version is not the end */
    if (!o->closing) {
        e->tag = NULL;
        o->options.on_sent(o->options.user, &row, tag, delivered);
    }
}

static void settled_committed(struct store_commit *c)
{
    struct outbox_entry *e = c->user;
    if (!c->ok) {
        log_error("outbox", e->row.id, "is sent, but that could not be recorded: %s", c->err.text);
    }
    FAULT_POINT("outbox sent");
    tell(e);
    land(e);
}

/* The row's fate is known: sent, or never to be. */
static void settle_flight(struct outbox_entry *e, bool delivered)
{
    e->delivered = delivered;
    e->again = false;
    e->row.sent_version = e->in_flight;
    if (delivered && e->durable && e->waits >= 2) {
        log_info("outbox", e->row.id, "is delivered after %u tries", e->waits + 1);
    }
    e->waits = 0;
    backoff_reset(&e->pause);
    if (!delivered && e->row.message[0] == '\0') {
        e->row.state = OUTBOX_DROPPED;
    } else if (e->row.version == e->row.sent_version) {
        e->row.state = OUTBOX_SENT;
    } else {
        e->row.state = OUTBOX_PENDING;
    }
    if (!e->durable) {
        tell(e);
        land(e);
        return;
    }
    e->row.updated_ms = clock_wall(loop_clock(e->outbox->options.loop));
    struct store_txn *t = store_txn_create();
    store_txn_outbox(t, &e->row);
    e->commit = (struct store_commit){.done = settled_committed, .user = e};
    e->outbox->options.store->ops->commit(e->outbox->options.store, t, &e->commit);
}

/* Growing, and never sooner than the platform asked. */
static int64_t next_wait(struct outbox_entry *e, int64_t asked_ms, int64_t least_ms)
{
    const int64_t own = backoff_next(&e->pause, crypto_random_u32());
    const int64_t least = asked_ms > least_ms ? asked_ms : least_ms;
    return asked_ms > 0 || own < least ? least : own;
}

static void refused(struct outbox_entry *e, const struct err *err)
{
    const bool edit = e->row.message[0] != '\0';
    log_line(edit && e->edit_refused ? LOG_DEBUG : LOG_ERROR, "outbox", e->row.id,
             "%s cannot be %s in %s channel %s: %s", e->durable ? "message" : "reply",
             edit ? "edited" : "posted", e->row.server, e->row.channel, err->text);
    e->edit_refused = e->edit_refused || edit; /* a card is edited all the time: once is enough */
    settle_flight(e, false);
}

static void sent(struct chat_send *s)
{
    struct outbox_entry *e = s->user;
    FAULT_POINT("outbox posted");
    outbox_count_send(e->row.server, s);
    switch (s->outcome) {
    case CHAT_SENT:
        if (e->row.message[0] == '\0') {
            TEXT_COPY(e->row.message, s->posted);
        } else {
            e->edited_ms = now(e->outbox);
        }
        settle_flight(e, true);
        return;
    case CHAT_LATER: land_later(e, next_wait(e, s->retry_ms, 0), &s->err); return;
    case CHAT_UNKNOWN:
        e->look = e->row.message[0] == '\0';
        land_later(e, next_wait(e, s->retry_ms, LOOK_WAIT_MS), &s->err);
        return;
    case CHAT_NEVER: refused(e, &s->err); return;
    }
}

/* ---- taking off */

static void send(struct outbox_entry *e)
{
    const struct outbox_options *o = &e->outbox->options;
    struct chat *chat = chat_of(e->outbox, e->row.server);
    const bool edit = e->row.message[0] != '\0';
    e->send = (struct chat_send){
        .kind = edit                           ? CHAT_UPDATE
                : e->row.private_to[0] != '\0' ? CHAT_PRIVATE
                                               : CHAT_POST,
        .channel = e->row.channel,
        .thread = e->row.thread,
        .message = e->row.message,
        .private_to = e->row.private_to,
        .asker = o->asker != NULL ? o->asker(o->user, &e->row, e->tag) : NULL,
        .may_wait = !e->durable && !e->first,
        .key = e->row.id,
        .card = e->card,
        .done = sent,
        .user = e,
    };
    FAULT_POINT("outbox post");
    chat->ops->send(chat, &e->send);
}

static void sending_committed(struct store_commit *c)
{
    struct outbox_entry *e = c->user;
    if (!c->ok) {
        log_error("outbox", e->row.id, "not sent yet, it could not be recorded: %s", c->err.text);
        land_later(e, STORE_WAIT_MS, &c->err);
        return;
    }
    send(e);
}

static void record_sending(struct outbox_entry *e)
{
    e->row.state = OUTBOX_SENDING;
    struct store_txn *t = store_txn_create();
    store_txn_outbox(t, &e->row);
    e->commit = (struct store_commit){.done = sending_committed, .user = e};
    e->outbox->options.store->ops->commit(e->outbox->options.store, t, &e->commit);
}

/* A message that everybody sees must be known to be on its way; an edit and a private answer may be repeated.
 */
static bool recorded_first(const struct outbox_entry *e)
{
    return e->durable && e->row.message[0] == '\0' && e->row.private_to[0] == '\0';
}

static void looked(struct chat_find *f)
{
    struct outbox_entry *e = f->user;
    if (f->ok && f->found) {
        e->look = false;
        TEXT_COPY(e->row.message, f->message);
        if (e->durable && e->row.version > 1) {
            e->in_flight = 0; /* it may stand there in an older version: the newest one is an edit of it */
        }
        settle_flight(e, true);
        return;
    }
    e->looks += !f->ok && f->retry_ms == 0; /* to be asked to wait is no failure */
    if (!f->ok && e->looks < LOOKS) {
        land_later(e, next_wait(e, f->retry_ms, LOOK_WAIT_MS), &f->err);
        return;
    }
    if (!f->ok) {
        log_warning("outbox", e->row.id,
                    "is sent again and may stand in %s channel %s twice: it could not be looked up there: %s",
                    e->row.server, e->row.channel, f->err.text);
    }
    e->look = false;
    (recorded_first(e) ? record_sending : send)(e);
}

static void look(struct outbox_entry *e)
{
    struct chat *chat = chat_of(e->outbox, e->row.server);
    e->find = (struct chat_find){.channel = e->row.channel,
                                 .thread = e->row.thread,
                                 .key = e->row.id,
                                 .since_ms = e->row.created_ms - 60000,
                                 .done = looked,
                                 .user = e};
    chat->ops->find(chat, &e->find);
}

/* The card as it flies: the newest version. False when it cannot be read any more. */
static bool unpack(struct outbox_entry *e)
{
    if (!e->durable) {
        return true;
    }
    struct err err;
    json_t *saved = json_loads(e->json, 0, NULL);
    e->card = mem_alloc(sizeof(*e->card));
    const bool ok = card_load(saved, e->card, &err);
    json_decref(saved);
    return ok;
}

static void take_off(struct outbox_entry *e)
{
    e->lane = e->at;
    outbox_place(e, AT_FLIGHT);
    e->outbox->saying += !e->durable;
    e->in_flight = e->row.version;
    if (chat_of(e->outbox, e->row.server) == NULL || !unpack(e)) {
        log_error("outbox", e->row.id,
                  "cannot be sent: its platform \"%s\" is not configured any more, or its "
                  "text cannot be read",
                  e->row.server);
        settle_flight(e, false);
    } else if (e->look) {
        look(e);
    } else if (recorded_first(e)) {
        record_sending(e);
    } else {
        send(e);
    }
}

/* ---- who may fly */

static int64_t held_until(const struct outbox *o, const struct outbox_entry *e)
{
    for (size_t i = 0; i < OUTBOX_HOLDS; i++) {
        if (is_hold_of(o, i, e, e->at)) {
            return o->holds[i].until_ms;
        }
    }
    return 0;
}

static bool sibling_flies(const struct outbox *o, const struct outbox_entry *e)
{
    for (const struct outbox_entry *f = o->lists[AT_FLIGHT].first; f != NULL; f = f->next) {
        if (e->row.operation[0] != '\0' && strcmp(f->row.operation, e->row.operation) == 0 &&
            strcmp(f->row.server, e->row.server) == 0) { /* a chat that is down holds no terminal back */
            return true;
        }
    }
    return false;
}

/* Is the message whose thread this belongs to known? A parent that is gone does not hold its thread back. */
static bool parent_known(const struct outbox *o, struct outbox_entry *e)
{
    if (e->row.thread[0] != '\0' || e->row.thread_of[0] == '\0') {
        return true;
    }
    struct outbox_entry *parent = NULL;
    HASH_FIND_STR(o->by_id, e->row.thread_of, parent);
    if (parent == NULL || parent->row.state == OUTBOX_DROPPED) {
        return true;
    }
    TEXT_COPY(e->row.thread, parent->row.message);
    return e->row.thread[0] != '\0';
}

/* When may it fly? <= now: at once. INT64_MAX: something else has to happen first, which pumps again. */
static int64_t ready_at(const struct outbox *o, struct outbox_entry *e)
{
    if (sibling_flies(o, e) || !parent_known(o, e)) {
        return INT64_MAX;
    }
    int64_t at = e->not_before_ms;
    const int64_t held = held_until(o, e);
    if (held > at) {
        at = held;
    }
    if (e->at == AT_EDITS && e->edited_ms != 0 && e->edited_ms + OUTBOX_EDIT_MS > at) {
        at = e->edited_ms + OUTBOX_EDIT_MS;
    }
    return at;
}

static int64_t pump_list(struct outbox *o, enum outbox_at at)
{
    int64_t soonest = INT64_MAX;
    for (struct outbox_entry *e = o->lists[at].first, *next; e != NULL; e = next) {
        next = e->next;
        if (o->lists[AT_FLIGHT].count >= OUTBOX_FLYING || (at >= AT_REFUSALS && o->saying >= OUTBOX_SAYING)) {
            return soonest;
        }
        const int64_t ready = ready_at(o, e);
        if (ready <= now(o)) {
            take_off(e); /* leaves this list only: `next` stays */
        } else if (ready < soonest) {
            soonest = ready;
        }
    }
    return soonest;
}

void outbox_pump(struct loop_deferred *d)
{
    struct outbox *o = d->user;
    if (o->closing) {
        return;
    }
    int64_t soonest = INT64_MAX;
    for (enum outbox_at at = AT_POSTS; at <= AT_REPLIES; at++) {
        const int64_t ready = pump_list(o, at);
        soonest = ready < soonest ? ready : soonest;
    }
    if (soonest != INT64_MAX) {
        loop_timer_start(o->options.loop, &o->wake, soonest - now(o));
    }
}

/* ---- the end */

static void closed(struct loop_deferred *d)
{
    struct outbox *o = d->user;
    o->on_closed(o->closed_user);
}

void outbox_close(struct outbox *o, void (*on_closed)(void *user), void *user)
{
    assert(!o->closing);
    o->closing = true;
    o->on_closed = on_closed;
    o->closed_user = user;
    o->closed = (struct loop_deferred){.run = closed, .user = o};
    loop_timer_stop(o->options.loop, &o->wake);
    close_if_empty(o);
}
