#ifndef CORE_ALL_H
#define CORE_ALL_H
/* `restart all`: an operation above those of the services. */
#include "core/config.h"
#include "core/operation.h"

struct card;
struct operation;

/* What it knows of its children; found out anew at each start of the bot. */
struct act_all {
    size_t at; /* whose turn it is */
    char ids[CONFIG_SERVICES][STORE_ID];
    bool ended[CONFIG_SERVICES];
    enum operation_state ends[CONFIG_SERVICES];
    int64_t done_ms; /* wall: when the one before was done; 0 = there was none */
    bool stale;      /* the bot was away for long: the next one asks */
};

bool all_is(const struct operation *op);
void all_begin(struct operation *op);
void all_check(struct operation *op); /* CHECKING */
void all_question(const struct operation *op, struct card *c);
/* Of a child: the reasons that the one question has answered (enum preflight_reason). */
unsigned all_granted(const struct operation *op);
/* Its verdict was told. */
void all_child_settled(struct operation *child);
/* True: it is one of these, and goes on. */
bool all_resume(struct operation *op);

#endif
