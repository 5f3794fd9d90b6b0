/* A card as plain text. Continuation lines are indented by three columns, as in the printed conversations. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/card.h"

#include <stdint.h>
#include <string.h>

#define TEXT_CEILING (64 * 1024)
#define INDENT       "   "
#define INDENT_WIDTH 3

/* One code point; the length of its UTF-8 form. Text in a card is valid UTF-8. */
static size_t code_point(const char *s, uint32_t *ret)
{
    unsigned char c = (unsigned char)s[0];
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    uint32_t v = len == 1 ? c : c & (0xffu >> (len + 1));

    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80) {
            *ret = c;
            return 1;
        }
        v = v << 6 | ((unsigned char)s[i] & 0x3f);
    }
    *ret = v;
    return len;
}

/* Columns of a code point on a terminal: emoji are wide, joiners and selectors take none. */
static int columns(uint32_t v)
{
    if (v == 0x200d || (v >= 0xfe00 && v <= 0xfe0f) || (v >= 0x300 && v <= 0x36f))
        return 0;
    if ((v >= 0x1f300 && v <= 0x1faff) || (v >= 0x1100 && v <= 0x115f) || (v >= 0x2e80 && v <= 0xa4cf) ||
        (v >= 0xac00 && v <= 0xd7a3) || (v >= 0xff00 && v <= 0xff60))
        return 2;
    return v == 0x231b || v == 0x23f3 || v == 0x2705 || v == 0x274c || v == 0x26d4 ? 2 : 1;
}

/* U+FE0F asks for the emoji form of a narrow sign: two columns. */
static int word_columns(const char *word, size_t len)
{
    int n = 0, last = 0;

    for (size_t i = 0; i < len;) {
        uint32_t v;
        i += code_point(word + i, &v);
        if (v == 0xfe0f && last == 1)
            n++;
        last = columns(v);
        n += last;
    }
    return n;
}

/* One paragraph, wrapped at spaces. first is the indent of its first line. */
static void paragraph(struct buf *b, const char *text, int width, bool first)
{
    int at = first ? 0 : INDENT_WIDTH;
    bool begun = false;

    if (!first)
        buf_text(b, INDENT);
    while (*text) {
        size_t len = strcspn(text, " ");
        int w = word_columns(text, len);

        if (begun && width > 0 && at + 1 + w > width) {
            buf_text(b, "\n" INDENT);
            at = INDENT_WIDTH;
        } else if (begun) {
            buf_char(b, ' ');
            at++;
        }
        buf_put(b, text, len);
        at += w;
        begun = true;
        text += len;
        text += *text == ' ';
    }
    buf_char(b, '\n');
}

static void quoted(struct buf *b, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        buf_text(b, INDENT "| ");
        buf_put(b, text, len);
        buf_char(b, '\n');
        text += len;
        text += *text == '\n';
    }
}

static void buttons(struct buf *b, const struct card *c, int width)
{
    struct buf line;

    if (!c->button_count)
        return;
    buf_init(&line, CARD_LINE);
    for (size_t i = 0; i < c->button_count; i++)
        buf_format(&line, "%s[%s]", i ? "  " : "", c->buttons[i].text);
    paragraph(b, line.data, width, false);
    buf_finish(&line);
}

static void mentions(struct buf *b, const struct card *c, int width)
{
    struct buf line;

    if (!c->mention_count)
        return;
    buf_init(&line, CARD_LINE);
    buf_text(&line, "To:");
    for (size_t i = 0; i < c->mention_count; i++)
        buf_format(&line, " @%s", c->mentions[i]);
    paragraph(b, line.data, width, false);
    buf_finish(&line);
}

char *card_text(const struct card *c, int width)
{
    struct buf b, line;

    buf_init(&b, TEXT_CEILING);
    buf_init(&line, CARD_LINE * 2);
    buf_format(&line, "%s%s", c->rehearsal ? "REHEARSAL · " : "", c->title);
    paragraph(&b, line.data, width, true);
    if (*c->served)
        paragraph(&b, c->served, width, false);
    mentions(&b, c, width);
    for (size_t i = 0; i < c->field_count; i++) {
        buf_clear(&line);
        buf_format(&line, "%s: %s", c->fields[i].name, c->fields[i].value);
        paragraph(&b, line.data, width, false);
    }
    for (size_t i = 0; i < c->line_count; i++)
        paragraph(&b, c->lines[i], width, false);
    quoted(&b, c->quoted);
    if (*c->link) {
        buf_clear(&line);
        buf_format(&line, "%s: %s", *c->link_text ? c->link_text : "Link", c->link);
        paragraph(&b, line.data, 0, false);
    }
    buttons(&b, c, width);
    if (*c->footer)
        paragraph(&b, c->footer, width, false);
    buf_finish(&line);
    return buf_take(&b);
}

char *card_wrap(const char *text, int width)
{
    struct buf b;

    buf_init(&b, 2 * TEXT_CEILING);
    while (*text) {
        const size_t len = strcspn(text, "\n");
        const bool first = strncmp(text, INDENT, INDENT_WIDTH) != 0;
        char *line = mem_text_n(text, len);
        if (text_starts(line, INDENT "| "))
            buf_format(&b, "%s\n", line); /* text from outside stays as it is */
        else
            paragraph(&b, line + (first ? 0 : INDENT_WIDTH), width, first);
        mem_free(line);
        text += len;
        text += *text == '\n';
    }
    return buf_take(&b);
}
