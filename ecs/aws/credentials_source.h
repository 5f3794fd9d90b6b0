#ifndef AWS_CREDENTIALS_SOURCE_H
#define AWS_CREDENTIALS_SOURCE_H
/* What the cache (credentials.c) and the sources of keys share. A source reads its place at once; one that
 * has to be asked over HTTP says what to ask. */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct http;
struct loop;
struct secret;

struct found_keys {
    /* The key's id is public by AWS's word, but of use to nobody in a chat; session_token may be NULL. */
    struct secret *access_key, *secret_key, *session_token;
    int64_t expires_ms; /* wall; 0 = never */
    char source[160];
};
/* Accepts a zeroed struct. */
void found_keys_finish(struct found_keys *keys);
bool found_keys_equal(const struct found_keys *a, const struct found_keys *b);
/* Fills keys when they are complete and fit their alphabet; expiration is ISO 8601 or NULL. */
bool found_keys_set(struct found_keys *keys, const char *source, const char *access_key,
                    const char *secret_key, const char *session_token, const char *expiration,
                    struct err *err);

/* A request to the container's credential endpoint. */
struct container_ask {
    char url[1024];
    struct secret *token; /* value of the Authorization header, or NULL */
    struct secret *word;  /* its last word, held for the gate: the token is often "Basic …" */
};
void container_ask_finish(struct container_ask *ask);

struct source_place {
    const char *(*environment)(const char *name);
    const char *profile; /* from the configuration; NULL = the default chain */
};

enum source_result {
    SOURCE_NONE,   /* not configured: try the next one */
    SOURCE_FOUND,  /* keys are filled */
    SOURCE_FAILED, /* configured and wrong: err is filled */
    SOURCE_ASK,    /* ask is filled */
};

struct source_answer {
    struct found_keys keys;
    struct container_ask ask;
    struct err err;
};
void source_answer_finish(struct source_answer *answer);

struct credentials_source {
    const char *name;
    enum source_result (*read)(const struct source_place *place, struct source_answer *ret);
};
extern const struct credentials_source credentials_environment, credentials_web_identity, credentials_profile,
    credentials_container;

/* ---- the container's answer, and the driver that fetches it */

bool container_decode(const char *bytes, size_t len, struct found_keys *ret, struct err *err);

struct container_fetch;
/* done exactly once, never inside, not after abandon; keys (NULL = failed, err says why) belong to the callee
 * when it moves them out and zeroes the original. */
struct container_fetch *
container_fetch_start(struct loop *loop, struct http *http, const struct container_ask *what,
                      void (*done)(void *user, struct found_keys *keys, const struct err *err), void *user);
/* No done after this. Accepts NULL. */
void container_fetch_abandon(struct container_fetch *f);

#endif
