/* What CloudWatch, ECR, Logs and task definitions answer, decoded: good, odd and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/cloudwatch.h"
#include "ecs/definition.h"
#include "ecs/ecr.h"
#include "ecs/logs.h"

static struct ecs_around around;
static struct definition definition;
static struct ecs_tail tail;

static json_t *parse(const char *text)
{
    struct err err;
    json_t *root = jsonx_parse(text, strlen(text), &err);

    if (!root)
        fail_msg("%s in %s", err.text, text);
    return root;
}

/* ---- metrics */

static bool read_metrics(const char *text)
{
    json_t *root = parse(text);
    bool ok;

    memset(&around, 0, sizeof around);
    ok = cloudwatch_read_metrics(root, &around);
    json_decref(root);
    return ok;
}

static void metrics_are_means_and_maxima(void **state)
{
    (void)state;
    assert_true(read_metrics(
        "{\"MetricDataResults\":[{\"Id\":\"memory_maximum\",\"Values\":[40,44.5],\"StatusCode\":\"Complete\"}"
        ","
        "{\"Id\":\"cpu_average\",\"Values\":[10,20,30]},{\"Id\":\"cpu_maximum\",\"Values\":[80,110.25,3]},"
        "{\"Id\":\"memory_average\",\"Values\":[41],\"StatusCode\":\"PartialData\"},{\"Id\":\"other\"},7]}"));
    assert_true(around.metrics.has_data);
    assert_true(around.metrics.cpu_average > 19.99 && around.metrics.cpu_average < 20.01);
    assert_true(around.metrics.cpu_maximum > 110.2 && around.metrics.cpu_maximum < 110.3);
    assert_true(around.metrics.memory_average > 40.9 && around.metrics.memory_average < 41.1);
    assert_true(around.metrics.memory_maximum > 44.4 && around.metrics.memory_maximum < 44.6);
}

/* No point is not 0 %, and neither is a part of the points. */
static void no_point_is_no_data(void **state)
{
    static const char *const rows[] = {
        "{\"MetricDataResults\":[]}",
        "{\"MetricDataResults\":[{\"Id\":\"cpu_average\",\"Values\":[]},{\"Id\":\"cpu_maximum\",\"Values\":[]"
        "},"
        "{\"Id\":\"memory_average\",\"Values\":[]},{\"Id\":\"memory_maximum\",\"Values\":[]}]}",
        "{\"MetricDataResults\":[{\"Id\":\"cpu_average\",\"Values\":[1]},{\"Id\":\"cpu_maximum\",\"Values\":["
        "1]}]}",
        "{\"MetricDataResults\":[{\"Id\":\"cpu_average\",\"Values\":[\"1\"]},{\"Id\":\"cpu_maximum\","
        "\"Values\":[-1]},"
        "{\"Id\":\"memory_average\",\"Values\":[1e300]},{\"Id\":\"memory_maximum\",\"Values\":{}}]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(read_metrics(rows[i]));
        assert_false(around.metrics.has_data);
        assert_true(around.metrics.cpu_average == 0);
    }
}

static void metrics_that_are_refused(void **state)
{
    (void)state;
    assert_false(read_metrics("{}"));
    assert_true(around.metrics.why[0]);
    assert_false(read_metrics("{\"MetricDataResults\":{}}"));
    assert_false(
        read_metrics("{\"MetricDataResults\":[{\"Id\":\"memory_average\",\"StatusCode\":\"Forbidden\"}]}"));
    assert_string_equal(around.metrics.why, "CloudWatch does not give MemoryUtilization (Forbidden)");
    assert_false(around.metrics.has_data);
}

static void what_is_asked_of_metrics(void **state)
{
    json_t *body = cloudwatch_ask_metrics("tak-vpc", "api", 1795356128000);
    (void)state;
    assert_int_equal(json_array_size(jsonx_at(body, "MetricDataQueries")), 4);
    assert_string_equal(jsonx_text(body, "MetricDataQueries.0.Id"), "cpu_average");
    assert_string_equal(jsonx_text(body, "MetricDataQueries.3.MetricStat.Stat"), "Maximum");
    assert_string_equal(jsonx_text(body, "MetricDataQueries.3.MetricStat.Metric.MetricName"),
                        "MemoryUtilization");
    assert_string_equal(jsonx_text(body, "MetricDataQueries.1.MetricStat.Metric.Namespace"), "AWS/ECS");
    assert_int_equal(jsonx_int(body, "MetricDataQueries.1.MetricStat.Period", 0), 60);
    assert_string_equal(jsonx_text(body, "MetricDataQueries.1.MetricStat.Metric.Dimensions.0.Value"),
                        "tak-vpc");
    assert_string_equal(jsonx_text(body, "MetricDataQueries.1.MetricStat.Metric.Dimensions.1.Name"),
                        "ServiceName");
    assert_true(jsonx_int(body, "StartTime", 0) == 1795355820 && jsonx_int(body, "EndTime", 0) == 1795356180);
    json_decref(body);
}

/* ---- alarms */

static bool read_alarms(const char *text)
{
    json_t *root = parse(text);
    bool ok;

    memset(&around, 0, sizeof around);
    TEXT_COPY(around.alarm_prefix, "tak-");
    ok = cloudwatch_read_alarms(root, &around);
    json_decref(root);
    return ok;
}

static void alarms_that_ring(void **state)
{
    struct buf b;
    (void)state;
    assert_true(read_alarms("{\"MetricAlarms\":[{\"AlarmName\":\"tak-5xx\",\"StateValue\":\"ALARM\","
                            "\"StateTransitionedTimestamp\":12.5,"
                            "\"StateUpdatedTimestamp\":99},{\"AlarmName\":\"tak-ok\",\"StateValue\":\"OK\"},"
                            "{\"AlarmName\":\"other-5xx\",\"StateValue\":\"ALARM\"},{\"AlarmName\":7,"
                            "\"StateValue\":\"ALARM\"},null],"
                            "\"CompositeAlarms\":[{\"AlarmName\":\"tak-\\u001b[2Jall\",\"StateValue\":"
                            "\"ALARM\",\"StateUpdatedTimestamp\":3}]}"));
    assert_int_equal(around.alarms.count, 2);
    assert_string_equal(around.alarms.names[0], "tak-5xx");
    assert_true(around.alarms.since_ms[0] == 12500);
    assert_string_equal(around.alarms.names[1], "tak- [2Jall");
    assert_true(around.alarms.since_ms[1] == 3000);
    assert_true(read_alarms("{\"MetricAlarms\":[]}"));
    assert_int_equal(around.alarms.count, 0);
    assert_false(read_alarms("{}"));
    assert_true(around.alarms.why[0]);
    buf_init(&b, 1 << 20); /* more than have a name */
    buf_text(&b, "{\"MetricAlarms\":[");
    for (int i = 0; i < 30; i++)
        buf_format(&b, "%s{\"AlarmName\":\"tak-%d\",\"StateValue\":\"ALARM\"}", i ? "," : "", i);
    buf_text(&b, "]}");
    assert_true(read_alarms(b.data));
    assert_int_equal(around.alarms.count, 30);
    assert_string_equal(around.alarms.names[ECS_ALARMS - 1], "tak-7");
    assert_true(around.alarms.since_ms[0] == 0);
    buf_finish(&b);
}

/* ---- images */

static void references_to_images(void **state)
{
    static const struct {
        const char *image, *registry, *region, *repository, *by, *id,
            *short_name; /* registry NULL = none of ECR's */
    } rows[] = {
        {"123456789012.dkr.ecr.us-gov-east-1.amazonaws.com/tak-api:0f3c", "123456789012", "us-gov-east-1",
         "tak-api", "imageTag", "0f3c", "tak-api:0f3c"},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b/c", "123456789012", "us-east-1", "a/b/c",
         "imageTag", "latest", "a/b/c:latest"},
        {"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/a@sha256:ab", "123456789012", "us-east-1", "a",
         "imageDigest", "sha256:ab", "a@sha256:ab"},
        {"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a:b@sha256:cd", "123456789012", "cn-north-1", "a",
         "imageDigest", "sha256:cd", "a@sha256:cd"},
        {"123456789012.dkr-ecr.us-east-1.on.aws/a:b", "123456789012", "us-east-1", "a", "imageTag", "b",
         "a:b"},
        {"nginx:latest", NULL, NULL, NULL, NULL, NULL, NULL},
        {"public.ecr.aws/nginx/nginx:1", NULL, NULL, NULL, NULL, NULL, NULL},
        {"12345.dkr.ecr.us-east-1.amazonaws.com/a", NULL, NULL, NULL, NULL, NULL, NULL},
        {"1234567890123.dkr.ecr.us-east-1.amazonaws.com/a", NULL, NULL, NULL, NULL, NULL, NULL},
        {"123456789012.dkr.ecr..amazonaws.com/a", NULL, NULL, NULL, NULL, NULL, NULL},
        {"123456789012.dkr.ecr.us-east-1", NULL, NULL, NULL, NULL, NULL, NULL},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/", NULL, NULL, NULL, NULL, NULL, NULL},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/a:", NULL, NULL, NULL, NULL, NULL, NULL},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/a@md5:1", NULL, NULL, NULL, NULL, NULL, NULL},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/a b", NULL, NULL, NULL, NULL, NULL, NULL},
        {"123456789012/dkr.ecr.us-east-1.amazonaws.com", NULL, NULL, NULL, NULL, NULL, NULL},
        {"", NULL, NULL, NULL, NULL, NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ecr_image image = {.tag = "untouched"};

        assert_int_equal(ecr_parse(rows[i].image, &image), rows[i].registry != NULL);
        if (!rows[i].registry) {
            assert_string_equal(image.tag, "untouched");
            continue;
        }
        json_t *body = ecr_ask(&image);
        char path[40];
        TEXT_FORMAT(path, "imageIds.0.%s", rows[i].by);
        assert_string_equal(jsonx_text(body, "registryId"), rows[i].registry);
        assert_string_equal(jsonx_text(body, "repositoryName"), rows[i].repository);
        assert_string_equal(jsonx_text(body, path), rows[i].id);
        assert_int_equal(json_object_size(jsonx_at(body, "imageIds.0")), 1);
        json_decref(body);
        assert_string_equal(image.region, rows[i].region);
        assert_string_equal(image.short_name, rows[i].short_name);
    }
}

static void answers_about_images(void **state)
{
    int64_t pushed = 7;
    bool archived = true;
    json_t *root = parse("{\"imageDetails\":[{\"imagePushedAt\":1.5,\"imageTags\":[\"a\"]}]}");
    (void)state;
    assert_true(ecr_read(root, &pushed, &archived));
    assert_true(pushed == 1500 && !archived);
    json_decref(root);
    root = parse("{\"imageDetails\":[{\"imageStatus\":\"ARCHIVED\",\"imagePushedAt\":\"yesterday\"}]}");
    assert_true(ecr_read(root, &pushed, &archived));
    assert_true(pushed == 0 && archived);
    json_decref(root);
    root = parse("{\"imageDetails\":[]}");
    assert_false(ecr_read(root, &pushed, &archived));
    json_decref(root);
}

/* ---- task definitions */

static const char definition_text[] =
    "{\"taskDefinition\":{\"family\":\"tak-api\",\"containerDefinitions\":[{\"name\":\"api\",\"image\":\"r/"
    "api:1\","
    "\"environment\":[{\"name\":\"POSTGRES\",\"value\":\"postgres://u:canary-in-environment@h/db\"}],"
    "\"secrets\":[{\"name\":\"S\",\"valueFrom\":\"arn:canary-in-secrets\"}],\"command\":[\"--x=canary-in-"
    "command\"],"
    "\"logConfiguration\":{\"logDriver\":\"awslogs\",\"options\":{\"awslogs-group\":\"tak-api\","
    "\"awslogs-region\":\"us-gov-east-1\",\"awslogs-stream-prefix\":\"tak\",\"x\":\"canary-in-options\"}}},"
    "{\"name\":\"side\",\"image\":\"nginx\",\"logConfiguration\":{\"logDriver\":\"splunk\",\"options\":"
    "{\"splunk-token\":\"canary-in-splunk\",\"awslogs-group\":\"canary-in-group\"}}},"
    "{\"name\":\"mute\",\"image\":\"nginx\"},{\"image\":\"nameless\"},9,"
    "{\"name\":\"far\",\"logConfiguration\":{\"logDriver\":\"awslogs\",\"options\":{\"awslogs-group\":\"g\","
    "\"awslogs-region\":\"us-east-1\",\"awslogs-stream-prefix\":\"p\"}}},"
    "{\"name\":\"bare\",\"logConfiguration\":{\"logDriver\":\"awslogs\",\"options\":{\"awslogs-group\":\"g\"}"
    "}}]}}";

static bool has_bytes(const void *where, size_t size, const char *what)
{
    size_t len = strlen(what);

    for (size_t i = 0; i + len <= size; i++)
        if (memcmp((const char *)where + i, what, len) == 0)
            return true;
    return false;
}

static void nothing_but_images_and_log_options_is_kept(void **state)
{
    json_t *root = parse(definition_text);
    (void)state;
    assert_true(definition_decode(root, &definition));
    json_decref(root);
    assert_int_equal(definition.container_count, 5);
    assert_string_equal(definition.containers[0].image, "r/api:1");
    assert_string_equal(definition.containers[0].log_group, "tak-api");
    assert_string_equal(definition.containers[0].log_prefix, "tak");
    assert_string_equal(definition.containers[1].log_driver, "splunk");
    assert_string_equal(definition.containers[2].log_driver, "");
    assert_false(has_bytes(&definition, sizeof definition, "canary"));
    assert_ptr_equal(definition_container(&definition, ""), &definition.containers[0]);
    assert_ptr_equal(definition_container(&definition, "mute"), &definition.containers[2]);
    assert_null(definition_container(&definition, "none"));
    root = parse("{\"taskDefinition\":{\"containerDefinitions\":[]}}");
    assert_false(definition_decode(root, &definition));
    json_decref(root);
    assert_false(definition_decode(NULL, &definition));
}

static void kept_definitions_are_bounded(void **state)
{
    struct definitions *all = definitions_create();
    struct definition d = {.container_count = 1};
    char name[32];
    (void)state;
    for (int i = 0; i < 100; i++) {
        TEXT_FORMAT(name, "tak:%d", i);
        assert_null(definitions_find(all, 0, name));
        TEXT_FORMAT(d.containers[0].image, "image-%d", i);
        definitions_keep(all, 0, name, &d);
        definitions_keep(all, 0, name, &d); /* once is enough */
        assert_string_equal(definitions_find(all, 0, name)->containers[0].image, d.containers[0].image);
        assert_null(definitions_find(all, 1, name)); /* another account */
    }
    assert_null(definitions_find(all, 0, "tak:0")); /* the oldest one went */
    assert_non_null(definitions_find(all, 0, "tak:90"));
    definitions_destroy(all);
}

/* ---- logs */

static void where_the_lines_are(void **state)
{
    static const struct {
        const char *container, *trouble; /* part; NULL = there is none */
    } rows[] = {
        {"", NULL},
        {"api", NULL},
        {"none", "has no container \"none\""},
        {"side", "logs by \"splunk\", not to CloudWatch Logs"},
        {"mute", "has no log configured"},
        {"far", "logs to us-east-1, and I look into us-gov-east-1 only"},
        {"bare", "sets no awslogs-stream-prefix"},
    };
    json_t *root = parse(definition_text);
    (void)state;
    assert_true(definition_decode(root, &definition));
    json_decref(root);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = {0};

        memset(&tail, 0, sizeof tail);
        TEXT_COPY(tail.task_definition, "tak-api:81");
        TEXT_COPY(tail.task_id, "0a1b");
        TEXT_COPY(tail.container, rows[i].container);
        assert_int_equal(logs_place(&definition, "us-gov-east-1", &tail, &err), rows[i].trouble == NULL);
        if (rows[i].trouble) {
            assert_non_null(strstr(err.text, rows[i].trouble));
            assert_string_equal(tail.log_stream, "");
            continue;
        }
        assert_string_equal(tail.log_group, "tak-api");
        assert_string_equal(tail.log_stream, "tak/api/0a1b");
    }
}

static void lines_are_redacted_and_cut(void **state)
{
    struct buf b;
    json_t *root =
        parse("{\"events\":[{\"timestamp\":5,\"message\":\"postgres://u:canary@h/db \\u001b[1mfails\"},"
              "{\"message\":17},{\"timestamp\":-4,\"message\":\"end\\n\"}]}");
    (void)state;
    memset(&tail, 0, sizeof tail);
    assert_true(logs_read(root, &tail));
    json_decref(root);
    assert_int_equal(tail.count, 3);
    assert_string_equal(tail.lines[0], "postgres://u:[redacted]@h/db fails");
    assert_true(tail.at_ms[0] == 5 && tail.at_ms[2] == 0);
    assert_string_equal(tail.lines[1], "");
    buf_init(&b, 1 << 20); /* an endpoint that does not know limits: the newest ones count */
    buf_text(&b, "{\"events\":[");
    for (int i = 0; i < 50; i++)
        buf_format(&b, "%s{\"timestamp\":%d,\"message\":\"line %d\"}", i ? "," : "", i, i);
    buf_text(&b, "]}");
    root = parse(b.data);
    assert_true(logs_read(root, &tail));
    json_decref(root);
    buf_finish(&b);
    assert_int_equal(tail.count, ECS_TAIL_LINES);
    assert_string_equal(tail.lines[0], "line 30");
    assert_string_equal(tail.lines[ECS_TAIL_LINES - 1], "line 49");
    assert_false(logs_read(NULL, &tail));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_means_and_maxima),
        cmocka_unit_test(no_point_is_no_data),
        cmocka_unit_test(metrics_that_are_refused),
        cmocka_unit_test(what_is_asked_of_metrics),
        cmocka_unit_test(alarms_that_ring),
        cmocka_unit_test(references_to_images),
        cmocka_unit_test(answers_about_images),
        cmocka_unit_test(nothing_but_images_and_log_options_is_kept),
        cmocka_unit_test(kept_definitions_are_bounded),
        cmocka_unit_test(where_the_lines_are),
        cmocka_unit_test(lines_are_redacted_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
