#include "ws_hold.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define NUMBERS_MOST 4096 /* the highest that is looked at; the bot has some dozens open */

struct numbers {
    bool open[NUMBERS_MOST];
};

static void look(struct numbers *n)
{
    for (int fd = 0; fd < NUMBERS_MOST; fd++)
        n->open[fd] = fcntl(fd, F_GETFD) >= 0;
}

/* A descriptor that is equal to no other: its inode tells it again. */
static int make_holder(void)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    close(ends[1]);
    return ends[0];
}

static void hold(struct ws_hold *h, int number)
{
    int got = h->count < WS_HOLD_MOST ? fcntl(h->holder, F_DUPFD_CLOEXEC, number) : -1;

    if (got == number)
        h->numbers[h->count++] = number;
    else if (got >= 0)
        close(got); /* somebody was faster: it is theirs */
}

void ws_hold_begin(struct ws_hold *h, void (*take_down)(void *user), void *user)
{
    struct numbers before;

    memset(h, 0, sizeof(*h));
    h->holder = make_holder();
    if (h->holder < 0) {
        log_warning("ws", NULL, "no descriptor is left to guard the end of a WebSocket context");
        take_down(user);
        return;
    }
    look(&before);
    take_down(user);
    for (int fd = 0; fd < NUMBERS_MOST; fd++)
        if (before.open[fd] && fcntl(fd, F_GETFD) < 0)
            hold(h, fd);
}

static bool same(int fd, const struct stat *holder)
{
    struct stat it;

    return fstat(fd, &it) == 0 && it.st_dev == holder->st_dev && it.st_ino == holder->st_ino;
}

void ws_hold_end(struct ws_hold *h)
{
    struct stat holder;

    if (h->holder < 0)
        return;
    if (fstat(h->holder, &holder) == 0)
        for (size_t i = 0; i < h->count; i++)
            if (same(h->numbers[i], &holder))
                close(h->numbers[i]);
    close(h->holder);
    h->holder = -1;
    h->count = 0;
}
