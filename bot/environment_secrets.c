/* A proxy's variable is "http://user:password@host:port", its password as written and percent-encoded: both
 * are held. */
#include "environment_secrets.h"

#include <stddef.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/secret.h"

static const char *const VARIABLES[] = {"https_proxy", "HTTPS_PROXY", "http_proxy",
                                        "HTTP_PROXY",  "all_proxy",   "ALL_PROXY"};
#define VARIABLE_COUNT (sizeof(VARIABLES) / sizeof(VARIABLES[0]))

struct environment_secrets {
    struct secret *written[VARIABLE_COUNT], *decoded[VARIABLE_COUNT];
};

/* The password in a proxy's address: behind the first ':' of what stands before the last '@'. */
static const char *password_of(const char *address, size_t *ret_len)
{
    const char *scheme = strstr(address, "://");
    const char *user = scheme != NULL ? scheme + 3 : address;
    const char *at = strrchr(user, '@');
    const char *colon = at != NULL ? memchr(user, ':', (size_t)(at - user)) : NULL;
    if (colon == NULL) {
        return NULL;
    }
    *ret_len = (size_t)(at - colon - 1);
    return colon + 1;
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef",
               *at = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

static size_t decode(const char *text, size_t len, char *to)
{
    size_t out = 0;
    for (size_t at = 0; at < len; at++) {
        const int high = text[at] == '%' && at + 2 < len ? hex(text[at + 1]) : -1;
        const int low = high >= 0 ? hex(text[at + 2]) : -1;
        to[out++] = text[at];
        if (high >= 0 && low >= 0) {
            to[out - 1] = (char)(high * 16 + low);
            at += 2;
        }
    }
    return out;
}

struct environment_secrets *environment_secrets_hold(const char *(*environment)(const char *name))
{
    struct environment_secrets *s = mem_alloc(sizeof(*s));
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        const char *address = environment(VARIABLES[i]);
        size_t len = 0;
        const char *password = address != NULL ? password_of(address, &len) : NULL;
        if (password == NULL) {
            continue;
        }
        char *plain = mem_alloc(len + 1);
        s->written[i] = secret_create(password, len);
        const size_t decoded = decode(password, len, plain);
        s->decoded[i] = secret_create(plain, decoded);
        crypto_wipe(plain, len);
        mem_free(plain);
    }
    return s;
}

void environment_secrets_release(struct environment_secrets *s)
{
    for (size_t i = 0; s != NULL && i < VARIABLE_COUNT; i++) {
        secret_destroy(s->written[i]);
        secret_destroy(s->decoded[i]);
    }
    mem_free(s);
}
