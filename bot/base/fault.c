#include "base/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef CLOUDTAK_FAULTS

#define NAME_MAX_LEN 120

static atomic_long passed;

static void note(const char *path, const char *name)
{
    char line[NAME_MAX_LEN + 1];
    const size_t len = strnlen(name, NAME_MAX_LEN);
    memcpy(line, name, len);
    line[len] = '\n';
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        const ssize_t written = write(fd, line, len + 1); /* one write: whole lines from every thread */
        (void)written;
        close(fd);
    }
}

void fault_point(const char *name)
{
    const char *path = getenv("CLOUDTAK_FAULT_LOG");
    if (path != NULL) {
        note(path, name);
    }
    const long number = atomic_fetch_add(&passed, 1) + 1;
    const char *kill_at = getenv("CLOUDTAK_FAULT_KILL_AT"), *stop_at = getenv("CLOUDTAK_FAULT_STOP_AT");
    if (kill_at != NULL && strtol(kill_at, NULL, 10) == number) {
        raise(SIGKILL);
    }
    if (stop_at != NULL && strcmp(stop_at, name) == 0) {
        raise(SIGSTOP);
    }
}

#endif
