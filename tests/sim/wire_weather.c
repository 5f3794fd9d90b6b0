/* Which calls the weather hits, and what AWS or whatever stands before it says then. Pure. */
#include "sim/wire_weather.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "sim/world_ecs.h"

#define HOUR_MS      INT64_C(3600000)
#define TOLERATED_MS INT64_C(300000) /* of clock skew, by AWS */

#define HTML_TYPE "text/html; charset=utf-8"
#define XML_TYPE  "text/xml"

#define IDENTITY(partition, account)                                                                         \
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"                        \
    "<GetCallerIdentityResult><Arn>arn:" partition ":sts::" account                                          \
    ":assumed-role/somebody/else</Arn><UserId>AROAELSE:else</UserId><Account>" account                       \
    "</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>00000000-0000-4000-a000-0000000000ff"  \
    "</RequestId></ResponseMetadata></GetCallerIdentityResponse>"

static const struct weather_kind kinds[] = {
    {.name = "execute-then-reset", .shows = WEATHER_RESET, .executes = true},
    {.name = "reset-then-execute",
     .shows = WEATHER_RESET,
     .executes = true,
     .executes_late = true,
     .delay_ms = 5000},
    {.name = "reset", .shows = WEATHER_RESET},
    {.name = "hang", .shows = WEATHER_SILENCE},
    {.name = "execute-then-hang", .shows = WEATHER_SILENCE, .executes = true},
    {.name = "slow", .shows = WEATHER_ANSWER, .executes = true, .shows_late = true, .delay_ms = 3000},
    {.name = "truncated", .shows = WEATHER_ANSWER, .executes = true, .mangle = WEATHER_CUT},
    {.name = "truncated-short", .shows = WEATHER_ANSWER, .executes = true, .mangle = WEATHER_SHORT},
    {.name = "wrong-type", .shows = WEATHER_ANSWER, .executes = true, .mangle = WEATHER_TYPES},
    {.name = "wrong-shape", .shows = WEATHER_ANSWER, .executes = true, .mangle = WEATHER_SHAPES},
    {.name = "huge", .shows = WEATHER_ANSWER, .executes = true, .mangle = WEATHER_HUGE},
    {.name = "empty", .shows = WEATHER_PAGE, .status = 200, .type = "application/x-amz-json-1.1", .text = ""},
    {.name = "html",
     .shows = WEATHER_PAGE,
     .status = 200,
     .type = HTML_TYPE,
     .text = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to the network to go on."
             "</body></html>\n"},
    {.name = "html-502",
     .shows = WEATHER_PAGE,
     .status = 502,
     .type = HTML_TYPE,
     .text =
         "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"},
    {.name = "status-503",
     .shows = WEATHER_PAGE,
     .status = 503,
     .type = "text/plain",
     .text = "Service Unavailable\n"},
    {.name = "status-500",
     .shows = WEATHER_ERROR,
     .status = 500,
     .code = "ServerException",
     .query_code = "InternalFailure",
     .text = "The request processing has failed because of an unknown error."},
    {.name = "throttle",
     .shows = WEATHER_ERROR,
     .status = 400,
     .code = "ThrottlingException",
     .query_code = "Throttling",
     .text = "Rate exceeded"},
    {.name = "access-denied",
     .shows = WEATHER_ERROR,
     .status = 400,
     .code = "AccessDeniedException",
     .query_code = "AccessDenied"},
    {.name = "expired",
     .shows = WEATHER_ERROR,
     .status = 400,
     .code = "ExpiredTokenException",
     .query_code = "ExpiredToken",
     .text = "The security token included in the request is expired"},
    {.name = "skew",
     .shows = WEATHER_ERROR,
     .status = 400,
     .code = "InvalidSignatureException",
     .query_code = "RequestTimeTooSkewed",
     .clock_ms = HOUR_MS},
    {.name = "skew-always",
     .shows = WEATHER_ERROR,
     .status = 400,
     .code = "InvalidSignatureException",
     .query_code = "RequestTimeTooSkewed",
     .clock_ms = HOUR_MS},
    {.name = "cluster-not-found",
     .shows = WEATHER_ERROR,
     .status = 400,
     .code = "ClusterNotFoundException",
     .query_code = "InvalidAction",
     .text = "Cluster not found."},
    {.name = "service-not-found",
     .shows = WEATHER_ERROR,
     .status = 400,
     .code = "ServiceNotFoundException",
     .query_code = "InvalidAction",
     .text = "Service not found."},
    {.name = "other-account",
     .shows = WEATHER_PAGE,
     .status = 200,
     .type = XML_TYPE,
     .text = IDENTITY(WORLD_PARTITION, "111111111111")},
    {.name = "other-partition",
     .shows = WEATHER_PAGE,
     .status = 200,
     .type = XML_TYPE,
     .text = IDENTITY("aws", WORLD_ACCOUNT)},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- rules */

static const struct weather_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (text_equal(kinds[i].name, name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

static const char *or_all(const char *text)
{
    return text[0] != '\0' ? text : "*";
}

static void drop_rule(struct weather *w, size_t at)
{
    memmove(&w->rules[at], &w->rules[at + 1], (w->count - at - 1) * sizeof(w->rules[0]));
    w->count--;
}

static void clear_rules(struct weather *w, const char *service, const char *action)
{
    bool all = text_equal(service, "*") && text_equal(action, "*");
    for (size_t i = w->count; i-- > 0;) {
        if (all || (text_equal(w->rules[i].service, service) && text_equal(w->rules[i].action, action))) {
            drop_rule(w, i);
        }
    }
}

const char *weather_take(struct weather *w, const json_t *line)
{
    struct weather_rule r = {.kind = find_kind(jsonx_text(line, "kind"))};
    int64_t count = jsonx_int(line, "count", 0);
    bool fits = TEXT_COPY(r.service, or_all(jsonx_text(line, "service"))) &&
                TEXT_COPY(r.action, or_all(jsonx_text(line, "action")));
    if (fits && text_equal(jsonx_text(line, "kind"), "clear")) {
        clear_rules(w, r.service, r.action);
        return NULL;
    }
    r.delay_ms = jsonx_int(line, "delay_ms", r.kind != NULL ? r.kind->delay_ms : 0);
    r.every = jsonx_int(line, "every", 1);
    r.left = count == 0 ? -1 : count;
    if (r.kind == NULL) {
        return "there is no such kind of weather";
    }
    if (!fits || count < 0 || r.every < 1 || r.delay_ms < 0 || r.delay_ms > HOUR_MS) {
        return "weather needs a known service and action, count >= 0, every >= 1 and delay_ms up to an hour";
    }
    if (w->count == WEATHER_RULES) {
        return "too many rules of weather: clear some";
    }
    w->rules[w->count++] = r;
    return NULL;
}

/* ---- one call */

static bool applies(const char *wanted, const char *is)
{
    return text_equal(wanted, "*") || text_equal(wanted, is);
}

/* "20261122T140208Z" as epoch ms. */
static bool read_basic_time(const char *basic, int64_t *ret_ms)
{
    char iso[TEXT_TIME];
    if (basic == NULL || strlen(basic) != strlen("20261122T140208Z")) {
        return false;
    }
    TEXT_FORMAT(iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", basic, basic + 4, basic + 6, basic + 9, basic + 11,
                basic + 13);
    return text_parse_iso(iso, ret_ms);
}

/* A clock that was corrected is right again for AWS. */
static bool clock_is_right(const struct weather_kind *kind, const struct weather_ask *ask)
{
    int64_t signed_ms;
    if (!text_equal(kind->name, "skew") || !read_basic_time(ask->date, &signed_ms)) {
        return false;
    }
    int64_t off = ask->now_ms + kind->clock_ms - signed_ms;
    return off < TOLERATED_MS && off > -TOLERATED_MS;
}

const struct weather_kind *weather_decide(struct weather *w, const struct weather_ask *ask,
                                          int64_t *ret_delay_ms)
{
    for (size_t i = 0; i < w->count; i++) {
        struct weather_rule *r = &w->rules[i];
        if (!applies(r->service, ask->service) || !applies(r->action, ask->action) ||
            clock_is_right(r->kind, ask) || ++r->seen % r->every != 0) {
            continue;
        }
        const struct weather_kind *kind = r->kind;
        *ret_delay_ms = r->delay_ms;
        if (r->left > 0 && --r->left == 0) {
            drop_rule(w, i);
        }
        return kind;
    }
    return NULL;
}

/* ---- what is said */

/* The ARN that AWS's refusal names: the service, else the cluster, else everything. */
static void name_resource(const struct weather_ask *ask, char *to, size_t size)
{
    const char *cluster = jsonx_text(ask->body, "cluster"), *service = jsonx_text(ask->body, "service");
    const char *root = "arn:" WORLD_PARTITION ":ecs:" WORLD_REGION ":" WORLD_ACCOUNT;
    if (service[0] == '\0') {
        service = jsonx_text(ask->body, "services.0");
    }
    if (service[0] != '\0') {
        text_format(to, size, "%s:service/%.100s/%.100s", root, cluster, service);
    } else if (cluster[0] != '\0') {
        text_format(to, size, "%s:cluster/%.100s", root, cluster);
    } else {
        text_copy(to, size, "*");
    }
}

void weather_error(const struct weather_kind *kind, const struct weather_ask *ask, const char **ret_code,
                   char *message, size_t size)
{
    *ret_code = ask->speech == WEATHER_QUERY ? kind->query_code : kind->code;
    if (kind->text != NULL) {
        text_copy(message, size, kind->text);
    } else if (kind->clock_ms != 0) {
        char theirs[TEXT_TIME], earliest[TEXT_TIME];
        text_time_basic(theirs, ask->now_ms + kind->clock_ms);
        text_time_basic(earliest, ask->now_ms + kind->clock_ms - TOLERATED_MS);
        text_format(message, size, "Signature expired: %.16s is now earlier than %s (%s - 5 min.)",
                    ask->date != NULL ? ask->date : "", earliest, theirs);
    } else {
        char resource[320];
        name_resource(ask, resource, sizeof(resource));
        text_format(
            message, size,
            "User: arn:" WORLD_PARTITION ":sts::" WORLD_ACCOUNT
            ":assumed-role/cloudtak-bot/rehearsal is not authorized to perform: %s:%s on resource: %s "
            "because no identity-based policy allows the %s:%s action",
            ask->service, ask->action, resource, ask->service, ask->action);
    }
}

void weather_date(const struct weather_kind *kind, int64_t now_ms, char *to, size_t size)
{
    static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t ms = now_ms + kind->clock_ms;
    char iso[TEXT_TIME];
    text_time_iso(iso, ms);
    int month = (iso[5] - '0') * 10 + (iso[6] - '0');
    text_format(to, size, "%s, %.2s %s %.4s %.8s GMT", days[ms / (24 * HOUR_MS) % 7], iso + 8,
                months[month - 1], iso, iso + 11);
}

static json_t *other_type(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING: return json_integer((json_int_t)json_string_length(value));
    case JSON_INTEGER:
    case JSON_REAL: return json_string("many");
    case JSON_TRUE:
    case JSON_FALSE: return json_pack("[s]", "perhaps");
    default: return json_object();
    }
}

static json_t *mangle_at(const json_t *value, bool shapes, int depth)
{
    bool list = json_is_array(value);
    if (!list && !json_is_object(value)) {
        return shapes ? json_deep_copy(value) : other_type(value);
    }
    bool to_list = shapes && depth > 0 ? !list : list;
    json_t *to = to_list ? json_array() : json_object();
    size_t i;
    const char *name;
    json_t *member;
    if (list) {
        json_array_foreach((json_t *)(uintptr_t)value, i, member)
        {
            char number[24];
            TEXT_FORMAT(number, "%zu", i);
            member = mangle_at(member, shapes, depth + 1);
            to_list ? json_array_append_new(to, member) : json_object_set_new(to, number, member);
        }
        return to;
    }
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        member = mangle_at(member, shapes, depth + 1);
        to_list ? json_array_append_new(to, member) : json_object_set_new(to, name, member);
    }
    return to;
}

json_t *weather_mangle(const json_t *answer, enum weather_mangle mangle)
{
    return mangle_at(answer, mangle == WEATHER_SHAPES, 0);
}
