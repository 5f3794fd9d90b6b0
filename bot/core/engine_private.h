#ifndef CORE_ENGINE_PRIVATE_H
#define CORE_ENGINE_PRIVATE_H
/* What the files of the engine share.
 *
 *   engine.c            the object: create, start, close
 *   engine_submit.c     a request comes in: taken, parsed, committed
 *   engine_route.c      authorised and run; the command's end
 *   engine_share.c      equal questions share an answer
 *   engine_click.c      a button was pressed, an open question is answered
 *   engine_answer.c     the same, typed
 *   engine_lock.c       locks of targets, the freeze
 *   engine_keep.c       the button on a failing restart's card
 *   engine_origin.c     which operation began a deployment
 *   engine_past.c       what was done before, for those who may view it
 *   engine_metrics.c    what is counted
 *   audit.c             audit lines of no operation's step
 *   audit_check.c       the chain of all audit records: its head, is it whole
 *   mirror.c            what a terminal began, for the channel
 *   operation_record.c  an operation's row, its moves, one transaction a step
 *   restart_*.c         the running change: one machine for all kinds
 *   act.c, act_*.c      what the kinds of change differ in */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash) /* the default one warns under clang */
#include <uthash.h>

#include "act.h"
#include "core/authz.h"
#include "core/engine.h"
#include "ecs/ecs.h"
#include "loop/loop.h"
#include "outbox.h"
#include "preflight.h"
#include "progress.h"
#include "question.h"

#define ENGINE_CHATS      8
#define ENGINE_OPERATIONS 200  /* not ended, at once */
#define ENGINE_CALLS      2000 /* requests being answered at once */
#define ENGINE_SEEN       4096 /* deliveries of reading commands that are remembered */
#define ENGINE_PEOPLE     512  /* persons whose requests are counted */
#define ENGINE_PER_MINUTE 20
#define ENGINE_SHARES     16     /* different questions whose answers are shared at once */
#define ENGINE_OLD_MS     60000  /* a changing request older than this is answered, not run */
#define ENGINE_LEASE_MS   120000 /* a changing call later than this after its moment is not sent */
#define ENGINE_TAKEN_MS   1000   /* a commit slower than this is answered "not accepted" */

struct operation;
struct call;

struct seen_delivery {
    char key[160];
    UT_hash_handle hh;
};
struct person_count {
    char who[100];
    int64_t minute_ms;       /* wall: when this minute began */
    unsigned asked, clicked; /* a flood of words must not silence a click */
};

/* A question that several ask at once. */
struct share {
    char key[600];
    struct call *leader, *waiting; /* who runs the command; who gets its answer too */
    struct card *card;             /* the answer, once it is there */
    int64_t answered_ms;           /* mono */
};

struct audit_watch {
    struct store_head head; /* the newest one seen */
    struct loop_timer daily;
    struct store_check check;
    bool checking;
    char broken[STORE_BROKEN]; /* "" = whole, or not checked yet */
    unsigned altered;          /* operations that somebody else changed */
    char altered_id[STORE_ID];
};

struct engine {
    struct engine_options options;
    struct loop *loop;
    const struct clock *clock;
    const struct config *config;
    struct store *store;
    struct ecs *ecs;
    struct outbox *outbox;
    struct zero_watch *zeros; /* counts that this bot set (zero_watch.h) */
    struct chat *chats[ENGINE_CHATS];
    size_t chat_count;
    struct operation *operations; /* list, all not yet told */
    struct call *calls;           /* list */
    unsigned call_count;
    struct seen_delivery *seen;
    struct person_count people[ENGINE_PEOPLE];
    struct share shares[ENGINE_SHARES];
    struct locks locks;
    struct lock_question lock_questions[ENGINE_LOCK_ASKS];
    unsigned lock_asks;
    unsigned long long lock_steps;
    struct past_question past[ENGINE_PAST];
    unsigned past_count;
    int64_t high_ms; /* wall: the highest that was seen */
    unsigned long long submitted, duplicates, refused;
    unsigned waiting; /* callbacks that others still owe us */
    bool started, closing, outbox_closed;
    struct card *card;               /* scratch: filled and handed on within one function */
    struct follow_output *output;    /* scratch */
    struct care_output *care_output; /* scratch */
    struct audit_watch audit;
    int64_t away_ms; /* wall: from the last commit of the previous life to the start */
    struct store_loaded loaded;
    void (*on_started)(void *user, bool ok, const struct err *err);
    void *started_user;
    void (*on_closed)(void *user);
    void *closed_user;
    struct loop_deferred closed;
};

int64_t engine_wall(const struct engine *e);
int64_t engine_world(const struct engine *e);
struct chat *engine_chat(const struct engine *e, const char *server); /* NULL when unknown */
const char *engine_command(const struct engine *e, const char *server);
/* Something that was owed came back. */
void engine_owed(struct engine *e);
void engine_back(struct engine *e);

enum flood { FLOOD_NO, FLOOD_NOTICE, FLOOD_SILENT };

/* ---- a request on its way to its answer (engine_submit.c, engine_route.c) */
struct call {
    struct command_call command; /* first: commands get a pointer to it */
    struct engine *engine;
    struct call *next, *prev;
    struct operation *operation; /* of a changing command */
    struct request_taken *taken;
    bool answered; /* taken->done was called, or there is nobody to tell */
    enum flood flood;
    bool understood; /* else trouble says what is wrong */
    struct err trouble;
    bool late;               /* it was answered "not accepted" before the commit ended */
    bool runs;               /* its command runs: the close waits for its end */
    struct share *leads;     /* its answer goes to others too */
    struct call *share_next; /* of those who wait for an answer */
    struct answering answering;
    struct config_target *approving; /* of a click that a second person has to make: who may */
    struct request *approver;        /* … who made it, while the asker's right is looked at again */
    struct loop_deferred deferred;
    struct loop_timer timer;
    struct store_commit commit;
    struct chat_lookup lookup;
    struct authz_facts facts;
    void (*authorised)(struct call *c, const char *refusal); /* refusal NULL = allowed */
    void *past;                                              /* of engine_past.c */
};
struct call *call_create(struct engine *e, const struct request *request, struct request_taken *taken);
void call_destroy(struct call *c);
void call_taken(struct call *c, bool ok, const char *text);
void call_authorise(struct call *c, void (*authorised)(struct call *c, const char *refusal));
void call_route(struct call *c);
void call_click(struct call *c);
/* ---- figures (engine_metrics.c) */
void call_count(const struct call *c, const char *result);
void call_count_limited(void);
void operation_count_end(const struct operation *op);

/* ---- equal questions (engine_share.c) */
/* True: the call is answered, or waits for the answer of another. False: its command has to run. */
bool share_join(struct call *c);
void share_answer(struct call *leader, const struct card *card);
void share_refuse(struct call *leader, const char *text);
void share_finish(struct engine *e);

/* ---- engine_origin.c */
/* The deployment that a row followed. False: it cannot be told, and is "". */
bool origin_of_row(const struct store_operation *row, char to[ECS_ID]);

/* ---- answers (engine_route.c) */
void engine_reply(struct engine *e, const struct request *request, const struct card *card, enum settled how);
/* "⛔ Not done; nothing was changed. " + text, for the asker. */
void engine_reply_refusal(struct engine *e, const struct request *request, const char *text);
void engine_refusal_card(const struct engine *e, const struct request *request, const char *text,
                         struct card *ret);
/* Where an answer to this request goes. */
void engine_address(const struct request *request, struct store_outbox *ret);
/* An audit line of its own, outside any step. */
void engine_audit(struct engine *e, const struct request *request, const char *operation, const char *what,
                  const char *text);

/* Of the bot's own. */
void audit_own(struct engine *e, const char *operation, const char *what, const char *text);

/* ---- the chain (audit_check.c) */
void audit_start(struct engine *e, const struct store_loaded *l);
void audit_stop(struct engine *e);
void audit_seen(struct engine *e, const struct store_head *head); /* by a commit */
void audit_add_head(const struct engine *e, struct card *card);   /* to the footer of a verdict */
void audit_trouble(const struct engine *e, char *to, size_t size);
void audit_count_check(const char *result);
void audit_count_altered(void);

/* ---- an operation (operation_record.c) */
#define OPERATION_AUDITS 4
#define ACT_WHAT         2500 /* of act->describe */
#define RESTART_PAST     20   /* deployments in ECS's history of a service */

enum restart_step {
    RESTART_IDLE,
    RESTART_CHECKING,
    RESTART_ASKED,
    RESTART_CARD,
    RESTART_ARMING,
    RESTART_SENDING,
    RESTART_SEARCHING,
    RESTART_DOUBT,
    RESTART_FOLLOWING,
    RESTART_CARE,
    RESTART_ADOPTING,
    RESTART_TELLING,
    RESTART_STEPS
};

/* A step that waits for a log before it is told: nothing of it is kept anywhere else meanwhile. */
struct told_later {
    size_t index; /* of the event whose log it is */
    struct follow_state follow;
    struct follow_output output;
    struct care_state care;
    struct care_output care_output;
};
/* What the kinds keep of themselves, a member for each (act_*.c). */
struct act_stop {
    char reason[200];
    size_t count;
    char tasks[FOLLOW_REPLACED_MOST][ECS_ID]; /* recorded with "acting"; no others are ever stopped */
    uint64_t gone;                            /* a bit for each that is stopped or was told to */
    size_t at;
    char trouble[300];   /* AWS's words of those that it refused */
    char requests[2000]; /* AWS's names of the calls, for the audit */
    struct ecs_stop_task call;
};
struct act_rollback {
    char bound[ECS_ID]; /* pressed on a card: only this deployment is meant; "" = whichever runs */
    /* one of the two: the service deployment to stop, or the task definition to go to */
    char arn[ECS_NAME * 2], left_id[ECS_ID], back_id[ECS_ID];
    char task_definition[ECS_NAME];
    char asked[ECS_NAME]; /* what the question was about: the deployment, or the task definition */
    struct ecs_roll_back call;
};
union act_kind {
    struct act_stop stop;
    struct act_count count;
    struct act_all all; /* of a restart */
    struct act_rollback rollback;
};

struct story; /* restart_story.c */
struct proof; /* restart_proof.c */

struct operation {
    struct engine *engine;
    struct operation *next, *prev;
    struct store_operation row;
    const struct act *act; /* its kind */
    union act_kind kind;
    char break_glass[300];      /* the reason of --break-glass; "" */
    char *detail, *follow_text; /* what row.detail and row.follow point to */
    enum operation_state state;
    enum operation_state before; /* the commit in flight: the state before its move */
    struct request request;
    const struct config_target *target;
    const struct config_service *service;
    struct progress_facts facts;
    struct preflight preflight;
    struct question question;
    bool confirmed;
    bool pressed; /* … by a button that said what it does: what it says is not asked again */
    struct {
        struct question_key key;
        char nonce[RESTART_NONCE];  /* of this life of the bot */
    } keep;                         /* "Stop retrying, keep old tasks" */
    int64_t moment_ms;              /* wall: when a person last wanted it */
    int64_t moment_boot_ms;         /* the same on the boot clock of this life of the bot */
    int notices, asks;              /* numbers given to messages and to questions */
    int refused_answers;            /* that its question's thread shows */
    char ecs_service[ECS_NAME * 2]; /* its ARN, as ECS returned it; "" = not seen yet */
    bool has_card;                  /* a card was written */
    char why[500];                  /* why it was refused or failed */
    struct progress_doubt doubt;
    int64_t leased_boot_ms; /* boot: when the store was last asked whether it is still ours */
    /* a step being recorded */
    bool committing;
    bool durable;
    struct store_commit commit;
    void (*recorded)(struct operation *op, bool ok);
    struct {
        struct store_audit row;
        char *detail;
    } audits[OPERATION_AUDITS];
    size_t audit_count;
    struct loop_timer retry;
    /* the running restart */
    enum restart_step step;
    unsigned busy; /* requests that will come back */
    bool settled, gone;
    struct loop_timer timer, again;
    struct ecs_identify identify;
    struct ecs_look look;
    struct ecs_names names;
    struct ecs_redeploy redeploy;
    struct ecs_watch watch;
    bool watching;
    struct store_recent recent;
    struct snapshot *snapshot;
    char (*name_list)[ECS_NAME];
    size_t name_count, cluster_count;
    bool names_read, clusters_read, names_are_clusters, looked;
    bool blind_told;                      /* SEARCHING: that nothing can be seen */
    int64_t search_mono_ms, seen_mono_ms; /* SEARCHING: since when; the last look that was answered */
    struct around_checks *around;         /* of CHECKING, restart_around.c */
    bool recalled, hurry; /* CHECKING: earlier restarts are here; no more time for what may miss */
    int64_t durations[STORE_RECENT + RESTART_PAST];
    size_t duration_count;
    char own[STORE_RECENT][ECS_ID]; /* the deployments of earlier restarts of ours */
    size_t own_count;
    struct preflight_known last;
    struct follow_goal goal;
    struct follow_state follow;
    int64_t carded_ms; /* world: when the card was last written */
    int64_t
        stuck_ms; /* wall: since when looks are let go because a step is being written; 0 = they are not */
    bool stuck_told;
    struct story *story;      /* the log that was asked for; NULL = none */
    struct told_later *later; /* the step that waits for it, or for this: */
    struct proof *proof;      /* CloudTAK's own answers after it; NULL = nobody was asked */
    struct care_goal care_goal;
    struct care_state care;
    int64_t cared_ms; /* world: when after-care was last written down */
    struct {
        char deployment_id[ECS_ID], previous_id[ECS_ID];
        int64_t began_ms;
        int wanted;
    } adopting;
    char care_by[160];      /* who ends it early; "" = nobody */
    struct operation *with; /* its row is written in the same step, and it stays until then */
    int repeats;            /* tasks that stopped for a reason told before, not counted in a message yet */
    int64_t repeats_told_ms;
};

struct operation *operation_create(struct engine *e, const struct request *request, const char *verb);
/* A person wants it: what the two minutes of ENGINE_LEASE_MS are counted from. */
void operation_want(struct operation *op, const struct request *by);
/* Not too late, by the wall's clock and by the one that goes on while the machine is suspended? */
bool operation_still_wanted(const struct operation *op);
/* From the store. NULL with a log line when it cannot be read. */
struct operation *operation_load(struct engine *e, const struct store_operation *row);
void operation_destroy(struct operation *op); /* now; nothing may be owed to it */
/* Ends its life as soon as nothing is owed to it. */
void operation_release(struct operation *op);
struct operation *operation_of(const struct engine *e, const char *id);
/* It has ended and its verdict was told: it leaves, unless something is left to be watched. */
void operation_done(struct operation *op);
/* How many are not ended. */
unsigned operations_running(const struct engine *e);
/* Another one that is not ended on this service. */
struct operation *operation_on(const struct engine *e, const char *service_name, const struct operation *but);

/* The row as it is inserted together with the request's delivery key. */
void operation_first(struct operation *op, struct store_txn *t);
/* The only function that changes a state. */
void operation_move(struct operation *op, enum operation_state to);
void operation_audit(struct operation *op, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One step = one transaction: begin, stage messages, end. */
struct store_txn *operation_begin(struct operation *op);
/* suffix: "card", "ask", "verdict", "notice/3". */
void operation_stage(struct operation *op, struct store_txn *t, const char *suffix, enum progress_place place,
                     bool ends, const struct card *card);
/* What was begun at a terminal of this host is told in the target's first listed channel too (mirror.c). */
void mirror_stage(struct operation *op, struct store_txn *t, const char *suffix, enum progress_place place,
                  bool ends, const struct card *card);
/* Who answers at another terminal hears the rest there. */
void mirror_answered(struct operation *op, const struct request *by);
/* The answer to the asker: private where the platform can. */
void operation_stage_reply(struct operation *op, struct store_txn *t, const struct card *card);
void operation_commit(struct operation *op, struct store_txn *t, bool durable,
                      void (*recorded)(struct operation *op, bool ok));
/* A step is not on disk yet, or has to be tried again: the next one must wait. */
bool operation_writing(const struct operation *op);
/* After recorded(false): the same step again, in a moment. */
void operation_again(struct operation *op);
/* The commit failed and is given up: the move did not happen. */
void operation_undo(struct operation *op);

/* Refused before anything was sent; tells, and ends. */
void operation_refuse(struct operation *op, const char *text);

/* ---- the button on a failing restart's card (engine_keep.c) */
void keep_button(struct operation *op, struct card *card); /* nothing where it does not belong */
/* False: this click is another one's. */
bool keep_click(struct call *c, const char *nonce);

/* ---- what kinds share (act_restart.c) */
void act_goal_deployment(const char *deployment_id, bool unsure, int wanted, struct follow_goal *ret);
/* UpdateService with forceNewDeployment; task_definition "" = keep. */
void act_redeploy(struct operation *op, const char *task_definition);
/* A deployment begun since may be ours. */
bool act_deployment_found(struct operation *op, const struct snapshot *s, struct follow_goal *ret);

/* ---- the running change (restart_*.c) */
void restart_resume(struct operation *op);
void restart_go(struct operation *op, enum restart_step to);
void restart_sent(struct operation *op, const struct store_outbox *row, bool delivered);
void restart_stop(struct operation *op); /* unwatch, timers: the engine closes */
/* A request is with somebody else / came back. False: its answer must not be acted on any more. */
void restart_owe(struct operation *op);
bool restart_back(struct operation *op, enum restart_step during);
/* entering a step */
void restart_check(struct operation *op);
void restart_wait(struct operation *op);
void restart_wait_card(struct operation *op);
void restart_arm(struct operation *op);
void restart_send(struct operation *op);
void restart_search(struct operation *op);
void restart_doubt_wait(struct operation *op);
void restart_follow(struct operation *op);
void restart_care(struct operation *op);
void restart_adopt_look(struct operation *op);
/* What stands around the service, asked while CHECKING (restart_around.c); begin, look: once the service was
 * seen; ready: nothing is awaited any more. Each that comes calls restart_checked_more. */
void restart_around_begin(struct operation *op);
void restart_around_look(struct operation *op, const struct ecs_service *s);
bool restart_around_ready(const struct operation *op);
void restart_around_facts(const struct operation *op, struct ecs_around *ret_around,
                          struct probe_result *ret_probe, struct preflight_facts *f);
void restart_around_durations(struct operation *op); /* added to op->durations */
void restart_around_forget(struct operation *op);
void restart_around_finish(struct operation *op); /* nothing may be owed */
void restart_checked_more(struct operation *op);
/* what ends CHECKING */
void restart_ask(struct operation *op);
void restart_queue(struct operation *op);
/* messages that were waited for */
void restart_card_sent(struct operation *op, bool delivered);
void restart_ask_sent(struct operation *op, bool delivered);
/* The question's message gets its end, without buttons; nothing when none was asked. */
void restart_close_question(struct operation *op, struct store_txn *t, const char *end, bool ends);
void restart_confirmed(struct operation *op, struct store_txn *t);
/* No answer to UpdateService, and none seen to come of it: shall it be sent again? news: why once more. */
void restart_doubt(struct operation *op, const char *news);
/* The facts were read again, after somebody said so. */
void restart_doubt_checked(struct operation *op);
/* A deployment shows that may be ours: it is followed. */
bool restart_doubt_follow(struct operation *op, const struct snapshot *s);
/* The log of a stopped task is asked for; then comes once, at most 5 s later, with what came of it, and never
 * inside the call. False: it cannot be asked for now, tell without it. */
bool restart_story_ask(struct operation *op, const struct ecs_task *task, const struct diagnosis *diagnosis,
                       void (*then)(struct operation *op, const struct ecs_tail *log));
bool restart_story_waits(const struct operation *op);
void restart_story_finish(struct operation *op);
/* CloudTAK's own answers, before a verdict of success is told (restart_proof.c). False: nobody can be asked;
 * else `then` comes once, within six seconds, while the operation stays in FOLLOWING. */
bool restart_proof_ask(struct operation *op,
                       void (*then)(struct operation *op, const struct probe_result *after));
bool restart_proof_waits(const struct operation *op);
void restart_proof_finish(struct operation *op); /* memory */
/* After-care begins with a verdict; by: what ends it early. */
void restart_care_begin(struct operation *op);
void restart_care_end_others(struct operation *op);
/* A deployment that somebody else began is followed. began_ms: world. */
void restart_adopt(struct operation *op, const char *deployment_id, const char *previous_id, int64_t began_ms,
                   int wanted);
/* Superseded by one that nobody follows: will it be followed, and then it is. */
bool restart_chain_wanted(const struct operation *op);
void restart_chain(struct operation *from);
void restart_service_name(const struct config_target *t, const struct config_service *s, char *to,
                          size_t size); /* what "one at a time" is keyed by */
void restart_name_service(struct operation *op);
void restart_first_facts(struct operation *op);
/* Following begins: with what was done, or with what may be ours. Spans and beginning are filled in.
 * question: how one that is open ends. */
void restart_begin_following(struct operation *op, const struct follow_goal *goal, const char *question);
/* Nothing more is sent: what was done in part is followed, else it ends as not known. */
void restart_leave(struct operation *op, const char *why);
/* Others that are followed on this service and judge what it changes end, as taken over by it. Those that are
 * being written do so with their next look. */
void restart_take_over(struct operation *op);
/* It ends without a verdict of the follower. */
void restart_end(struct operation *op, enum operation_state to, const char *why);
void restart_lost_target(struct operation *op);
void restart_ref(const struct operation *op, struct service_ref *ret);
/* wants_tasks NULL = never. */
void restart_watch(struct operation *op, void (*seen)(struct ecs_watch *w, const struct snapshot *s),
                   bool (*wants_tasks)(struct ecs_watch *w, const struct snapshot *s));
void restart_unwatch(struct operation *op);

#endif
