#ifndef ECS_SAVED_H
#define ECS_SAVED_H
/* Plain structs as JSON objects and back: one table of fields for both ways. A field that an older text lacks
 * keeps the value it has; a value out of range refuses the whole text. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum saved_kind { SAVED_TEXT, SAVED_INT, SAVED_I64, SAVED_SIZE, SAVED_BOOL, SAVED_ENUM, SAVED_BITS };

struct saved_field {
    const char *name;
    enum saved_kind kind;
    size_t offset, size; /* size of TEXT */
    int last;            /* last value of ENUM */
};

#define SAVED_COUNT_MOST 1000000000 /* what is counted on from there does not overflow */

#define SAVED_FIELD(type, field, kind, last)                                                                 \
    {                                                                                                        \
#field, kind, offsetof(struct type, field), sizeof(((struct type *)0)->field), last                  \
    }

/* Returns a new reference. */
json_t *saved_write(const struct saved_field *fields, size_t count, const void *from);
bool saved_read(const struct saved_field *fields, size_t count, const json_t *object, void *to,
                struct err *err);

/* Lists of hashes and of texts. The readers take at most `most` and return how many. */
json_t *saved_write_hashes(const uint64_t *hashes, size_t count);
size_t saved_read_hashes(const json_t *array, uint64_t *to, size_t most);
/* Exactly count times; those that the list lacks read `otherwise`. */
json_t *saved_write_times(const int64_t *times, size_t count);
void saved_read_times(const json_t *array, int64_t *to, size_t count, int64_t otherwise);
json_t *saved_write_texts(const char *texts, size_t pitch, size_t count);
size_t saved_read_texts(const json_t *array, char *to, size_t pitch, size_t most);

/* Is it one of the versions first to last? Otherwise a sentence. */
bool saved_is_known(const json_t *saved, const char *what, int first, int last, struct err *err);

#endif
