#include "schema.h"

#include "chain.h"

static const char *const VERSION_1[] = {
    "CREATE TABLE meta ("
    " one           INTEGER PRIMARY KEY CHECK (one = 1),"
    " world         TEXT    NOT NULL,"
    " epoch         INTEGER NOT NULL," /* grows at each open: an older opener writes no more */
    " last_alive_ms INTEGER NOT NULL"
    ") STRICT",

    /* What was taken already. */
    "CREATE TABLE delivery ("
    " key   TEXT PRIMARY KEY,"
    " at_ms INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID",
    "CREATE INDEX delivery_at ON delivery (at_ms)",

    "CREATE TABLE operation ("
    " number       INTEGER PRIMARY KEY,"
    " id           TEXT    NOT NULL UNIQUE,"
    " parent       TEXT    NOT NULL,"
    " position     INTEGER NOT NULL,"
    " verb         TEXT    NOT NULL,"
    " target       TEXT    NOT NULL,"
    " service_key  TEXT    NOT NULL,"
    " service_name TEXT    NOT NULL,"
    " state        TEXT    NOT NULL,"
    " ended        INTEGER NOT NULL CHECK (ended IN (0, 1)),"
    " verdict      TEXT    NOT NULL,"
    " server       TEXT    NOT NULL,"
    " user         TEXT    NOT NULL,"
    " user_name    TEXT    NOT NULL,"
    " channel      TEXT    NOT NULL,"
    " thread       TEXT    NOT NULL,"
    " created_ms   INTEGER NOT NULL,"
    " updated_ms   INTEGER NOT NULL,"
    " acting_ms    INTEGER NOT NULL,"
    " ended_ms     INTEGER NOT NULL,"
    " duration_ms  INTEGER NOT NULL,"
    " detail       TEXT    NOT NULL,"
    " follow       TEXT    NOT NULL"
    ") STRICT",
    "CREATE INDEX operation_open ON operation (number) WHERE ended = 0",
    "CREATE INDEX operation_recent ON operation (verb, service_name, ended_ms) WHERE ended = 1",
    "CREATE INDEX operation_ended ON operation (ended_ms) WHERE ended = 1",

    "CREATE TABLE outbox ("
    " number       INTEGER PRIMARY KEY,"
    " id           TEXT    NOT NULL UNIQUE,"
    " operation    TEXT    NOT NULL,"
    " server       TEXT    NOT NULL,"
    " channel      TEXT    NOT NULL,"
    " thread_of    TEXT    NOT NULL,"
    " thread       TEXT    NOT NULL,"
    " private_to   TEXT    NOT NULL,"
    " message      TEXT    NOT NULL,"
    " state        INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3)," /* pending, sending, sent, dropped */
    " version      INTEGER NOT NULL,"
    " sent_version INTEGER NOT NULL,"
    " ends         INTEGER NOT NULL CHECK (ends IN (0, 1)),"
    " created_ms   INTEGER NOT NULL,"
    " updated_ms   INTEGER NOT NULL,"
    " card         TEXT    NOT NULL"
    ") STRICT",
    "CREATE INDEX outbox_waiting ON outbox (number) WHERE state < 2 OR (state = 2 AND sent_version < "
    "version)",
    "CREATE INDEX outbox_operation ON outbox (operation)",
    "CREATE INDEX outbox_updated ON outbox (updated_ms)",

    "CREATE TABLE audit ("
    " number    INTEGER PRIMARY KEY AUTOINCREMENT,"
    " at_ms     INTEGER NOT NULL,"
    " operation TEXT    NOT NULL,"
    " who       TEXT    NOT NULL,"
    " what      TEXT    NOT NULL,"
    " detail    TEXT    NOT NULL"
    ") STRICT",
    NULL,
};

/* What ended and is still watched (after-care) is loaded at a start like what has not ended. */
static const char *const VERSION_2[] = {
    "ALTER TABLE operation ADD COLUMN watch_until_ms INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX operation_watched ON operation (number) WHERE watch_until_ms > 0",
    NULL,
};

/* Seals of operations and of the chain of audit records, its two ends, what is remembered beside operations,
 * and what history and timeline look up. */
static const char *const VERSION_3[] = {
    "ALTER TABLE operation ADD COLUMN mac BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE audit ADD COLUMN mac BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE meta ADD COLUMN base_number INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE meta ADD COLUMN base_mac BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE meta ADD COLUMN base_seal BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE meta ADD COLUMN head_number INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE meta ADD COLUMN head_mac BLOB NOT NULL DEFAULT x''",
    "ALTER TABLE meta ADD COLUMN head_seal BLOB NOT NULL DEFAULT x''",
    "CREATE TABLE memo ("
    " number INTEGER PRIMARY KEY,"
    " kind   TEXT    NOT NULL,"
    " key    TEXT    NOT NULL,"
    " at_ms  INTEGER NOT NULL,"
    " json   TEXT    NOT NULL,"
    " UNIQUE (kind, key)"
    ") STRICT",
    "CREATE INDEX operation_target ON operation (target, number)",
    "CREATE INDEX operation_parent ON operation (parent) WHERE parent <> ''",
    "CREATE INDEX audit_operation ON audit (operation, number)",
    NULL,
};

const struct schema_version SCHEMA[] = {
    {.statements = VERSION_1},
    {.statements = VERSION_2},
    {.statements = VERSION_3, .then = chain_adopt},
};
const size_t SCHEMA_VERSIONS = sizeof(SCHEMA) / sizeof(SCHEMA[0]);
