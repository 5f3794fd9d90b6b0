#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H
/* The schema, one entry a version, from 1. An entry that was released is never edited: add the next one. */
#include <stddef.h>

#define SCHEMA_APPLICATION 0x4354414B /* "CTAK": marks the file as ours */

struct schema_version {
    const char *const *statements; /* NULL-terminated */
};

extern const struct schema_version SCHEMA[];
extern const size_t SCHEMA_VERSIONS;

#endif
