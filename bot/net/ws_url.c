/* The parts of a ws:// URL, and whether a proxy stands in the way. Pure. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "net_host.h"
#include "ws_private.h"

#define NO_PROXY_ENTRY 256

static bool host_is_plain(const char *host)
{
    return *host &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") == strlen(host);
}

/* Host and port of "host", "host:port", "[v6]" or "[v6]:port". */
static bool read_authority(const char *text, size_t len, int usual_port, char *host, size_t size,
                           int *ret_port)
{
    const char *end = text + len, *host_end, *colon;

    if (len && *text == '[') {
        text++;
        host_end = memchr(text, ']', (size_t)(end - text));
        if (!host_end)
            return false;
        colon = host_end + 1;
    } else {
        colon = memchr(text, ':', len);
        host_end = colon ? colon : end;
        colon = host_end;
    }
    if (!text_copy_n(host, size, text, (size_t)(host_end - text)) || !host_is_plain(host))
        return false;
    *ret_port = usual_port;
    if (colon == end)
        return true;
    int port = 0;
    if (*colon != ':' || colon + 1 == end || end - colon > 6)
        return false;
    for (const char *p = colon + 1; p < end; p++) {
        if (*p < '0' || *p > '9')
            return false;
        port = port * 10 + (*p - '0');
    }
    *ret_port = port;
    return port > 0 && port <= 65535;
}

static bool path_is_clean(const char *path)
{
    for (const unsigned char *p = (const unsigned char *)path; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f)
            return false;
    return true;
}

bool ws_url_read(const char *url, struct ws_url *ret, struct err *err)
{
    struct ws_url read = {0};

    if (!url || (!text_starts(url, "ws://") && !text_starts(url, "wss://")))
        return err_set(err, ERR_CONFIG, "this is not a URL of the form wss://host/path");
    read.tls = text_starts(url, "wss://");
    int usual = read.tls ? 443 : 80;
    const char *authority = url + (read.tls ? 6 : 5);
    size_t len = strcspn(authority, "/?#");
    if (!read_authority(authority, len, usual, read.host, sizeof(read.host), &read.port))
        return err_set(err, ERR_CONFIG, "the host in a WebSocket URL is no host name");
    const char *path = authority + len;
    if (!TEXT_FORMAT(read.path, "%s%.*s", *path == '/' ? "" : "/", (int)strcspn(path, "#"), path) ||
        !path_is_clean(read.path))
        return err_set(err, ERR_CONFIG, "the path of a WebSocket URL of %s is too long or not plain",
                       read.host);
    bool v6 = strchr(read.host, ':') != NULL;
    TEXT_FORMAT(read.authority, "%s%s%s", v6 ? "[" : "", read.host, v6 ? "]" : "");
    if (read.port != usual) {
        char port[8];
        TEXT_FORMAT(port, ":%d", read.port);
        size_t used = strlen(read.authority);
        text_copy(read.authority + used, sizeof(read.authority) - used, port);
    }
    read.loopback = net_host_is_loopback(read.host);
    *ret = read;
    return true;
}

/* An entry of no_proxy covers the name itself and all names below it; "*" covers all. */
static bool entry_covers(const char *entry, const char *host)
{
    if (strcmp(entry, "*") == 0)
        return true;
    entry += *entry == '.';
    size_t entry_len = strlen(entry), host_len = strlen(host);
    if (entry_len == 0 || entry_len > host_len)
        return false;
    const char *end = host + host_len - entry_len;
    return strcasecmp(end, entry) == 0 && (end == host || end[-1] == '.');
}

static bool listed(const char *no_proxy, const char *host)
{
    while (no_proxy && *no_proxy) {
        char entry[NO_PROXY_ENTRY];
        no_proxy += strspn(no_proxy, " ,\t");
        size_t len = strcspn(no_proxy, " ,\t");
        if (text_copy_n(entry, sizeof(entry), no_proxy, len) && entry_covers(entry, host))
            return true;
        no_proxy += len;
    }
    return false;
}

bool ws_proxy_choose(const char *option, const char *environment_proxy, const char *no_proxy,
                     const struct ws_url *url, struct ws_proxy *ret, struct err *err)
{
    struct ws_proxy proxy = {0};
    const char *text = option ? option : environment_proxy;

    if (!text || !*text || !url->tls || url->loopback || (!option && listed(no_proxy, url->host))) {
        *ret = proxy;
        return true;
    }
    if (text_starts(text, "https://") || text_starts(text, "socks"))
        return err_set(err, ERR_CONFIG, "the proxy for WebSockets has to be of the form http://host:port");
    text += text_starts(text, "http://") ? 7 : 0;
    const char *at = strrchr(text, '@');
    if (at && !text_copy_n(proxy.credentials, sizeof(proxy.credentials), text, (size_t)(at - text)))
        return err_set(err, ERR_CONFIG, "the credentials of the proxy are too long");
    text = at ? at + 1 : text;
    if (!read_authority(text, strcspn(text, "/"), 3128, proxy.host, sizeof(proxy.host), &proxy.port))
        return err_set(err, ERR_CONFIG, "the proxy for WebSockets has to be of the form http://host:port");
    proxy.used = true;
    *ret = proxy;
    return true;
}
