#ifndef BASE_JSONX_H
#define BASE_JSONX_H
/* Small helpers over jansson for reading what others wrote. Absent, null and wrong type read the same: the
 * default. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct buf;

/* Parse outside JSON: duplicates refused, depth bounded by jansson, any top-level value. NULL with err
 * (place, no content quoted). Caller decrefs. */
json_t *jsonx_parse(const char *bytes, size_t len, struct err *err);
/* path: "payload.actions.0.value". Borrowed; NULL when absent or null. */
json_t *jsonx_at(const json_t *root, const char *path);
const char *jsonx_text(const json_t *root, const char *path);               /* borrowed; "" when absent */
int64_t jsonx_int(const json_t *root, const char *path, int64_t otherwise); /* reals are cut */
bool jsonx_bool(const json_t *root, const char *path,
                bool otherwise); /* accepts true/false and "true"/"false" */
int64_t jsonx_seconds_to_ms(const json_t *root, const char *path,
                            int64_t otherwise); /* AWS epoch seconds, integer, decimal or exponent */
/* Compact text; caller mem_frees. Never NULL for a valid value. */
char *jsonx_print(const json_t *value);
/* Append a JSON string literal, quotes included. Invalid UTF-8 becomes U+FFFD; what would move
 * a reader's cursor or change the direction of the text is escaped. */
void jsonx_quote(struct buf *b, const char *text);

#endif
