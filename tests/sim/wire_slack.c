/* Slack on a socket.
 *
 * Happy path: apps.connections.open gives a URL with a ticket; the app connects with it, gets a hello, then
 * envelopes; it acks each by its id. What goes wrong on purpose: a ticket used twice or too old is refused
 * (403), an eleventh connection is told too_many_websockets, a frame of 20480 bytes or more ends the
 * connection with 1009, unacked envelopes come again. */
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/server.h"
#include "sim/wire.h"
#include "sim/world_slack.h"

#define JSON_TYPE     "application/json; charset=utf-8"
#define BODY_MOST     (1024 * 1024)
#define LINKS         10
#define CONNECTIONS   256
#define FRAME_MOST    20480
#define REDELIVERY_MS 200
#define SCOPES                                                                                               \
    "commands,chat:write,app_mentions:read,channels:read,channels:history,users:read,usergroups:read"

struct link {
    struct server_ws *ws; /* NULL = free place */
    unsigned number;
};

struct wire_slack {
    struct loop *loop;
    struct world_slack *world;
    struct wire_out *out;
    struct server *server;
    int64_t start_us;
    struct link links[LINKS];
    unsigned last_number;
    size_t turn;
    struct loop_timer redelivery;
    void (*on_closed)(void *user);
    void *user;
};

int64_t wire_slack_now(const struct wire_slack *s)
{
    return wire_now_us() - s->start_us;
}

int wire_slack_connections(const struct wire_slack *s)
{
    int count = 0;
    for (size_t i = 0; i < LINKS; i++) {
        count += s->links[i].ws != NULL;
    }
    return count;
}

static void send_frame(struct server_ws *ws, const json_t *frame)
{
    char *text = json_dumps(frame, JSON_COMPACT);
    server_ws_send(ws, text, strlen(text));
    mem_free(text);
}

/* ---- HTTP */

static void send_reply(struct server_call *call, const struct world_slack_reply *reply)
{
    char headers[256], *text = json_dumps(reply->body, JSON_COMPACT);
    if (reply->retry_after_s > 0) {
        TEXT_FORMAT(headers, "retry-after: %d\r\n", reply->retry_after_s);
    } else {
        TEXT_COPY(headers, "x-oauth-scopes: " SCOPES "\r\n");
    }
    server_answer(call, reply->status, JSON_TYPE, headers, text, strlen(text));
    mem_free(text);
}

/* The token, from the header only. */
static const char *bearer(const struct server_call *call)
{
    const char *value = server_header(call, "authorization");
    return value != NULL && text_starts(value, "Bearer ") ? value + strlen("Bearer ") : NULL;
}

static json_t *arguments(const struct server_call *call)
{
    json_t *query = wire_form(server_query(call), strlen(server_query(call))), *body = wire_body(call);
    json_object_update_missing(body, query);
    json_decref(query);
    return body;
}

static void answer_method(struct wire_slack *s, struct server_call *call, const char *method)
{
    struct world_slack_reply reply;
    char token[256];
    const char *given = bearer(call);
    TEXT_COPY(token, given);
    json_t *args = arguments(call);
    world_slack_call(s->world, wire_slack_now(s), method, given != NULL ? token : NULL, args, &reply);
    json_decref(args);
    if (text_equal(method, "apps.connections.open") && jsonx_bool(reply.body, "ok", false)) {
        char ticket[WORLD_SLACK_TICKET], url[200];
        world_slack_ticket(s->world, wire_slack_now(s), ticket);
        TEXT_FORMAT(url, "ws://127.0.0.1:%d/link/?ticket=%s&app_id=A0SIMAPP01", server_port(s->server),
                    ticket);
        json_object_set_new(reply.body, "url", json_string(url));
    }
    send_reply(call, &reply);
    json_decref(reply.body);
}

static void on_request(void *user, struct server_call *call)
{
    struct wire_slack *s = user;
    const char *path = server_path(call);
    if (text_starts(path, "/api/")) {
        char method[64];
        TEXT_COPY(method, path + strlen("/api/"));
        answer_method(s, call, method);
    } else if (text_starts(path, "/response/")) {
        struct world_slack_reply reply;
        json_t *body = wire_body(call);
        world_slack_respond(s->world, wire_slack_now(s), path + strlen("/response/"), body, &reply);
        json_decref(body);
        send_reply(call, &reply);
        json_decref(reply.body);
    } else {
        server_answer(call, 404, "text/plain", NULL, "not found", strlen("not found"));
    }
}

/* ---- Socket Mode, in order of happening */

static bool on_ws_open(void *user, struct server_ws *ws, const char *path_and_query)
{
    struct wire_slack *s = user;
    const char *query = strchr(path_and_query, '?');
    json_t *args = query != NULL ? wire_form(query + 1, strlen(query + 1)) : json_object();
    bool good = text_starts(path_and_query, "/link") &&
                world_slack_use_ticket(s->world, wire_slack_now(s), jsonx_text(args, "ticket"));
    json_decref(args);
    if (!good) {
        return false;
    }
    size_t i = 0;
    while (i < LINKS && s->links[i].ws != NULL) {
        i++;
    }
    json_t *frame;
    if (i == LINKS) {
        frame = world_slack_disconnect("too_many_websockets");
        send_frame(ws, frame);
        server_ws_close(ws, 1000);
    } else {
        s->links[i] = (struct link){ws, ++s->last_number};
        server_ws_set_user(ws, &s->links[i]);
        frame = world_slack_hello(s->world, wire_slack_connections(s));
        send_frame(ws, frame);
    }
    json_decref(frame);
    return true;
}

static void on_ws_text(void *user, struct server_ws *ws, char *text, size_t len)
{
    struct wire_slack *s = user;
    int64_t now = wire_slack_now(s);
    if (len >= FRAME_MOST) {
        server_ws_close(ws, 1009);
        return;
    }
    json_t *frame = jsonx_parse(text, len, NULL);
    const char *id = jsonx_text(frame, "envelope_id");
    if (!world_slack_ack(s->world, now, id, jsonx_at(frame, "payload"))) {
        json_t *o = json_pack("{s:s,s:s}", "event", "stray_frame", "envelope_id", id);
        wire_tell(s->out, o);
        json_decref(o);
    }
    json_decref(frame);
}

static void on_ws_close(void *user, struct server_ws *ws)
{
    struct wire_slack *s = user;
    struct link *link = server_ws_get_user(ws);
    if (link == NULL) {
        return;
    }
    link->ws = NULL;
    world_slack_lost(s->world, wire_slack_now(s), link->number);
}

bool wire_slack_deliver(struct wire_slack *s, json_t *envelope)
{
    const char *id = jsonx_text(envelope, "envelope_id");
    for (size_t tries = 0; tries < LINKS; tries++) {
        struct link *link = &s->links[s->turn++ % LINKS];
        if (link->ws != NULL) {
            world_slack_sent(s->world, wire_slack_now(s), id, link->number);
            send_frame(link->ws, envelope);
            json_decref(envelope);
            return true;
        }
    }
    /* nobody is there: events come again by themselves, the rest is lost */
    world_slack_sent(s->world, wire_slack_now(s), id, 0);
    json_decref(envelope);
    return false;
}

static void redeliver(struct loop_timer *t)
{
    struct wire_slack *s = t->user;
    json_t *envelope;
    while (wire_slack_connections(s) > 0 &&
           (envelope = world_slack_redelivery(s->world, wire_slack_now(s))) != NULL) {
        wire_slack_deliver(s, envelope);
    }
    loop_timer_start(s->loop, t, REDELIVERY_MS);
}

void wire_slack_disconnect(struct wire_slack *s, const char *reason)
{
    json_t *frame = world_slack_disconnect(reason);
    for (size_t i = 0; i < LINKS; i++) {
        if (s->links[i].ws != NULL) {
            send_frame(s->links[i].ws, frame);
        }
    }
    json_decref(frame);
}

void wire_slack_drop(struct wire_slack *s)
{
    for (size_t i = 0; i < LINKS; i++) {
        if (s->links[i].ws != NULL) {
            server_ws_drop(s->links[i].ws);
        }
    }
}

/* ---- beginning and end */

struct wire_slack *wire_slack_create(struct loop *loop, struct world_slack *world, struct wire_out *out,
                                     int64_t start_us, int port, struct err *err)
{
    struct wire_slack *s = mem_alloc(sizeof(*s));
    s->loop = loop;
    s->world = world;
    s->out = out;
    s->start_us = start_us;
    struct server_options options = {.port = port,
                                     .max_body = BODY_MOST,
                                     .max_connections = CONNECTIONS,
                                     .on_request = on_request,
                                     .on_ws_open = on_ws_open,
                                     .on_ws_text = on_ws_text,
                                     .on_ws_close = on_ws_close,
                                     .user = s};
    s->server = server_create(loop, &options, err);
    if (s->server == NULL) {
        mem_free(s);
        return NULL;
    }
    char base[64];
    TEXT_FORMAT(base, "http://127.0.0.1:%d", server_port(s->server));
    world_slack_set_base(world, base);
    s->redelivery = (struct loop_timer){.fire = redeliver, .user = s};
    loop_timer_start(loop, &s->redelivery, REDELIVERY_MS);
    return s;
}

int wire_slack_port(const struct wire_slack *s)
{
    return server_port(s->server);
}

static void on_server_closed(void *user)
{
    struct wire_slack *s = user;
    void (*on_closed)(void *user) = s->on_closed;
    void *whose = s->user;
    mem_free(s);
    on_closed(whose);
}

void wire_slack_close(struct wire_slack *s, void (*on_closed)(void *user), void *user)
{
    if (s == NULL) {
        on_closed(user);
        return;
    }
    s->on_closed = on_closed;
    s->user = user;
    loop_timer_stop(s->loop, &s->redelivery);
    server_close(s->server, on_server_closed, s);
}
