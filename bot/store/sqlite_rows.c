/* A table of columns ties each member of a row to its place in the statement: the list of names, the binding
 * and the reading all come from it, so that they cannot disagree. */
#include "sqlite_rows.h"

#include <assert.h>
#include <sqlite3.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "rows.h"
#include "sqlite_error.h"

#define SQL_MAX 4096

enum column_kind { COLUMN_TEXT, COLUMN_LONG_TEXT, COLUMN_INT, COLUMN_INT64, COLUMN_BOOL };
struct column {
    const char *name;
    enum column_kind kind;
    size_t offset, size;
};

#define MEMBER_SIZE(type, member) sizeof(((type *)NULL)->member)
#define COLUMN(kind, type, member)                                                                           \
    {                                                                                                        \
#member, kind, offsetof(type, member), MEMBER_SIZE(type, member)                                     \
    }
#define OPERATION(kind, member) COLUMN(COLUMN_##kind, struct store_operation, member)
#define OUTBOX(kind, member)    COLUMN(COLUMN_##kind, struct store_outbox, member)
#define AUDIT(kind, member)     COLUMN(COLUMN_##kind, struct store_audit, member)
#define DELIVERY(kind, member)  COLUMN(COLUMN_##kind, struct txn_delivery, member)

static const struct column OPERATION_COLUMNS[] = {
    OPERATION(TEXT, id),           OPERATION(TEXT, parent),       OPERATION(INT, position),
    OPERATION(TEXT, verb),         OPERATION(TEXT, target),       OPERATION(TEXT, service_key),
    OPERATION(TEXT, service_name), OPERATION(TEXT, state),        OPERATION(BOOL, ended),
    OPERATION(TEXT, verdict),      OPERATION(TEXT, server),       OPERATION(TEXT, user),
    OPERATION(TEXT, user_name),    OPERATION(TEXT, channel),      OPERATION(TEXT, thread),
    OPERATION(INT64, created_ms),  OPERATION(INT64, updated_ms),  OPERATION(INT64, acting_ms),
    OPERATION(INT64, ended_ms),    OPERATION(INT64, duration_ms), OPERATION(INT64, watch_until_ms),
    OPERATION(LONG_TEXT, detail),  OPERATION(LONG_TEXT, follow),  {0},
};
static const struct column OUTBOX_COLUMNS[] = {
    OUTBOX(TEXT, id),          OUTBOX(TEXT, operation),   OUTBOX(TEXT, server),      OUTBOX(TEXT, channel),
    OUTBOX(TEXT, thread_of),   OUTBOX(TEXT, thread),      OUTBOX(TEXT, private_to),  OUTBOX(TEXT, message),
    OUTBOX(INT, state),        OUTBOX(INT, version),      OUTBOX(INT, sent_version), OUTBOX(BOOL, ends),
    OUTBOX(INT64, created_ms), OUTBOX(INT64, updated_ms), OUTBOX(LONG_TEXT, card),   {0},
};
static const struct column AUDIT_COLUMNS[] = {
    AUDIT(INT64, at_ms), AUDIT(TEXT, operation),   AUDIT(TEXT, who),
    AUDIT(TEXT, what),   AUDIT(LONG_TEXT, detail), {0},
};
static const struct column DELIVERY_COLUMNS[] = {DELIVERY(TEXT, key), DELIVERY(INT64, at_ms), {0}};

/* ---- statements: "%s" stands for the names of the columns */

enum statement_shape { AS_WRITTEN, INSERTS, UPSERTS, SELECTS };
struct statement {
    enum statement_shape shape;
    const char *text; /* the table of INSERTS and UPSERTS; what follows the names of SELECTS */
    const struct column *columns;
};

/* "Waits" is said as the index outbox_waiting says it, so that SQLite uses it. */
#define WAITS(alias)                                                                                         \
    "(" alias "state < 2 OR (" alias "state = 2 AND " alias "sent_version < " alias "version))"

/* What a start goes on with: two indexes, where "OR" would read every row. */
#define OPEN(column)                                                                                         \
    "(SELECT " column " FROM operation WHERE ended = 0 UNION SELECT " column                                 \
    " FROM operation WHERE watch_until_ms > 0)"

/* clang-format off */
#define READ_WAITING                                                                                    \
    "FROM outbox WHERE number IN ("                                                                     \
    " SELECT number FROM outbox WHERE " WAITS("")                                                       \
    " UNION SELECT number FROM outbox WHERE operation IN " OPEN("id")                                   \
    " UNION SELECT h.number FROM outbox w JOIN outbox h ON h.id = w.thread_of WHERE " WAITS("w.")       \
    ") ORDER BY number LIMIT ?1"
/* clang-format on */

static const struct statement STATEMENTS[STATEMENT_COUNT] = {
    [STATEMENT_READ_EPOCH] = {AS_WRITTEN, "SELECT epoch FROM meta", NULL},
    [STATEMENT_PUT_ALIVE] = {AS_WRITTEN, "UPDATE meta SET last_alive_ms = ?1", NULL},
    [STATEMENT_PUT_DELIVERY] = {INSERTS, "delivery", DELIVERY_COLUMNS},
    [STATEMENT_PUT_OPERATION] = {UPSERTS, "operation", OPERATION_COLUMNS},
    [STATEMENT_PUT_OUTBOX] = {UPSERTS, "outbox", OUTBOX_COLUMNS},
    [STATEMENT_PUT_AUDIT] = {INSERTS, "audit", AUDIT_COLUMNS},
    [STATEMENT_READ_OPEN] = {SELECTS,
                             "FROM operation WHERE number IN " OPEN("number") " ORDER BY number LIMIT ?1",
                             OPERATION_COLUMNS},
    [STATEMENT_READ_WAITING] = {SELECTS, READ_WAITING, OUTBOX_COLUMNS},
    [STATEMENT_READ_RECENT] = {SELECTS,
                               "FROM operation WHERE ended = 1 AND verb = ?2 AND service_name = ?3"
                               " ORDER BY ended_ms DESC, number DESC LIMIT ?1",
                               OPERATION_COLUMNS},
    [STATEMENT_READ_RECENT_OF_SOME] = {SELECTS,
                                       "FROM operation WHERE ended = 1 AND (?2 = '' OR verb = ?2)"
                                       " AND (?3 = '' OR service_name = ?3)"
                                       " ORDER BY ended_ms DESC, number DESC LIMIT ?1",
                                       OPERATION_COLUMNS},
    /* Pruning: ?1 = older than, ?2 = rows of a batch, ?3 = rows that may stay at most. */
    [STATEMENT_PRUNE_DELIVERIES] =
        {AS_WRITTEN, "DELETE FROM delivery WHERE key IN (SELECT key FROM delivery WHERE at_ms < ?1 LIMIT ?2)",
         NULL},
    [STATEMENT_PRUNE_OUTBOX] =
        {AS_WRITTEN,
         "DELETE FROM outbox WHERE number IN (SELECT b.number FROM outbox b WHERE b.updated_ms < ?1 AND "
         "NOT " WAITS("b.") " AND b.operation NOT IN " OPEN(
             "id") " AND b.id NOT IN (SELECT w.thread_of FROM outbox w WHERE " WAITS("w.") ") LIMIT ?2)",
         NULL},
    /* Not one whose messages wait, not the parent of one that runs, and never the newest of their kind: the
     * usual durations are theirs. */
    [STATEMENT_PRUNE_OPERATIONS] =
        {AS_WRITTEN,
         "DELETE FROM operation WHERE number IN (SELECT o.number FROM operation o WHERE o.ended = 1 AND "
         "o.watch_until_ms = 0 AND "
         "o.ended_ms < max(?1, ifnull((SELECT ended_ms FROM operation WHERE ended = 1 ORDER BY ended_ms DESC"
         "  LIMIT 1 OFFSET ?3 - 1), 0)) "
         "AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.operation = o.id AND " WAITS(
             "b.") ") AND NOT EXISTS (SELECT 1 FROM operation c WHERE c.parent = o.id AND c.ended = 0) "
                   "AND (SELECT count(*) FROM (SELECT 1 FROM operation n WHERE n.ended = 1 AND n.verb = "
                   "o.verb AND n.service_name = o.service_name AND n.ended_ms > o.ended_ms LIMIT ?4)) = ?4 "
                   "ORDER BY o.ended_ms LIMIT ?2)",
         NULL},
    /* From the oldest on without a gap, and never the newest. */
    [STATEMENT_PRUNE_AUDIT] =
        {AS_WRITTEN,
         "DELETE FROM audit WHERE number < min((SELECT max(number) FROM audit),"
         " (SELECT min(number) FROM audit) + ?2,"
         " max((SELECT max(number) FROM audit) - ?3 + 1,"
         "  ifnull((SELECT min(number) FROM (SELECT number, at_ms FROM audit ORDER BY number LIMIT ?2)"
         "   WHERE at_ms >= ?1), 9223372036854775807)))",
         NULL},
};

static void write_names(struct buf *b, const struct column *columns)
{
    for (const struct column *c = columns; c->name != NULL; c++) {
        buf_format(b, "%s%s", c == columns ? "" : ", ", c->name);
    }
}

static void write_insert(struct buf *b, const struct statement *s)
{
    buf_format(b, "INSERT INTO %s (", s->text);
    write_names(b, s->columns);
    buf_text(b, ") VALUES (");
    for (const struct column *c = s->columns; c->name != NULL; c++) {
        buf_text(b, c == s->columns ? "?" : ", ?");
    }
    buf_char(b, ')');
}

static void write_sql(struct buf *b, const struct statement *s)
{
    switch (s->shape) {
    case AS_WRITTEN: buf_text(b, s->text); break;
    case INSERTS: write_insert(b, s); break;
    case UPSERTS:
        write_insert(b, s);
        buf_text(b, " ON CONFLICT (id) DO UPDATE SET ");
        for (const struct column *c = s->columns; c->name != NULL; c++) {
            buf_format(b, "%s%s = excluded.%s", c == s->columns ? "" : ", ", c->name, c->name);
        }
        break;
    case SELECTS:
        buf_text(b, "SELECT ");
        write_names(b, s->columns);
        buf_format(b, " %s", s->text);
        break;
    }
    assert(!buf_overflowed(b));
}

bool sqlite_rows_init(struct sqlite_rows *r, struct sqlite3 *db, struct err *err)
{
    *r = (struct sqlite_rows){.db = db};
    for (size_t at = 0; at < STATEMENT_COUNT; at++) {
        struct buf sql;
        buf_init(&sql, SQL_MAX);
        write_sql(&sql, &STATEMENTS[at]);
        const int rc =
            sqlite3_prepare_v3(db, sql.data, -1, SQLITE_PREPARE_PERSISTENT, &r->statements[at], NULL);
        buf_finish(&sql);
        if (rc != SQLITE_OK) {
            sqlite_rows_finish(r);
            return sqlite_error(db, rc, err);
        }
    }
    return true;
}

void sqlite_rows_finish(struct sqlite_rows *r)
{
    for (size_t at = 0; at < STATEMENT_COUNT; at++) {
        sqlite3_finalize(r->statements[at]);
    }
    *r = (struct sqlite_rows){0};
}

/* ---- writing */

/* Borrows: the row stays until the statement has run. */
static void bind_column(sqlite3_stmt *s, int at, const struct column *c, const char *row)
{
    const char *member = row + c->offset;
    int rc = SQLITE_OK;
    switch (c->kind) {
    case COLUMN_TEXT: rc = sqlite3_bind_text(s, at, member, -1, SQLITE_STATIC); break;
    case COLUMN_LONG_TEXT: {
        const char *text;
        memcpy(&text, member, sizeof(text));
        rc = sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
        break;
    }
    case COLUMN_INT: {
        int number;
        memcpy(&number, member, sizeof(number));
        rc = sqlite3_bind_int(s, at, number);
        break;
    }
    case COLUMN_INT64: {
        int64_t number;
        memcpy(&number, member, sizeof(number));
        rc = sqlite3_bind_int64(s, at, number);
        break;
    }
    case COLUMN_BOOL: rc = sqlite3_bind_int(s, at, *(const bool *)member ? 1 : 0); break;
    }
    assert(rc == SQLITE_OK); /* places and sizes are ours, and fixed */
    (void)rc;
}

/* Runs a statement that gives no rows, and makes it ready for the next time. */
static int run(sqlite3_stmt *s)
{
    sqlite3_step(s);
    const int rc = sqlite3_reset(s); /* the extended code of the step */
    sqlite3_clear_bindings(s);
    return rc;
}

static int put(struct sqlite_rows *r, enum sqlite_statement which, const void *row)
{
    int at = 0;
    for (const struct column *c = STATEMENTS[which].columns; c->name != NULL; c++) {
        bind_column(r->statements[which], ++at, c, row);
    }
    return run(r->statements[which]);
}

int sqlite_rows_put_delivery(struct sqlite_rows *r, const struct txn_delivery *row)
{
    return put(r, STATEMENT_PUT_DELIVERY, row);
}

int sqlite_rows_put_operation(struct sqlite_rows *r, const struct store_operation *row)
{
    return put(r, STATEMENT_PUT_OPERATION, row);
}

int sqlite_rows_put_outbox(struct sqlite_rows *r, const struct store_outbox *row)
{
    return put(r, STATEMENT_PUT_OUTBOX, row);
}

int sqlite_rows_put_audit(struct sqlite_rows *r, const struct store_audit *row)
{
    return put(r, STATEMENT_PUT_AUDIT, row);
}

static int run_with_number(struct sqlite_rows *r, enum sqlite_statement which, int64_t number)
{
    sqlite3_bind_int64(r->statements[which], 1, number);
    return run(r->statements[which]);
}

int sqlite_rows_put_alive(struct sqlite_rows *r, int64_t now_ms)
{
    return run_with_number(r, STATEMENT_PUT_ALIVE, now_ms);
}

int sqlite_rows_prune(struct sqlite_rows *r, const struct rows_ages *before, int *ret_count, bool *ret_more)
{
    const struct {
        enum sqlite_statement which;
        int64_t before_ms, most;
    } kinds[] = {
        {STATEMENT_PRUNE_DELIVERIES, before->deliveries_ms, 0},
        {STATEMENT_PRUNE_OUTBOX, before->outbox_ms, 0},
        {STATEMENT_PRUNE_OPERATIONS, before->operations_ms, ROWS_KEEP_OPERATIONS},
        {STATEMENT_PRUNE_AUDIT, before->audit_ms, ROWS_KEEP_AUDIT},
    };
    int count = 0;
    bool more = false;
    for (size_t at = 0; at < sizeof(kinds) / sizeof(kinds[0]); at++) {
        sqlite3_stmt *s = r->statements[kinds[at].which];
        sqlite3_bind_int64(s, 2, ROWS_PRUNE_BATCH);
        sqlite3_bind_int64(s, 3, kinds[at].most); /* without effect where it is not asked for */
        sqlite3_bind_int64(s, 4, STORE_RECENT);
        const int rc = run_with_number(r, kinds[at].which, kinds[at].before_ms);
        if (rc != SQLITE_OK) {
            return rc;
        }
        const int changed = sqlite3_changes(r->db);
        count += changed;
        more = more || changed >= ROWS_PRUNE_BATCH;
    }
    *ret_count = count;
    *ret_more = more;
    return SQLITE_OK;
}

int sqlite_rows_read_epoch(struct sqlite_rows *r, int64_t *ret_epoch)
{
    sqlite3_stmt *s = r->statements[STATEMENT_READ_EPOCH];
    const int stepped = sqlite3_step(s);
    if (stepped == SQLITE_ROW) {
        *ret_epoch = sqlite3_column_int64(s, 0);
    }
    const int rc = sqlite3_reset(s);
    return stepped == SQLITE_ROW || rc != SQLITE_OK ? rc : SQLITE_CORRUPT;
}

/* ---- reading */

static void read_text(sqlite3_stmt *s, int at, char *to, size_t size)
{
    text_copy(to, size, (const char *)sqlite3_column_text(s, at));
}

static void read_column(sqlite3_stmt *s, int at, const struct column *c, char *row)
{
    char *member = row + c->offset;
    switch (c->kind) {
    case COLUMN_TEXT: read_text(s, at, member, c->size); break;
    case COLUMN_LONG_TEXT: {
        const char *text = (const char *)sqlite3_column_text(s, at);
        const char *copy = mem_text(text == NULL ? "" : text);
        memcpy(member, &copy, sizeof(copy));
        break;
    }
    case COLUMN_INT: {
        const int number = sqlite3_column_int(s, at);
        memcpy(member, &number, sizeof(number));
        break;
    }
    case COLUMN_INT64: {
        const int64_t number = sqlite3_column_int64(s, at);
        memcpy(member, &number, sizeof(number));
        break;
    }
    case COLUMN_BOOL: *(bool *)member = sqlite3_column_int(s, at) != 0; break;
    }
}

/* The first `most` rows, of `size` bytes each. What was read so far is handed over on failure, too. */
static int read_rows(struct sqlite_rows *r, enum sqlite_statement which, size_t size, size_t most,
                     char **ret_rows, size_t *ret_count)
{
    sqlite3_stmt *s = r->statements[which];
    size_t count = 0, room = 8;
    char *rows = mem_array(room, size);
    sqlite3_bind_int64(s, 1, (sqlite3_int64)most);
    while (sqlite3_step(s) == SQLITE_ROW) {
        if (count == room) {
            rows = mem_resize(rows, 2 * room * size);
            memset(rows + room * size, 0, room * size);
            room *= 2;
        }
        int at = 0;
        for (const struct column *c = STATEMENTS[which].columns; c->name != NULL; c++) {
            read_column(s, at++, c, rows + count * size);
        }
        count++;
    }
    const int rc = sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    *ret_rows = rows;
    *ret_count = count;
    return rc;
}

static int read_operations(struct sqlite_rows *r, enum sqlite_statement which, size_t most,
                           struct store_operation **ret_rows, size_t *ret_count)
{
    char *bytes;
    size_t count;
    const int rc = read_rows(r, which, sizeof(struct store_operation), most, &bytes, &count);
    struct store_operation *rows = (struct store_operation *)(void *)bytes;
    if (rc != SQLITE_OK) {
        for (size_t at = 0; at < count; at++) {
            rows_free_operation(&rows[at]);
        }
        mem_free(rows);
        return rc;
    }
    *ret_rows = rows;
    *ret_count = count;
    return rc;
}

int sqlite_rows_read_open(struct sqlite_rows *r, struct store_operation **ret_rows, size_t *ret_count)
{
    return read_operations(r, STATEMENT_READ_OPEN, ROWS_LOAD_MAX + 1, ret_rows, ret_count);
}

int sqlite_rows_read_recent(struct sqlite_rows *r, const char *verb, const char *service_name,
                            struct store_operation **ret_rows, size_t *ret_count)
{
    const enum sqlite_statement which =
        verb[0] != '\0' && service_name[0] != '\0' ? STATEMENT_READ_RECENT : STATEMENT_READ_RECENT_OF_SOME;
    sqlite3_bind_text(r->statements[which], 2, verb, -1, SQLITE_STATIC);
    sqlite3_bind_text(r->statements[which], 3, service_name, -1, SQLITE_STATIC);
    return read_operations(r, which, STORE_RECENT, ret_rows, ret_count);
}

int sqlite_rows_read_waiting(struct sqlite_rows *r, struct store_outbox **ret_rows, size_t *ret_count)
{
    char *bytes;
    size_t count;
    const int rc =
        read_rows(r, STATEMENT_READ_WAITING, sizeof(struct store_outbox), ROWS_LOAD_MAX + 1, &bytes, &count);
    struct store_outbox *rows = (struct store_outbox *)(void *)bytes;
    if (rc != SQLITE_OK) {
        for (size_t at = 0; at < count; at++) {
            rows_free_outbox(&rows[at]);
        }
        mem_free(rows);
        return rc;
    }
    *ret_rows = rows;
    *ret_count = count;
    return rc;
}
