/* Makes every change, and every read before one, against the endpoint that is named, so that a judge sees
 * what was sent. Prints a line for each: what, and how it ended. conformance_changes URL */
#include <stdio.h>
#include <stdlib.h>
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
    return getenv(name);
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

/* ---- the steps, by name */

static const struct service_ref ref = {.cluster = "tak-vpc-cotak-prod", .service = "tak-cloudtak-cotak-prod"};

static void look(struct changes *c)
{
    struct ecs_look r = {.ref = ref, .with_tasks = true, .with_history = true, .done = on_look, .user = c};
    DO(c, look, &r);
}

static void previous(struct changes *c)
{
    struct ecs_previous r = {
        .ref = ref, .current = "tak-cloudtak-cotak-prod:412", .done = on_previous, .user = c};
    DO(c, previous, &r);
}

static void scaling(struct changes *c)
{
    struct ecs_scaling r = {.ref = ref, .done = on_scaling, .user = c};
    DO(c, scaling, &r);
    printf("  registered %d, %d to %d, suspended %d %d %d\n", r.registered, r.minimum, r.maximum,
           r.suspended.in, r.suspended.out, r.suspended.scheduled);
}

static void suspend(struct changes *c)
{
    struct ecs_scaling r = {.ref = ref, .set = true, .wanted = {.out = true}, .done = on_scaling, .user = c};
    DO(c, scaling, &r);
}

static void stop(struct changes *c)
{
    struct ecs_stop_task r = {.ref = ref, .reason = "ana: stop-all, \"stuck\"", .done = on_stop, .user = c};
    TEXT_COPY(r.task_id, c->task);
    DO(c, stop_task, &r);
}

static void count(struct changes *c)
{
    struct ecs_redeploy r = {.ref = ref, .only_count = true, .desired = 3, .done = on_redeploy, .user = c};
    DO(c, redeploy, &r);
}

static void older(struct changes *c)
{
    struct ecs_redeploy r = {.ref = ref, .desired = -1, .done = on_redeploy, .user = c};
    TEXT_COPY(r.task_definition,
              c->task_definition[0] != '\0' ? c->task_definition : "tak-cloudtak-cotak-prod:1");
    DO(c, redeploy, &r);
}

static void back(struct changes *c)
{
    struct ecs_roll_back r = {.ref = ref, .done = on_back, .user = c};
    TEXT_COPY(r.arn,
              c->arn[0] != '\0' ? c->arn : "arn:aws-us-gov:ecs:us-gov-east-1:1:service-deployment/a/b/1");
    DO(c, roll_back, &r);
}

static const struct {
    const char *name;
    void (*run)(struct changes *c);
} steps[] = {{"look", look}, {"previous", previous}, {"scaling", scaling}, {"suspend", suspend},
             {"stop", stop}, {"count", count},       {"older", older},     {"back", back}};

static void run(struct changes *c, const char *name)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (text_equal(steps[i].name, name)) {
            steps[i].run(c);
        }
    }
}

static void on_closed(void *user)
{
    ((struct changes *)user)->closed = true;
}

int main(int argc, char **argv)
{
    struct changes *c = mem_alloc(sizeof(*c));
    struct err err;
    if (argc < 3 || !open_client(c, argv[1], &err)) {
        fprintf(stderr, "usage: conformance_changes URL STEP...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        run(c, argv[i]);
    }
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
