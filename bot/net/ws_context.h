#ifndef NET_WS_CONTEXT_H
#define NET_WS_CONTEXT_H
/* A libwebsockets context on our loop, with the teardown that leaves nothing behind. The client and each
 * server have one. */
#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "loop/loop.h"
#include "ws_hold.h"

struct lws;
struct lws_context;

struct ws_context {
    struct loop *loop;
    struct lws_context *lws; /* NULLed by libwebsockets when it is freed */
    struct loop_deferred begin_close;
    uv_timer_t turn; /* never started: only its closings are counted */
    int turns_left;
    struct ws_hold hold;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

/* tls: libwebsockets 4.1 keeps one index for all contexts that use TLS; with two of them at a time the
 * earlier one's TLS configuration is not freed in the end. */
bool ws_context_init(struct ws_context *c, struct loop *loop, bool tls, struct err *err);
/* Closes every connection and frees the context; on_closed once, from the loop. */
void ws_context_close(struct ws_context *c, void (*on_closed)(void *user), void *user);
/* After each call into libwebsockets from outside its callbacks: it then looks at its timers again. */
void ws_context_poke(struct ws_context *c);
/* Outside libwebsockets' callbacks, when nothing waits to be written: begins an orderly close. */
void ws_context_orderly_close(struct lws *wsi, int code);

#endif
