#ifndef TESTS_UNIT_NET_WS_RIG_H
#define TESTS_UNIT_NET_WS_RIG_H
/* A WebSocket client and a listener that echoes, on one loop; links note what they were told. */
#include "net_rig.h"

#include "base/mem.h"
#include "net/server.h"
#include "net/ws.h"

/* libwebsockets 4.1 with two TLS contexts at a time, as here, does not free the first one's configuration. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libwebsockets.so\nleak:libcrypto.so\nleak:libssl.so\n";
}

struct world {
    struct rig rig;
    struct server *server;
    struct ws_client *client;
    struct server_ws *accepted;
    int asked, opened, closed_by_server;
    char target[128];
    int texts; /* heard by the server */
    char last[32];
    bool server_closed, client_closed;
};

static inline bool on_ws_open(void *user, struct server_ws *ws, const char *path_and_query)
{
    struct world *w = user;

    w->asked++;
    TEXT_COPY(w->target, path_and_query);
    if (text_starts(path_and_query, "/refused"))
        return false;
    w->accepted = ws;
    w->opened++;
    if (text_starts(path_and_query, "/hello"))
        assert_true(server_ws_send(ws, "hello", 5));
    return true;
}

#define FAREWELL 500000

/* Much to say before the Close, and nothing after it. */
static inline void rig_farewell(struct server_ws *ws)
{
    char *big = mem_alloc(FAREWELL);

    memset(big, 'f', FAREWELL);
    assert_true(server_ws_send(ws, big, FAREWELL));
    assert_true(server_ws_send(ws, "bye", 3));
    server_ws_close(ws, 1001);
    assert_false(server_ws_send(ws, "late", 4));
    mem_free(big);
}

static inline void on_ws_text(void *user, struct server_ws *ws, char *text, size_t len)
{
    struct world *w = user;

    w->texts++;
    TEXT_COPY(w->last, text);
    if (strcmp(text, "close 1009") == 0)
        server_ws_close(ws, 1009);
    else if (strcmp(text, "farewell") == 0)
        rig_farewell(ws);
    else if (strcmp(text, "drop") == 0)
        server_ws_drop(ws);
    else
        assert_true(server_ws_send(ws, text, len));
}

static inline void on_ws_close(void *user, struct server_ws *ws)
{
    struct world *w = user;

    if (w->accepted == ws)
        w->accepted = NULL;
    w->closed_by_server++;
}

static inline void on_request(void *user, struct server_call *call)
{
    (void)user;
    server_answer(call, 200, "text/plain", NULL, "ok", 2);
}

static inline void open_world(struct world *w, struct server_options options, struct ws_client_options client)
{
    struct err err = {0};

    memset(w, 0, sizeof(*w));
    rig_open(&w->rig);
    options.on_request = on_request;
    options.on_ws_open = on_ws_open;
    options.on_ws_text = on_ws_text;
    options.on_ws_close = on_ws_close;
    options.user = w;
    w->server = server_create(w->rig.loop, &options, &err);
    assert_non_null(w->server);
    w->client = ws_client_create(w->rig.loop, &client, &err);
    assert_non_null(w->client);
}

static inline void close_world(struct world *w)
{
    ws_client_close(w->client, rig_set, &w->client_closed);
    server_close(w->server, rig_set, &w->server_closed);
    RIG_WAIT(&w->rig, w->client_closed && w->server_closed);
    rig_close(&w->rig);
}

struct link {
    struct ws *ws;
    int opens, texts, oversizes, closes;
    size_t last_len, head_len, tail_len;
    uint64_t total;
    char last[64];
    struct err err;
    int http_status, code;
    bool destroy_on_text;
};

static inline void on_open(struct ws *ws, void *user)
{
    struct link *l = user;

    (void)ws;
    l->opens++;
}

static inline void on_text(struct ws *ws, void *user, char *text, size_t len)
{
    struct link *l = user;

    assert_int_equal(text[len], '\0');
    l->texts++;
    l->last_len = len;
    TEXT_COPY(l->last, text);
    if (l->destroy_on_text) {
        l->ws = NULL;
        ws_destroy(ws);
    }
}

static inline void on_oversize(struct ws *ws, void *user, const char *head, size_t head_len, const char *tail,
                               size_t tail_len, uint64_t total)
{
    struct link *l = user;

    (void)ws;
    assert_int_equal(head[0], 'A');
    assert_int_equal(tail[tail_len - 1], 'Z');
    l->head_len = head_len;
    l->tail_len = tail_len;
    l->total = total;
    l->oversizes++;
}

static inline void on_close(struct ws *ws, void *user, const struct err *err, int http_status, int code)
{
    struct link *l = user;

    (void)ws;
    l->closes++;
    l->err = *err;
    l->http_status = http_status;
    l->code = code;
}

static inline void connect_to(struct world *w, struct link *l, struct ws_options options, const char *scheme,
                              const char *host, int port, const char *path)
{
    char url[256];

    TEXT_FORMAT(url, "%s://%s:%d%s", scheme, host, port, path);
    options.url = url;
    options.on_open = on_open;
    options.on_text = on_text;
    options.on_oversize = on_oversize;
    options.on_close = on_close;
    options.user = l;
    l->ws = ws_connect(w->client, &options);
    assert_non_null(l->ws);
    assert_int_equal(l->opens + l->closes, 0);
}

#endif
