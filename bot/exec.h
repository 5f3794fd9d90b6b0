#ifndef BOT_EXEC_H
#define BOT_EXEC_H
/* `cloudtak-bot exec` and `console`: the daemon's second door; while no daemon runs, the bot itself, for as
 * long as the terminal is there. */
#include <stdbool.h>
#include <stddef.h>

struct exec_options {
    const char *file;    /* the configuration */
    bool file_named;     /* by -c: commands that are told name it too */
    const char *command; /* NULL = console */
    bool yes;
};

/* Returns the exit status of design 5.1. */
int exec_run(const struct exec_options *options);
/* "restart", "cotak prod", "--reason", "a b" -> one command; what has spaces is quoted where it stands among
 * others. False: too long. */
bool exec_join(const char *const *words, size_t count, char *to, size_t size);

#endif
