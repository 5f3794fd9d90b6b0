#ifndef NET_WS_PRIVATE_H
#define NET_WS_PRIVATE_H
/* The parts of the WebSocket client: ws.c (life of a connection), ws_wire.c (libwebsockets' callbacks),
 * ws_client.c (what connections share), ws_message.c (whole messages), ws_url.c (URL and proxy). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "loop/loop.h"
#include "net/dns.h"
#include "net/ws.h"
#include "ws_context.h"

struct lws;
struct lws_vhost;
struct secret;

/* ---- ws_url.c: pure */

#define WS_HOST 256
#define WS_PATH 2048

struct ws_url {
    bool tls, loopback;
    char host[WS_HOST]; /* without brackets */
    int port;
    char path[WS_PATH];          /* with query */
    char authority[WS_HOST + 8]; /* as in Host: the port only when it is not the usual one */
};
bool ws_url_read(const char *url, struct ws_url *ret, struct err *err);

struct ws_proxy {
    bool used;
    char credentials[128]; /* "user:password" or "" */
    char host[WS_HOST];
    int port;
};
/* option: as in ws_client_options, NULL = environment_proxy unless no_proxy lists the host. */
bool ws_proxy_choose(const char *option, const char *environment_proxy, const char *no_proxy,
                     const struct ws_url *url, struct ws_proxy *ret, struct err *err);

/* ---- ws_message.c: pure */

struct ws_message {
    size_t max;
    struct buf whole;
    uint64_t total;
    bool oversize;
    char head[WS_OVERSIZE_KEEP], tail[WS_OVERSIZE_KEEP];
    size_t tail_len;
};
void ws_message_init(struct ws_message *m, size_t max);
void ws_message_finish(struct ws_message *m);
void ws_message_add(struct ws_message *m, const char *bytes, size_t len);
/* For the next message; a large buffer is given back. */
void ws_message_clear(struct ws_message *m);

/* ---- one try to reach one address: what libwebsockets holds a pointer to */
struct ws_attempt {
    struct ws *ws; /* NULL when the connection has let go of it */
    struct lws *wsi;
    struct ws_client *client;
    struct ws_attempt *next, *prev;
    bool connected; /* TCP stands */
    bool beginning; /* inside the call that makes it */
    bool certificate_refused;
    bool close_wanted; /* on the next turn */
};

struct ws_client {
    struct loop *loop;
    struct ws_context context;
    char *ca_file, *proxy;
    struct lws_vhost *plain, *tls, *proxied; /* made when first needed: a CA bundle costs 20 ms */
    struct ws_attempt *attempts;
    struct loop_deferred reap;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

/* ---- ws_client.c */
/* address: numeric, of the proxy when one is used, else of the URL's host. NULL with err. */
struct ws_attempt *ws_client_attempt(struct ws_client *c, struct ws *ws, const struct ws_url *url,
                                     const char *address, const struct ws_proxy *proxy, struct err *err);
/* No event of this attempt reaches its connection any more; it is ended on the next turn. */
void ws_client_let_go(struct ws_attempt *a);
/* The Close frame and what follows, begun on the next turn. */
void ws_client_close_orderly(struct ws_attempt *a);
void ws_client_forget(struct ws_attempt *a); /* libwebsockets freed it */

/* ---- one connection */

enum ws_state { WS_NAMING, WS_CONNECTING, WS_OPEN, WS_CLOSING, WS_CLOSED };

struct ws_out {
    struct ws_out *next;
    size_t len;
    unsigned char bytes[]; /* room for libwebsockets' header first */
};

struct ws_naming {
    struct dns_request request;
    struct ws *ws; /* NULL when cancelled */
};

struct ws {
    struct ws_client *client;
    struct ws_options options;
    struct ws_url url;
    struct ws_proxy proxy;
    struct secret *bearer;
    enum ws_state state;
    struct ws_naming *naming;
    size_t address_count, address_next;
    char addresses[DNS_ADDRESSES][DNS_ADDRESS_TEXT];
    struct ws_attempt *attempt;
    struct loop_timer open_timer, address_timer, life_timer, close_timer;
    struct loop_deferred end;
    int64_t last_frame_ms, pinged_ms, opened_by_ms;
    struct ws_out *out_first, *out_last;
    size_t queued;
    bool want_ping, want_close, close_written;
    struct ws_message message;
    struct err err;
    int http_status, peer_code;
    unsigned busy; /* callbacks on the stack */
    bool destroyed;
};

/* Events, in order of happening; called by ws_wire.c. */
void ws_on_tcp(struct ws *ws);
void ws_on_failed(struct ws *ws, const char *reason, int http_status);
void ws_on_established(struct ws *ws);
void ws_on_frame(struct ws *ws);
void ws_on_part(struct ws *ws, const char *bytes, size_t len, bool last);
void ws_on_peer_close(struct ws *ws, int code);
void ws_on_gone(struct ws *ws);
/* What is to be written next. */
enum ws_write { WS_WRITE_NOTHING, WS_WRITE_PING, WS_WRITE_TEXT, WS_WRITE_CLOSE };
enum ws_write ws_next_write(const struct ws *ws);
void ws_wrote(struct ws *ws, enum ws_write what);

/* ---- ws_wire.c */
struct lws_protocols;
const struct lws_protocols *ws_wire_protocols(void);
size_t ws_wire_room(void); /* bytes libwebsockets wants before a payload */
void ws_wire_want_write(struct ws_attempt *a);
void ws_wire_close(struct ws_attempt *a);
void ws_wire_kill(struct ws_attempt *a);

#endif
