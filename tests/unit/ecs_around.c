/* What stands around a service: which calls, what each answer means, and that it ends exactly once. */
#include "ecs_rig.h"

#define ALL      (ECS_AROUND_METRICS | ECS_AROUND_ALARMS | ECS_AROUND_IMAGE)
#define REGISTRY "123456789012.dkr.ecr.us-gov-east-1.amazonaws.com/"
#define POINTS                                                                                               \
    "{\"MetricDataResults\":[{\"Id\":\"cpu_average\",\"Values\":[10]},{\"Id\":\"cpu_maximum\",\"Values\":["  \
    "90]},"                                                                                                  \
    "{\"Id\":\"memory_average\",\"Values\":[40]},{\"Id\":\"memory_maximum\",\"Values\":[41]}]}"

static const char *images[3];      /* of the task definition; NULL ends them */
static const char *failing, *code; /* an action that is refused with code, or held when code is NULL */
static const char *instead;        /* what it answers with 200 */
static int http;                   /* or with this status, and no AWS error */

static void answer_definition(struct server_call *call, const json_t *body)
{
    struct buf b;

    assert_string_equal(jsonx_text(body, "taskDefinition"), "tak-api:81");
    buf_init(&b, 1 << 16);
    buf_text(&b, "{\"taskDefinition\":{\"containerDefinitions\":[");
    for (int i = 0; i < 3 && images[i]; i++)
        buf_format(&b, "%s{\"name\":\"c%d\",\"image\":\"%s\"}", i ? "," : "", i, images[i]);
    buf_text(&b, "]}}");
    server_answer(call, 200, JSON, NULL, b.data, b.len);
    buf_finish(&b);
}

static void answer_image(struct server_call *call, const json_t *body)
{
    const char *tag = jsonx_text(body, "imageIds.0.imageTag");

    assert_string_equal(jsonx_text(body, "registryId"), "123456789012");
    if (strcmp(tag, "gone") == 0)
        rig_refuse(call, "ImageNotFoundException");
    else if (strcmp(tag, "no-repository") == 0)
        rig_refuse(call, "RepositoryNotFoundException");
    else
        rig_text(call, 200,
                 strcmp(tag, "archived") == 0
                     ? "{\"imageDetails\":[{\"imageStatus\":\"ARCHIVED\",\"imagePushedAt\":5}]}"
                     : "{\"imageDetails\":[{\"imagePushedAt\":1700000000.5}]}");
}

static void check_headers(const struct rig *r, const char *action)
{
    bool watch = strcmp(action, "GetMetricData") == 0 || strcmp(action, "DescribeAlarms") == 0;
    char target[100];

    TEXT_FORMAT(target, "%s.%s",
                watch                                   ? "GraniteServiceVersion20100801"
                : strcmp(action, "DescribeImages") == 0 ? "AmazonEC2ContainerRegistry_V20150921"
                                                        : "AmazonEC2ContainerServiceV20141113",
                action);
    assert_string_equal(r->target, target);
    assert_string_equal(r->type, watch ? "application/x-amz-json-1.0" : JSON);
    assert_string_equal(r->scope, watch                                   ? "monitoring"
                                  : strcmp(action, "DescribeImages") == 0 ? "ecr"
                                                                          : "ecs");
}

static void answer(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    check_headers(r, action);
    if (failing && strcmp(action, failing) == 0) {
        if (instead)
            rig_text(call, 200, instead);
        else if (http)
            server_answer(call, http, "text/html", NULL, "no", 2);
        else if (code)
            rig_refuse(call, code);
        else
            r->held = call;
    } else if (strcmp(action, "GetMetricData") == 0) {
        assert_int_equal(json_array_size(jsonx_at(body, "MetricDataQueries")), 4);
        rig_text(call, 200, POINTS);
    } else if (strcmp(action, "DescribeAlarms") == 0) {
        assert_string_equal(jsonx_text(body, "AlarmNamePrefix"), "tak-");
        assert_string_equal(jsonx_text(body, "StateValue"), "ALARM");
        rig_text(call, 200,
                 "{\"MetricAlarms\":[{\"AlarmName\":\"tak-5xx\",\"StateValue\":\"ALARM\"}],"
                 "\"CompositeAlarms\":[]}");
    } else if (strcmp(action, "DescribeTaskDefinition") == 0) {
        answer_definition(call, body);
    } else {
        answer_image(call, body);
    }
}

static struct ecs_around q;
static int done;

static void on_around(struct ecs_around *r)
{
    assert_ptr_equal(r, &q);
    done++;
}

static void start(struct rig *r, unsigned parts)
{
    memset(&q, 0xee, sizeof q); /* what stood there before must not show */
    memset(&q.ref, 0, sizeof q.ref);
    TEXT_COPY(q.ref.account, "123456789012");
    TEXT_COPY(q.ref.cluster, "tak-vpc");
    TEXT_COPY(q.ref.service, "api");
    TEXT_COPY(q.alarm_prefix, "tak-");
    TEXT_COPY(q.task_definition, "tak-api:81");
    q.parts = parts;
    q.done = on_around;
    done = 0;
    r->ecs->ops->around(r->ecs, &q);
    assert_int_equal(done, 0); /* never inside */
}

static void ask(struct rig *r, unsigned parts)
{
    start(r, parts);
    RIG_WAIT(r, done);
    loop_run_for(r->loop, 5);
    assert_int_equal(done, 1);
}

static void open_rig(struct rig *r)
{
    images[0] = REGISTRY "tak-api:0f3c";
    images[1] = images[2] = NULL;
    failing = code = instead = NULL;
    http = 0;
    rig_open(r, answer, 1000, 100);
}

static void all_parts(void **state)
{
    static struct rig r;
    (void)state;
    open_rig(&r);
    ask(&r, ALL);
    assert_int_equal(q.metrics.absence, ECS_SEEN);
    assert_true(q.metrics.has_data && q.metrics.cpu_maximum > 89 && q.metrics.memory_average < 41);
    assert_int_equal(q.alarms.absence, ECS_SEEN);
    assert_int_equal(q.alarms.count, 1);
    assert_string_equal(q.alarms.names[0], "tak-5xx");
    assert_int_equal(q.image.absence, ECS_SEEN);
    assert_false(q.image.gone);
    assert_string_equal(q.image.name, "tak-api:0f3c");
    assert_true(q.image.pushed_ms == 1700000000500);
    assert_string_equal(q.metrics.why, "");
    assert_string_equal(q.alarms.why, "");
    assert_string_equal(q.image.why, "");
    assert_int_equal(r.actions, 4);
    ask(&r, ALL); /* the task definition is known now */
    assert_int_equal(rig_count(&r, "DescribeTaskDefinition"), 1);
    assert_int_equal(r.actions, 7);
    assert_string_equal(q.image.name, "tak-api:0f3c");
    rig_close(&r);
}

static void only_what_was_asked_for(void **state)
{
    static struct rig r;
    (void)state;
    open_rig(&r);
    ask(&r, 0);
    assert_int_equal(r.actions, 0);
    ask(&r, ECS_AROUND_ALARMS);
    assert_int_equal(r.actions, 1);
    assert_int_equal(q.metrics.absence, ECS_NOT_READ);
    assert_int_equal(q.image.absence, ECS_NOT_READ);
    assert_string_equal(q.metrics.why, "");
    start(&r, ECS_AROUND_ALARMS);
    rig_close(&r); /* what was not asked for is not cancelled either */
    assert_int_equal(q.metrics.absence, ECS_NOT_READ);
    assert_int_equal(q.alarms.absence, ECS_UNREACHABLE);
    open_rig(&r);
    memset(&q, 0, sizeof q);
    q.parts = ALL; /* no prefix would be every alarm of the account; no definition is none to look at */
    q.done = on_around;
    done = 0;
    r.ecs->ops->around(r.ecs, &q);
    RIG_WAIT(&r, done);
    assert_int_equal(q.alarms.absence, ECS_NOT_READ);
    assert_true(q.alarms.why[0] && q.image.why[0]);
    assert_int_equal(r.actions, 1);
    rig_close(&r);
}

/* ---- images */

static const struct image_row {
    const char *images[3];
    enum ecs_absence absence;
    bool gone;
    const char *name, *why; /* why: part; "" = none */
} image_rows[] = {
    {{REGISTRY "a:1", REGISTRY "b:2"}, ECS_SEEN, false, "a:1", ""},
    {{REGISTRY "a:1", REGISTRY "b:gone"}, ECS_SEEN, true, "b:gone", "ECR has no b:gone"},
    {{"nginx:1", REGISTRY "b:gone"}, ECS_SEEN, true, "b:gone", "ECR has no b:gone"},
    {{REGISTRY "a:no-repository"}, ECS_SEEN, true, "a:no-repository", "ECR has no"},
    {{REGISTRY "a:archived"}, ECS_SEEN, true, "a:archived", "archive"},
    {{"nginx:1"}, ECS_UNSUPPORTED, false, "nginx:1", "container \"c0\" (nginx:1) is not in ECR"},
    {{REGISTRY "a:1", "public.ecr.aws/x/y:1"},
     ECS_UNSUPPORTED,
     false,
     "public.ecr.aws/x/y:1",
     "container \"c1\""},
    {{"999999999999.dkr.ecr.us-gov-east-1.amazonaws.com/a:1"},
     ECS_UNSUPPORTED,
     false,
     "a:1",
     "registry of account 999999999999"},
    {{"123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"},
     ECS_UNSUPPORTED,
     false,
     "a:1",
     "I look into us-gov-east-1"},
    {{NULL}, ECS_UNREACHABLE, false, "", "names no container"},
};

static void images_there_and_gone(void **state)
{
    static struct rig r;
    (void)state;
    for (size_t i = 0; i < sizeof image_rows / sizeof image_rows[0]; i++) {
        const struct image_row *row = &image_rows[i];

        open_rig(&r);
        memcpy(images, row->images, sizeof images);
        ask(&r, ECS_AROUND_IMAGE);
        print_message("%s: %s\n", q.image.name, q.image.why);
        assert_int_equal(q.image.absence, row->absence);
        assert_int_equal(q.image.gone, row->gone);
        assert_string_equal(q.image.name, row->name);
        assert_non_null(strstr(q.image.why, row->why));
        assert_int_equal(q.image.why[0] == '\0', row->why[0] == '\0');
        rig_close(&r);
    }
}

/* ---- parts that fail, one row each */

static const struct scene {
    const char *action, *code, *instead;
    int http;
    enum ecs_absence absence;
    const char *why;  /* part */
    bool asked_again; /* by the next request */
} scenes[] = {
    {"GetMetricData", "AccessDeniedException", NULL, 0, ECS_REFUSED,
     "AWS does not let the identity of environment do cloudwatch:GetMetricData", true},
    {"GetMetricData", NULL, "{}", 0, ECS_UNREACHABLE, "no readable list", true},
    {"GetMetricData", "UnknownOperationException", NULL, 0, ECS_UNSUPPORTED,
     "the endpoint does not know cloudwatch:GetMetricData", false},
    {"GetMetricData", NULL, NULL, 404, ECS_UNSUPPORTED, "does not know cloudwatch:GetMetricData", false},
    {"DescribeAlarms", "ThrottlingException", NULL, 0, ECS_THROTTLED, "cloudwatch:DescribeAlarms", true},
    {"DescribeAlarms", NULL, "{\"MetricAlarms\":7}", 0, ECS_UNREACHABLE, "no readable list", true},
    {"DescribeAlarms", "MissingAction", NULL, 0, ECS_UNSUPPORTED, "does not know cloudwatch:DescribeAlarms",
     false},
    {"DescribeTaskDefinition", "AccessDeniedException", NULL, 0, ECS_REFUSED, "ecs:DescribeTaskDefinition",
     true},
    {"DescribeTaskDefinition", "ClientException", NULL, 0, ECS_REFUSED, "ClientException: no", true},
    {"DescribeTaskDefinition", NULL, NULL, 501, ECS_UNSUPPORTED, "does not know ecs:DescribeTaskDefinition",
     false},
    {"DescribeImages", "AccessDeniedException", NULL, 0, ECS_REFUSED, "ecr:DescribeImages", true},
    {"DescribeImages", "ExpiredTokenException", NULL, 0, ECS_EXPIRED, "put new AWS_ACCESS_KEY_ID", true},
    {"DescribeImages", NULL, "{\"imageDetails\":[]}", 0, ECS_UNREACHABLE, "does not name the image", true},
    {"DescribeImages", "UnknownOperationException", NULL, 0, ECS_UNSUPPORTED,
     "does not know ecr:DescribeImages", false},
};

static void check_part(const struct scene *s)
{
    bool metrics = strcmp(s->action, "GetMetricData") == 0, alarms = strcmp(s->action, "DescribeAlarms") == 0;
    bool image = !metrics && !alarms;
    const char *why = metrics ? q.metrics.why : alarms ? q.alarms.why : q.image.why;

    print_message("%s %s %d: %s\n", s->action, s->code ? s->code : "", s->http, why);
    assert_int_equal(q.metrics.absence, metrics ? s->absence : ECS_SEEN);
    assert_int_equal(q.alarms.absence, alarms ? s->absence : ECS_SEEN);
    assert_int_equal(q.image.absence, image ? s->absence : ECS_SEEN);
    assert_non_null(strstr(why, s->why));
    assert_false(q.image.gone); /* not known is not gone */
    assert_true(metrics ? !q.metrics.has_data : q.metrics.has_data);
}

static void parts_that_fail(void **state)
{
    static struct rig r;
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        const struct scene *s = &scenes[i];
        int before;

        open_rig(&r);
        failing = s->action;
        code = s->code;
        instead = s->instead;
        http = s->http;
        ask(&r, ALL);
        check_part(s);
        before = rig_count(&r, s->action);
        ask(&r, ALL);
        check_part(s);
        assert_int_equal(rig_count(&r, s->action) > before, s->asked_again);
        rig_close(&r);
    }
}

static void one_that_is_silent(void **state)
{
    static struct rig r;
    int64_t began;
    (void)state;
    open_rig(&r);
    failing = "DescribeTaskDefinition";
    began = loop_now(r.loop);
    ask(&r, ALL);
    assert_true(loop_now(r.loop) - began < 12000);
    assert_int_equal(q.metrics.absence, ECS_SEEN);
    assert_int_equal(q.image.absence, ECS_UNREACHABLE);
    assert_string_equal(q.image.why, "AWS did not answer ecs:DescribeTaskDefinition within 8 s");
    rig_close(&r);
}

static void the_client_goes(void **state)
{
    static const char *const actions[] = {"GetMetricData", "DescribeAlarms", "DescribeTaskDefinition",
                                          "DescribeImages"};
    static struct rig r;
    (void)state;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        open_rig(&r);
        failing = actions[i];
        start(&r, ALL);
        RIG_WAIT(&r, r.held);
        rig_close(&r);
        assert_int_equal(done, 1);
        assert_int_equal(q.image.absence, ECS_UNREACHABLE);
        assert_false(q.image.gone);
        assert_non_null(strstr(q.metrics.why, "program ends"));
    }
    open_rig(&r); /* before anything was asked */
    start(&r, 0);
    rig_close(&r);
    assert_int_equal(done, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_parts),
        cmocka_unit_test(only_what_was_asked_for),
        cmocka_unit_test(images_there_and_gone),
        cmocka_unit_test(parts_that_fail),
        cmocka_unit_test(one_that_is_silent),
        cmocka_unit_test(the_client_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
