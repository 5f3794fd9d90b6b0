/* AWS on a socket: ECS, Logs, ECR, Application Auto Scaling and CloudWatch by X-Amz-Target, CloudWatch also
 * in CBOR, STS and ELBv2 as queries, all on one port. Every request must be signed for its service
 * (wire_signed.c). A lost answer is a connection that is reset after the call was executed. Bad weather
 * (wire_weather.h) comes between signature and answer. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/server.h"
#include "sim/wire.h"
#include "sim/wire_aws.h"
#include "sim/wire_weather_act.h"
#include "sim/world_ecs.h"

#define BODY_MOST   (1024 * 1024)
#define CONNECTIONS 256

struct wire_ecs {
    struct loop *loop;
    struct world_ecs *world;
    struct wire_out *out;
    struct server *server;
    struct weather_front *weather;
    uint64_t requests;
    json_t *counts;  /* {action: n} that the world answered */
    json_t *arrived; /* {action: n} that came in, rightly signed */
    void (*on_closed)(void *user);
    void *user;
};

static const char *const types[] = {[WEATHER_JSON_1_1] = "application/x-amz-json-1.1",
                                    [WEATHER_JSON_1_0] = "application/x-amz-json-1.0",
                                    [WEATHER_CBOR] = "application/cbor",
                                    [WEATHER_QUERY] = "text/xml"};

static void send_bytes(void *user, struct server_call *call, int status, const char *type,
                       const char *more_headers, const char *body, size_t len)
{
    struct wire_ecs *e = user;
    char headers[320];
    TEXT_FORMAT(headers, "%s%sx-amzn-requestid: 00000000-0000-4000-a000-%012" PRIx64 "\r\n", more_headers,
                text_equal(type, types[WEATHER_CBOR]) ? "smithy-protocol: rpc-v2-cbor\r\n" : "", e->requests);
    server_answer(call, status, type, headers, body, len);
}

/* A body that is JSON here, as the caller speaks; len may differ from strlen. */
static char *body_text(enum weather_speech speech, const json_t *body, size_t *ret_len)
{
    if (speech == WEATHER_CBOR) {
        return wire_cbor_write(body, ret_len);
    }
    char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(15));
    *ret_len = strlen(text);
    return text;
}

static char *error_text(const struct wire_ecs *e, enum weather_speech speech, const char *code,
                        const char *message, size_t *ret_len)
{
    char xml[1200];
    if (speech != WEATHER_QUERY) {
        json_t *body = json_pack("{s:s,s:s}", "__type", code, "message", message);
        char *text = body_text(speech, body, ret_len);
        json_decref(body);
        return text;
    }
    TEXT_FORMAT(xml,
                "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>"
                "<RequestId>00000000-0000-4000-a000-%012" PRIx64 "</RequestId></ErrorResponse>",
                code, message, e->requests);
    *ret_len = strlen(xml);
    return mem_text(xml);
}

static void send_error(void *user, struct server_call *call, enum weather_speech speech, int status,
                       const char *more_headers, const char *code, const char *message)
{
    size_t len;
    char *text = error_text(user, speech, code, message, &len);
    send_bytes(user, call, status, types[speech], more_headers, text, len);
    mem_free(text);
}

/* ---- requests */

static void add_one(json_t *counts, const char *action)
{
    json_object_set_new(counts, action,
                        json_integer(json_integer_value(json_object_get(counts, action)) + 1));
}

static void note(struct wire_ecs *e, const char *action, int status, bool changes)
{
    add_one(e->counts, action);
    if (changes) {
        json_t *o = json_pack("{s:s,s:s,s:i}", "event", "aws", "action", action, "status", status);
        wire_tell(e->out, o);
        json_decref(o);
    }
}

/* "ExpiredTokenException" is "ExpiredToken" in the query protocol. */
static void query_code(const char *code, char *to, size_t size)
{
    size_t len = strlen(code);
    text_copy_n(to, size, code, text_ends(code, "Exception") ? len - strlen("Exception") : len);
}

static void reply_error(const struct wire_ecs *e, const struct weather_ask *ask, int status, const char *type,
                        const char *message, struct weather_reply *ret)
{
    char code[96];
    TEXT_COPY(code, type);
    if (ask->speech == WEATHER_QUERY) {
        query_code(type, code, sizeof(code));
    }
    ret->status = status;
    ret->text = error_text(e, ask->speech, code, message, &ret->len);
}

static void reply_query(const struct wire_ecs *e, const struct weather_ask *ask, const json_t *result,
                        struct weather_reply *ret)
{
    char *inner = wire_xml(result);
    size_t size = strlen(inner) + 600;
    ret->text = mem_alloc(size);
    ret->status = 200;
    text_format(ret->text, size,
                "<%sResponse xmlns=\"%s\"><%sResult>%s</%sResult><ResponseMetadata>"
                "<RequestId>00000000-0000-4000-a000-%012" PRIx64 "</RequestId></ResponseMetadata>"
                "</%sResponse>",
                ask->action, wire_service_named(ask->service)->xml_namespace, ask->action, inner, ask->action,
                e->requests, ask->action);
    ret->len = strlen(ret->text);
    mem_free(inner);
}

static void execute_sts(struct wire_ecs *e, const struct weather_ask *ask, struct weather_reply *ret)
{
    bool known = text_equal(ask->action, "GetCallerIdentity");
    bool expired = world_ecs_expired(e->world, clock_world(loop_clock(e->loop)));
    note(e, known ? ask->action : "other", known && !expired ? 200 : 400, false);
    if (!known) {
        reply_error(e, ask, 400, "InvalidAction", "The simulator does not know this action.", ret);
        return;
    }
    if (expired) {
        reply_error(e, ask, 403, "ExpiredTokenException",
                    "The security token included in the request is expired", ret);
        return;
    }
    json_t *result =
        json_pack("{s:s,s:s,s:s}", "Arn",
                  "arn:" WORLD_PARTITION ":sts::" WORLD_ACCOUNT ":assumed-role/cloudtak-bot/rehearsal",
                  "UserId", "AROAREHEARSAL00000000:rehearsal", "Account", WORLD_ACCOUNT);
    reply_query(e, ask, result, ret);
    json_decref(result);
}

/* True when the world loses the answer. */
static bool execute(struct wire_ecs *e, const struct weather_ask *ask, struct weather_reply *ret)
{
    ret->type = types[ask->speech];
    if (text_equal(ask->service, "sts")) {
        execute_sts(e, ask, ret);
        return false;
    }
    const char *owner = world_ecs_service(ask->action);
    bool known = owner != NULL && text_equal(owner, ask->service);
    if (!known) {
        note(e, ask->action, 400, false);
        reply_error(e, ask, 400, ask->speech == WEATHER_QUERY ? "InvalidAction" : "UnknownOperationException",
                    "The simulator does not know this action.", ret);
        return false;
    }
    struct world_answer answer;
    if (ask->elsewhere) {
        world_ecs_call_elsewhere(ask->action, &answer);
    } else {
        world_ecs_call(e->world, clock_world(loop_clock(e->loop)), ask->action, ask->body, &answer);
    }
    note(e, ask->action, answer.status, answer.changes);
    if (answer.status != 200) {
        reply_error(e, ask, answer.status, jsonx_text(answer.body, "__type"),
                    jsonx_text(answer.body, "message"), ret);
    } else if (ask->speech == WEATHER_QUERY) {
        reply_query(e, ask, answer.body, ret);
    } else {
        ret->status = 200;
        ret->text = body_text(ask->speech, answer.body, &ret->len);
    }
    json_decref(answer.body);
    return answer.lost;
}

static void execute_behind(void *user, const struct weather_ask *ask, struct weather_reply *ret)
{
    execute(user, ask, ret);
}

static void answer(struct wire_ecs *e, struct server_call *call, const struct weather_ask *ask)
{
    struct weather_reply reply = {0};
    bool lost = execute(e, ask, &reply);
    if (lost) {
        server_drop(call, true);
    } else {
        send_bytes(e, call, reply.status, reply.type, "", reply.text, reply.len);
    }
    mem_free(reply.text);
}

static void on_hit(void *user, const struct weather_ask *ask, const char *kind)
{
    struct wire_ecs *e = user;
    json_t *o = json_pack("{s:s,s:s,s:s,s:s}", "event", "weather", "service", ask->service, "action",
                          ask->action, "kind", kind);
    wire_tell(e->out, o);
    json_decref(o);
}

/* False, and answered, when the request is for nobody, or not signed as it must be. */
static bool is_admitted(struct wire_ecs *e, struct server_call *call, const struct wire_question *q)
{
    bool query = q->speech == WEATHER_QUERY;
    const struct wire_refusal *refusal = wire_aws_signed(call, q->service);
    if (refusal != NULL) {
        send_error(e, call, q->speech, refusal->status, "", query ? refusal->query_code : refusal->code,
                   refusal->message);
        return false;
    }
    if (q->service == NULL) {
        note(e, "other", 400, false);
        send_error(e, call, q->speech, 400, "", query ? "InvalidAction" : "UnknownOperationException",
                   "The simulator does not know this service.");
        return false;
    }
    return true;
}

static void on_request(void *user, struct server_call *call)
{
    struct wire_ecs *e = user;
    e->requests++;
    if (!text_equal(server_method(call), "POST")) {
        send_error(e, call, WEATHER_QUERY, 404, "", "NotFound", "Only POST is known here.");
        return;
    }
    json_t *body = wire_aws_body(call);
    struct wire_question q;
    wire_aws_question(call, body, &q);
    if (is_admitted(e, call, &q)) {
        const struct weather_ask ask = {.service = q.service->name,
                                        .action = q.action,
                                        .speech = q.speech,
                                        .date = server_header(call, "x-amz-date"),
                                        .body = body,
                                        .now_ms = clock_wall(loop_clock(e->loop)),
                                        .elsewhere = !wire_aws_here(call)};
        add_one(e->arrived, ask.action);
        if (!weather_front_take(e->weather, call, &ask)) {
            answer(e, call, &ask);
        }
    }
    json_decref(body);
}

static void on_gone(void *user, struct server_call *call)
{
    struct wire_ecs *e = user;
    weather_front_gone(e->weather, call);
}

static void destroy(struct wire_ecs *e)
{
    weather_front_destroy(e->weather);
    json_decref(e->counts);
    json_decref(e->arrived);
    mem_free(e);
}

struct wire_ecs *wire_ecs_create(struct loop *loop, struct world_ecs *world, struct wire_out *out, int port,
                                 struct err *err)
{
    struct wire_ecs *e = mem_alloc(sizeof(*e));
    e->loop = loop;
    e->world = world;
    e->out = out;
    e->counts = json_object();
    e->arrived = json_object();
    const struct weather_behind behind = {
        .execute = execute_behind, .send = send_bytes, .send_error = send_error, .hit = on_hit, .user = e};
    e->weather = weather_front_create(loop, &behind);
    struct server_options options = {.port = port,
                                     .max_body = BODY_MOST,
                                     .max_connections = CONNECTIONS,
                                     .on_request = on_request,
                                     .on_gone = on_gone,
                                     .user = e};
    e->server = server_create(loop, &options, err);
    if (e->server == NULL) {
        destroy(e);
        return NULL;
    }
    return e;
}

int wire_ecs_port(const struct wire_ecs *e)
{
    return server_port(e->server);
}

json_t *wire_ecs_stats(const struct wire_ecs *e)
{
    return json_deep_copy(e->counts);
}

json_t *wire_ecs_arrived(const struct wire_ecs *e)
{
    return json_deep_copy(e->arrived);
}

const char *wire_ecs_weather(struct wire_ecs *e, const json_t *line)
{
    return weather_take(weather_front_rules(e->weather), line);
}

static void on_server_closed(void *user)
{
    struct wire_ecs *e = user;
    void (*on_closed)(void *user) = e->on_closed;
    void *whose = e->user;
    destroy(e);
    on_closed(whose);
}

void wire_ecs_close(struct wire_ecs *e, void (*on_closed)(void *user), void *user)
{
    if (e == NULL) {
        on_closed(user);
        return;
    }
    e->on_closed = on_closed;
    e->user = user;
    server_close(e->server, on_server_closed, e);
}
