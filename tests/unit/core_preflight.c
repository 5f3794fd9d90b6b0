/* The grading of facts before a restart: each row changes one thing in a healthy service. */
#include "bot/core/preflight.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"

#define NOW 1795356000000LL

struct fixture {
    struct config_target target;
    struct config_service service;
    struct snapshot snapshot;
    struct preflight_facts facts;
    struct preflight result;
};

static struct ecs_service *live(struct fixture *f)
{
    return &f->snapshot.service;
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    TEXT_COPY(f->target.name, "cotak prod");
    TEXT_COPY(f->target.preset, "v13");
    TEXT_COPY(f->target.account, "123456789012");
    TEXT_COPY(f->target.partition, "aws-us-gov");
    TEXT_COPY(f->target.region, "us-gov-east-1");
    TEXT_COPY(f->target.cluster, "tak-vpc-cotak-prod");
    TEXT_COPY(f->service.key, "api");
    TEXT_COPY(f->service.name, "tak-cloudtak-cotak-prod");
    f->service.desired = -1;
    struct ecs_service *s = live(f);
    TEXT_COPY(s->name, "tak-cloudtak-cotak-prod");
    TEXT_COPY(s->status, "ACTIVE");
    TEXT_COPY(s->controller, "ECS");
    TEXT_COPY(s->strategy, "REPLICA");
    s->desired = s->running = 2;
    s->minimum_healthy_percent = 100;
    s->maximum_percent = 200;
    s->deployment_count = 1;
    s->deployments[0] = (struct ecs_deployment){
        .status = ECS_PRIMARY, .rollout = ECS_ROLLOUT_COMPLETED, .created_ms = NOW - 86400000};
    TEXT_COPY(s->deployments[0].id, "ecs-svc/1");
    f->facts = (struct preflight_facts){.target = &f->target,
                                        .service = &f->service,
                                        .identified = true,
                                        .identity_trouble = "",
                                        .snapshot = &f->snapshot,
                                        .world_ms = NOW,
                                        .cool_down_ms = 180000,
                                        .wall_ms = NOW};
    TEXT_COPY(f->facts.account, "123456789012");
    TEXT_COPY(f->facts.partition, "aws-us-gov");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    mem_free(*state);
    return 0;
}

static void expect(struct fixture *f, enum preflight_grade grade, const char *words)
{
    preflight_grade(&f->facts, &f->result);
    const char *text = grade == PREFLIGHT_REFUSE ? f->result.refusal
                       : grade == PREFLIGHT_ASK  ? f->result.asks[f->result.ask_count - 1]
                                                 : f->result.says;
    if (f->result.grade != grade || strstr(text, words) == NULL) {
        fail_msg("grade %d: refusal \"%s\" ask \"%s\" says \"%s\"", (int)f->result.grade, f->result.refusal,
                 f->result.asks[0], f->result.says);
    }
}

static void a_healthy_service_may_begin(void **state)
{
    struct fixture *f = *state;
    expect(f, PREFLIGHT_GO,
           "nothing else deploying · count stays 2 · no circuit breaker, so I judge it myself");
    assert_int_equal(f->result.send_count, -1);
    assert_int_equal(f->result.wanted, 2);
    assert_string_equal(f->result.primary_id, "ecs-svc/1");
    live(f)->breaker = true;
    preflight_grade(&f->facts, &f->result);
    assert_null(strstr(f->result.says, "no circuit breaker"));
}

static void the_world_must_be_right(void **state)
{
    struct fixture *f = *state;
    TEXT_COPY(f->facts.account, "999999999999");
    expect(f, PREFLIGHT_REFUSE, "account 999999999999, but cotak prod is in account 123456789012");
    TEXT_COPY(f->facts.account, "123456789012");
    TEXT_COPY(f->facts.partition, "aws");
    expect(f, PREFLIGHT_REFUSE, "partition aws, but cotak prod is in partition aws-us-gov");
    f->facts.identified = false;
    f->facts.identity_trouble = "ExpiredToken";
    expect(f, PREFLIGHT_REFUSE, "ExpiredToken");
    f->target.account[0] = '\0';
    expect(f, PREFLIGHT_GO, "account not checked");
}

static void what_cannot_be_seen_is_refused(void **state)
{
    struct fixture *f = *state;
    f->snapshot.service_absence = ECS_THROTTLED;
    TEXT_COPY(f->snapshot.trouble, "ThrottlingException");
    expect(f, PREFLIGHT_REFUSE, "ThrottlingException");
}

static void a_missing_service_is_refused_with_help(void **state)
{
    struct fixture *f = *state;
    static char names[2][ECS_NAME] = {"tak-media-cotak-prod", "tak-cloudtak-cotak-prod-Service"};
    f->snapshot.missing = true;
    expect(f, PREFLIGHT_REFUSE, "Check `cluster` and `region`");
    f->facts.names_read = f->facts.clusters_read = true;
    f->facts.cluster_count = 1;
    f->facts.names = names;
    f->facts.name_count = 2;
    expect(f, PREFLIGHT_REFUSE, "Did you mean tak-cloudtak-cotak-prod-Service?");
    expect(f, PREFLIGHT_REFUSE, "Services of cluster");
    expect(f, PREFLIGHT_REFUSE, "tak-media-cotak-prod, tak-cloudtak-cotak-prod-Service. Then correct `name`");
    f->facts.name_count = 0;
    expect(f, PREFLIGHT_REFUSE, "has no services at all");
    f->facts.name_count = 2;
    f->facts.names_are_clusters = true;
    expect(f, PREFLIGHT_REFUSE, "There is no cluster");
    expect(f, PREFLIGHT_REFUSE, "account 123456789012. Did you mean tak-");
    expect(f, PREFLIGHT_REFUSE, "or the region is the wrong one");
    f->facts.cluster_count = 0;
    expect(f, PREFLIGHT_REFUSE, "No clusters in us-gov-east-1, account 123456789012");
}

static void a_refusal_by_aws_is_not_asked_again(void **state)
{
    struct fixture *f = *state;
    f->snapshot.service_absence = ECS_REFUSED;
    TEXT_COPY(f->snapshot.trouble, "AWS does not let x do y: ask the AWS administrator to allow it");
    expect(f, PREFLIGHT_REFUSE, "to allow it. Then ask again.");
    f->snapshot.service_absence = ECS_UNREACHABLE;
    expect(f, PREFLIGHT_REFUSE, "Ask again; if it stays so: the AWS console.");
}

static void what_ecs_cannot_restart_is_refused(void **state)
{
    struct fixture *f = *state;
    TEXT_COPY(live(f)->status, "DRAINING");
    expect(f, PREFLIGHT_REFUSE, "DRAINING: it is being deleted");
    TEXT_COPY(live(f)->status, "ACTIVE");
    TEXT_COPY(live(f)->controller, "CODE_DEPLOY");
    expect(f, PREFLIGHT_REFUSE, "AWS CodeDeploy");
    TEXT_COPY(live(f)->controller, "EXTERNAL");
    expect(f, PREFLIGHT_REFUSE, "external controller");
}

static void counts_are_kept_unless_zero_or_too_few(void **state)
{
    struct fixture *f = *state;
    f->service.desired = 1;
    expect(f, PREFLIGHT_GO, "the configuration says 1, live is 2: I keep 2");
    assert_int_equal(f->result.send_count, -1);
    TEXT_COPY(f->target.preset, "runbook");
    expect(f, PREFLIGHT_GO, "The runbook says 1, live is 2: I keep 2");
    f->service.desired = 3;
    expect(f, PREFLIGHT_GO, "count 2 -> 3, as configured");
    assert_int_equal(f->result.send_count, 3);
    live(f)->desired = live(f)->running = 0;
    expect(f, PREFLIGHT_ASK, "The count is 0");
    assert_int_equal(f->result.send_count, 3);
    f->service.desired = -1;
    expect(f, PREFLIGHT_ASK, "The restart starts 1");
    assert_int_equal(f->result.send_count, 1);
    TEXT_COPY(live(f)->strategy, "DAEMON");
    preflight_grade(&f->facts, &f->result);
    assert_int_equal(f->result.send_count, -1);
}

static void what_would_cut_users_off_is_asked(void **state)
{
    struct fixture *f = *state;
    live(f)->minimum_healthy_percent = 0;
    live(f)->maximum_percent = 100;
    expect(f, PREFLIGHT_ASK, "Users WILL BE CUT OFF");
    live(f)->minimum_healthy_percent = 100;
    expect(f, PREFLIGHT_ASK, "It may never start");
    live(f)->minimum_healthy_percent = 50;
    expect(f, PREFLIGHT_GO, "only 1 of 2 tasks are kept");
    f->service.drops = DROPS_SOCKETS;
    expect(f, PREFLIGHT_ASK, "every WebSocket and TAK connection");
    f->service.drops = DROPS_IMPORTS;
    expect(f, PREFLIGHT_ASK, "A file import that runs now is lost");
}

static void others_at_work_are_asked_about(void **state)
{
    struct fixture *f = *state;
    live(f)->deployments[0].rollout = ECS_ROLLOUT_IN_PROGRESS;
    live(f)->deployments[0].created_ms = NOW - 131000;
    expect(f, PREFLIGHT_ASK, "running since 13:57:49 UTC (2 min 11 s ago)");
    TEXT_COPY(f->facts.running.operation, "7F3K");
    TEXT_COPY(f->facts.running.who, "@ana");
    f->facts.running.since_ms = NOW - 60000;
    expect(f, PREFLIGHT_ASK, "7F3K runs: @ana restarts it since 13:59:00 UTC");
    f->facts.running.operation[0] = '\0';
    live(f)->deployments[0].rollout = ECS_ROLLOUT_COMPLETED;
    TEXT_COPY(f->facts.recent.operation, "9QXD");
    TEXT_COPY(f->facts.recent.who, "@bo");
    f->facts.recent.ended_ms = NOW - 179000;
    expect(f, PREFLIGHT_ASK, "A restart by @bo (9QXD) ended 2 min 59 s ago: follow that instead?");
    TEXT_COPY(f->facts.recent.verb, "stop-all");
    expect(f, PREFLIGHT_ASK, "A stop-all by @bo (9QXD) ended 2 min 59 s ago: follow that instead?");
    f->facts.recent.ended_ms = NOW - 180000;
    expect(f, PREFLIGHT_GO, "nothing else deploying");
}

static void an_answer_holds_only_for_the_facts_it_was_given_for(void **state)
{
    struct fixture *f = *state;
    preflight_grade(&f->facts, &f->result);
    struct preflight asked = f->result, now = f->result;
    assert_null(preflight_differs(&asked, &now));
    TEXT_COPY(now.primary_id, "ecs-svc/2");
    assert_non_null(preflight_differs(&asked, &now));
    now = asked;
    now.wanted = 3;
    assert_non_null(preflight_differs(&asked, &now));
    now = asked;
    asked.running = 0;
    assert_non_null(preflight_differs(&asked, &now));
    assert_null(preflight_differs(&now, &asked)); /* fewer running: the reason to restart */
}

/* ---- what stands around it */

/* All of it was read, and is well. */
static void add_around(struct fixture *f)
{
    static struct ecs_around around;
    static struct probe_result probe;
    around = (struct ecs_around){.alarm_prefix = "tak-cloudtak-cotak-prod-",
                                 .image.name = "tak-vpc-cotak-prod-cloudtak-api:0f3c2b1a"};
    probe = (struct probe_result){.version.state = PROBE_OK, .database.state = PROBE_OK, .number = "13.70.0"};
    f->facts.around = &around;
    f->facts.probe = &probe;
    live(f)->target_groups = 1;
    f->snapshot.target_count = 3;
    f->snapshot.targets[0].state = f->snapshot.targets[1].state = ECS_TARGET_HEALTHY;
    f->snapshot.targets[2].state = ECS_TARGET_DRAINING;
}

static struct ecs_around *around(struct fixture *f)
{
    return (struct ecs_around *)f->facts.around;
}

static struct probe_result *probe(struct fixture *f)
{
    return (struct probe_result *)f->facts.probe;
}

static void expect_says(struct fixture *f, const char *says)
{
    preflight_grade(&f->facts, &f->result);
    assert_string_equal(f->result.says, says);
}

#define REST "nothing else deploying · count stays 2 · "
#define SELF "no circuit breaker, so I judge it myself"

static void all_is_well_around_it(void **state)
{
    struct fixture *f = *state;
    add_around(f);
    expect_says(f, "image ok · database ok · " REST "2 of 2 targets healthy · " SELF);
    assert_int_equal(f->result.grade, PREFLIGHT_GO);
    f->snapshot.targets[0].state = ECS_TARGET_UNHEALTHY;
    expect_says(f, "image ok · database ok · " REST "1 of 2 targets healthy · " SELF);
    f->snapshot.target_count = 0;
    expect_says(f, "image ok · database ok · " REST "no target behind the load balancer · " SELF);
    live(f)->target_groups = 0; /* the worker of imports has none */
    expect_says(f, "image ok · database ok · " REST SELF);
    probe(f)->version = (struct probe_part){PROBE_FAILING, "500"};
    expect_says(f, "image ok · API FAILING now (500) · database ok · " REST SELF);
    assert_int_equal(f->result.grade, PREFLIGHT_GO); /* a restart may be what mends it */
}

static void what_new_tasks_would_die_of_is_asked(void **state)
{
    struct fixture *f = *state;
    add_around(f);
    around(f)->image.gone = true;
    expect(f, PREFLIGHT_ASK,
           "The image tak-vpc-cotak-prod-cloudtak-api:0f3c2b1a is GONE from the registry: NO NEW TASK CAN "
           "START.");
    assert_int_equal(f->result.reasons, REASON_IMAGE);
    assert_null(strstr(f->result.says, "image"));
    around(f)->image.gone = false;
    probe(f)->database = (struct probe_part){PROBE_FAILING, "500"};
    expect(f, PREFLIGHT_ASK, "CloudTAK's database is FAILING (500): every new task would die at its start.");
    assert_int_equal(f->result.reasons, REASON_DATABASE);
    /* Both, and all else that asks: each is told. */
    around(f)->image.gone = true;
    live(f)->minimum_healthy_percent = 0;
    f->service.drops = DROPS_SOCKETS;
    live(f)->deployments[0].rollout = ECS_ROLLOUT_IN_PROGRESS;
    preflight_grade(&f->facts, &f->result);
    assert_int_equal(f->result.ask_count, 5);
    /* It was well when it was asked about, and is gone when it is answered: asked again. */
    struct preflight now = f->result;
    around(f)->image.gone = false;
    preflight_grade(&f->facts, &f->result);
    assert_non_null(preflight_differs(&f->result, &now));
    assert_null(preflight_differs(&now, &f->result));
}

static void a_stack_that_changes_is_asked_about(void **state)
{
    struct fixture *f = *state;
    add_around(f);
    TEXT_COPY(around(f)->stack_name, "tak-cloudtak-cotak-prod");
    TEXT_COPY(around(f)->stack.status, "UPDATE_COMPLETE");
    expect(f, PREFLIGHT_GO, "image ok");
    around(f)->stack.running = true;
    TEXT_COPY(around(f)->stack.status, "UPDATE_IN_PROGRESS");
    expect(f, PREFLIGHT_ASK,
           "CloudFormation changes the stack tak-cloudtak-cotak-prod now (UPDATE_IN_PROGRESS): it may deploy "
           "this service too and set its count again. It does not say who began that: find out before you go "
           "on.");
    assert_int_equal(f->result.reasons, REASON_STACK);
    around(f)->stack.absence = ECS_REFUSED;
    TEXT_COPY(around(f)->stack.why, "AWS does not allow it");
    expect(f, PREFLIGHT_GO, "stack not checked: AWS does not allow it");
    around(f)->stack.absence = ECS_NOT_READ; /* it is not known which */
    preflight_grade(&f->facts, &f->result);
    assert_null(strstr(f->result.says, "stack"));
}

static void alarms_are_said(void **state)
{
    struct fixture *f = *state;
    add_around(f);
    around(f)->alarms.count = 1;
    TEXT_COPY(around(f)->alarms.names[0], "tak-cloudtak-cotak-prod-CPUUtilization-us-gov-east-1-batchelb");
    around(f)->alarms.since_ms[0] = NOW - 1200000;
    expect(f, PREFLIGHT_GO, " · in ALARM: CPUUtilization-us-gov-east-1-batchelb since 13:40:00 UTC · ");
    around(f)->alarms.count = 11;
    TEXT_COPY(around(f)->alarms.names[1], "another");
    around(f)->alarms.since_ms[1] = NOW - 2 * 86400000LL;
    expect(f, PREFLIGHT_GO, "since 13:40:00 UTC, another since 2026-11-20 14:00:00 UTC and 9 more");
}

/* Said last, with the reason, once for all of one reason; it stops nothing. */
static void what_could_not_be_read_stops_nothing(void **state)
{
    struct fixture *f = *state;
    add_around(f);
    around(f)->image.absence = around(f)->alarms.absence = f->snapshot.targets_absence = ECS_REFUSED;
    TEXT_COPY(around(f)->image.why, "AWS does not allow it");
    TEXT_COPY(around(f)->alarms.why, "AWS does not allow it");
    probe_unseen(probe(f), PROBE_VERSION | PROBE_DATABASE, "the name map.example.org cannot be resolved");
    expect_says(f, REST SELF " · image, alarms not checked: AWS does not allow it · target health not "
                             "checked: no answer in time · database not checked: the name map.example.org "
                             "cannot be resolved");
    assert_int_equal(f->result.grade, PREFLIGHT_GO);
    assert_int_equal(f->result.reasons, 0);
    /* However long the reason is */
    memset(around(f)->image.why, 'x', sizeof(around(f)->image.why) - 1);
    expect(f, PREFLIGHT_GO, "xxxxxxxx… · alarms not checked: AWS does not allow it · ");
    assert_non_null(strstr(f->result.says, "database not checked: the name map.example.org"));
}

/* ---- --break-glass */

static void glass_is_broken_only_where_a_check_says_so(void **state)
{
    struct fixture *f = *state;
    struct preflight *p = &f->result;
    preflight_grade(&f->facts, p);
    assert_false(preflight_break_glass(p, "@bo", "because")); /* nothing to override */
    preflight_refuse(p, true, "The image is gone.");
    preflight_refuse(p, true, "It has no room either.");
    assert_string_equal(p->refusal, "The image is gone.");
    assert_true(preflight_break_glass(p, "@bo", "the registry lies"));
    assert_int_equal(p->grade, PREFLIGHT_ASK);
    assert_non_null(strstr(p->asks[0], "BREAK GLASS by @bo: \"the registry lies\""));
    assert_string_equal(p->asks[1], "The image is gone.");
    assert_int_equal(p->reasons & REASON_GLASS, REASON_GLASS);
    /* What cannot work stands, whatever else refuses. */
    preflight_refuse(p, true, "The image is gone.");
    preflight_refuse(p, false, "The wrong account.");
    preflight_refuse(p, true, "The image is gone.");
    assert_string_equal(p->refusal, "The wrong account.");
    assert_false(preflight_break_glass(p, "@bo", "because"));
    assert_int_equal(p->grade, PREFLIGHT_REFUSE);
    f->facts.account[0] = '9';
    preflight_grade(&f->facts, p);
    assert_false(preflight_break_glass(p, "@bo", "because"));
}

static void downtime_asks_about_what_was_not_checked(void **state)
{
    struct fixture *f = *state;
    add_around(f);
    around(f)->image.absence = ECS_REFUSED;
    TEXT_COPY(around(f)->image.why, "AWS refused it");
    expect(f, PREFLIGHT_GO, "image not checked: AWS refused it");
    f->facts.downtime = true;
    expect(f, PREFLIGHT_ASK, "Not checked: image (AWS refused it).");
    assert_int_equal(f->result.reasons, REASON_UNCHECKED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_healthy_service_may_begin),
        TEST(the_world_must_be_right),
        TEST(what_cannot_be_seen_is_refused),
        TEST(a_missing_service_is_refused_with_help),
        TEST(a_refusal_by_aws_is_not_asked_again),
        TEST(what_ecs_cannot_restart_is_refused),
        TEST(counts_are_kept_unless_zero_or_too_few),
        TEST(what_would_cut_users_off_is_asked),
        TEST(others_at_work_are_asked_about),
        TEST(an_answer_holds_only_for_the_facts_it_was_given_for),
        TEST(all_is_well_around_it),
        TEST(what_new_tasks_would_die_of_is_asked),
        TEST(a_stack_that_changes_is_asked_about),
        TEST(alarms_are_said),
        TEST(glass_is_broken_only_where_a_check_says_so),
        TEST(downtime_asks_about_what_was_not_checked),
        TEST(what_could_not_be_read_stops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
