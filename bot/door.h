#ifndef BOT_DOOR_H
#define BOT_DOOR_H
/* The daemon's second door: a Unix socket for `cloudtak-bot exec` and `console`. The kernel says whose uid
 * comes in. */
#include <stdbool.h>

#include "base/err.h"

struct config;
struct console;
struct door; /* opaque */
struct loop;

#define DOOR_CONNECTIONS 8

struct door_options {
    struct loop *loop;
    const struct config *config;
    struct console *console;
    const char *world;
};
struct door_figures {
    unsigned open;             /* terminals that said hello */
    unsigned long long opened; /* ever */
    unsigned long long broken; /* ended by us: lines that are none, too long, unread, silent */
};

/* NULL with err when its socket cannot be made; *ret_wanted: the configuration asks for it, so that the bot
 * must not go without. */
struct door *door_create(const struct door_options *options, bool *ret_wanted, struct err *err);
void door_read_figures(const struct door *d, struct door_figures *ret);
const char *door_path(const struct door *d);
/* Terminals are told. on_closed once, maybe inside. Accepts NULL. */
void door_close(struct door *d, void (*on_closed)(void *user), void *user);

#endif
