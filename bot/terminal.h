#ifndef BOT_TERMINAL_H
#define BOT_TERMINAL_H
/* A person at a terminal: what they type goes to the bot, what the bot tells is printed. `exec` says one
 * command and ends with its status; `console` goes on until it is told to quit. The bot is behind a socket or
 * in this very program: a terminal does not know. */
#include <stdbool.h>

#include "door_wire.h"

struct terminal; /* opaque */

#define TERMINAL_FAILED    1
#define TERMINAL_USAGE     2
#define TERMINAL_REFUSED   3
#define TERMINAL_LEFT      4   /* it goes on, and nobody looks any more */
#define TERMINAL_INTERRUPT 130 /* before anything was begun */

struct terminal_options {
    const char *command; /* exec: what is said; NULL = a console */
    bool yes;            /* exec: answers what a target asks before every change */
    bool answers;        /* exec: somebody can be asked (standard input is a terminal) */
    bool bold, prompts;  /* for people, not for pipes */
    int width;           /* as terminal_view_create's */
    const char *own;     /* likewise */
    const char *store;   /* the bot must keep its memory there; "" = anywhere */
    bool alone;          /* the bot is in this program, and ends with it */
    void (*ask)(void *user, const struct door_ask *ask);
    void (*print)(void *user, const char *text);
    void (*complain)(void *user, const char *text); /* a line for standard error */
    void (*listen)(void *user);                     /* read what is typed from now on */
    void (*finish)(void *user, int status);         /* once; nothing is asked or printed after it */
    void *user;
};

struct terminal *terminal_create(const struct terminal_options *options);
void terminal_destroy(struct terminal *t); /* Accepts NULL. */
void terminal_hello(struct terminal *t);
void terminal_tell(struct terminal *t, const struct door_tell *told);
void terminal_lost(struct terminal *t, const char *why);
void terminal_typed(struct terminal *t, const char *typed);
void terminal_end_of_input(struct terminal *t);
void terminal_interrupt(struct terminal *t);

/* The exit status of design 5.1. */
int terminal_status(enum settled how, enum operation_state state);

#endif
