#include "rehearse_blocks.h"

#include "base/jsonx.h"
#include "base/text.h"

#include <string.h>

#define BODY "   "

/* "<@U1>", "<!subteam^S1>", "<https://x|label>": what stands between the brackets, without them. */
static void reference(const char *inner, size_t len, const json_t *names, struct buf *ret)
{
    char ref[700];

    text_copy_n(ref, sizeof ref, inner, len);
    char *label = strchr(ref, '|');
    if (label)
        *label++ = '\0';
    if (ref[0] == '@') {
        const char *name = json_string_value(json_object_get(names, ref + 1));
        buf_format(ret, "@%s", name ? name : ref + 1);
    } else if (ref[0] == '#') {
        buf_format(ret, "#%s", label ? label : ref + 1);
    } else if (text_starts(ref, "!subteam^")) {
        const char *id = ref + strlen("!subteam^");
        const char *name = json_string_value(json_object_get(names, id));
        buf_format(ret, "@%s", label ? label : name ? name : id);
    } else if (ref[0] == '!') {
        buf_format(ret, "@%s", ref + 1);
    } else if (label) {
        buf_format(ret, "%s (%s)", label, ref);
    } else {
        buf_text(ret, ref);
    }
}

/* mrkdwn as it reads: references resolved, the three escapes undone, bold stars dropped. */
static void mrkdwn(const char *s, const json_t *names, struct buf *ret)
{
    static const struct {
        const char *escaped;
        char plain;
    } escapes[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};

    while (*s) {
        const char *end = *s == '<' ? strchr(s, '>') : NULL;
        bool done = false;

        if (end) {
            reference(s + 1, (size_t)(end - s - 1), names, ret);
            s = end + 1;
            continue;
        }
        for (size_t i = 0; i < 3 && !done; i++) {
            if (text_starts(s, escapes[i].escaped)) {
                buf_char(ret, escapes[i].plain);
                s += strlen(escapes[i].escaped);
                done = true;
            }
        }
        if (!done) {
            if (*s != '*')
                buf_char(ret, *s);
            s++;
        }
    }
}

static void lines_of(const char *s, struct buf *ret)
{
    bool fenced = false;

    while (*s) {
        size_t len = strcspn(s, "\n");
        bool fence = len >= 3 && memcmp(s, "```", 3) == 0;
        size_t skip = fence ? 3 : 0;
        size_t keep = len - skip;
        bool closes = keep >= 3 && memcmp(s + len - 3, "```", 3) == 0;

        if (fence)
            fenced = !fenced;
        if (closes)
            keep -= 3;
        if (keep || !(fence || closes)) {
            buf_text(ret, fenced ? BODY "| " : ret->len ? BODY : "");
            buf_put(ret, s + skip, keep);
            buf_char(ret, '\n');
        }
        if (closes)
            fenced = false;
        s += len;
        s += *s == '\n';
    }
}

static void text_object(const json_t *object, const json_t *names, struct buf *ret)
{
    const char *text = jsonx_text(object, "text");
    struct buf plain;

    buf_init(&plain, 64 * 1024);
    if (text_equal(jsonx_text(object, "type"), "mrkdwn"))
        mrkdwn(text, names, &plain);
    else
        buf_text(&plain, text);
    lines_of(plain.data, ret);
    buf_finish(&plain);
}

/* A field is its name above its value; a terminal has the room for one line. */
static void field(const json_t *object, const json_t *names, struct buf *ret)
{
    struct buf plain;

    buf_init(&plain, 8 * 1024);
    mrkdwn(jsonx_text(object, "text"), names, &plain);
    char *end = strchr(plain.data, '\n');
    if (end)
        buf_format(ret, BODY "%.*s: %s\n", (int)(end - plain.data), plain.data, end + 1);
    else
        buf_format(ret, BODY "%s\n", plain.data);
    buf_finish(&plain);
}

static void actions(const json_t *elements, int *number, struct buf *ret)
{
    size_t i;
    json_t *e;

    buf_text(ret, BODY);
    json_array_foreach(elements, i, e)
    {
        const char *url = jsonx_text(e, "url");
        if (*url)
            buf_format(ret, "%s[%s: %s]", i ? "  " : "", jsonx_text(e, "text.text"), url);
        else
            buf_format(ret, "%s[%d: %s]", i ? "  " : "", ++*number, jsonx_text(e, "text.text"));
    }
    buf_char(ret, '\n');
}

static void block(const json_t *b, const json_t *names, int *number, struct buf *ret)
{
    const char *type = jsonx_text(b, "type");
    size_t i;
    json_t *item;

    if (text_equal(type, "actions")) {
        actions(jsonx_at(b, "elements"), number, ret);
        return;
    }
    if (jsonx_at(b, "text"))
        text_object(jsonx_at(b, "text"), names, ret);
    json_array_foreach(jsonx_at(b, "fields"), i, item) field(item, names, ret);
    if (text_equal(type, "context"))
        json_array_foreach(jsonx_at(b, "elements"), i, item) text_object(item, names, ret);
}

void rehearse_blocks(const json_t *blocks, const char *text, const json_t *names, struct buf *ret)
{
    size_t i;
    json_t *b;
    int number = 0;

    if (!json_array_size(blocks)) {
        json_t *plain = json_pack("{s:s,s:s}", "type", "mrkdwn", "text", text);
        text_object(plain, names, ret);
        json_decref(plain);
        return;
    }
    json_array_foreach(blocks, i, b) block(b, names, &number, ret);
}

bool rehearse_button(const json_t *blocks, int n, const char **ret_action, const char **ret_value)
{
    size_t i, j;
    json_t *b, *e;
    int number = 0;

    json_array_foreach(blocks, i, b)
    {
        json_array_foreach(jsonx_at(b, "elements"), j, e)
        {
            if (!text_equal(jsonx_text(e, "type"), "button") || *jsonx_text(e, "url") || ++number != n)
                continue;
            *ret_action = jsonx_text(e, "action_id");
            *ret_value = jsonx_text(e, "value");
            return true;
        }
    }
    return false;
}
