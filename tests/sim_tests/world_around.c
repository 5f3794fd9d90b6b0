/* What the other services of the simulated AWS say of the same world: targets, logs, metrics, alarms, images,
 * task definitions; and what CloudTAK's page answers. */
#include "world_ecs_rig.h"

#define STREAM API "/api/"

/* New reference; the group's ARN comes from the service, as for everybody. */
static json_t *targets(struct fixture *f, const char *name)
{
    json_t *s = service(f, name);
    json_t *all = call(f, "DescribeTargetHealth",
                       json_pack("{s:s}", "TargetGroupArn", jsonx_text(s, "loadBalancers.0.targetGroupArn")));
    json_decref(s);
    assert_int_equal(f->status, 200);
    return all;
}

/* How many targets stand in that state; `reason` and `description` are of the last one. */
static int states(struct fixture *f, const char *name, const char *state, char reason[48], char why[80])
{
    json_t *all = targets(f, name);
    int count = 0;
    for (size_t i = 0; i < json_array_size(jsonx_at(all, "TargetHealthDescriptions")); i++) {
        const json_t *t = json_array_get(jsonx_at(all, "TargetHealthDescriptions"), i);
        if (text_equal(jsonx_text(t, "TargetHealth.State"), state)) {
            text_copy(reason, 48, jsonx_text(t, "TargetHealth.Reason"));
            text_copy(why, 80, jsonx_text(t, "TargetHealth.Description"));
            count++;
        }
    }
    json_decref(all);
    return count;
}

static void targets_follow_the_tasks(void **state)
{
    (void)state;
    struct fixture f;
    char reason[48] = "", why[80] = "";
    begin(&f, "ok");
    assert_int_equal(states(&f, API, "healthy", reason, why), 2);
    assert_string_equal(reason, "");
    redeploy(&f, API);
    pass(&f, 84 * SECOND);
    assert_int_equal(states(&f, API, "initial", reason, why), 2);
    assert_string_equal(reason, "Elb.RegistrationInProgress");
    pass(&f, 20 * SECOND);
    assert_int_equal(states(&f, API, "initial", reason, why), 2);
    assert_string_equal(reason, "Elb.InitialHealthChecking");
    assert_string_equal(why, "Initial health checks in progress");
    assert_int_equal(states(&f, API, "healthy", reason, why), 2);
    pass(&f, 3 * MINUTE);
    assert_int_equal(states(&f, API, "healthy", reason, why), 2);
    assert_int_equal(states(&f, API, "draining", reason, why), 2);
    assert_string_equal(reason, "Target.DeregistrationInProgress");
    pass(&f, 6 * MINUTE);
    assert_int_equal(states(&f, API, "draining", reason, why), 0);
    json_decref(call(&f, "DescribeTargetHealth", json_pack("{s:s}", "TargetGroupArn", "arn:nothing")));
    assert_string_equal(f.type, "TargetGroupNotFoundException");
    end(&f);
}

static void sick_targets_say_why(void **state)
{
    (void)state;
    struct fixture f;
    char reason[48] = "", why[80] = "";
    begin(&f, "unhealthy");
    redeploy(&f, API);
    redeploy(&f, HUB);
    pass(&f, 4 * MINUTE);
    assert_int_equal(states(&f, API, "unhealthy", reason, why), 2);
    assert_string_equal(reason, "Target.ResponseCodeMismatch"); /* nginx is up before the program */
    assert_string_equal(why, "Health checks failed with these codes: [502]");
    assert_int_equal(states(&f, API, "healthy", reason, why), 2);
    assert_int_equal(states(&f, HUB, "unhealthy", reason, why), 1);
    assert_string_equal(reason, "Target.Timeout");
    end(&f);
}

/* A container that is restarted in place: the same target, for a while unhealthy. */
static void a_restart_in_place_is_seen_by_the_balancer(void **state)
{
    (void)state;
    struct fixture f;
    char reason[48] = "", why[80] = "";
    begin(&f, "crash-after-running");
    redeploy(&f, API);
    until(&f, API, "deployments.0.rolloutState", "COMPLETED", 15 * MINUTE);
    assert_int_equal(states(&f, API, "healthy", reason, why), 2);
    pass(&f, 100 * SECOND);
    assert_int_equal(states(&f, API, "healthy", reason, why), 1);
    assert_int_equal(states(&f, API, "unhealthy", reason, why), 1);
    pass(&f, 50 * SECOND);
    assert_int_equal(states(&f, API, "healthy", reason, why), 2);
    end(&f);
}

static void addresses_join_tasks_to_targets(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    redeploy(&f, API);
    pass(&f, 100 * SECOND);
    json_t *all = tasks(&f, API, "RUNNING"), *seen = json_object(), *t = targets(&f, API);
    assert_int_equal(json_array_size(jsonx_at(all, "tasks")), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *one = json_array_get(jsonx_at(all, "tasks"), i);
        assert_string_equal(jsonx_text(one, "attachments.0.type"), "ElasticNetworkInterface");
        assert_string_equal(jsonx_text(one, "attachments.0.details.2.name"), "privateIPv4Address");
        const char *address = jsonx_text(one, "attachments.0.details.2.value");
        assert_string_equal(jsonx_text(one, "containers.0.networkInterfaces.0.privateIpv4Address"), address);
        assert_true(text_starts(jsonx_text(one, "containers.0.imageDigest"), "sha256:"));
        json_object_set_new(seen, address, json_true());
    }
    assert_int_equal(json_object_size(seen), 4); /* each has its own */
    for (size_t i = 0; i < 4; i++) {
        const json_t *one = json_array_get(jsonx_at(t, "TargetHealthDescriptions"), i);
        assert_non_null(json_object_get(seen, jsonx_text(one, "Target.Id")));
        assert_string_equal(jsonx_text(one, "Target.Port"), "5000");
    }
    json_decref(all);
    json_decref(seen);
    json_decref(t);
    end(&f);
}

/* ---- logs */

static json_t *lines_of(struct fixture *f, const char *group, const char *task_arn, int limit)
{
    char stream[200];
    TEXT_FORMAT(stream, STREAM "%s", strrchr(task_arn, '/') + 1);
    return call(f, "GetLogEvents",
                json_pack("{s:s,s:s,s:i}", "logGroupName", group, "logStreamName", stream, "limit", limit));
}

/* Does a line of the newest stopped task say that? */
static bool wrote(struct fixture *f, const char *service_name, const char *words)
{
    json_t *t = stopped_task(f, service_name, f->mine);
    assert_non_null(t);
    json_t *log = lines_of(f, service_name, jsonx_text(t, "taskArn"), 100);
    json_decref(t);
    assert_int_equal(f->status, 200);
    bool found = false;
    for (size_t i = 0; i < json_array_size(jsonx_at(log, "events")); i++) {
        found |= strstr(jsonx_text(json_array_get(jsonx_at(log, "events"), i), "message"), words) != NULL;
    }
    json_decref(log);
    return found;
}

static void the_dead_tell_their_story(void **state)
{
    (void)state;
    static const struct {
        const char *scenario, *service;
        int64_t after_ms;
        const char *words;
    } rows[] = {
        {"database-down", API, 3 * MINUTE, "not ok - terminating due to lack of postgres connection"},
        {"database-down", API, 3 * MINUTE, "ok - retrying... (5/5)"},
        {"hub-migration-fails", HUB, 2 * MINUTE, "FATAL DrizzleQueryError: Failed query: ALTER TABLE"},
        {"hub-migration-fails", HUB, 2 * MINUTE, "PostgresError: column"},
        {"crash-loop", API, 2 * MINUTE, "AccessDeniedException"},
        {"crash-after-running", API, 15 * MINUTE, "JavaScript heap out of memory"},
        {"crash-after-running", API, 15 * MINUTE, "ok - http://localhost:5001"},
        {"unhealthy", API, 9 * MINUTE, "CpuWatchdog: host CPU"},
        {"ok", WORKERS, 4 * MINUTE, "ok - Worker Pool started"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;
        begin(&f, rows[i].scenario);
        redeploy(&f, rows[i].service);
        pass(&f, rows[i].after_ms);
        if (text_equal(rows[i].scenario, "ok")) { /* the old one */
            TEXT_COPY(f.mine, f.before);
        }
        if (!wrote(&f, rows[i].service, rows[i].words)) {
            fail_msg("%s: no line says \"%s\"", rows[i].scenario, rows[i].words);
        }
        assert_true(wrote(&f, rows[i].service, "postgres://tak:" WORLD_CANARY "@") ||
                    text_equal(rows[i].scenario, "ok"));
        end(&f);
    }
}

static void logs_come_in_pages(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "database-down");
    redeploy(&f, API);
    pass(&f, 3 * MINUTE);
    json_t *t = stopped_task(&f, API, f.mine), *last = lines_of(&f, API, jsonx_text(t, "taskArn"), 3);
    assert_int_equal(json_array_size(jsonx_at(last, "events")), 3);
    assert_string_equal(jsonx_text(last, "events.2.message"),
                        "not ok - terminating due to lack of postgres connection");
    int64_t at = jsonx_int(last, "events.2.timestamp", 0), exited = jsonx_seconds_to_ms(t, "stoppedAt", 0);
    assert_in_range(exited - at, 0, 15 * SECOND);
    char stream[200], token[80];
    TEXT_FORMAT(stream, STREAM "%s", strrchr(jsonx_text(t, "taskArn"), '/') + 1);
    TEXT_COPY(token, jsonx_text(last, "nextBackwardToken"));
    int lines = 3;
    for (;;) { /* back to the beginning: the token that was sent comes back */
        json_t *page = call(&f, "GetLogEvents",
                            json_pack("{s:s,s:s,s:i,s:s}", "logGroupName", API, "logStreamName", stream,
                                      "limit", 3, "nextToken", token));
        lines += (int)json_array_size(jsonx_at(page, "events"));
        bool over = text_equal(token, jsonx_text(page, "nextBackwardToken"));
        TEXT_COPY(token, jsonx_text(page, "nextBackwardToken"));
        json_decref(page);
        if (over) {
            break;
        }
    }
    assert_int_equal(lines, 15);
    json_decref(t);
    json_decref(last);
    json_decref(lines_of(&f, "nowhere", "task/x", 3));
    assert_string_equal(f.type, "ResourceNotFoundException");
    last = lines_of(&f, API, "task/0000", 3);
    assert_string_equal(jsonx_text(last, "message"), "The specified log stream does not exist.");
    json_decref(last);
    end(&f);
}

static void a_task_without_image_has_no_log(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "expired-image");
    redeploy(&f, API);
    pass(&f, 90 * SECOND);
    json_t *t = stopped_task(&f, API, f.mine);
    assert_true(text_ends(jsonx_text(t, "stoppedReason"), "-cloudtak-api:0f3c2b1a: not found"));
    json_decref(lines_of(&f, API, jsonx_text(t, "taskArn"), 3));
    assert_string_equal(f.type, "ResourceNotFoundException");
    json_decref(t);
    end(&f);
}

/* ---- metrics, alarms, images, definitions */

static json_t *metric(struct fixture *f, const char *name, const char *service_name)
{
    json_t *query = json_pack("{s:s,s:{s:{s:s,s:s,s:[{s:s,s:s},{s:s,s:s}]},s:i,s:s}}", "Id", "a",
                              "MetricStat", "Metric", "Namespace", "AWS/ECS", "MetricName", name,
                              "Dimensions", "Name", "ClusterName", "Value", WORLD_CLUSTER, "Name",
                              "ServiceName", "Value", service_name, "Period", 60, "Stat", "Average");
    return call(f, "GetMetricData",
                json_pack("{s:[o],s:I,s:I}", "MetricDataQueries", query, "StartTime",
                          (json_int_t)(f->now / 1000 - 600), "EndTime", (json_int_t)(f->now / 1000)));
}

static size_t points(struct fixture *f, const char *service_name)
{
    json_t *a = metric(f, "CPUUtilization", service_name);
    assert_int_equal(f->status, 200);
    assert_string_equal(jsonx_text(a, "MetricDataResults.0.StatusCode"), "Complete");
    size_t count = json_array_size(jsonx_at(a, "MetricDataResults.0.Values"));
    assert_int_equal(json_array_size(jsonx_at(a, "MetricDataResults.0.Timestamps")), count);
    json_decref(a);
    return count;
}

static void no_task_no_point(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    assert_in_range(points(&f, API), 8, 10);
    json_t *a = metric(&f, "MemoryUtilization", API), *b = metric(&f, "MemoryUtilization", API);
    assert_true(json_equal(a, b)); /* the same minute, the same value */
    double value = json_number_value(jsonx_at(a, "MetricDataResults.0.Values.0"));
    assert_true(value > 20 && value < 60);
    json_decref(a);
    json_decref(b);
    assert_int_equal(points(&f, "nowhere"), 0);
    json_decref(call(&f, "UpdateService", json_pack("{s:s,s:i}", "service", API, "desiredCount", 0)));
    pass(&f, 30 * MINUTE);
    assert_int_equal(points(&f, API), 0);
    end(&f);
    begin(&f, "wanted-zero");
    assert_int_equal(points(&f, API), 0);
    end(&f);
}

static size_t alarms(struct fixture *f, const char *state_value, char name[160])
{
    json_t *a = call(f, "DescribeAlarms",
                     json_pack("{s:s,s:s}", "AlarmNamePrefix", API "-", "StateValue", state_value));
    size_t count = json_array_size(jsonx_at(a, "MetricAlarms"));
    text_copy(name, 160, jsonx_text(a, "MetricAlarms.0.AlarmName"));
    json_decref(a);
    return count;
}

static void alarms_ring_when_the_scenario_says(void **state)
{
    (void)state;
    struct fixture f;
    char name[160];
    begin(&f, "rolled-back-by-alarm");
    assert_int_equal(alarms(&f, "ALARM", name), 0);
    assert_int_equal(alarms(&f, "INSUFFICIENT_DATA", name), 1); /* Aurora's free storage, for ever */
    assert_true(text_starts(name, API "-DBFreeStorage-"));
    redeploy(&f, API);
    pass(&f, 7 * MINUTE);
    assert_int_equal(alarms(&f, "ALARM", name), 1);
    assert_string_equal(name, API "-AlarmHTTPCodeBackend5XX-" WORLD_REGION "-batchelb");
    json_t *a = call(&f, "DescribeAlarms", json_pack("{s:s}", "AlarmNamePrefix", "elsewhere-"));
    assert_int_equal(json_array_size(jsonx_at(a, "MetricAlarms")), 0);
    json_decref(a);
    end(&f);
    begin(&f, "database-down");
    assert_int_equal(alarms(&f, "ALARM", name), 1); /* it rang before anybody did anything */
    end(&f);
}

static void images(struct fixture *f, const char *tag)
{
    json_decref(
        call(f, "DescribeImages",
             json_pack("{s:s,s:[{s:s}]}", "repositoryName", WORLD_REPOSITORY, "imageIds", "imageTag", tag)));
}

static void the_registry_forgets(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    images(&f, "0f3c2b1a");
    assert_int_equal(f.status, 200);
    images(&f, "events-0f3c2b1a");
    assert_int_equal(f.status, 200);
    images(&f, "another");
    assert_string_equal(f.type, "ImageNotFoundException");
    json_decref(call(&f, "DescribeImages", json_pack("{s:s}", "repositoryName", "nothing")));
    assert_string_equal(f.type, "RepositoryNotFoundException");
    end(&f);
    begin(&f, "expired-image");
    images(&f, "0f3c2b1a");
    assert_string_equal(f.type, "ImageNotFoundException");
    end(&f);
    begin(&f, "image-missing"); /* it goes while somebody restarts */
    images(&f, "0f3c2b1a");
    assert_int_equal(f.status, 200);
    redeploy(&f, API);
    images(&f, "0f3c2b1a");
    assert_string_equal(f.type, "ImageNotFoundException");
    end(&f);
}

static void definitions_say_where_logs_are(void **state)
{
    (void)state;
    static const char *const names[] = {API, HUB, WORKERS};
    struct fixture f;
    begin(&f, "ok");
    for (size_t i = 0; i < 3; i++) {
        json_t *s = service(&f, names[i]);
        json_t *a = call(&f, "DescribeTaskDefinition",
                         json_pack("{s:s}", "taskDefinition", jsonx_text(s, "taskDefinition")));
        const json_t *c = jsonx_at(a, "taskDefinition.containerDefinitions.0");
        assert_string_equal(jsonx_text(c, "name"), "api");
        assert_true(
            text_starts(jsonx_text(c, "image"), WORLD_ACCOUNT ".dkr.ecr." WORLD_REGION ".amazonaws.com/"));
        assert_string_equal(jsonx_text(c, "logConfiguration.options.awslogs-group"), names[i]);
        assert_string_equal(jsonx_text(c, "logConfiguration.options.awslogs-stream-prefix"), API);
        assert_non_null(strstr(jsonx_text(c, "environment.0.value"), WORLD_CANARY));
        json_decref(a);
        json_decref(s);
    }
    end(&f);
}

/* ---- the page */

static void the_page_shows_what_users_have(void **state)
{
    (void)state;
    struct fixture f;
    struct world_site site;
    begin(&f, "ok");
    world_ecs_site(f.w, f.now, &site);
    assert_int_equal(site.api, 200);
    assert_int_equal(site.database, 200);
    assert_int_equal(site.hub, 401);
    json_t *all = tasks(&f, HUB, "RUNNING");
    json_decref(call(&f, "StopTask", json_pack("{s:O}", "task", jsonx_at(all, "tasks.0.taskArn"))));
    json_decref(all);
    pass(&f, 10 * SECOND);
    world_ecs_site(f.w, f.now, &site);
    assert_int_equal(site.hub, 503);
    assert_int_equal(site.api, 200);
    pass(&f, 80 * SECOND);
    world_ecs_site(f.w, f.now, &site);
    assert_int_equal(site.hub, 502); /* a target is there, and boots */
    end(&f);
    begin(&f, "database-down");
    world_ecs_site(f.w, f.now, &site);
    assert_int_equal(site.api, 200);
    assert_int_equal(site.database, 500);
    end(&f);
    begin(&f, "wanted-zero");
    world_ecs_site(f.w, f.now, &site);
    assert_int_equal(site.api, 503);
    assert_int_equal(site.database, 503);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_follow_the_tasks),
        cmocka_unit_test(sick_targets_say_why),
        cmocka_unit_test(a_restart_in_place_is_seen_by_the_balancer),
        cmocka_unit_test(addresses_join_tasks_to_targets),
        cmocka_unit_test(the_dead_tell_their_story),
        cmocka_unit_test(logs_come_in_pages),
        cmocka_unit_test(a_task_without_image_has_no_log),
        cmocka_unit_test(no_task_no_point),
        cmocka_unit_test(alarms_ring_when_the_scenario_says),
        cmocka_unit_test(the_registry_forgets),
        cmocka_unit_test(definitions_say_where_logs_are),
        cmocka_unit_test(the_page_shows_what_users_have),
    };
    return cmocka_run_group_tests_name("sim world_around", tests, NULL, NULL);
}
