/* The simulated Slack workspace: limits, errors, messages, envelopes. */
#include "sim/world_slack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"

#define SECOND INT64_C(1000000)
#define ANA    "U0ANA"

struct fixture {
    struct world_slack *w;
    int64_t now;
    struct world_slack_reply reply;
    json_t *last; /* the last change told */
    int changes;
};

static void remember(void *user, const json_t *change)
{
    struct fixture *f = user;
    json_decref(f->last);
    f->last = json_deep_copy(change);
    f->changes++;
}

static int begin(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    struct world_slack_options options = {
        .start_wall_ms = INT64_C(1790000000000), .seed = 1, .on_change = remember, .user = f};
    f->w = world_slack_create(&options);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    world_slack_destroy(f->w);
    json_decref(f->reply.body);
    json_decref(f->last);
    mem_free(f);
    return 0;
}

/* Takes arguments; the answer stays in f->reply until the next call. */
static const char *call_as(struct fixture *f, const char *token, const char *method, json_t *arguments)
{
    json_decref(f->reply.body);
    world_slack_call(f->w, f->now, method, token, arguments, &f->reply);
    json_decref(arguments);
    return jsonx_text(f->reply.body, "error");
}

static const char *call(struct fixture *f, const char *method, json_t *arguments)
{
    return call_as(f, WORLD_SLACK_BOT_TOKEN, method, arguments);
}

static const char *post(struct fixture *f, const char *channel, const char *text)
{
    return call(f, "chat.postMessage", json_pack("{s:s,s:s}", "channel", channel, "text", text));
}

static json_t *section(size_t characters)
{
    char *text = mem_alloc(characters + 1);
    memset(text, 'x', characters);
    json_t *b = json_pack("{s:s,s:{s:s,s:s}}", "type", "section", "text", "type", "mrkdwn", "text", text);
    mem_free(text);
    return b;
}

static const char *post_blocks(struct fixture *f, json_t *blocks)
{
    return call(f, "chat.postMessage",
                json_pack("{s:s,s:s,s:o}", "channel", WORLD_SLACK_CHANNEL, "text", "x", "blocks", blocks));
}

static void tokens_decide(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(call_as(f, NULL, "auth.test", json_object()), "not_authed");
    assert_string_equal(call_as(f, "xoxb-wrong", "auth.test", json_object()), "invalid_auth");
    assert_string_equal(call_as(f, WORLD_SLACK_APP_TOKEN, "auth.test", json_object()),
                        "not_allowed_token_type");
    assert_string_equal(call(f, "apps.connections.open", json_object()), "not_allowed_token_type");
    assert_string_equal(call(f, "auth.test", json_object()), "");
    assert_string_equal(jsonx_text(f->reply.body, "user_id"), WORLD_SLACK_BOT_USER);
    assert_string_equal(call(f, "no.such", json_object()), "unknown_method");
    world_slack_revoke(f->w, "users:read");
    assert_string_equal(call(f, "users.info", json_pack("{s:s}", "user", ANA)), "missing_scope");
    assert_string_equal(jsonx_text(f->reply.body, "needed"), "users:read");
}

static void channels_take_one_message_a_second(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++) {
        assert_string_equal(post(f, WORLD_SLACK_CHANNEL, "hello"), "");
    }
    assert_string_equal(post(f, WORLD_SLACK_CHANNEL, "hello"), "ratelimited");
    assert_int_equal(f->reply.status, 429);
    assert_in_range(f->reply.retry_after_s, 1, 2);
    assert_string_equal(post(f, "C0GENERAL1", "another channel"), "");
    f->now += f->reply.retry_after_s * SECOND + SECOND;
    assert_string_equal(post(f, WORLD_SLACK_CHANNEL, "hello"), "");
    world_slack_set_limits(f->w, false);
    for (int i = 0; i < 50; i++) {
        assert_string_equal(post(f, WORLD_SLACK_CHANNEL, "hello"), "");
    }
}

static void channels_refuse(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(post(f, "C0NOWHERE1", "x"), "channel_not_found");
    assert_string_equal(post(f, "C0OUTSIDE1", "x"), "not_in_channel");
    assert_string_equal(post(f, WORLD_SLACK_CHANNEL, ""), "no_text");
    assert_string_equal(post(f, ANA, "direct"), "");
    assert_string_equal(jsonx_text(f->last, "channel"), "D0SIMANA01");
    assert_string_equal(call(f, "chat.postMessage",
                             json_pack("{s:s,s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "text", "x",
                                       "thread_ts", "1.000001")),
                        "thread_not_found");
}

static void blocks_have_limits(void **state)
{
    struct fixture *f = *state;
    world_slack_set_limits(f->w, false);
    assert_string_equal(post_blocks(f, json_pack("[o]", section(3000))), "");
    assert_string_equal(post_blocks(f, json_pack("[o]", section(3001))), "invalid_blocks");
    assert_non_null(strstr(jsonx_text(f->reply.body, "response_metadata.messages.0"), "/blocks/0/text"));
    json_t *many = json_array();
    for (int i = 0; i < 51; i++) {
        json_array_append_new(many, json_pack("{s:s}", "type", "divider"));
    }
    assert_string_equal(post_blocks(f, many), "invalid_blocks");
    assert_string_equal(post_blocks(f, json_pack("[{s:s}]", "type", "marquee")), "invalid_blocks");
    const char *button = "[{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"text\":{\"type\":"
                         "\"plain_text\",\"text\":\"Go\"},\"action_id\":\"go\"}]}]";
    static const char *const styles[] = {"danger", "red"};
    for (size_t i = 0; i < 2; i++) {
        json_t *blocks = json_loads(button, 0, NULL);
        json_t *e = jsonx_at(blocks, "0.elements.0");
        json_object_set_new(e, "style", json_string(styles[i]));
        assert_string_equal(post_blocks(f, blocks), i == 0 ? "" : "invalid_blocks");
    }
    /* a form's blocks are a text, its metadata too */
    assert_string_equal(
        call(f, "chat.postMessage",
             json_pack("{s:s,s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "blocks", "[{\"type\":\"divider\"}]",
                       "metadata", "{\"event_type\":\"op\",\"event_payload\":{\"key\":\"7F3K\"}}")),
        "");
    assert_string_equal(jsonx_text(f->last, "metadata.event_payload.key"), "7F3K");
    assert_string_equal(
        call(f, "chat.postMessage", json_pack("{s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "blocks", "[{")),
        "no_text");
}

static void own_messages_can_be_edited(void **state)
{
    struct fixture *f = *state;
    post(f, WORLD_SLACK_CHANNEL, "one");
    char ts[32];
    TEXT_COPY(ts, jsonx_text(f->reply.body, "ts"));
    assert_string_equal(
        call(f, "chat.update",
             json_pack("{s:s,s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "ts", ts, "text", "two")),
        "");
    assert_string_equal(jsonx_text(f->last, "event"), "update");
    assert_string_equal(jsonx_text(f->last, "text"), "two");
    char *long_text = mem_alloc(4002);
    memset(long_text, 'x', 4001);
    assert_string_equal(
        call(f, "chat.update",
             json_pack("{s:s,s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "ts", ts, "text", long_text)),
        "msg_too_long");
    mem_free(long_text);
    const char *why;
    json_t *e = world_slack_mention(f->w, f->now, "ana", "incident", "", "help", &why);
    assert_string_equal(call(f, "chat.update",
                             json_pack("{s:s,s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "ts",
                                       jsonx_text(e, "payload.event.ts"), "text", "mine")),
                        "cant_update_message");
    json_decref(e);
    assert_string_equal(
        call(f, "chat.update",
             json_pack("{s:s,s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "ts", "1.000001", "text", "x")),
        "message_not_found");
}

static void history_finds_metadata(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 4; i++) {
        char key[8];
        TEXT_FORMAT(key, "k%d", i);
        call(f, "chat.postMessage",
             json_pack("{s:s,s:s,s:{s:s,s:{s:s}}}", "channel", WORLD_SLACK_CHANNEL, "text", key, "metadata",
                       "event_type", "op", "event_payload", "key", key));
    }
    call(f, "chat.postEphemeral",
         json_pack("{s:s,s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "user", ANA, "text", "private"));
    call(f, "conversations.history",
         json_pack("{s:s,s:i,s:b}", "channel", WORLD_SLACK_CHANNEL, "limit", 3, "include_all_metadata", 1));
    assert_int_equal(json_array_size(jsonx_at(f->reply.body, "messages")), 3);
    assert_string_equal(jsonx_text(f->reply.body, "messages.0.metadata.event_payload.key"), "k3");
    assert_true(jsonx_bool(f->reply.body, "has_more", false));
    call(f, "conversations.history",
         json_pack("{s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "cursor",
                   jsonx_text(f->reply.body, "response_metadata.next_cursor")));
    assert_int_equal(json_array_size(jsonx_at(f->reply.body, "messages")), 1);
    assert_string_equal(jsonx_text(f->reply.body, "messages.0.text"), "k0");
    assert_null(jsonx_at(f->reply.body, "messages.0.metadata"));
    char ts[32];
    TEXT_COPY(ts, jsonx_text(f->reply.body, "messages.0.ts"));
    f->now += 5 * SECOND;
    call(f, "chat.postMessage",
         json_pack("{s:s,s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "text", "in thread", "thread_ts", ts));
    call(f, "conversations.replies", json_pack("{s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "ts", ts));
    assert_int_equal(json_array_size(jsonx_at(f->reply.body, "messages")), 2);
    assert_string_equal(jsonx_text(f->reply.body, "messages.1.text"), "in thread");
}

static void people_differ(void **state)
{
    struct fixture *f = *state;
    call(f, "users.info", json_pack("{s:s}", "user", ANA));
    assert_false(jsonx_bool(f->reply.body, "user.is_restricted", true));
    call(f, "users.info", json_pack("{s:s}", "user", "U0GUS"));
    assert_true(jsonx_bool(f->reply.body, "user.is_restricted", false));
    call(f, "users.info", json_pack("{s:s}", "user", "U0EVE"));
    assert_true(jsonx_bool(f->reply.body, "user.is_stranger", false));
    call(f, "users.info", json_pack("{s:s}", "user", "U0DEE"));
    assert_true(jsonx_bool(f->reply.body, "user.deleted", false));
    assert_string_equal(call(f, "users.info", json_pack("{s:s}", "user", "U0NOBODY01")), "user_not_found");
    call(f, "usergroups.users.list", json_pack("{s:s}", "usergroup", WORLD_SLACK_GROUP));
    assert_string_equal(jsonx_text(f->reply.body, "users.0"), ANA);
    assert_string_equal(
        call(f, "chat.postEphemeral",
             json_pack("{s:s,s:s,s:s}", "channel", WORLD_SLACK_CHANNEL, "user", "U0DEE", "text", "x")),
        "user_not_in_channel");
}

static void slash_commands_are_acked(void **state)
{
    struct fixture *f = *state;
    const char *why;
    json_t *e = world_slack_slash(f->w, f->now, "ana", WORLD_SLACK_CHANNEL, "restart cotak prod", &why);
    const char *id = jsonx_text(e, "envelope_id");
    assert_string_equal(jsonx_text(e, "type"), "slash_commands");
    assert_string_equal(jsonx_text(e, "payload.user_id"), ANA);
    assert_true(json_is_string(jsonx_at(e, "payload.is_enterprise_install")));
    world_slack_sent(f->w, f->now, id, 1);
    f->now += 2500;
    assert_false(world_slack_ack(f->w, f->now, "no-such", NULL));
    json_t *payload = json_pack("{s:s}", "text", "only you see this");
    assert_true(world_slack_ack(f->w, f->now, id, payload));
    json_decref(payload);
    assert_string_equal(jsonx_text(f->last, "to"), ANA);
    assert_int_equal(f->changes, 2);
    json_t *stats = world_slack_stats(f->w, 0);
    assert_int_equal(jsonx_int(stats, "acks", -1), 1);
    assert_true(json_real_value(jsonx_at(stats, "p99_ms")) > 2.4);
    assert_true(json_real_value(jsonx_at(stats, "max_ms")) < 2.6);
    json_decref(stats);
    json_decref(e);
    assert_null(world_slack_slash(f->w, f->now, "dee", WORLD_SLACK_CHANNEL, "status", &why));
    assert_string_equal(why, "this user is deactivated");
}

static void unacked_ones_come_again(void **state)
{
    struct fixture *f = *state;
    const char *why;
    json_t *slash = world_slack_slash(f->w, f->now, "ana", "incident", "status", &why);
    json_t *event = world_slack_mention(f->w, f->now, "ana", "incident", "", "status", &why);
    world_slack_sent(f->w, f->now, jsonx_text(slash, "envelope_id"), 7);
    world_slack_sent(f->w, f->now, jsonx_text(event, "envelope_id"), 8);
    f->now += 2 * SECOND;
    assert_null(world_slack_redelivery(f->w, f->now));
    world_slack_lost(f->w, f->now, 8);
    assert_null(world_slack_redelivery(f->w, f->now));
    world_slack_lost(f->w, f->now, 7);
    json_t *again = world_slack_redelivery(f->w, f->now);
    assert_string_equal(jsonx_text(again, "envelope_id"), jsonx_text(slash, "envelope_id"));
    assert_true(world_slack_ack(f->w, f->now, jsonx_text(again, "envelope_id"), NULL));
    json_decref(again);
    static const int64_t waits[] = {3, 60, 300};
    for (int i = 0; i < 3; i++) {
        f->now += waits[i] * SECOND;
        again = world_slack_redelivery(f->w, f->now);
        assert_non_null(again);
        assert_null(world_slack_redelivery(f->w, f->now)); /* told once */
        assert_int_equal(jsonx_int(again, "retry_attempt", -1), i + 1);
        assert_string_equal(jsonx_text(again, "retry_reason"), "timeout");
        assert_string_equal(jsonx_text(again, "payload.event_id"), jsonx_text(event, "payload.event_id"));
        world_slack_sent(f->w, f->now, jsonx_text(again, "envelope_id"), 9);
        json_decref(again);
    }
    f->now += 3600 * SECOND;
    assert_null(world_slack_redelivery(f->w, f->now));
    json_decref(slash);
    json_decref(event);
}

static void buttons_can_be_clicked(void **state)
{
    struct fixture *f = *state;
    const char *why;
    post_blocks(f,
                json_loads("[{\"type\":\"actions\",\"block_id\":\"b\",\"elements\":[{\"type\":\"button\","
                           "\"text\":{\"type\":\"plain_text\",\"text\":\"Stop\"},\"action_id\":\"confirm\","
                           "\"value\":\"4821\"}]}]",
                           0, NULL));
    char ts[32];
    TEXT_COPY(ts, jsonx_text(f->reply.body, "ts"));
    json_t *e = world_slack_click(f->w, f->now, "bo", ts, "confirm", NULL, &why);
    assert_non_null(e);
    assert_string_equal(jsonx_text(e, "type"), "interactive");
    assert_string_equal(jsonx_text(e, "payload.type"), "block_actions");
    assert_string_equal(jsonx_text(e, "payload.user.id"), "U0BO");
    assert_string_equal(jsonx_text(e, "payload.actions.0.value"), "4821");
    assert_string_equal(jsonx_text(e, "payload.message.ts"), ts);
    assert_string_equal(jsonx_text(e, "payload.message.user"), WORLD_SLACK_BOT_USER);
    char url[128];
    TEXT_COPY(url, jsonx_text(e, "payload.response_url"));
    json_decref(e);
    assert_null(world_slack_click(f->w, f->now, "bo", ts, "no-such", NULL, &why));
    assert_string_equal(why, "this message has no such button");
    for (int i = 0; i < 6; i++) {
        struct world_slack_reply r;
        json_t *body = json_pack("{s:s}", "text", "done");
        world_slack_respond(f->w, f->now, strrchr(url, '/') + 1, body, &r);
        assert_int_equal(r.status, i < 5 ? 200 : 404);
        json_decref(r.body);
        json_decref(body);
    }
    assert_string_equal(jsonx_text(f->last, "event"), "ephemeral");
}

static void tickets_work_once(void **state)
{
    struct fixture *f = *state;
    char a[WORLD_SLACK_TICKET], b[WORLD_SLACK_TICKET];
    world_slack_ticket(f->w, f->now, a);
    world_slack_ticket(f->w, f->now, b);
    assert_string_not_equal(a, b);
    assert_true(world_slack_use_ticket(f->w, f->now, a));
    assert_false(world_slack_use_ticket(f->w, f->now, a));
    assert_false(world_slack_use_ticket(f->w, f->now, ""));
    assert_false(world_slack_use_ticket(f->w, f->now + 31 * SECOND, b));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tokens_decide),
        TEST(channels_take_one_message_a_second),
        TEST(channels_refuse),
        TEST(blocks_have_limits),
        TEST(own_messages_can_be_edited),
        TEST(history_finds_metadata),
        TEST(people_differ),
        TEST(slash_commands_are_acked),
        TEST(unacked_ones_come_again),
        TEST(buttons_can_be_clicked),
        TEST(tickets_work_once),
    };
    return cmocka_run_group_tests_name("sim world_slack", tests, NULL, NULL);
}
