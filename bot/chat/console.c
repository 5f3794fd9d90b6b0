/* A message is handed to its session at once and reported as sent on the next turn. Nothing is kept of it but
 * its key, for a while, so that it can be found again; terminals keep their own history.
 *
 * What can go wrong: the session is gone (the message counts as sent: what was accepted goes on, and is told
 * in the channel); a request is answered after its session left (nobody hears it). */
#include "chat/console.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/local.h"
#include "later.h"
#include "loop/loop.h"

#define KEYS 256 /* of messages, remembered */

struct console_session {
    struct console *console;
    struct console_session *next, *prev;
    struct console_person person;
    struct console_listener listener;
    bool stays;
    unsigned long number; /* of what was said last */
    char id[20];          /* the thread of its messages */
};

struct console {
    struct chat chat; /* first: the engine gets a pointer to it */
    struct console_options o;
    struct console_session *sessions;
    unsigned long long posted;
    struct {
        char key[160], message[24];
    } keys[KEYS];
};

/* ---- what the engine says */

static const struct console_session *session_of(const struct console *c, const char *id)
{
    for (const struct console_session *s = c->sessions; s; s = s->next) {
        if (text_equal(s->id, id))
            return s;
    }
    return NULL;
}

/* "7F3K/card" is of 7F3K; replies belong to nobody. */
static void operation_of_key(const char *key, char *to, size_t size)
{
    const char *slash = strchr(key, '/');

    if (slash && !text_starts(key, "reply/"))
        text_copy_n(to, size, key, (size_t)(slash - key));
}

static void hand_over(const struct console *c, const struct chat_send *s, const char *id)
{
    char operation[16] = "";
    const struct console_session *own = session_of(c, s->thread);
    const struct console_message m = {.id = id,
                                      .operation = operation,
                                      .edit = s->kind == CHAT_UPDATE,
                                      .at_ms = clock_world(loop_clock(c->o.loop)),
                                      .card = s->card};
    unsigned heard = 0;

    operation_of_key(s->key, operation, sizeof operation);
    if (own) {
        own->listener.message(own->listener.user, &m);
        return;
    }
    for (const struct console_session *other = c->sessions; other; other = other->next) {
        if (other->stays && text_equal(other->person.user, s->channel)) {
            other->listener.message(other->listener.user, &m);
            heard++;
        }
    }
    if (!heard)
        log_info("console", *operation ? operation : NULL, "no terminal of local:%s hears: %s", s->channel,
                 s->card->title);
}

static void send(struct chat *chat, struct chat_send *s)
{
    struct console *c = (struct console *)chat;

    s->outcome = CHAT_SENT;
    if (s->kind == CHAT_UPDATE) {
        hand_over(c, s, s->message);
    } else {
        TEXT_FORMAT(s->posted, "L%llu", ++c->posted);
        TEXT_COPY(c->keys[c->posted % KEYS].key, s->key);
        TEXT_COPY(c->keys[c->posted % KEYS].message, s->posted);
        hand_over(c, s, s->posted);
    }
    chat_later(c->o.loop, (struct chat_later){.send = s});
}

static void find(struct chat *chat, struct chat_find *f)
{
    struct console *c = (struct console *)chat;

    f->ok = true;
    f->found = false;
    for (size_t i = 0; i < KEYS && !f->found; i++) {
        f->found = text_equal(c->keys[i].key, f->key);
        if (f->found)
            TEXT_COPY(f->message, c->keys[i].message);
    }
    chat_later(c->o.loop, (struct chat_later){.find = f});
}

/* The kernel vouched for them; groups of a chat do not hold here. */
static void lookup(struct chat *chat, struct chat_lookup *l)
{
    struct console *c = (struct console *)chat;

    l->ok = true;
    l->member = MEMBER_FULL;
    TEXT_COPY(l->name, l->user);
    memset(l->in_group, 0, sizeof l->in_group);
    l->as_of_ms = clock_wall(loop_clock(c->o.loop));
    chat_later(c->o.loop, (struct chat_later){.lookup = l});
}

/* There is no such thing. */
static bool link(struct chat *chat, const char *channel, const char *message, char *to, size_t size)
{
    (void)chat;
    (void)channel;
    (void)message;
    text_copy(to, size, "");
    return false;
}

/* ---- what people say */

struct saying {
    struct request_taken taken;
    struct console *console;
    char session[20];
    unsigned long number;
};

static void on_taken(struct request_taken *t, bool ok, const char *text)
{
    struct saying *said = t->user;
    const struct console_session *s = session_of(said->console, said->session);

    if (s)
        s->listener.taken(s->listener.user, said->number, ok, text ? text : "");
    mem_free(said);
}

/* "local/SESSION/NUMBER": a session is unique over all lives of the bot. */
static void submit(struct console_session *s, struct request *r, unsigned long number)
{
    struct console *c = s->console;
    struct saying *said = mem_alloc(sizeof *said);

    s->number = number;
    r->origin_ms = r->received_ms = clock_wall(loop_clock(c->o.loop));
    TEXT_FORMAT(r->delivery, LOCAL_SERVER "/%s/%lu", s->id, number);
    TEXT_COPY(r->who.server, LOCAL_SERVER);
    TEXT_COPY(r->who.user, s->person.user);
    TEXT_COPY(r->who.name, s->person.name);
    TEXT_COPY(r->who.team, s->person.offline ? LOCAL_OFFLINE : "");
    TEXT_COPY(r->place.server, LOCAL_SERVER);
    TEXT_COPY(r->place.channel, s->person.user);
    TEXT_COPY(r->place.channel_name, "the host");
    TEXT_COPY(r->place.thread, s->id);
    said->taken = (struct request_taken){.done = on_taken, .user = said};
    said->console = c;
    TEXT_COPY(said->session, s->id);
    said->number = number;
    c->o.on_request(c->o.user, r, &said->taken);
    mem_free(r);
}

void console_say(struct console_session *s, unsigned long number, const char *text, bool yes)
{
    struct request *r = mem_alloc(sizeof *r);

    r->source = REQUEST_LOCAL;
    r->yes = yes;
    r->text_cut = !TEXT_COPY(r->text, text);
    submit(s, r, number);
}

void console_click(struct console_session *s, unsigned long number, const char *message, const char *action,
                   const char *value)
{
    struct request *r = mem_alloc(sizeof *r);

    r->source = REQUEST_CLICK;
    TEXT_COPY(r->click_action, action);
    TEXT_COPY(r->click_value, value);
    TEXT_COPY(r->click_message, message);
    submit(s, r, number);
}

/* "local/SESSION/NUMBER" */
static bool read_delivery(const char *delivery, char session[20], unsigned long *ret_number)
{
    const char *first = strchr(delivery, '/'), *last = strrchr(delivery, '/');

    if (!first || first == last || !text_copy_n(session, 20, first + 1, (size_t)(last - first - 1)))
        return false;
    *ret_number = 0;
    for (const char *d = last + 1; *d >= '0' && *d <= '9'; d++)
        *ret_number = *ret_number * 10 + (unsigned long)(*d - '0');
    return true;
}

/* Told where it was asked, and where its question was answered. */
void console_settled(struct console *c, const struct request *request, enum settled how,
                     enum operation_state state)
{
    char id[20];
    unsigned long number;

    if (!local_request(request) || !read_delivery(request->delivery, id, &number))
        return;
    const struct console_session *asked = session_of(c, id), *here = session_of(c, request->place.thread);
    if (asked)
        asked->listener.settled(asked->listener.user, number, how, state);
    if (here && here != asked)
        here->listener.settled(here->listener.user, here->number, how, state);
}

/* ---- life */

struct console *console_create(const struct console_options *options)
{
    static const struct chat_ops ops = {.send = send, .find = find, .lookup = lookup, .link = link};
    struct console *c = mem_alloc(sizeof *c);

    c->o = *options;
    c->chat = (struct chat){.ops = &ops, .server = LOCAL_SERVER, .command = LOCAL_COMMAND};
    return c;
}

struct chat *console_chat(struct console *c)
{
    return &c->chat;
}

struct console_session *console_join(struct console *c, const struct console_person *person, bool stays,
                                     const struct console_listener *listener)
{
    struct console_session *s = mem_alloc(sizeof *s);

    s->console = c;
    s->person = *person;
    s->listener = *listener;
    s->stays = stays;
    TEXT_FORMAT(s->id, "%08x%08x", crypto_random_u32(), crypto_random_u32());
    s->next = c->sessions;
    if (s->next)
        s->next->prev = s;
    c->sessions = s;
    return s;
}

void console_leave(struct console_session *s)
{
    if (!s)
        return;
    *(s->prev ? &s->prev->next : &s->console->sessions) = s->next;
    if (s->next)
        s->next->prev = s->prev;
    mem_free(s);
}

void console_destroy(struct console *c)
{
    if (!c)
        return;
    assert(!c->sessions);
    mem_free(c);
}
