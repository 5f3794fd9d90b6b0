/* Targets and the followed rollout, as parts of a look and of a polled reading: what is asked, how often, and
 * what a failure leaves behind. */
#include "ecs_rig.h"

#define HEALTH(body)                                                                                         \
    "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>" body              \
    "</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>"
#define TARGET(id, state)                                                                                    \
    "<member><Target><Id>" id "</Id><Port>5000</Port></Target><TargetHealth><State>" state                   \
    "</State></TargetHealth></member>"

static int groups;          /* of the service */
static const char *status;  /* of the rollout, as the history shows it */
static const char *failing; /* an action that is answered with code, or held when code is NULL */
static const char *code;
static int failing_group; /* of DescribeTargetHealth: this one only; 0 = all */
static bool mixes_up;     /* tells of another rollout than was asked for */
static int detail_status; /* HTTP status of a detail, 0 = 200 */

static void describe(struct server_call *call)
{
    struct buf b;

    buf_init(&b, 1 << 16);
    buf_text(&b, "{\"services\":[{\"serviceName\":\"api\",\"status\":\"ACTIVE\",\"desiredCount\":2,"
                 "\"runningCount\":2,\"deployments\":[],\"loadBalancers\":[");
    for (int i = 1; i <= groups; i++)
        buf_format(&b,
                   "%s{\"targetGroupArn\":\"arn:aws-us-gov:elasticloadbalancing:r:1:targetgroup/tg%d/a\"}",
                   i > 1 ? "," : "", i);
    buf_text(&b, "]}]}");
    server_answer(call, 200, JSON, NULL, b.data, b.len);
    buf_finish(&b);
}

static void answer_history(struct server_call *call)
{
    char text[600];

    TEXT_FORMAT(
        text,
        "{\"serviceDeployments\":[{\"serviceDeploymentArn\":\"arn:sd/other\",\"status\":\"STOPPED\","
        "\"targetServiceRevisionArn\":\"a/b/8\"},{\"serviceDeploymentArn\":\"arn:sd/mine\",\"status\":"
        "\"%s\",\"targetServiceRevisionArn\":\"a/b/9\"}]}",
        status);
    rig_text(call, 200, text);
}

static void answer_detail(struct server_call *call, const json_t *body)
{
    char text[600];

    assert_string_equal(jsonx_text(body, "serviceDeploymentArns.0"),
                        mixes_up ? "arn:sd/other" : "arn:sd/mine");
    TEXT_FORMAT(text,
                "{\"serviceDeployments\":[{\"serviceDeploymentArn\":\"arn:sd/mine\",\"status\":\"%s\","
                "\"targetServiceRevision\":{\"arn\":\"a/b/9\"},\"deploymentCircuitBreaker\":"
                "{\"status\":\"MONITORING\",\"failureCount\":1,\"threshold\":3}}]}",
                status);
    rig_text(call, 200, text);
}

static void answer_health(struct rig *r, struct server_call *call)
{
    const char *text = strstr(r->form, "tg2")
                           ? HEALTH(TARGET("10.0.1.7", "draining"))
                           : HEALTH(TARGET("10.0.1.7", "healthy") TARGET("10.0.1.8", "initial"));

    assert_string_equal(r->scope, "elasticloadbalancing");
    assert_true(text_starts(r->type, "application/x-www-form-urlencoded"));
    assert_non_null(
        strstr(r->form, "Version=2015-12-01&TargetGroupArn=arn%3Aaws-us-gov%3Aelasticloadbalancing"));
    server_answer(call, 200, "text/xml", NULL, text, strlen(text));
}

static bool is_failing(const struct rig *r, const char *action)
{
    char group[8];

    TEXT_FORMAT(group, "tg%d", failing_group);
    return failing && strcmp(action, failing) == 0 && (!failing_group || strstr(r->form, group));
}

static void answer(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    if (is_failing(r, action) && !code)
        r->held = call;
    else if (is_failing(r, action) && detail_status)
        server_answer(call, detail_status, "text/html", NULL, "<h1>no</h1>", 11);
    else if (is_failing(r, action) && strcmp(action, "DescribeTargetHealth") == 0)
        rig_refuse_xml(call, code);
    else if (is_failing(r, action))
        rig_refuse(call, code);
    else if (strcmp(action, "DescribeServices") == 0)
        describe(call);
    else if (strcmp(action, "ListServiceDeployments") == 0)
        answer_history(call);
    else if (strcmp(action, "DescribeServiceDeployments") == 0)
        answer_detail(call, body);
    else if (strcmp(action, "DescribeTargetHealth") == 0)
        answer_health(r, call);
    else
        rig_tasks(call, action, body);
}

static void open_rig(struct rig *r)
{
    groups = 2;
    status = "IN_PROGRESS";
    failing = code = NULL;
    failing_group = detail_status = 0;
    mixes_up = false;
    rig_open(r, answer, 100, 1000);
}

/* ---- a look */

static struct snapshot seen;
static int done;

static void on_look(struct ecs_look *l)
{
    seen = *l->snapshot;
    done++;
}

static void start_look(struct rig *r, struct ecs_look *l)
{
    memset(l, 0, sizeof *l);
    TEXT_COPY(l->ref.cluster, "tak-vpc");
    TEXT_COPY(l->ref.service, "api");
    l->with_targets = true;
    l->done = on_look;
    done = 0;
    r->ecs->ops->look(r->ecs, l);
    assert_int_equal(done, 0);
}

static void look(struct rig *r)
{
    struct ecs_look l;

    start_look(r, &l);
    RIG_WAIT(r, done);
}

static void a_look_shows_all_groups(void **state)
{
    static struct rig r;
    (void)state;
    open_rig(&r);
    look(&r);
    assert_int_equal(seen.targets_absence, ECS_SEEN);
    assert_int_equal(seen.target_count, 3);
    assert_true(seen.targets_as_of_ms > 0);
    assert_string_equal(seen.targets_trouble, "");
    assert_int_equal(seen.tasks_absence, ECS_NOT_READ);
    assert_int_equal(seen.rollout_absence, ECS_NOT_READ);
    assert_int_equal(r.actions, 3);
    for (size_t i = 0; i < seen.target_count; i++)
        assert_int_equal(seen.targets[i].group, seen.targets[i].state == ECS_TARGET_DRAINING);
    groups = 0; /* nobody to ask */
    look(&r);
    assert_int_equal(seen.targets_absence, ECS_NOT_READ);
    assert_int_equal(r.actions, 4);
    groups = ECS_GROUPS + 1;
    look(&r);
    assert_int_equal(seen.targets_absence, ECS_UNSUPPORTED);
    assert_non_null(strstr(seen.targets_trouble, "5 target groups"));
    assert_int_equal(r.actions, 5);
    rig_close(&r);
}

static const struct scene {
    const char *action, *code;
    int group, http;
    enum ecs_absence targets;
    const char *trouble; /* part */
    int calls_again;     /* of a second look */
} scenes[] = {
    {"DescribeTargetHealth", "AccessDenied", 2, 0, ECS_REFUSED,
     "AWS does not let arn:aws-us-gov:sts::1:assumed-role/bot/x do elasticloadbalancing:DescribeTargetHealth",
     0},
    {"DescribeTargetHealth", "TargetGroupNotFound", 1, 0, ECS_REFUSED, "TargetGroupNotFound", 2},
    {"DescribeTargetHealth", "InvalidAction", 0, 0, ECS_UNSUPPORTED,
     "the endpoint does not know elasticloadbalancing:DescribeTargetHealth", 0},
    {"DescribeTargetHealth", "x", 0, 404, ECS_UNSUPPORTED, "the endpoint does not know", 0},
    {"DescribeTargetHealth", "x", 0, 501, ECS_UNSUPPORTED, "the endpoint does not know", 0},
    {"DescribeTargetHealth", "x", 0, 503, ECS_UNREACHABLE, "no good answer", 0},
    {"DescribeTargetHealth", "ThrottlingException", 1, 0, ECS_THROTTLED, "AWS slows this account down", 2},
    {"DescribeServices", "ThrottlingException", 0, 0, ECS_THROTTLED, "the service itself", 0},
};

/* One group that cannot be read takes the others along, and nothing else; some troubles are not tried again
 * at once. */
static void targets_that_cannot_be_read(void **state)
{
    static struct rig r;
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        open_rig(&r);
        failing = scenes[i].action;
        code = scenes[i].code;
        failing_group = scenes[i].group;
        detail_status = scenes[i].http;
        look(&r);
        print_message("%s %d: %s\n", code, detail_status, seen.targets_trouble);
        assert_int_equal(seen.targets_absence, scenes[i].targets);
        assert_non_null(strstr(seen.targets_trouble, scenes[i].trouble));
        assert_int_equal(seen.target_count, 0);
        if (strcmp(failing, "DescribeServices") != 0) {
            assert_int_equal(seen.service_absence, ECS_SEEN);
            assert_string_equal(seen.trouble, "");
        }
        const int before = rig_count(&r, "DescribeTargetHealth");
        failing = NULL;
        look(&r);
        if (strcmp(scenes[i].action, "DescribeServices") != 0)
            assert_int_equal(rig_count(&r, "DescribeTargetHealth") - before, scenes[i].calls_again);
        assert_int_equal(seen.targets_absence == ECS_SEEN,
                         scenes[i].calls_again > 0 || strcmp(scenes[i].action, "DescribeServices") == 0);
        rig_close(&r);
    }
}

/* At the deadline the part is absent, what hangs on it is not asked for any more, and the look ends. */
static void a_load_balancer_that_is_silent(void **state)
{
    static struct rig r;
    int64_t began;
    (void)state;
    open_rig(&r);
    failing = "DescribeTargetHealth";
    began = loop_now(r.loop);
    look(&r);
    assert_true(loop_now(r.loop) - began < 12000);
    assert_int_equal(seen.service_absence, ECS_SEEN);
    assert_int_equal(seen.targets_absence, ECS_UNREACHABLE);
    assert_non_null(strstr(seen.targets_trouble, "within 8 s"));
    failing = "DescribeServices";
    look(&r); /* targets would come after it */
    assert_int_equal(seen.service_absence, ECS_UNREACHABLE);
    assert_int_equal(seen.targets_absence, ECS_UNREACHABLE);
    rig_close(&r);
}

static void the_client_goes(void **state)
{
    static struct rig r;
    struct ecs_look l;
    (void)state;
    open_rig(&r);
    failing = "DescribeTargetHealth";
    start_look(&r, &l);
    RIG_WAIT(&r, r.held);
    rig_close(&r);
    assert_int_equal(done, 1);
    assert_int_equal(seen.targets_absence, ECS_UNREACHABLE);
}

/* ---- a watch */

static struct ecs_watch watch;
static struct snapshot polled;
static int rounds;

static void on_seen(struct ecs_watch *w, const struct snapshot *s)
{
    (void)w;
    polled = *s;
    rounds++;
}

static bool wants(struct ecs_watch *w, const struct snapshot *s)
{
    (void)w;
    (void)s;
    return true;
}

static void start_watch(struct rig *r, const char *rollout_of)
{
    memset(&watch, 0, sizeof watch);
    TEXT_COPY(watch.ref.cluster, "tak-vpc");
    TEXT_COPY(watch.ref.service, "api");
    TEXT_COPY(watch.rollout_of, rollout_of);
    watch.seen = on_seen;
    watch.wants_tasks = wants;
    rounds = 0;
    r->ecs->ops->watch(r->ecs, &watch);
}

static int calls(const struct rig *r, const char *action)
{
    return rig_count(r, action);
}

/* Each reading of tasks has the targets and the rollout with it; a rollout that is over is asked for once. */
static void a_watch_is_shown_them(void **state)
{
    static struct rig r;
    (void)state;
    open_rig(&r);
    start_watch(&r, "ecs-svc/9");
    RIG_WAIT(&r, rounds == 2);
    assert_int_equal(polled.tasks_absence, ECS_SEEN);
    assert_int_equal(polled.targets_absence, ECS_SEEN);
    assert_int_equal(polled.target_count, 3);
    assert_int_equal(polled.rollout_absence, ECS_SEEN);
    assert_string_equal(polled.rollout.deployment_id, "ecs-svc/9");
    assert_int_equal(polled.rollout.breaker_threshold, 3);
    assert_int_equal(calls(&r, "DescribeTargetHealth"), 4);
    assert_int_equal(calls(&r, "DescribeServiceDeployments"), 2);
    status = "SUCCESSFUL";
    RIG_WAIT(&r, strcmp(polled.rollout.status, "SUCCESSFUL") == 0);
    const int before = calls(&r, "DescribeServiceDeployments"), now = rounds;
    RIG_WAIT(&r, rounds == now + 2);
    assert_int_equal(calls(&r, "DescribeServiceDeployments"), before); /* known to be over */
    assert_int_equal(polled.rollout_absence, ECS_SEEN);
    assert_int_equal(polled.rollout.breaker_failures, 1);
    assert_true(polled.rollout_as_of_ms == polled.history_as_of_ms);
    TEXT_COPY(watch.rollout_of, "ecs-svc/77"); /* one that the history does not name */
    RIG_WAIT(&r, polled.rollout_absence != ECS_SEEN);
    assert_int_equal(polled.rollout_absence, ECS_NOT_READ);
    assert_string_equal(polled.rollout.deployment_id, "");
    rig_close(&r);
}

static void nobody_follows_a_rollout(void **state)
{
    static struct rig r;
    (void)state;
    open_rig(&r);
    groups = 0;
    start_watch(&r, "");
    RIG_WAIT(&r, rounds == 2);
    assert_int_equal(polled.rollout_absence, ECS_NOT_READ);
    assert_int_equal(polled.targets_absence, ECS_NOT_READ);
    assert_int_equal(calls(&r, "DescribeServiceDeployments"), 0);
    assert_int_equal(calls(&r, "DescribeTargetHealth"), 0);
    assert_int_equal(r.actions, 10); /* service, two lists, tasks, history */
    rig_close(&r);
}

static void rollouts_that_cannot_be_read(void **state)
{
    static const struct {
        const char *action, *code;
        enum ecs_absence rollout;
        int calls; /* of three rounds */
    } rows[] = {
        {"DescribeServiceDeployments", "UnknownOperationException", ECS_UNSUPPORTED, 1},
        {"DescribeServiceDeployments", "AccessDeniedException", ECS_REFUSED, 3},
        {"ListServiceDeployments", "UnknownOperationException", ECS_UNSUPPORTED, 0},
        {"ListServiceDeployments", "AccessDeniedException", ECS_REFUSED, 0},
    };
    static struct rig r;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_rig(&r);
        failing = rows[i].action;
        code = rows[i].code;
        start_watch(&r, "ecs-svc/9");
        RIG_WAIT(&r, rounds == 3);
        assert_int_equal(polled.rollout_absence, rows[i].rollout);
        assert_int_equal(calls(&r, "DescribeServiceDeployments"), rows[i].calls);
        assert_int_equal(polled.tasks_absence, ECS_SEEN);
        assert_string_equal(polled.trouble, "");
        rig_close(&r);
    }
}

static void an_answer_about_another_rollout(void **state)
{
    static struct rig r;
    (void)state;
    open_rig(&r);
    mixes_up = true;
    start_watch(&r, "ecs-svc/8");
    RIG_WAIT(&r, rounds == 1);
    assert_int_equal(polled.rollout_absence, ECS_UNREACHABLE);
    assert_string_equal(polled.rollout.arn, "");
    rig_close(&r);
}

/* What a reading costs is paid for: eight calls a round at twenty a second are 400 ms. */
static void the_budget_counts_all_calls(void **state)
{
    static struct rig r;
    int64_t began;
    (void)state;
    open_rig(&r);
    ecs_client_destroy(r.ecs);
    const struct ecs_client_options options = {
        .loop = r.loop, .active_ms = 20, .quiet_ms = 200, .calls_per_second = 20};
    r.ecs = ecs_client_create(&options);
    assert_int_equal(ecs_client_add_session(r.ecs, r.aws), 0);
    start_watch(&r, "ecs-svc/9");
    RIG_WAIT(&r, rounds == 1);
    assert_int_equal(r.actions, 8);
    assert_true(r.ecs->ops->interval_ms(r.ecs, 0) > 300);
    began = loop_now(r.loop);
    RIG_WAIT(&r, rounds == 3);
    assert_true(loop_now(r.loop) - began >= 600);
    assert_int_equal(r.actions, 24);
    rig_close(&r);
}

/* In the middle of a reading. */
static void a_watch_leaves(void **state)
{
    static struct rig r;
    (void)state;
    open_rig(&r);
    failing = "DescribeTargetHealth";
    start_watch(&r, "ecs-svc/9");
    RIG_WAIT(&r, r.held);
    r.ecs->ops->unwatch(r.ecs, &watch);
    loop_run_for(r.loop, 100);
    rig_close(&r);
    assert_int_equal(rounds, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_shows_all_groups),        cmocka_unit_test(targets_that_cannot_be_read),
        cmocka_unit_test(a_load_balancer_that_is_silent), cmocka_unit_test(the_client_goes),
        cmocka_unit_test(a_watch_is_shown_them),          cmocka_unit_test(nobody_follows_a_rollout),
        cmocka_unit_test(rollouts_that_cannot_be_read),   cmocka_unit_test(an_answer_about_another_rollout),
        cmocka_unit_test(the_budget_counts_all_calls),    cmocka_unit_test(a_watch_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
