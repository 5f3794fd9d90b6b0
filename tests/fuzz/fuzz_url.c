/* Addresses that others name: of HTTP, of WebSockets, of a proxy, of Slack's next connection, of the
 * container's agent, and their canonical form for the signature. What one reader calls loopback the other
 * must not connect elsewhere. */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/chat/slack_private.h"
#include "bot/config_private.h"
#include "bot/net/http_private.h"
#include "bot/net/ws_private.h"
#include "ecs/aws/uri.h"
#include "judge.h"

#define SLACK_API "https://slack.com/api/"

static void judge_http(const char *text)
{
    struct http_url url;
    struct err err = {0};
    if (!http_url_read(text, &url, &err)) {
        judge_err("no URL", &err);
        PROMISE(!http_url_is_loopback(text) && !http_url_is_metadata(text), "no URL, but known: %s", text);
        return;
    }
    PROMISE(url.host[0] != '\0' && strpbrk(url.host, "/@[]?# ") == NULL, "a host called \"%s\"", url.host);
    /* The settings' own reader decides whether plain http is safe: it may be stricter, never laxer. */
    PROMISE(!config_value_is_loopback(text) || url.loopback,
            "loopback for the settings, but it connects to %s", url.host);
}

static bool is_under(const char *host, const char *domain)
{
    const size_t len = strlen(host), tail = strlen(domain);
    return len >= tail && strcasecmp(host + len - tail, domain) == 0 &&
           (len == tail || host[len - tail - 1] == '.');
}

static void judge_ws(const char *text)
{
    struct ws_url url;
    struct ws_proxy proxy;
    struct err err = {0};
    if (!ws_url_read(text, &url, &err)) {
        judge_err("no WebSocket URL", &err);
        return;
    }
    PROMISE(url.port > 0 && url.port <= 65535 && url.path[0] == '/', "port %d, path %s", url.port, url.path);
    PROMISE(strpbrk(url.authority, " \r\n/@") == NULL && strpbrk(url.path, " \r\n#") == NULL,
            "a header could be added");
    if (slack_socket_url_allowed(text, SLACK_API)) {
        PROMISE(url.tls, "allowed without TLS: %s", text);
        PROMISE(is_under(url.host, "slack.com") || is_under(url.host, "slack-gov.com"), "allowed, but of %s",
                url.host);
    }
    if (ws_proxy_choose(NULL, text, "localhost,.internal", &url, &proxy, &err)) {
        PROMISE(!proxy.used || (proxy.host[0] != '\0' && proxy.port > 0), "a proxy without a place");
    }
}

static void judge_proxy(const char *text)
{
    struct ws_url url;
    struct ws_proxy proxy;
    struct err err = {0};
    PROMISE(ws_url_read("wss://wss-primary.slack.com/link?ticket=1", &url, &err), "%s", err.text);
    if (!ws_proxy_choose(text, NULL, NULL, &url, &proxy, &err)) {
        judge_err("no proxy", &err);
        const char *at = strchr(text, '@');
        PROMISE(at == NULL || strstr(err.text, text) == NULL, "a proxy's password is told: %s", err.text);
    } else if (proxy.used) {
        PROMISE(proxy.host[0] != '\0' && strpbrk(proxy.host, " \r\n/@") == NULL, "a proxy called \"%s\"",
                proxy.host);
        PROMISE(proxy.port > 0 && proxy.port <= 65535, "port %d", proxy.port);
    }
    PROMISE(ws_proxy_choose(NULL, "http://proxy:3128", text, &url, &proxy, &err), "%s", err.text);
}

static void judge_canonical(const char *text)
{
    struct buf once, twice;
    buf_init(&once, 512 * 1024);
    buf_init(&twice, 512 * 1024);
    if (uri_canonical_path(text, false, &once)) {
        PROMISE(once.len > 0 && once.data[0] == '/', "a path that begins with no /: %s", once.data);
        PROMISE(strpbrk(once.data, " \r\n?#") == NULL && strstr(once.data, "//") == NULL,
                "no canonical path: %s", once.data);
    }
    buf_clear(&once);
    if (uri_canonical_query(text, &once) && uri_canonical_query(once.len > 0 ? once.data : "", &twice)) {
        PROMISE(strcmp(once.len > 0 ? once.data : "", twice.len > 0 ? twice.data : "") == 0,
                "the canonical query of %s is %s", once.data, twice.data);
        PROMISE(once.len == 0 || strpbrk(once.data, " \r\n#") == NULL, "no canonical query: %s", once.data);
    }
    buf_finish(&once);
    buf_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = judge_string(data, size);
    judge_http(text);
    judge_ws(text);
    judge_proxy(text);
    judge_canonical(text);
    mem_free(text);
    return 0;
}
