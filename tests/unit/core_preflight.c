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
    expect(f, PREFLIGHT_ASK, "A restart by @bo (9QXD) ended 2 min 59 s ago.");
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
