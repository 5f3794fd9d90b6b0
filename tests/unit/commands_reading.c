/* tasks, events and logs: what they say of what AWS shows, in time, and of what it does not show. */
#include "commands_reading.h"

/* ---- tasks */

static void tasks_that_run_and_that_died(void **state)
{
    (void)state;
    add_task("aaaaaaaa1111", "RUNNING", 12 * MINUTE);
    TEXT_COPY(add_task("bbbbbbbb1111", "RUNNING", MINUTE)->health, "UNHEALTHY");
    died(add_task("cccccccc1111", "STOPPED", 3 * MINUTE), 2 * MINUTE, 1);
    ask("tasks cotak prod");
    look_comes();
    says("Tasks of cotak prod api (PRODUCTION) · 14:02:08 UTC\n   Users: SERVED by what ECS shows");
    says("aaaaaaaa RUNNING since 13:50:08 UTC (12 min 00 s) · cloudtak:41\n");
    says("bbbbbbbb RUNNING UNHEALTHY since 14:01:08 UTC");
    says("🔴 cccccccc stopped 14:00:08 UTC after 1 min 00 s · cloudtak:41 · exit code 1 in container \"api\"");
    says("What it wrote: /cloudtak logs cotak prod api");
    assert_null(asked_deadline);
}

static void tasks_and_what_the_load_balancer_says(void **state)
{
    (void)state;
    TEXT_COPY(add_task("aaaaaaaa1111", "RUNNING", 12 * MINUTE)->address, "10.0.1.5");
    TEXT_COPY(add_task("bbbbbbbb1111", "RUNNING", MINUTE)->address, "10.0.1.6");
    snapshot->service.target_groups = 1;
    snapshot->targets_absence = ECS_SEEN;
    snapshot->target_count = 2;
    snapshot->targets[0] = (struct ecs_target){.id = "10.0.1.5", .state = ECS_TARGET_HEALTHY};
    snapshot->targets[1] = (struct ecs_target){.id = "10.0.1.6",
                                               .state = ECS_TARGET_UNHEALTHY,
                                               .description = "Health checks failed with these codes: [502]"};
    ask("tasks cotak prod");
    look_comes();
    says("aaaaaaaa RUNNING since 13:50:08 UTC (12 min 00 s) · cloudtak:41 · target healthy\n");
    says("· target NOT healthy: Health checks failed with these codes: [502]\n");
    says("No task stopped within the last hour or so");
    says("The whole page: /cloudtak status cotak prod api");
}

static void tasks_that_cannot_be_read(void **state)
{
    (void)state;
    snapshot->tasks_absence = ECS_THROTTLED;
    TEXT_COPY(snapshot->trouble, "AWS slows me down");
    ask("tasks cotak prod");
    look_comes();
    says("Tasks: not checked: AWS slows me down\n   ECS counts 2 running, 0 starting, 2 wanted.\n");
    says_not("No task runs");
}

static void a_service_that_is_not_there(void **state)
{
    (void)state;
    static const char *const rows[] = {"tasks cotak prod", "events cotak prod", "logs cotak prod"};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        snapshot->missing = true;
        TEXT_COPY(snapshot->trouble, "ECS knows no service \"x\"");
        ask(rows[i]);
        look_comes();
        says("Users: UNKNOWN, AWS knows no such service here.");
        says("Which are there: /cloudtak services cotak prod");
    }
}

static void nothing_comes_in_time(void **state)
{
    (void)state;
    static const char *const rows[] = {"tasks cotak prod", "events cotak prod", "logs cotak prod"};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        forget_answer();
        over = 0;
        ask(rows[i]);
        assert_int_equal(asked_deadline_ms, 8000);
        time_is_over();
        says("Users: UNKNOWN, AWS did not answer. ECS goes on without me.");
        says("AWS had not answered within 8 s.");
        says("Try again in a minute: /cloudtak ");
        CHECK_ROW(rows[i], answer.count == 1 && over == 0);
        look_comes(); /* it ends, and says nothing more */
        CHECK_ROW(rows[i], answer.count == 1 && over == 1);
    }
}

/* ---- events */

static void events_and_their_repeats(void **state)
{
    (void)state;
    add_event("(service tak) has started 1 tasks: (task 0a1b2c3d4e5f6071).", MINUTE);
    add_event("(service tak) was unable to place a task because no container instance met all of its "
              "requirements.",
              2 * MINUTE);
    add_event("(service tak) has started 1 tasks: (task 1a1b2c3d4e5f6071).", 5 * MINUTE);
    add_event("(service tak) has started 2 tasks: (task 2a1b2c3d4e5f6071).", 50 * MINUTE);
    ask("events cotak prod");
    look_comes();
    says("Events of cotak prod api (PRODUCTION)");
    says("4 events, newest first, UTC\n");
    says("ECS finds no place for a new task.");
    says("| 14:01:08 (2 times since 13:57:08) has started 1 tasks: (task 0a1b2c3d4e5f6071).\n");
    says("| 14:00:08 was unable to place a task because");
    says("| 13:12:08 has started 2 tasks:");
}

static void events_that_a_steady_state_ended(void **state)
{
    (void)state;
    add_event("(service tak) has reached a steady state.", MINUTE);
    add_event("(service tak) was unable to place a task because no container instance met all of its "
              "requirements.",
              2 * MINUTE);
    ask("events cotak prod");
    look_comes();
    says_not("ECS finds no place");
}

/* ---- logs */

static void tail_comes(bool ok)
{
    asked.tail->ok = ok;
    TEXT_COPY(asked.tail->log_group, "tak-cloudtak-cotak-prod");
    TEXT_COPY(asked.tail->log_stream, "cloudtak/api/aaaa");
    err_set(&asked.tail->err, ERR_IO, "my rights do not cover logs:GetLogEvents");
    asked.tail->done(asked.tail);
}

static void the_log_of_the_newest_running_task(void **state)
{
    (void)state;
    add_task("aaaaaaaa1111", "RUNNING", 12 * MINUTE);
    add_task("bbbbbbbb1111", "RUNNING", MINUTE);
    died(add_task("cccccccc1111", "STOPPED", 3 * MINUTE), 2 * MINUTE, 1);
    ask("logs cotak prod");
    look_comes();
    assert_string_equal(asked.tail->task_id, "bbbbbbbb1111");
    assert_string_equal(asked.tail->container, "");
    asked.tail->count = 1;
    TEXT_COPY(asked.tail->lines[0], "ok - http://localhost:5001");
    asked.tail->at_ms[0] = NOW - 1000;
    tail_comes(true);
    says("Task bbbbbbbb, the newest of 2 that run, since 14:01:08 UTC (1 min 00 s)");
    says("Another task, cccccccc, stopped 14:00:08 UTC: exit code 1");
    says("Log group tak-cloudtak-cotak-prod, stream cloudtak/api/aaaa");
    says("taken out as well as I can: read it before you pass it on.");
    says("| 14:02:07 ok - http://localhost:5001\n");
}

static void the_last_lines_fit(void **state)
{
    (void)state;
    add_task("aaaaaaaa1111", "RUNNING", 12 * MINUTE);
    ask("logs cotak prod");
    look_comes();
    asked.tail->count = ECS_TAIL_LINES;
    for (size_t i = 0; i < ECS_TAIL_LINES; i++) {
        memset(asked.tail->lines[i], (int)('a' + i), ECS_TAIL_LINE - 1);
        asked.tail->at_ms[i] = NOW;
    }
    tail_comes(true);
    says("ttttttttttttttttttt\n"); /* the last one, whole */
    says_not("aaaaaaaaaaaaaaaaaaaa");
}

static void the_log_of_the_task_that_stopped_last(void **state)
{
    (void)state;
    died(add_task("cccccccc1111", "STOPPED", 3 * MINUTE), 2 * MINUTE, 1);
    died(add_task("dddddddd1111", "STOPPED", 9 * MINUTE), 8 * MINUTE, 1);
    ask("logs cotak prod");
    look_comes();
    assert_string_equal(asked.tail->task_id, "cccccccc1111");
    tail_comes(false);
    says("No task runs. Task cccccccc stopped last, 14:00:08 UTC: exit code 1");
    says("Log: not checked: my rights do not cover logs:GetLogEvents");
}

static void a_log_that_comes_too_late(void **state)
{
    (void)state;
    add_task("aaaaaaaa1111", "RUNNING", 12 * MINUTE);
    ask("logs cotak prod");
    look_comes();
    assert_null(answer.text);
    time_is_over();
    says("Log: not checked: AWS had not answered within 8 s");
    tail_comes(true);
    assert_int_equal(answer.count, 1);
    assert_int_equal(over, 1);
}

static void no_task_and_no_log(void **state)
{
    (void)state;
    ask("logs cotak prod");
    look_comes();
    says("No task runs, and none stopped within the last hour or so: there is no log to show.");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(tasks_that_run_and_that_died),
        TEST(tasks_and_what_the_load_balancer_says),
        TEST(tasks_that_cannot_be_read),
        TEST(a_service_that_is_not_there),
        TEST(nothing_comes_in_time),
        TEST(events_and_their_repeats),
        TEST(events_that_a_steady_state_ended),
        TEST(the_log_of_the_newest_running_task),
        TEST(the_last_lines_fit),
        TEST(the_log_of_the_task_that_stopped_last),
        TEST(a_log_that_comes_too_late),
        TEST(no_task_and_no_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
