#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H
/* The only door to OpenSSL's primitives. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_SHA256     32
#define CRYPTO_SHA256_HEX 65

void crypto_sha256(const void *data, size_t len, uint8_t ret[CRYPTO_SHA256]);
void crypto_sha256_hex(const void *data, size_t len, char ret[CRYPTO_SHA256_HEX]);
void crypto_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                        uint8_t ret[CRYPTO_SHA256]);
/* Lower-case; to holds 2 * len + 1. */
void crypto_hex(const uint8_t *data, size_t len, char *to);
/* Standard alphabet with padding; caller mem_frees. */
char *crypto_base64(const void *data, size_t len);
/* From the kernel; aborts when there is none. */
void crypto_random(void *to, size_t len);
uint32_t crypto_random_u32(void);
void crypto_wipe(void *data, size_t len);
bool crypto_equal(const void *a, const void *b, size_t len); /* constant time */

#endif
