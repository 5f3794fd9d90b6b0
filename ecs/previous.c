/* What ran before: the newest successful service deployment that brought another task definition, and the
 * images of that.
 *
 *   successful deployments ──▶ revisions of twenty ──▶ (all the same: the next twenty) ──▶ task definition
 *
 * A history without another one is an answer: found stays false. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "definition.h"
#include "errand.h"
#include "revision.h"

#define STEPS ((REVISION_ROWS + REVISION_STEP - 1) / REVISION_STEP)

enum part { PART_HISTORY, PART_DEFINITION, PART_REVISIONS, PARTS = PART_REVISIONS + STEPS };

struct previous {
    struct errand errand; /* first member */
    struct errand_part parts[PARTS];
    struct ecs_previous *of;
    struct revisions revisions;
};

static struct previous *previous_of(struct errand *e)
{
    return (struct previous *)e; /* errand is its first member */
}

static void fail(struct previous *p, enum client_feature f, const struct aws_call *c)
{
    char why[ECS_REASON];

    trouble_of_part(p->errand.session, f, c, loop_now(p->errand.loop), why, sizeof why);
    err_set(&p->of->err, c->err.code ? c->err.code : ERR_TIMEOUT, "%s", why);
}

static bool rests(struct previous *p, enum client_feature f)
{
    enum ecs_absence absence;
    char why[ECS_REASON];

    if (!trouble_rests(p->errand.session, f, loop_now(p->errand.loop), &absence, why, sizeof why))
        return false;
    return !err_set(&p->of->err, ERR_REMOTE, "%s", why);
}

static void unreadable(struct previous *p, const char *action)
{
    err_set(&p->of->err, ERR_PROTOCOL, "%s answered without what it must say: check the endpoint", action);
}

/* ---- the task definition */

/* Asked anew each time: what is kept of it does not say whether it was de-registered since. */
static void ask_definition(struct previous *p, const struct revision_row *row)
{
    struct ecs_previous *r = p->of;

    r->found = true;
    r->ran_ms = row->finished_ms;
    TEXT_COPY(r->task_definition, row->task_definition);
    if (!rests(p, FEATURE_DEFINITION))
        errand_ask_json(&p->errand, PART_DEFINITION, AWS_ECS, "DescribeTaskDefinition",
                        json_pack("{s:s}", "taskDefinition", r->task_definition));
}

static void read_definition(struct previous *p, const struct aws_call *c)
{
    struct definition *d = mem_alloc(sizeof *d);

    if (c->outcome != AWS_OK)
        fail(p, FEATURE_DEFINITION, c);
    else if (!definition_decode(c->answer, d))
        unreadable(p, c->action);
    else
        p->of->ok = true;
    definition_tell(d, p->of);
    mem_free(d);
}

/* ---- revisions */

static void ask_revisions(struct previous *p, size_t step)
{
    if (step * REVISION_STEP >= p->revisions.count)
        p->of->ok = true; /* all known, and none brought another one */
    else if (!rests(p, FEATURE_REVISIONS))
        errand_ask_json(&p->errand, PART_REVISIONS + step, AWS_ECS, "DescribeServiceRevisions",
                        revision_ask(&p->revisions, step * REVISION_STEP));
}

static void read_revisions(struct previous *p, size_t step, const struct aws_call *c)
{
    const struct revision_row *other;

    if (c->outcome != AWS_OK) {
        fail(p, FEATURE_REVISIONS, c);
    } else if (!revision_read(c->answer, &p->revisions)) {
        unreadable(p, c->action);
    } else {
        other = revision_other(&p->revisions, p->of->current);
        if (other)
            ask_definition(p, other);
        else
            ask_revisions(p, step + 1);
    }
}

static void read_history(struct previous *p, const struct aws_call *c)
{
    if (c->outcome != AWS_OK)
        fail(p, FEATURE_HISTORY, c);
    else if (!revision_read_history(c->answer, &p->revisions))
        unreadable(p, c->action);
    else
        ask_revisions(p, 0);
}

/* ---- begin and end */

static void on_answer(struct errand *e, size_t part)
{
    struct previous *p = previous_of(e);
    const struct aws_call *c = &e->parts[part].call;

    switch ((enum part)part) {
    case PART_HISTORY: read_history(p, c); break;
    case PART_DEFINITION: read_definition(p, c); break;
    case PART_REVISIONS:
    default: read_revisions(p, part - PART_REVISIONS, c); break;
    }
}

static void on_end(struct errand *e)
{
    struct ecs_previous *r = previous_of(e)->of;

    r->done(r);
}

static void on_cut(struct errand *e)
{
    struct ecs_previous *r = previous_of(e)->of;

    r->ok = false;
    err_set(&r->err, ERR_CANCELLED, "the program ends before AWS answered");
    r->done(r);
}

static void on_release(struct errand *e)
{
    mem_free(previous_of(e));
}

void previous_find(struct ecs *e, struct ecs_previous *r)
{
    static const struct errand_kind kind = {on_answer, on_end, on_cut, on_release};
    struct previous *p = mem_alloc(sizeof *p);

    r->ok = r->found = r->inactive = false;
    memset(&r->err, 0, sizeof r->err);
    r->task_definition[0] = '\0';
    r->ran_ms = 0;
    r->image_count = 0;
    p->of = r;
    errand_begin(&p->errand, client_of(e), r->ref.session, AWS_LANE_OPERATOR, &kind, p->parts, PARTS);
    if (!rests(p, FEATURE_HISTORY))
        errand_ask_json(&p->errand, PART_HISTORY, AWS_ECS, "ListServiceDeployments",
                        revision_ask_history(&r->ref));
    errand_started(&p->errand);
}
