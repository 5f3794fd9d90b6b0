/* DescribeTargetHealth's XML -> targets, twice into one list, and which task they are said of. Input: the
 * bytes of one answer. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "ecs/decode.h"
#include "judge.h"

static struct snapshot snapshot;

static void judge_target(const struct ecs_target *t, int group, const char *xml)
{
    judge_text("id", t->id, false);
    judge_text("reason", t->reason, false);
    judge_text("description", t->description, false);
    PROMISE(t->id[0] != '\0', "a target without an id");
    PROMISE(t->group == group, "a target of group %d in group %d", t->group, group);
    PROMISE(t->port >= 0 && t->port <= 65535, "port %d", t->port);
    PROMISE(t->state >= ECS_TARGET_INITIAL && t->state <= ECS_TARGET_UNAVAILABLE, "state %d", (int)t->state);
    PROMISE(t->state != ECS_TARGET_HEALTHY || strstr(xml, "health") != NULL || strchr(xml, '&') != NULL ||
                strstr(xml, "<!") != NULL || strstr(xml, "encoding") != NULL,
            "healthy, though nobody said so: %s", xml);
}

/* Serves: listed somewhere, and healthy wherever it is listed. */
static void judge_task(const struct snapshot *s, const char *address)
{
    struct ecs_task *task = mem_alloc(sizeof *task);
    bool listed = false, sick = false;
    TEXT_COPY(task->address, address);
    for (size_t i = 0; i < s->target_count; i++) {
        if (text_equal(s->targets[i].id, address)) {
            listed = true;
            sick |= s->targets[i].state != ECS_TARGET_HEALTHY;
        }
    }
    PROMISE(model_task_is_target(s, task) == (listed && !sick), "%s: listed %d, sick %d", address, listed,
            sick);
    PROMISE((model_sick_target(s, task) != NULL) == sick, "%s: sick %d", address, sick);
    mem_free(task);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *xml = judge_string(data, size);
    struct snapshot *s = &snapshot;
    s->targets_absence = ECS_SEEN;
    s->target_count = 0;
    for (int group = 0; group < 2; group++) {
        struct err err = {0};
        const size_t before = s->target_count;
        if (!decode_targets(xml, strlen(xml), group, s->targets, ECS_TARGETS, &s->target_count, &err)) {
            judge_err("no targets", &err);
            PROMISE(s->target_count == before, "a list that was refused counts");
            continue;
        }
        PROMISE(s->target_count >= before && s->target_count <= ECS_TARGETS, "%zu targets", s->target_count);
        for (size_t i = before; i < s->target_count; i++) {
            judge_target(&s->targets[i], group, xml);
        }
    }
    for (size_t i = 0; i < s->target_count; i++) {
        judge_task(s, s->targets[i].id);
    }
    judge_task(s, "10.0.1.7");
    mem_free(xml);
    return 0;
}
