#ifndef NET_WS_H
#define NET_WS_H
/* WebSocket client connections by libwebsockets on our loop. TLS with verified names; whole messages up to a
 * ceiling; a larger one is drained, its head and tail are kept and handed over, and the connection stays. Own
 * deadlines for connect and silence (the timers of libwebsockets 4.1 do not re-arm on a foreign loop). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct ws_client; /* shared by all connections: one context, one CA bundle */
struct ws;        /* one connection */

struct ws_client_options {
    const char *ca_file; /* NULL = the system's */
    const char *proxy;   /* "http://host:port" for wss; NULL = https_proxy of the environment; "" = none */
};
struct ws_client *ws_client_create(struct loop *loop, const struct ws_client_options *options,
                                   struct err *err);
/* All connections must be destroyed before. on_closed once. Accepts NULL. */
void ws_client_close(struct ws_client *c, void (*on_closed)(void *user), void *user);

#define WS_OVERSIZE_KEEP 4096 /* bytes of head, and of tail, of an oversize message */

struct ws_options {
    const char *url;         /* ws:// or wss://, copied */
    const char *bearer;      /* Authorization: Bearer, or NULL; copied and wiped */
    size_t max_message;      /* 0 = 1 MiB */
    size_t max_queue;        /* bytes waiting to be written; more makes ws_send fail; 0 = 1 MiB */
    int64_t open_timeout_ms; /* name, connect, TLS, upgrade; 0 = 10,000 */
    int64_t ping_after_ms;   /* send a ping after this long without a frame; 0 = 10,000 */
    int64_t dead_after_ms;   /* give up after this long without a frame; 0 = 28,000 */
    void (*on_open)(struct ws *ws, void *user);
    void (*on_text)(struct ws *ws, void *user, char *text,
                    size_t len); /* NUL-terminated, valid during the call */
    void (*on_oversize)(struct ws *ws, void *user, const char *head, size_t head_len, const char *tail,
                        size_t tail_len, uint64_t total);
    /* Exactly once, also when it never opened; last callback. http_status of a refused upgrade, else 0; code
     * of the peer's Close, else 0. */
    void (*on_close)(struct ws *ws, void *user, const struct err *err, int http_status, int code);
    void *user;
};
/* Never NULL; every failure comes through on_close, never inside the call. */
struct ws *ws_connect(struct ws_client *c, const struct ws_options *options);
/* One frame, FIN set. Copied. False when not open or the queue is full. */
bool ws_send(struct ws *ws, const char *text, size_t len);
/* Orderly close (1000) with 1 s for the peer; then on_close. */
void ws_close(struct ws *ws);
/* No callback comes after this; frees at a safe moment. Accepts NULL. Callable inside callbacks. */
void ws_destroy(struct ws *ws);
int64_t ws_last_frame_ms(const struct ws *ws); /* mono time of the last frame of any kind */
size_t ws_queued(const struct ws *ws);

#endif
