/* What /healthz and /readyz say: each part ready, each part not, and the sentence that a person reads then.
 */
#include <string.h>

#include "aws/call.h"
#include "base/buf.h"
#include "base/text.h"
#include "bot/health_report.h"
#include "chat/slack.h"
#include "lib/check.h"
#include "store/watch.h"

#define WALL INT64_C(1795356128000) /* 2026-11-22 14:02:08 UTC */
#define MONO 1000000

static struct health_part part;

static void chat_is_ready_with_one_connection(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct slack_figures f;
        bool ready;
        const char *what;
    } rows[] = {
        {"start", {.wanted_connections = 2}, false, "no connection yet"},
        {"one of two",
         {.wanted_connections = 2, .open_connections = 1, .links = {{"serving", MONO - 4000}, {"asking", 0}}},
         true,
         "1 of 2 connections, last frame 4 s ago"},
        {"lost",
         {.wanted_connections = 2, .trouble = "name not found"},
         false,
         "no connection: name not found"},
        {"token",
         {.wanted_connections = 2, .open_connections = 1, .stopped = true},
         false,
         "Slack refused a token for good; the log names it"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        part = (struct health_part){0};
        health_judge_chat(&rows[i].f, MONO, &part);
        CHECK_ROW(rows[i].name, part.ready == rows[i].ready);
        CHECK_ROW(rows[i].name, text_equal(part.what, rows[i].what));
        CHECK_ROW(rows[i].name, part.ready || part.next != NULL);
    }
}

static void aws_is_ready_with_the_right_keys_that_answer(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct health_identity i;
        struct aws_counters n;
        bool ready;
        const char *what;
    } rows[] = {
        {"not asked", {.wanted = "1", .region = "r"}, {0}, true, "not asked yet"},
        {"good",
         {.verified = true, .account = "1", .wanted = "1", .region = "r"},
         {.answered_ms = WALL - 2000},
         true,
         "account 1, r, last answer 2 s ago"},
        {"unchecked",
         {.verified = true, .account = "7", .wanted = "", .region = "r"},
         {.answered_ms = WALL},
         true,
         "account 7, r, last answer 0 s ago"},
        {"another account",
         {.verified = true, .account = "2", .wanted = "1", .region = "r"},
         {.answered_ms = WALL},
         false,
         "the keys are of account 2, the target is in 1"},
        {"never verified", {.wanted = "1", .region = "r", .trouble = "denied"}, {0}, false, "denied"},
        {"went away",
         {.verified = true, .account = "1", .wanted = "1", .region = "r"},
         {.answered_ms = 1, .failing_ms = 2, .trouble = "no route"},
         false,
         "no route"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        part = (struct health_part){0};
        health_judge_aws(&rows[i].i, &rows[i].n, WALL, &part);
        CHECK_ROW(rows[i].name, part.ready == rows[i].ready);
        CHECK_ROW(rows[i].name, text_equal(part.what, rows[i].what));
        CHECK_ROW(rows[i].name, part.ready || part.next != NULL);
    }
}

static void the_store_is_ready_when_it_takes_commits(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct store_figures f;
        bool loaded, ready;
        const char *what;
    } rows[] = {
        {"start", {0}, false, false, "what was not over is being read"},
        {"new", {0}, true, true, "open, nothing to record yet"},
        {"works", {.committed_ms = WALL - 61000}, true, true, "last commit 1 min 01 s ago"},
        {"busy",
         {.waiting = 3, .waiting_ms = MONO - 9000, .committed_ms = WALL},
         true,
         true,
         "last commit 0 s ago"},
        {"stuck",
         {.waiting = 3, .waiting_ms = MONO - 11000, .committed_ms = WALL},
         true,
         false,
         "a commit has waited for 11 s, 2 are behind it"},
        {"full",
         {.failing_ms = WALL, .trouble = "disk full"},
         true,
         false,
         "nothing can be recorded: disk full"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        part = (struct health_part){0};
        health_judge_store(&rows[i].f, rows[i].loaded, MONO, WALL, &part);
        CHECK_ROW(rows[i].name, part.ready == rows[i].ready);
        CHECK_ROW(rows[i].name, text_equal(part.what, rows[i].what));
    }
}

static void the_page_is_a_line_for_each_part(void **state)
{
    (void)state;
    struct buf page;
    struct health_part parts[] = {
        {.name = "slack", .ready = true, .since_ms = WALL - 60000, .what = "2 of 2"},
        {.name = "store", .since_ms = WALL - 48000, .what = "disk full", .next = "look"},
    };
    buf_init(&page, 4096);
    assert_false(health_report(parts, 2, WALL, &page));
    assert_string_equal(page.data,
                        "NOT READY: 1 of 2 parts\n"
                        "slack: ready since 2026-11-22 14:01:08 UTC (1 min 00 s): 2 of 2\n"
                        "store: NOT READY since 2026-11-22 14:01:20 UTC (48 s): disk full. Next: look\n");
    buf_clear(&page);
    assert_true(health_report(parts, 1, WALL, &page));
    assert_true(text_starts(page.data, "ready\nslack: "));
    buf_finish(&page);
}

static void a_changed_store_is_not_ready(void **state)
{
    const struct store_figures works = {.committed_ms = WALL},
                               full = {.failing_ms = WALL, .trouble = "disk full"};
    (void)state;
    health_judge_store(&works, true, MONO, WALL, &part);
    health_judge_audit("", &part);
    assert_true(part.ready);
    health_judge_audit("record 2 is missing", &part);
    assert_false(part.ready);
    assert_string_equal(part.what, "record 2 is missing");
    assert_non_null(strstr(part.next, "audit verify --head SEQ:HASH"));
    health_judge_store(&full, true, MONO, WALL, &part); /* what stops changes goes first */
    health_judge_audit("record 2 is missing", &part);
    assert_string_equal(part.what, "nothing can be recorded: disk full");
}

static void alive_while_the_loop_turns_and_the_store_works(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct store_figures f;
        int64_t lag_ms;
        const char *page;
    } rows[] = {
        {"well", {0}, 4900, "ok\n"},
        {"stood still",
         {0},
         7000,
         "The program stood still for 7 s a few seconds ago: see whether this machine is out of memory "
         "or "
         "processor time.\n"},
        {"store",
         {.failing_ms = 1, .trouble = "disk full"},
         0,
         "The store does not work, nothing can be recorded: disk full: look at the disk (df -h, dmesg).\n"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct buf page;
        buf_init(&page, 4096);
        CHECK_ROW(rows[i].name, health_alive(&rows[i].f, rows[i].lag_ms, MONO, &page) == (i == 0));
        CHECK_ROW(rows[i].name, strcmp(page.data, rows[i].page) == 0);
        buf_finish(&page);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chat_is_ready_with_one_connection),
        cmocka_unit_test(aws_is_ready_with_the_right_keys_that_answer),
        cmocka_unit_test(the_store_is_ready_when_it_takes_commits),
        cmocka_unit_test(the_page_is_a_line_for_each_part),
        cmocka_unit_test(a_changed_store_is_not_ready),
        cmocka_unit_test(alive_while_the_loop_turns_and_the_store_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
