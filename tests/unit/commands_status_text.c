/* The status page, word for word: what was seen, what was not, and what to do next. */
#include "bot/commands/status_text.h"
#include "commands_fixture.h"
#include "ecs/ecs.h"

#define MINUTE INT64_C(60000)

static struct config *config;
static struct snapshot *snap;
/* What was read beside the snapshot; zero = nobody was asked. */
static struct status_facts facts;

/* Two healthy tasks, one finished deployment, two events. */
static void settled_service(struct snapshot *s)
{
    struct ecs_service *e = &s->service;
    memset(s, 0, sizeof(*s));
    s->service_as_of_ms = NOW;
    TEXT_COPY(e->status, "ACTIVE");
    TEXT_COPY(e->task_definition, "cloudtak:41");
    e->desired = e->running = 2;
    e->target_groups = 1;
    e->deployment_count = 1;
    struct ecs_deployment *d = &e->deployments[0];
    TEXT_COPY(d->id, "ecs-svc/1");
    TEXT_COPY(d->task_definition, "cloudtak:41");
    d->rollout = ECS_ROLLOUT_COMPLETED;
    d->desired = d->running = 2;
    d->created_ms = NOW - 90 * MINUTE;
    s->targets_absence = ECS_NOT_READ;
    s->task_count = 2;
    for (size_t i = 0; i < 2; i++) {
        struct ecs_task *t = &s->tasks[i];
        TEXT_FORMAT(t->id, "aaaaaaa%zucccccccc", i);
        TEXT_COPY(t->last_status, "RUNNING");
        TEXT_COPY(t->desired_status, "RUNNING");
        TEXT_COPY(t->health, "HEALTHY");
        t->started_ms = NOW - 80 * MINUTE;
    }
    e->event_count = 2;
    e->events[0].created_ms = NOW - 80 * MINUTE;
    TEXT_COPY(e->events[0].message, "(service x) has reached a steady state.");
    e->events[1].created_ms = NOW - 2 * 24 * 60 * MINUTE;
    TEXT_COPY(e->events[1].message, "(service x) registered 2 targets.");
    s->history_count = 1;
    TEXT_COPY(s->history[0].status, "SUCCESSFUL");
    s->history[0].finished_ms = NOW - 81 * MINUTE;
}

static int set_up(void **state)
{
    (void)state;
    config = make_config();
    snap = mem_alloc(sizeof(*snap));
    settled_service(snap);
    memset(&facts, 0, sizeof(facts));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mem_free(snap);
    config_destroy(config);
    forget_answer();
    return 0;
}

#define TITLE "cotak prod api (PRODUCTION) · 14:02:08 UTC\n"
#define WHERE                                                                                                \
    "   Where: aws-us-gov 123456789012 us-gov-east-1 · tak-vpc-cotak-prod / tak-cloudtak-cotak-prod\n"
#define CONSOLE                                                                                              \
    "   AWS console: https://console.amazonaws-us-gov.com/ecs/v2/clusters/tak-vpc-cotak-prod/services/"      \
    "tak-cloudtak-cotak-prod/health?region=us-gov-east-1\n"
#define UNCHECKED " Load balancer health: not checked.\n"
#define TARGETS   "   Targets: not checked: AWS did not answer\n"
#define DEPLOYMENT                                                                                           \
    "   Deployment ecs-svc/1 (newest): completed, 2 of 2 running, 0 starting, 0 failed, begun 1 h 30 min "   \
    "ago, cloudtak:41\n"
#define TASKS                                                                                                \
    "   Tasks: aaaaaaa0 RUNNING HEALTHY for 1 h 20 min · "                                                  \
    "aaaaaaa1 RUNNING HEALTHY for 1 h 20 min\n"
#define LAST     "   Last deployment: SUCCESSFUL 1 h 21 min ago\n"
#define SETTINGS "   Circuit breaker: off · image and settings: cloudtak:41\n"
#define EVENTS                                                                                               \
    "   | Last events, newest first, UTC:\n"                                                                 \
    "   | 12:42:08 (service x) has reached a steady state.\n"                                                \
    "   | 2026-11-20 14:02:08 (service x) registered 2 targets.\n"
#define NEXT "   Next, without downtime: /cloudtak restart cotak prod api\n"

static void page(const struct config_service *service, struct card *ret)
{
    facts.word = "/cloudtak";
    facts.target = &config->targets[0];
    facts.service = service;
    facts.snapshot = snap;
    facts.now_ms = NOW;
    status_text_page(&facts, ret);
}

static void expect_page(const char *name, enum card_tone tone, const char *expected)
{
    struct card c;
    char got[6000];
    page(&config->targets[0].services[1], &c);
    char *text = card_text(&c, 0);
    TEXT_COPY(got, text);
    mem_free(text);
    if (strcmp(got, expected) != 0) {
        fail_msg("%s:\n%s", name, got);
    }
    assert_int_equal(c.tone, tone);
}

static void served(void **state)
{
    (void)state;
    expect_page("settled", TONE_GOOD,
                TITLE "   Users: SERVED by what ECS shows, 2 of 2 tasks running." UNCHECKED WHERE DEPLOYMENT
                    LAST TASKS TARGETS SETTINGS EVENTS CONSOLE NEXT);
}

static void set_health(const char *first, const char *second)
{
    TEXT_COPY(snap->tasks[0].health, first);
    TEXT_COPY(snap->tasks[1].health, second);
}

/* The second line alone, by what runs. */
static void who_is_served(void **state)
{
    (void)state;
    static const struct {
        const char *name, *first, *second;
        int desired, running, draining;
        enum card_tone tone;
        const char *expected, *footer;
    } rows[] = {
        {"all well", "HEALTHY", "HEALTHY", 2, 2, 0, TONE_GOOD,
         "Users: SERVED by what ECS shows, 2 of 2 tasks running. Load balancer health: not checked.",
         "Next, without downtime: /cloudtak restart cotak prod api"},
        {"no health check", "UNKNOWN", "", 2, 2, 0, TONE_GOOD,
         "Users: SERVED by what ECS shows, 2 of 2 tasks running. Load balancer health: not checked.",
         "Next, without downtime: /cloudtak restart cotak prod api"},
        {"one ill", "HEALTHY", "UNHEALTHY", 2, 2, 0, TONE_WARNING,
         "Users: SERVED by what ECS shows, 2 of 2 tasks running, 1 UNHEALTHY. Load balancer health: not "
         "checked.",
         "Next, without downtime: /cloudtak restart cotak prod api"},
        {"all ill", "UNHEALTHY", "UNHEALTHY", 2, 2, 0, TONE_BAD,
         "Users: probably NOT SERVED, 2 of 2 tasks running, all UNHEALTHY.",
         "Next: /cloudtak restart cotak prod api · why tasks stopped: /cloudtak tasks cotak prod api"},
        {"one draining", "HEALTHY", "HEALTHY", 2, 2, 1, TONE_WARNING,
         "Users: SERVED by what ECS shows, 1 of 2 tasks running. Load balancer health: not checked.",
         "Next, without downtime: /cloudtak restart cotak prod api"},
        {"more than wanted", "HEALTHY", "HEALTHY", 1, 2, 0, TONE_GOOD,
         "Users: SERVED by what ECS shows, 2 tasks running, 1 wanted. Load balancer health: not checked.",
         "Next, without downtime: /cloudtak restart cotak prod api"},
        {"none", "HEALTHY", "HEALTHY", 2, 0, 2, TONE_BAD, "Users: NOT SERVED, 0 of 2 tasks running.",
         "Next: /cloudtak restart cotak prod api · why tasks stopped: /cloudtak tasks cotak prod api"},
        {"none wanted", "HEALTHY", "HEALTHY", 0, 0, 2, TONE_WARNING,
         "Users: NOT SERVED, 0 tasks wanted, 0 running.", "To bring it back: /cloudtak start cotak prod api"},
        {"none wanted, still there", "HEALTHY", "HEALTHY", 0, 2, 0, TONE_WARNING,
         "Users: SERVED only until the last 2 tasks stop, 0 are wanted.",
         "To bring it back: /cloudtak start cotak prod api"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct card c;
        settled_service(snap);
        snap->service.desired = rows[i].desired;
        snap->service.running = rows[i].running;
        set_health(rows[i].first, rows[i].second);
        for (int k = 0; k < rows[i].draining; k++) {
            TEXT_COPY(snap->tasks[k].desired_status, "STOPPED");
        }
        page(&config->targets[0].services[1], &c);
        if (strcmp(c.served, rows[i].expected) != 0 || strcmp(c.footer, rows[i].footer) != 0) {
            fail_msg("row \"%s\": %s\n%s", rows[i].name, c.served, c.footer);
        }
        CHECK_ROW(rows[i].name, c.tone == rows[i].tone);
    }
}

/* ECS counts tasks as running and lists none: one of the two answers is stale, and neither is believed. */
static void counts_and_list_disagree(void **state)
{
    (void)state;
    struct card c;
    snap->task_count = 0;
    page(&config->targets[0].services[1], &c);
    assert_string_equal(c.served,
                        "Users: not known. ECS counts 2 of 2 tasks as running, but lists none of them.");
    assert_int_equal(c.tone, TONE_WARNING);
}

/* A restart of these cuts something off: the page does not promise otherwise. */
static void what_a_restart_drops(void **state)
{
    static const struct {
        enum drops drops;
        const char *footer;
    } rows[] = {
        {DROPS_NOTHING, "Next, without downtime: /cloudtak restart cotak prod hub"},
        {DROPS_SOCKETS,
         "Next: /cloudtak restart cotak prod hub (it cuts off WebSockets and TAK connections for a "
         "moment, and asks first)"},
        {DROPS_IMPORTS,
         "Next: /cloudtak restart cotak prod hub (it cuts off running imports for a moment, and asks "
         "first)"},
    };
    struct config_service service = {.key = "hub", .name = "tak-cloudtak-cotak-prod-stateful"};
    struct card c;

    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        service.drops = rows[i].drops;
        page(&service, &c);
        assert_string_equal(c.footer, rows[i].footer);
    }
}

static void wanted_zero(void **state)
{
    (void)state;
    snap->service.desired = snap->service.running = 0;
    snap->service.deployments[0].desired = snap->service.deployments[0].running = 0;
    snap->task_count = 0;
    snap->service.event_count = 0;
    snap->history_count = 0;
    expect_page(
        "zero", TONE_WARNING,
        TITLE "   Users: NOT SERVED, 0 tasks wanted, 0 running.\n" WHERE
              "   Deployment ecs-svc/1 (newest): completed, 0 of 0 running, 0 starting, 0 failed, begun 1 h "
              "30 min ago, cloudtak:41\n"
              "   Tasks: none\n" TARGETS SETTINGS CONSOLE
              "   To bring it back: /cloudtak start cotak prod api\n");
}

static void deployment_running(void **state)
{
    (void)state;
    struct ecs_service *e = &snap->service;
    e->deployment_count = 2;
    e->deployments[1] = e->deployments[0];
    e->deployments[1].status = ECS_ACTIVE;
    struct ecs_deployment *d = &e->deployments[0];
    TEXT_COPY(d->id, "ecs-svc/2");
    d->rollout = ECS_ROLLOUT_IN_PROGRESS;
    d->running = 0;
    d->pending = 1;
    d->failed = 3;
    d->created_ms = NOW - 131000;
    e->breaker = e->breaker_rollback = true;
    TEXT_COPY(snap->history[0].status, "IN_PROGRESS");
    snap->history[0].finished_ms = 0;
    snap->history[0].created_ms = NOW - 131000;
    TEXT_COPY(snap->history[0].status_reason, "<!channel> 3 tasks failed");
    expect_page(
        "deploying", TONE_GOOD,
        TITLE
        "   Users: SERVED by what ECS shows, 2 of 2 tasks running." UNCHECKED WHERE
        "   Deployment ecs-svc/2 (newest): in progress, 0 of 2 running, 1 starting, 3 failed, begun 2 min 11 "
        "s "
        "ago, cloudtak:41\n"
        "   Deployment ecs-svc/1: completed, 2 of 2 running, 0 starting, 0 failed, begun 1 h 30 min ago, "
        "cloudtak:41\n"
        "   Running deployment: since 13:59:57 UTC · ECS's history says IN_PROGRESS\n" TASKS TARGETS
        "   Circuit breaker: on, rolls back · image and settings: cloudtak:41\n"
        "   | ECS on the last deployment: <!channel> 3 tasks failed\n" EVENTS CONSOLE
        "   A deployment is running; a restart would replace it. Look again: /cloudtak status cotak prod "
        "api\n");
}

static void tasks_throttled(void **state)
{
    (void)state;
    snap->tasks_absence = snap->history_absence = ECS_THROTTLED;
    TEXT_COPY(snap->trouble, "ListTasks was throttled by AWS");
    snap->service.running = 1;
    expect_page(
        "throttled", TONE_WARNING,
        TITLE "   Users: SERVED by what ECS shows, 1 of 2 tasks running." UNCHECKED WHERE DEPLOYMENT
              "   Tasks: not checked: ListTasks was throttled by AWS\n" TARGETS SETTINGS EVENTS CONSOLE NEXT);
}

static void service_unseen(void **state)
{
    (void)state;
    static const struct {
        const char *name, *trouble;
        enum ecs_absence absence;
        const char *expected;
    } rows[] = {
        {"throttled", "DescribeServices was throttled", ECS_THROTTLED,
         TITLE "   Users: UNKNOWN, AWS asked me to slow down. ECS goes on without me.\n" WHERE
               "   DescribeServices was throttled\n" CONSOLE
               "   Try again in a minute: /cloudtak status cotak prod api · which identity I use: /cloudtak "
               "whoami\n"},
        {"expired", "The security token included in the request is expired", ECS_EXPIRED,
         TITLE "   Users: UNKNOWN, my AWS sign-in ended. ECS goes on without me.\n" WHERE
               "   The security token included in the request is expired\n" CONSOLE
               "   When that is mended: /cloudtak status cotak prod api · which identity I use: /cloudtak "
               "whoami\n"},
        {"unreachable", "", ECS_UNREACHABLE,
         TITLE "   Users: UNKNOWN, AWS did not answer. ECS goes on without me.\n" WHERE
               "   The service could not be read.\n" CONSOLE
               "   Try again in a minute: /cloudtak status cotak prod api · which identity I use: /cloudtak "
               "whoami\n"},
        {"refused", "not authorized to perform: ecs:DescribeServices", ECS_REFUSED,
         TITLE "   Users: UNKNOWN, AWS refused the question. ECS goes on without me.\n" WHERE
               "   not authorized to perform: ecs:DescribeServices\n" CONSOLE
               "   When that is mended: /cloudtak status cotak prod api · which identity I use: /cloudtak "
               "whoami\n"},
    };
    TEXT_COPY(config->targets[0].profile, "coegc");
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        memset(snap, 0, sizeof(*snap));
        snap->service_absence = rows[i].absence;
        TEXT_COPY(snap->trouble, rows[i].trouble);
        expect_page(rows[i].name, TONE_WARNING, rows[i].expected);
    }
    config->targets[0].profile[0] = '\0';
}

static void service_missing(void **state)
{
    (void)state;
    struct card c;
    const char *expected =
        TITLE "   Users: UNKNOWN, AWS knows no such service here.\n" WHERE
              "   There is no service x. Did you mean y?\n" CONSOLE
              "   When that is mended: /cloudtak status cotak prod api · which identity I use: /cloudtak "
              "whoami\n";
    status_text_missing("/cloudtak", &config->targets[0], &config->targets[0].services[1],
                        "There is no service x. Did you mean y?", NOW, &c);
    char *text = card_text(&c, 0);
    assert_string_equal(text, expected);
    assert_int_equal(c.tone, TONE_WARNING);
    mem_free(text);
}

static void a_hundred_tasks_fit(void **state)
{
    (void)state;
    struct card c;
    for (size_t i = 0; i < ECS_TASKS; i++) {
        snap->tasks[i] = snap->tasks[0];
        TEXT_FORMAT(snap->tasks[i].id, "t%07zu-and-more", i);
    }
    TEXT_COPY(snap->tasks[0].last_status, "STOPPED");
    snap->task_count = ECS_TASKS;
    snap->service.desired = 99;
    page(&config->targets[0].services[1], &c);
    assert_string_equal(c.served,
                        "Users: SERVED by what ECS shows, 99 of 99 tasks running. Load balancer health: not "
                        "checked.");
    assert_string_equal(c.lines[2],
                        "Tasks: t0000001 RUNNING HEALTHY for 1 h 20 min · t0000002 RUNNING HEALTHY for 1 "
                        "h 20 min · t0000003 RUNNING HEALTHY for 1 h 20 min · t0000004 RUNNING HEALTHY "
                        "for 1 h 20 min · t0000005 RUNNING HEALTHY for 1 h 20 min · t0000006 RUNNING "
                        "HEALTHY for 1 h 20 min · and 93 more");
}

static void a_service_being_deleted_says_so(void **state)
{
    (void)state;
    struct card c;
    TEXT_COPY(snap->service.status, "DRAINING");
    page(&config->targets[0].services[1], &c);
    assert_string_equal(c.lines[0], "The service is DRAINING: it is being deleted or was deleted.");
}

static void one_line_for_each_other_service(void **state)
{
    (void)state;
    char line[CARD_LINE];
    const struct config_service *hub = &config->targets[0].services[0];
    status_text_line(hub, snap, line, sizeof(line));
    assert_string_equal(line, "hub: 2 of 2 running, no deployment running");
    snap->service.deployments[0].rollout = ECS_ROLLOUT_IN_PROGRESS;
    snap->service.running = 1;
    status_text_line(hub, snap, line, sizeof(line));
    assert_string_equal(line, "hub: 1 of 2 running, a deployment is running");
    snap->service_absence = ECS_THROTTLED;
    status_text_line(hub, snap, line, sizeof(line));
    assert_string_equal(line, "hub: not checked: it could not be read");
    TEXT_COPY(snap->trouble, "DescribeServices was throttled");
    status_text_line(hub, snap, line, sizeof(line));
    assert_string_equal(line, "hub: not checked: DescribeServices was throttled");
    snap->missing = true;
    status_text_line(hub, snap, line, sizeof(line));
    assert_string_equal(line, "hub: AWS knows no service tak-cloudtak-cotak-prod-stateful in this cluster");
}

/* ---- the command: a look at each service, answered in any order, one reply */

static struct ecs_look *looks[CONFIG_SERVICES];
static size_t look_count;

static void fake_look(struct ecs *e, struct ecs_look *r)
{
    (void)e;
    looks[look_count++] = r;
}

static const char *fake_note(struct ecs *e, int session)
{
    (void)e;
    return session == 7 ? "endpoint http://127.0.0.1:4566 (overridden)" : "";
}

static void the_command_asks_for_every_service(void **state)
{
    (void)state;
    static const struct ecs_ops ops = {.look = fake_look, .endpoint_note = fake_note};
    struct ecs ecs = {&ops};
    struct command_call call = call_of(config);
    call.ecs = &ecs;
    config->targets[0].session = 7;
    config->rehearsal = true;
    look_count = 0;
    run_text(&call, "status cotak prod");
    assert_int_equal(look_count, 3);
    for (size_t i = look_count; i-- > 0;) {
        assert_null(answer.text);
        assert_int_equal(looks[i]->ref.session, 7);
        assert_string_equal(looks[i]->ref.account, "123456789012");
        assert_string_equal(looks[i]->ref.region, "us-gov-east-1");
        assert_string_equal(looks[i]->ref.cluster, "tak-vpc-cotak-prod");
        assert_string_equal(looks[i]->ref.service, config->targets[0].services[i].name);
        assert_true(looks[i]->with_tasks == (i == 1) && looks[i]->with_history == (i == 1));
        assert_true(looks[i]->with_targets == (i == 1));
        looks[i]->snapshot = snap;
        looks[i]->done(looks[i]);
    }
    assert_null(answer.text); /* who began its deployment is asked for */
    assert_string_equal(asked_origin->deployment_id, "ecs-svc/1");
    asked_origin->ok = true;
    asked_origin->done(asked_origin);
    expect_answer("status",
                  "REHEARSAL · " TITLE
                  "   Users: SERVED by what ECS shows, 2 of 2 tasks running." UNCHECKED WHERE DEPLOYMENT
                  "   Last deployment: SUCCESSFUL 1 h 21 min ago, begun outside this bot\n" TASKS TARGETS
                  "   CloudTAK itself: version and database not checked: no address of CloudTAK is set "
                  "(targets[].probe)\n" SETTINGS "   hub: 2 of 2 running, no deployment running\n"
                  "   events: 2 of 2 running, no deployment running\n"
                  "   endpoint http://127.0.0.1:4566 (overridden)\n" EVENTS CONSOLE NEXT);
    forget_answer();
    call = call_of(config);
    call.ecs = &ecs;
    look_count = 0;
    run_text(&call, "status cotak prod hub");
    assert_int_equal(look_count, 1);
    assert_string_equal(looks[0]->ref.service, "tak-cloudtak-cotak-prod-stateful");
    looks[0]->snapshot = snap;
    looks[0]->done(looks[0]);
    asked_origin->done(asked_origin);
    assert_true(text_starts(answer.text, "REHEARSAL · cotak prod hub (PRODUCTION)"));
}

int main(void)
{
#define WITH_CONFIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_CONFIG(served),
        WITH_CONFIG(who_is_served),
        WITH_CONFIG(counts_and_list_disagree),
        WITH_CONFIG(what_a_restart_drops),
        WITH_CONFIG(wanted_zero),
        WITH_CONFIG(deployment_running),
        WITH_CONFIG(tasks_throttled),
        WITH_CONFIG(service_unseen),
        WITH_CONFIG(service_missing),
        WITH_CONFIG(a_hundred_tasks_fit),
        WITH_CONFIG(a_service_being_deleted_says_so),
        WITH_CONFIG(one_line_for_each_other_service),
        WITH_CONFIG(the_command_asks_for_every_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
