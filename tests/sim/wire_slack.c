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
#include "sim/wire_slack_private.h"

#define JSON_TYPE     "application/json; charset=utf-8"
#define BODY_MOST     (1024 * 1024)
#define CONNECTIONS   256
#define FRAME_MOST    20480
#define REDELIVERY_MS 200
#define SCOPES                                                                                               \
    "commands,chat:write,app_mentions:read,im:history,channels:read,groups:read,channels:history,"           \
    "groups:history,users:read,usergroups:read" /* deploy/slack-manifest.yaml's */

int64_t wire_slack_now(const struct wire_slack *s)
{
    return wire_now_us() - s->start_us;
}

int wire_slack_connections(const struct wire_slack *s)
{
    int count = 0;
    for (size_t i = 0; i < WIRE_LINKS; i++) {
        count += s->links[i].ws != NULL;
    }
    return count;
}

void wire_slack_send(struct server_ws *ws, const json_t *frame)
{
    char *text = json_dumps(frame, JSON_COMPACT);
    server_ws_send(ws, text, strlen(text));
    mem_free(text);
}

/* A test counts connections with it. */
static void tell_socket(struct wire_slack *s, const char *what)
{
    json_t *o =
        json_pack("{s:s,s:s,s:i}", "event", "socket", "what", what, "connections", wire_slack_connections(s));
    wire_tell(s->out, o);
    json_decref(o);
}

json_t *wire_slack_figures(const struct wire_slack *s)
{
    const bool alone = s->last_number > 0 && wire_slack_connections(s) == 0;
    const int64_t alone_us = s->alone_us + (alone ? wire_slack_now(s) - s->alone_since_us : 0);
    return json_pack("{s:i,s:i,s:I}", "connects", s->connects, "refused", s->refused, "alone_ms",
                     (json_int_t)(alone_us / 1000));
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

/* A call in bad weather; the test counts them. */
static void tell_weather(struct wire_slack *s, const char *method, const json_t *args)
{
    json_t *o = json_pack("{s:s,s:s,s:s}", "event", "weather", "method", method, "channel",
                          jsonx_text(args, "channel"));
    wire_tell(s->out, o);
    json_decref(o);
}

static void answer_method(struct wire_slack *s, struct server_call *call, const char *method)
{
    struct world_slack_reply reply = {.status = 200};
    struct slack_weather_rule rule;
    char token[256];
    const char *given = bearer(call);
    TEXT_COPY(token, given);
    json_t *args = arguments(call);
    const bool bad = slack_weather_of_call(s->weather, method, jsonx_text(args, "channel"), &rule);
    if (bad && !rule.executed) {
        reply.body = json_pack("{s:b}", "ok", 1);
    } else {
        world_slack_call(s->world, wire_slack_now(s), method, given != NULL ? token : NULL, args, &reply);
    }
    if (bad) {
        tell_weather(s, method, args);
    }
    json_decref(args);
    if (text_equal(method, "apps.connections.open") && jsonx_bool(reply.body, "ok", false)) {
        char ticket[WORLD_SLACK_TICKET], url[200];
        world_slack_ticket(s->world, wire_slack_now(s), ticket);
        TEXT_FORMAT(url, "ws://127.0.0.1:%d/link/?ticket=%s&app_id=A0SIMAPP01", server_port(s->server),
                    ticket);
        json_object_set_new(reply.body, "url", json_string(url));
    }
    if (bad) {
        slack_weather_answer(s->weather, &rule, call, &reply);
    } else {
        send_reply(call, &reply);
    }
    json_decref(reply.body);
}

static void on_gone(void *user, struct server_call *call)
{
    struct wire_slack *s = user;
    slack_weather_gone(s->weather, call);
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

/* The only frame of a connection that is not wanted. */
static void turn_away(struct server_ws *ws, const char *reason)
{
    json_t *frame = world_slack_disconnect(reason);
    wire_slack_send(ws, frame);
    server_ws_close(ws, 1000);
    json_decref(frame);
}

/* True when the weather has received the connection. */
static bool receive_badly(struct server_ws *ws, const struct slack_weather_rule *rule)
{
    switch (rule->socket) {
    case SOCKET_CROWDED: turn_away(ws, "too_many_websockets"); break;
    case SOCKET_DISABLED: turn_away(ws, "link_disabled"); break;
    case SOCKET_SILENT: server_ws_deafen(ws); break;
    case SOCKET_NO_HELLO: break;
    case SOCKET_REFUSED: server_ws_refuse(ws, rule->status); return false;
    }
    return true;
}

static void receive(struct wire_slack *s, struct server_ws *ws)
{
    size_t i = 0;
    while (i < WIRE_LINKS && s->links[i].ws != NULL) {
        i++;
    }
    if (i == WIRE_LINKS) {
        turn_away(ws, "too_many_websockets");
        return;
    }
    if (s->last_number > 0 && wire_slack_connections(s) == 0) {
        s->alone_us += wire_slack_now(s) - s->alone_since_us;
    }
    s->links[i] = (struct link){.ws = ws, .number = ++s->last_number};
    server_ws_set_user(ws, &s->links[i]);
    json_t *frame = world_slack_hello(s->world, wire_slack_connections(s));
    wire_slack_send(ws, frame);
    json_decref(frame);
}

static bool on_ws_open(void *user, struct server_ws *ws, const char *path_and_query)
{
    struct wire_slack *s = user;
    struct slack_weather_rule rule;
    const char *query = strchr(path_and_query, '?');
    json_t *args = query != NULL ? wire_form(query + 1, strlen(query + 1)) : json_object();
    bool good = text_starts(path_and_query, "/link") &&
                world_slack_use_ticket(s->world, wire_slack_now(s), jsonx_text(args, "ticket"));
    json_decref(args);
    s->connects++;
    if (good && slack_weather_of_socket(s->weather, &rule)) {
        good = receive_badly(ws, &rule);
    } else if (good) {
        receive(s, ws);
    }
    s->refused += !good;
    tell_socket(s, good ? "open" : "refused");
    return good;
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
    if (wire_slack_connections(s) == 0) {
        s->alone_since_us = wire_slack_now(s);
    }
    world_slack_lost(s->world, wire_slack_now(s), link->number);
    tell_socket(s, "closed");
}

bool wire_slack_deliver(struct wire_slack *s, json_t *envelope)
{
    const char *id = jsonx_text(envelope, "envelope_id");
    for (size_t tries = 0; tries < WIRE_LINKS; tries++) {
        struct link *link = &s->links[s->turn++ % WIRE_LINKS];
        if (link->ws != NULL && !link->silent) {
            world_slack_sent(s->world, wire_slack_now(s), id, link->number);
            wire_slack_send(link->ws, envelope);
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
    for (size_t i = 0; i < WIRE_LINKS; i++) {
        if (s->links[i].ws != NULL) {
            wire_slack_send(s->links[i].ws, frame);
            s->links[i].told = true;
        }
    }
    json_decref(frame);
}

void wire_slack_drop(struct wire_slack *s)
{
    for (size_t i = 0; i < WIRE_LINKS; i++) {
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
                                     .on_gone = on_gone,
                                     .on_ws_open = on_ws_open,
                                     .on_ws_text = on_ws_text,
                                     .on_ws_close = on_ws_close,
                                     .user = s};
    s->server = server_create(loop, &options, err);
    if (s->server == NULL) {
        mem_free(s);
        return NULL;
    }
    s->weather = slack_weather_create(loop);
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
    slack_weather_destroy(s->weather);
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
