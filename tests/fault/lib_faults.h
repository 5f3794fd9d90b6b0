#ifndef FAULT_FAULTS_H
#define FAULT_FAULTS_H
/* One fault at the Nth call. Stands between an engine and its store, its ECS and its chat, counts what
 * passes, and spoils one call of a plan. A request stays where its owner embedded it: only its `done` is
 * borrowed. */
#include "core/engine.h"
#include "lib_rig.h"

enum seam { SEAM_STORE = 1, SEAM_ECS = 2, SEAM_CHAT = 4, SEAM_ALL = 7 };

enum fault {
    FAULT_NONE,
    FAULT_STORE,        /* a commit or a question to the store fails; nothing is written */
    FAULT_CHAT_LATER,   /* throttled for two seconds; a look-up fails */
    FAULT_CHAT_LOST,    /* not posted, and nobody can know */
    FAULT_CHAT_UNHEARD, /* posted, and nobody can know */
    FAULT_CHAT_NEVER,   /* refused for good */
    FAULT_LATE,         /* the answer is held back by late_ms */
    FAULT_STALL,        /* the whole process stands still for late_ms: every timer is late */
    FAULT_STOP,         /* the loop stops while the call is outstanding */
    FAULT_STOP_AFTER,   /* … after its answer was given */
};

struct watching;
struct faults {
    struct rig *rig;
    /* the plan */
    unsigned seams; /* which calls count */
    enum fault fault;
    int at; /* the call that is spoilt, from 1; 0 = none */
    int64_t late_ms;
    /* what happened */
    int calls;
    bool hit;
    char what[32]; /* the call that was spoilt */
    /* private */
    struct store store;
    struct ecs ecs;
    struct chat chat;
    struct store *inner_store;
    struct ecs *inner_ecs;
    struct chat *inner_chat;
    struct watching *watching, *seeing;
};

/* To be set as the rig's `between`; the rig's user is the faults. */
void faults_between(struct rig *r, struct engine_options *options, struct chat **chat);

#endif
