#include "chain.h"

#include <sqlite3.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sqlite_error.h"

#define PIECE 1000 /* records of one look */

/* ---- writing */

int chain_put_audit(struct chain *c, struct sqlite_rows *r, const struct store_audit *row)
{
    struct sealed_audit record = {.row = *row}; /* borrows the text */
    seal_audit(c->key, &c->head, &record);
    return sqlite_rows_put_audit(r, &record);
}

int chain_put_operation(const struct chain *c, struct sqlite_rows *r, const struct store_operation *row)
{
    struct sealed_operation sealed = {.row = *row}; /* borrows the texts */
    seal_operation(c->key, &sealed);
    return sqlite_rows_put_operation(r, &sealed);
}

int chain_put_head(const struct chain *c, struct sqlite_rows *r, int64_t now_ms)
{
    uint8_t seal[CRYPTO_SHA256];
    seal_end(c->key, "head", &c->head, seal);
    return sqlite_rows_put_head(r, now_ms, &c->head, seal);
}

static int put_base(const struct chain *c, struct sqlite_rows *r)
{
    uint8_t seal[CRYPTO_SHA256];
    seal_end(c->key, "base", &c->base, seal);
    return sqlite_rows_put_base(r, &c->base, seal);
}

int chain_begin(struct chain *c, struct sqlite_rows *r)
{
    c->base = c->head = (struct seal_link){0};
    const int rc = put_base(c, r);
    return rc == SQLITE_OK ? chain_put_head(c, r, 0) : rc;
}

int chain_prune(struct chain *c, struct sqlite_rows *r, int64_t before_ms, int *ret_count, bool *ret_more)
{
    struct sqlite_records old = {0};
    int rc = sqlite_read_old_audit(r, before_ms, &old);
    if (rc == SQLITE_OK && old.count > 0) {
        c->base.sequence = old.rows[0].number;
        memcpy(c->base.mac, old.rows[0].mac, sizeof(c->base.mac));
        rc = put_base(c, r);
        rc = rc == SQLITE_OK ? sqlite_rows_prune_audit(r, c->base.sequence) : rc;
        const int changed = rc == SQLITE_OK ? sqlite3_changes(r->db) : 0;
        *ret_count += changed;
        *ret_more = *ret_more || changed >= ROWS_PRUNE_BATCH;
    }
    sqlite_read_free_records(&old);
    return rc;
}

/* ---- the ends */

/* Behind everything that is there, so that a step never meets a record that somebody put in its place. */
static int pass_by(struct chain *c, struct sqlite_rows *r, bool sealed)
{
    struct sqlite_records last = {0};
    const int rc = sqlite_read_last_audit(r, &last);
    if (rc == SQLITE_OK && last.count > 0 && (!sealed || last.rows[0].number > c->head.sequence)) {
        c->head.sequence = last.rows[0].number;
        memcpy(c->head.mac, last.rows[0].mac, sizeof(c->head.mac));
    }
    sqlite_read_free_records(&last);
    return rc;
}

static bool is_sealed(const struct chain *c, const char *which, const struct sqlite_end *end)
{
    uint8_t seal[CRYPTO_SHA256];
    seal_end(c->key, which, &end->link, seal);
    return crypto_equal(seal, end->seal, sizeof(seal));
}

int chain_open(struct chain *c, struct sqlite_rows *r)
{
    struct sqlite_end base, head;
    int rc = sqlite_read_ends(r, &base, &head);
    if (rc != SQLITE_OK) {
        return rc;
    }
    c->base = base.link;
    c->head = head.link;
    const bool begins = is_sealed(c, "base", &base), ends = is_sealed(c, "head", &head);
    rc = pass_by(c, r, ends);
    if (!begins || !ends) {
        TEXT_FORMAT(c->broken, "the mark where the chain %s was not made by this program's key",
                    begins ? "ends" : "begins");
    } else if (c->head.sequence > head.link.sequence) {
        TEXT_FORMAT(c->broken, "record %lld was not written by this program: the chain ended at %lld",
                    (long long)head.link.sequence + 1, (long long)head.link.sequence);
    }
    return rc;
}

/* ---- is it whole? */

static void end_walk(struct chain_walk *w, const char *broken)
{
    w->over = true;
    if (w->broken[0] == '\0') {
        TEXT_COPY(w->broken, broken);
    }
}

static int begin_walk(const struct chain *c, struct sqlite_rows *r, struct chain_walk *w)
{
    struct sqlite_records first = {0};
    const int rc = sqlite_read_audit(r, INT64_MIN, 1, &first);
    w->begun = true;
    w->last = c->base;
    if (rc == SQLITE_OK && first.count > 0 && first.rows[0].number <= c->base.sequence) {
        TEXT_FORMAT(w->broken, "record %lld lies in front of the chain, which begins behind %lld",
                    (long long)first.rows[0].number, (long long)c->base.sequence);
    } else if (w->seen.sequence > 0 && w->seen.sequence < c->base.sequence) {
        TEXT_FORMAT(w->broken,
                    "record %lld, which was seen as the head, was removed because of its age: nothing can be "
                    "said about it",
                    (long long)w->seen.sequence);
    }
    sqlite_read_free_records(&first);
    return rc;
}

static bool is_as_seen(struct chain_walk *w)
{
    struct store_head head;
    seal_show(&w->last, &head);
    if (w->last.sequence != w->seen.sequence || strcmp(head.hash, w->seen.hash) == 0) {
        return true;
    }
    TEXT_FORMAT(w->broken, "record %lld is not the one that was seen as the head: %s, not %s",
                (long long)head.sequence, head.hash, w->seen.hash);
    return false;
}

static void finish_walk(const struct chain *c, struct chain_walk *w)
{
    const int64_t last = w->last.sequence;
    char text[STORE_BROKEN] = "";
    if (last < c->head.sequence) {
        TEXT_FORMAT(text, "record %lld is missing, and all up to %lld, which was the last",
                    (long long)last + 1, (long long)c->head.sequence);
    } else if (c->broken[0] != '\0') {
        TEXT_COPY(text, c->broken);
    } else if (memcmp(w->last.mac, c->head.mac, sizeof(c->head.mac)) != 0) {
        TEXT_FORMAT(text, "record %lld is not the one that was written last", (long long)last);
    } else if (w->seen.sequence > last) {
        TEXT_FORMAT(text, "record %lld, which was seen as the head, is missing: the records end at %lld",
                    (long long)w->seen.sequence, (long long)last);
    }
    end_walk(w, text);
}

int chain_check(const struct chain *c, struct sqlite_rows *r, struct chain_walk *w)
{
    int rc = w->begun ? SQLITE_OK : begin_walk(c, r, w);
    struct sqlite_records some = {0};
    if (w->last.sequence < c->base.sequence) {
        w->last = c->base; /* pruned since the last piece */
    }
    bool whole = w->broken[0] == '\0' && is_as_seen(w);
    rc = rc == SQLITE_OK ? sqlite_read_audit(r, w->last.sequence, PIECE, &some) : rc;
    for (size_t at = 0; rc == SQLITE_OK && whole && at < some.count; at++) {
        whole = seal_audit_follows(c->key, &w->last, &some.rows[at], w->broken) && is_as_seen(w);
        w->count += whole ? 1 : 0;
    }
    if (!whole || rc != SQLITE_OK) {
        w->over = true;
    } else if (some.count < PIECE) {
        finish_walk(c, w);
    }
    sqlite_read_free_records(&some);
    return rc;
}

/* ---- a store from before */

static int renumber(struct sqlite3 *db, const struct sealed_audit *record, int64_t from)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, "UPDATE audit SET number = ?1, mac = ?2 WHERE number = ?3", -1, &s, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, record->number);
        sqlite3_bind_blob(s, 2, record->mac, sizeof(record->mac), SQLITE_STATIC);
        sqlite3_bind_int64(s, 3, from);
        sqlite3_step(s);
    }
    const int finished = sqlite3_finalize(s);
    return rc == SQLITE_OK ? finished : rc;
}

/* A gap that is there already is closed: what is missing from before cannot be told any more. */
static int adopt_records(struct chain *c, struct sqlite_rows *r, int64_t *ret_count)
{
    struct sqlite_records some = {0};
    int64_t at = INT64_MIN, count = 0;
    int rc = sqlite_read_audit(r, at, 1, &some);
    if (rc == SQLITE_OK && some.count > 0 && some.rows[0].number > 1) {
        c->base.sequence = some.rows[0].number - 1;
    }
    c->head = c->base;
    do {
        sqlite_read_free_records(&some);
        rc = rc == SQLITE_OK ? sqlite_read_audit(r, at, PIECE, &some) : rc;
        for (size_t i = 0; rc == SQLITE_OK && i < some.count; i++) {
            at = some.rows[i].number;
            seal_audit(c->key, &c->head, &some.rows[i]);
            rc = renumber(r->db, &some.rows[i], at);
            count++;
        }
    } while (rc == SQLITE_OK && some.count == PIECE);
    sqlite_read_free_records(&some);
    *ret_count = count;
    return rc;
}

/* The rows are read by their numbers; sealing one moves none. */
static int adopt_operations(const struct chain *c, struct sqlite_rows *r)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(r->db, "SELECT id FROM operation ORDER BY number", -1, &s, NULL);
    while (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        struct sqlite_operations one = {0};
        char id[STORE_ID];
        text_copy(id, sizeof(id), (const char *)sqlite3_column_text(s, 0));
        rc = sqlite_read_operation(r, id, &one);
        if (rc == SQLITE_OK && one.count == 1) {
            rc = chain_put_operation(c, r, &one.rows[0].row);
        }
        sqlite_read_free_operations(&one);
    }
    const int finished = sqlite3_finalize(s);
    return rc == SQLITE_OK ? finished : rc;
}

static int adopt(struct chain *c, struct sqlite_rows *r, int64_t now_ms)
{
    int64_t count = 0;
    int rc = adopt_records(c, r, &count);
    if (rc == SQLITE_OK && count > 0) {
        char detail[300];
        TEXT_FORMAT(
            detail,
            "{\"text\":\"the chain begins: %lld records from before, up to number %lld, were sealed as "
            "they were found\"}",
            (long long)count, (long long)c->head.sequence);
        const struct store_audit row = {
            .at_ms = now_ms, .who = "cloudtak-bot", .what = "chain begins", .detail = detail};
        rc = chain_put_audit(c, r, &row);
    }
    rc = rc == SQLITE_OK ? adopt_operations(c, r) : rc;
    rc = rc == SQLITE_OK ? put_base(c, r) : rc;
    return rc == SQLITE_OK ? chain_put_head(c, r, 0) : rc;
}

bool chain_adopt(struct sqlite3 *db, const struct schema_aid *aid, struct err *err)
{
    struct chain c = {0};
    struct sqlite_rows rows;
    memcpy(c.key, aid->key, sizeof(c.key));
    if (!sqlite_rows_init(&rows, db, err)) {
        return false;
    }
    const int rc = adopt(&c, &rows, aid->now_ms);
    const bool done = rc == SQLITE_OK || sqlite_error(db, rc, err);
    sqlite_rows_finish(&rows);
    crypto_wipe(c.key, sizeof(c.key));
    return done;
}
