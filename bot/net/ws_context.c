/* A libwebsockets context on our loop.
 *
 * It joins as a "foreign" loop. Taking it down has three steps: lws_context_destroy starts closing its
 * handles; the loop runs their closings, which start closings of their own; a second lws_context_destroy
 * frees. Done in one go the second call frees what libuv still holds; without the second the context stays.
 * So between the two we count closing phases of the loop with a handle of our own. Both calls come from
 * outside libwebsockets' callbacks, where they would only set a flag. */
#include "ws_context.h"

#include <libwebsockets.h>
#include <string.h>

#include "base/log.h"
#include "net.h"

/* Connections close in the first phase, libwebsockets' own handles in the second. */
#define CLOSING_TURNS 4

#define HEADER_BYTES    (16 * 1024) /* of one request or answer */
#define LIBRARY_SECONDS 120         /* libwebsockets' own time-outs: behind all of ours */

static void log_line_of_lws(int level, const char *line)
{
    (void)level;
    log_debug("ws", NULL, "%.*s", (int)strcspn(line, "\n"), line);
}

bool ws_context_init(struct ws_context *c, struct loop *loop, bool tls, struct err *err)
{
    void *loops[1] = {loop_uv(loop)};
    struct lws_context_creation_info info;

    net_prepare();
    lws_set_log_level(LLL_ERR | LLL_WARN, log_line_of_lws);
    memset(&info, 0, sizeof(info));
    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    if (tls)
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.foreign_loops = loops;
    info.pcontext = &c->lws;
    info.timeout_secs = LIBRARY_SECONDS;
    info.max_http_header_data = HEADER_BYTES;
    c->loop = loop;
    c->lws = lws_create_context(&info);
    return c->lws || err_set(err, ERR_CONFIG,
                             "libwebsockets cannot join the loop: is its libuv plugin (on Debian "
                             "libwebsockets-evlib-uv) installed?");
}

void ws_context_poke(struct ws_context *c)
{
    if (c->lws)
        lws_cancel_service(c->lws);
}

/* The usual way, lws_close_reason and -1 from a callback, loses the frame: Debian's 4.1 is built to close
 * twice in a row then, and the second close does not wait for what the first one wants to write. */
void ws_context_orderly_close(struct lws *wsi, int code)
{
    lws_close_reason(wsi, (enum lws_close_status)code, NULL, 0);
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

/* ---- closing */

static void on_turn(uv_handle_t *handle);

static void next_turn(struct ws_context *c)
{
    uv_timer_init(loop_uv(c->loop), &c->turn);
    c->turn.data = c;
    uv_close((uv_handle_t *)&c->turn, on_turn);
}

static void on_turn(uv_handle_t *handle)
{
    struct ws_context *c = handle->data;

    if (--c->turns_left > 0) {
        next_turn(c);
        return;
    }
    lws_context_destroy(c->lws);
    ws_hold_end(&c->hold);
    if (c->on_closed)
        c->on_closed(c->on_closed_user);
}

static void take_down(void *user)
{
    struct ws_context *c = user;

    lws_context_destroy(c->lws);
}

static void on_begin_close(struct loop_deferred *d)
{
    struct ws_context *c = d->user;

    ws_hold_begin(&c->hold, take_down, c);
    c->turns_left = CLOSING_TURNS;
    next_turn(c);
}

void ws_context_close(struct ws_context *c, void (*on_closed)(void *user), void *user)
{
    c->on_closed = on_closed;
    c->on_closed_user = user;
    c->begin_close.run = on_begin_close;
    c->begin_close.user = c;
    loop_defer(c->loop, &c->begin_close);
}
