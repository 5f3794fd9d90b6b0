#include "lib_chat.h"

#include <string.h>

#include "lib/check.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

/* An answer on its way. */
struct pending {
    struct loop_timer timer;
    struct chat_door *door;
    struct chat_send *send;
    struct chat_find *find;
    struct chat_lookup *lookup;
};

static void deliver(struct loop_timer *t)
{
    struct pending *p = t->user;
    const struct pending copy = *p;
    mem_free(p);
    if (copy.door->shut) {
        return;
    }
    if (copy.send != NULL) {
        copy.send->done(copy.send);
    } else if (copy.find != NULL) {
        copy.find->done(copy.find);
    } else {
        copy.lookup->done(copy.lookup);
    }
}

static void answer(struct chat_door *door, const struct pending *what)
{
    struct pending *p = mem_alloc(sizeof(*p));
    *p = *what;
    p->door = door;
    p->timer = (struct loop_timer){.fire = deliver, .user = p};
    loop_timer_start(door->fake->loop, &p->timer, door->fake->delay_ms);
}

static struct chat_message *post(struct fake_chat *c, const struct chat_send *s)
{
    assert_true(c->count < CHAT_MESSAGES);
    struct chat_message *m = &c->messages[c->count++];
    TEXT_FORMAT(m->id, "m%zu", c->count);
    TEXT_COPY(m->key, s->key);
    TEXT_COPY(m->channel, s->channel);
    TEXT_COPY(m->thread, s->thread);
    TEXT_COPY(m->private_to, s->kind == CHAT_PRIVATE ? s->private_to : "");
    TEXT_COPY(m->first, s->card->title);
    m->posted_ms = clock_wall(loop_clock(c->loop));
    m->card = *s->card;
    return m;
}

static void edit(struct fake_chat *c, const struct chat_send *s)
{
    const int64_t now = clock_wall(loop_clock(c->loop));
    for (size_t i = 0; i < c->count; i++) {
        struct chat_message *m = &c->messages[i];
        if (strcmp(m->id, s->message) == 0) {
            if (m->edits > 0 && now - m->edited_ms < c->fastest_edit_ms) {
                c->fastest_edit_ms = (int)(now - m->edited_ms);
            }
            m->edits++;
            m->edited_ms = now;
            m->card = *s->card;
            return;
        }
    }
    fail_msg("edit of an unknown message %s", s->message);
}

static bool use(int *count)
{
    return *count > 0 && (*count)-- > 0;
}

static void send(struct chat *chat, struct chat_send *s)
{
    struct chat_door *door = (struct chat_door *)chat;
    struct fake_chat *c = door->fake;
    if (door->shut) {
        return;
    }
    s->outcome = CHAT_SENT;
    if (use(&c->throttle)) {
        s->outcome = CHAT_LATER;
        s->retry_ms = 2000;
    } else if (use(&c->never)) {
        s->outcome = CHAT_NEVER;
        err_set(&s->err, ERR_REMOTE, "channel is archived");
    } else if (s->kind == CHAT_UPDATE) {
        edit(c, s);
    } else if (use(&c->lose_before)) {
        s->outcome = CHAT_UNKNOWN;
    } else {
        TEXT_COPY(s->posted, post(c, s)->id);
        s->outcome = use(&c->lose) ? CHAT_UNKNOWN : CHAT_SENT;
    }
    answer(door, &(struct pending){.send = s});
}

static void find(struct chat *chat, struct chat_find *f)
{
    struct chat_door *door = (struct chat_door *)chat;
    if (door->shut) {
        return;
    }
    door->fake->finds++;
    f->ok = true;
    f->found = false;
    for (size_t i = 0; i < door->fake->count; i++) {
        if (strcmp(door->fake->messages[i].key, f->key) == 0) {
            f->found = true;
            TEXT_COPY(f->message, door->fake->messages[i].id);
        }
    }
    answer(door, &(struct pending){.find = f});
}

static void lookup(struct chat *chat, struct chat_lookup *l)
{
    struct chat_door *door = (struct chat_door *)chat;
    if (door->shut) {
        return;
    }
    door->fake->lookups++;
    l->ok = door->fake->member != MEMBER_UNKNOWN;
    l->member = door->fake->member;
    l->as_of_ms = clock_wall(loop_clock(door->fake->loop));
    if (!l->ok) {
        err_set(&l->err, ERR_UNREACHABLE, "the directory does not answer");
    }
    answer(door, &(struct pending){.lookup = l});
}

static bool link(struct chat *chat, const char *channel, const char *message, char *to, size_t size)
{
    (void)chat;
    return text_format(to, size, "https://chat.example.org/%s/%s", channel, message);
}

void fake_chat_init(struct fake_chat *c, struct loop *loop)
{
    c->loop = loop;
    c->member = MEMBER_FULL;
    c->fastest_edit_ms = 1000000;
}

void chat_door_init(struct chat_door *d, struct fake_chat *c)
{
    static const struct chat_ops ops = {.send = send, .find = find, .lookup = lookup, .link = link};
    *d = (struct chat_door){.chat = {.ops = &ops, .server = "slack", .command = "/cloudtak"}, .fake = c};
}

struct chat_message *fake_chat_by_key(struct fake_chat *c, const char *key_end)
{
    for (size_t i = 0; i < c->count; i++) {
        if (text_ends(c->messages[i].key, key_end)) {
            return &c->messages[i];
        }
    }
    return NULL;
}

size_t fake_chat_said(const struct fake_chat *c, const char *words)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        count += strstr(c->messages[i].first, words) != NULL ? 1 : 0;
    }
    return count;
}

struct chat_message *fake_chat_first(struct fake_chat *c, const char *words)
{
    for (size_t i = 0; i < c->count; i++) {
        if (strstr(c->messages[i].first, words) != NULL) {
            return &c->messages[i];
        }
    }
    return NULL;
}

bool card_says(const struct card *card, const char *words)
{
    char *text = card_text(card, 0);
    const bool says = strstr(text, words) != NULL;
    mem_free(text);
    return says;
}
