#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H
/* The schema, one entry a version, from 1. An entry that was released is never edited: add the next one. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct sqlite3;

#define SCHEMA_APPLICATION 0x4354414B /* "CTAK": marks the file as ours */
#define SCHEMA_SEALED      3          /* from this version on records and operations carry seals */

/* What a version may need beside its statements. */
struct schema_aid {
    const uint8_t *key; /* of the seals */
    int64_t now_ms;     /* wall */
};
struct schema_version {
    const char *const *statements; /* NULL-terminated */
    /* What SQL cannot do, in the same transaction; NULL = nothing. */
    bool (*then)(struct sqlite3 *db, const struct schema_aid *aid, struct err *err);
};

extern const struct schema_version SCHEMA[];
extern const size_t SCHEMA_VERSIONS;

#endif
