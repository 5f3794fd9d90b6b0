/* The proof of change: which tasks, images and definitions were there before, and which serve now. The tasks
 * before are those of the first look that shows any; the new ones are always those that serve now. */
#include <string.h>

#include "base/text.h"
#include "follow_private.h"

static const char *digest(const struct ecs_task *task)
{
    return task->container_count > 0 ? task->containers[0].image_digest : "";
}

/* REPLACED names the old ones, and they may have stopped since. */
static bool is_old(const struct follow_at *at, const struct ecs_task *task)
{
    if (at->goal->kind == FOLLOW_REPLACED)
        return follow_is_replaced(at->goal, task->id);
    return strcmp(task->last_status, "RUNNING") == 0 && !follow_is_new(at->goal, at->state, task) &&
           (!task->started_ms || task->started_ms < at->goal->began_ms);
}

static void read_old(struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;
    struct follow_proof *p = &at->state->proof;

    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *task = &s->tasks[i];

        if (!is_old(at, task))
            continue;
        if (p->old_count == 0) {
            TEXT_COPY(p->old_digest, digest(task));
            TEXT_COPY(p->old_definition, task->task_definition);
        }
        if (p->old_count < FOLLOW_PROOF_TASKS)
            TEXT_COPY(p->old_tasks[p->old_count], task->id);
        p->old_count++;
    }
}

static bool serves(const struct follow_at *at, const struct ecs_task *task)
{
    if (!follow_task_runs(task))
        return false;
    if (at->snapshot->targets_absence == ECS_SEEN && task->address[0])
        return model_task_is_target(at->snapshot, task);
    return strcmp(task->health, "UNHEALTHY") != 0;
}

static void read_new(struct follow_at *at)
{
    const struct snapshot *s = at->snapshot;
    struct follow_proof *p = &at->state->proof;

    p->new_count = 0;
    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *task = &s->tasks[i];

        if (!follow_is_new(at->goal, at->state, task) || !serves(at, task))
            continue;
        if (p->new_count == 0) {
            TEXT_COPY(p->new_digest, digest(task));
            TEXT_COPY(p->new_definition, task->task_definition);
        }
        if (p->new_count < FOLLOW_PROOF_TASKS)
            TEXT_COPY(p->new_tasks[p->new_count], task->id);
        p->new_count++;
    }
}

void follow_read_proof(struct follow_at *at)
{
    if (at->snapshot->tasks_absence != ECS_SEEN)
        return;
    if (at->state->proof.old_count == 0)
        read_old(at);
    if (at->state->new_serve_ms)
        read_new(at);
}
