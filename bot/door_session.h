#ifndef BOT_DOOR_SESSION_H
#define BOT_DOOR_SESSION_H
/* One terminal, as the bot sees it: what it asks becomes requests, messages become what it is told. The same
 * behind the daemon's socket and inside a program that runs by itself. */
#include <stdbool.h>

#include "door_people.h"
#include "door_wire.h"

struct console;
struct door_session; /* opaque */

struct door_session_options {
    struct console *console;
    const struct door_people *people;
    unsigned uid;
    const char *world, *store;
    bool offline; /* nobody but this program runs */
    /* What is told is valid during the call; a session may not be destroyed inside. */
    void (*tell)(void *user, const struct door_tell *tell);
    /* It said something that ends it: told already. */
    void (*over)(void *user);
    void *user;
};

struct door_session *door_session_create(const struct door_session_options *options);
void door_session_ask(struct door_session *s, const struct door_ask *ask);
/* It said hello, and hears messages. */
bool door_session_open(const struct door_session *s);
bool door_session_stays(const struct door_session *s);
/* "local:ana", for logs. */
void door_session_name(const struct door_session *s, char *to, size_t size);
void door_session_bye(struct door_session *s, const char *text);
void door_session_destroy(struct door_session *s); /* Accepts NULL. */

#endif
