/* Frames of Slack, decoded: the vectors in vectors/slack have the shapes of its documentation and SDKs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/chat/slack_private.h"

#define RECEIVED 1700000999000

static const struct config_chat CONFIG = {.name = "slack", .command = "/cloudtak"};

static json_t *vector(const char *name)
{
    char path[200];
    TEXT_FORMAT(path, "vectors/slack/%s.json", name);
    json_t *json = json_load_file(path, 0, NULL);
    assert_non_null(json);
    return json;
}

static struct slack_decoded decode_text(const char *text, size_t len)
{
    struct slack_decoded d;
    slack_decode(text, len, &CONFIG, "U0BOT", RECEIVED, &d);
    return d;
}

/* Consumes json. */
static struct slack_decoded decode_json(json_t *json)
{
    char *text = jsonx_print(json);
    const struct slack_decoded d = decode_text(text, strlen(text));
    mem_free(text);
    json_decref(json);
    return d;
}

static struct slack_decoded decode_vector(const char *name)
{
    return decode_json(vector(name));
}

static void put(json_t *root, const char *parent, const char *key, json_t *value)
{
    assert_int_equal(json_object_set_new(jsonx_at(root, parent), key, value), 0);
}

static void hello(void **state)
{
    (void)state;
    struct slack_decoded d = decode_vector("hello");
    assert_int_equal(d.kind, SLACK_HELLO);
    assert_int_equal(d.connections, 2);
    assert_int_equal(d.lifetime_ms, 18060000);
    d = decode_vector("hello_bare");
    assert_int_equal(d.kind, SLACK_HELLO);
    assert_int_equal(d.connections, -1);
    assert_int_equal(d.lifetime_ms, 0);
}

static void disconnect(void **state)
{
    (void)state;
    struct slack_decoded d = decode_vector("disconnect");
    assert_int_equal(d.kind, SLACK_DISCONNECT);
    assert_string_equal(d.reason, "refresh_requested");
    const char bare[] = "{\"type\":\"disconnect\"}";
    d = decode_text(bare, strlen(bare));
    assert_int_equal(d.kind, SLACK_DISCONNECT);
    assert_string_equal(d.reason, "");
}

static void slash(void **state)
{
    (void)state;
    const struct slack_decoded d = decode_vector("slash");
    assert_int_equal(d.kind, SLACK_REQUEST);
    assert_true(d.accepts_payload);
    assert_string_equal(d.envelope, "7b1f3d52-0a4e-4bb0-9d3a-5f7d2f1c0001");
    assert_int_equal(d.request.source, REQUEST_SLASH);
    assert_string_equal(d.request.delivery, "slash:1001.2002.aabbcc");
    assert_int_equal(d.request.origin_ms, RECEIVED);
    assert_int_equal(d.request.received_ms, RECEIVED);
    assert_string_equal(d.request.who.server, "slack");
    assert_string_equal(d.request.who.user, "U0ANA");
    assert_string_equal(d.request.who.name, "ana");
    assert_string_equal(d.request.who.team, "T0OPS");
    assert_string_equal(d.request.who.enterprise, "E0GOV");
    assert_string_equal(d.request.place.server, "slack");
    assert_string_equal(d.request.place.channel, "C0INCIDENT");
    assert_string_equal(d.request.place.channel_name, "incident-204");
    assert_false(d.request.place.direct);
    assert_string_equal(d.request.text,
                        "restart cotak prod --reason \"api & hub <slow>, see status.example.org/204\"");
    assert_false(d.request.text_cut);
}

static void slash_with_little(void **state)
{
    (void)state;
    const struct slack_decoded d = decode_vector("slash_bare");
    assert_int_equal(d.kind, SLACK_REQUEST);
    assert_false(d.accepts_payload);
    assert_true(d.request.place.direct);
    assert_string_equal(d.request.delivery, "envelope:e-2");
    assert_string_equal(d.request.text, "");
}

static void mention(void **state)
{
    (void)state;
    const struct slack_decoded d = decode_vector("mention");
    assert_int_equal(d.kind, SLACK_REQUEST);
    assert_int_equal(d.request.source, REQUEST_MENTION);
    assert_string_equal(d.request.delivery, "event:Ev0MENTION");
    assert_int_equal(d.request.origin_ms, 1700000123456);
    assert_string_equal(d.request.text, "stop-all cotak prod");
    assert_string_equal(d.request.place.thread, "1700000000.000100");
    assert_true(d.request.place.shared);
    assert_false(d.request.place.direct);
}

static void direct_message(void **state)
{
    (void)state;
    const struct slack_decoded d = decode_vector("direct");
    assert_int_equal(d.kind, SLACK_REQUEST);
    assert_true(d.request.place.direct);
    assert_false(d.request.place.shared);
    assert_string_equal(d.request.text, "status cotak prod");
    assert_string_equal(d.request.who.team, "T0OPS");
}

static void click(void **state)
{
    (void)state;
    const struct slack_decoded d = decode_vector("click");
    assert_int_equal(d.kind, SLACK_REQUEST);
    assert_int_equal(d.request.source, REQUEST_CLICK);
    assert_string_equal(d.request.delivery, "click:77.88.ccdd:1700000310.250000");
    assert_int_equal(d.request.origin_ms, 1700000310250);
    assert_string_equal(d.request.click_action, "confirm");
    assert_string_equal(d.request.click_value, "9QXD:nonce");
    assert_string_equal(d.request.click_message, "1700000300.000200");
    assert_string_equal(d.request.place.thread, "1700000000.000100");
    assert_string_equal(d.request.who.name, "bo");
}

/* A retry in a new envelope is the same act. */
static void redelivery_keeps_its_key(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"slash", "mention", "click"};
    for (size_t i = 0; i < 3; i++) {
        const struct slack_decoded first = decode_vector(NAMES[i]);
        json_t *again = vector(NAMES[i]);
        json_object_set_new(again, "envelope_id", json_string("another"));
        json_object_set_new(again, "retry_attempt", json_integer(2));
        const struct slack_decoded second = decode_json(again);
        assert_string_equal(second.envelope, "another");
        assert_string_equal(second.request.delivery, first.request.delivery);
    }
}

static void programs_and_edits_are_ignored(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
    } CASES[] = {{"bot_id", "B1"},   {"app_id", "A1"},  {"subtype", "message_changed"}, {"edited", "1700.1"},
                 {"hidden", "true"}, {"user", "U0BOT"}, {"type", "something"}};
    static const char *const NAMES[] = {"mention", "direct"};
    for (size_t name = 0; name < 2; name++) {
        for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
            json_t *json = vector(NAMES[name]);
            put(json, "payload.event", CASES[i].key, json_string(CASES[i].value));
            const struct slack_decoded d = decode_json(json);
            assert_int_equal(d.kind, SLACK_IGNORED);
            assert_string_not_equal(d.envelope, "");
            assert_string_not_equal(d.reason, "");
        }
    }
    json_t *json = vector("direct");
    put(json, "payload.event", "channel_type", json_string("channel"));
    assert_int_equal(decode_json(json).kind, SLACK_IGNORED);
    json = vector("direct");
    json_object_del(jsonx_at(json, "payload"), "event");
    put(json, "payload", "type", json_string("app_rate_limited"));
    const struct slack_decoded d = decode_json(json);
    assert_int_equal(d.kind, SLACK_IGNORED);
    assert_string_equal(d.reason, "app_rate_limited");
}

static void clicks_that_are_not_ours(void **state)
{
    (void)state;
    json_t *json = vector("click");
    put(json, "payload.message", "user", json_string("U0OTHER"));
    assert_int_equal(decode_json(json).kind, SLACK_IGNORED);
    json = vector("click");
    put(json, "payload", "type", json_string("view_submission"));
    assert_int_equal(decode_json(json).kind, SLACK_IGNORED);
    json = vector("click");
    put(json, "payload.actions.0", "action_id", json_string(SLACK_LINK_ACTION "#2"));
    assert_int_equal(decode_json(json).kind, SLACK_IGNORED);
    json = vector("click");
    put(json, "payload", "actions", json_array());
    assert_int_equal(decode_json(json).kind, SLACK_IGNORED);
}

/* What would have to be cut to fit is another id: never taken. */
static void too_long_is_never_cut(void **state)
{
    (void)state;
    static const struct {
        const char *vector, *parent, *key;
        size_t len;
    } CASES[] = {{"slash", "payload", "user_id", 64},
                 {"slash", "payload", "trigger_id", 160},
                 {"slash", "payload", "channel_id", 64},
                 {"mention", "payload.event", "user", 64},
                 {"mention", "payload", "event_id", 160},
                 {"click", "payload.actions.0", "value", 420},
                 {"click", "payload.actions.0", "action_id", 64},
                 {"click", "payload.user", "id", 64}};
    char text[512];
    memset(text, 'U', sizeof(text));
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        json_t *json = vector(CASES[i].vector);
        put(json, CASES[i].parent, CASES[i].key, json_stringn(text, CASES[i].len));
        const struct slack_decoded d = decode_json(json);
        assert_int_equal(d.kind, SLACK_UNPARSABLE);
        assert_string_not_equal(d.envelope, "");
    }
    json_t *json = vector("slash");
    json_object_set_new(json, "envelope_id", json_stringn(text, SLACK_ENVELOPE));
    const struct slack_decoded d = decode_json(json);
    assert_int_equal(d.kind, SLACK_UNPARSABLE);
    assert_string_equal(d.envelope, "");
}

static void long_text_is_cut_and_said(void **state)
{
    (void)state;
    char text[2 * SLACK_WORDS];
    memset(text, 'x', sizeof(text));
    json_t *json = vector("slash");
    put(json, "payload", "text", json_stringn(text, REQUEST_TEXT - 1));
    assert_false(decode_json(json).request.text_cut);
    json = vector("slash");
    put(json, "payload", "text", json_stringn(text, REQUEST_TEXT));
    assert_true(decode_json(json).request.text_cut);
    json = vector("slash");
    put(json, "payload", "text", json_stringn(text, sizeof(text)));
    assert_true(decode_json(json).request.text_cut);
}

static struct slack_decoded mention_of(const char *text)
{
    json_t *json = vector("mention");
    put(json, "payload.event", "text", json_string(text));
    return decode_json(json);
}

static void words(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"<@U0BOT> status", "status"},
        {"<@U0BOT|cloudtak>,  status\n", "status"},
        {"<@U0BOT> <@U0BOT> status", "status"},
        {"<@U0BOT>", ""},
        {"<@U0BOTX> status", "<@U0BOTX> status"},
        {"never <@U0BOT> stop-all", "never <@U0BOT> stop-all"},
        {"<@U0BOT> whoami <@U1>", "whoami <@U1>"},
        {"<@U0BOT> a &lt;https://x|y&gt; &amp;lt;", "a <https://x|y> &lt;"},
        {"<@U0BOT> mail <mailto:a@b.c|a@b.c> <https://x.y/z>", "mail a@b.c https://x.y/z"},
        {"<@U0BOT> two\nlines\tand \xE2\x80\xAE bidi", "two lines and   bidi"},
        {"<@U0BOT> a < b", "a < b"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        assert_string_equal(mention_of(CASES[i][0]).request.text, CASES[i][1]);
    }
}

static void rubbish(void **state)
{
    (void)state;
    static const struct {
        const char *text, *envelope;
    } CASES[] = {
        {"", ""},
        {"[]", ""},
        {"{}", ""},
        {"{\"type\":\"slash_commands\"}", ""},
        {"{\"type\":\"slash_commands\",\"envelope_id\":\"e\",\"payload\":[]}", "e"},
        {"{\"envelope_id\": \"e-9\", \"type\":\"slash_commands\", \"payload\": {", "e-9"},
        {"{\"envelope_id\":\"e\",\"payload\":{\"a\":1,\"a\":2}}", "e"},
        {"{\"envelope_id\":\"e\",\"payload\":\"\\u0000\"}", "e"},
        {"{\"payload\":\"\\\"envelope_id\\\":\\\"smuggled\\\"", ""},
        {"{\"envelope_id\":\"e\\\"", ""},
        {"\"envelope_id\"", ""},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        const struct slack_decoded d = decode_text(CASES[i].text, strlen(CASES[i].text));
        assert_int_equal(d.kind, SLACK_UNPARSABLE);
        assert_string_equal(d.envelope, CASES[i].envelope);
    }
    const char unknown[] = "{\"type\":\"new_thing\",\"envelope_id\":\"e\"}";
    const struct slack_decoded d = decode_text(unknown, strlen(unknown));
    assert_int_equal(d.kind, SLACK_IGNORED);
    assert_string_equal(d.envelope, "e");
}

/* Every frame cut at every byte: no crash, no request, the id found as soon as it is whole. */
static void cut_anywhere(void **state)
{
    (void)state;
    json_t *json = vector("click");
    char *text = jsonx_print(json);
    json_decref(json);
    const size_t len = strlen(text);
    for (size_t cut = 0; cut < len; cut++) {
        char *piece = mem_text_n(text, cut);
        const struct slack_decoded d = decode_text(piece, cut);
        assert_int_equal(d.kind, SLACK_UNPARSABLE);
        mem_free(piece);
    }
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello),
        cmocka_unit_test(disconnect),
        cmocka_unit_test(slash),
        cmocka_unit_test(slash_with_little),
        cmocka_unit_test(mention),
        cmocka_unit_test(direct_message),
        cmocka_unit_test(click),
        cmocka_unit_test(redelivery_keeps_its_key),
        cmocka_unit_test(programs_and_edits_are_ignored),
        cmocka_unit_test(clicks_that_are_not_ours),
        cmocka_unit_test(too_long_is_never_cut),
        cmocka_unit_test(long_text_is_cut_and_said),
        cmocka_unit_test(words),
        cmocka_unit_test(rubbish),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
