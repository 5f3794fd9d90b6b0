/* WebSocket connections to our own listener and to raw peers that misbehave. */
#include "net_rig.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/server.h"
#include "net/ws.h"

struct world {
    struct rig rig;
    struct server *server;
    struct ws_client *client;
    struct server_ws *accepted;
    int opened, closed_by_server;
    char target[128];
    bool server_closed, client_closed;
};

static bool on_ws_open(void *user, struct server_ws *ws, const char *path_and_query)
{
    struct world *w = user;

    TEXT_COPY(w->target, path_and_query);
    if (text_starts(path_and_query, "/refused"))
        return false;
    w->accepted = ws;
    w->opened++;
    if (text_starts(path_and_query, "/hello"))
        assert_true(server_ws_send(ws, "hello", 5));
    return true;
}

static void on_ws_text(void *user, struct server_ws *ws, char *text, size_t len)
{
    (void)user;
    if (strcmp(text, "close 1009") == 0)
        server_ws_close(ws, 1009);
    else if (strcmp(text, "drop") == 0)
        server_ws_drop(ws);
    else
        assert_true(server_ws_send(ws, text, len));
}

static void on_ws_close(void *user, struct server_ws *ws)
{
    struct world *w = user;

    if (w->accepted == ws)
        w->accepted = NULL;
    w->closed_by_server++;
}

static void on_request(void *user, struct server_call *call)
{
    (void)user;
    server_answer(call, 200, "text/plain", NULL, "ok", 2);
}

static void open_world(struct world *w, struct server_options options, struct ws_client_options client)
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

static void close_world(struct world *w)
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

static void on_open(struct ws *ws, void *user)
{
    struct link *l = user;

    (void)ws;
    l->opens++;
}

static void on_text(struct ws *ws, void *user, char *text, size_t len)
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

static void on_oversize(struct ws *ws, void *user, const char *head, size_t head_len, const char *tail,
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

static void on_close(struct ws *ws, void *user, const struct err *err, int http_status, int code)
{
    struct link *l = user;

    (void)ws;
    l->closes++;
    l->err = *err;
    l->http_status = http_status;
    l->code = code;
}

static void connect_to(struct world *w, struct link *l, struct ws_options options, const char *scheme,
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

static void test_echo(void **state)
{
    struct world w;
    struct link l = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &l, (struct ws_options){.bearer = "xapp-secret-token"}, "ws", "127.0.0.1",
               server_port(w.server), "/hello?ticket=1&app=2");
    RIG_WAIT(&w.rig, l.texts == 1);
    assert_string_equal(l.last, "hello");
    assert_string_equal(w.target, "/hello?ticket=1&app=2");
    for (int i = 0; i < 3; i++)
        assert_true(ws_send(l.ws, "one", 3));
    RIG_WAIT(&w.rig, l.texts == 4);
    char *big = mem_alloc(300000);
    memset(big, 'x', 300000);
    assert_true(ws_send(l.ws, big, 300000));
    RIG_WAIT(&w.rig, l.texts == 5);
    assert_int_equal(l.last_len, 300000);
    assert_int_equal(ws_queued(l.ws), 0);
    mem_free(big);
    ws_close(l.ws);
    RIG_WAIT(&w.rig, l.closes == 1);
    assert_int_equal(l.err.code, ERR_CANCELLED);
    RIG_WAIT(&w.rig, w.closed_by_server == 1);
    ws_destroy(l.ws);
    close_world(&w);
}

static void test_refused_port(void **state)
{
    struct world w;
    struct link l = {0};
    int port;
    int fd = peer_listen(&port);

    (void)state;
    close(fd);
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &l, (struct ws_options){0}, "ws", "127.0.0.1", port, "/");
    RIG_WAIT(&w.rig, l.closes == 1);
    assert_int_equal(l.err.code, ERR_UNREACHABLE);
    ws_destroy(l.ws);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_refused_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
