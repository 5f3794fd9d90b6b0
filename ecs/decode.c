/* JSON answers of ECS -> plain structs. */
#include "ecs/decode.h"

#include <limits.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/secret.h"
#include "base/text.h"

#define COUNT_MOST 1000000                  /* of tasks: sums of such do not overflow */
#define TIME_MOST  INT64_C(253402300799999) /* the end of the year 9999 */

/* Texts are cleaned on the way in, so that nothing later has to think of escape sequences. */
#define TEXT(array, object, path) text_clean((array), sizeof(array), jsonx_text((object), (path)), false)
/* Sentences: gated here, before others cut them or put words behind a cut. */
#define WORDS(array, object, path) (TEXT(array, object, path), secret_gate_text((array), sizeof(array)))

/* The part behind the last '/' of an ARN; the whole text when it has none. */
static const char *last_part(const char *arn)
{
    const char *slash = strrchr(arn, '/');

    return slash ? slash + 1 : arn;
}

static int number(const json_t *object, const char *path, int otherwise)
{
    int64_t n = jsonx_int(object, path, otherwise);

    return n > INT_MAX ? INT_MAX : n < INT_MIN ? INT_MIN : (int)n;
}

static bool is_text(const json_t *object, const char *name)
{
    const json_t *value = jsonx_at(object, name);

    return !value || json_is_string(value);
}

static bool is_number(const json_t *object, const char *name)
{
    const json_t *value = jsonx_at(object, name);

    return !value || json_is_number(value);
}

static bool counts_are_numbers(const json_t *object)
{
    return is_text(object, "status") && is_number(object, "desiredCount") &&
           is_number(object, "runningCount") && is_number(object, "pendingCount");
}

static int tasks(const json_t *object, const char *path)
{
    int n = number(object, path, 0);

    return n < 0 ? 0 : n > COUNT_MOST ? COUNT_MOST : n;
}

/* What no calendar has is absent. */
static int64_t time_ms(const json_t *object, const char *path)
{
    int64_t ms = jsonx_seconds_to_ms(object, path, 0);

    return ms < 0 || ms > TIME_MOST ? 0 : ms;
}

static enum ecs_deployment_status deployment_status(const char *word)
{
    if (strcmp(word, "PRIMARY") == 0)
        return ECS_PRIMARY;
    return strcmp(word, "ACTIVE") == 0 ? ECS_ACTIVE : ECS_INACTIVE;
}

static enum ecs_rollout rollout(const char *word)
{
    static const struct {
        const char *word;
        enum ecs_rollout value;
    } rows[] = {{"IN_PROGRESS", ECS_ROLLOUT_IN_PROGRESS},
                {"COMPLETED", ECS_ROLLOUT_COMPLETED},
                {"FAILED", ECS_ROLLOUT_FAILED}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(word, rows[i].word) == 0)
            return rows[i].value;
    return ECS_ROLLOUT_ABSENT;
}

static void decode_deployment(const json_t *object, struct ecs_deployment *ret)
{
    TEXT(ret->id, object, "id");
    ret->status = deployment_status(jsonx_text(object, "status"));
    ret->rollout = rollout(jsonx_text(object, "rolloutState"));
    WORDS(ret->rollout_reason, object, "rolloutStateReason");
    text_clean(ret->task_definition, sizeof ret->task_definition,
               last_part(jsonx_text(object, "taskDefinition")), false);
    ret->desired = tasks(object, "desiredCount");
    ret->running = tasks(object, "runningCount");
    ret->pending = tasks(object, "pendingCount");
    ret->failed = tasks(object, "failedTasks");
    ret->created_ms = time_ms(object, "createdAt");
    ret->updated_ms = time_ms(object, "updatedAt");
}

static void decode_configuration(const json_t *service, struct ecs_service *ret)
{
    ret->minimum_healthy_percent = number(service, "deploymentConfiguration.minimumHealthyPercent", -1);
    ret->maximum_percent = number(service, "deploymentConfiguration.maximumPercent", -1);
    ret->breaker = jsonx_bool(service, "deploymentConfiguration.deploymentCircuitBreaker.enable", false);
    ret->breaker_rollback =
        ret->breaker &&
        jsonx_bool(service, "deploymentConfiguration.deploymentCircuitBreaker.rollback", false);
    if (jsonx_bool(service, "deploymentConfiguration.alarms.enable", false))
        ret->alarms = (int)json_array_size(jsonx_at(service, "deploymentConfiguration.alarms.alarmNames"));
    ret->bake_minutes = number(service, "deploymentConfiguration.bakeTimeInMinutes", -1);
    TEXT(ret->rollout_strategy, service, "deploymentConfiguration.strategy");
}

/* The first ones are kept, and all are counted. */
static void decode_groups(const json_t *balancers, struct ecs_service *ret)
{
    for (size_t i = 0; i < json_array_size(balancers); i++) {
        const json_t *one = json_array_get(balancers, i);
        struct ecs_group *group;

        if (!*jsonx_text(one, "targetGroupArn"))
            continue; /* a classic load balancer */
        if (ret->target_groups++ >= ECS_GROUPS)
            continue;
        group = &ret->groups[ret->target_groups - 1];
        TEXT(group->arn, one, "targetGroupArn");
        TEXT(group->container, one, "containerName");
        group->port = number(one, "containerPort", 0);
    }
}

static void decode_lists(const json_t *service, struct ecs_service *ret)
{
    const json_t *deployments = jsonx_at(service, "deployments");
    const json_t *events = jsonx_at(service, "events");
    size_t i;

    for (i = 0; i < json_array_size(deployments) && ret->deployment_count < ECS_DEPLOYMENTS; i++) {
        const json_t *one = json_array_get(deployments, i);

        if (*jsonx_text(one, "id"))
            decode_deployment(one, &ret->deployments[ret->deployment_count++]);
    }
    for (i = 0; i < json_array_size(events) && ret->event_count < ECS_EVENTS; i++) {
        const json_t *one = json_array_get(events, i);
        struct ecs_event *event = &ret->events[ret->event_count];

        if (!*jsonx_text(one, "id"))
            continue;
        TEXT(event->id, one, "id");
        WORDS(event->message, one, "message");
        event->created_ms = time_ms(one, "createdAt");
        ret->event_count++;
    }
    decode_groups(jsonx_at(service, "loadBalancers"), ret);
}

static bool service_is_sound(const json_t *service)
{
    const json_t *deployments = jsonx_at(service, "deployments");

    if (!counts_are_numbers(service) || (deployments && !json_is_array(deployments)))
        return false;
    for (size_t i = 0; i < json_array_size(deployments); i++) {
        const json_t *one = json_array_get(deployments, i);

        if (!json_is_object(one) || !is_text(one, "id") || !is_text(one, "rolloutState") ||
            !counts_are_numbers(one))
            return false;
    }
    return true;
}

bool decode_service(const json_t *service, struct ecs_service *ret)
{
    memset(ret, 0, sizeof *ret);
    TEXT(ret->arn, service, "serviceArn");
    TEXT(ret->name, service, "serviceName");
    text_clean(ret->cluster, sizeof ret->cluster, last_part(jsonx_text(service, "clusterArn")), false);
    TEXT(ret->status, service, "status");
    TEXT(ret->controller, service, "deploymentController.type");
    if (!ret->controller[0])
        TEXT_COPY(ret->controller, "ECS"); /* ECS leaves its default out */
    TEXT(ret->strategy, service, "schedulingStrategy");
    if (!ret->strategy[0])
        TEXT_COPY(ret->strategy, "REPLICA");
    text_clean(ret->task_definition, sizeof ret->task_definition,
               last_part(jsonx_text(service, "taskDefinition")), false);
    ret->desired = tasks(service, "desiredCount");
    ret->running = tasks(service, "runningCount");
    ret->pending = tasks(service, "pendingCount");
    ret->grace_seconds = number(service, "healthCheckGracePeriodSeconds", -1);
    decode_configuration(service, ret);
    decode_lists(service, ret);
    return service_is_sound(service);
}

static void decode_container(const json_t *object, struct ecs_container *ret)
{
    const json_t *exit_code = jsonx_at(object, "exitCode");

    TEXT(ret->name, object, "name");
    ret->exited = json_is_number(exit_code);
    ret->exit_code = number(object, "exitCode", 0);
    WORDS(ret->reason, object, "reason");
    TEXT(ret->health, object, "healthStatus");
    TEXT(ret->image_digest, object, "imageDigest");
    TEXT(ret->runtime_id, object, "runtimeId");
}

/* Of the task's network interface (awsvpc): told twice, and not always in both places. */
static const char *address_of(const json_t *task)
{
    const json_t *attachments = jsonx_at(task, "attachments"), *containers = jsonx_at(task, "containers");
    size_t i, k;

    for (i = 0; i < json_array_size(attachments); i++) {
        const json_t *details = jsonx_at(json_array_get(attachments, i), "details");

        for (k = 0; k < json_array_size(details); k++)
            if (strcmp(jsonx_text(json_array_get(details, k), "name"), "privateIPv4Address") == 0)
                return jsonx_text(json_array_get(details, k), "value");
    }
    for (i = 0; i < json_array_size(containers); i++) {
        const char *address =
            jsonx_text(json_array_get(containers, i), "networkInterfaces.0.privateIpv4Address");

        if (*address)
            return address;
    }
    return "";
}

bool decode_task(const json_t *task, struct ecs_task *ret)
{
    const json_t *containers = jsonx_at(task, "containers");

    memset(ret, 0, sizeof *ret);
    text_clean(ret->id, sizeof ret->id, last_part(jsonx_text(task, "taskArn")), false);
    TEXT(ret->started_by, task, "startedBy");
    TEXT(ret->last_status, task, "lastStatus");
    TEXT(ret->desired_status, task, "desiredStatus");
    TEXT(ret->stop_code, task, "stopCode");
    WORDS(ret->stopped_reason, task, "stoppedReason");
    TEXT(ret->health, task, "healthStatus");
    text_clean(ret->task_definition, sizeof ret->task_definition,
               last_part(jsonx_text(task, "taskDefinitionArn")), false);
    text_clean(ret->address, sizeof ret->address, address_of(task), false);
    ret->created_ms = time_ms(task, "createdAt");
    ret->pull_started_ms = time_ms(task, "pullStartedAt");
    ret->started_ms = time_ms(task, "startedAt");
    ret->stopping_ms = time_ms(task, "stoppingAt");
    ret->stopped_ms = time_ms(task, "stoppedAt");
    for (size_t i = 0; i < json_array_size(containers) && ret->container_count < ECS_CONTAINERS; i++)
        decode_container(json_array_get(containers, i), &ret->containers[ret->container_count++]);
    return is_text(task, "taskArn") && is_text(task, "lastStatus") && is_text(task, "desiredStatus") &&
           is_text(task, "startedBy");
}

/* A revision carries the number of its deployment, as text: it may begin with a zero. */
static void copy_deployment_id(char to[ECS_ID], const char *revision_arn)
{
    char number_part[ECS_ID];

    text_clean(number_part, sizeof number_part, last_part(revision_arn), false);
    to[0] = '\0';
    if (number_part[0])
        text_format(to, ECS_ID, "ecs-svc/%s", number_part);
}

void decode_service_deployment(const json_t *brief, struct ecs_service_deployment *ret)
{
    memset(ret, 0, sizeof *ret);
    TEXT(ret->arn, brief, "serviceDeploymentArn");
    TEXT(ret->status, brief, "status");
    WORDS(ret->status_reason, brief, "statusReason");
    copy_deployment_id(ret->deployment_id, jsonx_text(brief, "targetServiceRevisionArn"));
    ret->created_ms = time_ms(brief, "createdAt");
    ret->started_ms = time_ms(brief, "startedAt");
    ret->finished_ms = time_ms(brief, "finishedAt");
}

static void join_names(char *to, size_t size, const json_t *names)
{
    size_t at = 0;

    for (size_t i = 0; i < json_array_size(names) && at + 3 < size; i++) {
        const char *name = json_string_value(json_array_get(names, i));

        if (!name || !*name)
            continue;
        if (at > 0)
            text_copy(to + at, size - at, ", ");
        at = strlen(to);
        text_clean(to + at, size - at, name, false);
        at = strlen(to);
    }
}

/* How much a hook holds the deployment up: one that waits for a person most, one that is over not at all. */
static int hook_weight(const json_t *hook)
{
    static const char *const rising[] = {"TIMED_OUT", "FAILED", "IN_PROGRESS", "AWAITING_ACTION"};
    const char *status = jsonx_text(hook, "status");

    for (int i = 0; i < 4; i++)
        if (strcmp(status, rising[i]) == 0)
            return i + 1;
    return 0;
}

/* "arn:aws:lambda:r:1:function:NAME" -> "NAME" */
static const char *hook_name(const json_t *hook)
{
    const char *arn = jsonx_text(hook, "targetArn"), *colon = strrchr(arn, ':');

    return !*arn ? jsonx_text(hook, "hookId") : colon ? colon + 1 : arn;
}

static void decode_hooks(const json_t *hooks, struct ecs_rollout_detail *ret)
{
    const json_t *worst = NULL;

    for (size_t i = 0; i < json_array_size(hooks); i++)
        if (hook_weight(json_array_get(hooks, i)) > hook_weight(worst))
            worst = json_array_get(hooks, i);
    if (!worst)
        return;
    TEXT(ret->hook_status, worst, "status");
    ret->paused = strcmp(ret->hook_status, "AWAITING_ACTION") == 0;
    text_clean(ret->hook, sizeof ret->hook, hook_name(worst), false);
    TEXT(ret->hook_stage, worst, "lifecycleStage");
    if (!ret->hook_stage[0])
        TEXT_COPY(ret->hook_stage, ret->stage); /* the present one: it holds up that */
    ret->hook_expires_ms = time_ms(worst, "expiresAt");
}

void decode_rollout_detail(const json_t *detail, struct ecs_rollout_detail *ret)
{
    memset(ret, 0, sizeof *ret);
    copy_deployment_id(ret->deployment_id, jsonx_text(detail, "targetServiceRevision.arn"));
    TEXT(ret->arn, detail, "serviceDeploymentArn");
    TEXT(ret->status, detail, "status");
    WORDS(ret->status_reason, detail, "statusReason");
    TEXT(ret->stage, detail, "lifecycleStage");
    TEXT(ret->breaker_status, detail, "deploymentCircuitBreaker.status");
    ret->breaker_failures = number(detail, "deploymentCircuitBreaker.failureCount", -1);
    ret->breaker_threshold = number(detail, "deploymentCircuitBreaker.threshold", -1);
    TEXT(ret->alarm_status, detail, "alarms.status");
    join_names(ret->triggered_alarms, sizeof ret->triggered_alarms,
               jsonx_at(detail, "alarms.triggeredAlarmNames"));
    WORDS(ret->rollback_reason, detail, "rollback.reason");
    copy_deployment_id(ret->rollback_to, jsonx_text(detail, "rollback.serviceRevisionArn"));
    ret->bake_minutes = number(detail, "deploymentConfiguration.bakeTimeInMinutes", -1);
    decode_hooks(jsonx_at(detail, "lifecycleHookDetails"), ret);
    ret->created_ms = time_ms(detail, "createdAt");
    ret->started_ms = time_ms(detail, "startedAt");
    ret->finished_ms = time_ms(detail, "finishedAt");
    if (!ret->finished_ms)
        ret->finished_ms = time_ms(detail, "stoppedAt");
    ret->updated_ms = time_ms(detail, "updatedAt");
}
