#include "lib/test_loop.h"

#include "base/mem.h"
#include "lib/check.h"

#define STEP_MS 5

void test_loop_init_real(struct test_loop *t)
{
    t->clock = clock_real(1, 0);
    t->loop = loop_create(&t->clock);
}

void test_loop_init_virtual(struct test_loop *t)
{
    t->clock = clock_virtual(TEST_LOOP_START_MS);
    t->loop = loop_create_virtual(&t->clock);
}

void test_loop_finish(struct test_loop *t)
{
    assert_int_equal(loop_destroy(t->loop), 0);
    t->loop = NULL;
}

/* Keeps the loop from returning while the world outside prepares something. */
static void tick(struct loop_timer *timer)
{
    loop_stop(timer->user);
}

void test_loop_until(struct test_loop *t, const bool *flag, int64_t ms)
{
    const int64_t end = loop_now(t->loop) + ms;
    struct loop_timer timer = {.fire = tick, .user = t->loop};
    while (!*flag && loop_now(t->loop) < end) {
        loop_timer_start(t->loop, &timer, STEP_MS);
        loop_run(t->loop);
    }
    loop_timer_stop(t->loop, &timer);
    assert_true(*flag);
}

static int setup(void **state, void (*init)(struct test_loop *t))
{
    struct test_loop *t = mem_alloc(sizeof(*t));
    init(t);
    *state = t;
    return 0;
}

int test_loop_setup_real(void **state)
{
    return setup(state, test_loop_init_real);
}

int test_loop_setup_virtual(void **state)
{
    return setup(state, test_loop_init_virtual);
}

int test_loop_teardown(void **state)
{
    struct test_loop *t = *state;
    const int left = loop_destroy(t->loop);
    mem_free(t);
    return left;
}
