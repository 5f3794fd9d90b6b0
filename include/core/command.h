#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H
/* A command is one file in commands/ with a const row. Parser, help and authorisation read the row; app hands
 * the table to the engine. */
#include <stdbool.h>
#include <stddef.h>

#include "core/card.h"
#include "core/config.h"
#include "core/request.h"
#include "loop/loop.h"

struct command_call;

enum right { RIGHT_NONE, RIGHT_VIEW, RIGHT_LOGS, RIGHT_RESTART, RIGHT_DOWNTIME };
const char *right_word(enum right r); /* "none", "view", "logs", "restart", "downtime" */

enum command_needs {
    NEEDS_NOTHING,
    NEEDS_TARGET,
    NEEDS_SERVICE /* target and an optional service key */,
    NEEDS_SERVICE_OR_ALL
};

#define COMMAND_EXTRA    (1u << 0) /* words beyond target and service are allowed: parsed.extra */
#define COMMAND_REASON   (1u << 1) /* --reason TEXT is allowed */
#define COMMAND_OPTIONAL (1u << 2) /* the target may be missing */
#define COMMAND_SHARED                                                                                       \
    (1u << 3) /* a read whose answer is the same for all: equal questions within 2 s share one */

#define COMMAND_RECORDED                                                                                     \
    (1u << 4) /* it changes nothing, but begins an operation: committed before it is acked */

#define COMMAND_BREAK_GLASS                                                                                  \
    (1u << 5) /* --break-glass REASON is allowed: a check that says so may be overridden */
#define COMMAND_STEP                                                                                         \
    (1u                                                                                                      \
     << 6) /* one step of its own, without an operation: what it is about is committed before it is acked */

struct command {
    const char *name;
    const char *usage;   /* "restart TARGET [SERVICE|all] [--reason TEXT]" */
    const char *summary; /* one line for help */
    const char *detail;  /* `help NAME`: what it does, what it costs users, an example */
    enum right right;
    enum command_needs needs;
    unsigned flags;
    bool changes; /* committed before it is acked; refused when older than 60 s */
    /* Runs after parsing and authorisation. Must end in exactly one of command_reply, command_refuse,
     * command_started; may wait (async) before. */
    void (*run)(struct command_call *call);
};

/* Is it committed before it is acked? */
static inline bool command_is_recorded(const struct command *c)
{
    return c->changes || (c->flags & (COMMAND_RECORDED | COMMAND_STEP)) != 0;
}
/* Does an operation of its own begin with it? */
static inline bool command_begins(const struct command *c)
{
    return command_is_recorded(c) && (c->flags & COMMAND_STEP) == 0;
}

/* What the parser made of a text. */
struct parsed {
    const struct command *command;
    const struct config_target *target;   /* NULL when the command needs none */
    const struct config_service *service; /* the named or the default one; NULL with all */
    bool service_named, all;
    char reason[300];
    char break_glass[300]; /* its reason; "" = not asked for */
    char extra[300];       /* leftover words of COMMAND_EXTRA */
};

/* Folds typographic dashes, quotes and spaces, splits words, finds command, target (longest match of 1 to 4
 * words), service, options. On failure err is the sentence for the user, with "did you mean". An empty text
 * is `help`. Pure. */
bool parse_request(const struct command *const *table, const struct config *config, const char *text,
                   struct parsed *ret, struct err *err);

/* ---- what a running command sees */
struct ecs;
struct engine;
struct probe;
struct command_call {
    struct engine *engine;
    const struct config *config;
    const char *word; /* how people call us where they asked: "/cloudtak"; stands before every command they
                         may copy */
    const struct command *const *table; /* NULL-terminated */
    struct ecs *ecs;
    struct probe *probe; /* NULL = none */
    struct parsed parsed;
    struct request request;
    int64_t now_ms; /* wall at start */
    void *state;    /* the command's own, freed by it before it ends */
};

/* Which operation of ours began this deployment of the call's service? done comes once, never inside; call
 * stays until then. */
struct command_origin {
    char deployment_id[64];
    void (*done)(struct command_origin *r);
    void *user;
    bool ok;                             /* our own memory could be read */
    char operation[16], who[100];        /* "7F3K", "@ana"; "" = begun outside this bot */
    char follower[16], followed_by[100]; /* one that follows it, and did not begin it; "" */
    void *private_;
};
void command_origin(struct command_call *call, struct command_origin *r);

/* What was done: the newest operations, newest first. done comes once, never inside; call stays until then.
 */
struct store_operation;
struct store_timeline;
struct command_past {
    const struct config_target *target; /* the call's own; NULL = of all that the asker may view */
    size_t most;
    void (*done)(struct command_past *r);
    void *user;
    bool ok;
    struct err err;
    size_t count;
    const struct store_operation *const *rows; /* valid inside done */
    bool hidden;                               /* there are some of targets that the asker may not view */
    size_t altered;                            /* left out: somebody else changed their rows */
};
void command_past(struct command_call *call, struct command_past *r);

/* The audit records of one operation, if the asker may view its target. */
struct command_records {
    char operation[16];
    void (*done)(struct command_records *r);
    void *user;
    char refusal[500];                     /* the asker may not; "" = may */
    const struct store_timeline *timeline; /* refusal "": what the store answered; valid inside done */
};
void command_records(struct command_call *call, struct command_records *r);

/* What of ours is not over on the call's service, at once: who acts there now. */
struct command_now {
    char operation[16], verb[24], who[100], state[24]; /* "7F3K", "restart", "@ana", "following" */
    int64_t asked_ms;                                  /* world */
};
size_t command_now(const struct command_call *call, struct command_now *ret, size_t most);

/* An answer must come within seconds, whoever is silent: fire comes once after ms, never inside, unless it
 * was stopped. A command that answers then, while requests in its memory are still out, says
 * command_reply_early, and command_over when the last of them has come back. */
struct command_deadline {
    void (*fire)(struct command_deadline *d);
    void *user;
    struct loop_timer timer; /* private; zero before first use */
};
void command_deadline_start(struct command_call *call, struct command_deadline *d, int64_t ms);
void command_deadline_stop(struct command_call *call, struct command_deadline *d);
/* As command_reply, and the call goes on. Only of commands that are not recorded. */
void command_reply_early(struct command_call *call, const struct card *card);
void command_over(struct command_call *call);

/* The answer: to the asker only, where the platform can (slash), else in the thread. Copies card. call is
 * gone afterwards. */
void command_reply(struct command_call *call, const struct card *card);
/* A refusal: "⛔ Not done; nothing was changed. " + text; audited. */
void command_refuse(struct command_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An operation was begun and speaks for itself (restart). */
void command_started(struct command_call *call);

#endif
