#ifndef TESTS_UNIT_NET_RIG_H
#define TESTS_UNIT_NET_RIG_H
/* What the tests of net/ share: a real loop that must end empty, waiting without sleeping blindly, and a raw
 * peer in a thread that misbehaves as it is told. */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "loop/loop.h"

struct rig {
    struct clock clock;
    struct loop *loop;
};

static inline void rig_open(struct rig *r)
{
    r->clock = clock_real(1, 0);
    r->loop = loop_create(&r->clock);
}

/* Whatever the test did, nothing may be left on the loop. */
static inline void rig_close(struct rig *r)
{
    assert_int_equal(loop_destroy(r->loop), 0);
}

#define RIG_WAIT_MS 5000
/* Runs the loop until the condition holds; the test fails when it never does. */
#define RIG_WAIT(rig, condition)                                                                             \
    do {                                                                                                     \
        int64_t rig_until_ = loop_now((rig)->loop) + RIG_WAIT_MS;                                            \
        while (!(condition) && loop_now((rig)->loop) < rig_until_)                                           \
            loop_run_for((rig)->loop, 2);                                                                    \
        assert_true(condition);                                                                              \
    } while (0)

static inline void rig_set(void *flag)
{
    *(bool *)flag = true;
}

/* ---- raw peer: accepts, and calls serve for each connection in a thread of its own */

#define PEER_CONNECTIONS 32

struct peer;
struct peer_conn {
    struct peer *peer;
    pthread_t thread;
    int fd, number;
};

struct peer {
    int listener, port;
    pthread_t thread;
    void (*serve)(struct peer *p, int fd, int number);
    struct peer_conn conns[PEER_CONNECTIONS];
    int connections; /* accepted so far; read after peer_stop, or atomically */
    int requests;    /* counted by serve */
};

static inline void *peer_serve(void *user)
{
    struct peer_conn *c = user;

    c->peer->serve(c->peer, c->fd, c->number);
    close(c->fd);
    return NULL;
}

static inline void *peer_run(void *user)
{
    struct peer *p = user;

    for (;;) {
        int fd = accept(p->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        assert(p->connections < PEER_CONNECTIONS);
        struct timeval most = {.tv_sec = 5};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
        struct peer_conn *c = &p->conns[p->connections];
        c->peer = p;
        c->fd = fd;
        c->number = __atomic_add_fetch(&p->connections, 1, __ATOMIC_SEQ_CST);
        int failed = pthread_create(&c->thread, NULL, peer_serve, c);
        assert(!failed);
        (void)failed;
    }
}

static inline int peer_listen(int *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static inline void peer_start(struct peer *p, void (*serve)(struct peer *p, int fd, int number))
{
    memset(p, 0, sizeof(*p));
    p->serve = serve;
    p->listener = peer_listen(&p->port);
    assert_int_equal(pthread_create(&p->thread, NULL, peer_run, p), 0);
}

static inline void peer_stop(struct peer *p)
{
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    for (int i = 0; i < p->connections; i++)
        pthread_join(p->conns[i].thread, NULL);
    close(p->listener);
}

/* Reads one request: headers, and the body that Content-Length promises. False at end of file. */
static inline bool peer_read_request(struct peer *p, int fd)
{
    char seen[16384];
    size_t len = 0, body = 0;
    char *end = NULL;

    while (len < sizeof(seen) - 1) {
        ssize_t n = recv(fd, seen + len, sizeof(seen) - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        seen[len] = '\0';
        if (!end && (end = strstr(seen, "\r\n\r\n"))) {
            const char *length = strcasestr(seen, "content-length:");
            body = length ? (size_t)strtoul(length + 15, NULL, 10) : 0;
        }
        if (end && len >= (size_t)(end + 4 - seen) + body) {
            __atomic_add_fetch(&p->requests, 1, __ATOMIC_SEQ_CST);
            return true;
        }
    }
    return false;
}

static inline void peer_write(int fd, const char *text)
{
    size_t len = strlen(text), done = 0;

    while (done < len) {
        ssize_t n = send(fd, text + done, len - done, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        done += (size_t)n;
    }
}

static inline void peer_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* Reads until the other side closes. */
static inline void peer_drain(int fd)
{
    char bytes[4096];

    while (recv(fd, bytes, sizeof(bytes), 0) > 0)
        ;
}

/* ---- a certificate for localhost and bot.test, made anew for each test program */

struct rig_certificate {
    char folder[64], certificate[96], key[96];
};

static inline void rig_certificate_create(struct rig_certificate *c)
{
    char command[512];

    TEXT_COPY(c->folder, "/tmp/net-test-XXXXXX");
    assert_non_null(mkdtemp(c->folder));
    TEXT_FORMAT(c->certificate, "%s/cert.pem", c->folder);
    TEXT_FORMAT(c->key, "%s/key.pem", c->folder);
    TEXT_FORMAT(
        command,
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout %s -out "
        "%s -subj /CN=localhost -addext subjectAltName=DNS:localhost,DNS:bot.test 2>/dev/null",
        c->key, c->certificate);
    FILE *run = popen(command, "r"); /* NOLINT: a test may call a shell */
    assert_non_null(run);
    assert_int_equal(pclose(run), 0);
}

static inline void rig_certificate_destroy(struct rig_certificate *c)
{
    unlink(c->certificate);
    unlink(c->key);
    rmdir(c->folder);
}

#endif
