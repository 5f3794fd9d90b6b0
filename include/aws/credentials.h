#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H
/* Where AWS keys come from. A provider is a vtable; the chain tries environment, static profile, ECS
 * container, in botocore's order: the first that is configured wins, and its failure is an error.
 * credentials_get is single flight: askers queue, one fetch runs, and all callbacks come after the state is
 * consistent. Windows as botocore: refresh is tried 15 min before expiry (failure keeps the old ones),
 * demanded 10 min before; keys are used until they really end. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

struct clock;
struct http;
struct loop;
struct credentials; /* opaque */

struct credentials_keys {
    const char *access_key;
    const struct secret *secret_key;
    const struct secret *session_token; /* NULL when none */
    int64_t expires_ms;                 /* wall; 0 = never */
    const char *source;                 /* "environment", "profile coegc", "ECS container" */
    uint64_t generation; /* grows with every new key: what was learned of older keys (account) must be asked
                            anew */
};

struct credentials_options {
    struct loop *loop;
    struct http *http;   /* for the container endpoint */
    const char *profile; /* from the configuration; NULL = the default chain. Copied. */
    const char *(*environment)(const char *name); /* getenv, or a test's */
    int64_t (*wall_ms)(void *user);               /* NULL = the loop's clock */
    void *user;
};
struct credentials *credentials_create(const struct credentials_options *options, struct err *err);
void credentials_destroy(struct credentials *c); /* waiting askers get ERR_CANCELLED first. Accepts NULL. */

struct credentials_request {
    void (*done)(struct credentials_request *r);
    void *user;
    bool ok;
    struct err err;                   /* which source, what was wrong, what to do next */
    struct credentials_keys keys;     /* borrowed, valid inside done */
    struct credentials_request *next; /* private */
};
/* done exactly once, never inside. */
void credentials_get(struct credentials *c, struct credentials_request *r);
/* AWS said expired or unknown: forget what is cached. */
void credentials_forget(struct credentials *c);
/* wall ms at which the present keys end; 0 = never or unknown. */
int64_t credentials_expiry(const struct credentials *c);

#endif
