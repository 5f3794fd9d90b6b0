#ifndef ECS_CLOUDWATCH_H
#define ECS_CLOUDWATCH_H
/* CloudWatch in JSON: what a service uses of its reservation, and which alarms ring. Pure. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ecs/ecs.h"

/* Bodies of GetMetricData and DescribeAlarms. Caller decrefs. */
json_t *cloudwatch_ask_metrics(const char *cluster, const char *service, int64_t now_ms);
json_t *cloudwatch_ask_alarms(const char *prefix);
/* Answers into r->metrics (all but absence) and r->alarms. False with a sentence in `why` of that part when
 * the answer does not say what it must. No point at all is an answer: there is no data. */
bool cloudwatch_read_metrics(const json_t *answer, struct ecs_around *r);
bool cloudwatch_read_alarms(const json_t *answer, struct ecs_around *r);

#endif
