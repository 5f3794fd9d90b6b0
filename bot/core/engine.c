/* The engine as an object: built, started from the store, closed.
 *
 * Start: the store is read once; messages that were not sent go to the outbox, operations that are not over
 * go on where they were (restart_resume). Failure: the store cannot be read, then nothing starts.
 * Close: no more requests, no more looks at ECS; what was asked of others comes back first, because their
 * requests lie in our memory; rows stay for the next start. */
#include "core/engine.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"
#include "zero_watch.h"

static void on_sent(void *user, const struct store_outbox *row, void *tag, bool delivered);
static const char *asker(void *user, const struct store_outbox *row, const void *tag);

struct engine *engine_create(const struct engine_options *options)
{
    struct engine *e = mem_alloc(sizeof(*e));
    e->options = *options;
    e->loop = options->loop;
    e->clock = loop_clock(options->loop);
    e->config = options->config;
    e->store = options->store;
    e->ecs = options->ecs;
    e->card = mem_alloc(sizeof(*e->card));
    e->output = mem_alloc(sizeof(*e->output));
    e->care_output = mem_alloc(sizeof(*e->care_output));
    e->outbox = outbox_create(&(struct outbox_options){
        .loop = e->loop, .store = e->store, .on_sent = on_sent, .asker = asker, .user = e});
    e->zeros = zero_watch_create(e);
    return e;
}

void engine_add_chat(struct engine *e, struct chat *chat)
{
    assert(!e->started && e->chat_count < ENGINE_CHATS);
    e->chats[e->chat_count++] = chat;
    outbox_add_chat(e->outbox, chat);
}

int64_t engine_wall(const struct engine *e)
{
    return clock_wall(e->clock);
}

int64_t engine_world(const struct engine *e)
{
    return clock_world(e->clock);
}

struct chat *engine_chat(const struct engine *e, const char *server)
{
    for (size_t i = 0; i < e->chat_count; i++) {
        if (strcmp(e->chats[i]->server, server) == 0) {
            return e->chats[i];
        }
    }
    return NULL;
}

const char *engine_command(const struct engine *e, const char *server)
{
    const struct chat *chat = engine_chat(e, server);
    return chat != NULL ? chat->command : "/cloudtak";
}

/* ---- what was sent */

struct settling {
    struct request request;
    enum settled how;
};

static void on_sent(void *user, const struct store_outbox *row, void *tag, bool delivered)
{
    struct engine *e = user;
    if (tag != NULL) {
        struct settling *s = tag;
        if (e->options.on_settled != NULL) {
            e->options.on_settled(e->options.user, &s->request, s->how, OP_STATES);
        }
        mem_free(s);
        return;
    }
    struct operation *op = operation_of(e, row->operation);
    if (op != NULL) {
        restart_sent(op, row, delivered);
    }
}

/* A question and a card belong to the channel: what is asked or begun where nobody sees it must not go on. */
static const char *asker(void *user, const struct store_outbox *row, const void *tag)
{
    const struct engine *e = user;
    const struct settling *s = tag;
    if (s != NULL) {
        return s->request.who.user;
    }
    const struct operation *op = operation_of(e, row->operation);
    const bool alone = op != NULL && row->thread_of[0] == '\0' && !text_ends(row->id, "/card") &&
                       !text_ends(row->id, "/ask") && op->request.source != REQUEST_LOCAL;
    return alone ? op->row.user : NULL;
}

/* ---- start */

static void load_rows(struct engine *e, const struct store_loaded *l)
{
    for (size_t i = 0; i < l->outbox_count; i++) {
        outbox_load(e->outbox, &l->outbox[i]);
    }
    for (size_t i = 0; i < l->memo_count; i++) {
        zero_watch_load(e->zeros, &l->memos[i]);
    }
    for (size_t i = 0; i < l->operation_count; i++) {
        if (!l->operations[i].ended || l->operations[i].watch_until_ms > 0) {
            operation_load(e, &l->operations[i]);
        }
    }
}

static void resume_all(struct engine *e)
{
    struct operation *next;
    for (struct operation *op = e->operations; op != NULL; op = next) {
        next = op->next;
        log_info("engine", op->row.id, "goes on: %s", operation_word(op->state));
        restart_resume(op);
    }
}

static void loaded(struct store_loaded *l)
{
    struct engine *e = l->user;
    engine_back(e);
    if (e->closing) {
        return;
    }
    if (l->ok) {
        e->away_ms = l->last_alive_ms != 0 ? engine_wall(e) - l->last_alive_ms : 0;
        question_load_clock(e, l);
        engine_load_locks(e, l);
        load_rows(e, l);
        audit_start(e, l);
        question_clock(e, NULL); /* set back while the bot was away? Then what was open is void */
        e->started = true;
    }
    e->on_started(e->started_user, l->ok, &l->err);
    if (l->ok && !e->closing) {
        resume_all(e);
        zero_watch_start(e->zeros);
    }
}

void engine_start(struct engine *e, void (*done)(void *user, bool ok, const struct err *err), void *user)
{
    e->on_started = done;
    e->started_user = user;
    e->loaded = (struct store_loaded){.done = loaded, .user = e};
    engine_owed(e);
    e->store->ops->load(e->store, &e->loaded);
}

/* ---- close */

static void close_if_idle(struct engine *e)
{
    if (e->closing && e->outbox_closed && e->waiting == 0) {
        loop_defer(e->loop, &e->closed);
    }
}

void engine_owed(struct engine *e)
{
    e->waiting++;
}

void engine_back(struct engine *e)
{
    assert(e->waiting > 0);
    e->waiting--;
    close_if_idle(e);
}

static void closed(struct loop_deferred *d)
{
    struct engine *e = d->user;
    e->on_closed(e->closed_user);
}

static void outbox_closed(void *user)
{
    struct engine *e = user;
    e->outbox_closed = true;
    close_if_idle(e);
}

void engine_close(struct engine *e, void (*on_closed)(void *user), void *user)
{
    if (e == NULL) {
        on_closed(user);
        return;
    }
    assert(!e->closing);
    e->closing = true;
    e->on_closed = on_closed;
    e->closed_user = user;
    e->closed = (struct loop_deferred){.run = closed, .user = e};
    for (struct call *c = e->calls; c != NULL; c = c->next) {
        loop_timer_stop(e->loop, &c->timer);
        call_taken(c, false, "Not accepted; nothing was done: I am being stopped. Ask again in a minute.");
    }
    for (struct operation *op = e->operations; op != NULL; op = op->next) {
        restart_stop(op);
    }
    audit_stop(e);
    zero_watch_stop(e->zeros);
    outbox_close(e->outbox, outbox_closed, e);
}

void engine_destroy(struct engine *e)
{
    if (e == NULL) {
        return;
    }
    assert(e->waiting == 0);
    while (e->calls != NULL) {
        call_destroy(e->calls);
    }
    while (e->operations != NULL) {
        operation_destroy(e->operations);
    }
    struct seen_delivery *s, *next;
    HASH_ITER(hh, e->seen, s, next)
    {
        HASH_DEL(e->seen, s);
        mem_free(s);
    }
    share_finish(e);
    zero_watch_destroy(e->zeros);
    loop_defer_cancel(e->loop, &e->closed);
    outbox_destroy(e->outbox);
    mem_free(e->card);
    mem_free(e->output);
    mem_free(e->care_output);
    mem_free(e);
}

void engine_read_figures(const struct engine *e, struct engine_figures *ret)
{
    *ret = (struct engine_figures){.outbox = outbox_count(e->outbox),
                                   .outbox_since_ms = outbox_since(e->outbox),
                                   .submitted = e->submitted,
                                   .duplicates = e->duplicates,
                                   .refused = e->refused,
                                   .audit_head = e->audit.head};
    audit_trouble(e, ret->audit_trouble, sizeof(ret->audit_trouble));
    for (const struct operation *op = e->operations; op != NULL; op = op->next) {
        ret->operations += operation_ended(op->state) ? 0 : 1;
        ret->in_state[op->state] += operation_ended(op->state) ? 0 : 1;
    }
}

/* ---- answers */

void engine_address(const struct request *r, struct store_outbox *ret)
{
    TEXT_COPY(ret->server, r->place.server);
    TEXT_COPY(ret->channel, r->place.channel);
    TEXT_COPY(ret->thread, r->place.thread);
    if (r->source == REQUEST_SLASH || r->source == REQUEST_CLICK) {
        TEXT_COPY(ret->private_to, r->who.user);
    }
}

void engine_reply(struct engine *e, const struct request *request, const struct card *card, enum settled how)
{
    struct store_outbox row = {0};
    engine_address(request, &row);
    struct settling *s = mem_alloc(sizeof(*s));
    s->request = *request;
    s->how = how;
    if (!(how == SETTLED_REPLY ? outbox_say : outbox_say_first)(e->outbox, &row, card, s)) {
        on_sent(e, &row, s, false);
    }
}

void engine_refusal_card(const struct engine *e, const struct request *request, const char *text,
                         struct card *ret)
{
    card_init(ret, TONE_WARNING);
    card_title(ret, "⛔ Not done; nothing was changed.");
    card_line(ret, "%s", text);
    card_footer(ret, "%s help", engine_command(e, request->place.server));
    ret->rehearsal = e->config->rehearsal;
}

void engine_reply_refusal(struct engine *e, const struct request *request, const char *text)
{
    e->refused++;
    engine_refusal_card(e, request, text, e->card);
    engine_reply(e, request, e->card, SETTLED_REFUSED);
}
