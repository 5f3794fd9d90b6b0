/* Application Auto Scaling of the services' counts: DescribeScalableTargets, RegisterScalableTarget. */
#include "sim/world_ecs_calls.h"
#include "sim/world_ecs_json.h"

#include "base/jsonx.h"
#include "base/text.h"

#define DIMENSION    "ecs:service:DesiredCount"
#define MAXIMUM      10
#define TARGETS_MOST 50

/* "service/CLUSTER/SERVICE"; NULL when no such service is there. */
static struct sim_service *find_resource(struct world_ecs *w, const char *resource)
{
    static const char prefix[] = "service/" WORLD_CLUSTER "/";
    return text_starts(resource, prefix) ? call_find_service(w, resource + sizeof(prefix) - 1) : NULL;
}

static bool of_ecs(struct call *c)
{
    if (text_equal(jsonx_text(c->body, "ServiceNamespace"), "ecs")) {
        return true;
    }
    call_refuse(c, "ValidationException", "Only the service namespace ecs is known here.");
    return false;
}

static struct sim_switches shown(const struct world_ecs *w, const struct sim_service *s)
{
    bool stale = s->suspended_ms != 0 && w->now_ms < s->suspended_ms + w->scenario->stale_ms;
    return stale ? s->suspended_before : s->suspended;
}

static void put_target_arn(json_t *o, const struct world_ecs *w, const struct sim_service *s)
{
    char arn[ARN_MAX];
    TEXT_FORMAT(arn,
                "arn:" WORLD_PARTITION ":application-autoscaling:" WORLD_REGION ":" WORLD_ACCOUNT
                ":scalable-target/0ec5%032d",
                (int)(s - w->services));
    put_text(o, "ScalableTargetARN", arn);
}

static json_t *target_json(const struct world_ecs *w, const struct sim_service *s)
{
    char resource[ARN_MAX];
    struct sim_switches suspended = shown(w, s);
    TEXT_FORMAT(resource, "service/" WORLD_CLUSTER "/%s", s->row->name);
    json_t *o = json_pack("{s:s,s:s,s:s,s:i,s:i,s:s}", "ServiceNamespace", "ecs", "ResourceId", resource,
                          "ScalableDimension", DIMENSION, "MinCapacity", s->row->desired, "MaxCapacity",
                          MAXIMUM, "RoleARN",
                          "arn:" WORLD_PARTITION ":iam::" WORLD_ACCOUNT
                          ":role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
                          "AWSServiceRoleForApplicationAutoScaling_ECSService");
    put_time(o, "CreationTime", s->records[s->record_count - 1].created_ms);
    json_object_set_new(o, "SuspendedState",
                        json_pack("{s:b,s:b,s:b}", "DynamicScalingInSuspended", suspended.in,
                                  "DynamicScalingOutSuspended", suspended.out, "ScheduledScalingSuspended",
                                  suspended.scheduled));
    put_target_arn(o, w, s);
    return o;
}

static bool is_wanted(struct world_ecs *w, const struct sim_service *s, const json_t *ids)
{
    bool wanted = json_array_size(ids) == 0;
    if (!s->row->autoscaled) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(ids) && !wanted; i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        wanted = id != NULL && find_resource(w, id) == s;
    }
    return wanted;
}

void call_describe_scalable_targets(struct call *c)
{
    const json_t *ids = jsonx_at(c->body, "ResourceIds");
    const char *dimension = jsonx_text(c->body, "ScalableDimension");
    if (!of_ecs(c)) {
        return;
    }
    if (json_array_size(ids) > TARGETS_MOST) {
        call_refuse(c, "ValidationException", "At most 50 resource ids can be asked for in a call.");
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < c->w->service_count; i++) {
        const struct sim_service *s = &c->w->services[i];
        if (is_wanted(c->w, s, ids) && (dimension[0] == '\0' || text_equal(dimension, DIMENSION))) {
            json_array_append_new(list, target_json(c->w, s));
        }
    }
    call_answer(c, "ScalableTargets", list);
}

void sim_suspend(struct world_ecs *w, struct sim_service *s, struct sim_switches to)
{
    s->suspended_before = shown(w, s);
    s->suspended = to;
    s->suspended_ms = w->now_ms;
    sim_turns_suspended(w, s);
}

void call_register_scalable_target(struct call *c)
{
    struct sim_service *s = find_resource(c->w, jsonx_text(c->body, "ResourceId"));
    if (!of_ecs(c)) {
        return;
    }
    if (s == NULL || !text_equal(jsonx_text(c->body, "ScalableDimension"), DIMENSION)) {
        call_refuse(c, "ValidationException",
                    "ECS service doesn't exist, or the scalable dimension does not fit.");
        return;
    }
    if (!s->row->autoscaled || jsonx_at(c->body, "MinCapacity") != NULL ||
        jsonx_at(c->body, "MaxCapacity") != NULL) {
        call_refuse(c, "ValidationException", "No scalable target is registered, and none can be made here.");
        return;
    }
    const json_t *wanted = jsonx_at(c->body, "SuspendedState");
    struct sim_switches to = s->suspended; /* what is not said stays */
    to.in = jsonx_bool(wanted, "DynamicScalingInSuspended", to.in);
    to.out = jsonx_bool(wanted, "DynamicScalingOutSuspended", to.out);
    to.scheduled = jsonx_bool(wanted, "ScheduledScalingSuspended", to.scheduled);
    sim_suspend(c->w, s, to);
    put_target_arn(c->answer->body, c->w, s);
}
