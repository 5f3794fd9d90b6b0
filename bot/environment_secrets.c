/* A proxy's variable is "http://user:password@host:port", its password as written and percent-encoded: both
 * are held. The container agent's token may be a header's value, "Basic …": what it names is held as well. */
#include "environment_secrets.h"

#include <stddef.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/secret.h"

static const char *const PROXIES[] = {"https_proxy", "HTTPS_PROXY", "http_proxy",
                                      "HTTP_PROXY",  "all_proxy",   "ALL_PROXY"};
static const char *const WHOLE[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                                    "AWS_CONTAINER_AUTHORIZATION_TOKEN"};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct environment_secrets {
    size_t count;
    struct secret *held[2 * (COUNT(PROXIES) + COUNT(WHOLE))]; /* each as it is written, and what it means */
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

static void hold(struct environment_secrets *s, const char *value, size_t len)
{
    s->held[s->count++] = secret_create(value, len);
}

static void hold_password(struct environment_secrets *s, const char *address)
{
    size_t len = 0;
    const char *password = address != NULL ? password_of(address, &len) : NULL;
    if (password == NULL) {
        return;
    }
    char *plain = mem_alloc(len + 1);
    hold(s, password, len);
    hold(s, plain, decode(password, len, plain));
    crypto_wipe(plain, len);
    mem_free(plain);
}

static void hold_whole(struct environment_secrets *s, const char *value)
{
    const char *blank = value != NULL ? strrchr(value, ' ') : NULL;
    if (value != NULL) {
        hold(s, value, strlen(value));
    }
    if (blank != NULL) {
        hold(s, blank + 1, strlen(blank + 1));
    }
}

struct environment_secrets *environment_secrets_hold(const char *(*environment)(const char *name))
{
    struct environment_secrets *s = mem_alloc(sizeof(*s));
    for (size_t i = 0; i < COUNT(PROXIES); i++) {
        hold_password(s, environment(PROXIES[i]));
    }
    for (size_t i = 0; i < COUNT(WHOLE); i++) {
        hold_whole(s, environment(WHOLE[i]));
    }
    return s;
}

void environment_secrets_release(struct environment_secrets *s)
{
    for (size_t i = 0; s != NULL && i < s->count; i++) {
        secret_destroy(s->held[i]);
    }
    mem_free(s);
}
