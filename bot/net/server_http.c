/* One HTTP request and its answer. */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "server_private.h"

#define HEAD_MAX     (16 * 1024) /* of an answer */
#define IDLE_MS      30000       /* a kept connection may wait this long for the next request */
#define ANSWER_MS    30000       /* the peer may take this long to read an answer */
#define QUERY_MAX    (48 * 1024) /* libwebsockets takes 16 KiB of header lines; encoding makes three of one */
#define NAME_MAX_LEN 128         /* of a header that is asked for */

/* ---- what was asked */

char *server_http_path(struct lws *wsi, const char **ret_method)
{
    static const struct {
        enum lws_token_indexes token;
        const char *method;
    } methods[] = {
        {WSI_TOKEN_GET_URI, "GET"},     {WSI_TOKEN_POST_URI, "POST"},     {WSI_TOKEN_PUT_URI, "PUT"},
        {WSI_TOKEN_PATCH_URI, "PATCH"}, {WSI_TOKEN_DELETE_URI, "DELETE"}, {WSI_TOKEN_HEAD_URI, "HEAD"},
    };

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        int len = lws_hdr_total_length(wsi, methods[i].token);
        if (len <= 0)
            continue;
        char *path = mem_alloc((size_t)len + 1);
        lws_hdr_copy(wsi, path, len + 1, methods[i].token);
        *ret_method = methods[i].method;
        return path;
    }
    return NULL;
}

static void add_encoded(struct buf *b, const char *bytes, size_t len)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c > 0x20 && c < 0x7f && !strchr("%&#+", c)) {
            buf_char(b, (char)c);
        } else {
            buf_char(b, '%');
            buf_char(b, hex[c >> 4]);
            buf_char(b, hex[c & 15]);
        }
    }
}

/* libwebsockets decodes the parts between "&" and keeps them apart; here they become one query again. */
char *server_http_query(struct lws *wsi)
{
    int total = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
    struct buf query;

    if (total <= 0)
        return mem_text("");
    char *part = mem_alloc((size_t)total + 1);
    buf_init(&query, QUERY_MAX);
    for (int i = 0, len; (len = lws_hdr_copy_fragment(wsi, part, total + 1, WSI_TOKEN_HTTP_URI_ARGS, i)) > 0;
         i++) {
        if (i > 0)
            buf_char(&query, '&');
        add_encoded(&query, part, (size_t)len);
    }
    mem_free(part);
    return buf_take(&query);
}

/* libwebsockets knows the common headers by number and the others by "name:". */
static int known_token(const char *name_colon)
{
    for (int token = 0; token < WSI_TOKEN_COUNT; token++) {
        const unsigned char *text = lws_token_to_string((enum lws_token_indexes)token);
        if (text && strcmp((const char *)text, name_colon) == 0)
            return token;
    }
    return -1;
}

char *server_http_header(struct lws *wsi, const char *lower_case_name)
{
    char name[NAME_MAX_LEN];

    if (!TEXT_FORMAT(name, "%s:", lower_case_name))
        return NULL;
    int name_len = (int)strlen(name);
    int token = known_token(name);
    int len = token >= 0 ? lws_hdr_total_length(wsi, (enum lws_token_indexes)token)
                         : lws_hdr_custom_length(wsi, name, name_len);
    if (len <= 0)
        return NULL;
    char *value = mem_alloc((size_t)len + 1);
    if (token >= 0)
        lws_hdr_copy(wsi, value, len + 1, (enum lws_token_indexes)token);
    else
        lws_hdr_custom_copy(wsi, value, len + 1, name, name_len);
    return value;
}

const char *server_header(const struct server_call *c, const char *lower_case_name)
{
    struct server_call *call = (struct server_call *)c;

    for (struct server_header *h = call->headers; h; h = h->next)
        if (strcmp(h->name, lower_case_name) == 0)
            return h->value;
    char *value = c->conn->wsi ? server_http_header(c->conn->wsi, lower_case_name) : NULL;
    if (!value)
        return NULL;
    struct server_header *h = mem_alloc(sizeof(*h));
    h->name = mem_text(lower_case_name);
    h->value = value;
    h->next = call->headers;
    call->headers = h;
    return value;
}

const char *server_method(const struct server_call *c)
{
    return c->method;
}

const char *server_path(const struct server_call *c)
{
    return c->path;
}

const char *server_query(const struct server_call *c)
{
    return c->query;
}

const char *server_body(const struct server_call *c, size_t *ret_len)
{
    if (ret_len)
        *ret_len = c->body.len;
    return c->body.data;
}

void server_set_user(struct server_call *c, void *user)
{
    c->user = user;
}

void *server_get_user(const struct server_call *c)
{
    return c->user;
}

/* ---- reading */

static void free_call(struct server_call *call)
{
    while (call->headers) {
        struct server_header *h = call->headers;
        call->headers = h->next;
        mem_free(h->name);
        mem_free(h->value);
        mem_free(h);
    }
    mem_free(call->method);
    mem_free(call->path);
    mem_free(call->query);
    mem_free(call->answer);
    buf_finish(&call->body);
    mem_free(call);
}

/* An answer of the listener itself; the connection closes behind it. */
static int refuse(struct conn *c, int status, const char *why)
{
    c->call->close_after = true;
    c->state = CONN_CALLED;
    server_answer(c->call, status, "text/plain; charset=utf-8", NULL, why, strlen(why));
    return 0;
}

static int hand_over(struct conn *c)
{
    struct server *s = c->server;

    c->state = CONN_CALLED;
    server_arm(c, SERVER_PEEK_MS);
    lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT,
                    0); /* the answer may come late: that is the program's matter */
    s->options.on_request(s->options.user, c->call);
    return 0;
}

static bool has_body_method(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

/* Digits only, else false: "-1" or "1e9" are nothing to guess about. */
static bool read_length(const char *text, size_t *ret)
{
    size_t len = 0;

    if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 12)
        return false;
    for (; *text; text++)
        len = len * 10 + (size_t)(*text - '0');
    *ret = len;
    return true;
}

int server_http_begin(struct conn *c)
{
    const char *method = NULL;
    char *path = server_http_path(c->wsi, &method);

    if (!path || c->call)
        return -1;
    struct server_call *call = c->call = mem_alloc(sizeof(*call));
    call->conn = c;
    call->method = mem_text(method);
    call->path = path;
    call->query = server_http_query(c->wsi);
    buf_init(&call->body, c->server->options.max_body);
    if (c->kept) /* else the time runs since it was accepted: head and body together */
        server_arm(c, c->server->options.request_ms);
    c->state = CONN_BODY;
    const char *length = server_header(call, "content-length");
    if (server_header(call, "transfer-encoding") || (!length && has_body_method(method)))
        return refuse(c, 411, "a body needs a Content-Length here\n");
    if (length && !read_length(length, &call->expected))
        return refuse(c, 400, "Content-Length is no number\n");
    if (call->expected > c->server->options.max_body)
        return refuse(c, 413, "the body is too large\n");
    return call->expected == 0 ? hand_over(c) : 0;
}

int server_http_body(struct conn *c, const void *bytes, size_t len)
{
    if (c->state != CONN_BODY || !c->call)
        return 0; /* of a request that was refused */
    buf_put(&c->call->body, bytes, len);
    return 0;
}

int server_http_body_end(struct conn *c)
{
    return c->state == CONN_BODY && c->call ? hand_over(c) : 0;
}

/* ---- answering */

static const char *reason_phrase(int status)
{
    switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Status";
    }
}

void server_claim_length(struct server_call *c, size_t len)
{
    c->claims = c->close_after = true;
    c->claimed = len;
}

void server_answer(struct server_call *c, int status, const char *content_type, const char *extra_headers,
                   const void *body, size_t len)
{
    bool bare = status == 204 || status == 304;
    bool without_body = bare || strcmp(c->method, "HEAD") == 0;
    struct conn *conn = c->conn;
    struct buf head;

    buf_init(&head, HEAD_MAX);
    buf_format(&head, "HTTP/1.1 %d %s\r\n", status, reason_phrase(status));
    if (content_type)
        buf_format(&head, "content-type: %s\r\n", content_type);
    if (!bare)
        buf_format(&head, "content-length: %zu\r\n", c->claims ? c->claimed : len);
    if (c->close_after && !c->claims)
        buf_text(&head, "connection: close\r\n");
    buf_text(&head, extra_headers);
    buf_text(&head, "\r\n");
    size_t body_len = without_body ? 0 : len;
    c->answer = mem_alloc(LWS_PRE + head.len + body_len);
    memcpy(c->answer + LWS_PRE, head.data, head.len);
    if (body_len)
        memcpy(c->answer + LWS_PRE + head.len, body, body_len);
    c->answer_len = head.len + body_len;
    buf_finish(&head);
    conn->state = CONN_ANSWERING;
    server_arm(conn, ANSWER_MS);
    server_want_write(conn);
}

int server_http_write(struct conn *c)
{
    struct server_call *call = c->call;

    if (c->state != CONN_ANSWERING || !call)
        return 0; /* it also comes unasked */
    size_t len = call->answer_len;
    bool close_after = call->close_after;
    bool ok = lws_write(c->wsi, call->answer + LWS_PRE, len, LWS_WRITE_HTTP_FINAL) == (int)len;
    c->call = NULL;
    free_call(call);
    c->state = CONN_WAITING;
    c->kept = true;
    server_arm(c, IDLE_MS);
    return !ok || close_after || lws_http_transaction_completed(c->wsi) ? -1 : 0;
}

void server_drop(struct server_call *c, bool reset)
{
    struct conn *conn = c->conn;

    conn->call = NULL;
    conn->state = CONN_WAITING;
    free_call(c);
    server_kill(conn, reset);
}

/* The connection ended. */
void server_http_gone(struct conn *c)
{
    struct server_call *call = c->call;
    const struct server_options *o = &c->server->options;

    if (!call)
        return;
    c->call = NULL;
    if (c->state == CONN_CALLED && o->on_gone)
        o->on_gone(o->user, call);
    free_call(call);
}
