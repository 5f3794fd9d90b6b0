#include "base/crypto.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/mem.h"

void crypto_sha256(const void *data, size_t len, uint8_t ret[CRYPTO_SHA256])
{
    unsigned size = 0;
    const int done = EVP_Digest(data, len, ret, &size, EVP_sha256(), NULL);
    assert(done == 1 && size == CRYPTO_SHA256);
    (void)done;
}

void crypto_sha256_hex(const void *data, size_t len, char ret[CRYPTO_SHA256_HEX])
{
    uint8_t digest[CRYPTO_SHA256];
    crypto_sha256(data, len, digest);
    crypto_hex(digest, sizeof(digest), ret);
}

void crypto_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                        uint8_t ret[CRYPTO_SHA256])
{
    assert(key_len <= INT_MAX);
    unsigned size = 0;
    /* A NULL key would mean "the previous one" to OpenSSL, so an empty key needs an address. */
    const unsigned char *done =
        HMAC(EVP_sha256(), key_len == 0 ? "" : key, (int)key_len, data, len, ret, &size);
    assert(done != NULL && size == CRYPTO_SHA256);
    (void)done;
}

void crypto_hex(const uint8_t *data, size_t len, char *to)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        to[2 * i] = digits[data[i] >> 4];
        to[2 * i + 1] = digits[data[i] & 0x0F];
    }
    to[2 * len] = '\0';
}

char *crypto_base64(const void *data, size_t len)
{
    assert(len <= INT_MAX / 2);
    char *text = mem_alloc((len + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    return text;
}

void crypto_random(void *to, size_t len)
{
    unsigned char *at = to;
    while (len > 0) {
        const ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            abort();
        }
        at += got;
        len -= (size_t)got;
    }
}

uint32_t crypto_random_u32(void)
{
    uint32_t number;
    crypto_random(&number, sizeof(number));
    return number;
}

void crypto_wipe(void *data, size_t len)
{
    OPENSSL_cleanse(data, len);
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
