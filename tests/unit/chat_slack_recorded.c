/* Frames of the shapes that Slack's own SDKs recorded, with values of ours (vectors/slack/recorded.json):
 * what each becomes, who did it and where; then each one cut at every byte and with every key taken away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/chat/slack_private.h"

#define RECEIVED   1700000999000
#define FRAMES_MIN 90

static const struct config_chat CONFIG = {.name = "slack", .command = "/cloudtak"};
static const char *const KINDS[] = {[SLACK_HELLO] = "hello",
                                    [SLACK_DISCONNECT] = "disconnect",
                                    [SLACK_REQUEST] = "request",
                                    [SLACK_IGNORED] = "ignored",
                                    [SLACK_UNPARSABLE] = "unparsable"};
static const char *const SOURCES[] = {
    [REQUEST_SLASH] = "slash", [REQUEST_MENTION] = "mention", [REQUEST_CLICK] = "click"};

static json_t *rows;
static struct slack_decoded d;

static int load(void **state)
{
    (void)state;
    rows = json_load_file("vectors/slack/recorded.json", 0, NULL);
    assert_true(json_array_size(rows) >= FRAMES_MIN);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    json_decref(rows);
    return 0;
}

static void decode(const char *text, size_t len)
{
    memset(&d, 0, sizeof(d));
    slack_decode(text, len, &CONFIG, "U0BOT", RECEIVED, &d);
}

static void decode_json(const json_t *frame)
{
    char *text = jsonx_print(frame);
    decode(text, strlen(text));
    mem_free(text);
}

/* ---- whole */

static void expect(const json_t *row, const char *key, const char *got)
{
    const char *wanted = jsonx_text(row, key);
    if (strcmp(wanted, got) != 0) {
        fail_msg("%s: %s is \"%s\" instead of \"%s\"", jsonx_text(row, "name"), key, got, wanted);
    }
}

static void expect_request(const json_t *row)
{
    const struct request *r = &d.request;
    expect(row, "source", SOURCES[r->source]);
    expect(row, "user", r->who.user);
    expect(row, "team", r->who.team);
    expect(row, "enterprise", r->who.enterprise);
    expect(row, "channel", r->place.channel);
    expect(row, "thread", r->place.thread);
    expect(row, "text", r->text);
    expect(row, "action", r->click_action);
    expect(row, "message", r->click_message);
    assert_int_equal(r->place.direct, jsonx_bool(row, "direct", false));
    assert_int_equal(r->place.shared, jsonx_bool(row, "shared", false));
    assert_string_not_equal(r->delivery, "");
}

static void each_is_what_it_is(void **state)
{
    (void)state;
    size_t i, seen[5] = {0};
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const json_t *frame = jsonx_at(row, "frame");
        decode_json(frame);
        expect(row, "kind", KINDS[d.kind]);
        expect(frame, "envelope_id", d.envelope);
        seen[d.kind]++;
        if (d.kind == SLACK_REQUEST) {
            expect_request(row);
            assert_int_equal(d.accepts_payload, jsonx_bool(frame, "accepts_response_payload", false));
        } else if (d.kind == SLACK_IGNORED || d.kind == SLACK_UNPARSABLE) {
            expect(row, "why", d.reason);
        }
    }
    for (size_t kind = 0; kind < 5; kind++) {
        assert_true(seen[kind] > 0);
    }
}

/* ---- in pieces */

/* A piece of a frame is never taken for what a person did; its envelope is acked if it names one. */
static void cut_anywhere_it_is_nothing(void **state)
{
    (void)state;
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        char *text = jsonx_print(jsonx_at(row, "frame"));
        for (size_t len = 0; len < strlen(text); len++) {
            char *piece = mem_text_n(text, len); /* of its own: a read far behind its end is seen */
            decode(piece, len);
            mem_free(piece);
            if (d.kind != SLACK_UNPARSABLE) {
                fail_msg("%s, %zu bytes: %s", jsonx_text(row, "name"), len, KINDS[d.kind]);
            }
            if (d.envelope[0] != '\0') {
                expect(jsonx_at(row, "frame"), "envelope_id", d.envelope);
            }
        }
        mem_free(text);
    }
}

/* ---- with holes */

/* Whoever is named is the one whom the whole frame names: nobody else's id takes the place of what is gone.
 */
static void expect_nobody_else(const json_t *row, const char *gone)
{
    const char *user = jsonx_text(row, "user"), *channel = jsonx_text(row, "channel");
    if (d.kind == SLACK_REQUEST &&
        (strcmp(d.request.who.user, user) != 0 || strcmp(d.request.place.channel, channel) != 0)) {
        fail_msg("%s without %s: %s in %s", jsonx_text(row, "name"), gone, d.request.who.user,
                 d.request.place.channel);
    }
    if (d.envelope[0] != '\0') {
        expect(jsonx_at(row, "frame"), "envelope_id", d.envelope);
    }
}

static size_t take_away(const json_t *row, json_t *node);

static size_t take_away_keys(const json_t *row, json_t *object)
{
    size_t count = 0;
    json_t *all = json_copy(object); /* what is taken away comes back at the object's end */
    const char *key;
    json_t *value;
    json_object_foreach(all, key, value)
    {
        count += take_away(row, value);
        json_object_del(object, key);
        decode_json(jsonx_at(row, "frame"));
        if (strcmp(jsonx_text(row, "kind"), "request") == 0) {
            expect_nobody_else(row, key);
        }
        json_object_set(object, key, value);
        count++;
    }
    json_decref(all);
    return count;
}

/* Each key below node once. Returns how many. */
static size_t take_away(const json_t *row, json_t *node)
{
    size_t count = 0;
    if (json_is_object(node)) {
        return take_away_keys(row, node);
    }
    for (size_t i = 0; i < json_array_size(node); i++) {
        count += take_away(row, json_array_get(node, i));
    }
    return count;
}

static void without_any_key_nobody_else_acts(void **state)
{
    (void)state;
    size_t i, count = 0;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        count += take_away(row, jsonx_at(row, "frame"));
    }
    assert_true(count > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_what_it_is),
        cmocka_unit_test(cut_anywhere_it_is_nothing),
        cmocka_unit_test(without_any_key_nobody_else_acts),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
