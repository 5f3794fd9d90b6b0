/* Messages and finds, against a small Slack on loopback; and what its answers mean. */
#include "chat_slack_fake.h"

/* ---- pure */

static struct slack_answer judge(int status, const char *retry_after, const char *body)
{
    const struct slack_reply reply = {.ok = true,
                                      .sent = true,
                                      .status = status,
                                      .retry_after = retry_after,
                                      .body = body,
                                      .body_len = strlen(body)};
    struct slack_answer answer;
    slack_judge("chat.postMessage", &reply, &answer);
    json_decref(answer.json);
    answer.json = NULL;
    return answer;
}

static struct slack_answer judge_failure(bool sent)
{
    const struct err err = {ERR_UNREACHABLE, "reset"};
    struct slack_answer answer;
    slack_judge("chat.postMessage", &(struct slack_reply){.sent = sent, .err = &err}, &answer);
    return answer;
}

static void answers(void **state)
{
    (void)state;
    assert_int_equal(judge(200, NULL, "{\"ok\":true}").fate, SLACK_FATE_OK);
    assert_int_equal(judge(200, NULL, "{\"ok\":\"true\"}").fate, SLACK_FATE_UNSURE);
    assert_int_equal(judge(200, NULL, "<html>").fate, SLACK_FATE_UNSURE);
    assert_int_equal(judge(200, NULL, "[1]").fate, SLACK_FATE_UNSURE);
    assert_int_equal(judge(503, NULL, "").fate, SLACK_FATE_UNSURE);
    assert_int_equal(judge(403, NULL, "").fate, SLACK_FATE_LATER);
    assert_int_equal(judge(429, "7", "").retry_ms, 7000);
    assert_int_equal(judge(429, "7", "").fate, SLACK_FATE_LATER);
    assert_int_equal(judge(429, NULL, "").retry_ms, 30000);
    assert_int_equal(judge(429, "soon", "").retry_ms, 30000);
    assert_int_equal(judge(429, "99999999999999999999", "").retry_ms, 3600000);
    assert_int_equal(judge(200, "3", "{\"ok\":false,\"error\":\"rate_limited\"}").retry_ms, 3000);
    assert_int_equal(judge(200, NULL, "{\"ok\":false,\"error\":\"internal_error\"}").fate, SLACK_FATE_UNSURE);
    assert_int_equal(judge(200, NULL, "{\"ok\":false,\"error\":\"token_revoked\"}").fate, SLACK_FATE_FATAL);
    assert_int_equal(judge(200, NULL, "{\"ok\":false,\"error\":\"is_archived\"}").fate, SLACK_FATE_REFUSED);
    assert_string_equal(judge(200, NULL, "{\"ok\":false,\"error\":\"<!channel>\"}").error, "unknown_error");
    const struct slack_answer scope =
        judge(200, NULL, "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"channels:history\"}");
    assert_non_null(strstr(scope.err.text, "channels:history"));
    assert_int_equal(judge_failure(false).fate, SLACK_FATE_LATER);
    assert_int_equal(judge_failure(true).fate, SLACK_FATE_UNSURE);
}

static void outcomes(void **state)
{
    (void)state;
    static const struct {
        enum chat_send_kind kind;
        bool reader, plain, dm;
        enum slack_fate fate;
        const char *error;
        enum slack_next next;
        enum chat_failure outcome;
    } CASES[] = {
        {CHAT_POST, true, false, false, SLACK_FATE_OK, "", SLACK_NEXT_END, CHAT_SENT},
        {CHAT_POST, true, false, false, SLACK_FATE_LATER, "ratelimited", SLACK_NEXT_END, CHAT_LATER},
        {CHAT_POST, true, false, false, SLACK_FATE_UNSURE, "", SLACK_NEXT_END, CHAT_UNKNOWN},
        {CHAT_UPDATE, false, false, false, SLACK_FATE_UNSURE, "", SLACK_NEXT_END, CHAT_LATER},
        {CHAT_PRIVATE, true, false, false, SLACK_FATE_UNSURE, "", SLACK_NEXT_END, CHAT_LATER},
        {CHAT_POST, true, false, false, SLACK_FATE_FATAL, "invalid_auth", SLACK_NEXT_END, CHAT_LATER},
        /* the way of a refusal: plain text, a direct message, the end; nobody to tell: the end */
        {CHAT_POST, true, false, false, SLACK_FATE_REFUSED, "is_archived", SLACK_NEXT_DM, CHAT_SENT},
        {CHAT_POST, true, false, true, SLACK_FATE_REFUSED, "is_archived", SLACK_NEXT_END, CHAT_NEVER},
        {CHAT_POST, false, false, false, SLACK_FATE_REFUSED, "is_archived", SLACK_NEXT_END, CHAT_NEVER},
        {CHAT_POST, true, false, false, SLACK_FATE_REFUSED, "something_new", SLACK_NEXT_DM, CHAT_SENT},
        {CHAT_POST, false, false, false, SLACK_FATE_REFUSED, "something_new", SLACK_NEXT_END, CHAT_NEVER},
        {CHAT_POST, true, false, false, SLACK_FATE_REFUSED, "invalid_blocks", SLACK_NEXT_PLAIN, CHAT_SENT},
        {CHAT_POST, true, true, false, SLACK_FATE_REFUSED, "invalid_blocks", SLACK_NEXT_DM, CHAT_SENT},
        {CHAT_POST, true, true, true, SLACK_FATE_REFUSED, "invalid_blocks", SLACK_NEXT_END, CHAT_NEVER},
        {CHAT_POST, true, false, false, SLACK_FATE_REFUSED, "msg_too_long", SLACK_NEXT_PLAIN, CHAT_SENT},
        {CHAT_POST, true, false, false, SLACK_FATE_REFUSED, "no_text", SLACK_NEXT_END, CHAT_NEVER},
        {CHAT_PRIVATE, true, false, false, SLACK_FATE_REFUSED, "user_not_in_channel", SLACK_NEXT_DM,
         CHAT_SENT},
        {CHAT_PRIVATE, true, true, true, SLACK_FATE_REFUSED, "channel_not_found", SLACK_NEXT_END, CHAT_NEVER},
        {CHAT_UPDATE, true, false, false, SLACK_FATE_REFUSED, "message_not_found", SLACK_NEXT_END,
         CHAT_NEVER},
        {CHAT_UPDATE, true, false, false, SLACK_FATE_REFUSED, "is_archived", SLACK_NEXT_END, CHAT_NEVER},
        {CHAT_UPDATE, true, false, false, SLACK_FATE_REFUSED, "msg_too_long", SLACK_NEXT_PLAIN, CHAT_SENT},
        /* no way around it: it waits until the app was installed again */
        {CHAT_POST, true, false, false, SLACK_FATE_REFUSED, "missing_scope", SLACK_NEXT_END, CHAT_LATER},
        {CHAT_PRIVATE, true, false, false, SLACK_FATE_REFUSED, "missing_scope", SLACK_NEXT_END, CHAT_LATER},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct slack_answer answer = {.fate = CASES[i].fate};
        TEXT_COPY(answer.error, CASES[i].error);
        err_set(&answer.err, ERR_REMOTE, "x");
        const struct slack_try t = {CASES[i].kind, CASES[i].reader, CASES[i].plain, CASES[i].dm};
        enum chat_failure outcome = CHAT_SENT;
        int64_t retry_ms = 0;
        struct err err = {0};
        assert_int_equal(slack_outcome(&t, &answer, &outcome, &retry_ms, &err), CASES[i].next);
        assert_int_equal(outcome, CASES[i].outcome);
        assert_int_equal(err.text[0] == '\0', outcome == CHAT_SENT);
    }
}

static void pace(void **state)
{
    (void)state;
    struct slack_pacer *p = mem_alloc(sizeof(*p));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(slack_pace_take(p, "post", "C1", 1000, 5000), 0);
    }
    assert_int_equal(slack_pace_take(p, "post", "C1", 1000, 5000), 1000);
    assert_int_equal(slack_pace_take(p, "post", "C1", 1000, 5000), 2000);
    assert_int_equal(slack_pace_take(p, "post", "C2", 1000, 5000), 0);
    assert_int_equal(slack_pace_take(p, "update", "C1", 1000, 5000), 0);
    for (int i = 3; i <= 5; i++) {
        assert_int_equal(slack_pace_take(p, "post", "C1", 1000, 5000), i * 1000);
    }
    assert_int_equal(slack_pace_take(p, "post", "C1", 1000, 5000), 6000); /* no place is taken */
    assert_int_equal(slack_pace_take(p, "post", "C1", 1000, 5000), 6000);
    assert_int_equal(slack_pace_take(p, "post", "C1", 9000, 5000), 0);
    slack_pace_block(p, "post", "C2", 9000, 20000);
    assert_int_equal(slack_pace_take(p, "post", "C2", 10000, 5000), 19000);
    assert_int_equal(slack_pace_take(p, "post", "C2", 29000, 5000), 0);
    /* Bounded; the blocked one is not forgotten for a new channel. */
    slack_pace_block(p, "post", "C-blocked", 30000, 60000);
    char channel[32];
    for (int i = 0; i < 3 * SLACK_PACED_MAX; i++) {
        TEXT_FORMAT(channel, "D%d", i);
        slack_pace_take(p, "post", channel, 30000 + i, 5000);
    }
    assert_int_equal(p->count, SLACK_PACED_MAX);
    assert_int_equal(slack_pace_take(p, "post", "C-blocked", 40000, 5000), 50000);
    mem_free(p);
}

/* ---- sending */

struct message {
    struct card card;
    struct chat_send send;
    bool done;
};

static void message_done(struct chat_send *s)
{
    struct message *m = s->user;
    assert_false(m->done);
    m->done = true;
}

static void message_init(struct message *m, enum chat_send_kind kind)
{
    *m = (struct message){0};
    card_init(&m->card, TONE_WORKING);
    card_title(&m->card, "RESTARTING");
    m->send = (struct chat_send){.kind = kind,
                                 .channel = "C0",
                                 .thread = "1700000000.000100",
                                 .message = "1700000400.000100",
                                 .private_to = "U0ANA",
                                 .key = "out-1",
                                 .card = &m->card,
                                 .done = message_done,
                                 .user = m};
}

static void send_and_wait(struct fake *f, struct message *m)
{
    struct chat *chat = slack_chat(f->slack);
    chat->ops->send(chat, &m->send);
    assert_false(m->done);
    UNTIL(f, m->done, 3000);
}

static void what_is_sent(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    struct message m;
    fake_start(f);
    message_init(&m, CHAT_POST);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_SENT);
    assert_string_equal(m.send.posted, "1700000500.000100");
    const json_t *body = fake_last_call(f, "chat.postMessage")->body;
    assert_string_equal(jsonx_text(body, "channel"), "C0");
    assert_string_equal(jsonx_text(body, "thread_ts"), "1700000000.000100");
    assert_string_equal(jsonx_text(body, "text"), "RESTARTING");
    assert_string_equal(jsonx_text(body, "blocks.0.text.text"), "*RESTARTING*");
    assert_string_equal(jsonx_text(body, "parse"), "none");
    assert_true(json_is_false(jsonx_at(body, "unfurl_links")));
    assert_true(json_is_false(jsonx_at(body, "unfurl_media")));
    assert_true(json_is_false(jsonx_at(body, "link_names")));
    assert_string_equal(jsonx_text(body, "metadata.event_type"), "cloudtak_message");
    assert_string_equal(jsonx_text(body, "metadata.event_payload.key"), "out-1");
    assert_string_equal(fake_last_call(f, "chat.postMessage")->authorization, "Bearer xoxb-canary-0002");

    message_init(&m, CHAT_UPDATE);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_SENT);
    body = fake_last_call(f, "chat.update")->body;
    assert_string_equal(jsonx_text(body, "ts"), "1700000400.000100");
    assert_string_equal(jsonx_text(body, "parse"), "none");
    assert_null(jsonx_at(body, "thread_ts"));

    message_init(&m, CHAT_PRIVATE);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_SENT);
    body = fake_last_call(f, "chat.postEphemeral")->body;
    assert_string_equal(jsonx_text(body, "user"), "U0ANA");
    assert_null(jsonx_at(body, "metadata"));

    /* A secret that found its way into a card does not leave. */
    message_init(&m, CHAT_POST);
    card_line(&m.card, "token xoxb-canary-0002");
    send_and_wait(f, &m);
    char *text = jsonx_print(fake_last_call(f, "chat.postMessage")->body);
    assert_null(strstr(text, "canary"));
    assert_non_null(strstr(text, SECRET_SHOWN));
    mem_free(text);
    char link[200];
    assert_true(
        slack_chat(f->slack)->ops->link(slack_chat(f->slack), "C0", "1700000500.000100", link, sizeof(link)));
    assert_string_equal(link, "https://ops.slack.com/archives/C0/p1700000500000100");
    fake_destroy(f);
}

static bool refuse_blocks(struct fake *f, struct server_call *c, const char *method)
{
    const json_t *body = f->calls[f->call_count - 1].body;
    if (!text_starts(method, "chat.") || json_array_size(jsonx_at(body, "blocks")) == 0) {
        return false;
    }
    fake_json(c, 200, NULL, "{\"ok\":false,\"error\":\"invalid_blocks\"}");
    return true;
}

static void refused_blocks_go_as_plain_text(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    struct message m;
    f->answer = refuse_blocks;
    fake_start(f);
    message_init(&m, CHAT_POST);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_SENT);
    assert_int_equal(fake_count_calls(f, "chat.postMessage"), 2);
    const json_t *body = fake_last_call(f, "chat.postMessage")->body;
    assert_string_equal(jsonx_text(body, "text"), "RESTARTING");
    assert_string_equal(jsonx_text(body, "metadata.event_payload.key"), "out-1");
    fake_destroy(f);
}

static bool not_in_channel(struct fake *f, struct server_call *c, const char *method)
{
    (void)f;
    if (!text_equal(method, "chat.postEphemeral")) {
        return false;
    }
    fake_json(c, 200, NULL, "{\"ok\":false,\"error\":\"user_not_in_channel\"}");
    return true;
}

static void private_falls_back_to_a_direct_message(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    struct message m;
    f->answer = not_in_channel;
    fake_start(f);
    message_init(&m, CHAT_PRIVATE);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_SENT);
    const json_t *body = fake_last_call(f, "chat.postMessage")->body;
    assert_string_equal(jsonx_text(body, "channel"), "U0ANA");
    assert_null(jsonx_at(body, "thread_ts"));
    assert_null(jsonx_at(body, "user"));
    fake_destroy(f);
}

static bool throttle_posts(struct fake *f, struct server_call *c, const char *method)
{
    if (!text_equal(method, "chat.postMessage") || f->answers++ > 0) {
        return false;
    }
    fake_json(c, 429, "Retry-After: 30\r\n", "{\"ok\":false,\"error\":\"ratelimited\"}");
    return true;
}

static void a_throttled_channel_is_left_alone(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    struct message m;
    f->answer = throttle_posts;
    fake_start(f);
    message_init(&m, CHAT_POST);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_LATER);
    assert_int_equal(m.send.retry_ms, 30000);
    message_init(&m, CHAT_POST);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_LATER);
    assert_in_range(m.send.retry_ms, 25000, 30000);
    assert_int_equal(fake_count_calls(f, "chat.postMessage"), 1); /* Slack was not asked again */
    message_init(&m, CHAT_POST);
    m.send.channel = "C1";
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_SENT);
    message_init(&m, CHAT_UPDATE);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_SENT);
    fake_destroy(f);
}

static bool lose_posts(struct fake *f, struct server_call *c, const char *method)
{
    if (!text_starts(method, "chat.")) {
        return false;
    }
    f->answers++;
    server_drop(c, true);
    return true;
}

static bool history(struct fake *f, struct server_call *c, const char *method)
{
    (void)f;
    if (!text_starts(method, "conversations.")) {
        return false;
    }
    fake_json(c, 200, NULL,
              "{\"ok\":true,\"messages\":["
              "{\"ts\":\"1.1\",\"user\":\"U0EVE\",\"metadata\":{\"event_type\":\"cloudtak_message\","
              "\"event_payload\":{\"key\":\"out-1\"}}},"
              "{\"ts\":\"1.2\",\"user\":\"U0BOT\",\"metadata\":{\"event_type\":\"other\","
              "\"event_payload\":{\"key\":\"out-1\"}}},"
              "{\"ts\":\"1.3\",\"user\":\"U0BOT\",\"bot_id\":\"B0BOT\",\"metadata\":{\"event_type\":"
              "\"cloudtak_message\",\"event_payload\":{\"key\":\"out-1\"}}}]}");
    return true;
}

static void find_done(struct chat_find *f)
{
    *(bool *)f->user = true;
}

static void a_lost_post_is_unknown_and_found(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    struct chat *chat = slack_chat(f->slack);
    struct message m;
    fake_start(f);
    f->answer = lose_posts;
    message_init(&m, CHAT_POST);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_UNKNOWN);
    assert_int_equal(f->answers, 1); /* sent once */
    message_init(&m, CHAT_UPDATE);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_LATER);

    f->answer = history;
    bool done = false;
    struct chat_find find = {.channel = "C0",
                             .thread = "",
                             .key = "out-1",
                             .since_ms = 1700000000000,
                             .done = find_done,
                             .user = &done};
    chat->ops->find(chat, &find);
    UNTIL(f, done, 2000);
    assert_true(find.ok && find.found);
    assert_string_equal(find.message, "1.3");
    const char *query = fake_last_call(f, "conversations.history")->query;
    assert_non_null(strstr(query, "include_all_metadata=true"));
    assert_non_null(strstr(query, "oldest=1699999940.000000"));
    done = false;
    find.key = "out-2";
    find.thread = "1700000000.000100";
    chat->ops->find(chat, &find);
    UNTIL(f, done, 2000);
    assert_true(find.ok && !find.found);
    assert_non_null(strstr(fake_last_call(f, "conversations.replies")->query, "ts=1700000000.000100"));
    f->answer = lose_posts;
    fake_destroy(f);
}

static bool hold_posts(struct fake *f, struct server_call *c, const char *method)
{
    (void)c;
    f->answers += text_equal(method, "chat.postMessage");
    return text_equal(method, "chat.postMessage"); /* never answered */
}

static void closing_ends_what_is_under_way(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    struct chat *chat = slack_chat(f->slack);
    struct message flying, waiting[3];
    fake_start(f);
    f->answer = hold_posts;
    message_init(&flying, CHAT_POST);
    chat->ops->send(chat, &flying.send);
    UNTIL(f, f->answers == 1, 1000);
    for (int i = 0; i < 3; i++) {
        message_init(&waiting[i], CHAT_POST);
        waiting[i].send.channel = i == 2 ? "C0" : "C1";
        chat->ops->send(chat, &waiting[i].send);
    }
    fake_destroy(f);
    assert_true(flying.done);
    assert_int_equal(flying.send.outcome, CHAT_UNKNOWN);
    for (int i = 0; i < 3; i++) {
        assert_true(waiting[i].done);
        assert_int_equal(waiting[i].send.outcome, CHAT_LATER);
    }
}

static const char *dead; /* Slack's word for a token that is worth nothing */

static bool revoke(struct fake *f, struct server_call *c, const char *method)
{
    (void)f;
    if (!text_starts(method, "chat.")) {
        return false;
    }
    char body[120];
    TEXT_FORMAT(body, "{\"ok\":false,\"error\":\"%s\"}", dead);
    fake_json(c, 200, NULL, body);
    return true;
}

static void loses_its_token(const char *word)
{
    struct fake *f = fake_create();
    dead = word;
    struct message m;
    fake_start(f);
    f->answer = revoke;
    message_init(&m, CHAT_POST);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_LATER);
    assert_int_equal(f->fatals, 1);
    assert_non_null(strstr(f->fatal.text, "bot_token"));
    assert_non_null(strstr(f->fatal.text, word));
    UNTIL(f, f->open_sockets == 0, 3000);
    message_init(&m, CHAT_POST);
    send_and_wait(f, &m);
    assert_int_equal(m.send.outcome, CHAT_LATER);
    assert_int_equal(fake_count_calls(f, "chat.postMessage"), 1);
    fake_destroy(f);
}

static void a_token_that_dies_at_work_is_fatal(void **state)
{
    (void)state;
    static const char *const WORDS[] = {"token_revoked",          "not_authed",
                                        "team_disabled",          "forbidden_team",
                                        "user_removed_from_team", "not_allowed_token_type"};
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        loses_its_token(WORDS[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(outcomes),
        cmocka_unit_test(pace),
        cmocka_unit_test(what_is_sent),
        cmocka_unit_test(refused_blocks_go_as_plain_text),
        cmocka_unit_test(private_falls_back_to_a_direct_message),
        cmocka_unit_test(a_throttled_channel_is_left_alone),
        cmocka_unit_test(a_lost_post_is_unknown_and_found),
        cmocka_unit_test(closing_ends_what_is_under_way),
        cmocka_unit_test(a_token_that_dies_at_work_is_fatal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
