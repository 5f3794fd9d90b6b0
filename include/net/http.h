#ifndef NET_HTTP_H
#define NET_HTTP_H
/* HTTP requests by libcurl's multi interface on our loop. Reads reuse connections; changing requests never do
 * (CURLOPT_FRESH_CONNECT, FORBID_REUSE, HTTP/1.1), because libcurl sends a POST a second time when a reused
 * connection was reset. No redirects, no netrc, https only unless the URL is loopback or `allow_plain`. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct loop;
struct http; /* opaque */

#define HTTP_HEADERS             24
#define HTTP_BODY_DEFAULT        (8 * 1024 * 1024)
#define HTTP_CONNECTIONS_DEFAULT 32 /* at a time; others wait */

struct http_options {
    const char *ca_file; /* NULL = the system's */
    const char *proxy;   /* NULL = the standard variables (https_proxy, http_proxy, no_proxy); "" = none */
    const char *user_agent;
    bool allow_plain;    /* http:// to any host: unsafe_endpoints */
    int max_connections; /* 0 = HTTP_CONNECTIONS_DEFAULT */
};
struct http *http_create(struct loop *loop, const struct http_options *options, struct err *err);
/* Cancels what runs (callbacks come with ERR_CANCELLED before it returns control to the loop), then closes;
 * on_closed once. Accepts NULL (on_closed still comes). */
void http_close(struct http *h, void (*on_closed)(void *user), void *user);

struct http_header {
    const char *name, *value; /* a value with CR or LF is refused */
};

struct http_request {
    const char *method; /* "GET", "POST", "PUT" */
    const char *url;
    struct http_header headers[HTTP_HEADERS]; /* used up to the first NULL name */
    const void *body;                         /* must stay valid until done */
    size_t body_len;
    int64_t timeout_ms;         /* whole request; 0 = 15,000 */
    int64_t connect_timeout_ms; /* 0 = 5,000 */
    size_t max_body;            /* of the answer; 0 = HTTP_BODY_DEFAULT; more ends in ERR_LIMIT */
    bool changes;               /* it changes something: fresh connection, at most one send */
    bool direct; /* never through a proxy; plain http is allowed to the ECS metadata addresses */
    void (*done)(struct http_request *r);
    void *user;
    /* result, valid inside done only (the body may be taken with buf_take; done may free the request) */
    bool ok; /* an HTTP answer arrived, whatever its status */
    struct err err;
    bool sent; /* at least one byte of the request may have left: with !ok of a changing request the outcome
                  is unknown */
    int status;
    struct buf answer;
    int64_t took_ms;
    /* fields below should not be touched by the user */
    void *private_;
};
/* done exactly once, never inside start. Inputs but body are copied. */
void http_start(struct http *h, struct http_request *r);
/* done comes with ERR_CANCELLED. */
void http_cancel(struct http *h, struct http_request *r);
/* A header of the answer by name (any case), inside done. NULL when absent. */
const char *http_answer_header(const struct http_request *r, const char *name);
/* Is the URL's host loopback (127.0.0.0/8, ::1, localhost)? */
bool http_url_is_loopback(const char *url);
/* Is it one of the link-local addresses at which AWS hands keys to a task (ECS, EKS)? */
bool http_url_is_metadata(const char *url);
/* application/x-www-form-urlencoded: append name=value, with "&" before when b is not empty. */
void http_form_add(struct buf *b, const char *name, const char *value);

#endif
