/* Autoscaling of a service's count: read, or its three switches set.
 *
 * Read: one call within eight seconds; an endpoint that does not know it is left alone for a while. Set: one
 * call that changes something, sent at most once; min and max are never sent, so they cannot be changed. */
#include <string.h>

#include "autoscaling.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "errand.h"
#include "request.h"

struct scaling {
    struct errand errand; /* first member */
    struct errand_part part;
    struct ecs_scaling *of;
};

static struct scaling *scaling_of(struct errand *e)
{
    return (struct scaling *)e; /* errand is its first member */
}

/* ---- reading */

static void fail(struct ecs_scaling *r, enum err_code code, const char *why)
{
    r->ok = false;
    err_set(&r->err, code, "%s", why);
}

static void on_answer(struct errand *e, size_t part)
{
    struct ecs_scaling *r = scaling_of(e)->of;
    const struct aws_call *c = &e->parts[part].call;
    char why[ECS_REASON];

    if (c->outcome != AWS_OK) {
        r->absence = trouble_of_part(e->session, FEATURE_SCALING, c, loop_now(e->loop), why, sizeof why);
        fail(r, c->err.code ? c->err.code : ERR_TIMEOUT, why);
    } else if (!autoscaling_read(c->answer, r)) {
        r->absence = ECS_UNREACHABLE;
        fail(r, ERR_PROTOCOL, "Application Auto Scaling's answer is not readable: check the endpoint");
    } else {
        r->ok = true;
    }
}

static void on_end(struct errand *e)
{
    struct ecs_scaling *r = scaling_of(e)->of;

    r->done(r);
}

static void on_cut(struct errand *e)
{
    struct ecs_scaling *r = scaling_of(e)->of;

    r->absence = ECS_UNREACHABLE;
    fail(r, ERR_CANCELLED, "the program ends before AWS answered");
    r->done(r);
}

static void on_release(struct errand *e)
{
    mem_free(scaling_of(e));
}

static void read_switches(struct ecs *e, struct ecs_scaling *r)
{
    static const struct errand_kind kind = {on_answer, on_end, on_cut, on_release};
    struct scaling *s = mem_alloc(sizeof *s);
    char why[ECS_REASON];

    s->of = r;
    errand_begin(&s->errand, client_of(e), r->ref.session, AWS_LANE_OPERATOR, &kind, &s->part, 1);
    if (trouble_rests(s->errand.session, FEATURE_SCALING, loop_now(s->errand.loop), &r->absence, why,
                      sizeof why))
        fail(r, ERR_REMOTE, why);
    else
        errand_ask_json(&s->errand, 0, AWS_AUTOSCALING, "DescribeScalableTargets", autoscaling_ask(&r->ref));
    errand_started(&s->errand);
}

/* ---- setting */

static void read_set(struct client *c, void *of, const struct aws_call *call)
{
    struct ecs_scaling *r = of;

    (void)c;
    FAULT_POINT("after RegisterScalableTarget");
    TEXT_COPY(r->request_id, call->request_id);
    r->uncertain = call->uncertain;
    r->ok = call->outcome == AWS_OK;
    if (r->ok) {
        r->registered = true;
        r->suspended = r->wanted;
    } else {
        r->absence = trouble_is_unsupported(call) ? ECS_UNSUPPORTED : trouble_absence(call);
        r->err = call->err;
    }
    r->done(r);
}

static void set_switches(struct ecs *e, struct ecs_scaling *r)
{
    struct request *q = request_begin(e, r->ref.session, r, read_set);

    FAULT_POINT("before RegisterScalableTarget");
    q->call.service = AWS_AUTOSCALING;
    request_change(q, "RegisterScalableTarget", autoscaling_set(r));
}

void scaling_do(struct ecs *e, struct ecs_scaling *r)
{
    r->ok = r->uncertain = r->registered = false;
    memset(&r->err, 0, sizeof r->err);
    memset(&r->suspended, 0, sizeof r->suspended);
    r->minimum = r->maximum = 0;
    r->absence = ECS_SEEN;
    r->request_id[0] = '\0';
    if (r->set)
        set_switches(e, r);
    else
        read_switches(e, r);
}
