/* The status page with all that stands around a service: targets, CPU and memory, alarms, CloudTAK's own
 * answers, image, and who began the newest deployment. */
#include "bot/commands/status_text.h"
#include "commands_fixture.h"

#define MINUTE INT64_C(60000)
#define DAY    (24 * 60 * MINUTE)

struct fixture {
    struct config *config;
    struct snapshot snapshot;
    struct ecs_around around;
    struct probe_result probe;
    struct command_origin origin;
    struct status_facts facts;
    struct card card;
};

static void add_task(struct snapshot *s, const char *id, const char *address)
{
    struct ecs_task *t = &s->tasks[s->task_count++];
    TEXT_COPY(t->id, id);
    TEXT_COPY(t->address, address);
    TEXT_COPY(t->last_status, "RUNNING");
    TEXT_COPY(t->desired_status, "RUNNING");
    t->started_ms = NOW - 80 * MINUTE;
}

static struct ecs_target *put_target(struct snapshot *s, int group, const char *address,
                                     enum ecs_target_state state)
{
    struct ecs_target *t = &s->targets[s->target_count++];
    t->group = group;
    TEXT_COPY(t->id, address);
    t->port = s->service.groups[group].port;
    t->state = state;
    return t;
}

/* Two healthy tasks behind one target group; nothing in ALARM; the image is there. */
static int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    struct snapshot *s = &f->snapshot;
    struct ecs_service *e = &s->service;
    f->config = make_config();
    s->service_as_of_ms = NOW;
    TEXT_COPY(e->status, "ACTIVE");
    TEXT_COPY(e->task_definition, "cloudtak:41");
    e->desired = e->running = 2;
    e->target_groups = 1;
    e->groups[0] = (struct ecs_group){.container = "api", .port = 5000};
    e->deployment_count = 1;
    e->deployments[0] = (struct ecs_deployment){.id = "ecs-svc/1",
                                                .rollout = ECS_ROLLOUT_COMPLETED,
                                                .desired = 2,
                                                .running = 2,
                                                .created_ms = NOW - 90 * MINUTE,
                                                .task_definition = "cloudtak:41"};
    add_task(s, "aaaaaaa0cccc", "10.0.1.5");
    add_task(s, "aaaaaaa1cccc", "10.0.1.6");
    put_target(s, 0, "10.0.1.5", ECS_TARGET_HEALTHY);
    put_target(s, 0, "10.0.1.6", ECS_TARGET_HEALTHY);
    s->history_count = 1;
    TEXT_COPY(s->history[0].status, "SUCCESSFUL");
    s->history[0].finished_ms = NOW - 81 * MINUTE;
    f->around.metrics.has_data = true;
    f->around.metrics.cpu_average = 11.6;
    f->around.metrics.cpu_maximum = 31;
    f->around.metrics.memory_average = 48.2;
    f->around.metrics.memory_maximum = 52.4;
    TEXT_COPY(f->around.image.name, "tak-vpc-cotak-prod-cloudtak-api:0f3c2b1a");
    f->around.image.pushed_ms = NOW - 12 * DAY;
    f->probe =
        (struct probe_result){.version.state = PROBE_OK, .database.state = PROBE_OK, .number = "13.70.0"};
    f->origin.ok = true;
    f->facts = (struct status_facts){.word = "/cloudtak",
                                     .target = &f->config->targets[0],
                                     .service = &f->config->targets[0].services[1],
                                     .snapshot = s,
                                     .around = &f->around,
                                     .probe = &f->probe,
                                     .origin = &f->origin,
                                     .now_ms = NOW};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    config_destroy(f->config);
    mem_free(f);
    forget_answer();
    return 0;
}

static void page(struct fixture *f)
{
    status_text_page(&f->facts, &f->card);
}

/* The line that begins so stands on the page, word for word. */
static void expect_line(struct fixture *f, const char *expected)
{
    page(f);
    for (size_t i = 0; i < f->card.line_count; i++) {
        if (strcmp(f->card.lines[i], expected) == 0) {
            return;
        }
    }
    char *text = card_text(&f->card, 0);
    print_message("%s", text);
    mem_free(text);
    fail_msg("missing: %s", expected);
}

static void the_whole_page(void **state)
{
    struct fixture *f = *state;
    page(f);
    char *text = card_text(&f->card, 0);
    const char *expected =
        "cotak prod api (PRODUCTION) · 14:02:08 UTC\n"
        "   Users: SERVED, 2 of 2 tasks healthy to the load balancer.\n"
        "   Where: aws-us-gov 123456789012 us-gov-east-1 · tak-vpc-cotak-prod / tak-cloudtak-cotak-prod\n"
        "   Deployment ecs-svc/1 (newest): completed, 2 of 2 running, 0 starting, 0 failed, begun 1 h 30 min "
        "ago, cloudtak:41\n"
        "   Last deployment: SUCCESSFUL 1 h 21 min ago, begun outside this bot\n"
        "   Tasks: aaaaaaa0 RUNNING for 1 h 20 min · aaaaaaa1 RUNNING for 1 h 20 min\n"
        "   Targets: api:5000: 2 of 2 healthy\n"
        "   CPU 12 %, at most 31 % · memory 48 %, at most 52 % · last 5 min\n"
        "   Alarms: none in ALARM\n"
        "   CloudTAK itself: version 13.70.0 · database ok\n"
        "   Image tak-vpc-cotak-prod-cloudtak-api:0f3c2b1a: still in the registry, pushed 12 days ago\n"
        "   Circuit breaker: off · image and settings: cloudtak:41\n"
        "   AWS console: https://console.amazonaws-us-gov.com/ecs/v2/clusters/tak-vpc-cotak-prod/services/"
        "tak-cloudtak-cotak-prod/health?region=us-gov-east-1\n"
        "   Next, without downtime: /cloudtak restart cotak prod api\n";
    if (strcmp(text, expected) != 0) {
        fail_msg("%s", text);
    }
    assert_int_equal(f->card.tone, TONE_GOOD);
    mem_free(text);
}

/* The second line by what the load balancer finds; never "served" without a healthy target. */
static void who_is_served(void **state)
{
    static const struct {
        const char *name;
        enum ecs_target_state first, second;
        int desired;
        enum card_tone tone;
        const char *expected;
    } rows[] = {
        {"one starts", ECS_TARGET_HEALTHY, ECS_TARGET_INITIAL, 2, TONE_WARNING,
         "Users: SERVED, 1 of 2 tasks healthy to the load balancer."},
        {"one is sick", ECS_TARGET_UNHEALTHY, ECS_TARGET_HEALTHY, 2, TONE_WARNING,
         "Users: SERVED, 1 of 2 tasks healthy to the load balancer."},
        {"more than wanted", ECS_TARGET_HEALTHY, ECS_TARGET_HEALTHY, 1, TONE_GOOD,
         "Users: SERVED, 2 tasks healthy to the load balancer, 1 wanted."},
        {"tasks run, none is healthy", ECS_TARGET_UNHEALTHY, ECS_TARGET_INITIAL, 2, TONE_BAD,
         "Users: NOT SERVED, the load balancer finds 0 of 2 tasks healthy; 2 run."},
        {"only draining ones", ECS_TARGET_DRAINING, ECS_TARGET_DRAINING, 2, TONE_BAD,
         "Users: NOT SERVED, the load balancer finds 0 of 2 tasks healthy; 2 run."},
        {"not known is not healthy", ECS_TARGET_UNAVAILABLE, ECS_TARGET_UNUSED, 2, TONE_BAD,
         "Users: NOT SERVED, the load balancer finds 0 of 2 tasks healthy; 2 run."},
        {"the last ones", ECS_TARGET_HEALTHY, ECS_TARGET_DRAINING, 0, TONE_WARNING,
         "Users: SERVED only until the last 1 tasks stop, 0 are wanted."},
        {"none wanted", ECS_TARGET_DRAINING, ECS_TARGET_DRAINING, 0, TONE_WARNING,
         "Users: NOT SERVED, 0 tasks wanted, 2 running."},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        f->snapshot.targets[0].state = rows[i].first;
        f->snapshot.targets[1].state = rows[i].second;
        f->snapshot.service.desired = rows[i].desired;
        page(f);
        if (strcmp(f->card.served, rows[i].expected) != 0 || f->card.tone != rows[i].tone) {
            fail_msg("%s: %s", rows[i].name, f->card.served);
        }
    }
}

/* The hub is behind two load balancers: it serves as well as the weaker one finds it. */
static void several_groups(void **state)
{
    struct fixture *f = *state;
    struct snapshot *s = &f->snapshot;
    s->service.target_groups = 2;
    s->service.groups[1] = (struct ecs_group){.container = "api", .port = 5002};
    struct ecs_target *t = put_target(s, 1, "10.0.1.5", ECS_TARGET_UNHEALTHY);
    TEXT_COPY(t->reason, "Target.ResponseCodeMismatch");
    TEXT_COPY(t->description, "Health checks failed with these codes: [502]");
    put_target(s, 1, "10.0.1.6", ECS_TARGET_INITIAL);
    put_target(s, 1, "10.0.1.9", ECS_TARGET_DRAINING);
    expect_line(f, "Targets: api:5000: 2 of 2 healthy · api:5002: 0 of 2 healthy, 1 starting, 1 draining");
    expect_line(f, "Not healthy: 10.0.1.5 (task aaaaaaa0):5002: Health checks failed with these codes: [502] "
                   "(Target.ResponseCodeMismatch)");
    assert_string_equal(f->card.served,
                        "Users: NOT SERVED, the load balancer finds 0 of 2 tasks healthy; 2 run.");
}

static void many_sick_targets(void **state)
{
    struct fixture *f = *state;
    f->snapshot.target_count = 0;
    for (int i = 0; i < 5; i++) {
        char address[20];
        TEXT_FORMAT(address, "10.0.2.%d", i);
        put_target(&f->snapshot, 0, address, ECS_TARGET_UNHEALTHY);
    }
    expect_line(f, "Not healthy: 10.0.2.0:5000: no reason given · 10.0.2.1:5000: no reason given · "
                   "10.0.2.2:5000: no reason given · and 2 more");
    f->snapshot.target_count = 0;
    expect_line(f, "Targets: api:5000: none registered");
}

static void no_load_balancer(void **state)
{
    struct fixture *f = *state;
    f->snapshot.service.target_groups = 0;
    expect_line(f, "Targets: no load balancer asks after this service");
    assert_string_equal(f->card.served, "Users: SERVED by what ECS shows, 2 of 2 tasks running.");
}

/* Each part says why it could not be read, spoils no other, and is never a zero. */
static void what_was_not_checked(void **state)
{
    struct fixture *f = *state;
    f->snapshot.targets_absence = ECS_REFUSED;
    TEXT_COPY(f->snapshot.targets_trouble, "AWS does not allow DescribeTargetHealth");
    f->around.metrics.absence = ECS_REFUSED;
    TEXT_COPY(f->around.metrics.why, "AWS does not allow GetMetricData");
    f->around.alarms.absence = ECS_THROTTLED;
    f->around.image.absence = ECS_UNSUPPORTED;
    TEXT_COPY(f->around.image.why, "the image of container \"api\" is not in ECR");
    f->origin.ok = false;
    probe_unseen(&f->probe, PROBE_VERSION | PROBE_DATABASE, "the name map.example.org cannot be resolved");
    expect_line(f, "Targets: not checked: AWS does not allow DescribeTargetHealth");
    expect_line(f, "CPU and memory: not checked: AWS does not allow GetMetricData");
    expect_line(f, "Alarms: not checked: AWS did not answer");
    expect_line(f, "Image: not checked: the image of container \"api\" is not in ECR");
    expect_line(f, "CloudTAK itself: version and database not checked: the name map.example.org cannot be "
                   "resolved");
    expect_line(f, "Last deployment: SUCCESSFUL 1 h 21 min ago, who began it: not checked: my own store did "
                   "not answer");
    assert_string_equal(f->card.served, "Users: SERVED by what ECS shows, 2 of 2 tasks running. Load "
                                        "balancer health: not checked.");
    for (size_t i = 0; i < f->card.line_count; i++) {
        assert_null(strstr(f->card.lines[i], "0 %"));
    }
    f->around.metrics.absence = ECS_SEEN;
    f->around.metrics.has_data = false;
    expect_line(f, "CPU and memory: no data of the last 5 min");
}

static void what_is_bad_is_told_and_coloured(void **state)
{
    struct fixture *f = *state;
    f->around.alarms.count = 2;
    TEXT_COPY(f->around.alarms.names[0], "tak-cloudtak-cotak-prod-CPUUtilization-us-gov-east-1-batchelb");
    f->around.alarms.since_ms[0] = NOW - 22 * MINUTE;
    TEXT_COPY(f->around.alarms.names[1], "tak-cloudtak-cotak-prod-layer-7");
    f->around.alarms.since_ms[1] = NOW - 3 * DAY;
    expect_line(f, "In ALARM: tak-cloudtak-cotak-prod-CPUUtilization-us-gov-east-1-batchelb since 13:40:08 "
                   "UTC · tak-cloudtak-cotak-prod-layer-7 since 2026-11-19 14:02:08 UTC");
    assert_int_equal(f->card.tone, TONE_WARNING);
    f->around.alarms.count = 0;
    f->around.image.gone = true;
    expect_line(f, "Image tak-vpc-cotak-prod-cloudtak-api:0f3c2b1a: GONE from the registry: do not stop "
                   "tasks, no new one can start. Have it built again.");
    assert_int_equal(f->card.tone, TONE_WARNING);
    f->around.image.gone = false;
    f->probe.database = (struct probe_part){PROBE_FAILING, "500"};
    expect_line(f, "CloudTAK itself: version 13.70.0 · database FAILING (500): new tasks would die");
    assert_int_equal(f->card.tone, TONE_WARNING);
    f->around.alarms.count = ECS_ALARMS + 3;
    page(f);
    bool more = false;
    for (size_t i = 0; i < f->card.line_count; i++) {
        more = more || text_ends(f->card.lines[i], "and 3 more");
    }
    assert_true(more);
}

static void who_began_what_runs(void **state)
{
    struct fixture *f = *state;
    f->snapshot.service.deployments[0].rollout = ECS_ROLLOUT_IN_PROGRESS;
    TEXT_COPY(f->snapshot.history[0].status, "ROLLBACK_IN_PROGRESS");
    expect_line(f, "Running deployment: since 12:32:08 UTC, begun outside this bot · ECS's history says "
                   "ROLLBACK_IN_PROGRESS");
    TEXT_COPY(f->origin.follower, "KV7P");
    TEXT_COPY(f->origin.followed_by, "@bo");
    expect_line(f, "Running deployment: since 12:32:08 UTC, begun outside this bot, followed by @bo (KV7P) · "
                   "ECS's history says ROLLBACK_IN_PROGRESS");
    TEXT_COPY(f->origin.operation, "7F3K");
    TEXT_COPY(f->origin.who, "@ana");
    f->snapshot.history_absence = ECS_UNSUPPORTED;
    expect_line(f, "Running deployment: since 12:32:08 UTC, begun by @ana through me (7F3K)");
    f->snapshot.service.deployments[0].rollout = ECS_ROLLOUT_COMPLETED;
    expect_line(f, "Last deployment: begun by @ana through me (7F3K)");
}

/* ---- the command: everything at once, one reply when the last has come */

static struct ecs_look *main_look;
static struct ecs_around *arounds[4];
static struct probe_look *probe_look;
static size_t around_count;

static void fake_look(struct ecs *e, struct ecs_look *r)
{
    (void)e;
    main_look = r;
}

static void fake_around(struct ecs *e, struct ecs_around *r)
{
    (void)e;
    assert_string_equal(r->alarm_prefix, "tak-cloudtak-cotak-prod-");
    arounds[around_count++] = r;
}

static void fake_probe(struct probe *p, struct probe_look *r)
{
    (void)p;
    probe_look = r;
}

static const char *no_note(struct ecs *e, int session)
{
    (void)e;
    (void)session;
    return "";
}

static void begin(struct fixture *f, struct command_call *call, const char *text)
{
    static const struct ecs_ops ops = {.look = fake_look, .around = fake_around, .endpoint_note = no_note};
    static const struct probe_ops probe_ops = {.look = fake_probe};
    static struct ecs ecs = {&ops};
    static struct probe probe = {&probe_ops};
    *call = call_of(f->config);
    call->ecs = &ecs;
    call->probe = &probe;
    around_count = 0;
    probe_look = NULL;
    asked_origin = NULL;
    TEXT_COPY(f->config->targets[0].probe, "https://map.example.org");
    run_text(call, text);
}

static void look_came(struct fixture *f)
{
    main_look->snapshot = &f->snapshot;
    main_look->done(main_look);
}

static void everything_is_asked_at_once(void **state)
{
    struct fixture *f = *state;
    struct command_call call;
    begin(f, &call, "status cotak prod api");
    assert_true(main_look->with_targets && main_look->with_tasks && main_look->with_history);
    assert_int_equal(around_count, 1);
    assert_int_equal(arounds[0]->parts, ECS_AROUND_METRICS | ECS_AROUND_ALARMS);
    assert_int_equal(probe_look->parts, PROBE_VERSION | PROBE_DATABASE);
    assert_string_equal(probe_look->base, "https://map.example.org");
    look_came(f);
    assert_int_equal(around_count, 2);
    assert_int_equal(arounds[1]->parts, ECS_AROUND_IMAGE);
    assert_string_equal(arounds[1]->task_definition, "cloudtak:41");
    /* in another order than asked */
    arounds[1]->image = f->around.image;
    arounds[1]->done(arounds[1]);
    probe_look->result = f->probe;
    probe_look->done(probe_look);
    *asked_origin = (struct command_origin){.ok = true,
                                            .operation = "7F3K",
                                            .who = "@ana",
                                            .done = asked_origin->done,
                                            .user = asked_origin->user};
    asked_origin->done(asked_origin);
    assert_null(answer.text);
    arounds[0]->metrics = f->around.metrics;
    arounds[0]->done(arounds[0]);
    assert_int_equal(answer.count, 1);
    assert_non_null(strstr(answer.text, "   CPU 12 %, at most 31 % · memory 48 %, at most 52 %"));
    assert_non_null(strstr(answer.text, "   Alarms: none in ALARM\n"));
    assert_non_null(strstr(answer.text, "   CloudTAK itself: version 13.70.0 · database ok\n"));
    assert_non_null(strstr(answer.text, "cloudtak-api:0f3c2b1a: still in the registry"));
    assert_non_null(strstr(answer.text, "ago, begun by @ana through me (7F3K)\n"));
}

/* The hub is asked for by a WebSocket; the worker of imports has nothing a browser could ask. */
static void each_service_has_its_own_probe(void **state)
{
    struct fixture *f = *state;
    struct command_call call;
    f->snapshot.service.deployment_count = 0;
    f->config->targets[0].services[0].drops = DROPS_SOCKETS;
    f->config->targets[0].services[2].drops = DROPS_IMPORTS;
    begin(f, &call, "status cotak prod hub");
    assert_int_equal(probe_look->parts, PROBE_WEBSOCKET);
    look_came(f);
    probe_look->result = (struct probe_result){.websocket = {PROBE_FAILING, "503: no healthy hub"}};
    probe_look->done(probe_look);
    arounds[0]->done(arounds[0]);
    arounds[1]->done(arounds[1]);
    assert_null(asked_origin); /* there is no deployment */
    assert_non_null(strstr(answer.text, "   CloudTAK itself: WebSocket FAILING (503): no healthy hub\n"));
    begin(f, &call, "status cotak prod events");
    assert_null(probe_look);
    look_came(f);
    arounds[0]->done(arounds[0]);
    arounds[1]->done(arounds[1]);
    assert_null(strstr(answer.text, "CloudTAK itself"));
}

/* A service that cannot be seen: its image and who began what are not asked for. */
static void an_unseen_service_asks_no_further(void **state)
{
    struct fixture *f = *state;
    struct command_call call;
    f->snapshot.service_absence = ECS_THROTTLED;
    begin(f, &call, "status cotak prod api");
    look_came(f);
    assert_int_equal(around_count, 1);
    assert_null(asked_origin);
    arounds[0]->done(arounds[0]);
    probe_look->done(probe_look);
    assert_non_null(strstr(answer.text, "Users: UNKNOWN, AWS asked me to slow down."));
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(the_whole_page),
        WITH(who_is_served),
        WITH(several_groups),
        WITH(many_sick_targets),
        WITH(no_load_balancer),
        WITH(what_was_not_checked),
        WITH(what_is_bad_is_told_and_coloured),
        WITH(who_began_what_runs),
        WITH(everything_is_asked_at_once),
        WITH(each_service_has_its_own_probe),
        WITH(an_unseen_service_asks_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
