#ifndef ECS_CARE_H
#define ECS_CARE_H
/* After-care: for some minutes after a verdict, what no circuit breaker and no deployment counts any more:
 * tasks that crash after RUNNING, containers restarted in place, targets that flap. Pure, like the follower:
 * (goal, state, snapshot, time) -> (state, events, end). Times are world time in ms. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ecs/diagnose.h"
#include "ecs/follow.h"

/* Immutable once it began. */
struct care_goal {
    char deployment_id[ECS_ID];
    int64_t began_ms, until_ms;
    int wanted;
};

#define CARE_TASKS      16
#define CARE_CONTAINERS 32
#define CARE_TARGETS    32

/* Mutable; written only by care_step. Plain data. */
struct care_state {
    int crashes;        /* tasks that ended, and not because somebody wanted it */
    int restarts;       /* containers restarted in place */
    int flaps;          /* targets that were healthy and are not any more */
    int lowest_healthy; /* -1 = unknown */
    int64_t not_served_total_ms;
    enum follow_served served;
    int64_t served_since_ms;
    char last_reason[DIAGNOSE_TEXT];
    int64_t seen_ms;        /* as_of of the last look that showed the tasks; 0 = never */
    int64_t blind_total_ms; /* how long nothing could be seen */
    bool superseded, over;
    /* what only care.c uses; serialised too */
    size_t told_count, container_count, target_count;
    uint64_t told[CARE_TASKS]; /* tasks whose end was told */
    int64_t told_stops[CARE_TASKS];
    struct {
        uint64_t task, runtime;
    } containers[CARE_CONTAINERS];
    struct {
        uint64_t target;
        bool healthy;
    } targets[CARE_TARGETS];
    int64_t told_until_ms;   /* as the follower's */
    int64_t targets_seen_ms; /* as_of of the last targets; 0 = never */
    int64_t judged_ms;       /* as_of of the tasks by which "served" was judged last */
    int64_t other_since_ms;  /* since when an older deployment shows as PRIMARY; 0 = it does not */
    char primary_id[ECS_ID]; /* the goal's; "" there: the first one seen */
};

enum care_event_kind {
    CARE_CRASHED,    /* a task ended: diagnosis, number */
    CARE_RESTARTED,  /* a container was restarted in place: text names the task */
    CARE_FLAPPING,   /* a target stopped being healthy: text says why */
    CARE_NOT_SERVED, /* users are not served since at_ms */
    CARE_SERVED_AGAIN,
    CARE_SUPERSEDED, /* another deployment began: text is its id; the end */
};
struct care_event {
    enum care_event_kind kind;
    int64_t at_ms;
    int number;
    char text[ECS_REASON];
    struct diagnosis diagnosis; /* CRASHED */
    struct ecs_task task;       /* CRASHED */
};

#define CARE_OUT 8
struct care_output {
    size_t count;
    struct care_event events[CARE_OUT];
    bool over; /* the closing line is due; told exactly once */
};

void care_begin(const struct care_goal *goal, struct care_state *ret);
/* ret is overwritten. After `over` a further step does nothing. */
void care_step(const struct care_goal *goal, struct care_state *state, const struct snapshot *snapshot,
               int64_t now_ms, struct care_output *ret);
/* Should tasks be read with the next look? */
bool care_wants_tasks(const struct care_state *state, const struct snapshot *service_only, int64_t now_ms);
/* Nothing at all happened, and all of the time was seen? (blind_total_ms says how long was not.) */
bool care_was_quiet(const struct care_state *state);

/* Versioned JSON for the store, as follow_save's. Caller decrefs. */
json_t *care_save(const struct care_goal *goal, const struct care_state *state);
bool care_load(const json_t *saved, struct care_goal *ret_goal, struct care_state *ret_state,
               struct err *err);

#endif
