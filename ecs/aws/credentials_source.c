/* Keys on their way from a source to the cache. */
#include "credentials_source.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"

#define ACCESS_KEY_MAX 128
#define SECRET_KEY_MAX 240 /* the signer's ceiling */
#define TOKEN_MAX      (16 * 1024)

void found_keys_finish(struct found_keys *keys)
{
    secret_destroy(keys->access_key);
    secret_destroy(keys->secret_key);
    secret_destroy(keys->session_token);
    *keys = (struct found_keys){0};
}

static bool secrets_equal(const struct secret *a, const struct secret *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return secret_equal(a, secret_reveal(b), secret_length(b));
}

bool found_keys_equal(const struct found_keys *a, const struct found_keys *b)
{
    return secrets_equal(a->access_key, b->access_key) && secrets_equal(a->secret_key, b->secret_key) &&
           secrets_equal(a->session_token, b->session_token);
}

/* Printable and without blanks: such a value can neither end a header line nor be a cut or quoted one. */
static bool fits(const char *value, size_t max)
{
    size_t len = strlen(value);
    if (len == 0 || len > max)
        return false;
    for (const char *p = value; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\'')
            return false;
    }
    return true;
}

bool found_keys_set(struct found_keys *keys, const char *source, const char *access_key,
                    const char *secret_key, const char *session_token, const char *expiration,
                    struct err *err)
{
    int64_t expires_ms = 0;
    if (!fits(access_key, ACCESS_KEY_MAX))
        return err_set(err, ERR_CONFIG, "the access key of %s is empty or has characters no key has", source);
    if (!fits(secret_key, SECRET_KEY_MAX))
        return err_set(err, ERR_CONFIG, "the secret key of %s is empty or has characters no key has", source);
    bool has_token = session_token != NULL && session_token[0] != '\0';
    if (has_token && !fits(session_token, TOKEN_MAX))
        return err_set(err, ERR_CONFIG, "the session token of %s has characters no token has", source);
    if (expiration != NULL && expiration[0] != '\0' && !text_parse_iso(expiration, &expires_ms))
        return err_set(err, ERR_CONFIG, "the expiry of %s is no time such as 2026-11-22T20:00:00Z", source);
    *keys = (struct found_keys){
        .access_key = secret_create(access_key, strlen(access_key)),
        .secret_key = secret_create(secret_key, strlen(secret_key)),
        .session_token = has_token ? secret_create(session_token, strlen(session_token)) : NULL,
        .expires_ms = expires_ms,
    };
    TEXT_COPY(keys->source, source);
    return true;
}

void container_ask_finish(struct container_ask *ask)
{
    secret_destroy(ask->token);
    secret_destroy(ask->word);
    ask->token = ask->word = NULL;
}

void source_answer_finish(struct source_answer *answer)
{
    found_keys_finish(&answer->keys);
    container_ask_finish(&answer->ask);
}
