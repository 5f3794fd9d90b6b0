/* restart all: hub, api, events, one after the other, in the simulated world. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_counts.h"
#include "sim/world_ecs.h"

#define MINUTE 60000LL

static const char *const SERVICES[] = {HUB, API, EVENTS};

static void expect_deployed(struct rig *r, int hub, int api, int events)
{
    const int expected[] = {hub, api, events};
    for (size_t i = 0; i < 3; i++) {
        if (counts_deployments(r, SERVICES[i]) != expected[i]) {
            fail_msg("%s was deployed %d times, not %d", SERVICES[i], counts_deployments(r, SERVICES[i]),
                     expected[i]);
        }
    }
}

static const struct chat_message *said(struct rig *r, const char *title)
{
    const struct chat_message *m = fake_chat_first(r->chat, title);
    if (m == NULL) {
        fail_msg("\"%s\" was not said; the newest: %s / %s", title, rig_newest(r)->card.title,
                 rig_newest(r)->card.lines[0]);
    }
    return m;
}

static void one_question_then_one_after_the_other(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    rig_start(r);
    rig_ask(r, "restart cotak prod all");
    rig_run(r, 10000);
    expect_deployed(r, 0, 0, 0);
    const struct chat_message *ask = said(r, "🔄 RESTART cotak prod all (PRODUCTION)? Asked by @ana");
    assert_true(card_says(&ask->card, "hub: WebSockets and TAK connections drop for a moment"));
    assert_true(card_says(&ask->card, "events: No downtime expected, but a running import is lost."));
    assert_true(card_says(&ask->card, "hub, then api, then events; each is checked when its turn comes"));
    counts_yes(r, "ana");
    rig_run(r, 20000);
    expect_deployed(r, 1, 0, 0);
    const struct chat_message *card = said(r, "🔄 RESTARTING all of cotak prod (PRODUCTION), one by one");
    assert_true(card_says(&card->card, "⏳ hub: runs ("));
    assert_true(card_says(&card->card, "api: waits for the one before"));
    rig_settle(r, 1, 60 * MINUTE);
    rig_run(r, 10000);
    expect_deployed(r, 1, 1, 1);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    said(r, "✅ DONE: cotak prod hub (PRODUCTION) restarted");
    said(r, "✅ DONE: cotak prod api (PRODUCTION) restarted");
    said(r, "✅ DONE: cotak prod events (PRODUCTION) restarted");
    const struct chat_message *end = said(r, "✅ DONE: all of cotak prod (PRODUCTION) restarted, @ana");
    assert_true(card_says(&end->card, "✅ events: succeeded ("));
    assert_int_equal(fake_chat_said(r->chat, "? Asked by"), 1); /* nobody was asked twice */
    rig_run(r, 30 * MINUTE);
    assert_int_equal(r->settled_count, 1);
}

static void the_first_that_fails_ends_it(void **state)
{
    struct rig *r = *state;
    rig_world(r, "hub-migration-fails");
    rig_start(r);
    counts_confirm(r, "restart cotak prod all");
    rig_settle(r, 1, 90 * MINUTE);
    rig_run(r, 10000);
    assert_int_equal(r->settled[0].state, OP_ROLLED_BACK);
    assert_int_equal(counts_deployments(r, API), 0);
    assert_int_equal(counts_deployments(r, EVENTS), 0);
    const struct chat_message *end =
        said(r, "🛑 STOPPED AT hub: restart of all of cotak prod (PRODUCTION)");
    assert_true(card_says(&end->card, "🔴 hub: rolled_back ("));
    assert_true(card_says(&end->card, "api: NOT TOUCHED"));
    assert_true(card_says(&end->card, "events: NOT TOUCHED"));
    assert_true(card_says(&end->card, "/cloudtak restart cotak prod hub, then api, then events"));
}

static void what_a_child_finds_it_asks_about(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    rig_start(r);
    counts_confirm(r, "restart cotak prod all");
    counts_set(r, API, 0); /* by somebody else, while the hub restarts */
    rig_run(r, 8 * MINUTE);
    said(r, "🔄 RESTART cotak prod api (PRODUCTION)? Asked by @ana");
    rig_settle(r, 1, 20 * MINUTE); /* nobody answers */
    rig_run(r, 10000);
    expect_deployed(r, 1, 0, 0);
    assert_int_equal(r->settled[0].state, OP_CANCELLED);
    assert_true(card_says(&said(r, "🛑 STOPPED AT api")->card, "🔴 api: expired ("));
}

static void a_question_that_expires_changes_nothing(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    rig_start(r);
    rig_ask(r, "restart cotak prod all");
    rig_settle(r, 1, 20 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_EXPIRED);
    expect_deployed(r, 0, 0, 0);
}

static void a_second_one_is_refused(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    rig_start(r);
    counts_confirm(r, "restart cotak prod all");
    rig_run(r, 10000);
    rig_ask(r, "restart cotak prod all");
    rig_settle(r, 1, MINUTE);
    rig_run(r, 5000);
    assert_int_equal(r->settled[0].state, OP_REFUSED);
    assert_true(
        card_says(&said(r, "⛔ Not done; nothing was changed.")->card, "@ana restarts all of it already"));
}

/* The bot is away while the hub finishes: the next one asks. */
static void a_long_absence_asks_before_the_next(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    rig_start(r);
    counts_confirm(r, "restart cotak prod all");
    rig_run(r, 20000);
    rig_close(r);
    expect_deployed(r, 1, 0, 0);
    rig_run(r, 10 * MINUTE);
    rig_start(r);
    rig_run(r, 30000);
    assert_true(card_says(&said(r, "🔄 RESTART cotak prod api (PRODUCTION)? Asked by @ana")->card,
                          "Is it still wanted?"));
    expect_deployed(r, 1, 0, 0);
    counts_yes(r, "ana");
    rig_settle(r, 1, 60 * MINUTE);
    rig_run(r, 5000);
    expect_deployed(r, 1, 1, 1);
    said(r, "✅ DONE: all of cotak prod (PRODUCTION) restarted, @ana");
}

/* ---- kill -9 at the n-th commit */

static bool killed_at(int commit, bool applied)
{
    void *state;
    rig_setup(&state);
    struct rig *r = state;
    rig_world(r, "ok");
    r->kill_at = commit;
    r->kill_applied = applied;
    rig_start(r);
    counts_confirm(r, "restart cotak prod all");
    rig_settle(r, 1, 60 * MINUTE);
    const bool killed = counts_revive(r, 4000);
    rig_run(r, killed ? 40 * MINUTE : 1000);
    int all = 0;
    for (size_t i = 0; i < 3; i++) {
        const int count = counts_deployments(r, SERVICES[i]);
        all += count;
        if (count > 1) {
            fail_msg("commit %d %s: %s was restarted %d times", commit, applied ? "applied" : "not applied",
                     SERVICES[i], count);
        }
    }
    const size_t summaries =
        fake_chat_said(r->chat, "✅ DONE: all of") + fake_chat_said(r->chat, "🛑 STOPPED AT");
    if ((all > 0 && summaries != 1) || (all == 3) != (fake_chat_said(r->chat, "✅ DONE: all of") == 1)) {
        fail_msg("commit %d %s: %d restarts, %zu summaries", commit, applied ? "applied" : "not applied", all,
                 summaries);
    }
    rig_teardown(&state);
    return killed;
}

static int stride = 97; /* 3 with an argument */

static void it_survives_kills(void **state)
{
    (void)state;
    int kills = 0;
    for (int applied = 0; applied < 2; applied++) {
        int commit = 1 + applied;
        while (commit < 1000 && killed_at(commit, applied == 1)) {
            commit += commit < 12 && stride > 3 ? 3 : stride;
            kills++;
        }
    }
    print_message("%d kills\n", kills);
    assert_true(kills > 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
    (void)argv;
    stride = argc > 1 ? 3 : stride;
    const struct CMUnitTest tests[] = {
        TEST(one_question_then_one_after_the_other),
        TEST(the_first_that_fails_ends_it),
        TEST(what_a_child_finds_it_asks_about),
        TEST(a_question_that_expires_changes_nothing),
        TEST(a_second_one_is_refused),
        TEST(a_long_absence_asks_before_the_next),
        cmocka_unit_test(it_survives_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
