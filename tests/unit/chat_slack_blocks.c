/* Cards as Block Kit: Slack's limits, and nothing smuggled in. */
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

static void card_of_everything(struct card *c)
{
    card_init(c, TONE_WORKING);
    card_title(c, "🔄 RESTARTING cotak prod api (PRODUCTION)");
    card_served(c, "Users: SERVED, 2 of 2 old tasks healthy.");
    card_field(c, "Account", "%s", "000000000000");
    card_line(c, "Checks: image ok · database ok");
    card_quote(c, "exit code 1");
    card_link(c, "AWS console", "https://console.aws.example/x?a=1&b=2");
    card_mention(c, "slack:user:U0ANA");
    card_mention(c, "slack:group:S0ASE");
    card_mention(c, "mm:user:k3j");
    card_footer(c, "/cloudtak status cotak prod");
    struct card_button *b = card_button(c, "Stop COTAK PROD api", "confirm", "9QXD:nonce");
    b->danger = true;
    TEXT_COPY(b->dialog_title, "Stop COTAK PROD api?");
    TEXT_COPY(b->dialog_text, "Users are cut off, up to 5 minutes.");
    TEXT_COPY(b->dialog_yes, "Stop it");
    card_button(c, "Cancel (anyone)", "confirm", "other");
}

static char *all_text(const struct card *c)
{
    json_t *blocks = slack_blocks(c, "slack");
    char *text = jsonx_print(blocks);
    json_decref(blocks);
    return text;
}

static void layout(void **state)
{
    (void)state;
    struct card c;
    card_of_everything(&c);
    json_t *blocks = slack_blocks(&c, "slack");
    assert_int_equal(json_array_size(blocks), 8);
    assert_string_equal(jsonx_text(blocks, "0.type"), "section");
    assert_string_equal(
        jsonx_text(blocks, "0.text.text"),
        "*🔄 RESTARTING cotak prod api (PRODUCTION)*\nUsers: SERVED, 2 of 2 old tasks healthy.");
    assert_string_equal(jsonx_text(blocks, "1.fields.0.text"), "*Account*\n000000000000");
    assert_string_equal(jsonx_text(blocks, "2.text.text"), "Checks: image ok · database ok");
    assert_string_equal(jsonx_text(blocks, "3.text.text"), "<@U0ANA> <!subteam^S0ASE> mm:user:k3j");
    assert_string_equal(jsonx_text(blocks, "4.text.text"), "```\nexit code 1\n```");
    assert_string_equal(jsonx_text(blocks, "5.elements.0.text"),
                        "<https://console.aws.example/x?a=1&amp;b=2|AWS console>");
    assert_string_equal(jsonx_text(blocks, "6.type"), "actions");
    assert_string_equal(jsonx_text(blocks, "6.elements.0.action_id"), "confirm");
    assert_string_equal(jsonx_text(blocks, "6.elements.0.style"), "danger");
    assert_string_equal(jsonx_text(blocks, "6.elements.0.confirm.confirm.text"), "Stop it");
    assert_string_equal(jsonx_text(blocks, "6.elements.0.confirm.style"), "danger");
    assert_string_equal(jsonx_text(blocks, "6.elements.1.action_id"), "confirm#2");
    assert_string_equal(jsonx_text(blocks, "6.elements.1.value"), "other");
    assert_null(jsonx_at(blocks, "6.elements.1.style"));
    assert_null(jsonx_at(blocks, "6.elements.1.confirm"));
    assert_string_equal(jsonx_text(blocks, "7.elements.0.text"), "/cloudtak status cotak prod");
    json_decref(blocks);
}

static void an_empty_card_has_no_empty_block(void **state)
{
    (void)state;
    struct card c;
    card_init(&c, TONE_NEUTRAL);
    card_title(&c, "Targets");
    json_t *blocks = slack_blocks(&c, "slack");
    assert_int_equal(json_array_size(blocks), 1);
    json_decref(blocks);
}

static void rehearsal_stands_in_both(void **state)
{
    (void)state;
    struct card c;
    card_of_everything(&c);
    c.rehearsal = true;
    json_t *blocks = slack_blocks(&c, "slack");
    assert_true(text_starts(jsonx_text(blocks, "0.text.text"), "*REHEARSAL · 🔄"));
    json_decref(blocks);
    char *fallback = slack_fallback(&c, "slack");
    assert_true(text_starts(fallback, "REHEARSAL · 🔄"));
    mem_free(fallback);
}

static void fallback_says_it_all(void **state)
{
    (void)state;
    struct card c;
    card_of_everything(&c);
    char *fallback = slack_fallback(&c, "slack");
    assert_string_equal(fallback, "🔄 RESTARTING cotak prod api (PRODUCTION)\n"
                                  "Users: SERVED, 2 of 2 old tasks healthy.\n"
                                  "<@U0ANA> <!subteam^S0ASE> mm:user:k3j\n"
                                  "Account: 000000000000\n"
                                  "Checks: image ok · database ok\n"
                                  "```\nexit code 1\n```\n"
                                  "<https://console.aws.example/x?a=1&amp;b=2|AWS console>\n"
                                  "/cloudtak status cotak prod");
    mem_free(fallback);
}

static void fill(char *to, size_t size, const char *with)
{
    to[0] = '\0';
    for (size_t at = 0; at + strlen(with) < size; at += strlen(with)) {
        memcpy(to + at, with, strlen(with) + 1);
    }
}

static size_t units(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        count += (c & 0xC0) != 0x80 ? (c >= 0xF0 ? 2U : 1U) : 0U;
    }
    return count;
}

static void check_object(const json_t *object, size_t max, size_t *total)
{
    const char *text = jsonx_text(object, "text");
    assert_true(units(text) >= 1);
    assert_true(units(text) <= max);
    assert_true(text_utf8_valid(text, strlen(text)));
    const char *last = strrchr(text, '&');
    if (text_equal(jsonx_text(object, "type"), "mrkdwn")) {
        assert_true(jsonx_bool(object, "verbatim", false));
        assert_true(last == NULL || strchr(last, ';') != NULL); /* no entity was cut */
    }
    *total += units(text);
}

static void check_limits(const json_t *blocks)
{
    size_t i, j, total = 0;
    json_t *block, *inner;
    assert_true(json_array_size(blocks) <= 50);
    json_array_foreach(blocks, i, block)
    {
        if (jsonx_at(block, "text") != NULL) {
            check_object(jsonx_at(block, "text"), 3000, &total);
        }
        assert_true(json_array_size(jsonx_at(block, "fields")) <= 10);
        json_array_foreach(jsonx_at(block, "fields"), j, inner)
        {
            check_object(inner, 2000, &total);
        }
        assert_true(json_array_size(jsonx_at(block, "elements")) <= 25);
        json_array_foreach(jsonx_at(block, "elements"), j, inner)
        {
            if (!text_equal(jsonx_text(inner, "type"), "button")) {
                check_object(inner, 3000, &total);
                continue;
            }
            check_object(jsonx_at(inner, "text"), 75, &total);
            assert_true(strlen(jsonx_text(inner, "action_id")) <= 255);
            assert_true(strlen(jsonx_text(inner, "value")) <= 2000);
            check_object(jsonx_at(inner, "confirm.title"), 100, &total);
            check_object(jsonx_at(inner, "confirm.text"), 300, &total);
            check_object(jsonx_at(inner, "confirm.confirm"), 30, &total);
            check_object(jsonx_at(inner, "confirm.deny"), 30, &total);
        }
    }
    assert_true(total <= 32000);
}

static void limits_with(const char *with)
{
    struct card c;
    card_init(&c, TONE_BAD);
    fill(c.title, sizeof(c.title), with);
    fill(c.served, sizeof(c.served), with);
    fill(c.quoted, sizeof(c.quoted), with);
    fill(c.footer, sizeof(c.footer), with);
    c.field_count = CARD_FIELDS;
    for (size_t i = 0; i < CARD_FIELDS; i++) {
        fill(c.fields[i].name, sizeof(c.fields[i].name), with);
        fill(c.fields[i].value, sizeof(c.fields[i].value), with);
    }
    c.line_count = CARD_LINES;
    for (size_t i = 0; i < CARD_LINES; i++) {
        fill(c.lines[i], sizeof(c.lines[i]), with);
    }
    c.button_count = CARD_BUTTONS;
    for (size_t i = 0; i < CARD_BUTTONS; i++) {
        struct card_button *b = &c.buttons[i];
        fill(b->text, sizeof(b->text), with);
        fill(b->action, sizeof(b->action), "a");
        fill(b->value, sizeof(b->value), "v");
        fill(b->dialog_title, sizeof(b->dialog_title), with);
        fill(b->dialog_text, sizeof(b->dialog_text), with);
        fill(b->dialog_yes, sizeof(b->dialog_yes), with);
    }
    json_t *blocks = slack_blocks(&c, "slack");
    check_limits(blocks);
    json_decref(blocks);
    char *fallback = slack_fallback(&c, "slack");
    assert_true(units(fallback) <= 3900);
    assert_true(text_utf8_valid(fallback, strlen(fallback)));
    assert_true(text_ends(fallback, "…") || text_ends(fallback, "```"));
    mem_free(fallback);
}

static void limits(void **state)
{
    (void)state;
    limits_with("x");
    limits_with("&");
    limits_with("<");
    limits_with("é");
    limits_with("🔥");
    limits_with("`");
}

static void too_many_lines_say_so(void **state)
{
    (void)state;
    struct card c;
    card_init(&c, TONE_BAD);
    card_title(&c, "t");
    c.line_count = CARD_LINES;
    for (size_t i = 0; i < CARD_LINES; i++) {
        fill(c.lines[i], sizeof(c.lines[i]), "x");
    }
    char *text = all_text(&c);
    assert_non_null(strstr(text, "… and more"));
    mem_free(text);
}

/* Text from outside in every place that takes some. */
static void nothing_is_smuggled_in(void **state)
{
    (void)state;
    static const char EVIL[] =
        "<!channel> <@U1> <https://evil.example|AWS console> @here ```*DONE*``` \xE2\x80\xAE"
        "\x1B[31m <!subteam^S1>";
    struct card c;
    card_init(&c, TONE_BAD);
    TEXT_COPY(c.title, EVIL);
    TEXT_COPY(c.served, EVIL);
    TEXT_COPY(c.lines[0], EVIL);
    c.line_count = 1;
    TEXT_COPY(c.fields[0].name, "n<!here>");
    TEXT_COPY(c.fields[0].value, EVIL);
    c.field_count = 1;
    TEXT_COPY(c.quoted, EVIL);
    TEXT_COPY(c.footer, EVIL);
    TEXT_COPY(c.link, "https://x|y><!channel>");
    TEXT_COPY(c.link_text, "<!channel>");
    TEXT_COPY(c.mentions[0], "slack:user:U1><!channel");
    TEXT_COPY(c.mentions[1], "slack:group:<!channel>");
    TEXT_COPY(c.mentions[2], "slackish:user:U1");
    c.mention_count = 3;
    char *text = all_text(&c);
    char *fallback = slack_fallback(&c, "slack");
    char *const TEXTS[] = {text, fallback};
    for (size_t i = 0; i < 2; i++) {
        assert_null(strstr(TEXTS[i], "<!"));
        assert_null(strstr(TEXTS[i], "<@"));
        assert_null(strstr(TEXTS[i], "<h"));
        assert_null(strstr(TEXTS[i], "\xE2\x80\xAE"));
        assert_null(strchr(TEXTS[i], '\x1B'));
        assert_null(strstr(TEXTS[i], "\\u001b"));
        assert_non_null(strstr(TEXTS[i], "'''*DONE*'''")); /* in the fence */
    }
    mem_free(text);
    mem_free(fallback);
}

/* The fence is opened once and closed once, also when the quote is cut. */
static void the_fence_holds(void **state)
{
    (void)state;
    static const char *const QUOTES[] = {"````", "``````", "a ``", "```\n*DONE*\n```", "``\x1B`"};
    for (size_t i = 0; i < sizeof(QUOTES) / sizeof(QUOTES[0]); i++) {
        struct slack_text t;
        slack_text_init(&t, 100);
        slack_text_fenced(&t, QUOTES[i]);
        char *first = strstr(t.buf.data, "```\n");
        assert_ptr_equal(first, t.buf.data);
        char *second = strstr(first + 3, "```");
        assert_non_null(second);
        assert_string_equal(second, "```");
        assert_int_equal(second[-1], '\n');
        buf_finish(&t.buf);
    }
    struct slack_text t;
    slack_text_init(&t, 20);
    slack_text_fenced(&t, "0123456789012345678901234567890");
    assert_true(text_ends(t.buf.data, "…\n```"));
    assert_int_equal(t.units, 20);
    buf_finish(&t.buf);
    slack_text_init(&t, 5);
    slack_text_fenced(&t, "too small for a fence");
    assert_string_equal(t.buf.data, "…");
    buf_finish(&t.buf);
}

static void links_only_to_the_web(void **state)
{
    (void)state;
    assert_true(slack_url_is_shown("https://x.example/a?b=c#d"));
    assert_false(slack_url_is_shown("javascript:alert(1)"));
    assert_false(slack_url_is_shown("https://x|y"));
    assert_false(slack_url_is_shown("https://x>"));
    assert_false(slack_url_is_shown("https://x y"));
    struct card c;
    card_init(&c, TONE_NEUTRAL);
    card_title(&c, "t");
    struct card_button *b = card_button(&c, "Open", "", "");
    TEXT_COPY(b->url, "ftp://x");
    json_t *blocks = slack_blocks(&c, "slack");
    assert_int_equal(json_array_size(blocks), 1);
    json_decref(blocks);
    TEXT_COPY(b->url, "https://x");
    blocks = slack_blocks(&c, "slack");
    assert_string_equal(jsonx_text(blocks, "1.elements.0.action_id"), SLACK_LINK_ACTION);
    assert_string_equal(jsonx_text(blocks, "1.elements.0.url"), "https://x");
    json_decref(blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout),
        cmocka_unit_test(an_empty_card_has_no_empty_block),
        cmocka_unit_test(rehearsal_stands_in_both),
        cmocka_unit_test(fallback_says_it_all),
        cmocka_unit_test(limits),
        cmocka_unit_test(too_many_lines_say_so),
        cmocka_unit_test(nothing_is_smuggled_in),
        cmocka_unit_test(the_fence_holds),
        cmocka_unit_test(links_only_to_the_web),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
