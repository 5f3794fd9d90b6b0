#include "door_session.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "chat/console.h"
#include "core/local.h"

struct door_session {
    struct door_session_options o;
    struct console_person person;
    struct console_session *session; /* NULL until it said hello */
    bool knows, stays;
};

/* ---- what it is told */

static void number_buttons(struct card *card, struct door_tell *t)
{
    for (size_t i = 0; i < card->button_count; i++) {
        struct card_button *from = &card->buttons[i];
        struct door_button *b = &t->buttons[t->button_count++];
        char text[sizeof from->text + 8];

        TEXT_COPY(b->text, from->text);
        TEXT_COPY(b->action, from->action);
        TEXT_COPY(b->value, from->value);
        TEXT_COPY(b->dialog, from->danger ? from->dialog_text : "");
        TEXT_FORMAT(text, "%zu: %s", i + 1, b->text);
        TEXT_COPY(from->text, text);
        t->question = t->question || text_equal(b->action, "confirm") || text_equal(b->action, "cancel");
    }
}

static void on_message(void *user, const struct console_message *m)
{
    struct door_session *s = user;
    struct door_tell *t = mem_alloc(sizeof *t);
    struct card *card = mem_alloc(sizeof *card);

    *card = *m->card;
    t->kind = DOOR_TELL_MESSAGE;
    t->edit = m->edit;
    t->at_ms = m->at_ms;
    TEXT_COPY(t->message, m->id);
    TEXT_COPY(t->operation, m->operation);
    number_buttons(card, t);
    char *text = card_text(card, 0);
    t->text = text;
    s->o.tell(s->o.user, t);
    mem_free(text);
    mem_free(card);
    mem_free(t);
}

static void on_taken(void *user, unsigned long number, bool ok, const char *text)
{
    struct door_session *s = user;

    s->o.tell(s->o.user,
              &(struct door_tell){.kind = DOOR_TELL_TAKEN, .number = number, .ok = ok, .text = text});
}

static void on_settled(void *user, unsigned long number, enum settled how, enum operation_state state)
{
    struct door_session *s = user;

    s->o.tell(s->o.user,
              &(struct door_tell){
                  .kind = DOOR_TELL_SETTLED, .number = number, .how = how, .state = state, .text = ""});
}

void door_session_bye(struct door_session *s, const char *text)
{
    s->o.tell(s->o.user, &(struct door_tell){.kind = DOOR_TELL_BYE, .text = text});
}

/* ---- what it asks */

static void over(struct door_session *s, const char *text)
{
    door_session_bye(s, text);
    s->o.over(s->o.user);
}

static void greet(struct door_session *s, const struct door_ask *ask)
{
    struct console_listener listener = {
        .message = on_message, .taken = on_taken, .settled = on_settled, .user = s};
    struct door_tell hello = {
        .kind = DOOR_TELL_HELLO, .protocol = DOOR_PROTOCOL, .knows = s->knows, .text = ""};

    TEXT_COPY(hello.version, CLOUDTAK_VERSION);
    TEXT_COPY(hello.world, s->o.world);
    TEXT_COPY(hello.store, s->o.store);
    door_session_name(s, hello.name, sizeof hello.name);
    if (ask->protocol != DOOR_PROTOCOL) {
        s->o.tell(s->o.user, &hello);
        char text[200];
        TEXT_FORMAT(text,
                    "The bot is version %s and your cloudtak-bot is another one (door %d, yours %d): use the "
                    "program of the same version.",
                    CLOUDTAK_VERSION, DOOR_PROTOCOL, ask->protocol);
        over(s, text);
        return;
    }
    s->stays = ask->stays;
    s->session = console_join(s->o.console, &s->person, s->stays, &listener);
    s->o.tell(s->o.user, &hello); /* the first command may come inside */
}

void door_session_ask(struct door_session *s, const struct door_ask *ask)
{
    if (!s->session && ask->kind != DOOR_ASK_HELLO)
        over(s, "The first line has to say which version it speaks.");
    else if (s->session && ask->kind == DOOR_ASK_HELLO)
        over(s, "This terminal said hello before.");
    else if (ask->kind == DOOR_ASK_HELLO)
        greet(s, ask);
    else if (ask->kind == DOOR_ASK_SAY)
        console_say(s->session, ask->number, ask->text, ask->yes);
    else
        console_click(s->session, ask->number, ask->message, ask->action, ask->value);
}

/* ---- life */

struct door_session *door_session_create(const struct door_session_options *options)
{
    struct door_session *s = mem_alloc(sizeof *s);

    s->o = *options;
    s->knows = door_people_find(options->people, options->uid, &s->person);
    s->person.offline = options->offline;
    return s;
}

bool door_session_open(const struct door_session *s)
{
    return s->session != NULL;
}

bool door_session_stays(const struct door_session *s)
{
    return s->stays;
}

void door_session_name(const struct door_session *s, char *to, size_t size)
{
    text_format(to, size, LOCAL_SERVER ":%s", s->person.user);
}

void door_session_destroy(struct door_session *s)
{
    if (!s)
        return;
    console_leave(s->session);
    mem_free(s);
}
