/* CloudTAK's own page over a socket, asked as the bot's probes ask it. */
#include "sim/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/http.h"
#include "sim/world_ecs.h"

#define WAIT_MS 5000

struct fixture {
    struct clock clock;
    struct loop *loop;
    struct http *http;
    struct world_ecs *world;
    struct wire_map *map;
    int closed, status;
    bool done;
    char text[512];
};

static void begin(struct fixture *f, const char *scenario)
{
    *f = (struct fixture){.clock = clock_real(1, 0)};
    f->loop = loop_create(&f->clock);
    size_t count;
    const struct world_service *services = world_services(&count);
    f->world = world_ecs_create(world_scenario_find(scenario), services, count, 5, clock_world(&f->clock));
    struct err err;
    f->map = wire_map_create(f->loop, f->world, 0, &err);
    assert_non_null(f->map);
    struct http_options options = {.proxy = ""};
    f->http = http_create(f->loop, &options, &err);
    assert_non_null(f->http);
}

static void on_closed(void *user)
{
    ((struct fixture *)user)->closed++;
}

static void end(struct fixture *f)
{
    int64_t until = loop_now(f->loop) + WAIT_MS;
    http_close(f->http, on_closed, f);
    wire_map_close(f->map, on_closed, f);
    while (f->closed < 2 && loop_now(f->loop) < until) {
        loop_run_for(f->loop, 5);
    }
    assert_int_equal(f->closed, 2);
    world_ecs_destroy(f->world);
    assert_int_equal(loop_destroy(f->loop), 0);
}

static void on_done(struct http_request *r)
{
    struct fixture *f = r->user;
    f->done = true;
    f->status = r->ok ? r->status : -1;
    text_copy(f->text, sizeof(f->text), r->ok ? r->answer.data : r->err.text);
}

static void get(struct fixture *f, const char *path, bool upgrade)
{
    char url[128];
    TEXT_FORMAT(url, "http://127.0.0.1:%d%s", wire_map_port(f->map), path);
    struct http_request r = {.method = "GET", .url = url, .timeout_ms = WAIT_MS, .done = on_done, .user = f};
    if (upgrade) {
        r.headers[0] = (struct http_header){"connection", "Upgrade"};
        r.headers[1] = (struct http_header){"upgrade", "websocket"};
        r.headers[2] = (struct http_header){"sec-websocket-version", "13"};
        r.headers[3] = (struct http_header){"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="};
    }
    f->done = false;
    http_start(f->http, &r);
    while (!f->done) {
        loop_run_for(f->loop, 5);
    }
}

static void the_page_is_well(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    get(&f, "/api", false);
    assert_int_equal(f.status, 200);
    assert_string_equal(f.text, "{\"version\":\"13.70.0\"}");
    get(&f, "/api/config?keys=login::name", false);
    assert_int_equal(f.status, 200);
    get(&f, "/api", true);
    assert_int_equal(f.status, 401); /* the hub lives, and misses a token */
    get(&f, "/other", true);
    assert_int_equal(f.status, 426); /* the load balancer's rule does not hold for it */
    get(&f, "/api/nothing", false);
    assert_int_equal(f.status, 404);
    end(&f);
}

static void without_database_only_config_fails(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "database-down");
    get(&f, "/api", false);
    assert_int_equal(f.status, 200);
    get(&f, "/api/config?keys=login::name", false);
    assert_int_equal(f.status, 500);
    end(&f);
}

static void without_tasks_the_balancer_answers(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "wanted-zero");
    get(&f, "/api", false);
    assert_int_equal(f.status, 503);
    assert_non_null(strstr(f.text, "503 Service Temporarily Unavailable"));
    get(&f, "/api", true);
    assert_int_equal(f.status, 503);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_well),
        cmocka_unit_test(without_database_only_config_fails),
        cmocka_unit_test(without_tasks_the_balancer_answers),
    };
    return cmocka_run_group_tests_name("sim wire_map", tests, NULL, NULL);
}
