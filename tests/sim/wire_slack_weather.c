/* Rules of bad weather, first come first served; each is used a number of times. */
#include "sim/wire_slack_weather.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/server.h"

#define RULES      32
#define HUGE_BYTES (20 * 1024 * 1024)
#define PAGE       "<!DOCTYPE html><html><body><h1>Service unavailable</h1></body></html>"
#define JSON_TYPE  "application/json; charset=utf-8"

/* An answer that comes late. */
struct late {
    struct loop_timer timer;
    struct slack_weather *weather;
    struct server_call *call;
    char *text;
    struct late *next;
};

struct slack_weather {
    struct loop *loop;
    struct slack_weather_rule rules[RULES];
    struct late *lates;
};

struct slack_weather *slack_weather_create(struct loop *loop)
{
    struct slack_weather *w = mem_alloc(sizeof(*w));
    w->loop = loop;
    return w;
}

/* ---- rules */

static bool index_of(const char *const *words, size_t count, const char *word, size_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(words[i], word)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

bool slack_weather_add(struct slack_weather *w, const json_t *line, const char **ret_why)
{
    static const char *const ANSWERS[] = {"error", "http",  "html", "truncated",
                                          "huge",  "reset", "hang", "slow"};
    static const char *const SOCKETS[] = {"crowded", "disabled", "no_hello", "silent", "refused"};
    const int64_t count = jsonx_int(line, "count", 1);
    struct slack_weather_rule r = {
        .of_sockets = jsonx_at(line, "socket") != NULL,
        .status = (int)jsonx_int(line, "status", 500),
        .retry_after_s = (int)jsonx_int(line, "retry_after", 0),
        .wait_ms = jsonx_int(line, "ms", 1000),
        .executed = jsonx_bool(line, "executed", text_equal(jsonx_text(line, "answer"), "slow")),
        .left = count < 0 ? INT64_MAX : count,
    };
    size_t word = 0;
    const bool known =
        r.of_sockets
            ? index_of(SOCKETS, sizeof(SOCKETS) / sizeof(SOCKETS[0]), jsonx_text(line, "socket"), &word)
            : index_of(ANSWERS, sizeof(ANSWERS) / sizeof(ANSWERS[0]), jsonx_text(line, "answer"), &word);
    if (!known) {
        *ret_why = "no such weather";
        return false;
    }
    r.answer = (enum slack_weather_answer)(r.of_sockets ? 0 : word);
    r.socket = (enum slack_weather_socket)(r.of_sockets ? word : 0);
    const bool fits = TEXT_COPY(r.method, jsonx_text(line, "method")) &&
                      TEXT_COPY(r.channel, jsonx_text(line, "channel")) &&
                      TEXT_COPY(r.error, jsonx_text(line, "error")) &&
                      TEXT_COPY(r.needed, jsonx_text(line, "needed")) &&
                      TEXT_COPY(r.provided, jsonx_text(line, "provided"));
    for (size_t i = 0; fits && i < RULES; i++) {
        if (w->rules[i].left == 0) {
            w->rules[i] = r;
            return true;
        }
    }
    *ret_why = fits ? "too many kinds of weather at once" : "a word is too long";
    return false;
}

void slack_weather_clear(struct slack_weather *w)
{
    memset(w->rules, 0, sizeof(w->rules));
}

static bool use(struct slack_weather_rule *rule, struct slack_weather_rule *ret)
{
    rule->left -= rule->left != INT64_MAX;
    *ret = *rule;
    return true;
}

bool slack_weather_of_call(struct slack_weather *w, const char *method, const char *channel,
                           struct slack_weather_rule *ret)
{
    for (size_t i = 0; i < RULES; i++) {
        struct slack_weather_rule *r = &w->rules[i];
        const bool fits = r->left > 0 && !r->of_sockets &&
                          (text_equal(r->method, "*") || text_equal(r->method, method)) &&
                          (r->channel[0] == '\0' || text_equal(r->channel, channel));
        if (fits) {
            return use(r, ret);
        }
    }
    return false;
}

bool slack_weather_of_socket(struct slack_weather *w, struct slack_weather_rule *ret)
{
    for (size_t i = 0; i < RULES; i++) {
        if (w->rules[i].left > 0 && w->rules[i].of_sockets) {
            return use(&w->rules[i], ret);
        }
    }
    return false;
}

/* ---- answers */

static void forget(struct slack_weather *w, struct late *late)
{
    struct late **at = &w->lates;
    while (*at != late) {
        at = &(*at)->next;
    }
    *at = late->next;
    loop_timer_stop(w->loop, &late->timer);
    mem_free(late->text);
    mem_free(late);
}

static void answer_late(struct loop_timer *t)
{
    struct late *late = t->user;
    server_answer(late->call, 200, JSON_TYPE, NULL, late->text, strlen(late->text));
    forget(late->weather, late);
}

/* Takes text. */
static void wait_with(struct slack_weather *w, struct server_call *call, char *text, int64_t ms)
{
    struct late *late = mem_alloc(sizeof(*late));
    *late = (struct late){.weather = w, .call = call, .text = text, .next = w->lates};
    late->timer = (struct loop_timer){.fire = answer_late, .user = late};
    w->lates = late;
    loop_timer_start(w->loop, &late->timer, ms);
}

static void answer_error(const struct slack_weather_rule *rule, struct server_call *call)
{
    json_t *o = json_pack("{s:b,s:s}", "ok", 0, "error", rule->error);
    if (rule->needed[0] != '\0') {
        json_object_set_new(o, "needed", json_string(rule->needed));
        json_object_set_new(o, "provided", json_string(rule->provided));
    }
    char *text = json_dumps(o, JSON_COMPACT);
    server_answer(call, 200, JSON_TYPE, NULL, text, strlen(text));
    mem_free(text);
    json_decref(o);
}

static void answer_status(const struct slack_weather_rule *rule, struct server_call *call)
{
    static const char BODY[] = "upstream connect error";
    char headers[64] = "";
    if (rule->retry_after_s > 0) {
        TEXT_FORMAT(headers, "retry-after: %d\r\n", rule->retry_after_s);
    }
    server_answer(call, rule->status, "text/plain", headers, BODY, strlen(BODY));
}

static void answer_huge(struct server_call *call)
{
    static const char HEAD[] = "{\"ok\":true,\"padding\":\"";
    char *text = mem_alloc(HUGE_BYTES);
    memset(text, 'x', HUGE_BYTES);
    memcpy(text, HEAD, strlen(HEAD));
    memcpy(text + HUGE_BYTES - 2, "\"}", 2);
    server_answer(call, 200, JSON_TYPE, NULL, text, HUGE_BYTES);
    mem_free(text);
}

void slack_weather_answer(struct slack_weather *w, const struct slack_weather_rule *rule,
                          struct server_call *call, const struct world_slack_reply *reply)
{
    char *fair = json_dumps(reply->body, JSON_COMPACT);
    switch (rule->answer) {
    case WEATHER_ERROR: answer_error(rule, call); break;
    case WEATHER_HTTP: answer_status(rule, call); break;
    case WEATHER_HTML: server_answer(call, 200, "text/html", NULL, PAGE, strlen(PAGE)); break;
    case WEATHER_TRUNCATED: server_answer(call, 200, JSON_TYPE, NULL, fair, strlen(fair) / 2); break;
    case WEATHER_HUGE: answer_huge(call); break;
    case WEATHER_RESET: server_drop(call, true); break;
    case WEATHER_HANG: break; /* until the peer has had enough */
    case WEATHER_SLOW: wait_with(w, call, fair, rule->wait_ms); return;
    }
    mem_free(fair);
}

void slack_weather_gone(struct slack_weather *w, struct server_call *call)
{
    for (struct late *late = w->lates; late != NULL; late = late->next) {
        if (late->call == call) {
            forget(w, late);
            return;
        }
    }
}

void slack_weather_destroy(struct slack_weather *w)
{
    while (w != NULL && w->lates != NULL) {
        forget(w, w->lates);
    }
    mem_free(w);
}
