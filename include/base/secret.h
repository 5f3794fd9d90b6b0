#ifndef BASE_SECRET_H
#define BASE_SECRET_H
/* Secrets have a type: wiped when freed, compared in constant time, never printed. Each live secret registers
 * its value; the one output gate replaces every registered value (also URL- and base64-encoded) in whatever
 * leaves the program: log, card, audit, outbox, error, metrics. */
#include <stdbool.h>
#include <stddef.h>

#define SECRET_SHOWN "[secret]"

struct buf;
struct secret; /* opaque */

/* Copies value. Values shorter than 6 bytes are kept but not registered (they would eat innocent text). Never
 * NULL. */
struct secret *secret_create(const char *value, size_t len);
/* Wipes and forgets. Accepts NULL. */
void secret_destroy(struct secret *s);
/* The value, NUL-terminated, for the moment of use only; valid until destroy. NULL gives "". */
const char *secret_reveal(const struct secret *s);
size_t secret_length(const struct secret *s);
/* Constant time in the length of b. */
bool secret_equal(const struct secret *a, const char *b, size_t b_len);

/* The gate. Replaces in place; a fixed text stays within size. */
void secret_gate_text(char *text, size_t size);
void secret_gate_buf(struct buf *b);
/* For tests and for startup checks: does text carry a registered secret? */
bool secret_gate_would_change(const char *text);

#endif
