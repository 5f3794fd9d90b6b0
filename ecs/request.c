/* Requests of one call each: identify, names; those that change something: request_change.c.
 *
 * Happy path: body, one call, the answer is read into the caller's request, its done.
 * Failure modes: whatever AWS refuses or cannot answer comes back as err with the call's sentence. A change
 * that may or may not have been executed says so: nothing here sends it again. When the client goes first,
 * done comes with ERR_CANCELLED at once, and the call is left to end alone. */
#include <string.h>

#include "aws/xml.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "request.h"

#define IDENTITY_MS 300000 /* an identity is believed so long, if the keys stay the same */
#define NAMES_MS    3000   /* of one try: names only help, nobody should wait long for them */

static void on_call(struct aws_call *call)
{
    struct request *q = call->user;
    struct client *c = q->op.client;

    if (c) {
        client_note_keys(q->session, call);
        client_unlink(&q->op);
        q->read(c, q->of, call);
    }
    mem_free(q);
}

static void cancel(struct client_op *op)
{
    struct request *q = (struct request *)op;
    struct client *c = op->client;
    struct aws_call ended = {.outcome = AWS_CANCELLED, .uncertain = q->call.changes};

    err_set(&ended.err, ERR_CANCELLED, "the program ends before AWS answered");
    client_unlink(op);
    q->read(c, q->of, &ended);
    if (q->known.queued) {
        loop_defer_cancel(c->loop, &q->known);
        mem_free(q);
    } else {
        aws_call_cancel(q->aws, &q->call); /* on_call frees */
    }
}

struct request *request_begin(struct ecs *e, int session, void *of,
                              void (*read)(struct client *c, void *of, const struct aws_call *call))
{
    struct client *c = client_of(e);
    struct request *q = mem_alloc(sizeof *q);

    q->session = client_session(c, session);
    q->aws = q->session->aws;
    q->of = of;
    q->read = read;
    q->op.cancel = cancel;
    q->call.done = on_call;
    q->call.user = q;
    q->call.service = AWS_ECS;
    q->call.lane = AWS_LANE_OPERATOR;
    client_link(c, &q->op);
    return q;
}

char *request_body(json_t *body)
{
    char *text = jsonx_print(body);

    json_decref(body);
    return text;
}

/* ---- who are we? */

static void visit_identity(void *user, const char *path, const char *text)
{
    struct client_session *s = user;

    if (text_ends(path, "GetCallerIdentityResult/Account"))
        text_clean(s->account, sizeof s->account, text, false);
    else if (text_ends(path, "GetCallerIdentityResult/Arn")) {
        text_clean(s->arn, sizeof s->arn, text, false);
        secret_gate_text(s->arn, sizeof s->arn);
    }
}

/* "arn:aws-us-gov:sts::…" -> "aws-us-gov" */
static void read_partition(struct client_session *s)
{
    const char *from = text_starts(s->arn, "arn:") ? s->arn + 4 : "";

    text_copy_n(s->partition, sizeof s->partition, from, strcspn(from, ":"));
}

static bool learn_identity(struct client *c, struct client_session *s, const struct aws_call *call,
                           struct err *err)
{
    s->identity_known = false;
    s->account[0] = s->arn[0] = '\0';
    if (!xml_read(call->text, strlen(call->text), visit_identity, s, err))
        return err_wrap(err, "sts GetCallerIdentity");
    if (!s->account[0] || !s->arn[0])
        return err_set(err, ERR_PROTOCOL,
                       "sts GetCallerIdentity named no account: check the endpoint in the configuration");
    read_partition(s);
    s->identity_known = true;
    s->identity_generation = call->generation;
    s->identity_ms = loop_now(c->loop);
    return true;
}

static void tell_identity(struct client_session *s, struct ecs_identify *r)
{
    r->ok = true;
    TEXT_COPY(r->account, s->account);
    TEXT_COPY(r->partition, s->partition);
    TEXT_COPY(r->arn, s->arn);
}

static void read_identity(struct client *c, void *of, const struct aws_call *call)
{
    struct ecs_identify *r = of;
    struct client_session *s = client_session(c, r->session);

    if (call->outcome != AWS_OK)
        r->err = call->err;
    else if (learn_identity(c, s, call, &r->err))
        tell_identity(s, r);
    r->done(r);
}

static void on_known(struct loop_deferred *d)
{
    struct request *q = d->user;
    struct ecs_identify *r = q->of;

    client_unlink(&q->op);
    tell_identity(q->session, r);
    mem_free(q);
    r->done(r);
}

void request_identify(struct ecs *e, struct ecs_identify *r)
{
    struct request *q = request_begin(e, r->session, r, read_identity);
    struct client_session *s = q->session;
    struct loop *loop = client_of(e)->loop;

    r->ok = false;
    memset(&r->err, 0, sizeof r->err);
    if (s->identity_known && s->identity_generation == s->generation &&
        loop_now(loop) - s->identity_ms < IDENTITY_MS) {
        q->known.run = on_known;
        q->known.user = q;
        loop_defer(loop, &q->known);
        return;
    }
    q->call.service = AWS_STS;
    q->call.action = "GetCallerIdentity";
    q->call.body = mem_text("");
    aws_call_start(q->aws, &q->call);
}

/* ---- names */

static void read_names(struct client *c, void *of, const struct aws_call *call)
{
    struct ecs_names *r = of;
    const json_t *arns = jsonx_at(call->answer, r->clusters ? "clusterArns" : "serviceArns");
    char(*names)[ECS_NAME] = mem_array(ECS_NAMES, sizeof *names);

    (void)c;
    r->ok = call->outcome == AWS_OK && json_is_array(arns);
    if (call->outcome != AWS_OK)
        r->err = call->err;
    else if (!r->ok)
        err_set(&r->err, ERR_PROTOCOL, "%s answered without a list: check the endpoint", call->action);
    for (size_t i = 0; r->ok && i < json_array_size(arns) && r->count < ECS_NAMES; i++) {
        const char *arn = json_string_value(json_array_get(arns, i));
        const char *slash = arn ? strrchr(arn, '/') : NULL;

        if (arn)
            text_clean(names[r->count++], ECS_NAME, slash ? slash + 1 : arn, false);
    }
    if (r->ok && r->count == 0 && json_array_size(arns) > 0) /* then the list is not known to be empty */
        r->ok = err_set(&r->err, ERR_PROTOCOL, "%s answered with names that are none: check the endpoint",
                        call->action);
    r->names = names;
    r->done(r);
    mem_free(names);
}

void request_names(struct ecs *e, struct ecs_names *r)
{
    struct request *q = request_begin(e, r->ref.session, r, read_names);
    json_t *body = json_pack("{s:i}", "maxResults", ECS_NAMES);

    r->ok = false;
    memset(&r->err, 0, sizeof r->err);
    r->count = 0;
    r->names = NULL;
    if (!r->clusters)
        json_object_set_new(body, "cluster", json_string(r->ref.cluster));
    q->call.action = r->clusters ? "ListClusters" : "ListServices";
    q->call.timeout_ms = NAMES_MS;
    q->call.body = request_body(body);
    aws_call_start(q->aws, &q->call);
}
