/* What the follower says on the way: stopped tasks, slowness, blindness, events, users served. */
#include "ecs_follow_pen.h"

/* The stopped tasks of ours, two of them within a poll. */
static void image_missing(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, 0)->pending = 1;
    deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 2, 2);
    task(p, "o1", OLD, "RUNNING", -OLD_AGE);
    task(p, "o2", OLD, "RUNNING", -OLD_AGE);
    for (int i = 0; i < 2; i++)
        if (t >= (i ? 70 : 20) * S) {
            struct ecs_task *one = task(p, i ? "n2" : "n1", MINE, "DEPROVISIONING", 10 * S);

            TEXT_COPY(one->desired_status, "STOPPED");
            TEXT_COPY(one->stop_code, "TaskFailedToStart");
            TEXT_COPY(one->stopped_reason, "CannotPullContainerError: pull image manifest: not found");
        }
}

static void test_image_missing_without_breaker(void **unused)
{
    static struct run r;

    (void)unused;
    course(image_missing, goal(), 4000, &r);
    assert_int_equal(r.first_s[FOLLOW_EVENT_TASK_STOPPED], 20);
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 2);
    assert_int_equal(r.count[FOLLOW_EVENT_NOT_STABILISING], 1);
    assert_int_equal(r.first_s[FOLLOW_EVENT_NOT_STABILISING], 70);
    assert_int_equal(r.count[FOLLOW_EVENT_SLOW], 0);
    assert_int_equal(r.state.same_reason, 2);
    assert_int_equal(r.state.served, SERVED_YES);
    /* 900: "slow" is not told, it is known to be unstable; from then on each 900 s */
    assert_int_equal(r.first_s[FOLLOW_EVENT_REMINDER], 1800);
    assert_int_equal(r.count[FOLLOW_EVENT_REMINDER], 2);
    assert_int_equal(r.verdict, VERDICT_STOPPED_FOLLOWING);
    assert_int_equal(r.ended_s, 3600);
}

/* Blind for two minutes. */
static void blind(struct pen *p, struct snapshot *s, int64_t t)
{
    ok(p, s, t < 40 * S ? t : 40 * S);
    s->service_as_of_ms = s->tasks_as_of_ms = T0 + t;
    if (t >= 45 * S && t < 165 * S)
        unreadable(p, ECS_EXPIRED, "the sign-in of profile coegc has ended");
    else if (t >= 165 * S)
        ok(p, s, t);
}

static void test_blind(void **unused)
{
    static struct run r;

    (void)unused;
    course(blind, goal(), 300, &r);
    assert_int_equal(r.count[FOLLOW_EVENT_BLIND], 1);
    assert_int_equal(r.first_s[FOLLOW_EVENT_BLIND], 105);
    assert_int_equal(r.count[FOLLOW_EVENT_SEEING], 1);
    assert_int_equal(r.first_s[FOLLOW_EVENT_SEEING], 165);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 165);
    assert_true(r.state.not_served_total_ms == 0);
}

/* Never seen again: reminders and giving up go on, and it is no failure. */
static void blind_for_good(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    unreadable(p, ECS_UNREACHABLE, "");
}

static void test_blind_for_good(void **unused)
{
    static struct run r;

    (void)unused;
    course(blind_for_good, goal(), 4000, &r);
    assert_int_equal(r.verdict, VERDICT_STOPPED_FOLLOWING);
    assert_int_equal(r.ended_s, 3600);
    assert_int_equal(r.count[FOLLOW_EVENT_BLIND], 1);
    assert_int_equal(r.count[FOLLOW_EVENT_SLOW], 0);
    assert_int_equal(r.count[FOLLOW_EVENT_REMINDER], 3);
    assert_int_equal(r.state.served, SERVED_UNKNOWN);
}

static void slow(struct pen *p, struct snapshot *s, int64_t t)
{
    ok(p, s, t < 1000 * S ? 20 * S : t);
    s->service_as_of_ms = s->tasks_as_of_ms = T0 + t;
}

static void test_slow(void **unused)
{
    static struct run r;

    (void)unused;
    course(slow, goal(), 1200, &r);
    assert_int_equal(r.first_s[FOLLOW_EVENT_SLOW], 900);
    assert_int_equal(r.count[FOLLOW_EVENT_SLOW], 1);
    assert_int_equal(r.count[FOLLOW_EVENT_NOT_STABILISING], 0);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
}

/* Events: pairs 1 ms apart, listed again and again, more at once than a step tells. */
static void many_events(struct pen *p, struct snapshot *s, int64_t t)
{
    static char id[16], text[16];

    fresh(p, s, t, 2);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 0, 0);
    if (t >= 50 * S)
        for (int i = 29; i >= 0; i--) {
            TEXT_FORMAT(id, "m%d", i);
            TEXT_FORMAT(text, "m%d", i);
            event(p, id, 50 * S, text);
        }
    event(p, "b", 20 * S + 1, "b");
    event(p, "a", 20 * S, "a");
}

static void test_events_once(void **unused)
{
    static struct run r;

    (void)unused;
    course(many_events, goal(), 100, &r);
    assert_true(text_starts(r.told, "a|b|m"));
    assert_true(text_ends(r.told, "|m28|m29|")); /* the newest are kept */
    assert_int_equal(r.count[FOLLOW_EVENT_ECS], 2 + FOLLOW_OUT);
    assert_string_equal(r.state.last_event, "m29");
}

/* Thirty tasks of ours dead at once, with the verdict: every one is told before it. */
static void massacre(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    s->service.breaker = true;
    deployment(p, MINE, ECS_PRIMARY, t < 50 * S ? ECS_ROLLOUT_IN_PROGRESS : ECS_ROLLOUT_FAILED, 2, 0);
    for (int i = 0; i < 30; i++) {
        char id[16];

        TEXT_FORMAT(id, "n%d", i);
        if (t >= 50 * S)
            dead(p, id, MINE, 10 * S, 40 * S + i, 1);
    }
    dead(p, "foreign", OLD, -OLD_AGE, 30 * S, 1);
    scaled_in(p, "benign", MINE, 5 * S, OLD);
}

static void test_all_stopped_tasks_told(void **unused)
{
    static struct run r;

    (void)unused;
    course(massacre, goal(), 100, &r);
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 30);
    assert_int_equal(r.verdict, VERDICT_FAILED);
    assert_int_equal(r.ended_s, 55);
}

/* A task dies every 20 s for an hour, and ECS lists the last ninety: more than are remembered. */
static void endless(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, 0);
    s->tasks_absence = ECS_SEEN;
    for (int64_t i = t / (20 * S); i > 0 && p->s->task_count < 90; i--) {
        char id[16];

        TEXT_FORMAT(id, "n%d", (int)i);
        dead(p, id, MINE, (20 * i - 10) * S, 20 * i * S, 1);
    }
}

static void test_endless_crash_loop(void **unused)
{
    static struct run r;

    (void)unused;
    run(endless, goal(), 3590, -1, &r);
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 179);
    assert_int_equal(r.state.failed_tasks, 179);
    assert_int_equal(r.state.same_reason, 179);
    assert_int_equal(r.count[FOLLOW_EVENT_NOT_STABILISING], 1);
}

/* Somebody sets the count to 0 in the middle: it ends well for ECS, but users are served no more. */
static void gone_zero(struct pen *p, struct snapshot *s, int64_t t)
{
    bool gone = t >= 60 * S;

    fresh(p, s, t, gone ? 0 : 2);
    deployment(p, MINE, ECS_PRIMARY, t < 90 * S ? ECS_ROLLOUT_IN_PROGRESS : ECS_ROLLOUT_COMPLETED,
               gone ? 0 : 2, 0);
    if (!gone) {
        deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 2, 2);
        task(p, "o1", OLD, "RUNNING", -OLD_AGE);
    }
    s->tasks_absence = ECS_SEEN;
}

static void test_gone_zero(void **unused)
{
    static struct run r;

    (void)unused;
    course(gone_zero, goal(), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_true(r.wanted_zero);
    assert_int_equal(r.count[FOLLOW_EVENT_SERVED_CHANGED], 1);
    assert_int_equal(r.first_s[FOLLOW_EVENT_SERVED_CHANGED], 60);
    assert_int_equal(r.state.lowest_healthy, 1);
}

/* An outage: the old ones are gone at 30, the new ones are up at 60 and count 40 s later (no balancer). */
static int balancers, grace;
static void outage(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 1);
    s->service.target_groups = balancers;
    s->service.grace_seconds = grace;
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, t >= 60 * S);
    s->tasks_absence = ECS_SEEN;
    if (t < 30 * S)
        task(p, "o1", OLD, "RUNNING", -OLD_AGE);
    if (t >= 60 * S)
        task(p, "n1", MINE, "RUNNING", 60 * S);
}

static void test_outage(void **unused)
{
    static struct run r;

    (void)unused;
    balancers = 0;
    course(outage, goal(), 300, &r);
    assert_int_equal(r.count[FOLLOW_EVENT_SERVED_CHANGED], 2);
    assert_int_equal(r.first_s[FOLLOW_EVENT_SERVED_CHANGED], 30);
    assert_int_equal(r.first_s[FOLLOW_EVENT_NEW_SERVE], 100);
    assert_true(r.state.not_served_total_ms == 70 * S);
    assert_true(r.state.served_since_ms == T0 + 100 * S);
    assert_int_equal(r.state.lowest_healthy, 0);
    balancers = 1;
    course(outage, goal(), 300, &r);
    assert_int_equal(r.first_s[FOLLOW_EVENT_NEW_SERVE], 240);
    grace = 300; /* a task that the balancer refuses lives that much longer */
    course(outage, goal(), 600, &r);
    assert_int_equal(r.first_s[FOLLOW_EVENT_NEW_SERVE], 540);
}

/* What counts as serving: one task, seen at 100 s. */
static void test_served_rules(void **unused)
{
    static const struct {
        const char *by, *status, *desired, *health;
        int64_t started_s;
        int target_groups;
        enum follow_served want;
    } rows[] = {
        {OLD, "RUNNING", "RUNNING", "UNKNOWN", -86400, 1, SERVED_YES},
        {OLD, "RUNNING", "RUNNING", "UNHEALTHY", -86400, 1, SERVED_NO},
        {OLD, "RUNNING", "STOPPED", "UNKNOWN", -86400, 1, SERVED_NO},
        {OLD, "DEACTIVATING", "STOPPED", "HEALTHY", -86400, 1, SERVED_NO},
        {MINE, "RUNNING", "RUNNING", "HEALTHY", 90, 1, SERVED_YES},
        {MINE, "RUNNING", "RUNNING", "UNKNOWN", 70, 0, SERVED_NO},
        {MINE, "RUNNING", "RUNNING", "UNKNOWN", 60, 0, SERVED_YES},
        {MINE, "RUNNING", "RUNNING", "", 60, 0, SERVED_YES},
        {MINE, "RUNNING", "RUNNING", "UNKNOWN", 60, 1, SERVED_NO},
        {MINE, "RUNNING", "RUNNING", "UNHEALTHY", 10, 0, SERVED_NO},
        {MINE, "PENDING", "RUNNING", "UNKNOWN", 10, 0, SERVED_NO},
        {OLD, "RUNNING", "RUNNING", "UNKNOWN", 90, 0, SERVED_NO}, /* started by a rollback */
    };
    static struct snapshot s;
    static struct follow_state state;
    static struct follow_output out;
    struct follow_goal g = goal();

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pen p;
        struct ecs_task *t;

        fresh(&p, &s, 100 * S, 2);
        s.service.target_groups = rows[i].target_groups;
        deployment(&p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, strcmp(rows[i].status, "RUNNING") == 0);
        t = task(&p, "x", rows[i].by, rows[i].status, rows[i].started_s * S);
        TEXT_COPY(t->desired_status, rows[i].desired);
        TEXT_COPY(t->health, rows[i].health);
        follow_begin(&g, &state);
        follow_step(&g, &state, &s, T0 + 100 * S, &out);
        print_message("row %zu\n", i);
        assert_int_equal(state.served, rows[i].want);
    }
    s.service.running = 1;
    /* a task list that contradicts the service says nothing */
    s.task_count = 0;
    follow_begin(&g, &state);
    follow_step(&g, &state, &s, T0 + 100 * S, &out);
    assert_int_equal(state.served, SERVED_UNKNOWN);
}

/* Old tasks that died by themselves are no proof that new ones are healthy, nor is a scale-in under 100 %. */
static void test_trust(void **unused)
{
    static struct snapshot s;
    static struct follow_state state;
    static struct follow_output out;
    struct follow_goal g = goal();

    (void)unused;
    for (int i = 0; i < 4; i++) {
        struct pen p;

        fresh(&p, &s, 100 * S, 1);
        s.service.target_groups = 1;
        s.service.minimum_healthy_percent = i == 1 ? 50 : 100;
        deployment(&p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, 1);
        task(&p, "n", MINE, "RUNNING", 30 * S);
        if (i < 2)
            scaled_in(&p, "o", OLD, 90 * S, MINE);
        if (i == 2)
            scaled_in(&p, "o", OLD, 90 * S, NEWER);
        if (i == 3)
            dead(&p, "o", OLD, -OLD_AGE, 90 * S, 1);
        follow_begin(&g, &state);
        follow_step(&g, &state, &s, T0 + 100 * S, &out);
        assert_int_equal(state.new_serve_ms != 0, i == 0);
    }
}

static void test_wants_tasks(void **unused)
{
    static struct snapshot s;
    static struct follow_state state;
    static struct follow_output out;
    struct follow_goal g = goal();
    struct pen p;

    (void)unused;
    follow_begin(&g, &state);
    ok(&p, &s, 40 * S);
    assert_true(follow_wants_tasks(&g, &state, &s, T0 + 40 * S)); /* never read */
    follow_step(&g, &state, &s, T0 + 40 * S, &out);
    assert_false(follow_wants_tasks(&g, &state, &s, T0 + 45 * S)); /* nothing moved */
    assert_true(follow_wants_tasks(&g, &state, &s, T0 + 70 * S));  /* 30 s */
    s.service.deployments[0].running = 1;
    assert_true(follow_wants_tasks(&g, &state, &s, T0 + 45 * S));
    ok(&p, &s, 40 * S);
    event(&p, "new", 39 * S, "something");
    assert_true(follow_wants_tasks(&g, &state, &s, T0 + 45 * S));
    ok(&p, &s, 40 * S);
    s.service.deployments[0].rollout = ECS_ROLLOUT_FAILED;
    assert_true(follow_wants_tasks(&g, &state, &s, T0 + 45 * S));
    unreadable(&p, ECS_THROTTLED, "");
    assert_false(follow_wants_tasks(&g, &state, &s, T0 + 300 * S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_image_missing_without_breaker),
        cmocka_unit_test(test_blind),
        cmocka_unit_test(test_blind_for_good),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_events_once),
        cmocka_unit_test(test_all_stopped_tasks_told),
        cmocka_unit_test(test_endless_crash_loop),
        cmocka_unit_test(test_gone_zero),
        cmocka_unit_test(test_outage),
        cmocka_unit_test(test_served_rules),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_wants_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
