#include "terminal_view.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/local.h"

#define MESSAGES 64 /* of older ones an edit is printed whole */
#define SHOWN    (96 * 1024)

struct message {
    char id[64], at[TEXT_TIME];
    char *shown;
    size_t button_count;
    struct door_button buttons[CARD_BUTTONS];
};

struct terminal_view {
    char own[400];
    bool bold;
    int width;
    size_t count;
    struct message messages[MESSAGES];
};

struct terminal_view *terminal_view_create(const char *own, bool bold, int width)
{
    struct terminal_view *v = mem_alloc(sizeof *v);

    TEXT_COPY(v->own, own);
    v->bold = bold;
    v->width = width;
    return v;
}

void terminal_view_destroy(struct terminal_view *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->count; i++)
        mem_free(v->messages[i].shown);
    mem_free(v);
}

static struct message *find(struct terminal_view *v, const char *id)
{
    for (size_t i = v->count; i-- > 0;) {
        if (text_equal(v->messages[i].id, id))
            return &v->messages[i];
    }
    return NULL;
}

static struct message *add(struct terminal_view *v, const char *id)
{
    if (v->count == MESSAGES) {
        mem_free(v->messages[0].shown);
        memmove(&v->messages[0], &v->messages[1], (MESSAGES - 1) * sizeof v->messages[0]);
        v->count--;
    }
    struct message *m = &v->messages[v->count++];
    memset(m, 0, sizeof *m);
    TEXT_COPY(m->id, id);
    return m;
}

/* Is this line (without newline) in text? */
static bool has_line(const char *text, const char *line, size_t len)
{
    for (; text && *text; text += strcspn(text, "\n"), text += *text == '\n') {
        if (strcspn(text, "\n") == len && memcmp(text, line, len) == 0)
            return true;
    }
    return false;
}

void terminal_view_changes(const char *before, const char *now, struct buf *to)
{
    while (*now) {
        size_t len = strcspn(now, "\n");

        if (!has_line(before, now, len)) {
            if (now[0] != ' ')
                buf_text(to, "   ");
            buf_put(to, now, len);
            buf_char(to, '\n');
        }
        now += len;
        now += *now == '\n';
    }
}

/* Text comes from the bot, and the bot's texts from everywhere: nothing in it may move the cursor. Commands
 * read as they are typed here. */
static char *prepare(const struct terminal_view *v, const char *text)
{
    struct buf b;
    const size_t size = strlen(text) + 1;
    char *clean = mem_alloc(size), *at = clean, *found;
    const size_t skip = strlen(LOCAL_COMMAND);

    text_clean(clean, size, text, true);
    buf_init(&b, SHOWN);
    while ((found = strstr(at, LOCAL_COMMAND))) {
        buf_put(&b, at, (size_t)(found - at));
        buf_text(&b, v->own);
        at = found + skip;
    }
    buf_text(&b, at);
    mem_free(clean);
    return buf_take(&b);
}

/* The time stands before it: its first line has less room. */
static void print_new(const struct terminal_view *v, const struct message *m, struct buf *to)
{
    char *text = card_wrap(m->shown, v->width);
    const size_t first = strcspn(text, "\n");

    buf_format(to, "%s ", m->at);
    buf_text(to, v->bold ? "\033[1m" : "");
    buf_put(to, text, first);
    buf_text(to, v->bold ? "\033[0m" : "");
    buf_text(to, text + first);
    mem_free(text);
}

static void print_edit(const struct terminal_view *v, const struct message *m, const char *before,
                       const char *at, const char *operation, struct buf *to)
{
    struct buf changes;

    buf_init(&changes, SHOWN);
    terminal_view_changes(before, m->shown, &changes);
    if (changes.len > 0) {
        char *text = card_wrap(changes.data, v->width);
        buf_format(to, "%s EDIT of the message of %s%s%s\n%s", at, m->at, *operation ? " · op " : "",
                   operation, text);
        mem_free(text);
    }
    buf_finish(&changes);
}

void terminal_view_message(struct terminal_view *v, const struct door_tell *t, struct buf *to)
{
    struct message *m = find(v, t->message);
    const bool known = m != NULL;
    char at[TEXT_TIME];

    text_time_of_day(at, t->at_ms);
    if (!known)
        m = add(v, t->message);
    char *before = m->shown;
    m->shown = prepare(v, t->text);
    m->button_count = t->question ? t->button_count : 0;
    memcpy(m->buttons, t->buttons, sizeof m->buttons);
    if (known) {
        print_edit(v, m, before, at, t->operation, to);
    } else {
        TEXT_COPY(m->at, at);
        print_new(v, m, to);
    }
    mem_free(before);
}

const struct door_button *terminal_view_button(const struct terminal_view *v, size_t n,
                                               const char **ret_message)
{
    for (size_t i = v->count; i-- > 0;) {
        const struct message *m = &v->messages[i];
        if (m->button_count == 0)
            continue;
        if (n < 1 || n > m->button_count)
            return NULL;
        *ret_message = m->id;
        return &m->buttons[n - 1];
    }
    return NULL;
}
