#ifndef BOT_EXEC_ALONE_H
#define BOT_EXEC_ALONE_H
/* The bot inside the terminal's own program, because no daemon runs: its store is free. */
#include <stdbool.h>

#include "base/err.h"
#include "door_wire.h"

struct config;
struct exec_alone; /* opaque */
struct loop;

struct exec_alone_options {
    struct loop *loop;
    struct config *config;
    void (*tell)(void *user, const struct door_tell *tell);
    void (*ready)(void *user);                 /* it hears from now on: once */
    void (*lost)(void *user, const char *why); /* it cannot go on: once */
    void *user;
};

/* NULL with err: whose store it is, who holds it, what is there instead. */
struct exec_alone *exec_alone_create(const struct exec_alone_options *options, struct err *err);
void exec_alone_ask(struct exec_alone *a, const struct door_ask *ask);
/* on_closed once; frees. Not inside tell. */
void exec_alone_close(struct exec_alone *a, void (*on_closed)(void *user), void *user);

/* Whose login this is: what the kernel remembers of it outlives sudo; else the account itself. */
unsigned exec_alone_uid(void);

#endif
