#ifndef BOT_DOOR_PEOPLE_H
#define BOT_DOOR_PEOPLE_H
/* Whom the configuration names local:NAME, as accounts of this host. Looked up once, at the start: the
 * directory that knows accounts may be slow, and nobody waits for it later. */
#include <stdbool.h>
#include <stddef.h>

#include "chat/console.h"
#include "core/config.h"

#define DOOR_PEOPLE 256

struct door_people {
    size_t count;
    struct {
        unsigned uid;
        char user[64], name[80];
    } list[DOOR_PEOPLE];
};

/* uid_of: of an account's name; false when this host has none. Names without an account are logged. A number
 * stands for the account with it. root is never one of them. */
void door_people_read(const struct config *c, bool (*uid_of)(const char *name, unsigned *ret),
                      struct door_people *ret);
/* getpwnam, as a parameter. */
bool door_people_account(const char *name, unsigned *ret);
/* Whoever it is: one that the configuration does not name may only look. Returns whether it does. */
bool door_people_find(const struct door_people *people, unsigned uid, struct console_person *ret);

#endif
