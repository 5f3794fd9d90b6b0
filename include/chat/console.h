#ifndef CHAT_CONSOLE_H
#define CHAT_CONSOLE_H
/* The chat "local": people at terminals of this host. A session is one terminal; its person's name is the
 * channel, the session the thread. What belongs to a session that is gone goes to the other ones of its
 * person that stay (consoles), else to nobody: the operation goes on and is told in its target's channel. */
#include <stdbool.h>

#include "core/chat.h"
#include "core/engine.h"

struct console;         /* opaque */
struct console_session; /* opaque */
struct loop;

struct console_options {
    struct loop *loop;
    void (*on_request)(void *user, const struct request *request, struct request_taken *taken);
    void *user;
};

struct console_message {
    const char *id, *operation; /* operation "" = of none */
    bool edit;
    int64_t at_ms; /* world */
    const struct card *card;
};
/* Valid during the call only; a listener may not leave inside. */
struct console_listener {
    void (*message)(void *user, const struct console_message *m);
    /* number: what console_say or console_click was given. */
    void (*taken)(void *user, unsigned long number, bool ok, const char *text);
    void (*settled)(void *user, unsigned long number, enum settled how, enum operation_state state);
    void *user;
};
struct console_person {
    char user[64], name[80]; /* local:USER; how cards call them */
    bool offline;            /* no daemon ran: the program does it by itself */
};

struct console *console_create(const struct console_options *options);
struct chat *console_chat(struct console *c);
/* A terminal. stays: it also hears what its person's other sessions left behind. */
struct console_session *console_join(struct console *c, const struct console_person *person, bool stays,
                                     const struct console_listener *listener);
void console_leave(struct console_session *s); /* Accepts NULL. */
void console_say(struct console_session *s, unsigned long number, const char *text, bool yes);
void console_click(struct console_session *s, unsigned long number, const char *message, const char *action,
                   const char *value);
/* From the engine: a request of one of the sessions, or of any other platform, had its last word. */
void console_settled(struct console *c, const struct request *request, enum settled how,
                     enum operation_state state);
/* After every session left and the engine was closed. Accepts NULL. */
void console_destroy(struct console *c);

#endif
