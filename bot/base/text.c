#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

#define DISTANCE_MAX 32 /* characters of each word that text_distance looks at */

bool text_copy(char *to, size_t size, const char *from)
{
    return text_copy_n(to, size, from, from == NULL ? 0 : strlen(from));
}

bool text_copy_n(char *to, size_t size, const char *from, size_t len)
{
    assert(size > 0);
    const size_t kept = utf8_cut(from, len, size - 1);
    assert(kept <= len);
    if (kept > 0) {
        memmove(to, from, kept);
    }
    to[kept] = '\0';
    return kept == len;
}

bool text_format(char *to, size_t size, const char *format, ...)
{
    assert(size > 0);
    va_list args;
    va_start(args, format);
    const int wanted = vsnprintf(to, size, format, args);
    va_end(args);
    assert(wanted >= 0);
    if ((size_t)wanted < size) {
        return true;
    }
    /* vsnprintf may have cut inside a character: drop what is left of that one. */
    const size_t len = size - 1;
    size_t start = len;
    while (start > 0 && len - start < 3 && ((unsigned char)to[start - 1] & 0xC0U) == 0x80U) {
        start--;
    }
    uint32_t point;
    if (start > 0 && ((unsigned char)to[start - 1] & 0xC0U) == 0xC0U &&
        utf8_decode(to + start - 1, len - (start - 1), &point) == 0) {
        to[start - 1] = '\0';
    }
    return false;
}

bool text_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
    return text != NULL && prefix != NULL && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    if (text == NULL || suffix == NULL) {
        return false;
    }
    const size_t len = strlen(text), tail = strlen(suffix);
    return tail <= len && memcmp(text + len - tail, suffix, tail) == 0;
}

bool text_utf8_valid(const char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t point;
        const size_t n = utf8_decode(bytes + at, len - at, &point);
        if (n == 0) {
            return false;
        }
        at += n;
    }
    return true;
}

void text_clean(char *to, size_t size, const char *from, bool keep_lines)
{
    assert(size > 0);
    const size_t len = from == NULL ? 0 : strlen(from);
    size_t out = 0;
    for (size_t at = 0; at < len;) {
        uint32_t point = 0;
        size_t n = utf8_decode(from + at, len - at, &point);
        const bool line = keep_lines && (point == '\n' || point == '\t');
        const bool blank = n == 0 || (utf8_unwanted(point) && !line);
        const size_t add = blank ? 1 : n;
        if (out + add > size - 1) {
            break;
        }
        if (blank) {
            to[out] = ' ';
        } else {
            memmove(to + out, from + at, n);
        }
        out += add;
        at += n == 0 ? 1 : n;
    }
    to[out] = '\0';
}

static size_t characters(const char *text, uint32_t points[DISTANCE_MAX])
{
    const size_t len = strlen(text);
    size_t count = 0;
    for (size_t at = 0; at < len && count < DISTANCE_MAX; count++) {
        uint32_t point = (unsigned char)text[at];
        const size_t n = utf8_decode(text + at, len - at, &point);
        points[count] = point;
        at += n == 0 ? 1 : n;
    }
    return count;
}

size_t text_distance(const char *a, const char *b)
{
    uint32_t left[DISTANCE_MAX], right[DISTANCE_MAX];
    const size_t rows = characters(a, left), columns = characters(b, right);
    size_t row[DISTANCE_MAX + 1]; /* the table's last finished row, overwritten from the left */
    for (size_t j = 0; j <= columns; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= rows; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            const size_t replace = diagonal + (left[i - 1] != right[j - 1]);
            const size_t step = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
            diagonal = row[j];
            row[j] = replace < step ? replace : step;
        }
    }
    return row[columns];
}
