#ifndef CORE_QUESTION_H
#define CORE_QUESTION_H
/* Open questions, who answers them, and the locks that make them be asked.
 *
 *   question_key.c   what opens one: nonce and code. Pure
 *   question.c       what every question has: key, time, buttons, what it was asked under
 *   restart_ask.c    the one before a change; restart_doubt.c the one after a lost answer
 *   engine_click.c   an answer; engine_answer.c the same, typed
 *   lock.c           locks as data and as sentences. Pure; engine_lock.c the commands and the freeze */
#include "core/authz.h"
#include "lock.h"
#include "preflight.h"
#include "question_key.h"
#include "store/store.h"

struct call;
struct engine;
struct loop_timer;
struct operation;

struct question {
    struct question_key key;      /* digest "" = none is open */
    int tries;                    /* wrong codes so far */
    char code[QUESTION_CODE];     /* what people type; of this life of the bot, never in the store */
    char lock[LOCK_STAMP];        /* what it was asked under: the target's lock, … */
    char service[ECS_NAME * 2];   /* … the service as ECS named it … */
    uint64_t generation;          /* … and the configuration */
    int64_t asked_ms, expires_ms; /* wall */
    int64_t expires_boot_ms;      /* boot, of this life of the bot */
    bool open;                    /* its message id is stored */
    bool used;
    char answered_by[100];
    int64_t answered_ms;
    struct preflight asked; /* what it was asked about */
};

/* An answer to an open question. */
enum answer { ANSWER_CONFIRM, ANSWER_DECLINE, ANSWER_CANCEL };

struct answering {
    enum answer what;
    char id[STORE_ID]; /* of the operation that asks */
    char digest[65];   /* of the question that is meant: another one is not */
};

#define ENGINE_LOCK_ASKS 16 /* open questions about locks; the oldest gives way */
#define ENGINE_PAST      64 /* questions that are over, kept for who answers them too late */

/* A question whose operation is gone. */
struct past_question {
    char id[STORE_ID], by[100]; /* of the operation; who answered it, "" = nobody */
    int64_t at_ms;              /* wall: … and when; else when it expired */
    bool confirmed;
    enum operation_state state;                              /* that it ended in */
    char server[32], channel[64], question[64], outcome[64]; /* the messages' ids */
    char again[300];                                         /* the command that asks once more */
    int refused_answers;
};

/* May somebody else's lock be taken over, or given back? Not kept in the store: ask again. */
struct lock_question {
    struct question_key key; /* digest "" = this place is free */
    char target[CONFIG_NAME];
    struct request by;
    bool takes; /* else it is given back */
    char reason[LOCK_REASON], stamp[LOCK_STAMP];
    int64_t asked_ms, expires_ms, expires_boot_ms;
    int tries;
};

/* ---- answers (engine_click.c) */
/* The question of c->answering is answered. */
void question_answer(struct call *c);
/* The call is over; of a command that runs, too. */
void call_end(struct call *c);
/* Its command runs: the close waits for the end / it waits for the platform, and the close does not. */
void call_run(struct call *c);
void call_wait(struct call *c);
/* An answer that does nothing: told privately, in the question's thread and in the audit; the call is over.
 * operation: whose question, "" = none that is known. */
#define CALL_REFUSED "⛔ Not done; nothing was changed."
#define CALL_LATE    "⌛ Not done; nothing was changed."
void call_not(struct call *c, const char *operation, const char *title, const char *text);

bool question_is_in(const struct operation *op, const struct place *place);
/* May this person confirm it, as far as who they are decides that? */
bool question_is_for(const struct operation *op, const struct request *r);
/* The operation leaves; who answers later is told how it ended. */
void question_remember(const struct operation *op);

/* ---- locks and the freeze (engine_lock.c) */
/* A confirmed change on a target that somebody else has locked. */
void engine_lock_over(struct engine *e, const struct config_target *t, const struct request *by,
                      const char *because);
struct lock_question *engine_lock_question(struct engine *e, const char *nonce, const char *code);
void engine_lock_answer(struct call *c, struct lock_question *q, enum answer what);
/* A wrong code is counted: how many more are borne. */
int engine_lock_wrong(struct engine *e, const char *code, const struct request *by);
/* From the store. */
void engine_load_locks(struct engine *e, const struct store_loaded *l);
/* Is every change refused now? Then why, and who can lift it. */
bool engine_frozen(const struct engine *e, char *to, size_t size);

/* ---- a question (question.c, restart_ask.c) */
/* A question begins: its nonce, its time, its message's number. */
#define RESTART_NONCE  QUESTION_NONCE
#define RESTART_SUFFIX 24
#define QUESTION_TYPE  "or type: "
void restart_question_begin(struct operation *op, char nonce[RESTART_NONCE]);
/* False: nobody could ever confirm it, for this reason. */
bool question_can_be_answered(const struct operation *op, char *to, size_t size);
/* CHECKING: somebody else has locked the target, so it asks. */
void question_lock_asks(struct operation *op);
/* What voids an answer: the facts of the preflight, the lock, the configuration, the service. NULL = nothing.
 */
const char *question_differs(const struct operation *op);
void question_take_lock(struct operation *op);
/* A new key for an open question, in its message too. */
void question_renew(struct operation *op, struct store_txn *t);
/* Looks at the wall clock: set back, every open question is void. t: the mark is written; may be NULL. */
void question_clock(struct engine *e, struct store_txn *t);
void question_load_clock(struct engine *e, const struct store_loaded *l);
void restart_question_buttons(const struct operation *op, const char *nonce, const char *no, const char *yes,
                              const char *dialog, struct card *card);
void restart_question_suffix(const struct operation *op, char *to, size_t size); /* "ask", "ask/2" */
bool restart_question_waits(const struct operation *op);                         /* for an answer */
bool restart_question_over(const struct operation *op);                          /* its time, by any clock */
void restart_question_expires(struct operation *op, void (*expired)(struct loop_timer *t));
/* A button of the open question was pressed, by somebody who may. */
void restart_confirm(struct operation *op, const struct request *by);
void restart_cancel(struct operation *op, const struct request *by);
void restart_decline(struct operation *op, const struct request *by);
/* A wrong code was typed: that is written down; with the last one, the question is closed. */
void restart_keep_tries(struct operation *op);
void restart_close_tries(struct operation *op, const struct request *by);
/* The bot was restarted: an open question is shown again, with a new key. */
void restart_ask_again(struct operation *op);

#endif
