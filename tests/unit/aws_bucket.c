#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/call.h"
#include "ecs/aws/bucket.h"

static int take(struct bucket *b, int64_t now, size_t changes, size_t operators, size_t polls)
{
    const size_t waiting[BUCKET_LANES] = {changes, operators, polls};
    return bucket_take(b, now, waiting);
}

static void a_burst_and_then_the_rate(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 10, 0); /* burst 50 */
    int served = 0;
    while (take(&b, 0, 1, 0, 0) == AWS_LANE_CHANGE)
        served++;
    assert_int_equal(served, 50);
    assert_int_equal(take(&b, 99, 1, 0, 0), -1);
    assert_int_equal(take(&b, 100, 1, 0, 0), AWS_LANE_CHANGE);
    served = 0;
    for (int64_t now = 200; now <= 10100; now += 10)
        served += take(&b, now, 1, 0, 0) >= 0;
    assert_in_range(served, 99, 101);
}

static void nobody_waits_nobody_is_served(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 10, 0);
    assert_int_equal(take(&b, 0, 0, 0, 0), -1);
    assert_int_equal(bucket_delay(&b, 0, AWS_LANE_POLL, 0), 0);
}

static void reads_leave_a_tenth_to_changes(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 10, 0);
    int served = 0;
    while (take(&b, 0, 0, 0, 1) >= 0)
        served++;
    assert_int_equal(served, 45);
    assert_int_equal(take(&b, 0, 0, 1, 0), -1);
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(&b, 0, 1, 1, 1), AWS_LANE_CHANGE);
    assert_int_equal(take(&b, 0, 1, 1, 1), -1);
}

static void operators_and_polls_take_turns(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 10, 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(take(&b, 0, 0, 1000, 1), AWS_LANE_OPERATOR);
        assert_int_equal(take(&b, 0, 0, 1000, 1), AWS_LANE_POLL);
    }
    assert_int_equal(take(&b, 0, 0, 1, 0), AWS_LANE_OPERATOR);
    assert_int_equal(take(&b, 0, 0, 1, 0), AWS_LANE_OPERATOR);
}

static void the_delay_is_when_the_next_take_succeeds(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 2, 0);
    while (take(&b, 0, 0, 0, 1) >= 0)
        ;
    int64_t delay = bucket_delay(&b, 0, AWS_LANE_POLL, 0);
    assert_true(delay > 0 && delay <= 501);
    assert_int_equal(take(&b, delay - 2, 0, 0, 1), -1);
    assert_int_equal(take(&b, delay, 0, 0, 1), AWS_LANE_POLL);
    assert_in_range(bucket_delay(&b, delay, AWS_LANE_POLL, 3), 1990, 2010);
}

static void a_tiny_bucket_still_serves_everybody(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 0.1, 0);
    assert_int_equal(take(&b, 0, 0, 0, 1), AWS_LANE_POLL);
    assert_int_equal(take(&b, 9000, 0, 0, 1), -1);
    assert_int_equal(take(&b, 10001, 0, 0, 1), AWS_LANE_POLL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_and_then_the_rate),
        cmocka_unit_test(nobody_waits_nobody_is_served),
        cmocka_unit_test(reads_leave_a_tenth_to_changes),
        cmocka_unit_test(operators_and_polls_take_turns),
        cmocka_unit_test(the_delay_is_when_the_next_take_succeeds),
        cmocka_unit_test(a_tiny_bucket_still_serves_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
