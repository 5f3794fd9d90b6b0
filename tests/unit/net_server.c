/* The listener, asked by our own HTTP client and by raw sockets. */
#include "net_rig.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/server.h"

struct world {
    struct rig rig;
    struct server *server;
    struct http *http;
    struct server_call *held; /* "/hold": answered later */
    int gone, calls;
    bool server_closed, http_closed;
};

static void echo(struct server_call *c)
{
    struct buf b;
    size_t len;
    const char *body = server_body(c, &len);
    const char *target = server_header(c, "x-amz-target"), *agent = server_header(c, "user-agent");

    buf_init(&b, 1 << 20);
    buf_format(&b, "%s %s [%s] %s %s ", server_method(c), server_path(c), server_query(c),
               target ? target : "-", agent ? agent : "-");
    buf_put(&b, body, len);
    server_answer(c, 200, "text/plain", "x-one: 1\r\nx-two: 2\r\n", b.data, b.len);
    buf_finish(&b);
}

static void on_request(void *user, struct server_call *call)
{
    struct world *w = user;

    w->calls++;
    if (strcmp(server_path(call), "/hold") == 0)
        w->held = call;
    else if (strcmp(server_path(call), "/drop") == 0)
        server_drop(call, false);
    else if (strcmp(server_path(call), "/reset") == 0)
        server_drop(call, true);
    else if (strcmp(server_path(call), "/empty") == 0)
        server_answer(call, 204, NULL, NULL, NULL, 0);
    else
        echo(call);
}

static void on_gone(void *user, struct server_call *call)
{
    struct world *w = user;

    assert_ptr_equal(call, w->held);
    w->held = NULL;
    w->gone++;
}

static void open_world(struct world *w, struct server_options options)
{
    struct err err = {0};

    memset(w, 0, sizeof(*w));
    rig_open(&w->rig);
    options.on_request = on_request;
    options.on_gone = on_gone;
    options.user = w;
    w->server = server_create(w->rig.loop, &options, &err);
    assert_non_null(w->server);
    w->http = http_create(w->rig.loop, &(struct http_options){.proxy = ""}, &err);
    assert_non_null(w->http);
}

static void close_world(struct world *w)
{
    http_close(w->http, rig_set, &w->http_closed);
    server_close(w->server, rig_set, &w->server_closed);
    RIG_WAIT(&w->rig, w->http_closed && w->server_closed);
    rig_close(&w->rig);
}

struct ask {
    struct http_request request;
    char url[256];
    bool done, ok, sent;
    int status;
    struct err err;
    char *body;
    char one[16];
};

static void on_asked(struct http_request *r)
{
    struct ask *a = r->user;
    const char *one = http_answer_header(r, "X-One");

    a->done = true;
    a->ok = r->ok;
    a->sent = r->sent;
    a->status = r->status;
    a->err = r->err;
    TEXT_COPY(a->one, one ? one : "");
    a->body = r->ok ? buf_take(&r->answer) : NULL;
}

static void ask(struct world *w, struct ask *a, const char *method, const char *path)
{
    TEXT_FORMAT(a->url, "http://127.0.0.1:%d%s", server_port(w->server), path);
    a->request.method = method;
    a->request.url = a->url;
    a->request.done = on_asked;
    a->request.user = a;
    http_start(w->http, &a->request);
    assert_false(a->done);
}

static void test_echo_keeps_alive(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, (struct server_options){0});
    for (int i = 0; i < 3; i++) {
        struct ask a = {.request = {.body = "a=1", .body_len = 3}};
        a.request.headers[0] = (struct http_header){"X-Amz-Target", "Service.Call"};
        a.request.headers[1] = (struct http_header){"User-Agent", "unit"};
        ask(&w, &a, i == 1 ? "PUT" : "POST", "/path/x?q=1&r=2");
        RIG_WAIT(&w.rig, a.done);
        assert_true(a.ok);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.one, "1");
        assert_string_equal(a.body, i == 1 ? "PUT /path/x [q=1&r=2] Service.Call unit a=1"
                                           : "POST /path/x [q=1&r=2] Service.Call unit a=1");
        mem_free(a.body);
    }
    struct ask get = {0}, empty = {0}, token = {0};
    ask(&w, &get, "GET", "/");
    ask(&w, &empty, "POST", "/empty");
    ask(&w, &token, "PUT", "/token");
    RIG_WAIT(&w.rig, get.done && empty.done && token.done);
    assert_true(get.ok && empty.ok && token.ok);
    assert_int_equal(empty.status, 204);
    assert_string_equal(get.body, "GET / [] - cloudtak-bot/" CLOUDTAK_VERSION " ");
    mem_free(get.body);
    mem_free(empty.body);
    mem_free(token.body);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo_keeps_alive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
