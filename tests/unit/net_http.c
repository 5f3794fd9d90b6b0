/* The HTTP client against raw peers that misbehave, and against our own listener with TLS. */
#include "net_rig.h"

#include <netdb.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/server.h"

/* ---- a resolver that takes its time, for names below slow.test */

static int slow_lookups;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    static const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                            .ai_socktype = SOCK_STREAM};

    (void)hints;
    if (node && strstr(node, "slow.test")) {
        __atomic_add_fetch(&slow_lookups, 1, __ATOMIC_SEQ_CST);
        usleep(1500 * 1000);
        return EAI_NONAME;
    }
    if (node && strcmp(node, "localhost") == 0)
        node = "127.0.0.1";
    struct in_addr v4;
    if (!node || inet_pton(AF_INET, node, &v4) != 1)
        return EAI_NONAME;
    struct addrinfo *a = calloc(1, sizeof(*a) + sizeof(struct sockaddr_in)); /* NOLINT: freed below */
    struct sockaddr_in *in = (struct sockaddr_in *)(a + 1);
    *a = numeric;
    a->ai_family = in->sin_family = AF_INET;
    a->ai_protocol = IPPROTO_TCP;
    in->sin_addr = v4;
    in->sin_port = htons((uint16_t)(service ? atoi(service) : 0)); /* NOLINT */
    a->ai_addr = (struct sockaddr *)in;
    a->ai_addrlen = sizeof(*in);
    *result = a;
    return 0;
}

void freeaddrinfo(struct addrinfo *a)
{
    free(a); /* NOLINT */
}

/* ---- asking */

struct world {
    struct rig rig;
    struct http *http;
    bool http_closed;
};

static void open_world(struct world *w, struct http_options options)
{
    struct err err = {0};

    memset(w, 0, sizeof(*w));
    rig_open(&w->rig);
    if (!options.proxy)
        options.proxy = "";
    w->http = http_create(w->rig.loop, &options, &err);
    assert_non_null(w->http);
}

static void close_world(struct world *w)
{
    if (w->http)
        http_close(w->http, rig_set, &w->http_closed);
    RIG_WAIT(&w->rig, w->http_closed);
    rig_close(&w->rig);
}

struct ask {
    struct http_request request;
    char url[256];
    int done;
    bool ok, sent;
    int status;
    struct err err;
    size_t len;
    int64_t took_ms;
};

static void on_asked(struct http_request *r)
{
    struct ask *a = r->user;

    a->done++;
    a->ok = r->ok;
    a->sent = r->sent;
    a->status = r->status;
    a->err = r->err;
    a->len = r->answer.len;
    a->took_ms = r->took_ms;
}

static void start(struct world *w, struct ask *a, const char *method, const char *url)
{
    TEXT_COPY(a->url, url);
    a->request.method = method;
    a->request.url = a->url;
    a->request.done = on_asked;
    a->request.user = a;
    http_start(w->http, &a->request);
    assert_int_equal(a->done, 0);
}

static void start_local(struct world *w, struct ask *a, const char *method, int port)
{
    char url[64];

    TEXT_FORMAT(url, "http://127.0.0.1:%d/x", port);
    start(w, a, method, url);
}

/* ---- sent once */

#define OK_ANSWER "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

/* Answers the first request of each connection, obeys the second one and resets. */
static void serve_then_reset(struct peer *p, int fd, int number)
{
    (void)number;
    if (!peer_read_request(p, fd))
        return;
    peer_write(fd, OK_ANSWER);
    if (peer_read_request(p, fd))
        peer_reset(fd);
}

static void post_after_get(bool changes, struct ask *post, int *ret_requests)
{
    struct world w;
    struct peer p;
    struct ask get = {0};

    open_world(&w, (struct http_options){0});
    peer_start(&p, serve_then_reset);
    start_local(&w, &get, "GET", p.port);
    RIG_WAIT(&w.rig, get.done);
    assert_true(get.ok);
    memset(post, 0, sizeof(*post));
    post->request.body = "change=1";
    post->request.body_len = 8;
    post->request.changes = changes;
    post->request.timeout_ms = 2000;
    start_local(&w, post, "POST", p.port);
    RIG_WAIT(&w.rig, post->done);
    close_world(&w);
    peer_stop(&p);
    *ret_requests = p.requests - 1;
}

static void reset_always(struct peer *p, int fd, int number)
{
    (void)number;
    if (peer_read_request(p, fd))
        peer_reset(fd);
}

static void test_change_is_sent_once(void **state)
{
    struct ask post;
    int posts;

    (void)state;
    /* what libcurl does by itself: the peer sees the POST on the reused connection and again on a new one */
    post_after_get(false, &post, &posts);
    assert_int_equal(posts, 2);
    /* a request that changes something comes on a connection of its own, where it is answered */
    post_after_get(true, &post, &posts);
    assert_int_equal(posts, 1);
    assert_true(post.ok);

    /* and when that one is reset, it is not sent again: unknown outcome, said so */
    struct world w;
    struct peer p;
    struct ask lost = {.request = {.changes = true, .body = "a", .body_len = 1}};
    open_world(&w, (struct http_options){0});
    peer_start(&p, reset_always);
    start_local(&w, &lost, "POST", p.port);
    RIG_WAIT(&w.rig, lost.done);
    assert_false(lost.ok);
    assert_true(lost.sent);
    assert_int_equal(lost.err.code, ERR_UNREACHABLE);
    close_world(&w);
    peer_stop(&p);
    assert_int_equal(p.requests, 1);
}

static void serve_kept(struct peer *p, int fd, int number)
{
    (void)number;
    while (peer_read_request(p, fd))
        peer_write(fd, OK_ANSWER);
}

static void test_reads_share_a_connection_changes_do_not(void **state)
{
    struct world w;
    struct peer p;

    (void)state;
    open_world(&w, (struct http_options){0});
    peer_start(&p, serve_kept);
    for (int i = 0; i < 3; i++) {
        struct ask get = {0};
        start_local(&w, &get, "GET", p.port);
        RIG_WAIT(&w.rig, get.done);
        assert_true(get.ok && get.sent && get.status == 200 && get.len == 2);
    }
    assert_int_equal(__atomic_load_n(&p.connections, __ATOMIC_SEQ_CST), 1);
    close_world(&w);
    peer_stop(&p);
    assert_int_equal(p.connections, 1);
    assert_int_equal(p.requests, 3);
}

/* ---- peers that misbehave */

static void serve_truncated(struct peer *p, int fd, int number)
{
    (void)number;
    if (peer_read_request(p, fd))
        peer_write(fd, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this");
}

static void serve_nothing(struct peer *p, int fd, int number)
{
    (void)number;
    peer_read_request(p, fd);
    peer_drain(fd);
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

/* Plain http: to the addresses that hand keys to an ECS task, and only by a request that says so. Nothing is
 * sent: the request is cancelled before the loop turns. */
static void test_task_metadata(void **state)
{
    static const struct {
        const char *url;
        bool direct;
        enum err_code expected;
    } rows[] = {
        {"http://169.254.170.2/v2/credentials/x", true, ERR_CANCELLED},
        {"http://169.254.170.23/v1/credentials", true, ERR_CANCELLED},
        {"http://[fd00:ec2::23]/v1/credentials", true, ERR_CANCELLED},
        {"http://169.254.170.2/v2/credentials/x", false, ERR_CONFIG},
        {"http://169.254.169.254/latest", true, ERR_CONFIG},
        {"http://169.254.170.2.example.test/", true, ERR_CONFIG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;
        struct ask a = {0};

        open_world(&w, (struct http_options){0});
        a.request.direct = rows[i].direct;
        start(&w, &a, "GET", rows[i].url);
        if (rows[i].expected == ERR_CANCELLED)
            http_cancel(w.http, &a.request);
        RIG_WAIT(&w.rig, a.done);
        assert_int_equal(a.err.code, rows[i].expected);
        close_world(&w);
    }
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
    assert_int_equal(__atomic_load_n(&slow_lookups, __ATOMIC_SEQ_CST), 2);
}

/* ---- cancel and close */

static void on_asked_close(struct http_request *r)
{
    struct ask *a = r->user;
    struct world *w = (struct world *)a->request.body; /* smuggled: GET has no body */

    on_asked(r);
    http_close(w->http, rig_set, &w->http_closed);
    w->http = NULL;
}

static void test_cancel_and_close(void **state)
{
    struct world w;
    struct peer p;
    struct ask a = {0}, b = {0}, c = {0};

    (void)state;
    open_world(&w, (struct http_options){0});
    peer_start(&p, serve_nothing);
    start_local(&w, &a, "GET", p.port);
    start_local(&w, &b, "GET", p.port);
    start_local(&w, &c, "GET", p.port);
    loop_run_for(w.rig.loop, 50);
    http_cancel(w.http, &a.request);
    assert_int_equal(a.done, 0);
    RIG_WAIT(&w.rig, a.done);
    assert_int_equal(a.err.code, ERR_CANCELLED);
    http_cancel(w.http, &a.request); /* too late: nothing */
    close_world(&w);
    assert_int_equal(a.done, 1);
    assert_int_equal(b.done, 1);
    assert_int_equal(c.done, 1);
    assert_int_equal(b.err.code, ERR_CANCELLED);
    peer_stop(&p);
}

static void test_close_inside_done(void **state)
{
    struct world w;
    struct peer p;
    struct ask a = {0}, b = {0};

    (void)state;
    open_world(&w, (struct http_options){0});
    peer_start(&p, serve_kept);
    a.request.body = &w;
    TEXT_FORMAT(a.url, "http://127.0.0.1:%d/", p.port);
    a.request.url = a.url;
    a.request.done = on_asked_close;
    a.request.user = &a;
    http_start(w.http, &a.request);
    start_local(&w, &b, "GET", p.port);
    RIG_WAIT(&w.rig, a.done && b.done && w.http_closed);
    assert_true(a.ok);
    rig_close(&w.rig);
    peer_stop(&p);
}

/* ---- TLS */

static void on_request(void *user, struct server_call *call)
{
    (void)user;
    server_answer(call, 200, "text/plain", NULL, "over TLS", 8);
}

static void test_tls_names(void **state)
{
    struct rig_certificate certificate;
    struct world w;
    struct err err;
    struct ask right = {0}, wrong = {0}, untrusted = {0};
    char url[64];
    bool server_closed = false;

    (void)state;
    rig_certificate_create(&certificate);
    open_world(&w, (struct http_options){.ca_file = certificate.certificate});
    struct server *s = server_create(w.rig.loop,
                                     &(struct server_options){.certificate_file = certificate.certificate,
                                                              .key_file = certificate.key,
                                                              .on_request = on_request},
                                     &err);
    assert_non_null(s);
    TEXT_FORMAT(url, "https://localhost:%d/", server_port(s));
    start(&w, &right, "GET", url);
    RIG_WAIT(&w.rig, right.done);
    assert_true(right.ok);
    assert_int_equal(right.len, 8);
    TEXT_FORMAT(url, "https://127.0.0.1:%d/", server_port(s));
    start(&w, &wrong, "POST", url);
    RIG_WAIT(&w.rig, wrong.done);
    assert_false(wrong.ok || wrong.sent);
    assert_non_null(strstr(wrong.err.text, "another name"));
    bool closed = false;
    http_close(w.http, rig_set, &closed);
    w.http = http_create(w.rig.loop, &(struct http_options){.proxy = ""}, &err);
    TEXT_FORMAT(url, "https://localhost:%d/", server_port(s));
    start(&w, &untrusted, "GET", url);
    RIG_WAIT(&w.rig, untrusted.done && closed);
    assert_false(untrusted.ok || untrusted.sent);
    assert_non_null(strstr(untrusted.err.text, "ca_file"));
    server_close(s, rig_set, &server_closed);
    RIG_WAIT(&w.rig, server_closed);
    close_world(&w);
    rig_certificate_destroy(&certificate);
}

/* ---- small things */

static void test_urls_and_forms(void **state)
{
    struct buf b;

    (void)state;
    assert_true(http_url_is_loopback("http://127.8.9.10:80/x"));
    assert_true(http_url_is_loopback("https://[::1]:8443/"));
    assert_true(http_url_is_loopback("http://LocalHost/"));
    assert_false(http_url_is_loopback("http://127.0.0.1.example.org/"));
    assert_false(http_url_is_loopback("http://localhost.example.org/"));
    assert_false(http_url_is_loopback("http://127.0.0.1@example.org/"));
    assert_false(http_url_is_loopback("http://10.0.0.1/"));
    assert_false(http_url_is_loopback(""));
    buf_init(&b, 1000);
    http_form_add(&b, "text", "a b&c=d/\xc3\xa9");
    http_form_add(&b, "x", "");
    assert_string_equal(b.data, "text=a+b%26c%3Dd%2F%C3%A9&x=");
    buf_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_change_is_sent_once),
        cmocka_unit_test(test_reads_share_a_connection_changes_do_not),
        cmocka_unit_test(test_bad_peers),
        cmocka_unit_test(test_not_sent),
        cmocka_unit_test(test_task_metadata),
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_slow_resolver),
        cmocka_unit_test(test_cancel_and_close),
        cmocka_unit_test(test_close_inside_done),
        cmocka_unit_test(test_tls_names),
        cmocka_unit_test(test_urls_and_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
