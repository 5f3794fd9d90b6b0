/* What an answer of the Web API means. HTTP is 200 even on failure; the word in `error` decides, compared
 * whole. Where Slack itself says that "some aspect may have succeeded", the outcome is unsure. */
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "slack_private.h"

#define RETRY_DEFAULT_MS 30000
#define RETRY_MOST_S     3600

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (text_equal(word, *words)) {
            return true;
        }
    }
    return false;
}

static enum slack_fate fate_of(const char *error)
{
    static const char *const FATAL[] = {"not_authed",
                                        "invalid_auth",
                                        "account_inactive",
                                        "token_revoked",
                                        "token_expired",
                                        "user_removed_from_team",
                                        "team_disabled",
                                        "forbidden_team",
                                        "not_allowed_token_type",
                                        NULL};
    static const char *const LATER[] = {"ratelimited", "rate_limited", "team_added_to_org", NULL};
    static const char *const UNSURE[] = {"internal_error", "fatal_error", "service_unavailable",
                                         "request_timeout", NULL};
    return is_one_of(error, FATAL)    ? SLACK_FATE_FATAL
           : is_one_of(error, LATER)  ? SLACK_FATE_LATER
           : is_one_of(error, UNSURE) ? SLACK_FATE_UNSURE
                                      : SLACK_FATE_REFUSED;
}

/* Seconds, digits only; 30 s where the header is absent or something else. */
static int64_t retry_after_ms(const char *header)
{
    int64_t seconds = 0;
    size_t digits = header == NULL ? 0 : strspn(header, "0123456789");
    if (digits == 0 || header[digits] != '\0') {
        return RETRY_DEFAULT_MS;
    }
    for (size_t i = 0; i < digits && seconds <= RETRY_MOST_S; i++) {
        seconds = seconds * 10 + (header[i] - '0');
    }
    return (seconds < 1 ? 1 : seconds > RETRY_MOST_S ? RETRY_MOST_S : seconds) * 1000;
}

#define WORD "abcdefghijklmnopqrstuvwxyz0123456789_"

/* A word of Slack's is shown; anything else would be text from outside. */
static void take_word(char *to, size_t size, const char *word, const char *letters, const char *otherwise)
{
    const size_t len = strspn(word, letters);
    const bool sound = len > 0 && word[len] == '\0' && len < size;
    text_copy(to, size, sound ? word : otherwise);
}

static void throttled(const char *method, const struct slack_reply *reply, struct slack_answer *ret)
{
    ret->fate = SLACK_FATE_LATER;
    ret->retry_ms = retry_after_ms(reply->retry_after);
    TEXT_COPY(ret->error, "ratelimited");
    err_set(&ret->err, ERR_THROTTLED, "Slack asks to wait %lld s before the next %s",
            (long long)(ret->retry_ms / 1000), method);
}

static void judge_word(const char *method, const struct slack_reply *reply, struct slack_answer *ret)
{
    take_word(ret->error, sizeof(ret->error), jsonx_text(ret->json, "error"), WORD, "unknown_error");
    ret->fate = fate_of(ret->error);
    if (text_equal(ret->error, "ratelimited") || text_equal(ret->error, "rate_limited")) {
        throttled(method, reply, ret);
        return;
    }
    char needed[240]; /* several scopes, of which one is enough, are separated by commas */
    take_word(needed, sizeof(needed), jsonx_text(ret->json, "needed"), WORD ":.,",
              "that Slack does not name");
    if (text_equal(ret->error, "missing_scope")) {
        err_set(&ret->err, ERR_DENIED,
                "%s needs the scope %s: add it to the app at Slack (OAuth & Permissions) and install the app "
                "again",
                method, needed);
        return;
    }
    const char *meaning = slack_refusal_sentence(ret->error);
    if (meaning != NULL) {
        err_set(&ret->err, ERR_REMOTE, "%s (Slack answers %s with %s)", meaning, method, ret->error);
        return;
    }
    err_set(&ret->err, ret->fate == SLACK_FATE_FATAL ? ERR_DENIED : ERR_REMOTE, "Slack answers %s with %s",
            method, ret->error);
}

/* Certainly nothing was done. 408 is no such word: whoever says it may have passed the request on before. */
static bool refused_by_http(int status)
{
    return status >= 300 && status < 500 && status != 408;
}

void slack_judge(const char *method, const struct slack_reply *reply, struct slack_answer *ret)
{
    *ret = (struct slack_answer){.fate = SLACK_FATE_UNSURE};
    if (!reply->ok) {
        ret->fate = reply->sent ? SLACK_FATE_UNSURE : SLACK_FATE_LATER;
        ret->err = *reply->err;
        err_wrap(&ret->err, "%s", method);
        return;
    }
    if (reply->status == 429) {
        throttled(method, reply, ret);
        return;
    }
    if (reply->status != 200) {
        ret->fate = refused_by_http(reply->status) ? SLACK_FATE_LATER : SLACK_FATE_UNSURE;
        err_set(&ret->err, ERR_REMOTE, "%s is answered with HTTP %d%s", method, reply->status,
                reply->status == 404 ? ": is api_url right?" : "");
        return;
    }
    ret->json = jsonx_parse(reply->body, reply->body_len, &ret->err);
    if (!json_is_object(ret->json)) {
        json_decref(ret->json);
        ret->json = NULL;
        err_set(&ret->err, ERR_PROTOCOL,
                "the answer to %s is not Slack's JSON: does a proxy answer in its place?", method);
        return;
    }
    if (json_is_true(jsonx_at(ret->json, "ok"))) {
        ret->fate = SLACK_FATE_OK;
        return;
    }
    if (!json_is_false(jsonx_at(ret->json, "ok"))) { /* somebody between us and Slack answered */
        err_set(&ret->err, ERR_PROTOCOL,
                "the answer to %s is not one of Slack's: does a proxy answer in its place?", method);
        return;
    }
    judge_word(method, reply, ret);
}

void slack_fatal_sentence(const struct config_chat *config, enum slack_token token, const char *error,
                          struct err *ret)
{
    const bool government = strstr(config->api_url, "slack-gov.com") != NULL;
    const char *page = government ? "https://api.slack-gov.com/apps" : "https://api.slack.com/apps";
    if (token == SLACK_APP_TOKEN) {
        err_set(ret, ERR_CONFIG,
                "chat %s: Slack refuses the app token (%s): at %s (Basic Information, App-Level Tokens) make "
                "a new one with the scope connections:write, put it (xapp-…) into the setting app_token and "
                "start again",
                config->name, error, page);
    } else {
        err_set(ret, ERR_CONFIG,
                "chat %s: Slack refuses the bot token (%s): at %s (OAuth & Permissions) install the app to "
                "the workspace again, put its new bot token (xoxb-…) into the setting bot_token and start "
                "again",
                config->name, error, page);
    }
}
