/* HTTP requests: from http_start to done.
 *
 * http_start prepares a transfer (http_easy.c) and gives it to libcurl (http_loop.c); libcurl reports its end
 * (http_ended), the result is filled in and done runs. A request that cannot be prepared, is cancelled, or
 * comes while closing, ends by a deferred call instead, so that done never runs inside http_start. Each way
 * leads through deliver(), once.
 *
 * done may free the request, start it again, cancel others or close the client: after it began to run,
 * nothing here touches the request. The body stays ours; what the caller sees is a view that buf_take copies.
 */
#include "net/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "http_private.h"
#include "net.h"

/* ---- the end of a transfer */

static void unlink_transfer(struct transfer *t)
{
    if (t->prev)
        t->prev->next = t->next;
    else
        t->http->transfers = t->next;
    if (t->next)
        t->next->prev = t->prev;
    t->next = t->prev = NULL;
}

static void describe_failure(struct transfer *t, int code)
{
    const struct http_request *r = t->request;
    struct http_failure f = {
        .code = code,
        .host = t->host,
        .reason = t->reason,
        .proxy = r->direct ? NULL : t->http->proxy,
        .took_ms = loop_now(t->http->loop) - t->started_ms,
        .connected = t->sent,
        .limit = t->head_too_large || buf_overflowed(&t->answer),
        .max_body = r->max_body ? r->max_body : HTTP_BODY_DEFAULT,
    };

    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &f.os_error);
    curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &f.verify_result);
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &f.proxy_status);
    if (f.proxy && !*f.proxy)
        f.proxy = NULL;
    http_error_set(&t->err, &f);
}

/* Lines become texts of their own, so that a header's value can be handed out as it stands. */
static void split_lines(struct buf *head)
{
    for (size_t i = 0; i < head->len; i++)
        if (head->data[i] == '\r' || head->data[i] == '\n')
            head->data[i] = '\0';
}

/* Fills in the result and calls done; t is freed, t->request is not touched afterwards. */
static void deliver(struct transfer *t, bool ok)
{
    struct http *h = t->http;
    struct http_request *r = t->request;

    loop_defer_cancel(h->loop, &t->deferred);
    http_loop_remove(t);
    unlink_transfer(t);
    r->ok = ok;
    r->err = t->err;
    r->sent = t->sent;
    r->took_ms = loop_now(h->loop) - t->started_ms;
    r->status = 0;
    if (ok) {
        long status = 0;
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        r->status = (int)status;
        r->answer = t->answer;
        r->answer.cap = 0; /* a view: buf_take copies it, buf_finish leaves it alone */
        split_lines(&t->head);
    }
    h->busy++; /* done may close the client, which needs this handle cleaned up first */
    r->done(r);
    http_easy_finish(t);
    mem_free(t);
    h->busy--;
    http_released(h);
}

void http_ended(struct transfer *t, int code)
{
    if (code != CURLE_OK)
        describe_failure(t, code);
    deliver(t, code == CURLE_OK);
}

static void on_deferred(struct loop_deferred *d)
{
    deliver(d->user, false);
}

/* ---- requests */

void http_start(struct http *h, struct http_request *r)
{
    struct transfer *t = mem_alloc(sizeof(*t));
    bool ok = false;

    t->http = h;
    t->request = r;
    t->started_ms = loop_now(h->loop);
    t->deferred.run = on_deferred;
    t->deferred.user = t;
    t->next = h->transfers;
    if (t->next)
        t->next->prev = t;
    h->transfers = t;
    r->private_ = t;
    r->ok = r->sent = false;
    r->err = (struct err){0};
    r->status = 0;
    r->took_ms = 0;
    buf_init(&r->answer, 0);
    if (h->closing)
        err_set(&t->err, ERR_CANCELLED, "the HTTP client is closing");
    else if (http_easy_prepare(t, &t->err))
        ok = http_loop_add(t) ||
             err_set(&t->err, ERR_LIMIT, "libcurl does not take the request to %s", t->host);
    if (!ok)
        loop_defer(h->loop, &t->deferred);
}

static void cancel(struct transfer *t)
{
    http_loop_remove(t);
    err_set(&t->err, ERR_CANCELLED, "the request to %s was cancelled", *t->host ? t->host : "nowhere");
}

void http_cancel(struct http *h, struct http_request *r)
{
    for (struct transfer *t = h->transfers; t; t = t->next) {
        if (t->request != r)
            continue;
        cancel(t);
        loop_defer(h->loop, &t->deferred);
        return;
    }
}

const char *http_answer_header(const struct http_request *r, const char *name)
{
    struct transfer *t = r->private_;
    size_t len = strlen(name);

    if (!r->ok)
        return NULL;
    for (size_t at = 0; at < t->head.len; at += strlen(t->head.data + at) + 1) {
        const char *line = t->head.data + at;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " \t");
    }
    return NULL;
}

/* ---- the client */

static void destroy(struct http *h)
{
    http_loop_finish(h);
    mem_free(h->ca_file);
    mem_free(h->proxy);
    mem_free(h->user_agent);
    mem_free(h);
    curl_global_cleanup();
}

static void on_all_released(struct loop_deferred *d)
{
    struct http *h = d->user;
    void (*on_closed)(void *user) = h->on_closed;
    void *user = h->on_closed_user;

    destroy(h);
    if (on_closed)
        on_closed(user);
}

struct http *http_create(struct loop *loop, const struct http_options *options, struct err *err)
{
    const char *agent = options->user_agent ? options->user_agent : "cloudtak-bot/" CLOUDTAK_VERSION;

    net_prepare();
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        err_set(err, ERR_CONFIG, "libcurl cannot be initialised");
        return NULL;
    }
    struct http *h = mem_alloc(sizeof(*h));
    h->loop = loop;
    h->ca_file = mem_text(net_ca_file(options->ca_file));
    h->proxy = mem_text(options->proxy);
    h->user_agent = mem_text(agent);
    h->allow_plain = options->allow_plain;
    h->released.run = on_all_released;
    h->released.user = h;
    if (http_loop_init(h, options->max_connections, err))
        return h;
    destroy(h);
    return NULL;
}

void http_released(struct http *h)
{
    if (!h->closing || h->transfers || h->busy)
        return;
    http_loop_finish(h);
    if (h->polls == 0)
        loop_defer(h->loop, &h->released);
}

void http_close(struct http *h, void (*on_closed)(void *user), void *user)
{
    if (!h) {
        if (on_closed)
            on_closed(user);
        return;
    }
    assert(!h->closing);
    h->closing = true;
    h->on_closed = on_closed;
    h->on_closed_user = user;
    h->busy++;
    /* what a done starts now goes to the front of the list and ends by its own deferred call */
    size_t left = 0;
    for (struct transfer *t = h->transfers; t; t = t->next, left++)
        t->doomed = true;
    for (struct transfer *t; left > 0; left--) {
        for (t = h->transfers; t && !t->doomed; t = t->next)
            ;
        if (!t)
            break; /* a done cancelled nothing but itself: cannot be more than were counted */
        cancel(t);
        deliver(t, false);
    }
    h->busy--;
    http_released(h);
}
