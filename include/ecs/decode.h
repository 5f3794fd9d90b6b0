#ifndef ECS_DECODE_H
#define ECS_DECODE_H
/* Answers of ECS (JSON) and of its load balancers (XML) -> plain structs. Lenient: unknown members ignored,
 * absent = null, wrong types as absent, lists cut at the ceilings of model.h. False = a member that decides
 * (a name, a status, a count) is there, but not of AWS's type: what was read must not be taken for facts.
 * Pure. */
#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "ecs/model.h"

/* One element of DescribeServices.services, or UpdateService.service. */
bool decode_service(const json_t *service, struct ecs_service *ret);
bool decode_task(const json_t *task, struct ecs_task *ret);
void decode_service_deployment(const json_t *brief, struct ecs_service_deployment *ret);
/* One element of DescribeServiceDeployments.serviceDeployments. */
void decode_rollout_detail(const json_t *detail, struct ecs_rollout_detail *ret);

/* A DescribeTargetHealthResponse: appended to to[*count …], no more than `most` in all, as targets of
 * `group`. False with err when it is no such answer, a target has no id or no state, or there are too many:
 * what was appended must not be used then. */
bool decode_targets(const char *xml, size_t len, int group, struct ecs_target *to, size_t most, size_t *count,
                    struct err *err);

#endif
