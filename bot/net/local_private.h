#ifndef NET_LOCAL_PRIVATE_H
#define NET_LOCAL_PRIVATE_H
/* What local.c (a connection) and local_server.c share. */
#include <uv.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "net/local.h"

struct local_conn {
    uv_pipe_t pipe;
    uv_shutdown_t shutdown;
    struct loop *loop;
    struct local_handler handler;
    struct buf line;
    struct loop_timer patience; /* for what was sent before the close */
    bool closing;               /* no line is delivered any more */
    char why[120];
    struct local_server *server; /* NULL of a client */
    struct local_conn *next, *prev;
    char piece[16 * 1024];
};

/* A pipe that is to be opened or accepted into. */
struct local_conn *local_conn_create(struct loop *loop);
void local_conn_read(struct local_conn *c);
/* Now, whatever was sent. */
void local_conn_kill(struct local_conn *c, const char *why);
/* local_server.c: it is gone. */
void local_server_lost(struct local_conn *c);

#endif
