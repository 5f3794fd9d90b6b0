/* A connection: bytes in become lines, lines out are queued by libuv.
 *
 * What can go wrong: a line longer than LOCAL_LINE_MAX, or a peer that leaves more than LOCAL_UNREAD_MAX
 * unread (both are closed at once), one that half-closes (closed in order), one that resets. The handle is
 * closed once, and everything ends in its callback. */
#include "net/local.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "local_private.h"

#define PATIENCE_MS 1000

static void impatient(struct loop_timer *t)
{
    local_conn_kill(t->user, "");
}

struct local_conn *local_conn_create(struct loop *loop)
{
    struct local_conn *c = mem_alloc(sizeof(*c));
    c->loop = loop;
    c->patience = (struct loop_timer){.fire = impatient, .user = c};
    buf_init(&c->line, LOCAL_LINE_MAX);
    uv_pipe_init(loop_uv(loop), &c->pipe, 0);
    c->pipe.data = c;
    return c;
}

static void on_closed(uv_handle_t *handle)
{
    struct local_conn *c = handle->data;
    loop_timer_stop(c->loop, &c->patience);
    if (c->handler.on_end != NULL) {
        c->handler.on_end(c->handler.user, c->why);
    }
    if (c->server != NULL) {
        local_server_lost(c);
    }
    buf_finish(&c->line);
    mem_free(c);
}

void local_conn_kill(struct local_conn *c, const char *why)
{
    if (!c->closing) {
        TEXT_COPY(c->why, why);
    }
    c->closing = true;
    if (!uv_is_closing((uv_handle_t *)&c->pipe)) {
        uv_close((uv_handle_t *)&c->pipe, on_closed);
    }
}

/* ---- in */

static void deliver(struct local_conn *c)
{
    char nothing[1] = "";
    c->handler.on_line(c->handler.user, c->line.len == 0 ? nothing : c->line.data, c->line.len);
    buf_clear(&c->line);
}

static void take(struct local_conn *c, const char *bytes, size_t len)
{
    while (len > 0 && !c->closing) {
        const char *newline = memchr(bytes, '\n', len);
        const size_t part = newline == NULL ? len : (size_t)(newline - bytes);
        buf_put(&c->line, bytes, part);
        if (buf_overflowed(&c->line)) {
            local_conn_kill(c, "it sent a line longer than 64 KiB");
        } else if (newline == NULL) {
            return;
        } else {
            deliver(c);
            bytes += part + 1;
            len -= part + 1;
        }
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct local_conn *c = handle->data;
    *ret = uv_buf_init(c->piece, sizeof(c->piece));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct local_conn *c = stream->data;
    if (got > 0) {
        take(c, buf->base, (size_t)got);
    } else if (got == UV_EOF) {
        local_close(c);
    } else if (got < 0) {
        local_conn_kill(c, uv_strerror((int)got));
    }
}

void local_conn_read(struct local_conn *c)
{
    const int failed = uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
    if (failed != 0) {
        local_conn_kill(c, uv_strerror(failed));
    }
}

/* ---- out */

struct sending {
    uv_write_t write;
    char *bytes;
};

static void on_written(uv_write_t *write, int status)
{
    struct sending *s = write->data;
    struct local_conn *c = write->handle->data;
    mem_free(s->bytes);
    mem_free(s);
    if (status != 0 && status != UV_ECANCELED) {
        local_conn_kill(c, uv_strerror(status));
    }
}

void local_send(struct local_conn *c, const char *line)
{
    const size_t len = strlen(line);
    if (c->closing) {
        return;
    }
    if (uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe) + len > LOCAL_UNREAD_MAX) {
        local_conn_kill(c, "it does not read what it is sent");
        return;
    }
    struct sending *s = mem_alloc(sizeof(*s));
    s->bytes = mem_alloc(len + 2);
    memcpy(s->bytes, line, len);
    s->bytes[len] = '\n';
    s->write.data = s;
    const uv_buf_t buf = uv_buf_init(s->bytes, (unsigned)len + 1);
    const int failed = uv_write(&s->write, (uv_stream_t *)&c->pipe, &buf, 1, on_written);
    if (failed != 0) {
        mem_free(s->bytes);
        mem_free(s);
        local_conn_kill(c, uv_strerror(failed));
    }
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    (void)status;
    local_conn_kill(shutdown->data, "");
}

void local_close(struct local_conn *c)
{
    if (c->closing) {
        return;
    }
    c->closing = true;
    uv_read_stop((uv_stream_t *)&c->pipe);
    c->shutdown.data = c;
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->pipe, on_shutdown) != 0) {
        local_conn_kill(c, "");
        return;
    }
    loop_timer_start(c->loop, &c->patience, PATIENCE_MS);
}

/* ---- the client */

static bool refused(int number, const char *path, struct err *err)
{
    switch (number) {
    case ENOENT:
    case ECONNREFUSED:
        return err_set(err, ERR_UNREACHABLE,
                       "nobody listens at %s: no bot runs here, or its door is elsewhere", path);
    case EACCES:
    case EPERM:
        return err_set(err, ERR_DENIED, "you may not open %s: an administrator adds you to its group", path);
    case EAGAIN: return err_set(err, ERR_LIMIT, "too many wait at %s: try again in a moment", path);
    default: return err_set(err, ERR_IO, "%s cannot be opened: %s", path, strerrordesc_np(number));
    }
}

struct local_conn *local_connect(struct loop *loop, const char *path, const struct local_handler *handler,
                                 int *ret_number, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!TEXT_COPY(address.sun_path, path)) {
        *ret_number = ENAMETOOLONG;
        refused(ENAMETOOLONG, path, err);
        return NULL;
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        *ret_number = errno;
        refused(errno, path, err);
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    struct local_conn *c = local_conn_create(loop);
    const int failed = uv_pipe_open(&c->pipe, fd);
    if (failed != 0) {
        close(fd);
        local_conn_kill(c, "");
        *ret_number = -failed;
        refused(-failed, path, err);
        return NULL;
    }
    c->handler = *handler;
    local_conn_read(c);
    return c;
}
