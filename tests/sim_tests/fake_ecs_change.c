/* The fake ECS table: what changes a service, what ran before, autoscaling; and each of it gone wrong. */
#include "fake_ecs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "sim/world_ecs.h"

#define START  INT64_C(1790000000000)
#define SECOND 1000
#define MINUTE (60 * SECOND)
#define API    "tak-cloudtak-cotak-prod"
#define HUB    "tak-cloudtak-cotak-prod-stateful"

struct fixture {
    struct clock clock;
    struct loop *loop;
    struct ecs *ecs;
    int done;
    struct snapshot seen;
};

static struct fixture *begin(const char *scenario)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    f->clock = clock_virtual(START);
    f->loop = loop_create_virtual(&f->clock);
    struct fake_ecs_options options = {.loop = f->loop, .scenario = scenario, .seed = 3};
    f->ecs = fake_ecs_create(&options);
    return f;
}

static void end(struct fixture *f)
{
    fake_ecs_destroy(f->ecs);
    assert_int_equal(loop_destroy(f->loop), 0);
    mem_free(f);
}

static struct service_ref ref_of(const char *service)
{
    struct service_ref ref = {0};
    TEXT_COPY(ref.cluster, WORLD_CLUSTER);
    TEXT_COPY(ref.service, service);
    return ref;
}

static void run(struct fixture *f)
{
    int before = f->done;
    assert_int_equal(before, f->done); /* never inside */
    loop_run_for(f->loop, 100);
    assert_int_equal(f->done, before + 1);
}

static void looked(struct ecs_look *r)
{
    struct fixture *f = r->user;
    f->done++;
    f->seen = *r->snapshot;
}

static const struct snapshot *look(struct fixture *f, const char *service)
{
    struct ecs_look r = {.ref = ref_of(service),
                         .with_tasks = true,
                         .with_history = true,
                         .with_targets = true,
                         .done = looked,
                         .user = f};
    f->ecs->ops->look(f->ecs, &r);
    run(f);
    return &f->seen;
}

static void redeployed(struct ecs_redeploy *r)
{
    ((struct fixture *)r->user)->done++;
}

static void task_stopped(struct ecs_stop_task *r)
{
    ((struct fixture *)r->user)->done++;
}

static void rolled_back(struct ecs_roll_back *r)
{
    ((struct fixture *)r->user)->done++;
}

static void told_before(struct ecs_previous *r)
{
    ((struct fixture *)r->user)->done++;
}

static void told_scaling(struct ecs_scaling *r)
{
    ((struct fixture *)r->user)->done++;
}

static struct ecs_redeploy redeploy(struct fixture *f, struct ecs_redeploy r)
{
    r.done = redeployed;
    r.user = f;
    f->ecs->ops->redeploy(f->ecs, &r);
    run(f);
    return r;
}

static struct ecs_redeploy set_count(struct fixture *f, const char *service, int desired)
{
    return redeploy(f, (struct ecs_redeploy){.ref = ref_of(service), .only_count = true, .desired = desired});
}

static struct ecs_stop_task stop(struct fixture *f, const char *id, const char *reason)
{
    struct ecs_stop_task r = {.ref = ref_of(API), .done = task_stopped, .user = f};
    TEXT_COPY(r.task_id, id);
    TEXT_COPY(r.reason, reason);
    f->ecs->ops->stop_task(f->ecs, &r);
    run(f);
    return r;
}

static struct ecs_roll_back roll_back(struct fixture *f, const char *arn)
{
    struct ecs_roll_back r = {.ref = ref_of(API), .done = rolled_back, .user = f};
    TEXT_COPY(r.arn, arn);
    f->ecs->ops->roll_back(f->ecs, &r);
    run(f);
    return r;
}

static struct ecs_previous previous(struct fixture *f, const char *service, const char *current)
{
    struct ecs_previous r = {.ref = ref_of(service), .done = told_before, .user = f};
    TEXT_COPY(r.current, current);
    f->ecs->ops->previous(f->ecs, &r);
    run(f);
    return r;
}

static struct ecs_scaling scaling(struct fixture *f, const char *service, bool set,
                                  struct ecs_scaling_switches wanted)
{
    struct ecs_scaling r = {
        .ref = ref_of(service), .set = set, .wanted = wanted, .done = told_scaling, .user = f};
    f->ecs->ops->scaling(f->ecs, &r);
    run(f);
    return r;
}

static struct ecs_scaling read_scaling(struct fixture *f, const char *service)
{
    return scaling(f, service, false, (struct ecs_scaling_switches){0});
}

static const struct ecs_task *task_of(const struct snapshot *s, const char *id)
{
    for (size_t i = 0; i < s->task_count; i++) {
        if (text_equal(s->tasks[i].id, id)) {
            return &s->tasks[i];
        }
    }
    fail_msg("no task %s", id);
    return NULL;
}

static int healthy_targets(const struct snapshot *s)
{
    int n = 0;
    for (size_t i = 0; i < s->target_count; i++) {
        n += s->targets[i].state == ECS_TARGET_HEALTHY;
    }
    return n;
}

/* ---- StopTask */

static void a_stopped_task_is_replaced(void **state)
{
    (void)state;
    struct fixture *f = begin("ok");
    char id[ECS_ID];
    TEXT_COPY(id, look(f, API)->tasks[0].id);
    struct ecs_stop_task r = stop(f, id, "ana: restart, INC-204");
    assert_true(r.ok);
    assert_true(r.request_id[0] != '\0');
    const struct snapshot *s = look(f, API);
    assert_string_equal(task_of(s, id)->desired_status, "STOPPED");
    assert_int_equal(s->service.running, 1);
    assert_int_equal(healthy_targets(s), 1);
    loop_run_for(f->loop, 45 * SECOND);
    s = look(f, API);
    assert_string_equal(task_of(s, id)->last_status, "STOPPED");
    assert_string_equal(task_of(s, id)->stop_code, "UserInitiated");
    assert_string_equal(task_of(s, id)->stopped_reason, "ana: restart, INC-204");
    assert_int_equal(task_of(s, id)->containers[0].exit_code, 137);
    assert_true(stop(f, id, "again").ok); /* as ECS: stopped once, however often it is asked */
    loop_run_for(f->loop, 5 * MINUTE);
    s = look(f, API);
    assert_string_equal(task_of(s, id)->stopped_reason, "ana: restart, INC-204");
    assert_int_equal(s->service.running, 2);
    assert_int_equal(healthy_targets(s), 2);
    assert_int_equal(s->service.deployment_count, 1);
    r = stop(f, "00000000000000000000000000000000", "who?");
    assert_false(r.ok || r.uncertain);
    assert_true(r.gone);
    end(f);
}

/* ---- UpdateService */

static void a_count_goes_down_and_up_again(void **state)
{
    (void)state;
    struct fixture *f = begin("ok");
    char primary[ECS_ID];
    TEXT_COPY(primary, look(f, API)->service.deployments[0].id);
    struct ecs_redeploy r = set_count(f, API, 0);
    assert_true(r.ok);
    assert_string_equal(r.deployment_id, primary);
    assert_int_equal(r.answered_desired, 0);
    loop_run_for(f->loop, 7 * MINUTE);
    const struct snapshot *s = look(f, API);
    assert_int_equal(s->service.running, 0);
    assert_int_equal(s->target_count, 0);
    assert_true(set_count(f, API, 3).ok);
    loop_run_for(f->loop, 7 * MINUTE);
    s = look(f, API);
    assert_int_equal(s->service.running, 3);
    assert_int_equal(healthy_targets(s), 3);
    assert_string_equal(s->service.deployments[0].id, primary);
    assert_int_equal(s->service.deployment_count, 1);
    end(f);
}

static void an_older_definition_can_be_gone_to(void **state)
{
    (void)state;
    struct fixture *f = begin("crash-loop");
    struct ecs_redeploy r =
        redeploy(f, (struct ecs_redeploy){.ref = ref_of(API), .desired = -1, .task_definition = API ":411"});
    assert_true(r.ok);
    loop_run_for(f->loop, 15 * MINUTE);
    const struct snapshot *s = look(f, API);
    assert_string_equal(s->service.task_definition, API ":411");
    assert_string_equal(s->service.deployments[0].id, r.deployment_id);
    assert_int_equal(s->service.deployments[0].rollout, ECS_ROLLOUT_COMPLETED);
    assert_int_equal(s->service.running, 2);
    end(f);
    f = begin("definition-inactive");
    r = redeploy(f, (struct ecs_redeploy){.ref = ref_of(API), .desired = -1, .task_definition = API ":411"});
    assert_false(r.ok || r.uncertain);
    assert_non_null(strstr(r.err.text, "inactive"));
    assert_int_equal(look(f, API)->service.deployment_count, 1);
    assert_true(previous(f, API, API ":412").inactive);
    end(f);
}

/* ---- back */

static void a_running_one_is_rolled_back(void **state)
{
    (void)state;
    struct fixture *f = begin("crash-loop");
    char before[ECS_ID], arn[ECS_NAME * 2];
    TEXT_COPY(before, look(f, API)->service.deployments[0].id);
    assert_true(redeploy(f, (struct ecs_redeploy){.ref = ref_of(API), .desired = -1}).ok);
    loop_run_for(f->loop, 2 * MINUTE);
    TEXT_COPY(arn, look(f, API)->history[0].arn);
    assert_true(roll_back(f, arn).ok);
    assert_string_equal(look(f, API)->service.deployments[0].id, before);
    loop_run_for(f->loop, 5 * MINUTE);
    const struct snapshot *s = look(f, API);
    assert_int_equal(s->service.deployments[0].rollout, ECS_ROLLOUT_COMPLETED);
    assert_string_equal(s->history[0].status, "ROLLBACK_SUCCESSFUL");
    struct ecs_roll_back r = roll_back(f, arn);
    assert_false(r.ok || r.uncertain);
    assert_true(r.over);
    end(f);
}

static void what_ran_before_is_known(void **state)
{
    (void)state;
    struct fixture *f = begin("ok");
    struct ecs_previous api = previous(f, API, API ":412"), hub = previous(f, HUB, HUB ":412");
    assert_true(api.ok && api.found);
    assert_string_equal(api.task_definition, API ":411");
    assert_true(api.ran_ms > 0 && api.ran_ms < START);
    assert_false(api.inactive);
    assert_int_equal(api.image_count, 1);
    assert_null(strstr(api.images[0], "0f3c2b1a"));
    assert_string_equal(api.images[0], hub.images[0]); /* one commit for both */
    assert_string_equal(previous(f, API, API ":411").task_definition, API ":412");
    api = previous(f, "no-such", "no-such:1");
    assert_false(api.ok || api.found);
    end(f);
    f = begin("breaker-nothing-to-go-back-to");
    api = previous(f, API, API ":412");
    assert_true(api.ok);
    assert_false(api.found);
    end(f);
}

/* ---- autoscaling */

static void switches_are_read_and_set(void **state)
{
    (void)state;
    struct fixture *f = begin("ok");
    struct ecs_scaling r = read_scaling(f, API);
    assert_true(r.ok && r.registered);
    assert_int_equal(r.minimum, 2);
    assert_int_equal(r.maximum, 10);
    assert_false(r.suspended.in || r.suspended.out || r.suspended.scheduled);
    r = scaling(f, API, true, (struct ecs_scaling_switches){.in = true, .out = true});
    assert_true(r.ok && r.registered && r.suspended.in && r.suspended.out && !r.suspended.scheduled);
    r = read_scaling(f, API);
    assert_true(r.suspended.in && r.suspended.out && !r.suspended.scheduled);
    assert_int_equal(r.minimum, 2);
    r = read_scaling(f, HUB);
    assert_true(r.ok);
    assert_false(r.registered);
    r = scaling(f, HUB, true, (struct ecs_scaling_switches){.out = true});
    assert_false(r.ok || r.uncertain);
    assert_int_equal(r.absence, ECS_REFUSED);
    end(f);
    f = begin("stale"); /* for 20 s */
    scaling(f, API, true, (struct ecs_scaling_switches){.out = true});
    assert_false(read_scaling(f, API).suspended.out);
    loop_run_for(f->loop, 20 * SECOND);
    assert_true(read_scaling(f, API).suspended.out);
    end(f);
}

static void a_count_of_zero_is_raised_unless_suspended(void **state)
{
    (void)state;
    struct fixture *f = begin("autoscaled-from-zero");
    set_count(f, API, 0);
    set_count(f, HUB, 0);
    loop_run_for(f->loop, 3 * MINUTE);
    assert_int_equal(look(f, API)->service.desired, 0);
    loop_run_for(f->loop, 2 * MINUTE);
    assert_int_equal(look(f, API)->service.desired, 2);
    assert_int_equal(look(f, HUB)->service.desired, 0); /* nothing scales it */
    scaling(f, API, true, (struct ecs_scaling_switches){.in = true, .out = true, .scheduled = true});
    set_count(f, API, 0);
    loop_run_for(f->loop, 60 * MINUTE);
    assert_int_equal(look(f, API)->service.desired, 0);
    scaling(f, API, true, (struct ecs_scaling_switches){0});
    loop_run_for(f->loop, 5 * MINUTE);
    assert_int_equal(look(f, API)->service.desired, 2);
    end(f);
    f = begin("autoscaling-resumed");
    scaling(f, API, true, (struct ecs_scaling_switches){.out = true});
    set_count(f, API, 0);
    loop_run_for(f->loop, 9 * MINUTE);
    assert_true(read_scaling(f, API).suspended.out);
    loop_run_for(f->loop, 6 * MINUTE);
    assert_false(read_scaling(f, API).suspended.out);
    assert_int_equal(look(f, API)->service.desired, 2);
    end(f);
}

/* ---- what can go wrong */

/* A change of each kind. Returns ok, and tells uncertain. */
static bool change(struct fixture *f, enum fake_call call, bool *ret_uncertain)
{
    if (call == FAKE_STOP_TASK) {
        struct ecs_stop_task r = stop(f, look(f, API)->tasks[0].id, "test");
        *ret_uncertain = r.uncertain;
        return r.ok;
    }
    if (call == FAKE_SCALING_SET) {
        struct ecs_scaling r = scaling(f, API, true, (struct ecs_scaling_switches){.out = true});
        *ret_uncertain = r.uncertain;
        assert_true(r.ok || r.absence != ECS_SEEN);
        return r.ok;
    }
    if (call == FAKE_REDEPLOY) {
        struct ecs_redeploy r = set_count(f, API, 1);
        *ret_uncertain = r.uncertain;
        return r.ok;
    }
    redeploy(f, (struct ecs_redeploy){.ref = ref_of(API), .desired = -1});
    struct ecs_roll_back r = roll_back(f, look(f, API)->history[0].arn);
    *ret_uncertain = r.uncertain;
    assert_false(r.over);
    return r.ok;
}

static const char *const actions[FAKE_CALLS] = {
    [FAKE_REDEPLOY] = "UpdateService",
    [FAKE_STOP_TASK] = "StopTask",
    [FAKE_ROLL_BACK] = "StopServiceDeployment",
    [FAKE_SCALING_SET] = "RegisterScalableTarget",
};

static void each_change_goes_wrong_in_each_way(void **state)
{
    (void)state;
    for (int call = 0; call < FAKE_CALLS; call++) {
        for (int fault = FAKE_NONE; actions[call] != NULL && fault <= FAKE_LOST_LATE; fault++) {
            struct fixture *f = begin("ok");
            bool uncertain, lost = fault >= FAKE_LOST_BEFORE;
            fake_ecs_fail_only(f->ecs, (enum fake_call)call, 1, (enum fake_fault)fault);
            assert_int_equal(change(f, (enum fake_call)call, &uncertain), fault == FAKE_NONE);
            assert_int_equal(uncertain, lost);
            struct world_ecs *w = fake_ecs_world(f->ecs);
            uint64_t at_once = fault == FAKE_NONE || fault == FAKE_LOST_AFTER;
            uint64_t later = at_once || fault == FAKE_LOST_LATE;
            assert_int_equal(world_ecs_count(w, actions[call]), at_once);
            loop_run_for(f->loop, 6 * SECOND);
            assert_int_equal(world_ecs_count(w, actions[call]), later);
            end(f);
        }
    }
}

static void a_read_goes_wrong(void **state)
{
    (void)state;
    struct fixture *f = begin("ok");
    fake_ecs_fail_only(f->ecs, FAKE_PREVIOUS, 1, FAKE_THROTTLED);
    fake_ecs_fail_only(f->ecs, FAKE_SCALING_READ, 2, FAKE_REFUSED);
    struct ecs_previous p = previous(f, API, API ":412");
    assert_false(p.ok || p.found);
    assert_int_equal(p.err.code, ERR_THROTTLED);
    assert_true(previous(f, API, API ":412").ok);
    assert_true(read_scaling(f, API).ok);
    struct ecs_scaling r = read_scaling(f, API);
    assert_false(r.ok || r.registered);
    assert_int_equal(r.absence, ECS_REFUSED);
    end(f);
}

/* The world's own loss: executed, and nobody told. And the program that ends while something waits. */
static void nobody_waits_in_vain(void **state)
{
    (void)state;
    struct fixture *f = begin("lost-reply");
    bool uncertain;
    assert_false(change(f, FAKE_STOP_TASK, &uncertain));
    assert_true(uncertain);
    assert_int_equal(world_ecs_count(fake_ecs_world(f->ecs), "StopTask"), 1);
    fake_ecs_fail_only(f->ecs, FAKE_REDEPLOY, 1, FAKE_LOST_LATE);
    set_count(f, API, 0); /* is dropped with the world */
    struct ecs_stop_task s = {.ref = ref_of(API), .done = task_stopped, .user = f};
    struct ecs_roll_back b = {.ref = ref_of(API), .done = rolled_back, .user = f};
    struct ecs_previous p = {.ref = ref_of(API), .done = told_before, .user = f};
    struct ecs_scaling g = {.ref = ref_of(API), .done = told_scaling, .user = f};
    struct ecs_scaling t = {.ref = ref_of(API), .set = true, .done = told_scaling, .user = f};
    f->ecs->ops->stop_task(f->ecs, &s);
    f->ecs->ops->roll_back(f->ecs, &b);
    f->ecs->ops->previous(f->ecs, &p);
    f->ecs->ops->scaling(f->ecs, &g);
    f->ecs->ops->scaling(f->ecs, &t);
    f->done = 0;
    fake_ecs_destroy(f->ecs);
    f->ecs = NULL;
    assert_int_equal(f->done, 5);
    assert_true(s.uncertain && b.uncertain && t.uncertain && !g.uncertain);
    assert_int_equal(p.err.code, ERR_CANCELLED);
    assert_int_equal(g.err.code, ERR_CANCELLED);
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stopped_task_is_replaced),
        cmocka_unit_test(a_count_goes_down_and_up_again),
        cmocka_unit_test(an_older_definition_can_be_gone_to),
        cmocka_unit_test(a_running_one_is_rolled_back),
        cmocka_unit_test(what_ran_before_is_known),
        cmocka_unit_test(switches_are_read_and_set),
        cmocka_unit_test(a_count_of_zero_is_raised_unless_suspended),
        cmocka_unit_test(each_change_goes_wrong_in_each_way),
        cmocka_unit_test(a_read_goes_wrong),
        cmocka_unit_test(nobody_waits_in_vain),
    };
    return cmocka_run_group_tests_name("sim fake_ecs_change", tests, NULL, NULL);
}
