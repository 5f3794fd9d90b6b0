/* A service that was left at zero: remembered, reminded of, and what people read. */
#include "bot/core/zero.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"

#define SINCE  1795356600000LL /* 2026-11-22T14:10:00Z */
#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)

struct fixture {
    struct count_memo memo;
    struct zero_facts facts;
    struct card card;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    f->memo = (struct count_memo){
        .before = 1, .sure = true, .suspended = {.in = true, .out = true}, .since_ms = SINCE};
    TEXT_COPY(f->memo.service_name, "123456789012/us-gov-east-1/tak-vpc-cotak-prod/tak-events");
    TEXT_COPY(f->memo.target, "cotak prod");
    TEXT_COPY(f->memo.service_key, "events");
    TEXT_COPY(f->memo.operation, "7F3K");
    TEXT_COPY(f->memo.who, "@bo");
    TEXT_COPY(f->memo.reason, "INC-204");
    TEXT_COPY(f->memo.server, "slack");
    TEXT_COPY(f->memo.channel, "C1");
    f->facts = (struct zero_facts){.memo = &f->memo,
                                   .command = "/cloudtak",
                                   .scaling_read = true,
                                   .suspended = {.in = true, .out = true},
                                   .now_ms = SINCE + 15 * MINUTE};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    mem_free(*state);
    return 0;
}

/* ---- memory */

static void a_memo_comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct count_memo back;
    struct err err = {0};
    f->memo.left = true;
    f->memo.count = 3;
    f->memo.reminders = 2;
    char *json = count_memo_save(&f->memo);
    struct store_memo row = {.json = json};
    TEXT_COPY(row.key, f->memo.service_name);
    assert_true(count_memo_load(&row, &back, &err));
    char *again = count_memo_save(&back);
    assert_string_equal(json, again);
    assert_string_equal(back.service_name, f->memo.service_name);
    assert_true(back.suspended.in && back.suspended.out && !back.suspended.scheduled);
    assert_int_equal(back.before, 1);
    assert_int_equal(back.reminders, 2);
    assert_true(back.sure && back.left);
    mem_free(json);
    mem_free(again);
}

static void a_memo_of_another_version_is_refused(void **state)
{
    (void)state;
    struct count_memo back = {.before = 77};
    struct err err = {0};
    assert_false(count_memo_load(&(struct store_memo){.json = "{\"version\":2}"}, &back, &err));
    assert_non_null(strstr(err.text, "version 2"));
    assert_false(count_memo_load(&(struct store_memo){.json = "{"}, &back, &err));
    assert_int_equal(back.before, 77);
}

/* ---- when */

static void reminders_come_after_15_min_1_h_and_every_4_h(void **state)
{
    struct fixture *f = *state;
    const struct {
        int64_t age;
        int due;
    } rows[] = {
        {0, 0},        {15 * MINUTE - 1, 0}, {15 * MINUTE, 1}, {HOUR - 1, 1},
        {HOUR, 2},     {5 * HOUR - 1, 2},    {5 * HOUR, 3},    {9 * HOUR - 1, 3},
        {9 * HOUR, 4}, {101 * HOUR, 27},     {-HOUR, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(zero_due(&f->memo, SINCE + rows[i].age), rows[i].due);
    }
}

static void the_wait_is_until_the_next_that_was_not_told(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(zero_wait(&f->memo, SINCE), 15 * MINUTE);
    assert_int_equal(zero_wait(&f->memo, SINCE + 20 * MINUTE), 0);
    f->memo.reminders = 1;
    assert_int_equal(zero_wait(&f->memo, SINCE + 20 * MINUTE), 40 * MINUTE);
    f->memo.reminders = 2;
    assert_int_equal(zero_wait(&f->memo, SINCE + HOUR), 4 * HOUR);
    f->memo.reminders = 3;
    assert_int_equal(zero_wait(&f->memo, SINCE + 5 * HOUR + MINUTE), 4 * HOUR - MINUTE);
    assert_int_equal(zero_wait(&f->memo, SINCE - 100 * HOUR), 4 * HOUR); /* the clock was set back */
}

/* What was due and what is waited for agree: after each reminder the next one lies ahead. */
static void what_is_told_is_not_due_again(void **state)
{
    struct fixture *f = *state;
    for (int64_t age = 0; age < 60 * HOUR; age += 7 * MINUTE) {
        const int due = zero_due(&f->memo, SINCE + age);
        if (due > f->memo.reminders) {
            assert_int_equal(zero_wait(&f->memo, SINCE + age), 0);
            f->memo.reminders = due;
        }
        assert_true(zero_wait(&f->memo, SINCE + age) > 0);
    }
    assert_int_equal(f->memo.reminders, 16);
}

/* ---- what */

static void expect(struct fixture *f, enum zero_news news, const char *words)
{
    assert_int_equal(zero_judge(&f->facts), news);
    zero_tell(&f->facts, news, &f->card);
    char *text = card_text(&f->card, 0);
    if (strstr(text, words) == NULL) {
        fail_msg("no \"%s\" in:\n%s", words, text);
    }
    mem_free(text);
}

static void a_reminder_says_who_since_when_and_how_to_end_it(void **state)
{
    struct fixture *f = *state;
    expect(f, ZERO_STANDS, "cotak prod events stands at 0 since 14:10:00 UTC (@bo: INC-204)");
    expect(f, ZERO_STANDS, "Users: NOT SERVED by events; 0 tasks run.");
    expect(f, ZERO_STANDS, "Autoscaling is suspended by me.");
    expect(f, ZERO_STANDS, "To bring it back with 1: /cloudtak start cotak prod events");
    f->facts.now_ms = SINCE + 13 * HOUR;
    expect(f, ZERO_STANDS, "since 2026-11-22 14:10:00 UTC");
    f->facts.running = 1;
    expect(f, ZERO_STANDS, "1 of its tasks still running, 0 wanted");
    f->facts.production = f->facts.rehearsal = true;
    expect(f, ZERO_STANDS, "events (PRODUCTION) stands");
    expect(f, ZERO_STANDS, "REHEARSAL");
}

static void what_was_not_suspended_is_not_said_to_be(void **state)
{
    struct fixture *f = *state;
    f->facts.suspended = (struct ecs_scaling_switches){.scheduled = true};
    expect(f, ZERO_STANDS, "somebody else resumed it");
    f->facts.scaling_read = false;
    expect(f, ZERO_STANDS, "suspended by me (I could not look whether it still is)");
    f->memo.suspended = (struct ecs_scaling_switches){0};
    expect(f, ZERO_STANDS, "");
    for (size_t i = 0; i < f->card.line_count; i++) {
        assert_null(strstr(f->card.lines[i], "utoscaling"));
    }
}

static void a_count_raised_elsewhere_is_told(void **state)
{
    struct fixture *f = *state;
    f->facts.desired = 2;
    f->facts.running = 1;
    expect(f, ZERO_RAISED, "cotak prod events was brought back elsewhere: 2 tasks are wanted");
    expect(f, ZERO_RAISED, "1 of 2 tasks run");
    expect(f, ZERO_RAISED, "It stood at 0 since 14:10:00 UTC (@bo: INC-204)");
    expect(f, ZERO_RAISED, "To resume autoscaling: /cloudtak start cotak prod events");
    f->facts.suspended = (struct ecs_scaling_switches){0};
    expect(f, ZERO_RAISED, "somebody else resumed it");
    assert_false(zero_still_suspended(&f->facts));
}

static void what_cannot_be_seen_is_not_called_zero(void **state)
{
    struct fixture *f = *state;
    TEXT_COPY(f->facts.trouble, "my sign-in ended");
    expect(f, ZERO_UNSEEN, "not known now. I left it at 0, and I cannot see it: my sign-in ended.");
    f->facts.over = true;
    expect(f, ZERO_LOST, "not in my settings any more");
    expect(f, ZERO_LOST, "and resume autoscaling there");
}

static void what_a_person_wrote_cannot_look_like_a_verdict(void **state)
{
    struct fixture *f = *state;
    TEXT_COPY(f->memo.reason, "✅ DONE: cotak prod events restarted");
    expect(f, ZERO_STANDS, "(@bo)");
    assert_non_null(strstr(f->card.quoted, "DONE"));
    TEXT_COPY(f->memo.reason, "0123456789012345678901234567890123456789012345678901234567890123456789");
    expect(f, ZERO_STANDS, "(@bo)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_memo_comes_back_as_it_was),
        TEST(a_memo_of_another_version_is_refused),
        TEST(reminders_come_after_15_min_1_h_and_every_4_h),
        TEST(the_wait_is_until_the_next_that_was_not_told),
        TEST(what_is_told_is_not_due_again),
        TEST(a_reminder_says_who_since_when_and_how_to_end_it),
        TEST(what_was_not_suspended_is_not_said_to_be),
        TEST(a_count_raised_elsewhere_is_told),
        TEST(what_cannot_be_seen_is_not_called_zero),
        TEST(what_a_person_wrote_cannot_look_like_a_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
