/* An answer of Slack's Web API -> what it means for a message, for the token, for a look-up. Input: a letter
 * for the status, the Retry-After header up to the first newline, the body. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/chat/slack_private.h"
#include "judge.h"

static const int STATUSES[] = {200, 200, 200, 429, 500, 503, 408, 404, 302, 401};
static const char BOT_TOKEN[] = "xoxb-canary-of-the-bot-token";

static void judge_outcomes(const struct slack_answer *a)
{
    static const enum chat_send_kind KINDS[] = {CHAT_POST, CHAT_UPDATE, CHAT_PRIVATE};
    for (size_t i = 0; i < 12; i++) {
        const struct slack_try t = {.kind = KINDS[i % 3], .plain = i / 3 % 2, .dm = i / 6};
        enum chat_failure outcome = CHAT_SENT;
        int64_t retry_ms = 0;
        struct err err = {0};
        const enum slack_next next = slack_outcome(&t, a, &outcome, &retry_ms, &err);
        PROMISE(next != SLACK_NEXT_PLAIN || !t.plain, "plain text a second time");
        PROMISE(next != SLACK_NEXT_DM || (!t.dm && t.kind == CHAT_PRIVATE), "a direct message a second time");
        if (next != SLACK_NEXT_END) {
            continue;
        }
        PROMISE((outcome == CHAT_SENT) == (a->fate == SLACK_FATE_OK), "sent, though Slack did not say so");
        PROMISE(a->fate != SLACK_FATE_UNSURE || t.kind != CHAT_POST || outcome == CHAT_UNKNOWN,
                "a post that may be there would be posted again");
        if (outcome != CHAT_SENT) {
            judge_err("outcome", &err);
        }
    }
}

static void judge_answer(const struct slack_reply *reply, const struct slack_answer *a)
{
    PROMISE(a->fate <= SLACK_FATE_FATAL, "no fate");
    PROMISE(a->retry_ms >= 0 && a->retry_ms <= 3600 * 1000, "to wait %lld ms", (long long)a->retry_ms);
    PROMISE(a->error[strspn(a->error, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0',
            "no word of Slack's: %s", a->error);
    if (a->fate == SLACK_FATE_OK) {
        PROMISE(reply->status == 200 && json_is_true(jsonx_at(a->json, "ok")),
                "fine, though Slack did not say so");
    } else {
        judge_err("answer", &a->err);
        PROMISE(strstr(a->err.text, BOT_TOKEN) == NULL, "the token is told: %s", a->err.text);
    }
    if (a->fate == SLACK_FATE_FATAL) {
        static const struct config_chat chat = {.name = "slack"};
        struct err err = {0};
        slack_fatal_sentence(&chat, SLACK_BOT_TOKEN, a->error, &err);
        judge_err("the end", &err);
    }
    const enum chat_member member = slack_member_of(jsonx_at(a->json, "user"), "T0HOME", "E0HOME");
    PROMISE(member <= MEMBER_DEACTIVATED, "a member of no kind");
    const char *team = jsonx_text(jsonx_at(a->json, "user"), "team_id");
    PROMISE(member != MEMBER_FULL || text_equal(team, "T0HOME") ||
                text_equal(jsonx_text(a->json, "user.enterprise_user.enterprise_id"), "E0HOME"),
            "a stranger is a full member");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const char *header = (const char *)data + 1, *end = memchr(header, '\n', size - 1);
    const size_t header_len = end == NULL ? size - 1 : (size_t)(end - header);
    char *after = judge_string(data + 1, header_len);
    const size_t used = 1 + header_len + (end != NULL);
    const struct slack_reply reply = {.ok = true,
                                      .sent = true,
                                      .status = STATUSES[data[0] % 10],
                                      .retry_after = after[0] == '\0' ? NULL : after,
                                      .body = (const char *)data + used,
                                      .body_len = size - used};
    struct slack_answer a;
    slack_judge("chat.postMessage", &reply, &a);
    judge_answer(&reply, &a);
    judge_outcomes(&a);
    json_decref(a.json);
    mem_free(after);
    return 0;
}
