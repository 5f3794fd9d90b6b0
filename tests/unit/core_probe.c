/* What CloudTAK's answers mean, and how they read. */
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "core/probe.h"
#include "lib/check.h"

static struct probe_answer http(int status, const char *body)
{
    return (struct probe_answer){
        .answered = true, .status = status, .body = body, .len = strlen(body), .trouble = ""};
}

static struct probe_answer silence(bool too_slow, const char *why)
{
    return (struct probe_answer){.too_slow = too_slow, .body = "", .trouble = why};
}

/* The three answers as they are read, put together. */
static void expect(struct probe_answer version, struct probe_answer database, struct probe_answer websocket,
                   const char *text)
{
    struct probe_result r = {0};
    char got[PROBE_TEXT];
    probe_read_version(&version, &r);
    probe_read_database(&database, &r);
    probe_read_websocket(&websocket, &r);
    probe_read_whole(&r);
    probe_text(&r, got, sizeof(got));
    assert_string_equal(got, text);
}

#define API http(200, "{\"version\":\"13.70.0\"}")
#define DB  http(200, "{\"login::name\":\"COTAK\"}")
#define HUB http(401, "Unauthorized")

static void a_well_cloudtak(void **state)
{
    (void)state;
    expect(API, DB, HUB, "version 13.70.0 · database ok · WebSocket ok");
}

static void what_fails_is_told_with_its_status(void **state)
{
    (void)state;
    expect(API, http(500, "{}"), HUB,
           "version 13.70.0 · database FAILING (500): new tasks would die · WebSocket ok");
    expect(API, DB, http(503, ""), "version 13.70.0 · database ok · WebSocket FAILING (503): no healthy hub");
    expect(API, DB, http(426, ""),
           "version 13.70.0 · database ok · WebSocket FAILING (426): the load balancer's rule for WebSockets "
           "is missing");
    expect(http(500, "oops"), DB, http(500, ""), "API FAILING (500) · database ok · WebSocket FAILING (500)");
}

/* 502 to 504 come from the load balancer: they say nothing about the database behind it. */
static void no_task_is_no_failing_database(void **state)
{
    (void)state;
    expect(http(503, ""), http(503, ""), http(503, ""),
           "API FAILING (503): no healthy API task behind the load balancer · WebSocket FAILING (503): no "
           "healthy hub · database not checked: no healthy API task answers for it (503)");
    expect(http(502, ""), http(504, ""), HUB,
           "API FAILING (502): no healthy API task behind the load balancer · WebSocket ok · database not "
           "checked: no healthy API task answers for it (504)");
}

/* /api asks no database: when it answers and the database's question hangs, the database hangs. */
static void a_database_that_hangs(void **state)
{
    const char *slow = "map.example.org took the request but did not answer it within 5 s";
    (void)state;
    expect(
        API, silence(true, slow), HUB,
        "version 13.70.0 · database FAILING: map.example.org took the request but did not answer it within "
        "5 s: new tasks would die · WebSocket ok");
    expect(silence(true, slow), silence(true, slow), silence(true, slow),
           "version, database and WebSocket not checked: map.example.org took the request but did not answer "
           "it within 5 s");
}

static void what_says_nothing_is_not_checked(void **state)
{
    const char *dns = "the name map.example.org cannot be resolved";
    (void)state;
    expect(silence(false, dns), silence(false, dns), silence(false, dns),
           "version, database and WebSocket not checked: the name map.example.org cannot be resolved");
    expect(API, http(403, ""), silence(false, dns),
           "version 13.70.0 · database not checked: it answers 403, which says nothing: is targets[].probe "
           "its own address? · WebSocket not checked: the name map.example.org cannot be resolved");
    expect(http(302, ""), http(302, ""), HUB,
           "WebSocket ok · version and database not checked: it answers 302, a redirect: is targets[].probe "
           "its own address?");
    expect(http(200, "<html>hello"), http(200, "<html>hello"), http(200, ""),
           "version and database not checked: what answers there is not CloudTAK: is targets[].probe its own "
           "address? · WebSocket not checked: it answers 200, which says nothing");
}

/* A version goes into messages as it is: nothing else may come in with it. */
static void a_version_is_no_text(void **state)
{
    static const char *const bad[] = {"{\"version\":\"<!channel>\"}",
                                      "{\"version\":\"\"}",
                                      "{\"version\":13}",
                                      "{}",
                                      "[\"13.70.0\"]",
                                      "{\"version\":\"1111111111111111111111111111111111111111\"}",
                                      "{\"version\":\"13.70.0\\n\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct probe_answer a = http(200, bad[i]);
        struct probe_result r = {0};
        probe_read_version(&a, &r);
        assert_int_equal(r.version.state, PROBE_UNSEEN);
        assert_string_equal(r.number, "");
    }
}

static void expect_after(const char *before, const struct probe_result *r, const char *text)
{
    char got[PROBE_TEXT];
    probe_text_after(before, r, got, sizeof(got));
    assert_string_equal(got, text);
}

static void after_a_restart(void **state)
{
    struct probe_result r = {.version.state = PROBE_OK,
                             .database.state = PROBE_OK,
                             .websocket.state = PROBE_OK,
                             .number = "13.70.0"};
    (void)state;
    assert_false(probe_fails(&r));
    expect_after("13.70.0", &r, "same version 13.70.0 · database and WebSocket probes ok");
    expect_after("", &r, "version 13.70.0 · database and WebSocket probes ok");
    expect_after("13.69.1", &r, "NEW version: 13.69.1 -> 13.70.0 · database and WebSocket probes ok");
    r.websocket.state = PROBE_NOT_ASKED;
    expect_after("13.70.0", &r, "same version 13.70.0 · database probe ok");
    r.websocket = (struct probe_part){PROBE_FAILING, "503: no healthy hub"};
    assert_true(probe_fails(&r));
    expect_after("13.70.0", &r,
                 "same version 13.70.0 · WebSocket FAILING (503): no healthy hub · database probe ok");
    r.database = (struct probe_part){PROBE_FAILING, "500"};
    r.websocket.state = PROBE_OK;
    r.websocket.why[0] = '\0';
    expect_after("13.70.0", &r, "same version 13.70.0 · database FAILING (500) · WebSocket probe ok");
    probe_unseen(&r, PROBE_VERSION | PROBE_DATABASE, "the name map.example.org cannot be resolved");
    expect_after("13.70.0", &r,
                 "version and database not checked: the name map.example.org cannot be resolved");
}

/* However long the reasons: cut, never past the end. */
static void it_is_cut(void **state)
{
    struct probe_result r = {0};
    char why[PROBE_WHY], got[40];
    (void)state;
    memset(why, 'x', sizeof(why) - 1);
    why[sizeof(why) - 1] = '\0';
    probe_unseen(&r, PROBE_VERSION | PROBE_DATABASE | PROBE_WEBSOCKET, why);
    probe_text(&r, got, sizeof(got));
    assert_int_equal(strlen(got), sizeof(got) - 1);
    assert_true(text_starts(got, "version, database and WebSocket not"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_well_cloudtak),
        cmocka_unit_test(what_fails_is_told_with_its_status),
        cmocka_unit_test(no_task_is_no_failing_database),
        cmocka_unit_test(a_database_that_hangs),
        cmocka_unit_test(what_says_nothing_is_not_checked),
        cmocka_unit_test(a_version_is_no_text),
        cmocka_unit_test(after_a_restart),
        cmocka_unit_test(it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
