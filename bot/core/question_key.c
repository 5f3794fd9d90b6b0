#include "question_key.h"

#include <string.h>

#include "base/crypto.h"
#include "base/text.h"

#define NONCE_BYTES 16
#define CODES       9000 /* 1000 to 9999: four digits, of which none is dropped when read out */
#define CODE_DIGITS 4

static void digest_of_code(const struct question_key *k, const char *code, char to[CRYPTO_SHA256_HEX])
{
    char salted[sizeof(k->digest) + QUESTION_CODE];
    TEXT_FORMAT(salted, "%s %s", k->digest, code);
    crypto_sha256_hex(salted, strlen(salted), to);
    crypto_wipe(salted, sizeof(salted));
}

/* "cotak prod" as the beginning of a code. */
static void prefix_of(const char *target, char to[QUESTION_CODE])
{
    text_format(to, QUESTION_CODE, "%s-", target);
    for (char *at = to; *at != '\0'; at++) {
        *at = (char)(*at == ' ' ? '-' : *at);
    }
}

/* Every number as likely as the next: what would favour the small ones is thrown again. */
static unsigned four_digits(void)
{
    uint32_t bits;
    do {
        bits = crypto_random_u32();
    } while (bits >= UINT32_MAX / CODES * CODES);
    return 1000 + bits % CODES;
}

void question_key_make(const char *target, struct question_key *ret, char nonce[QUESTION_NONCE],
                       char code[QUESTION_CODE])
{
    uint8_t bytes[NONCE_BYTES];
    char prefix[QUESTION_CODE];
    crypto_random(bytes, sizeof(bytes));
    crypto_hex(bytes, sizeof(bytes), nonce);
    crypto_sha256_hex(nonce, QUESTION_NONCE - 1, ret->digest);
    crypto_wipe(bytes, sizeof(bytes));
    prefix_of(target, prefix);
    text_format(code, QUESTION_CODE, "%s%u", prefix, four_digits());
    digest_of_code(ret, code, ret->code_digest);
}

bool question_key_opens(const struct question_key *k, const char *nonce)
{
    char digest[CRYPTO_SHA256_HEX];
    crypto_sha256_hex(nonce, strlen(nonce), digest);
    return k->digest[0] != '\0' && crypto_equal(digest, k->digest, CRYPTO_SHA256_HEX - 1);
}

bool question_key_code(const struct question_key *k, const char *code)
{
    char digest[CRYPTO_SHA256_HEX];
    digest_of_code(k, code, digest);
    return k->digest[0] != '\0' && k->code_digest[0] != '\0' &&
           crypto_equal(digest, k->code_digest, CRYPTO_SHA256_HEX - 1);
}

void question_code_fold(const char *typed, char to[QUESTION_CODE])
{
    text_copy(to, QUESTION_CODE, typed);
    for (char *at = to; *at != '\0'; at++) {
        *at = (char)(*at == ' ' ? '-' : *at);
    }
}

bool question_code_names(const char *code, const char *target)
{
    char prefix[QUESTION_CODE];
    prefix_of(target, prefix);
    return text_starts(code, prefix) && strlen(code) == strlen(prefix) + CODE_DIGITS &&
           strspn(code + strlen(prefix), "0123456789") == CODE_DIGITS;
}
