#ifndef CHAT_CONSOLE_H
#define CHAT_CONSOLE_H
/* A chat of one terminal: cards as text to a file descriptor; edits are printed again when something a person
 * would notice changed. */
#include "core/chat.h"

struct loop;
struct console;

struct console_options {
    struct loop *loop;
    const char *server;                          /* "local" */
    void (*write)(void *user, const char *text); /* whole lines */
    void *user;
    int width; /* columns; 0 = unbounded */
};
struct console *console_create(const struct console_options *options);
struct chat *console_chat(struct console *c);
void console_destroy(struct console *c); /* Accepts NULL. */

#endif
