/* How a probe of CloudTAK reads. Parts that could not be seen for one reason are told once. */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "core/probe.h"

#define PARTS 3

struct part {
    const char *name, *fails; /* what it is called where it fails */
    const struct probe_part *seen;
};

static void list(const struct probe_result *r, struct part to[PARTS])
{
    to[0] = (struct part){"version", "API", &r->version};
    to[1] = (struct part){"database", "database", &r->database};
    to[2] = (struct part){"WebSocket", "WebSocket", &r->websocket};
}

static void separate(struct buf *b)
{
    buf_text(b, b->len > 0 ? " · " : "");
}

/* "500" and "503: no healthy hub" begin with a status; other reasons are words. */
static void failing(const struct part *p, struct buf *b)
{
    const int digits = (int)strspn(p->seen->why, "0123456789");
    separate(b);
    if (digits > 0) {
        buf_format(b, "%s FAILING (%.*s)%s", p->fails, digits, p->seen->why, p->seen->why + digits);
    } else {
        buf_format(b, "%s FAILING: %s", p->fails, p->seen->why);
    }
}

static bool is_alike(const struct probe_part *p, const struct probe_part *like)
{
    return p->state == like->state && strcmp(p->why, like->why) == 0;
}

/* "a", "a and b", "a, b and c": the parts from `first` on that were seen like that one. */
static size_t name_alike(const struct part *parts, size_t first, struct buf *b)
{
    size_t left = 0, count = 0;
    for (size_t i = first; i < PARTS; i++) {
        left += is_alike(parts[i].seen, parts[first].seen);
    }
    for (size_t i = first; i < PARTS; i++) {
        if (is_alike(parts[i].seen, parts[first].seen)) {
            buf_format(b, "%s%s", count == 0 ? "" : left == 1 ? " and " : ", ", parts[i].name);
            count++;
            left--;
        }
    }
    return count;
}

static void unseen(const struct part *parts, struct buf *b)
{
    for (size_t i = 0; i < PARTS; i++) {
        bool told = parts[i].seen->state != PROBE_UNSEEN;
        for (size_t before = 0; before < i; before++) {
            told = told || is_alike(parts[before].seen, parts[i].seen);
        }
        if (!told) {
            separate(b);
            name_alike(parts, i, b);
            buf_format(b, " not checked: %s", parts[i].seen->why);
        }
    }
}

static void give(struct buf *b, char *to, size_t size)
{
    text_copy(to, size, b->data);
    buf_finish(b);
}

void probe_text(const struct probe_result *r, char *to, size_t size)
{
    struct part parts[PARTS];
    struct buf b;
    list(r, parts);
    buf_init(&b, PROBE_TEXT);
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i].seen->state == PROBE_OK) {
            separate(&b);
            buf_format(&b, "%s %s", parts[i].name, i == 0 ? r->number : "ok");
        } else if (parts[i].seen->state == PROBE_FAILING) {
            failing(&parts[i], &b);
            buf_text(&b, parts[i].seen == &r->database ? ": new tasks would die" : "");
        }
    }
    unseen(parts, &b);
    give(&b, to, size);
}

static void version_after(const char *before, const struct probe_result *after, struct buf *b)
{
    if (before[0] == '\0') {
        buf_format(b, "version %s", after->number);
    } else if (strcmp(before, after->number) == 0) {
        buf_format(b, "same version %s", after->number);
    } else {
        buf_format(b, "NEW version: %s -> %s", before, after->number);
    }
}

void probe_text_after(const char *version_before, const struct probe_result *after, char *to, size_t size)
{
    struct part parts[PARTS];
    struct buf b;
    list(after, parts);
    buf_init(&b, PROBE_TEXT);
    if (after->version.state == PROBE_OK) {
        version_after(version_before, after, &b);
    }
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i].seen->state == PROBE_FAILING) {
            failing(&parts[i], &b);
        }
    }
    const size_t first = after->database.state == PROBE_OK ? 1 : 2;
    if (parts[first].seen->state == PROBE_OK) {
        separate(&b);
        buf_text(&b, name_alike(parts, first, &b) == 1 ? " probe ok" : " probes ok");
    }
    unseen(parts, &b);
    give(&b, to, size);
}
