#ifndef ECS_FOLLOW_PRIVATE_H
#define ECS_FOLLOW_PRIVATE_H
/* The parts of one step, in the order in which follow.c calls them. */
#include "ecs/follow.h"

#define FOLLOW_TOLERANCE_MS 60000  /* stale, missing and unreadable answers mean nothing before */
#define FOLLOW_ROLLBACK_MS  120000 /* a failed deployment that can be rolled back waits so long for it */
#define FOLLOW_EVENTS_MS    5000   /* events may be so much older than the beginning (clocks differ) */
#define FOLLOW_TASKS_MS     30000  /* tasks are read at least so often */
#define FOLLOW_TASKS_A_STEP 16     /* stopped tasks told in one step; the rest in the next */
#define FOLLOW_SETTLE_MS    40000  /* ECS calls a task healthy that ran so long unchecked */
#define FOLLOW_SETTLE_LB_MS 180000 /* behind a balancer, after the grace period */
#define FOLLOW_CLOCKS_MS    30000  /* AWS's clock and ours may differ by so much */
#define FOLLOW_STABLE_POLLS 2
#define FOLLOW_UNSTABLE     2 /* stopped new tasks that mean "not stabilising" */

/* One step: what it reads and what it writes. */
struct follow_at {
    const struct follow_goal *goal;
    struct follow_state *state;
    const struct snapshot *snapshot;
    int64_t now_ms;
    struct follow_output *out;
    const struct ecs_deployment *mine, *primary; /* NULL when the service does not show them */
};

/* What the rule says of our deployment now. */
struct follow_decision {
    enum follow_verdict verdict;
    bool rolling_back;
    bool wanted_zero;
    char other_id[ECS_ID];
    char text[ECS_REASON];
};

/* follow_events.c: a place in the output, zeroed, at_ms now; NULL when it is full. */
struct follow_event *follow_out(struct follow_at *at, enum follow_event_kind kind);
uint64_t follow_hash(const char *id);
/* ECS's own events, each once, put before what stands in the output already. */
void follow_read_events(struct follow_at *at);
bool follow_has_new_events(const struct follow_goal *goal, const struct follow_state *state,
                           const struct ecs_service *s);
/* Was this event made by what happened since we began? */
bool follow_is_recent(const struct follow_goal *goal, const struct ecs_event *e);

/* follow_tasks.c: stopped tasks of ours, each once. True when some are left for the next step. */
bool follow_read_tasks(struct follow_at *at);

/* follow_served.c: whether users are served, since when, and how many tasks serve. */
void follow_read_served(struct follow_at *at);
void follow_served_unknown(struct follow_at *at);

/* follow_decide.c: the decision rule. Notes evidence in the state, changes no phase. */
void follow_decide(struct follow_at *at, struct follow_decision *ret);

#endif
