/* Several calls to AWS for one question, with one deadline and one end. */
#include "errand.h"

#include <assert.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"

static void finish(struct errand *e)
{
    loop_timer_stop(e->loop, &e->deadline);
    client_unlink(&e->op);
    e->kind->end(e);
    e->kind->release(e);
}

static void on_part(struct aws_call *call)
{
    struct errand_part *part = (struct errand_part *)call; /* call is its first member */
    struct errand *e = call->user;

    part->open = false;
    e->open_count--;
    if (e->op.client) {
        client_note_keys(e->session, call);
        e->kind->answer(e, (size_t)(part - e->parts));
    }
    if (e->open_count > 0)
        return;
    if (e->op.client)
        finish(e);
    else
        e->kind->release(e);
}

static void cancel_open(struct errand *e)
{
    for (size_t i = 0; i < e->part_count; i++)
        if (e->parts[i].open)
            aws_call_cancel(e->aws, &e->parts[i].call);
}

static void on_deadline(struct loop_timer *t)
{
    struct errand *e = t->user;

    e->late = true;
    cancel_open(e); /* each comes back as "did not answer in time" */
}

static void on_nothing(struct loop_deferred *d)
{
    finish(d->user);
}

static void cancel(struct client_op *op)
{
    struct errand *e = (struct errand *)op; /* op is its first member */

    e->kind->cut(e);
    errand_abandon(e);
}

void errand_abandon(struct errand *e)
{
    loop_timer_stop(e->loop, &e->deadline);
    client_unlink(&e->op);
    cancel_open(e); /* the last one that comes back frees it */
    if (e->open_count > 0)
        return;
    loop_defer_cancel(e->loop, &e->nothing);
    e->kind->release(e);
}

void errand_begin(struct errand *e, struct client *c, int session, enum aws_lane lane,
                  const struct errand_kind *kind, struct errand_part *parts, size_t part_count)
{
    e->session = client_session(c, session);
    e->aws = e->session->aws;
    e->loop = c->loop;
    e->lane = lane;
    e->kind = kind;
    e->parts = parts;
    e->part_count = part_count;
    e->op.cancel = cancel;
    client_link(c, &e->op);
    e->nothing.run = on_nothing;
    e->nothing.user = e;
    e->deadline.fire = on_deadline;
    e->deadline.user = e;
    e->within_ms = ERRAND_MS;
    loop_timer_start(c->loop, &e->deadline, e->within_ms);
}

void errand_within(struct errand *e, int64_t ms)
{
    if (ms <= 0 || ms >= ERRAND_MS)
        return;
    e->within_ms = ms;
    loop_timer_start(e->loop, &e->deadline, e->within_ms);
}

void errand_ask(struct errand *e, size_t part, enum aws_service service, const char *action, char *body)
{
    struct aws_call *c = &e->parts[part].call;

    assert(part < e->part_count && !e->parts[part].open);
    memset(c, 0, sizeof *c);
    c->service = service;
    c->action = action;
    c->lane = e->lane;
    c->timeout_ms = e->within_ms;
    c->done = on_part;
    c->user = e;
    if (e->late) {
        mem_free(body);
        c->outcome = AWS_CANCELLED;
        e->kind->answer(e, part);
        return;
    }
    c->body = body;
    e->parts[part].open = true;
    e->open_count++;
    e->made++;
    aws_call_start(e->aws, c);
}

void errand_ask_json(struct errand *e, size_t part, enum aws_service service, const char *action,
                     json_t *body)
{
    char *text = jsonx_print(body);

    json_decref(body);
    errand_ask(e, part, service, action, text);
}

void errand_started(struct errand *e)
{
    if (e->open_count == 0)
        loop_defer(e->loop, &e->nothing);
}
