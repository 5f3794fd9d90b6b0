/* What is sealed is said as a list of name, length and value, each behind a word for what it is, so that no
 * two different rows are the same bytes. */
#include "seal.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "rows.h"

static void put_number(struct buf *b, int64_t number)
{
    uint8_t bytes[8];
    for (int at = 0; at < 8; at++) {
        bytes[at] = (uint8_t)((uint64_t)number >> (56 - 8 * at));
    }
    buf_put(b, bytes, sizeof(bytes));
}

static void put_bytes(struct buf *b, const void *bytes, size_t len)
{
    put_number(b, (int64_t)len);
    buf_put(b, bytes, len);
}

static void put_text(struct buf *b, const char *text)
{
    put_bytes(b, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
}

static void put_column(struct buf *b, const struct column *c, const char *row)
{
    const char *member = row + c->offset;
    put_text(b, c->name);
    switch (c->kind) {
    case COLUMN_TEXT: put_text(b, member); break;
    case COLUMN_LONG_TEXT: {
        const char *text;
        memcpy(&text, member, sizeof(text));
        put_text(b, text);
        break;
    }
    case COLUMN_INT: {
        int number;
        memcpy(&number, member, sizeof(number));
        put_number(b, number);
        break;
    }
    case COLUMN_INT64: {
        int64_t number;
        memcpy(&number, member, sizeof(number));
        put_number(b, number);
        break;
    }
    case COLUMN_BOOL: put_number(b, *(const bool *)member ? 1 : 0); break;
    case COLUMN_MAC: break;
    }
}

/* before: the seal of the record before; NULL = none. */
static void seal_row(const uint8_t key[SEAL_KEY], const char *word, const uint8_t *before,
                     const struct column *columns, const void *row, uint8_t ret[CRYPTO_SHA256])
{
    struct buf b;
    buf_init(&b, 4 * ROWS_TEXT_MAX);
    put_text(&b, word);
    put_bytes(&b, before == NULL ? (const uint8_t *)"" : before, before == NULL ? 0 : CRYPTO_SHA256);
    for (const struct column *c = columns; c->name != NULL && c->kind != COLUMN_MAC; c++) {
        put_column(&b, c, row);
    }
    crypto_hmac_sha256(key, SEAL_KEY, b.data, b.len, ret);
    buf_finish(&b);
}

/* ---- operations */

void seal_operation(const uint8_t key[SEAL_KEY], struct sealed_operation *row)
{
    seal_row(key, "cloudtak-bot operation 1", NULL, OPERATION_COLUMNS, row, row->mac);
}

bool seal_operation_fits(const uint8_t key[SEAL_KEY], const struct sealed_operation *row)
{
    uint8_t mac[CRYPTO_SHA256];
    seal_row(key, "cloudtak-bot operation 1", NULL, OPERATION_COLUMNS, row, mac);
    return crypto_equal(mac, row->mac, sizeof(mac));
}

/* ---- the chain */

static void seal_record(const uint8_t key[SEAL_KEY], const struct seal_link *last,
                        const struct sealed_audit *record, uint8_t ret[CRYPTO_SHA256])
{
    seal_row(key, "cloudtak-bot record 1", last->mac, AUDIT_COLUMNS, record, ret);
}

void seal_audit(const uint8_t key[SEAL_KEY], struct seal_link *last, struct sealed_audit *record)
{
    record->number = last->sequence + 1;
    seal_record(key, last, record, record->mac);
    last->sequence = record->number;
    memcpy(last->mac, record->mac, sizeof(last->mac));
}

bool seal_audit_follows(const uint8_t key[SEAL_KEY], struct seal_link *last,
                        const struct sealed_audit *record, char ret_broken[STORE_BROKEN])
{
    uint8_t mac[CRYPTO_SHA256];
    if (record->number != last->sequence + 1) {
        text_format(ret_broken, STORE_BROKEN, "record %lld is missing: the next one is %lld",
                    (long long)last->sequence + 1, (long long)record->number);
        return false;
    }
    seal_record(key, last, record, mac);
    if (!crypto_equal(mac, record->mac, sizeof(mac))) {
        text_format(ret_broken, STORE_BROKEN,
                    "record %lld is not what was written, or the one before it was another",
                    (long long)record->number);
        return false;
    }
    last->sequence = record->number;
    memcpy(last->mac, mac, sizeof(last->mac));
    return true;
}

void seal_end(const uint8_t key[SEAL_KEY], const char *which, const struct seal_link *end,
              uint8_t ret[CRYPTO_SHA256])
{
    struct buf b;
    buf_init(&b, 256);
    put_text(&b, "cloudtak-bot chain 1");
    put_text(&b, which);
    put_number(&b, end->sequence);
    put_bytes(&b, end->mac, sizeof(end->mac));
    crypto_hmac_sha256(key, SEAL_KEY, b.data, b.len, ret);
    buf_finish(&b);
}

void seal_show(const struct seal_link *link, struct store_head *ret)
{
    *ret = (struct store_head){.sequence = link->sequence};
    if (link->sequence > 0) {
        crypto_hex(link->mac, (sizeof(ret->hash) - 1) / 2, ret->hash);
    }
}
