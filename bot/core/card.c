#include "core/card.h"

#include "base/buf.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

#define MORE "… and more"

void card_init(struct card *c, enum card_tone tone)
{
    memset(c, 0, sizeof *c);
    c->tone = tone;
}

static void vset(char *to, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void vset(char *to, size_t size, const char *format, va_list args)
{
    struct buf b;

    buf_init(&b, CARD_QUOTE * 2);
    buf_vformat(&b, format, args);
    secret_gate_buf(&b); /* here, so that no card in the store holds one either */
    text_clean(to, size, b.data, false);
    buf_finish(&b);
}

void card_title(struct card *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vset(c->title, sizeof c->title, format, args);
    va_end(args);
}

void card_served(struct card *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vset(c->served, sizeof c->served, format, args);
    va_end(args);
}

void card_line(struct card *c, const char *format, ...)
{
    va_list args;

    if (c->line_count == CARD_LINES) {
        TEXT_COPY(c->lines[CARD_LINES - 1], MORE);
        return;
    }
    va_start(args, format);
    vset(c->lines[c->line_count], CARD_LINE, format, args);
    va_end(args);
    c->line_count++;
}

void card_field(struct card *c, const char *name, const char *format, ...)
{
    va_list args;

    if (c->field_count == CARD_FIELDS)
        return;
    struct card_field *f = &c->fields[c->field_count++];
    text_clean(f->name, sizeof f->name, name, false);
    va_start(args, format);
    vset(f->value, sizeof f->value, format, args);
    va_end(args);
}

void card_quote(struct card *c, const char *text)
{
    size_t used = strlen(c->quoted);
    struct buf b;

    if (used + 2 >= sizeof c->quoted)
        return;
    if (used)
        c->quoted[used++] = '\n';
    buf_init(&b, CARD_QUOTE * 2);
    buf_text(&b, text);
    secret_gate_buf(&b);
    text_clean(c->quoted + used, sizeof c->quoted - used, b.data, true);
    buf_finish(&b);
}

void card_link(struct card *c, const char *text, const char *url)
{
    text_clean(c->link_text, sizeof c->link_text, text, false);
    text_clean(c->link, sizeof c->link, url, false);
}

void card_mention(struct card *c, const char *principal)
{
    if (!principal || !*principal || c->mention_count == sizeof c->mentions / sizeof c->mentions[0])
        return;
    for (size_t i = 0; i < c->mention_count; i++) {
        if (text_equal(c->mentions[i], principal))
            return;
    }
    text_clean(c->mentions[c->mention_count], sizeof c->mentions[0], principal, false);
    c->mention_count++;
}

void card_footer(struct card *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vset(c->footer, sizeof c->footer, format, args);
    va_end(args);
}

struct card_button *card_button(struct card *c, const char *text, const char *action, const char *value)
{
    if (c->button_count == CARD_BUTTONS)
        return NULL;
    struct card_button *b = &c->buttons[c->button_count++];
    text_clean(b->text, sizeof b->text, text, false);
    TEXT_COPY(b->action, action);
    TEXT_COPY(b->value, value);
    return b;
}

void card_summary(const struct card *c, char *to, size_t size)
{
    text_format(to, size, "%s%s%s%s", c->rehearsal ? "REHEARSAL · " : "", c->title, *c->served ? " · " : "",
                c->served);
}
