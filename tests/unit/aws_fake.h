#ifndef TESTS_AWS_FAKE_H
#define TESTS_AWS_FAKE_H
/* An AWS of our own on loopback, which checks signatures and answers from a script; a session towards it; and
 * what the last call ended with. For the tests of calls: each is a program of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/call.h"
#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/http.h"
#include "net/server.h"

#define WAIT_MS   15000
#define STEPS_MAX 8
#define SECRET    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define JSON      "application/x-amz-json-1.1"

enum weather { ANSWER, RESET, CLOSE, SILENCE, HUGE_ANSWER };

struct step {
    int status;
    const char *body, *headers;
    enum weather weather;
};

static struct world {
    struct clock clock;
    struct loop *loop;
    struct http *http;
    struct server *server;
    struct credentials *credentials;
    struct aws_session *session;
    const struct step *steps;
    int requests; /* the fake has seen */
    int closed, done;
    bool wrong_signature;
    char target[128], type[128], date[64], token[64], body[512];
    bool with_token;
    int key_reads;
    const char *access_keys[3]; /* of the first, the second and later reads */
    struct aws_call call;       /* what done has seen */
    char answer[256], text[512];
} w;

/* ---- the fake AWS */

static void check_signature(const struct server_call *c, const char *body, size_t len)
{
    static const char *const names[] = {"host", "x-amz-date", "content-type", "x-amz-target",
                                        "x-amz-security-token"};
    struct sigv4_input in = {.method = server_method(c),
                             .path = server_path(c),
                             .query = "",
                             .region = "us-gov-east-1",
                             .secret_key = SECRET,
                             .date = server_header(c, "x-amz-date"),
                             .body = body,
                             .body_len = len};
    const char *given = server_header(c, "authorization");
    const char *key = given == NULL ? NULL : strstr(given, "Credential=");
    if (key == NULL || in.date == NULL) {
        w.wrong_signature = true;
        return;
    }
    char access_key[64], service[64];
    key += strlen("Credential=");
    text_copy_n(access_key, sizeof access_key, key, strcspn(key, "/"));
    const char *region = strstr(key, "/us-gov-east-1/");
    if (region == NULL) {
        w.wrong_signature = true;
        return;
    }
    region += strlen("/us-gov-east-1/");
    text_copy_n(service, sizeof service, region, strcspn(region, "/"));
    in.access_key = access_key;
    in.service = service;
    for (size_t i = 0, n = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = server_header(c, names[i]);
        if (value != NULL)
            in.headers[n++] = (struct sigv4_header){names[i], value};
    }
    struct buf own;
    buf_init(&own, 4096);
    if (!sigv4_sign(&in, &own) || strcmp(own.data, given) != 0)
        w.wrong_signature = true;
    buf_finish(&own);
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void on_request(void *user, struct server_call *c)
{
    (void)user;
    size_t len;
    const char *body = server_body(c, &len);
    const struct step *step = &w.steps[w.requests++];
    check_signature(c, body, len);
    TEXT_COPY(w.target, or_empty(server_header(c, "x-amz-target")));
    TEXT_COPY(w.type, or_empty(server_header(c, "content-type")));
    TEXT_COPY(w.date, or_empty(server_header(c, "x-amz-date")));
    TEXT_COPY(w.token, or_empty(server_header(c, "x-amz-security-token")));
    text_copy_n(w.body, sizeof w.body, body, len);
    switch (step->weather) {
    case ANSWER: server_answer(c, step->status, JSON, step->headers, step->body, strlen(step->body)); break;
    case RESET: server_drop(c, true); break;
    case CLOSE: server_drop(c, false); break;
    case SILENCE: loop_stop(w.loop); break;
    case HUGE_ANSWER: {
        size_t size = HTTP_BODY_DEFAULT + 1024;
        char *bytes = mem_alloc(size);
        memset(bytes, ' ', size);
        server_answer(c, 200, JSON, NULL, bytes, size);
        mem_free(bytes);
        break;
    }
    }
}

/* ---- the world */

static const char *get_variable(const char *name)
{
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
        return w.access_keys[w.key_reads < 2 ? w.key_reads++ : 2];
    if (strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
        return SECRET;
    if (strcmp(name, "AWS_SESSION_TOKEN") == 0 && w.with_token)
        return "session-token";
    return NULL;
}

static void create_session(double rate, const char *path)
{
    struct err err = {0};
    char url[64];
    TEXT_FORMAT(url, "http://127.0.0.1:%d%s", server_port(w.server), path);
    struct aws_session_options options = {.loop = w.loop,
                                          .http = w.http,
                                          .credentials = w.credentials,
                                          .region = "us-gov-east-1",
                                          .fips = true,
                                          .reads_per_second = rate};
    for (int i = 0; i < AWS_SERVICES; i++)
        options.endpoint_override[i] = url;
    w.session = aws_session_create(&options, &err);
    if (w.session == NULL)
        fail_msg("%s", err.text);
}

static int set_up(void **state)
{
    (void)state;
    struct err err = {0};
    w = (struct world){.clock = clock_real(1, 0), .access_keys = {"AKIAFIRST", "AKIAFIRST", "AKIAFIRST"}};
    w.loop = loop_create(&w.clock);
    const struct http_options http = {.user_agent = "test", .proxy = ""};
    w.http = http_create(w.loop, &http, &err);
    const struct server_options server = {.on_request = on_request, .max_body = 1024 * 1024};
    w.server = server_create(w.loop, &server, &err);
    const struct credentials_options credentials = {
        .loop = w.loop, .http = w.http, .environment = get_variable};
    w.credentials = credentials_create(&credentials, &err);
    if (w.http == NULL || w.server == NULL || w.credentials == NULL)
        fail_msg("%s", err.text);
    create_session(100, "");
    return 0;
}

static void on_closed(void *user)
{
    (void)user;
    if (++w.closed == 2)
        loop_stop(w.loop);
}

static int tear_down(void **state)
{
    (void)state;
    aws_session_destroy(w.session);
    credentials_destroy(w.credentials);
    http_close(w.http, on_closed, NULL);
    server_close(w.server, on_closed, NULL);
    loop_run_for(w.loop, WAIT_MS);
    assert_int_equal(w.closed, 2);
    assert_int_equal(loop_destroy(w.loop), 0);
    return 0;
}

static void on_done(struct aws_call *c)
{
    w.done++;
    w.call = *c;
    w.answer[0] = w.text[0] = '\0';
    if (c->answer != NULL) {
        char *printed = jsonx_print(c->answer);
        TEXT_COPY(w.answer, printed);
        mem_free(printed);
    }
    if (c->text != NULL)
        TEXT_COPY(w.text, c->text);
    loop_stop(w.loop);
}

static struct aws_call reading_call(void)
{
    return (struct aws_call){.service = AWS_ECS,
                             .action = "DescribeServices",
                             .body = mem_text("{\"cluster\":\"c\"}"),
                             .lane = AWS_LANE_OPERATOR,
                             .done = on_done};
}

static struct aws_call changing_call(void)
{
    return (struct aws_call){.service = AWS_ECS,
                             .action = "UpdateService",
                             .body = mem_text("{\"service\":\"s\"}"),
                             .lane = AWS_LANE_CHANGE,
                             .changes = true,
                             .done = on_done};
}

static void run(struct aws_call *c, const struct step *steps)
{
    w.steps = steps;
    aws_call_start(w.session, c);
    assert_int_equal(w.done, 0); /* never inside */
    loop_run_for(w.loop, WAIT_MS);
    assert_int_equal(w.done, 1);
    assert_false(w.wrong_signature);
}

static void expect_sentence(const char *part)
{
    if (strstr(w.call.err.text, part) == NULL)
        fail_msg("\"%s\" has no \"%s\"", w.call.err.text, part);
}

#define OK_ANSWER                                                                                            \
    {                                                                                                        \
        200, "{\"ok\":true}", "x-amzn-requestid: id-1\r\n", ANSWER                                           \
    }
#define THROTTLED                                                                                            \
    {                                                                                                        \
        400, "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}", NULL, ANSWER              \
    }

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
