#include "uri.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define SEGMENTS_MAX     128 /* of a path */
#define PIECES_MAX       128 /* of a query */
#define PIECE_BYTES_MAX  (64 * 1024)
#define CANONICAL_BUFFER (64 * 1024)

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

static void put_encoded(struct buf *to, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)c;
    if (unreserved(c)) {
        buf_char(to, c);
        return;
    }
    buf_char(to, '%');
    buf_char(to, digits[byte >> 4]);
    buf_char(to, digits[byte & 15]);
}

/* ---- path */

/* RFC 3986 dot segments out, "//" to "/"; a final "." or ".." leaves a slash behind, as a folder has. */
static bool normalise(const char *path, struct buf *to)
{
    size_t starts[SEGMENTS_MAX]; /* where each kept segment begins in `to` */
    size_t depth = 0;
    bool folder = false;
    for (const char *p = path; *p != '\0';) {
        while (*p == '/')
            p++;
        size_t len = strcspn(p, "/");
        folder = len == 0 || p[len] == '/';
        if (len == 1 && p[0] == '.') {
            folder = true;
        } else if (len == 2 && p[0] == '.' && p[1] == '.') {
            folder = true;
            if (depth > 0) {
                to->len = starts[--depth];
                to->data[to->len] = '\0';
            }
        } else if (len > 0) {
            if (depth == SEGMENTS_MAX)
                return false;
            starts[depth++] = to->len;
            buf_char(to, '/');
            buf_put(to, p, len);
        }
        p += len;
    }
    if (folder || to->len == 0)
        buf_char(to, '/');
    return !buf_overflowed(to);
}

bool uri_canonical_path(const char *path, bool keep, struct buf *ret)
{
    struct buf plain;
    buf_init(&plain, CANONICAL_BUFFER);
    bool ok = true;
    if (keep)
        buf_text(&plain, *path == '\0' ? "/" : path);
    else
        ok = normalise(path, &plain);
    for (size_t i = 0; ok && i < plain.len; i++) {
        if (plain.data[i] == '/')
            buf_char(ret, '/');
        else
            put_encoded(ret, plain.data[i]);
    }
    ok = ok && !buf_overflowed(&plain);
    buf_finish(&plain);
    return ok;
}

/* ---- query */

struct piece {
    size_t name, value; /* offsets into the store of canonical, NUL-terminated texts */
};

struct pieces {
    struct piece list[PIECES_MAX];
    size_t count;
    struct buf texts;
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static size_t put_canonical(struct buf *texts, const char *from, size_t len)
{
    size_t start = texts->len;
    for (size_t i = 0; i < len; i++) {
        char c = from[i];
        if (c == '%' && i + 2 < len && hex_digit(from[i + 1]) >= 0 && hex_digit(from[i + 2]) >= 0) {
            c = (char)(hex_digit(from[i + 1]) * 16 + hex_digit(from[i + 2]));
            i += 2;
        }
        put_encoded(texts, c);
    }
    buf_char(texts, '\0');
    return start;
}

static int compare_pieces(const void *a, const void *b, void *texts)
{
    const struct piece *x = a, *y = b;
    const char *base = texts;
    int order = strcmp(base + x->name, base + y->name);
    return order != 0 ? order : strcmp(base + x->value, base + y->value);
}

static bool split_query(const char *query, struct pieces *to)
{
    for (const char *p = query;; p++) {
        size_t len = strcspn(p, "&");
        if (len > 0) {
            if (to->count == PIECES_MAX)
                return false;
            const char *equals = memchr(p, '=', len);
            size_t name_len = equals == NULL ? len : (size_t)(equals - p);
            struct piece *piece = &to->list[to->count++];
            piece->name = put_canonical(&to->texts, p, name_len);
            const char *value = equals == NULL ? p + len : equals + 1;
            piece->value = put_canonical(&to->texts, value, (size_t)(p + len - value));
        }
        p += len;
        if (*p == '\0')
            return !buf_overflowed(&to->texts);
    }
}

bool uri_canonical_query(const char *query, struct buf *ret)
{
    struct pieces pieces = {.count = 0};
    buf_init(&pieces.texts, PIECE_BYTES_MAX);
    bool ok = query == NULL || split_query(query, &pieces);
    if (ok) {
        qsort_r(pieces.list, pieces.count, sizeof pieces.list[0], compare_pieces, pieces.texts.data);
        for (size_t i = 0; i < pieces.count; i++) {
            if (i > 0)
                buf_char(ret, '&');
            buf_text(ret, pieces.texts.data + pieces.list[i].name);
            buf_char(ret, '=');
            buf_text(ret, pieces.texts.data + pieces.list[i].value);
        }
    }
    buf_finish(&pieces.texts);
    return ok;
}
