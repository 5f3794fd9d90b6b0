#ifndef LOOP_PROCESS_H
#define LOOP_PROCESS_H
/* A child process with line-wise pipes, and lines of our own standard input. Children get the environment
 * that is given, nothing else, and no descriptor but 0 to 2. */
#include <stdbool.h>
#include <stddef.h>

struct err;
struct loop;
struct process; /* opaque */

#define PROCESS_LINE_MAX (1024 * 1024) /* a longer line is cut there and the rest dropped */

struct process_options {
    const char *const *argv;                             /* argv[0] is the path; NULL-terminated. Copied. */
    const char *const *environment;                      /* "NAME=value", NULL-terminated. Copied. */
    bool inherit_stderr;                                 /* else standard error goes to /dev/null */
    void (*on_line)(void *user, char *line, size_t len); /* a line of its standard output, without newline */
    void (*on_exit)(void *user, int status, int signum); /* exactly once, after the last line */
    void *user;
};

/* NULL with err when it cannot be started (no callback then). */
struct process *process_start(struct loop *loop, const struct process_options *options, struct err *err);
/* Queue a line for its standard input (newline added). Copied. */
void process_send(struct process *p, const char *line);
/* Close its standard input. */
void process_end_input(struct process *p);
void process_signal(struct process *p, int signum);
/* Kill if alive, forget the callbacks, close, free. Accepts NULL. */
void process_destroy(struct process *p);

/* ---- our own standard input, line by line; on_end once at end of file */
struct lines;
struct lines *lines_create(struct loop *loop, int fd, void (*on_line)(void *user, char *line, size_t len),
                           void (*on_end)(void *user), void *user);
void lines_destroy(struct lines *l);

#endif
