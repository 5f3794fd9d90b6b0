/* Many ask the same. */
#include "lib/check.h"

#include "base/clock.h"
#include "base/text.h"
#include "lib_rig.h"

/* Equal questions share an answer for two seconds; another question does not. */
static void equal_questions_share_an_answer(void **state)
{
    static const char *const PEOPLE[] = {"ana", "bo", "cy", "dee", "eli"};
    struct rig *r = *state;
    r->ecs.answer_ms = 500;
    rig_start(r);
    for (size_t i = 0; i < 5; i++) {
        char delivery[20];
        TEXT_FORMAT(delivery, "slack/same/%zu", i);
        rig_ask_as(r, PEOPLE[i], "status cotak prod", delivery, clock_wall(&r->clock));
        rig_run(r, 20);
    }
    rig_settle(r, 5, 10000);
    const int looks = r->ecs.looks;
    assert_true(looks > 0);
    assert_int_equal(r->chat->count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(card_says(&r->chat->messages[i].card, "Users: SERVED"));
        assert_int_equal(r->settled[i].how, SETTLED_REPLY);
    }
    rig_run(r, 1000);
    rig_ask(r, "status cotak prod"); /* at once, from what is known */
    rig_run(r, 100);
    assert_int_equal(r->chat->count, 6);
    assert_int_equal(r->ecs.looks, looks);
    rig_ask(r, "status cotak prod hub");
    rig_run(r, 5000);
    const int more = r->ecs.looks;
    assert_true(more > looks);
    rig_ask(r, "status cotak prod");
    rig_run(r, 5000);
    assert_true(r->ecs.looks > more);
    assert_int_equal(r->settled_count, 8);
}

/* Who waits for the answer of another when the engine stops is not left behind. */
static void a_stop_ends_shared_questions(void **state)
{
    struct rig *r = *state;
    r->ecs.answer_ms = 3000;
    rig_start(r);
    rig_ask(r, "status cotak prod");
    rig_ask(r, "status cotak prod");
    rig_run(r, 1000);
    rig_close(r);
    rig_run(r, 10000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(equal_questions_share_an_answer),
        TEST(a_stop_ends_shared_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
