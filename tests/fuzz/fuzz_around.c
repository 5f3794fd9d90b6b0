/* Answers of CloudWatch, ECR, Logs and DescribeTaskDefinition, and references to images -> what stands around
 * a service; of Application Auto Scaling, CloudFormation and the ECS of earlier deployments likewise. Input:
 * {"metrics": {…}, "alarms": {…}, "image": {…}, "definition": {…}, "logs": {…}, "scaling": {…}, "stack":
 * "<…>", "history": {…}, "revisions": {…}} */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/autoscaling.h"
#include "ecs/cloudwatch.h"
#include "ecs/definition.h"
#include "ecs/ecr.h"
#include "ecs/logs.h"
#include "ecs/revision.h"
#include "ecs/stack.h"
#include "judge.h"

static void judge_metrics(const json_t *answer)
{
    struct ecs_around *r = mem_alloc(sizeof(*r));
    const bool ok = cloudwatch_read_metrics(answer, r);
    const double all[] = {r->metrics.cpu_average, r->metrics.cpu_maximum, r->metrics.memory_average,
                          r->metrics.memory_maximum};
    PROMISE(ok || (r->metrics.why[0] != '\0' && !r->metrics.has_data), "not read, and not why");
    judge_text("why", r->metrics.why, false);
    for (size_t i = 0; i < 4; i++) {
        PROMISE(all[i] >= 0 && all[i] <= 1e6, "%g percent", all[i]);
        PROMISE(r->metrics.has_data || all[i] == 0, "no data, but %g", all[i]);
    }
    mem_free(r);
}

static void judge_alarms(const json_t *answer)
{
    struct ecs_around *r = mem_alloc(sizeof(*r));
    TEXT_COPY(r->alarm_prefix, "tak-");
    const bool ok = cloudwatch_read_alarms(answer, r);
    PROMISE(ok || (r->alarms.why[0] != '\0' && r->alarms.count == 0), "not read, and not why");
    for (size_t i = 0; i < ECS_ALARMS; i++) {
        judge_text("alarm", r->alarms.names[i], false);
        PROMISE((i < r->alarms.count) == text_starts(r->alarms.names[i], "tak-"), "alarm %zu of %zu: %s", i,
                r->alarms.count, r->alarms.names[i]);
        PROMISE(r->alarms.since_ms[i] >= 0, "before the epoch");
    }
    mem_free(r);
}

static void judge_image(const char *reference)
{
    struct ecr_image image = {.registry = ""};
    if (!ecr_parse(reference, &image)) {
        PROMISE(image.registry[0] == '\0', "refused, but written");
        return;
    }
    PROMISE(strlen(image.registry) == 12 && image.region[0] != '\0' && image.repository[0] != '\0',
            "no whole reference: %s", reference);
    PROMISE(text_starts(reference, image.registry) && strstr(reference, image.repository) != NULL,
            "not of %s", reference);
    judge_text("name", image.short_name, false);
    json_t *body = ecr_ask(&image);
    PROMISE(body != NULL, "no question about %s", reference);
    json_decref(body);
}

static void judge_place(const struct definition *d, const char *container)
{
    struct ecs_tail *t = mem_alloc(sizeof(*t));
    struct err err = {0};
    TEXT_COPY(t->task_id, "0a1b");
    text_clean(t->container, sizeof(t->container), container, false);
    if (logs_place(d, "us-gov-east-1", t, &err)) {
        PROMISE(t->log_group[0] != '\0' && text_ends(t->log_stream, "/0a1b"), "no place: %s", t->log_stream);
        json_t *body = logs_ask(t, NULL);
        PROMISE(body != NULL, "no question about %s", t->log_stream);
        json_decref(body);
    } else {
        judge_err("no place", &err);
        PROMISE(t->log_stream[0] == '\0', "refused, but written");
    }
    mem_free(t);
}

static void judge_definition(const json_t *answer)
{
    struct definition *d = mem_alloc(sizeof(*d));
    if (definition_decode(answer, d)) {
        PROMISE(d->container_count > 0 && d->container_count <= DEFINITION_CONTAINERS, "%zu containers",
                d->container_count);
        judge_place(d, "");
        for (size_t i = 0; i < d->container_count; i++) {
            judge_text("container", d->containers[i].name, false);
            judge_text("image", d->containers[i].image, false);
            judge_text("driver", d->containers[i].log_driver, false);
            judge_text("group", d->containers[i].log_group, false);
            judge_image(d->containers[i].image);
            judge_place(d, d->containers[i].name);
        }
    }
    mem_free(d);
}

static void judge_logs(const json_t *answer)
{
    struct ecs_tail *t = mem_alloc(sizeof(*t));
    if (logs_read(answer, t)) {
        PROMISE(t->count <= ECS_TAIL_LINES && t->count <= json_array_size(jsonx_at(answer, "events")),
                "%zu lines", t->count);
        for (size_t i = 0; i < t->count; i++) {
            judge_text("line", t->lines[i], false);
            PROMISE(t->at_ms[i] >= 0, "before the epoch");
        }
    } else {
        PROMISE(t->count == 0, "refused, but %zu lines", t->count);
    }
    mem_free(t);
}

static void judge_scaling(const json_t *answer)
{
    struct ecs_scaling r = {.minimum = -1, .maximum = -1};
    TEXT_COPY(r.ref.cluster, "tak-vpc");
    TEXT_COPY(r.ref.service, "tak-api");
    if (autoscaling_read(answer, &r) && r.registered) {
        PROMISE(r.minimum >= 0 && r.maximum >= 0, "from %d to %d", r.minimum, r.maximum);
    } else {
        PROMISE(!r.registered && r.minimum == -1 && r.maximum == -1, "refused, or none, but written");
    }
}

static void judge_stack(const char *xml)
{
    struct ecs_around *r = mem_alloc(sizeof(*r));
    struct err err = {0};
    if (stack_read(xml, strlen(xml), r, &err)) {
        PROMISE(r->stack.status[0] != '\0', "read, but no status");
        judge_text("status", r->stack.status, false);
    } else {
        judge_err("no stack", &err);
        PROMISE(r->stack.status[0] == '\0' && !r->stack.running, "refused, but written");
    }
    mem_free(r);
}

static void judge_revisions(const json_t *history, const json_t *answer)
{
    struct revisions *r = mem_alloc(sizeof(*r));
    if (revision_read_history(history, r)) {
        PROMISE(r->count <= REVISION_ROWS, "%zu rows", r->count);
        revision_read(answer, r);
        for (size_t i = 0; i < r->count; i++) {
            PROMISE(i == 0 || r->rows[i].finished_ms <= r->rows[i - 1].finished_ms, "row %zu is newer", i);
            judge_text("definition", r->rows[i].task_definition, false);
        }
        const struct revision_row *other = revision_other(r, "tak-api:81");
        PROMISE(other == NULL ||
                    (other->task_definition[0] != '\0' && strcmp(other->task_definition, "tak-api:81") != 0),
                "not another one");
        json_decref(revision_ask(r, 0));
    }
    mem_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    int64_t pushed = -1;
    bool archived = false;
    json_t *input = jsonx_parse((const char *)data, size, &err);
    if (input == NULL) {
        judge_err("no JSON", &err);
        return 0;
    }
    judge_metrics(jsonx_at(input, "metrics"));
    judge_alarms(jsonx_at(input, "alarms"));
    judge_definition(jsonx_at(input, "definition"));
    judge_logs(jsonx_at(input, "logs"));
    judge_scaling(jsonx_at(input, "scaling"));
    judge_stack(jsonx_text(input, "stack"));
    judge_revisions(jsonx_at(input, "history"), jsonx_at(input, "revisions"));
    PROMISE(ecr_read(jsonx_at(input, "image"), &pushed, &archived) == (pushed >= 0), "pushed at %lld",
            (long long)pushed);
    json_decref(input);
    return 0;
}
