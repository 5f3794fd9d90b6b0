#ifndef BASE_TEXT_H
#define BASE_TEXT_H
/* Text: bounded copies, cleaning of what comes from outside, and how times and durations read. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copy with a ceiling: always NUL-terminated, cut at a UTF-8 boundary. False when it was cut. NULL counts as
 * "". */
bool text_copy(char *to, size_t size, const char *from);
bool text_copy_n(char *to, size_t size, const char *from, size_t len);
/* snprintf into a fixed array, cut at a UTF-8 boundary; false when it was cut. */
bool text_format(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define TEXT_COPY(array, from)  text_copy((array), sizeof(array), (from))
#define TEXT_FORMAT(array, ...) text_format((array), sizeof(array), __VA_ARGS__)

bool text_equal(const char *a, const char *b); /* NULL is equal to NULL only */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_utf8_valid(const char *bytes, size_t len);

/* For text that was written elsewhere (AWS, users, peers): copies at most size-1 bytes of it with invalid
 * UTF-8, C0 and C1 controls, ESC, bidirectional controls and
 * characters that cannot be seen replaced by a space (newline and tab stay when
 * keep_lines). to may be from. */
void text_clean(char *to, size_t size, const char *from, bool keep_lines);

/* Durations for people: "48 s", "2 min 11 s", "1 h 04 min", "3 days". ms may not be negative (taken as 0). */
#define TEXT_DURATION 24
void text_duration(char to[TEXT_DURATION], int64_t ms);
/* Short running time "0:40", "12:07", "1:02:03". */
void text_elapsed(char to[TEXT_DURATION], int64_t ms);
/* UTC "14:02:08"; "2026-11-22 14:02:08"; ISO "2026-11-22T14:02:08Z"; AWS basic "20261122T140208Z". epoch in
 * ms. */
#define TEXT_TIME 32
void text_time_of_day(char to[TEXT_TIME], int64_t epoch_ms);
void text_date_time(char to[TEXT_TIME], int64_t epoch_ms);
void text_time_iso(char to[TEXT_TIME], int64_t epoch_ms);
void text_time_basic(char to[TEXT_TIME], int64_t epoch_ms);
/* Parse "2026-11-22T20:00:00Z", fractional seconds allowed; and the HTTP Date header form (RFC 9110
 * IMF-fixdate). */
bool text_parse_iso(const char *text, int64_t *ret_epoch_ms);
bool text_parse_http_date(const char *text, int64_t *ret_epoch_ms);
/* "5s", "250ms", "12m", "2h" -> ms. A number without a unit is refused. */
bool text_parse_duration(const char *text, int64_t *ret_ms);
/* Levenshtein distance for "did you mean", ceiling 32 characters each. */
size_t text_distance(const char *a, const char *b);

#endif
