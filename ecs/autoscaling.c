/* Bodies and answers of Application Auto Scaling. */
#include "autoscaling.h"

#include <limits.h>

#include "base/jsonx.h"
#include "base/text.h"

#define DIMENSION "ecs:service:DesiredCount"

#define RESOURCE_MAX (2 * ECS_NAME + 16)

static void name_resource(const struct service_ref *ref, char to[RESOURCE_MAX])
{
    text_format(to, RESOURCE_MAX, "service/%s/%s", ref->cluster, ref->service);
}

json_t *autoscaling_ask(const struct service_ref *ref)
{
    char resource[RESOURCE_MAX];

    name_resource(ref, resource);
    return json_pack("{s:s, s:[s], s:s}", "ServiceNamespace", "ecs", "ResourceIds", resource,
                     "ScalableDimension", DIMENSION);
}

json_t *autoscaling_set(const struct ecs_scaling *r)
{
    char resource[RESOURCE_MAX];

    name_resource(&r->ref, resource);
    return json_pack("{s:s, s:s, s:s, s:{s:b, s:b, s:b}}", "ServiceNamespace", "ecs", "ResourceId", resource,
                     "ScalableDimension", DIMENSION, "SuspendedState", "DynamicScalingInSuspended",
                     r->wanted.in, "DynamicScalingOutSuspended", r->wanted.out, "ScheduledScalingSuspended",
                     r->wanted.scheduled);
}

static const json_t *find_target(const json_t *list, const char *resource)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        if (text_equal(jsonx_text(one, "ResourceId"), resource) &&
            text_equal(jsonx_text(one, "ScalableDimension"), DIMENSION))
            return one;
    }
    return NULL;
}

static bool is_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= INT_MAX;
}

/* Both bounds must be said: a bound that is missing is no bound of 0. */
static bool read_target(const json_t *target, struct ecs_scaling *r)
{
    const json_t *least = jsonx_at(target, "MinCapacity"), *most = jsonx_at(target, "MaxCapacity");
    const json_t *suspended = jsonx_at(target, "SuspendedState");

    if (!is_count(least) || !is_count(most) ||
        (suspended && !json_is_null(suspended) && !json_is_object(suspended)))
        return false;
    r->registered = true;
    r->minimum = (int)json_integer_value(least);
    r->maximum = (int)json_integer_value(most);
    r->suspended.in = jsonx_bool(suspended, "DynamicScalingInSuspended", false);
    r->suspended.out = jsonx_bool(suspended, "DynamicScalingOutSuspended", false);
    r->suspended.scheduled = jsonx_bool(suspended, "ScheduledScalingSuspended", false);
    return true;
}

bool autoscaling_read(const json_t *answer, struct ecs_scaling *r)
{
    const json_t *list = jsonx_at(answer, "ScalableTargets"), *target;
    char resource[RESOURCE_MAX];

    if (!json_is_array(list))
        return false;
    name_resource(&r->ref, resource);
    target = find_target(list, resource);
    return target ? read_target(target, r) : json_array_size(list) == 0;
}
