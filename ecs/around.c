/* What stands around a service: CPU and memory, alarms that ring, and whether its images are still there.
 *
 *   metrics ──────────────────────────────────────────┐
 *   alarms ───────────────────────────────────────────┼──▶ done, or the deadline
 *   stack ────────────────────────────────────────────┤
 *   task definition (or known) ──▶ image ∥ image ∥ … ─┘
 *
 * A part that cannot be read says why, and spoils no other. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "cloudwatch.h"
#include "definition.h"
#include "ecr.h"
#include "errand.h"
#include "stack.h"

enum part {
    PART_METRICS,
    PART_ALARMS,
    PART_STACK,
    PART_DEFINITION,
    PART_IMAGES, /* and one for each further container */
    PARTS = PART_IMAGES + DEFINITION_CONTAINERS
};

/* What is known of the image of one container. */
struct image {
    struct ecr_image ecr;
    enum ecs_absence absence;
    bool gone;
    int64_t pushed_ms;
    char why[ECS_REASON];
};

struct around {
    struct errand errand; /* first member */
    struct errand_part parts[PARTS];
    struct ecs_around *of;
    struct definition definition;
    struct image images[DEFINITION_CONTAINERS];
};

static struct around *around_of(struct errand *e)
{
    return (struct around *)e; /* errand is its first member */
}

static bool rests(struct around *a, enum client_feature f, enum ecs_absence *absence, char *why, size_t size)
{
    return trouble_rests(a->errand.session, f, loop_now(a->errand.loop), absence, why, size);
}

static enum ecs_absence failed(struct around *a, enum client_feature f, const struct aws_call *c, char *why,
                               size_t size)
{
    return trouble_of_part(a->errand.session, f, c, loop_now(a->errand.loop), why, size);
}

#define WHY(part) (part).why, sizeof(part).why

/* ---- CPU, memory, alarms */

static void ask_metrics(struct around *a)
{
    struct ecs_around *r = a->of;

    if (!rests(a, FEATURE_METRICS, &r->metrics.absence, WHY(r->metrics)))
        errand_ask_json(
            &a->errand, PART_METRICS, AWS_CLOUDWATCH, "GetMetricData",
            cloudwatch_ask_metrics(r->ref.cluster, r->ref.service, client_world(a->errand.op.client)));
}

static void read_metrics(struct around *a, const struct aws_call *c)
{
    struct ecs_around *r = a->of;

    if (c->outcome != AWS_OK)
        r->metrics.absence = failed(a, FEATURE_METRICS, c, WHY(r->metrics));
    else
        r->metrics.absence = cloudwatch_read_metrics(c->answer, r) ? ECS_SEEN : ECS_UNREACHABLE;
}

static void ask_alarms(struct around *a)
{
    struct ecs_around *r = a->of;

    if (!r->alarm_prefix[0]) /* it would name every alarm of the account */
        TEXT_COPY(r->alarms.why, "no prefix of alarm names is known");
    else if (!rests(a, FEATURE_ALARMS, &r->alarms.absence, WHY(r->alarms)))
        errand_ask_json(&a->errand, PART_ALARMS, AWS_CLOUDWATCH, "DescribeAlarms",
                        cloudwatch_ask_alarms(r->alarm_prefix));
}

static void read_alarms(struct around *a, const struct aws_call *c)
{
    struct ecs_around *r = a->of;

    if (c->outcome != AWS_OK)
        r->alarms.absence = failed(a, FEATURE_ALARMS, c, WHY(r->alarms));
    else
        r->alarms.absence = cloudwatch_read_alarms(c->answer, r) ? ECS_SEEN : ECS_UNREACHABLE;
}

/* ---- the stack */

static void ask_stack(struct around *a)
{
    struct ecs_around *r = a->of;

    if (!r->stack_name[0])
        TEXT_COPY(r->stack.why, "the stack's name is not known");
    else if (!rests(a, FEATURE_STACK, &r->stack.absence, WHY(r->stack)))
        errand_ask(&a->errand, PART_STACK, AWS_CLOUDFORMATION, "DescribeStacks", stack_ask(r->stack_name));
}

static void read_stack(struct around *a, const struct aws_call *c)
{
    struct ecs_around *r = a->of;
    struct err err = {0};

    r->stack.absence = ECS_SEEN;
    if (c->outcome == AWS_REFUSED && stack_says_none(c->code, c->message))
        return;
    if (c->outcome != AWS_OK) {
        r->stack.absence = failed(a, FEATURE_STACK, c, WHY(r->stack));
    } else if (!stack_read(c->text, strlen(c->text), r, &err)) {
        r->stack.absence = ECS_UNREACHABLE;
        TEXT_COPY(r->stack.why, err.text);
    }
}

/* ---- images */

/* The account that the session acts in, as far as it is known; "" = not. */
static const char *account_of(const struct around *a)
{
    const struct client_session *s = a->errand.session;

    return a->of->ref.account[0] ? a->of->ref.account : s->identity_known ? s->account : "";
}

static void ask_image(struct around *a, size_t i)
{
    const struct definition_container *c = &a->definition.containers[i];
    struct image *image = &a->images[i];
    const char *region = aws_session_region(a->errand.aws), *account = account_of(a);

    image->absence = ECS_UNSUPPORTED;
    if (!ecr_parse(c->image, &image->ecr))
        TEXT_FORMAT(image->why, "the image of container \"%s\" (%.200s) is not in ECR", c->name,
                    c->image[0] ? c->image : "not named");
    else if (!text_equal(image->ecr.region, region))
        TEXT_FORMAT(image->why, "the image of container \"%s\" is in ECR of %s, and I look into %s only",
                    c->name, image->ecr.region, region);
    else if (account[0] && !text_equal(image->ecr.registry, account))
        TEXT_FORMAT(image->why, "the image of container \"%s\" is in the registry of account %s", c->name,
                    image->ecr.registry);
    else if (!rests(a, FEATURE_IMAGES, &image->absence, WHY(*image)))
        errand_ask_json(&a->errand, PART_IMAGES + i, AWS_ECR, "DescribeImages", ecr_ask(&image->ecr));
}

static bool is_code(const struct aws_call *c, const char *code)
{
    return c->outcome == AWS_REFUSED && text_equal(c->code, code);
}

static void read_image(struct around *a, size_t i, const struct aws_call *c)
{
    struct image *image = &a->images[i];

    image->absence = ECS_SEEN;
    if (is_code(c, "ImageNotFoundException") || is_code(c, "RepositoryNotFoundException")) {
        image->gone = true;
        TEXT_FORMAT(image->why, "ECR has no %s", image->ecr.short_name);
    } else if (c->outcome != AWS_OK) {
        image->absence = failed(a, FEATURE_IMAGES, c, WHY(*image));
    } else if (!ecr_read(c->answer, &image->pushed_ms, &image->gone)) {
        image->absence = ECS_UNREACHABLE;
        TEXT_FORMAT(image->why, "ECR's answer does not name the image that was asked for");
    } else if (image->gone) {
        TEXT_FORMAT(image->why, "ECR keeps %s in its archive only: it cannot be pulled before it is restored",
                    image->ecr.short_name);
    }
}

static void ask_images(struct around *a, const struct definition *d)
{
    a->definition = *d;
    a->of->image.absence = ECS_SEEN; /* settled at the end */
    for (size_t i = 0; i < d->container_count; i++)
        ask_image(a, i);
}

static void ask_definition(struct around *a)
{
    struct ecs_around *r = a->of;
    const struct definition *known =
        definitions_find(a->errand.op.client->definitions, r->ref.session, r->task_definition);

    if (known)
        ask_images(a, known);
    else if (!r->task_definition[0])
        TEXT_COPY(r->image.why, "the task definition is not known");
    else if (!rests(a, FEATURE_DEFINITION, &r->image.absence, WHY(r->image)))
        errand_ask_json(&a->errand, PART_DEFINITION, AWS_ECS, "DescribeTaskDefinition",
                        json_pack("{s:s}", "taskDefinition", r->task_definition));
}

static void read_definition(struct around *a, const struct aws_call *c)
{
    struct ecs_around *r = a->of;
    struct definition *d = mem_alloc(sizeof *d);

    if (c->outcome != AWS_OK) {
        r->image.absence = failed(a, FEATURE_DEFINITION, c, WHY(r->image));
    } else if (!definition_decode(c->answer, d)) {
        r->image.absence = ECS_UNREACHABLE;
        TEXT_FORMAT(r->image.why, "the task definition %s names no container", r->task_definition);
    } else {
        definitions_keep(a->errand.op.client->definitions, r->ref.session, r->task_definition, d);
        ask_images(a, d);
    }
    mem_free(d);
}

/* One that is gone says most; then one that could not be looked for; then the first one, which is there. */
static void settle_images(struct around *a)
{
    struct ecs_around *r = a->of;
    const struct image *first = &a->images[0], *told = NULL;

    if (r->image.absence != ECS_SEEN || a->definition.container_count == 0)
        return;
    for (size_t i = 0; i < a->definition.container_count; i++) {
        const struct image *one = &a->images[i];

        if ((one->gone && (!told || !told->gone)) || (one->absence != ECS_SEEN && !told))
            told = one;
    }
    if (!told)
        told = first;
    r->image.absence = told->absence;
    r->image.gone = told->gone;
    TEXT_COPY(r->image.why, told->why);
    TEXT_COPY(r->image.name,
              told->ecr.short_name[0] ? told->ecr.short_name : a->definition.containers[told - first].image);
    r->image.pushed_ms = told->pushed_ms;
}

/* ---- begin and end */

static void on_answer(struct errand *e, size_t part)
{
    struct around *a = around_of(e);
    const struct aws_call *c = &e->parts[part].call;

    switch ((enum part)part) {
    case PART_METRICS: read_metrics(a, c); break;
    case PART_ALARMS: read_alarms(a, c); break;
    case PART_STACK: read_stack(a, c); break;
    case PART_DEFINITION: read_definition(a, c); break;
    case PART_IMAGES:
    default: read_image(a, part - PART_IMAGES, c); break;
    }
}

static void on_end(struct errand *e)
{
    struct around *a = around_of(e);

    settle_images(a);
    a->of->done(a->of);
}

static void cut_part(unsigned asked, enum ecs_absence *absence, char *why, size_t size)
{
    if (!asked)
        return;
    *absence = ECS_UNREACHABLE;
    text_copy(why, size, "the program ends before AWS answered");
}

static void on_cut(struct errand *e)
{
    struct ecs_around *r = around_of(e)->of;

    cut_part(r->parts & ECS_AROUND_METRICS, &r->metrics.absence, WHY(r->metrics));
    cut_part(r->parts & ECS_AROUND_ALARMS, &r->alarms.absence, WHY(r->alarms));
    cut_part(r->parts & ECS_AROUND_IMAGE, &r->image.absence, WHY(r->image));
    cut_part(r->parts & ECS_AROUND_STACK, &r->stack.absence, WHY(r->stack));
    r->done(r);
}

static void on_release(struct errand *e)
{
    mem_free(around_of(e));
}

void around_look(struct ecs *e, struct ecs_around *r)
{
    static const struct errand_kind kind = {on_answer, on_end, on_cut, on_release};
    struct around *a = mem_alloc(sizeof *a);

    memset(&r->metrics, 0, sizeof r->metrics);
    memset(&r->alarms, 0, sizeof r->alarms);
    memset(&r->image, 0, sizeof r->image);
    memset(&r->stack, 0, sizeof r->stack);
    r->metrics.absence = r->alarms.absence = r->image.absence = r->stack.absence = ECS_NOT_READ;
    a->of = r;
    errand_begin(&a->errand, client_of(e), r->ref.session, AWS_LANE_OPERATOR, &kind, a->parts, PARTS);
    errand_within(&a->errand, r->within_ms);
    if (r->parts & ECS_AROUND_METRICS)
        ask_metrics(a);
    if (r->parts & ECS_AROUND_ALARMS)
        ask_alarms(a);
    if (r->parts & ECS_AROUND_IMAGE)
        ask_definition(a);
    if (r->parts & ECS_AROUND_STACK)
        ask_stack(a);
    errand_started(&a->errand);
}
