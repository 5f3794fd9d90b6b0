/* The simulated Slack over sockets: Web API, Socket Mode, control lines. */
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
#include "net/ws.h"
#include "sim/world_ecs.h"
#include "sim/world_slack.h"

#define WAIT_MS 5000
#define LINKS   12

struct app_link {
    struct fixture *f;
    struct ws *ws;
    bool open, closed, acks;
    int code, http_status, hellos, envelopes;
    char reason[40], last_id[64], last_type[32];
    int retry_attempt;
};

struct fixture {
    struct clock clock;
    struct loop *loop;
    struct http *http;
    struct ws_client *client;
    struct world_ecs *ecs;
    struct world_slack *world;
    struct wire_ecs *wire_ecs;
    struct wire_slack *wire;
    struct wire_control *control;
    struct wire_out out;
    json_t *told; /* all lines */
    struct app_link links[LINKS];
    bool done, quit;
    int status, closed;
    json_t *answer;
};

static void on_line(void *user, const char *text, size_t len)
{
    struct fixture *f = user;
    json_array_append_new(f->told, jsonx_parse(text, len, NULL));
}

static void on_change(void *user, const json_t *change)
{
    wire_tell(&((struct fixture *)user)->out, change);
}

static void on_quit(void *user)
{
    ((struct fixture *)user)->quit = true;
}

static int begin(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    f->clock = clock_real(1, 0);
    f->loop = loop_create(&f->clock);
    f->out = (struct wire_out){.line = on_line, .user = f};
    f->told = json_array();
    size_t count;
    const struct world_service *services = world_services(&count);
    f->ecs = world_ecs_create(world_scenario_find("ok"), services, count, 5, clock_world(&f->clock));
    struct world_slack_options slack = {
        .start_wall_ms = clock_wall(&f->clock), .seed = 5, .on_change = on_change, .user = f};
    f->world = world_slack_create(&slack);
    struct err err;
    f->wire = wire_slack_create(f->loop, f->world, &f->out, wire_now_us(), 0, &err);
    f->wire_ecs = wire_ecs_create(f->loop, f->ecs, &f->out, 0, &err);
    assert_non_null(f->wire);
    assert_non_null(f->wire_ecs);
    f->control = wire_control_create(f->loop, f->world, f->wire, f->wire_ecs, &f->out, on_quit, f);
    struct http_options options = {.proxy = ""};
    f->http = http_create(f->loop, &options, &err);
    struct ws_client_options client = {.proxy = ""};
    f->client = ws_client_create(f->loop, &client, &err);
    assert_non_null(f->http);
    assert_non_null(f->client);
    *state = f;
    return 0;
}

static void on_closed(void *user)
{
    ((struct fixture *)user)->closed++;
}

#define WAIT(f, condition)                                                                                   \
    do {                                                                                                     \
        int64_t until_ = loop_now((f)->loop) + WAIT_MS;                                                      \
        while (!(condition) && loop_now((f)->loop) < until_) {                                               \
            loop_run_for((f)->loop, 3);                                                                      \
        }                                                                                                    \
        assert_true(condition);                                                                              \
    } while (0)

static int end(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < LINKS; i++) {
        ws_destroy(f->links[i].ws);
    }
    ws_client_close(f->client, on_closed, f);
    WAIT(f, f->closed == 1);
    http_close(f->http, on_closed, f);
    WAIT(f, f->closed == 2);
    wire_control_destroy(f->control);
    wire_slack_close(f->wire, on_closed, f);
    wire_ecs_close(f->wire_ecs, on_closed, f);
    WAIT(f, f->closed == 4);
    world_slack_destroy(f->world);
    world_ecs_destroy(f->ecs);
    json_decref(f->told);
    json_decref(f->answer);
    assert_int_equal(loop_destroy(f->loop), 0);
    mem_free(f);
    return 0;
}

/* The last line told with that event; NULL when there was none. */
static const json_t *told(const struct fixture *f, const char *event)
{
    for (size_t i = json_array_size(f->told); i > 0; i--) {
        const json_t *line = json_array_get(f->told, i - 1);
        if (text_equal(jsonx_text(line, "event"), event)) {
            return line;
        }
    }
    return NULL;
}

static void say(struct fixture *f, const char *line)
{
    wire_control_line(f->control, line, strlen(line));
}

/* ---- Web API */

static void on_done(struct http_request *r)
{
    struct fixture *f = r->user;
    f->done = true;
    assert_true(r->ok);
    f->status = r->status;
    json_decref(f->answer);
    f->answer = jsonx_parse(r->answer.data, r->answer.len, NULL);
    if (r->status == 429) {
        assert_non_null(http_answer_header(r, "retry-after"));
    }
}

static void call(struct fixture *f, const char *token, const char *method, const char *type, const char *body)
{
    char url[100], authorization[100];
    TEXT_FORMAT(url, "http://127.0.0.1:%d/api/%s", wire_slack_port(f->wire), method);
    TEXT_FORMAT(authorization, "Bearer %s", token);
    struct http_request r = {.method = "POST",
                             .url = url,
                             .headers = {{"content-type", type}, {"authorization", authorization}},
                             .body = body,
                             .body_len = strlen(body),
                             .timeout_ms = WAIT_MS,
                             .done = on_done,
                             .user = f};
    f->done = false;
    http_start(f->http, &r);
    WAIT(f, f->done);
}

static void post(struct fixture *f, const char *body)
{
    call(f, WORLD_SLACK_BOT_TOKEN, "chat.postMessage", "application/json; charset=utf-8", body);
}

/* ---- Socket Mode */

static void on_open(struct ws *ws, void *user)
{
    (void)ws;
    ((struct app_link *)user)->open = true;
}

static void on_text(struct ws *ws, void *user, char *text, size_t len)
{
    struct app_link *l = user;
    json_t *frame = jsonx_parse(text, len, NULL);
    const char *type = jsonx_text(frame, "type"), *id = jsonx_text(frame, "envelope_id");
    if (text_equal(type, "hello")) {
        l->hellos++;
    } else if (text_equal(type, "disconnect")) {
        TEXT_COPY(l->reason, jsonx_text(frame, "reason"));
    } else {
        l->envelopes++;
        TEXT_COPY(l->last_id, id);
        TEXT_COPY(l->last_type, type);
        l->retry_attempt = (int)jsonx_int(frame, "retry_attempt", -1);
        if (l->acks) {
            char ack[100];
            TEXT_FORMAT(ack, "{\"envelope_id\":\"%s\"}", id);
            assert_true(ws_send(ws, ack, strlen(ack)));
        }
    }
    json_decref(frame);
}

static void on_ws_close(struct ws *ws, void *user, const struct err *err, int http_status, int code)
{
    struct app_link *l = user;
    (void)ws;
    (void)err;
    l->closed = true;
    l->http_status = http_status;
    l->code = code;
}

static void dial(struct fixture *f, struct app_link *l, const char *url)
{
    l->f = f;
    struct ws_options options = {
        .url = url, .on_open = on_open, .on_text = on_text, .on_close = on_ws_close, .user = l};
    l->ws = ws_connect(f->client, &options);
}

static void open_url(struct fixture *f, char *to, size_t size)
{
    call(f, WORLD_SLACK_APP_TOKEN, "apps.connections.open", "application/x-www-form-urlencoded", "");
    text_copy(to, size, jsonx_text(f->answer, "url"));
}

static struct app_link *connect_app(struct fixture *f, size_t i, bool acks)
{
    char url[200];
    struct app_link *l = &f->links[i];
    open_url(f, url, sizeof(url));
    l->acks = acks;
    dial(f, l, url);
    WAIT(f, l->hellos == 1 || l->reason[0] != '\0');
    return l;
}

/* ---- tests */

static void the_web_api_takes_json_and_forms(void **state)
{
    struct fixture *f = *state;
    call(f, WORLD_SLACK_BOT_TOKEN, "auth.test", "application/x-www-form-urlencoded", "");
    assert_string_equal(jsonx_text(f->answer, "user_id"), WORLD_SLACK_BOT_USER);
    call(f, "xoxb-nope", "auth.test", "application/x-www-form-urlencoded", "");
    assert_string_equal(jsonx_text(f->answer, "error"), "invalid_auth");
    post(f, "{\"channel\":\"C0INCIDENT\",\"text\":\"as JSON\"}");
    assert_true(jsonx_bool(f->answer, "ok", false));
    assert_string_equal(jsonx_text(told(f, "message"), "text"), "as JSON");
    call(f, WORLD_SLACK_BOT_TOKEN, "chat.postMessage", "application/x-www-form-urlencoded",
         "channel=C0INCIDENT&text=as+a%20form+%C3%A9&blocks=%5B%7B%22type%22%3A%22divider%22%7D%5D");
    assert_string_equal(jsonx_text(told(f, "message"), "text"), "as a form \xc3\xa9");
    assert_string_equal(jsonx_text(told(f, "message"), "blocks.0.type"), "divider");
    for (int i = 0; i < 5; i++) {
        post(f, "{\"channel\":\"C0INCIDENT\",\"text\":\"more\"}");
    }
    assert_int_equal(f->status, 429);
}

static void commands_go_out_and_acks_come_back(void **state)
{
    struct fixture *f = *state;
    struct app_link *l = connect_app(f, 0, true);
    say(f, "{\"do\":\"slash\",\"user\":\"ana\",\"channel\":\"C0INCIDENT\",\"text\":\"restart cotak prod\"}");
    WAIT(f, told(f, "ack") != NULL);
    assert_string_equal(l->last_type, "slash_commands");
    assert_string_equal(jsonx_text(told(f, "ack"), "envelope_id"), l->last_id);
    say(f, "{\"do\":\"mention\",\"user\":\"bo\",\"channel\":\"incident\",\"text\":\"help\"}");
    WAIT(f, l->envelopes == 2);
    assert_string_equal(l->last_type, "events_api");
    post(f, "{\"channel\":\"C0INCIDENT\",\"text\":\"?\",\"blocks\":[{\"type\":\"actions\",\"elements\":[{"
            "\"type\":"
            "\"button\",\"text\":{\"type\":\"plain_text\",\"text\":\"Go\"},\"action_id\":\"go\"}]}]}");
    char line[200];
    TEXT_FORMAT(line, "{\"do\":\"click\",\"user\":\"bo\",\"message_ts\":\"%s\",\"action_id\":\"go\"}",
                jsonx_text(f->answer, "ts"));
    say(f, line);
    WAIT(f, l->envelopes == 3);
    assert_string_equal(l->last_type, "interactive");
    say(f, "{\"do\":\"redeliver\"}");
    WAIT(f, l->envelopes == 4);
    say(f, "{\"do\":\"refresh\"}");
    WAIT(f, text_equal(l->reason, "refresh_requested"));
    assert_false(l->closed);
}

static void wrong_lines_are_answered(void **state)
{
    struct fixture *f = *state;
    static const char *const lines[] = {
        "not JSON", "{\"do\":\"dance\"}", "{\"do\":\"slash\",\"user\":\"nobody\",\"channel\":\"C0INCIDENT\"}",
        "{\"do\":\"slash\",\"user\":\"ana\",\"channel\":\"C0INCIDENT\",\"text\":\"nobody listens\"}",
        "{\"do\":\"click\",\"user\":\"ana\",\"message_ts\":\"1.2\",\"action_id\":\"x\"}"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        say(f, lines[i]);
        assert_int_equal(json_array_size(f->told), i + 1);
        assert_string_not_equal(jsonx_text(json_array_get(f->told, i), "error"), "");
    }
    say(f, "{\"do\":\"quit\"}");
    assert_true(f->quit);
}

static void tickets_open_one_connection(void **state)
{
    struct fixture *f = *state;
    char url[200];
    open_url(f, url, sizeof(url));
    dial(f, &f->links[0], url);
    WAIT(f, f->links[0].hellos == 1);
    dial(f, &f->links[1], url);
    WAIT(f, f->links[1].closed);
    assert_int_equal(f->links[1].http_status, 403);
    assert_int_equal(wire_slack_connections(f->wire), 1);
}

static void the_eleventh_connection_is_too_many(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(connect_app(f, i, true)->hellos, 1);
    }
    struct app_link *l = connect_app(f, 10, true);
    assert_string_equal(l->reason, "too_many_websockets");
    WAIT(f, l->closed);
    assert_int_equal(wire_slack_connections(f->wire), 10);
    /* every connection gets its turn */
    for (int i = 0; i < 10; i++) {
        say(f, "{\"do\":\"slash\",\"user\":\"ana\",\"channel\":\"C0INCIDENT\",\"text\":\"status\"}");
    }
    for (size_t i = 0; i < 10; i++) {
        WAIT(f, f->links[i].envelopes == 1);
    }
}

static void long_frames_end_the_connection(void **state)
{
    struct fixture *f = *state;
    struct app_link *l = connect_app(f, 0, true);
    char *frame = mem_alloc(20481);
    memset(frame, ' ', 20480);
    frame[0] = '{';
    frame[20479] = '}';
    assert_true(ws_send(l->ws, frame, 20479));
    WAIT(f, told(f, "stray_frame") != NULL);
    assert_false(l->closed);
    assert_true(ws_send(l->ws, frame, 20480));
    WAIT(f, l->closed);
    assert_int_equal(l->code, 1009);
    mem_free(frame);
}

static void a_lost_connection_brings_commands_again(void **state)
{
    struct fixture *f = *state;
    struct app_link *deaf = connect_app(f, 0, false);
    say(f, "{\"do\":\"slash\",\"user\":\"ana\",\"channel\":\"C0INCIDENT\",\"text\":\"restart cotak prod\"}");
    WAIT(f, deaf->envelopes == 1);
    say(f, "{\"do\":\"drop\"}");
    WAIT(f, deaf->closed);
    struct app_link *l = connect_app(f, 1, true);
    WAIT(f, l->envelopes == 1);
    assert_string_equal(l->last_id, deaf->last_id);
    WAIT(f, told(f, "ack") != NULL);
}

static void unacked_events_come_again(void **state)
{
    struct fixture *f = *state;
    struct app_link *l = connect_app(f, 0, false);
    say(f, "{\"do\":\"mention\",\"user\":\"ana\",\"channel\":\"C0INCIDENT\",\"text\":\"help\"}");
    WAIT(f, l->envelopes == 2);
    assert_int_equal(l->retry_attempt, 1);
}

static void a_flood_is_measured(void **state)
{
    struct fixture *f = *state;
    connect_app(f, 0, true);
    say(f, "{\"do\":\"flood\",\"count\":300,\"per_second\":1000,\"text\":\"help\"}");
    WAIT(f, told(f, "flood") != NULL);
    const json_t *end_line = told(f, "flood");
    assert_int_equal(jsonx_int(end_line, "sent", -1), 300);
    assert_int_equal(jsonx_int(end_line, "acks", -1), 300);
    assert_int_equal(jsonx_int(end_line, "unacked", -1), 0);
    double seconds = json_real_value(jsonx_at(end_line, "seconds"));
    assert_true(seconds > 0.25 && seconds < 3);
    assert_null(told(f, "ack")); /* quiet while it runs */
    say(f, "{\"do\":\"stats\"}");
    assert_int_equal(jsonx_int(told(f, "stats"), "connections", -1), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_web_api_takes_json_and_forms),
        TEST(commands_go_out_and_acks_come_back),
        TEST(wrong_lines_are_answered),
        TEST(tickets_open_one_connection),
        TEST(the_eleventh_connection_is_too_many),
        TEST(long_frames_end_the_connection),
        TEST(a_lost_connection_brings_commands_again),
        TEST(unacked_events_come_again),
        TEST(a_flood_is_measured),
    };
    return cmocka_run_group_tests_name("sim wire_chat", tests, NULL, NULL);
}
