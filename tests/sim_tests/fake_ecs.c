/* The fake ECS table: every request ends exactly once, faults come where they were asked for, watches poll.
 */
#include "fake_ecs.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"

#define START INT64_C(1790000000000)

struct fixture {
    struct clock clock;
    struct loop *loop;
    struct ecs *ecs;
    int done, seen, readable;
    char mine[ECS_ID];
    struct ecs_watch watch;
    int leave_after;
};

static void begin(struct fixture *f, const char *scenario)
{
    *f = (struct fixture){.clock = clock_virtual(START)};
    f->loop = loop_create_virtual(&f->clock);
    struct fake_ecs_options options = {.loop = f->loop, .scenario = scenario, .seed = 3};
    f->ecs = fake_ecs_create(&options);
}

static void end(struct fixture *f)
{
    fake_ecs_destroy(f->ecs);
    assert_int_equal(loop_destroy(f->loop), 0);
}

static struct service_ref api(void)
{
    struct service_ref ref = {0};
    TEXT_COPY(ref.cluster, "tak-vpc-cotak-prod");
    TEXT_COPY(ref.service, "tak-cloudtak-cotak-prod");
    return ref;
}

static void looked(struct ecs_look *r)
{
    struct fixture *f = r->user;
    f->done++;
    f->readable += r->snapshot->service_absence == ECS_SEEN;
}

static void redeployed(struct ecs_redeploy *r)
{
    struct fixture *f = r->user;
    f->done++;
    TEXT_COPY(f->mine, r->deployment_id);
}

static void seen(struct ecs_watch *w, const struct snapshot *s)
{
    struct fixture *f = w->user;
    f->seen++;
    f->readable += s->service_absence == ECS_SEEN;
    if (f->seen == f->leave_after) {
        f->ecs->ops->unwatch(f->ecs, w);
    }
}

static void a_look_reads_all_parts(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    struct ecs_look look = {
        .ref = api(), .with_tasks = true, .with_history = true, .done = looked, .user = &f};
    f.ecs->ops->look(f.ecs, &look);
    assert_int_equal(f.done, 0); /* never inside */
    loop_run_for(f.loop, 100);
    assert_int_equal(f.done, 1);
    const struct snapshot *s = look.snapshot;
    assert_int_equal(s->service_absence, ECS_SEEN);
    assert_int_equal(s->service.desired, 2);
    assert_int_equal(s->service.running, 2);
    assert_int_equal(s->service.target_groups, 1);
    assert_int_equal(s->task_count, 2);
    assert_string_equal(s->tasks[0].last_status, "RUNNING");
    assert_string_equal(s->tasks[0].started_by, s->service.deployments[0].id);
    assert_int_equal(s->history_count, 7);
    assert_string_equal(s->history[0].deployment_id, s->service.deployments[0].id);
    TEXT_COPY(look.ref.service, "no-such");
    f.ecs->ops->look(f.ecs, &look);
    loop_run_for(f.loop, 100);
    assert_true(look.snapshot->missing);
    end(&f);
}

static void faults_come_on_time(void **state)
{
    (void)state;
    static const enum fake_fault kinds[] = {FAKE_REFUSED,     FAKE_THROTTLED,   FAKE_EXPIRED,
                                            FAKE_UNREACHABLE, FAKE_LOST_BEFORE, FAKE_LOST_AFTER};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct fixture f;
        begin(&f, "ok");
        struct ecs_redeploy r = {.ref = api(), .desired = -1, .done = redeployed, .user = &f};
        fake_ecs_fail_redeploy(f.ecs, 2, kinds[i]);
        f.ecs->ops->redeploy(f.ecs, &r);
        loop_run_for(f.loop, 100);
        assert_true(r.ok);
        assert_true(text_starts(r.deployment_id, "ecs-svc/"));
        assert_string_not_equal(r.deployment_id, r.older_id);
        f.ecs->ops->redeploy(f.ecs, &r);
        loop_run_for(f.loop, 100);
        assert_false(r.ok);
        assert_int_equal(r.uncertain, kinds[i] == FAKE_LOST_BEFORE || kinds[i] == FAKE_LOST_AFTER);
        assert_int_equal(fake_ecs_updates(f.ecs), kinds[i] == FAKE_LOST_AFTER ? 2 : 1);
        assert_int_equal(f.done, 2);
        end(&f);
    }
}

static void watches_poll_and_can_leave(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    f.watch = (struct ecs_watch){.ref = api(), .seen = seen, .user = &f};
    fake_ecs_fail(f.ecs, 2, 2, FAKE_THROTTLED);
    f.ecs->ops->watch(f.ecs, &f.watch);
    loop_run_for(f.loop, 51000);
    assert_in_range(f.seen, 10, 11);
    assert_int_equal(f.readable, f.seen - 2);
    f.watch.quiet = true;
    f.seen = 0;
    loop_run_for(f.loop, 60000);
    assert_in_range(f.seen, 4, 5);
    f.leave_after = f.seen + 1;
    loop_run_for(f.loop, 600000);
    assert_int_equal(f.seen, f.leave_after);
    end(&f);
}

static void what_runs_is_cancelled(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    struct ecs_redeploy r = {.ref = api(), .desired = -1, .done = redeployed, .user = &f};
    f.watch = (struct ecs_watch){.ref = api(), .seen = seen, .user = &f};
    f.ecs->ops->redeploy(f.ecs, &r);
    f.ecs->ops->watch(f.ecs, &f.watch);
    fake_ecs_destroy(f.ecs);
    f.ecs = NULL;
    assert_int_equal(f.done, 1);
    assert_int_equal(r.err.code, ERR_CANCELLED);
    end(&f);
}

static void named(struct ecs_names *n)
{
    ((struct fixture *)n->user)->done++;
}

static void identified(struct ecs_identify *r)
{
    ((struct fixture *)r->user)->done++;
}

static void names_and_identity(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    struct ecs_names n = {.ref = api(), .done = named, .user = &f};
    struct ecs_identify who = {.done = identified, .user = &f};
    f.ecs->ops->names(f.ecs, &n);
    f.ecs->ops->identify(f.ecs, &who);
    loop_run_for(f.loop, 100);
    assert_int_equal(f.done, 2);
    assert_true(n.ok);
    assert_int_equal(n.count, 3);
    assert_string_equal(n.names[1], "tak-cloudtak-cotak-prod-stateful");
    assert_string_equal(who.account, "000000000000");
    TEXT_COPY(n.ref.cluster, "elsewhere");
    f.ecs->ops->names(f.ecs, &n);
    loop_run_for(f.loop, 100);
    assert_false(n.ok);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_reads_all_parts),     cmocka_unit_test(faults_come_on_time),
        cmocka_unit_test(watches_poll_and_can_leave), cmocka_unit_test(what_runs_is_cancelled),
        cmocka_unit_test(names_and_identity),
    };
    return cmocka_run_group_tests_name("sim fake_ecs", tests, NULL, NULL);
}
