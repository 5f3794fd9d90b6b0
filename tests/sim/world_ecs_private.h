#ifndef SIM_WORLD_ECS_PRIVATE_H
#define SIM_WORLD_ECS_PRIVATE_H
/* The inside of the simulated ECS, shared by its files only:
 *   world_ecs.c           the world: creation, time, identifiers, events
 *   world_ecs_tasks.c     the life of one task
 *   world_ecs_schedule.c  what the service scheduler does at each tick
 *   world_ecs_rollout.c   deployments: begin, complete, fail, roll back
 *   world_ecs_json.c      how all of it reads in AWS's JSON
 *   world_ecs_calls.c     a call: found, throttled, counted; world_ecs_reads.c, world_ecs_changes.c: the
 * actions */
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
#define SIM_ACTIONS     16
#define SIM_REVISION    412 /* of every task definition */

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
    char id[33];
    uint64_t deployment;
    int revision;
    enum sim_phase phase;
    int64_t due_ms; /* when the phase ends by itself */
    int64_t created_ms, pull_started_ms, pull_stopped_ms, started_ms, stopping_ms, exited_ms, stopped_ms;
    bool doomed;     /* the scenario's fate awaits it */
    bool registered; /* in its target group */
    bool replaced;   /* unhealthy; its successor says so */
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
    const char *status;
    char reason[160];
    int64_t created_ms, started_ms, finished_ms, updated_ms, rollback_ms;
    int failed;
};

struct sim_event {
    char id[37];
    int64_t created_ms;
    char *message;
};

struct sim_service {
    const struct world_service *row;
    uint64_t random; /* its own, so that its history does not depend on the other services */
    int desired;
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
    int64_t supersede_ms, zero_ms; /* somebody else acts */
    bool meddled;                  /* they did, or will: once in a world */
    int64_t launch_after_ms;       /* back-off of the scheduler */
    int start_failures;            /* tasks in a row that never reached RUNNING */
    int64_t complained_ms;         /* last "unable to consistently start tasks" */
    json_t *stale;                 /* what reads still show */
    int64_t stale_until_ms;
};

struct sim_count {
    char action[48];
    uint64_t count;
};

#define SIM_BUCKETS 6
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
    int64_t now_ms;
    unsigned lose_in; /* the n-th next changing call loses its answer; 0 = none */
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
bool sim_task_live(const struct sim_task *t); /* not yet told to stop */
bool sim_task_pending(const struct sim_task *t);
bool sim_task_running(const struct sim_task *t);
void sim_tasks_forget(struct sim_service *s, int64_t now_ms); /* stopped an hour ago, or too many */
void sim_tasks_free(struct sim_service *s);
void sim_target_group_arn(const struct sim_service *s, char *to, size_t size);

/* world_ecs_schedule.c */
void sim_schedule(struct world_ecs *w, struct sim_service *s);

/* world_ecs_rollout.c */
struct sim_deployment *sim_deployment_find(struct sim_service *s, uint64_t number); /* NULL when gone */
/* A new PRIMARY. False when the service has too many deployments already. */
bool sim_rollout_begin(struct world_ecs *w, struct sim_service *s, int revision);
void sim_rollout_complete(struct world_ecs *w, struct sim_service *s);
void sim_rollout_fail(struct world_ecs *w, struct sim_service *s);
/* Back to the last completed deployment, under its own id; false when there is none. */
bool sim_rollout_back(struct world_ecs *w, struct sim_service *s, const char *reason);
int sim_breaker_threshold(const struct sim_service *s);
struct sim_record *sim_record_find(struct sim_service *s, uint64_t number);
bool sim_record_running(const struct sim_record *r);

/* world_ecs_json.c: each returns a new reference */
json_t *sim_service_json(const struct sim_service *s);
json_t *sim_task_json(const struct sim_service *s, const struct sim_task *t);
json_t *sim_record_json(const struct sim_service *s, const struct sim_record *r, bool brief);
json_t *sim_definition_json(const struct sim_service *s, int revision);
json_t *sim_failure_json(const char *arn, const char *reason);
void sim_arn(const char *kind, const char *rest, char *to, size_t size);

#endif
