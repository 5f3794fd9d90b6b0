/* One accepted WebSocket. */
#include <libwebsockets.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "server_private.h"

#define MESSAGE_MAX (1024 * 1024)      /* of the peer; a larger one ends the connection with 1009 */
#define QUEUE_MAX   (64 * 1024 * 1024) /* waiting to be written */
#define CLOSE_MS    1000               /* for the peer's half of an orderly close */
#define TARGET_MAX  (8 * 1024)         /* path and query */

/* ---- upgrade: libwebsockets would accept h2c as well, before anybody was asked */

int server_ws_upgrade(struct conn *c, const char *to)
{
    struct server *s = c->server;
    const char *method = NULL;
    struct buf target;

    if (!s->options.on_ws_open || strcmp(to, "websocket") != 0)
        return -1;
    char *path = server_http_path(c->wsi, &method);
    char *query = server_http_query(c->wsi);
    buf_init(&target, TARGET_MAX);
    buf_text(&target, path);
    if (*query)
        buf_format(&target, "?%s", query);
    struct server_ws *ws = mem_alloc(sizeof(*ws));
    ws->conn = c;
    buf_init(&ws->message, MESSAGE_MAX);
    c->ws = ws;
    bool taken = path && !buf_overflowed(&target) && s->options.on_ws_open(s->options.user, ws, target.data);
    buf_finish(&target);
    mem_free(path);
    mem_free(query);
    if (taken) {
        ws->open = true;
        c->state = CONN_WS;
        loop_timer_stop(s->loop, &c->deadline);
        return 0;
    }
    int status = ws->refusal ? ws->refusal : HTTP_STATUS_FORBIDDEN;
    server_ws_gone(c);
    lws_return_http_status(c->wsi, (unsigned int)status, NULL);
    return 1;
}

/* What was sent from inside on_ws_open waits already. */
int server_ws_opened(struct conn *c)
{
    server_want_write(c);
    return 0;
}

/* ---- reading */

int server_ws_part(struct conn *c, const void *bytes, size_t len, bool last, bool binary)
{
    const struct server_options *o = &c->server->options;
    struct server_ws *ws = c->ws;

    if (!ws || binary || ws->close_code)
        return 0;
    buf_put(&ws->message, bytes, len);
    if (buf_overflowed(&ws->message)) {
        server_ws_close(ws, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
        return 0;
    }
    if (!last)
        return 0;
    struct buf whole = ws->message;
    buf_init(&ws->message, MESSAGE_MAX);
    if (o->on_ws_text)
        o->on_ws_text(o->user, ws, whole.data, whole.len);
    buf_finish(&whole);
    return 0;
}

/* ---- writing */

static bool send_frame(struct server_ws *ws, enum server_frame frame, const void *bytes, size_t len)
{
    if (ws->close_code || ws->conn->kill || len > QUEUE_MAX - ws->queued)
        return false;
    struct server_out *out = mem_alloc(sizeof(*out) + LWS_PRE + len);
    out->frame = frame;
    out->len = len;
    memcpy(out->bytes + LWS_PRE, bytes, len);
    if (ws->out_last)
        ws->out_last->next = out;
    else
        ws->out_first = out;
    ws->out_last = out;
    ws->queued += len;
    if (ws->open)
        server_want_write(ws->conn);
    return true;
}

bool server_ws_send(struct server_ws *ws, const char *text, size_t len)
{
    return send_frame(ws, SERVER_TEXT, text, len);
}

bool server_ws_send_binary(struct server_ws *ws, const void *bytes, size_t len)
{
    return send_frame(ws, SERVER_BINARY, bytes, len);
}

bool server_ws_ping(struct server_ws *ws, const char *text)
{
    return send_frame(ws, SERVER_PING, text, strlen(text));
}

int server_ws_write(struct conn *c)
{
    static const enum lws_write_protocol protocols[] = {
        [SERVER_TEXT] = LWS_WRITE_TEXT, [SERVER_BINARY] = LWS_WRITE_BINARY, [SERVER_PING] = LWS_WRITE_PING};
    struct server_ws *ws = c->ws;
    struct server_out *out = ws ? ws->out_first : NULL;

    if (!ws)
        return -1;
    if (!out && ws->close_code && !ws->close_written) {
        ws->close_written = ws->close_wanted = true;
        server_arm(c, CLOSE_MS);
        loop_defer(c->server->loop, &c->server->reap);
        return 0;
    }
    if (!out)
        return 0; /* it also comes unasked */
    ws->out_first = out->next;
    if (!ws->out_first)
        ws->out_last = NULL;
    ws->queued -= out->len;
    bool ok = lws_write(c->wsi, out->bytes + LWS_PRE, out->len, protocols[out->frame]) >= (int)out->len;
    mem_free(out);
    if (ws->out_first || ws->close_code)
        lws_callback_on_writable(c->wsi);
    return ok ? 0 : -1;
}

void server_ws_close(struct server_ws *ws, int code)
{
    if (ws->close_code)
        return;
    ws->close_code = code;
    if (ws->open)
        server_want_write(ws->conn);
}

void server_ws_refuse(struct server_ws *ws, int status)
{
    ws->refusal = status;
}

void server_ws_deafen(struct server_ws *ws)
{
    lws_rx_flow_control(ws->conn->wsi, 0);
}

void server_ws_drop(struct server_ws *ws)
{
    server_kill(ws->conn, false);
}

void server_ws_set_user(struct server_ws *ws, void *user)
{
    ws->user = user;
}

void *server_ws_get_user(const struct server_ws *ws)
{
    return ws->user;
}

/* The connection ended, or was not taken. */
void server_ws_gone(struct conn *c)
{
    const struct server_options *o = &c->server->options;
    struct server_ws *ws = c->ws;

    if (!ws)
        return;
    c->ws = NULL;
    if (ws->open && o->on_ws_close)
        o->on_ws_close(o->user, ws);
    while (ws->out_first) {
        struct server_out *out = ws->out_first;
        ws->out_first = out->next;
        mem_free(out);
    }
    buf_finish(&ws->message);
    mem_free(ws);
}
