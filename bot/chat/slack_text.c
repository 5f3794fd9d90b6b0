/* Text objects of Slack. Escaping & < > is all that mrkdwn knows; it would still turn a bare @here or
 * #general into a mention, so that every mrkdwn object is verbatim. Lengths are counted after escaping, in
 * UTF-16 units, the strictest reading of what Slack calls characters; a cut never splits an entity. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "slack_private.h"

#define UNIT_BYTES  4 /* at most, and a pair of units has 4 as well */
#define FENCE       "```"
#define SERVER_USER "user:"
#define SERVER_SET  "group:"

void slack_text_init(struct slack_text *t, size_t max)
{
    *t = (struct slack_text){.max = max};
    buf_init(&t->buf, max * UNIT_BYTES);
}

/* The next character of valid UTF-8: its bytes, and its units. */
static size_t character(const char *at, size_t *ret_units)
{
    const unsigned char lead = (unsigned char)*at;
    *ret_units = lead >= 0xF0 ? 2 : 1;
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

static size_t units_of(const char *text)
{
    size_t units = 0;
    while (*text != '\0') {
        size_t add;
        text += character(text, &add);
        units += add;
    }
    return units;
}

/* Leaves one unit for the "…" of a cut. */
static bool fits(struct slack_text *t, size_t units)
{
    if (t->full) {
        return false;
    }
    if (t->units + units + 1 <= t->max) {
        return true;
    }
    buf_text(&t->buf, "…");
    t->units++;
    t->full = true;
    return false;
}

static void put(struct slack_text *t, const char *bytes, size_t len, size_t units)
{
    if (fits(t, units)) {
        buf_put(&t->buf, bytes, len);
        t->units += units;
    }
}

/* Cleaned text, caller mem_frees: the clean form is never longer. Backticks cannot be escaped: a run of
 * three, which would begin or end a fence, becomes three apostrophes. */
static char *cleaned(const char *text, bool keep_lines)
{
    const size_t size = strlen(text) + 1;
    char *clean = mem_alloc(size);
    text_clean(clean, size, text, keep_lines);
    for (char *at = strstr(clean, FENCE); at != NULL; at = strstr(at, FENCE)) {
        memset(at, '\'', strlen(FENCE));
    }
    return clean;
}

static void put_escaped(struct slack_text *t, const char *text)
{
    while (*text != '\0' && !t->full) {
        size_t units;
        const size_t len = character(text, &units);
        switch (*text) {
        case '&': put(t, "&amp;", 5, 5); break;
        case '<': put(t, "&lt;", 4, 4); break;
        case '>': put(t, "&gt;", 4, 4); break;
        default: put(t, text, len, units);
        }
        text += len;
    }
}

void slack_text_plain(struct slack_text *t, const char *text, bool keep_lines)
{
    char *clean = cleaned(text, keep_lines);
    put_escaped(t, clean);
    mem_free(clean);
}

void slack_text_fenced(struct slack_text *t, const char *text)
{
    char *clean = cleaned(text, true);
    const size_t closing = strlen("\n" FENCE);
    if (fits(t, strlen(FENCE "\n") + closing + 2)) {
        slack_text_markup(t, FENCE "\n");
        t->max -= closing;
        put_escaped(t, clean);
        t->max += closing;
        buf_text(&t->buf, "\n" FENCE); /* also behind a cut */
        t->units += closing;
    }
    mem_free(clean);
}

void slack_text_markup(struct slack_text *t, const char *markup)
{
    put(t, markup, strlen(markup), units_of(markup));
}

/* U…, W… or S… as Slack numbers them: nothing in it can end the mark-up. */
static bool is_slack_id(const char *id, const char *first)
{
    return *id != '\0' && strchr(first, *id) != NULL &&
           id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")] == '\0';
}

void slack_text_mention(struct slack_text *t, const char *principal, const char *server)
{
    const size_t len = strlen(server);
    char markup[128] = "";
    if (strncmp(principal, server, len) == 0 && principal[len] == ':') {
        const char *who = principal + len + 1;
        if (text_starts(who, SERVER_USER) && is_slack_id(who + strlen(SERVER_USER), "UW")) {
            TEXT_FORMAT(markup, "<@%s>", who + strlen(SERVER_USER));
        } else if (text_starts(who, SERVER_SET) && is_slack_id(who + strlen(SERVER_SET), "S")) {
            TEXT_FORMAT(markup, "<!subteam^%s>", who + strlen(SERVER_SET));
        }
    }
    if (markup[0] != '\0') {
        slack_text_markup(t, markup);
    } else {
        slack_text_plain(t, principal, false);
    }
}

bool slack_url_is_shown(const char *url)
{
    if (!text_starts(url, "https://") && !text_starts(url, "http://")) {
        return false;
    }
    for (const char *at = url; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7F || strchr("<>|\"\\`", *at) != NULL) {
            return false;
        }
    }
    return true;
}

void slack_text_link(struct slack_text *t, const char *text, const char *url)
{
    struct buf markup;
    buf_init(&markup, 8 * 1024);
    buf_char(&markup, '<');
    for (const char *at = url; *at != '\0'; at++) {
        if (*at == '&') {
            buf_text(&markup, "&amp;");
        } else {
            buf_char(&markup, *at);
        }
    }
    buf_char(&markup, '|');
    struct slack_text label;
    slack_text_init(&label, 300);
    slack_text_plain(&label, text, false);
    buf_text(&markup, label.units > 0 ? label.buf.data : "link");
    buf_char(&markup, '>');
    if (slack_url_is_shown(url) && !buf_overflowed(&markup)) {
        slack_text_markup(t, markup.data);
    } else {
        slack_text_plain(t, text, false);
    }
    buf_finish(&label.buf);
    buf_finish(&markup);
}

json_t *slack_text_mrkdwn(struct slack_text *t)
{
    json_t *object =
        json_pack("{s:s, s:s#, s:b}", "type", "mrkdwn", "text", t->buf.data, (int)t->buf.len, "verbatim", 1);
    buf_finish(&t->buf);
    return object;
}

json_t *slack_plain_object(const char *text, size_t max)
{
    struct slack_text t;
    slack_text_init(&t, max);
    char *clean = cleaned(text, false);
    for (const char *at = clean; *at != '\0' && !t.full;) {
        size_t units;
        const size_t len = character(at, &units);
        put(&t, at, len, units);
        at += len;
    }
    json_t *object =
        json_pack("{s:s, s:s#, s:b}", "type", "plain_text", "text", t.buf.data, (int)t.buf.len, "emoji", 0);
    buf_finish(&t.buf);
    mem_free(clean);
    return object;
}
