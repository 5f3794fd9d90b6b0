#include "judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "chat/slack.h"

/* Slack's limits, as its documentation gives them. */
#define BLOCKS_MAX       50
#define SECTION_MAX      3000
#define FIELD_MAX        2000
#define FIELDS_MAX       10
#define CONTEXT_MAX      10
#define BUTTON_TEXT_MAX  75
#define BUTTON_VALUE_MAX 2000
#define BUTTON_URL_MAX   3000
#define ACTION_MAX       255
#define FALLBACK_MAX     4000

_Noreturn void judge_broken(const char *file, int line, const char *condition, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "PROMISE BROKEN: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n    %s (%s:%d)\n", condition, file, line);
    va_end(args);
    abort();
}

char *judge_string(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    return mem_text_n(text, size == 0 ? 0 : strnlen(text, size));
}

char *judge_line(char **rest)
{
    char *line = *rest;
    char *end = strchr(line, '\n');
    *rest = end == NULL ? line + strlen(line) : end + 1;
    if (end != NULL) {
        *end = '\0';
    }
    return line;
}

/* ---- texts */

/* The two lead bytes and ranges of what is refused, written apart from the code that is judged. */
static bool is_control(const unsigned char *at)
{
    const bool c0 = at[0] < 0x20 || at[0] == 0x7F;
    const bool c1 = at[0] == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F;
    const bool bidi =
        at[0] == 0xE2 &&
        ((at[1] == 0x80 && ((at[2] >= 0xAA && at[2] <= 0xAE) || at[2] == 0x8E || at[2] == 0x8F)) ||
         (at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9));
    const bool unseen =
        (at[0] == 0xE2 && at[1] == 0x80 && (at[2] == 0x8B || at[2] == 0xA8 || at[2] == 0xA9)) ||
        (at[0] == 0xE2 && at[1] == 0x81 && at[2] >= 0xA0 && at[2] <= 0xAF) ||
        (at[0] == 0xEF && at[1] == 0xBB && at[2] == 0xBF) || (at[0] == 0xC2 && at[1] == 0xAD) ||
        (at[0] == 0xF3 && at[1] == 0xA0 && at[2] <= 0x81);
    return c0 || c1 || bidi || unseen || (at[0] == 0xD8 && at[1] == 0x9C);
}

void judge_text(const char *what, const char *text, bool lines)
{
    json_t *string = json_string(text); /* jansson's own opinion of UTF-8 */
    PROMISE(string != NULL, "%s is not UTF-8", what);
    json_decref(string);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        const bool line = lines && (*at == '\n' || *at == '\t');
        PROMISE(line || !is_control(at), "%s has a control character (byte %02x): %s", what, *at, text);
    }
}

void judge_err(const char *what, const struct err *err)
{
    PROMISE(err->code != ERR_NONE, "%s: an error without a code", what);
    PROMISE(memchr(err->text, '\0', sizeof(err->text)) != NULL, "%s: a sentence without an end", what);
    PROMISE(err->text[0] != '\0', "%s: an error without a sentence", what);
    judge_text(what, err->text, false);
}

size_t judge_units(const char *text)
{
    size_t units = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        units += (*at & 0xC0U) != 0x80U;
        units += *at >= 0xF0;
    }
    return units;
}

/* ---- mark-up */

/* "<@U1>" or "<!subteam^S1>" for one of the card's mentions. */
static bool is_own_mention(const char *inside, size_t len, const struct card *card, const char *server)
{
    for (size_t i = 0; i < card->mention_count; i++) {
        char user[140], group[140], expected[140];
        TEXT_FORMAT(user, "%s:user:", server);
        TEXT_FORMAT(group, "%s:group:", server);
        if (text_starts(card->mentions[i], user)) {
            TEXT_FORMAT(expected, "@%s", card->mentions[i] + strlen(user));
        } else if (text_starts(card->mentions[i], group)) {
            TEXT_FORMAT(expected, "!subteam^%s", card->mentions[i] + strlen(group));
        } else {
            continue;
        }
        if (strlen(expected) == len && memcmp(expected, inside, len) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_own_link(const char *inside, size_t len, const struct card *card)
{
    return card->link[0] != '\0' && (text_starts(inside, "https://") || text_starts(inside, "http://")) &&
           memchr(inside, '|', len) != NULL;
}

static void judge_entity(const char *at, const char *markup)
{
    PROMISE(text_starts(at, "&amp;") || text_starts(at, "&lt;") || text_starts(at, "&gt;"),
            "an & that is not escaped: %s", markup);
}

void judge_markup(const char *markup, const struct card *card, const char *server)
{
    judge_text("mark-up", markup, true);
    for (const char *at = markup; *at != '\0'; at++) {
        if (*at == '&') {
            judge_entity(at, markup);
        }
        PROMISE(*at != '>', "a > that is not escaped: %s", markup);
        if (*at != '<') {
            continue;
        }
        const size_t len = strcspn(at + 1, "<>");
        PROMISE(at[1 + len] == '>', "a < without its >: %s", markup);
        PROMISE(is_own_mention(at + 1, len, card, server) || is_own_link(at + 1, len, card),
                "live mark-up that is not the card's: %s", markup);
        at += 1 + len;
    }
}

static void judge_object(const json_t *object, size_t most, const struct card *card, const char *server)
{
    const char *text = jsonx_text(object, "text");
    PROMISE(text[0] != '\0', "an empty text object");
    PROMISE(judge_units(text) <= most, "%zu characters of %zu: %s", judge_units(text), most, text);
    if (text_equal(jsonx_text(object, "type"), "mrkdwn")) {
        PROMISE(jsonx_bool(object, "verbatim", false), "a text whose @here Slack would make live");
        judge_markup(text, card, server);
    } else {
        PROMISE(text_equal(jsonx_text(object, "type"), "plain_text"), "a text of no kind");
        judge_text("plain text", text, false);
    }
}

static void judge_button(const json_t *button, const struct card *card, const char *server)
{
    judge_object(jsonx_at(button, "text"), BUTTON_TEXT_MAX, card, server);
    PROMISE(judge_units(jsonx_text(button, "value")) <= BUTTON_VALUE_MAX, "a button's value is too long");
    PROMISE(judge_units(jsonx_text(button, "url")) <= BUTTON_URL_MAX, "a button's address is too long");
    PROMISE(judge_units(jsonx_text(button, "action_id")) <= ACTION_MAX, "a button's name is too long");
    const json_t *dialog = jsonx_at(button, "confirm");
    if (dialog != NULL) {
        judge_object(jsonx_at(dialog, "title"), 100, card, server);
        judge_object(jsonx_at(dialog, "text"), 300, card, server);
        judge_object(jsonx_at(dialog, "confirm"), 30, card, server);
        judge_object(jsonx_at(dialog, "deny"), 30, card, server);
    }
}

static void judge_block(const json_t *block, const struct card *card, const char *server)
{
    size_t i;
    json_t *one;
    if (jsonx_at(block, "text") != NULL) {
        judge_object(jsonx_at(block, "text"), SECTION_MAX, card, server);
    }
    const json_t *fields = jsonx_at(block, "fields");
    PROMISE(json_array_size(fields) <= FIELDS_MAX, "too many fields");
    json_array_foreach(fields, i, one)
    {
        judge_object(one, FIELD_MAX, card, server);
    }
    const json_t *elements = jsonx_at(block, "elements");
    PROMISE(json_array_size(elements) <= CONTEXT_MAX, "too many elements");
    json_array_foreach(elements, i, one)
    {
        if (text_equal(jsonx_text(one, "type"), "button")) {
            judge_button(one, card, server);
        } else {
            judge_object(one, FIELD_MAX, card, server);
        }
    }
}

void judge_slack(const struct card *card, const char *server)
{
    size_t i;
    json_t *block;
    json_t *blocks = slack_blocks(card, server);
    PROMISE(json_array_size(blocks) <= BLOCKS_MAX, "too many blocks");
    json_array_foreach(blocks, i, block)
    {
        PROMISE(json_is_object(block), "a block that could not be made");
        judge_block(block, card, server);
    }
    json_decref(blocks);
    char *fallback = slack_fallback(card, server);
    PROMISE(judge_units(fallback) <= FALLBACK_MAX, "the text has %zu characters", judge_units(fallback));
    judge_markup(fallback, card, server);
    mem_free(fallback);
}
