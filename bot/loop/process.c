/* A child that goes well: it starts, lines go in and come out, its standard output ends, it exits, on_exit
 * comes. The two ends come in any order:
 *
 *   RUNNING --output ends--> EXITING --exit--> GONE (on_exit)
 *      `------exit--> DRAINING --output ends, or DRAIN_MS later--> GONE (on_exit)
 *
 * DRAIN_MS is for a grandchild that keeps the output open for ever. A child that does not read what it is
 * sent is killed at QUEUE_MAX. process_destroy closes the pipes at once, but a child still alive is killed
 * and its handle stays open until it is reaped, or it would stay behind as a zombie; the memory goes with
 * the last handle. */
#include "loop/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "loop_private.h"

#define PIECE     (16 * 1024)
#define QUEUE_MAX (8 * 1024 * 1024) /* bytes on the way to the child */
#define DRAIN_MS  2000

struct process {
    struct loop *loop;
    uv_process_t child;
    uv_pipe_t input, output;
    uv_shutdown_t shutdown;
    struct loop_timer drain;
    struct line_splitter splitter;
    void (*on_exit)(void *user, int status, int signum);
    void *user;
    bool exited, output_ended, input_ended, destroyed;
    int status, signum;
    int open_handles;
    char piece[PIECE];
};

struct message {
    uv_write_t request;
    char *bytes;
};

/* ---- the end */

/* on_exit once both the child and its output have ended. */
static void finish_when_over(struct process *p)
{
    if (!p->exited || !p->output_ended) {
        return;
    }
    loop_timer_stop(p->loop, &p->drain);
    void (*on_exit)(void *user, int status, int signum) = p->on_exit;
    p->on_exit = NULL;
    if (on_exit != NULL) {
        on_exit(p->user, p->status, p->signum);
    }
}

static void end_output(struct process *p)
{
    if (p->output_ended) {
        return;
    }
    p->output_ended = true;
    uv_read_stop((uv_stream_t *)&p->output);
    line_splitter_end(&p->splitter);
    if (!p->destroyed) {
        finish_when_over(p);
    }
}

static void drained(struct loop_timer *t)
{
    end_output(t->user);
}

static void on_closed(uv_handle_t *handle)
{
    struct process *p = handle->data;
    p->open_handles--;
    if (p->open_handles == 0) {
        line_splitter_finish(&p->splitter);
        mem_free(p);
    }
}

static void on_child_exit(uv_process_t *child, int64_t status, int signum)
{
    struct process *p = child->data;
    p->exited = true;
    p->status = (int)status;
    p->signum = signum;
    if (p->destroyed) {
        p->loop->dying--;
        uv_close((uv_handle_t *)&p->child, on_closed);
        return;
    }
    if (!p->output_ended) {
        loop_timer_start(p->loop, &p->drain, DRAIN_MS);
    }
    finish_when_over(p);
}

/* ---- output */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct process *p = handle->data;
    *ret = uv_buf_init(p->piece, sizeof(p->piece));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct process *p = stream->data;
    if (got > 0) {
        line_splitter_put(&p->splitter, buf->base, (size_t)got);
    } else if (got < 0) {
        end_output(p);
    }
}

/* ---- start */

/* Every descriptor but 0 to 2 shall close in children, also those that libraries opened otherwise. */
static void close_others_in_children(void)
{
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) {
        return;
    }
    for (int fd = 3; fd < 1024; fd++) { /* a kernel before 5.11 */
        const int flags = fcntl(fd, F_GETFD);
        if (flags >= 0) {
            fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
        }
    }
}

static int spawn(struct process *p, const struct process_options *options)
{
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&p->input},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&p->output},
        {.flags = UV_IGNORE},
    };
    if (options->inherit_stderr) {
        stdio[2] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO};
    }
    /* libuv's type lacks const, but it only reads: the child has its own copy from fork on. */
    const uv_process_options_t how = {
        .exit_cb = on_child_exit,
        .file = options->argv[0],
        .args = (char **)(uintptr_t)options->argv,
        .env = (char **)(uintptr_t)options->environment,
        .stdio_count = 3,
        .stdio = stdio,
    };
    close_others_in_children();
    return uv_spawn(loop_uv(p->loop), &p->child, &how);
}

struct process *process_start(struct loop *loop, const struct process_options *options, struct err *err)
{
    assert(loop_uv(loop) != NULL && options->environment != NULL);
    struct process *p = mem_alloc(sizeof(*p));
    p->loop = loop;
    p->on_exit = options->on_exit;
    p->user = options->user;
    p->drain = (struct loop_timer){.fire = drained, .user = p};
    line_splitter_init(&p->splitter, options->on_line, options->user);
    uv_pipe_init(loop_uv(loop), &p->input, 0);
    uv_pipe_init(loop_uv(loop), &p->output, 0);
    p->child.data = p->input.data = p->output.data = p;
    p->open_handles = 3;
    int failed = spawn(p, options);
    if (failed != 0) {
        err_set(err, failed == UV_ENOENT ? ERR_MISSING : ERR_IO, "cannot start %s: %s", options->argv[0],
                uv_strerror(failed));
        p->exited = true;
        process_destroy(p);
        return NULL;
    }
    failed = uv_read_start((uv_stream_t *)&p->output, on_alloc, on_read);
    assert(failed == 0);
    return p;
}

/* ---- input */

static void on_sent(uv_write_t *request, int status)
{
    (void)status; /* a child that no longer reads shows by its exit */
    struct message *m = request->data;
    mem_free(m->bytes);
    mem_free(m);
}

void process_send(struct process *p, const char *line)
{
    if (p->exited || p->input_ended) {
        return;
    }
    const size_t len = strlen(line);
    if (len + 1 > QUEUE_MAX - uv_stream_get_write_queue_size((uv_stream_t *)&p->input)) {
        process_signal(p, SIGKILL);
        process_end_input(p);
        return;
    }
    struct message *m = mem_alloc(sizeof(*m));
    m->bytes = mem_text_n(line, len + 1);
    m->bytes[len] = '\n';
    m->request.data = m;
    const uv_buf_t bytes = uv_buf_init(m->bytes, (unsigned)(len + 1));
    if (uv_write(&m->request, (uv_stream_t *)&p->input, &bytes, 1, on_sent) != 0) {
        on_sent(&m->request, 0);
    }
}

static void on_shut_down(uv_shutdown_t *request, int status)
{
    (void)request; /* libuv calls this even for a pipe that closes first, so it may not be NULL */
    (void)status;
}

void process_end_input(struct process *p)
{
    if (p->input_ended) {
        return;
    }
    p->input_ended = true;
    /* Fails only when the child closed its end before: then there is nothing to close. */
    uv_shutdown(&p->shutdown, (uv_stream_t *)&p->input, on_shut_down);
}

void process_signal(struct process *p, int signum)
{
    if (!p->exited) {
        uv_process_kill(&p->child, signum);
    }
}

void process_destroy(struct process *p)
{
    if (p == NULL) {
        return;
    }
    assert(!p->destroyed);
    p->destroyed = true;
    p->on_exit = NULL;
    p->splitter.on_line = NULL;
    loop_timer_stop(p->loop, &p->drain);
    uv_close((uv_handle_t *)&p->input, on_closed);
    uv_close((uv_handle_t *)&p->output, on_closed);
    if (p->exited) {
        uv_close((uv_handle_t *)&p->child, on_closed);
    } else {
        p->loop->dying++;
        uv_process_kill(&p->child, SIGKILL);
    }
}
