#ifndef CORE_ACT_H
#define CORE_ACT_H
/* What the kinds of change differ in. The machine is one (restart_*.c): check, ask, card, arm, send, follow,
 * tell. A kind is a const row of words and functions, found by the verb of the operation's row; what it keeps
 * of itself is in op->kind.
 *
 * A new kind: act_NAME.c with its row, its line in act.c, and a command file that calls engine_change. */
#include <jansson.h>
#include <stdbool.h>

#include "act_count.h"
#include "all.h"
#include "core/config.h"
#include "core/restart.h"
#include "progress.h"

struct operation;
struct parsed;
struct preflight;
struct preflight_facts;

/* What users notice of it on this service. */
enum impact {
    IMPACT_NONE,
    IMPACT_ROLLING,  /* old tasks serve until new ones do */
    IMPACT_DROPS,    /* connections or imports end, and users are served again at once */
    IMPACT_DOWNTIME, /* users are cut off: it always asks, also about what could not be checked */
};

/* What its checks read beyond the common facts (struct preflight_facts: snapshot, previous, scaling). */
#define ACT_TASKS    (1U << 0)
#define ACT_PREVIOUS (1U << 1)
#define ACT_SCALING  (1U << 2)
#define ACT_SIBLINGS (1U << 3) /* the images of the target's other services */
#define ACT_ROLLOUT                                                                                          \
    (1U << 4) /* not of the checks: after a lost answer, what becomes of PRIMARY's rollout                   \
               */

struct act {
    const char *verb; /* of its row and of its command: "restart" */
    struct progress_words words;
    unsigned needs;
    bool deploys; /* it begins a deployment: who follows another one sees that by himself */
    /* Its calls have their effect once, however often they are sent: what was recorded is sent again after a
     * lost answer or a crash, for as long as it is wanted. Otherwise nothing is sent again by itself. */
    bool repeats;
    enum impact (*impact)(const struct config_service *s);
    const char *(*cost)(const struct config_service *s); /* what users notice when it goes well */

    /* The words of the request that are its own, before anything is read. False: err refuses. NULL = none. */
    bool (*begin)(struct operation *op, const struct parsed *parsed, struct err *err);
    /* CHECKING: its own findings, between those that every kind has; and what it keeps of the facts, which
     * are read again at the answer. */
    void (*grade)(struct operation *op, const struct preflight_facts *f, struct preflight *p);
    /* Its lines of the question, between what is asked and where; also which users are served. NULL = that is
     * told by the counts. */
    void (*question)(const struct operation *op, struct card *c);
    /* ARMING: what is sent, for the audit: "UpdateService forceNewDeployment". */
    void (*describe)(const struct operation *op, char *to, size_t size);
    /* SENDING: the calls, then one of act_done, act_unknown, act_refused or restart_end; not inside. */
    void (*send)(struct operation *op);
    /* SEARCHING, DOUBT, and before it is sent again: does this look show that it was carried out? Then the
     * goal to follow. Never called for one that could not be read. */
    bool (*found)(struct operation *op, const struct snapshot *s, struct follow_goal *ret);
    /* DOUBT: its lines of the question whether it is sent again. NULL = none. */
    void (*doubt)(const struct operation *op, struct card *c);
    /* A part of it was carried out and nothing more will be: the goal to follow. NULL = there are no parts.
     */
    bool (*partly)(const struct operation *op, struct follow_goal *ret);
    /* A step that changes the state (op->before -> op->state): what has to be remembered elsewhere goes into
     * the same transaction; called again when the step is tried again. moved: it is on disk. NULL = nothing.
     */
    void (*moves)(struct operation *op, struct store_txn *t);
    void (*moved)(struct operation *op);
    /* op->kind in the row's detail. NULL = nothing. load gets NULL when there is none. */
    json_t *(*save)(const struct operation *op);
    void (*load)(struct operation *op, const json_t *saved);
};

/* The row of a verb; NULL when there is no such kind. A `follow` is a restart that somebody else began. */
const struct act *act_of(const char *verb);

/* ---- how send ends */
/* Done: this is followed. The spans and the beginning are filled in here. */
void act_done(struct operation *op, const struct follow_goal *goal);
/* It may or may not have been carried out. */
void act_unknown(struct operation *op);
/* AWS refused it, in these words: nothing was changed by it. */
void act_refused(struct operation *op, const char *words);

#endif
