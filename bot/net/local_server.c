/* The listener: whose socket it is, who may open it, how many at once.
 *
 * What can go wrong at the start: something that is no socket lies there, a living program listens there, the
 * folder is missing or closed, the group is unknown or not ours: one sentence each, nothing is removed. */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "local_private.h"

#define BACKLOG   16
#define TOLD_MOST 2 /* hear "full" at once; more are closed without a word */

struct local_server {
    uv_pipe_t pipe;
    struct loop *loop;
    struct local_server_options o;
    char *full;
    struct local_conn *conns;
    unsigned count; /* of them, those who hear "full" included */
    bool closing, closed;
    struct loop_deferred tell;
    void (*on_closed)(void *user);
    void *closed_user;
};

/* ---- connections */

static void maybe_closed(struct local_server *s)
{
    if (s->closed && s->count == 0) {
        loop_defer(s->loop, &s->tell);
    }
}

void local_server_lost(struct local_conn *c)
{
    struct local_server *s = c->server;
    *(c->prev != NULL ? &c->prev->next : &s->conns) = c->next;
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    s->count--;
    maybe_closed(s);
}

static bool peer_of(struct local_conn *c, struct local_peer *ret)
{
    struct ucred who;
    socklen_t size = sizeof(who);
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&c->pipe, &fd) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) {
        return false;
    }
    *ret = (struct local_peer){.uid = who.uid, .pid = who.pid};
    return true;
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct local_server *s = stream->data;
    struct local_peer peer;
    if (status != 0 || s->closing) {
        return;
    }
    struct local_conn *c = local_conn_create(s->loop);
    c->server = s;
    c->next = s->conns;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    s->conns = c;
    s->count++;
    if (uv_accept(stream, (uv_stream_t *)&c->pipe) != 0 || s->count > s->o.most + TOLD_MOST ||
        !peer_of(c, &peer)) {
        local_conn_kill(c, "");
    } else if (s->count > s->o.most) {
        local_send(c, s->full);
        local_close(c);
    } else {
        s->o.on_connect(s->o.user, c, &peer, &c->handler);
        local_conn_read(c);
    }
}

unsigned local_server_connections(const struct local_server *s)
{
    return s->count;
}

/* ---- the socket */

/* Is somebody there? */
static bool answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    TEXT_COPY(address.sun_path, path);
    const bool there =
        fd >= 0 && (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN);
    if (fd >= 0) {
        close(fd);
    }
    return there;
}

static bool make_way(const char *path, struct err *err)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        return true; /* what is wrong with the folder is told by the bind */
    }
    if (!S_ISSOCK(st.st_mode)) {
        return err_set(err, ERR_CONFIG, "%s is there and is no socket: move it away, or choose another path",
                       path);
    }
    if (answers(path)) {
        return err_set(err, ERR_CONFIG,
                       "another program listens at %s (`ss -xlp` names it): end it, or choose another path",
                       path);
    }
    if (unlink(path) != 0) {
        return err_set(
            err, ERR_CONFIG,
            "%s was left by another program and cannot be removed: %s; remove it, or choose another "
            "path",
            path, strerrordesc_np(errno));
    }
    return true;
}

/* From the first moment on, nobody but owner and group can open it. */
static int bind_closed(uv_pipe_t *pipe, const char *path)
{
    const mode_t before = umask(0117);
    const int failed = uv_pipe_bind(pipe, path);
    umask(before);
    return failed;
}

static bool give_to(const char *path, const char *group, struct err *err)
{
    struct group found, *is = NULL;
    char room[4096];
    if (group == NULL || group[0] == '\0') {
        return true;
    }
    if (getgrnam_r(group, &found, room, sizeof(room), &is) != 0 || is == NULL) {
        return err_set(err, ERR_CONFIG,
                       "there is no group \"%s\" on this host: make it (groupadd), or name another", group);
    }
    if (chown(path, (uid_t)-1, found.gr_gid) != 0) {
        return err_set(
            err, ERR_CONFIG,
            "%s cannot be given to the group \"%s\": %s; the account that runs this program must be "
            "one of its members (SupplementaryGroups= of the systemd unit)",
            path, group, strerrordesc_np(errno));
    }
    return true;
}

static bool listen_at(struct local_server *s, struct err *err)
{
    const char *path = s->o.path;
    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        return err_set(err, ERR_CONFIG, "%s is too long for a socket: choose a shorter path", path);
    }
    if (!make_way(path, err)) {
        return false;
    }
    const int failed = bind_closed(&s->pipe, path);
    if (failed != 0) {
        return err_set(err, ERR_CONFIG,
                       "%s cannot be made: %s; its directory must be there and belong to the "
                       "account that runs this program (RuntimeDirectory= of the systemd unit)",
                       path, uv_strerror(failed));
    }
    if (!give_to(path, s->o.group, err)) {
        return false;
    }
    const int deaf = uv_listen((uv_stream_t *)&s->pipe, BACKLOG, on_connection);
    return deaf == 0 || err_set(err, ERR_IO, "nobody can be heard at %s: %s", path, uv_strerror(deaf));
}

/* ---- life */

static void tell_closed(struct loop_deferred *d)
{
    struct local_server *s = d->user;
    void (*on_closed)(void *user) = s->on_closed;
    void *user = s->closed_user;
    mem_free(s->full);
    mem_free(s);
    if (on_closed != NULL) {
        on_closed(user);
    }
}

static void on_pipe_closed(uv_handle_t *handle)
{
    struct local_server *s = handle->data;
    s->closed = true;
    maybe_closed(s);
}

struct local_server *local_server_create(struct loop *loop, const struct local_server_options *options,
                                         struct err *err)
{
    struct local_server *s = mem_alloc(sizeof(*s));
    s->loop = loop;
    s->o = *options;
    s->full = mem_text(options->full != NULL ? options->full : "");
    s->tell = (struct loop_deferred){.run = tell_closed, .user = s};
    uv_pipe_init(loop_uv(loop), &s->pipe, 0);
    s->pipe.data = s;
    if (!listen_at(s, err)) {
        local_server_close(s, NULL, NULL);
        return NULL;
    }
    return s;
}

void local_server_close(struct local_server *s, void (*on_closed)(void *user), void *user)
{
    s->closing = true;
    s->on_closed = on_closed;
    s->closed_user = user;
    for (struct local_conn *c = s->conns; c != NULL; c = c->next) {
        local_close(c);
    }
    uv_close((uv_handle_t *)&s->pipe, on_pipe_closed); /* which removes what it has bound */
}
