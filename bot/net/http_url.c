/* URLs, read by the same parser that will connect to them. */
#include <curl/curl.h>
#include <string.h>

#include "base/text.h"
#include "http_private.h"
#include "net_host.h"

/* Copies the host without the brackets of an IPv6 address. */
static bool copy_host(char *to, size_t size, const char *from)
{
    size_t len = strlen(from);

    if (len >= 2 && from[0] == '[' && from[len - 1] == ']')
        return text_copy_n(to, size, from + 1, len - 2);
    return text_copy(to, size, from);
}

bool http_url_read(const char *url, struct http_url *ret, struct err *err)
{
    struct http_url read = {0};
    char *scheme = NULL, *host = NULL;
    CURLU *parsed = curl_url();
    bool ok = false;

    /* no user:password@ in URLs: they would reach logs, and they hide the real host from readers */
    if (!url || !parsed || curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER) ||
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) ||
        curl_url_get(parsed, CURLUPART_HOST, &host, 0)) {
        err_set(err, ERR_CONFIG, "this is not a URL of the form https://host/path");
    } else if (!copy_host(read.host, sizeof(read.host), host)) {
        err_set(err, ERR_CONFIG, "the host in a URL is longer than any name can be");
    } else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0) {
        err_set(err, ERR_CONFIG, "%s: only https:// is spoken here, not %s://", read.host, scheme);
    } else {
        read.https = strcmp(scheme, "https") == 0;
        read.loopback = net_host_is_loopback(read.host);
        read.metadata = net_host_is_metadata(read.host);
        *ret = read;
        ok = true;
    }
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parsed);
    return ok;
}

bool http_url_is_loopback(const char *url)
{
    struct http_url read;

    return http_url_read(url, &read, NULL) && read.loopback;
}

bool http_url_is_metadata(const char *url)
{
    struct http_url read;

    return http_url_read(url, &read, NULL) && read.metadata;
}

static void add_encoded(struct buf *b, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
            strchr("-_.*", *p)) {
            buf_char(b, (char)*p);
        } else if (*p == ' ') {
            buf_char(b, '+');
        } else {
            buf_char(b, '%');
            buf_char(b, hex[*p >> 4]);
            buf_char(b, hex[*p & 15]);
        }
    }
}

void http_form_add(struct buf *b, const char *name, const char *value)
{
    if (b->len)
        buf_char(b, '&');
    add_encoded(b, name);
    buf_char(b, '=');
    add_encoded(b, value ? value : "");
}
