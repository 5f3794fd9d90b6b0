#ifndef BOT_DOOR_WIRE_H
#define BOT_DOOR_WIRE_H
/* What goes over the door's socket: one JSON object a line. Either side begins with a line that says which
 * version it speaks. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/card.h"
#include "core/config.h"
#include "core/engine.h"
#include "core/request.h"

#define DOOR_PROTOCOL 1

/* ---- from the terminal */
enum door_ask_kind { DOOR_ASK_HELLO, DOOR_ASK_SAY, DOOR_ASK_CLICK };
struct door_ask {
    enum door_ask_kind kind;
    int protocol;         /* HELLO */
    bool stays;           /* HELLO: a console; it also hears what nobody else of its person hears any more */
    unsigned long number; /* SAY, CLICK: the terminal's own; comes back in TAKEN and SETTLED */
    bool yes;             /* SAY: answers what is asked before every change, and no other question */
    char text[REQUEST_TEXT];
    char message[64], action[64], value[420]; /* CLICK */
};

/* ---- to the terminal */
enum door_tell_kind {
    DOOR_TELL_HELLO,
    DOOR_TELL_MESSAGE,
    DOOR_TELL_TAKEN,
    DOOR_TELL_SETTLED,
    DOOR_TELL_BYE,
};
struct door_button {
    char text[60], action[60], value[400];
    char dialog[300]; /* what has to be agreed to once more; "" = nothing */
};
struct door_tell {
    enum door_tell_kind kind;
    /* HELLO */
    int protocol;
    char version[32], world[32], name[80], store[CONFIG_URL];
    bool knows; /* the configuration names this person: they may do more than look */
    /* MESSAGE */
    char message[64], operation[16]; /* "" = of no operation */
    bool edit, question;             /* question: it waits for one of its buttons */
    int64_t at_ms;
    const char *text; /* borrowed from what was read, or the caller's */
    size_t button_count;
    struct door_button buttons[CARD_BUTTONS];
    /* TAKEN, SETTLED */
    unsigned long number;
    bool ok; /* TAKEN; not: text says why */
    enum settled how;
    enum operation_state state;
};

/* Text; the caller mem_frees. */
char *door_write_ask(const struct door_ask *ask);
char *door_write_tell(const struct door_tell *tell);
/* False with err: no line of this protocol; nothing of the line is quoted. ret->text of what was told is
 * *ret_keep's, until door_tell_forget. */
bool door_read_ask(const char *line, size_t len, struct door_ask *ret, struct err *err);
bool door_read_tell(const char *line, size_t len, struct door_tell *ret, void **ret_keep, struct err *err);
void door_tell_forget(void *keep);

#endif
