/* clusters and services, an empty list and a list that could not be read; and status, within two seconds. */
#include "commands_reading.h"

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
