/* A service left at zero: people are reminded across restarts of the bot, and told when it is brought back
 * elsewhere. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_counts.h"

#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)

static struct rig *left_at_zero(void **state, const char *scenario)
{
    struct rig *r = *state;
    rig_world(r, scenario);
    rig_start(r);
    counts_confirm(r, "shutdown cotak prod api --reason \"INC-204\"");
    rig_settle(r, 1, 20 * MINUTE);
    assert_int_equal(counts_desired(r, API), 0);
    return r;
}

static size_t reminders(const struct rig *r)
{
    return fake_chat_said(r->chat, "stands at 0 since");
}

/* Since the shutdown; a few seconds more. */
static void run_until(struct rig *r, int64_t after)
{
    const int64_t age = clock_mono(&r->clock);
    if (after + 20000 > age) {
        rig_run(r, after + 20000 - age);
    }
}

static void people_are_reminded_at_15_min_1_h_and_every_4_h(void **state)
{
    static const struct {
        int64_t after;
        size_t reminders;
    } rows[] = {{14 * MINUTE, 0}, {15 * MINUTE, 1}, {59 * MINUTE, 1}, {HOUR, 2},
                {4 * HOUR, 2},    {5 * HOUR, 3},    {9 * HOUR, 4},    {13 * HOUR, 5}};
    struct rig *r = left_at_zero(state, "autoscaled-from-zero");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        run_until(r, rows[i].after);
        if (reminders(r) != rows[i].reminders) {
            fail_msg("after %lld min: %zu reminders", (long long)(rows[i].after / MINUTE), reminders(r));
        }
    }
    const struct chat_message *m = fake_chat_first(r->chat, "stands at 0 since");
    assert_non_null(strstr(m->first, "(@ana: INC-204)"));
    assert_string_equal(m->channel, "C0INCIDENT");
    assert_true(card_says(&m->card, "Users: NOT SERVED by api; 0 tasks run."));
    assert_true(card_says(&m->card, "Autoscaling is suspended by me."));
    assert_true(card_says(&m->card, "To bring it back with 2: /cloudtak start cotak prod api"));
}

static void a_restart_of_the_bot_forgets_no_reminder_and_repeats_none(void **state)
{
    struct rig *r = left_at_zero(state, "ok");
    run_until(r, 16 * MINUTE);
    assert_int_equal(reminders(r), 1);
    rig_close(r);
    run_until(r, 40 * MINUTE);
    rig_start(r);
    run_until(r, 50 * MINUTE);
    assert_int_equal(reminders(r), 1);
    rig_close(r);
    run_until(r, 10 * HOUR); /* three were due meanwhile: one is said */
    rig_start(r);
    run_until(r, 10 * HOUR + MINUTE);
    assert_int_equal(reminders(r), 2);
    run_until(r, 13 * HOUR);
    assert_int_equal(reminders(r), 3);
}

/* Killed at the n-th commit around the first reminder, before or after it was carried out. */
static bool reminder_killed_at(int nth, bool applied)
{
    void *state;
    rig_setup(&state);
    struct rig *r = left_at_zero(&state, "ok");
    run_until(r, 14 * MINUTE);
    r->kill_at = r->commits + nth;
    r->kill_applied = applied;
    run_until(r, 18 * MINUTE);
    const bool killed = r->killed;
    if (killed) {
        rig_run(r, 5000);
        rig_start(r);
        run_until(r, 20 * MINUTE);
    }
    if (reminders(r) != 1) {
        fail_msg("killed at commit %d, %s: %zu reminders", nth, applied ? "applied" : "not applied",
                 reminders(r));
    }
    rig_teardown(&state);
    return killed;
}

static void a_reminder_that_was_killed_is_said_once(void **state)
{
    (void)state;
    int kills = 0;
    for (int applied = 0; applied < 2; applied++) {
        int nth = 1;
        while (nth < 20 && reminder_killed_at(nth, applied == 1)) {
            nth++;
        }
        kills += nth - 1;
    }
    print_message("%d kills\n", kills);
    assert_true(kills >= 4 && kills < 38);
}

static void a_count_raised_elsewhere_is_told_once(void **state)
{
    struct rig *r = left_at_zero(state, "ok");
    run_until(r, 20 * MINUTE);
    counts_set(r, API, 2);
    run_until(r, 26 * MINUTE);
    const struct chat_message *m = fake_chat_first(
        r->chat, "cotak prod api (PRODUCTION) was brought back elsewhere: 2 tasks are wanted");
    assert_non_null(m);
    assert_true(card_says(&m->card, "Autoscaling is suspended by me."));
    assert_true(card_says(&m->card, "To resume autoscaling: /cloudtak start cotak prod api"));
    run_until(r, 10 * HOUR);
    assert_int_equal(reminders(r), 1);
    assert_int_equal(fake_chat_said(r->chat, "brought back elsewhere"), 1);
    assert_int_equal(counts_memos(r), 1); /* the switches are still the bot's own */
    rig_close(r);
    rig_start(r);
    rig_run(r, HOUR);
    assert_int_equal(fake_chat_said(r->chat, "brought back elsewhere"), 1);
    rig_ask(r, "start cotak prod api");
    rig_settle(r, 2, 20 * MINUTE);
    assert_string_equal(counts_switches(r, API), "000");
    assert_int_equal(counts_memos(r), 0);
}

static void one_raised_by_resumed_autoscaling_is_forgotten(void **state)
{
    struct rig *r = left_at_zero(state, "autoscaling-resumed");
    run_until(r, 30 * MINUTE);
    const struct chat_message *m = fake_chat_first(r->chat, "was brought back elsewhere");
    assert_non_null(m);
    assert_true(card_says(&m->card, "Autoscaling was suspended by me; somebody else resumed it."));
    assert_int_equal(counts_memos(r), 0);
}

static void one_raised_while_the_bot_was_away_is_told_at_its_start(void **state)
{
    struct rig *r = left_at_zero(state, "ok");
    rig_close(r);
    rig_run(r, HOUR);
    counts_set(r, API, 2);
    rig_run(r, HOUR);
    rig_start(r);
    rig_run(r, 20000);
    assert_int_equal(fake_chat_said(r->chat, "was brought back elsewhere"), 1);
    assert_int_equal(reminders(r), 0);
}

static void what_cannot_be_seen_is_said_so(void **state)
{
    struct rig *r = left_at_zero(state, "ok");
    run_until(r, 14 * MINUTE);
    fake_ecs_fail(r->world, 1, 100, FAKE_EXPIRED);
    run_until(r, 16 * MINUTE);
    assert_int_equal(reminders(r), 1);
    assert_true(card_says(&fake_chat_first(r->chat, "stands at 0 since")->card, "Users: not known now."));
    fake_ecs_fail(r->world, 1, 0, FAKE_NONE);
    run_until(r, HOUR + MINUTE);
    assert_int_equal(reminders(r), 2);
    assert_true(card_says(&rig_newest(r)->card, "0 tasks run."));
}

static void what_left_the_settings_is_told_and_forgotten(void **state)
{
    struct rig *r = left_at_zero(state, "ok");
    rig_close(r);
    TEXT_COPY(r->config->targets[0].services[1].key, "gone");
    rig_start(r);
    run_until(r, 6 * HOUR);
    assert_int_equal(fake_chat_said(r->chat, "cotak prod api was left at 0 since"), 1);
    assert_true(card_says(&fake_chat_first(r->chat, "was left at 0 since")->card,
                          "Bring it back in the AWS console, and resume autoscaling there."));
    assert_int_equal(reminders(r), 0);
    assert_int_equal(counts_memos(r), 0);
}

static void a_store_that_fails_delays_a_reminder(void **state)
{
    struct rig *r = left_at_zero(state, "ok");
    run_until(r, 14 * MINUTE);
    r->fail_commits = true;
    run_until(r, 17 * MINUTE);
    assert_int_equal(reminders(r), 0);
    r->fail_commits = false;
    rig_run(r, 10000);
    assert_int_equal(reminders(r), 1);
    run_until(r, 50 * MINUTE);
    assert_int_equal(reminders(r), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(people_are_reminded_at_15_min_1_h_and_every_4_h),
        TEST(a_restart_of_the_bot_forgets_no_reminder_and_repeats_none),
        cmocka_unit_test(a_reminder_that_was_killed_is_said_once),
        TEST(a_count_raised_elsewhere_is_told_once),
        TEST(one_raised_by_resumed_autoscaling_is_forgotten),
        TEST(one_raised_while_the_bot_was_away_is_told_at_its_start),
        TEST(what_cannot_be_seen_is_said_so),
        TEST(what_left_the_settings_is_told_and_forgotten),
        TEST(a_store_that_fails_delays_a_reminder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
