/* JSON answers of ECS become plain structs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "ecs/decode.h"

static json_t *parse(const char *text)
{
    struct err err;
    json_t *root = jsonx_parse(text, strlen(text), &err);

    assert_non_null(root);
    return root;
}

static const char service_text[] =
    "{\"serviceArn\":\"arn:aws:ecs:us-east-1:123456789012:service/tak-vpc/api\",\"serviceName\":\"api\","
    "\"clusterArn\":\"arn:aws:ecs:us-east-1:123456789012:cluster/tak-vpc\",\"status\":\"ACTIVE\","
    "\"desiredCount\":2,\"runningCount\":2,\"pendingCount\":1,\"taskDefinition\":"
    "\"arn:aws:ecs:us-east-1:123456789012:task-definition/tak-api:81\",\"healthCheckGracePeriodSeconds\":300,"
    "\"deploymentConfiguration\":{\"minimumHealthyPercent\":100,\"maximumPercent\":200,"
    "\"deploymentCircuitBreaker\":{\"enable\":true,\"rollback\":true},"
    "\"alarms\":{\"enable\":true,\"alarmNames\":[\"a\",\"b\"],\"rollback\":true},"
    "\"bakeTimeInMinutes\":10,\"strategy\":\"BLUE_GREEN\"},"
    "\"loadBalancers\":[{\"loadBalancerName\":\"classic\"},{\"targetGroupArn\":\"arn:tg\",\"containerName\":"
    "\"api\",\"containerPort\":5000}],"
    "\"somethingNew\":{\"x\":[1]},"
    "\"deployments\":[{\"id\":\"ecs-svc/0123456789012345678\",\"status\":\"PRIMARY\",\"taskDefinition\":"
    "\"arn:aws:ecs:us-east-1:123456789012:task-definition/tak-api:81\",\"desiredCount\":2,\"runningCount\":1,"
    "\"pendingCount\":1,\"failedTasks\":3,\"createdAt\":1.620044996111E9,\"updatedAt\":1563421494.186,"
    "\"rolloutState\":\"IN_PROGRESS\",\"rolloutStateReason\":\"in progress.\"},"
    "{\"id\":\"ecs-svc/2\",\"status\":\"ACTIVE\",\"rolloutState\":null},"
    "{\"id\":\"ecs-svc/3\",\"status\":\"INACTIVE\",\"rolloutState\":\"FAILED\",\"desiredCount\":\"four\"},"
    "{\"status\":\"ACTIVE\"},17],"
    "\"events\":[{\"id\":\"e1\",\"createdAt\":1620044996,\"message\":\"(service api) has \\u001b[31mred\"},"
    "{\"createdAt\":5}]}";

static void test_service(void **unused)
{
    json_t *root = parse(service_text);
    static struct ecs_service s;

    (void)unused;
    decode_service(root, &s);
    json_decref(root);
    assert_string_equal(s.name, "api");
    assert_string_equal(s.cluster, "tak-vpc");
    assert_string_equal(s.controller, "ECS");
    assert_string_equal(s.strategy, "REPLICA");
    assert_string_equal(s.task_definition, "tak-api:81");
    assert_int_equal(s.desired, 2);
    assert_int_equal(s.pending, 1);
    assert_int_equal(s.minimum_healthy_percent, 100);
    assert_int_equal(s.maximum_percent, 200);
    assert_true(s.breaker && s.breaker_rollback);
    assert_int_equal(s.alarms, 2);
    assert_int_equal(s.target_groups, 1);
    assert_string_equal(s.groups[0].arn, "arn:tg");
    assert_string_equal(s.groups[0].container, "api");
    assert_int_equal(s.groups[0].port, 5000);
    assert_int_equal(s.bake_minutes, 10);
    assert_string_equal(s.rollout_strategy, "BLUE_GREEN");
    assert_int_equal(s.grace_seconds, 300);
    assert_int_equal(s.deployment_count, 3);
    assert_string_equal(s.deployments[0].id, "ecs-svc/0123456789012345678");
    assert_int_equal(s.deployments[0].rollout, ECS_ROLLOUT_IN_PROGRESS);
    assert_int_equal(s.deployments[0].failed, 3);
    assert_true(s.deployments[0].created_ms == 1620044996111);
    assert_true(s.deployments[0].updated_ms == 1563421494186);
    assert_int_equal(s.deployments[1].rollout, ECS_ROLLOUT_ABSENT);
    assert_int_equal(s.deployments[1].status, ECS_ACTIVE);
    assert_int_equal(s.deployments[2].rollout, ECS_ROLLOUT_FAILED);
    assert_int_equal(s.deployments[2].status, ECS_INACTIVE);
    assert_int_equal(s.deployments[2].desired, 0);
    assert_int_equal(s.event_count, 1);
    assert_null(strchr(s.events[0].message, '\x1b'));
    assert_true(s.events[0].created_ms == 1620044996000);
    assert_ptr_equal(model_primary(&s), &s.deployments[0]);
    assert_ptr_equal(model_deployment(&s, "ecs-svc/3"), &s.deployments[2]);
    assert_null(model_deployment(&s, "ecs-svc/4"));
}

static void test_defaults(void **unused)
{
    json_t *root = parse("{}");
    static struct ecs_service s;

    (void)unused;
    memset(&s, 0xff, sizeof s);
    decode_service(root, &s);
    json_decref(root);
    assert_int_equal(s.minimum_healthy_percent, -1);
    assert_int_equal(s.grace_seconds, -1);
    assert_int_equal(s.bake_minutes, -1);
    assert_string_equal(s.rollout_strategy, "");
    assert_int_equal(s.target_groups, 0);
    assert_int_equal(s.deployment_count, 0);
    assert_false(s.breaker);
    assert_null(model_primary(&s));
    decode_service(NULL, &s);
    assert_string_equal(s.name, "");
}

static void test_other_controller(void **unused)
{
    json_t *root =
        parse("{\"deploymentController\":{\"type\":\"CODE_DEPLOY\"},\"schedulingStrategy\":\"DAEMON\","
              "\"deploymentConfiguration\":{\"deploymentCircuitBreaker\":{\"enable\":false,"
              "\"rollback\":true},\"alarms\":{\"enable\":false,\"alarmNames\":[\"a\"]}}}");
    static struct ecs_service s;

    (void)unused;
    decode_service(root, &s);
    json_decref(root);
    assert_string_equal(s.controller, "CODE_DEPLOY");
    assert_string_equal(s.strategy, "DAEMON");
    assert_false(s.breaker_rollback);
    assert_int_equal(s.alarms, 0);
}

/* A count that is a text is no zero: the whole is not to be taken for facts. */
static void test_wrong_types_are_told(void **unused)
{
    static const struct {
        const char *text;
        bool sound;
    } rows[] = {
        {"{\"serviceName\":\"a\",\"desiredCount\":2,\"runningCount\":2,\"deployments\":[]}", true},
        {"{\"serviceName\":\"a\",\"runningCount\":null}", true},
        {"{\"runningCount\":\"2\"}", false},
        {"{\"status\":7}", false},
        {"{\"deployments\":{}}", false},
        {"{\"deployments\":[7]}", false},
        {"{\"deployments\":[{\"id\":1}]}", false},
        {"{\"deployments\":[{\"id\":\"ecs-svc/1\",\"runningCount\":\"2\"}]}", false},
        {"{\"deployments\":[{\"id\":\"ecs-svc/1\",\"rolloutState\":1}]}", false},
    };
    static struct ecs_service s;
    static struct ecs_task t;

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *root = parse(rows[i].text);

        assert_int_equal(decode_service(root, &s), rows[i].sound);
        json_decref(root);
    }
    json_t *root = parse("{\"taskArn\":\"a/b\",\"lastStatus\":1}");
    assert_false(decode_task(root, &t));
    json_decref(root);
}

/* Lists longer than the model holds are cut, newest first. */
static void test_ceilings(void **unused)
{
    struct buf b;
    json_t *root;
    static struct ecs_service s;
    static struct ecs_task t;

    (void)unused;
    buf_init(&b, 1 << 20);
    buf_text(&b, "{\"events\":[");
    for (int i = 0; i < ECS_EVENTS + 5; i++)
        buf_format(&b, "%s{\"id\":\"e%d\"}", i ? "," : "", i);
    buf_text(&b, "],\"deployments\":[");
    for (int i = 0; i < ECS_DEPLOYMENTS + 5; i++)
        buf_format(&b, "%s{\"id\":\"ecs-svc/%d\"}", i ? "," : "", i);
    buf_text(&b, "],\"loadBalancers\":[");
    for (int i = 0; i < ECS_GROUPS + 2; i++)
        buf_format(&b, "%s{\"targetGroupArn\":\"tg%d\"}", i ? "," : "", i);
    buf_text(&b, "],\"containers\":[{},{},{},{},{},{},{}]}");
    root = parse(b.data);
    decode_service(root, &s);
    decode_task(root, &t);
    assert_int_equal(s.event_count, ECS_EVENTS);
    assert_string_equal(s.events[ECS_EVENTS - 1].id, "e99");
    assert_int_equal(s.deployment_count, ECS_DEPLOYMENTS);
    assert_int_equal(t.container_count, ECS_CONTAINERS);
    assert_int_equal(s.target_groups, ECS_GROUPS + 2); /* all are counted */
    assert_string_equal(s.groups[ECS_GROUPS - 1].arn, "tg3");
    json_decref(root);
    buf_finish(&b);
}

static void test_task(void **unused)
{
    json_t *root = parse(
        "{\"taskArn\":\"arn:aws:ecs:us-east-1:1:task/tak-vpc/0a1b\",\"startedBy\":\"ecs-svc/1\","
        "\"lastStatus\":\"STOPPED\",\"desiredStatus\":\"STOPPED\",\"stopCode\":\"EssentialContainerExited\","
        "\"stoppedReason\":\"Essential container in task exited\",\"healthStatus\":\"UNKNOWN\","
        "\"taskDefinitionArn\":\"arn:aws:ecs:us-east-1:1:task-definition/tak-api:81\",\"createdAt\":1,"
        "\"pullStartedAt\":2,\"startedAt\":3,\"stoppingAt\":4,\"stoppedAt\":5,\"containers\":["
        "{\"name\":\"api\",\"exitCode\":0,\"reason\":\"OutOfMemoryError: x\",\"healthStatus\":\"UNHEALTHY\","
        "\"imageDigest\":\"sha256:ab\",\"runtimeId\":\"0a1b-17\"},{\"name\":\"side\",\"exitCode\":null}]}");
    static struct ecs_task t;

    (void)unused;
    decode_task(root, &t);
    json_decref(root);
    assert_string_equal(t.id, "0a1b");
    assert_string_equal(t.started_by, "ecs-svc/1");
    assert_string_equal(t.task_definition, "tak-api:81");
    assert_string_equal(t.stop_code, "EssentialContainerExited");
    assert_true(t.created_ms == 1000 && t.pull_started_ms == 2000 && t.started_ms == 3000 &&
                t.stopping_ms == 4000 && t.stopped_ms == 5000);
    assert_int_equal(t.container_count, 2);
    assert_true(t.containers[0].exited);
    assert_int_equal(t.containers[0].exit_code, 0);
    assert_string_equal(t.containers[0].image_digest, "sha256:ab");
    assert_string_equal(t.containers[0].runtime_id, "0a1b-17");
    assert_false(t.containers[1].exited);
    assert_string_equal(t.address, "");
}

/* The address stands in the attachment, or at a container, or nowhere (bridge mode). */
static void test_address(void **unused)
{
    static const struct {
        const char *text, *address;
    } rows[] = {
        {"{\"attachments\":[{\"type\":\"x\"},{\"type\":\"ElasticNetworkInterface\",\"details\":["
         "{\"name\":\"subnetId\",\"value\":\"subnet-1\"},"
         "{\"name\":\"privateIPv4Address\",\"value\":\"10.0.1.7\"}]}],"
         "\"containers\":[{\"networkInterfaces\":[{\"privateIpv4Address\":\"10.0.9.9\"}]}]}",
         "10.0.1.7"},
        {"{\"attachments\":[],\"containers\":[{\"name\":\"a\"},{\"networkInterfaces\":"
         "[{\"privateIpv4Address\":\"10.0.1.8\"}]}]}",
         "10.0.1.8"},
        {"{\"attachments\":[{\"details\":[{\"name\":\"privateIPv4Address\",\"value\":17}]}]}", ""},
        {"{\"attachments\":{\"details\":7},\"containers\":[{\"networkInterfaces\":{}}]}", ""},
        {"{\"containers\":[{\"networkInterfaces\":[]}]}", ""},
    };
    static struct ecs_task t;

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *root = parse(rows[i].text);

        assert_true(decode_task(root, &t));
        assert_string_equal(t.address, rows[i].address);
        json_decref(root);
    }
}

static void test_service_deployment(void **unused)
{
    json_t *root =
        parse("{\"serviceDeploymentArn\":\"arn:aws:ecs:r:1:service-deployment/c/s/abc\","
              "\"targetServiceRevisionArn\":\"arn:aws:ecs:r:1:service-revision/c/s/0123\","
              "\"status\":\"ROLLBACK_SUCCESSFUL\",\"statusReason\":\"because\",\"createdAt\":7.5}");
    struct ecs_service_deployment d;

    (void)unused;
    decode_service_deployment(root, &d);
    json_decref(root);
    assert_string_equal(d.deployment_id, "ecs-svc/0123");
    assert_string_equal(d.status, "ROLLBACK_SUCCESSFUL");
    assert_string_equal(d.status_reason, "because");
    assert_true(d.created_ms == 7500 && d.finished_ms == 0);
}

static void test_rollout_detail(void **unused)
{
    json_t *root =
        parse("{\"serviceDeploymentArn\":\"arn:aws:ecs:r:1:service-deployment/c/s/"
              "abc\",\"status\":\"ROLLBACK_IN_PROGRESS\","
              "\"targetServiceRevision\":{\"arn\":\"arn:aws:ecs:r:1:service-revision/c/s/"
              "0123\",\"runningTaskCount\":1},"
              "\"lifecycleStage\":\"BAKE_TIME\",\"statusReason\":\"because\",\"createdAt\":1,\"startedAt\":2,"
              "\"stoppedAt\":4,\"updatedAt\":5.5,\"deploymentConfiguration\":{\"bakeTimeInMinutes\":15},"
              "\"deploymentCircuitBreaker\":{\"status\":\"TRIGGERED\",\"failureCount\":3,\"threshold\":3},"
              "\"alarms\":{\"status\":\"TRIGGERED\",\"alarmNames\":[\"a\"],\"triggeredAlarmNames\":[\"one\","
              "7,\"\",\"two\"]},"
              "\"rollback\":{\"reason\":\"tasks failed to start\",\"serviceRevisionArn\":\"x/y/z/0099\"},"
              "\"lifecycleHookDetails\":[{\"hookId\":\"h0\",\"status\":\"SUCCEEDED\"},"
              "{\"targetArn\":\"arn:aws:lambda:r:1:function:check-it\",\"status\":\"IN_PROGRESS\"}],"
              "\"somethingNew\":{}}");
    struct ecs_rollout_detail d;

    (void)unused;
    decode_rollout_detail(root, &d);
    json_decref(root);
    assert_string_equal(d.deployment_id, "ecs-svc/0123");
    assert_string_equal(d.rollback_to, "ecs-svc/0099");
    assert_string_equal(d.rollback_reason, "tasks failed to start");
    assert_string_equal(d.stage, "BAKE_TIME");
    assert_string_equal(d.breaker_status, "TRIGGERED");
    assert_int_equal(d.breaker_failures, 3);
    assert_int_equal(d.breaker_threshold, 3);
    assert_string_equal(d.alarm_status, "TRIGGERED");
    assert_string_equal(d.triggered_alarms, "one, two");
    assert_int_equal(d.bake_minutes, 15);
    assert_false(d.paused);
    assert_string_equal(d.hook, "check-it");
    assert_string_equal(d.hook_status, "IN_PROGRESS");
    assert_string_equal(d.hook_stage, "BAKE_TIME");
    assert_true(d.created_ms == 1000 && d.started_ms == 2000 && d.finished_ms == 4000 &&
                d.updated_ms == 5500);
}

/* A hook that waits for a person goes before all others; one that is over holds nothing up. */
static void test_hooks(void **unused)
{
    json_t *root =
        parse("{\"lifecycleStage\":\"POST_SCALE_UP\",\"lifecycleHookDetails\":[{\"hookId\":\"h1\",\"status\":"
              "\"FAILED\"},"
              "{\"hookId\":\"h2\",\"targetType\":\"PAUSE\",\"status\":\"AWAITING_ACTION\",\"expiresAt\":60},"
              "{\"hookId\":\"h3\",\"status\":\"IN_PROGRESS\"},17,{\"status\":4}]}");
    struct ecs_rollout_detail d;

    (void)unused;
    decode_rollout_detail(root, &d);
    json_decref(root);
    assert_true(d.paused);
    assert_string_equal(d.hook, "h2");
    assert_string_equal(d.hook_stage, "POST_SCALE_UP");
    assert_true(d.hook_expires_ms == 60000);
    root = parse("{\"lifecycleHookDetails\":[{\"hookId\":\"h1\",\"status\":\"SUCCEEDED\"}]}");
    memset(&d, 0xff, sizeof d);
    decode_rollout_detail(root, &d);
    json_decref(root);
    assert_string_equal(d.hook, "");
    assert_false(d.paused);
    /* what is not said */
    assert_string_equal(d.deployment_id, "");
    assert_string_equal(d.status, "");
    assert_int_equal(d.breaker_failures, -1);
    assert_int_equal(d.breaker_threshold, -1);
    assert_int_equal(d.bake_minutes, -1);
    assert_true(d.finished_ms == 0 && d.hook_expires_ms == 0);
}

/* More alarms than the text holds: cut, with no half of a separator in memory it does not own. */
static void test_many_alarms(void **unused)
{
    struct buf b;
    struct ecs_rollout_detail d;

    (void)unused;
    buf_init(&b, 1 << 20);
    buf_text(&b, "{\"alarms\":{\"triggeredAlarmNames\":[");
    for (int i = 0; i < 100; i++)
        buf_format(&b, "%s\"tak-cloudtak-cotak-prod-alarm-%d\"", i ? "," : "", i);
    buf_text(&b, "]}}");
    json_t *root = parse(b.data);
    decode_rollout_detail(root, &d);
    json_decref(root);
    buf_finish(&b);
    assert_true(strlen(d.triggered_alarms) >= ECS_REASON - 40 && strlen(d.triggered_alarms) < ECS_REASON);
    assert_non_null(strstr(d.triggered_alarms, "alarm-0, tak-cloudtak-cotak-prod-alarm-1, "));
    assert_string_equal(d.rollback_reason, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_other_controller),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_wrong_types_are_told),
        cmocka_unit_test(test_task),
        cmocka_unit_test(test_service_deployment),
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_rollout_detail),
        cmocka_unit_test(test_hooks),
        cmocka_unit_test(test_many_alarms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
