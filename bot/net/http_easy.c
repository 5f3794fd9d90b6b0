/* One request as libcurl sees it: options on the way out, header lines and body on the way in. */
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "http_private.h"

#define TIMEOUT_DEFAULT_MS 15000
#define CONNECT_DEFAULT_MS 5000
#define HEAD_MAX           (64 * 1024) /* all header lines of an answer */
#define HEADER_LINE_MAX    (16 * 1024) /* one header line of a request: a session token has 2 KiB */

/* ---- what libcurl calls */

/* The connection stands and the request is about to be written: from here on its outcome may be unknown. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static int on_before_request(void *user, char *peer, char *own, int peer_port, int own_port)
{
    struct transfer *t = user;

    (void)peer, (void)own, (void)peer_port, (void)own_port;
    t->sent = true;
    return CURL_PREREQFUNC_OK;
}

static size_t on_head(char *bytes, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    size_t len = size * count;

    /* a new status line: what came before belonged to an interim answer */
    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        buf_clear(&t->head);
    buf_put(&t->head, bytes, len);
    if (!buf_overflowed(&t->head))
        return len;
    t->head_too_large = true;
    return 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    size_t len = size * count;

    buf_put(&t->answer, bytes, len);
    return buf_overflowed(&t->answer) ? 0 : len;
}

/* ---- headers of the request */

static bool name_is_token(const char *name)
{
    static const char allowed[] =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return *name && strspn(name, allowed) == strlen(name);
}

static bool value_is_one_line(const char *value)
{
    for (const unsigned char *p = (const unsigned char *)value; *p; p++)
        if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
            return false;
    return true;
}

static bool add_line(struct transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);

    if (longer)
        t->headers = longer;
    return longer != NULL;
}

static bool add_header(struct transfer *t, const struct http_header *header, struct err *err)
{
    const char *value = header->value ? header->value : "";
    struct buf line;

    if (!name_is_token(header->name))
        return err_set(err, ERR_CONFIG, "a request to %s has a header whose name no server would accept",
                       t->host);
    if (!value_is_one_line(value))
        return err_set(err, ERR_CONFIG, "the header %s of a request to %s would break the line", header->name,
                       t->host);
    buf_init(&line, HEADER_LINE_MAX);
    /* libcurl takes "Name:" as "leave it out"; "Name;" sends it empty */
    if (*value)
        buf_format(&line, "%s: %s", header->name, value);
    else
        buf_format(&line, "%s;", header->name);
    bool ok = !buf_overflowed(&line) && add_line(t, line.data);
    buf_finish(&line);
    return ok ||
           err_set(err, ERR_LIMIT, "the header %s of a request to %s is too long", header->name, t->host);
}

static bool add_headers(struct transfer *t, struct err *err)
{
    const struct http_request *r = t->request;
    bool has_type = false;

    for (size_t i = 0; i < HTTP_HEADERS && r->headers[i].name; i++) {
        if (!add_header(t, &r->headers[i], err))
            return false;
        has_type = has_type || strcasecmp(r->headers[i].name, "Content-Type") == 0;
    }
    /* no "Expect: 100-continue", which would send a large body in a second step, and no invented type */
    if (!add_line(t, "Expect:") || (!has_type && !add_line(t, "Content-Type:")))
        return err_set(err, ERR_LIMIT, "no memory for the headers of a request to %s", t->host);
    return true;
}

/* ---- options */

static CURLcode set_method(CURL *easy, const struct http_request *r)
{
    const char *method = r->method ? r->method : "GET";
    bool is_post = strcmp(method, "POST") == 0;
    CURLcode rc = CURLE_OK;

    if (strcmp(method, "GET") == 0 && r->body_len == 0)
        return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (strcmp(method, "HEAD") == 0)
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    rc = curl_easy_setopt(easy, CURLOPT_POST, 1L);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body ? r->body : "");
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    if (!rc && !is_post)
        rc = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    return rc;
}

/* A request that changes something goes out on a connection of its own: on a reused one that turns out to be
 * dead libcurl would send it a second time, although the peer may have read and obeyed the first. */
static CURLcode set_connection(CURL *easy, const struct http *h, const struct http_request *r, bool loopback)
{
    const char *proxy = r->direct || loopback ? "" : h->proxy;
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);

    if (!rc && r->changes)
        rc = curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    if (!rc && r->changes)
        rc = curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    if (!rc && proxy)
        rc = curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    return rc;
}

static CURLcode set_time(CURL *easy, const struct http_request *r)
{
    long whole = (long)(r->timeout_ms > 0 ? r->timeout_ms : TIMEOUT_DEFAULT_MS);
    long connect = (long)(r->connect_timeout_ms > 0 ? r->connect_timeout_ms : CONNECT_DEFAULT_MS);
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);

    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, whole);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* a resolver thread that hangs is left behind: to wait for it, as libcurl would, stops the loop */
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    return rc;
}

static CURLcode set_protocol(CURL *easy, bool plain)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
#else
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(plain ? CURLPROTO_HTTP : CURLPROTO_HTTPS));
#endif
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    return rc;
}

/* One file and no folder: only then does libcurl (7.87 or newer) keep the parsed bundle, which costs 20 ms.
 */
static CURLcode set_tls(CURL *easy, const struct http *h)
{
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

    if (!rc && h->ca_file)
        rc = curl_easy_setopt(easy, CURLOPT_CAINFO, h->ca_file);
    if (!rc && h->ca_file)
        rc = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_SHARE, h->share);
    return rc;
}

static CURLcode set_callbacks(CURL *easy, struct transfer *t)
{
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_PRIVATE, t);

    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->reason);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
    return rc;
}

bool http_easy_prepare(struct transfer *t, struct err *err)
{
    const struct http_request *r = t->request;
    const struct http *h = t->http;
    struct http_url url;

    _Static_assert(sizeof(t->reason) >= CURL_ERROR_SIZE, "libcurl writes its reason there");
    if (!http_url_read(r->url, &url, err))
        return false;
    TEXT_COPY(t->host, url.host);
    if (!url.https && !url.loopback && !h->allow_plain && !(r->direct && url.metadata))
        return err_set(err, ERR_CONFIG,
                       "%s: http:// is refused, a secret would travel in the clear: use https://", t->host);
    buf_init(&t->head, HEAD_MAX);
    buf_init(&t->answer, r->max_body ? r->max_body : HTTP_BODY_DEFAULT);
    CURL *easy = t->easy = curl_easy_init();
    if (!easy)
        return err_set(err, ERR_LIMIT, "no memory for a request to %s", t->host);
    if (!add_headers(t, err))
        return false;
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, r->url);
    if (!rc)
        rc = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
    if (!rc && h->user_agent)
        rc = curl_easy_setopt(easy, CURLOPT_USERAGENT, h->user_agent);
    if (!rc)
        rc = set_method(easy, r);
    if (!rc)
        rc = set_connection(easy, h, r, url.loopback);
    if (!rc)
        rc = set_time(easy, r);
    if (!rc)
        rc = set_protocol(easy, !url.https);
    if (!rc)
        rc = set_tls(easy, h);
    if (!rc)
        rc = set_callbacks(easy, t);
    return rc == CURLE_OK ||
           err_set(err, ERR_CONFIG, "a request to %s cannot be made: %s", t->host, curl_easy_strerror(rc));
}

void http_easy_finish(struct transfer *t)
{
    if (t->easy)
        curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    buf_finish(&t->head);
    buf_finish(&t->answer);
}
