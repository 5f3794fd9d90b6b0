/* The simulated ECS, stepped through each scenario in virtual time. */
#include "world_ecs_rig.h"

static void stands_steady_at_the_beginning(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    json_t *s = service(&f, API);
    assert_int_equal(jsonx_int(s, "desiredCount", -1), 2);
    assert_int_equal(jsonx_int(s, "runningCount", -1), 2);
    assert_int_equal(json_array_size(jsonx_at(s, "deployments")), 1);
    assert_string_equal(jsonx_text(s, "deployments.0.rolloutState"), "COMPLETED");
    assert_string_equal(jsonx_text(s, "events.0.message"), "(service " API ") has reached a steady state.");
    assert_true(jsonx_seconds_to_ms(s, "events.0.createdAt", 0) <= START);
    assert_false(jsonx_bool(s, "deploymentConfiguration.deploymentCircuitBreaker.enable", true));
    json_decref(s);
    s = service(&f, HUB);
    assert_true(jsonx_bool(s, "deploymentConfiguration.deploymentCircuitBreaker.rollback", false));
    json_decref(s);
    end(&f);
}

static void ok_passes_through_all_phases(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    redeploy(&f, API);
    json_t *s = service(&f, API);
    /* 0 == 0: wanted and running are equal at once, and nothing has happened yet */
    assert_string_equal(jsonx_text(s, "deployments.0.id"), f.mine);
    assert_int_equal(jsonx_int(s, "deployments.0.desiredCount", -1), 0);
    assert_int_equal(jsonx_int(s, "deployments.0.runningCount", -1), 0);
    assert_int_equal(jsonx_int(s, "deployments.0.pendingCount", -1), 0);
    assert_string_equal(jsonx_text(s, "deployments.0.rolloutState"), "IN_PROGRESS");
    assert_string_equal(jsonx_text(s, "deployments.1.status"), "ACTIVE");
    assert_int_equal(jsonx_int(s, "deployments.1.desiredCount", -1), 2);
    char reason[128];
    TEXT_FORMAT(reason, "ECS deployment %s in progress.", f.mine);
    assert_string_equal(jsonx_text(s, "deployments.0.rolloutStateReason"), reason);
    json_decref(s);
    pass(&f, 10 * SECOND);
    assert_int_equal(number(&f, API, "deployments.0.desiredCount"), 2);
    assert_int_equal(number(&f, API, "deployments.0.pendingCount"), 2);
    assert_int_equal(events(&f, API, "has started 2 tasks: (task "), 1);
    pass(&f, 80 * SECOND);
    assert_int_equal(number(&f, API, "deployments.0.runningCount"), 2);
    assert_int_equal(number(&f, API, "runningCount"), 4);
    assert_in_range(events(&f, API, " targets in (target-group arn:aws-us-gov:elasticloadbalancing:"), 1, 2);
    assert_int_equal(events(&f, API, "has begun draining connections"), 0);
    pass(&f, 190 * SECOND);
    assert_true(events(&f, API, "has begun draining connections on ") > 0);
    assert_true(events(&f, API, " running tasks: (task ") > 0);
    assert_int_equal(number(&f, API, "deployments.1.desiredCount"), 0);
    assert_int_equal(events(&f, API, "deployment completed."), 0);
    int64_t took = until(&f, API, "deployments.0.rolloutState", "COMPLETED", 10 * MINUTE) + 280 * SECOND;
    assert_in_range(took, 8 * MINUTE, 11 * MINUTE);
    s = service(&f, API);
    assert_int_equal(json_array_size(jsonx_at(s, "deployments")), 1);
    assert_string_equal(jsonx_text(s, "events.0.message"), "(service " API ") has reached a steady state.");
    TEXT_FORMAT(reason, "(service " API ") (deployment %s) deployment completed.", f.mine);
    assert_string_equal(jsonx_text(s, "events.1.message"), reason);
    assert_int_equal(
        jsonx_seconds_to_ms(s, "events.0.createdAt", 0) - jsonx_seconds_to_ms(s, "events.1.createdAt", 0), 1);
    assert_null(jsonx_at(s, "currentServiceDeployment"));
    json_decref(s);
    end(&f);
}

static void a_normal_stop_ends_with_137(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    redeploy(&f, HUB);
    int64_t took = until(&f, HUB, "deployments.0.rolloutState", "COMPLETED", 10 * MINUTE);
    assert_in_range(took, 2 * MINUTE, 4 * MINUTE);
    json_t *t = stopped_task(&f, HUB, f.before);
    assert_non_null(t);
    assert_int_equal(jsonx_int(t, "containers.0.exitCode", -1), 137);
    assert_string_equal(jsonx_text(t, "stopCode"), "ServiceSchedulerInitiated");
    char reason[128];
    TEXT_FORMAT(reason, "Scaling activity initiated by (deployment %s)", f.mine);
    assert_string_equal(jsonx_text(t, "stoppedReason"), reason);
    json_decref(t);
    pass(&f, 61 * MINUTE);
    assert_null(stopped_task(&f, HUB, f.before)); /* stopped tasks are kept for an hour */
    end(&f);
}

static void slow_takes_longer(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "slow");
    redeploy(&f, API);
    int64_t took = until(&f, API, "deployments.0.rolloutState", "COMPLETED", 30 * MINUTE);
    assert_in_range(took, 12 * MINUTE, 16 * MINUTE);
    end(&f);
}

static void image_missing_never_ends_and_slows_down(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "image-missing");
    redeploy(&f, API);
    pass(&f, 90 * SECOND);
    json_t *t = stopped_task(&f, API, f.mine);
    assert_non_null(t);
    assert_string_equal(jsonx_text(t, "stopCode"), "TaskFailedToStart");
    assert_true(text_starts(jsonx_text(t, "stoppedReason"), "CannotPullContainerError: "));
    assert_null(jsonx_at(t, "containers.0.exitCode"));
    assert_null(jsonx_at(t, "startedAt"));
    json_decref(t);
    pass(&f, 3 * 60 * MINUTE);
    expect_text(&f, API, "deployments.0.rolloutState", "IN_PROGRESS");
    expect_text(&f, API, "deployments.0.id", f.mine);
    assert_int_equal(number(&f, API, "deployments.0.runningCount"), 0);
    assert_int_equal(number(&f, API, "deployments.1.runningCount"), 2); /* users are served by the old ones */
    assert_in_range(number(&f, API, "deployments.0.failedTasks"), 10, 60);
    assert_int_equal(events(&f, API, "is unable to consistently start tasks successfully."), 1);
    end(&f);
}

static void crash_loop_exits_with_1(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "crash-loop");
    redeploy(&f, API);
    pass(&f, 110 * SECOND);
    json_t *t = stopped_task(&f, API, f.mine);
    assert_non_null(t);
    assert_string_equal(jsonx_text(t, "stopCode"), "EssentialContainerExited");
    assert_string_equal(jsonx_text(t, "stoppedReason"), "Essential container in task exited");
    assert_int_equal(jsonx_int(t, "containers.0.exitCode", -1), 1);
    assert_non_null(strstr(jsonx_text(t, "containers.0.reason"), "AccessDeniedException"));
    json_decref(t);
    pass(&f, 60 * MINUTE);
    expect_text(&f, API, "deployments.0.rolloutState", "IN_PROGRESS");
    assert_true(number(&f, API, "deployments.0.failedTasks") > 20);
    end(&f);
}

static void unhealthy_is_replaced_after_its_grace(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "unhealthy");
    redeploy(&f, API);
    pass(&f, 6 * MINUTE);
    assert_int_equal(number(&f, API, "deployments.0.runningCount"), 2); /* running, healthy or not */
    assert_null(stopped_task(&f, API, f.mine));
    pass(&f, 3 * MINUTE);
    json_t *t = stopped_task(&f, API, f.mine);
    assert_non_null(t);
    assert_true(
        text_starts(jsonx_text(t, "stoppedReason"), "Task failed ELB health checks in (target-group arn:"));
    assert_string_equal(jsonx_text(t, "stopCode"), "ServiceSchedulerInitiated");
    json_decref(t);
    assert_true(events(&f, API, ") (port 5000) is unhealthy in (target-group ") >= 2);
    assert_true(events(&f, API, "tasks due to an unhealthy status.") >= 1);
    expect_text(&f, API, "deployments.0.rolloutState", "IN_PROGRESS");
    end(&f);
}

static void the_breaker_rolls_back_under_the_old_id(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "rolled-back");
    redeploy(&f, API);
    int64_t took = until(&f, API, "deployments.0.id", f.before, 20 * MINUTE);
    assert_in_range(took, 2 * MINUTE, 10 * MINUTE);
    json_t *s = service(&f, API);
    assert_string_equal(jsonx_text(s, "deployments.0.rolloutState"), "IN_PROGRESS");
    assert_string_equal(jsonx_text(s, "deployments.1.id"), f.mine);
    assert_string_equal(jsonx_text(s, "deployments.1.rolloutState"), "FAILED");
    assert_string_equal(jsonx_text(s, "deployments.1.rolloutStateReason"),
                        "ECS deployment circuit breaker: tasks failed to start.");
    assert_in_range(jsonx_int(s, "deployments.1.failedTasks", 0), 3, 4); /* ceil(2 / 2), but at least 3 */
    json_decref(s);
    char text[160];
    TEXT_FORMAT(text, "(deployment %s) deployment failed: tasks failed to start.", f.mine);
    assert_int_equal(events(&f, API, text), 1);
    TEXT_FORMAT(text, "(service " API ") rolling back to deployment %s.", f.before);
    assert_int_equal(events(&f, API, text), 1);
    took = until(&f, API, "deployments.0.rolloutState", "COMPLETED", 5 * MINUTE);
    assert_in_range(took, 5 * SECOND, 2 * MINUTE);
    expect_text(&f, API, "deployments.0.id", f.before);
    assert_int_equal(number(&f, API, "runningCount"), 2);
    json_t *h = call(&f, "ListServiceDeployments", json_pack("{s:s}", "service", API));
    assert_string_equal(jsonx_text(h, "serviceDeployments.0.status"), "ROLLBACK_SUCCESSFUL");
    assert_string_equal(jsonx_text(h, "serviceDeployments.0.statusReason"),
                        "Service deployment rolled back because the circuit breaker threshold was exceeded.");
    assert_true(text_ends(jsonx_text(h, "serviceDeployments.0.targetServiceRevisionArn"), f.mine + 8));
    json_decref(h);
    end(&f);
}

static void superseded_shows_anothers_deployment(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "superseded");
    redeploy(&f, API);
    pass(&f, 89 * SECOND);
    expect_text(&f, API, "deployments.0.id", f.mine);
    pass(&f, 2 * SECOND);
    json_t *s = service(&f, API);
    assert_string_not_equal(jsonx_text(s, "deployments.0.id"), f.mine);
    assert_string_equal(jsonx_text(s, "deployments.1.id"), f.mine);
    assert_string_equal(jsonx_text(s, "deployments.1.status"), "ACTIVE");
    assert_true(jsonx_seconds_to_ms(s, "deployments.0.createdAt", 0) >
                jsonx_seconds_to_ms(s, "deployments.1.createdAt", 0));
    json_decref(s);
    json_t *h = call(&f, "ListServiceDeployments", json_pack("{s:s}", "service", API));
    assert_string_equal(jsonx_text(h, "serviceDeployments.0.status"), "IN_PROGRESS");
    assert_string_equal(jsonx_text(h, "serviceDeployments.1.status"), "STOPPED");
    json_decref(h);
    until(&f, API, "deployments.0.rolloutState", "COMPLETED", 15 * MINUTE);
    assert_int_equal(number(&f, API, "runningCount"), 2);
    end(&f);
}

static void no_breaker_counts_nothing(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "no-breaker");
    redeploy(&f, API);
    pass(&f, 2 * 60 * MINUTE);
    expect_text(&f, API, "deployments.0.rolloutState", "IN_PROGRESS");
    assert_int_equal(number(&f, API, "deployments.0.failedTasks"), 0);
    json_t *t = stopped_task(&f, API, f.mine);
    assert_int_equal(jsonx_int(t, "containers.0.exitCode", -1), 134);
    json_decref(t);
    end(&f);
}

static void throttled_refuses_half_the_reads(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "throttled");
    int refused = 0, in_a_row = 0;
    for (int i = 0; i < 200; i++) {
        pass(&f, SECOND);
        json_t *a = call(&f, "DescribeServices", json_pack("{s:[s]}", "services", API));
        if (f.status == 400) {
            assert_string_equal(jsonx_text(a, "__type"), "ThrottlingException");
            assert_string_equal(jsonx_text(a, "message"), "Rate exceeded");
            refused++;
        }
        in_a_row = f.status == 400 ? in_a_row + 1 : 0;
        assert_true(in_a_row <= 2);
        json_decref(a);
    }
    assert_in_range(refused, 70, 130);
    redeploy(&f, API);
    assert_int_equal(world_ecs_count(f.w, "UpdateService"), 1);
    end(&f);
}

/* Everything, and not for ever; a change then is not executed. */
static void an_account_is_throttled_for_a_while(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "throttled-account");
    redeploy(&f, API);
    pass(&f, 61 * SECOND);
    assert_true(world_ecs_throttled(f.w, f.now));
    for (int i = 0; i < 5; i++) {
        json_decref(call(&f, "DescribeServices", json_pack("{s:[s]}", "services", API)));
        assert_string_equal(f.type, "ThrottlingException");
    }
    json_decref(call(&f, "UpdateService", json_pack("{s:s,s:i}", "service", API, "desiredCount", 0)));
    assert_string_equal(f.type, "ThrottlingException");
    assert_int_equal(world_ecs_count(f.w, "UpdateService"), 1);
    pass(&f, 4 * MINUTE);
    assert_int_equal(number(&f, API, "desiredCount"), 2);
    end(&f);
}

static void stale_reads_lag_behind(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "stale");
    redeploy(&f, API);
    expect_text(&f, API, "deployments.0.id", f.before);
    pass(&f, 19 * SECOND);
    expect_text(&f, API, "deployments.0.id", f.before);
    json_t *h = call(&f, "ListServiceDeployments", json_pack("{s:s}", "service", API));
    assert_true(text_ends(jsonx_text(h, "serviceDeployments.0.targetServiceRevisionArn"), f.before + 8));
    json_decref(h);
    pass(&f, 2 * SECOND);
    expect_text(&f, API, "deployments.0.id", f.mine);
    end(&f);
}

static void lost_reply_is_executed_once(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "lost-reply");
    redeploy(&f, API);
    assert_true(f.lost);
    expect_text(&f, API, "deployments.0.id", f.mine);
    redeploy(&f, API);
    assert_false(f.lost);
    end(&f);
}

static void gone_zero_completes_with_nothing(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "gone-zero");
    redeploy(&f, API);
    until(&f, API, "deployments.0.rolloutState", "COMPLETED", 10 * MINUTE);
    assert_int_equal(number(&f, API, "desiredCount"), 0);
    assert_int_equal(number(&f, API, "runningCount"), 0);
    end(&f);
}

/* The same history whether time comes in one leap or in many steps. */
static void steps_do_not_matter(void **state)
{
    (void)state;
    size_t count;
    const struct world_scenario *rows = world_scenarios(&count);
    for (size_t i = 0; i < count; i++) {
        struct fixture leap, steps;
        begin(&leap, rows[i].name);
        begin(&steps, rows[i].name);
        redeploy(&leap, API);
        redeploy(&steps, API);
        for (int k = 0; k < 40 * 60; k++) {
            pass(&steps, SECOND);
        }
        pass(&leap, 40 * MINUTE);
        json_t *a = service(&leap, API), *b = service(&steps, API);
        char *left = jsonx_print(a), *right = jsonx_print(b);
        assert_string_equal(left, right);
        mem_free(left);
        mem_free(right);
        json_decref(a);
        json_decref(b);
        end(&leap);
        end(&steps);
    }
}

static void every_task_counts_once(void **state)
{
    (void)state;
    size_t count;
    const struct world_scenario *rows = world_scenarios(&count);
    for (size_t i = 0; i < count; i++) {
        struct fixture f;
        begin(&f, rows[i].name);
        redeploy(&f, API);
        redeploy(&f, WORKERS);
        for (int k = 0; k < 200; k++) {
            pass(&f, 15 * SECOND);
            if (world_ecs_expired(f.w, f.now) || world_ecs_throttled(f.w, f.now)) {
                continue;
            }
            json_t *s = service(&f, API);
            const json_t *all = jsonx_at(s, "deployments");
            int64_t running = 0, pending = 0;
            for (size_t d = 0; d < json_array_size(all); d++) {
                running += jsonx_int(json_array_get(all, d), "runningCount", 0);
                pending += jsonx_int(json_array_get(all, d), "pendingCount", 0);
            }
            /* the sums of the deployments are the service's counts, never above the maximum of 200 % */
            int64_t desired = jsonx_int(s, "desiredCount", -1);
            assert_int_equal(running, jsonx_int(s, "runningCount", -1));
            assert_int_equal(pending, jsonx_int(s, "pendingCount", -1));
            assert_true(running + pending <= 2 * (desired > 2 ? desired : 2));
            /* and a rolling deployment never takes the service away */
            bool rolls = text_equal(jsonx_text(s, "deployments.0.rolloutState"), "IN_PROGRESS");
            assert_true(!rolls || running >= 2 || text_equal(rows[i].name, "gone-zero") || rows[i].at_zero ||
                        rows[i].nothing_before);
            json_decref(s);
        }
        end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stands_steady_at_the_beginning),
        cmocka_unit_test(ok_passes_through_all_phases),
        cmocka_unit_test(a_normal_stop_ends_with_137),
        cmocka_unit_test(slow_takes_longer),
        cmocka_unit_test(image_missing_never_ends_and_slows_down),
        cmocka_unit_test(crash_loop_exits_with_1),
        cmocka_unit_test(unhealthy_is_replaced_after_its_grace),
        cmocka_unit_test(the_breaker_rolls_back_under_the_old_id),
        cmocka_unit_test(superseded_shows_anothers_deployment),
        cmocka_unit_test(no_breaker_counts_nothing),
        cmocka_unit_test(throttled_refuses_half_the_reads),
        cmocka_unit_test(an_account_is_throttled_for_a_while),
        cmocka_unit_test(stale_reads_lag_behind),
        cmocka_unit_test(lost_reply_is_executed_once),
        cmocka_unit_test(gone_zero_completes_with_nothing),
        cmocka_unit_test(steps_do_not_matter),
        cmocka_unit_test(every_task_counts_once),
    };
    return cmocka_run_group_tests_name("sim world_ecs", tests, NULL, NULL);
}
