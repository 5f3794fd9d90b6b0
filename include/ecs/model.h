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
    int target_groups; /* load balancers with a target group */
    int grace_seconds; /* -1 = not said */
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
};

struct ecs_task {
    char id[ECS_ID];         /* last part of taskArn */
    char started_by[ECS_ID]; /* the deployment id: joins a task to a deployment */
    char last_status[20], desired_status[12];
    char stop_code[32];
    char stopped_reason[ECS_REASON];
    char health[12];
    char task_definition[ECS_NAME];
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

    char trouble[ECS_REASON]; /* the sentence of the first part that failed; "" */
};

/* ---- pure helpers on a service */
const struct ecs_deployment *model_primary(const struct ecs_service *s); /* NULL when none */
const struct ecs_deployment *model_deployment(const struct ecs_service *s,
                                              const char *id); /* NULL when none */

#endif
