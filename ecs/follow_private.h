#ifndef ECS_FOLLOW_PRIVATE_H
#define ECS_FOLLOW_PRIVATE_H
/* The parts of one step, in the order in which follow.c calls them. */
#include "ecs/follow.h"

#define FOLLOW_TOLERANCE_MS 60000  /* stale, missing and unreadable answers mean nothing before */
#define FOLLOW_ROLLBACK_MS  120000 /* a failed deployment that can be rolled back waits so long for it */
#define FOLLOW_EVENTS_MS    5000   /* events may be so much older than the beginning (clocks differ) */
#define FOLLOW_TASKS_MS     30000  /* tasks are read at least so often */
#define FOLLOW_CHECKS_MS    10000  /* and so often while the load balancer's word is waited for */
#define FOLLOW_TASKS_A_STEP 16     /* stopped tasks told in one step; the rest in the next */
#define FOLLOW_SETTLE_MS    40000  /* ECS calls a task healthy that ran so long unchecked */
#define FOLLOW_SETTLE_LB_MS 180000 /* behind a balancer, after the grace period */
#define FOLLOW_CLOCKS_MS    30000  /* AWS's clock and ours may differ by so much */
#define FOLLOW_SILENCE_MS   300000 /* ECS does nothing for so long although tasks are missing */
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
    const struct ecs_rollout_detail *rollout;    /* of the goal's deployment; NULL when not read */
};

/* What became of the goal's own service deployment, as far as ECS says. */
struct follow_evidence {
    const char *status, *status_reason; /* NULL when neither the detail nor the history shows it */
    int64_t created_ms;
    bool newer_entry;  /* the history has one that began after ours */
    bool completed;    /* an event says that ours completed */
    bool failed;       /* an event says that ours failed */
    bool rolling_back; /* something says that ours goes back */
};

/* What the rule says of our deployment now. */
struct follow_decision {
    enum follow_verdict verdict;
    bool rolling_back;
    bool wanted_zero;
    char other_id[ECS_ID];
    char text[ECS_REASON];
    char note[ECS_REASON];
};

/* ---- follow_events.c: a place in the output, zeroed, at_ms now; NULL when it is full. */
struct follow_event *follow_out(struct follow_at *at, enum follow_event_kind kind);
uint64_t follow_hash(const char *id);
/* ECS's own events, each once, put before what stands in the output already. */
void follow_read_events(struct follow_at *at);
bool follow_has_new_events(const struct follow_goal *goal, const struct follow_state *state,
                           const struct ecs_service *s);
/* Was this event made by what happened since we began? */
bool follow_is_recent(const struct follow_goal *goal, const struct ecs_event *e);

/* ---- follow_tasks.c */
/* The deployment whose completion is the goal: "" where the goal is none. */
const char *follow_own_id(const struct follow_goal *goal, const struct follow_state *state);
/* Is this task one of those that the goal brings up? */
bool follow_is_new(const struct follow_goal *goal, const struct follow_state *state,
                   const struct ecs_task *task);
bool follow_is_replaced(const struct follow_goal *goal, const char *task_id); /* by the goal's list */
/* Is its story complete? An ended container is told with its exit code, which comes a little later. */
bool follow_task_is_dead(const struct ecs_task *task);
int64_t follow_task_stop_ms(const struct ecs_task *task);  /* when its end began; 0 = not known */
int64_t follow_task_lived_ms(const struct ecs_task *task); /* -1 = not known */
/* Makes room among the hashes of told tasks: forgets those that stopped first, and notes until when. Returns
 * how many are left. */
size_t follow_forget_older(uint64_t *hashes, int64_t *stops, size_t count, int64_t *until_ms);
/* Stopped tasks of ours, each once. True when some are left for the next step. */
bool follow_read_tasks(struct follow_at *at);

/* ---- follow_targets.c: what the load balancer says */
struct follow_targets {
    int healthy, total; /* each address once; those that leave are not counted */
    bool by_task;       /* targets are addresses of tasks; else instances, which cannot be told apart */
};
void follow_count_targets(const struct snapshot *s, struct follow_targets *ret);
/* Notes why a new task's target is not healthy. */
void follow_read_sick_target(struct follow_at *at);

/* ---- follow_served.c: whether users are served, since when, and how many tasks serve. */
void follow_read_served(struct follow_at *at);
void follow_served_unknown(struct follow_at *at);
bool follow_task_runs(const struct ecs_task *task); /* RUNNING, and meant to run on */
/* May it serve, judged without a load balancer's word? before: it served already when all began. trusted: ECS
 * has shown that it holds it for healthy. */
bool follow_task_may_serve(const struct snapshot *s, const struct ecs_task *task, bool before, bool trusted);

/* ---- follow_proof.c: which tasks were replaced by which. */
void follow_read_proof(struct follow_at *at);

/* ---- follow_signals.c: what ECS's silence, its pace and its pauses mean. */
void follow_read_signals(struct follow_at *at);
void follow_tell_count(struct follow_at *at, int before);

/* ---- follow_wait.c: what it waits for. */
void follow_read_wait(struct follow_at *at);

/* ---- follow_evidence.c */
void follow_gather(struct follow_at *at, struct follow_evidence *ret);

/* ---- follow_decide.c: the decision rule. Notes evidence in the state, changes no phase. */
void follow_decide(struct follow_at *at, struct follow_decision *ret);
/* Its parts, one for each goal. */
void follow_decide_deployment(struct follow_at *at, const struct follow_evidence *seen,
                              struct follow_decision *ret);
void follow_decide_count(struct follow_at *at, struct follow_decision *ret);
void follow_decide_replaced(struct follow_at *at, struct follow_decision *ret);
void follow_decide_back_to(struct follow_at *at, const struct follow_evidence *seen,
                           struct follow_decision *ret);
void follow_end(struct follow_at *at, struct follow_decision *ret, enum follow_verdict v, const char *text);
/* Starts a clock that stands at 0, and says whether the span has passed. */
bool follow_waited(int64_t *since_ms, int64_t now_ms, int64_t span_ms);
/* Did this deployment begin before ours? */
bool follow_is_older(const struct follow_at *at, const struct ecs_deployment *other);
/* Counts stand still at what is wanted, for two looks. */
bool follow_counts_stable(struct follow_at *at, bool met);

#endif
