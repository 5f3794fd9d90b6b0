/* The real client's changes: what each sends, that it is sent once, and what its failures mean. And what it
 * reads before them: what ran before, and autoscaling. */
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

/* Uncertain only when it may have been executed; and never a second time, unless AWS said that it did
 * nothing. */
static void each_fails_once(void **unused)
{
    static const struct {
        int status;
        const char *answer;
        bool uncertain;
        int calls;
        const char *part; /* of the sentence */
    } rows[] = {
        {0, NULL, true, 1, "it may or may not have been executed: look before it is repeated"},
        {400, "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}", false, 1,
         "deploy/iam-policy.json"},
        {400, "{\"__type\":\"ClientException\",\"message\":\"is inactive\"}", false, 1, "is inactive"},
        {400, "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}", false, 3,
         "wait a minute and ask again"},
        {500, "{\"__type\":\"ServerException\",\"message\":\"oh\"}", true, 1, "may or may not"},
        {400, "{\"__type\":\"ExpiredTokenException\",\"message\":\"old\"}", false, 1, "restart the bot"},
    };
    static struct rig r;
    struct change c;

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 0; k < KINDS; k++) {
            if (rows[i].calls == 3 && k != 2) /* its pauses take seconds */
                continue;
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
            assert_int_equal(r.actions, rows[i].calls);
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

/* ---- what ran before */

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
        cmocka_unit_test(what_ran_before_is_found),
        cmocka_unit_test(what_ran_before_cannot_be_known),
        cmocka_unit_test(autoscaling_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
