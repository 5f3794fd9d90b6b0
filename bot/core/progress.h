#ifndef CORE_PROGRESS_H
#define CORE_PROGRESS_H
/* From what is known of a restart to what people read: the card that is edited in place, and the messages
 * that are new because somebody must notice. Pure. */
#include "base/text.h"
#include "core/card.h"
#include "core/config.h"
#include "core/operation.h"
#include "ecs/care.h"
#include "ecs/ecs.h"
#include "ecs/follow.h"

struct progress_facts;

/* How a kind of change is called; one const set of words for each (act.h). */
struct progress_words {
    const char *question; /* "🔄 RESTART": the title of its question */
    const char *plain;    /* "Restart": the button, its dialog, the title of a question that is over */
    const char *yes;      /* "Restart it": the dialog's button */
    const char *noun;     /* "restart" */
    const char *of;       /* "restart of" */
    const char *doing;    /* "🔄 RESTARTING" */
    const char *begins;   /* "Asking ECS for a new deployment" */
    const char *done;     /* "restarted": of the title of its success */
    const char *not_done; /* "RESTARTED", behind NOT and NOT KNOWN WHETHER IT */
    const char *does;     /* "restarts it": one of somebody else, which runs */
    const char *same;     /* "restarts the same service": … which stands in its way */
    const char *about_to; /* "is about to restart the same service" */
    const char *call;     /* "UpdateService" */
    const char *usual;    /* "usually 5-10 min": while too few durations are known */
    const char *runs;     /* "Mine would supersede it": what becomes of a deployment that runs */
    const char *dialog;   /* what the button's dialog says; NULL = the first thing that is asked */
    bool goes_back; /* what it follows to are the old tasks, which are kept; those of the left one end */
    bool cuts_off;  /* users not served are to be expected of it */
    bool has_old;   /* it is a deployment: old tasks serve, and it can be stopped in their favour */
    /* its answer was lost: */
    const char *again;   /* "RESTART": SEND THE … AGAIN? */
    const char *search;  /* what is looked for now, and what follows if it does not show */
    const char *console; /* what the AWS console shows of it */
    const char *unseen;  /* "no new deployment of mine" */
    const char *twice;   /* what may come of sending it again */
    const char *waits;   /* what voids the question */
    const char *look;    /* what to look for before anybody does it again */
    bool counts;         /* it changes the count: the line about users is progress_count.c's */
    const char *found;   /* how its question ends when it shows */
    /* What is no deployment reads otherwise; NULL = as one. The title and the line about users while it is
     * followed; the title of its success; the lines below that. */
    void (*following)(const struct progress_facts *f, const struct follow_goal *goal,
                      const struct follow_state *s, int64_t now_ms, struct card *c);
    void (*succeeded)(const struct progress_facts *f, const struct follow_state *s, struct card *c);
    void (*proof)(const struct progress_facts *f, const struct follow_state *s, struct card *c);
};

/* What stays the same while a restart runs; kept in the operation's row. */
struct progress_facts {
    const struct progress_words *words; /* of its kind, not kept; NULL = a restart's */
    char operation[STORE_ID];
    char target[CONFIG_NAME], key[40];
    bool production, rehearsal;
    char partition[16], account[16], region[32], profile[CONFIG_NAME];
    char cluster[CONFIG_ID * 2], service[CONFIG_ID * 2];
    char endpoint_note[200];
    char asker[100];         /* "@ana" */
    char asker_mention[100]; /* "slack:user:U1" */
    char command[40];        /* "/cloudtak" */
    char checks[600];
    char untouched[120]; /* "hub, events: not touched"; "" */
    char cost[120];      /* what users notice while it goes well: "No downtime expected; …" */
    char usual[80];      /* "usually 5-10 min" */
    char task_definition[256];
    char version[40];     /* CloudTAK's own word before the restart; "" = not known */
    char site[300];       /* … and after it: probe_text_after's words; "" = nobody was asked */
    char superseded[160]; /* "I superseded ecs-svc/…, begun in the same second"; "" */
    char other[160];      /* the operation that superseded this one, "" = not one of ours */
    int64_t other_ms;     /* world: when the deployment began that superseded this one; 0 = not known */
    char taken_by[160];   /* the operation that took it over: "stop-all 9QXD, asked by @bo"; "" */
    int64_t outage_ms;    /* world: the first moment at which users were not served; 0 = none */
    bool adopted;         /* a deployment that this bot did not begin */
    char begun[200];      /* of an adopted one: when, and by whom as far as known */
    int chain;            /* so many deployments replaced each other before this one, each followed */
    bool followed_on;     /* superseded: the next one is followed by itself */
    char log_reason[DIAGNOSE_TEXT]; /* of this reason a task's log was read … */
    char log_says[200];             /* … and this is what it says; "" */
    char hook[ECS_NAME];            /* the paused hook; "" = none */
    char hook_arn[ECS_NAME * 2];    /* of the service deployment that it holds; "" */
    int64_t care_until_ms;          /* world: after-care's end; 0 = none */
    unsigned told;                  /* of progress_once: what was told as a new message already */
    bool expired;                   /* the AWS credentials have ended; not kept in the row */
    char away[300];                 /* the last gap of the bot; "" */
    char pace[160];                 /* why it is looked at less often now; "", and not kept in the row */
    bool breaker;
    int wanted;
    int64_t asked_ms; /* world */
    int64_t began_ms; /* world: the moment of UpdateService; 0 = not yet */
    struct {
        char name[CONFIG_NAME], mention[CONFIG_ID], phone[40];
    } escalation;
};

/* What is known of an UpdateService that got no answer; kept in the operation's row. Times are world time. */
struct progress_doubt {
    int sends;                 /* how often it was sent, or may have been */
    bool cut_off;              /* the bot was restarted while it sent */
    int64_t first_ms, last_ms; /* of the sends */
    int64_t until_ms;          /* the last of them had left us by then; 0 = at last_ms */
    /* seen since the last of them */
    int looks;       /* that were answered */
    int64_t seen_ms; /* the last of these; 0 = none */
    bool missing;    /* ECS says that there is no such service */
    char primary_id[ECS_ID];
    char before_id[ECS_ID]; /* PRIMARY before it was sent */
    int64_t primary_created_ms;
    int running, wanted;
};

json_t *progress_facts_save(const struct progress_facts *f);
void progress_facts_load(const json_t *saved, struct progress_facts *ret);
json_t *progress_doubt_save(const struct progress_doubt *d);
void progress_doubt_load(const json_t *saved, struct progress_doubt *ret);

/* ---- the card, in the order of a restart's life */
void progress_card_starting(const struct progress_facts *f, int running, struct card *ret);
/* A question is open before anything is changed; its card is out already. */
void progress_card_waiting(const struct progress_facts *f, struct card *ret);
void progress_card_following(const struct progress_facts *f, const struct follow_goal *goal,
                             const struct follow_state *state, int64_t now_ms, struct card *ret);
void progress_card_ended(const struct progress_facts *f, const struct follow_goal *goal,
                         const struct follow_state *state, struct card *ret);
/* It ended without following: refused, failed, or lost from the configuration. */
void progress_card_nothing(const struct progress_facts *f, enum operation_state end, const char *why,
                           struct card *ret);

/* ---- messages (progress_notice.c) */
enum progress_place { PROGRESS_NONE, PROGRESS_THREAD, PROGRESS_NEW };
enum progress_place progress_notice(const struct progress_facts *f, const struct follow_state *state,
                                    const struct follow_event *event, const struct ecs_tail *log,
                                    struct card *ret);
/* What is told as a new message only the first time: its bit in facts.told; 0 = no such limit. Said again it
 * is a line of the thread. */
unsigned progress_once(const struct follow_event *event);
/* What ECS said in this step, as one message for the card's thread. False when it said nothing. */
bool progress_events(const struct progress_facts *f, const struct follow_state *state,
                     const struct follow_output *output, struct card *ret);
/* ---- the dead task's story (progress_story.c). log NULL = none was asked for; not ok = it could not be read
 */
/* The stopped task of this step whose story is told in full: the first one, or the first of another reason,
 * if it can have written a log. False = none. */
bool progress_story_wanted(const struct follow_state *state, const struct follow_output *output,
                           size_t *ret_index);
/* Why it stopped, in the words of ECS and of its log. */
void progress_story_why(const struct diagnosis *diagnosis, const struct ecs_task *task,
                        const struct ecs_tail *log, struct card *c);
/* What the log adds to a reason, in a few words; "" when nothing. */
void progress_story_says(const struct ecs_tail *log, char *to, size_t size);
/* The lines themselves, for the card's thread. False when there are none. */
bool progress_story_log(const struct progress_facts *f, const struct ecs_tail *log, struct card *ret);

/* Is this a task that stopped for a reason that was told often enough? state: after the step. */
bool progress_repeats(const struct follow_state *state, const struct follow_output *output, size_t index);
/* Said in the thread instead, for `count` of them. */
void progress_repeated(const struct progress_facts *f, const struct follow_state *state, int count,
                       struct card *ret);
/* The bot's own store does not take what it sees. */
void progress_stuck(const struct progress_facts *f, struct card *ret);
/* New tasks die and old ones serve: would "stop retrying, keep old tasks" help? */
bool progress_keeps_old(const struct progress_facts *f, const struct follow_goal *goal,
                        const struct follow_state *state);
/* Another operation took over: the card and the verdict of this one. */
void progress_taken_over(const struct progress_facts *f, const struct follow_state *state, int64_t now_ms,
                         struct card *ret);
/* The bot was restarted while ECS went on. */
void progress_away(const struct progress_facts *f, struct card *ret);
void progress_verdict(const struct progress_facts *f, const struct follow_goal *goal,
                      const struct follow_state *state, const struct follow_output *output, struct card *ret);
/* The state that a verdict ends in. Giving up while nothing stabilised is a failure. */
enum operation_state progress_end(const struct follow_state *state);

/* Something other than time changed between two states: the card is worth an edit now. */
bool progress_changed(const struct follow_state *before, const struct follow_state *after);

/* How often it is looked at, when that is less often than configured; else "". */
void progress_pace(int64_t interval_ms, int64_t configured_ms, char *to, size_t size);

/* ---- no answer to UpdateService (progress_doubt.c) */
/* The card while the service is looked at. */
void progress_doubt_searching(const struct progress_facts *f, const struct progress_doubt *d,
                              struct card *ret);
/* A message: ECS cannot be seen either. */
void progress_doubt_unseen(const struct progress_facts *f, struct card *ret);
/* A message: shall it be sent again? news: why it is asked once more, "" the first time. The caller adds the
 * buttons. */
void progress_doubt_question(const struct progress_facts *f, const struct progress_doubt *d,
                             int64_t expires_ms, const char *news, struct card *ret);
/* The card while that question is open. */
void progress_doubt_waiting(const struct progress_facts *f, const struct progress_doubt *d, struct card *ret);
/* The card and the verdict of an end in which nobody knows. why: who left it, or that nobody answered. */
void progress_doubt_end(const struct progress_facts *f, const struct progress_doubt *d, const char *why,
                        struct card *ret);

/* ---- after-care (progress_care.c) */
/* "I watch 10 more minutes for crashes."; nothing when no after-care follows. */
void progress_care_promise(const struct progress_facts *f, const struct follow_state *s, struct card *c);
enum progress_place progress_care_notice(const struct progress_facts *f, const struct care_state *state,
                                         const struct care_event *event, const struct ecs_tail *log,
                                         struct card *ret);
/* The closing line, for the thread. by: what ended it early, "" = its time was over. */
void progress_care_closed(const struct progress_facts *f, const struct care_goal *goal,
                          const struct care_state *state, const char *by, struct card *ret);
/* The same for the card, in one line. */
void progress_care_line(const struct care_goal *goal, const struct care_state *state, const char *by,
                        struct card *c);

/* ---- what it waits for, and until when (progress_wait.c) */
void progress_text_wait(const struct progress_facts *f, const struct follow_state *s, int64_t now_ms,
                        struct card *c);
/* How to let a paused hook go on, or back. */
void progress_text_hook(const struct progress_facts *f, const struct follow_state *s, int64_t now_ms,
                        struct card *c);

/* ---- sentences that several cards share (progress_text.c) */
const struct progress_words *progress_words(const struct progress_facts *f);
/* The head of every card of an operation. */
void progress_text_begin(const struct progress_facts *f, enum card_tone tone, struct card *c);
/* What was checked before, and the bot's own gaps. */
void progress_text_background(const struct progress_facts *f, struct card *c);
void progress_text_last_event(const struct follow_state *s, struct card *c);
/* "restart of", or of one that somebody else began "deployment of" */
const char *progress_text_what(const struct progress_facts *f);
/* How many of the old and of the new tasks serve, as the load balancer sees them where it does; "healthy" or
 * "run". */
/* "10 min", "2 min 11 s" */
void progress_text_span(int64_t ms, char to[TEXT_DURATION]);
/* What was replaced by what; nothing when no new task was seen. */
void progress_text_proof(const struct follow_proof *p, struct card *c);
/* "Users not served 14:20:44-14:24:36 UTC = 3 min 52 s"; false when they were served all the time. */
bool progress_text_outage(const struct progress_facts *f, const struct follow_state *s, char *to,
                          size_t size);
/* "14:02:08 UTC", with its date when that is half a day away */
void progress_text_when(int64_t at_ms, int64_t now_ms, char to[TEXT_TIME + 8]);
int progress_text_old(const struct follow_state *s);
int progress_text_new(const struct follow_state *s);
const char *progress_text_well(const struct follow_state *s);
/* "Why: … (×3, same reason)"; nothing when no task has stopped. */
void progress_text_why(const struct progress_facts *f, const struct follow_state *s, struct card *c);
void progress_text_where(const struct progress_facts *f, struct card *c);
void progress_text_footer(const struct progress_facts *f, struct card *c);
/* What was not seen for a while is said as that, with the moment it was last seen. */
void progress_text_served(const struct progress_facts *f, const struct follow_state *s, int64_t now_ms,
                          bool over, struct card *c);
void progress_text_counts(const struct progress_facts *f, const struct follow_state *s, struct card *c);
void progress_text_escalation(const struct progress_facts *f, struct card *c);
/* over: nobody keeps watching. */
void progress_text_stop_retrying(const struct progress_facts *f, bool over, struct card *c);
/* "cotak prod api (PRODUCTION)" */
void progress_text_name(const struct progress_facts *f, char *to, size_t size);

/* ---- a hard restart (progress_stop.c): see struct progress_words */
void progress_stop_following(const struct progress_facts *f, const struct follow_goal *goal,
                             const struct follow_state *s, int64_t now_ms, struct card *c);
void progress_stop_succeeded(const struct progress_facts *f, const struct follow_state *s, struct card *c);
void progress_stop_proof(const struct progress_facts *f, const struct follow_state *s, struct card *c);

/* ---- a rollback of a running deployment (progress_rollback.c): see struct progress_words */
void progress_rollback_following(const struct progress_facts *f, const struct follow_goal *goal,
                                 const struct follow_state *s, int64_t now_ms, struct card *c);
void progress_rollback_succeeded(const struct progress_facts *f, const struct follow_state *s,
                                 struct card *c);
void progress_rollback_proof(const struct progress_facts *f, const struct follow_state *s, struct card *c);

/* ---- a change of the count (progress_count.c), where words.counts is set */
void progress_count_before(const struct progress_facts *f, int running, struct card *c);
void progress_count_served(const struct follow_state *s, const char *since, struct card *c);
void progress_count_succeeded(const struct progress_facts *f, const struct follow_state *s, struct card *c);
void progress_count_proof(const struct progress_facts *f, const struct follow_state *s, struct card *c);
void progress_count_superseded(const struct progress_facts *f, struct card *c);

/* ---- durations of past changes of the kind: median and 90 %, or what its words call usual */
void progress_usual(const int64_t *durations_ms, size_t count, const char *usual, char *to, size_t size);

#endif
