#ifndef COMMANDS_READING_H
#define COMMANDS_READING_H
/* A command that asks AWS, several questions at once or one after the other, and answers within seconds
 * whoever is silent.
 *
 *   reading_begin -> reading_owe before each request, reading_came at the end of its callback
 *   -> nothing is owed any more, or the deadline: tell writes the card, and it goes out
 *   -> nothing is owed any more: over frees it
 *
 * A callback that comes after the answer (r->told) asks nothing more. */
#include "core/card.h"
#include "core/command.h"
#include "ecs/ecs.h"

#define READING_MS      8000 /* until the answer */
#define READING_LOOK_MS 7500 /* a look that is cut then still shows what it has */

struct reading {
    struct command_call *call;
    struct card card;
    unsigned waiting;
    bool told;
    struct command_deadline deadline;
    void (*tell)(struct reading *r);
    void (*over)(struct reading *r);
};

/* tell and over are set before. */
void reading_begin(struct reading *r, struct command_call *call, int64_t ms);
void reading_owe(struct reading *r);
void reading_came(struct reading *r);

/* ---- one look at the call's service, kept: what most of them begin with */
struct reading_look {
    struct reading reading; /* first member */
    struct ecs_look look;
    struct snapshot *seen; /* NULL = it did not come in time */
    /* it came, in time: ask for more. NULL = no */
    void (*more)(struct reading_look *r);
};

/* r->look's with_… and r->reading's tell and over are set before. */
void reading_look_begin(struct reading_look *r, struct command_call *call, int64_t look_ms);
/* The whole command where one look with tasks and targets is all it reads: tell gets a struct reading_look.
 */
void reading_look_only(struct command_call *call, void (*tell)(struct reading *r));
/* Writes title and place; false when there is nothing to tell but why: that is written. what: "Tasks of ". */
bool reading_look_tell(struct reading_look *r, const char *what);
int64_t reading_look_now(const struct reading_look *r); /* world */

#endif
