/* The way to the bot: its door; if nobody listens there, the store, when it is free. Each thing that stands
 * in the way is one sentence with the next step. */
#include "exec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config.h"
#include "core/local.h"
#include "daemon.h"
#include "door_wire.h"
#include "exec_alone.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "net/local.h"
#include "terminal.h"

#define FAULTS_MAX (64 * 1024)
#define TIME_WIDTH 9 /* "14:02:08 " before each message */

struct exec {
    const struct exec_options *o;
    struct clock clock;
    struct loop *loop;
    struct config *config; /* NULL: it cannot be read, and faults says why */
    struct buf faults;
    struct terminal *terminal;
    struct local_conn *conn; /* one of the two */
    struct exec_alone *alone;
    struct lines *input;
    struct loop_deferred end;
    char own[CONFIG_URL + 40];
    bool ended;
    int status;
};

/* ---- what the terminal wants */

static void on_print(void *user, const char *text)
{
    (void)user;
    fputs(text, stdout);
    fflush(stdout);
}

static void on_complain(void *user, const char *text)
{
    (void)user;
    fflush(stdout);
    fprintf(stderr, "cloudtak-bot: %s", text);
}

static void on_ask(void *user, const struct door_ask *ask)
{
    struct exec *x = user;

    if (x->alone) {
        exec_alone_ask(x->alone, ask);
    } else if (x->conn) {
        char *line = door_write_ask(ask);
        local_send(x->conn, line);
        mem_free(line);
    }
}

static void on_typed(void *user, char *line, size_t len)
{
    struct exec *x = user;

    (void)len;
    terminal_typed(x->terminal, line);
}

static void on_input_end(void *user)
{
    struct exec *x = user;

    terminal_end_of_input(x->terminal);
}

static void on_listen(void *user)
{
    struct exec *x = user;

    x->input = lines_create(x->loop, STDIN_FILENO, on_typed, on_input_end, x);
}

static void on_finish(void *user, int status)
{
    struct exec *x = user;

    x->status = status;
    loop_defer(x->loop, &x->end); /* never inside what told it */
}

/* ---- the end */

static void on_closed(void *user)
{
    struct exec *x = user;

    x->alone = NULL;
    loop_stop(x->loop);
}

static void on_end(struct loop_deferred *d)
{
    struct exec *x = d->user;

    if (x->ended)
        return;
    x->ended = true;
    lines_destroy(x->input);
    x->input = NULL;
    if (x->conn)
        local_close(x->conn);
    else if (x->alone)
        exec_alone_close(x->alone, on_closed, x);
    else
        loop_stop(x->loop);
}

static void on_signal(void *user, int signum)
{
    struct exec *x = user;

    if (x->ended)
        _exit(128 + signum);
    if (signum == SIGINT)
        terminal_interrupt(x->terminal);
    else
        on_finish(x, 128 + signum);
}

/* ---- through the daemon */

static void on_line(void *user, char *line, size_t len)
{
    struct exec *x = user;
    struct door_tell *told = mem_alloc(sizeof *told);
    struct err err = {0};
    void *keep = NULL;

    if (door_read_tell(line, len, told, &keep, &err))
        terminal_tell(x->terminal, told);
    else
        terminal_lost(x->terminal, err.text);
    door_tell_forget(keep);
    mem_free(told);
}

static void on_conn_end(void *user, const char *why)
{
    struct exec *x = user;

    x->conn = NULL;
    terminal_lost(x->terminal, why);
    if (x->ended)
        loop_stop(x->loop);
}

/* ---- alone */

static void on_told(void *user, const struct door_tell *told)
{
    struct exec *x = user;

    terminal_tell(x->terminal, told);
}

static void on_ready(void *user)
{
    struct exec *x = user;

    terminal_hello(x->terminal);
}

static void on_lost(void *user, const char *why)
{
    struct exec *x = user;

    terminal_lost(x->terminal, why);
}

/* ---- the way in */

static bool is_tty(int fd)
{
    const char *term = getenv("TERM");

    return isatty(fd) && term && *term && !text_equal(term, "dumb");
}

static int terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 40)
        return 0;
    return size.ws_col - TIME_WIDTH;
}

static void create_terminal(struct exec *x, bool alone)
{
    const bool shown = is_tty(STDOUT_FILENO), typed = isatty(STDIN_FILENO);

    if (!x->o->command)
        TEXT_COPY(x->own, ">"); /* as the prompt */
    else if (x->o->file_named)
        TEXT_FORMAT(x->own, "cloudtak-bot exec -c %s --", x->o->file);
    else
        TEXT_COPY(x->own, LOCAL_COMMAND);
    const struct terminal_options o = {.command = x->o->command,
                                       .yes = x->o->yes,
                                       .answers = typed,
                                       .bold = shown,
                                       .prompts = shown && typed,
                                       .width = shown ? terminal_width() : 0,
                                       .own = x->own,
                                       .store = x->config ? x->config->store_path : "",
                                       .alone = alone,
                                       .ask = on_ask,
                                       .print = on_print,
                                       .complain = on_complain,
                                       .listen = on_listen,
                                       .finish = on_finish,
                                       .user = x};
    x->terminal = terminal_create(&o);
}

static bool go_alone(struct exec *x, struct err *err)
{
    const struct exec_alone_options o = {
        .loop = x->loop, .config = x->config, .tell = on_told, .ready = on_ready, .lost = on_lost, .user = x};

    if (!x->config)
        return false;
    create_terminal(x, true);
    x->alone = exec_alone_create(&o, err);
    if (!x->alone)
        return false;
    on_complain(x,
                "no bot runs here: this program acts by itself, and the channel hears of it when the bot is "
                "started again.\n");
    return true;
}

static bool may_not(const char *path, struct err *err)
{
    return err_set(
        err, ERR_DENIED,
        "you may not open the bot's door %s: an administrator adds your account to the socket's group "
        "(ls -l %s names it; usermod -aG GROUP YOU), then sign in again",
        path, path);
}

static bool go_in(struct exec *x, struct err *err)
{
    const char *path = x->config ? x->config->door.socket : DOOR_SOCKET;
    const struct local_handler handler = {.on_line = on_line, .on_end = on_conn_end, .user = x};
    int number = ENOENT;

    if (*path)
        x->conn = local_connect(x->loop, path, &handler, &number, err);
    if (x->conn) {
        create_terminal(x, false);
        terminal_hello(x->terminal);
        return true;
    }
    if (number == EACCES || number == EPERM)
        return may_not(path, err);
    if (number != ENOENT && number != ECONNREFUSED)
        return false;
    return go_alone(x, err);
}

static void open_exec(struct exec *x)
{
    struct err err = {0};

    x->status = TERMINAL_USAGE;
    x->end = (struct loop_deferred){.run = on_end, .user = x};
    x->config = config_read_terminal(x->o->file, config_environment, &err, &x->faults);
    x->clock = daemon_clock();
    x->loop = loop_create(&x->clock);
}

int exec_run(const struct exec_options *options)
{
    struct exec *x = mem_alloc(sizeof *x);
    struct err err = {0};

    x->o = options;
    buf_init(&x->faults, FAULTS_MAX);
    open_exec(x);
    if (go_in(x, &err)) {
        loop_on_signal(x->loop, SIGINT, on_signal, x);
        loop_on_signal(x->loop, SIGTERM, on_signal, x);
        loop_on_signal(x->loop, SIGHUP, on_signal, x);
        loop_run(x->loop);
    } else {
        if (!x->config)
            fputs(x->faults.data, stderr);
        fprintf(stderr, "cloudtak-bot: %s.\nNothing was done.\n", err.text);
    }
    const int status = x->status;
    terminal_destroy(x->terminal);
    config_destroy(x->config);
    buf_finish(&x->faults);
    if (loop_destroy(x->loop) != 0)
        log_error("exec", NULL, "something was left open on the loop");
    mem_free(x);
    return status;
}

bool exec_join(const char *const *words, size_t count, char *to, size_t size)
{
    struct buf b;

    buf_init(&b, size - 1);
    for (size_t i = 0; i < count; i++) {
        const bool quoted = count > 1 && (strpbrk(words[i], " \t\n") || !*words[i]);
        buf_format(&b, "%s%s", i ? " " : "", quoted ? "\"" : "");
        for (const char *c = words[i]; *c; c++)
            buf_put(&b, quoted && *c == '"' ? "'" : c, 1);
        buf_text(&b, quoted ? "\"" : "");
    }
    const bool fits = !buf_overflowed(&b);
    text_copy(to, size, b.data);
    buf_finish(&b);
    return fits;
}
