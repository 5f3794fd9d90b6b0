#ifndef BASE_BUF_H
#define BASE_BUF_H
/* A growing byte buffer with a ceiling given at init. Past the ceiling nothing more is added and `overflow`
 * is set once and for all: callers write freely and look once, at the end. `data` is always NUL-terminated
 * (never NULL after init). */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;
    size_t len;
    /* fields below should not be touched by the user */
    size_t cap, max;
    bool overflow;
};

/* No allocation until the first byte. max excludes the final NUL. */
void buf_init(struct buf *b, size_t max);
/* Accepts a zeroed struct. */
void buf_finish(struct buf *b);
void buf_clear(struct buf *b); /* keeps memory and ceiling, forgets overflow */
void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vformat(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Drop n bytes at the front. */
void buf_consume(struct buf *b, size_t n);
bool buf_overflowed(const struct buf *b);
/* Hand the bytes over to the caller (mem_free); the buffer is empty afterwards. Never NULL. Of a view, a
 * buffer with a length but no memory of its own (cap 0), it hands over a copy: the bytes stay their owner's.
 */
char *buf_take(struct buf *b);

#endif
