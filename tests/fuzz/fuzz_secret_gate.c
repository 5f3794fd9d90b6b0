/* The output gate: two secrets, and a text in which they stand plain, URL-encoded and in base64. Input: a
 * letter for the form, the secrets (a line each), the text; every '$' of it becomes the first secret, every
 * '@' the second. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "judge.h"

#define TEXT_MOST (64 * 1024)
#define SHORTEST  6

static void put_url(struct buf *to, const char *text)
{
    for (; *text != '\0'; text++) {
        const bool plain = strchr("-_.~", *text) != NULL || (*text >= '0' && *text <= '9') ||
                           ((*text | 32) >= 'a' && (*text | 32) <= 'z' && (unsigned char)*text < 0x80);
        if (plain) {
            buf_char(to, *text);
        } else {
            buf_format(to, "%%%02X", (unsigned char)*text);
        }
    }
}

static void put_secret(struct buf *to, const char *secret, int form)
{
    if (form == 0) {
        buf_text(to, secret);
    } else if (form == 1) {
        put_url(to, secret);
    } else { /* as a proxy's or a container's header carries it: with something before and behind */
        char credentials[300];
        TEXT_FORMAT(credentials, "%.*s:%s|", form - 2, "user", secret);
        char *encoded = crypto_base64(credentials, strlen(credentials));
        buf_text(to, encoded);
        mem_free(encoded);
    }
}

/* Would the gate be right to leave this value alone? Values that are shorter, or parts of the mark. */
static bool is_left(const char *value)
{
    return strlen(value) < SHORTEST || strstr(SECRET_SHOWN, value) != NULL;
}

static void judge_gated(const char *text, const char *secret)
{
    if (!is_left(secret)) {
        PROMISE(strstr(text, secret) == NULL, "the secret \"%s\" is in: %s", secret, text);
    }
    PROMISE(!secret_gate_would_change(text), "the gate would find more: %s", text);
}

/* A sentence that is cut within a secret shows no beginning of it. */
static void judge_cut(const char *text, const char *secret)
{
    char cut[64];
    if (!TEXT_COPY(cut, text)) {
        secret_gate_text(cut, sizeof(cut));
        for (size_t len = strlen(secret); len >= 8 && !is_left(secret) && !text_starts(secret, SECRET_SHOWN);
             len--) {
            const size_t end = strlen(cut);
            PROMISE(end < len || memcmp(cut + end - len, secret, len) != 0,
                    "%zu bytes of the secret are left: %s", len, cut);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    char *input = judge_string(data + 1, size - 1), *rest = input;
    char first[100], second[100], fixed[256];
    text_copy(first, sizeof(first), judge_line(&rest));
    text_copy(second, sizeof(second), judge_line(&rest));
    struct secret *one = secret_create(first, strlen(first)), *other = secret_create(second, strlen(second));
    struct buf text;
    buf_init(&text, TEXT_MOST);
    const int form = data[0] % 7;
    for (const char *at = rest; *at != '\0'; at++) {
        if (*at == '$' || *at == '@') {
            put_secret(&text, *at == '$' ? first : second, form);
        } else {
            buf_char(&text, *at);
        }
    }
    if (text.len > 0 && !buf_overflowed(&text)) {
        const bool holds =
            (strchr(rest, '$') != NULL && !is_left(first)) || (strchr(rest, '@') != NULL && !is_left(second));
        PROMISE(!holds || secret_gate_would_change(text.data), "a secret in form %d is not seen: %s", form,
                text.data);
        judge_cut(text.data, first);
        text_copy(fixed, sizeof(fixed), text.data);
        secret_gate_buf(&text);
        judge_gated(text.data, first);
        judge_gated(text.data, second);
        secret_gate_text(fixed, sizeof(fixed));
        judge_gated(fixed, first);
    }
    secret_destroy(one);
    secret_destroy(other);
    PROMISE(!secret_gate_would_change(text.len > 0 ? text.data : ""), "a destroyed secret is remembered");
    buf_finish(&text);
    mem_free(input);
    return 0;
}
