/* The real client: what it sends, what it makes of the answers, and that each request ends exactly once. */
#include "ecs_rig.h"

static int done;
static struct snapshot *seen; /* a copy of the last look's */

static void on_look(struct ecs_look *r)
{
    assert_non_null(r->snapshot);
    if (!seen)
        seen = mem_alloc(sizeof *seen);
    *seen = *r->snapshot;
    done++;
}

static void look(struct rig *r, struct ecs_look *to)
{
    memset(to, 0, sizeof *to);
    TEXT_COPY(to->ref.cluster, "tak-vpc");
    TEXT_COPY(to->ref.service, "api");
    to->with_tasks = to->with_history = true;
    to->done = on_look;
    done = 0;
    r->ecs->ops->look(r->ecs, to);
    assert_int_equal(done, 0); /* never inside */
}

static void test_look(void **unused)
{
    static struct rig r;
    struct ecs_look l;

    (void)unused;
    rig_open(&r, rig_usual, 1000, 5);
    look(&r, &l);
    RIG_WAIT(&r, done);
    assert_int_equal(seen->service_absence, ECS_SEEN);
    assert_string_equal(seen->service.name, "api");
    assert_int_equal(seen->task_count, 2);
    assert_string_equal(seen->tasks[0].id, "t1");
    assert_int_equal(seen->history_count, 1);
    assert_string_equal(seen->history[0].deployment_id, "ecs-svc/1");
    assert_true(seen->service_as_of_ms > 0 && seen->tasks_as_of_ms > 0 && seen->history_as_of_ms > 0);
    assert_string_equal(seen->trouble, "");
    assert_int_equal(r.actions, 5);
    rig_close(&r);
    assert_int_equal(done, 1);
}

/* ECS hands over while we look: the old task leaves the running ones between two answers. It must be seen,
 * once. */
static bool handed_over;

static void hands_over(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    const bool stopped = text_equal(jsonx_text(body, "desiredStatus"), "STOPPED");

    if (strcmp(action, "DescribeTasks") == 0) {
        assert_int_equal(json_array_size(jsonx_at(body, "tasks")), 2);
        rig_text(call, 200, "{\"tasks\":[{\"taskArn\":\"a/old\"},{\"taskArn\":\"a/new\"}]}");
    } else if (strcmp(action, "ListTasks") != 0) {
        rig_usual(r, call, action, body);
    } else {
        const char *before = stopped ? "{\"taskArns\":[]}" : "{\"taskArns\":[\"a/old\",\"a/new\"]}";
        const char *after = stopped ? "{\"taskArns\":[\"a/old\"]}" : "{\"taskArns\":[\"a/new\"]}";

        rig_text(call, 200, handed_over ? after : before);
        handed_over = true; /* just after the first list was told */
    }
}

static void test_handing_over(void **unused)
{
    static struct rig r;
    struct ecs_look l;

    (void)unused;
    handed_over = false;
    rig_open(&r, hands_over, 1000, 5);
    look(&r, &l);
    RIG_WAIT(&r, done);
    assert_int_equal(seen->tasks_absence, ECS_SEEN);
    assert_int_equal(seen->task_count, 2);
    rig_close(&r);
}

/* ---- absent parts, one row each: how AWS answers to what, and what the snapshot says */

static const struct scene {
    const char *action, *code; /* code NULL = status 500 without one */
    enum ecs_absence service, tasks, history;
    bool missing;
    const char *trouble; /* part; "" = none */
} scenes[] = {
    {"DescribeServices", "AccessDeniedException", ECS_REFUSED, ECS_SEEN, ECS_SEEN, false, "AWS does not let"},
    {"DescribeServices", "ClusterNotFoundException", ECS_SEEN, ECS_SEEN, ECS_SEEN, true,
     "no cluster \"tak-vpc\" in us-gov-east-1"},
    {"DescribeServices", "ServiceNotFoundException", ECS_SEEN, ECS_SEEN, ECS_SEEN, true,
     "no service \"api\" in cluster \"tak-vpc\", us-gov-east-1"},
    {"DescribeServices", "ExpiredTokenException", ECS_EXPIRED, ECS_SEEN, ECS_SEEN, false,
     "put new AWS_ACCESS_KEY_ID"},
    {"ListTasks", "AccessDeniedException", ECS_SEEN, ECS_REFUSED, ECS_SEEN, false, "ListTasks"},
    {"DescribeTasks", "ThrottlingException", ECS_SEEN, ECS_THROTTLED, ECS_SEEN, false, "ThrottlingException"},
    {"ListServiceDeployments", "UnknownOperationException", ECS_SEEN, ECS_SEEN, ECS_UNSUPPORTED, false, ""},
    {"ListServiceDeployments", "InvalidAction", ECS_SEEN, ECS_SEEN, ECS_UNSUPPORTED, false, ""},
    {"ListServiceDeployments", "ServerException", ECS_SEEN, ECS_SEEN, ECS_REFUSED, false, ""},
    {"ListServiceDeployments", NULL, ECS_SEEN, ECS_SEEN, ECS_UNSUPPORTED, false, ""},
    {"ListServiceDeployments", "AccessDeniedException", ECS_SEEN, ECS_SEEN, ECS_REFUSED, false, ""},
};
static const struct scene *scene;

static void by_scene(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    if (strcmp(action, scene->action) != 0)
        rig_usual(r, call, action, body);
    else if (scene->code)
        rig_refuse(call, scene->code);
    else
        server_answer(call, 500, "text/html", NULL, "<h1>no</h1>", 11);
}

static void test_absent_parts(void **unused)
{
    static struct rig r;
    struct ecs_look l;

    (void)unused;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        scene = &scenes[i];
        rig_open(&r, by_scene, 1000, 5);
        look(&r, &l);
        RIG_WAIT(&r, done);
        print_message("%s %s: %s\n", scene->action, scene->code ? scene->code : "500", seen->trouble);
        assert_int_equal(seen->service_absence, scene->service);
        assert_int_equal(seen->tasks_absence, scene->tasks);
        assert_int_equal(seen->history_absence, scene->history);
        assert_int_equal(seen->missing, scene->missing);
        assert_non_null(strstr(seen->trouble, scene->trouble));
        assert_int_equal(seen->trouble[0] == '\0', scene->trouble[0] == '\0');
        rig_close(&r);
    }
}

/* A part that never answers is absent at the deadline; the others are there. */
static void no_tasks(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    if (strcmp(action, "DescribeTasks") == 0)
        r->held = call;
    else
        rig_usual(r, call, action, body);
}

static void test_deadline(void **unused)
{
    static struct rig r;
    struct ecs_look l;
    int64_t began;

    (void)unused;
    rig_open(&r, no_tasks, 1000, 5);
    began = loop_now(r.loop);
    look(&r, &l);
    RIG_WAIT(&r, done);
    assert_true(loop_now(r.loop) - began < 12000);
    assert_int_equal(seen->service_absence, ECS_SEEN);
    assert_int_equal(seen->tasks_absence, ECS_UNREACHABLE);
    assert_int_equal(seen->task_count, 0);
    assert_int_equal(seen->history_absence, ECS_SEEN);
    rig_close(&r);
}

/* ---- redeploy */

static void on_redeploy(struct ecs_redeploy *r)
{
    (void)r;
    done++;
}

static void redeploy(struct rig *r, struct ecs_redeploy *to, int desired)
{
    memset(to, 0, sizeof *to);
    TEXT_COPY(to->ref.cluster, "tak-vpc");
    TEXT_COPY(to->ref.service, "api");
    to->desired = desired;
    to->done = on_redeploy;
    done = 0;
    r->ecs->ops->redeploy(r->ecs, to);
    assert_int_equal(done, 0);
}

static void accept_redeploy(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    (void)body;
    assert_string_equal(action, "UpdateService");
    rig_text(call, 200,
             "{\"service\":{\"serviceName\":\"api\",\"desiredCount\":2,\"deployments\":["
             "{\"id\":\"ecs-svc/3\",\"status\":\"PRIMARY\",\"createdAt\":300.25},"
             "{\"id\":\"ecs-svc/2\",\"status\":\"ACTIVE\",\"createdAt\":200},"
             "{\"id\":\"ecs-svc/1\",\"status\":\"ACTIVE\",\"createdAt\":100}]}}");
}

static void test_redeploy(void **unused)
{
    static struct rig r;
    struct ecs_redeploy q;
    json_t *body;

    (void)unused;
    rig_open(&r, accept_redeploy, 1000, 5);
    redeploy(&r, &q, -1);
    RIG_WAIT(&r, done);
    assert_true(q.ok && !q.uncertain);
    assert_string_equal(q.deployment_id, "ecs-svc/3");
    assert_string_equal(q.older_id, "ecs-svc/2");
    assert_string_equal(q.request_id, "req-1");
    assert_true(q.created_ms == 300250);
    assert_int_equal(q.answered_desired, 2);
    body = jsonx_parse(r.last_body, strlen(r.last_body), NULL);
    assert_string_equal(jsonx_text(body, "cluster"), "tak-vpc");
    assert_string_equal(jsonx_text(body, "service"), "api");
    assert_true(json_is_true(json_object_get(body, "forceNewDeployment")));
    assert_int_equal(json_object_size(body), 3);
    json_decref(body);
    redeploy(&r, &q, 0);
    RIG_WAIT(&r, done);
    assert_non_null(strstr(r.last_body, "\"desiredCount\":0"));
    rig_close(&r);
}

static void drop(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    (void)action;
    (void)body;
    server_drop(call, true);
}

static void no_deployment(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    (void)action;
    (void)body;
    rig_text(call, 200, "{\"service\":{\"deployments\":[]}}");
}

static void refuse(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    (void)action;
    (void)body;
    rig_refuse(call, "InvalidParameterException");
}

/* Sent once and never again; uncertain only when it may have been executed. */
static void test_redeploy_fails(void **unused)
{
    static const struct {
        rig_answer *answer;
        bool uncertain;
    } rows[] = {{drop, true}, {no_deployment, true}, {refuse, false}};
    static struct rig r;
    struct ecs_redeploy q;

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig_open(&r, rows[i].answer, 1000, 5);
        redeploy(&r, &q, -1);
        RIG_WAIT(&r, done);
        print_message("%s\n", q.err.text);
        assert_false(q.ok);
        assert_int_equal(q.uncertain, rows[i].uncertain);
        assert_string_equal(q.deployment_id, "");
        assert_true(q.err.text[0]);
        assert_int_equal(r.actions, 1);
        rig_close(&r);
    }
}

/* ---- identity */

static const char *account;

static void identify(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    char text[600];

    if (strcmp(action, "GetCallerIdentity") != 0) {
        rig_usual(r, call, action, body);
        return;
    }
    TEXT_FORMAT(
        text,
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        "<GetCallerIdentityResult><Arn>arn:aws-us-gov:sts::%s:assumed-role/ops/x</Arn><UserId>U</UserId>"
        "<Account>%s</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>q</RequestId>"
        "</ResponseMetadata></GetCallerIdentityResponse>",
        account, account);
    server_answer(call, 200, "text/xml", NULL, text, strlen(text));
}

static void on_identify(struct ecs_identify *r)
{
    (void)r;
    done++;
}

static void ask_identity(struct rig *r, struct ecs_identify *to)
{
    memset(to, 0, sizeof *to);
    to->done = on_identify;
    done = 0;
    r->ecs->ops->identify(r->ecs, to);
    assert_int_equal(done, 0);
}

static void test_identify(void **unused)
{
    static struct rig r;
    struct ecs_identify q;

    (void)unused;
    account = "123456789012";
    rig_open(&r, identify, 1000, 5);
    for (int i = 0; i < 2; i++) {
        ask_identity(&r, &q);
        RIG_WAIT(&r, done);
        assert_true(q.ok);
        assert_string_equal(q.account, "123456789012");
        assert_string_equal(q.partition, "aws-us-gov");
        assert_string_equal(q.arn, "arn:aws-us-gov:sts::123456789012:assumed-role/ops/x");
    }
    assert_int_equal(r.actions, 1); /* the second from memory */
    /* other keys: asked anew, once an answer has shown them */
    rig_access_key = "AKIDOTHER";
    credentials_forget(r.credentials);
    struct ecs_look l;
    look(&r, &l);
    RIG_WAIT(&r, done);
    ask_identity(&r, &q);
    RIG_WAIT(&r, done);
    assert_int_equal(rig_count(&r, "GetCallerIdentity"), 2);
    ask_identity(&r, &q); /* known; and the client goes before it is told */
    rig_close(&r);
    assert_int_equal(done, 1);
    assert_false(q.ok);
    assert_int_equal(q.err.code, ERR_CANCELLED);
}

static void test_identify_fails(void **unused)
{
    static struct rig r;
    struct ecs_identify q;

    (void)unused;
    account = "";
    rig_open(&r, identify, 1000, 5);
    ask_identity(&r, &q);
    RIG_WAIT(&r, done);
    assert_false(q.ok);
    assert_non_null(strstr(q.err.text, "named no account"));
    rig_close(&r);
}

/* ---- names */

static char names[3][64];

static void on_names(struct ecs_names *r)
{
    for (size_t i = 0; i < r->count && i < 3; i++)
        TEXT_COPY(names[i], r->names[i]);
    done++;
}

static void list(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    if (strcmp(action, "ListClusters") == 0)
        rig_text(call, 200,
                 "{\"clusterArns\":[\"arn:aws:ecs:r:1:cluster/one\",17,\"arn:aws:ecs:r:1:cluster/two\"]}");
    else if (strcmp(jsonx_text(body, "cluster"), "one") == 0)
        rig_text(call, 200, "{\"serviceArns\":[\"arn:aws:ecs:r:1:service/one/api\"]}");
    else
        rig_refuse(call, "ClusterNotFoundException");
}

static void ask_names(struct rig *r, struct ecs_names *to, const char *cluster)
{
    memset(to, 0, sizeof *to);
    to->clusters = !cluster;
    TEXT_COPY(to->ref.cluster, cluster ? cluster : "");
    to->done = on_names;
    done = 0;
    r->ecs->ops->names(r->ecs, to);
    RIG_WAIT(r, done);
}

static void test_names(void **unused)
{
    static struct rig r;
    struct ecs_names q;

    (void)unused;
    rig_open(&r, list, 1000, 5);
    ask_names(&r, &q, NULL);
    assert_true(q.ok);
    assert_int_equal(q.count, 2);
    assert_string_equal(names[0], "one");
    assert_string_equal(names[1], "two");
    ask_names(&r, &q, "one");
    assert_true(q.ok);
    assert_int_equal(q.count, 1);
    assert_string_equal(names[0], "api");
    ask_names(&r, &q, "none");
    assert_false(q.ok);
    assert_int_equal(q.count, 0);
    assert_int_equal(q.err.code, ERR_MISSING);
    rig_close(&r);
}

/* ---- the end */

static void hold(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)action;
    (void)body;
    r->held = call;
}

/* Destroyed in the middle: a look, and a redeploy that may have been executed. */
static void test_destroyed(void **unused)
{
    static struct rig r;
    struct ecs_look l;
    struct ecs_redeploy q;

    (void)unused;
    rig_open(&r, hold, 1000, 5);
    look(&r, &l);
    RIG_WAIT(&r, r.held);
    rig_close(&r);
    assert_int_equal(done, 1);
    assert_int_equal(seen->service_absence, ECS_UNREACHABLE);
    assert_non_null(strstr(seen->trouble, "program ends"));
    rig_open(&r, hold, 1000, 5);
    redeploy(&r, &q, -1);
    RIG_WAIT(&r, r.held);
    rig_close(&r);
    assert_int_equal(done, 1);
    assert_false(q.ok);
    assert_true(q.uncertain);
    assert_int_equal(q.err.code, ERR_CANCELLED);
}

static void test_endpoint_note(void **unused)
{
    static struct rig r;

    (void)unused;
    rig_open(&r, rig_usual, 1000, 5);
    assert_true(text_starts(r.ecs->ops->endpoint_note(r.ecs, 0), "endpoint http://127.0.0.1:"));
    assert_true(r.ecs->ops->interval_ms(r.ecs, 0) == 1000);
    rig_close(&r);
    ecs_client_destroy(NULL);
}

static int drop_copy(void **unused)
{
    (void)unused;
    mem_free(seen);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look),           cmocka_unit_test(test_absent_parts),
        cmocka_unit_test(test_deadline),       cmocka_unit_test(test_redeploy),
        cmocka_unit_test(test_redeploy_fails), cmocka_unit_test(test_identify),
        cmocka_unit_test(test_identify_fails), cmocka_unit_test(test_names),
        cmocka_unit_test(test_destroyed),      cmocka_unit_test(test_endpoint_note),
        cmocka_unit_test(test_handing_over),
    };
    return cmocka_run_group_tests(tests, NULL, drop_copy);
}
