#include "chat/absent.h"

#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"

#define AGAIN_MS (60 * 1000)
#define WHY      "the daemon, which connects to it, is down"

struct absent {
    struct chat chat; /* first: the engine gets a pointer to it */
    struct loop *loop;
    char server[32], command[40];
};

struct reply {
    struct loop_deferred deferred;
    struct chat_send *send;
    struct chat_find *find;
    struct chat_lookup *lookup;
};

static void run(struct loop_deferred *d)
{
    struct reply r = *(struct reply *)d->user;

    mem_free(d->user);
    if (r.send)
        r.send->done(r.send);
    if (r.find)
        r.find->done(r.find);
    if (r.lookup)
        r.lookup->done(r.lookup);
}

static void reply_later(struct chat *chat, struct reply r)
{
    struct reply *kept = mem_alloc(sizeof *kept);

    *kept = r;
    kept->deferred = (struct loop_deferred){.run = run, .user = kept};
    loop_defer(((struct absent *)chat)->loop, &kept->deferred);
}

static void send(struct chat *chat, struct chat_send *s)
{
    s->outcome = CHAT_LATER;
    s->retry_ms = AGAIN_MS;
    err_set(&s->err, ERR_UNREACHABLE, WHY);
    reply_later(chat, (struct reply){.send = s});
}

static void find(struct chat *chat, struct chat_find *f)
{
    f->ok = false;
    f->retry_ms = AGAIN_MS;
    err_set(&f->err, ERR_UNREACHABLE, WHY);
    reply_later(chat, (struct reply){.find = f});
}

static void lookup(struct chat *chat, struct chat_lookup *l)
{
    l->ok = false;
    err_set(&l->err, ERR_UNREACHABLE, WHY);
    reply_later(chat, (struct reply){.lookup = l});
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

struct absent *absent_create(struct loop *loop, const char *server, const char *command)
{
    static const struct chat_ops ops = {.send = send, .find = find, .lookup = lookup, .link = link};
    struct absent *a = mem_alloc(sizeof *a);

    a->loop = loop;
    TEXT_COPY(a->server, server);
    TEXT_COPY(a->command, command);
    a->chat = (struct chat){.ops = &ops, .server = a->server, .command = a->command};
    return a;
}

struct chat *absent_chat(struct absent *a)
{
    return &a->chat;
}

void absent_destroy(struct absent *a)
{
    mem_free(a);
}
