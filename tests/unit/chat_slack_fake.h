#ifndef CHAT_SLACK_FAKE_H
#define CHAT_SLACK_FAKE_H
/* A small Slack on loopback, with the adapter connected to it: Web API and Socket Mode, and what the owner of
 * the adapter was told. Each test arranges it by setting fields between fake_init and fake_start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "bot/chat/slack_private.h"
#include "lib/test_loop.h"
#include "net/server.h"
#include "net/ws.h"

#define FAKE_CALLS   64
#define FAKE_SOCKETS 64
#define FAKE_ACKS    4096

struct fake_call {
    char method[64], query[512], authorization[64];
    json_t *body;
};
struct fake {
    struct test_loop loop;
    struct server *server;
    struct http *http;
    struct ws_client *ws;
    struct slack *slack;
    struct config_chat config;
    /* arranged by the test */
    bool no_hello, crowded;
    int64_t lifetime_s; /* 0 = not said */
    int reported;       /* num_connections, 0 = not said */
    bool wait_with_taken, refuse;
    /* NULL, or returns true when it has answered. */
    bool (*answer)(struct fake *f, struct server_call *c, const char *method);
    int answers; /* for the use of answer */
    /* what happened */
    struct fake_call calls[FAKE_CALLS];
    int call_count, opens;
    struct server_ws *sockets[FAKE_SOCKETS];    /* NULL when gone */
    int socket_count, open_sockets, least_open; /* least_open: since the first two said hello */
    char acks[FAKE_ACKS][48];
    int ack_sockets[FAKE_ACKS];
    json_t *ack_payload; /* of the latest */
    int ack_count;
    struct request last;
    int requests, acks_at_request;
    struct request_taken *waiting[FAKE_ACKS];
    bool connected, closed;
    int connected_changes, fatals;
    struct err fatal;
};

#define UNTIL(f, condition, ms)                                                                              \
    do {                                                                                                     \
        const int64_t end_ = loop_now((f)->loop.loop) + (ms);                                                \
        while (!(condition) && loop_now((f)->loop.loop) < end_) {                                            \
            loop_run_for((f)->loop.loop, 2);                                                                 \
        }                                                                                                    \
        assert_true(condition);                                                                              \
    } while (0)

static inline void fake_run(struct fake *f, int64_t ms)
{
    const int64_t end = loop_now(f->loop.loop) + ms;
    while (loop_now(f->loop.loop) < end) {
        loop_run_for(f->loop.loop, 2);
    }
}

/* ---- the Web API */

static inline void fake_json(struct server_call *c, int status, const char *headers, const char *text)
{
    server_answer(c, status, "application/json", headers, text, strlen(text));
}

static inline void fake_answer(struct fake *f, struct server_call *c, const char *method)
{
    char text[256];
    if (f->answer != NULL && f->answer(f, c, method)) {
        return;
    }
    if (text_equal(method, "auth.test")) {
        fake_json(c, 200, NULL,
                  "{\"ok\":true,\"user_id\":\"U0BOT\",\"bot_id\":\"B0BOT\",\"team_id\":\"T0OPS\","
                  "\"url\":\"https://ops.slack.com/\"}");
    } else if (text_equal(method, "apps.connections.open")) {
        TEXT_FORMAT(text, "{\"ok\":true,\"url\":\"ws:\\/\\/127.0.0.1:%d\\/link\\/?ticket=%d\"}",
                    server_port(f->server), ++f->opens);
        fake_json(c, 200, NULL, text);
    } else if (text_equal(method, "conversations.info")) {
        fake_json(c, 200, NULL, "{\"ok\":true,\"channel\":{\"id\":\"C0\",\"is_ext_shared\":false}}");
    } else {
        fake_json(c, 200, NULL, "{\"ok\":true,\"ts\":\"1700000500.000100\"}");
    }
}

static inline void fake_on_request(void *user, struct server_call *c)
{
    struct fake *f = user;
    size_t len;
    const char *body = server_body(c, &len);
    const char *path = server_path(c);
    const char *authorization = server_header(c, "authorization");
    assert_true(text_starts(path, "/api/"));
    assert_true(f->call_count < FAKE_CALLS);
    struct fake_call *call = &f->calls[f->call_count++];
    TEXT_COPY(call->method, path + strlen("/api/"));
    TEXT_COPY(call->query, server_query(c));
    TEXT_COPY(call->authorization, authorization);
    call->body = len > 0 ? jsonx_parse(body, len, NULL) : NULL;
    fake_answer(f, c, call->method);
}

/* The latest call of a method; NULL when there was none. */
static inline const struct fake_call *fake_last_call(const struct fake *f, const char *method)
{
    for (int i = f->call_count; i-- > 0;) {
        if (text_equal(f->calls[i].method, method)) {
            return &f->calls[i];
        }
    }
    return NULL;
}

static inline int fake_count_calls(const struct fake *f, const char *method)
{
    int count = 0;
    for (int i = 0; i < f->call_count; i++) {
        count += text_equal(f->calls[i].method, method);
    }
    return count;
}

/* ---- Socket Mode */

static inline void fake_say(struct fake *f, int socket, const char *text)
{
    assert_non_null(f->sockets[socket]);
    assert_true(server_ws_send(f->sockets[socket], text, strlen(text)));
}

static inline void fake_hello(struct fake *f, struct server_ws *ws)
{
    json_t *hello = json_pack("{s:s}", "type", "hello");
    if (f->lifetime_s > 0) {
        json_object_set_new(hello, "debug_info",
                            json_pack("{s:I}", "approximate_connection_time", (json_int_t)f->lifetime_s));
    }
    if (f->reported > 0) {
        json_object_set_new(hello, "num_connections", json_integer(f->reported));
    }
    char *text = jsonx_print(hello);
    json_decref(hello);
    assert_true(server_ws_send(ws, text, strlen(text)));
    mem_free(text);
}

static inline bool fake_on_ws_open(void *user, struct server_ws *ws, const char *path)
{
    struct fake *f = user;
    static const char CROWDED[] = "{\"type\":\"disconnect\",\"reason\":\"too_many_websockets\"}";
    if (!text_starts(path, "/link")) {
        return false;
    }
    assert_true(f->socket_count < FAKE_SOCKETS);
    f->sockets[f->socket_count++] = ws;
    f->open_sockets++;
    if (f->crowded) {
        assert_true(server_ws_send(ws, CROWDED, strlen(CROWDED)));
    } else if (!f->no_hello) {
        fake_hello(f, ws);
    }
    return true;
}

static inline int fake_socket(const struct fake *f, const struct server_ws *ws)
{
    for (int i = 0; i < f->socket_count; i++) {
        if (f->sockets[i] == ws) {
            return i;
        }
    }
    return -1;
}

static inline void fake_on_ws_text(void *user, struct server_ws *ws, char *text, size_t len)
{
    struct fake *f = user;
    json_t *json = jsonx_parse(text, len, NULL);
    assert_non_null(json);
    assert_true(len < 20480);
    assert_true(f->ack_count < FAKE_ACKS);
    TEXT_COPY(f->acks[f->ack_count], jsonx_text(json, "envelope_id"));
    f->ack_sockets[f->ack_count++] = fake_socket(f, ws);
    json_decref(f->ack_payload);
    f->ack_payload = json_incref(jsonx_at(json, "payload"));
    json_decref(json);
}

static inline void fake_on_ws_close(void *user, struct server_ws *ws)
{
    struct fake *f = user;
    const int socket = fake_socket(f, ws);
    assert_true(socket >= 0);
    f->sockets[socket] = NULL;
    f->open_sockets--;
    if (f->open_sockets < f->least_open) {
        f->least_open = f->open_sockets;
    }
}

static inline bool fake_acked(const struct fake *f, const char *envelope)
{
    for (int i = 0; i < f->ack_count; i++) {
        if (text_equal(f->acks[i], envelope)) {
            return true;
        }
    }
    return false;
}

static inline void fake_slash(struct fake *f, int socket, const char *envelope, const char *text)
{
    char frame[1024];
    TEXT_FORMAT(frame,
                "{\"envelope_id\":\"%s\",\"type\":\"slash_commands\",\"accepts_response_payload\":true,"
                "\"payload\":{\"team_id\":\"T0OPS\",\"channel_id\":\"C0\",\"user_id\":\"U0ANA\","
                "\"command\":\"/cloudtak\",\"text\":\"%s\",\"trigger_id\":\"%s.t\"}}",
                envelope, text, envelope);
    fake_say(f, socket, frame);
}

/* ---- the owner */

static inline void fake_on_taken_request(void *user, const struct request *request,
                                         struct request_taken *taken)
{
    struct fake *f = user;
    f->last = *request;
    f->acks_at_request = f->ack_count;
    f->waiting[f->requests++] = taken;
    if (!f->wait_with_taken) {
        taken->done(taken, !f->refuse, "Not accepted, nothing was done.");
    }
}

static inline bool fake_changes(void *user, const char *text)
{
    (void)user;
    return text_starts(text, "restart");
}

static inline void fake_on_connected(void *user, bool connected)
{
    struct fake *f = user;
    f->connected = connected;
    f->connected_changes++;
}

static inline void fake_on_fatal(void *user, const struct err *err)
{
    struct fake *f = user;
    f->fatals++;
    f->fatal = *err;
}

static inline void fake_on_closed(void *user)
{
    *(bool *)user = true;
}

/* ---- life */

static inline struct fake *fake_create(void)
{
    struct fake *f = mem_alloc(sizeof(*f));
    struct err err;
    test_loop_init_real(&f->loop);
    f->least_open = FAKE_SOCKETS;
    f->server = server_create(f->loop.loop,
                              &(struct server_options){.host = "127.0.0.1",
                                                       .max_body = 1024 * 1024,
                                                       .on_request = fake_on_request,
                                                       .on_ws_open = fake_on_ws_open,
                                                       .on_ws_text = fake_on_ws_text,
                                                       .on_ws_close = fake_on_ws_close,
                                                       .user = f},
                              &err);
    assert_non_null(f->server);
    f->http = http_create(f->loop.loop, &(struct http_options){.proxy = "", .user_agent = "test"}, &err);
    assert_non_null(f->http);
    f->ws = ws_client_create(f->loop.loop, &(struct ws_client_options){.proxy = ""}, &err);
    assert_non_null(f->ws);
    TEXT_COPY(f->config.name, "slack");
    TEXT_COPY(f->config.command, "/cloudtak");
    TEXT_FORMAT(f->config.api_url, "http://127.0.0.1:%d/api/", server_port(f->server));
    f->config.app_token = secret_create("xapp-canary-0001", 16);
    f->config.bot_token = secret_create("xoxb-canary-0002", 16);
    f->slack = slack_create(&(struct slack_options){.loop = f->loop.loop,
                                                    .http = f->http,
                                                    .ws = f->ws,
                                                    .config = &f->config,
                                                    .on_request = fake_on_taken_request,
                                                    .changes = fake_changes,
                                                    .on_connected = fake_on_connected,
                                                    .on_fatal = fake_on_fatal,
                                                    .user = f});
    return f;
}

static inline unsigned fake_open_connections(const struct fake *f)
{
    struct slack_figures figures;
    slack_read_figures(f->slack, &figures);
    return figures.open_connections;
}

static inline void fake_start(struct fake *f)
{
    slack_start(f->slack);
    UNTIL(f, fake_open_connections(f) == 2, 3000);
    f->least_open = f->open_sockets;
}

/* Everything closes in order, and nothing is left. */
static inline void fake_destroy(struct fake *f)
{
    bool server_closed = false, http_closed = false, ws_closed = false;
    slack_close(f->slack, fake_on_closed, &f->closed);
    UNTIL(f, f->closed, 3000);
    slack_destroy(f->slack);
    ws_client_close(f->ws, fake_on_closed, &ws_closed);
    http_close(f->http, fake_on_closed, &http_closed);
    UNTIL(f, ws_closed && http_closed, 3000);
    server_close(f->server, fake_on_closed, &server_closed);
    UNTIL(f, server_closed, 3000);
    test_loop_finish(&f->loop);
    for (int i = 0; i < f->call_count; i++) {
        json_decref(f->calls[i].body);
    }
    json_decref(f->ack_payload);
    secret_destroy(f->config.app_token);
    secret_destroy(f->config.bot_token);
    mem_free(f);
}

#endif
