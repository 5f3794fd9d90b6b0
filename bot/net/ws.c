/* A WebSocket connection, from its URL to its end.
 *
 *   naming ──> connecting ──> open ──> closing ──> closed
 *     │         │   ^  │        │                    ^
 *     │         └───┘  │        │                    │
 *     └────────────────┴────────┴────────────────────┘
 *
 * Happy path: the name becomes addresses (naming), the first one is tried (connecting), TCP, TLS and upgrade
 * succeed (open), text goes both ways, somebody closes in order (closing), on_close comes (closed).
 * What fails: the name; an address, then the next one is tried; TLS or upgrade, which no other address would
 * mend; silence, found by a ping of ours that nothing answers; a peer that closes its side only half, so that
 * our own timer ends it. Every end goes through finish(), which defers on_close: it never comes inside a call
 * of the user. A ping of the peer is answered inside libwebsockets and not told to us; that costs at most one
 * ping of our own. */
#include "net/ws.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "ws_private.h"

#define MESSAGE_DEFAULT  (1024 * 1024)
#define QUEUE_DEFAULT    (1024 * 1024)
#define OPEN_DEFAULT_MS  10000
#define PING_DEFAULT_MS  10000
#define DEAD_DEFAULT_MS  28000
#define CLOSE_MS         1000 /* for the peer's half of an orderly close */
#define ADDRESS_LEAST_MS 250  /* for one of several addresses to accept TCP */

static const bool allowed[WS_CLOSED + 1][WS_CLOSED + 1] = {
    [WS_NAMING] = {[WS_CONNECTING] = true, [WS_CLOSED] = true},
    [WS_CONNECTING] = {[WS_OPEN] = true, [WS_CLOSED] = true},
    [WS_OPEN] = {[WS_CLOSING] = true, [WS_CLOSED] = true},
    [WS_CLOSING] = {[WS_CLOSED] = true},
};

static void become(struct ws *ws, enum ws_state state)
{
    assert(allowed[ws->state][state]);
    ws->state = state;
}

/* ---- the end */

static void free_queue(struct ws *ws)
{
    while (ws->out_first) {
        struct ws_out *out = ws->out_first;
        ws->out_first = out->next;
        mem_free(out);
    }
    ws->out_last = NULL;
    ws->queued = 0;
}

/* Nothing of the network reaches this connection from here on. */
static void detach(struct ws *ws)
{
    struct loop *loop = ws->client->loop;

    loop_timer_stop(loop, &ws->open_timer);
    loop_timer_stop(loop, &ws->address_timer);
    loop_timer_stop(loop, &ws->life_timer);
    loop_timer_stop(loop, &ws->close_timer);
    if (ws->naming) {
        ws->naming->ws = NULL;
        dns_cancel(&ws->naming->request);
        ws->naming = NULL;
    }
    if (ws->attempt) {
        ws_client_let_go(ws->attempt);
        ws->attempt = NULL;
    }
    free_queue(ws);
}

/* ws->err says why. */
static void finish(struct ws *ws)
{
    if (ws->state == WS_CLOSED)
        return;
    become(ws, WS_CLOSED);
    detach(ws);
    loop_defer(ws->client->loop, &ws->end);
}

static void on_end(struct loop_deferred *d)
{
    struct ws *ws = d->user;

    ws->busy++;
    ws->options.on_close(ws, ws->options.user, &ws->err, ws->http_status, ws->peer_code);
    ws->busy--;
    if (ws->destroyed)
        ws_destroy(ws);
}

static void on_close_time(struct loop_timer *t)
{
    finish(t->user);
}

/* ---- silence */

static int64_t ping_after(const struct ws *ws)
{
    return ws->options.ping_after_ms > 0 ? ws->options.ping_after_ms : PING_DEFAULT_MS;
}

static int64_t dead_after(const struct ws *ws)
{
    return ws->options.dead_after_ms > 0 ? ws->options.dead_after_ms : DEAD_DEFAULT_MS;
}

/* Due at the earlier of: next ping, death. */
static void watch_life(struct ws *ws)
{
    int64_t now = loop_now(ws->client->loop);
    int64_t heard = ws->last_frame_ms > ws->pinged_ms ? ws->last_frame_ms : ws->pinged_ms;
    int64_t ping = heard + ping_after(ws), dead = ws->last_frame_ms + dead_after(ws);
    int64_t due = ping < dead ? ping : dead;

    loop_timer_start(ws->client->loop, &ws->life_timer, due > now ? due - now : 0);
}

static void on_life_time(struct loop_timer *t)
{
    struct ws *ws = t->user;
    int64_t now = loop_now(ws->client->loop), silent = now - ws->last_frame_ms;

    if (silent >= dead_after(ws)) {
        char span[TEXT_DURATION];
        text_duration(span, silent);
        err_set(&ws->err, ERR_TIMEOUT,
                "the WebSocket to %s is dead: nothing came for %s, not even an answer to pings", ws->url.host,
                span);
        finish(ws);
        return;
    }
    if (now - (ws->last_frame_ms > ws->pinged_ms ? ws->last_frame_ms : ws->pinged_ms) >= ping_after(ws)) {
        ws->pinged_ms = now;
        ws->want_ping = true;
        ws_wire_want_write(ws->attempt);
    }
    watch_life(ws);
}

/* ---- naming, connecting */

static void on_address_time(struct loop_timer *t);

static void connect_next(struct ws *ws)
{
    struct loop *loop = ws->client->loop;

    while (ws->address_next < ws->address_count) {
        const char *address = ws->addresses[ws->address_next++];
        ws->attempt = ws_client_attempt(ws->client, ws, &ws->url, address, &ws->proxy, &ws->err);
        if (!ws->attempt && ws->err.code == ERR_CONFIG)
            break;
        if (!ws->attempt)
            continue;
        int64_t left = ws->opened_by_ms - loop_now(loop);
        int64_t share = left / (int64_t)(ws->address_count - ws->address_next + 1);
        if (ws->address_next < ws->address_count && !ws->attempt->connected)
            loop_timer_start(loop, &ws->address_timer, share > ADDRESS_LEAST_MS ? share : ADDRESS_LEAST_MS);
        return;
    }
    finish(ws);
}

/* This address swallows our packets: leave it, the next one may do better. */
static void on_address_time(struct loop_timer *t)
{
    struct ws *ws = t->user;

    if (ws->attempt)
        ws_client_let_go(ws->attempt);
    ws->attempt = NULL;
    connect_next(ws);
}

static void on_open_time(struct loop_timer *t)
{
    struct ws *ws = t->user;
    const char *where = ws->state == WS_NAMING                   ? "its name was not resolved"
                        : ws->attempt && !ws->attempt->connected ? "no TCP connection"
                                                                 : "no answer to TLS or upgrade";

    err_set(&ws->err, ERR_TIMEOUT,
            "the WebSocket to %s did not open in time (%s): check route, firewall and proxy", ws->url.host,
            where);
    finish(ws);
}

static void on_named(struct dns_request *r)
{
    struct ws_naming *naming = r->user;
    struct ws *ws = naming->ws;

    if (ws) {
        ws->naming = NULL;
        ws->err = r->err;
        ws->address_count = r->count;
        memcpy(ws->addresses, r->addresses, sizeof(ws->addresses));
    }
    bool ok = r->ok;
    mem_free(naming);
    if (!ws)
        return;
    if (!ok) {
        finish(ws);
        return;
    }
    become(ws, WS_CONNECTING);
    connect_next(ws);
}

void ws_on_tcp(struct ws *ws)
{
    loop_timer_stop(ws->client->loop, &ws->address_timer);
}

static void describe_refusal(struct ws *ws, const char *reason)
{
    const char *host = ws->url.host;
    char clean[128];

    text_clean(clean, sizeof(clean), reason, false);
    if (!ws->attempt->connected && ws->proxy.used)
        err_set(&ws->err, ERR_UNREACHABLE, "no connection to %s: the proxy %s does not answer", host,
                ws->proxy.host);
    else if (!ws->attempt->connected)
        err_set(&ws->err, ERR_UNREACHABLE, "no connection to %s: check address, port, routes and firewall",
                host);
    else if (ws->attempt->certificate_refused)
        err_set(&ws->err, ERR_UNREACHABLE,
                "the TLS certificate of %s is refused: it is for another name, has expired, or is signed by "
                "nobody "
                "we trust (check the URL, ca_file and this machine's clock)",
                host);
    else if (ws->http_status)
        err_set(&ws->err, ERR_REMOTE, "%s refused the WebSocket with HTTP status %d", host, ws->http_status);
    else
        err_set(&ws->err, ERR_UNREACHABLE, "%s did not accept the WebSocket: %s", host, clean);
}

void ws_on_failed(struct ws *ws, const char *reason, int http_status)
{
    bool tcp_stood = ws->attempt->connected;

    ws->http_status = http_status >= 100 && http_status < 600 && http_status != 101 ? http_status : 0;
    describe_refusal(ws, reason);
    ws_client_let_go(ws->attempt);
    ws->attempt = NULL;
    loop_timer_stop(ws->client->loop, &ws->address_timer);
    if (!tcp_stood && ws->address_next < ws->address_count)
        loop_timer_start(ws->client->loop, &ws->address_timer, 0); /* the next one, outside this callback */
    else
        finish(ws);
}

/* ---- open */

void ws_on_established(struct ws *ws)
{
    struct loop *loop = ws->client->loop;

    become(ws, WS_OPEN);
    loop_timer_stop(loop, &ws->open_timer);
    secret_destroy(ws->bearer);
    ws->bearer = NULL;
    ws->err = (struct err){0};
    ws->last_frame_ms = ws->pinged_ms = loop_now(loop);
    watch_life(ws);
    ws->busy++;
    if (ws->options.on_open)
        ws->options.on_open(ws, ws->options.user);
    ws->busy--;
    if (ws->destroyed)
        ws_destroy(ws);
}

void ws_on_frame(struct ws *ws)
{
    ws->last_frame_ms = loop_now(ws->client->loop);
}

static void hand_over(struct ws *ws)
{
    const struct ws_message *m = &ws->message;
    size_t head_len = m->total < sizeof(m->head) ? (size_t)m->total : sizeof(m->head);

    if (m->oversize && ws->options.on_oversize)
        ws->options.on_oversize(ws, ws->options.user, m->head, head_len, m->tail, m->tail_len, m->total);
    else if (!m->oversize && ws->options.on_text)
        ws->options.on_text(ws, ws->options.user, m->whole.data, m->whole.len);
}

void ws_on_part(struct ws *ws, const char *bytes, size_t len, bool last)
{
    ws_message_add(&ws->message, bytes, len);
    if (!last)
        return;
    ws->busy++;
    hand_over(ws);
    ws->busy--;
    if (ws->destroyed)
        ws_destroy(ws);
    else
        ws_message_clear(&ws->message);
}

bool ws_send(struct ws *ws, const char *text, size_t len)
{
    size_t max = ws->options.max_queue ? ws->options.max_queue : QUEUE_DEFAULT;

    if (ws->state != WS_OPEN || len > max || ws->queued > max - len)
        return false;
    struct ws_out *out = mem_alloc(sizeof(*out) + ws_wire_room() + len);
    out->len = len;
    memcpy(out->bytes + ws_wire_room(), text, len);
    if (ws->out_last)
        ws->out_last->next = out;
    else
        ws->out_first = out;
    ws->out_last = out;
    ws->queued += len;
    ws_wire_want_write(ws->attempt);
    return true;
}

enum ws_write ws_next_write(const struct ws *ws)
{
    if (ws->close_written)
        return WS_WRITE_NOTHING;
    if (ws->want_ping)
        return WS_WRITE_PING;
    if (ws->out_first)
        return WS_WRITE_TEXT;
    return ws->want_close ? WS_WRITE_CLOSE : WS_WRITE_NOTHING;
}

void ws_wrote(struct ws *ws, enum ws_write what)
{
    if (what == WS_WRITE_PING)
        ws->want_ping = false;
    if (what == WS_WRITE_CLOSE) {
        ws->want_close = false;
        ws->close_written = true;
    }
    if (what != WS_WRITE_TEXT)
        return;
    struct ws_out *out = ws->out_first;
    ws->out_first = out->next;
    if (!ws->out_first)
        ws->out_last = NULL;
    ws->queued -= out->len;
    mem_free(out);
}

/* ---- closing */

void ws_close(struct ws *ws)
{
    if (ws->state == WS_CLOSED || ws->state == WS_CLOSING)
        return;
    err_set(&ws->err, ERR_CANCELLED, "the WebSocket to %s was closed by us", ws->url.host);
    if (ws->state != WS_OPEN) {
        finish(ws);
        return;
    }
    become(ws, WS_CLOSING);
    ws->want_close = true;
    loop_timer_stop(ws->client->loop, &ws->life_timer);
    loop_timer_start(ws->client->loop, &ws->close_timer, CLOSE_MS);
    ws_wire_want_write(ws->attempt);
}

/* libwebsockets answers it; not every peer closes TCP afterwards. */
void ws_on_peer_close(struct ws *ws, int code)
{
    ws->peer_code = code;
    if (ws->state != WS_OPEN)
        return;
    err_set(&ws->err, ERR_REMOTE, "%s closed the WebSocket (code %d)", ws->url.host, code);
    become(ws, WS_CLOSING);
    loop_timer_stop(ws->client->loop, &ws->life_timer);
    loop_timer_start(ws->client->loop, &ws->close_timer, CLOSE_MS);
}

void ws_on_gone(struct ws *ws)
{
    if (ws->state == WS_OPEN)
        err_set(&ws->err, ERR_UNREACHABLE, "the WebSocket to %s broke without a Close", ws->url.host);
    else if (ws->err.code == ERR_NONE)
        err_set(&ws->err, ERR_UNREACHABLE, "the WebSocket to %s broke before it opened", ws->url.host);
    finish(ws);
}

/* ---- life */

static void arm(struct loop_timer *t, void (*fire)(struct loop_timer *t), struct ws *ws)
{
    t->fire = fire;
    t->user = ws;
}

static bool begin(struct ws *ws)
{
    const char *environment_proxy = getenv("https_proxy"), *no_proxy = getenv("no_proxy");

    if (!environment_proxy)
        environment_proxy = getenv("HTTPS_PROXY");
    if (!no_proxy)
        no_proxy = getenv("NO_PROXY");
    if (!ws_url_read(ws->options.url, &ws->url, &ws->err) ||
        !ws_proxy_choose(ws->client->proxy, environment_proxy, no_proxy, &ws->url, &ws->proxy, &ws->err))
        return false;
    struct ws_naming *naming = mem_alloc(sizeof(*naming));
    naming->ws = ws;
    naming->request.host = ws->proxy.used ? ws->proxy.host : ws->url.host;
    naming->request.done = on_named;
    naming->request.user = naming;
    ws->naming = naming;
    dns_start(ws->client->loop, &naming->request);
    return true;
}

struct ws *ws_connect(struct ws_client *c, const struct ws_options *options)
{
    struct ws *ws = mem_alloc(sizeof(*ws));
    int64_t open_ms = options->open_timeout_ms > 0 ? options->open_timeout_ms : OPEN_DEFAULT_MS;

    ws->client = c;
    ws->options = *options;
    ws->options.bearer = NULL;
    if (options->bearer)
        ws->bearer = secret_create(options->bearer, strlen(options->bearer));
    ws_message_init(&ws->message, options->max_message ? options->max_message : MESSAGE_DEFAULT);
    ws->end.run = on_end;
    ws->end.user = ws;
    arm(&ws->open_timer, on_open_time, ws);
    arm(&ws->address_timer, on_address_time, ws);
    arm(&ws->life_timer, on_life_time, ws);
    arm(&ws->close_timer, on_close_time, ws);
    ws->opened_by_ms = loop_now(c->loop) + open_ms;
    loop_timer_start(c->loop, &ws->open_timer, open_ms);
    if (!begin(ws))
        finish(ws);
    ws->options.url = NULL;
    return ws;
}

void ws_destroy(struct ws *ws)
{
    if (!ws)
        return;
    ws->destroyed = true;
    ws->state = WS_CLOSED;
    detach(ws);
    loop_defer_cancel(ws->client->loop, &ws->end);
    if (ws->busy)
        return; /* the callback that is on the stack frees */
    ws_message_finish(&ws->message);
    secret_destroy(ws->bearer);
    mem_free(ws);
}

int64_t ws_last_frame_ms(const struct ws *ws)
{
    return ws->last_frame_ms;
}

size_t ws_queued(const struct ws *ws)
{
    return ws->queued;
}
