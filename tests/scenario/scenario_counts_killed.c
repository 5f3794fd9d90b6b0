/* kill -9 between any two steps of a shutdown and of a start, and at any call: the count is sent at most once
 * by itself, one verdict is told, and what the bot suspended of autoscaling is never forgotten. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_counts.h"
#include "sim/world_ecs.h"

#define MINUTE 60000LL
#define MOST   200 /* commits of one change */

static size_t with_key_end(const struct fake_chat *c, const char *end)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        count += text_ends(c->messages[i].key, end) ? 1 : 0;
    }
    return count;
}

static bool twins(const struct fake_chat *c)
{
    for (size_t i = 0; i < c->count; i++) {
        for (size_t k = i + 1; k < c->count; k++) {
            if (strcmp(c->messages[i].key, c->messages[k].key) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void expect_told(struct rig *r, const char *what, int commit, bool applied, size_t most)
{
    const size_t cards = with_key_end(r->chat, "/card"), verdicts = with_key_end(r->chat, "/verdict");
    if (cards > most || verdicts > most || twins(r->chat)) {
        fail_msg("%s, commit %d %s: %zu cards, %zu verdicts, twins: %d", what, commit,
                 applied ? "applied" : "not applied", cards, verdicts, twins(r->chat));
    }
}

/* Suspended switches are remembered as the bot's own; a count of 0 that the bot set is remembered as well. */
static void expect_remembered(struct rig *r, const char *what, int commit, bool applied)
{
    const int desired = counts_desired(r, API);
    const bool suspended = strcmp(counts_switches(r, API), "000") != 0;
    const size_t memos = counts_memos(r);
    if ((suspended || desired == 0) != (memos == 1)) {
        fail_msg("%s, commit %d %s: count %d, switches %s, %zu memos", what, commit,
                 applied ? "applied" : "not applied", desired, counts_switches(r, API), memos);
    }
}

static bool shutdown_killed_at(int commit, bool applied, int64_t away)
{
    void *state;
    rig_setup(&state);
    struct rig *r = state;
    rig_world(r, "ok");
    r->kill_at = commit;
    r->kill_applied = applied;
    rig_start(r);
    counts_confirm(r, "shutdown cotak prod api");
    rig_settle(r, 1, 20 * MINUTE);
    const bool killed = counts_revive(r, away);
    rig_run(r, 18 * MINUTE); /* what asks is not answered */
    assert_true(fake_ecs_updates(r->world) <= 1);
    expect_told(r, "shutdown", commit, applied, 1);
    expect_remembered(r, "shutdown", commit, applied);
    if (counts_desired(r, API) == 0) {
        assert_true(fake_chat_said(r->chat, "stands at 0 since") >= 1);
    }
    rig_teardown(&state);
    return killed;
}

static bool start_killed_at(int nth, bool applied, int64_t away)
{
    void *state;
    rig_setup(&state);
    struct rig *r = state;
    rig_world(r, "ok");
    rig_start(r);
    counts_confirm(r, "shutdown cotak prod api");
    rig_settle(r, 1, 20 * MINUTE);
    r->kill_at = r->commits + nth;
    r->kill_applied = applied;
    rig_ask(r, "start cotak prod api");
    rig_settle(r, 2, 20 * MINUTE);
    const bool killed = counts_revive(r, away);
    rig_run(r, 10 * MINUTE);
    assert_true(fake_ecs_updates(r->world) <= 2);
    expect_told(r, "start", nth, applied, 2);
    expect_remembered(r, "start", nth, applied);
    rig_teardown(&state);
    return killed;
}

static int stride = 3; /* 1 with an argument: every commit */

/* Commits until it is followed, then some of them. */
static void sweep(bool (*killed_at)(int, bool, int64_t), int first_applied, int64_t away)
{
    int kills = 0;
    for (int applied = first_applied; applied < 2; applied++) {
        int commit = 1 + applied % stride;
        while (commit < MOST && killed_at(commit, applied == 1, away)) {
            commit += commit < 16 ? stride : 25;
            kills++;
        }
    }
    print_message("%d kills\n", kills);
    assert_true(kills > 4);
}

static void a_shutdown_survives_kills(void **state)
{
    (void)state;
    sweep(shutdown_killed_at, 0, 4000);
}

static void a_shutdown_survives_long_absence(void **state)
{
    (void)state;
    sweep(shutdown_killed_at, 1, 4 * MINUTE);
}

static void a_start_survives_kills(void **state)
{
    (void)state;
    sweep(start_killed_at, 0, 4000);
}

int main(int argc, char **argv)
{
    (void)argv;
    stride = argc > 1 ? 1 : stride;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shutdown_survives_kills),
        cmocka_unit_test(a_shutdown_survives_long_absence),
        cmocka_unit_test(a_start_survives_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
