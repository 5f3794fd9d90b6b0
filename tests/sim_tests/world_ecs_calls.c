/* The simulated ECS: what its calls change, refuse, page and limit. */
#include "world_ecs_rig.h"

static void stopped_tasks_are_replaced(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    json_t *list = call(&f, "ListTasks", json_pack("{s:s}", "serviceName", API));
    assert_int_equal(json_array_size(jsonx_at(list, "taskArns")), 2);
    for (size_t i = 0; i < 2; i++) {
        const char *arn = json_string_value(json_array_get(jsonx_at(list, "taskArns"), i));
        json_t *a = call(&f, "StopTask", json_pack("{s:s,s:s}", "task", arn, "reason", "ana: INC-204"));
        assert_string_equal(jsonx_text(a, "task.desiredStatus"), "STOPPED");
        assert_string_equal(jsonx_text(a, "task.stoppedReason"), "ana: INC-204");
        assert_string_equal(jsonx_text(a, "task.stopCode"), "UserInitiated");
        json_decref(a);
    }
    json_decref(list);
    assert_int_equal(number(&f, API, "runningCount"), 0);
    pass(&f, 20 * SECOND);
    assert_int_equal(number(&f, API, "pendingCount"), 2);
    pass(&f, 5 * MINUTE);
    assert_int_equal(number(&f, API, "runningCount"), 2);
    assert_int_equal(events(&f, API, "has reached a steady state."), 1);
    end(&f);
}

static void a_count_alone_starts_no_deployment(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    json_t *s = service(&f, API);
    TEXT_COPY(f.before, jsonx_text(s, "deployments.0.id"));
    json_decref(s);
    json_decref(call(&f, "UpdateService", json_pack("{s:s,s:i}", "service", API, "desiredCount", 0)));
    pass(&f, 7 * MINUTE);
    expect_text(&f, API, "deployments.0.id", f.before);
    assert_int_equal(number(&f, API, "runningCount"), 0);
    json_decref(call(&f, "UpdateService", json_pack("{s:s,s:i}", "service", API, "desiredCount", 3)));
    pass(&f, 7 * MINUTE);
    assert_int_equal(number(&f, API, "runningCount"), 3);
    expect_text(&f, API, "deployments.0.id", f.before);
    end(&f);
}

static void a_person_can_roll_back(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "crash-loop");
    redeploy(&f, API);
    pass(&f, 2 * MINUTE);
    json_t *h = call(&f, "ListServiceDeployments", json_pack("{s:s}", "service", API));
    char arn[256];
    TEXT_COPY(arn, jsonx_text(h, "serviceDeployments.0.serviceDeploymentArn"));
    json_decref(h);
    json_decref(call(&f, "StopServiceDeployment",
                     json_pack("{s:s,s:s}", "serviceDeploymentArn", arn, "stopType", "ROLLBACK")));
    assert_int_equal(f.status, 200);
    until(&f, API, "deployments.0.rolloutState", "COMPLETED", 5 * MINUTE);
    expect_text(&f, API, "deployments.0.id", f.before);
    json_decref(call(&f, "StopServiceDeployment",
                     json_pack("{s:s,s:s}", "serviceDeploymentArn", arn, "stopType", "ROLLBACK")));
    assert_string_equal(f.type, "ConflictException");
    h = call(&f, "DescribeServiceDeployments", json_pack("{s:[s]}", "serviceDeploymentArns", arn));
    assert_string_equal(jsonx_text(h, "serviceDeployments.0.status"), "ROLLBACK_SUCCESSFUL");
    assert_non_null(jsonx_at(h, "serviceDeployments.0.rollback.serviceRevisionArn"));
    json_decref(h);
    end(&f);
}

static void refusals_have_awss_shape(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    json_t *a = call(&f, "UpdateService", json_pack("{s:s}", "service", "no-such"));
    assert_int_equal(f.status, 400);
    assert_string_equal(jsonx_text(a, "__type"), "ServiceNotFoundException");
    assert_string_equal(jsonx_text(a, "message"), "Service not found.");
    json_decref(a);
    a = call(&f, "DescribeServices", json_pack("{s:[s,s]}", "services", "no-such", API));
    assert_int_equal(f.status, 200);
    assert_string_equal(jsonx_text(a, "failures.0.reason"), "MISSING");
    assert_int_equal(json_array_size(jsonx_at(a, "services")), 1);
    json_decref(a);
    struct world_answer other;
    json_t *body = json_pack("{s:s,s:[s]}", "cluster", "elsewhere", "services", API);
    world_ecs_call(f.w, f.now, "DescribeServices", body, &other);
    assert_string_equal(jsonx_text(other.body, "__type"), "ClusterNotFoundException");
    json_decref(other.body);
    json_decref(body);
    json_decref(call(&f, "DeleteEverything", json_object()));
    assert_string_equal(f.type, "UnknownOperationException");
    json_decref(call(&f, "DescribeServices", json_pack("{s:[]}", "services")));
    assert_string_equal(f.type, "InvalidParameterException");
    end(&f);
}

static void lists_come_in_pages(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    json_t *first = call(&f, "ListServices", json_pack("{s:i}", "maxResults", 2));
    assert_int_equal(json_array_size(jsonx_at(first, "serviceArns")), 2);
    json_t *rest = call(&f, "ListServices",
                        json_pack("{s:i,s:s}", "maxResults", 2, "nextToken", jsonx_text(first, "nextToken")));
    assert_int_equal(json_array_size(jsonx_at(rest, "serviceArns")), 1);
    assert_null(jsonx_at(rest, "nextToken"));
    json_decref(first);
    json_decref(rest);
    json_decref(call(&f, "ListServices", json_pack("{s:s}", "nextToken", "nonsense")));
    assert_string_equal(f.type, "InvalidParameterException");
    end(&f);
}

static void buckets_run_dry(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    int served = 0;
    for (int i = 0; i < 150; i++) {
        json_decref(call(&f, "DescribeServices", json_pack("{s:[s]}", "services", API)));
        served += f.status == 200;
    }
    assert_int_equal(served, 100);
    pass(&f, SECOND);
    served = 0;
    for (int i = 0; i < 150; i++) {
        json_decref(call(&f, "DescribeServices", json_pack("{s:[s]}", "services", API)));
        served += f.status == 200;
    }
    assert_int_equal(served, 20);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped_tasks_are_replaced), cmocka_unit_test(a_count_alone_starts_no_deployment),
        cmocka_unit_test(a_person_can_roll_back),     cmocka_unit_test(refusals_have_awss_shape),
        cmocka_unit_test(lists_come_in_pages),        cmocka_unit_test(buckets_run_dry),
    };
    return cmocka_run_group_tests_name("sim world_ecs_calls", tests, NULL, NULL);
}
