/* libwebsockets' callbacks, turned into the events of ws.c.
 *
 * What libwebsockets knows of us is the attempt, never the connection: a connection that was destroyed, or
 * went on to the next address, has let go of its attempt, and whatever still happens to that is nobody's
 * business. */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "ws_private.h"

#define PART 4096 /* bytes libwebsockets hands over at once */

/* ---- a watcher that libwebsockets 4.1 forgets
 *
 * When connect() fails it closes the socket, sees then that there is none, and frees the connection without
 * closing the uv_poll_t it had put on the loop, which could then never be closed. It is ours to do, while the
 * pointer in it still tells whose it was. */

static void on_watcher_closed(uv_handle_t *handle)
{
    free(handle); /* NOLINT: allocated by libwebsockets' malloc */
}

static void close_if_of(uv_handle_t *handle, void *wsi)
{
    if (handle->type == UV_POLL && handle->data == wsi && !uv_is_closing(handle)) {
        handle->data = NULL;
        uv_close(handle, on_watcher_closed);
    }
}

static void close_forgotten_watcher(struct ws_attempt *a, struct lws *wsi)
{
    uv_walk(loop_uv(a->client->loop), close_if_of, wsi);
}

/* ---- writing: one lws_write per callback */

static int write_ping(struct lws *wsi)
{
    unsigned char room[LWS_PRE];

    return lws_write(wsi, room + LWS_PRE, 0, LWS_WRITE_PING) < 0 ? -1 : 0;
}

static int write_next(struct ws *ws, struct lws *wsi)
{
    enum ws_write what = ws_next_write(ws);
    struct ws_out *out = ws->out_first;

    switch (what) {
    case WS_WRITE_NOTHING: return 0; /* it also comes unasked */
    case WS_WRITE_PING:
        if (write_ping(wsi) < 0)
            return -1;
        break;
    case WS_WRITE_TEXT:
        if (lws_write(wsi, out->bytes + LWS_PRE, out->len, LWS_WRITE_TEXT) < (int)out->len)
            return -1;
        break;
    case WS_WRITE_CLOSE:
        ws_wrote(ws, what);
        ws_client_close_orderly(ws->attempt);
        return 0;
    }
    ws_wrote(ws, what);
    if (ws_next_write(ws) != WS_WRITE_NOTHING)
        lws_callback_on_writable(wsi);
    return 0;
}

static int add_bearer(struct ws *ws, struct lws *wsi, unsigned char **at, size_t len)
{
    if (!ws->bearer)
        return 0;
    char value[2048];
    size_t secret_len = secret_length(ws->bearer);
    static const char prefix[] = "Bearer ";

    if (sizeof(prefix) + secret_len > sizeof(value))
        return -1;
    memcpy(value, prefix, sizeof(prefix) - 1);
    memcpy(value + sizeof(prefix) - 1, secret_reveal(ws->bearer), secret_len);
    size_t value_len = sizeof(prefix) - 1 + secret_len;
    int failed = lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, (unsigned char *)value,
                                              (int)value_len, at, *at + len);
    explicit_bzero(value, sizeof(value));
    return failed ? -1 : 0;
}

static int close_code(const unsigned char *bytes, size_t len)
{
    return len >= 2 ? bytes[0] << 8 | bytes[1] : 0;
}

/* ---- the callback */

static int on_event_of_open(struct ws_attempt *a, struct lws *wsi, enum lws_callback_reasons reason, void *in,
                            size_t len)
{
    struct ws *ws = a->ws;

    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: return add_bearer(ws, wsi, in, len);
    case LWS_CALLBACK_CLIENT_ESTABLISHED: ws_on_established(ws); break;
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG: ws_on_frame(ws); break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        ws_on_frame(ws);
        if (lws_frame_is_binary(wsi))
            break; /* no platform sends any */
        ws_on_part(ws, in, len, lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE: return write_next(ws, wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: ws_on_peer_close(ws, close_code(in, len)); break;
    case LWS_CALLBACK_CLIENT_CLOSED:
        a->wsi = NULL;
        ws_on_gone(ws);
        break;
    default: break;
    }
    return 0;
}

/* Only remembers why; that a bad certificate ends the handshake is decided elsewhere. */
static int on_certificate(struct lws *wsi, bool good)
{
    struct ws_attempt *a = lws_wsi_user(wsi);

    if (a && !good)
        a->certificate_refused = true;
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct ws_attempt *a = user;

    if (reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION)
        return on_certificate(wsi, len != 0); /* here user is something of OpenSSL's */
    if (!a)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_WSI_CREATE:
        a->connected = true;
        if (a->ws)
            ws_on_tcp(a->ws);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        a->wsi = NULL;
        if (a->ws)
            ws_on_failed(a->ws, in ? in : "", (int)lws_http_client_http_response(wsi));
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        close_forgotten_watcher(a, wsi);
        ws_client_forget(a);
        return 0;
    default: break;
    }
    if (a->ws)
        return on_event_of_open(a, wsi, reason, in, len);
    return 0;
}

const struct lws_protocols *ws_wire_protocols(void)
{
    static const struct lws_protocols protocols[] = {
        {"ws-client", on_event, 0, PART, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0},
    };

    return protocols;
}

size_t ws_wire_room(void)
{
    return LWS_PRE;
}

void ws_wire_want_write(struct ws_attempt *a)
{
    if (!a->wsi)
        return;
    lws_callback_on_writable(a->wsi);
    ws_context_poke(&a->client->context);
}

void ws_wire_close(struct ws_attempt *a)
{
    if (!a->wsi)
        return;
    ws_context_orderly_close(a->wsi, LWS_CLOSE_STATUS_NORMAL);
    ws_context_poke(&a->client->context);
}

void ws_wire_kill(struct ws_attempt *a)
{
    if (!a->wsi)
        return;
    struct lws *wsi = a->wsi;
    a->wsi = NULL;
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    ws_context_poke(&a->client->context);
}
