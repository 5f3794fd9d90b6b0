/* The real client on the simulated AWS behind a socket: every change and what is read before it; each change
 * once, whatever the weather does to its answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "aws/call.h"
#include "aws/credentials.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/ecs.h"
#include "loop/loop.h"
#include "net/http.h"
#include "sim/wire.h"
#include "sim/world_ecs.h"

#define WAIT_MS 15000
#define API     "tak-cloudtak-cotak-prod"

struct fixture {
    struct clock clock;
    struct loop *loop;
    struct http *http;
    struct world_ecs *world;
    struct wire_ecs *wire;
    struct wire_out out;
    struct credentials *credentials;
    struct aws_session *aws;
    struct ecs *ecs;
    struct snapshot seen;
    int done, closed;
};

static void on_line(void *user, const char *text, size_t len)
{
    (void)user;
    (void)text;
    (void)len;
}

static const char *environment(const char *name)
{
    return text_equal(name, "AWS_ACCESS_KEY_ID")       ? WIRE_ACCESS_KEY
           : text_equal(name, "AWS_SECRET_ACCESS_KEY") ? WIRE_SECRET_KEY
                                                       : NULL;
}

static void open_client(struct fixture *f)
{
    struct err err;
    char url[64];
    const struct credentials_options credentials = {
        .loop = f->loop, .http = f->http, .environment = environment};
    struct aws_session_options session = {
        .loop = f->loop, .http = f->http, .region = WORLD_REGION, .reads_per_second = 1000};
    f->credentials = credentials_create(&credentials, &err);
    session.credentials = f->credentials;
    TEXT_FORMAT(url, "http://127.0.0.1:%d", wire_ecs_port(f->wire));
    for (size_t i = 0; i < AWS_SERVICES; i++) {
        session.endpoint_override[i] = url;
    }
    f->aws = aws_session_create(&session, &err);
    assert_non_null(f->aws);
    const struct ecs_client_options client = {
        .loop = f->loop, .active_ms = 5000, .quiet_ms = 15000, .calls_per_second = 5};
    f->ecs = ecs_client_create(&client);
    assert_int_equal(ecs_client_add_session(f->ecs, f->aws), 0);
}

static struct fixture *begin(const char *scenario)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    struct err err;
    size_t count;
    const struct world_service *services = world_services(&count);
    const struct http_options http = {.proxy = ""};
    f->clock = clock_real(1, 0);
    f->loop = loop_create(&f->clock);
    f->out = (struct wire_out){.line = on_line, .user = f};
    f->world = world_ecs_create(world_scenario_find(scenario), services, count, 5, clock_world(&f->clock));
    f->wire = wire_ecs_create(f->loop, f->world, &f->out, 0, &err);
    assert_non_null(f->wire);
    f->http = http_create(f->loop, &http, &err);
    assert_non_null(f->http);
    open_client(f);
    return f;
}

static void on_closed(void *user)
{
    ((struct fixture *)user)->closed++;
}

static void wait_for(struct fixture *f, const int *count, int wanted)
{
    int64_t until = loop_now(f->loop) + WAIT_MS;
    while (*count < wanted && loop_now(f->loop) < until) {
        loop_run_for(f->loop, 2);
    }
    assert_int_equal(*count, wanted);
}

static void end(struct fixture *f)
{
    ecs_client_destroy(f->ecs);
    aws_session_destroy(f->aws);
    credentials_destroy(f->credentials);
    http_close(f->http, on_closed, f);
    wait_for(f, &f->closed, 1);
    wire_ecs_close(f->wire, on_closed, f);
    wait_for(f, &f->closed, 2);
    world_ecs_destroy(f->world);
    assert_int_equal(loop_destroy(f->loop), 0);
    mem_free(f);
}

static struct service_ref api(void)
{
    struct service_ref ref = {0};
    TEXT_COPY(ref.cluster, WORLD_CLUSTER);
    TEXT_COPY(ref.service, API);
    return ref;
}

/* One request: asked, and waited for. */
#define ASK(f, function, request)                                                                            \
    do {                                                                                                     \
        (f)->done = 0;                                                                                       \
        (f)->ecs->ops->function((f)->ecs, (request));                                                        \
        wait_for((f), &(f)->done, 1);                                                                        \
    } while (0)

static void looked(struct ecs_look *r)
{
    struct fixture *f = r->user;
    f->seen = *r->snapshot;
    f->done++;
}

static const struct snapshot *look(struct fixture *f)
{
    struct ecs_look r = {.ref = api(), .with_tasks = true, .with_history = true, .done = looked, .user = f};
    ASK(f, look, &r);
    assert_string_equal(f->seen.trouble, "");
    return &f->seen;
}

static void stopped(struct ecs_stop_task *r)
{
    ((struct fixture *)r->user)->done++;
}

static struct ecs_stop_task stop_first(struct fixture *f)
{
    struct ecs_stop_task r = {.ref = api(), .reason = "ana, by the bot", .done = stopped, .user = f};
    TEXT_COPY(r.task_id, look(f)->tasks[0].id);
    ASK(f, stop_task, &r);
    return r;
}

static void redeployed(struct ecs_redeploy *r)
{
    ((struct fixture *)r->user)->done++;
}

static void rolled_back(struct ecs_roll_back *r)
{
    ((struct fixture *)r->user)->done++;
}

static void told_before(struct ecs_previous *r)
{
    ((struct fixture *)r->user)->done++;
}

static void told_scaling(struct ecs_scaling *r)
{
    ((struct fixture *)r->user)->done++;
}

/* ---- */

static void tasks_and_counts(void **state)
{
    (void)state;
    struct fixture *f = begin("ok");
    struct ecs_stop_task s = stop_first(f);
    assert_true(s.ok);
    assert_true(s.request_id[0] != '\0');
    const struct snapshot *now = look(f);
    assert_int_equal(now->service.running, 1);
    for (size_t i = 0; i < now->task_count; i++) {
        if (text_equal(now->tasks[i].id, s.task_id)) {
            assert_string_equal(now->tasks[i].stopped_reason, "ana, by the bot");
        }
    }
    TEXT_COPY(s.task_id, "00000000000000000000000000000000");
    ASK(f, stop_task, &s);
    assert_true(!s.ok && s.gone && !s.uncertain);
    struct ecs_redeploy r = {.ref = api(), .only_count = true, .desired = 0, .done = redeployed, .user = f};
    ASK(f, redeploy, &r);
    assert_true(r.ok);
    assert_int_equal(r.answered_desired, 0);
    now = look(f);
    assert_int_equal(now->service.desired, 0);
    assert_string_equal(now->service.deployments[0].id, r.deployment_id);
    assert_int_equal(now->service.deployment_count, 1);
    end(f);
}

static void back_and_before(void **state)
{
    (void)state;
    struct fixture *f = begin("ok");
    struct ecs_previous p = {.ref = api(), .current = API ":412", .done = told_before, .user = f};
    ASK(f, previous, &p);
    assert_true(p.ok && p.found && !p.inactive);
    assert_string_equal(p.task_definition, API ":411");
    assert_int_equal(p.image_count, 1);
    struct ecs_redeploy r = {.ref = api(), .desired = -1, .done = redeployed, .user = f};
    TEXT_COPY(r.task_definition, p.task_definition);
    ASK(f, redeploy, &r);
    assert_true(r.ok);
    const struct snapshot *now = look(f);
    assert_string_equal(now->service.deployments[0].id, r.deployment_id);
    assert_string_equal(now->service.deployments[0].task_definition, API ":411");
    struct ecs_roll_back b = {.ref = api(), .done = rolled_back, .user = f};
    TEXT_COPY(b.arn, now->history[0].arn);
    ASK(f, roll_back, &b);
    assert_true(b.ok);
    assert_string_equal(look(f)->service.deployments[0].id, r.older_id);
    ASK(f, roll_back, &b);
    assert_true(!b.ok && b.over);
    end(f);
}

static void autoscaling_is_suspended_and_resumed(void **state)
{
    (void)state;
    struct fixture *f = begin("ok");
    struct ecs_scaling r = {.ref = api(), .done = told_scaling, .user = f};
    struct ecs_scaling set = {
        .ref = api(), .set = true, .wanted = {.in = true, .out = true}, .done = told_scaling, .user = f};
    ASK(f, scaling, &r);
    assert_true(r.ok && r.registered && !r.suspended.in && !r.suspended.out);
    assert_int_equal(r.maximum, 10);
    ASK(f, scaling, &set);
    assert_true(set.ok && set.suspended.out && set.request_id[0] != '\0');
    ASK(f, scaling, &r);
    assert_true(r.ok && r.suspended.in && r.suspended.out && !r.suspended.scheduled);
    TEXT_COPY(r.ref.service, API "-stateful");
    ASK(f, scaling, &r);
    assert_true(r.ok && !r.registered);
    TEXT_COPY(set.ref.service, API "-stateful");
    ASK(f, scaling, &set);
    assert_true(!set.ok && !set.uncertain);
    assert_int_equal(set.absence, ECS_REFUSED);
    end(f);
}

static void rain(struct fixture *f, const char *action, const char *kind)
{
    json_t *line = json_pack("{s:s,s:s,s:i}", "action", action, "kind", kind, "count", 1);
    assert_null(wire_ecs_weather(f->wire, line));
    json_decref(line);
}

/* What has arrived may have been executed: said so, and not sent again. */
static void weather_never_doubles_a_change(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        bool ok, uncertain;
        uint64_t executed;
    } rows[] = {
        {"execute-then-reset", false, true, 1},
        {"reset", false, true, 0},
        {"truncated", false, true, 1},
        {"status-503", false, true, 0},
        {"access-denied", false, false, 0},
        {"throttle", true, false, 1}, /* AWS did nothing, and said so: asked again */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture *f = begin("ok");
        rain(f, "StopTask", rows[i].kind);
        rain(f, "RegisterScalableTarget", rows[i].kind);
        struct ecs_stop_task s = stop_first(f);
        assert_int_equal(s.ok, rows[i].ok);
        assert_int_equal(s.uncertain, rows[i].uncertain);
        struct ecs_scaling set = {.ref = api(), .set = true, .done = told_scaling, .user = f};
        ASK(f, scaling, &set);
        assert_int_equal(set.ok, rows[i].ok);
        assert_int_equal(set.uncertain, rows[i].uncertain);
        loop_run_for(f->loop, 50);
        assert_int_equal(world_ecs_count(f->world, "StopTask"), rows[i].executed);
        assert_int_equal(world_ecs_count(f->world, "RegisterScalableTarget"), rows[i].executed);
        end(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_and_counts),
        cmocka_unit_test(back_and_before),
        cmocka_unit_test(autoscaling_is_suspended_and_resumed),
        cmocka_unit_test(weather_never_doubles_a_change),
    };
    return cmocka_run_group_tests_name("sim client_wire", tests, NULL, NULL);
}
