#include "chat/absent.h"

#include "base/mem.h"
#include "base/text.h"
#include "later.h"

#define AGAIN_MS (60 * 1000)
#define WHY      "the daemon, which connects to it, is down"

struct absent {
    struct chat chat; /* first: the engine gets a pointer to it */
    struct loop *loop;
    char server[32], command[40];
};

static void send(struct chat *chat, struct chat_send *s)
{
    s->outcome = CHAT_LATER;
    s->retry_ms = AGAIN_MS;
    err_set(&s->err, ERR_UNREACHABLE, WHY);
    chat_later(((struct absent *)chat)->loop, (struct chat_later){.send = s});
}

static void find(struct chat *chat, struct chat_find *f)
{
    f->ok = false;
    f->retry_ms = AGAIN_MS;
    err_set(&f->err, ERR_UNREACHABLE, WHY);
    chat_later(((struct absent *)chat)->loop, (struct chat_later){.find = f});
}

static void lookup(struct chat *chat, struct chat_lookup *l)
{
    l->ok = false;
    err_set(&l->err, ERR_UNREACHABLE, WHY);
    chat_later(((struct absent *)chat)->loop, (struct chat_later){.lookup = l});
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
