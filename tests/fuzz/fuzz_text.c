/* Text from outside: cleaned, cut, quoted for JSON, written in Slack's mark-up, put into a card. */
#include <string.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/chat/slack_private.h"
#include "judge.h"

static const struct card NO_CARD;

static void judge_cuts(const char *text)
{
    char small[24], other[24], err_text[40];
    const bool valid = text_utf8_valid(text, strlen(text));
    json_t *string = json_string(text);
    PROMISE(valid == (string != NULL), "two opinions of UTF-8");
    json_decref(string);
    text_clean(small, sizeof(small), text, false);
    judge_text("a cut text", small, false);
    text_clean(small, sizeof(small), text, true);
    judge_text("a cut text", small, true);
    const bool whole = TEXT_COPY(small, text);
    PROMISE(whole == (strlen(text) < sizeof(small)), "cut, or not?");
    PROMISE(text_starts(text, small), "a copy that differs");
    PROMISE(!valid || text_utf8_valid(small, strlen(small)), "a character is cut in two");
    TEXT_FORMAT(other, "%s", text);
    PROMISE(!valid || strcmp(small, other) == 0, "two ways to cut: \"%s\" and \"%s\"", small, other);
    TEXT_FORMAT(err_text, "%s%s", "é", text);
    PROMISE(!valid || text_utf8_valid(err_text, strlen(err_text)), "a character is cut in two");
}

static void judge_clean(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *once = mem_alloc(size), *twice = mem_alloc(size);
    text_clean(once, size, text, true);
    judge_text("a cleaned text", once, true);
    text_clean(twice, size, once, true);
    PROMISE(strcmp(once, twice) == 0, "clean is not clean");
    mem_free(once);
    mem_free(twice);
}

static void judge_quoted(const char *text)
{
    struct buf b;
    buf_init(&b, 1024 * 1024);
    jsonx_quote(&b, text);
    json_t *read = jsonx_parse(b.data, b.len, NULL);
    PROMISE(json_is_string(read), "no JSON string: %s", b.data);
    PROMISE(!text_utf8_valid(text, strlen(text)) || strcmp(json_string_value(read), text) == 0,
            "another string: %s", b.data);
    PROMISE(strpbrk(b.data, "\n\r\t\x1b\x7f") == NULL, "a control in a log line: %s", b.data);
    json_decref(read);
    buf_finish(&b);
}

static size_t fences(const char *text)
{
    size_t count = 0;
    for (const char *at = strstr(text, "```"); at != NULL; at = strstr(at + 3, "```")) {
        count++;
    }
    return count;
}

static void judge_markups(const char *text)
{
    static const size_t MOST[] = {40, 300, 3000};
    for (size_t i = 0; i < sizeof(MOST) / sizeof(MOST[0]); i++) {
        struct slack_text plain, fenced;
        slack_text_init(&plain, MOST[i]);
        slack_text_plain(&plain, text, true);
        judge_markup(plain.units > 0 ? plain.buf.data : "", &NO_CARD, "slack");
        PROMISE(plain.units == 0 || fences(plain.buf.data) == 0, "a fence of somebody's: %s", plain.buf.data);
        PROMISE(judge_units(plain.units > 0 ? plain.buf.data : "") == plain.units && plain.units <= MOST[i],
                "%zu characters of %zu", plain.units, MOST[i]);
        slack_text_init(&fenced, MOST[i]);
        slack_text_fenced(&fenced, text);
        judge_markup(fenced.buf.data, &NO_CARD, "slack");
        PROMISE(fences(fenced.buf.data) == 2 && text_starts(fenced.buf.data, "```\n") &&
                    text_ends(fenced.buf.data, "\n```"),
                "a fence is broken: %s", fenced.buf.data);
        PROMISE(judge_units(fenced.buf.data) == fenced.units && fenced.units <= MOST[i],
                "%zu characters of %zu", fenced.units, MOST[i]);
        buf_finish(&plain.buf);
        buf_finish(&fenced.buf);
    }
}

/* The text in every place of a card. */
static void judge_card(const char *text)
{
    struct card *c = mem_alloc(sizeof(*c));
    card_init(c, TONE_BAD);
    card_title(c, "%s", text);
    card_served(c, "%s", text);
    card_line(c, "%s", text);
    card_field(c, text, "%s", text);
    card_quote(c, text);
    card_link(c, text, text);
    card_mention(c, text);
    card_footer(c, "%s", text);
    struct card_button *button = card_button(c, text, "confirm", "value");
    text_clean(button->url, sizeof(button->url), text, false);
    judge_slack(c, "slack");
    char *shown = card_text(c, 80);
    judge_text("card on a terminal", shown, true);
    mem_free(shown);
    mem_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = judge_string(data, size);
    judge_cuts(text);
    judge_clean(text);
    judge_quoted(text);
    judge_markups(text);
    judge_card(text);
    mem_free(text);
    return 0;
}
