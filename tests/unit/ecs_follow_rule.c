/* The traps of the decision rule, a row each: how ECS shows it, and what it means. */
#include "ecs_follow_pen.h"

static void in_progress(struct pen *p, struct snapshot *s, int64_t t, int mine, int old)
{
    fresh(p, s, t, 2);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, mine);
    deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 2, old);
}

/* Early success: old tasks still run, and not all new ones do. */
static void deferred(struct pen *p, struct snapshot *s, int64_t t)
{
    in_progress(p, s, t, t < 30 * S ? 0 : 1, 2);
    detail(p, t < 60 * S ? "IN_PROGRESS" : "SUCCESSFUL");
}

/* ROLLBACK_FAILED, said by the detail alone. */
static void rollback_failed(struct pen *p, struct snapshot *s, int64_t t)
{
    in_progress(p, s, t, 0, 2);
    if (t >= 40 * S)
        TEXT_COPY(detail(p, "ROLLBACK_FAILED")->status_reason, "No capacity to roll back.");
}

/* An alarm sends it back; the detail names it. */
static void alarm(struct pen *p, struct snapshot *s, int64_t t)
{
    struct ecs_rollout_detail *d;

    fresh(p, s, t, 2);
    s->service.alarms = 1;
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, 2);
    deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 2, 2);
    d = detail(p, t < 50 * S ? "IN_PROGRESS" : t < 80 * S ? "ROLLBACK_IN_PROGRESS" : "ROLLBACK_SUCCESSFUL");
    if (t >= 50 * S) {
        TEXT_COPY(d->alarm_status, "TRIGGERED");
        TEXT_COPY(d->triggered_alarms, "api-5xx, api-latency");
        TEXT_COPY(d->rollback_to, OLD);
    }
}

/* A hook sends it back. */
static void hook(struct pen *p, struct snapshot *s, int64_t t)
{
    struct ecs_rollout_detail *d;

    in_progress(p, s, t, 2, 2);
    d = detail(p, t < 50 * S ? "IN_PROGRESS" : "ROLLBACK_SUCCESSFUL");
    if (t >= 50 * S)
        TEXT_COPY(d->status_reason, "Service deployment rolled back because TEST_TRAFFIC_SHIFT lifecycle "
                                    "hook(s) failed.");
}

/* The history is a step ahead of the detail. */
static void history_ahead(struct pen *p, struct snapshot *s, int64_t t)
{
    in_progress(p, s, t, 2, 0);
    detail(p, "IN_PROGRESS");
    history(p, MINE, t < 50 * S ? "IN_PROGRESS" : "SUCCESSFUL", "", 1);
}

/* A detail of another deployment says nothing of ours. */
static void not_ours(struct pen *p, struct snapshot *s, int64_t t)
{
    in_progress(p, s, t, 0, 2);
    TEXT_COPY(detail(p, "SUCCESSFUL")->deployment_id, OLD);
}

/* Events name our id before deployments[] shows it. */
static void event_completed(struct pen *p, struct snapshot *s, int64_t t)
{
    in_progress(p, s, t, 2, 0);
    event(p, "e", 70 * S, "(service api) (deployment " MINE ") deployment completed.");
}

static void event_of_another(struct pen *p, struct snapshot *s, int64_t t)
{
    in_progress(p, s, t, 2, 0);
    event(p, "e", 70 * S, "(service api) (deployment " OLD ") deployment completed.");
}

static void event_failed(struct pen *p, struct snapshot *s, int64_t t)
{
    in_progress(p, s, t, 0, 2);
    event(p, "e", 70 * S, "(service api) (deployment " MINE ") deployment failed: tasks failed to start.");
}

/* Stopped by somebody, nothing newer; and stopped by a newer one that only deployments[] shows. */
static void aborted(struct pen *p, struct snapshot *s, int64_t t)
{
    in_progress(p, s, t, 1, 2);
    detail(p, t < 50 * S ? "STOP_REQUESTED" : "STOPPED");
}

static void stopped_by_newer(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    if (t >= 50 * S)
        deployment(p, NEWER, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 0, 0);
    deployment(p, MINE, t >= 50 * S ? ECS_ACTIVE : ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, 1);
    detail(p, t < 50 * S ? "IN_PROGRESS" : "STOPPED");
}

/* A breaker that may roll back, and nothing to go back to. */
static void nothing_before(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    s->service.breaker = s->service.breaker_rollback = true;
    deployment(p, MINE, ECS_PRIMARY, t < 50 * S ? ECS_ROLLOUT_IN_PROGRESS : ECS_ROLLOUT_FAILED, 2, 0);
}

static void no_rollback(struct pen *p, struct snapshot *s, int64_t t)
{
    nothing_before(p, s, t);
    s->service.breaker_rollback = false;
}

/* Other controllers: nothing to see, or counts of nothing. */
static void code_deploy(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 2);
    TEXT_COPY(s->service.controller, "CODE_DEPLOY");
    s->service.running = 2;
}

static void external(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 0);
    TEXT_COPY(s->service.controller, "EXTERNAL");
}

static void counts_of_nothing(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 0);
    TEXT_COPY(s->service.controller, "EXTERNAL");
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_ABSENT, 0, 0);
}

/* No rollout state behind a load balancer that can be asked: running is not healthy. */
static void running_not_healthy(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 1);
    s->service.target_groups = 1;
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_ABSENT, 1, 1);
    task(p, "1", MINE, "RUNNING", 5 * S);
    target(p, 0, t < 200 * S ? ECS_TARGET_UNHEALTHY : ECS_TARGET_HEALTHY);
}

/* A daemon: the count is ECS's own. */
static void daemon_grows(struct pen *p, struct snapshot *s, int64_t t)
{
    int hosts = t < 30 * S ? 2 : 3;

    fresh(p, s, t, hosts);
    TEXT_COPY(s->service.strategy, "DAEMON");
    deployment(p, MINE, ECS_PRIMARY, t < 60 * S ? ECS_ROLLOUT_IN_PROGRESS : ECS_ROLLOUT_COMPLETED, hosts,
               hosts);
}

static void autoscaled(struct pen *p, struct snapshot *s, int64_t t)
{
    int wanted = t < 30 * S ? 2 : t < 60 * S ? 4 : 3;

    fresh(p, s, t, wanted);
    deployment(p, MINE, ECS_PRIMARY, t < 90 * S ? ECS_ROLLOUT_IN_PROGRESS : ECS_ROLLOUT_COMPLETED, wanted,
               wanted);
    if (t == 45 * S) { /* a stale answer in between shows another count, and changes nothing */
        fresh(p, s, t, 9);
        deployment(p, OLD, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 2, 2);
    }
}

static const struct row {
    draw *of;
    enum follow_verdict verdict;
    int at_s;
    enum follow_by by;
    const char *text, *note; /* parts */
    int count_changes;
} rows[] = {
    {deferred, VERDICT_SUCCEEDED, 60, BY_UNKNOWN, "", "2 tasks of it run on", 0},
    {deferred, VERDICT_SUCCEEDED, 60, BY_UNKNOWN, "", "with 1 of 2 new tasks running", 0},
    {rollback_failed, VERDICT_FAILED, 40, BY_PERSON, "No capacity", "could not", 0},
    {alarm, VERDICT_ROLLED_BACK, 80, BY_ALARM, "", "In alarm: api-5xx, api-latency.", 0},
    {hook, VERDICT_ROLLED_BACK, 50, BY_HOOK, "hook(s) failed", "", 0},
    {history_ahead, VERDICT_SUCCEEDED, 50, BY_UNKNOWN, "", "", 0},
    {not_ours, VERDICT_NONE, 0, BY_UNKNOWN, "", "", 0},
    {event_completed, VERDICT_SUCCEEDED, 70, BY_UNKNOWN, "", "", 0},
    {event_of_another, VERDICT_NONE, 0, BY_UNKNOWN, "", "", 0},
    {event_failed, VERDICT_FAILED, 70, BY_BREAKER, "tasks failed to start", "", 0},
    {aborted, VERDICT_FAILED, 110, BY_PERSON, "stopped by someone", "", 0},
    {stopped_by_newer, VERDICT_SUPERSEDED, 50, BY_UNKNOWN, "", "", 0},
    {nothing_before, VERDICT_FAILED, 170, BY_UNKNOWN, "", "no completed deployment to go back to", 0},
    {no_rollback, VERDICT_FAILED, 50, BY_UNKNOWN, "", "starts no more new tasks", 0},
    {code_deploy, VERDICT_STOPPED_FOLLOWING, 65, BY_UNKNOWN, "CodeDeploy", "", 0},
    {external, VERDICT_STOPPED_FOLLOWING, 65, BY_UNKNOWN, "EXTERNAL", "", 1},
    {counts_of_nothing, VERDICT_NONE, 0, BY_UNKNOWN, "", "", 1},
    {running_not_healthy, VERDICT_SUCCEEDED, 205, BY_UNKNOWN, "", "", 1},
    {daemon_grows, VERDICT_SUCCEEDED, 60, BY_UNKNOWN, "", "", 0},
    {autoscaled, VERDICT_SUCCEEDED, 90, BY_UNKNOWN, "", "", 2},
};

static void test_rows(void **unused)
{
    static struct run r;

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("row %zu\n", i);
        course(rows[i].of, goal(), 300, &r);
        assert_int_equal(r.verdict, rows[i].verdict);
        if (r.verdict != VERDICT_NONE)
            assert_int_equal(r.ended_s, rows[i].at_s);
        assert_int_equal(r.state.by, rows[i].by);
        assert_non_null(strstr(r.text, rows[i].text));
        assert_non_null(strstr(r.state.note, rows[i].note));
        if (!*rows[i].note)
            assert_string_equal(r.state.note, "");
        assert_int_equal(r.count[FOLLOW_EVENT_COUNT_CHANGED], rows[i].count_changes);
    }
}

/* wanted follows the count of ECS. */
static void test_wanted_follows(void **unused)
{
    static struct run r;

    (void)unused;
    course(autoscaled, goal(), 300, &r);
    assert_int_equal(r.state.wanted, 3);
    assert_int_equal(r.first_s[FOLLOW_EVENT_COUNT_CHANGED], 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_wanted_follows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
