/* scale, shutdown and start as decisions: each row changes one thing around a service of two tasks whose
 * autoscaling is 2..10. */
#include "bot/core/count_plan.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"

struct fixture {
    struct config_target target;
    struct config_service service;
    struct ecs_service live;
    struct ecs_scaling scaling;
    struct count_memo memo;
    struct count_facts facts;
    struct count_plan plan;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    TEXT_COPY(f->target.name, "cotak prod");
    TEXT_COPY(f->target.preset, "v13");
    TEXT_COPY(f->service.key, "api");
    TEXT_COPY(f->service.name, "tak-cloudtak-cotak-prod");
    f->service.desired = -1;
    TEXT_COPY(f->live.strategy, "REPLICA");
    f->live.desired = f->live.running = 2;
    f->scaling = (struct ecs_scaling){.ok = true, .registered = true, .minimum = 2, .maximum = 10};
    f->facts = (struct count_facts){.verb = COUNT_SHUTDOWN,
                                    .target = &f->target,
                                    .service = &f->service,
                                    .live = &f->live,
                                    .scaling = &f->scaling,
                                    .command = "/cloudtak"};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    mem_free(*state);
    return 0;
}

static const struct count_plan *plan(struct fixture *f)
{
    memset(&f->plan, 0x5a, sizeof(f->plan)); /* nothing may be left of what was there */
    count_plan_make(&f->facts, &f->plan);
    return &f->plan;
}

static const struct count_plan *scale_to(struct fixture *f, int count)
{
    f->facts.verb = COUNT_SCALE;
    f->facts.asked = count;
    return plan(f);
}

static const struct count_plan *start(struct fixture *f)
{
    f->facts.verb = COUNT_START;
    return plan(f);
}

/* What the bot did to it before: from two to nothing, both dynamic switches suspended by it. */
static void left_at_zero(struct fixture *f)
{
    f->live.desired = f->live.running = 0;
    f->scaling.suspended = (struct ecs_scaling_switches){.in = true, .out = true, .scheduled = true};
    f->memo = (struct count_memo){.before = 2, .count = 0, .suspended = {.in = true, .out = true}};
    TEXT_COPY(f->memo.who, "@bo");
    f->facts.memo = &f->memo;
}

static void expect_refused(const struct count_plan *p, const char *words)
{
    if (!p->refused || strstr(p->refusal, words) == NULL) {
        fail_msg("refused %d: \"%s\"", p->refused, p->refusal);
    }
}

static void expect_text(const char *text, const char *words)
{
    if (strstr(text, words) == NULL) {
        fail_msg("\"%s\" has no \"%s\"", text, words);
    }
}

static void expect_switches(const struct ecs_scaling_switches *s, bool in, bool out, bool scheduled)
{
    if (s->in != in || s->out != out || s->scheduled != scheduled) {
        fail_msg("in %d out %d scheduled %d", s->in, s->out, s->scheduled);
    }
}

/* ---- shutdown */

static void a_shutdown_suspends_and_remembers(void **state)
{
    const struct count_plan *p = plan(*state);
    assert_false(p->refused);
    assert_int_equal(p->before, 2);
    assert_int_equal(p->wanted, 0);
    assert_true(p->cuts_off);
    assert_true(p->set_switches);
    expect_switches(&p->switches, true, true, true);
    expect_switches(&p->remember.suspended, true, true, true);
    assert_int_equal(p->remember.before, 2);
    assert_int_equal(p->remember.count, 0);
    assert_false(p->forget);
    expect_text(p->ask, "ENDS service: 2 of 2 tasks run now");
    expect_text(p->says, "autoscaling 2..10 is suspended first; start resumes it · count 2 -> 0");
    assert_string_equal(p->odd, "");
}

static void only_what_was_not_suspended_is_the_bots_own(void **state)
{
    struct fixture *f = *state;
    f->scaling.suspended = (struct ecs_scaling_switches){.scheduled = true};
    const struct count_plan *p = plan(f);
    assert_true(p->set_switches);
    expect_switches(&p->switches, true, true, true);
    expect_switches(&p->remember.suspended, true, true, false);

    f->scaling.suspended = (struct ecs_scaling_switches){.in = true, .out = true, .scheduled = true};
    p = plan(f);
    assert_false(p->set_switches);
    expect_switches(&p->remember.suspended, false, false, false);
    expect_text(p->says, "suspended already, not by me");
}

static void a_second_shutdown_keeps_the_first_memory(void **state)
{
    struct fixture *f = *state;
    left_at_zero(f);
    f->memo.suspended.scheduled = true;
    expect_refused(plan(f), "stands at 0 already; 0 run. How it is now: /cloudtak status cotak prod api");

    f->scaling.suspended.out = false; /* somebody resumed one: it is suspended again */
    const struct count_plan *p = plan(f);
    assert_false(p->refused);
    assert_true(p->set_switches);
    expect_switches(&p->remember.suspended, true, true, true);
    assert_int_equal(p->remember.before, 2);
    assert_false(p->cuts_off);
    expect_text(p->ask, "nothing runs now");
}

static void a_count_changed_elsewhere_is_the_one_to_come_back_to(void **state)
{
    struct fixture *f = *state;
    left_at_zero(f);
    f->live.desired = f->live.running = 3;
    const struct count_plan *p = plan(f);
    assert_int_equal(p->remember.before, 3);
    expect_switches(&p->remember.suspended, true, true, false); /* still its own */
}

static void autoscaling_that_cannot_be_read_is_said_and_left_alone(void **state)
{
    struct fixture *f = *state;
    f->scaling = (struct ecs_scaling){.absence = ECS_THROTTLED};
    TEXT_COPY(f->scaling.err.text, "ThrottlingException");
    const struct count_plan *p = plan(f);
    assert_false(p->set_switches);
    expect_text(p->odd, "could not read it (ThrottlingException)");
    f->facts.scaling = NULL;
    expect_text(plan(f)->odd, "no answer in time");
    f->facts.scaling = &f->scaling;
    f->scaling.absence = ECS_UNSUPPORTED; /* there is none: nothing to say */
    assert_string_equal(plan(f)->odd, "");
}

static void without_autoscaling_nothing_is_set(void **state)
{
    struct fixture *f = *state;
    f->scaling.registered = false;
    const struct count_plan *p = plan(f);
    assert_false(p->set_switches);
    expect_switches(&p->remember.suspended, false, false, false);
    assert_string_equal(p->says, "count 2 -> 0");
}

/* ---- scale */

static void a_count_has_bounds(void **state)
{
    struct fixture *f = *state;
    expect_refused(scale_to(f, 11), "takes a count from 0 to 10.");
    f->scaling.maximum = 12;
    assert_false(scale_to(f, 11)->refused);
    f->scaling.registered = false;
    f->service.desired = 15;
    assert_false(scale_to(f, 15)->refused);
    expect_refused(scale_to(f, 16), "from 0 to 15");
}

static void there_is_one_hub(void **state)
{
    struct fixture *f = *state;
    f->service.drops = DROPS_SOCKETS;
    f->scaling.registered = false;
    f->live.desired = f->live.running = 1;
    expect_refused(scale_to(f, 2), "from 0 to 1: two of them would connect twice");
    assert_false(scale_to(f, 0)->refused);
}

static void up_loses_nothing_and_down_does(void **state)
{
    struct fixture *f = *state;
    const struct count_plan *p = scale_to(f, 4);
    assert_false(p->cuts_off);
    assert_string_equal(p->ask, "");
    assert_int_equal(p->remember.before, 2);
    assert_int_equal(p->remember.count, 4);
    f->live.desired = f->live.running = 4;
    p = scale_to(f, 1);
    assert_true(p->cuts_off);
    expect_text(p->ask, "It stops 3 of 4 tasks and leaves 1.");
    expect_text(p->says, "outside autoscaling's 2..10");
}

static void the_runbook_is_quoted(void **state)
{
    struct fixture *f = *state;
    f->service.desired = 1;
    TEXT_COPY(f->target.preset, "runbook");
    expect_text(scale_to(f, 3)->says, "the runbook says 1, live is 2: this sets 3");
    TEXT_COPY(f->target.preset, "none");
    expect_text(scale_to(f, 3)->says, "the configuration says 1, live is 2: this sets 3");
    f->service.desired = 2;
    expect_text(scale_to(f, 3)->says, "count 2 -> 3");
}

static void the_same_count_is_refused_unless_autoscaling_is_held(void **state)
{
    struct fixture *f = *state;
    const struct count_plan *p = scale_to(f, 2);
    assert_false(p->refused);
    assert_true(p->set_switches);
    f->scaling.registered = false;
    expect_refused(scale_to(f, 2), "stands at 2 already");
}

static void back_to_where_it_was_leaves_nothing_to_remember(void **state)
{
    struct fixture *f = *state;
    left_at_zero(f);
    f->scaling.registered = false;
    f->memo.suspended = (struct ecs_scaling_switches){0};
    const struct count_plan *p = scale_to(f, 2);
    assert_true(p->forget);
    p = scale_to(f, 3);
    assert_false(p->forget);
    assert_int_equal(p->remember.before, 2);
}

static void a_daemon_has_no_count(void **state)
{
    struct fixture *f = *state;
    TEXT_COPY(f->live.strategy, "DAEMON");
    expect_refused(plan(f), "(DAEMON)");
    expect_refused(start(f), "/cloudtak restart cotak prod api");
}

static void a_count_is_a_number(void **state)
{
    (void)state;
    int n = -7;
    assert_true(count_plan_number("0", &n));
    assert_int_equal(n, 0);
    assert_true(count_plan_number("010", &n));
    assert_int_equal(n, 10);
    assert_false(count_plan_number("", &n));
    assert_false(count_plan_number("1000", &n));
    assert_false(count_plan_number("-1", &n));
    assert_false(count_plan_number("2x", &n));
    assert_false(count_plan_number("2 3", &n));
    assert_int_equal(n, 10);
}

/* ---- start */

static void a_start_undoes_a_shutdown(void **state)
{
    struct fixture *f = *state;
    left_at_zero(f);
    const struct count_plan *p = start(f);
    assert_false(p->refused);
    assert_int_equal(p->wanted, 2);
    assert_true(p->set_switches);
    expect_switches(&p->switches, false, false, true); /* the third is somebody else's */
    assert_true(p->forget);
    assert_false(p->cuts_off);
    assert_string_equal(p->ask, "");
    assert_string_equal(p->odd, "");
    expect_text(p->says, "autoscaling 2..10 is resumed · count 0 -> 2, as it was before @bo set it to 0");
    f->service.desired = 1;
    expect_text(start(f)->says, "the configuration says 1: I go back to 2");
}

static void what_somebody_else_resumed_is_let_alone(void **state)
{
    struct fixture *f = *state;
    left_at_zero(f);
    f->scaling.suspended = (struct ecs_scaling_switches){.scheduled = true};
    const struct count_plan *p = start(f);
    assert_false(p->set_switches);
    assert_true(p->forget);
    expect_text(p->says, "suspended, not by me");
}

static void without_a_memory_the_settings_count_then_autoscaling_then_one(void **state)
{
    struct fixture *f = *state;
    f->live.desired = f->live.running = 0;
    f->service.desired = 3;
    assert_int_equal(start(f)->wanted, 3);
    f->service.desired = -1;
    assert_int_equal(start(f)->wanted, 2);
    expect_text(f->plan.says, "autoscaling's minimum");
    assert_string_equal(f->plan.odd, "");
    f->scaling.registered = false;
    assert_int_equal(start(f)->wanted, 1);
    expect_text(f->plan.odd, "no count is configured: it starts 1");
}

static void what_runs_is_not_started(void **state)
{
    struct fixture *f = *state;
    expect_refused(start(f), "does not stand at 0: 2 tasks are wanted, 2 run. Another count");
    f->memo = (struct count_memo){.before = 4, .count = 2};
    TEXT_COPY(f->memo.who, "@bo");
    f->facts.memo = &f->memo;
    expect_refused(start(f), "Before @bo changed it, it was 4: /cloudtak scale cotak prod api 4.");
}

static void a_start_of_what_runs_resumes_autoscaling_only(void **state)
{
    struct fixture *f = *state;
    left_at_zero(f);
    f->live.desired = f->live.running = 3; /* raised elsewhere */
    const struct count_plan *p = start(f);
    assert_false(p->refused);
    assert_int_equal(p->wanted, 3);
    assert_true(p->set_switches);
    expect_text(p->says, "count stays 3");
    assert_true(p->forget);
}

static void a_memory_left_behind_does_not_say_the_count(void **state)
{
    struct fixture *f = *state;
    left_at_zero(f);
    f->memo.left = true; /* it was raised elsewhere, and then set to 0 elsewhere */
    f->memo.before = 7;
    assert_int_equal(start(f)->wanted, 2);
    expect_text(f->plan.says, "autoscaling's minimum");
}

static void what_could_not_be_resumed_is_not_forgotten(void **state)
{
    struct fixture *f = *state;
    left_at_zero(f);
    f->facts.scaling = NULL;
    const struct count_plan *p = start(f);
    assert_int_equal(p->wanted, 2);
    assert_false(p->set_switches);
    assert_false(p->forget);
    assert_true(p->remember.left);
    expect_switches(&p->remember.suspended, true, true, false);
    expect_text(p->says, "stays suspended by me");
    f->memo.suspended = (struct ecs_scaling_switches){0};
    assert_true(start(f)->forget);
}

static void what_voids_a_question_is_named(void **state)
{
    struct fixture *f = *state;
    const struct count_plan asked = *plan(f);
    assert_null(count_plan_differs(&asked, plan(f)));
    f->scaling.suspended.in = true;
    f->scaling.suspended.out = true;
    f->scaling.suspended.scheduled = true;
    expect_text(count_plan_differs(&asked, plan(f)), "autoscaling");
    f->live.desired = 3;
    expect_text(count_plan_differs(&asked, plan(f)), "the count");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_shutdown_suspends_and_remembers),
        TEST(only_what_was_not_suspended_is_the_bots_own),
        TEST(a_second_shutdown_keeps_the_first_memory),
        TEST(a_count_changed_elsewhere_is_the_one_to_come_back_to),
        TEST(autoscaling_that_cannot_be_read_is_said_and_left_alone),
        TEST(without_autoscaling_nothing_is_set),
        TEST(a_count_has_bounds),
        TEST(there_is_one_hub),
        TEST(up_loses_nothing_and_down_does),
        TEST(the_runbook_is_quoted),
        TEST(the_same_count_is_refused_unless_autoscaling_is_held),
        TEST(back_to_where_it_was_leaves_nothing_to_remember),
        TEST(a_daemon_has_no_count),
        TEST(a_count_is_a_number),
        TEST(a_start_undoes_a_shutdown),
        TEST(what_somebody_else_resumed_is_let_alone),
        TEST(without_a_memory_the_settings_count_then_autoscaling_then_one),
        TEST(what_runs_is_not_started),
        TEST(a_start_of_what_runs_resumes_autoscaling_only),
        TEST(a_memory_left_behind_does_not_say_the_count),
        TEST(what_could_not_be_resumed_is_not_forgotten),
        TEST(what_voids_a_question_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
