/* The listener in a burst: those that give way are open until the next turn, so that is bounded too, and the
 * descriptors of the others can be counted. */
#include "net_rig.h"

#include "bot/net/server_private.h"
#include "net_raw.h"

#define PEERS  100
#define PLACES 8

struct world {
    struct rig rig;
    struct server *server;
    int most;
    bool closed;
};

/* All newcomers of a burst are accepted before the first of them is read. */
static void on_request(void *user, struct server_call *call)
{
    struct world *w = user;

    w->most = w->server->conn_count > w->most ? w->server->conn_count : w->most;
    server_answer(call, 200, "text/plain", NULL, "ok", 2);
}

static void test_a_burst_has_a_ceiling(void **state)
{
    static struct raw peers[PEERS];
    struct world w = {0};
    struct err err = {0};
    struct server_options o = {.max_connections = PLACES, .on_request = on_request, .user = &w};
    int answered = 0;

    (void)state;
    rig_open(&w.rig);
    w.server = server_create(w.rig.loop, &o, &err);
    assert_non_null(w.server);
    for (size_t i = 0; i < PEERS; i++)
        raw_say(server_port(w.server), &peers[i],
                i % 2 ? "GET / HTTP/1.1\r\nHost: x\r\n\r\n" : "GET / HTTP/1.1\r\nHost:");
    for (int turn = 0; turn < 50; turn++)
        loop_run_for(w.rig.loop, 2);
    assert_in_range(w.most, PLACES, PLACES + SERVER_BURST(PLACES));
    assert_in_range(w.server->conn_count, 1, PLACES);
    for (size_t i = 0; i < PEERS; i++) {
        raw_read(&peers[i]);
        answered += text_starts(peers[i].seen, "HTTP/1.1 200 ");
        close(peers[i].fd);
    }
    assert_in_range(answered, PLACES / 2, PEERS / 2);
    server_close(w.server, rig_set, &w.closed);
    RIG_WAIT(&w.rig, w.closed);
    rig_close(&w.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_burst_has_a_ceiling)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
