/* Which answers say for certain that nothing was posted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "bot/chat/slack_private.h"

static struct slack_answer judge_of(const char *method, int status, const char *body)
{
    struct slack_answer answer;
    struct err err = {0};
    const struct slack_reply reply = {
        .ok = true, .sent = true, .status = status, .body = body, .body_len = strlen(body), .err = &err};
    slack_judge(method, &reply, &answer);
    json_decref(answer.json);
    answer.json = NULL;
    return answer;
}

static struct slack_answer judge(int status, const char *body)
{
    return judge_of("chat.postMessage", status, body);
}

static void only_a_refusal_did_nothing(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum slack_fate fate;
    } CASES[] = {
        {201, SLACK_FATE_UNSURE}, {202, SLACK_FATE_UNSURE}, {204, SLACK_FATE_UNSURE},
        {302, SLACK_FATE_LATER},  {400, SLACK_FATE_LATER},  {403, SLACK_FATE_LATER},
        {407, SLACK_FATE_LATER},  {408, SLACK_FATE_UNSURE}, {429, SLACK_FATE_LATER},
        {500, SLACK_FATE_UNSURE}, {502, SLACK_FATE_UNSURE}, {504, SLACK_FATE_UNSURE},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        const struct slack_answer answer = judge(CASES[i].status, "");
        assert_int_equal(answer.fate, CASES[i].fate);
        assert_true(answer.err.text[0] != '\0');
    }
}

/* An object in which nobody says no is not a refusal: the message would be dropped for good. */
static void an_answer_of_others_is_no_refusal(void **state)
{
    (void)state;
    assert_int_equal(judge(200, "{}").fate, SLACK_FATE_UNSURE);
    assert_int_equal(judge(200, "{\"error\":\"channel_not_found\"}").fate, SLACK_FATE_UNSURE);
    assert_int_equal(judge(200, "{\"ok\":null}").fate, SLACK_FATE_UNSURE);
    assert_int_equal(judge(200, "{\"ok\":\"true\"}").fate, SLACK_FATE_UNSURE);
    assert_int_equal(judge(200, "{\"ok\":false}").fate, SLACK_FATE_REFUSED);
    assert_int_equal(judge(200, "{\"ok\":true}").fate, SLACK_FATE_OK);
}

static void every_missing_scope_is_named(void **state)
{
    (void)state;
    const struct slack_answer answer =
        judge(200, "{\"ok\":false,\"error\":\"missing_scope\","
                   "\"needed\":\"channels:history,groups:history,mpim:history,im:history\"}");
    assert_non_null(strstr(answer.err.text, "channels:history,groups:history,mpim:history,im:history:"));
    const struct slack_answer foreign =
        judge(200, "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"<!channel> x\"}");
    assert_null(strstr(foreign.err.text, "<!channel>"));
}

/* One sentence each: which method, which scope, what to do. */
static void each_method_names_its_missing_scope(void **state)
{
    (void)state;
    static const struct {
        const char *method, *scope;
    } ROWS[] = {{"conversations.history", "channels:history"},
                {"chat.update", "chat:write"},
                {"usergroups.users.list", "usergroups:read"}};
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        char body[120], wanted[200];
        TEXT_FORMAT(body, "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"%s\"}", ROWS[i].scope);
        TEXT_FORMAT(wanted,
                    "%s needs the scope %s: add it to the app at Slack (OAuth & Permissions) and install the "
                    "app again",
                    ROWS[i].method, ROWS[i].scope);
        const struct slack_answer answer = judge_of(ROWS[i].method, 200, body);
        assert_int_equal(answer.fate, SLACK_FATE_REFUSED);
        assert_int_equal(answer.err.code, ERR_DENIED);
        assert_string_equal(answer.err.text, wanted);
    }
}

/* Words after which this token is worth nothing: asking again would change nothing. */
static void a_dead_token_is_final(void **state)
{
    (void)state;
    static const char *const WORDS[] = {"not_authed",    "invalid_auth",   "account_inactive",
                                        "token_revoked", "token_expired",  "user_removed_from_team",
                                        "team_disabled", "forbidden_team", "not_allowed_token_type"};
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        char body[120];
        TEXT_FORMAT(body, "{\"ok\":false,\"error\":\"%s\"}", WORDS[i]);
        const struct slack_answer answer = judge(200, body);
        assert_int_equal(answer.fate, SLACK_FATE_FATAL);
        assert_string_equal(answer.error, WORDS[i]);
        assert_non_null(strstr(answer.err.text, WORDS[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_refusal_did_nothing),   cmocka_unit_test(an_answer_of_others_is_no_refusal),
        cmocka_unit_test(every_missing_scope_is_named), cmocka_unit_test(each_method_names_its_missing_scope),
        cmocka_unit_test(a_dead_token_is_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
