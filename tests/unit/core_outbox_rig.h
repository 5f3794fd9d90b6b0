#ifndef TESTS_UNIT_CORE_OUTBOX_RIG_H
#define TESTS_UNIT_CORE_OUTBOX_RIG_H
/* An outbox between a store in memory and a chat that answers as the test arranges. */
#include "bot/core/outbox.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"
#include "lib/test_loop.h"

#define MOST 64

struct message {
    char key[STORE_KEY], thread[64], title[CARD_TEXT];
    bool edit;
    int64_t at_ms;
};

struct fixture {
    struct test_loop loop;
    struct store *store;
    struct outbox *outbox;
    struct chat chat;
    /* what the chat saw and how it answers */
    struct message messages[MOST];
    size_t count;
    enum chat_failure next[8]; /* of the next sends; CHAT_SENT when used up */
    size_t next_at;
    bool found, find_fails;
    int64_t find_retry_ms;
    int finds;
    int64_t retry_ms;           /* asked for with CHAT_LATER */
    bool stalled;               /* no send is answered */
    int flying, waiting_flying; /* sends without an answer; of these, answers to reads */
    char asker[64];             /* of the latest post */
    struct chat_send *stalled_sends[MOST];
    /* what the outbox told */
    int sent, dropped, said;
    bool closed;
};

static struct fixture *fx;

struct answer {
    struct loop_timer timer;
    struct chat_send *send;
    struct chat_find *find;
};

static inline void deliver(struct loop_timer *t)
{
    struct answer *a = t->user;
    if (a->send != NULL) {
        a->send->done(a->send);
    } else {
        a->find->done(a->find);
    }
    mem_free(a);
}

static inline void answer(struct chat_send *send, struct chat_find *find)
{
    struct answer *a = mem_alloc(sizeof(*a));
    *a = (struct answer){.send = send, .find = find};
    a->timer = (struct loop_timer){.fire = deliver, .user = a};
    loop_timer_start(fx->loop.loop, &a->timer, 10);
}

static inline void send(struct chat *c, struct chat_send *s)
{
    (void)c;
    s->outcome = fx->next_at < CHECK_COUNT(fx->next) ? fx->next[fx->next_at++] : CHAT_SENT;
    s->retry_ms = fx->retry_ms > 0 ? fx->retry_ms : 1000;
    if (s->kind == CHAT_POST) {
        TEXT_COPY(fx->asker, s->asker != NULL ? s->asker : "");
    }
    if (s->outcome == CHAT_SENT) {
        assert_true(fx->count < MOST);
        struct message *m = &fx->messages[fx->count++];
        *m = (struct message){.edit = s->kind == CHAT_UPDATE, .at_ms = loop_now(fx->loop.loop)};
        TEXT_COPY(m->key, s->key);
        TEXT_COPY(m->thread, s->thread);
        TEXT_COPY(m->title, s->card->title);
        TEXT_FORMAT(s->posted, "m-%s", s->key);
    }
    if (fx->stalled) {
        fx->waiting_flying += s->may_wait;
        fx->stalled_sends[fx->flying++] = s;
        return;
    }
    answer(s, NULL);
}

static inline void find(struct chat *c, struct chat_find *f)
{
    (void)c;
    fx->finds++;
    f->ok = !fx->find_fails;
    f->retry_ms = fx->find_retry_ms;
    f->found = fx->found;
    TEXT_FORMAT(f->message, "m-%s", f->key);
    answer(NULL, f);
}

static inline void on_sent(void *user, const struct store_outbox *row, void *tag, bool delivered)
{
    (void)user;
    (void)row;
    fx->sent += delivered ? 1 : 0;
    fx->dropped += delivered ? 0 : 1;
    fx->said += tag != NULL ? 1 : 0;
}

static inline const char *asker_of(void *user, const struct store_outbox *row, const void *tag)
{
    (void)user;
    return tag != NULL || text_ends(row->id, "/card") ? NULL : "U0ANA";
}

static inline void begin_outbox(struct fixture *f)
{
    f->outbox = outbox_create(&(struct outbox_options){
        .loop = f->loop.loop, .store = f->store, .on_sent = on_sent, .asker = asker_of, .user = f});
    outbox_add_chat(f->outbox, &f->chat);
}

static inline void on_closed(void *user)
{
    ((struct fixture *)user)->closed = true;
}

static inline void end_outbox(struct fixture *f)
{
    f->closed = false;
    outbox_close(f->outbox, on_closed, f);
    test_loop_until(&f->loop, &f->closed, 10000);
    outbox_destroy(f->outbox);
}

static inline int setup(void **state)
{
    static const struct chat_ops ops = {.send = send, .find = find};
    struct fixture *f = mem_alloc(sizeof(*f));
    fx = f;
    test_loop_init_virtual(&f->loop);
    f->store = store_memory_create(f->loop.loop);
    f->chat = (struct chat){.ops = &ops, .server = "slack", .command = "/cloudtak"};
    begin_outbox(f);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    end_outbox(f);
    store_memory_destroy(f->store);
    test_loop_finish(&f->loop);
    mem_free(f);
    return 0;
}

static inline void committed(struct store_commit *c)
{
    assert_true(c->ok);
    *(bool *)c->user = true;
}

static inline struct store_outbox row_of(const char *id)
{
    struct store_outbox row = {0};
    TEXT_COPY(row.id, id);
    TEXT_COPY(row.operation, "7F3K");
    TEXT_COPY(row.server, "slack");
    TEXT_COPY(row.channel, "C1");
    return row;
}

static inline void stage(struct fixture *f, struct store_txn *t, const struct store_outbox *row,
                         const char *title)
{
    struct card *card = mem_alloc(sizeof(*card));
    card_init(card, TONE_NEUTRAL);
    card_title(card, "%s", title);
    outbox_stage(f->outbox, t, row, card);
    mem_free(card);
}

static inline void commit(struct fixture *f, struct store_txn *t)
{
    bool done = false;
    struct store_commit c = {.done = committed, .user = &done};
    f->store->ops->commit(f->store, t, &c);
    test_loop_until(&f->loop, &done, 1000);
    outbox_release(f->outbox, "7F3K");
}

static inline void put(struct fixture *f, const char *id, const char *title)
{
    struct store_txn *t = store_txn_create();
    const struct store_outbox row = row_of(id);
    stage(f, t, &row, title);
    commit(f, t);
}

static inline void run(struct fixture *f, int64_t ms)
{
    loop_run_for(f->loop.loop, ms);
}

#endif
