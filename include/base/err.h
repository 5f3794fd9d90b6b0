#ifndef BASE_ERR_H
#define BASE_ERR_H
/* An error: a code for programs, a sentence for people. Functions that can fail return bool (true = done) and
 * fill `struct err *err` on false; out-parameters are untouched then. Nobody but the owner of an operation
 * logs it. */
#include <stdarg.h>
#include <stdbool.h>

#define ERR_TEXT_MAX 512

enum err_code {
    ERR_NONE = 0,
    ERR_USAGE,       /* what a person typed */
    ERR_CONFIG,      /* configuration, fatal token */
    ERR_IO,          /* disk, file, descriptor */
    ERR_LIMIT,       /* a ceiling was reached */
    ERR_PROTOCOL,    /* the peer said what its protocol does not allow */
    ERR_UNREACHABLE, /* name, connection, TLS */
    ERR_TIMEOUT,
    ERR_CANCELLED, /* by our own cancel or close */
    ERR_DENIED,    /* rights, credentials */
    ERR_THROTTLED,
    ERR_MISSING, /* the named thing does not exist */
    ERR_STALE,   /* facts changed, or somebody else wrote first */
    ERR_REMOTE,  /* any other refusal by the peer */
    ERR_FULL,    /* no room on the disk */
};

struct err {
    enum err_code code;
    char text[ERR_TEXT_MAX]; /* one sentence, no final newline, no secret */
};

/* Fill err (NULL is allowed) and return false, so that `return err_set(err, …)` ends a function. Text is cut,
 * not lost silently: it ends in "…" then. */
bool err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Put "outer: " before the text that err already has; keeps the code; returns false. */
bool err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "timeout", "denied", …: stable words for logs and metrics. */
const char *err_word(enum err_code code);

#endif
