#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H
/* Brings a database to the newest version of a schema. */
#include <stdbool.h>
#include <stdint.h>

#include "schema.h"

struct err;
struct sqlite3;

/* Is this file ours, and not newer than count versions? */
bool migrate_check(struct sqlite3 *db, size_t count, struct err *err);
/* May this file be opened by a program that knows count versions, in this world? Changes nothing. */
bool migrate_identify(struct sqlite3 *db, size_t count, const char *world, struct err *err);
/* Each version is one transaction: applied with its number, or not at all. A new file has version 0. */
bool migrate(struct sqlite3 *db, const struct schema_version *versions, size_t count,
             const struct schema_aid *aid, struct err *err);
bool migrate_read_version(struct sqlite3 *db, int64_t *ret, struct err *err);
/* Writes down whose world a new store is. */
bool migrate_name_world(struct sqlite3 *db, const char *world, struct err *err);
bool migrate_read_epoch(struct sqlite3 *db, int64_t *ret, struct err *err);
/* Takes the store over: the epoch grows by one. */
bool migrate_epoch(struct sqlite3 *db, int64_t *ret_epoch, int64_t *ret_last_alive_ms, struct err *err);

#endif
