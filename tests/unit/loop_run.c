/* Turns, deferred calls, timers, signals: on a virtual loop where time matters, on a real one where libuv
 * does. */
#include <signal.h>
#include <string.h>

#include "base/text.h"
#include "lib/check.h"
#include "lib/test_loop.h"

/* What ran, in order: each callback appends its letter. */
struct trace {
    struct loop *loop;
    char letters[64];
    size_t count;
};

struct lettered_timer {
    struct loop_timer timer;
    struct trace *trace;
    char letter;
    int64_t again_ms; /* arm anew with this, when >= 0 */
    int again_times;
    struct loop_deferred *also; /* deferred when arming anew */
};

struct lettered_call {
    struct loop_deferred call;
    struct trace *trace;
    char letter;
};

static void append(struct trace *trace, char letter)
{
    assert_true(trace->count + 1 < sizeof(trace->letters));
    trace->letters[trace->count++] = letter;
}

static void fire(struct loop_timer *t)
{
    struct lettered_timer *own = t->user;
    append(own->trace, own->letter);
    if (own->again_times > 0) {
        own->again_times--;
        loop_timer_start(own->trace->loop, t, own->again_ms);
        if (own->also != NULL) {
            loop_defer(own->trace->loop, own->also);
        }
    }
}

static void arm(struct lettered_timer *t, struct trace *trace, char letter, int64_t ms)
{
    *t = (struct lettered_timer){.timer = {.fire = fire, .user = t}, .trace = trace, .letter = letter};
    loop_timer_start(trace->loop, &t->timer, ms);
}

static void run_call(struct loop_deferred *d)
{
    struct lettered_call *own = d->user;
    append(own->trace, own->letter);
}

static void defer(struct lettered_call *c, struct trace *trace, char letter)
{
    *c = (struct lettered_call){.call = {.run = run_call, .user = c}, .trace = trace, .letter = letter};
    loop_defer(trace->loop, &c->call);
}

static void timers_fire_by_due_moment_then_by_arming(void **state)
{
    struct test_loop *t = *state;
    struct trace trace = {.loop = t->loop};
    struct lettered_timer timers[5];
    arm(&timers[0], &trace, 'd', 20);
    arm(&timers[1], &trace, 'b', 10);
    arm(&timers[2], &trace, 'c', 10);
    arm(&timers[3], &trace, 'a', 0);
    arm(&timers[4], &trace, 'e', 20);
    loop_run(t->loop);
    assert_string_equal(trace.letters, "abcde");
}

static void many_timers_keep_their_order(void **state)
{
    struct test_loop *t = *state;
    enum { COUNT = 500 };
    static struct loop_timer timers[COUNT];
    memset(timers, 0, sizeof(timers));
    uint32_t number = 12345;
    for (int i = 0; i < COUNT; i++) {
        number = number * 1103515245U + 12345U;
        loop_timer_start(t->loop, &timers[i], (number >> 16) % 1000);
    }
    for (int i = 0; i < COUNT; i += 3) {
        loop_timer_stop(t->loop, &timers[i]);
        assert_false(loop_timer_armed(&timers[i]));
    }
    /* Every moved or removed node leaves a heap: each timer's parent is not due after it. */
    int pairs = 0;
    for (int i = 0; i < COUNT; i++) {
        for (int k = 0; k < COUNT; k++) {
            const bool child = timers[i].index > 1 && timers[k].index == timers[i].index / 2;
            if (child) {
                assert_true(timers[k].due_ms <= timers[i].due_ms);
                pairs++;
            }
        }
    }
    assert_int_equal(pairs, COUNT - (COUNT + 2) / 3 - 1);
    for (int i = 0; i < COUNT; i++) {
        loop_timer_stop(t->loop, &timers[i]);
    }
}

static void hours_pass_in_a_virtual_loop(void **state)
{
    struct test_loop *t = *state;
    struct trace trace = {.loop = t->loop};
    struct lettered_timer timer;
    arm(&timer, &trace, 'a', 3 * 3600 * 1000);
    loop_run(t->loop);
    assert_string_equal(trace.letters, "a");
    assert_int_equal(loop_now(t->loop), 3 * 3600 * 1000);
    assert_int_equal(clock_wall(&t->clock), TEST_LOOP_START_MS + 3 * 3600 * 1000);
}

static void a_timer_armed_anew_fires_once_at_its_new_moment(void **state)
{
    struct test_loop *t = *state;
    struct trace trace = {.loop = t->loop};
    struct lettered_timer timer;
    arm(&timer, &trace, 'a', 10);
    loop_timer_start(t->loop, &timer.timer, 50);
    loop_run_for(t->loop, 49);
    assert_string_equal(trace.letters, "");
    loop_run_for(t->loop, 1);
    assert_string_equal(trace.letters, "a");
}

static void run_for_stops_at_its_end(void **state)
{
    struct test_loop *t = *state;
    struct trace trace = {.loop = t->loop};
    struct lettered_timer soon, late;
    arm(&soon, &trace, 'a', 10);
    arm(&late, &trace, 'b', 500);
    loop_run_for(t->loop, 100);
    assert_string_equal(trace.letters, "a");
    assert_true(loop_timer_armed(&late.timer));
    loop_timer_stop(t->loop, &late.timer);
}

static void world_time_runs_faster(void **state)
{
    struct test_loop *t = *state;
    struct trace trace = {.loop = t->loop};
    struct lettered_timer timer;
    t->clock.speed = 60;
    arm(&timer, &trace, 'a', 0);
    loop_timer_start_world(t->loop, &timer.timer, 60 * 1000);
    loop_run(t->loop);
    assert_int_equal(loop_now(t->loop), 1000);
    assert_int_equal(clock_world(&t->clock), TEST_LOOP_START_MS + 60 * 1000);
}

static void deferred_calls_run_once_in_order_before_timers(void **state)
{
    struct test_loop *t = *state;
    struct trace trace = {.loop = t->loop};
    struct lettered_timer timer;
    struct lettered_call calls[3];
    arm(&timer, &trace, 't', 0);
    defer(&calls[0], &trace, 'a');
    defer(&calls[1], &trace, 'x');
    defer(&calls[2], &trace, 'b');
    loop_defer(t->loop, &calls[0].call);
    loop_defer_cancel(t->loop, &calls[1].call);
    assert_string_equal(trace.letters, "");
    loop_run(t->loop);
    assert_string_equal(trace.letters, "abt");
}

static void a_timer_of_no_time_waits_for_the_next_turn(void **state)
{
    struct test_loop *t = *state;
    struct trace trace = {.loop = t->loop};
    struct lettered_timer first, second;
    struct lettered_call between;
    defer(&between, &trace, '-');
    loop_defer_cancel(t->loop, &between.call);
    arm(&first, &trace, 'a', 0);
    first.again_times = 2;
    first.also = &between.call;
    arm(&second, &trace, 'b', 0);
    loop_run(t->loop);
    assert_string_equal(trace.letters, "ab-a-a");
}

static void stop_from(struct loop_timer *t)
{
    loop_stop(t->user);
}

static void stop_ends_after_the_current_callback(void **state)
{
    struct test_loop *t = *state;
    struct trace trace = {.loop = t->loop};
    struct loop_timer stopper = {.fire = stop_from, .user = t->loop};
    struct lettered_timer timer;
    loop_timer_start(t->loop, &stopper, 0);
    arm(&timer, &trace, 'a', 0);
    loop_run(t->loop);
    assert_string_equal(trace.letters, "");
    loop_run(t->loop);
    assert_string_equal(trace.letters, "a");
}

static void block(struct loop_timer *t)
{
    struct test_loop *own = t->user;
    const int64_t start = loop_now(own->loop);
    while (loop_now(own->loop) < start + 30) {
    }
}

static void lag_is_how_late_a_timer_came(void **state)
{
    struct test_loop *t = *state;
    struct trace trace = {.loop = t->loop};
    struct loop_timer blocker = {.fire = block, .user = t};
    struct lettered_timer late;
    loop_timer_start(t->loop, &blocker, 0);
    arm(&late, &trace, 'a', 1);
    loop_run(t->loop);
    const int64_t lag = loop_take_lag(t->loop);
    assert_true(lag >= 25 && lag < 5000);
    assert_int_equal(loop_take_lag(t->loop), 0);
}

static void take_signal(void *user, int signum)
{
    *(bool *)user = signum == SIGUSR1;
}

static void a_signal_reaches_its_function(void **state)
{
    struct test_loop *t = *state;
    bool came = false;
    loop_on_signal(t->loop, SIGUSR1, take_signal, &came);
    loop_run(t->loop); /* a signal alone keeps nothing running */
    assert_false(came);
    raise(SIGUSR1);
    test_loop_until(t, &came, 5000);
}

static void what_is_left_open_is_counted(void **state)
{
    (void)state;
    struct test_loop t;
    struct trace trace = {0};
    struct lettered_timer timer;
    struct lettered_call call;
    test_loop_init_real(&t);
    trace.loop = t.loop;
    arm(&timer, &trace, 'a', 1000);
    defer(&call, &trace, 'b');
    assert_int_equal(loop_destroy(t.loop), 2);
    assert_false(loop_timer_armed(&timer.timer));
    assert_string_equal(trace.letters, "");
}

#define ON_REAL(test)    cmocka_unit_test_setup_teardown(test, test_loop_setup_real, test_loop_teardown)
#define ON_VIRTUAL(test) cmocka_unit_test_setup_teardown(test, test_loop_setup_virtual, test_loop_teardown)
#define ON_BOTH(test)    ON_VIRTUAL(test), ON_REAL(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(timers_fire_by_due_moment_then_by_arming),
        ON_BOTH(many_timers_keep_their_order),
        ON_VIRTUAL(hours_pass_in_a_virtual_loop),
        ON_VIRTUAL(a_timer_armed_anew_fires_once_at_its_new_moment),
        ON_BOTH(run_for_stops_at_its_end),
        ON_VIRTUAL(world_time_runs_faster),
        ON_BOTH(deferred_calls_run_once_in_order_before_timers),
        ON_BOTH(a_timer_of_no_time_waits_for_the_next_turn),
        ON_BOTH(stop_ends_after_the_current_callback),
        ON_REAL(lag_is_how_late_a_timer_came),
        ON_REAL(a_signal_reaches_its_function),
        cmocka_unit_test(what_is_left_open_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
