#ifndef NET_SERVER_H
#define NET_SERVER_H
/* A small HTTP/1.1 listener by libwebsockets on our loop: health, metrics and callbacks of the bot; and, with
 * websocket handlers given, the simulators. Bodies, time and connections are bounded. Without websocket
 * handlers every Upgrade is refused (also h2c, which libwebsockets 4.1.6 would accept). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct server;      /* opaque */
struct server_call; /* one HTTP request being answered */
struct server_ws;   /* one accepted WebSocket */

#define SERVER_CONNECTIONS_DEFAULT 64
/* Those that give way are open until the next turn of the loop: so many newcomers may be beside them. */
#define SERVER_BURST(connections) (1 + (connections) / 2)

struct server_options {
    const char *host;                        /* numeric; default "127.0.0.1" */
    int port;                                /* 0 = any free one */
    const char *certificate_file, *key_file; /* PEM; both or none */
    size_t max_body;                         /* 0 = 64 KiB; larger = 413 */
    int64_t request_ms;                      /* to read a whole request; 0 = 10,000 */
    int max_connections; /* 0 = 64 (the default above); then the one that waits longest without a request
                            gives way */
    /* Once the body is complete (a body needs Content-Length, else 411). Answer now or later with
     * server_answer; call stays valid until then or until on_gone. */
    void (*on_request)(void *user, struct server_call *call);
    void (*on_gone)(void *user, struct server_call *call); /* the peer left before the answer; may be NULL */
    /* All NULL = no WebSockets. */
    bool (*on_ws_open)(void *user, struct server_ws *ws,
                       const char *path_and_query); /* false = refused, see server_ws_refuse */
    void (*on_ws_text)(void *user, struct server_ws *ws, char *text, size_t len);
    void (*on_ws_close)(void *user, struct server_ws *ws); /* ws is gone afterwards */
    void *user;
};
struct server *server_create(struct loop *loop, const struct server_options *options, struct err *err);
int server_port(const struct server *s);
void server_close(struct server *s, void (*on_closed)(void *user), void *user); /* accepts NULL */

const char *server_method(const struct server_call *c);
const char *server_path(const struct server_call *c);                                /* without query */
const char *server_query(const struct server_call *c);                               /* "" when none */
const char *server_header(const struct server_call *c, const char *lower_case_name); /* NULL when absent */
const char *server_body(const struct server_call *c, size_t *ret_len);
void server_set_user(struct server_call *c, void *user);
void *server_get_user(const struct server_call *c);
/* Headers: "name: value\r\n…" or NULL. Body copied. call is gone afterwards. */
void server_answer(struct server_call *c, int status, const char *content_type, const char *extra_headers,
                   const void *body, size_t len);
/* For simulators of bad weather: before server_answer; its Content-Length says len whatever follows, and the
 * connection ends behind what does. */
void server_claim_length(struct server_call *c, size_t len);
/* For simulators of bad weather: close the TCP connection now, with RST when reset. */
void server_drop(struct server_call *c, bool reset);

bool server_ws_send(struct server_ws *ws, const char *text, size_t len);
void server_ws_close(struct server_ws *ws, int code);
void server_ws_drop(struct server_ws *ws); /* no Close frame */
/* For simulators of bad weather. refuse: the status (default 403) of an upgrade, inside on_ws_open before it
 * returns false. deafen: nothing is read any more, so that not even a ping is answered; for good. */
void server_ws_refuse(struct server_ws *ws, int status);
void server_ws_deafen(struct server_ws *ws);
bool server_ws_send_binary(struct server_ws *ws, const void *bytes, size_t len);
bool server_ws_ping(struct server_ws *ws, const char *text); /* at most 125 bytes */
void server_ws_set_user(struct server_ws *ws, void *user);
void *server_ws_get_user(const struct server_ws *ws);

#endif
