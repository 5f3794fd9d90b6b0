#include "base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_CAPACITY 64

static char NOTHING[1]; /* what data points at before the first byte; never written */

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.data = NOTHING, .max = max};
}

void buf_finish(struct buf *b)
{
    if (b->cap > 0) {
        mem_free(b->data);
    }
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->overflow = false;
    if (b->cap > 0) {
        b->data[0] = '\0';
    }
}

/* Room for len bytes and the NUL; len is at most max. */
static void reserve(struct buf *b, size_t len)
{
    assert(len < SIZE_MAX / 2);
    if (len < b->cap) {
        return;
    }
    size_t cap = b->cap == 0 ? FIRST_CAPACITY : b->cap;
    while (cap <= len) {
        cap *= 2;
    }
    b->data = mem_resize(b->cap == 0 ? NULL : b->data, cap);
    b->cap = cap;
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
    if (b->overflow || len == 0) {
        return;
    }
    const size_t room = b->max - b->len;
    if (len > room) {
        b->overflow = true;
        len = room;
    }
    if (len == 0) {
        return;
    }
    reserve(b, b->len + len);
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_text(struct buf *b, const char *text)
{
    if (text != NULL) {
        buf_put(b, text, strlen(text));
    }
}

void buf_char(struct buf *b, char c)
{
    buf_put(b, &c, 1);
}

void buf_format(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vformat(b, format, args);
    va_end(args);
}

void buf_vformat(struct buf *b, const char *format, va_list args)
{
    if (b->overflow) {
        return;
    }
    va_list again;
    va_copy(again, args);
    char few[256];
    const int wanted = vsnprintf(few, sizeof(few), format, args);
    assert(wanted >= 0);
    const size_t len = (size_t)wanted;
    if (len < sizeof(few)) {
        buf_put(b, few, len);
    } else {
        const size_t room = b->max - b->len;
        const size_t kept = len < room ? len : room;
        reserve(b, b->len + kept);
        vsnprintf(b->data + b->len, kept + 1, format, again);
        b->len += kept;
        b->overflow = kept < len;
    }
    va_end(again);
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= b->len);
    if (n == 0) {
        return;
    }
    b->len -= n;
    memmove(b->data, b->data + n, b->len + 1);
}

bool buf_overflowed(const struct buf *b)
{
    return b->overflow;
}

char *buf_take(struct buf *b)
{
    /* no capacity of its own but a length: a view of somebody else's bytes, which stay theirs */
    char *bytes = b->cap > 0 ? b->data : b->len > 0 ? mem_text_n(b->data, b->len) : mem_text("");
    buf_init(b, b->max);
    return bytes;
}
