#ifndef WIRE_AWS_RIG_H
#define WIRE_AWS_RIG_H
/* The simulated AWS behind a socket, and one who asks it with signed requests. */
#include "sim/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/http.h"
#include "sim/world_ecs.h"

#define WAIT_MS 5000
#define API     "tak-cloudtak-cotak-prod"

struct fixture {
    struct clock clock;
    struct loop *loop;
    struct http *http;
    struct world_ecs *world;
    struct wire_ecs *wire;
    struct wire_out out;
    char told[4096];
    int told_count;
    const char *secret;
    const char *signs;    /* NULL = as it should be */
    const char *region;   /* NULL = where CloudTAK stands */
    int64_t clock_off_ms; /* of our own clock */
    bool reuse;           /* of connections, as reads do */
    /* of the last request */
    bool done, ok, sent;
    enum err_code lost; /* when not ok */
    char date[64];
    int status, closed;
    char *text;
    json_t *answer;
};

static void on_line(void *user, const char *text, size_t len)
{
    struct fixture *f = user;
    (void)len;
    TEXT_COPY(f->told, text);
    f->told_count++;
}

static void begin(struct fixture *f, const char *scenario)
{
    *f = (struct fixture){.clock = clock_real(1, 0), .secret = WIRE_SECRET_KEY};
    f->loop = loop_create(&f->clock);
    f->out = (struct wire_out){.line = on_line, .user = f};
    size_t count;
    const struct world_service *services = world_services(&count);
    f->world = world_ecs_create(world_scenario_find(scenario), services, count, 5, clock_world(&f->clock));
    struct err err;
    f->wire = wire_ecs_create(f->loop, f->world, &f->out, 0, &err);
    assert_non_null(f->wire);
    struct http_options options = {.proxy = ""};
    f->http = http_create(f->loop, &options, &err);
    assert_non_null(f->http);
}

static void on_closed(void *user)
{
    ((struct fixture *)user)->closed++;
}

static void wait_closed(struct fixture *f, int count)
{
    int64_t until = loop_now(f->loop) + WAIT_MS;
    while (f->closed < count && loop_now(f->loop) < until) {
        loop_run_for(f->loop, 5);
    }
    assert_int_equal(f->closed, count);
}

static void end(struct fixture *f)
{
    http_close(f->http, on_closed, f);
    wait_closed(f, 1);
    wire_ecs_close(f->wire, on_closed, f);
    wait_closed(f, 2);
    world_ecs_destroy(f->world);
    mem_free(f->text);
    json_decref(f->answer);
    assert_int_equal(loop_destroy(f->loop), 0);
}

static void on_done(struct http_request *r)
{
    struct fixture *f = r->user;
    f->done = true;
    f->ok = r->ok;
    f->sent = r->sent;
    f->status = r->status;
    f->lost = r->err.code;
    mem_free(f->text);
    f->text = mem_text(r->ok ? r->answer.data : "");
    json_decref(f->answer);
    f->answer = jsonx_parse(f->text, strlen(f->text), NULL);
    if (r->ok) {
        const char *date = http_answer_header(r, "date");
        assert_non_null(http_answer_header(r, "x-amzn-requestid"));
        TEXT_COPY(f->date, date != NULL ? date : "");
    }
}

/* The service that the signature names. */
static const char *signs(const char *target, const char *body)
{
    static const char *const rows[][2] = {{"AmazonEC2ContainerServiceV20141113", "ecs"},
                                          {"Logs_20140328", "logs"},
                                          {"GraniteServiceVersion20100801", "monitoring"},
                                          {"AnyScaleFrontendService", "application-autoscaling"},
                                          {"AmazonEC2ContainerRegistry_V20150921", "ecr"}};
    for (size_t i = 0; target != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (text_starts(target, rows[i][0])) {
            return rows[i][1];
        }
    }
    return target != NULL                               ? "ecs"
           : strstr(body, "Version=2015-12-01") != NULL ? "elasticloadbalancing"
           : strstr(body, "Version=2010-05-15") != NULL ? "cloudformation"
                                                        : "sts";
}

/* target NULL = a query. Signed with f->secret, unless that is NULL. */
static void ask(struct fixture *f, const char *target, const char *body)
{
    char url[64], host[32], date[TEXT_TIME];
    TEXT_FORMAT(url, "http://127.0.0.1:%d/", wire_ecs_port(f->wire));
    TEXT_FORMAT(host, "127.0.0.1:%d", wire_ecs_port(f->wire));
    text_time_basic(date, clock_wall(&f->clock) + f->clock_off_ms);
    const char *type = target == NULL                          ? "application/x-www-form-urlencoded"
                       : text_starts(target, "GraniteService") ? "application/x-amz-json-1.0"
                                                               : "application/x-amz-json-1.1";
    struct sigv4_input in = {.method = "POST",
                             .path = "/",
                             .query = "",
                             .region = f->region != NULL ? f->region : WORLD_REGION,
                             .service = f->signs != NULL ? f->signs : signs(target, body),
                             .access_key = WIRE_ACCESS_KEY,
                             .secret_key = f->secret,
                             .date = date,
                             .headers = {{"content-type", type}, {"host", host}, {"x-amz-date", date}},
                             .body = body,
                             .body_len = strlen(body)};
    struct buf authorization;
    buf_init(&authorization, 4096);
    struct http_request r = {.method = "POST",
                             .url = url,
                             .headers = {{"content-type", type}, {"x-amz-date", date}},
                             .body = body,
                             .body_len = strlen(body),
                             .timeout_ms = WAIT_MS,
                             .changes = !f->reuse,
                             .done = on_done,
                             .user = f};
    size_t n = 2;
    if (target != NULL) {
        in.headers[3] = (struct sigv4_header){"x-amz-target", target};
        r.headers[n++] = (struct http_header){"x-amz-target", target};
    }
    if (f->secret != NULL) {
        assert_true(sigv4_sign(&in, &authorization));
        r.headers[n++] = (struct http_header){"authorization", authorization.data};
    }
    f->done = false;
    http_start(f->http, &r);
    while (!f->done) {
        loop_run_for(f->loop, 5);
    }
    buf_finish(&authorization);
}

static void ask_ecs(struct fixture *f, const char *action, const char *body)
{
    char target[96];
    TEXT_FORMAT(target, "AmazonEC2ContainerServiceV20141113.%s", action);
    ask(f, target, body);
}

#define DESCRIBE "{\"cluster\":\"" WORLD_CLUSTER "\",\"services\":[\"" API "\"]}"
#define UPDATE   "{\"cluster\":\"" WORLD_CLUSTER "\",\"service\":\"" API "\",\"forceNewDeployment\":true}"

#endif
