/* Rows out of SQLite, by the same tables of columns that they were written with. A text that does not fit its
 * member, or ends before its length says, was not written by this program: it is read as "", so that no seal
 * fits. */
#include <sqlite3.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sqlite_rows.h"

static const char *text_at(sqlite3_stmt *s, int at)
{
    const char *text = (const char *)sqlite3_column_text(s, at);
    return text == NULL || strlen(text) != (size_t)sqlite3_column_bytes(s, at) ? "" : text;
}

static void read_mac(sqlite3_stmt *s, int at, uint8_t to[CRYPTO_SHA256])
{
    const void *blob = sqlite3_column_blob(s, at);
    if (blob != NULL && sqlite3_column_bytes(s, at) == CRYPTO_SHA256) {
        memcpy(to, blob, CRYPTO_SHA256);
    }
}

static void read_column(sqlite3_stmt *s, int at, const struct column *c, char *row)
{
    char *member = row + c->offset;
    switch (c->kind) {
    case COLUMN_TEXT:
        if (!text_copy(member, c->size, text_at(s, at))) {
            text_copy(member, c->size, "");
        }
        break;
    case COLUMN_LONG_TEXT: {
        const char *copy = mem_text(text_at(s, at));
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
    case COLUMN_MAC: read_mac(s, at, (uint8_t *)member); break;
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
        for (const struct column *c = sqlite_rows_columns(which); c->name != NULL; c++) {
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

static void bind_text(struct sqlite_rows *r, enum sqlite_statement which, int at, const char *text)
{
    sqlite3_bind_text(r->statements[which], at, text, -1, SQLITE_STATIC);
}

/* ---- operations */

void sqlite_read_free_operations(struct sqlite_operations *o)
{
    for (size_t at = 0; at < o->count; at++) {
        rows_free_operation(&o->rows[at].row);
    }
    mem_free(o->rows);
    *o = (struct sqlite_operations){0};
}

static int read_operations(struct sqlite_rows *r, enum sqlite_statement which, size_t most,
                           struct sqlite_operations *ret)
{
    char *bytes;
    struct sqlite_operations read;
    const int rc = read_rows(r, which, sizeof(*read.rows), most, &bytes, &read.count);
    read.rows = (struct sealed_operation *)(void *)bytes;
    if (rc != SQLITE_OK) {
        sqlite_read_free_operations(&read);
        return rc;
    }
    *ret = read;
    return rc;
}

int sqlite_read_open(struct sqlite_rows *r, struct sqlite_operations *ret)
{
    return read_operations(r, STATEMENT_READ_OPEN, ROWS_LOAD_MAX + 1, ret);
}

int sqlite_read_recent(struct sqlite_rows *r, const char *verb, const char *service_name,
                       struct sqlite_operations *ret)
{
    const enum sqlite_statement which =
        verb[0] != '\0' && service_name[0] != '\0' ? STATEMENT_READ_RECENT : STATEMENT_READ_RECENT_OF_SOME;
    bind_text(r, which, 2, verb);
    bind_text(r, which, 3, service_name);
    return read_operations(r, which, STORE_RECENT, ret);
}

int sqlite_read_history(struct sqlite_rows *r, const char *target, size_t most, struct sqlite_operations *ret)
{
    if (target[0] == '\0') {
        return read_operations(r, STATEMENT_READ_HISTORY, most, ret);
    }
    bind_text(r, STATEMENT_READ_HISTORY_OF, 2, target);
    return read_operations(r, STATEMENT_READ_HISTORY_OF, most, ret);
}

int sqlite_read_operation(struct sqlite_rows *r, const char *id, struct sqlite_operations *ret)
{
    bind_text(r, STATEMENT_READ_OPERATION, 2, id);
    return read_operations(r, STATEMENT_READ_OPERATION, 1, ret);
}

/* ---- messages and memos */

int sqlite_read_waiting(struct sqlite_rows *r, struct store_outbox **ret_rows, size_t *ret_count)
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

int sqlite_read_memos(struct sqlite_rows *r, struct store_memo **ret_rows, size_t *ret_count)
{
    char *bytes;
    size_t count;
    const int rc = read_rows(r, STATEMENT_READ_MEMOS, sizeof(struct store_memo), STORE_MEMOS, &bytes, &count);
    struct store_memo *rows = (struct store_memo *)(void *)bytes;
    if (rc != SQLITE_OK) {
        for (size_t at = 0; at < count; at++) {
            rows_free_memo(&rows[at]);
        }
        mem_free(rows);
        return rc;
    }
    *ret_rows = rows;
    *ret_count = count;
    return rc;
}

/* ---- audit records */

void sqlite_read_free_records(struct sqlite_records *o)
{
    for (size_t at = 0; at < o->count; at++) {
        rows_free_audit(&o->rows[at].row);
    }
    mem_free(o->rows);
    *o = (struct sqlite_records){0};
}

static int read_records(struct sqlite_rows *r, enum sqlite_statement which, size_t most,
                        struct sqlite_records *ret)
{
    char *bytes;
    struct sqlite_records read;
    const int rc = read_rows(r, which, sizeof(*read.rows), most, &bytes, &read.count);
    read.rows = (struct sealed_audit *)(void *)bytes;
    if (rc != SQLITE_OK) {
        sqlite_read_free_records(&read);
        return rc;
    }
    *ret = read;
    return rc;
}

int sqlite_read_timeline(struct sqlite_rows *r, const char *operation, struct sqlite_records *ret)
{
    bind_text(r, STATEMENT_READ_TIMELINE, 2, operation);
    return read_records(r, STATEMENT_READ_TIMELINE, STORE_TIMELINE + 1, ret);
}

int sqlite_read_audit(struct sqlite_rows *r, int64_t after, size_t most, struct sqlite_records *ret)
{
    sqlite3_bind_int64(r->statements[STATEMENT_READ_AUDIT], 2, after);
    return read_records(r, STATEMENT_READ_AUDIT, most, ret);
}

int sqlite_read_last_audit(struct sqlite_rows *r, struct sqlite_records *ret)
{
    return read_records(r, STATEMENT_READ_LAST_AUDIT, 1, ret);
}

int sqlite_read_old_audit(struct sqlite_rows *r, int64_t before_ms, struct sqlite_records *ret)
{
    sqlite3_stmt *s = r->statements[STATEMENT_OLD_AUDIT];
    sqlite3_bind_int64(s, 2, ROWS_PRUNE_BATCH);
    sqlite3_bind_int64(s, 3, ROWS_KEEP_AUDIT);
    sqlite3_bind_int64(s, 4, before_ms);
    return read_records(r, STATEMENT_OLD_AUDIT, 1, ret);
}

static void read_end(sqlite3_stmt *s, int at, struct sqlite_end *to)
{
    *to = (struct sqlite_end){.link.sequence = sqlite3_column_int64(s, at)};
    read_mac(s, at + 1, to->link.mac);
    read_mac(s, at + 2, to->seal);
}

int sqlite_read_ends(struct sqlite_rows *r, struct sqlite_end *ret_base, struct sqlite_end *ret_head)
{
    sqlite3_stmt *s = r->statements[STATEMENT_READ_ENDS];
    const int stepped = sqlite3_step(s);
    if (stepped == SQLITE_ROW) {
        read_end(s, 0, ret_base);
        read_end(s, 3, ret_head);
    }
    const int rc = sqlite3_reset(s);
    return stepped == SQLITE_ROW || rc != SQLITE_OK ? rc : SQLITE_CORRUPT;
}
