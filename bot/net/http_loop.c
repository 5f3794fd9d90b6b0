/* libcurl's multi interface on the loop.
 *
 * libcurl says which sockets it wants watched (on_socket_wish) and when it wants to be called at the latest
 * (on_timer_wish). We call it when a socket is ready (on_ready) or the time has come (on_time), and after
 * each such call look for what ended: the end of the last transfer is told nowhere else.
 *
 * What goes wrong otherwise: libcurl closes a socket right after REMOVE, and the kernel gives the number to
 * the next one, so watching must stop inside that callback; an error of the poll must reach libcurl as such,
 * or it waits for ever; done() of a request may close the whole client, so after each one the state is looked
 * at anew. */
#include <curl/curl.h>
#include <uv.h>

#include "base/mem.h"
#include "http_private.h"

struct watch {
    uv_poll_t poll;
    struct http *http;
    curl_socket_t fd;
    int events;
};

/* ---- libcurl's wishes */

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    struct http *h = w->http;

    mem_free(w);
    h->polls--;
    http_released(h);
}

static void unwatch(struct http *h, struct watch *w, curl_socket_t fd)
{
    uv_poll_stop(&w->poll);
    uv_close((uv_handle_t *)&w->poll, on_watch_closed);
    curl_multi_assign(h->multi, fd, NULL);
}

static struct watch *watch(struct http *h, curl_socket_t fd)
{
    struct watch *w = mem_alloc(sizeof(*w));

    if (uv_poll_init_socket(loop_uv(h->loop), &w->poll, fd) != 0) {
        mem_free(w);
        return NULL;
    }
    w->poll.data = w;
    w->http = h;
    w->fd = fd;
    h->polls++;
    curl_multi_assign(h->multi, fd, w);
    return w;
}

/* ---- the loop's events */

static void collect_ended(struct http *h)
{
    CURLMsg *message;
    int left;

    while (h->multi && (message = curl_multi_info_read(h->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        struct transfer *t = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        http_ended(t, (int)code);
    }
}

/* libuv stops watching a socket that has an error. What the peer wrote before its reset may still be there to
 * read, so libcurl is told to try everything (with ERR alone it would give up), and watching goes on. */
static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct http *h = w->http;
    int flags = status < 0 ? CURL_CSELECT_ERR | CURL_CSELECT_IN | CURL_CSELECT_OUT
                           : ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                                 ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
    int running;

    curl_multi_socket_action(h->multi, w->fd, flags, &running);
    /* w is freed by its closing at the earliest, which is not before this callback returns */
    if (status < 0 && !uv_is_closing((uv_handle_t *)poll))
        uv_poll_start(poll, w->events, on_ready);
    collect_ended(h);
}

static void on_time(struct loop_timer *timer)
{
    struct http *h = timer->user;
    int running;

    curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_ended(h);
}

static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
    struct http *h = user;
    struct watch *w = socket_user;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w)
            unwatch(h, w, fd);
        return 0;
    }
    if (!w && !(w = watch(h, fd)))
        return -1;
    w->events =
        ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) | ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    return uv_poll_start(&w->poll, w->events, on_ready) == 0 ? 0 : -1;
}

static int on_timer_wish(CURLM *multi, long ms, void *user)
{
    struct http *h = user;

    (void)multi;
    if (ms < 0)
        loop_timer_stop(h->loop, &h->timer);
    else
        loop_timer_start(h->loop, &h->timer, ms); /* 0 is the next turn, never inside this call */
    return 0;
}

/* ---- life */

bool http_loop_init(struct http *h, int max_connections, struct err *err)
{
    long most = max_connections > 0 ? max_connections : HTTP_CONNECTIONS_DEFAULT;
    CURLM *multi = h->multi = curl_multi_init();

    h->share = curl_share_init();
    h->timer.fire = on_time;
    h->timer.user = h;
    if (!multi || !h->share || curl_share_setopt(h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wish) ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, h) ||
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wish) ||
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, h) ||
        curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most) ||
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, most))
        return err_set(err, ERR_CONFIG, "libcurl %s lacks what the HTTP client needs",
                       curl_version_info(CURLVERSION_NOW)->version);
    return true;
}

void http_loop_finish(struct http *h)
{
    if (h->multi)
        curl_multi_cleanup(h->multi);
    h->multi = NULL;
    if (h->share)
        curl_share_cleanup(h->share);
    h->share = NULL;
    loop_timer_stop(h->loop, &h->timer);
}

bool http_loop_add(struct transfer *t)
{
    t->running = curl_multi_add_handle(t->http->multi, t->easy) == CURLM_OK;
    return t->running;
}

void http_loop_remove(struct transfer *t)
{
    if (t->running)
        curl_multi_remove_handle(t->http->multi, t->easy);
    t->running = false;
}
