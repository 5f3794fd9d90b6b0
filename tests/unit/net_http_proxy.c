/* HTTPS through an HTTP proxy, and around it. */
#include "net_http_rig.h"

#include "net/server.h"
#include "net_names.h"
#include "net_proxy.h"

struct proxied {
    struct rig_certificate certificate;
    struct world world;
    struct server *server;
    struct proxy proxy;
    bool server_closed;
};

static void on_request(void *user, struct server_call *call)
{
    (void)user;
    server_answer(call, 200, "text/plain", NULL, "through", 7);
}

static void open_proxied(struct proxied *p, bool by_environment, bool refuses)
{
    struct err err;

    memset(p, 0, sizeof(*p));
    rig_certificate_create(&p->certificate);
    proxy_start(&p->proxy, 0, refuses);
    open_world(&p->world,
               (struct http_options){.proxy = p->proxy.url, .ca_file = p->certificate.certificate});
    if (by_environment) { /* the world's own client never asks the environment */
        bool closed = false;
        setenv("https_proxy", p->proxy.url, 1);
        http_close(p->world.http, rig_set, &closed);
        RIG_WAIT(&p->world.rig, closed);
        p->world.http = http_create(p->world.rig.loop,
                                    &(struct http_options){.ca_file = p->certificate.certificate}, &err);
        assert_non_null(p->world.http);
    }
    p->server = server_create(p->world.rig.loop,
                              &(struct server_options){.certificate_file = p->certificate.certificate,
                                                       .key_file = p->certificate.key,
                                                       .on_request = on_request},
                              &err);
    assert_non_null(p->server);
    p->proxy.target_port = server_port(p->server);
}

static void ask_proxied(struct proxied *p, struct ask *a, const char *method, const char *host)
{
    char url[64];

    TEXT_FORMAT(url, "https://%s:%d/", host, server_port(p->server));
    __atomic_store_n(&names_asked, 0, __ATOMIC_SEQ_CST);
    start(&p->world, a, method, url);
    RIG_WAIT(&p->world.rig, a->done);
}

/* Returns how many connections the proxy had. */
static int close_proxied(struct proxied *p)
{
    server_close(p->server, rig_set, &p->server_closed);
    RIG_WAIT(&p->world.rig, p->server_closed);
    close_world(&p->world);
    rig_certificate_destroy(&p->certificate);
    unsetenv("https_proxy");
    return proxy_stop(&p->proxy);
}

static void test_tunnel(void **state)
{
    struct proxied p;
    struct ask read = {0}, change = {.request = {.changes = true, .body = "a", .body_len = 1}};
    char line[64];

    (void)state;
    open_proxied(&p, false, false);
    TEXT_FORMAT(line, "CONNECT bot.test:%d HTTP/1.", server_port(p.server));
    ask_proxied(&p, &read, "GET", "bot.test");
    assert_true(read.ok && read.sent);
    assert_int_equal(read.status, 200);
    assert_int_equal(read.len, 7);
    ask_proxied(&p, &change, "POST", "bot.test");
    assert_true(change.ok && change.sent);
    assert_int_equal(names_asked, 0);       /* the name is the proxy's to resolve */
    assert_int_equal(close_proxied(&p), 2); /* a change has a tunnel of its own */
    assert_true(text_starts(p.proxy.head, line));
}

/* What never left the proxy was not sent. */
static void test_refused_by_the_proxy(void **state)
{
    struct proxied p;
    struct ask a = {.request = {.changes = true, .body = "a", .body_len = 1}};

    (void)state;
    open_proxied(&p, false, true);
    ask_proxied(&p, &a, "POST", "bot.test");
    assert_false(a.ok);
    assert_false(a.sent);
    assert_int_equal(a.err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(a.err.text, "the proxy did not let us through to bot.test (HTTP status 403)"));
    assert_int_equal(close_proxied(&p), 1);
}

static void test_around_the_proxy(void **state)
{
    struct proxied p;
    struct ask direct = {.request = {.direct = true}}, loopback = {0};

    (void)state;
    open_proxied(&p, false, false);
    ask_proxied(&p, &direct, "GET", "bot.test");
    assert_true(direct.ok);
    assert_int_equal(names_asked > 0, true);
    ask_proxied(&p, &loopback, "GET", "localhost");
    assert_true(loopback.ok);
    assert_int_equal(close_proxied(&p), 0);
}

static void test_environment(void **state)
{
    static const struct {
        const char *no_proxy;
        int connections;
    } rows[] = {{NULL, 1}, {"other.test,ot.test", 1}, {"other.test,.test", 0}, {"bot.test", 0}, {"*", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct proxied p;
        struct ask a = {0};
        if (rows[i].no_proxy)
            setenv("no_proxy", rows[i].no_proxy, 1);
        open_proxied(&p, true, false);
        ask_proxied(&p, &a, "GET", "bot.test");
        assert_true(a.ok);
        unsetenv("no_proxy");
        assert_int_equal(close_proxied(&p), rows[i].connections);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tunnel),
        cmocka_unit_test(test_refused_by_the_proxy),
        cmocka_unit_test(test_around_the_proxy),
        cmocka_unit_test(test_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
