#ifndef TESTS_UNIT_NET_RAW_H
#define TESTS_UNIT_NET_RAW_H
/* A raw socket that says what no client of ours would, read while the loop runs. */
#include <errno.h>

#include "net_rig.h"

static inline int raw_connect(int port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

struct raw {
    int fd;
    char seen[8192];
    size_t len;
    bool ended;
    int error;
};

/* Reads what there is; true when the connection has ended. */
static inline bool raw_read(struct raw *r)
{
    while (!r->ended) {
        ssize_t n = recv(r->fd, r->seen + r->len, sizeof(r->seen) - 1 - r->len, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return r->ended;
        if (n <= 0) {
            r->error = n < 0 ? errno : 0;
            r->ended = true;
            return true;
        }
        r->len += (size_t)n;
        r->seen[r->len] = '\0';
    }
    return true;
}

static inline void raw_say(int port, struct raw *r, const char *text)
{
    memset(r, 0, sizeof(*r));
    r->fd = raw_connect(port);
    peer_write(r->fd, text);
}

#endif
