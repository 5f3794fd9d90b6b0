/* The last lines of a container: where they are looked for, what each refusal means, and that nothing
 * unredacted comes out. */
#include "ecs_rig.h"

#define CANARY "canary-hunter2"

static const char *driver;
static const char *failing, *code, *words; /* an action that is refused, or held when code is NULL */
static int http;
static int empty_pages;

static void answer_definition(struct server_call *call)
{
    char text[800];

    TEXT_FORMAT(text,
                "{\"taskDefinition\":{\"containerDefinitions\":[{\"name\":\"api\",\"environment\":[{\"name\":"
                "\"POSTGRES\",\"value\":\"" CANARY
                "\"}],\"logConfiguration\":{\"logDriver\":\"%s\",\"options\":{"
                "\"awslogs-group\":\"tak-api\",\"awslogs-stream-prefix\":\"tak\",\"awslogs-region\":"
                "\"us-gov-east-1\"}}}]}}",
                driver);
    rig_text(call, 200, text);
}

static void answer_lines(struct rig *r, struct server_call *call, const json_t *body)
{
    int page = rig_count(r, "GetLogEvents");

    assert_string_equal(r->target, "Logs_20140328.GetLogEvents");
    assert_string_equal(r->type, JSON);
    assert_string_equal(r->scope, "logs");
    assert_string_equal(jsonx_text(body, "logGroupName"), "tak-api");
    assert_string_equal(jsonx_text(body, "logStreamName"), "tak/api/0a1b");
    assert_int_equal(jsonx_int(body, "limit", 0), ECS_TAIL_LINES);
    assert_false(jsonx_bool(body, "startFromHead", true));
    assert_string_equal(jsonx_text(body, "nextToken"), page == 1 ? "" : page == 2 ? "b/1" : "b/2");
    if (page <= empty_pages)
        rig_text(call, 200,
                 page == 1 ? "{\"events\":[],\"nextBackwardToken\":\"b/1\"}"
                           : "{\"events\":[],\"nextBackwardToken\":\"b/2\"}");
    else
        rig_text(call, 200,
                 "{\"events\":[{\"timestamp\":1000,\"message\":\"POSTGRES=postgres://u:" CANARY "@h/db\"},"
                 "{\"timestamp\":2000,\"message\":\"not ok - unable to get postgres connection\"}],"
                 "\"nextBackwardToken\":\"b/9\"}");
}

static void answer(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    char text[300];

    if (failing && strcmp(action, failing) == 0) {
        TEXT_FORMAT(text, "{\"__type\":\"%s\",\"message\":\"%s\"}", code ? code : "", words);
        if (http)
            server_answer(call, http, "text/html", NULL, "no", 2);
        else if (code)
            rig_text(call, 400, text);
        else
            r->held = call;
    } else if (strcmp(action, "DescribeTaskDefinition") == 0) {
        answer_definition(call);
    } else {
        answer_lines(r, call, body);
    }
}

static struct ecs_tail q;
static int done;

static void on_tail(struct ecs_tail *r)
{
    assert_ptr_equal(r, &q);
    done++;
}

static void start(struct rig *r, const char *container)
{
    memset(&q, 0xee, sizeof q);
    memset(&q.ref, 0, sizeof q.ref);
    TEXT_COPY(q.ref.cluster, "tak-vpc");
    TEXT_COPY(q.task_definition, "tak-api:81");
    TEXT_COPY(q.task_id, "0a1b");
    TEXT_COPY(q.container, container);
    q.done = on_tail;
    done = 0;
    r->ecs->ops->tail(r->ecs, &q);
    assert_int_equal(done, 0); /* never inside */
}

static void ask(struct rig *r, const char *container)
{
    start(r, container);
    RIG_WAIT(r, done);
    loop_run_for(r->loop, 5);
    assert_int_equal(done, 1);
    assert_null(memmem(&q, sizeof q, CANARY, strlen(CANARY)));
}

static void open_rig(struct rig *r)
{
    driver = "awslogs";
    failing = code = NULL;
    words = "no";
    http = empty_pages = 0;
    rig_open(r, answer, 1000, 100);
}

static void the_last_lines(void **state)
{
    static struct rig r;
    (void)state;
    open_rig(&r);
    ask(&r, "");
    assert_true(q.ok);
    assert_int_equal(q.count, 2);
    assert_string_equal(q.lines[0], "POSTGRES=postgres://u:[redacted]@h/db");
    assert_string_equal(q.lines[1], "not ok - unable to get postgres connection");
    assert_true(q.at_ms[1] == 2000);
    assert_string_equal(q.log_group, "tak-api");
    assert_string_equal(q.log_stream, "tak/api/0a1b");
    assert_int_equal(r.actions, 2);
    rig_close(&r);
    open_rig(&r);
    ask(&r, "api");
    r.actions = 0; /* a new count of pages */
    ask(&r, "api");
    assert_true(q.ok && q.count == 2);
    assert_int_equal(rig_count(&r, "DescribeTaskDefinition"), 0); /* known */
    rig_close(&r);
}

/* An empty page is not the end; and the search for lines has one. */
static void pages_without_lines(void **state)
{
    static struct rig r;
    (void)state;
    open_rig(&r);
    empty_pages = 2;
    ask(&r, "");
    assert_true(q.ok && q.count == 2);
    assert_int_equal(rig_count(&r, "GetLogEvents"), 3);
    rig_close(&r);
    open_rig(&r);
    empty_pages = 9;
    ask(&r, "");
    assert_true(q.ok && q.count == 0);
    assert_int_equal(rig_count(&r, "GetLogEvents"), 3);
    rig_close(&r);
}

static const struct scene {
    const char *container, *driver, *action, *code, *words;
    int http;
    bool ok;
    enum err_code err;
    const char *text; /* part */
} scenes[] = {
    {"", "awslogs", "GetLogEvents", "ResourceNotFoundException", "The specified log stream does not exist.",
     0, true, ERR_NONE, ""},
    {"", "awslogs", "GetLogEvents", "ResourceNotFoundException", "The specified log group does not exist.", 0,
     false, ERR_MISSING, "the log group tak-api does not exist in us-gov-east-1"},
    {"", "awslogs", "GetLogEvents", "AccessDeniedException",
     "User: arn:aws:sts::1:assumed-role/bot/x is not authorized on resource: "
     "arn:aws:logs:r:1:log-group:tak-api:log-stream:tak/api/0a1b",
     0, false, ERR_DENIED,
     "does not let arn:aws:sts::1:assumed-role/bot/x do logs:GetLogEvents on arn:aws:logs"},
    {"", "awslogs", "GetLogEvents", "ThrottlingException", "slow", 0, false, ERR_THROTTLED,
     "logs:GetLogEvents"},
    {"", "awslogs", "GetLogEvents", "UnknownOperationException", "no", 0, false, ERR_REMOTE,
     "the endpoint does not know logs:GetLogEvents"},
    {"", "awslogs", "GetLogEvents", NULL, "", 404, false, ERR_PROTOCOL, "the endpoint does not know"},
    {"", "awslogs", "DescribeTaskDefinition", "AccessDeniedException", "no", 0, false, ERR_DENIED,
     "ecs:DescribeTaskDefinition"},
    {"", "awslogs", "DescribeTaskDefinition", "UnknownOperationException", "no", 0, false, ERR_REMOTE,
     "the endpoint does not know ecs:DescribeTaskDefinition"},
    {"", "splunk", "", NULL, "", 0, false, ERR_MISSING, "logs by \"splunk\""},
    {"hub", "awslogs", "", NULL, "", 0, false, ERR_MISSING, "has no container \"hub\""},
};

static void refusals(void **state)
{
    static struct rig r;
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        const struct scene *s = &scenes[i];

        open_rig(&r);
        driver = s->driver;
        failing = s->action;
        code = s->code;
        words = s->words;
        http = s->http;
        ask(&r, s->container);
        print_message("%s %s: %s\n", s->action, s->code ? s->code : "", q.err.text);
        assert_int_equal(q.ok, s->ok);
        assert_int_equal(q.count, 0);
        assert_int_equal(q.err.code, s->err);
        assert_non_null(strstr(q.err.text, s->text));
        const int before = rig_count(&r, "GetLogEvents");
        ask(&r, s->container); /* what the endpoint does not know is not asked again */
        assert_int_equal(q.ok, s->ok);
        assert_non_null(strstr(q.err.text, s->text));
        if (strstr(s->text, "the endpoint does not know"))
            assert_int_equal(rig_count(&r, "GetLogEvents"), before);
        rig_close(&r);
    }
}

static void an_answer_without_a_list(void **state)
{
    static struct rig r;
    (void)state;
    open_rig(&r);
    failing = "GetLogEvents";
    http = 200;
    ask(&r, "");
    assert_false(q.ok);
    rig_close(&r);
}

static void one_that_is_silent(void **state)
{
    static struct rig r;
    int64_t began;
    (void)state;
    open_rig(&r);
    failing = "GetLogEvents";
    began = loop_now(r.loop);
    ask(&r, "");
    assert_true(loop_now(r.loop) - began < 12000);
    assert_false(q.ok);
    assert_string_equal(q.err.text, "AWS did not answer logs:GetLogEvents within 8 s");
    rig_close(&r);
}

static void the_client_goes(void **state)
{
    static const char *const actions[] = {"DescribeTaskDefinition", "GetLogEvents"};
    static struct rig r;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        open_rig(&r);
        failing = actions[i];
        start(&r, "");
        RIG_WAIT(&r, r.held);
        rig_close(&r);
        assert_int_equal(done, 1);
        assert_false(q.ok);
        assert_int_equal(q.err.code, ERR_CANCELLED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_lines),     cmocka_unit_test(pages_without_lines),
        cmocka_unit_test(refusals),           cmocka_unit_test(an_answer_without_a_list),
        cmocka_unit_test(one_that_is_silent), cmocka_unit_test(the_client_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
