/* The real client's changes: what each sends, that it is sent once, and what its failures mean. And how
 * autoscaling is read. */
#include "ecs_rig.h"

#define CLUSTER "tak-vpc"
#define SERVICE "api"

static int done;
static char sent[2048];
static const char *plan; /* the answer; NULL = dropped */
static int plan_status;

static void by_plan(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    char *text = jsonx_print(body);

    (void)r;
    (void)action;
    TEXT_COPY(sent, text);
    mem_free(text);
    if (plan)
        rig_text(call, plan_status, plan);
    else
        server_drop(call, true);
}

static struct service_ref api(void)
{
    struct service_ref ref = {0};

    TEXT_COPY(ref.cluster, CLUSTER);
    TEXT_COPY(ref.service, SERVICE);
    return ref;
}

/* ---- one change of each kind */

struct change {
    union {
        struct ecs_redeploy redeploy;
        struct ecs_stop_task stop;
        struct ecs_roll_back back;
        struct ecs_scaling scaling;
    };
};

struct outcome {
    bool ok, uncertain, special; /* special: gone, over */
    struct err err;
    char request_id[80];
};
static struct outcome outcome;

static void on_redeploy(struct ecs_redeploy *r)
{
    outcome = (struct outcome){r->ok, r->uncertain, false, r->err, ""};
    TEXT_COPY(outcome.request_id, r->request_id);
    done++;
}

static void on_stop(struct ecs_stop_task *r)
{
    outcome = (struct outcome){r->ok, r->uncertain, r->gone, r->err, ""};
    TEXT_COPY(outcome.request_id, r->request_id);
    done++;
}

static void on_back(struct ecs_roll_back *r)
{
    outcome = (struct outcome){r->ok, r->uncertain, r->over, r->err, ""};
    TEXT_COPY(outcome.request_id, r->request_id);
    done++;
}

static void on_scaling(struct ecs_scaling *r)
{
    outcome = (struct outcome){r->ok, r->uncertain, false, r->err, ""};
    TEXT_COPY(outcome.request_id, r->request_id);
    done++;
}

static void start_redeploy(struct rig *r, struct change *c)
{
    c->redeploy = (struct ecs_redeploy){
        .ref = api(), .desired = 0, .only_count = true, .task_definition = "api:7", .done = on_redeploy};
    r->ecs->ops->redeploy(r->ecs, &c->redeploy);
}

static void start_older(struct rig *r, struct change *c)
{
    c->redeploy =
        (struct ecs_redeploy){.ref = api(), .desired = -1, .task_definition = "api:7", .done = on_redeploy};
    r->ecs->ops->redeploy(r->ecs, &c->redeploy);
}

static void start_stop(struct rig *r, struct change *c)
{
    c->stop =
        (struct ecs_stop_task){.ref = api(), .task_id = "0123", .reason = "ana: \"stuck\"", .done = on_stop};
    r->ecs->ops->stop_task(r->ecs, &c->stop);
}

static void start_back(struct rig *r, struct change *c)
{
    c->back = (struct ecs_roll_back){.ref = api(), .arn = "arn:a:b/c/d/1", .done = on_back};
    r->ecs->ops->roll_back(r->ecs, &c->back);
}

static void start_scaling(struct rig *r, struct change *c)
{
    c->scaling = (struct ecs_scaling){.ref = api(), .set = true, .wanted = {.out = true}, .done = on_scaling};
    r->ecs->ops->scaling(r->ecs, &c->scaling);
}

static const struct kind {
    const char *action, *target, *scope;
    void (*start)(struct rig *r, struct change *c);
    const char *body; /* as JSON */
    const char *good;
} kinds[] = {
    {"UpdateService", "AmazonEC2ContainerServiceV20141113", "ecs", start_redeploy,
     "{\"cluster\":\"tak-vpc\",\"service\":\"api\",\"desiredCount\":0}",
     "{\"service\":{\"serviceName\":\"api\",\"desiredCount\":0,\"deployments\":[{\"id\":\"ecs-svc/3\","
     "\"status\":\"PRIMARY\",\"createdAt\":3}]}}"},
    {"UpdateService", "AmazonEC2ContainerServiceV20141113", "ecs", start_older,
     "{\"cluster\":\"tak-vpc\",\"service\":\"api\",\"taskDefinition\":\"api:7\",\"forceNewDeployment\":true}",
     "{\"service\":{\"serviceName\":\"api\",\"desiredCount\":2,\"deployments\":[{\"id\":\"ecs-svc/4\","
     "\"status\":\"PRIMARY\",\"createdAt\":4}]}}"},
    {"StopTask", "AmazonEC2ContainerServiceV20141113", "ecs", start_stop,
     "{\"cluster\":\"tak-vpc\",\"task\":\"0123\",\"reason\":\"ana: \\\"stuck\\\"\"}", "{\"task\":{}}"},
    {"StopServiceDeployment", "AmazonEC2ContainerServiceV20141113", "ecs", start_back,
     "{\"serviceDeploymentArn\":\"arn:a:b/c/d/1\",\"stopType\":\"ROLLBACK\"}",
     "{\"serviceDeploymentArn\":\"arn:a:b/c/d/1\"}"},
    {"RegisterScalableTarget", "AnyScaleFrontendService", "application-autoscaling", start_scaling,
     "{\"ServiceNamespace\":\"ecs\",\"ResourceId\":\"service/tak-vpc/api\",\"ScalableDimension\":"
     "\"ecs:service:DesiredCount\",\"SuspendedState\":{\"DynamicScalingInSuspended\":false,"
     "\"DynamicScalingOutSuspended\":true,\"ScheduledScalingSuspended\":false}}",
     "{\"ScalableTargetARN\":\"arn:x\"}"},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void go(struct rig *r, const struct kind *k, struct change *c)
{
    memset(c, 0, sizeof *c);
    memset(&outcome, 0, sizeof outcome);
    done = 0;
    k->start(r, c);
    assert_int_equal(done, 0); /* never inside */
}

static void each_says_what_it_wants_and_no_more(void **unused)
{
    static struct rig r;
    struct change c;
    char target[128];

    (void)unused;
    rig_open(&r, by_plan, 1000, 5);
    for (size_t i = 0; i < KINDS; i++) {
        const struct kind *k = &kinds[i];
        json_t *got, *wanted = jsonx_parse(k->body, strlen(k->body), NULL);

        plan = k->good;
        plan_status = 200;
        go(&r, k, &c);
        RIG_WAIT(&r, done);
        got = jsonx_parse(sent, strlen(sent), NULL);
        TEXT_FORMAT(target, "%s.%s", k->target, k->action);
        print_message("%s %s\n", target, sent);
        assert_true(outcome.ok && !outcome.uncertain);
        assert_string_equal(outcome.request_id, "req-1");
        assert_string_equal(r.target, target);
        assert_string_equal(r.type, JSON);
        assert_string_equal(r.scope, k->scope);
        assert_true(json_equal(got, wanted));
        json_decref(got);
        json_decref(wanted);
    }
    assert_int_equal(r.actions, (int)KINDS);
    rig_close(&r);
}

/* Uncertain only when it may have been executed; and never a second time. */
static void each_fails_once(void **unused)
{
    static const struct {
        int status;
        const char *answer;
        bool uncertain;
        const char *part; /* of the sentence */
    } rows[] = {
        {0, NULL, true, "it may or may not have been executed: look before it is repeated"},
        {400, "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}", false, "deploy/iam-policy.json"},
        {400, "{\"__type\":\"ClientException\",\"message\":\"is inactive\"}", false, "is inactive"},
        {500, "{\"__type\":\"ServerException\",\"message\":\"oh\"}", true, "may or may not"},
        {400, "{\"__type\":\"ExpiredTokenException\",\"message\":\"old\"}", false, "restart the bot"},
    };
    static struct rig r;
    struct change c;

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 0; k < KINDS; k++) {
            plan = rows[i].answer;
            plan_status = rows[i].status;
            rig_open(&r, by_plan, 1000, 5);
            go(&r, &kinds[k], &c);
            RIG_WAIT(&r, done);
            print_message("%s\n", outcome.err.text);
            assert_false(outcome.ok || outcome.special);
            assert_int_equal(outcome.uncertain, rows[i].uncertain);
            assert_non_null(strstr(outcome.err.text, rows[i].part));
            assert_true(strstr(outcome.err.text, kinds[k].action) || strstr(outcome.err.text, "the keys"));
            assert_int_equal(r.actions, 1);
            rig_close(&r);
        }
}

static void what_is_over_is_told_apart(void **unused)
{
    static const struct {
        size_t kind;
        const char *answer;
        bool special;
    } rows[] = {
        {2, "{\"__type\":\"InvalidParameterException\",\"message\":\"The referenced task was not found.\"}",
         true},
        {2, "{\"__type\":\"InvalidParameterException\",\"message\":\"The reason is too long.\"}", false},
        {3, "{\"__type\":\"ConflictException\",\"message\":\"terminal\"}", true},
        {3, "{\"__type\":\"ServiceDeploymentNotFoundException\",\"message\":\"no\"}", true},
        {3, "{\"__type\":\"InvalidParameterException\",\"message\":\"no\"}", false},
    };
    static struct rig r;
    struct change c;

    (void)unused;
    rig_open(&r, by_plan, 1000, 5);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        plan = rows[i].answer;
        plan_status = 400;
        go(&r, &kinds[rows[i].kind], &c);
        RIG_WAIT(&r, done);
        print_message("%s\n", outcome.err.text);
        assert_false(outcome.ok || outcome.uncertain);
        assert_int_equal(outcome.special, rows[i].special);
        assert_non_null(strstr(outcome.err.text, rows[i].special ? "look at the" : "does not help"));
    }
    rig_close(&r);
}

static void hold(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)action;
    (void)body;
    r->held = call;
}

static void what_runs_is_uncertain_when_the_client_goes(void **unused)
{
    static struct rig r;
    struct change c;

    (void)unused;
    for (size_t k = 0; k < KINDS; k++) {
        rig_open(&r, hold, 1000, 5);
        go(&r, &kinds[k], &c);
        RIG_WAIT(&r, r.held);
        rig_close(&r);
        assert_int_equal(done, 1);
        assert_true(!outcome.ok && outcome.uncertain);
        assert_int_equal(outcome.err.code, ERR_CANCELLED);
    }
}

/* ---- autoscaling read */

#define TARGET(resource, rest)                                                                               \
    "{\"ScalableTargets\":[{\"ResourceId\":\"" resource                                                      \
    "\",\"ScalableDimension\":\"ecs:service:DesiredCount\"" rest "}]}"

static void autoscaling_is_read(void **unused)
{
    static const struct {
        int status;
        const char *answer;
        bool ok, registered, out;
        enum ecs_absence absence;
    } rows[] = {
        {200,
         TARGET("service/tak-vpc/api", ",\"MinCapacity\":2,\"MaxCapacity\":10,\"SuspendedState\":{"
                                       "\"DynamicScalingOutSuspended\":true}"),
         true, true, true, ECS_SEEN},
        {200, TARGET("service/tak-vpc/api", ",\"MinCapacity\":2,\"MaxCapacity\":10"), true, true, false,
         ECS_SEEN},
        {200, "{\"ScalableTargets\":[]}", true, false, false, ECS_SEEN},
        {200, TARGET("service/tak-vpc/api", ",\"MaxCapacity\":10"), false, false, false, ECS_UNREACHABLE},
        {200, TARGET("service/tak-vpc/other", ",\"MinCapacity\":2,\"MaxCapacity\":10"), false, false, false,
         ECS_UNREACHABLE},
        {200, "{}", false, false, false, ECS_UNREACHABLE},
        {400, "{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}", false, false, false, ECS_REFUSED},
        {400, "{\"__type\":\"UnknownOperationException\"}", false, false, false, ECS_UNSUPPORTED},
    };
    static struct rig r;
    struct ecs_scaling q;

    (void)unused;
    rig_open(&r, by_plan, 1000, 5);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        q = (struct ecs_scaling){.ref = api(), .done = on_scaling};
        plan = rows[i].answer;
        plan_status = rows[i].status;
        done = 0;
        r.ecs->ops->scaling(r.ecs, &q);
        RIG_WAIT(&r, done);
        assert_int_equal(q.ok, rows[i].ok);
        assert_int_equal(q.registered, rows[i].registered);
        assert_int_equal(q.absence, rows[i].absence);
        assert_int_equal(q.suspended.out, rows[i].out);
        assert_int_equal(q.minimum, q.registered ? 2 : 0);
        assert_int_equal(q.ok, q.err.text[0] == '\0');
    }
    assert_string_equal(sent, "{\"ServiceNamespace\":\"ecs\",\"ResourceIds\":[\"service/tak-vpc/api\"],"
                              "\"ScalableDimension\":\"ecs:service:DesiredCount\"}");
    assert_string_equal(r.target, "AnyScaleFrontendService.DescribeScalableTargets");
    q = (struct ecs_scaling){.ref = api(), .done = on_scaling};
    r.ecs->ops->scaling(r.ecs, &q); /* unknown a moment ago: not asked again */
    RIG_WAIT(&r, done == 2);
    assert_int_equal(q.absence, ECS_UNSUPPORTED);
    assert_int_equal(r.actions, (int)(sizeof rows / sizeof rows[0]));
    rig_close(&r);
    rig_open(&r, hold, 1000, 5);
    q = (struct ecs_scaling){.ref = api(), .done = on_scaling};
    r.ecs->ops->scaling(r.ecs, &q);
    RIG_WAIT(&r, r.held);
    rig_close(&r);
    assert_int_equal(q.err.code, ERR_CANCELLED);
    assert_false(q.uncertain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_says_what_it_wants_and_no_more),
        cmocka_unit_test(each_fails_once),
        cmocka_unit_test(what_is_over_is_told_apart),
        cmocka_unit_test(what_runs_is_uncertain_when_the_client_goes),
        cmocka_unit_test(autoscaling_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
