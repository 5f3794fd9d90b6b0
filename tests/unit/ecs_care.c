/* After-care: what happens once a verdict was told. Courses as the follower's tests draw them; and once for
 * every step the state goes through JSON there and must come to the same end. */
#include "ecs/care.h"

#include "ecs_follow_pen.h"

struct cared {
    int count[CARE_SUPERSEDED + 1];
    int64_t first_s[CARE_SUPERSEDED + 1];
    int64_t over_s;
    char told[1024];
    struct care_state state;
};

static struct care_goal care_goal(void)
{
    struct care_goal g = {.began_ms = T0, .until_ms = T0 + 600 * S, .wanted = 1};

    TEXT_COPY(g.deployment_id, MINE);
    return g;
}

static void note_care(struct cared *c, const struct care_output *out, int64_t t)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct care_event *e = &out->events[i];
        size_t len = strlen(c->told);

        if (c->count[e->kind]++ == 0)
            c->first_s[e->kind] = t / S;
        text_format(c->told + len, sizeof c->told - len, "%s|", e->text);
    }
    if (out->over) {
        assert_true(c->over_s == 0); /* told exactly once */
        c->over_s = t / S;
    }
}

static void run_care(draw *of, struct care_goal g, int64_t until_s, int save_at, struct cared *ret)
{
    static struct snapshot s;
    static struct care_output out;
    int step = 0;

    memset(ret, 0, sizeof *ret);
    care_begin(&g, &ret->state);
    for (int64_t t = 5 * S; t <= until_s * S; t += 5 * S, step++) {
        struct pen p;

        of(&p, &s, t);
        care_step(&g, &ret->state, &s, T0 + t, &out);
        note_care(ret, &out, t);
        if (step == save_at) {
            json_t *saved = care_save(&g, &ret->state);
            struct err err;

            memset(&g, 0xaa, sizeof g);
            memset(&ret->state, 0xaa, sizeof ret->state);
            assert_true(care_load(saved, &g, &ret->state, &err));
            json_decref(saved);
        }
    }
}

static void care(draw *of, struct cared *ret)
{
    run_care(of, care_goal(), 700, -1, ret);
    print_message("over at %d s: %d crashes, %d restarts, %d flaps, blind %d s, out %d s: %s\n",
                  (int)ret->over_s, ret->state.crashes, ret->state.restarts, ret->state.flaps,
                  (int)(ret->state.blind_total_ms / S), (int)(ret->state.not_served_total_ms / S), ret->told);
    for (int i = 0; i < 130; i += 3) {
        static struct cared again;

        run_care(of, care_goal(), 700, i, &again);
        assert_true(again.over_s == ret->over_s);
        assert_string_equal(again.told, ret->told);
        assert_memory_equal(again.count, ret->count, sizeof ret->count);
        assert_true(again.state.blind_total_ms == ret->state.blind_total_ms);
        assert_true(again.state.not_served_total_ms == ret->state.not_served_total_ms);
        assert_int_equal(care_was_quiet(&again.state), care_was_quiet(&ret->state));
    }
}

/* One task behind one target, well. */
static void well(struct pen *p, struct snapshot *s, int64_t t)
{
    struct ecs_task *one;

    fresh(p, s, t, 1);
    s->service.target_groups = 1;
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 1, 1);
    one = task(p, "1", MINE, "RUNNING", -100 * S);
    one->container_count = 1;
    TEXT_COPY(one->containers[0].name, "api");
    TEXT_COPY(one->containers[0].runtime_id, "r1");
    target(p, 0, ECS_TARGET_HEALTHY);
}

static void test_quiet(void **unused)
{
    static struct cared c;

    (void)unused;
    care(well, &c);
    assert_true(c.over_s == 600);
    assert_string_equal(c.told, "");
    assert_true(care_was_quiet(&c.state));
    assert_int_equal(c.state.lowest_healthy, 1);
}

/* A task crashes at 120 s; its successor serves at 200 s. One that was scaled in is no news, nor is one that
 * died before. */
static void crash(struct pen *p, struct snapshot *s, int64_t t)
{
    well(p, s, t);
    if (t >= 120 * S) {
        s->task_count = s->target_count = 0;
        s->service.running = t >= 200 * S;
        dead(p, "1", MINE, -100 * S, 120 * S, 1);
        if (t >= 200 * S) {
            task(p, "2", MINE, "RUNNING", 180 * S);
            target(p, 0, ECS_TARGET_HEALTHY);
        }
    }
    dead(p, "0", MINE, -400 * S, -300 * S, 1);
    scaled_in(p, "x", MINE, 20 * S, MINE);
}

static void test_crash(void **unused)
{
    static struct cared c;

    (void)unused;
    care(crash, &c);
    assert_int_equal(c.count[CARE_CRASHED], 1);
    assert_int_equal(c.first_s[CARE_CRASHED], 120);
    assert_non_null(strstr(c.told, "exit code 1 in container \"api\""));
    assert_int_equal(c.count[CARE_NOT_SERVED], 1);
    assert_int_equal(c.count[CARE_SERVED_AGAIN], 1);
    assert_true(c.state.not_served_total_ms == 80 * S);
    assert_int_equal(c.state.lowest_healthy, 0);
    assert_false(care_was_quiet(&c.state));
}

/* A crash loop: a task every 10 s, more than the hashes that are kept and than a step tells. */
static void loop(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 1);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 1, 0);
    s->tasks_absence = ECS_SEEN;
    for (int64_t i = t / (10 * S); i > 0 && s->task_count < 90; i--) {
        char id[16];

        TEXT_FORMAT(id, "n%d", (int)i);
        if (t < 100 * S || t >= 300 * S) /* not seen between */
            dead(p, id, MINE, (10 * i - 8) * S, 10 * i * S, 1);
    }
}

static void test_loop(void **unused)
{
    static struct cared c;

    (void)unused;
    run_care(loop, care_goal(), 700, -1, &c);
    assert_int_equal(c.count[CARE_CRASHED], 60);
    assert_int_equal(c.state.crashes, 60);
    assert_true(c.over_s == 600);
}

/* Its container is restarted in place, twice; another task's container is another one. */
static void restart(struct pen *p, struct snapshot *s, int64_t t)
{
    well(p, s, t);
    TEXT_COPY(s->tasks[0].containers[0].runtime_id, t < 100 * S ? "r1" : t < 300 * S ? "r2" : "r3");
    if (t >= 200 * S) {
        struct ecs_task *two = task(p, "2", MINE, "RUNNING", 190 * S);

        two->container_count = 1;
        TEXT_COPY(two->containers[0].name, "api");
        TEXT_COPY(two->containers[0].runtime_id, t < 220 * S ? "" : "r9");
        target(p, 0, ECS_TARGET_HEALTHY);
    }
}

static void test_restart(void **unused)
{
    static struct cared c;

    (void)unused;
    care(restart, &c);
    assert_int_equal(c.count[CARE_RESTARTED], 2);
    assert_int_equal(c.first_s[CARE_RESTARTED], 100);
    assert_non_null(strstr(c.told, "container \"api\" of task 1 was restarted in place"));
    assert_int_equal(c.state.crashes, 0);
    assert_false(care_was_quiet(&c.state));
}

/* Healthy, not healthy from 60 to 90 s, healthy; draining at 200 s with its task, which is no flap. */
static void flap(struct pen *p, struct snapshot *s, int64_t t)
{
    well(p, s, t);
    if (t >= 60 * S && t < 90 * S) {
        s->target_count = 0;
        target(p, 0, ECS_TARGET_UNHEALTHY);
    }
    task(p, "2", MINE, t < 200 * S ? "RUNNING" : "DEACTIVATING", -100 * S);
    target(p, 0, t < 200 * S ? ECS_TARGET_HEALTHY : ECS_TARGET_DRAINING);
    task(p, "3", MINE, t < 300 * S ? "RUNNING" : "DEACTIVATING", -100 * S);
    target(p, 0, t < 300 * S ? ECS_TARGET_HEALTHY : ECS_TARGET_UNHEALTHY); /* it is told to stop */
}

static void test_flap(void **unused)
{
    static struct cared c;

    (void)unused;
    care(flap, &c);
    assert_int_equal(c.count[CARE_FLAPPING], 1);
    assert_int_equal(c.first_s[CARE_FLAPPING], 60);
    assert_non_null(strstr(c.told, "codes: [502]"));
    assert_int_equal(c.count[CARE_NOT_SERVED], 0);
    assert_false(care_was_quiet(&c.state));
}

/* Not seen for minutes, or never. */
static int64_t blind_from_s, blind_to_s;
static void blind(struct pen *p, struct snapshot *s, int64_t t)
{
    well(p, s, t);
    if (t >= blind_from_s * S && t < blind_to_s * S)
        unreadable(p, ECS_EXPIRED, "");
}

static void test_blind(void **unused)
{
    static struct cared c;

    (void)unused;
    blind_from_s = 100;
    blind_to_s = 300;
    care(blind, &c);
    assert_true(c.state.blind_total_ms == 205 * S); /* from the last look to the next */
    assert_false(care_was_quiet(&c.state));
    blind_to_s = 140; /* that is no more than a slow poll */
    care(blind, &c);
    assert_true(care_was_quiet(&c.state));
    blind_from_s = 0;
    blind_to_s = 10000;
    care(blind, &c);
    assert_true(c.over_s == 600);
    assert_true(c.state.blind_total_ms == 600 * S);
    assert_false(care_was_quiet(&c.state));
    blind_from_s = 400; /* until the end */
    care(blind, &c);
    assert_true(c.state.blind_total_ms == 205 * S);
}

/* Another deployment: a newer one at once, a stale answer never, an older one after a minute. */
enum { NEW_ONE, STALE_ONE, OLD_ONE };
static int other;
static void superseded(struct pen *p, struct snapshot *s, int64_t t)
{
    well(p, s, t);
    if (t < 100 * S || (other == STALE_ONE && t > 120 * S))
        return;
    s->service.deployment_count = 0;
    deployment(p, other == NEW_ONE ? NEWER : OLD, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, 1, 1);
}

static void test_superseded(void **unused)
{
    static const int64_t over[] = {100, 600, 160};
    static struct cared c;

    (void)unused;
    for (int i = 0; i < 3; i++) {
        other = i;
        care(superseded, &c);
        assert_true(c.over_s == over[i]);
        assert_int_equal(c.count[CARE_SUPERSEDED], i == STALE_ONE ? 0 : 1);
        assert_string_equal(c.told, i == STALE_ONE ? "" : i == NEW_ONE ? NEWER "|" : OLD "|");
    }
}

/* A service that is meant to stand at zero has no outage. */
static void zero(struct pen *p, struct snapshot *s, int64_t t)
{
    fresh(p, s, t, 0);
    deployment(p, MINE, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, 0, 0);
    s->tasks_absence = ECS_SEEN;
}

/* The balancer cannot be asked for 30 s while nothing is healthy: that is no recovery. */
static void unasked(struct pen *p, struct snapshot *s, int64_t t)
{
    well(p, s, t);
    s->target_count = 0;
    target(p, 0, ECS_TARGET_UNHEALTHY);
    if (t >= 60 * S && t < 90 * S)
        s->targets_absence = ECS_THROTTLED;
}

static void test_served(void **unused)
{
    static struct cared c;

    (void)unused;
    care(zero, &c);
    assert_string_equal(c.told, "");
    assert_true(care_was_quiet(&c.state));
    care(unasked, &c);
    assert_int_equal(c.count[CARE_NOT_SERVED], 1);
    assert_int_equal(c.count[CARE_SERVED_AGAIN], 0);
    assert_true(c.state.not_served_total_ms == 595 * S);
}

static void test_wants_tasks(void **unused)
{
    static struct snapshot s;
    static struct care_output out;
    struct care_goal g = care_goal();
    struct care_state state;
    struct pen p;

    (void)unused;
    care_begin(&g, &state);
    well(&p, &s, 5 * S);
    assert_true(care_wants_tasks(&state, &s, T0 + 5 * S));
    care_step(&g, &state, &s, T0 + 5 * S, &out);
    assert_false(care_wants_tasks(&state, &s, T0 + 10 * S));
    assert_true(care_wants_tasks(&state, &s, T0 + 20 * S));
    s.service.running = 0;
    assert_true(care_wants_tasks(&state, &s, T0 + 10 * S));
    s.service_absence = ECS_THROTTLED;
    assert_false(care_wants_tasks(&state, &s, T0 + 10 * S));
}

static void test_refused(void **unused)
{
    struct care_goal g = care_goal();
    struct care_state state;
    struct err err;
    json_t *saved;

    (void)unused;
    care_begin(&g, &state);
    saved = care_save(&g, &state);
    json_object_set_new(saved, "version", json_integer(2));
    memset(&g, 0x55, sizeof g);
    assert_false(care_load(saved, &g, &state, &err));
    assert_non_null(strstr(err.text, "version 2"));
    assert_int_equal(g.wanted, 0x55555555); /* untouched */
    json_object_set_new(saved, "version", json_integer(1));
    json_object_set_new(json_object_get(saved, "state"), "served", json_integer(SERVED_NO + 1));
    assert_false(care_load(saved, &g, &state, &err));
    json_decref(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet),      cmocka_unit_test(test_crash),  cmocka_unit_test(test_loop),
        cmocka_unit_test(test_restart),    cmocka_unit_test(test_flap),   cmocka_unit_test(test_blind),
        cmocka_unit_test(test_superseded), cmocka_unit_test(test_served), cmocka_unit_test(test_wants_tasks),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
