#ifndef LIB_TEST_LOOP_H
#define LIB_TEST_LOOP_H
/* A loop with its clock, for tests. finish fails the test when anything was left open. */
#include "base/clock.h"
#include "loop/loop.h"

#define TEST_LOOP_START_MS                                                                                   \
    1795356000000LL /* 2026-11-22T14:00:00Z: wall time at which virtual loops begin                          \
                     */

struct test_loop {
    struct clock clock;
    struct loop *loop;
};

void test_loop_init_real(struct test_loop *t);
void test_loop_init_virtual(struct test_loop *t);
/* Asserts loop_destroy() == 0. */
void test_loop_finish(struct test_loop *t);
/* Runs until *flag, at most ms on the loop's clock; asserts that the flag came. */
void test_loop_until(struct test_loop *t, const bool *flag, int64_t ms);

/* The same as cmocka set-up and tear-down: *state is a struct test_loop *. */
int test_loop_setup_real(void **state);
int test_loop_setup_virtual(void **state);
int test_loop_teardown(void **state);

#endif
