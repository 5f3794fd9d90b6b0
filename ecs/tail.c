/* The last lines of a container: the task definition says where they are, CloudWatch Logs has them, and
 * redact_line goes over each before anybody sees it.
 *
 *   task definition (or known) ──▶ newest page ──▶ (empty: the page before, twice at most) ──▶ done
 */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "definition.h"
#include "errand.h"
#include "logs.h"

#define PAGES 3 /* a page may be empty though lines stand before it */

enum part { PART_DEFINITION, PART_LINES, PARTS = PART_LINES + PAGES };

struct tail {
    struct errand errand; /* first member */
    struct errand_part parts[PARTS];
    struct ecs_tail *of;
    char *token; /* of the page that was asked for last; NULL = the newest */
};

static struct tail *tail_of(struct errand *e)
{
    return (struct tail *)e; /* errand is its first member */
}

static bool rests(struct tail *t, enum client_feature f)
{
    enum ecs_absence absence;
    char why[ECS_REASON];

    if (!trouble_rests(t->errand.session, f, loop_now(t->errand.loop), &absence, why, sizeof why))
        return false;
    return !err_set(&t->of->err, ERR_REMOTE, "%s", why);
}

/* ---- lines */

static void ask_lines(struct tail *t, size_t page)
{
    errand_ask_json(&t->errand, PART_LINES + page, AWS_LOGS, "GetLogEvents", logs_ask(t->of, t->token));
}

static bool is_missing(const struct aws_call *c)
{
    return c->outcome == AWS_REFUSED && text_equal(c->code, "ResourceNotFoundException");
}

static void fail(struct tail *t, enum client_feature f, const struct aws_call *c)
{
    struct ecs_tail *r = t->of;
    char why[ECS_REASON];

    trouble_of_part(t->errand.session, f, c, loop_now(t->errand.loop), why, sizeof why);
    err_set(&r->err, c->err.code == ERR_NONE ? ERR_REMOTE : c->err.code, "%s", why);
}

static void read_page(struct tail *t, size_t page, const struct aws_call *c)
{
    struct ecs_tail *r = t->of;
    const char *back = jsonx_text(c->answer, "nextBackwardToken");

    r->ok = logs_read(c->answer, r);
    if (!r->ok) {
        err_set(&r->err, ERR_PROTOCOL, "CloudWatch Logs' answer has no readable list of lines");
    } else if (r->count == 0 && page + 1 < PAGES && *back && !text_equal(back, t->token)) {
        r->ok = false; /* not settled */
        mem_free(t->token);
        t->token = mem_text(back);
        ask_lines(t, page + 1);
    }
}

static void read_lines(struct tail *t, size_t page, const struct aws_call *c)
{
    struct ecs_tail *r = t->of;

    r->ok = is_missing(c);                                  /* no stream: the container wrote nothing yet */
    if (is_missing(c) && strstr(c->message, "log group")) { /* AWS tells the two apart in words only */
        r->ok = err_set(&r->err, ERR_MISSING,
                        "the log group %s does not exist in %s: look at the task definition %s", r->log_group,
                        aws_session_region(t->errand.aws), r->task_definition);
    } else if (c->outcome == AWS_OK) {
        read_page(t, page, c);
    } else if (!r->ok) {
        fail(t, FEATURE_LOGS, c);
    }
}

/* ---- the place */

static void go_on(struct tail *t, const struct definition *d)
{
    struct ecs_tail *r = t->of;

    if (!logs_place(d, aws_session_region(t->errand.aws), r, &r->err))
        return;
    if (!rests(t, FEATURE_LOGS))
        ask_lines(t, 0);
}

static void read_definition(struct tail *t, const struct aws_call *c)
{
    struct ecs_tail *r = t->of;
    struct definition *d = mem_alloc(sizeof *d);

    if (c->outcome != AWS_OK) {
        fail(t, FEATURE_DEFINITION, c);
    } else if (!definition_decode(c->answer, d)) {
        err_set(&r->err, ERR_PROTOCOL, "the task definition %s names no container", r->task_definition);
    } else {
        definitions_keep(t->errand.op.client->definitions, r->ref.session, r->task_definition, d);
        go_on(t, d);
    }
    mem_free(d);
}

static void ask_definition(struct tail *t)
{
    struct ecs_tail *r = t->of;
    const struct definition *known =
        definitions_find(t->errand.op.client->definitions, r->ref.session, r->task_definition);

    if (known)
        go_on(t, known);
    else if (!rests(t, FEATURE_DEFINITION))
        errand_ask_json(&t->errand, PART_DEFINITION, AWS_ECS, "DescribeTaskDefinition",
                        json_pack("{s:s}", "taskDefinition", r->task_definition));
}

/* ---- begin and end */

static void on_answer(struct errand *e, size_t part)
{
    struct tail *t = tail_of(e);
    const struct aws_call *c = &e->parts[part].call;

    if (part == PART_DEFINITION)
        read_definition(t, c);
    else
        read_lines(t, part - PART_LINES, c);
}

static void on_end(struct errand *e)
{
    struct tail *t = tail_of(e);

    t->of->done(t->of);
}

static void on_cut(struct errand *e)
{
    struct ecs_tail *r = tail_of(e)->of;

    r->ok = false;
    r->count = 0;
    err_set(&r->err, ERR_CANCELLED, "the program ends before AWS answered");
    r->done(r);
}

static void on_release(struct errand *e)
{
    struct tail *t = tail_of(e);

    mem_free(t->token);
    mem_free(t);
}

void tail_read(struct ecs *e, struct ecs_tail *r)
{
    static const struct errand_kind kind = {on_answer, on_end, on_cut, on_release};
    struct tail *t = mem_alloc(sizeof *t);

    r->ok = false;
    memset(&r->err, 0, sizeof r->err);
    r->count = 0;
    r->log_group[0] = r->log_stream[0] = '\0';
    t->of = r;
    errand_begin(&t->errand, client_of(e), r->ref.session, AWS_LANE_OPERATOR, &kind, t->parts, PARTS);
    ask_definition(t);
    errand_started(&t->errand);
}
