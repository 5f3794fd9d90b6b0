/* The simulated ECS in the scenarios of odd endings: when what happens, and in which words. */
#include "world_ecs_rig.h"

/* The newest service deployment in full; new reference. */
static json_t *detail(struct fixture *f, const char *name)
{
    json_t *h = call(f, "ListServiceDeployments", json_pack("{s:s}", "service", name));
    const char *arn = jsonx_text(h, "serviceDeployments.0.serviceDeploymentArn");
    json_t *all = call(f, "DescribeServiceDeployments", json_pack("{s:[s]}", "serviceDeploymentArns", arn));
    json_decref(h);
    json_t *d = json_incref(jsonx_at(all, "serviceDeployments.0"));
    json_decref(all);
    assert_non_null(d);
    return d;
}

static void expect_detail(struct fixture *f, const char *name, const char *path, const char *value)
{
    json_t *d = detail(f, name);
    assert_string_equal(jsonx_text(d, path), value);
    json_decref(d);
}

static void crashes_come_after_completion(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "crash-after-running");
    redeploy(&f, API);
    int64_t took = until(&f, API, "deployments.0.rolloutState", "COMPLETED", 15 * MINUTE);
    assert_in_range(took, 8 * MINUTE, 11 * MINUTE);
    assert_null(stopped_task(&f, API, f.mine));
    json_t *before = runtimes(&f, API);
    assert_int_equal(json_object_size(before), 2);
    pass(&f, 95 * SECOND); /* a container is restarted in place: nothing but its runtime id tells it */
    json_t *after = runtimes(&f, API);
    int others = 0;
    const char *task;
    json_t *runtime;
    json_object_foreach(after, task, runtime)
    {
        assert_non_null(json_object_get(before, task));
        others += !json_equal(json_object_get(before, task), runtime);
    }
    assert_int_equal(others, 1);
    json_decref(before);
    json_decref(after);
    assert_int_equal(number(&f, API, "runningCount"), 2);
    pass(&f, 90 * SECOND);
    json_t *t = stopped_task(&f, API, f.mine);
    assert_non_null(t);
    assert_string_equal(jsonx_text(t, "stopCode"), "EssentialContainerExited");
    assert_int_equal(jsonx_int(t, "containers.0.exitCode", -1), 134);
    json_decref(t);
    assert_int_equal(number(&f, API, "deployments.0.failedTasks"), 0); /* counted by nobody */
    expect_text(&f, API, "deployments.0.rolloutState", "COMPLETED");
    expect_detail(&f, API, "status", "SUCCESSFUL");
    end(&f);
}

static void out_of_memory_is_said_by_the_container(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "out-of-memory");
    redeploy(&f, API);
    pass(&f, 2 * MINUTE);
    json_t *t = stopped_task(&f, API, f.mine);
    assert_int_equal(jsonx_int(t, "containers.0.exitCode", -1), 137);
    assert_string_equal(jsonx_text(t, "containers.0.reason"),
                        "OutOfMemoryError: Container killed due to memory usage");
    json_decref(t);
    end(&f);
}

static void an_alarm_rolls_back(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "rolled-back-by-alarm");
    json_t *s = service(&f, API);
    assert_true(jsonx_bool(s, "deploymentConfiguration.alarms.enable", false));
    assert_true(jsonx_bool(s, "deploymentConfiguration.alarms.rollback", false));
    assert_string_equal(jsonx_text(s, "deploymentConfiguration.alarms.alarmNames.0"),
                        API "-AlarmHTTPCodeBackend5XX-" WORLD_REGION "-batchelb");
    json_decref(s);
    redeploy(&f, API);
    pass(&f, 5 * MINUTE);
    expect_detail(&f, API, "alarms.status", "MONITORING");
    expect_text(&f, API, "deployments.0.id", f.mine);
    int64_t took = 5 * MINUTE + until(&f, API, "deployments.0.id", f.before, 5 * MINUTE);
    assert_in_range(took, 6 * MINUTE, 6 * MINUTE + 10 * SECOND);
    s = service(&f, API);
    assert_string_equal(jsonx_text(s, "deployments.1.id"), f.mine);
    assert_string_equal(jsonx_text(s, "deployments.1.rolloutState"), "FAILED");
    assert_string_equal(jsonx_text(s, "deployments.1.rolloutStateReason"),
                        "ECS deployment failed: alarm detected.");
    json_decref(s);
    char text[160];
    TEXT_FORMAT(text, "(service " API ") (deployment %s) deployment failed: alarm detected.", f.mine);
    assert_int_equal(events(&f, API, text), 1);
    TEXT_FORMAT(text, "(service " API ") rolling back to deployment %s.", f.before);
    assert_int_equal(events(&f, API, text), 1);
    expect_detail(&f, API, "alarms.status", "TRIGGERED");
    expect_detail(&f, API, "status", "ROLLBACK_IN_PROGRESS");
    until(&f, API, "deployments.0.rolloutState", "COMPLETED", 15 * MINUTE);
    expect_text(&f, API, "deployments.0.id", f.before);
    expect_detail(&f, API, "status", "ROLLBACK_SUCCESSFUL");
    end(&f);
}

static void a_hand_rolls_back(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "rolled-back-by-hand");
    redeploy(&f, API);
    pass(&f, 2 * MINUTE - SECOND);
    expect_text(&f, API, "deployments.0.id", f.mine);
    pass(&f, SECOND);
    expect_detail(&f, API, "status", "ROLLBACK_REQUESTED");
    expect_text(&f, API, "deployments.0.id", f.before);
    assert_int_equal(events(&f, API, "rolling back to deployment ecs-svc/"), 1);
    assert_int_equal(events(&f, API, "deployment failed"), 0);
    pass(&f, 10 * SECOND);
    json_t *d = detail(&f, API);
    assert_string_equal(jsonx_text(d, "status"), "ROLLBACK_IN_PROGRESS");
    assert_non_null(strstr(jsonx_text(d, "statusReason"), "stopped by a user"));
    assert_true(text_ends(jsonx_text(d, "rollback.serviceRevisionArn"), f.before + 8));
    json_decref(d);
    until(&f, API, "deployments.0.rolloutState", "COMPLETED", 5 * MINUTE);
    assert_int_equal(number(&f, API, "runningCount"), 2);
    end(&f);
}

static void a_breaker_may_have_nothing_to_go_back_to(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "breaker-nothing-to-go-back-to");
    assert_int_equal(number(&f, API, "runningCount"), 0);
    expect_text(&f, API, "deployments.0.rolloutState", "FAILED");
    redeploy(&f, API);
    until(&f, API, "deployments.0.rolloutState", "FAILED", 10 * MINUTE);
    expect_text(&f, API, "deployments.0.id", f.mine);
    char text[160];
    TEXT_FORMAT(text, "(deployment %s) deployment failed: tasks failed to start.", f.mine);
    assert_int_equal(events(&f, API, text), 1);
    assert_int_equal(events(&f, API, "rolling back"), 0);
    expect_detail(&f, API, "status", "ROLLBACK_FAILED");
    expect_detail(&f, API, "deploymentCircuitBreaker.status", "TRIGGERED");
    int started = events(&f, API, "has started ");
    pass(&f, 60 * MINUTE);
    assert_int_equal(events(&f, API, "has started "), started); /* nothing is launched any more */
    assert_int_equal(number(&f, API, "runningCount"), 0);
    end(&f);
}

static void min_and_max_can_lock(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "min-max-deadlock");
    redeploy(&f, API);
    pass(&f, 60 * MINUTE);
    assert_int_equal(
        events(&f, API,
               "(service " API ") was unable to stop or start tasks during a deployment because of the "
               "service deployment configuration. Update the minimumHealthyPercent or maximumPercent value "
               "and try again."),
        1);
    assert_int_equal(events(&f, API, "has started "), 0);
    expect_text(&f, API, "deployments.0.rolloutState", "IN_PROGRESS");
    assert_int_equal(number(&f, API, "deployments.1.runningCount"), 2);
    assert_int_equal(number(&f, API, "deploymentConfiguration.maximumPercent"), 100);
    end(&f);
}

static void nothing_is_placed(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "placement");
    redeploy(&f, API);
    pass(&f, 60 * MINUTE);
    assert_int_equal(
        events(&f, API, "(service " API ") was unable to place a task. Reason: Capacity is unavailable"), 1);
    assert_int_equal(events(&f, API, "has started "), 0);
    assert_int_equal(number(&f, API, "deployments.0.desiredCount"), 2);
    assert_int_equal(number(&f, API, "deployments.0.pendingCount"), 0);
    assert_int_equal(number(&f, API, "deployments.1.runningCount"), 2);
    end(&f);
}

static void credentials_expire_and_come_back(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "credentials-expire");
    pass(&f, 10 * MINUTE);
    redeploy(&f, API);
    pass(&f, 3 * MINUTE - SECOND);
    expect_text(&f, API, "deployments.0.id", f.mine);
    pass(&f, SECOND);
    json_decref(call(&f, "DescribeServices", json_pack("{s:[s]}", "services", API)));
    assert_int_equal(f.status, 400);
    assert_string_equal(f.type, "ExpiredTokenException");
    json_decref(call(&f, "DescribeAlarms", json_object()));
    assert_string_equal(f.type, "ExpiredTokenException");
    json_decref(call(&f, "UpdateService", json_pack("{s:s}", "service", API)));
    assert_string_equal(f.type, "ExpiredTokenException");
    assert_int_equal(world_ecs_count(f.w, "UpdateService"), 1);
    pass(&f, 5 * MINUTE);
    expect_text(&f, API, "deployments.0.id", f.mine); /* the world went on meanwhile */
    assert_int_equal(number(&f, API, "deployments.0.runningCount"), 2);
    end(&f);
}

static void reads_may_say_missing_or_old(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "eventual-consistency");
    redeploy(&f, API);
    int missing = 0, old = 0, new = 0;
    for (int i = 0; i < 39; i++) {
        pass(&f, SECOND);
        json_t *a = call(&f, "DescribeServices", json_pack("{s:[s]}", "services", API));
        assert_int_equal(f.status, 200);
        const char *id = jsonx_text(a, "services.0.deployments.0.id");
        missing += text_equal(jsonx_text(a, "failures.0.reason"), "MISSING");
        old += text_equal(id, f.before);
        new += text_equal(id, f.mine);
        json_decref(a);
    }
    assert_int_equal(missing + old + new, 39);
    assert_in_range(missing, 4, 25);
    assert_in_range(old, 4, 25);
    assert_in_range(new, 4, 25);
    for (int i = 0; i < 20; i++) {
        pass(&f, SECOND);
        json_t *a = call(&f, "DescribeServices", json_pack("{s:[s]}", "services", API));
        assert_string_equal(jsonx_text(a, "services.0.deployments.0.id"), f.mine);
        json_decref(a);
    }
    end(&f);
}

static void zero_is_completed_at_once(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "wanted-zero");
    assert_int_equal(number(&f, API, "desiredCount"), 0);
    redeploy(&f, API);
    assert_in_range(until(&f, API, "deployments.0.rolloutState", "COMPLETED", MINUTE), 0, 30 * SECOND);
    assert_int_equal(number(&f, API, "runningCount"), 0);
    json_decref(call(&f, "UpdateService", json_pack("{s:s,s:i}", "service", API, "desiredCount", 2)));
    pass(&f, 5 * MINUTE);
    assert_int_equal(number(&f, API, "runningCount"), 2);
    end(&f);
}

static void autoscaling_wants_more_midway(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "autoscaled");
    redeploy(&f, API);
    redeploy(&f, HUB);
    pass(&f, 149 * SECOND);
    assert_int_equal(number(&f, API, "desiredCount"), 2);
    pass(&f, 10 * SECOND);
    assert_int_equal(number(&f, API, "desiredCount"), 3);
    until(&f, API, "deployments.0.rolloutState", "COMPLETED", 15 * MINUTE);
    assert_int_equal(number(&f, API, "runningCount"), 3);
    assert_int_equal(number(&f, HUB, "runningCount"), 1); /* never scaled */
    end(&f);
}

static void a_hook_holds_it_up(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "hook-paused");
    redeploy(&f, API);
    pass(&f, MINUTE);
    json_t *d = detail(&f, API);
    assert_string_equal(jsonx_text(d, "lifecycleStage"), "SCALE_UP");
    assert_null(jsonx_at(d, "lifecycleHookDetails"));
    json_decref(d);
    pass(&f, 5 * MINUTE);
    d = detail(&f, API);
    assert_string_equal(jsonx_text(d, "lifecycleStage"), "POST_SCALE_UP");
    assert_string_equal(jsonx_text(d, "lifecycleHookDetails.0.status"), "AWAITING_ACTION");
    assert_string_equal(jsonx_text(d, "lifecycleHookDetails.0.targetType"), "PAUSE");
    assert_in_range(jsonx_seconds_to_ms(d, "lifecycleHookDetails.0.expiresAt", 0) - f.now, 23 * 60 * MINUTE,
                    24 * 60 * MINUTE);
    json_decref(d);
    assert_int_equal(number(&f, API, "runningCount"), 4); /* old and new ones, both healthy */
    pass(&f, 4 * MINUTE);
    expect_detail(&f, API, "lifecycleStage", "BAKE_TIME");
    expect_detail(&f, API, "lifecycleHookDetails.0.status", "SUCCEEDED");
    expect_detail(&f, API, "deploymentConfiguration.strategy", "BLUE_GREEN");
    assert_int_equal(number(&f, API, "runningCount"), 4);
    until(&f, API, "deployments.0.rolloutState", "COMPLETED", 15 * MINUTE);
    expect_detail(&f, API, "lifecycleStage", "CLEAN_UP");
    expect_detail(&f, API, "status", "SUCCESSFUL");
    end(&f);
}

static void a_person_continues_or_rolls_back(void **state)
{
    (void)state;
    static const char *const actions[] = {"CONTINUE", "ROLLBACK"};
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        begin(&f, "hook-paused");
        redeploy(&f, API);
        pass(&f, 5 * MINUTE);
        json_t *d = detail(&f, API);
        json_t *body =
            json_pack("{s:O,s:O,s:s}", "serviceDeploymentArn", jsonx_at(d, "serviceDeploymentArn"), "hookId",
                      jsonx_at(d, "lifecycleHookDetails.0.hookId"), "action", actions[i]);
        json_decref(d);
        json_decref(call(&f, "ContinueServiceDeployment", json_incref(body)));
        assert_int_equal(f.status, 200);
        expect_detail(&f, API, "lifecycleStage", i == 0 ? "BAKE_TIME" : "POST_SCALE_UP");
        json_decref(call(&f, "ContinueServiceDeployment", body));
        assert_string_equal(f.type, "InvalidParameterException");
        until(&f, API, "deployments.0.rolloutState", "COMPLETED", 15 * MINUTE);
        expect_text(&f, API, "deployments.0.id", i == 0 ? f.mine : f.before);
        end(&f);
    }
}

static void a_newer_deployment_passes_a_hook_too(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "hook-paused");
    redeploy(&f, API);
    pass(&f, 5 * MINUTE);
    redeploy(&f, API);
    until(&f, API, "deployments.0.rolloutState", "COMPLETED", 30 * MINUTE);
    expect_text(&f, API, "deployments.0.id", f.mine);
    end(&f);
}

static void only_new_tasks_miss_the_database(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "database-down");
    redeploy(&f, API);
    pass(&f, 95 * SECOND);
    assert_null(stopped_task(&f, API, f.mine)); /* it tries for half a minute */
    pass(&f, 40 * SECOND);
    json_t *t = stopped_task(&f, API, f.mine);
    assert_int_equal(jsonx_int(t, "containers.0.exitCode", -1), 1);
    assert_string_equal(jsonx_text(t, "containers.0.reason"), "");
    json_decref(t);
    assert_int_equal(number(&f, API, "deployments.1.runningCount"), 2);
    end(&f);
}

static void only_the_hub_fails_to_migrate(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "hub-migration-fails");
    redeploy(&f, API);
    until(&f, API, "deployments.0.rolloutState", "COMPLETED", 15 * MINUTE);
    redeploy(&f, HUB);
    until(&f, HUB, "deployments.0.id", f.before, 15 * MINUTE);
    json_t *t = stopped_task(&f, HUB, f.mine);
    assert_int_equal(jsonx_int(t, "containers.0.exitCode", -1), 1);
    json_decref(t);
    json_t *d = detail(&f, HUB);
    assert_int_equal(jsonx_int(d, "deploymentCircuitBreaker.threshold", -1), 3);
    assert_int_equal(jsonx_int(d, "deploymentCircuitBreaker.failureCount", -1), 3);
    assert_string_equal(jsonx_text(d, "statusReason"),
                        "Service deployment rolled back because the circuit breaker threshold was exceeded.");
    json_decref(d);
    end(&f);
}

/* ceil(desired / 2), at least 3, at most 200 (facts/ecs.md 1.6). */
static void the_breakers_threshold_follows_the_count(void **state)
{
    (void)state;
    static const int rows[][2] = {{1, 3}, {5, 3}, {7, 4}, {25, 13}, {400, 200}, {401, 200}};
    size_t count;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world_service row = world_services(&count)[0];
        struct fixture f = {.now = START};
        row.desired = rows[i][0];
        f.w = world_ecs_create(world_scenario_find("ok"), &row, 1, 7, START);
        json_t *d = detail(&f, API);
        assert_int_equal(jsonx_int(d, "deploymentCircuitBreaker.threshold", -1), rows[i][1]);
        json_decref(d);
        end(&f);
    }
}

static void usual_durations_stand_in_the_history(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    json_t *h = call(&f, "ListServiceDeployments", json_pack("{s:s}", "service", API));
    const json_t *list = jsonx_at(h, "serviceDeployments");
    int good = 0, stopped = 0;
    int64_t newer = f.now;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *d = json_array_get(list, i);
        int64_t began = jsonx_seconds_to_ms(d, "startedAt", 0),
                ended = jsonx_seconds_to_ms(d, "finishedAt", 0);
        assert_true(began < newer && ended <= newer);
        newer = began;
        if (text_equal(jsonx_text(d, "status"), "SUCCESSFUL")) {
            assert_in_range(ended - began, 9 * MINUTE, 10 * MINUTE + 30 * SECOND);
            good++;
        } else {
            assert_string_equal(jsonx_text(d, "status"), "STOPPED");
            stopped++;
        }
    }
    assert_true(good >= 4);
    assert_int_equal(stopped, 1);
    json_decref(h);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crashes_come_after_completion),
        cmocka_unit_test(out_of_memory_is_said_by_the_container),
        cmocka_unit_test(an_alarm_rolls_back),
        cmocka_unit_test(a_hand_rolls_back),
        cmocka_unit_test(a_breaker_may_have_nothing_to_go_back_to),
        cmocka_unit_test(min_and_max_can_lock),
        cmocka_unit_test(nothing_is_placed),
        cmocka_unit_test(credentials_expire_and_come_back),
        cmocka_unit_test(reads_may_say_missing_or_old),
        cmocka_unit_test(zero_is_completed_at_once),
        cmocka_unit_test(autoscaling_wants_more_midway),
        cmocka_unit_test(a_hook_holds_it_up),
        cmocka_unit_test(a_person_continues_or_rolls_back),
        cmocka_unit_test(a_newer_deployment_passes_a_hook_too),
        cmocka_unit_test(only_new_tasks_miss_the_database),
        cmocka_unit_test(only_the_hub_fails_to_migrate),
        cmocka_unit_test(the_breakers_threshold_follows_the_count),
        cmocka_unit_test(usual_durations_stand_in_the_history),
    };
    return cmocka_run_group_tests_name("sim world_endings", tests, NULL, NULL);
}
