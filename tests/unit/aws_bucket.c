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

static void polls_go_first_and_operators_do_not_starve(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 10, 0);
    for (int i = 0; i < 5; i++) {
        for (int poll = 0; poll < 3; poll++)
            assert_int_equal(take(&b, 0, 0, 1000, 1), AWS_LANE_POLL);
        assert_int_equal(take(&b, 0, 0, 1000, 1), AWS_LANE_OPERATOR);
    }
    assert_int_equal(take(&b, 0, 1, 1000, 1), AWS_LANE_CHANGE);
    /* polls that were alone count for nothing */
    for (int poll = 0; poll < 5; poll++)
        assert_int_equal(take(&b, 0, 0, 0, 1), AWS_LANE_POLL);
    assert_int_equal(take(&b, 0, 0, 1, 1), AWS_LANE_POLL);
    assert_int_equal(take(&b, 0, 0, 1, 0), AWS_LANE_OPERATOR);
}

static void operators_have_half_of_it_also_when_nothing_else_waits(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 10, 0); /* burst 50 */
    int served = 0;
    while (take(&b, 0, 0, 1000, 0) >= 0)
        served++;
    assert_int_equal(served, 25);
    assert_int_equal(take(&b, 0, 0, 1000, 1), AWS_LANE_POLL); /* the other half is there for it */
    served = 0;
    for (int64_t now = 10; now <= 100000; now += 10)
        served += take(&b, now, 0, 1000, 0) == AWS_LANE_OPERATOR;
    assert_in_range(served, 499, 501); /* 5 of 10 a second */
    served = 0;
    while (take(&b, 100000, 0, 1000, 1) == AWS_LANE_POLL)
        served++;
    assert_in_range(served, 44, 45); /* all but a change's tenth waited for polls */
}

/* What an operator's flood may do to what is followed: nothing that is seen. */
static void a_flood_of_reads_delays_no_poll(void **state)
{
    (void)state;
    struct bucket b;
    unsigned seed = 7;
    int reads[100] = {0}, polls = 0;
    int64_t waits_since = -1, longest = 0;
    bucket_init(&b, 5, 0);
    for (int64_t now = 0; now < 100000; now += 10) {
        seed = seed * 1103515245u + 12345u;
        if (waits_since < 0 && (seed >> 16) % 45 == 0) /* some two a second */
            waits_since = now;
        int lane = take(&b, now, 0, 1000, waits_since >= 0);
        reads[now / 1000] += lane == AWS_LANE_OPERATOR;
        if (lane == AWS_LANE_POLL) {
            longest = now - waits_since > longest ? now - waits_since : longest;
            waits_since = -1;
            polls++;
        }
    }
    assert_in_range(polls, 150, 300);
    assert_in_range(longest, 0, 20);
    for (size_t i = 20; i < 100; i++)
        assert_in_range(reads[i], 2, 3);
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

static void the_delay_of_an_operator_is_when_the_next_take_succeeds(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 2, 0);
    while (take(&b, 0, 0, 1, 0) >= 0)
        ;
    assert_int_equal(bucket_delay(&b, 0, AWS_LANE_POLL, 0), 0);
    int64_t delay = bucket_delay(&b, 0, AWS_LANE_OPERATOR, 0);
    assert_true(delay > 0 && delay <= 1001);
    assert_int_equal(take(&b, delay - 2, 0, 1, 0), -1);
    assert_int_equal(take(&b, delay, 0, 1, 0), AWS_LANE_OPERATOR);
}

static void a_tiny_bucket_still_serves_everybody(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 0.1, 0);
    assert_int_equal(take(&b, 0, 0, 0, 1), AWS_LANE_POLL);
    assert_int_equal(take(&b, 9000, 0, 0, 1), -1);
    assert_int_equal(take(&b, 10001, 0, 0, 1), AWS_LANE_POLL);
    assert_int_equal(take(&b, 20002, 0, 1, 0), AWS_LANE_OPERATOR);
    assert_int_equal(take(&b, 30003, 0, 1, 0), -1);
    assert_int_equal(take(&b, 40004, 0, 1, 0), AWS_LANE_OPERATOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_and_then_the_rate),
        cmocka_unit_test(nobody_waits_nobody_is_served),
        cmocka_unit_test(reads_leave_a_tenth_to_changes),
        cmocka_unit_test(polls_go_first_and_operators_do_not_starve),
        cmocka_unit_test(operators_have_half_of_it_also_when_nothing_else_waits),
        cmocka_unit_test(a_flood_of_reads_delays_no_poll),
        cmocka_unit_test(the_delay_of_an_operator_is_when_the_next_take_succeeds),
        cmocka_unit_test(the_delay_is_when_the_next_take_succeeds),
        cmocka_unit_test(a_tiny_bucket_still_serves_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
