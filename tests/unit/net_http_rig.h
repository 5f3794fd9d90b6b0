#ifndef TESTS_UNIT_NET_HTTP_RIG_H
#define TESTS_UNIT_NET_HTTP_RIG_H
/* Asking with the HTTP client: a world with a client in it, and requests that note how they ended. */
#include "net_rig.h"

#include "base/buf.h"
#include "net/http.h"

struct world {
    struct rig rig;
    struct http *http;
    bool http_closed;
};

static inline void open_world(struct world *w, struct http_options options)
{
    struct err err = {0};

    memset(w, 0, sizeof(*w));
    rig_open(&w->rig);
    if (!options.proxy)
        options.proxy = "";
    w->http = http_create(w->rig.loop, &options, &err);
    assert_non_null(w->http);
}

static inline void close_world(struct world *w)
{
    if (w->http)
        http_close(w->http, rig_set, &w->http_closed);
    RIG_WAIT(&w->rig, w->http_closed);
    rig_close(&w->rig);
}

struct ask {
    struct http_request request;
    char url[256];
    int done;
    bool ok, sent;
    int status;
    struct err err;
    size_t len;
    int64_t took_ms;
};

static inline void on_asked(struct http_request *r)
{
    struct ask *a = r->user;

    a->done++;
    a->ok = r->ok;
    a->sent = r->sent;
    a->status = r->status;
    a->err = r->err;
    a->len = r->answer.len;
    a->took_ms = r->took_ms;
}

static inline void start(struct world *w, struct ask *a, const char *method, const char *url)
{
    TEXT_COPY(a->url, url);
    a->request.method = method;
    a->request.url = a->url;
    a->request.done = on_asked;
    a->request.user = a;
    http_start(w->http, &a->request);
    assert_int_equal(a->done, 0);
}

static inline void start_local(struct world *w, struct ask *a, const char *method, int port)
{
    char url[64];

    TEXT_FORMAT(url, "http://127.0.0.1:%d/x", port);
    start(w, a, method, url);
}

/* Reads a request and says nothing. */
static inline void serve_nothing(struct peer *p, int fd, int number)
{
    (void)number;
    peer_read_request(p, fd);
    peer_drain(fd);
}

/* Reads a request and resets. */
static inline void reset_always(struct peer *p, int fd, int number)
{
    (void)number;
    if (peer_read_request(p, fd))
        peer_reset(fd);
}

#endif
