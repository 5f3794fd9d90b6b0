/* AWS on a socket: ECS by X-Amz-Target, STS as a query. Every request must be signed; signatures by the
 * rehearsal's key are checked, so that a wrong one fails as it would at AWS. A lost answer is a connection
 * that is reset after the call was executed. */
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
    uint64_t requests;
    json_t *counts;
    void (*on_closed)(void *user);
    void *user;
};

static void send_answer(struct wire_ecs *e, struct server_call *call, int status, const char *type,
                        const char *body)
{
    char headers[128];
    TEXT_FORMAT(headers, "x-amzn-requestid: 00000000-0000-4000-a000-%012" PRIx64 "\r\n", e->requests);
    server_answer(call, status, type, headers, body, strlen(body));
}

static void send_json(struct wire_ecs *e, struct server_call *call, int status, const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(15));
    send_answer(e, call, status, JSON_TYPE, text);
    mem_free(text);
}

static void send_error(struct wire_ecs *e, struct server_call *call, bool query, int status, const char *code,
                       const char *message)
{
    if (!query) {
        json_t *body = json_pack("{s:s,s:s}", "__type", code, "message", message);
        send_json(e, call, status, body);
        json_decref(body);
        return;
    }
    char xml[600];
    TEXT_FORMAT(xml,
                "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>"
                "<RequestId>00000000-0000-4000-a000-%012" PRIx64 "</RequestId></ErrorResponse>",
                code, message, e->requests);
    send_answer(e, call, status, XML_TYPE, xml);
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
        send_error(e, call, query, 403,
                   query ? "MissingAuthenticationToken" : "MissingAuthenticationTokenException",
                   "Missing Authentication Token");
        return false;
    }
    if (!read_authorization(value, &a)) {
        send_error(e, call, query, 400, query ? "IncompleteSignature" : "IncompleteSignatureException",
                   "The Authorization header is not of Signature Version 4.");
        return false;
    }
    if (text_equal(a.access_key, WIRE_ACCESS_KEY) && !signature_right(call, &a)) {
        send_error(e, call, query, 403, query ? "SignatureDoesNotMatch" : "InvalidSignatureException",
                   "The request signature we calculated does not match the signature you provided.");
        return false;
    }
    return true;
}

/* ---- requests */

static void note(struct wire_ecs *e, const char *action, int status, bool changes)
{
    json_int_t before = json_integer_value(json_object_get(e->counts, action));
    json_object_set_new(e->counts, action, json_integer(before + 1));
    if (changes) {
        json_t *o = json_pack("{s:s,s:s,s:i}", "event", "aws", "action", action, "status", status);
        wire_tell(e->out, o);
        json_decref(o);
    }
}

static void answer_ecs(struct wire_ecs *e, struct server_call *call, const char *action)
{
    struct world_answer answer;
    json_t *body = wire_body(call);
    world_ecs_call(e->world, clock_world(loop_clock(e->loop)), action, body, &answer);
    json_decref(body);
    note(e, action, answer.status, answer.changes);
    if (answer.lost) {
        server_drop(call, true);
    } else {
        send_json(e, call, answer.status, answer.body);
    }
    json_decref(answer.body);
}

static void answer_query(struct wire_ecs *e, struct server_call *call)
{
    json_t *form = wire_body(call);
    if (text_equal(jsonx_text(form, "Action"), "GetCallerIdentity")) {
        char xml[700];
        note(e, "GetCallerIdentity", 200, false);
        TEXT_FORMAT(xml,
                    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                    "<GetCallerIdentityResult><Arn>arn:%s:sts::%s:assumed-role/cloudtak-bot/rehearsal</Arn>"
                    "<UserId>AROAREHEARSAL00000000:rehearsal</UserId><Account>%s</Account>"
                    "</GetCallerIdentityResult><ResponseMetadata>"
                    "<RequestId>00000000-0000-4000-a000-%012" PRIx64 "</RequestId></ResponseMetadata>"
                    "</GetCallerIdentityResponse>",
                    WORLD_PARTITION, WORLD_ACCOUNT, WORLD_ACCOUNT, e->requests);
        send_answer(e, call, 200, XML_TYPE, xml);
    } else {
        note(e, "other", 400, false);
        send_error(e, call, true, 400, "InvalidAction", "The simulator does not know this action.");
    }
    json_decref(form);
}

static void on_request(void *user, struct server_call *call)
{
    struct wire_ecs *e = user;
    const char *target = server_header(call, "x-amz-target");
    char action[64] = "";
    bool ecs = target != NULL && text_starts(target, "AmazonEC2ContainerServiceV20141113.");
    e->requests++;
    if (ecs) {
        TEXT_COPY(action, strchr(target, '.') + 1);
    }
    if (!text_equal(server_method(call), "POST")) {
        send_error(e, call, true, 404, "NotFound", "Only POST is known here.");
        return;
    }
    bool query = target == NULL;
    if (!is_signed(e, call, query)) {
        return;
    }
    if (ecs) {
        answer_ecs(e, call, action);
    } else if (query) {
        answer_query(e, call);
    } else {
        note(e, "other", 400, false);
        send_error(e, call, false, 400, "UnknownOperationException",
                   "The simulator does not know this service.");
    }
}

struct wire_ecs *wire_ecs_create(struct loop *loop, struct world_ecs *world, struct wire_out *out, int port,
                                 struct err *err)
{
    struct wire_ecs *e = mem_alloc(sizeof(*e));
    e->loop = loop;
    e->world = world;
    e->out = out;
    e->counts = json_object();
    struct server_options options = {.port = port,
                                     .max_body = BODY_MOST,
                                     .max_connections = CONNECTIONS,
                                     .on_request = on_request,
                                     .user = e};
    e->server = server_create(loop, &options, err);
    if (e->server == NULL) {
        json_decref(e->counts);
        mem_free(e);
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

static void on_server_closed(void *user)
{
    struct wire_ecs *e = user;
    void (*on_closed)(void *user) = e->on_closed;
    void *whose = e->user;
    json_decref(e->counts);
    mem_free(e);
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
