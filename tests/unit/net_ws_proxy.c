/* WebSockets through an HTTP proxy, and around it. */
#include "net_ws_rig.h"

#include "net_names.h"
#include "net_proxy.h"

struct proxied {
    struct rig_certificate certificate;
    struct world world;
    struct proxy proxy;
    struct link link;
};

/* url NULL: as the environment says. */
static void open_proxied(struct proxied *p, const char *url_format, bool refuses)
{
    char url[128];

    memset(p, 0, sizeof(*p));
    rig_certificate_create(&p->certificate);
    proxy_start(&p->proxy, 0, refuses);
    if (url_format)
        TEXT_FORMAT(url, "http://%s127.0.0.1:%d", url_format, p->proxy.peer.port);
    else
        setenv("https_proxy", p->proxy.url, 1);
    open_world(
        &p->world,
        (struct server_options){.certificate_file = p->certificate.certificate,
                                .key_file = p->certificate.key},
        (struct ws_client_options){.proxy = url_format ? url : NULL, .ca_file = p->certificate.certificate});
    p->proxy.target_port = server_port(p->world.server);
}

static void connect_proxied(struct proxied *p)
{
    __atomic_store_n(&names_asked, 0, __ATOMIC_SEQ_CST);
    connect_to(&p->world, &p->link, (struct ws_options){0}, "wss", "bot.test", server_port(p->world.server),
               "/hello");
}

/* Returns how many connections the proxy had. */
static int close_proxied(struct proxied *p)
{
    ws_destroy(p->link.ws);
    close_world(&p->world);
    rig_certificate_destroy(&p->certificate);
    unsetenv("https_proxy");
    return proxy_stop(&p->proxy);
}

static void test_tunnel(void **state)
{
    struct proxied p;
    char line[64];

    (void)state;
    open_proxied(&p, "bot:pass@", false);
    TEXT_FORMAT(line, "CONNECT bot.test:%d HTTP/1.", server_port(p.world.server));
    connect_proxied(&p);
    RIG_WAIT(&p.world.rig, p.link.texts == 1);
    assert_string_equal(p.link.last, "hello");
    assert_true(ws_send(p.link.ws, "through", 7));
    RIG_WAIT(&p.world.rig, p.link.texts == 2);
    assert_string_equal(p.link.last, "through");
    ws_close(p.link.ws);
    RIG_WAIT(&p.world.rig, p.link.closes == 1);
    assert_int_equal(p.link.err.code, ERR_CANCELLED);
    assert_int_equal(close_proxied(&p), 1);
    assert_true(text_starts(p.proxy.head, line));
    assert_non_null(strcasestr(p.proxy.head, "proxy-authorization: basic Ym90OnBhc3M="));
    assert_int_equal(names_asked, 0); /* the name is the proxy's to resolve */
}

static void test_refused_by_the_proxy(void **state)
{
    struct proxied p;

    (void)state;
    open_proxied(&p, "", true);
    connect_proxied(&p);
    RIG_WAIT(&p.world.rig, p.link.closes == 1);
    assert_int_equal(p.link.opens, 0);
    assert_int_equal(p.link.err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(p.link.err.text, "proxy"));
    assert_int_equal(close_proxied(&p), 1);
    assert_int_equal(p.world.opened, 0);
}

static void test_proxy_is_away(void **state)
{
    struct world w;
    struct link l = {0};
    char url[64];
    int port;

    (void)state;
    close(peer_listen(&port));
    TEXT_FORMAT(url, "http://127.0.0.1:%d", port);
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = url});
    connect_to(&w, &l, (struct ws_options){0}, "wss", "bot.test", 443, "/");
    RIG_WAIT(&w.rig, l.closes == 1);
    assert_int_equal(l.err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(l.err.text, "the proxy 127.0.0.1 does not answer"));
    ws_destroy(l.ws);
    close_world(&w);
}

/* Of the environment: obeyed for wss, but not for names that no_proxy lists. */
static void test_environment(void **state)
{
    static const struct {
        const char *no_proxy;
        int connections;
    } rows[] = {{NULL, 1}, {"other.test,ot.test", 1}, {"other.test, .test", 0}, {"bot.test", 0}, {"*", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct proxied p;
        if (rows[i].no_proxy)
            setenv("no_proxy", rows[i].no_proxy, 1);
        open_proxied(&p, NULL, false);
        connect_proxied(&p);
        RIG_WAIT(&p.world.rig, p.link.texts == 1);
        unsetenv("no_proxy");
        assert_int_equal(close_proxied(&p), rows[i].connections);
        assert_int_equal(names_asked > 0, rows[i].connections == 0);
    }
}

/* What the configuration names is obeyed whatever no_proxy says; and loopback never leaves this host. */
static void test_option_comes_first(void **state)
{
    struct proxied p;

    (void)state;
    setenv("no_proxy", "*", 1);
    open_proxied(&p, "", false);
    connect_proxied(&p);
    RIG_WAIT(&p.world.rig, p.link.texts == 1);
    struct link local = {0};
    connect_to(&p.world, &local, (struct ws_options){0}, "wss", "localhost", server_port(p.world.server),
               "/hello");
    RIG_WAIT(&p.world.rig, local.texts == 1);
    ws_destroy(local.ws);
    unsetenv("no_proxy");
    assert_int_equal(close_proxied(&p), 1);
}

/* http_proxy is not for WebSockets, and libwebsockets must not find it by itself. */
static void test_http_proxy_is_not_obeyed(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tunnel),
        cmocka_unit_test(test_refused_by_the_proxy),
        cmocka_unit_test(test_proxy_is_away),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_option_comes_first),
        cmocka_unit_test(test_http_proxy_is_not_obeyed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
