#ifndef BASE_UTF8_H
#define BASE_UTF8_H
/* One character of UTF-8 at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length (1 to 4) of the valid character at the front of bytes, with its number; 0 when there is none:
 * empty, cut short, overlong, a surrogate, or past U+10FFFF. */
size_t utf8_decode(const char *bytes, size_t len, uint32_t *ret_point);
/* The longest length <= max at which text of len bytes may be cut without splitting a character. */
size_t utf8_cut(const char *bytes, size_t len, size_t max);
/* Characters that move a terminal's or a chat client's cursor, end its line, reorder what a person reads, or
 * cannot be seen at all. Joiners and variation selectors are none: emoji and some scripts need them. */
bool utf8_unwanted(uint32_t point);

#endif
