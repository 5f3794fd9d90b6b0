/* WebSocket URLs, and whether a proxy stands in the way. */
#include "lib/check.h"

#include <string.h>

#include "base/text.h"
#include "bot/net/ws_private.h"

static void test_urls(void **state)
{
    static const struct {
        const char *url, *host;
        int port;
        const char *path, *authority;
        bool tls, loopback;
    } rows[] = {
        {"wss://wss.slack.com/link?ticket=1#x", "wss.slack.com", 443, "/link?ticket=1", "wss.slack.com", true,
         false},
        {"wss://host:8443", "host", 8443, "/", "host:8443", true, false},
        {"ws://host:80/a", "host", 80, "/a", "host", false, false},
        {"ws://host?q=1", "host", 80, "/?q=1", "host", false, false},
        {"wss://[::1]:444/x", "::1", 444, "/x", "[::1]:444", true, true},
        {"ws://127.9.9.9/", "127.9.9.9", 80, "/", "127.9.9.9", false, true},
        {"ws://LOCALHOST/", "LOCALHOST", 80, "/", "LOCALHOST", false, true},
        {"ws://127.0.0.1.example/", "127.0.0.1.example", 80, "/", "127.0.0.1.example", false, false},
    };

    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct ws_url url;
        struct err err = {0};
        CHECK_ROW(rows[i].url, ws_url_read(rows[i].url, &url, &err));
        CHECK_ROW(rows[i].url, text_equal(url.host, rows[i].host) && url.port == rows[i].port);
        CHECK_ROW(rows[i].url, text_equal(url.path, rows[i].path));
        CHECK_ROW(rows[i].url, text_equal(url.authority, rows[i].authority));
        CHECK_ROW(rows[i].url, url.tls == rows[i].tls && url.loopback == rows[i].loopback);
    }
}

static void test_what_is_no_url(void **state)
{
    static const char *const rows[] = {
        "",
        "http://host/",
        "wss:/host",
        "wss:///path",
        "wss://user@host/",
        "wss://a b/",
        "wss://host:0/",
        "wss://host:65536/",
        "wss://host:/",
        "wss://host:4x/",
        "wss://[::1",
        "wss://[::1]443/",
        "wss://h/a b",
        "wss://h/\r\nX: y",
        "wss://h/\x7f",
        "wss://h/\xc3\xa9",
        "wss://host:0000443/",
    };
    static char overlong[WS_PATH + 32];

    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct ws_url url = {.port = 7};
        struct err err = {0};
        CHECK_ROW(rows[i], !ws_url_read(rows[i], &url, &err));
        CHECK_ROW(rows[i], err.code == ERR_CONFIG && url.port == 7);
    }
    memset(overlong, 'p', sizeof(overlong) - 1);
    memcpy(overlong, "wss://h/", 8);
    struct ws_url url;
    struct err err = {0};
    assert_false(ws_url_read(overlong, &url, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_false(ws_url_read(NULL, &url, &err));
}

static void test_which_proxy(void **state)
{
    static const struct {
        const char *url, *option, *environment, *no_proxy, *host, *credentials;
        int port;
    } rows[] = {
        {"wss://a.test/", NULL, NULL, NULL, NULL, "", 0},
        {"wss://a.test/", NULL, "http://proxy:8080", NULL, "proxy", "", 8080},
        {"wss://a.test/", NULL, "proxy:8080/", NULL, "proxy", "", 8080},
        {"wss://a.test/", NULL, "http://proxy", NULL, "proxy", "", 3128},
        {"wss://a.test/", NULL, "http://me:p@ss@[fd00::1]:81", NULL, "fd00::1", "me:p@ss", 81},
        {"wss://a.test/", "", "http://proxy:8080", NULL, NULL, "", 0},
        {"wss://a.test/", "http://other:1", "http://proxy:8080", "a.test", "other", "", 1},
        {"ws://a.test/", NULL, "http://proxy:8080", NULL, NULL, "", 0},
        {"wss://127.0.0.1/", "http://other:1", NULL, NULL, NULL, "", 0},
        {"wss://a.test/", NULL, "http://proxy:8080", "a.test", NULL, "", 0},
        {"wss://a.test/", NULL, "http://proxy:8080", "x, .TEST", NULL, "", 0},
        {"wss://a.test/", NULL, "http://proxy:8080", "test", NULL, "", 0},
        {"wss://a.test/", NULL, "http://proxy:8080", "*", NULL, "", 0},
        {"wss://a.test/", NULL, "http://proxy:8080", "est,.,a.test.org,b.a.test, ,", "proxy", "", 8080},
    };

    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct ws_url url;
        struct ws_proxy proxy;
        struct err err = {0};
        assert_true(ws_url_read(rows[i].url, &url, &err));
        assert_true(
            ws_proxy_choose(rows[i].option, rows[i].environment, rows[i].no_proxy, &url, &proxy, &err));
        assert_int_equal(proxy.used, rows[i].host != NULL);
        assert_string_equal(proxy.host, rows[i].host ? rows[i].host : "");
        assert_string_equal(proxy.credentials, rows[i].credentials);
        assert_int_equal(proxy.port, rows[i].port);
    }
}

static void test_what_is_no_proxy(void **state)
{
    static const char *const rows[] = {"https://proxy:1", "socks5://proxy:1", "http://", "http://a b:1",
                                       "http://proxy:99999"};
    struct ws_url url;
    struct ws_proxy proxy;

    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct err err = {0};
        assert_true(ws_url_read("wss://a.test/", &url, &err));
        CHECK_ROW(rows[i], !ws_proxy_choose(rows[i], NULL, NULL, &url, &proxy, &err));
        CHECK_ROW(rows[i], err.code == ERR_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_what_is_no_url),
        cmocka_unit_test(test_which_proxy),
        cmocka_unit_test(test_what_is_no_proxy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
