/* Words, moves, ends and ids of operations. */
#include "core/operation.h"

#include <string.h>

#include "lib/check.h"

/* The drawing of include/core/operation.h, written down a second time. */
static const struct {
    enum operation_state from;
    enum operation_state to[8];
    size_t count;
} drawing[] = {
    {OP_REQUESTED, {OP_REFUSED, OP_ASKING, OP_QUEUED, OP_FOLLOWING}, 4},
    {OP_ASKING, {OP_ASKING, OP_EXPIRED, OP_DECLINED, OP_CANCELLED, OP_QUEUED, OP_REFUSED}, 6},
    {OP_QUEUED, {OP_ACTING, OP_ASKING, OP_REFUSED, OP_CANCELLED}, 4},
    {OP_ACTING, {OP_FOLLOWING, OP_UNCERTAIN, OP_FAILED, OP_QUEUED}, 4},
    {OP_UNCERTAIN, {OP_ACTING, OP_FOLLOWING, OP_FAILED, OP_CANCELLED}, 4},
    {OP_FOLLOWING,
     {OP_SUCCEEDED, OP_FAILED, OP_ROLLED_BACK, OP_SUPERSEDED, OP_STOPPED_FOLLOWING, OP_CANCELLED},
     6},
};

static bool drawn(enum operation_state from, enum operation_state to)
{
    for (size_t i = 0; i < CHECK_COUNT(drawing); i++) {
        for (size_t k = 0; k < drawing[i].count; k++) {
            if (drawing[i].from == from && drawing[i].to[k] == to) {
                return true;
            }
        }
    }
    return false;
}

static void moves_are_those_of_the_drawing(void **state)
{
    (void)state;
    for (unsigned from = 0; from < OP_STATES; from++) {
        bool leads_on = false;
        for (unsigned to = 0; to < OP_STATES; to++) {
            const bool wanted = drawn((enum operation_state)from, (enum operation_state)to);
            CHECK_ROW(operation_word((enum operation_state)from),
                      operation_may_move((enum operation_state)from, (enum operation_state)to) == wanted);
            leads_on |= wanted;
        }
        CHECK_ROW(operation_word((enum operation_state)from),
                  operation_ended((enum operation_state)from) == !leads_on);
    }
}

static void words_come_back(void **state)
{
    (void)state;
    enum operation_state back = OP_STATES;
    for (unsigned s = 0; s < OP_STATES; s++) {
        assert_true(operation_state_of(operation_word((enum operation_state)s), &back));
        assert_int_equal(back, s);
    }
    back = OP_ACTING;
    assert_false(operation_state_of("acted", &back));
    assert_int_equal(back, OP_ACTING);
}

static void ends_have_exit_statuses(void **state)
{
    (void)state;
    static const int wanted[OP_STATES] = {
        [OP_REQUESTED] = 4,   [OP_ASKING] = 3,     [OP_QUEUED] = 4,           [OP_ACTING] = 4,
        [OP_UNCERTAIN] = 4,   [OP_FOLLOWING] = 4,  [OP_REFUSED] = 3,          [OP_EXPIRED] = 3,
        [OP_DECLINED] = 3,    [OP_CANCELLED] = 4,  [OP_SUCCEEDED] = 0,        [OP_FAILED] = 1,
        [OP_ROLLED_BACK] = 1, [OP_SUPERSEDED] = 4, [OP_STOPPED_FOLLOWING] = 4};
    for (unsigned s = 0; s < OP_STATES; s++) {
        CHECK_ROW(operation_word((enum operation_state)s),
                  operation_exit_status((enum operation_state)s) == wanted[s]);
    }
}

static void ids_are_four_plain_letters(void **state)
{
    (void)state;
    char id[STORE_ID], other[STORE_ID];
    for (uint32_t i = 0; i < 100000; i++) {
        operation_id(id, i * 2654435761u);
        assert_int_equal(strlen(id), 4);
        assert_int_equal(strspn(id, "ABCDEFGHJKMNPQRSTUVWXYZ23456789"), 4);
    }
    operation_id(id, 1);
    operation_id(other, 2);
    assert_string_not_equal(id, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_are_those_of_the_drawing),
        cmocka_unit_test(words_come_back),
        cmocka_unit_test(ends_have_exit_statuses),
        cmocka_unit_test(ids_are_four_plain_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
