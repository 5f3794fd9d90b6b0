/* The HTTP client against peers, routes and resolvers that misbehave. */
#include "net_http_rig.h"

#include "net_names.h"

/* ---- peers that misbehave */

static void serve_truncated(struct peer *p, int fd, int number)
{
    (void)number;
    if (peer_read_request(p, fd))
        peer_write(fd, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this");
}

static void serve_garbage(struct peer *p, int fd, int number)
{
    (void)number;
    if (peer_read_request(p, fd))
        peer_write(fd, "SSH-2.0-OpenSSH_9.2\r\nwhat is this\r\n\r\n");
}

static void serve_huge(struct peer *p, int fd, int number)
{
    char part[1001];

    (void)number;
    if (!peer_read_request(p, fd))
        return;
    memset(part, 'x', 1000);
    part[1000] = '\0';
    peer_write(fd, "HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n");
    for (int i = 0; i < 2000; i++)
        peer_write(fd, part);
}

static void serve_huge_head(struct peer *p, int fd, int number)
{
    (void)number;
    if (!peer_read_request(p, fd))
        return;
    peer_write(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 3000; i++)
        peer_write(fd, "x-header: 0123456789012345678901234567890123456789\r\n");
    peer_write(fd, "content-length: 0\r\n\r\n");
}

static void serve_redirect(struct peer *p, int fd, int number)
{
    (void)number;
    if (peer_read_request(p, fd))
        peer_write(fd, "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
    peer_drain(fd);
}

static void test_bad_peers(void **state)
{
    static const struct {
        void (*serve)(struct peer *p, int fd, int number);
        enum err_code code;
    } cases[] = {
        {reset_always, ERR_UNREACHABLE}, {serve_truncated, ERR_UNREACHABLE},
        {serve_nothing, ERR_TIMEOUT},    {serve_garbage, ERR_PROTOCOL},
        {serve_huge, ERR_LIMIT},         {serve_huge_head, ERR_LIMIT},
        {serve_redirect, ERR_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;
        struct peer p;
        struct ask a = {.request = {.timeout_ms = 300, .max_body = 100000, .changes = true}};
        open_world(&w, (struct http_options){0});
        peer_start(&p, cases[i].serve);
        start_local(&w, &a, "GET", p.port);
        RIG_WAIT(&w.rig, a.done);
        assert_int_equal(a.err.code, cases[i].code);
        assert_int_equal(a.ok, cases[i].code == ERR_NONE);
        assert_true(a.sent);
        if (a.ok)
            assert_int_equal(a.status, 302); /* not followed */
        else
            assert_non_null(strstr(a.err.text, "127.0.0.1"));
        close_world(&w);
        peer_stop(&p);
        assert_int_equal(p.requests, 1);
    }
}

/* ---- not sent */

static void test_not_sent(void **state)
{
    struct world w;
    int port;
    int fd = peer_listen(&port);
    struct ask refused = {0}, unknown = {0}, plain = {0}, scheme = {0}, user = {0}, split = {0}, no_url = {0};

    (void)state;
    close(fd);
    open_world(&w, (struct http_options){0});
    start_local(&w, &refused, "POST", port);
    start(&w, &unknown, "GET", "https://no-such-name.test/");
    start(&w, &plain, "GET", "http://example.test/");
    start(&w, &scheme, "GET", "file:///etc/passwd");
    start(&w, &user, "GET", "http://me:secret@127.0.0.1/");
    split.request.headers[0] = (struct http_header){"X-A", "one\r\nX-B: two"};
    start(&w, &split, "GET", "http://127.0.0.1:1/");
    start(&w, &no_url, "GET", "nonsense");
    RIG_WAIT(&w.rig, refused.done && unknown.done && plain.done && scheme.done && user.done && split.done &&
                         no_url.done);
    assert_int_equal(refused.err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(refused.err.text, "Connection refused"));
    assert_int_equal(unknown.err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(unknown.err.text, "no-such-name.test"));
    assert_int_equal(plain.err.code, ERR_CONFIG);
    assert_int_equal(scheme.err.code, ERR_CONFIG);
    assert_int_equal(user.err.code, ERR_CONFIG);
    assert_null(strstr(user.err.text, "secret"));
    assert_int_equal(split.err.code, ERR_CONFIG);
    assert_int_equal(no_url.err.code, ERR_CONFIG);
    assert_false(refused.sent || unknown.sent || plain.sent || scheme.sent || user.sent || split.sent);
    close_world(&w);
}

/* A listener whose queue is full: SYNs get no answer. */
static void test_connect_timeout(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fds[5], listener = socket(AF_INET, SOCK_STREAM, 0);
    struct world w;
    struct ask a = {.request = {.connect_timeout_ms = 200}};

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    for (int i = 0; i < 5; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fds[i], (struct sockaddr *)&at, sizeof(at));
    }
    open_world(&w, (struct http_options){0});
    start_local(&w, &a, "POST", ntohs(at.sin_port));
    RIG_WAIT(&w.rig, a.done);
    assert_int_equal(a.err.code, ERR_TIMEOUT);
    assert_false(a.sent);
    assert_in_range(a.took_ms, 150, 1000);
    close_world(&w);
    for (int i = 0; i < 5; i++)
        close(fds[i]);
    close(listener);
}

/* A resolver that hangs must stop neither the loop nor the end of the client. */
static void test_slow_resolver(void **state)
{
    struct world w;
    struct ask a = {.request = {.timeout_ms = 150}}, b = {0};

    (void)state;
    open_world(&w, (struct http_options){0});
    start(&w, &a, "GET", "https://one.slow.test/");
    start(&w, &b, "GET", "https://two.slow.test/");
    int64_t began = loop_now(w.rig.loop);
    RIG_WAIT(&w.rig, a.done);
    assert_int_equal(a.err.code, ERR_TIMEOUT);
    http_cancel(w.http, &b.request);
    RIG_WAIT(&w.rig, b.done);
    assert_int_equal(b.err.code, ERR_CANCELLED);
    close_world(&w);
    assert_in_range(clock_mono(&w.rig.clock) - began, 100, 1000);
    assert_int_equal(__atomic_load_n(&names_slow, __ATOMIC_SEQ_CST), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_peers),
        cmocka_unit_test(test_not_sent),
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_slow_resolver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
