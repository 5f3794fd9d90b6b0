/* The HTTP client: sent once, connections shared or not, cancelled and closed, TLS. */
#include "net_http_rig.h"

#include "base/mem.h"
#include "net/server.h"

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

static int requests_on[PEER_CONNECTIONS + 1];

static void serve_kept_and_count(struct peer *p, int fd, int number)
{
    while (peer_read_request(p, fd)) {
        if (__atomic_add_fetch(&requests_on[number], 1, __ATOMIC_SEQ_CST) == 2)
            usleep(200 * 1000); /* busy until the next request needs a connection too */
        peer_write(fd, OK_ANSWER);
    }
}

/* A change's connection dies with it: what comes afterwards, twice at once so that every kept connection is
 * taken, does not go where a late answer to the change may lie. */
static void test_a_changes_connection_is_not_used_again(void **state)
{
    struct world w;
    struct peer p;
    struct ask first = {0}, second = {0}, third = {0};
    struct ask change = {.request = {.changes = true, .body = "a", .body_len = 1}};

    (void)state;
    memset(requests_on, 0, sizeof(requests_on));
    open_world(&w, (struct http_options){0});
    peer_start(&p, serve_kept_and_count);
    start_local(&w, &first, "GET", p.port);
    RIG_WAIT(&w.rig, first.done);
    start_local(&w, &change, "POST", p.port);
    RIG_WAIT(&w.rig, change.done);
    start_local(&w, &second, "GET", p.port);
    start_local(&w, &third, "GET", p.port);
    RIG_WAIT(&w.rig, second.done && third.done);
    assert_true(first.ok && change.ok && second.ok && third.ok);
    close_world(&w);
    peer_stop(&p);
    assert_int_equal(p.requests, 4);
    assert_int_equal(requests_on[1], 2); /* the reads share the first */
    assert_int_equal(requests_on[2], 1); /* the change's */
    assert_int_equal(requests_on[3], 1);
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

static void note_authorization(void *user, struct server_call *call)
{
    int *asked = user;

    asked[server_header(call, "authorization") != NULL]++;
    server_answer(call, 200, "text/plain", NULL, "ok", 2);
}

/* A password that lies in ~/.netrc for this host is not sent to it. */
static void test_no_netrc(void **state)
{
    char folder[] = "/tmp/cloudtak-netrc-XXXXXX", file[64];
    struct world w;
    struct err err;
    struct ask get = {0}, post = {.request = {.changes = true}};
    int asked[2] = {0};
    bool closed = false;

    (void)state;
    assert_non_null(mkdtemp(folder));
    TEXT_FORMAT(file, "%s/.netrc", folder);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    assert_true(fputs("machine 127.0.0.1 login ana password s3cret\n", f) >= 0);
    assert_int_equal(fclose(f), 0);
    char *home = mem_text(getenv("HOME"));
    setenv("HOME", folder, 1);
    open_world(&w, (struct http_options){0});
    struct server *s = server_create(
        w.rig.loop, &(struct server_options){.on_request = note_authorization, .user = asked}, &err);
    assert_non_null(s);
    start_local(&w, &get, "GET", server_port(s));
    start_local(&w, &post, "POST", server_port(s));
    RIG_WAIT(&w.rig, get.done && post.done);
    assert_true(get.ok && post.ok);
    assert_int_equal(asked[false], 2);
    assert_int_equal(asked[true], 0);
    server_close(s, rig_set, &closed);
    RIG_WAIT(&w.rig, closed);
    close_world(&w);
    if (home)
        setenv("HOME", home, 1);
    else
        unsetenv("HOME");
    mem_free(home);
    unlink(file);
    rmdir(folder);
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
        cmocka_unit_test(test_a_changes_connection_is_not_used_again),
        cmocka_unit_test(test_cancel_and_close),
        cmocka_unit_test(test_close_inside_done),
        cmocka_unit_test(test_tls_names),
        cmocka_unit_test(test_no_netrc),
        cmocka_unit_test(test_task_metadata),
        cmocka_unit_test(test_urls_and_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
