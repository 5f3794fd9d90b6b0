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

/* ---- what the load balancer sees of a task */

static bool is_target_of(const struct ecs_target *t, const struct ecs_task *task)
{
    return task->address[0] && strcmp(t->id, task->address) == 0;
}

bool model_task_is_target(const struct snapshot *s, const struct ecs_task *task)
{
    bool listed = false;

    for (size_t i = 0; i < s->target_count; i++) {
        if (!is_target_of(&s->targets[i], task))
            continue;
        if (s->targets[i].state != ECS_TARGET_HEALTHY)
            return false;
        listed = true;
    }
    return listed;
}

const struct ecs_target *model_sick_target(const struct snapshot *s, const struct ecs_task *task)
{
    for (size_t i = 0; i < s->target_count; i++)
        if (is_target_of(&s->targets[i], task) && s->targets[i].state != ECS_TARGET_HEALTHY)
            return &s->targets[i];
    return NULL;
}
