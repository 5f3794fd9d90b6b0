/* Slack messages as a terminal shows them, and the buttons counted as a person counts them. */
#include "base/jsonx.h"
#include "base/text.h"
#include "bot/rehearse_blocks.h"
#include "lib/check.h"

#include <string.h>

static json_t *read_json(const char *text)
{
    json_error_t e;
    json_t *value = json_loads(text, 0, &e);
    if (value == NULL) {
        fail_msg("bad row: %s: %s", e.text, text);
    }
    return value;
}

static void expect(const char *name, const char *blocks, const char *text, const char *expected)
{
    struct buf b;
    char got[2000];
    json_t *names = read_json("{\"U0ANA\":\"ana\"}");
    json_t *parsed = read_json(blocks);
    buf_init(&b, 10000);
    rehearse_blocks(parsed, text, names, &b);
    TEXT_COPY(got, b.data);
    buf_finish(&b);
    json_decref(parsed);
    json_decref(names);
    if (strcmp(got, expected) != 0) {
        fail_msg("%s:\n%s", name, got);
    }
}

static void plain_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""},
        {"hello", "hello\n"},
        {"one\ntwo", "one\n   two\n"},
        {"<@U0ANA> and <@U9>", "@ana and @U9\n"},
        {"<!subteam^S1> <!subteam^S1|oncall> <!channel>", "@S1 @oncall @channel\n"},
        {"<#C1> <#C1|incident>", "#C1 #incident\n"},
        {"<https://x/y> <https://x/y|console>", "https://x/y console (https://x/y)\n"},
        {"a &lt;b&gt; &amp;amp; c", "a <b> &amp; c\n"},
        {"*bold* text", "bold text\n"},
        {"never < closed", "never < closed\n"},
        {"before\n```\ncode\nmore\n```\nafter", "before\n   | code\n   | more\n   after\n"},
        {"```one line```", "   | one line\n"},
        {"```first\nlast```\nafter", "   | first\n   | last\n   after\n"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        expect(rows[i].text, "[]", rows[i].text, rows[i].expected);
    }
}

#define MESSAGE                                                                                              \
    "[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"\u2705 DONE *not bold* &amp;\"}},"   \
    "{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"Users: *SERVED*\"},"                     \
    "\"fields\":[{\"type\":\"mrkdwn\",\"text\":\"*Where*\\naws\"}]},"                                        \
    "{\"type\":\"divider\"},"                                                                                \
    "{\"type\":\"actions\",\"elements\":["                                                                   \
    "{\"type\":\"button\",\"action_id\":\"stop\",\"value\":\"v1\",\"text\":{\"text\":\"Stop\"}},"            \
    "{\"type\":\"button\",\"action_id\":\"open\",\"url\":\"https://x\",\"text\":{\"text\":\"Console\"}},"    \
    "{\"type\":\"button\",\"action_id\":\"ase\",\"value\":\"v2\",\"text\":{\"text\":\"ASE is called\"}}]},"  \
    "{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":\"Next: status\"}]},"                 \
    "{\"type\":\"actions\",\"elements\":["                                                                   \
    "{\"type\":\"button\",\"action_id\":\"last\",\"value\":\"v3\",\"text\":{\"text\":\"Last\"}}]}]"

static void a_whole_message(void **state)
{
    (void)state;
    expect("whole", MESSAGE, "not shown",
           "✅ DONE *not bold* &amp;\n"
           "   Users: SERVED\n"
           "   Where: aws\n"
           "   [1: Stop]  [Console: https://x]  [2: ASE is called]\n"
           "   Next: status\n"
           "   [3: Last]\n");
}

static void buttons_by_number(void **state)
{
    (void)state;
    static const struct {
        int n;
        const char *action, *value;
    } rows[] = {{1, "stop", "v1"}, {2, "ase", "v2"}, {3, "last", "v3"}, {4, NULL, NULL}, {0, NULL, NULL}};
    json_t *blocks = read_json(MESSAGE);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const char *action = NULL, *value = NULL;
        assert_true(rehearse_button(blocks, rows[i].n, &action, &value) == (rows[i].action != NULL));
        assert_true(text_equal(action, rows[i].action));
        assert_true(text_equal(value, rows[i].value));
    }
    json_decref(blocks);
}

static void odd_blocks_do_no_harm(void **state)
{
    (void)state;
    expect("no type", "[{}]", "t", "");
    expect("unknown", "[{\"type\":\"video\"},{\"type\":\"actions\"}]", "t", "   \n");
    expect("not a list", "{}", "the text", "the text\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_texts),
        cmocka_unit_test(a_whole_message),
        cmocka_unit_test(buttons_by_number),
        cmocka_unit_test(odd_blocks_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
