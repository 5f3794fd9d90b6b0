/* Answers of 200 in which nothing stands: not that there is no service, nor that no task runs. */
#include "ecs_rig.h"

static const char *said; /* to what the test is about */
static const char *about;

static void answer(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    if (strcmp(action, about) == 0)
        rig_text(call, 200, said);
    else if (strcmp(action, "DescribeServices") == 0)
        rig_describe(call, body);
    else if (strcmp(action, "ListTasks") == 0)
        rig_text(call, 200, "{\"taskArns\":[\"arn:aws-us-gov:ecs:us-gov-east-1:1:task/coe/t1\"]}");
    else
        rig_text(call, 200, "{\"tasks\":[]}");
}

static struct snapshot seen;

static void on_look(struct ecs_look *l)
{
    seen = *l->snapshot;
    *(bool *)l->user = true;
}

static void look(const char *action, const char *text)
{
    struct rig r;
    bool done = false;
    struct ecs_look l = {.with_tasks = true, .done = on_look, .user = &done};
    about = action;
    said = text;
    rig_open(&r, answer, 1000, 100);
    TEXT_COPY(l.ref.cluster, "coe");
    TEXT_COPY(l.ref.service, "api");
    r.ecs->ops->look(r.ecs, &l);
    RIG_WAIT(&r, done);
    rig_close(&r);
}

static void no_list_of_services(void **state)
{
    (void)state;
    static const char *const ANSWERS[] = {"", "{}", "{\"services\":null}"};
    for (size_t i = 0; i < sizeof ANSWERS / sizeof ANSWERS[0]; i++) {
        look("DescribeServices", ANSWERS[i]);
        assert_false(seen.missing);
        assert_int_equal(seen.service_absence, ECS_UNREACHABLE);
        assert_true(seen.trouble[0] != '\0');
    }
    look("DescribeServices", "{\"services\":[],\"failures\":[]}");
    assert_true(seen.missing);
}

static void no_list_of_tasks(void **state)
{
    (void)state;
    static const char *const ANSWERS[] = {"", "{}", "{\"taskArns\":{}}"};
    for (size_t i = 0; i < sizeof ANSWERS / sizeof ANSWERS[0]; i++) {
        look("ListTasks", ANSWERS[i]);
        assert_int_equal(seen.service_absence, ECS_SEEN);
        assert_int_equal(seen.tasks_absence, ECS_UNREACHABLE);
        assert_true(seen.trouble[0] != '\0');
    }
    look("DescribeTasks", "{}");
    assert_int_equal(seen.tasks_absence, ECS_UNREACHABLE);
    look("DescribeTasks", "{\"tasks\":[]}");
    assert_int_equal(seen.tasks_absence, ECS_SEEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_list_of_services),
        cmocka_unit_test(no_list_of_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
