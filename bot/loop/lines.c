/* Our own standard input may be a terminal, a pipe, a socket or a file. libuv reads the first three; a file
 * (and a device such as /dev/null) is always ready and is read piece by piece from an idle handle, one piece
 * a turn. A descriptor that is none of these reads as empty. The end, or a read error, comes as on_end. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/process.h"
#include "loop_private.h"

#define PIECE (16 * 1024)

struct lines {
    struct loop *loop;
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_tty_t tty;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
        uv_idle_t idle;
    } handle;
    struct line_splitter splitter;
    void (*on_end)(void *user);
    void *user;
    int file;                   /* of the idle handle, else -1 */
    struct loop_deferred empty; /* brings on_end when there is nothing to read at all */
    char piece[PIECE];
};

static void end(struct lines *l)
{
    void (*on_end)(void *user) = l->on_end;
    line_splitter_end(&l->splitter);
    if (l->on_end != NULL) {
        l->on_end = NULL;
        on_end(l->user);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct lines *l = handle->data;
    *ret = uv_buf_init(l->piece, sizeof(l->piece));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct lines *l = stream->data;
    if (got > 0) {
        line_splitter_put(&l->splitter, buf->base, (size_t)got);
    } else if (got < 0) {
        uv_read_stop(stream);
        end(l);
    }
}

static void on_idle(uv_idle_t *idle)
{
    struct lines *l = idle->data;
    const ssize_t got = read(l->file, l->piece, sizeof(l->piece));
    if (got > 0) {
        line_splitter_put(&l->splitter, l->piece, (size_t)got);
    } else if (got == 0 || errno != EINTR) {
        uv_idle_stop(idle);
        end(l);
    }
}

static void end_empty(struct loop_deferred *d)
{
    end(d->user);
}

/* Opens and starts what fits own_fd, which it keeps or closes. False when nothing can be read there. */
static bool open_input(struct lines *l, uv_loop_t *uv, int own_fd)
{
    bool opened = false;
    int failed = 0;
    const uv_handle_type type = own_fd < 0 ? UV_UNKNOWN_HANDLE : uv_guess_handle(own_fd);
    if (type == UV_TTY) {
        opened = uv_tty_init(uv, &l->handle.tty, own_fd, 1) == 0;
    } else if (type == UV_NAMED_PIPE) {
        uv_pipe_init(uv, &l->handle.pipe, 0);
        opened = true;
        failed = uv_pipe_open(&l->handle.pipe, own_fd);
    } else if (type == UV_TCP) {
        uv_tcp_init(uv, &l->handle.tcp);
        opened = true;
        failed = uv_tcp_open(&l->handle.tcp, own_fd);
    }
    if (opened && failed != 0) {
        close(own_fd);
        return false;
    }
    if (opened) {
        return uv_read_start(&l->handle.stream, on_alloc, on_read) == 0;
    }
    uv_idle_init(uv, &l->handle.idle);
    l->file = own_fd;
    return type == UV_FILE && uv_idle_start(&l->handle.idle, on_idle) == 0;
}

struct lines *lines_create(struct loop *loop, int fd, void (*on_line)(void *user, char *line, size_t len),
                           void (*on_end)(void *user), void *user)
{
    uv_loop_t *uv = loop_uv(loop);
    assert(uv != NULL);
    struct lines *l = mem_alloc(sizeof(*l));
    l->loop = loop;
    l->on_end = on_end;
    l->user = user;
    l->file = -1;
    l->empty = (struct loop_deferred){.run = end_empty, .user = l};
    line_splitter_init(&l->splitter, on_line, user);
    /* libuv closes what it was given, but the caller's descriptor stays the caller's. */
    const bool readable = open_input(l, uv, fcntl(fd, F_DUPFD_CLOEXEC, 3));
    l->handle.any.data = l;
    if (!readable) {
        loop_defer(loop, &l->empty);
    }
    return l;
}

static void on_closed(uv_handle_t *handle)
{
    struct lines *l = handle->data;
    if (l->file >= 0) {
        close(l->file);
    }
    line_splitter_finish(&l->splitter);
    mem_free(l);
}

void lines_destroy(struct lines *l)
{
    if (l == NULL) {
        return;
    }
    l->splitter.on_line = NULL;
    l->on_end = NULL;
    loop_defer_cancel(l->loop, &l->empty);
    uv_close(&l->handle.any, on_closed);
}
