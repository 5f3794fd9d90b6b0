/* One call of the Web API: URL, token and body put together, the answer judged.
 *
 * A call that changes something goes out on a fresh connection and at most once (net/http.h). What leaves
 * passes the secret gate; the token itself is in a header that is wiped as soon as it was handed over. */
#include "base/crypto.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "slack_private.h"

#define BODY_MAX  (1024 * 1024)
#define URL_MAX   4096
#define TOKEN_MAX 4096

static void answered(struct http_request *r)
{
    struct slack_call *call = r->user;
    struct slack *s = call->slack;
    const struct slack_reply reply = {
        .ok = r->ok,
        .sent = r->sent,
        .status = r->status,
        .retry_after = r->ok ? http_answer_header(r, "Retry-After") : NULL,
        .body = r->answer.data,
        .body_len = r->answer.len,
        .err = &r->err,
    };
    struct slack_answer answer;
    slack_judge(call->method, &reply, &answer);
    slack_count_call(call, answer.fate);
    buf_finish(&call->body);
    call->under_way = false;
    s->calls_under_way--;
    call->done(call, &answer); /* call may be gone */
    json_decref(answer.json);
    slack_maybe_closed(s);
}

static void take_body(struct slack_call *call, json_t *body)
{
    buf_init(&call->body, BODY_MAX);
    if (body == NULL) {
        return;
    }
    char *text = jsonx_print(body);
    json_decref(body);
    buf_text(&call->body, text);
    mem_free(text);
    secret_gate_buf(&call->body);
}

void slack_call_start(struct slack_call *call, json_t *body, const char *query)
{
    const struct config_chat *config = call->slack->options.config;
    const struct secret *token = call->token == SLACK_APP_TOKEN ? config->app_token : config->bot_token;
    char bearer[TOKEN_MAX];
    struct buf url;
    buf_init(&url, URL_MAX);
    buf_text(&url, config->api_url);
    buf_text(&url, text_ends(config->api_url, "/") ? "" : "/");
    buf_text(&url, call->method);
    if (query != NULL) {
        buf_char(&url, '?');
        buf_text(&url, query);
    }
    TEXT_FORMAT(bearer, "Bearer %s", secret_reveal(token));
    const char *type = body != NULL ? "application/json; charset=utf-8" : "application/x-www-form-urlencoded";
    take_body(call, body);
    call->http = (struct http_request){
        .method = query != NULL ? "GET" : "POST",
        .url = url.data,
        .headers = {{"Authorization", bearer}, {query != NULL ? NULL : "Content-Type", type}},
        .body = query != NULL ? NULL : call->body.data,
        .body_len = call->body.len,
        .timeout_ms = call->timeout_ms,
        .max_body = SLACK_ANSWER_MAX,
        .changes = call->changes,
        .done = answered,
        .user = call,
    };
    call->under_way = true;
    call->slack->calls_under_way++;
    http_start(call->slack->options.http, &call->http);
    crypto_wipe(bearer, sizeof(bearer));
    buf_finish(&url);
}

void slack_call_cancel(struct slack_call *call)
{
    if (call->under_way) {
        http_cancel(call->slack->options.http, &call->http);
    }
}
