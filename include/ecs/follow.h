#ifndef ECS_FOLLOW_H
#define ECS_FOLLOW_H
/* The follower: a pure function (goal, state, snapshot, time) -> (state, events, verdict). No I/O and no
 * clock of its own; its state is serialisable and versioned. The decision rule is facts/ecs.md section 5: a
 * verdict speaks of our own deployment id, never of counts alone. All times are world time in ms. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ecs/diagnose.h"
#include "ecs/model.h"

enum follow_goal_kind {
    FOLLOW_DEPLOYMENT, /* our own deployment id completes */
    FOLLOW_COUNT,      /* `wanted` tasks run and serve (0: none runs), under whatever deployment */
    FOLLOW_REPLACED,   /* each of the tasks `replaced` is STOPPED, and as many as wanted serve */
    FOLLOW_BACK_TO,    /* the deployment `previous_id` is PRIMARY again and completes */
};

#define FOLLOW_REPLACED_MOST 32

/* Immutable once following began. */
struct follow_goal {
    enum follow_goal_kind kind;
    char deployment_id[ECS_ID]; /* ours: PRIMARY of UpdateService's answer */
    char previous_id[ECS_ID];   /* PRIMARY read just before, "" = unknown */
    bool unsure;                /* found after a crash or time-out: "may be mine, ECS cannot tell" */
    int64_t began_ms;           /* the moment of UpdateService */
    int wanted;                 /* count at the beginning; 0 = wanted zero */
    size_t replaced_count;      /* REPLACED */
    char replaced[FOLLOW_REPLACED_MOST][ECS_ID];
    int64_t slow_after_ms, give_up_after_ms, remind_every_ms; /* spans; settings the operation began with */
};

enum follow_phase {
    FOLLOW_WAITING,      /* ECS has not shown our deployment yet */
    FOLLOW_STARTING,     /* new tasks are placed, pulled, started */
    FOLLOW_HEALTH,       /* new tasks run, not all count as healthy */
    FOLLOW_DRAINING,     /* new tasks serve, old ones drain */
    FOLLOW_ROLLING_BACK, /* the breaker, an alarm or a person sends it back */
    FOLLOW_ENDED,
};

/* What it waits for now, as far as ECS shows it. */
enum follow_wait {
    FOLLOW_WAIT_NOTHING,
    FOLLOW_WAIT_ORDER,    /* our deployment does not show yet */
    FOLLOW_WAIT_PLACING,  /* tasks are wanted, none is placed: capacity, or ECS waits before it tries again */
    FOLLOW_WAIT_PULLING,  /* images */
    FOLLOW_WAIT_STARTING, /* containers */
    FOLLOW_WAIT_GRACE,    /* health checks do not count yet */
    FOLLOW_WAIT_CHECKS,   /* the load balancer's health checks */
    FOLLOW_WAIT_DRAINING, /* old tasks */
    FOLLOW_WAIT_BAKE,     /* alarms are watched for the bake time */
    FOLLOW_WAIT_HOOK,     /* a lifecycle hook; a paused one waits for a person */
    FOLLOW_WAIT_STAGE,    /* another strategy's stage, shown as ECS names it */
};

/* What was replaced by what: the proof that something changed. */
#define FOLLOW_PROOF_TASKS 6
struct follow_proof {
    size_t old_count, new_count; /* tasks seen before, and those that serve now; the first ones are named */
    char old_tasks[FOLLOW_PROOF_TASKS][ECS_ID], new_tasks[FOLLOW_PROOF_TASKS][ECS_ID];
    char old_digest[80], new_digest[80]; /* of the first container's image; "" = not seen */
    char old_definition[ECS_NAME], new_definition[ECS_NAME];
};

enum follow_served { SERVED_UNKNOWN, SERVED_YES, SERVED_NO };

enum follow_verdict {
    VERDICT_NONE,
    VERDICT_SUCCEEDED,
    VERDICT_FAILED,
    VERDICT_ROLLED_BACK,
    VERDICT_SUPERSEDED,
    VERDICT_STOPPED_FOLLOWING
};
enum follow_by { BY_UNKNOWN, BY_BREAKER, BY_ALARM, BY_HOOK, BY_PERSON };

#define FOLLOW_SEEN_EVENTS 128
#define FOLLOW_SEEN_TASKS  64

/* Mutable; written only by follow_step. Plain data: copy it freely. */
struct follow_state {
    enum follow_phase phase;
    /* what a card shows */
    enum follow_served served;
    int64_t served_since_ms;     /* since when `served` has this value; 0 = unknown */
    int64_t not_served_total_ms; /* measured outage so far */
    int lowest_healthy;          /* the fewest tasks that served at once; -1 = unknown */
    int wanted, old_running, new_running, new_pending, new_desired;
    int64_t new_serve_ms; /* first time all wanted new tasks served; 0 = not yet */
    int failed_tasks;     /* stopped tasks of our deployment, benign ones not counted */
    int outside_tasks;    /* those of them that AWS ended: they do not mean that new tasks cannot start */
    int same_reason;      /* how many of them died of the most frequent reason */
    char last_reason[DIAGNOSE_TEXT];
    char last_event[ECS_REASON];
    int64_t last_event_ms;
    bool not_stabilising;
    enum follow_wait wait;
    int64_t wait_since_ms,
        wait_until_ms;     /* until: when it is over at the latest, as far as known; 0 = unknown */
    char wait_detail[160]; /* a stage, a hook, why nothing is placed; "" */
    bool by_targets;       /* "served" is judged by the load balancer; else by tasks */
    int targets_healthy, targets_total; /* new and old ones together; -1 = not read */
    char sick_target[240];              /* why a new task's target is not healthy, the last word on it; "" */
    int serving, new_serving; /* tasks that serve, and those of them that the goal is about; -1 = unknown */
    int breaker_failures, breaker_threshold; /* -1 = not known */
    struct follow_proof proof;
    int64_t seen_ms; /* as_of of the last snapshot in which the service could be read; 0 = never */
    enum follow_verdict verdict;
    enum follow_by by;
    char other_id[ECS_ID]; /* superseding deployment, or the one rolled back to */
    char
        note[ECS_REASON]; /* of the verdict: what an operator must know beside AWS's reason, a sentence; "" */
    int64_t ended_ms;
    /* what only the follower uses; serialised too */
    int64_t unseen_since_ms, absent_since_ms, reminded_ms, told_slow_ms, last_change_ms, stable_polls;
    int new_failed;          /* failedTasks of our deployment, as ECS counts them */
    int64_t own_created_ms;  /* createdAt of our deployment as ECS gave it; 0 = not seen */
    int64_t failed_since_ms; /* since when ECS calls our deployment failed or stopped; 0 = it does not */
    int64_t tasks_seen_ms;   /* as_of of the last tasks that could be read; 0 = never */
    char reason[ECS_REASON]; /* why it failed or was sent back, as AWS gave it; "" = not said */
    int64_t newest_stop_ms;  /* the latest stop of a task that was told */
    int64_t told_until_ms;   /* tasks that stopped until then were told, though seen_tasks forgot them */
    int reminders;           /* told so far */
    bool blind_told, was_primary, silence_told, slowing_told;
    int64_t targets_seen_ms;      /* as_of of the last targets that could be read; 0 = never */
    int64_t other_count_since_ms; /* COUNT: since when ECS shows a count that is not the goal's; 0 = it does
                                     not */
    int64_t stable_since_ms;      /* since when the counts are met, where nothing else can be seen; 0 = not */
    uint64_t paused_told;         /* the pause that was told; 0 = none */
    uint64_t tasks_mark;          /* of the new tasks and their statuses: another one means that ECS acts */
    uint64_t replaced_gone;       /* REPLACED: a bit for each of the goal's tasks that is STOPPED */
    uint64_t seen_events[FOLLOW_SEEN_EVENTS];
    size_t seen_event_count;
    uint64_t seen_tasks[FOLLOW_SEEN_TASKS];
    int64_t seen_task_stops[FOLLOW_SEEN_TASKS];
    size_t seen_task_count;
    struct {
        char key[96];
        int count;
    } reasons[8];
    size_t reason_count;
};

enum follow_event_kind {
    FOLLOW_EVENT_ECS,          /* an ECS service event worth a line in the thread: text */
    FOLLOW_EVENT_PHASE,        /* the phase changed */
    FOLLOW_EVENT_NEW_SERVE,    /* all wanted new tasks serve: test the site now */
    FOLLOW_EVENT_TASK_STOPPED, /* a task of our deployment died: task, diagnosis, number (1 = the first: a new
                                  message) */
    FOLLOW_EVENT_NOT_STABILISING, /* two stopped tasks, or slow: a new message */
    FOLLOW_EVENT_SLOW,            /* slow_after passed without a failure */
    FOLLOW_EVENT_REMINDER,        /* still not done: never silence */
    FOLLOW_EVENT_BLIND,           /* AWS cannot be seen for a minute: text says why */
    FOLLOW_EVENT_SEEING,          /* it can be seen again */
    FOLLOW_EVENT_SERVED_CHANGED,  /* users are served / not served from now on */
    FOLLOW_EVENT_COUNT_CHANGED,   /* somebody (autoscaling?) changed the count midway: number */
    FOLLOW_EVENT_SILENCE,         /* ECS said and did nothing for minutes while tasks are missing: text */
    FOLLOW_EVENT_SLOWING, /* ECS starts tasks at growing gaps: it holds back because they fail: text */
    FOLLOW_EVENT_PAUSED,  /* a hook waits for a person: text, at_ms; until wait_until_ms */
};

struct follow_event {
    enum follow_event_kind kind;
    int64_t at_ms;
    char text[ECS_REASON];
    int number;                 /* of stopped tasks, of reminders; the new count */
    struct ecs_task task;       /* TASK_STOPPED */
    struct diagnosis diagnosis; /* TASK_STOPPED */
    int64_t lived_ms;           /* TASK_STOPPED: from start (or creation) to stop; -1 unknown */
};

#define FOLLOW_OUT                                                                                           \
    28 /* events of one step; older ECS events beyond it are dropped, never a stopped task or a verdict */

struct follow_output {
    size_t count;
    struct follow_event events[FOLLOW_OUT];
    enum follow_verdict verdict; /* VERDICT_NONE = go on; otherwise the end, told exactly once */
    char text[ECS_REASON]; /* of the verdict: reason as AWS gave it, "" when none; state->note adds to it */
    bool wanted_zero;      /* succeeded, with nothing wanted and nothing running */
};

void follow_begin(const struct follow_goal *goal, struct follow_state *ret);
/* ret is overwritten. After a verdict a further step does nothing. Big structs: keep them off the stack. */
void follow_step(const struct follow_goal *goal, struct follow_state *state, const struct snapshot *snapshot,
                 int64_t now_ms, struct follow_output *ret);
/* Should tasks be read with the next look (something moved, or 30 s passed)? */
bool follow_wants_tasks(const struct follow_goal *goal, const struct follow_state *before,
                        const struct snapshot *service_only, int64_t now_ms);

/* How many tasks died of what this key (diagnosis.key) stands for. */
int follow_same_reason(const struct follow_state *state, const char *key);

const char *follow_phase_word(enum follow_phase p);
const char *follow_wait_word(enum follow_wait w); /* "placing", "pulling", …; "" for nothing */
const char *follow_verdict_word(
    enum follow_verdict v); /* "succeeded", "failed", "rolled_back", "superseded", "stopped_following" */

/* Versioned JSON for the store. follow_load refuses an unknown version with a sentence. Caller decrefs. */
json_t *follow_save(const struct follow_goal *goal, const struct follow_state *state);
bool follow_load(const json_t *saved, struct follow_goal *ret_goal, struct follow_state *ret_state,
                 struct err *err);

#endif
