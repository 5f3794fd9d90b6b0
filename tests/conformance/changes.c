/* Makes every change, and every read before one, against the endpoint that is named, so that a judge sees
 * what was sent. Prints a line for each: what, and how it ended. conformance_changes URL */
#include <stdio.h>
#include <string.h>

#include "aws/call.h"
#include "aws/credentials.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/ecs.h"
#include "loop/loop.h"
#include "net/http.h"

#define REGION  "us-gov-east-1"
#define WAIT_MS 20000

struct changes {
    struct clock clock;
    struct loop *loop;
    struct http *http;
    struct credentials *credentials;
    struct aws_session *aws;
    struct ecs *ecs;
    bool done, closed;
    int failed;
    char task[ECS_ID], arn[ECS_NAME * 2], task_definition[ECS_NAME];
};

static const char *environment(const char *name)
{
    return text_equal(name, "AWS_ACCESS_KEY_ID")       ? "AKIAREHEARSAL0000000"
           : text_equal(name, "AWS_SECRET_ACCESS_KEY") ? "rehearsal-secret-key-of-nobody"
                                                       : NULL;
}

static bool open_client(struct changes *c, const char *url, struct err *err)
{
    const struct http_options http = {.proxy = ""};
    struct credentials_options credentials = {.environment = environment};
    struct aws_session_options session = {.region = REGION, .reads_per_second = 20};
    c->clock = clock_real(1, 0);
    credentials.loop = session.loop = c->loop = loop_create(&c->clock);
    credentials.http = session.http = c->http = http_create(c->loop, &http, err);
    if (c->http == NULL || (c->credentials = credentials_create(&credentials, err)) == NULL) {
        return false;
    }
    session.credentials = c->credentials;
    for (size_t i = 0; i < AWS_SERVICES; i++) {
        session.endpoint_override[i] = url;
    }
    const struct ecs_client_options client = {
        .loop = c->loop, .active_ms = 5000, .quiet_ms = 15000, .calls_per_second = 5};
    c->aws = aws_session_create(&session, err);
    c->ecs = ecs_client_create(&client);
    return c->aws != NULL && ecs_client_add_session(c->ecs, c->aws) == 0;
}

static void tell(struct changes *c, const char *what, bool ok, const struct err *err)
{
    printf("%s: %s\n", what, ok ? "ok" : err->text);
    c->failed += !ok;
    c->done = true;
}

static void on_look(struct ecs_look *r)
{
    struct changes *c = r->user;
    const struct snapshot *s = r->snapshot;
    struct err err = {.text = "nothing to be seen"};
    if (s->task_count > 0) {
        TEXT_COPY(c->task, s->tasks[0].id);
    }
    if (s->history_count > 0) {
        TEXT_COPY(c->arn, s->history[0].arn);
    }
    tell(c, "look", c->task[0] != '\0' && c->arn[0] != '\0', &err);
}

static void on_previous(struct ecs_previous *r)
{
    struct changes *c = r->user;
    TEXT_COPY(c->task_definition, r->task_definition);
    tell(c, "previous", r->ok && r->found, &r->err);
}

static void on_scaling(struct ecs_scaling *r)
{
    tell(r->user, r->set ? "scaling set" : "scaling", r->ok, &r->err);
}

static void on_stop(struct ecs_stop_task *r)
{
    tell(r->user, "stop_task", r->ok, &r->err);
}

static void on_redeploy(struct ecs_redeploy *r)
{
    tell(r->user, r->only_count ? "count" : "redeploy", r->ok, &r->err);
}

static void on_back(struct ecs_roll_back *r)
{
    tell(r->user, "roll_back", r->ok, &r->err);
}

static void wait_done(struct changes *c)
{
    int64_t until = loop_now(c->loop) + WAIT_MS;
    while (!c->done && loop_now(c->loop) < until) {
        loop_run_for(c->loop, 2);
    }
    c->failed += !c->done;
    c->done = false;
}

#define DO(c, function, request)                                                                             \
    do {                                                                                                     \
        (c)->ecs->ops->function((c)->ecs, (request));                                                        \
        wait_done(c);                                                                                        \
    } while (0)

static void run(struct changes *c)
{
    const struct service_ref ref = {.cluster = "tak-vpc-cotak-prod", .service = "tak-cloudtak-cotak-prod"};
    struct ecs_look look = {.ref = ref, .with_tasks = true, .with_history = true, .done = on_look, .user = c};
    struct ecs_previous previous = {
        .ref = ref, .current = "tak-cloudtak-cotak-prod:412", .done = on_previous, .user = c};
    struct ecs_scaling scaling = {.ref = ref, .done = on_scaling, .user = c};
    struct ecs_scaling set = {
        .ref = ref, .set = true, .wanted = {.out = true}, .done = on_scaling, .user = c};
    struct ecs_stop_task stop = {
        .ref = ref, .reason = "ana: stop-all, \"stuck\"", .done = on_stop, .user = c};
    struct ecs_redeploy count = {
        .ref = ref, .only_count = true, .desired = 3, .done = on_redeploy, .user = c};
    struct ecs_redeploy older = {.ref = ref, .desired = -1, .done = on_redeploy, .user = c};
    struct ecs_roll_back back = {.ref = ref, .done = on_back, .user = c};
    DO(c, look, &look);
    DO(c, previous, &previous);
    DO(c, scaling, &scaling);
    DO(c, scaling, &set);
    TEXT_COPY(stop.task_id, c->task);
    DO(c, stop_task, &stop);
    DO(c, redeploy, &count);
    TEXT_COPY(older.task_definition, c->task_definition);
    DO(c, redeploy, &older);
    DO(c, look, &look);
    TEXT_COPY(back.arn, c->arn);
    DO(c, roll_back, &back);
}

static void on_closed(void *user)
{
    ((struct changes *)user)->closed = true;
}

int main(int argc, char **argv)
{
    struct changes *c = mem_alloc(sizeof(*c));
    struct err err;
    if (argc != 2 || !open_client(c, argv[1], &err)) {
        fprintf(stderr, "usage: conformance_changes URL\n");
        return 2;
    }
    run(c);
    int failed = c->failed;
    ecs_client_destroy(c->ecs);
    aws_session_destroy(c->aws);
    credentials_destroy(c->credentials);
    http_close(c->http, on_closed, c);
    while (!c->closed) {
        loop_run_for(c->loop, 5);
    }
    loop_destroy(c->loop);
    mem_free(c);
    return failed > 0;
}
