/* One polling loop for all watches: how many calls, for whom, and what each watch is shown. */
#include "ecs_rig.h"

#define WATCHES 25

static struct watcher {
    struct ecs_watch watch;
    int seen;
    bool tasks, leave;
    struct rig *rig;
    enum ecs_absence absence, tasks_absence, history_absence;
    bool missing;
    size_t task_count, history_count;
    char name[ECS_NAME], trouble[ECS_REASON];
    int64_t last_ms;
} watchers[WATCHES];

static void on_seen(struct ecs_watch *w, const struct snapshot *s)
{
    struct watcher *me = w->user;

    me->seen++;
    me->last_ms = loop_now(me->rig->loop);
    me->absence = s->service_absence;
    me->tasks_absence = s->tasks_absence;
    me->history_absence = s->history_absence;
    me->missing = s->missing;
    me->task_count = s->task_count;
    me->history_count = s->history_count;
    TEXT_COPY(me->name, s->service.name);
    TEXT_COPY(me->trouble, s->trouble);
    if (me->leave)
        me->rig->ecs->ops->unwatch(me->rig->ecs, w);
}

static bool wants(struct ecs_watch *w, const struct snapshot *s)
{
    assert_int_equal(s->service_absence, ECS_SEEN);
    return ((struct watcher *)w->user)->tasks;
}

static void watch(struct rig *r, int n, const char *cluster, bool tasks)
{
    for (int i = 0; i < n; i++) {
        struct watcher *me = &watchers[i];

        memset(me, 0, sizeof *me);
        me->rig = r;
        me->tasks = tasks;
        me->watch.user = me;
        me->watch.seen = on_seen;
        me->watch.wants_tasks = wants;
        TEXT_COPY(me->watch.ref.cluster, cluster);
        TEXT_FORMAT(me->watch.ref.service, "s%d", i);
        r->ecs->ops->watch(r->ecs, &me->watch);
    }
}

static int fewest_seen(int n)
{
    int least = watchers[0].seen;

    for (int i = 1; i < n; i++)
        least = watchers[i].seen < least ? watchers[i].seen : least;
    return least;
}

/* Exactly ten fit in a call, and twenty-five are three. */
static void test_ten_a_call(void **unused)
{
    static struct rig r;

    (void)unused;
    rig_open(&r, rig_usual, 300, 100);
    watch(&r, 10, "c", false);
    RIG_WAIT(&r, fewest_seen(10) == 1);
    assert_int_equal(r.actions, 1);
    rig_close(&r);
    rig_open(&r, rig_usual, 300, 100);
    watch(&r, WATCHES, "c", false);
    RIG_WAIT(&r, fewest_seen(WATCHES) == 1);
    assert_int_equal(rig_count(&r, "DescribeServices"), 3);
    RIG_WAIT(&r, fewest_seen(WATCHES) == 2);
    assert_int_equal(rig_count(&r, "DescribeServices"), 6);
    assert_int_equal(r.actions, 6);
    for (int i = 0; i < WATCHES; i++) {
        assert_string_equal(watchers[i].name, watchers[i].watch.ref.service);
        assert_int_equal(watchers[i].absence, ECS_SEEN);
        assert_int_equal(watchers[i].tasks_absence, ECS_NOT_READ);
    }
    assert_true(r.ecs->ops->interval_ms(r.ecs, 0) == 300);
    rig_close(&r);
}

/* Another cluster is another call; two watches of one service share a place. */
static void test_groups(void **unused)
{
    static struct rig r;

    (void)unused;
    rig_open(&r, rig_usual, 300, 100);
    watch(&r, 4, "c", false);
    for (int i = 0; i < 4; i++)
        r.ecs->ops->unwatch(r.ecs, &watchers[i].watch);
    TEXT_COPY(watchers[1].watch.ref.service, "s0");
    TEXT_COPY(watchers[2].watch.ref.cluster, "other");
    for (int i = 0; i < 4; i++)
        r.ecs->ops->watch(r.ecs, &watchers[i].watch);
    RIG_WAIT(&r, fewest_seen(4) == 1);
    assert_int_equal(r.actions, 2);
    assert_string_equal(watchers[1].name, "s0");
    rig_close(&r);
}

static void test_tasks_only_when_wanted(void **unused)
{
    static struct rig r;

    (void)unused;
    rig_open(&r, rig_usual, 200, 100);
    watch(&r, 3, "c", false);
    watchers[1].tasks = true;
    RIG_WAIT(&r, fewest_seen(3) == 1);
    assert_int_equal(rig_count(&r, "ListTasks"), 2);
    assert_int_equal(rig_count(&r, "DescribeTasks"), 1);
    assert_int_equal(watchers[1].task_count, 2);
    assert_int_equal(watchers[1].history_count, 1);
    assert_int_equal(watchers[1].absence, ECS_SEEN);
    assert_string_equal(watchers[1].name, "s1");
    assert_int_equal(watchers[0].tasks_absence, ECS_NOT_READ);
    /* without a wish of its own: only when something moved, that is, the first time */
    watchers[1].tasks = false;
    watchers[0].watch.wants_tasks = NULL;
    RIG_WAIT(&r, fewest_seen(3) == 4);
    assert_int_equal(rig_count(&r, "DescribeTasks"), 2);
    rig_close(&r);
}

static void without_history(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    if (strcmp(action, "ListServiceDeployments") == 0)
        rig_refuse(call, "UnknownOperationException");
    else
        rig_usual(r, call, action, body);
}

static void test_history_unsupported(void **unused)
{
    static struct rig r;

    (void)unused;
    rig_open(&r, without_history, 100, 100);
    watch(&r, 1, "c", true);
    RIG_WAIT(&r, watchers[0].seen == 3);
    assert_int_equal(watchers[0].history_absence, ECS_UNSUPPORTED);
    assert_int_equal(watchers[0].task_count, 2);
    assert_string_equal(watchers[0].trouble, "");
    assert_int_equal(rig_count(&r, "ListServiceDeployments"), 1); /* not asked again */
    rig_close(&r);
}

static void throttled(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    (void)action;
    (void)body;
    rig_refuse(call, "ThrottlingException");
}

static void test_throttled(void **unused)
{
    static struct rig r;

    (void)unused;
    rig_open(&r, throttled, 200, 100);
    watch(&r, 1, "c", true);
    RIG_WAIT(&r, watchers[0].seen == 1);
    assert_int_equal(watchers[0].absence, ECS_THROTTLED);
    assert_false(watchers[0].missing);
    assert_non_null(strstr(watchers[0].trouble, "AWS slows this account down"));
    assert_non_null(strstr(watchers[0].trouble, "us-gov-east-1"));
    assert_true(r.ecs->ops->interval_ms(r.ecs, 0) >= 400);
    rig_close(&r);
}

/* Over budget the interval stretches: three calls a round at ten a second are 300 ms. */
static void test_budget(void **unused)
{
    static struct rig r;
    int64_t before;

    (void)unused;
    rig_open(&r, rig_usual, 50, 10);
    watch(&r, WATCHES, "c", false);
    RIG_WAIT(&r, fewest_seen(WATCHES) == 1);
    before = loop_now(r.loop);
    RIG_WAIT(&r, fewest_seen(WATCHES) == 4);
    assert_true(loop_now(r.loop) - before >= 600);
    assert_true(r.ecs->ops->interval_ms(r.ecs, 0) > 150);
    rig_close(&r);
}

static void one_is_forbidden(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    char *text = jsonx_print(json_object_get(body, "services"));

    if (strstr(text, "\"s1\""))
        rig_refuse(call, "AccessDeniedException");
    else
        rig_usual(r, call, action, body);
    mem_free(text);
}

/* One service that we may not see does not hide nine others for long. */
static void test_one_forbidden(void **unused)
{
    static struct rig r;

    (void)unused;
    rig_open(&r, one_is_forbidden, 100, 100);
    watch(&r, 3, "c", false);
    RIG_WAIT(&r, fewest_seen(3) == 1);
    assert_int_equal(watchers[0].absence, ECS_REFUSED);
    RIG_WAIT(&r, fewest_seen(3) == 2);
    assert_int_equal(watchers[0].absence, ECS_SEEN);
    assert_int_equal(watchers[1].absence, ECS_REFUSED);
    assert_false(watchers[1].missing);
    assert_int_equal(watchers[2].absence, ECS_SEEN);
    rig_close(&r);
}

static void one_is_missing(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)r;
    (void)action;
    (void)body;
    rig_text(call, 200,
             "{\"services\":[{\"serviceName\":\"s0\",\"status\":\"ACTIVE\"}],\"failures\":"
             "[{\"arn\":\"arn:aws:ecs:r:1:service/c/s1\",\"reason\":\"MISSING\"}]}");
}

static void test_one_missing(void **unused)
{
    static struct rig r;

    (void)unused;
    rig_open(&r, one_is_missing, 300, 100);
    watch(&r, 2, "c", true);
    RIG_WAIT(&r, watchers[1].seen == 1);
    assert_true(watchers[1].missing);
    assert_int_equal(watchers[1].absence, ECS_SEEN);
    assert_int_equal(watchers[1].tasks_absence, ECS_NOT_READ);
    assert_non_null(strstr(watchers[1].trouble, "no service \"s1\""));
    rig_close(&r);
}

/* From inside seen, and while a call runs. */
static void test_leaving(void **unused)
{
    static struct rig r;
    int calls;

    (void)unused;
    rig_open(&r, rig_usual, 50, 100);
    watch(&r, 3, "c", true);
    watchers[0].leave = watchers[1].leave = true;
    RIG_WAIT(&r, rig_count(&r, "ListTasks") > 0);
    r.ecs->ops->unwatch(r.ecs, &watchers[2].watch);
    RIG_WAIT(&r, watchers[0].seen == 1 && watchers[1].seen == 1);
    calls = r.actions;
    loop_run_for(r.loop, 200);
    assert_int_equal(watchers[0].seen, 1);
    assert_int_equal(watchers[2].seen, 0);
    assert_true(r.actions <= calls + 2); /* what was on its way */
    rig_close(&r);
}

/* A quiet watch is read ten times less, and at once when it is quiet no more. */
static void test_quiet(void **unused)
{
    static struct rig r;
    int64_t first_ms;

    (void)unused;
    rig_open(&r, rig_usual, 200, 100);
    watch(&r, 1, "c", false);
    watchers[0].watch.quiet = true;
    RIG_WAIT(&r, watchers[0].seen == 1);
    first_ms = watchers[0].last_ms;
    loop_run_for(r.loop, 500);
    assert_int_equal(watchers[0].seen, 1);
    watchers[0].watch.quiet = false;
    RIG_WAIT(&r, watchers[0].seen == 2);
    assert_true(loop_now(r.loop) - first_ms < 1500);
    rig_close(&r);
}

static void silent(struct rig *r, struct server_call *call, const char *action, json_t *body)
{
    (void)action;
    (void)body;
    r->held = call;
}

static void test_destroyed_while_asking(void **unused)
{
    static struct rig r;

    (void)unused;
    rig_open(&r, silent, 60, 100);
    watch(&r, 2, "c", false);
    RIG_WAIT(&r, r.held);
    rig_close(&r);
    assert_int_equal(watchers[0].seen, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_a_call),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_tasks_only_when_wanted),
        cmocka_unit_test(test_history_unsupported),
        cmocka_unit_test(test_throttled),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_one_forbidden),
        cmocka_unit_test(test_one_missing),
        cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_destroyed_while_asking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
