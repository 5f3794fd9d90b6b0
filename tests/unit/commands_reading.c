/* tasks, events, logs, clusters and services: what they say of what AWS shows, in time, and of what it does
 * not show. */
#include "bot/commands/page.h"
#include "commands_fixture.h"
#include "ecs/ecs.h"

#define MINUTE INT64_C(60000)

static struct config *config;
static struct command_call call;
static struct snapshot *snapshot;

/* ---- an ECS that keeps what it is asked */

static struct {
    struct ecs_look *look;
    struct ecs_tail *tail;
    struct ecs_names *clusters, *services;
    struct ecs_identify *identify;
} asked;

static void fake_look(struct ecs *e, struct ecs_look *r)
{
    (void)e;
    asked.look = r;
}

static void fake_tail(struct ecs *e, struct ecs_tail *r)
{
    (void)e;
    asked.tail = r;
}

static void fake_names(struct ecs *e, struct ecs_names *r)
{
    (void)e;
    *(r->clusters ? &asked.clusters : &asked.services) = r;
}

static void fake_identify(struct ecs *e, struct ecs_identify *r)
{
    (void)e;
    asked.identify = r;
}

static const char *fake_note(struct ecs *e, int session)
{
    (void)e;
    (void)session;
    return "";
}

static const struct ecs_ops ops = {.look = fake_look,
                                   .tail = fake_tail,
                                   .names = fake_names,
                                   .identify = fake_identify,
                                   .endpoint_note = fake_note};
static struct ecs ecs = {&ops};

/* ---- what AWS shows */

static struct ecs_task *add_task(const char *id, const char *status, int64_t ago_ms)
{
    struct ecs_task *t = &snapshot->tasks[snapshot->task_count++];
    TEXT_COPY(t->id, id);
    TEXT_COPY(t->last_status, status);
    TEXT_COPY(t->desired_status, text_equal(status, "STOPPED") ? "STOPPED" : "RUNNING");
    TEXT_COPY(t->task_definition, "cloudtak:41");
    t->started_ms = NOW - ago_ms;
    return t;
}

static void add_event(const char *message, int64_t ago_ms)
{
    struct ecs_event *e = &snapshot->service.events[snapshot->service.event_count++];
    TEXT_COPY(e->message, message);
    e->created_ms = NOW - ago_ms;
}

static struct ecs_task *died(struct ecs_task *t, int64_t ago_ms, int code)
{
    t->stopped_ms = NOW - ago_ms;
    TEXT_COPY(t->stop_code, "EssentialContainerExited");
    TEXT_COPY(t->stopped_reason, "Essential container in task exited");
    t->container_count = 1;
    TEXT_COPY(t->containers[0].name, "api");
    t->containers[0].exited = true;
    t->containers[0].exit_code = code;
    return t;
}

static int set_up(void **state)
{
    (void)state;
    memset(&asked, 0, sizeof(asked));
    over = 0;
    forget_answer();
    config = make_config();
    snapshot = mem_alloc(sizeof(*snapshot));
    snapshot->service_as_of_ms = NOW;
    TEXT_COPY(snapshot->service.status, "ACTIVE");
    snapshot->service.desired = snapshot->service.running = 2;
    snapshot->targets_absence = ECS_NOT_READ;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    config_destroy(config);
    mem_free(snapshot);
    forget_answer();
    return 0;
}

static void ask(const char *text)
{
    call = call_of(config);
    call.ecs = &ecs;
    run_text(&call, text);
}

static void look_comes(void)
{
    asked.look->snapshot = snapshot;
    asked.look->done(asked.look);
}

static void time_is_over(void)
{
    assert_non_null(asked_deadline);
    asked_deadline->fire(asked_deadline);
}

static void says(const char *words)
{
    if (answer.text == NULL || strstr(answer.text, words) == NULL) {
        fail_msg("does not say: %s\n%s", words, answer.text != NULL ? answer.text : "(nothing)");
    }
}

static void says_not(const char *words)
{
    if (answer.text != NULL && strstr(answer.text, words) != NULL) {
        fail_msg("says: %s\n%s", words, answer.text);
    }
}

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

/* ---- clusters and services */

static void names_come(struct ecs_names *r, bool ok, size_t count, const char *const *names)
{
    static char list[8][ECS_NAME];
    r->ok = ok;
    r->count = count;
    r->names = list;
    for (size_t i = 0; i < count; i++) {
        TEXT_COPY(list[i], names[i]);
    }
    if (!ok) {
        err_set(&r->err, ERR_IO, "AWS slows me down");
    }
    r->done(r);
}

static void identity_comes(const char *account)
{
    asked.identify->ok = account != NULL;
    TEXT_COPY(asked.identify->account, account);
    asked.identify->done(asked.identify);
}

static void clusters_that_are_there(void **state)
{
    (void)state;
    static const char *const names[] = {"other", "tak-vpc-cotak-prod"};
    ask("clusters cotak prod");
    identity_comes("123456789012");
    names_come(asked.clusters, true, 2, names);
    says("Clusters for cotak prod (PRODUCTION)");
    says("Asked: aws-us-gov 123456789012 us-gov-east-1\n");
    says("   other\n   tak-vpc-cotak-prod · this target's cluster\n");
    says("What runs in it: /cloudtak services cotak prod");
}

static void no_clusters_at_all(void **state)
{
    (void)state;
    ask("clusters cotak prod");
    identity_comes("999999999999");
    names_come(asked.clusters, true, 0, NULL);
    says("No clusters in us-gov-east-1, account 999999999999: likely the wrong region; usual: us-gov-east-1 "
         "(GovCloud), us-east-1 (Commercial).");
    says("My AWS identity is in account 999999999999; this target is configured for 123456789012.");
    says("/cloudtak whoami");
}

static void clusters_not_checked(void **state)
{
    (void)state;
    ask("clusters cotak prod");
    names_come(asked.clusters, false, 0, NULL);
    time_is_over(); /* the identity */
    says("Clusters: not checked: AWS slows me down");
    identity_comes(NULL);
    assert_int_equal(over, 1);
}

static void services_and_who_knows_them(void **state)
{
    (void)state;
    static const char *const clusters[] = {"tak-vpc-cotak-prod"};
    static const char *const names[] = {"media", "tak-cloudtak-cotak-prod",
                                        "tak-cloudtak-cotak-prod-stateful"};
    ask("services cotak prod");
    identity_comes("123456789012");
    names_come(asked.clusters, true, 1, clusters);
    names_come(asked.services, true, 3, names);
    says("   media · not in my configuration\n");
    says("   tak-cloudtak-cotak-prod · cotak prod api, the default\n");
    says("   tak-cloudtak-cotak-prod-stateful · cotak prod hub\n");
    says("⚠️ NOT THERE: tak-cloudtak-cotak-prod-events, which I should know as cotak prod events\n");
}

static void no_services(void **state)
{
    (void)state;
    static const char *const here[] = {"tak-vpc-cotak-prod"}, *const elsewhere[] = {"tak-vpc-cotak-test"};
    ask("services cotak prod");
    identity_comes("123456789012");
    names_come(asked.clusters, true, 1, here);
    names_come(asked.services, true, 0, NULL);
    says("Cluster tak-vpc-cotak-prod in us-gov-east-1, account 123456789012, has no services at all.");
    forget_answer();
    ask("services cotak prod");
    identity_comes("123456789012");
    names_come(asked.services, false, 0, NULL);
    names_come(asked.clusters, true, 1, elsewhere);
    says("There is no cluster tak-vpc-cotak-prod in us-gov-east-1, account 123456789012. Did you mean "
         "tak-vpc-cotak-test?");
    forget_answer();
    ask("services cotak prod");
    identity_comes("123456789012");
    names_come(asked.services, true, 0, NULL);
    names_come(asked.clusters, true, 0, NULL);
    says("No clusters in us-gov-east-1, account 123456789012: likely the wrong region");
    forget_answer();
    ask("services cotak prod");
    identity_comes("123456789012");
    names_come(asked.services, false, 0, NULL);
    names_come(asked.clusters, true, 1, here);
    says("Services: not checked: AWS slows me down");
}

/* ---- status: within two seconds */

static struct ecs_around *asked_around[2]; /* metrics and alarms; the image */

static void fake_around(struct ecs *e, struct ecs_around *r)
{
    (void)e;
    asked_around[(r->parts & ECS_AROUND_IMAGE) != 0] = r;
}

static void ask_status(const char *text)
{
    static const struct ecs_ops all = {
        .look = fake_look, .names = fake_names, .around = fake_around, .endpoint_note = fake_note};
    static struct ecs whole = {&all};
    asked_origin = NULL;
    call = call_of(config);
    call.ecs = &whole;
    run_text(&call, text);
    assert_int_equal(asked_deadline_ms, 2000);
    assert_true(asked.look->within_ms > 0 && asked.look->within_ms < 2000);
    assert_int_equal(asked_around[0]->within_ms, asked.look->within_ms);
}

static void status_when_nothing_comes_in_time(void **state)
{
    (void)state;
    ask_status("status cotak prod api");
    time_is_over();
    says("cotak prod api (PRODUCTION) · 14:02:08 UTC\n   Users: UNKNOWN, AWS did not answer.");
    says("   AWS had not answered within 2 s.\n");
    look_comes();
    asked_around[0]->done(asked_around[0]);
    assert_int_equal(answer.count, 1);
    assert_int_equal(over, 1);
}

static void status_with_parts_that_are_late(void **state)
{
    (void)state;
    add_task("aaaaaaaa1111", "RUNNING", 12 * MINUTE);
    add_task("bbbbbbbb1111", "RUNNING", 12 * MINUTE);
    snapshot->service.deployment_count = 1;
    TEXT_COPY(snapshot->service.deployments[0].id, "ecs-svc/1");
    runs_now = (struct command_now){.operation = "7F3K",
                                    .verb = "restart",
                                    .who = "@ana",
                                    .state = "following",
                                    .asked_ms = NOW - MINUTE};
    ask_status("status cotak prod api");
    look_comes();
    assert_non_null(asked_origin);
    time_is_over();
    says("Users: SERVED by what ECS shows, 2 of 2 tasks running.");
    says("   Now: 7F3K, restart by @ana, asked 14:01:08 UTC, is following\n");
    says("   CPU and memory: not checked: AWS had not answered within 2 s\n");
    says("   Alarms: not checked: AWS had not answered within 2 s\n");
    says("   Image: not checked: AWS had not answered within 2 s\n");
    says("who began it: not checked: my own store did not answer");
    asked_around[1]->done(asked_around[1]);
    asked_origin->done(asked_origin);
    assert_int_equal(over, 0);
    asked_around[0]->done(asked_around[0]);
    assert_int_equal(answer.count, 1);
    assert_int_equal(over, 1);
    runs_now = (struct command_now){0};
}

static void status_of_other_services_that_are_late(void **state)
{
    (void)state;
    static struct ecs_look *first;
    ask_status("status cotak prod");
    first = asked.look; /* the last one that was asked: events */
    assert_string_equal(first->ref.service, "tak-cloudtak-cotak-prod-events");
    look_comes();
    time_is_over();
    says("Users: UNKNOWN, AWS did not answer.");
    says("   hub: not checked: AWS had not answered within 2 s\n");
    says("   events: 2 of 2 running");
    struct ecs_look *looks = first - 2; /* hub, api, events stand side by side */
    for (int i = 0; i < 2; i++) {
        looks[i].snapshot = snapshot;
        looks[i].done(&looks[i]);
    }
    asked_around[0]->done(asked_around[0]);
    assert_int_equal(over, 1);
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
        TEST(clusters_that_are_there),
        TEST(no_clusters_at_all),
        TEST(clusters_not_checked),
        TEST(services_and_who_knows_them),
        TEST(no_services),
        TEST(status_when_nothing_comes_in_time),
        TEST(status_with_parts_that_are_late),
        TEST(status_of_other_services_that_are_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
