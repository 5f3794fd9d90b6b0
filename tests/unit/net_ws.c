/* WebSocket connections to our own listener and to raw peers that misbehave. */
#include "net_rig.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/server.h"
#include "net/ws.h"

/* libwebsockets 4.1 with two TLS contexts at a time, as here, does not free the first one's configuration. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libwebsockets.so\nleak:libcrypto.so\nleak:libssl.so\n";
}

struct world {
    struct rig rig;
    struct server *server;
    struct ws_client *client;
    struct server_ws *accepted;
    int opened, closed_by_server;
    char target[128];
    bool server_closed, client_closed;
};

static bool on_ws_open(void *user, struct server_ws *ws, const char *path_and_query)
{
    struct world *w = user;

    TEXT_COPY(w->target, path_and_query);
    if (text_starts(path_and_query, "/refused"))
        return false;
    w->accepted = ws;
    w->opened++;
    if (text_starts(path_and_query, "/hello"))
        assert_true(server_ws_send(ws, "hello", 5));
    return true;
}

static void on_ws_text(void *user, struct server_ws *ws, char *text, size_t len)
{
    (void)user;
    if (strcmp(text, "close 1009") == 0)
        server_ws_close(ws, 1009);
    else if (strcmp(text, "drop") == 0)
        server_ws_drop(ws);
    else
        assert_true(server_ws_send(ws, text, len));
}

static void on_ws_close(void *user, struct server_ws *ws)
{
    struct world *w = user;

    if (w->accepted == ws)
        w->accepted = NULL;
    w->closed_by_server++;
}

static void on_request(void *user, struct server_call *call)
{
    (void)user;
    server_answer(call, 200, "text/plain", NULL, "ok", 2);
}

static void open_world(struct world *w, struct server_options options, struct ws_client_options client)
{
    struct err err = {0};

    memset(w, 0, sizeof(*w));
    rig_open(&w->rig);
    options.on_request = on_request;
    options.on_ws_open = on_ws_open;
    options.on_ws_text = on_ws_text;
    options.on_ws_close = on_ws_close;
    options.user = w;
    w->server = server_create(w->rig.loop, &options, &err);
    assert_non_null(w->server);
    w->client = ws_client_create(w->rig.loop, &client, &err);
    assert_non_null(w->client);
}

static void close_world(struct world *w)
{
    ws_client_close(w->client, rig_set, &w->client_closed);
    server_close(w->server, rig_set, &w->server_closed);
    RIG_WAIT(&w->rig, w->client_closed && w->server_closed);
    rig_close(&w->rig);
}

struct link {
    struct ws *ws;
    int opens, texts, oversizes, closes;
    size_t last_len, head_len, tail_len;
    uint64_t total;
    char last[64];
    struct err err;
    int http_status, code;
    bool destroy_on_text;
};

static void on_open(struct ws *ws, void *user)
{
    struct link *l = user;

    (void)ws;
    l->opens++;
}

static void on_text(struct ws *ws, void *user, char *text, size_t len)
{
    struct link *l = user;

    assert_int_equal(text[len], '\0');
    l->texts++;
    l->last_len = len;
    TEXT_COPY(l->last, text);
    if (l->destroy_on_text) {
        l->ws = NULL;
        ws_destroy(ws);
    }
}

static void on_oversize(struct ws *ws, void *user, const char *head, size_t head_len, const char *tail,
                        size_t tail_len, uint64_t total)
{
    struct link *l = user;

    (void)ws;
    assert_int_equal(head[0], 'A');
    assert_int_equal(tail[tail_len - 1], 'Z');
    l->head_len = head_len;
    l->tail_len = tail_len;
    l->total = total;
    l->oversizes++;
}

static void on_close(struct ws *ws, void *user, const struct err *err, int http_status, int code)
{
    struct link *l = user;

    (void)ws;
    l->closes++;
    l->err = *err;
    l->http_status = http_status;
    l->code = code;
}

static void connect_to(struct world *w, struct link *l, struct ws_options options, const char *scheme,
                       const char *host, int port, const char *path)
{
    char url[256];

    TEXT_FORMAT(url, "%s://%s:%d%s", scheme, host, port, path);
    options.url = url;
    options.on_open = on_open;
    options.on_text = on_text;
    options.on_oversize = on_oversize;
    options.on_close = on_close;
    options.user = l;
    l->ws = ws_connect(w->client, &options);
    assert_non_null(l->ws);
    assert_int_equal(l->opens + l->closes, 0);
}

static void test_echo(void **state)
{
    struct world w;
    struct link l = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &l, (struct ws_options){.bearer = "xapp-secret-token"}, "ws", "127.0.0.1",
               server_port(w.server), "/hello?ticket=1&app=2");
    RIG_WAIT(&w.rig, l.texts == 1);
    assert_string_equal(l.last, "hello");
    assert_string_equal(w.target, "/hello?ticket=1&app=2");
    for (int i = 0; i < 3; i++)
        assert_true(ws_send(l.ws, "one", 3));
    RIG_WAIT(&w.rig, l.texts == 4);
    char *big = mem_alloc(300000);
    memset(big, 'x', 300000);
    assert_true(ws_send(l.ws, big, 300000));
    RIG_WAIT(&w.rig, l.texts == 5);
    assert_int_equal(l.last_len, 300000);
    assert_int_equal(ws_queued(l.ws), 0);
    mem_free(big);
    ws_close(l.ws);
    RIG_WAIT(&w.rig, l.closes == 1);
    assert_int_equal(l.err.code, ERR_CANCELLED);
    RIG_WAIT(&w.rig, w.closed_by_server == 1);
    ws_destroy(l.ws);
    close_world(&w);
}

/* ---- connections that do not come about */

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
    assert_in_range(loop_now(w.rig.loop) - began, 280, 1000);
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

/* The environment must not send a connection elsewhere. */
static void test_environment_proxy_is_not_obeyed(void **state)
{
    struct world w;
    struct link l = {0};

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    open_world(&w, (struct server_options){0}, (struct ws_client_options){0});
    connect_to(&w, &l, (struct ws_options){0}, "ws", "127.0.0.1", server_port(w.server), "/hello");
    RIG_WAIT(&w.rig, l.texts == 1);
    unsetenv("http_proxy");
    ws_destroy(l.ws);
    close_world(&w);
}

/* ---- ends of an open connection */

static void test_ends(void **state)
{
    struct world w;
    struct link code = {0}, drop = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &code, (struct ws_options){0}, "ws", "127.0.0.1", server_port(w.server), "/");
    RIG_WAIT(&w.rig, code.opens);
    assert_true(ws_send(code.ws, "close 1009", 10));
    RIG_WAIT(&w.rig, code.closes == 1);
    assert_int_equal(code.code, 1009);
    assert_int_equal(code.err.code, ERR_REMOTE);
    assert_false(ws_send(code.ws, "x", 1));
    connect_to(&w, &drop, (struct ws_options){0}, "ws", "127.0.0.1", server_port(w.server), "/");
    RIG_WAIT(&w.rig, drop.opens);
    assert_true(ws_send(drop.ws, "drop", 4));
    RIG_WAIT(&w.rig, drop.closes == 1);
    assert_int_equal(drop.code, 0);
    assert_int_equal(drop.err.code, ERR_UNREACHABLE);
    RIG_WAIT(&w.rig, w.closed_by_server == 2);
    ws_destroy(code.ws);
    ws_destroy(drop.ws);
    close_world(&w);
}

/* Reads the upgrade and answers it right; the key's answer comes from a fixed key, so compute it. */
static void upgrade(int fd)
{
    char seen[4096], key[64] = "", command[256], answer[64] = "";
    size_t len = 0;

    while (len < sizeof(seen) - 1 && recv(fd, seen + len, 1, 0) == 1) {
        seen[++len] = '\0';
        if (text_ends(seen, "\r\n\r\n"))
            break;
    }
    const char *at = strcasestr(seen, "sec-websocket-key: ");
    if (!at || sscanf(at + 19, "%63s", key) != 1)
        return;
    TEXT_FORMAT(command,
                "printf %%s %s258EAFA5-E914-47DA-95CA-C5AB0DC85B11 | openssl sha1 -binary | openssl base64",
                key);
    FILE *run = popen(command, "r"); /* NOLINT: a test may call a shell */
    if (!run || fscanf(run, "%63s", answer) != 1)
        return;
    pclose(run);
    peer_write(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: ");
    peer_write(fd, answer);
    peer_write(fd, "\r\n\r\n");
}

static int pings_seen;

/* Upgrades, then reads and never says anything: a path that died without telling. */
static void serve_dead(struct peer *p, int fd, int number)
{
    unsigned char frame[2];

    (void)p, (void)number;
    upgrade(fd);
    while (recv(fd, frame, 2, MSG_WAITALL) == 2) {
        unsigned char mask[4 + 125];
        if ((frame[0] & 15) == 9)
            __atomic_add_fetch(&pings_seen, 1, __ATOMIC_SEQ_CST);
        recv(fd, mask, 4u + (frame[1] & 127u), MSG_WAITALL);
    }
}

static void test_silent_death(void **state)
{
    struct world w;
    struct peer p;
    struct link dead = {0}, alive = {0}, closing = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    peer_start(&p, serve_dead);
    const struct ws_options options = {.ping_after_ms = 100, .dead_after_ms = 400};
    connect_to(&w, &dead, options, "ws", "127.0.0.1", p.port, "/");
    connect_to(&w, &alive, options, "ws", "127.0.0.1", server_port(w.server), "/");
    connect_to(&w, &closing, (struct ws_options){0}, "ws", "127.0.0.1", p.port, "/");
    RIG_WAIT(&w.rig, dead.opens && alive.opens && closing.opens);
    int64_t began = loop_now(w.rig.loop);
    RIG_WAIT(&w.rig, dead.closes == 1);
    assert_in_range(loop_now(w.rig.loop) - began, 300, 1000);
    assert_int_equal(dead.err.code, ERR_TIMEOUT);
    assert_true(__atomic_load_n(&pings_seen, __ATOMIC_SEQ_CST) >= 2);
    loop_run_for(w.rig.loop, 600);
    assert_int_equal(alive.closes, 0); /* pongs count as life */
    assert_true(loop_now(w.rig.loop) - ws_last_frame_ms(alive.ws) < 300);
    /* a peer that does not answer our Close: one second, no more */
    began = loop_now(w.rig.loop);
    ws_close(closing.ws);
    RIG_WAIT(&w.rig, closing.closes == 1);
    assert_in_range(loop_now(w.rig.loop) - began, 900, 2000);
    ws_destroy(dead.ws);
    ws_destroy(alive.ws);
    ws_destroy(closing.ws);
    close_world(&w);
    peer_stop(&p);
}

/* ---- sizes */

static void test_oversize_is_drained(void **state)
{
    struct world w;
    struct link l = {0};
    const size_t len = 700000;
    char *big = mem_alloc(len);

    (void)state;
    memset(big, 'm', len);
    big[0] = 'A';
    big[len - 1] = 'Z';
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &l, (struct ws_options){.max_message = 100000}, "ws", "127.0.0.1", server_port(w.server),
               "/");
    RIG_WAIT(&w.rig, l.opens);
    assert_true(ws_send(l.ws, big, len));
    RIG_WAIT(&w.rig, l.oversizes == 1);
    assert_int_equal(l.total, len);
    assert_int_equal(l.head_len, WS_OVERSIZE_KEEP);
    assert_int_equal(l.tail_len, WS_OVERSIZE_KEEP);
    assert_int_equal(l.texts, 0);
    assert_true(ws_send(l.ws, "after", 5)); /* the connection stays */
    RIG_WAIT(&w.rig, l.texts == 1);
    assert_string_equal(l.last, "after");
    assert_true(ws_send(l.ws, big, 100000)); /* exactly the ceiling */
    RIG_WAIT(&w.rig, l.texts == 2);
    assert_int_equal(l.last_len, 100000);
    ws_destroy(l.ws);
    RIG_WAIT(&w.rig, w.closed_by_server == 1);
    close_world(&w);
    mem_free(big);
}

static void test_queue_has_a_ceiling(void **state)
{
    struct world w;
    struct link l = {0};
    char part[1000] = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &l, (struct ws_options){.max_queue = 5000}, "ws", "127.0.0.1", server_port(w.server), "/");
    assert_false(ws_send(l.ws, "early", 5)); /* not open yet */
    RIG_WAIT(&w.rig, l.opens);
    memset(part, 'x', sizeof(part));
    for (int i = 0; i < 5; i++)
        assert_true(ws_send(l.ws, part, sizeof(part)));
    assert_false(ws_send(l.ws, part, 1));
    RIG_WAIT(&w.rig, l.texts == 5);
    assert_int_equal(ws_queued(l.ws), 0);
    ws_destroy(l.ws);
    close_world(&w);
}

/* ---- destroyed at awkward moments */

static void test_destroy_anywhere(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    struct link inside = {.destroy_on_text = true};
    connect_to(&w, &inside, (struct ws_options){0}, "ws", "127.0.0.1", server_port(w.server), "/hello");
    RIG_WAIT(&w.rig, inside.texts == 1);
    assert_null(inside.ws);
    RIG_WAIT(&w.rig, w.closed_by_server == 1);
    assert_int_equal(inside.closes, 0);
    /* after each of the first turns: while naming, connecting, upgrading, open */
    for (int turns = 0; turns < 40; turns++) {
        struct link l = {0};
        connect_to(&w, &l, (struct ws_options){0}, "ws", turns % 2 ? "localhost" : "127.0.0.1",
                   server_port(w.server), "/hello");
        for (int i = 0; i < turns / 2; i++)
            loop_run_for(w.rig.loop, 0);
        ws_destroy(l.ws);
        loop_run_for(w.rig.loop, 1);
        assert_int_equal(l.closes, 0);
    }
    RIG_WAIT(&w.rig, w.closed_by_server == w.opened);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_failures_to_open),
        cmocka_unit_test(test_tls_names),
        cmocka_unit_test(test_environment_proxy_is_not_obeyed),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_silent_death),
        cmocka_unit_test(test_oversize_is_drained),
        cmocka_unit_test(test_queue_has_a_ceiling),
        cmocka_unit_test(test_destroy_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
