/* Statements and what is written with them; sqlite_read.c reads. */
#include "sqlite_rows.h"

#include <assert.h>
#include <sqlite3.h>
#include <string.h>

#include "base/buf.h"
#include "columns.h"
#include "rows.h"
#include "sqlite_error.h"

#define SQL_MAX 4096

/* ---- statements: "%s" stands for the names of the columns */

enum statement_shape { AS_WRITTEN, INSERTS, UPSERTS, UPSERTS_MEMO, SELECTS };
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
    [STATEMENT_READ_ENDS] = {AS_WRITTEN,
                             "SELECT base_number, base_mac, base_seal, head_number, head_mac, head_seal "
                             "FROM meta",
                             NULL},
    [STATEMENT_PUT_HEAD] =
        {AS_WRITTEN,
         "UPDATE meta SET last_alive_ms = iif(?1 > 0, ?1, last_alive_ms), head_number = ?2, head_mac = ?3, "
         "head_seal = ?4",
         NULL},
    [STATEMENT_PUT_BASE] = {AS_WRITTEN, "UPDATE meta SET base_number = ?1, base_mac = ?2, base_seal = ?3",
                            NULL},
    [STATEMENT_PUT_DELIVERY] = {INSERTS, "delivery", DELIVERY_COLUMNS},
    [STATEMENT_PUT_OPERATION] = {UPSERTS, "operation", OPERATION_COLUMNS},
    [STATEMENT_PUT_OUTBOX] = {UPSERTS, "outbox", OUTBOX_COLUMNS},
    [STATEMENT_PUT_AUDIT] = {INSERTS, "audit", AUDIT_COLUMNS},
    [STATEMENT_PUT_MEMO] = {UPSERTS_MEMO, "memo", MEMO_COLUMNS},
    [STATEMENT_FORGET_MEMO] = {AS_WRITTEN, "DELETE FROM memo WHERE kind = ?1 AND key = ?2", NULL},
    [STATEMENT_COUNT_MEMOS] = {AS_WRITTEN, "SELECT count(*) FROM memo", NULL},
    [STATEMENT_READ_MEMOS] = {SELECTS, "FROM memo ORDER BY number LIMIT ?1", MEMO_COLUMNS},
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
    [STATEMENT_READ_HISTORY] = {SELECTS, "FROM operation ORDER BY number DESC LIMIT ?1", OPERATION_COLUMNS},
    [STATEMENT_READ_HISTORY_OF] = {SELECTS, "FROM operation WHERE target = ?2 ORDER BY number DESC LIMIT ?1",
                                   OPERATION_COLUMNS},
    [STATEMENT_READ_OPERATION] = {SELECTS, "FROM operation WHERE id = ?2 LIMIT ?1", OPERATION_COLUMNS},
    [STATEMENT_READ_TIMELINE] = {SELECTS,
                                 "FROM audit WHERE number IN (SELECT number FROM audit WHERE operation = ?2"
                                 " UNION SELECT a.number FROM operation c JOIN audit a ON a.operation = c.id"
                                 "  WHERE c.parent = ?2 AND c.parent <> '') ORDER BY number LIMIT ?1",
                                 AUDIT_COLUMNS},
    [STATEMENT_READ_AUDIT] = {SELECTS, "FROM audit WHERE number > ?2 ORDER BY number LIMIT ?1",
                              AUDIT_COLUMNS},
    [STATEMENT_READ_LAST_AUDIT] = {SELECTS, "FROM audit ORDER BY number DESC LIMIT ?1", AUDIT_COLUMNS},
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
    /* From the oldest on without a gap, and never the newest: the last one that goes. */
    [STATEMENT_OLD_AUDIT] =
        {SELECTS,
         "FROM audit WHERE number < min((SELECT max(number) FROM audit),"
         " (SELECT min(number) FROM audit) + ?2,"
         " max((SELECT max(number) FROM audit) - ?3 + 1,"
         "  ifnull((SELECT min(number) FROM (SELECT number, at_ms FROM audit ORDER BY number LIMIT ?2)"
         "   WHERE at_ms >= ?4), 9223372036854775807))) ORDER BY number DESC LIMIT ?1",
         AUDIT_COLUMNS},
    [STATEMENT_PRUNE_AUDIT] = {AS_WRITTEN, "DELETE FROM audit WHERE number <= ?1", NULL},
};

const struct column *sqlite_rows_columns(enum sqlite_statement which)
{
    return STATEMENTS[which].columns;
}

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
    case UPSERTS_MEMO:
        write_insert(b, s);
        buf_format(b, " ON CONFLICT (%s) DO UPDATE SET ", s->shape == UPSERTS ? "id" : "kind, key");
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
    case COLUMN_MAC: rc = sqlite3_bind_blob(s, at, member, CRYPTO_SHA256, SQLITE_STATIC); break;
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

int sqlite_rows_put_operation(struct sqlite_rows *r, const struct sealed_operation *row)
{
    return put(r, STATEMENT_PUT_OPERATION, row);
}

int sqlite_rows_put_outbox(struct sqlite_rows *r, const struct store_outbox *row)
{
    return put(r, STATEMENT_PUT_OUTBOX, row);
}

int sqlite_rows_put_audit(struct sqlite_rows *r, const struct sealed_audit *row)
{
    return put(r, STATEMENT_PUT_AUDIT, row);
}

int sqlite_rows_put_memo(struct sqlite_rows *r, const struct store_memo *row, bool *ret_too_many)
{
    int64_t count = 0;
    int rc = put(r, STATEMENT_PUT_MEMO, row);
    rc = rc == SQLITE_OK ? sqlite_rows_read_number(r, STATEMENT_COUNT_MEMOS, &count) : rc;
    if (rc == SQLITE_OK && count > STORE_MEMOS) {
        *ret_too_many = true;
        return SQLITE_CONSTRAINT;
    }
    return rc;
}

int sqlite_rows_forget_memo(struct sqlite_rows *r, const struct store_memo *row)
{
    sqlite3_stmt *s = r->statements[STATEMENT_FORGET_MEMO];
    sqlite3_bind_text(s, 1, row->kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, row->key, -1, SQLITE_STATIC);
    return run(s);
}

static void bind_end(sqlite3_stmt *s, int at, const struct seal_link *end, const uint8_t *seal)
{
    sqlite3_bind_int64(s, at, end->sequence);
    sqlite3_bind_blob(s, at + 1, end->mac, CRYPTO_SHA256, SQLITE_STATIC);
    sqlite3_bind_blob(s, at + 2, seal, CRYPTO_SHA256, SQLITE_STATIC);
}

int sqlite_rows_put_head(struct sqlite_rows *r, int64_t now_ms, const struct seal_link *head,
                         const uint8_t seal[CRYPTO_SHA256])
{
    sqlite3_stmt *s = r->statements[STATEMENT_PUT_HEAD];
    sqlite3_bind_int64(s, 1, now_ms);
    bind_end(s, 2, head, seal);
    return run(s);
}

int sqlite_rows_put_base(struct sqlite_rows *r, const struct seal_link *base,
                         const uint8_t seal[CRYPTO_SHA256])
{
    bind_end(r->statements[STATEMENT_PUT_BASE], 1, base, seal);
    return run(r->statements[STATEMENT_PUT_BASE]);
}

static int run_with_number(struct sqlite_rows *r, enum sqlite_statement which, int64_t number)
{
    sqlite3_bind_int64(r->statements[which], 1, number);
    return run(r->statements[which]);
}

int sqlite_rows_prune_audit(struct sqlite_rows *r, int64_t up_to)
{
    return run_with_number(r, STATEMENT_PRUNE_AUDIT, up_to);
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

int sqlite_rows_read_number(struct sqlite_rows *r, enum sqlite_statement which, int64_t *ret)
{
    sqlite3_stmt *s = r->statements[which];
    const int stepped = sqlite3_step(s);
    if (stepped == SQLITE_ROW) {
        *ret = sqlite3_column_int64(s, 0);
    }
    const int rc = sqlite3_reset(s);
    return stepped == SQLITE_ROW || rc != SQLITE_OK ? rc : SQLITE_CORRUPT;
}
