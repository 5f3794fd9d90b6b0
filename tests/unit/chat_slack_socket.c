/* Connections to a small Slack on loopback: how they are opened, renewed and lost; and the decisions about
 * them. */
#include "chat_slack_fake.h"

#include "base/log.h"

/* ---- pure */

static void waits(void **state)
{
    (void)state;
    struct slack_retry r = {0};
    const struct slack_times *t = &SLACK_TIMES;
    assert_true(slack_retry_wait(&r, t, SLACK_LOSS_PLAIN, 0, 0, UINT32_MAX) == 250);
    static const int64_t MOST[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (size_t i = 0; i < sizeof(MOST) / sizeof(MOST[0]); i++) {
        struct slack_retry again = r;
        assert_int_equal(slack_retry_wait(&again, t, SLACK_LOSS_PLAIN, 59999, 0, 0), 0);
        assert_int_equal(slack_retry_wait(&r, t, SLACK_LOSS_PLAIN, 59999, 0, UINT32_MAX), MOST[i]);
    }
    assert_int_equal(slack_retry_wait(&r, t, SLACK_LOSS_PLAIN, 60000, 0, UINT32_MAX), 250);
    assert_int_equal(slack_retry_wait(&r, t, SLACK_LOSS_THROTTLED, 0, 7000, 0), 7000);
    assert_int_equal(slack_retry_wait(&r, t, SLACK_LOSS_THROTTLED, 0, 0, 0), 30000);
    assert_int_equal(slack_retry_wait(&r, t, SLACK_LOSS_DISABLED, 0, 0, 0), 60000);
    r = (struct slack_retry){0};
    static const int64_t CROWDED[] = {10000, 20000, 40000, 60000, 60000};
    for (size_t i = 0; i < sizeof(CROWDED) / sizeof(CROWDED[0]); i++) {
        assert_int_equal(slack_retry_wait(&r, t, SLACK_LOSS_CROWDED, 0, 0, UINT32_MAX), CROWDED[i]);
    }
}

static void sockets_only_to_slack(void **state)
{
    (void)state;
    static const struct {
        const char *url, *api;
        bool allowed;
    } CASES[] = {
        {"wss://wss-primary.slack.com/link/?ticket=1", "https://slack.com/api/", true},
        {"wss://slack.com/link", "https://slack.com/api/", true},
        {"wss://wss.slack-gov.com:443/link", "https://slack-gov.com/api/", true},
        {"wss://wss.slack.com:8443/link", "https://slack.com/api/", false},
        {"ws://wss.slack.com/link", "https://slack.com/api/", false},
        {"wss://evilslack.com/link", "https://slack.com/api/", false},
        {"wss://slack.com.evil.example/link", "https://slack.com/api/", false},
        {"wss://slack.com@evil.example/link", "https://slack.com/api/", false},
        {"wss://evil.example/slack.com", "https://slack.com/api/", false},
        {"wss://evil.example#.slack.com", "https://slack.com/api/", false},
        {"wss://evil.example\\.slack.com/", "https://slack.com/api/", false},
        {"ws://127.0.0.1:80/link", "https://slack.com/api/", false},
        {"", "https://slack.com/api/", false},
        {"ws://127.0.0.1:81/link", "http://127.0.0.1:80/api/", true},
        {"ws://[::1]:81/link", "http://127.0.0.1:80/api/", true},
        {"ws://sim:81/link", "http://sim/api/", true},
        {"ws://sim:81/link", "https://sim/api/", false},
        {"ws://other:81/link", "http://127.0.0.1:80/api/", false},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        assert_int_equal(slack_socket_url_allowed(CASES[i].url, CASES[i].api), CASES[i].allowed);
    }
}

/* ---- with a Slack */

/* Slack asks for a refresh of each connection while commands come in, 20 a second and more: none is lost, and
 * there is always a connection. */
static void refresh_without_a_gap(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    static const char REFRESH[] = "{\"type\":\"disconnect\",\"reason\":\"refresh_requested\"}";
    char id[32];
    fake_start(f);
    for (int i = 0; i < 40; i++) {
        /* Slack may use any connection that it has not closed: the oldest is the worst case. */
        int socket = 0;
        while (f->sockets[socket] == NULL) {
            socket++;
        }
        TEXT_FORMAT(id, "e-%d", i);
        fake_slash(f, socket, id, "status");
        if (i == 5 || i == 20) {
            fake_say(f, i == 5 ? 0 : 1, REFRESH);
        }
        if (i == 15 || i == 30) {
            const int old = i == 15 ? 0 : 1;
            UNTIL(f, fake_open_connections(f) == 3, 2000); /* the new one came first */
            assert_non_null(f->sockets[old]);              /* and the old one is still read */
            server_ws_close(f->sockets[old], 1000);
        }
        fake_run(f, 40);
    }
    UNTIL(f, fake_acked(f, id), 1000);
    for (int i = 0; i < 40; i++) {
        TEXT_FORMAT(id, "e-%d", i);
        assert_true(fake_acked(f, id));
    }
    assert_int_equal(f->requests, 40);
    assert_int_equal(f->socket_count, 4);
    assert_true(f->least_open >= 2);
    assert_int_equal(f->connected_changes, 1);
    fake_destroy(f);
}

/* The announced life comes to nine tenths: the same without a word of Slack's. The old one is let go. */
static void rotation_by_age(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    f->lifetime_s = 1;
    f->slack->times.steady_ms = 100;
    f->slack->times.drain_ms = 100;
    fake_start(f);
    f->lifetime_s = 3600;
    UNTIL(f, f->socket_count >= 4 && f->open_sockets == 2 && fake_open_connections(f) == 2, 3000);
    assert_true(f->least_open >= 2);
    assert_null(f->sockets[0]);
    assert_null(f->sockets[1]);
    fake_destroy(f);
}

/* Silence is found out: no frame of any kind for dead_after_ms. */
static void a_silent_peer(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    f->slack->times.dead_after_ms = 300;
    f->slack->times.ping_after_ms = 100000; /* our own pings would be answered */
    fake_start(f);
    UNTIL(f, f->socket_count >= 4, 3000);
    assert_null(f->sockets[0]);
    fake_destroy(f);
}

static bool wrong_path(struct fake *f, struct server_call *c, const char *method)
{
    char text[128];
    if (!text_equal(method, "apps.connections.open") || f->answers++ >= 2) {
        return false;
    }
    TEXT_FORMAT(text, "{\"ok\":true,\"url\":\"ws://127.0.0.1:%d/refused\"}", server_port(f->server));
    fake_json(c, 200, NULL, text);
    return true;
}

/* One failed upgrade, one retry. */
static void a_refused_upgrade_is_tried_again(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    f->answer = wrong_path;
    slack_start(f->slack);
    UNTIL(f, fake_open_connections(f) == 2, 3000);
    assert_int_equal(f->answers, 4);
    assert_int_equal(f->socket_count, 2);
    fake_destroy(f);
}

static void a_reset_is_followed_by_a_connection(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    fake_start(f);
    server_ws_drop(f->sockets[0]);
    UNTIL(f, fake_open_connections(f) == 1, 1000);
    UNTIL(f, fake_open_connections(f) == 2, 1000); /* the first retry is nearly at once */
    assert_int_equal(f->connected_changes, 1);
    server_ws_drop(f->sockets[1]);
    server_ws_drop(f->sockets[2]);
    UNTIL(f, !f->connected, 1000);
    UNTIL(f, fake_open_connections(f) == 2, 4000);
    assert_true(f->connected);
    assert_int_equal(f->connected_changes, 3);
    fake_destroy(f);
}

static void no_hello(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    f->no_hello = true;
    f->slack->times.hello_ms = 200;
    slack_start(f->slack);
    UNTIL(f, f->sockets[0] != NULL, 2000);
    fake_slash(f, 0, "e-early", "status"); /* before hello: read and acked all the same */
    UNTIL(f, fake_acked(f, "e-early"), 1000);
    f->no_hello = false;
    UNTIL(f, fake_open_connections(f) == 2, 4000);
    assert_null(f->sockets[0]);
    fake_destroy(f);
}

static void too_many_websockets(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    fake_start(f);
    f->crowded = true;
    server_ws_drop(f->sockets[0]);
    UNTIL(f, f->socket_count == 3 && f->open_sockets == 1, 2000);
    fake_run(f, 1500);
    assert_int_equal(f->socket_count, 3); /* backs off, and keeps the one that works */
    assert_non_null(f->sockets[1]);
    assert_true(f->connected);
    fake_slash(f, 1, "e-1", "status");
    UNTIL(f, fake_acked(f, "e-1"), 1000);
    fake_destroy(f);
}

static bool throttle_open(struct fake *f, struct server_call *c, const char *method)
{
    if (!text_equal(method, "apps.connections.open") || f->answers++ >= 2) {
        return false;
    }
    fake_json(c, 429, "retry-after: 1\r\n", "{\"ok\":false,\"error\":\"ratelimited\"}");
    return true;
}

static void throttled_open_waits(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    f->answer = throttle_open;
    slack_start(f->slack);
    UNTIL(f, f->answers == 2, 2000);
    fake_run(f, 700);
    assert_int_equal(f->answers, 2);
    UNTIL(f, fake_open_connections(f) == 2, 2000);
    fake_destroy(f);
}

static bool refuse_app_token(struct fake *f, struct server_call *c, const char *method)
{
    (void)f;
    if (!text_equal(method, "apps.connections.open")) {
        return false;
    }
    fake_json(c, 200, NULL, "{\"ok\":false,\"error\":\"invalid_auth\"}");
    return true;
}

static bool refuse_bot_token(struct fake *f, struct server_call *c, const char *method)
{
    (void)f;
    if (!text_equal(method, "auth.test")) {
        return false;
    }
    fake_json(c, 200, NULL, "{\"ok\":false,\"error\":\"account_inactive\"}");
    return true;
}

static void fatal_tokens(void **state)
{
    (void)state;
    static const struct {
        bool (*answer)(struct fake *f, struct server_call *c, const char *method);
        const char *setting, *error;
    } CASES[] = {{refuse_app_token, "app_token", "invalid_auth"},
                 {refuse_bot_token, "bot_token", "account_inactive"}};
    for (size_t i = 0; i < 2; i++) {
        struct fake *f = fake_create();
        f->answer = CASES[i].answer;
        slack_start(f->slack);
        UNTIL(f, f->fatals == 1, 2000);
        assert_int_equal(f->fatal.code, ERR_CONFIG);
        assert_non_null(strstr(f->fatal.text, CASES[i].setting));
        assert_non_null(strstr(f->fatal.text, CASES[i].error));
        assert_null(strstr(f->fatal.text, "canary"));
        const int calls = f->call_count;
        fake_run(f, 600);
        assert_int_equal(f->fatals, 1);
        assert_true(f->call_count <= calls + 1); /* at most the other slot's, under way already */
        assert_int_equal(f->socket_count, 0);
        fake_destroy(f);
    }
}

static bool elsewhere(struct fake *f, struct server_call *c, const char *method)
{
    if (!text_equal(method, "apps.connections.open") || f->answers++ >= 2) {
        return false;
    }
    fake_json(c, 200, NULL, "{\"ok\":true,\"url\":\"ws://evil.example/link\"}");
    return true;
}

static void count_refusals(void *user, const char *line)
{
    *(int *)user += strstr(line, "not of slack.com") != NULL;
}

static void a_strange_host_is_not_dialled(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    int refusals = 0;
    log_set_sink(count_refusals, &refusals);
    f->answer = elsewhere;
    slack_start(f->slack);
    UNTIL(f, fake_open_connections(f) == 2, 3000); /* the later answers are sound */
    log_set_sink(NULL, NULL);
    assert_int_equal(refusals, 2);
    assert_int_equal(f->socket_count, 2);
    assert_int_equal(f->answers, 4);
    fake_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits),
        cmocka_unit_test(sockets_only_to_slack),
        cmocka_unit_test(refresh_without_a_gap),
        cmocka_unit_test(rotation_by_age),
        cmocka_unit_test(a_silent_peer),
        cmocka_unit_test(a_refused_upgrade_is_tried_again),
        cmocka_unit_test(a_reset_is_followed_by_a_connection),
        cmocka_unit_test(no_hello),
        cmocka_unit_test(too_many_websockets),
        cmocka_unit_test(throttled_open_waits),
        cmocka_unit_test(fatal_tokens),
        cmocka_unit_test(a_strange_host_is_not_dialled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
