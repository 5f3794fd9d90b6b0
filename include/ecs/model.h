#ifndef ECS_MODEL_H
#define ECS_MODEL_H
/* What ECS says, as plain structs with ceilings; no JSON beyond decode.c. Times are epoch ms, 0 = absent.
 * Texts from AWS are cleaned (text_clean), not redacted. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECS_NAME        256
#define ECS_ID          64 /* "ecs-svc/1234567890123456789", task ids, event ids */
#define ECS_REASON      512
#define ECS_DEPLOYMENTS 10
#define ECS_EVENTS      100
#define ECS_TASKS       100 /* a page of ListTasks */
#define ECS_CONTAINERS  5
#define ECS_GROUPS      4   /* target groups of a service */
#define ECS_TARGETS     100 /* of all its target groups together */

/* One service, as the configuration names it. session is the number that ecs_add_session gave. */
struct service_ref {
    int session;
    char account[16]; /* as configured; "" = unchecked */
    char region[32];
    char cluster[ECS_NAME];
    char service[ECS_NAME];
};

enum ecs_deployment_status { ECS_PRIMARY, ECS_ACTIVE, ECS_INACTIVE };
enum ecs_rollout { ECS_ROLLOUT_ABSENT, ECS_ROLLOUT_IN_PROGRESS, ECS_ROLLOUT_COMPLETED, ECS_ROLLOUT_FAILED };

struct ecs_deployment {
    char id[ECS_ID];
    enum ecs_deployment_status status;
    enum ecs_rollout rollout;
    char rollout_reason[ECS_REASON];
    char task_definition[ECS_NAME]; /* "family:revision", the ARN's prefix dropped */
    int desired, running, pending, failed;
    int64_t created_ms, updated_ms;
};

struct ecs_event {
    char id[ECS_ID];
    int64_t created_ms;
    char message[ECS_REASON];
};

/* A target group that the service registers its tasks in. */
struct ecs_group {
    char arn[ECS_NAME];
    char container[64];
    int port;
};

struct ecs_service {
    char arn[ECS_NAME * 2];
    char name[ECS_NAME];
    char cluster[ECS_NAME]; /* last part of clusterArn */
    char status[16];        /* ACTIVE, DRAINING, INACTIVE */
    char controller[16];    /* ECS, CODE_DEPLOY, EXTERNAL */
    char strategy[16];      /* REPLICA, DAEMON */
    char task_definition[ECS_NAME];
    int desired, running, pending;
    int minimum_healthy_percent, maximum_percent; /* -1 = not said */
    bool breaker, breaker_rollback;
    int alarms;        /* names of deployment alarms configured and enabled */
    int target_groups; /* load balancers with a target group; the first ECS_GROUPS stand in groups */
    struct ecs_group groups[ECS_GROUPS];
    int grace_seconds;         /* -1 = not said */
    int bake_minutes;          /* -1 = not said */
    char rollout_strategy[16]; /* ROLLING, BLUE_GREEN, LINEAR, CANARY; "" = not said (ROLLING) */
    size_t deployment_count;
    struct ecs_deployment deployments[ECS_DEPLOYMENTS];
    size_t event_count; /* newest first */
    struct ecs_event events[ECS_EVENTS];
};

struct ecs_container {
    char name[64];
    bool exited; /* exit_code is known */
    int exit_code;
    char reason[ECS_REASON];
    char health[12]; /* HEALTHY, UNHEALTHY, UNKNOWN, "" */
    char image_digest[80];
    char runtime_id[80]; /* another one under the same task: it was restarted in place */
};

struct ecs_task {
    char id[ECS_ID];         /* last part of taskArn */
    char started_by[ECS_ID]; /* the deployment id: joins a task to a deployment */
    char last_status[20], desired_status[12];
    char stop_code[32];
    char stopped_reason[ECS_REASON];
    char health[12];
    char task_definition[ECS_NAME];
    char address[48]; /* private IPv4 address: joins a task to its targets; "" */
    int64_t created_ms, pull_started_ms, started_ms, stopping_ms, stopped_ms;
    size_t container_count;
    struct ecs_container containers[ECS_CONTAINERS];
};

/* A service deployment (ListServiceDeployments), the history of a service's deployments. */
struct ecs_service_deployment {
    char arn[ECS_NAME * 2];
    char status[24];
    char status_reason[ECS_REASON];
    char deployment_id[ECS_ID]; /* "ecs-svc/N", from targetServiceRevisionArn's last part */
    int64_t created_ms, started_ms, finished_ms;
};

/* A service deployment in detail (DescribeServiceDeployments). Whatever is not said is "" or -1 or 0. */
struct ecs_rollout_detail {
    char deployment_id[ECS_ID];
    char arn[ECS_NAME * 2];
    char status[24], status_reason[ECS_REASON];
    char stage[40];          /* lifecycleStage: "SCALE_UP", "BAKE_TIME", … */
    char breaker_status[24]; /* TRIGGERED, MONITORING, MONITORING_COMPLETE, DISABLED */
    int breaker_failures, breaker_threshold;
    char alarm_status[24];
    char triggered_alarms[ECS_REASON]; /* ", " between names */
    char rollback_reason[ECS_REASON], rollback_to[ECS_ID];
    int bake_minutes;
    /* a hook that holds it up */
    bool paused; /* waits for a person's continue or roll back */
    char hook[ECS_NAME], hook_status[24], hook_stage[40];
    int64_t hook_expires_ms;
    int64_t created_ms, started_ms, finished_ms, updated_ms;
};

/* One task (or instance) behind a target group, as the load balancer sees it. */
enum ecs_target_state {
    ECS_TARGET_INITIAL,
    ECS_TARGET_HEALTHY,
    ECS_TARGET_UNHEALTHY,
    ECS_TARGET_DRAINING,
    ECS_TARGET_UNUSED,
    ECS_TARGET_UNAVAILABLE
};
struct ecs_target {
    int group;   /* index in ecs_service.groups */
    char id[48]; /* an address or an instance id */
    int port;
    enum ecs_target_state state;
    char reason[48];       /* "Target.ResponseCodeMismatch"; "" */
    char description[200]; /* "Health checks failed with these codes: [502]"; "" */
};

/* Why a part of a snapshot is absent. */
enum ecs_absence {
    ECS_SEEN,
    ECS_NOT_READ,
    ECS_THROTTLED,
    ECS_EXPIRED,
    ECS_UNREACHABLE,
    ECS_REFUSED,
    ECS_UNSUPPORTED
};

/* What one look at a service showed. A part that could not be read is absent with its reason, never a zero.
 * as_of is world time. */
struct snapshot {
    enum ecs_absence service_absence;
    int64_t service_as_of_ms;
    /* ECS answered (service_absence is ECS_SEEN) that there is no such service: failures[] MISSING,
     * ClusterNotFoundException or ServiceNotFoundException; service is empty, trouble says so */
    bool missing;
    bool no_cluster; /* missing because its cluster is not there */
    struct ecs_service service;

    enum ecs_absence tasks_absence;
    int64_t tasks_as_of_ms;
    size_t task_count; /* running and stopped ones together */
    struct ecs_task tasks[ECS_TASKS];

    enum ecs_absence history_absence;
    int64_t history_as_of_ms;
    size_t history_count; /* newest first */
    struct ecs_service_deployment history[20];

    /* our own rollout in detail, where the endpoint knows it; of the deployment the reader named */
    enum ecs_absence rollout_absence;
    int64_t rollout_as_of_ms;
    struct ecs_rollout_detail rollout;

    /* What the load balancer sees. Absent with ECS_NOT_READ where the service has no target group. All groups
     * or nothing: one that could not be read makes the part absent. */
    enum ecs_absence targets_absence;
    int64_t targets_as_of_ms;
    size_t target_count;
    struct ecs_target targets[ECS_TARGETS];
    char targets_trouble[ECS_REASON]; /* why they could not be read, a sentence; "" */

    char trouble[ECS_REASON]; /* the sentence of the first part that failed; "" */
};

/* ---- pure helpers on a service */
const struct ecs_deployment *model_primary(const struct ecs_service *s); /* NULL when none */
const struct ecs_deployment *model_deployment(const struct ecs_service *s,
                                              const char *id); /* NULL when none */
/* Is this task healthy to every target group that lists its address, and listed by one at least? */
bool model_task_is_target(const struct snapshot *s, const struct ecs_task *task);
/* The target of this task that is not healthy, to say why; NULL when there is none. */
const struct ecs_target *model_sick_target(const struct snapshot *s, const struct ecs_task *task);

#endif
