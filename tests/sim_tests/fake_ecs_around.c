/* The fake ECS table: targets, rollouts in detail, what stands around a service, tails of logs. */
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
#define MINUTE 60000
#define API    "tak-cloudtak-cotak-prod"

struct fixture {
    struct clock clock;
    struct loop *loop;
    struct ecs *ecs;
    int done;
    char mine[ECS_ID];
    struct ecs_watch watch;
    struct snapshot *seen; /* the last one with tasks */
    struct ecs_around *around;
    struct ecs_tail *tail;
};

static void begin(struct fixture *f, const char *scenario)
{
    *f = (struct fixture){.clock = clock_virtual(START)};
    f->loop = loop_create_virtual(&f->clock);
    struct fake_ecs_options options = {.loop = f->loop, .scenario = scenario, .seed = 3};
    f->ecs = fake_ecs_create(&options);
    f->seen = mem_alloc(sizeof(*f->seen));
    f->around = mem_alloc(sizeof(*f->around));
    f->tail = mem_alloc(sizeof(*f->tail));
}

static void end(struct fixture *f)
{
    fake_ecs_destroy(f->ecs);
    mem_free(f->seen);
    mem_free(f->around);
    mem_free(f->tail);
    assert_int_equal(loop_destroy(f->loop), 0);
}

static struct service_ref api(void)
{
    struct service_ref ref = {0};
    TEXT_COPY(ref.cluster, "tak-vpc-cotak-prod");
    TEXT_COPY(ref.service, API);
    return ref;
}

static void redeployed(struct ecs_redeploy *r)
{
    struct fixture *f = r->user;
    assert_true(r->ok);
    TEXT_COPY(f->mine, r->deployment_id);
}

static void redeploy(struct fixture *f)
{
    struct ecs_redeploy r = {.ref = api(), .desired = -1, .done = redeployed, .user = f};
    f->ecs->ops->redeploy(f->ecs, &r);
    loop_run_for(f->loop, 100);
}

static void looked(struct ecs_look *r)
{
    struct fixture *f = r->user;
    *f->seen = *r->snapshot;
    f->done++;
}

static void look(struct fixture *f)
{
    struct ecs_look r = {.ref = api(), .with_tasks = true, .with_targets = true, .done = looked, .user = f};
    f->ecs->ops->look(f->ecs, &r);
    loop_run_for(f->loop, 100);
}

static void targets_join_their_tasks(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "unhealthy");
    redeploy(&f);
    loop_run_for(f.loop, 4 * MINUTE);
    look(&f);
    assert_int_equal(f.seen->targets_absence, ECS_SEEN);
    assert_int_equal(f.seen->target_count, 4);
    int healthy = 0, sick = 0;
    for (size_t i = 0; i < f.seen->task_count; i++) {
        const struct ecs_task *t = &f.seen->tasks[i];
        const struct ecs_target *bad = model_sick_target(f.seen, t);
        healthy += model_task_is_target(f.seen, t);
        if (bad != NULL) {
            assert_string_equal(bad->reason, "Target.ResponseCodeMismatch");
            assert_string_equal(bad->description, "Health checks failed with these codes: [502]");
            assert_string_equal(t->started_by, f.mine);
            sick++;
        }
        assert_true(t->containers[0].runtime_id[0] != '\0' && t->containers[0].image_digest[0] != '\0');
    }
    assert_int_equal(healthy, 2);
    assert_int_equal(sick, 2);
    end(&f);
}

static void seen(struct ecs_watch *w, const struct snapshot *s)
{
    struct fixture *f = w->user;
    *f->seen = *s;
    f->done++;
}

static void a_watch_shows_its_rollout(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "hook-paused");
    redeploy(&f);
    f.watch = (struct ecs_watch){.ref = api(), .seen = seen, .user = &f};
    f.ecs->ops->watch(f.ecs, &f.watch);
    loop_run_for(f.loop, 6 * MINUTE);
    assert_int_equal(f.seen->rollout_absence, ECS_NOT_READ); /* nobody's was asked for */
    assert_int_equal(f.seen->targets_absence, ECS_SEEN);
    TEXT_COPY(f.watch.rollout_of, f.mine);
    loop_run_for(f.loop, 6000);
    assert_int_equal(f.seen->rollout_absence, ECS_SEEN);
    assert_string_equal(f.seen->rollout.deployment_id, f.mine);
    assert_true(f.seen->rollout.paused);
    assert_string_equal(f.seen->rollout.stage, "POST_SCALE_UP");
    assert_int_equal(f.seen->rollout.breaker_threshold, 3);
    assert_true(f.seen->rollout.hook_expires_ms > START + 23 * 60 * MINUTE);
    assert_int_equal(f.seen->history_count, 8);
    f.ecs->ops->unwatch(f.ecs, &f.watch);
    end(&f);
}

static void missing_is_an_answer(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    struct ecs_look r = {.ref = api(), .with_tasks = true, .done = looked, .user = &f};
    TEXT_COPY(r.ref.cluster, "elsewhere");
    f.ecs->ops->look(f.ecs, &r);
    loop_run_for(f.loop, 100);
    assert_int_equal(f.seen->service_absence, ECS_SEEN);
    assert_true(f.seen->missing);
    assert_true(f.seen->no_cluster);
    assert_int_equal(f.seen->tasks_absence, ECS_NOT_READ);
    end(&f);
}

static void came_around(struct ecs_around *r)
{
    ((struct fixture *)r->user)->done++;
}

static void go_around(struct fixture *f)
{
    *f->around = (struct ecs_around){.ref = api(),
                                     .parts = ECS_AROUND_METRICS | ECS_AROUND_ALARMS | ECS_AROUND_IMAGE |
                                              ECS_AROUND_STACK,
                                     .done = came_around,
                                     .user = f};
    TEXT_COPY(f->around->alarm_prefix, API "-");
    TEXT_COPY(f->around->task_definition, API ":412");
    TEXT_COPY(f->around->stack_name, API);
    f->done = 0;
    f->ecs->ops->around(f->ecs, f->around);
    assert_int_equal(f->done, 0); /* never inside */
    loop_run_for(f->loop, 100);
    assert_int_equal(f->done, 1);
}

static void around_reads_its_parts(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "database-down");
    go_around(&f);
    assert_int_equal(f.around->metrics.absence, ECS_SEEN);
    assert_true(f.around->metrics.has_data);
    assert_true(f.around->metrics.cpu_average > 5 &&
                f.around->metrics.cpu_maximum > f.around->metrics.cpu_average);
    assert_int_equal(f.around->alarms.absence, ECS_SEEN);
    assert_int_equal(f.around->alarms.count, 1);
    assert_true(text_starts(f.around->alarms.names[0], API "-AlarmHTTPCodeBackend5XX-"));
    assert_true(f.around->alarms.since_ms[0] > 0 && f.around->alarms.since_ms[0] < START);
    assert_int_equal(f.around->image.absence, ECS_SEEN);
    assert_false(f.around->image.gone);
    assert_string_equal(f.around->image.name, "tak-vpc-cotak-prod-cloudtak-api:0f3c2b1a");
    assert_true(f.around->image.pushed_ms > 0 && f.around->image.pushed_ms < START);
    end(&f);
    begin(&f, "expired-image");
    go_around(&f);
    assert_true(f.around->image.gone);
    assert_string_equal(f.around->image.why, "ECR has no tak-vpc-cotak-prod-cloudtak-api:0f3c2b1a");
    end(&f);
    begin(&f, "stack-updating");
    go_around(&f);
    assert_int_equal(f.around->stack.absence, ECS_SEEN);
    assert_true(f.around->stack.running);
    assert_string_equal(f.around->stack.status, "UPDATE_IN_PROGRESS");
    assert_true(f.around->stack.since_ms == START - 2 * MINUTE);
    loop_run_for(f.loop, 16 * MINUTE);
    go_around(&f);
    assert_false(f.around->stack.running);
    assert_string_equal(f.around->stack.status, "UPDATE_COMPLETE");
    end(&f);
    begin(&f, "wanted-zero");
    go_around(&f);
    assert_int_equal(f.around->metrics.absence, ECS_SEEN);
    assert_false(f.around->metrics.has_data);
    end(&f);
}

static void tailed(struct ecs_tail *r)
{
    ((struct fixture *)r->user)->done++;
}

static void tail(struct fixture *f, const char *task)
{
    *f->tail = (struct ecs_tail){.ref = api(), .done = tailed, .user = f};
    TEXT_COPY(f->tail->task_definition, API ":412");
    TEXT_COPY(f->tail->task_id, task);
    f->done = 0;
    f->ecs->ops->tail(f->ecs, f->tail);
    assert_int_equal(f->done, 0);
    loop_run_for(f->loop, 100);
    assert_int_equal(f->done, 1);
}

/* The id of a stopped task of ours. */
static const char *a_dead_task(struct fixture *f)
{
    look(f);
    for (size_t i = 0; i < f->seen->task_count; i++) {
        const struct ecs_task *t = &f->seen->tasks[i];
        if (text_equal(t->started_by, f->mine) && t->stopped_ms != 0) {
            return t->id;
        }
    }
    fail_msg("no task died");
    return "";
}

static void a_tail_is_redacted(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "database-down");
    redeploy(&f);
    loop_run_for(f.loop, 3 * MINUTE);
    tail(&f, a_dead_task(&f));
    assert_true(f.tail->ok);
    assert_int_equal(f.tail->count, 15);
    assert_string_equal(f.tail->log_group, API);
    assert_true(text_starts(f.tail->log_stream, API "/api/"));
    assert_string_equal(f.tail->lines[14], "not ok - terminating due to lack of postgres connection");
    bool url = false;
    for (size_t i = 0; i < f.tail->count; i++) {
        assert_null(strstr(f.tail->lines[i], WORLD_CANARY));
        url |= strstr(f.tail->lines[i], "postgres://") != NULL;
    }
    assert_true(url);
    tail(&f, "00000000000000000000000000000000");
    assert_true(f.tail->ok); /* no stream: it wrote nothing */
    assert_int_equal(f.tail->count, 0);
    TEXT_COPY(f.tail->task_definition, "nothing:1");
    f.ecs->ops->tail(f.ecs, f.tail);
    loop_run_for(f.loop, 100);
    assert_false(f.tail->ok);
    end(&f);
}

static void a_serving_task_has_no_secret_in_its_requests(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    look(&f);
    tail(&f, f.seen->tasks[0].id);
    assert_int_equal(f.tail->count, ECS_TAIL_LINES);
    bool token = false;
    for (size_t i = 0; i < f.tail->count; i++) {
        assert_null(strstr(f.tail->lines[i], WORLD_CANARY));
        token |= strstr(f.tail->lines[i], "token=") != NULL;
    }
    assert_true(token);
    end(&f);
}

static void faults_hit_them_too(void **state)
{
    (void)state;
    static const struct {
        enum fake_fault fault;
        enum ecs_absence absence;
    } rows[] = {{FAKE_REFUSED, ECS_REFUSED},
                {FAKE_THROTTLED, ECS_THROTTLED},
                {FAKE_EXPIRED, ECS_EXPIRED},
                {FAKE_UNREACHABLE, ECS_UNREACHABLE}};
    struct fixture f;
    begin(&f, "ok");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fake_ecs_fail(f.ecs, 1, 2, rows[i].fault);
        go_around(&f);
        assert_int_equal(f.around->metrics.absence, rows[i].absence);
        assert_int_equal(f.around->alarms.absence, rows[i].absence);
        assert_int_equal(f.around->image.absence, rows[i].absence);
        assert_true(f.around->image.why[0] != '\0');
        tail(&f, "00000000000000000000000000000000");
        assert_false(f.tail->ok);
        assert_true(f.tail->err.text[0] != '\0');
        go_around(&f);
        assert_int_equal(f.around->metrics.absence, ECS_SEEN);
    }
    f.ecs->ops->around(f.ecs, f.around);
    f.ecs->ops->tail(f.ecs, f.tail);
    f.done = 0;
    fake_ecs_destroy(f.ecs);
    f.ecs = NULL;
    assert_int_equal(f.done, 2);
    assert_int_equal(f.tail->err.code, ERR_CANCELLED);
    assert_int_equal(f.around->image.absence, ECS_UNREACHABLE);
    end(&f);
}

static void identified(struct ecs_identify *r)
{
    ((struct fixture *)r->user)->done++;
}

static void credentials_expire_everywhere(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "credentials-expire");
    redeploy(&f);
    loop_run_for(f.loop, 4 * MINUTE);
    look(&f);
    assert_int_equal(f.seen->service_absence, ECS_EXPIRED);
    go_around(&f);
    assert_int_equal(f.around->metrics.absence, ECS_EXPIRED);
    assert_int_equal(f.around->image.absence, ECS_EXPIRED);
    tail(&f, "00000000000000000000000000000000");
    assert_int_equal(f.tail->err.code, ERR_DENIED);
    struct ecs_identify who = {.done = identified, .user = &f};
    f.ecs->ops->identify(f.ecs, &who);
    loop_run_for(f.loop, 100);
    assert_false(who.ok);
    assert_int_equal(who.err.code, ERR_DENIED);
    loop_run_for(f.loop, 5 * MINUTE);
    look(&f);
    assert_int_equal(f.seen->service_absence, ECS_SEEN);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_join_their_tasks),
        cmocka_unit_test(a_watch_shows_its_rollout),
        cmocka_unit_test(missing_is_an_answer),
        cmocka_unit_test(around_reads_its_parts),
        cmocka_unit_test(a_tail_is_redacted),
        cmocka_unit_test(a_serving_task_has_no_secret_in_its_requests),
        cmocka_unit_test(faults_hit_them_too),
        cmocka_unit_test(credentials_expire_everywhere),
    };
    return cmocka_run_group_tests_name("sim fake_ecs_around", tests, NULL, NULL);
}
