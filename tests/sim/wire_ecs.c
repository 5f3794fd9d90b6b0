/* AWS on a socket: ECS by X-Amz-Target, STS as a query. Every request must be signed; signatures by the
 * rehearsal's key are checked, so that a wrong one fails as it would at AWS. A lost answer is a connection
 * that is reset after the call was executed. Bad weather (wire_weather.h) comes between signature and
 * answer. */
#include <inttypes.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/server.h"
#include "sim/wire.h"
#include "sim/wire_weather_act.h"
#include "sim/world_ecs.h"

#define JSON_TYPE   "application/x-amz-json-1.1"
#define XML_TYPE    "text/xml"
#define BODY_MOST   (1024 * 1024)
#define SIGNED_MOST (SIGV4_HEADERS - 1)
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

static void send_bytes(void *user, struct server_call *call, int status, const char *type,
                       const char *more_headers, const char *body, size_t len)
{
    struct wire_ecs *e = user;
    char headers[256];
    TEXT_FORMAT(headers, "%sx-amzn-requestid: 00000000-0000-4000-a000-%012" PRIx64 "\r\n", more_headers,
                e->requests);
    server_answer(call, status, type, headers, body, len);
}

static char *error_text(const struct wire_ecs *e, bool query, const char *code, const char *message)
{
    if (!query) {
        json_t *body = json_pack("{s:s,s:s}", "__type", code, "message", message);
        char *text = jsonx_print(body);
        json_decref(body);
        return text;
    }
    char xml[1200];
    TEXT_FORMAT(xml,
                "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>"
                "<RequestId>00000000-0000-4000-a000-%012" PRIx64 "</RequestId></ErrorResponse>",
                code, message, e->requests);
    return mem_text(xml);
}

static void send_error(void *user, struct server_call *call, bool query, int status, const char *more_headers,
                       const char *code, const char *message)
{
    char *text = error_text(user, query, code, message);
    send_bytes(user, call, status, query ? XML_TYPE : JSON_TYPE, more_headers, text, strlen(text));
    mem_free(text);
}

static void refuse(struct wire_ecs *e, struct server_call *call, bool query, int status, const char *code,
                   const char *message)
{
    send_error(e, call, query, status, "", code, message);
}

/* ---- signatures */

/* "Credential=AKIA…/20261122/us-gov-east-1/ecs/aws4_request, SignedHeaders=host;x-amz-date, Signature=…" */
struct authorization {
    char access_key[64], day[16], region[32], service[32], headers[512], signature[80];
};

static bool part_of(const char *value, const char *name, char *to, size_t size)
{
    const char *at = strstr(value, name);
    if (at == NULL) {
        return false;
    }
    at += strlen(name);
    return text_copy_n(to, size, at, strcspn(at, ", "));
}

static bool next_field(const char **at, char *to, size_t size)
{
    size_t len = strcspn(*at, "/");
    bool good = len > 0 && text_copy_n(to, size, *at, len);
    *at += len + ((*at)[len] == '/');
    return good;
}

static bool read_authorization(const char *value, struct authorization *ret)
{
    char credential[256];
    if (value == NULL || !text_starts(value, "AWS4-HMAC-SHA256 ") ||
        !part_of(value, "Credential=", credential, sizeof(credential)) ||
        !part_of(value, "SignedHeaders=", ret->headers, sizeof(ret->headers)) ||
        !part_of(value, "Signature=", ret->signature, sizeof(ret->signature))) {
        return false;
    }
    const char *at = credential;
    return next_field(&at, ret->access_key, sizeof(ret->access_key)) &&
           next_field(&at, ret->day, sizeof(ret->day)) && next_field(&at, ret->region, sizeof(ret->region)) &&
           next_field(&at, ret->service, sizeof(ret->service)) && text_equal(at, "aws4_request");
}

/* Signs what arrived with the known key: the same signature must come out. */
static bool signature_right(const struct server_call *call, const struct authorization *a)
{
    const char *date = server_header(call, "x-amz-date");
    size_t len;
    const char *body = server_body(call, &len);
    struct sigv4_input in = {.method = server_method(call),
                             .path = server_path(call),
                             .query = server_query(call),
                             .region = a->region,
                             .service = a->service,
                             .access_key = WIRE_ACCESS_KEY,
                             .secret_key = WIRE_SECRET_KEY,
                             .date = date,
                             .body = body,
                             .body_len = len};
    char names[sizeof(a->headers)];
    TEXT_COPY(names, a->headers);
    size_t count = 0;
    for (char *name = names; *name != '\0' && count < SIGNED_MOST; count++) {
        char *end = name + strcspn(name, ";");
        bool last = *end == '\0';
        *end = '\0';
        const char *value = server_header(call, name);
        if (value == NULL) {
            return false;
        }
        /* owned copies: a later look at a header may use the place of an earlier one */
        in.headers[count] = (struct sigv4_header){name, mem_text(value)};
        name = last ? end : end + 1;
    }
    struct buf wanted;
    buf_init(&wanted, 4096);
    struct authorization mine;
    bool right = date != NULL && sigv4_sign(&in, &wanted) && read_authorization(wanted.data, &mine) &&
                 text_equal(mine.signature, a->signature);
    for (size_t i = 0; i < count; i++) {
        mem_free((void *)(uintptr_t)in.headers[i].value);
    }
    buf_finish(&wanted);
    return right;
}

/* False, and answered, when the request is not signed as it must be. */
static bool is_signed(struct wire_ecs *e, struct server_call *call, bool query)
{
    struct authorization a;
    const char *value = server_header(call, "authorization");
    if (value == NULL) {
        refuse(e, call, query, 403,
               query ? "MissingAuthenticationToken" : "MissingAuthenticationTokenException",
               "Missing Authentication Token");
        return false;
    }
    if (!read_authorization(value, &a)) {
        refuse(e, call, query, 400, query ? "IncompleteSignature" : "IncompleteSignatureException",
               "The Authorization header is not of Signature Version 4.");
        return false;
    }
    if (!text_equal(a.access_key, WIRE_ACCESS_KEY)) {
        refuse(e, call, query, query ? 403 : 400,
               query ? "InvalidClientTokenId" : "UnrecognizedClientException",
               "The security token included in the request is invalid.");
        return false;
    }
    if (!signature_right(call, &a)) {
        refuse(e, call, query, 403, query ? "SignatureDoesNotMatch" : "InvalidSignatureException",
               "The request signature we calculated does not match the signature you provided.");
        return false;
    }
    return true;
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

/* True when the world loses the answer. */
static bool execute_ecs(struct wire_ecs *e, const struct weather_ask *ask, struct weather_reply *ret)
{
    struct world_answer answer;
    world_ecs_call(e->world, clock_world(loop_clock(e->loop)), ask->action, ask->body, &answer);
    note(e, ask->action, answer.status, answer.changes);
    char *text = json_dumps(answer.body, JSON_COMPACT | JSON_REAL_PRECISION(15));
    *ret = (struct weather_reply){answer.status, JSON_TYPE, text};
    json_decref(answer.body);
    return answer.lost;
}

static void execute_query(struct wire_ecs *e, const struct weather_ask *ask, struct weather_reply *ret)
{
    ret->type = XML_TYPE;
    if (!text_equal(ask->action, "GetCallerIdentity")) {
        note(e, "other", 400, false);
        ret->status = 400;
        ret->text = error_text(e, true, "InvalidAction", "The simulator does not know this action.");
        return;
    }
    char xml[700];
    note(e, ask->action, 200, false);
    TEXT_FORMAT(xml,
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                "<GetCallerIdentityResult><Arn>arn:%s:sts::%s:assumed-role/cloudtak-bot/rehearsal</Arn>"
                "<UserId>AROAREHEARSAL00000000:rehearsal</UserId><Account>%s</Account>"
                "</GetCallerIdentityResult><ResponseMetadata>"
                "<RequestId>00000000-0000-4000-a000-%012" PRIx64 "</RequestId></ResponseMetadata>"
                "</GetCallerIdentityResponse>",
                WORLD_PARTITION, WORLD_ACCOUNT, WORLD_ACCOUNT, e->requests);
    ret->status = 200;
    ret->text = mem_text(xml);
}

static void execute_behind(void *user, const struct weather_ask *ask, struct weather_reply *ret)
{
    if (text_equal(ask->service, "ecs")) {
        execute_ecs(user, ask, ret);
    } else {
        execute_query(user, ask, ret);
    }
}

static void answer(struct wire_ecs *e, struct server_call *call, const struct weather_ask *ask)
{
    struct weather_reply reply = {0};
    bool lost = false;
    if (text_equal(ask->service, "ecs")) {
        lost = execute_ecs(e, ask, &reply);
    } else {
        execute_query(e, ask, &reply);
    }
    if (lost) {
        server_drop(call, true);
    } else {
        send_bytes(e, call, reply.status, reply.type, "", reply.text, strlen(reply.text));
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

static void on_request(void *user, struct server_call *call)
{
    struct wire_ecs *e = user;
    const char *target = server_header(call, "x-amz-target");
    bool ecs = target != NULL && text_starts(target, "AmazonEC2ContainerServiceV20141113.");
    e->requests++;
    if (!text_equal(server_method(call), "POST")) {
        refuse(e, call, true, 404, "NotFound", "Only POST is known here.");
        return;
    }
    if (!is_signed(e, call, target == NULL)) {
        return;
    }
    if (target != NULL && !ecs) {
        note(e, "other", 400, false);
        refuse(e, call, false, 400, "UnknownOperationException", "The simulator does not know this service.");
        return;
    }
    json_t *body = wire_body(call);
    const struct weather_ask ask = {.service = ecs ? "ecs" : "sts",
                                    .action = ecs ? strchr(target, '.') + 1 : jsonx_text(body, "Action"),
                                    .date = server_header(call, "x-amz-date"),
                                    .body = body,
                                    .now_ms = clock_wall(loop_clock(e->loop))};
    add_one(e->arrived, ask.action);
    if (!weather_front_take(e->weather, call, &ask)) {
        answer(e, call, &ask);
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
