/* Open WebSocket connections: messages, their sizes, and how they end. */
#include "net_ws_rig.h"

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

/* ---- ends of an open connection */

static void test_ends(void **state)
{
    struct world w;
    struct link code = {0}, drop = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &code, (struct ws_options){0}, "ws", "127.0.0.1", server_port(w.server), "/");
    RIG_WAIT(&w.rig, code.opens);
    assert_true(ws_send(code.ws, "close 1009", 10));
    RIG_WAIT(&w.rig, code.closes == 1);
    assert_int_equal(code.code, 1009);
    assert_int_equal(code.err.code, ERR_REMOTE);
    assert_false(ws_send(code.ws, "x", 1));
    connect_to(&w, &drop, (struct ws_options){0}, "ws", "127.0.0.1", server_port(w.server), "/");
    RIG_WAIT(&w.rig, drop.opens);
    assert_true(ws_send(drop.ws, "drop", 4));
    RIG_WAIT(&w.rig, drop.closes == 1);
    assert_int_equal(drop.code, 0);
    assert_int_equal(drop.err.code, ERR_UNREACHABLE);
    RIG_WAIT(&w.rig, w.closed_by_server == 2);
    ws_destroy(code.ws);
    ws_destroy(drop.ws);
    close_world(&w);
}

/* Reads the upgrade and answers it right; the key's answer comes from a fixed key, so compute it. */
static void upgrade(int fd)
{
    char seen[4096], key[64] = "", command[256], answer[64] = "";
    size_t len = 0;

    while (len < sizeof(seen) - 1 && recv(fd, seen + len, 1, 0) == 1) {
        seen[++len] = '\0';
        if (text_ends(seen, "\r\n\r\n"))
            break;
    }
    const char *at = strcasestr(seen, "sec-websocket-key: ");
    if (!at || sscanf(at + 19, "%63s", key) != 1)
        return;
    TEXT_FORMAT(command,
                "printf %%s %s258EAFA5-E914-47DA-95CA-C5AB0DC85B11 | openssl sha1 -binary | openssl base64",
                key);
    FILE *run = popen(command, "r"); /* NOLINT: a test may call a shell */
    if (!run || fscanf(run, "%63s", answer) != 1)
        return;
    pclose(run);
    peer_write(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: ");
    peer_write(fd, answer);
    peer_write(fd, "\r\n\r\n");
}

static int pings_seen;

/* Upgrades, then reads and never says anything: a path that died without telling. */
static void serve_dead(struct peer *p, int fd, int number)
{
    unsigned char frame[2];

    (void)p, (void)number;
    upgrade(fd);
    while (recv(fd, frame, 2, MSG_WAITALL) == 2) {
        unsigned char mask[4 + 125];
        if ((frame[0] & 15) == 9)
            __atomic_add_fetch(&pings_seen, 1, __ATOMIC_SEQ_CST);
        recv(fd, mask, 4u + (frame[1] & 127u), MSG_WAITALL);
    }
}

static void test_silent_death(void **state)
{
    struct world w;
    struct peer p;
    struct link dead = {0}, alive = {0}, closing = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    peer_start(&p, serve_dead);
    const struct ws_options options = {.ping_after_ms = 100, .dead_after_ms = 400};
    connect_to(&w, &dead, options, "ws", "127.0.0.1", p.port, "/");
    connect_to(&w, &alive, options, "ws", "127.0.0.1", server_port(w.server), "/");
    connect_to(&w, &closing, (struct ws_options){0}, "ws", "127.0.0.1", p.port, "/");
    RIG_WAIT(&w.rig, dead.opens && alive.opens && closing.opens);
    int64_t began = loop_now(w.rig.loop);
    RIG_WAIT(&w.rig, dead.closes == 1);
    assert_in_range(loop_now(w.rig.loop) - began, 300, 3000);
    assert_int_equal(dead.err.code, ERR_TIMEOUT);
    assert_true(__atomic_load_n(&pings_seen, __ATOMIC_SEQ_CST) >= 2);
    loop_run_for(w.rig.loop, 600);
    assert_int_equal(alive.closes, 0); /* pongs count as life */
    assert_true(loop_now(w.rig.loop) - ws_last_frame_ms(alive.ws) < 400);
    /* a peer that does not answer our Close: one second, no more */
    began = loop_now(w.rig.loop);
    ws_close(closing.ws);
    RIG_WAIT(&w.rig, closing.closes == 1);
    assert_in_range(loop_now(w.rig.loop) - began, 900, 3000);
    ws_destroy(dead.ws);
    ws_destroy(alive.ws);
    ws_destroy(closing.ws);
    close_world(&w);
    peer_stop(&p);
}

/* Upgrades and talks for 720 ms, deaf to pings; what it says first is no text. Then silence. */
static void serve_talking(struct peer *p, int fd, int number)
{
    (void)p, (void)number;
    upgrade(fd);
    peer_write(fd, "\x82\x02no");
    for (int i = 0; i < 12; i++) {
        peer_write(fd, "\x81\x02ok");
        usleep(60 * 1000);
    }
    peer_drain(fd);
}

/* Any frame is a sign of life, not only a pong; and only text is a message. */
static void test_talk_is_life(void **state)
{
    struct world w;
    struct peer p;
    struct link l = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    peer_start(&p, serve_talking);
    connect_to(&w, &l, (struct ws_options){.ping_after_ms = 100, .dead_after_ms = 400}, "ws", "127.0.0.1",
               p.port, "/");
    RIG_WAIT(&w.rig, l.texts == 12 || l.closes);
    assert_int_equal(l.texts, 12);
    assert_int_equal(l.closes, 0);
    assert_string_equal(l.last, "ok");
    RIG_WAIT(&w.rig, l.closes == 1);
    assert_int_equal(l.texts, 12);
    assert_int_equal(l.err.code, ERR_TIMEOUT);
    ws_destroy(l.ws);
    close_world(&w);
    peer_stop(&p);
}

/* Sends its Close, and leaves TCP open. */
static void serve_half_closed(struct peer *p, int fd, int number)
{
    static const char close_frame[] = "\x88\x02\x03\xe9";

    (void)p, (void)number;
    upgrade(fd);
    send(fd, close_frame, sizeof(close_frame) - 1, MSG_NOSIGNAL);
    peer_drain(fd);
}

static void test_half_closed_is_ended(void **state)
{
    struct world w;
    struct peer p;
    struct link l = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    peer_start(&p, serve_half_closed);
    int64_t began = loop_now(w.rig.loop);
    connect_to(&w, &l, (struct ws_options){0}, "ws", "127.0.0.1", p.port, "/");
    RIG_WAIT(&w.rig, l.closes == 1);
    assert_true(loop_now(w.rig.loop) - began < 2000);
    assert_int_equal(l.code, 1001);
    assert_int_equal(l.err.code, ERR_REMOTE);
    ws_destroy(l.ws);
    close_world(&w);
    peer_stop(&p);
}

/* What waits to be written goes out before the Close. */
static void test_close_comes_last(void **state)
{
    struct world w;
    struct link l = {0};
    char *big = mem_alloc(500000);

    (void)state;
    memset(big, 'x', 500000);
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &l, (struct ws_options){0}, "ws", "127.0.0.1", server_port(w.server), "/");
    RIG_WAIT(&w.rig, l.opens);
    assert_true(ws_send(l.ws, big, 500000));
    assert_true(ws_send(l.ws, "last", 4));
    ws_close(l.ws);
    assert_false(ws_send(l.ws, "late", 4));
    RIG_WAIT(&w.rig, l.closes == 1 && w.closed_by_server == 1);
    assert_int_equal(w.texts, 2);
    assert_string_equal(w.last, "last");
    ws_destroy(l.ws);
    close_world(&w);
    mem_free(big);
}

/* ---- sizes */

static void test_oversize_is_drained(void **state)
{
    struct world w;
    struct link l = {0};
    const size_t len = 700000;
    char *big = mem_alloc(len);

    (void)state;
    memset(big, 'm', len);
    big[0] = 'A';
    big[len - 1] = 'Z';
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &l, (struct ws_options){.max_message = 100000}, "ws", "127.0.0.1", server_port(w.server),
               "/");
    RIG_WAIT(&w.rig, l.opens);
    assert_true(ws_send(l.ws, big, len));
    RIG_WAIT(&w.rig, l.oversizes == 1);
    assert_int_equal(l.total, len);
    assert_int_equal(l.head_len, WS_OVERSIZE_KEEP);
    assert_int_equal(l.tail_len, WS_OVERSIZE_KEEP);
    assert_int_equal(l.texts, 0);
    assert_true(ws_send(l.ws, "after", 5)); /* the connection stays */
    RIG_WAIT(&w.rig, l.texts == 1);
    assert_string_equal(l.last, "after");
    assert_true(ws_send(l.ws, big, 100000)); /* exactly the ceiling */
    RIG_WAIT(&w.rig, l.texts == 2);
    assert_int_equal(l.last_len, 100000);
    ws_destroy(l.ws);
    RIG_WAIT(&w.rig, w.closed_by_server == 1);
    close_world(&w);
    mem_free(big);
}

static void test_queue_has_a_ceiling(void **state)
{
    struct world w;
    struct link l = {0};
    char part[1000] = {0};

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    connect_to(&w, &l, (struct ws_options){.max_queue = 5000}, "ws", "127.0.0.1", server_port(w.server), "/");
    assert_false(ws_send(l.ws, "early", 5)); /* not open yet */
    RIG_WAIT(&w.rig, l.opens);
    memset(part, 'x', sizeof(part));
    for (int i = 0; i < 5; i++)
        assert_true(ws_send(l.ws, part, sizeof(part)));
    assert_false(ws_send(l.ws, part, 1));
    RIG_WAIT(&w.rig, l.texts == 5);
    assert_int_equal(ws_queued(l.ws), 0);
    ws_destroy(l.ws);
    close_world(&w);
}

/* ---- destroyed at awkward moments */

static void test_destroy_anywhere(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, (struct server_options){0}, (struct ws_client_options){.proxy = ""});
    struct link inside = {.destroy_on_text = true};
    connect_to(&w, &inside, (struct ws_options){0}, "ws", "127.0.0.1", server_port(w.server), "/hello");
    RIG_WAIT(&w.rig, inside.texts == 1);
    assert_null(inside.ws);
    RIG_WAIT(&w.rig, w.closed_by_server == 1);
    assert_int_equal(inside.closes, 0);
    /* after each of the first turns: while naming, connecting, upgrading, open */
    for (int turns = 0; turns < 40; turns++) {
        struct link l = {0};
        connect_to(&w, &l, (struct ws_options){0}, "ws", turns % 2 ? "localhost" : "127.0.0.1",
                   server_port(w.server), "/hello");
        for (int i = 0; i < turns / 2; i++)
            loop_run_for(w.rig.loop, 0);
        ws_destroy(l.ws);
        loop_run_for(w.rig.loop, 1);
        assert_int_equal(l.closes, 0);
    }
    RIG_WAIT(&w.rig, w.closed_by_server == w.opened);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_silent_death),
        cmocka_unit_test(test_talk_is_life),
        cmocka_unit_test(test_half_closed_is_ended),
        cmocka_unit_test(test_close_comes_last),
        cmocka_unit_test(test_oversize_is_drained),
        cmocka_unit_test(test_queue_has_a_ceiling),
        cmocka_unit_test(test_destroy_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
