#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H
/* Signature Version 4, header form, in the three stages of its specification so that a test can say which one
 * is wrong: canonical request -> string to sign -> Authorization value. Pure functions. */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define SIGV4_HEADERS 24

struct sigv4_header {
    const char *name, *value;
};

struct sigv4_input {
    const char *method, *path, *query; /* path and query as sent, without "?" */
    const char *region, *service;      /* signing names */
    const char *access_key, *secret_key;
    const char *date;                           /* "20261122T140208Z" */
    struct sigv4_header headers[SIGV4_HEADERS]; /* all that are signed, up to the first NULL name; host and
                                                   x-amz-date must be among them */
    const void *body;
    size_t body_len;
    const char *payload_hash; /* NULL = SHA-256 of body */
    bool keep_path;           /* do not normalise (S3) */
};

/* Each returns false only when a ceiling (headers, 64 KiB of text) was reached. */
bool sigv4_canonical_request(const struct sigv4_input *in, struct buf *ret);
bool sigv4_string_to_sign(const struct sigv4_input *in, const char *canonical_request, struct buf *ret);
bool sigv4_authorization(const struct sigv4_input *in, const char *string_to_sign, struct buf *ret);
/* All three. */
bool sigv4_sign(const struct sigv4_input *in, struct buf *ret_authorization);

#endif
