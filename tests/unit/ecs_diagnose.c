/* Why a task stopped, and what kind an event is: tables of AWS's own wordings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "ecs/diagnose.h"

struct row {
    const char *code, *reason;
    int exit_code; /* -1 = none */
    const char *container_reason;
    bool benign;
    const char *key;  /* whole */
    const char *why;  /* part */
    const char *hint; /* part; "" = empty */
    const char *container;
};

static const struct row rows[] = {
    {"EssentialContainerExited", "Essential container in task exited", 1, "", false, "exit:1:api",
     "exit code 1 in container \"api\" (the program ended with an error)", "database", "api"},
    {"EssentialContainerExited", "Essential container in task exited", 0, "", false, "exit:0:api",
     "without an error", "should not end", "api"},
    {"EssentialContainerExited", "Essential container in task exited", 134, "", false, "exit:134:api",
     "SIGABRT", "heap", "api"},
    {"EssentialContainerExited", "Essential container in task exited", 136, "", false, "exit:136:api",
     "signal 8", "log", "api"},
    {"EssentialContainerExited", "Essential container in task exited", 42, "", false, "exit:42:api",
     "exit code 42 in container \"api\"", "log", "api"},
    {"EssentialContainerExited", "Essential container in task exited", 137,
     "OutOfMemoryError: Container killed due to memory usage", false, "memory:api", "more memory", "memory",
     "api"},
    {"EssentialContainerExited", "Essential container in task exited", 137, "", false, "exit:137:api",
     "SIGKILL", "most likely memory", "api"},
    {"EssentialContainerExited", "Essential container in task exited", 139, "", false, "exit:139:api",
     "SIGSEGV", "native", "api"},
    {"EssentialContainerExited", "Essential container in task exited", 143, "", false, "exit:143:api",
     "SIGTERM", "told it", "api"},
    {"EssentialContainerExited", "Essential container in task exited", 127, "", false, "exit:127:api",
     "not found", "command", "api"},
    {"EssentialContainerExited", "Essential container in task exited", 126, "", false, "exit:126:api",
     "not be executed", "command", "api"},
    {"EssentialContainerExited", "Essential container in task exited", 255, "", false, "exit:255:api",
     "error of its own", "log", "api"},
    {"TaskFailedToStart",
     "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found", -1, "", false,
     "image:", "image could not be pulled", "expired", ""},
    {"TaskFailedToStart", "Task failed to start", -1, "CannotPullContainerError: inspect image: not found",
     false, "image:api", "image could not be pulled", "expired", "api"},
    {"TaskFailedToStart",
     "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
     "failed",
     -1, "", false, "secrets:", "secrets", "execution role", ""},
    {"TaskFailedToStart", "ResourceInitializationError: failed to validate logger args: create stream", -1,
     "", false, "logs:", "log group", "log group", ""},
    {"ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:tg)", 137, "", false,
     "target:", "load balancer's health check failed", "/api", ""},
    {"ServiceSchedulerInitiated", "Task failed container health checks", 137, "", false,
     "health:", "health check", "log", ""},
    {"ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", 137, "", true,
     "scaling", "normal stop", "", ""},
    {"ServiceSchedulerInitiated", "", 137, "", true, "scheduler", "normal stop", "", ""},
    {"UserInitiated", "Task stopped by user", 137, "", true, "user", "Task stopped by user", "", ""},
    {"UserInitiated", "", 143, "", true, "user", "no reason given", "", ""},
    {"SpotInterruption", "Your Spot Task was interrupted.", 143, "", false, "spot:", "spot capacity",
     "replacement", ""},
    {"SpotInterruption", "", 137, "", false, "spot:", "no fault of CloudTAK", "replacement", ""},
    {"TerminationNotice", "", 143, "", false, "host:", "takes its host back", "replacement", ""},
    {"", "Host EC2 (instance i-1) terminated.", -1, "", false, "host:", "host was stopped", "replacement",
     ""},
    {"TaskFailedToStart", "Capacity is unavailable at this time.", -1, "", false, "placement:", "no capacity",
     "shortage", ""},
    {"TaskFailedToStart", "RESOURCE:MEMORY", -1, "", false, "placement:", "no host had room", "capacity", ""},
    {"EssentialContainerExited", "Essential container in task exited", 1,
     "AccessDeniedException: not authorized to perform secretsmanager:GetSecretValue", false, "exit:1:api",
     "ended with an error): AccessDeniedException", "signing secret", "api"},
    {"", "", -1, "", false, "other:", "AWS gave no reason", "", ""},
    {"InfrastructureHealth", "something new", -1, "", false, "host:", "unhealthy: something new",
     "replacement", ""},
    {"SomethingNew", "something new", -1, "", false, "other:something new", "something new", "", ""},
};

static void test_tasks(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        struct ecs_task t = {.container_count = 1};
        struct diagnosis d;

        TEXT_COPY(t.stop_code, r->code);
        TEXT_COPY(t.stopped_reason, r->reason);
        TEXT_COPY(t.containers[0].name, "api");
        TEXT_COPY(t.containers[0].reason, r->container_reason);
        t.containers[0].exited = r->exit_code >= 0;
        t.containers[0].exit_code = r->exit_code >= 0 ? r->exit_code : 0;
        diagnose_task(&t, &d);
        print_message("row %zu: %s | %s\n", i, d.key, d.why);
        assert_int_equal(d.benign, r->benign);
        assert_int_equal(d.outside, text_starts(r->key, "spot") || text_starts(r->key, "host"));
        assert_string_equal(d.key, r->key);
        assert_non_null(strstr(d.why, r->why));
        assert_non_null(strstr(d.hint, r->hint));
        if (!*r->hint)
            assert_string_equal(d.hint, "");
        assert_string_equal(d.container, r->container);
        assert_int_equal(d.exit_code, r->exit_code);
    }
}

/* Of several containers the one that ended badly is to blame, or the one that is unhealthy. */
static void test_several_containers(void **unused)
{
    struct ecs_task t = {.container_count = 2};
    struct diagnosis d;

    (void)unused;
    TEXT_COPY(t.stop_code, "EssentialContainerExited");
    TEXT_COPY(t.stopped_reason, "Essential container in task exited");
    TEXT_COPY(t.containers[0].name, "side");
    TEXT_COPY(t.containers[1].name, "api");
    t.containers[0].exited = t.containers[1].exited = true;
    t.containers[1].exit_code = 1;
    diagnose_task(&t, &d);
    assert_string_equal(d.container, "api");
    TEXT_COPY(t.stop_code, "ServiceSchedulerInitiated");
    TEXT_COPY(t.stopped_reason, "Task failed container health checks");
    TEXT_COPY(t.containers[0].health, "UNHEALTHY");
    diagnose_task(&t, &d);
    assert_string_equal(d.container, "side");
    assert_string_equal(d.key, "health:side");
}

static void test_events(void **unused)
{
    static const struct {
        const char *message;
        enum event_kind kind;
    } events[] = {
        {"(service s) has started 3 tasks: (task a) (task b) (task c).", EVENT_STARTED},
        {"(service s) has stopped 1 running tasks: (task a).", EVENT_STOPPED},
        {"(service s) stopped 1 pending tasks.", EVENT_STOPPED},
        {"(service s) registered 3 targets in (target-group arn)", EVENT_REGISTERED},
        {"(service s) deregistered 1 targets in (target-group arn)", EVENT_DEREGISTERED},
        {"(service s) has begun draining connections on 1 tasks.", EVENT_DRAINING},
        {"(service s) (task a) (port 80) is unhealthy in (target-group arn) due to (reason Request timed "
         "out)",
         EVENT_UNHEALTHY},
        {"(service s) (task a) failed container health checks.", EVENT_UNHEALTHY},
        {"(service s) is unable to consistently start tasks successfully. For more information, see",
         EVENT_CRASH_LOOP},
        {"(service s) was unable to place a task because no container instance met all", EVENT_PLACEMENT},
        {"(service s) operations are being throttled on elb. Will try again later.", EVENT_THROTTLED},
        {"(service s) was unable to stop or start tasks during a deployment because of", EVENT_DEADLOCK},
        {"(service s) has reached a steady state.", EVENT_STEADY},
        {"(service s) (deployment ecs-svc/1) deployment completed.", EVENT_COMPLETED},
        {"(service s) (deployment ecs-svc/1) deployment failed: tasks failed to start.", EVENT_FAILED},
        {"(service s) rolling back to deployment ecs-svc/1.", EVENT_ROLLING_BACK},
        {"(service s) was unable to reach steady state because task set (x) was unable to scale in. Reason: "
         "The "
         "number of protected tasks are more than the desired count of tasks.",
         EVENT_PROTECTED},
        {"(service s) was unable to place a task. Reason: You've reached the limit on the number of tasks "
         "you "
         "can run concurrently.",
         EVENT_PLACEMENT},
        {"(service s) operations are being throttled on service discovery. Will try again later.",
         EVENT_THROTTLED},
        {"", EVENT_OTHER},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        print_message("%s\n", events[i].message);
        assert_int_equal(diagnose_event(events[i].message), events[i].kind);
    }
}

static void test_deployment_id(void **unused)
{
    char id[ECS_ID] = "untouched", tiny[12] = "untouched";

    (void)unused;
    assert_false(diagnose_deployment_id("(service s) has reached a steady state.", id, sizeof id));
    assert_false(diagnose_deployment_id("ecs-svc/x", id, sizeof id));
    assert_string_equal(id, "untouched");
    assert_true(diagnose_deployment_id("rolling back to deployment ecs-svc/0123456789.", id, sizeof id));
    assert_string_equal(id, "ecs-svc/0123456789");
    assert_false(diagnose_deployment_id("ecs-svc/0123456789", tiny, sizeof tiny));
    assert_string_equal(tiny, "untouched");
}

/* facts/cloudtak.md: its signatures, and what the line is explained by. */
static void test_log_lines(void **unused)
{
    static const struct {
        const char *line, *meaning; /* part; NULL = none */
    } lines[] = {
        {"not ok - unable to get postgres connection", "database"},
        {"not ok - terminating due to lack of postgres connection", "database"},
        {"ok - retrying... (2/5)", "waits for the database"},
        {"error: password authentication failed for user \"tak\"", "stack must be updated"},
        {"DrizzleQueryError: Failed query: ALTER TABLE \"x\" ADD COLUMN \"y\"", "migration failed"},
        {"PostgresError: column \"y\" of relation \"x\" already exists", "cannot run again"},
        {"DrizzleQueryError: something", "migration"},
        {"AccessDeniedException: no", "signing secret"},
        {"ResourceNotFoundException: Secrets Manager can't find the specified secret.", "signing secret"},
        {"Error: StackName env must be set", "task definition"},
        {"Error: CLOUDTAK_Hub_URL must be set when CLOUDTAK_Server_Mode is api", "task definition"},
        {"Error: CLOUDTAK_Server_Mode must be one of api, hub", "task definition"},
        {"Error: API_URL environment variable is not set", "task definition"},
        {"Error: Unknown CSP environment variable: X", "task definition"},
        {"FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "heap"},
        {"OutOfMemoryError: Container killed due to memory usage", "memory"},
        {"Error: Hub RPC server failed to start: listen EADDRINUSE", "5002"},
        {"CloudTAK Hub Unreachable", "hub"},
        {"CloudTAK Hub Error: HTTP 502", "hub"},
        {"CpuWatchdog: host CPU 97% exceeded 80%", "CPU"},
        {"ok - http://localhost:5001", NULL},
        {"mkdir: /tmp already exists", NULL},
        {"", NULL},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *meaning = diagnose_log_line(lines[i].line);

        print_message("%s: %s\n", lines[i].line, meaning ? meaning : "-");
        if (lines[i].meaning)
            assert_true(meaning && strstr(meaning, lines[i].meaning));
        else
            assert_null(meaning);
    }
    assert_true(diagnose_log_booted("ok - hub rpc - http://localhost:5002"));
    assert_true(diagnose_log_booted("ok - Worker Pool started"));
    assert_false(diagnose_log_booted("ok - retrying... (1/5)"));
}

/* The most telling line of a tail. */
static void test_log(void **unused)
{
    static char tails[][6][ECS_TAIL_LINE] = {
        {"ok - loading", "ok - retrying... (1/5)", "not ok - unable to get postgres connection (1)",
         "not ok - unable to get postgres connection (2)", "npm notice", ""},
        {"CpuWatchdog: host CPU 99% exceeded 80%", "DrizzleQueryError: x", "    at boot", "npm ERR!", "", ""},
        {"hello", "TypeError: x is undefined", "    at y", "Error: z", "bye", ""},
        {"hello", "world", "", "", "", ""},
    };
    static const struct {
        int at; /* -1 = no line */
        const char *meaning;
    } want[] = {{3, "database"}, {1, "query failed"}, {1, NULL}, {-1, NULL}};

    (void)unused;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const char *line = "untouched", *meaning = diagnose_log(6, tails[i], &line);

        print_message("tail %zu: %s\n", i, line ? line : "-");
        assert_ptr_equal(line, want[i].at < 0 ? NULL : tails[i][want[i].at]);
        assert_true(want[i].meaning ? meaning && strstr(meaning, want[i].meaning) : !meaning);
    }
    {
        const char *line;

        assert_null(diagnose_log(0, tails[0], &line));
        assert_null(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tasks),     cmocka_unit_test(test_several_containers),
        cmocka_unit_test(test_events),    cmocka_unit_test(test_deployment_id),
        cmocka_unit_test(test_log_lines), cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
