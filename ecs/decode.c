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
}

static void decode_lists(const json_t *service, struct ecs_service *ret)
{
    const json_t *deployments = jsonx_at(service, "deployments");
    const json_t *events = jsonx_at(service, "events");
    const json_t *balancers = jsonx_at(service, "loadBalancers");
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
    for (i = 0; i < json_array_size(balancers); i++)
        if (*jsonx_text(json_array_get(balancers, i), "targetGroupArn"))
            ret->target_groups++;
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

void decode_service_deployment(const json_t *brief, struct ecs_service_deployment *ret)
{
    const char *revision = last_part(jsonx_text(brief, "targetServiceRevisionArn"));

    memset(ret, 0, sizeof *ret);
    TEXT(ret->arn, brief, "serviceDeploymentArn");
    TEXT(ret->status, brief, "status");
    WORDS(ret->status_reason, brief, "statusReason");
    if (*revision) {
        char cleaned[ECS_ID];

        /* A revision carries the number of its deployment, as text: it may begin with a zero. */
        text_clean(cleaned, sizeof cleaned, revision, false);
        TEXT_FORMAT(ret->deployment_id, "ecs-svc/%s", cleaned);
    }
    ret->created_ms = time_ms(brief, "createdAt");
    ret->started_ms = time_ms(brief, "startedAt");
    ret->finished_ms = time_ms(brief, "finishedAt");
}
