/* The real client: what ran before, and why it cannot be known. */
#include "ecs_rig.h"

#define CLUSTER "tak-vpc"
#define SERVICE "api"

static int done;

static struct service_ref api(void)
{
    struct service_ref ref = {0};

    TEXT_COPY(ref.cluster, CLUSTER);
    TEXT_COPY(ref.service, SERVICE);
    return ref;
}

static void hold(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)action;
    (void)body;
    r->held = call;
}

static int history;        /* so many successful deployments */
static int other;          /* the number of the newest with another definition; 0 = none */
static const char *broken; /* an action that answers otherwise */
static const char *broken_code;

/* Deployments are numbered from the newest, 1; two that were not successful stand between. */
static void list_history(struct server_call *call, json_t *body)
{
    struct buf b;

    assert_string_equal(jsonx_text(body, "status.0"), "SUCCESSFUL");
    buf_init(&b, 1 << 20);
    buf_text(&b,
             "{\"serviceDeployments\":[{\"status\":\"STOPPED\",\"targetServiceRevisionArn\":\"a/c/s/900\"}");
    for (int i = history; i >= 1; i--)
        buf_format(&b,
                   ",{\"status\":\"SUCCESSFUL\",\"targetServiceRevisionArn\":\"a/c/s/%d\",\"finishedAt\":%d}",
                   i, 5000 - i);
    buf_text(&b, "]}");
    rig_text(call, 200, b.data);
    buf_finish(&b);
}

static void describe_revisions(struct server_call *call, json_t *body)
{
    const json_t *arns = jsonx_at(body, "serviceRevisionArns");
    struct buf b;

    assert_in_range(json_array_size(arns), 1, 20);
    buf_init(&b, 1 << 20);
    buf_text(&b, "{\"failures\":[],\"serviceRevisions\":[");
    for (size_t i = 0; i < json_array_size(arns); i++) {
        const char *arn = json_string_value(json_array_get(arns, i));
        int n = (int)strtol(arn + strlen("a/c/s/"), NULL, 10);

        buf_format(&b,
                   "%s{\"serviceRevisionArn\":\"%s\",\"taskDefinition\":\"arn:x:task-definition/api:%d\"}",
                   i ? "," : "", arn, n >= other && other ? 6 : 7);
    }
    buf_text(&b, "]}");
    rig_text(call, 200, b.data);
    buf_finish(&b);
}

static void by_history(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    if (broken && strcmp(action, broken) == 0 && broken_code)
        rig_refuse(call, broken_code);
    else if (broken && strcmp(action, broken) == 0)
        rig_text(call, 200, "{}");
    else if (strcmp(action, "ListServiceDeployments") == 0)
        list_history(call, body);
    else if (strcmp(action, "DescribeServiceRevisions") == 0)
        describe_revisions(call, body);
    else
        rig_text(call, 200,
                 "{\"taskDefinition\":{\"status\":\"INACTIVE\",\"containerDefinitions\":[{\"name\":\"api\","
                 "\"image\":\"r/api:old\",\"environment\":[{\"name\":\"P\",\"value\":\"secret\"}]},"
                 "{\"name\":\"side\",\"image\":\"r/side:1\"}]}}");
}

static void on_previous(struct ecs_previous *r)
{
    (void)r;
    done++;
}

static void ask_previous(struct rig *r, struct ecs_previous *q)
{
    *q = (struct ecs_previous){.ref = api(), .current = "api:7", .done = on_previous};
    done = 0;
    r->ecs->ops->previous(r->ecs, q);
    assert_int_equal(done, 0);
}

static void what_ran_before_is_found(void **unused)
{
    static const struct {
        int history, other, calls;
    } rows[] = {{3, 2, 3}, {3, 0, 2}, {0, 0, 1}, {100, 45, 5}, {100, 0, 6}};
    static struct rig r;
    static struct ecs_previous q;

    (void)unused;
    broken = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        history = rows[i].history;
        other = rows[i].other;
        rig_open(&r, by_history, 1000, 5);
        ask_previous(&r, &q);
        RIG_WAIT(&r, done);
        assert_true(q.ok);
        assert_int_equal(q.found, other > 0);
        assert_int_equal(r.actions, rows[i].calls);
        if (q.found) {
            assert_string_equal(q.task_definition, "api:6");
            assert_true(q.ran_ms == (5000 - other) * 1000);
            assert_true(q.inactive);
            assert_int_equal(q.image_count, 2);
            assert_string_equal(q.images[0], "r/api:old");
            assert_string_equal(q.images[1], "r/side:1");
        }
        rig_close(&r);
    }
}

static void what_ran_before_cannot_be_known(void **unused)
{
    static const struct {
        const char *action, *code, *part;
    } rows[] = {
        {"ListServiceDeployments", "AccessDeniedException", "deploy/iam-policy.json"},
        {"ListServiceDeployments", "UnknownOperationException", "does not know ecs:ListServiceDeployments"},
        {"ListServiceDeployments", NULL, "check the endpoint"},
        {"DescribeServiceRevisions", "InvalidAction", "does not know ecs:DescribeServiceRevisions"},
        {"DescribeServiceRevisions", NULL, "check the endpoint"},
        {"DescribeTaskDefinition", "ClientException", "ecs:DescribeTaskDefinition"},
        {"DescribeTaskDefinition", NULL, "check the endpoint"},
    };
    static struct rig r;
    static struct ecs_previous q;

    (void)unused;
    history = 3;
    other = 2;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        broken = rows[i].action;
        broken_code = rows[i].code;
        rig_open(&r, by_history, 1000, 5);
        ask_previous(&r, &q);
        RIG_WAIT(&r, done);
        print_message("%s\n", q.err.text);
        assert_false(q.ok);
        assert_non_null(strstr(q.err.text, rows[i].part));
        int before = r.actions;
        ask_previous(&r, &q); /* what is unknown is left alone, and said again */
        RIG_WAIT(&r, done);
        assert_false(q.ok);
        assert_true(q.err.text[0]);
        if (strstr(rows[i].part, "does not know"))
            assert_int_equal(rig_count(&r, rows[i].action), 1);
        else
            assert_int_equal(r.actions, 2 * before);
        rig_close(&r);
    }
    broken = NULL;
    rig_open(&r, hold, 1000, 5);
    ask_previous(&r, &q);
    RIG_WAIT(&r, r.held);
    rig_close(&r);
    assert_int_equal(done, 1);
    assert_int_equal(q.err.code, ERR_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ran_before_is_found),
        cmocka_unit_test(what_ran_before_cannot_be_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
