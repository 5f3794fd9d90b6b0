/* Small questions about a service and about who takes its traffic. */
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

static bool is_of(const struct ecs_target *target, const struct ecs_task *task)
{
    return task->address[0] && strcmp(target->id, task->address) == 0;
}

bool model_task_is_target(const struct snapshot *s, const struct ecs_task *task)
{
    bool listed = false;

    if (s->targets_absence != ECS_SEEN)
        return false;
    for (size_t i = 0; i < s->target_count; i++) {
        if (!is_of(&s->targets[i], task))
            continue;
        if (s->targets[i].state != ECS_TARGET_HEALTHY)
            return false;
        listed = true;
    }
    return listed;
}

/* What says more about a fault comes first. */
static int sickness(enum ecs_target_state state)
{
    switch (state) {
    case ECS_TARGET_HEALTHY: return 0;
    case ECS_TARGET_INITIAL: return 1;
    case ECS_TARGET_DRAINING: return 2;
    case ECS_TARGET_UNUSED: return 3;
    case ECS_TARGET_UNAVAILABLE: return 4;
    case ECS_TARGET_UNHEALTHY: return 5;
    }
    return 0;
}

const struct ecs_target *model_sick_target(const struct snapshot *s, const struct ecs_task *task)
{
    const struct ecs_target *worst = NULL;
    int most = 0;

    if (s->targets_absence != ECS_SEEN)
        return NULL;
    for (size_t i = 0; i < s->target_count; i++) {
        if (!is_of(&s->targets[i], task) || sickness(s->targets[i].state) <= most)
            continue;
        worst = &s->targets[i];
        most = sickness(worst->state);
    }
    return worst;
}
