/* What the load balancer says, what it waits for, what silence and pace mean, and the proof of change. */
#include "ecs_follow_pen.h"

/* ---- served, by the load balancer */

static struct snapshot s;
static struct follow_state state;
static struct follow_output out;

/* One old and one new task, each with a target or none, seen at 100 s. */
static void test_served_by_targets(void **unused)
{
    enum { NONE = -1, OK = ECS_TARGET_HEALTHY, BAD = ECS_TARGET_UNHEALTHY, BOOT = ECS_TARGET_INITIAL };
    static const struct {
        int old, fresh_one, second; /* second: the new one in another group; NONE: not listed */
        int serving, new_serving, healthy, total;
    } rows[] = {
        {OK, NONE, NONE, 1, 0, 1, 1},
        {OK, BOOT, NONE, 1, 0, 1, 2},
        {OK, OK, NONE, 2, 1, 2, 2},
        {OK, OK, BAD, 1, 0, 1, 2}, /* healthy to every group that lists it */
        {OK, OK, OK, 2, 1, 2, 2},
        {BAD, BAD, NONE, 0, 0, 0, 2}, /* both run, and nobody is served */
        {NONE, NONE, NONE, 0, 0, 0, 0},
        {ECS_TARGET_DRAINING, OK, NONE, 1, 1, 1, 1},
        {ECS_TARGET_UNUSED, BOOT, NONE, 0, 0, 0, 1},
    };
    struct follow_goal g = goal();

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pen p;

        fresh(&p, &s, 100 * S, 1);
        s.service.target_groups = 2;
        s.targets_absence = ECS_SEEN;
        deployment(&p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, 1);
        deployment(&p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 1, 1);
        TEXT_COPY(task(&p, "1", OLD, "RUNNING", -OLD_AGE)->address, "10.0.0.1");
        if (rows[i].old != NONE)
            target(&p, 0, (enum ecs_target_state)rows[i].old);
        TEXT_COPY(task(&p, "2", MINE, "RUNNING", 10 * S)->address, "10.0.0.2");
        if (rows[i].fresh_one != NONE)
            target(&p, 0, (enum ecs_target_state)rows[i].fresh_one);
        if (rows[i].second != NONE)
            target(&p, 1, (enum ecs_target_state)rows[i].second);
        follow_begin(&g, &state);
        follow_step(&g, &state, &s, T0 + 100 * S, &out);
        print_message("row %zu\n", i);
        assert_true(state.by_targets);
        assert_int_equal(state.serving, rows[i].serving);
        assert_int_equal(state.new_serving, rows[i].new_serving);
        assert_int_equal(state.served, rows[i].serving ? SERVED_YES : SERVED_NO);
        assert_int_equal(state.targets_healthy, rows[i].healthy);
        assert_int_equal(state.targets_total, rows[i].total);
        assert_int_equal(state.lowest_healthy, rows[i].serving);
        assert_int_equal(state.new_serve_ms != 0, rows[i].new_serving == 1);
        assert_int_equal(strstr(state.sick_target, "[502], Target.ResponseCodeMismatch (port 5000)") != NULL,
                         rows[i].fresh_one == BAD || rows[i].second == BAD);
    }
}

/* A task that was told to stop serves no more, whatever its target still reads. */
static void test_stopping_is_not_serving(void **unused)
{
    struct follow_goal g = goal();
    struct pen p;

    (void)unused;
    fresh(&p, &s, 100 * S, 1);
    s.service.target_groups = 1;
    deployment(&p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, 1);
    TEXT_COPY(task(&p, "1", MINE, "RUNNING", 10 * S)->desired_status, "STOPPED");
    target(&p, 0, ECS_TARGET_HEALTHY);
    follow_begin(&g, &state);
    follow_step(&g, &state, &s, T0 + 100 * S, &out);
    assert_int_equal(state.served, SERVED_NO);
}

/* Instances cannot be told apart by task: one healthy is needed, tasks are judged as without a balancer. */
static void test_instances(void **unused)
{
    struct follow_goal g = goal();

    (void)unused;
    for (int healthy = 0; healthy < 2; healthy++) {
        struct pen p;

        fresh(&p, &s, 100 * S, 1);
        s.service.target_groups = 1;
        deployment(&p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, 0);
        deployment(&p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 1, 1);
        task(&p, "1", OLD, "RUNNING", -OLD_AGE);
        TEXT_COPY(target(&p, 0, healthy ? ECS_TARGET_HEALTHY : ECS_TARGET_UNHEALTHY)->id, "i-0123");
        s.tasks[0].address[0] = '\0';
        follow_begin(&g, &state);
        follow_step(&g, &state, &s, T0 + 100 * S, &out);
        assert_int_equal(state.served, healthy ? SERVED_YES : SERVED_NO);
    }
}

/* The balancer's last word stands for a minute when it cannot be asked; then the tasks count. */
static void sick_then_unread(struct pen *p, struct snapshot *to, int64_t t)
{
    fresh(p, to, t, 1);
    to->service.target_groups = 1;
    deployment(p, OLD, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 1, 1);
    task(p, "1", OLD, "RUNNING", -OLD_AGE);
    if (t <= 20 * S)
        target(p, 0, ECS_TARGET_UNHEALTHY);
    else
        to->targets_absence = ECS_THROTTLED;
}

static void test_last_word(void **unused)
{
    static struct run r;
    struct follow_goal g = goal();

    (void)unused;
    g.kind = FOLLOW_COUNT;
    g.wanted = 1;
    run(sick_then_unread, g, 75, -1, &r);
    assert_int_equal(r.state.served, SERVED_NO);
    assert_true(r.state.by_targets);
    run(sick_then_unread, g, 80, -1, &r);
    assert_int_equal(r.state.served, SERVED_YES);
    assert_false(r.state.by_targets);
    assert_int_equal(r.state.targets_total, -1);
}

/* New tasks serve as soon as the balancer says so, long before they have outlived what a refused one does. */
static void healthy_early(struct pen *p, struct snapshot *to, int64_t t)
{
    fresh(p, to, t, 1);
    to->service.target_groups = 1;
    to->service.grace_seconds = 300;
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, 1);
    task(p, "1", MINE, "RUNNING", 5 * S);
    target(p, 0, t < 60 * S ? ECS_TARGET_UNHEALTHY : ECS_TARGET_HEALTHY);
}

/* The one that it kills is told with its last word. */
static void killed_by_balancer(struct pen *p, struct snapshot *to, int64_t t)
{
    struct ecs_task *one;

    healthy_early(p, to, t < 50 * S ? t : 50 * S);
    to->service_as_of_ms = to->tasks_as_of_ms = to->targets_as_of_ms = T0 + t;
    if (t < 70 * S)
        return;
    to->task_count = to->target_count = 0;
    one = task(p, "1", MINE, "STOPPED", 5 * S);
    one->stopped_ms = T0 + 70 * S;
    TEXT_COPY(one->stop_code, "ServiceSchedulerInitiated");
    TEXT_COPY(one->stopped_reason, "Task failed ELB health checks in (target-group arn)");
}

static void test_balancers_word(void **unused)
{
    static struct run r;

    (void)unused;
    course(healthy_early, goal(), 100, &r);
    assert_int_equal(r.first_s[FOLLOW_EVENT_NEW_SERVE], 60);
    course(killed_by_balancer, goal(), 100, &r);
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 1);
    assert_non_null(strstr(r.state.last_reason, "last word on a new task: Health checks failed with these "
                                                "codes: [502]"));
    assert_int_equal(follow_same_reason(&r.state, "target:"), 1);
    assert_int_equal(follow_same_reason(&r.state, "exit:1:api"), 0);
}

/* ---- what it waits for */

struct look {
    int at_s;
    const char *status; /* of the new task; NULL = there is none */
    int started_s, groups, grace_s;
    const char *event; /* of 5 s before */
    enum follow_wait wait;
    int until_s; /* 0 = unknown */
    const char *detail;
};

static const struct look looks[] = {
    {20, NULL, 0, 1, 300, "", FOLLOW_WAIT_PLACING, 0, ""},
    {20, NULL, 0, 1, 300,
     "(service api) was unable to place a task. Reason: Capacity is unavailable at this time.",
     FOLLOW_WAIT_PLACING, 0, "was unable to place a task. Reason: Capacity is unavailable"},
    {20, NULL, 0, 1, 300, "(service api) operations are being throttled. Will try again later.",
     FOLLOW_WAIT_PLACING, 0, "operations are being throttled"},
    {20, NULL, 0, 1, 300,
     "(service api) was unable to stop or start tasks during a deployment because of the service deployment "
     "configuration.",
     FOLLOW_WAIT_PLACING, 0, "unable to stop or start tasks"},
    {20, "PROVISIONING", 0, 1, 300, "", FOLLOW_WAIT_PLACING, 0, ""},
    {20, "PENDING", 0, 1, 300, "", FOLLOW_WAIT_PULLING, 0, ""},
    {20, "ACTIVATING", 0, 1, 300, "", FOLLOW_WAIT_STARTING, 0, ""},
    {60, "RUNNING", 40, 1, 300, "", FOLLOW_WAIT_GRACE, 340, ""},
    {341, "RUNNING", 40, 1, 300, "", FOLLOW_WAIT_CHECKS, 0, ""},
    {60, "RUNNING", 40, 1, -1, "", FOLLOW_WAIT_CHECKS, 0, ""},
    {60, "RUNNING", 40, 0, 300, "", FOLLOW_WAIT_CHECKS, 80, ""},
    {100, "RUNNING", 40, 0, 300, "", FOLLOW_WAIT_DRAINING, 0, ""},
    {100, "RUNNING", 40, 0, 300,
     "(service api) was unable to reach steady state because task set (x) was unable to scale in. Reason: "
     "The "
     "number of protected tasks are more than the desired count of tasks.",
     FOLLOW_WAIT_DRAINING, 0, "protected tasks"},
};

static void draw_look(const struct look *l, struct pen *p)
{
    int64_t t = l->at_s * S;
    bool runs = l->status && strcmp(l->status, "RUNNING") == 0;
    struct ecs_deployment *mine;

    fresh(p, &s, t, 1);
    s.service.target_groups = l->groups;
    s.service.grace_seconds = l->grace_s;
    mine = deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, runs);
    mine->pending = l->status && !runs;
    deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 1, 1);
    task(p, "1", OLD, "RUNNING", -OLD_AGE);
    if (l->status)
        task(p, "2", MINE, l->status, l->started_s * S);
    if (*l->event)
        event(p, "e", t - 5 * S, l->event);
}

static void test_waits(void **unused)
{
    struct follow_goal g = goal();

    (void)unused;
    g.wanted = 1;
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        struct pen p;
        int64_t until = looks[i].until_s ? T0 + looks[i].until_s * S : 0;

        draw_look(&looks[i], &p);
        follow_begin(&g, &state);
        follow_step(&g, &state, &s, p.t + T0, &out);
        print_message("row %zu: %s %s\n", i, follow_wait_word(state.wait), state.wait_detail);
        assert_int_equal(state.wait, looks[i].wait);
        assert_true(state.wait_until_ms == until);
        assert_non_null(strstr(state.wait_detail, looks[i].detail));
        assert_true(state.wait_since_ms == p.t + T0);
    }
}

/* An obstacle that was overcome is none any more; failures explain an empty place. */
static void test_wait_details(void **unused)
{
    static struct run r;
    struct follow_goal g = goal();
    struct pen p;

    (void)unused;
    fresh(&p, &s, 60 * S, 2);
    deployment(&p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, 1);
    event(&p, "b", 50 * S, "(service api) has started 1 tasks: (task 2).");
    event(&p, "a", 40 * S, "(service api) was unable to place a task. Reason: Internal error.");
    dead(&p, "1", MINE, 10 * S, 30 * S, 1);
    follow_begin(&g, &state);
    follow_step(&g, &state, &s, T0 + 60 * S, &out);
    assert_int_equal(state.wait, FOLLOW_WAIT_PLACING);
    assert_non_null(strstr(state.wait_detail, "before it tries again"));
    /* over the usual course */
    run(ok, goal(), 5, -1, &r);
    assert_int_equal(r.state.wait, FOLLOW_WAIT_PULLING);
    run(ok, goal(), 100, -1, &r);
    assert_int_equal(r.state.wait, FOLLOW_WAIT_NOTHING);
    run(ok, goal(), 200, -1, &r);
    assert_int_equal(r.state.wait, FOLLOW_WAIT_NOTHING);
}

/* ---- hooks, stages, bake time */

static void paused(struct pen *p, struct snapshot *to, int64_t t)
{
    struct ecs_rollout_detail *d;

    fresh(p, to, t, 1);
    TEXT_COPY(to->service.rollout_strategy, "BLUE_GREEN");
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, 1);
    deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 1, 1);
    if (t == 25 * S)
        return; /* not read: still paused */
    d = detail(p, "IN_PROGRESS");
    TEXT_COPY(d->stage, t < 40 * S ? "TEST_TRAFFIC_SHIFT" : t < 60 * S ? "BAKE_TIME" : "SCALE_UP");
    d->bake_minutes = 10;
    if ((t >= 10 * S && t < 40 * S) || t >= 80 * S) {
        d->paused = true;
        TEXT_COPY(d->hook, "approve");
        TEXT_COPY(d->hook_status, "AWAITING_ACTION");
        TEXT_COPY(d->hook_stage, d->stage);
        d->hook_expires_ms = T0 + 86400 * S;
    }
}

static void test_paused(void **unused)
{
    static const struct {
        int at_s;
        enum follow_wait wait;
        const char *detail;
        int until_s;
    } rows[] = {
        {5, FOLLOW_WAIT_STAGE, "TEST_TRAFFIC_SHIFT", 0},
        {20, FOLLOW_WAIT_HOOK, "approve at TEST_TRAFFIC_SHIFT, waits for a person", 86400},
        {50, FOLLOW_WAIT_BAKE, "", 640},
        {70, FOLLOW_WAIT_STAGE, "SCALE_UP", 0},
    };
    static struct run r;

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run(paused, goal(), rows[i].at_s, -1, &r);
        print_message("row %zu\n", i);
        assert_int_equal(r.state.wait, rows[i].wait);
        assert_string_equal(r.state.wait_detail, rows[i].detail);
        assert_true(r.state.wait_until_ms == (rows[i].until_s ? T0 + rows[i].until_s * S : 0));
    }
    course(paused, goal(), 120, &r);
    assert_int_equal(r.count[FOLLOW_EVENT_PAUSED], 2); /* each pause once */
    assert_int_equal(r.first_s[FOLLOW_EVENT_PAUSED], 10);
}

/* ---- silence and pace */

/* Nothing happens from 20 s on; at 400 s a task starts, and never runs. */
static void silent(struct pen *p, struct snapshot *to, int64_t t)
{
    fresh(p, to, t, 2);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 2, 0)->pending = t >= 400 * S;
    deployment(p, OLD, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, 2, 2);
    to->tasks_absence = ECS_SEEN;
    task(p, "o", OLD, "RUNNING", -OLD_AGE);
    if (t >= 400 * S)
        task(p, "n", MINE, "PENDING", 400 * S);
    event(p, "e", 20 * S, "(service api) operations are being throttled. Will try again later.");
}

static void test_silence(void **unused)
{
    static struct run r;
    struct follow_goal g = goal();

    (void)unused;
    g.slow_after_ms = g.remind_every_ms = 3000 * S;
    course(silent, g, 1000, &r);
    assert_int_equal(r.first_s[FOLLOW_EVENT_SILENCE], 320);
    assert_int_equal(r.count[FOLLOW_EVENT_SILENCE], 2); /* again only after something happened */
    run(ok, goal(), 115, -1, &r);
    assert_int_equal(r.count[FOLLOW_EVENT_SILENCE], 0);
}

/* Starts at 10, 70, 140, 240, 420 s, each dead after 20 s: the gaps grow. Evenly: they do not. */
static bool grows;
static void pace(struct pen *p, struct snapshot *to, int64_t t)
{
    static const int growing[] = {10, 70, 140, 240, 420}, even[] = {10, 70, 130, 190, 250};

    fresh(p, to, t, 1);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, 0);
    to->tasks_absence = ECS_SEEN;
    for (int i = 0; i < 5; i++) {
        int64_t start = (grows ? growing : even)[i] * S;
        char id[8];

        TEXT_FORMAT(id, "n%d", i);
        dead(p, id, MINE, start, start + 20 * S, 1);
    }
}

static void test_pace(void **unused)
{
    static struct run r;

    (void)unused;
    grows = true;
    course(pace, goal(), 500, &r);
    assert_int_equal(r.count[FOLLOW_EVENT_SLOWING], 1);
    assert_int_equal(r.first_s[FOLLOW_EVENT_SLOWING], 260); /* the fourth start, seen when it is dead */
    grows = false;
    course(pace, goal(), 500, &r);
    assert_int_equal(r.count[FOLLOW_EVENT_SLOWING], 0);
}

/* AWS takes hosts away: told, but no sign that new tasks cannot start. */
static void interrupted(struct pen *p, struct snapshot *to, int64_t t)
{
    fresh(p, to, t, 1);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, 0)->failed = t < 50 * S ? 1 : 2;
    to->tasks_absence = ECS_SEEN;
    for (int i = 0; i < 2; i++) {
        size_t before = to->task_count;

        dead(p, i ? "n1" : "n2", MINE, 10 * S, (i ? 30 : 50) * S, 143);
        if (to->task_count > before)
            TEXT_COPY(to->tasks[before].stop_code, "SpotInterruption");
    }
}

static void test_interrupted(void **unused)
{
    static struct run r;

    (void)unused;
    course(interrupted, goal(), 100, &r);
    assert_int_equal(r.count[FOLLOW_EVENT_TASK_STOPPED], 2);
    assert_int_equal(r.state.outside_tasks, 2);
    assert_non_null(strstr(r.state.last_reason, "spot capacity"));
    assert_int_equal(r.count[FOLLOW_EVENT_NOT_STABILISING], 0);
}

/* ---- breaker and proof */

static void test_breaker(void **unused)
{
    static const struct {
        int desired, threshold;
    } rows[] = {{0, 3}, {1, 3}, {6, 3}, {7, 4}, {25, 13}, {400, 200}, {1000, 200}};
    struct follow_goal g = goal();
    struct pen p;

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fresh(&p, &s, 10 * S, rows[i].desired);
        s.service.breaker = true;
        deployment(&p, MINE, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, rows[i].desired, 0)->failed = 1;
        follow_begin(&g, &state);
        follow_step(&g, &state, &s, T0 + 10 * S, &out);
        assert_int_equal(state.breaker_failures, 1);
        assert_int_equal(state.breaker_threshold, rows[i].threshold);
    }
    detail(&p, "IN_PROGRESS")->breaker_failures = 2;
    s.rollout.breaker_threshold = 5;
    follow_step(&g, &state, &s, T0 + 15 * S, &out);
    assert_int_equal(state.breaker_failures, 2);
    assert_int_equal(state.breaker_threshold, 5);
    s.service.breaker = false;
    follow_step(&g, &state, &s, T0 + 20 * S, &out);
    assert_int_equal(state.breaker_threshold, -1);
}

static void with_digests(struct pen *p, struct snapshot *to, int64_t t)
{
    ok(p, to, t);
    for (size_t i = 0; i < to->task_count; i++) {
        struct ecs_task *one = &to->tasks[i];
        bool mine = strcmp(one->started_by, MINE) == 0;

        one->container_count = 1;
        TEXT_COPY(one->containers[0].image_digest, mine ? "sha256:new" : "sha256:old");
        TEXT_COPY(one->task_definition, mine ? "api:2" : "api:1");
    }
}

static void test_proof(void **unused)
{
    static struct run r;
    const struct follow_proof *proof = &r.state.proof;

    (void)unused;
    course(with_digests, goal(), 200, &r);
    assert_int_equal(proof->old_count, 2);
    assert_string_equal(proof->old_tasks[0], "o2");
    assert_string_equal(proof->old_tasks[1], "o1");
    assert_int_equal(proof->new_count, 2);
    assert_string_equal(proof->new_tasks[0], "n2");
    assert_string_equal(proof->old_digest, "sha256:old");
    assert_string_equal(proof->new_digest, "sha256:new");
    assert_string_equal(proof->old_definition, "api:1");
    assert_string_equal(proof->new_definition, "api:2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_served_by_targets),
        cmocka_unit_test(test_stopping_is_not_serving),
        cmocka_unit_test(test_instances),
        cmocka_unit_test(test_last_word),
        cmocka_unit_test(test_balancers_word),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_wait_details),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_breaker),
        cmocka_unit_test(test_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
