/* WebSocket connections that come about, or not: addresses, TLS, upgrade. */
#include "net_ws_rig.h"

#include "net_names.h"

static void expect_failure(struct world *w, struct link *l, enum err_code code, int http_status)
{
    RIG_WAIT(&w->rig, l->closes == 1);
    assert_int_equal(l->opens, 0);
    assert_int_equal(l->err.code, code);
    assert_int_equal(l->http_status, http_status);
    assert_null(strstr(l->err.text, "ticket"));
    ws_destroy(l->ws);
}

static void serve_503(struct peer *p, int fd, int number)
{
    (void)number;
    if (peer_read_request(p, fd))
        peer_write(fd, "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
    peer_drain(fd);
}

static void serve_redirect(struct peer *p, int fd, int number)
{
    (void)number;
    if (peer_read_request(p, fd))
        peer_write(fd, "HTTP/1.1 302 Found\r\nlocation: ws://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
    peer_drain(fd);
}

static void serve_nothing(struct peer *p, int fd, int number)
{
    (void)number;
    peer_read_request(p, fd);
    peer_drain(fd);
}

static void serve_reset(struct peer *p, int fd, int number)
{
    (void)number;
    if (peer_read_request(p, fd))
        peer_reset(fd);
}

static void test_failures_to_open(void **state)
{
    struct world w;
    struct link refused = {0}, name = {0}, url = {0}, upgrade = {0}, busy = {0}, silent = {0}, reset = {0},
                redirect = {0};
    struct peer busy_peer, silent_peer, reset_peer, redirect_peer;
    int port;
    int fd = peer_listen(&port);

    (void)state;
    close(fd);
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    peer_start(&busy_peer, serve_503);
    peer_start(&silent_peer, serve_nothing);
    peer_start(&reset_peer, serve_reset);
    peer_start(&redirect_peer, serve_redirect);
    connect_to(&w, &refused, (struct ws_options){0}, "ws", "127.0.0.1", port, "/?ticket=1");
    expect_failure(&w, &refused, ERR_UNREACHABLE, 0);
    connect_to(&w, &name, (struct ws_options){0}, "wss", "no-such-name.invalid", 443, "/?ticket=1");
    expect_failure(&w, &name, ERR_UNREACHABLE, 0);
    assert_non_null(strstr(name.err.text, "no-such-name.invalid"));
    connect_to(&w, &url, (struct ws_options){0}, "http", "127.0.0.1", port, "/?ticket=1");
    expect_failure(&w, &url, ERR_CONFIG, 0);
    connect_to(&w, &upgrade, (struct ws_options){0}, "ws", "127.0.0.1", server_port(w.server),
               "/refused?ticket=1");
    expect_failure(&w, &upgrade, ERR_REMOTE, 403);
    connect_to(&w, &busy, (struct ws_options){0}, "ws", "127.0.0.1", busy_peer.port, "/?ticket=1");
    expect_failure(&w, &busy, ERR_REMOTE, 503);
    connect_to(&w, &redirect, (struct ws_options){0}, "ws", "127.0.0.1", redirect_peer.port, "/?ticket=1");
    expect_failure(&w, &redirect, ERR_REMOTE, 302);
    connect_to(&w, &reset, (struct ws_options){0}, "ws", "127.0.0.1", reset_peer.port, "/?ticket=1");
    expect_failure(&w, &reset, ERR_UNREACHABLE, 0);
    int64_t began = loop_now(w.rig.loop);
    connect_to(&w, &silent, (struct ws_options){.open_timeout_ms = 300}, "ws", "127.0.0.1", silent_peer.port,
               "/?ticket=1");
    expect_failure(&w, &silent, ERR_TIMEOUT, 0);
    assert_in_range(loop_now(w.rig.loop) - began, 280, 3000);
    close_world(&w);
    peer_stop(&busy_peer);
    peer_stop(&silent_peer);
    peer_stop(&reset_peer);
    peer_stop(&redirect_peer);
}

static void test_tls_names(void **state)
{
    struct rig_certificate certificate;
    struct world w;
    struct link right = {0}, wrong = {0}, untrusted = {0};
    struct err err;
    bool closed = false;

    (void)state;
    rig_certificate_create(&certificate);
    open_world(
        &w, (struct server_options){.certificate_file = certificate.certificate, .key_file = certificate.key},
        (struct ws_client_options){.proxy = "", .ca_file = certificate.certificate});
    connect_to(&w, &right, (struct ws_options){0}, "wss", "localhost", server_port(w.server), "/hello");
    RIG_WAIT(&w.rig, right.texts == 1);
    connect_to(&w, &wrong, (struct ws_options){0}, "wss", "127.0.0.1", server_port(w.server), "/hello");
    RIG_WAIT(&w.rig, wrong.closes == 1);
    assert_non_null(strstr(wrong.err.text, "certificate"));
    ws_close(right.ws);
    RIG_WAIT(&w.rig, right.closes == 1);
    ws_destroy(right.ws);
    ws_destroy(wrong.ws);
    ws_client_close(w.client, rig_set, &closed);
    RIG_WAIT(&w.rig, closed);
    w.client = ws_client_create(w.rig.loop, &(struct ws_client_options){.proxy = ""}, &err);
    connect_to(&w, &untrusted, (struct ws_options){0}, "wss", "localhost", server_port(w.server), "/hello");
    RIG_WAIT(&w.rig, untrusted.closes == 1);
    assert_non_null(strstr(untrusted.err.text, "certificate"));
    ws_destroy(untrusted.ws);
    assert_null(ws_client_create(w.rig.loop, &(struct ws_client_options){.ca_file = "/nonexistent"}, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    close_world(&w);
    rig_certificate_destroy(&certificate);
}

/* ---- the bearer */

static char head_seen[2048];

static void serve_noting(struct peer *p, int fd, int number)
{
    size_t len = 0;

    (void)p, (void)number;
    while (len < sizeof(head_seen) - 1 && recv(fd, head_seen + len, 1, 0) == 1) {
        head_seen[++len] = '\0';
        if (text_ends(head_seen, "\r\n\r\n"))
            break;
    }
    peer_write(fd, "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
    peer_drain(fd);
}

static void test_bearer(void **state)
{
    static const char *const bearers[] = {"xapp-secret-token", NULL};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        struct peer p;
        struct link l = {0};
        open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
        peer_start(&p, serve_noting);
        connect_to(&w, &l, (struct ws_options){.bearer = bearers[i]}, "ws", "127.0.0.1", p.port, "/a?b=1");
        expect_failure(&w, &l, ERR_REMOTE, 401);
        assert_null(strstr(l.err.text, "xapp"));
        close_world(&w);
        peer_stop(&p);
        assert_true(text_starts(head_seen, "GET /a?b=1 HTTP/1.1\r\n"));
        const char *bearer = strcasestr(head_seen, "\r\nauthorization: Bearer xapp-secret-token\r\n");
        assert_int_equal(bearer != NULL, bearers[i] != NULL);
    }
}

/* ---- several addresses */

static void test_second_address(void **state)
{
    struct world w;
    struct link second = {0}, nobody = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &second, (struct ws_options){0}, "ws", "second.test", server_port(w.server), "/hello");
    RIG_WAIT(&w.rig, second.texts == 1);
    assert_int_equal(second.opens, 1);
    assert_int_equal(second.closes, 0);
    ws_destroy(second.ws);
    connect_to(&w, &nobody, (struct ws_options){0}, "ws", "nobody.test", server_port(w.server), "/?ticket=1");
    expect_failure(&w, &nobody, ERR_UNREACHABLE, 0);
    close_world(&w);
}

/* Who was reached and said no is not asked again at another address. */
static void test_a_refusal_is_final(void **state)
{
    struct world w;
    struct link l = {0};

    (void)state;
    open_world(&w, (struct server_options){.host = "0.0.0.0"}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &l, (struct ws_options){0}, "ws", "second.test", server_port(w.server),
               "/refused?ticket=1");
    expect_failure(&w, &l, ERR_REMOTE, 403);
    assert_int_equal(w.asked, 1);
    close_world(&w);
}

/* A listener with the server's port on the first address, whose queue is full: SYNs get no answer. */
static void test_first_address_swallows(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fds[5], listener = socket(AF_INET, SOCK_STREAM, 0);
    struct world w;
    struct link l = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    assert_int_equal(inet_pton(AF_INET, "127.0.0.2", &at.sin_addr), 1);
    at.sin_port = htons((uint16_t)server_port(w.server));
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(listener, 0), 0);
    for (int i = 0; i < 5; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fds[i], (struct sockaddr *)&at, sizeof(at));
    }
    int64_t began = loop_now(w.rig.loop);
    connect_to(&w, &l, (struct ws_options){.open_timeout_ms = 3000}, "ws", "second.test",
               server_port(w.server), "/hello");
    RIG_WAIT(&w.rig, l.texts == 1 || l.closes);
    assert_int_equal(l.opens, 1);
    assert_in_range(loop_now(w.rig.loop) - began, 240, 3000);
    ws_destroy(l.ws);
    close_world(&w);
    for (int i = 0; i < 5; i++)
        close(fds[i]);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures_to_open),
        cmocka_unit_test(test_tls_names),
        cmocka_unit_test(test_bearer),
        cmocka_unit_test(test_second_address),
        cmocka_unit_test(test_a_refusal_is_final),
        cmocka_unit_test(test_first_address_swallows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
