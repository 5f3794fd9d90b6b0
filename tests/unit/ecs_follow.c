/* What became of our deployment: the verdicts, course by course. */
#include "ecs_follow_pen.h"

static void test_ok(void **unused)
{
    static struct run r;

    (void)unused;
    course(ok, goal(), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 120);
    assert_false(r.wanted_zero);
    assert_int_equal(r.count[FOLLOW_EVENT_NEW_SERVE], 1);
    assert_int_equal(r.first_s[FOLLOW_EVENT_NEW_SERVE], 60);
    assert_int_equal(r.count[FOLLOW_EVENT_SERVED_CHANGED], 0);
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 0);
    assert_int_equal(r.count[FOLLOW_EVENT_PHASE], 3);
    assert_int_equal(r.state.lowest_healthy, 2);
    assert_true(r.state.not_served_total_ms == 0);
    assert_int_equal(r.state.served, SERVED_YES);
    /* each once, in order; steady state comes after our end, older ones are not ours to tell */
    assert_string_equal(r.told, "(service api) was at work just before.|"
                                "(service api) has started 2 tasks: (task n1) (task n2).|"
                                "(service api) has begun draining connections on 2 tasks.|"
                                "(service api) (deployment " MINE ") deployment completed.|");
}

/* Crash loop, breaker with rollback: ours FAILED at 200, old PRIMARY again at 210, steady at 240. */
static void crash_loop(struct pen *p, struct snapshot *s, int64_t t)
{
    struct ecs_deployment *mine, *old;

    fresh(p, s, t, 2);
    s->service.breaker = s->service.breaker_rollback = true;
    if (t < 210 * S) {
        mine = deployment(p, MINE, ECS_PRIMARY, t < 200 * S ? ECS_ROLLOUT_IN_PROGRESS : ECS_ROLLOUT_FAILED, 2,
                          0);
        deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 2, 2);
    } else {
        old = deployment(p, OLD, ECS_PRIMARY, t < 240 * S ? ECS_ROLLOUT_IN_PROGRESS : ECS_ROLLOUT_COMPLETED,
                         2, 2);
        old->updated_ms = T0 + 210 * S;
        mine = t < 230 * S ? deployment(p, MINE, ECS_ACTIVE, ECS_ROLLOUT_FAILED, 0, 0) : NULL;
    }
    if (mine && mine->rollout == ECS_ROLLOUT_FAILED)
        TEXT_COPY(mine->rollout_reason, "ECS deployment circuit breaker: tasks failed to start.");
    event(p, "e4", 240 * S, "(service api) (deployment " OLD ") deployment completed.");
    event(p, "e3", 210 * S, "(service api) rolling back to deployment " OLD ".");
    event(p, "e2", 200 * S, "(service api) (deployment " MINE ") deployment failed: tasks failed to start.");
    task(p, "o1", OLD, "RUNNING", -OLD_AGE);
    task(p, "o2", OLD, "RUNNING", -OLD_AGE);
    dead(p, "n1", MINE, 10 * S, 58 * S, 1);
    dead(p, "n2", MINE, 70 * S, 110 * S, 1);
    dead(p, "n3", MINE, 120 * S, 160 * S, 137);
}

static void test_crash_loop_with_rollback(void **unused)
{
    static struct run r;

    (void)unused;
    course(crash_loop, goal(), 400, &r);
    assert_int_equal(r.verdict, VERDICT_ROLLED_BACK);
    assert_int_equal(r.ended_s, 240);
    assert_int_equal(r.state.by, BY_BREAKER);
    assert_string_equal(r.state.other_id, OLD);
    assert_non_null(strstr(r.text, "tasks failed to start"));
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 3);
    assert_int_equal(r.first_s[FOLLOW_EVENT_TASK_STOPPED], 60);
    assert_int_equal(r.first_s[FOLLOW_EVENT_NOT_STABILISING], 110);
    assert_int_equal(r.state.same_reason, 2);
    assert_int_equal(r.count[FOLLOW_EVENT_SERVED_CHANGED], 0);
}

/* The same without events, without our entry, seen for the first time after all is over. */
static void away(struct pen *p, struct snapshot *s, int64_t t)
{
    if (t < 300 * S && t > 20 * S) {
        fresh(p, s, t, 2);
        unreadable(p, ECS_NOT_READ, "");
        return;
    }
    crash_loop(p, s, t);
    s->service.event_count = 0;
}

static void test_rolled_back_while_away(void **unused)
{
    static struct run r;

    (void)unused;
    course(away, goal(), 600, &r);
    assert_int_equal(r.verdict, VERDICT_ROLLED_BACK);
    assert_int_equal(r.ended_s, 300);
}

/* Failed with a breaker that does not roll back, and one whose rollback has nothing to go to. */
static bool may_roll_back;
static void failed(struct pen *p, struct snapshot *s, int64_t t)
{
    struct ecs_deployment *mine;

    fresh(p, s, t, 2);
    s->service.breaker = true;
    s->service.breaker_rollback = may_roll_back;
    mine = deployment(p, MINE, ECS_PRIMARY, t < 50 * S ? ECS_ROLLOUT_IN_PROGRESS : ECS_ROLLOUT_FAILED, 2, 0);
    if (t >= 50 * S)
        TEXT_COPY(mine->rollout_reason, "ECS deployment circuit breaker: tasks failed to start.");
}

static void test_failed(void **unused)
{
    static struct run r;

    (void)unused;
    may_roll_back = false;
    course(failed, goal(), 400, &r);
    assert_int_equal(r.verdict, VERDICT_FAILED);
    assert_int_equal(r.ended_s, 50);
    assert_int_equal(r.state.by, BY_BREAKER);
    assert_string_equal(r.text, "ECS deployment circuit breaker: tasks failed to start.");
    may_roll_back = true;
    course(failed, goal(), 400, &r);
    assert_int_equal(r.verdict, VERDICT_FAILED);
    assert_int_equal(r.ended_s, 170);
}

static void alarm_rollback(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    s->service.alarms = 1;
    if (t < 100 * S)
        deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, 2);
    deployment(p, OLD, t < 100 * S ? ECS_ACTIVE : ECS_PRIMARY,
               t < 100 * S || t >= 130 * S ? ECS_ROLLOUT_COMPLETED : ECS_ROLLOUT_IN_PROGRESS, 2, 2);
    event(p, "e3", 100 * S + 1, "(service api) rolling back to deployment " OLD ".");
    event(p, "e2", 100 * S, "(service api) (deployment " MINE ") deployment failed: alarm detected.");
}

static void test_alarm_rollback(void **unused)
{
    static struct run r;

    (void)unused;
    course(alarm_rollback, goal(), 400, &r);
    assert_int_equal(r.verdict, VERDICT_ROLLED_BACK);
    assert_int_equal(r.ended_s, 130);
    assert_int_equal(r.state.by, BY_ALARM);
    assert_non_null(strstr(r.text, "alarm detected"));
}

/* A person's: StopServiceDeployment(ROLLBACK), told by the history; and without any history. */
static bool with_history;
static void person_rollback(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    s->service.breaker = s->service.breaker_rollback = with_history;
    if (t < 120 * S)
        deployment(p, MINE, t < 100 * S ? ECS_PRIMARY : ECS_ACTIVE, ECS_ROLLOUT_IN_PROGRESS, 2, 1);
    deployment(p, OLD, t < 100 * S ? ECS_ACTIVE : ECS_PRIMARY,
               t < 100 * S || t >= 130 * S ? ECS_ROLLOUT_COMPLETED : ECS_ROLLOUT_IN_PROGRESS, 2, 2);
    if (with_history && t >= 95 * S)
        history(p, MINE, t < 150 * S ? "ROLLBACK_IN_PROGRESS" : "ROLLBACK_SUCCESSFUL", "Rollback requested.",
                1);
}

static void test_person_rollback(void **unused)
{
    static struct run r;

    (void)unused;
    for (int i = 0; i < 2; i++) {
        with_history = i;
        course(person_rollback, goal(), 400, &r);
        assert_int_equal(r.verdict, VERDICT_ROLLED_BACK);
        assert_int_equal(r.ended_s, 130);
        assert_int_equal(r.state.by, BY_PERSON);
        assert_string_equal(r.state.other_id, OLD);
    }
}

static void rollback_failed(struct pen *p, struct snapshot *s, int64_t t)
{
    person_rollback(p, s, t);
    s->history_count = 0;
    deployment(p, MINE, ECS_ACTIVE, ECS_ROLLOUT_FAILED, 0, 0);
    s->service.deployments[0].rollout = ECS_ROLLOUT_IN_PROGRESS;
    if (t >= 100 * S)
        history(p, MINE, "ROLLBACK_FAILED", "Rollback failed.", 1);
}

static void test_history_alone(void **unused)
{
    static struct run r;

    (void)unused;
    course(rollback_failed, goal(), 400, &r);
    assert_int_equal(r.verdict, VERDICT_FAILED);
    assert_string_equal(r.text, "Rollback failed.");
}

static void superseded(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    if (t >= 60 * S)
        deployment(p, NEWER, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 0, 0);
    deployment(p, MINE, t < 60 * S ? ECS_PRIMARY : ECS_ACTIVE, ECS_ROLLOUT_IN_PROGRESS, 2, 1);
    deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 2, 2);
}

static void test_superseded(void **unused)
{
    static struct run r;

    (void)unused;
    course(superseded, goal(), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUPERSEDED);
    assert_int_equal(r.ended_s, 60);
    assert_string_equal(r.state.other_id, NEWER);
}

/* Ours had completed before the newer one came, and the bot was away then. */
static void completed_then_newer(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    deployment(p, NEWER, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 2, 2);
    event(p, "e1", 4 * S, "(service api) (deployment " MINE ") deployment completed.");
}

/* The history says stopped: by a newer one, or by somebody. */
static bool newer_in_history;
static void stopped(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, 1);
    history(p, MINE, "STOPPED", "", 1);
    if (newer_in_history)
        history(p, NEWER, "IN_PROGRESS", "", 60 * S);
}

static void test_ended_while_away(void **unused)
{
    static struct run r;

    (void)unused;
    course(completed_then_newer, goal(), 50, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    newer_in_history = true;
    course(stopped, goal(), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUPERSEDED);
    assert_int_equal(r.ended_s, 5);
    newer_in_history = false;
    course(stopped, goal(), 200, &r);
    assert_int_equal(r.verdict, VERDICT_FAILED);
    assert_int_equal(r.ended_s, 65);
}

/* Stale answers: for 20 s at the beginning, and once in the middle: the old one PRIMARY, ours not there. */
static void stale(struct pen *p, struct snapshot *s, int64_t t)
{
    if (t > 20 * S && (t < 40 * S || t > 50 * S)) {
        ok(p, s, t);
        return;
    }
    fresh(p, s, t, 2);
    deployment(p, OLD, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 2, 2);
}

static void test_stale_reads(void **unused)
{
    static struct run r;

    (void)unused;
    course(stale, goal(), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 120);
}

/* Ours never shows up: after a minute the old one counts. */
static void never_shown(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    deployment(p, OLD, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 2, 2);
}

static void test_never_shown(void **unused)
{
    static struct run r;

    (void)unused;
    course(never_shown, goal(), 200, &r);
    assert_int_equal(r.verdict, VERDICT_ROLLED_BACK);
    assert_int_equal(r.ended_s, 65);
}

/* 0 == 0: nothing is wanted of ours yet, for as long as it lasts. */
static enum ecs_rollout zero_rollout;
static void zero_is_zero(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    deployment(p, MINE, ECS_PRIMARY, zero_rollout, 0, 0);
    deployment(p, OLD, ECS_ACTIVE, zero_rollout ? ECS_ROLLOUT_COMPLETED : ECS_ROLLOUT_ABSENT, 2, 2);
}

static void test_zero_is_zero(void **unused)
{
    static struct run r;

    (void)unused;
    zero_rollout = ECS_ROLLOUT_IN_PROGRESS;
    course(zero_is_zero, goal(), 300, &r);
    assert_int_equal(r.verdict, VERDICT_NONE);
    assert_int_equal(r.state.phase, FOLLOW_STARTING);
    zero_rollout = ECS_ROLLOUT_ABSENT;
    course(zero_is_zero, goal(), 300, &r);
    assert_int_equal(r.verdict, VERDICT_NONE);
}

static void wanted_zero(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 0);
    deployment(p, MINE, ECS_PRIMARY, t < 15 * S ? ECS_ROLLOUT_IN_PROGRESS : ECS_ROLLOUT_COMPLETED, 0, 0);
    s->tasks_absence = ECS_SEEN;
}

static void test_wanted_zero(void **unused)
{
    static struct run r;
    struct follow_goal g = goal();

    (void)unused;
    g.wanted = 0;
    course(wanted_zero, g, 100, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 15);
    assert_true(r.wanted_zero);
    assert_int_equal(r.state.served, SERVED_NO);
    assert_int_equal(r.count[FOLLOW_EVENT_SERVED_CHANGED], 0);
    assert_int_equal(r.count[FOLLOW_EVENT_NEW_SERVE], 0);
    assert_int_equal(r.state.lowest_healthy, -1);
}

/* No rollout state: the only deployment, counts met, twice. 50 is met, 55 and 60 are not, 65 and 70 are. */
static void absent_rollout(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_ABSENT, t == 60 * S ? 1 : 2,
               t < 30 * S || t == 55 * S ? 1 : 2);
    if (t < 50 * S)
        deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_ABSENT, 2, 2);
}

static void test_absent_rollout(void **unused)
{
    static struct run r;

    (void)unused;
    course(absent_rollout, goal(), 200, &r);
    assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
    assert_int_equal(r.ended_s, 70);
}

/* MISSING for 40 s is lag; for longer the service is gone. DRAINING likewise. */
static int64_t missing_for_s;
static bool as_draining;
static void missing(struct pen *p, struct snapshot *s, int64_t t)
{
    ok(p, s, t);
    if (t < 10 * S || t >= (10 + missing_for_s) * S)
        return;
    if (as_draining) {
        TEXT_COPY(s->service.status, "DRAINING");
        return;
    }
    unreadable(p, ECS_REFUSED, "there is no service api");
    s->missing = true;
}

static void test_missing(void **unused)
{
    static struct run r;

    (void)unused;
    for (int i = 0; i < 2; i++) {
        as_draining = i;
        missing_for_s = 40;
        course(missing, goal(), 200, &r);
        assert_int_equal(r.verdict, VERDICT_SUCCEEDED);
        missing_for_s = 4000;
        course(missing, goal(), 200, &r);
        assert_int_equal(r.verdict, VERDICT_FAILED);
        assert_int_equal(r.ended_s, 70);
        assert_non_null(strstr(r.text, i ? "DRAINING" : "no service api"));
        assert_int_equal(r.count[FOLLOW_EVENT_BLIND], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ok),
        cmocka_unit_test(test_crash_loop_with_rollback),
        cmocka_unit_test(test_rolled_back_while_away),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_alarm_rollback),
        cmocka_unit_test(test_person_rollback),
        cmocka_unit_test(test_history_alone),
        cmocka_unit_test(test_superseded),
        cmocka_unit_test(test_ended_while_away),
        cmocka_unit_test(test_stale_reads),
        cmocka_unit_test(test_never_shown),
        cmocka_unit_test(test_zero_is_zero),
        cmocka_unit_test(test_wanted_zero),
        cmocka_unit_test(test_absent_rollout),
        cmocka_unit_test(test_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
