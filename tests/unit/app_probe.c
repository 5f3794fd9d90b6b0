/* The probe of CloudTAK over real sockets, against a peer on loopback that answers as CloudTAK does. */
#include "net_http_rig.h"

#include "bot/probe.h"

#define ASKED_MOST 8

/* What the peer was asked, whole; and what it answers. Written by its threads before they answer. */
static struct peer_script {
    char asked[ASKED_MOST][1024];
    int count;
    int api, database, websocket;
    bool silent_database;
} script;

static void answer(int fd, int status, const char *body)
{
    char text[512];
    TEXT_FORMAT(text,
                "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nLocation: "
                "http://127.0.0.1:1/\r\nConnection: close\r\n\r\n%s",
                status, strlen(body), body);
    peer_write(fd, text);
}

static void serve_cloudtak(struct peer *p, int fd, int number)
{
    char *asked = script.asked[number - 1];
    size_t len = 0;
    (void)p;
    assert(number <= ASKED_MOST);
    while (strstr(asked, "\r\n\r\n") == NULL && len + 1 < sizeof(script.asked[0])) {
        const ssize_t n = recv(fd, asked + len, sizeof(script.asked[0]) - 1 - len, 0);
        if (n <= 0) {
            return;
        }
        len += (size_t)n;
        asked[len] = '\0';
    }
    if (strcasestr(asked, "upgrade: websocket") != NULL) {
        answer(fd, script.websocket, "");
    } else if (text_starts(asked, "GET /api/config?keys=login::name HTTP/1.1\r\n")) {
        if (script.silent_database) {
            peer_drain(fd);
        }
        answer(fd, script.database, "{\"login::name\":\"COTAK\"}");
    } else if (text_starts(asked, "GET /api HTTP/1.1\r\n")) {
        answer(fd, script.api, "{\"version\":\"13.70.0\"}");
    } else {
        answer(fd, 404, "");
    }
}

struct looked {
    struct probe_look look;
    int done;
    char text[PROBE_TEXT];
};

static void on_looked(struct probe_look *r)
{
    struct looked *l = r->user;
    l->done++;
    probe_text(&r->result, l->text, sizeof(l->text));
}

/* One look at a peer that answers so. */
static void look(const char *tail, unsigned parts, struct looked *l)
{
    struct world w;
    struct peer peer;
    memset(script.asked, 0, sizeof(script.asked));
    peer_start(&peer, serve_cloudtak);
    open_world(&w, (struct http_options){0});
    struct probe *p = probe_http_create(w.rig.loop, w.http);
    *l = (struct looked){.look = {.parts = parts, .done = on_looked, .user = l}};
    TEXT_FORMAT(l->look.base, "http://127.0.0.1:%d%s", peer.port, tail);
    p->ops->look(p, &l->look);
    assert_int_equal(l->done, 0); /* never inside */
    RIG_WAIT(&w.rig, l->done > 0);
    loop_run_for(w.rig.loop, 20);
    assert_int_equal(l->done, 1);
    probe_http_destroy(p);
    close_world(&w);
    peer_stop(&peer);
    script.count = peer.connections;
}

static void all_is_well(int api, int database, int websocket)
{
    script.api = api;
    script.database = database;
    script.websocket = websocket;
    script.silent_database = false;
}

#define ALL (PROBE_VERSION | PROBE_DATABASE | PROBE_WEBSOCKET)

static void three_questions_at_once(void **state)
{
    struct looked l;
    (void)state;
    all_is_well(200, 200, 401);
    look("", ALL, &l);
    assert_string_equal(l.text, "version 13.70.0 · database ok · WebSocket ok");
    assert_int_equal(script.count, 3);
    look("///", ALL, &l); /* slashes at the end of the address */
    assert_string_equal(l.text, "version 13.70.0 · database ok · WebSocket ok");
}

/* The handshake is complete, so that the hub answers it; nothing that identifies us is sent. */
static void the_handshake(void **state)
{
    struct looked l;
    (void)state;
    all_is_well(200, 200, 401);
    look("", PROBE_WEBSOCKET, &l);
    assert_string_equal(l.text, "WebSocket ok");
    assert_int_equal(script.count, 1);
    assert_true(text_starts(script.asked[0], "GET /api HTTP/1.1\r\n"));
    assert_non_null(strcasestr(script.asked[0], "\r\nUpgrade: websocket\r\n"));
    assert_non_null(strcasestr(script.asked[0], "\r\nConnection: Upgrade\r\n"));
    assert_non_null(strcasestr(script.asked[0], "\r\nSec-WebSocket-Version: 13\r\n"));
    assert_non_null(strcasestr(script.asked[0], "\r\nSec-WebSocket-Key: "));
    assert_null(strcasestr(script.asked[0], "\r\nAuthorization:"));
    assert_null(strcasestr(script.asked[0], "\r\nCookie:"));
}

static void what_it_answers_is_told(void **state)
{
    struct looked l;
    (void)state;
    all_is_well(200, 500, 503);
    look("", ALL, &l);
    assert_string_equal(l.text, "version 13.70.0 · database FAILING (500): new tasks would die · WebSocket "
                                "FAILING (503): no healthy hub");
    all_is_well(200, 200, 426);
    look("", PROBE_WEBSOCKET, &l);
    assert_string_equal(l.text, "WebSocket FAILING (426): the load balancer's rule for WebSockets is "
                                "missing");
}

/* A redirect is no answer, and is not followed: the port it names would refuse us. */
static void no_redirect_is_followed(void **state)
{
    struct looked l;
    (void)state;
    all_is_well(302, 200, 401);
    look("", PROBE_VERSION, &l);
    assert_string_equal(l.text, "version not checked: it answers 302, a redirect: is targets[].probe its own "
                                "address?");
    assert_int_equal(script.count, 1);
}

static void nobody_listens(void **state)
{
    struct looked l = {.look = {.parts = ALL, .done = on_looked, .user = &l}};
    struct world w;
    int port, fd = peer_listen(&port);
    (void)state;
    close(fd);
    open_world(&w, (struct http_options){0});
    struct probe *p = probe_http_create(w.rig.loop, w.http);
    TEXT_FORMAT(l.look.base, "http://127.0.0.1:%d", port);
    p->ops->look(p, &l.look);
    RIG_WAIT(&w.rig, l.done > 0);
    assert_true(text_starts(l.text, "version, database and WebSocket not checked: no connection to "
                                    "127.0.0.1"));
    /* Not through anybody else's network in the clear. */
    TEXT_COPY(l.look.base, "http://map.example.org");
    l.done = 0;
    p->ops->look(p, &l.look);
    assert_int_equal(l.done, 0);
    RIG_WAIT(&w.rig, l.done > 0);
    assert_non_null(strstr(l.text, "http:// is refused"));
    /* Asked for nothing: it still comes back, later. */
    l.look.parts = 0;
    l.done = 0;
    p->ops->look(p, &l.look);
    assert_int_equal(l.done, 0);
    RIG_WAIT(&w.rig, l.done > 0);
    assert_string_equal(l.text, "");
    probe_http_destroy(p);
    close_world(&w);
}

/* The client is closed while a question hangs: it comes back, once. */
static void closed_meanwhile(void **state)
{
    struct looked l = {.look = {.parts = ALL, .done = on_looked, .user = &l}};
    struct world w;
    struct peer peer;
    (void)state;
    all_is_well(200, 200, 401);
    script.silent_database = true;
    memset(script.asked, 0, sizeof(script.asked));
    peer_start(&peer, serve_cloudtak);
    open_world(&w, (struct http_options){0});
    struct probe *p = probe_http_create(w.rig.loop, w.http);
    TEXT_FORMAT(l.look.base, "http://127.0.0.1:%d", peer.port);
    p->ops->look(p, &l.look);
    loop_run_for(w.rig.loop, 100);
    assert_int_equal(l.done, 0);
    close_world(&w);
    assert_int_equal(l.done, 1);
    assert_true(text_starts(l.text, "version 13.70.0 · WebSocket ok · database not checked: "));
    probe_http_destroy(p);
    peer_stop(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_questions_at_once), cmocka_unit_test(the_handshake),
        cmocka_unit_test(what_it_answers_is_told), cmocka_unit_test(no_redirect_is_followed),
        cmocka_unit_test(nobody_listens),          cmocka_unit_test(closed_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
