/* The dead task's story: its log is asked for before the step that tells of it is staged.
 *
 * Happy path: ask -> the log comes -> then. What can go wrong: it does not come within five seconds (then
 * comes without it; what comes afterwards is dropped), another one is still asked for or ECS cannot show logs
 * (false: the step is told at once), the bot ends meanwhile (nothing was committed: the next start sees the
 * same again).
 */
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

#define STORY_MS 5000

struct story {
    struct ecs_tail tail;
    struct operation *op;
    enum restart_step step;
    void (*then)(struct operation *op, const struct ecs_tail *log); /* NULL = it was told without the log */
};

static void came(struct ecs_tail *r)
{
    struct story *s = r->user;
    struct operation *op = s->op;
    void (*then)(struct operation * op, const struct ecs_tail *log) = s->then;
    op->story = NULL;
    if (then != NULL) {
        loop_timer_stop(op->engine->loop, &op->timer);
    }
    if (restart_back(op, s->step) && then != NULL) {
        then(op, &s->tail);
    }
    mem_free(s);
}

static void too_late(struct loop_timer *t)
{
    struct operation *op = t->user;
    void (*then)(struct operation * op, const struct ecs_tail *log) = op->story->then;
    struct ecs_tail *none = mem_alloc(sizeof(*none));
    op->story->then = NULL;
    err_set(&none->err, ERR_TIMEOUT, "it did not come within 5 s");
    then(op, none);
    mem_free(none);
}

bool restart_story_waits(const struct operation *op)
{
    return op->story != NULL && op->story->then != NULL;
}

bool restart_story_ask(struct operation *op, const struct ecs_task *task, const struct diagnosis *diagnosis,
                       void (*then)(struct operation *op, const struct ecs_tail *log))
{
    struct ecs *ecs = op->engine->ecs;
    if (op->story != NULL || ecs->ops->tail == NULL) {
        return false;
    }
    struct story *s = mem_alloc(sizeof(*s));
    *s = (struct story){.tail = {.done = came, .user = s}, .op = op, .step = op->step, .then = then};
    restart_ref(op, &s->tail.ref);
    TEXT_COPY(s->tail.task_definition, task->task_definition);
    TEXT_COPY(s->tail.task_id, task->id);
    TEXT_COPY(s->tail.container, diagnosis->container);
    op->story = s;
    op->timer = (struct loop_timer){.fire = too_late, .user = op};
    loop_timer_start(op->engine->loop, &op->timer, STORY_MS);
    restart_owe(op);
    ecs->ops->tail(ecs, &s->tail);
    return true;
}

void restart_story_finish(struct operation *op)
{
    mem_free(op->story);
    mem_free(op->later);
    op->story = NULL;
    op->later = NULL;
}
