/* Small questions about a service. */
#include "ecs/model.h"

#include <string.h>

const struct ecs_deployment *model_primary(const struct ecs_service *s)
{
    for (size_t i = 0; i < s->deployment_count; i++)
        if (s->deployments[i].status == ECS_PRIMARY)
            return &s->deployments[i];
    return NULL;
}

const struct ecs_deployment *model_deployment(const struct ecs_service *s, const char *id)
{
    for (size_t i = 0; i < s->deployment_count; i++)
        if (strcmp(s->deployments[i].id, id) == 0)
            return &s->deployments[i];
    return NULL;
}
