#ifndef NET_LOCAL_H
#define NET_LOCAL_H
/* Lines over a Unix socket of this host. What comes in is bounded by the line, what goes out by what the peer
 * has not read yet: a longer line, or a peer that does not read, ends the connection. */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct local_conn;   /* opaque */
struct local_server; /* opaque */
struct loop;

#define LOCAL_LINE_MAX   (64 * 1024)
#define LOCAL_UNREAD_MAX (1024 * 1024) /* bytes that wait for the peer */

struct local_handler {
    void (*on_line)(void *user, char *line, size_t len); /* without its newline */
    /* It is over and gone after this; once, never inside a call of ours, and after no other callback comes.
     * why: "" = one of the two sides closed it in order. */
    void (*on_end)(void *user, const char *why);
    void *user;
};

/* ---- either side */
/* Copied; the newline is added. */
void local_send(struct local_conn *c, const char *line);
/* No further line comes; what was sent still goes out, for a second at most; then on_end. */
void local_close(struct local_conn *c);

/* ---- the client. NULL with err: what stands in the way, and what to do; ret_number its errno. */
struct local_conn *local_connect(struct loop *loop, const char *path, const struct local_handler *handler,
                                 int *ret_number, struct err *err);

/* ---- the server */
struct local_peer {
    unsigned uid;
    int pid;
};
struct local_server_options {
    const char *path;  /* 0660; what a dead program left there is replaced, what a living one has is not */
    const char *group; /* NULL or "" = the program's own */
    unsigned most;     /* connections at once; one more hears `full` and is closed */
    const char *full;
    /* The kernel vouches for the peer. Fills ret_handler; may send at once. */
    void (*on_connect)(void *user, struct local_conn *c, const struct local_peer *peer,
                       struct local_handler *ret_handler);
    void *user;
};
struct local_server *local_server_create(struct loop *loop, const struct local_server_options *options,
                                         struct err *err);
unsigned local_server_connections(const struct local_server *s);
/* Removes the socket, closes every connection (their on_end comes first). on_closed once, never inside. */
void local_server_close(struct local_server *s, void (*on_closed)(void *user), void *user);

#endif
