/* What stands around a service, and the tails of logs: the world's answers through the bot's own readers. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/cloudwatch.h"
#include "ecs/definition.h"
#include "ecs/ecr.h"
#include "ecs/logs.h"
#include "ecs/stack.h"
#include "fake_ecs_private.h"
#include "sim/wire_aws.h"

/* False, with absence and why, when the world refused. */
static bool answered(const struct world_answer *a, enum ecs_absence *absence, char *why, size_t size)
{
    *absence = fake_absence(a);
    if (*absence != ECS_SEEN) {
        text_format(why, size, "%s: %s", jsonx_text(a->body, "__type"), jsonx_text(a->body, "message"));
    }
    return *absence == ECS_SEEN;
}

static void read_metrics(struct fake *f, struct ecs_around *r)
{
    struct world_answer a;
    json_t *answer = fake_call(f, "GetMetricData",
                               cloudwatch_ask_metrics(r->ref.cluster, r->ref.service, fake_now_ms(f)), &a);
    if (answered(&a, &r->metrics.absence, r->metrics.why, sizeof(r->metrics.why)) &&
        !cloudwatch_read_metrics(answer, r)) {
        r->metrics.absence = ECS_UNREACHABLE;
    }
    json_decref(answer);
}

static void read_alarms(struct fake *f, struct ecs_around *r)
{
    struct world_answer a;
    if (r->alarm_prefix[0] == '\0') {
        TEXT_COPY(r->alarms.why, "no prefix of alarm names is known");
        return;
    }
    json_t *answer = fake_call(f, "DescribeAlarms", cloudwatch_ask_alarms(r->alarm_prefix), &a);
    if (answered(&a, &r->alarms.absence, r->alarms.why, sizeof(r->alarms.why)) &&
        !cloudwatch_read_alarms(answer, r)) {
        r->alarms.absence = ECS_UNREACHABLE;
    }
    json_decref(answer);
}

/* The definition of a task; NULL, with absence and why, when it cannot be had. mem_free. */
static struct definition *definition_of(struct fake *f, const char *name, enum ecs_absence *absence,
                                        char *why, size_t size)
{
    struct world_answer a;
    json_t *answer = fake_call(f, "DescribeTaskDefinition", json_pack("{s:s}", "taskDefinition", name), &a);
    struct definition *d = mem_alloc(sizeof(*d));
    bool good = answered(&a, absence, why, size) && definition_decode(answer, d);
    json_decref(answer);
    if (good) {
        return d;
    }
    mem_free(d);
    return NULL;
}

static void read_image(struct fake *f, struct ecs_around *r)
{
    if (r->task_definition[0] == '\0') {
        TEXT_COPY(r->image.why, "the task definition is not known");
        return;
    }
    struct definition *d =
        definition_of(f, r->task_definition, &r->image.absence, r->image.why, sizeof(r->image.why));
    struct ecr_image image;
    if (d == NULL) {
        return;
    }
    if (!ecr_parse(d->containers[0].image, &image)) {
        r->image.absence = ECS_UNSUPPORTED;
        TEXT_COPY(r->image.why, "the image is not in ECR");
        mem_free(d);
        return;
    }
    struct world_answer a;
    bool archived = false;
    json_t *answer = fake_call(f, "DescribeImages", ecr_ask(&image), &a);
    TEXT_COPY(r->image.name, image.short_name);
    r->image.gone = text_equal(jsonx_text(answer, "__type"), "ImageNotFoundException");
    if (r->image.gone) {
        r->image.absence = ECS_SEEN;
        TEXT_FORMAT(r->image.why, "ECR has no %s", image.short_name);
    } else if (answered(&a, &r->image.absence, r->image.why, sizeof(r->image.why)) &&
               !ecr_read(answer, &r->image.pushed_ms, &archived)) {
        r->image.absence = ECS_UNREACHABLE;
    }
    json_decref(answer);
    mem_free(d);
}

static void read_stack(struct fake *f, struct ecs_around *r)
{
    struct world_answer a;
    struct err err;
    if (r->stack_name[0] == '\0') {
        TEXT_COPY(r->stack.why, "the stack's name is not known");
        return;
    }
    json_t *answer = fake_call(f, "DescribeStacks", json_pack("{s:s}", "StackName", r->stack_name), &a);
    if (stack_says_none(jsonx_text(answer, "__type"), jsonx_text(answer, "message"))) {
        r->stack.absence = ECS_SEEN;
    } else if (answered(&a, &r->stack.absence, r->stack.why, sizeof(r->stack.why))) {
        json_t *whole = json_pack("{s:{s:O}}", "DescribeStacksResponse", "DescribeStacksResult", answer);
        char *xml = wire_xml(whole);
        if (!stack_read(xml, strlen(xml), r, &err)) {
            r->stack.absence = ECS_UNREACHABLE;
            TEXT_COPY(r->stack.why, err.text);
        }
        mem_free(xml);
        json_decref(whole);
    }
    json_decref(answer);
}

static void clear_parts(struct ecs_around *r)
{
    memset(&r->metrics, 0, sizeof(r->metrics));
    memset(&r->alarms, 0, sizeof(r->alarms));
    memset(&r->image, 0, sizeof(r->image));
    memset(&r->stack, 0, sizeof(r->stack));
    r->metrics.absence = r->alarms.absence = r->image.absence = r->stack.absence = ECS_NOT_READ;
}

static void run_around(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct ecs_around *r = p->request;
    clear_parts(r);
    if (cancelled || fault != FAKE_NONE) {
        const char *why = "";
        enum ecs_absence absence = fake_fault_absence(cancelled ? FAKE_UNREACHABLE : fault, &why);
        if (r->parts & ECS_AROUND_METRICS) {
            r->metrics.absence = absence;
            TEXT_COPY(r->metrics.why, why);
        }
        if (r->parts & ECS_AROUND_ALARMS) {
            r->alarms.absence = absence;
            TEXT_COPY(r->alarms.why, why);
        }
        if (r->parts & ECS_AROUND_IMAGE) {
            r->image.absence = absence;
            TEXT_COPY(r->image.why, why);
        }
        if (r->parts & ECS_AROUND_STACK) {
            r->stack.absence = absence;
            TEXT_COPY(r->stack.why, why);
        }
        r->done(r);
        return;
    }
    if (r->parts & ECS_AROUND_METRICS) {
        read_metrics(p->fake, r);
    }
    if (r->parts & ECS_AROUND_ALARMS) {
        read_alarms(p->fake, r);
    }
    if (r->parts & ECS_AROUND_IMAGE) {
        read_image(p->fake, r);
    }
    if (r->parts & ECS_AROUND_STACK) {
        read_stack(p->fake, r);
    }
    r->done(r);
}

void fake_around(struct ecs *e, struct ecs_around *r)
{
    fake_start(e, r, run_around);
}

/* ---- tails */

static bool read_lines(struct fake *f, struct ecs_tail *r)
{
    struct world_answer a;
    json_t *answer = fake_call(f, "GetLogEvents", logs_ask(r, NULL), &a);
    const char *message = jsonx_text(answer, "message");
    bool ok = true;
    if (a.status == 200) {
        ok = logs_read(answer, r);
    } else if (strstr(message, "log stream") == NULL) { /* without a stream nothing was written yet */
        ok = err_set(&r->err, fake_absence(&a) == ECS_EXPIRED ? ERR_DENIED : ERR_REMOTE, "%s: %s",
                     jsonx_text(answer, "__type"), message);
    }
    json_decref(answer);
    return ok;
}

static void run_tail(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct ecs_tail *r = p->request;
    r->ok = false;
    r->count = 0;
    r->err = (struct err){0};
    r->log_group[0] = r->log_stream[0] = '\0';
    if (cancelled || fault != FAKE_NONE) {
        fake_set_err(&r->err, fault, cancelled);
        r->done(r);
        return;
    }
    char why[ECS_REASON] = "";
    enum ecs_absence absence;
    struct definition *d = definition_of(p->fake, r->task_definition, &absence, why, sizeof(why));
    if (d == NULL) {
        err_set(&r->err, absence == ECS_EXPIRED ? ERR_DENIED : ERR_REMOTE, "%s", why);
    } else {
        r->ok = logs_place(d, WORLD_REGION, r, &r->err) && read_lines(p->fake, r);
    }
    mem_free(d);
    r->done(r);
}

void fake_tail(struct ecs *e, struct ecs_tail *r)
{
    fake_start(e, r, run_tail);
}
