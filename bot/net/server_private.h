#ifndef NET_SERVER_PRIVATE_H
#define NET_SERVER_PRIVATE_H
/* The parts of the listener: server.c (listening, connections, closing), server_http.c (one request and its
 * answer), server_ws.c (one accepted WebSocket). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "net/server.h"
#include "ws_context.h"

struct lws;
struct lws_vhost;

#define SERVER_PEEK_MS 200 /* how often a peer that waits for an answer is looked for */

enum conn_state {
    CONN_WAITING,   /* for a request, or for the rest of its headers */
    CONN_BODY,      /* of a request */
    CONN_CALLED,    /* the program has the request */
    CONN_ANSWERING, /* the answer is on its way */
    CONN_WS,
};

struct conn {
    struct server *server;
    struct lws *wsi; /* NULL when libwebsockets has closed it */
    struct conn *next, *prev;
    enum conn_state state;
    struct loop_timer deadline;
    struct server_call *call;
    struct server_ws *ws;
    bool kept;        /* it had an answer before: waiting for the next request is no part of that one */
    bool kill, reset; /* on the next turn */
};

struct server_header {
    struct server_header *next;
    char *name, *value;
};

struct server_call {
    struct conn *conn;
    char *method, *path, *query;
    struct buf body;
    size_t expected;               /* Content-Length */
    struct server_header *headers; /* those that were asked for */
    void *user;
    unsigned char *answer; /* room for libwebsockets, head, body */
    size_t answer_len;
    bool close_after;
    bool claims; /* another Content-Length than is true: */
    size_t claimed;
};

enum server_frame { SERVER_TEXT, SERVER_BINARY, SERVER_PING };
struct server_out {
    struct server_out *next;
    enum server_frame frame;
    size_t len;
    unsigned char bytes[];
};

struct server_ws {
    struct conn *conn;
    bool open;
    struct buf message;
    struct server_out *out_first, *out_last;
    size_t queued;
    int close_code; /* 0 = stay */
    int refusal;    /* HTTP status of an upgrade that is not taken; 0 = 403 */
    bool close_written;
    bool close_wanted; /* on the next turn */
    void *user;
};

struct server {
    struct loop *loop;
    struct ws_context context;
    struct lws_vhost *vhost;
    struct server_options options;
    char *host, *certificate_file, *key_file;
    struct conn *conns; /* newest first */
    int conn_count;
    int port;
    bool closing, context_closing;
    struct loop_timer closing_timer;
    struct loop_deferred reap;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

/* server.c */
void server_kill(struct conn *c, bool reset); /* on the next turn */
void server_want_write(struct conn *c);
void server_arm(struct conn *c, int64_t ms);

/* server_http.c: events of libwebsockets; non-zero closes the connection. */
int server_http_begin(struct conn *c);
int server_http_body(struct conn *c, const void *bytes, size_t len);
int server_http_body_end(struct conn *c);
int server_http_write(struct conn *c);
void server_http_gone(struct conn *c);
/* A header of the request being read, or its path and query; mem_free. NULL when absent. */
char *server_http_header(struct lws *wsi, const char *lower_case_name);
char *server_http_path(struct lws *wsi, const char **ret_method);
char *server_http_query(struct lws *wsi);

/* server_ws.c */
int server_ws_upgrade(struct conn *c, const char *to);
int server_ws_opened(struct conn *c);
int server_ws_part(struct conn *c, const void *bytes, size_t len, bool last, bool binary);
int server_ws_write(struct conn *c);
void server_ws_gone(struct conn *c);

#endif
