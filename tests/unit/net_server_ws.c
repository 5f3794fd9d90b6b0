/* WebSockets that the listener accepted, from raw peers and from our own client. */
#include "net_ws_rig.h"

#include "net_raw.h"

#define UPGRADE_TO(what)                                                                                     \
    "GET /raw?a=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: " what "\r\n"                       \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static void open_raw(struct world *w, struct server_options options, struct raw *r)
{
    open_world(w, options, (struct ws_client_options){.proxy = ""});
    raw_say(server_port(w->server), r, UPGRADE_TO("websocket"));
    RIG_WAIT(&w->rig, raw_read(r) || w->opened);
    RIG_WAIT(&w->rig, raw_read(r) || strstr(r->seen, "\r\n\r\n"));
    assert_true(text_starts(r->seen, "HTTP/1.1 101 "));
    assert_string_equal(w->target, "/raw?a=1");
    r->len = 0;
    r->seen[0] = '\0';
}

/* A frame as clients send it, masked with zeros. */
static void say_frame(const struct raw *r, unsigned char opcode, const char *text)
{
    unsigned char frame[6 + 125] = {(unsigned char)(0x80 | opcode), (unsigned char)(0x80 | strlen(text))};

    assert_true(strlen(text) <= 125);
    memcpy(frame + 6, text, strlen(text));
    assert_int_equal(send(r->fd, frame, 6 + strlen(text), MSG_NOSIGNAL), 6 + strlen(text));
}

/* Only text is handed on, and the time for a request does not end a WebSocket. */
static void test_raw_text(void **state)
{
    struct world w;
    struct raw r;

    (void)state;
    open_raw(&w, (struct server_options){.request_ms = 200}, &r);
    say_frame(&r, 2, "binary");
    say_frame(&r, 1, "text");
    RIG_WAIT(&w.rig, raw_read(&r) || r.len >= 6);
    assert_memory_equal(r.seen, "\x81\x04text", 6);
    assert_int_equal(w.texts, 1);
    loop_run_for(w.rig.loop, 500);
    assert_false(raw_read(&r));
    say_frame(&r, 1, "more");
    RIG_WAIT(&w.rig, w.texts == 2);
    close(r.fd);
    RIG_WAIT(&w.rig, w.closed_by_server == 1);
    close_world(&w);
}

/* Who does not answer our Close is let go after a second. */
static void test_silent_after_close(void **state)
{
    struct world w;
    struct raw r;

    (void)state;
    open_raw(&w, (struct server_options){0}, &r);
    int64_t began = loop_now(w.rig.loop);
    say_frame(&r, 1, "close 1009");
    RIG_WAIT(&w.rig, raw_read(&r));
    assert_in_range(loop_now(w.rig.loop) - began, 0, 3000);
    assert_true(r.len >= 4);
    assert_memory_equal(r.seen, "\x88\x02\x03\xf1", 4);
    RIG_WAIT(&w.rig, w.closed_by_server == 1);
    close(r.fd);
    close_world(&w);
}

/* libwebsockets would change to HTTP/2 without asking. */
static void test_only_websockets(void **state)
{
    static const char *const asks[] = {
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        UPGRADE_TO("something"),
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        struct raw r;
        open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
        raw_say(server_port(w.server), &r, asks[i]);
        RIG_WAIT(&w.rig, raw_read(&r));
        assert_null(strstr(r.seen, " 101 "));
        assert_int_equal(w.opened, 0);
        close(r.fd);
        close_world(&w);
    }
}

static void connect_local(struct world *w, struct link *l)
{
    open_world(w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(w, l, (struct ws_options){.max_queue = 4 * 1024 * 1024}, "ws", "127.0.0.1",
               server_port(w->server), "/");
    RIG_WAIT(&w->rig, l->opens);
}

static void test_farewell(void **state)
{
    struct world w;
    struct link l = {0};

    (void)state;
    connect_local(&w, &l);
    assert_true(ws_send(l.ws, "farewell", 8));
    RIG_WAIT(&w.rig, l.closes == 1);
    assert_int_equal(l.code, 1001);
    assert_int_equal(l.texts, 2);
    assert_string_equal(l.last, "bye");
    RIG_WAIT(&w.rig, w.closed_by_server == 1);
    ws_destroy(l.ws);
    close_world(&w);
}

static void test_message_has_a_ceiling(void **state)
{
    const size_t most = 1024 * 1024;
    struct world w;
    struct link l = {0};
    char *big = mem_alloc(most + 1);

    (void)state;
    memset(big, 'b', most + 1);
    connect_local(&w, &l);
    assert_true(ws_send(l.ws, big, most));
    RIG_WAIT(&w.rig, l.texts == 1);
    assert_int_equal(l.last_len, most);
    assert_true(ws_send(l.ws, big, most + 1));
    RIG_WAIT(&w.rig, l.closes == 1);
    assert_int_equal(l.code, 1009);
    assert_int_equal(w.texts, 1);
    ws_destroy(l.ws);
    RIG_WAIT(&w.rig, w.closed_by_server == 1);
    close_world(&w);
    mem_free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw_text),
        cmocka_unit_test(test_silent_after_close),
        cmocka_unit_test(test_only_websockets),
        cmocka_unit_test(test_farewell),
        cmocka_unit_test(test_message_has_a_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
