/* The real ECS behind the table of ecs.h: sessions, requests that run, and the end of both. */
#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "client_private.h"
#include "definition.h"

struct client *client_of(struct ecs *e)
{
    return (struct client *)e; /* ecs is its first member */
}

struct client_session *client_session(struct client *c, int number)
{
    assert(number >= 0 && number < c->session_count);
    return &c->sessions[number];
}

int64_t client_world(const struct client *c)
{
    return clock_world(loop_clock(c->loop));
}

void client_link(struct client *c, struct client_op *op)
{
    op->client = c;
    op->prev = NULL;
    op->next = c->ops;
    if (c->ops)
        c->ops->prev = op;
    c->ops = op;
}

void client_unlink(struct client_op *op)
{
    if (op->prev)
        op->prev->next = op->next;
    else
        op->client->ops = op->next;
    if (op->next)
        op->next->prev = op->prev;
    op->client = NULL;
    op->next = op->prev = NULL;
}

void client_note_keys(struct client_session *s, const struct aws_call *call)
{
    if (call->outcome != AWS_CANCELLED && call->generation)
        s->generation = call->generation;
}

/* For cards: which endpoint, when it is not AWS's own. */
static const char *endpoint_note(struct ecs *e, int session)
{
    static char note[300];
    bool overridden = false;
    const char *url = aws_session_endpoint(client_session(client_of(e), session)->aws, AWS_ECS, &overridden);

    if (!overridden)
        return "";
    TEXT_FORMAT(note, "endpoint %s (overridden)", url);
    return note;
}

static const struct ecs_ops ops = {
    .identify = request_identify,
    .look = reading_look,
    .redeploy = request_redeploy,
    .stop_task = request_stop_task,
    .roll_back = request_roll_back,
    .previous = previous_find,
    .scaling = scaling_do,
    .names = request_names,
    .around = around_look,
    .tail = tail_read,
    .watch = poller_watch,
    .unwatch = poller_unwatch,
    .endpoint_note = endpoint_note,
    .interval_ms = poller_interval,
};

struct ecs *ecs_client_create(const struct ecs_client_options *options)
{
    struct client *c = mem_alloc(sizeof *c);

    c->ecs.ops = &ops;
    c->loop = options->loop;
    c->definitions = definitions_create();
    c->poller = poller_create(c, options);
    return &c->ecs;
}

int ecs_client_add_session(struct ecs *e, struct aws_session *s)
{
    struct client *c = client_of(e);

    assert(c->session_count < CLIENT_SESSIONS);
    c->sessions[c->session_count].aws = s;
    return c->session_count++;
}

void ecs_client_destroy(struct ecs *e)
{
    struct client *c = client_of(e);

    if (!c)
        return;
    poller_destroy(c->poller); /* first: it cuts off its own readings without a word */
    while (c->ops)
        c->ops->cancel(c->ops);
    definitions_destroy(c->definitions);
    mem_free(c);
}
