#ifndef SIM_WORLD_ECS_PRIVATE_H
#define SIM_WORLD_ECS_PRIVATE_H
/* The inside of the simulated ECS, shared by its files only:
 *   world_ecs.c           the world: creation, time, identifiers, events
 *   world_ecs_tasks.c     the life of one task
 *   world_ecs_schedule.c  what the service scheduler does at each tick
 *   world_ecs_rollout.c   deployments: begin, complete, fail, roll back
 *   world_ecs_turns.c     what somebody else, an alarm, autoscaling or a hook does
 *   world_ecs_json.c      how all of it reads in AWS's JSON; history and task definitions:
 * world_ecs_history.c world_ecs_calls.c     a call: found, throttled, counted; world_ecs_reads.c,
 * world_ecs_changes.c: the actions world_balancer.c, world_cloudwatch.c, world_logs.c, world_registry.c what
 * the other services of AWS say of it; world_scaling.c: and Application Auto Scaling; world_site.c what
 * CloudTAK itself answers to a browser */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/world_ecs.h"

#define SIM_NEVER       INT64_MAX
#define SIM_DEPLOYMENTS 10
#define SIM_EVENTS      100
#define SIM_RECORDS     50
#define SIM_TASKS       400 /* of one service; beyond it the oldest stopped one is forgotten */
#define SIM_ACTIONS     24
#define SIM_REVISION    412 /* the newest one of every task definition */
#define SIM_REVISIONS   4   /* so many of each are there */
#define SIM_HOOK        "pause-after-scale-up"

enum sim_phase {
    PHASE_PROVISIONING,
    PHASE_PULLING,
    PHASE_ACTIVATING,
    PHASE_BOOTING, /* RUNNING, not yet healthy */
    PHASE_SERVING, /* RUNNING and healthy */
    PHASE_DRAINING,
    PHASE_KILLING,
    PHASE_DEPROVISIONING,
    PHASE_STOPPED,
    SIM_PHASES
};

struct sim_task {
    struct sim_task *next; /* newest first */
    char id[33], address[16];
    uint64_t deployment;
    int revision;
    enum sim_phase phase;
    int64_t due_ms; /* when the phase ends by itself */
    int64_t created_ms, pull_started_ms, pull_stopped_ms, started_ms, stopping_ms, exited_ms, stopped_ms;
    bool doomed;     /* the scenario's fate awaits it */
    bool registered; /* in its target group */
    bool replaced;   /* unhealthy; its successor says so */
    int restarts;    /* of its container, in place */
    int64_t rebooting_until_ms;
    const char *stop_code;
    char stopped_reason[320], container_reason[320];
    int exit_code; /* -1 = none */
};

enum sim_rollout { ROLLOUT_IN_PROGRESS, ROLLOUT_COMPLETED, ROLLOUT_FAILED };

struct sim_deployment {
    uint64_t number; /* ecs-svc/NUMBER */
    int revision;
    int64_t created_ms, updated_ms;
    enum sim_rollout rollout;
    char reason[160];
    int desired; /* as shown: 0 until the scheduler has looked at it */
    int failed;  /* consecutive failures, as the breaker counts them */
    bool proven; /* a task of it was healthy once: failures are no longer counted */
};

/* A service deployment: the history that ListServiceDeployments shows. */
struct sim_record {
    uint64_t number; /* of the deployment it is about */
    uint64_t source; /* the one before it; 0 = none */
    int revision;
    const char *status;
    char reason[160];
    int64_t created_ms, started_ms, finished_ms, updated_ms, rollback_ms;
    int failed;
    bool alarmed;      /* an alarm sent it back */
    const char *stage; /* of a deployment with a hook; NULL */
    int64_t hook_ms;   /* since when the hook waits or waited; 0 = it did not yet */
};

struct sim_event {
    char id[37];
    int64_t created_ms;
    char *message;
};

/* What others do to a service, when its time has come. */
enum sim_turn {
    TURN_SUPERSEDE,
    TURN_ZERO,
    TURN_STOP,
    TURN_SCALE,
    TURN_RAISE,
    TURN_RESUME,
    TURN_ALARM,
    TURN_CONTINUE,
    TURN_BAKED,
    TURN_RESTART,
    TURN_CRASH,
    SIM_TURNS
};

/* What of autoscaling is suspended. */
struct sim_switches {
    bool in, out, scheduled;
};

struct sim_service {
    const struct world_service *row;
    uint64_t random; /* its own, so that its history does not depend on the other services */
    int desired;
    struct sim_switches suspended, suspended_before; /* reads show the latter for the scenario's time */
    int64_t suspended_ms;                            /* the last change; 0 = none */
    bool resumed;                                    /* by somebody else: once in a world */
    bool breaker;
    struct sim_deployment deployments[SIM_DEPLOYMENTS]; /* [0] is PRIMARY, then newest first */
    size_t deployment_count;
    struct sim_task *tasks;
    struct sim_event events[SIM_EVENTS]; /* newest first */
    size_t event_count;
    struct sim_record records[SIM_RECORDS]; /* newest first */
    size_t record_count;
    int64_t tick_ms;   /* the scheduler's next look */
    int64_t steady_ms; /* next repetition of the steady state event */
    bool steady;
    int64_t turns[SIM_TURNS];
    bool meddled;            /* others did what the scenario wants, or will: once in a world */
    bool crashing;           /* likewise, of what comes after completion */
    int64_t launch_after_ms; /* back-off of the scheduler */
    int start_failures;      /* tasks in a row that never reached RUNNING */
    int64_t complained_ms;   /* last "unable to consistently start tasks" */
    int64_t unplaced_ms;     /* last "unable to place a task" */
    int64_t deadlock_ms;     /* last "unable to stop or start tasks" */
    int launched;            /* tasks, ever */
    json_t *stale;           /* what reads still show */
    int64_t stale_until_ms;
};

struct sim_count {
    char action[48];
    uint64_t count;
};

#define SIM_BUCKETS 8
struct sim_bucket {
    double tokens;
    int64_t filled_ms;
};

struct world_ecs {
    const struct world_scenario *scenario;
    struct sim_service *services;
    size_t service_count;
    uint64_t random; /* of throttling */
    unsigned refused_in_a_row;
    int64_t start_ms, now_ms;
    unsigned lose_in;   /* the n-th next changing call loses its answer; 0 = none */
    int64_t changed_ms; /* the first change; 0 = none yet */
    int64_t alarm_ms;   /* since when the scenario's alarm stands in ALARM; 0 = it does not */
    struct sim_count counts[SIM_ACTIONS];
    size_t count_count;
    struct sim_bucket buckets[SIM_BUCKETS];
};

/* world_ecs.c */
uint64_t sim_random(uint64_t *state);
int64_t sim_jitter(struct sim_service *s, int64_t span_ms); /* uniform in [0, span) */
uint64_t sim_deployment_number(struct sim_service *s);
void sim_event(struct world_ecs *w, struct sim_service *s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* world_ecs_tasks.c */
struct sim_task *sim_task_launch(struct world_ecs *w, struct sim_service *s, const struct sim_deployment *of);
/* Ends a task from outside: drained first when asked, and when it serves behind a load balancer. */
void sim_task_stop(struct world_ecs *w, struct sim_service *s, struct sim_task *t, bool drain,
                   const char *stop_code, const char *reason);
/* The phase's end by itself: next phase, or the scenario's fate. */
void sim_task_due(struct world_ecs *w, struct sim_service *s, struct sim_task *t);
/* Its container ends by itself. */
void sim_task_exits(struct world_ecs *w, struct sim_service *s, struct sim_task *t);
/* Does the scenario's fate await new tasks of this service? */
bool sim_doomed(const struct world_ecs *w, const struct sim_service *s, int revision);
bool sim_task_live(const struct sim_task *t); /* not yet told to stop */
bool sim_task_pending(const struct sim_task *t);
bool sim_task_running(const struct sim_task *t);
void sim_tasks_forget(struct sim_service *s, int64_t now_ms); /* stopped an hour ago, or too many */
void sim_tasks_free(struct sim_service *s);
/* Of a target whose task does not answer: nginx before the program says 502, else nothing is said. */
const char *sim_unhealthy_words(const struct sim_service *s);
void sim_target_group_arn(const struct sim_service *s, char *to, size_t size);

/* world_ecs_schedule.c */
void sim_schedule(struct world_ecs *w, struct sim_service *s);
int sim_minimum_percent(const struct world_ecs *w);
int sim_maximum_percent(const struct world_ecs *w);

/* world_ecs_rollout.c */
struct sim_deployment *sim_deployment_find(struct sim_service *s, uint64_t number); /* NULL when gone */
/* A new PRIMARY. False when the service has too many deployments already. */
bool sim_rollout_begin(struct world_ecs *w, struct sim_service *s, int revision);
void sim_rollout_complete(struct world_ecs *w, struct sim_service *s);
enum sim_back { BACK_BY_BREAKER, BACK_BY_ALARM, BACK_BY_HAND };
void sim_rollout_fail(struct world_ecs *w, struct sim_service *s, enum sim_back why);
/* Back to the last completed deployment, under its own id; false when there is none. */
bool sim_rollout_back(struct world_ecs *w, struct sim_service *s, enum sim_back why);
int sim_breaker_threshold(const struct sim_service *s);
struct sim_record *sim_record_find(struct sim_service *s, uint64_t number);
void sim_record_goes_on(struct sim_service *s); /* from what was requested to what is in progress */
bool sim_record_running(const struct sim_record *r);

/* world_ecs_turns.c */
void sim_turns_expect(struct world_ecs *w, struct sim_service *s);    /* a deployment was ordered */
void sim_turns_completed(struct world_ecs *w, struct sim_service *s); /* one is completed */
void sim_turns_counted(struct world_ecs *w, struct sim_service *s);   /* the count was set */
void sim_turns_suspended(struct world_ecs *w, struct sim_service *s); /* autoscaling was */
int64_t sim_turns_due(const struct sim_service *s);
void sim_turns_happen(struct world_ecs *w, struct sim_service *s);
/* Must older tasks stay, because of a hook or the bake time behind it? */
bool sim_hook_holds(struct world_ecs *w, struct sim_service *s, bool all_new_serve);
void sim_hook_continue(struct world_ecs *w, struct sim_service *s);
void sim_hook_baked(struct world_ecs *w, struct sim_service *s);

/* world_scaling.c */
void sim_suspend(struct world_ecs *w, struct sim_service *s, struct sim_switches to);

/* world_ecs_json.c: each returns a new reference */
json_t *sim_service_json(const struct world_ecs *w, const struct sim_service *s);
/* "STACK-<middle>-<region>-batchelb", as CloudTAK names its alarms. */
void sim_alarm_name(const char *middle, char *to, size_t size);
json_t *sim_task_json(const struct sim_service *s, const struct sim_task *t);
/* world_ecs_history.c */
json_t *sim_record_json(const struct world_ecs *w, const struct sim_service *s, const struct sim_record *r,
                        bool brief);
json_t *sim_revision_json(const struct sim_service *s, const struct sim_record *r);
json_t *sim_definition_json(const struct world_ecs *w, const struct sim_service *s, int revision);
json_t *sim_failure_json(const char *arn, const char *reason);
void sim_arn(const char *kind, const char *rest, char *to, size_t size);

#endif
