#ifndef TESTS_UNIT_ECS_RIG_H
#define TESTS_UNIT_ECS_RIG_H
/* The real client against a small AWS of our own on loopback: each test says how it answers, and all calls
 * are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/call.h"
#include "aws/credentials.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/ecs.h"
#include "loop/loop.h"
#include "net/http.h"
#include "net/server.h"

#define RIG_ACTIONS 200
#define JSON        "application/x-amz-json-1.1"

struct rig;
/* Answers one call; body is what was sent. */
typedef void rig_answer(struct rig *r, struct server_call *call, const char *action, json_t *body);

struct rig {
    struct clock clock;
    struct loop *loop;
    struct server *server;
    struct http *http;
    struct credentials *credentials;
    struct aws_session *aws;
    struct ecs *ecs;
    rig_answer *answer;
    int actions;
    char action[RIG_ACTIONS][40];
    char last_body[4096];                  /* of the last UpdateService */
    char form[1024];                       /* of the last query call */
    char target[128], type[64], scope[64]; /* of the last call: headers, and for whom it was signed */
    struct server_call *held;              /* a call that a test leaves unanswered */
    int closed;
};

static const char *rig_access_key = "AKIDEXAMPLE";

static inline const char *rig_environment(const char *name)
{
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
        return rig_access_key;
    return strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0 ? "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" : NULL;
}

/* "… Credential=KEY/20261128/us-gov-east-1/monitoring/aws4_request, …" -> "monitoring" */
static inline void rig_note_headers(struct rig *r, struct server_call *call)
{
    const char *target = server_header(call, "x-amz-target"), *type = server_header(call, "content-type");
    const char *scope = strstr(server_header(call, "authorization"), "/us-gov-east-1/");

    TEXT_COPY(r->target, target ? target : "");
    TEXT_COPY(r->type, type ? type : "");
    assert_non_null(scope);
    scope += strlen("/us-gov-east-1/");
    text_copy_n(r->scope, sizeof r->scope, scope, strcspn(scope, "/"));
}

static inline void rig_on_request(void *user, struct server_call *call)
{
    struct rig *r = user;
    const char *target = server_header(call, "x-amz-target"), *dot = target ? strrchr(target, '.') : NULL;
    size_t len;
    const char *bytes = server_body(call, &len);
    json_t *body = target ? jsonx_parse(bytes, len, NULL) : NULL;
    char *to = r->action[r->actions];

    assert_true(r->actions < RIG_ACTIONS - 1);
    r->actions++;
    rig_note_headers(r, call);
    if (dot) {
        text_copy(to, sizeof r->action[0], dot + 1);
    } else {
        assert_true(text_starts(bytes, "Action="));
        text_copy_n(to, sizeof r->action[0], bytes + 7, strcspn(bytes + 7, "&"));
        text_copy_n(r->form, sizeof r->form, bytes, len);
    }
    if (strcmp(to, "UpdateService") == 0)
        text_copy_n(r->last_body, sizeof r->last_body, bytes, len);
    r->answer(r, call, to, body);
    json_decref(body);
}

static inline void rig_on_gone(void *user, struct server_call *call)
{
    struct rig *r = user;

    if (r->held == call)
        r->held = NULL;
}

static inline int rig_count(const struct rig *r, const char *action)
{
    int n = 0;

    for (int i = 0; i < r->actions; i++)
        n += strcmp(r->action[i], action) == 0;
    return n;
}

static inline void rig_text(struct server_call *call, int status, const char *text)
{
    server_answer(call, status, JSON, "x-amzn-RequestId: req-1\r\n", text, strlen(text));
}

static inline void rig_refuse(struct server_call *call, const char *code)
{
    char text[200];

    TEXT_FORMAT(text, "{\"__type\":\"%s\",\"message\":\"no\"}", code);
    rig_text(call, 400, text);
}

/* As the query services do. */
static inline void rig_refuse_xml(struct server_call *call, const char *code)
{
    char text[300];

    TEXT_FORMAT(text,
                "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>User: "
                "arn:aws-us-gov:sts::1:assumed-role/bot/x may not</Message></Error></ErrorResponse>",
                code);
    server_answer(call, 400, "text/xml", NULL, text, strlen(text));
}

static inline void rig_open(struct rig *r, rig_answer *answer, int64_t active_ms, double budget)
{
    struct err err = {0};
    char url[64];
    const struct server_options server = {
        .on_request = rig_on_request, .on_gone = rig_on_gone, .request_ms = 20000, .user = r};
    const struct http_options http = {.proxy = "", .user_agent = "test"};

    memset(r, 0, sizeof *r);
    r->answer = answer;
    r->clock = clock_real(1, 0);
    r->loop = loop_create(&r->clock);
    r->server = server_create(r->loop, &server, &err);
    assert_non_null(r->server);
    r->http = http_create(r->loop, &http, &err);
    assert_non_null(r->http);
    const struct credentials_options credentials = {
        .loop = r->loop, .http = r->http, .environment = rig_environment};
    r->credentials = credentials_create(&credentials, &err);
    assert_non_null(r->credentials);
    TEXT_FORMAT(url, "http://127.0.0.1:%d", server_port(r->server));
    struct aws_session_options session = {.loop = r->loop,
                                          .http = r->http,
                                          .credentials = r->credentials,
                                          .region = "us-gov-east-1",
                                          .reads_per_second = 1000};
    for (int i = 0; i < AWS_SERVICES; i++)
        session.endpoint_override[i] = url;
    r->aws = aws_session_create(&session, &err);
    assert_non_null(r->aws);
    const struct ecs_client_options options = {
        .loop = r->loop, .active_ms = active_ms, .quiet_ms = 10 * active_ms, .calls_per_second = budget};
    r->ecs = ecs_client_create(&options);
    assert_int_equal(ecs_client_add_session(r->ecs, r->aws), 0);
}

static inline void rig_closed(void *user)
{
    ((struct rig *)user)->closed++;
}

#define RIG_WAIT(r, condition)                                                                               \
    do {                                                                                                     \
        int64_t until_ = loop_now((r)->loop) + 15000;                                                        \
        while (!(condition) && loop_now((r)->loop) < until_)                                                 \
            loop_run_for((r)->loop, 2);                                                                      \
        assert_true(condition);                                                                              \
    } while (0)

/* The client goes first, with whatever runs; nothing may be left on the loop. */
static inline void rig_close(struct rig *r)
{
    ecs_client_destroy(r->ecs);
    aws_session_destroy(r->aws);
    credentials_destroy(r->credentials);
    if (r->held)
        server_drop(r->held, false);
    http_close(r->http, rig_closed, r);
    server_close(r->server, rig_closed, r);
    RIG_WAIT(r, r->closed == 2);
    assert_int_equal(loop_destroy(r->loop), 0);
}

/* ---- answers that most tests want */

/* Every service that was asked for, as it stands: one deployment, two tasks wanted and running. */
static inline void rig_describe(struct server_call *call, const json_t *body)
{
    const json_t *names = json_object_get(body, "services");
    struct buf b;

    buf_init(&b, 1 << 20);
    buf_text(&b, "{\"failures\":[],\"services\":[");
    for (size_t i = 0; i < json_array_size(names); i++)
        buf_format(
            &b,
            "%s{\"serviceName\":\"%s\",\"status\":\"ACTIVE\",\"desiredCount\":2,\"runningCount\":2,"
            "\"deployments\":[{\"id\":\"ecs-svc/1\",\"status\":\"PRIMARY\",\"rolloutState\":\"COMPLETED\","
            "\"createdAt\":100,\"desiredCount\":2,\"runningCount\":2}]}",
            i ? "," : "", json_string_value(json_array_get(names, i)));
    buf_text(&b, "]}");
    server_answer(call, 200, JSON, NULL, b.data, b.len);
    buf_finish(&b);
}

/* One running and one stopped task. */
static inline void rig_tasks(struct server_call *call, const char *action, const json_t *body)
{
    if (strcmp(action, "DescribeTasks") == 0) {
        assert_string_equal(jsonx_text(body, "tasks.0"), "a/b/t1"); /* running ones first */
        assert_string_equal(jsonx_text(body, "tasks.1"), "a/b/t2");
        rig_text(call, 200,
                 "{\"tasks\":[{\"taskArn\":\"a/b/t1\",\"lastStatus\":\"RUNNING\"},"
                 "{\"taskArn\":\"a/b/t2\",\"lastStatus\":\"STOPPED\"}]}");
    } else {
        rig_text(call, 200,
                 strcmp(jsonx_text(body, "desiredStatus"), "RUNNING") == 0 ? "{\"taskArns\":[\"a/b/t1\"]}"
                                                                           : "{\"taskArns\":[\"a/b/t2\"]}");
    }
}

static inline void rig_usual(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    if (strcmp(action, "DescribeServices") == 0)
        rig_describe(call, body);
    else if (strcmp(action, "ListServiceDeployments") == 0)
        rig_text(call, 200,
                 "{\"serviceDeployments\":[{\"status\":\"SUCCESSFUL\",\"targetServiceRevisionArn\":\"a/b/c/"
                 "1\"}]}");
    else
        rig_tasks(call, action, body);
}

#endif
