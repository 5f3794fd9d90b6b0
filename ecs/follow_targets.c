/* What the load balancer says of the tasks. An address counts once, although several target groups may list
 * it, and it is healthy only if it is so to each of them. Draining targets leave and are not counted. */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

static bool leaves(const struct ecs_target *t)
{
    return t->state == ECS_TARGET_DRAINING || t->state == ECS_TARGET_UNUSED;
}

static bool stood_before(const struct snapshot *s, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(s->targets[i].id, s->targets[index].id) == 0)
            return true;
    return false;
}

static void count_address(const struct snapshot *s, const char *id, struct follow_targets *ret)
{
    bool stays = false, healthy = true;

    for (size_t i = 0; i < s->target_count; i++) {
        const struct ecs_target *t = &s->targets[i];

        if (strcmp(t->id, id) != 0 || leaves(t))
            continue;
        stays = true;
        healthy = healthy && t->state == ECS_TARGET_HEALTHY;
    }
    ret->total += stays;
    ret->healthy += stays && healthy;
}

/* Nothing joins a target to a task whose address is not known. */
static bool any_address_is_known(const struct snapshot *s)
{
    bool any_runs = false;

    for (size_t i = 0; i < s->task_count; i++) {
        if (strcmp(s->tasks[i].last_status, "RUNNING") != 0)
            continue;
        any_runs = true;
        if (s->tasks[i].address[0])
            return true;
    }
    return !any_runs;
}

void follow_count_targets(const struct snapshot *s, struct follow_targets *ret)
{
    *ret = (struct follow_targets){.by_task = any_address_is_known(s)};
    for (size_t i = 0; i < s->target_count; i++) {
        if (text_starts(s->targets[i].id, "i-"))
            ret->by_task = false;
        if (!stood_before(s, i))
            count_address(s, s->targets[i].id, ret);
    }
}

void follow_read_sick_target(struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;

    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_target *t;

        if (!follow_is_new(at->goal, at->state, &s->tasks[i]))
            continue;
        t = model_sick_target(s, &s->tasks[i]);
        if (!t || (t->state != ECS_TARGET_UNHEALTHY && t->state != ECS_TARGET_UNAVAILABLE))
            continue; /* an initial one is not sick, it was not checked yet */
        TEXT_FORMAT(
            at->state->sick_target, "%s%s%s (port %d)", t->description[0] ? t->description : t->reason,
            t->description[0] && t->reason[0] ? ", " : "", t->description[0] ? t->reason : "", t->port);
    }
}
