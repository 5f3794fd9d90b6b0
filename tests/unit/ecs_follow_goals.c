/* The goals other than "our own deployment completes": so many tasks, these tasks replaced, back to the one
 * before. */
#include "ecs_follow_pen.h"

static struct follow_goal count_goal(int n)
{
    struct follow_goal g = goal();

    g.kind = FOLLOW_COUNT;
    g.wanted = n;
    g.deployment_id[0] = g.previous_id[0] = '\0';
    return g;
}

/* ---- COUNT */

/* From 2 to 0: two tasks stop at 20 and 40 s; the answer is stale until 10 s. */
static void to_zero(struct pen *p, struct snapshot *s, int64_t t)
{
    int running = t < 20 * S ? 2 : t < 40 * S ? 1 : 0;

    fresh(p, s, t, t < 10 * S ? 2 : 0);
    deployment(p, OLD, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, s->service.desired, running);
    s->tasks_absence = ECS_SEEN;
    for (int i = 0; i < 2; i++)
        if (t < (i ? 20 : 40) * S)
            task(p, i ? "o1" : "o2", OLD, "RUNNING", -OLD_AGE);
        else
            scaled_in(p, i ? "o1" : "o2", OLD, (i ? 20 : 40) * S, OLD);
}

static void test_to_zero(void **unused)
{
    static struct run r;

    (void)unused;
    course(to_zero, count_goal(0), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 45); /* two looks that agree */
    assert_true(r.wanted_zero);
    assert_int_equal(r.state.served, SERVED_NO);
    assert_int_equal(r.state.failed_tasks, 0);
    assert_int_equal(r.count[FOLLOW_EVENT_COUNT_CHANGED], 0);
}

/* Somebody (autoscaling) sets another count: after a minute of it. */
static void raised_again(struct pen *p, struct snapshot *s, int64_t t)
{
    to_zero(p, s, t < 30 * S ? t : 30 * S);
    s->service_as_of_ms = s->tasks_as_of_ms = T0 + t;
    if (t >= 30 * S)
        s->service.desired = 1;
}

static void test_raised_again(void **unused)
{
    static struct run r;

    (void)unused;
    course(raised_again, count_goal(0), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUPERSEDED);
    assert_int_equal(r.ended_s, 90);
    assert_non_null(strstr(r.text, "the count is 1 now, not 0"));
}

/* From 0 to 2: they run at 30 s and serve 40 s later; one of them dies once. */
static bool one_dies;
static void from_zero(struct pen *p, struct snapshot *s, int64_t t)
{
    int running = t < 30 * S ? 0 : one_dies && t < 100 * S ? 1 : 2;

    fresh(p, s, t, 2);
    deployment(p, OLD, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 2, running);
    s->tasks_absence = ECS_SEEN;
    dead(p, "before", OLD, -300 * S, -60 * S, 1); /* that is history */
    if (one_dies)
        dead(p, "n0", OLD, 10 * S, 25 * S, 1);
    if (t >= 30 * S)
        task(p, "n1", OLD, "RUNNING", 30 * S);
    if (t >= (one_dies ? 100 : 30) * S)
        task(p, "n2", OLD, "RUNNING", (one_dies ? 100 : 30) * S);
}

static void test_from_zero(void **unused)
{
    static struct run r;

    (void)unused;
    one_dies = false;
    course(from_zero, count_goal(2), 300, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 70);
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 0);
    assert_int_equal(r.count[FOLLOW_EVENT_NEW_SERVE], 1);
    one_dies = true;
    course(from_zero, count_goal(2), 300, &r);
    assert_int_equal(r.ended_s, 140);
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 1);
    assert_int_equal(r.count[FOLLOW_EVENT_NOT_STABILISING], 0);
}

/* The tasks cannot be seen: counts alone, for as long as a refused task lives. */
static void unseen_tasks(struct pen *p, struct snapshot *s, int64_t t)
{
    from_zero(p, s, t);
    s->service.target_groups = 1;
    s->service.grace_seconds = 60;
    s->task_count = 0;
    s->tasks_absence = ECS_REFUSED;
}

static void test_unseen_tasks(void **unused)
{
    static struct run r;

    (void)unused;
    one_dies = false;
    course(unseen_tasks, count_goal(2), 600, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 30 + 180 + 60);
}

/* The tasks can be seen, but the list has none of those that the service counts: that is no reason to trust
 * the counts. */
static void contradicted(struct pen *p, struct snapshot *s, int64_t t)
{
    from_zero(p, s, t);
    s->task_count = 0;
}

static void test_contradicted(void **unused)
{
    static struct run r;

    (void)unused;
    course(contradicted, count_goal(2), 600, &r);
    assert_int_equal(r.verdict, VERDICT_NONE);
    assert_int_equal(r.state.served, SERVED_NO); /* as it was while nothing ran */
}

/* From 4 to 2: the surplus must be gone. More than n, by autoscaling, is enough as well. */
static int final_count;
static void fewer(struct pen *p, struct snapshot *s, int64_t t)
{
    int running = t < 60 * S ? 4 : final_count;

    fresh(p, s, t, final_count);
    deployment(p, OLD, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, final_count, running);
    s->tasks_absence = ECS_SEEN;
    for (int i = 0; i < running; i++) {
        char id[8];

        TEXT_FORMAT(id, "o%d", i);
        task(p, id, OLD, "RUNNING", -OLD_AGE);
    }
}

static void test_fewer(void **unused)
{
    static struct run r;

    (void)unused;
    final_count = 2;
    course(fewer, count_goal(2), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 60);
    final_count = 3;
    course(fewer, count_goal(2), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    final_count = 1;
    course(fewer, count_goal(2), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUPERSEDED);
    assert_int_equal(r.ended_s, 65);
}

/* ---- REPLACED */

static struct follow_goal replaced_goal(void)
{
    struct follow_goal g = count_goal(2);

    g.kind = FOLLOW_REPLACED;
    TEXT_COPY(g.replaced[0], "o1");
    TEXT_COPY(g.replaced[1], "o2");
    g.replaced_count = 2;
    return g;
}

static void stopped_by_us(struct pen *p, const char *id, int64_t stopped)
{
    struct ecs_task *t = task(p, id, OLD, "STOPPED", -OLD_AGE);

    t->stopped_ms = T0 + stopped;
    TEXT_COPY(t->stop_code, "UserInitiated");
    TEXT_COPY(t->stopped_reason, "cloudtak-bot: asked by bo");
    t->container_count = 1;
    t->containers[0].exited = true;
    t->containers[0].exit_code = 137;
}

/* Told to stop at 0, o1 is gone at 35 s, o2 at 90 s; the new ones run at 40 s and serve at 80 s. */
static void stop_all(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    deployment(p, OLD, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 2, t < 40 * S ? 0 : 2);
    s->tasks_absence = ECS_SEEN;
    for (int i = 0; i < 2; i++) {
        if (t >= (i ? 90 : 35) * S)
            stopped_by_us(p, i ? "o2" : "o1", (i ? 90 : 35) * S);
        else
            TEXT_COPY(task(p, i ? "o2" : "o1", OLD, "RUNNING", -OLD_AGE)->desired_status, "STOPPED");
        if (t >= 15 * S)
            task(p, i ? "n2" : "n1", OLD, t < 40 * S ? "PENDING" : "RUNNING", 40 * S);
    }
    s->service.running = t < 40 * S ? 0 : 2;
}

static void test_stop_all(void **unused)
{
    static struct run r;

    (void)unused;
    course(stop_all, replaced_goal(), 300, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 90); /* o2 is the last */
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 0);
    assert_int_equal(r.count[FOLLOW_EVENT_SERVED_CHANGED], 2);
    assert_int_equal(r.first_s[FOLLOW_EVENT_SERVED_CHANGED], 5);
    assert_true(r.state.not_served_total_ms == 75 * S);
    assert_int_equal(r.state.proof.old_count, 2);
    assert_string_equal(r.state.proof.old_tasks[1], "o2");
    assert_int_equal(r.state.proof.new_count, 2);
}

/* The new ones die: it goes on, and that is told. And the list is forgotten by ECS: it is gone. */
static bool forgotten;
static void stop_all_fails(struct pen *p, struct snapshot *s, int64_t t)
{
    stop_all(p, s, t);
    if (forgotten) {
        s->task_count = 0;
        if (t >= 40 * S) {
            task(p, "n1", OLD, "RUNNING", 40 * S);
            task(p, "n2", OLD, "RUNNING", 40 * S);
        }
        return;
    }
    s->task_count = 0;
    stopped_by_us(p, "o1", 35 * S);
    stopped_by_us(p, "o2", 35 * S);
    dead(p, "n1", OLD, 20 * S, 50 * S, 1);
    dead(p, "n2", OLD, 20 * S, 55 * S, 1);
    s->service.running = 0;
}

static void test_stop_all_fails(void **unused)
{
    static struct run r;

    (void)unused;
    forgotten = false;
    course(stop_all_fails, replaced_goal(), 300, &r);
    assert_int_equal(r.verdict, VERDICT_NONE);
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 2);
    assert_int_equal(r.first_s[FOLLOW_EVENT_NOT_STABILISING], 55);
    assert_int_equal(r.state.served, SERVED_NO);
    forgotten = true;
    course(stop_all_fails, replaced_goal(), 300, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 80);
}

/* ---- BACK_TO */

static struct follow_goal back_goal(void)
{
    struct follow_goal g = goal();

    g.kind = FOLLOW_BACK_TO;
    return g;
}

enum { WELL, STALE, FAILS, TOO_LATE, THIRD, NO_STATE };
static size_t how;
static void back(struct pen *p, struct snapshot *s, int64_t t)
{
    bool going = t >= 30 * S, done = t >= 60 * S;
    struct ecs_deployment *old;

    fresh(p, s, t, 2);
    if (how == STALE && t == 10 * S) { /* from before it all began */
        deployment(p, OLD, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 2, 2);
        return;
    }
    if (how == THIRD && done) {
        deployment(p, NEWER, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 0, 0);
        return;
    }
    if (how == TOO_LATE && going) {
        deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 2, 2);
        detail(p, "SUCCESSFUL");
        return;
    }
    if (!done)
        deployment(p, MINE, going ? ECS_ACTIVE : ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, 0);
    old = deployment(p, OLD, going ? ECS_PRIMARY : ECS_ACTIVE,
                     how == NO_STATE  ? ECS_ROLLOUT_ABSENT
                     : !going || done ? ECS_ROLLOUT_COMPLETED
                                      : ECS_ROLLOUT_IN_PROGRESS,
                     2, 2);
    if (going)
        old->updated_ms = T0 + (done ? 60 : 30) * S;
    if (how == FAILS && going)
        TEXT_COPY(detail(p, done ? "ROLLBACK_FAILED" : "ROLLBACK_IN_PROGRESS")->status_reason, "no room");
    task(p, "o1", OLD, "RUNNING", -OLD_AGE);
    task(p, "o2", OLD, "RUNNING", -OLD_AGE);
    dead(p, "n1", MINE, -30 * S, -5 * S, 1); /* why it was asked for: no news */
}

static void test_back_to(void **unused)
{
    static const struct {
        enum follow_verdict verdict;
        int at_s;
        const char *text;
    } want[] = {
        [WELL] = {VERDICT_SUCCEEDED, 60, ""},      [STALE] = {VERDICT_SUCCEEDED, 60, ""},
        [FAILS] = {VERDICT_FAILED, 60, "no room"}, [TOO_LATE] = {VERDICT_FAILED, 30, "it stays"},
        [THIRD] = {VERDICT_SUPERSEDED, 60, ""},    [NO_STATE] = {VERDICT_SUCCEEDED, 65, ""},
    };
    static struct run r;

    (void)unused;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        how = i;
        print_message("row %zu\n", i);
        course(back, back_goal(), 300, &r);
        assert_int_equal(r.verdict, want[i].verdict);
        assert_int_equal(r.ended_s, want[i].at_s);
        assert_non_null(strstr(r.text, want[i].text));
        assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 0);
        assert_int_equal(r.count[FOLLOW_EVENT_SERVED_CHANGED], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_zero),      cmocka_unit_test(test_raised_again),
        cmocka_unit_test(test_from_zero),    cmocka_unit_test(test_unseen_tasks),
        cmocka_unit_test(test_contradicted), cmocka_unit_test(test_fewer),
        cmocka_unit_test(test_stop_all),     cmocka_unit_test(test_stop_all_fails),
        cmocka_unit_test(test_back_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
