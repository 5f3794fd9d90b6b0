/* The stack around a service: one call, its status, and nothing else of what it answers. */
#include "ecs_rig.h"

#include "ecs/stack.h"

#define STACK(inner)                                                                                         \
    "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">"                 \
    "<DescribeStacksResult><Stacks><member><StackName>tak</StackName>" inner                                 \
    "<Outputs><member><OutputKey>StackStatus</OutputKey><OutputValue>postgres://tak:secret@db</OutputValue>" \
    "</member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
#define NONE                                                                                                 \
    "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id tak does "  \
    "not exist</Message></Error></ErrorResponse>"

static const char *said;
static int status, done;
static struct ecs_around q;

static void answer(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)body;
    assert_string_equal(action, "DescribeStacks");
    assert_string_equal(r->form, "Action=DescribeStacks&Version=2010-05-15&StackName=tak");
    assert_string_equal(r->scope, "cloudformation");
    if (said)
        server_answer(call, status, "text/xml", NULL, said, strlen(said));
    else
        r->held = call;
}

static void on_around(struct ecs_around *r)
{
    (void)r;
    done++;
}

static void ask(struct rig *r, const char *name)
{
    memset(&q, 0xee, sizeof q); /* what stood there before must not show */
    memset(&q.ref, 0, sizeof q.ref);
    TEXT_COPY(q.stack_name, name);
    q.parts = ECS_AROUND_STACK;
    q.done = on_around;
    done = 0;
    r->ecs->ops->around(r->ecs, &q);
    assert_int_equal(done, 0);
}

static const struct row {
    int status;
    const char *answer;
    enum ecs_absence absence;
    bool running;
    const char *word, *why;
    int64_t since_ms;
} rows[] = {
    {200,
     STACK("<CreationTime>2026-01-01T00:00:00Z</CreationTime><LastUpdatedTime>2026-11-28T20:00:00.5Z"
           "</LastUpdatedTime><StackStatus>UPDATE_IN_PROGRESS</StackStatus>"),
     ECS_SEEN, true, "UPDATE_IN_PROGRESS", "", 1795896000500},
    {200,
     STACK("<CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>"),
     ECS_SEEN, false, "CREATE_COMPLETE", "", 1767225600000},
    {200, STACK("<StackStatus>UPDATE_COMPLETE_CLEANUP_IN_PROGRESS</StackStatus>"), ECS_SEEN, true,
     "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "", 0},
    {200, STACK("<StackStatus>UPDATE_ROLLBACK_COMPLETE</StackStatus>"), ECS_SEEN, false,
     "UPDATE_ROLLBACK_COMPLETE", "", 0},
    {400, NONE, ECS_SEEN, false, "", "", 0},
    {200, STACK(""), ECS_UNREACHABLE, false, "", "names no status", 0},
    {200, "<x", ECS_UNREACHABLE, false, "", "no good answer", 0},
    {403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
     ECS_REFUSED, false, "", "cloudformation:DescribeStacks", 0},
    {400, "<ErrorResponse><Error><Code>InvalidAction</Code><Message>no</Message></Error></ErrorResponse>",
     ECS_UNSUPPORTED, false, "", "does not know cloudformation:DescribeStacks", 0},
};

/* Nothing of what stands beside the status is kept anywhere in it. */
static bool holds(const char *part)
{
    const char *bytes = (const char *)&q;
    const size_t len = strlen(part);

    for (size_t i = 0; i + len <= sizeof q; i++)
        if (memcmp(bytes + i, part, len) == 0)
            return true;
    return false;
}

static void each_answer(void **unused)
{
    static struct rig r;

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        said = rows[i].answer;
        status = rows[i].status;
        rig_open(&r, answer, 1000, 5);
        ask(&r, "tak");
        RIG_WAIT(&r, done);
        print_message("%s%s\n", q.stack.status, q.stack.why);
        assert_int_equal(q.stack.absence, rows[i].absence);
        assert_int_equal(q.stack.running, rows[i].running);
        assert_string_equal(q.stack.status, rows[i].word);
        assert_non_null(strstr(q.stack.why, rows[i].why));
        assert_int_equal(rows[i].why[0] == '\0', q.stack.why[0] == '\0');
        assert_true(q.stack.since_ms == rows[i].since_ms);
        assert_false(holds("secret@"));
        assert_int_equal(q.image.absence, ECS_NOT_READ);
        rig_close(&r);
    }
}

static void no_name_and_no_client(void **unused)
{
    static struct rig r;

    (void)unused;
    said = NULL;
    rig_open(&r, answer, 1000, 5);
    ask(&r, ""); /* all stacks of the account are none of our business */
    RIG_WAIT(&r, done);
    assert_int_equal(q.stack.absence, ECS_NOT_READ);
    assert_int_equal(r.actions, 0);
    ask(&r, "tak");
    RIG_WAIT(&r, r.held);
    rig_close(&r);
    assert_int_equal(done, 1);
    assert_int_equal(q.stack.absence, ECS_UNREACHABLE);
    assert_non_null(strstr(q.stack.why, "program ends"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer),
        cmocka_unit_test(no_name_and_no_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
