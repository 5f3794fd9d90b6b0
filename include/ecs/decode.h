#ifndef ECS_DECODE_H
#define ECS_DECODE_H
/* JSON answers of ECS -> plain structs. Lenient: unknown members ignored, absent = null, wrong types as
 * absent, lists cut at the ceilings of model.h. False = a member that decides (a name, a status, a count) is
 * there, but not of AWS's type: what was read must not be taken for facts. Pure. */
#include <jansson.h>
#include <stdbool.h>

#include "ecs/model.h"

/* One element of DescribeServices.services, or UpdateService.service. */
bool decode_service(const json_t *service, struct ecs_service *ret);
bool decode_task(const json_t *task, struct ecs_task *ret);
void decode_service_deployment(const json_t *brief, struct ecs_service_deployment *ret);

#endif
