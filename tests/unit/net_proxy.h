#ifndef TESTS_UNIT_NET_PROXY_H
#define TESTS_UNIT_NET_PROXY_H
/* A tiny HTTP proxy on loopback: knows CONNECT, tunnels to one port whatever name it is told, or refuses. */
#include <poll.h>

#include "net_rig.h"

struct proxy {
    struct peer peer; /* first, so that its serve finds the rest */
    int target_port;
    bool refuses;
    char head[1024]; /* of the latest request; read after proxy_stop */
    char url[64];
};

/* Everything up to the empty line; nothing follows it before we have answered. */
static inline bool proxy_read_head(struct proxy *p, int fd)
{
    size_t len = 0;

    while (len < sizeof(p->head) - 1 && recv(fd, p->head + len, 1, 0) == 1) {
        p->head[++len] = '\0';
        if (text_ends(p->head, "\r\n\r\n"))
            return true;
    }
    return false;
}

/* One direction of a tunnel; false at its end. */
static inline bool proxy_carry(int from, int to)
{
    char bytes[4096];
    ssize_t n = recv(from, bytes, sizeof(bytes), 0);

    for (ssize_t done = 0; done < n;) {
        ssize_t sent = send(to, bytes + done, (size_t)(n - done), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        done += sent;
    }
    return n > 0;
}

static inline void proxy_tunnel(int a, int b)
{
    struct pollfd both[] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};

    while (poll(both, 2, RIG_WAIT_MS) > 0) {
        if ((both[0].revents && !proxy_carry(a, b)) || (both[1].revents && !proxy_carry(b, a)))
            return;
    }
}

static inline void proxy_serve(struct peer *peer, int fd, int number)
{
    struct proxy *p = (struct proxy *)peer;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)p->target_port)};

    (void)number;
    if (!proxy_read_head(p, fd))
        return;
    if (p->refuses || !text_starts(p->head, "CONNECT ")) {
        peer_write(fd, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        peer_drain(fd);
        return;
    }
    int onward = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(onward, (struct sockaddr *)&at, sizeof(at)) == 0) {
        peer_write(fd, "HTTP/1.1 200 Connection established\r\n\r\n");
        proxy_tunnel(fd, onward);
    }
    close(onward);
}

static inline void proxy_start(struct proxy *p, int target_port, bool refuses)
{
    memset(p, 0, sizeof(*p));
    peer_start(&p->peer, proxy_serve);
    p->target_port = target_port; /* nobody can have connected yet: the port was not told */
    p->refuses = refuses;
    TEXT_FORMAT(p->url, "http://127.0.0.1:%d", p->peer.port);
}

/* The number of connections it had. */
static inline int proxy_stop(struct proxy *p)
{
    peer_stop(&p->peer);
    return p->peer.connections;
}

#endif
