/* The simulated AWS over a socket, asked with signed requests. */
#include "wire_aws_rig.h"

static void ecs_answers(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    ask_ecs(&f, "DescribeServices", DESCRIBE);
    assert_int_equal(f.status, 200);
    assert_int_equal(jsonx_int(f.answer, "services.0.runningCount", -1), 2);
    assert_int_equal(f.told_count, 0); /* reads are not told */
    ask_ecs(&f, "UpdateService", UPDATE);
    assert_string_equal(jsonx_text(f.answer, "service.deployments.1.status"), "ACTIVE");
    assert_string_equal(f.told, "{\"event\":\"aws\",\"action\":\"UpdateService\",\"status\":200}\n");
    ask_ecs(&f, "UpdateService", "{\"cluster\":\"nowhere\",\"service\":\"x\"}");
    assert_int_equal(f.status, 400);
    assert_string_equal(jsonx_text(f.answer, "__type"), "ClusterNotFoundException");
    ask_ecs(&f, "FlyToTheMoon", "{}");
    assert_string_equal(jsonx_text(f.answer, "__type"), "UnknownOperationException");
    ask(&f, "DynamoDB_20120810.ListTables", "{}");
    assert_string_equal(jsonx_text(f.answer, "__type"), "UnknownOperationException");
    json_t *stats = wire_ecs_stats(f.wire);
    assert_int_equal(jsonx_int(stats, "UpdateService", -1), 2);
    json_decref(stats);
    end(&f);
}

static void sts_answers_in_xml(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    ask(&f, NULL, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_int_equal(f.status, 200);
    assert_non_null(strstr(f.text, "<Account>000000000000</Account>"));
    ask(&f, NULL, "Action=GetSessionToken&Version=2011-06-15");
    assert_int_equal(f.status, 400);
    assert_non_null(strstr(f.text, "<Code>InvalidAction</Code>"));
    end(&f);
}

static void signatures_are_checked(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    f.secret = "another-secret-key-altogether";
    ask_ecs(&f, "UpdateService", UPDATE);
    assert_int_equal(f.status, 403);
    assert_string_equal(jsonx_text(f.answer, "__type"), "InvalidSignatureException");
    f.secret = NULL;
    ask_ecs(&f, "UpdateService", UPDATE);
    assert_int_equal(f.status, 403);
    assert_string_equal(jsonx_text(f.answer, "__type"), "MissingAuthenticationTokenException");
    assert_int_equal(world_ecs_count(f.world, "UpdateService"), 0);
    end(&f);
}

static void a_lost_answer_is_a_reset(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "lost-reply");
    ask_ecs(&f, "UpdateService", UPDATE);
    assert_false(f.ok);
    assert_true(f.sent);
    assert_int_equal(world_ecs_count(f.world, "UpdateService"), 1);
    ask_ecs(&f, "DescribeServices", DESCRIBE);
    assert_int_equal(json_array_size(jsonx_at(f.answer, "services.0.deployments")), 2);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecs_answers),
        cmocka_unit_test(sts_answers_in_xml),
        cmocka_unit_test(signatures_are_checked),
        cmocka_unit_test(a_lost_answer_is_a_reset),
    };
    return cmocka_run_group_tests_name("sim wire_aws", tests, NULL, NULL);
}
