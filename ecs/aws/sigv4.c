#include "aws/sigv4.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/text.h"
#include "uri.h"

#define HEADER_VALUES_MAX (64 * 1024)
#define NAMES_MAX         4096
#define SECRET_MAX        256
#define DAY_LENGTH        8
#define ALGORITHM         "AWS4-HMAC-SHA256"
#define SCOPE_END         "aws4_request"

/* ---- signed headers */

struct signed_header {
    char name[64]; /* lower case */
    const char *value;
    size_t order; /* in the request: repeats keep it */
};

struct signed_headers {
    struct signed_header list[SIGV4_HEADERS];
    size_t count;
};

static int compare_headers(const void *a, const void *b)
{
    const struct signed_header *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static bool collect_headers(const struct sigv4_input *in, struct signed_headers *to)
{
    to->count = 0;
    for (size_t i = 0; i < SIGV4_HEADERS && in->headers[i].name != NULL; i++) {
        struct signed_header *h = &to->list[to->count++];
        if (!TEXT_COPY(h->name, in->headers[i].name))
            return false;
        for (char *p = h->name; *p != '\0'; p++) {
            if (*p >= 'A' && *p <= 'Z')
                *p = (char)(*p - 'A' + 'a');
        }
        h->value = in->headers[i].value;
        h->order = i;
    }
    qsort(to->list, to->count, sizeof to->list[0], compare_headers);
    return true;
}

/* Blanks at both ends go, runs of blanks inside become one space. */
static void put_squeezed(struct buf *to, const char *value)
{
    bool blank = false, any = false;
    for (const char *p = value; *p != '\0'; p++) {
        if (strchr(" \t\r\n\v\f", *p) != NULL) {
            blank = true;
            continue;
        }
        if (blank && any)
            buf_char(to, ' ');
        blank = false;
        any = true;
        buf_char(to, *p);
    }
}

static void put_headers(const struct signed_headers *headers, struct buf *to)
{
    for (size_t i = 0; i < headers->count; i++) {
        const struct signed_header *h = &headers->list[i];
        bool repeat = i > 0 && strcmp(h->name, headers->list[i - 1].name) == 0;
        if (!repeat) {
            if (i > 0)
                buf_char(to, '\n');
            buf_text(to, h->name);
        }
        buf_char(to, repeat ? ',' : ':');
        put_squeezed(to, h->value);
    }
    buf_char(to, '\n');
}

static void put_names(const struct signed_headers *headers, struct buf *to)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (i > 0 && strcmp(headers->list[i].name, headers->list[i - 1].name) == 0)
            continue;
        if (i > 0)
            buf_char(to, ';');
        buf_text(to, headers->list[i].name);
    }
}

/* ---- stage 1 */

bool sigv4_canonical_request(const struct sigv4_input *in, struct buf *ret)
{
    struct signed_headers headers;
    if (!collect_headers(in, &headers))
        return false;
    buf_text(ret, in->method);
    buf_char(ret, '\n');
    if (!uri_canonical_path(in->path, in->keep_path, ret))
        return false;
    buf_char(ret, '\n');
    if (!uri_canonical_query(in->query, ret))
        return false;
    buf_char(ret, '\n');
    put_headers(&headers, ret);
    buf_char(ret, '\n');
    put_names(&headers, ret);
    buf_char(ret, '\n');
    if (in->payload_hash != NULL) {
        buf_text(ret, in->payload_hash);
    } else {
        char hash[CRYPTO_SHA256_HEX];
        crypto_sha256_hex(in->body == NULL ? "" : in->body, in->body_len, hash);
        buf_text(ret, hash);
    }
    return !buf_overflowed(ret);
}

/* ---- stage 2 */

static void put_scope(const struct sigv4_input *in, struct buf *to)
{
    buf_put(to, in->date, strnlen(in->date, DAY_LENGTH));
    buf_format(to, "/%s/%s/" SCOPE_END, in->region, in->service);
}

bool sigv4_string_to_sign(const struct sigv4_input *in, const char *canonical_request, struct buf *ret)
{
    char hash[CRYPTO_SHA256_HEX];
    crypto_sha256_hex(canonical_request, strlen(canonical_request), hash);
    buf_format(ret, ALGORITHM "\n%s\n", in->date);
    put_scope(in, ret);
    buf_char(ret, '\n');
    buf_text(ret, hash);
    return !buf_overflowed(ret);
}

/* ---- stage 3 */

static void chain(uint8_t key[CRYPTO_SHA256], const char *text, size_t len)
{
    uint8_t next[CRYPTO_SHA256];
    crypto_hmac_sha256(key, CRYPTO_SHA256, text, len, next);
    memcpy(key, next, sizeof next);
    crypto_wipe(next, sizeof next);
}

static bool derive_key(const struct sigv4_input *in, uint8_t ret[CRYPTO_SHA256])
{
    char start[SECRET_MAX];
    bool ok = TEXT_FORMAT(start, "AWS4%s", in->secret_key);
    if (ok) {
        crypto_hmac_sha256(start, strlen(start), in->date, strnlen(in->date, DAY_LENGTH), ret);
        chain(ret, in->region, strlen(in->region));
        chain(ret, in->service, strlen(in->service));
        chain(ret, SCOPE_END, strlen(SCOPE_END));
    }
    crypto_wipe(start, sizeof start);
    return ok;
}

bool sigv4_authorization(const struct sigv4_input *in, const char *string_to_sign, struct buf *ret)
{
    struct signed_headers headers;
    uint8_t key[CRYPTO_SHA256];
    char signature[2 * CRYPTO_SHA256 + 1];
    if (!collect_headers(in, &headers) || !derive_key(in, key))
        return false;
    chain(key, string_to_sign, strlen(string_to_sign));
    crypto_hex(key, sizeof key, signature);
    crypto_wipe(key, sizeof key);
    buf_format(ret, ALGORITHM " Credential=%s/", in->access_key);
    put_scope(in, ret);
    buf_text(ret, ", SignedHeaders=");
    put_names(&headers, ret);
    buf_format(ret, ", Signature=%s", signature);
    return !buf_overflowed(ret);
}

bool sigv4_sign(const struct sigv4_input *in, struct buf *ret_authorization)
{
    struct buf request, to_sign;
    buf_init(&request, HEADER_VALUES_MAX);
    buf_init(&to_sign, NAMES_MAX);
    bool ok = sigv4_canonical_request(in, &request) && sigv4_string_to_sign(in, request.data, &to_sign) &&
              sigv4_authorization(in, to_sign.data, ret_authorization);
    if (request.len > 0)
        crypto_wipe(request.data, request.len); /* it holds the session token */
    buf_finish(&request);
    buf_finish(&to_sign);
    return ok;
}
