#ifndef ECS_AUTOSCALING_H
#define ECS_AUTOSCALING_H
/* Application Auto Scaling of a service's count: what is asked and what the answer says. Pure. */
#include <jansson.h>

#include "ecs/ecs.h"

/* Body of DescribeScalableTargets; of RegisterScalableTarget, which sets the switches of a target that is
 * registered and changes nothing else of it. Caller decrefs. */
json_t *autoscaling_ask(const struct service_ref *ref);
json_t *autoscaling_set(const struct ecs_scaling *r);
/* An answer of DescribeScalableTargets. False when it is none; *r is untouched then. */
bool autoscaling_read(const json_t *answer, struct ecs_scaling *r);

#endif
