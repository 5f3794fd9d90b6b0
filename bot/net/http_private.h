#ifndef NET_HTTP_PRIVATE_H
#define NET_HTTP_PRIVATE_H
/* The parts of the HTTP client: http.c (life of a request), http_easy.c (one request as libcurl sees it),
 * http_loop.c (libcurl's sockets and timer on the loop), http_error.c (a failure in words), http_url.c. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "loop/loop.h"
#include "net/http.h"

#define HTTP_HOST 256 /* of a name, as DNS allows, and a NUL */

struct transfer {
    struct http *http;
    struct http_request *request; /* the caller's; not touched after its done began to run */
    struct transfer *next, *prev;
    struct loop_deferred deferred; /* an end that came without libcurl */
    int64_t started_ms;
    void *easy;    /* CURL; NULL when it could not be prepared */
    void *headers; /* struct curl_slist */
    bool running;  /* the multi handle has it */
    bool sent;     /* libcurl was about to write the request */
    bool head_too_large;
    bool doomed;       /* http_close found it */
    struct buf head;   /* header lines of the answer */
    struct buf answer; /* its body */
    struct err err;
    char host[HTTP_HOST];
    char reason[256]; /* libcurl's own words */
};

struct http {
    struct loop *loop;
    void *multi; /* CURLM */
    void *share; /* CURLSH: TLS sessions, so that a fresh connection costs no full handshake */
    char *ca_file, *proxy, *user_agent;
    bool allow_plain;
    struct transfer *transfers;
    struct loop_timer timer;
    size_t polls;  /* uv_poll_t that are not closed yet */
    unsigned busy; /* calls on the stack that need the client alive */
    bool closing;
    struct loop_deferred released;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

/* http.c: a transfer ended; code is a CURLcode. Frees it. */
void http_ended(struct transfer *t, int code);
/* http.c: something was released while closing. */
void http_released(struct http *h);

/* http_easy.c */
bool http_easy_prepare(struct transfer *t, struct err *err);
void http_easy_finish(struct transfer *t);

/* http_loop.c */
bool http_loop_init(struct http *h, int max_connections, struct err *err);
void http_loop_finish(struct http *h);
bool http_loop_add(struct transfer *t);
void http_loop_remove(struct transfer *t);

/* http_error.c: what happened, in words that help. */
struct http_failure {
    int code; /* CURLcode */
    const char *host;
    const char *reason; /* libcurl's words, or "" */
    const char *proxy;  /* shown as a hint only; NULL when none */
    long os_error;      /* errno of the connection, or 0 */
    long verify_result; /* of OpenSSL; 0 = the chain is right */
    long proxy_status;  /* of a proxy's answer to CONNECT; 0 = none */
    int64_t took_ms;
    bool connected; /* TCP and TLS stood */
    bool limit;     /* it was us who stopped reading */
    size_t max_body;
};
void http_error_set(struct err *err, const struct http_failure *f);

/* http_url.c */
struct http_url {
    char host[HTTP_HOST]; /* without brackets */
    bool https, loopback, metadata;
};
bool http_url_read(const char *url, struct http_url *ret, struct err *err);

#endif
