/* The listener, asked by our own HTTP client and by raw sockets. */
#include "net_rig.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/server.h"
#include "net_raw.h"

struct world {
    struct rig rig;
    struct server *server;
    struct http *http;
    struct server_call *held; /* "/hold": answered later */
    int gone, calls;
    bool server_closed, http_closed;
};

static void echo(struct server_call *c)
{
    struct buf b;
    size_t len;
    const char *body = server_body(c, &len);
    const char *target = server_header(c, "x-amz-target"), *agent = server_header(c, "user-agent");

    buf_init(&b, 1 << 20);
    buf_format(&b, "%s %s [%s] %s %s ", server_method(c), server_path(c), server_query(c),
               target ? target : "-", agent ? agent : "-");
    buf_put(&b, body, len);
    server_answer(c, 200, "text/plain", "x-one: 1\r\nx-two: 2\r\n", b.data, b.len);
    buf_finish(&b);
}

static void on_request(void *user, struct server_call *call)
{
    struct world *w = user;

    w->calls++;
    if (strcmp(server_path(call), "/hold") == 0)
        w->held = call;
    else if (strcmp(server_path(call), "/drop") == 0)
        server_drop(call, false);
    else if (strcmp(server_path(call), "/reset") == 0)
        server_drop(call, true);
    else if (strcmp(server_path(call), "/empty") == 0)
        server_answer(call, 204, NULL, NULL, NULL, 0);
    else
        echo(call);
}

static void on_gone(void *user, struct server_call *call)
{
    struct world *w = user;

    assert_ptr_equal(call, w->held);
    w->held = NULL;
    w->gone++;
}

static void open_world(struct world *w, struct server_options options)
{
    struct err err = {0};

    memset(w, 0, sizeof(*w));
    rig_open(&w->rig);
    options.on_request = on_request;
    options.on_gone = on_gone;
    options.user = w;
    w->server = server_create(w->rig.loop, &options, &err);
    assert_non_null(w->server);
    w->http = http_create(w->rig.loop, &(struct http_options){.proxy = ""}, &err);
    assert_non_null(w->http);
}

static void close_world(struct world *w)
{
    http_close(w->http, rig_set, &w->http_closed);
    server_close(w->server, rig_set, &w->server_closed);
    RIG_WAIT(&w->rig, w->http_closed && w->server_closed);
    rig_close(&w->rig);
}

struct ask {
    struct http_request request;
    char url[256];
    bool done, ok, sent;
    int status;
    struct err err;
    char *body;
    char one[16];
};

static void on_asked(struct http_request *r)
{
    struct ask *a = r->user;
    const char *one = http_answer_header(r, "X-One");

    a->done = true;
    a->ok = r->ok;
    a->sent = r->sent;
    a->status = r->status;
    a->err = r->err;
    TEXT_COPY(a->one, one ? one : "");
    a->body = r->ok ? buf_take(&r->answer) : NULL;
}

static void ask(struct world *w, struct ask *a, const char *method, const char *path)
{
    TEXT_FORMAT(a->url, "http://127.0.0.1:%d%s", server_port(w->server), path);
    a->request.method = method;
    a->request.url = a->url;
    a->request.done = on_asked;
    a->request.user = a;
    http_start(w->http, &a->request);
    assert_false(a->done);
}

static void test_echo_keeps_alive(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, (struct server_options){0});
    for (int i = 0; i < 3; i++) {
        struct ask a = {.request = {.body = "a=1", .body_len = 3}};
        a.request.headers[0] = (struct http_header){"X-Amz-Target", "Service.Call"};
        a.request.headers[1] = (struct http_header){"User-Agent", "unit"};
        ask(&w, &a, i == 1 ? "PUT" : "POST", "/path/x?q=1&r=2");
        RIG_WAIT(&w.rig, a.done);
        assert_true(a.ok);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.one, "1");
        assert_string_equal(a.body, i == 1 ? "PUT /path/x [q=1&r=2] Service.Call unit a=1"
                                           : "POST /path/x [q=1&r=2] Service.Call unit a=1");
        mem_free(a.body);
    }
    struct ask get = {0}, empty = {0}, token = {0};
    ask(&w, &get, "GET", "/");
    ask(&w, &empty, "POST", "/empty");
    ask(&w, &token, "PUT", "/token");
    RIG_WAIT(&w.rig, get.done && empty.done && token.done);
    assert_true(get.ok && empty.ok && token.ok);
    assert_int_equal(empty.status, 204);
    assert_string_equal(get.body, "GET / [] - cloudtak-bot/" CLOUDTAK_VERSION " ");
    mem_free(get.body);
    mem_free(empty.body);
    mem_free(token.body);
    close_world(&w);
}

/* ---- answers that come late, or never */

static void test_late_answer_and_gone(void **state)
{
    struct world w;
    struct ask late = {0}, leaver = {.request = {.timeout_ms = 200}};

    (void)state;
    open_world(&w, (struct server_options){.request_ms = 300});
    ask(&w, &late, "GET", "/hold");
    RIG_WAIT(&w.rig, w.held);
    loop_run_for(w.rig.loop, 600); /* the deadline is for reading, not for the program's work */
    assert_int_equal(w.gone, 0);
    server_answer(w.held, 503, "text/plain", NULL, "late", 4);
    w.held = NULL;
    RIG_WAIT(&w.rig, late.done);
    assert_int_equal(late.status, 503);
    assert_string_equal(late.body, "late");
    mem_free(late.body);
    ask(&w, &leaver, "GET", "/hold");
    RIG_WAIT(&w.rig, leaver.done && w.gone == 1);
    assert_int_equal(leaver.err.code, ERR_TIMEOUT);
    /* one that is still held when the listener closes */
    struct ask last = {0};
    ask(&w, &last, "GET", "/hold");
    RIG_WAIT(&w.rig, w.held);
    close_world(&w);
    assert_int_equal(w.gone, 2);
}

static void test_drops(void **state)
{
    struct world w;
    struct ask drop = {0}, reset = {0};

    (void)state;
    open_world(&w, (struct server_options){0});
    drop.request.changes = reset.request.changes = true;
    ask(&w, &drop, "POST", "/drop");
    ask(&w, &reset, "POST", "/reset");
    RIG_WAIT(&w.rig, drop.done && reset.done);
    assert_false(drop.ok || reset.ok);
    assert_true(drop.sent && reset.sent);
    assert_int_equal(w.calls, 2);
    close_world(&w);
}

/* ---- raw sockets */

static void test_upgrades_are_refused(void **state)
{
    static const char *const asks[] = {
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
        "13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    struct world w;

    (void)state;
    open_world(&w, (struct server_options){0});
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        struct raw r;
        raw_say(server_port(w.server), &r, asks[i]);
        RIG_WAIT(&w.rig, raw_read(&r));
        assert_null(strstr(r.seen, "101"));
        close(r.fd);
    }
    assert_int_equal(w.calls, 0);
    close_world(&w);
}

static void test_refused_bodies(void **state)
{
    static const struct {
        const char *ask, *status;
    } cases[] = {
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc", "HTTP/1.1 413 "},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nabc", "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\nabcde", "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 411 "},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         "HTTP/1.1 411 "},
    };
    struct world w;

    (void)state;
    open_world(&w, (struct server_options){.max_body = 1000});
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct raw r;
        raw_say(server_port(w.server), &r, cases[i].ask);
        RIG_WAIT(&w.rig, raw_read(&r));
        assert_true(text_starts(r.seen, cases[i].status));
        close(r.fd);
    }
    assert_int_equal(w.calls, 0);
    char *body = mem_alloc(1001);
    memset(body, 'b', 1000);
    struct ask fits = {.request = {.body = body, .body_len = 1000}};
    ask(&w, &fits, "POST", "/");
    RIG_WAIT(&w.rig, fits.done);
    assert_int_equal(fits.status, 200);
    mem_free(fits.body);
    mem_free(body);
    close_world(&w);
}

static void test_slow_peers_are_ended(void **state)
{
    struct world w;
    struct raw half_head, half_body, silent;

    (void)state;
    open_world(&w, (struct server_options){.request_ms = 300});
    raw_say(server_port(w.server), &half_head, "GET / HTTP/1.1\r\nHost:");
    raw_say(server_port(w.server), &half_body, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    raw_say(server_port(w.server), &silent, "");
    int64_t began = loop_now(w.rig.loop);
    for (int i = 0; i < 8; i++) { /* a byte now and then does not buy more time */
        loop_run_for(w.rig.loop, 30);
        peer_write(half_head.fd, "x");
    }
    RIG_WAIT(&w.rig, raw_read(&half_head) && raw_read(&half_body) && raw_read(&silent));
    assert_in_range(loop_now(w.rig.loop) - began, 250, 1500);
    assert_int_equal(w.calls, 0);
    close(half_head.fd);
    close(half_body.fd);
    close(silent.fd);
    close_world(&w);
}

/* The time is that of the whole request: a head that comes late leaves less of it to the body. */
static void test_head_and_body_share_their_time(void **state)
{
    struct world w;
    struct raw late;

    (void)state;
    open_world(&w, (struct server_options){.request_ms = 1000});
    int64_t began = loop_now(w.rig.loop);
    raw_say(server_port(w.server), &late, "POST / HTTP/1.1\r\nHost: x\r\n");
    loop_run_for(w.rig.loop, 800);
    peer_write(late.fd, "Content-Length: 10\r\n\r\nabc");
    RIG_WAIT(&w.rig, raw_read(&late));
    assert_in_range(loop_now(w.rig.loop) - began, 900, 1600);
    assert_int_equal(w.calls, 0);
    close(late.fd);
    close_world(&w);
}

/* Many who never finish their headers keep nobody out. */
static void test_full_house(void **state)
{
    struct world w;
    struct raw half[40];

    (void)state;
    open_world(&w, (struct server_options){.max_connections = 8});
    for (size_t i = 0; i < 40; i++) {
        raw_say(server_port(w.server), &half[i], "GET / HTTP/1.1\r\nHost:");
        loop_run_for(w.rig.loop, 1);
    }
    struct ask a = {0};
    int64_t began = loop_now(w.rig.loop);
    ask(&w, &a, "GET", "/healthz");
    RIG_WAIT(&w.rig, a.done);
    assert_true(a.ok);
    assert_true(loop_now(w.rig.loop) - began < 1000);
    mem_free(a.body);
    int ended = 0;
    for (size_t i = 0; i < 40; i++) {
        ended += raw_read(&half[i]);
        close(half[i].fd);
    }
    assert_true(ended >= 32);
    close_world(&w);
}

/* A request that the program works on keeps its place, whoever came first. */
static void test_work_keeps_its_place(void **state)
{
    struct world w;
    struct raw work, half, newcomer;

    (void)state;
    open_world(&w, (struct server_options){.max_connections = 2});
    raw_say(server_port(w.server), &work, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    RIG_WAIT(&w.rig, w.held);
    raw_say(server_port(w.server), &half, "GET / HTTP/1.1\r\nHost:");
    loop_run_for(w.rig.loop, 20);
    raw_say(server_port(w.server), &newcomer, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    RIG_WAIT(&w.rig, raw_read(&half));
    RIG_WAIT(&w.rig, raw_read(&newcomer) || newcomer.len);
    assert_true(text_starts(newcomer.seen, "HTTP/1.1 200 "));
    assert_int_equal(w.gone, 0);
    server_answer(w.held, 503, "text/plain", NULL, "late", 4);
    RIG_WAIT(&w.rig, raw_read(&work) || work.len);
    assert_true(text_starts(work.seen, "HTTP/1.1 503 "));
    close(work.fd);
    close(half.fd);
    close(newcomer.fd);
    close_world(&w);
}

/* An encoded "&" stays encoded, so that it divides nothing; HEAD tells a length and sends no body. */
static void test_query_and_head(void **state)
{
    static const char body[] = "GET / [a=1%262&b=%2B%25%20x] - - ";
    struct world w;
    struct raw get, head;

    (void)state;
    open_world(&w, (struct server_options){0});
    raw_say(server_port(w.server), &get, "GET /?a=1%262&b=%2B%25%20x HTTP/1.1\r\nHost: x\r\n\r\n");
    RIG_WAIT(&w.rig, raw_read(&get) || text_ends(get.seen, body));
    assert_true(text_ends(get.seen, body));
    raw_say(server_port(w.server), &head,
            "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /drop HTTP/1.1\r\nHost: x\r\n\r\n");
    RIG_WAIT(&w.rig, raw_read(&head));
    assert_true(text_starts(head.seen, "HTTP/1.1 200 "));
    assert_non_null(strstr(head.seen, "content-length: 14\r\n"));
    assert_true(text_ends(head.seen, "\r\n\r\n"));
    close(get.fd);
    close(head.fd);
    close_world(&w);
}

static void test_reset_is_a_reset(void **state)
{
    struct world w;
    struct raw reset, drop;

    (void)state;
    open_world(&w, (struct server_options){0});
    raw_say(server_port(w.server), &reset, "GET /reset HTTP/1.1\r\nHost: x\r\n\r\n");
    raw_say(server_port(w.server), &drop, "GET /drop HTTP/1.1\r\nHost: x\r\n\r\n");
    RIG_WAIT(&w.rig, raw_read(&reset) && raw_read(&drop));
    assert_int_equal(reset.error, ECONNRESET);
    assert_int_equal(drop.error, 0);
    close(reset.fd);
    close(drop.fd);
    close_world(&w);
}

static bool accepts_at(const char *address, int port)
{
    struct sockaddr_storage at = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&at;

    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
    } else {
        assert_int_equal(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
    }
    int fd = socket(at.ss_family, SOCK_STREAM, 0);
    bool ok = connect(fd, (struct sockaddr *)&at, at.ss_family == AF_INET ? sizeof(*v4) : sizeof(*v6)) == 0;
    close(fd);
    return ok;
}

/* A listener for this host only is not reachable from elsewhere: it holds the one address it was given. */
static void test_listens_where_told(void **state)
{
    static const struct {
        const char *host;
        bool first, second; /* is 127.0.0.1, is 127.0.0.2 answered */
    } rows[] = {{NULL, true, false},
                {"127.0.0.1", true, false},
                {"127.0.0.2", false, true},
                {"0.0.0.0", true, true},
                {"::1", false, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;
        struct err err = {0};
        rig_open(&w.rig);
        struct server *s = server_create(
            w.rig.loop, &(struct server_options){.host = rows[i].host, .on_request = on_request}, &err);
        if (!s && text_equal(rows[i].host, "::1")) { /* this host has no IPv6 */
            rig_close(&w.rig);
            continue;
        }
        assert_non_null(s);
        assert_int_equal(accepts_at("127.0.0.1", server_port(s)), rows[i].first);
        assert_int_equal(accepts_at("127.0.0.2", server_port(s)), rows[i].second);
        if (text_equal(rows[i].host, "::1"))
            assert_true(accepts_at("::1", server_port(s)));
        w.server_closed = false;
        server_close(s, rig_set, &w.server_closed);
        RIG_WAIT(&w.rig, w.server_closed);
        rig_close(&w.rig);
    }
}

static void test_cannot_listen(void **state)
{
    struct world w;
    struct err err = {0};

    (void)state;
    open_world(&w, (struct server_options){0});
    assert_null(server_create(
        w.rig.loop, &(struct server_options){.port = server_port(w.server), .on_request = on_request}, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_null(server_create(w.rig.loop,
                              &(struct server_options){.host = "localhost", .on_request = on_request}, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_null(server_create(
        w.rig.loop, &(struct server_options){.certificate_file = "/nonexistent", .key_file = "/nonexistent"},
        &err));
    assert_int_equal(err.code, ERR_CONFIG);
    bool closed = false;
    server_close(NULL, rig_set, &closed);
    assert_true(closed);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo_keeps_alive),
        cmocka_unit_test(test_late_answer_and_gone),
        cmocka_unit_test(test_drops),
        cmocka_unit_test(test_upgrades_are_refused),
        cmocka_unit_test(test_refused_bodies),
        cmocka_unit_test(test_slow_peers_are_ended),
        cmocka_unit_test(test_head_and_body_share_their_time),
        cmocka_unit_test(test_full_house),
        cmocka_unit_test(test_work_keeps_its_place),
        cmocka_unit_test(test_query_and_head),
        cmocka_unit_test(test_reset_is_a_reset),
        cmocka_unit_test(test_listens_where_told),
        cmocka_unit_test(test_cannot_listen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
