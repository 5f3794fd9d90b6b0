/* kill -9 between any two steps of a restart: at each commit, before and after it was carried out. A new
 * engine on the same store goes on: UpdateService is never sent a second time, the card stays the same
 * message, and exactly one verdict is told. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE 60000LL
#define MOST   400 /* commits of one restart */

static size_t with_key_end(const struct fake_chat *c, const char *end)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        count += text_ends(c->messages[i].key, end) ? 1 : 0;
    }
    return count;
}

static size_t no_twins(const struct fake_chat *c)
{
    for (size_t i = 0; i < c->count; i++) {
        for (size_t k = i + 1; k < c->count; k++) {
            if (strcmp(c->messages[i].key, c->messages[k].key) == 0) {
                return 0;
            }
        }
    }
    return 1;
}

static int gaps_told;

/* One restart, killed at this commit and begun again after `away`. Returns false when it ended before. */
static bool killed_at(enum script script, bool lose_reply, int commit, bool applied, int64_t away)
{
    struct rig *r = mem_alloc(sizeof(*r));
    rig_init(r);
    r->ecs.script = script;
    r->ecs.lose_reply = lose_reply;
    r->kill_at = commit;
    r->kill_applied = applied;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 20 * MINUTE);
    const bool killed = r->killed;
    const int before = r->ecs.redeploys;
    if (killed) {
        rig_run(r, away);
        rig_start(r);
        rig_run(r, 100 * MINUTE);
    }
    if (away > 2 * MINUTE) {
        assert_int_equal(r->ecs.redeploys, before); /* old intent is not executed */
    }
    const size_t cards = with_key_end(r->chat, "/card"), verdicts = with_key_end(r->chat, "/verdict");
    const bool lost = commit == 1 && !applied; /* never accepted */
    if (r->ecs.redeploys > 1 || cards > 1 || verdicts > 1 || !no_twins(r->chat) ||
        (r->ecs.redeploys == 1 && verdicts != 1) ||
        (!lost && verdicts + with_key_end(r->chat, "/reply") + with_key_end(r->chat, "/ask") == 0)) {
        fail_msg("script %d, commit %d %s: %d UpdateService, %zu cards, %zu verdicts", (int)script, commit,
                 applied ? "applied" : "not applied", r->ecs.redeploys, cards, verdicts);
    }
    gaps_told += r->life_count > 1 && fake_chat_by_key(r->chat, "/card") != NULL &&
                 card_says(&fake_chat_by_key(r->chat, "/card")->card, "I was away");
    rig_finish(r);
    mem_free(r);
    return killed;
}

static void sweep(enum script script, bool lose_reply, int64_t away)
{
    int kills = 0;
    gaps_told = 0;
    for (int applied = 0; applied < 2; applied++) {
        int commit = 1;
        while (commit < MOST && killed_at(script, lose_reply, commit, applied == 1, away)) {
            commit++;
        }
        kills += commit - 1;
    }
    print_message("%d kills, the gap was stated after %d\n", kills, gaps_told);
    assert_true(kills > 20 && gaps_told > kills / 2);
}

static void a_success_survives_kills(void **state)
{
    (void)state;
    sweep(SCRIPT_OK, false, 4000);
}

static void a_success_survives_long_absence(void **state)
{
    (void)state;
    sweep(SCRIPT_OK, false, 4 * MINUTE);
}

static void a_lost_answer_survives_kills(void **state)
{
    (void)state;
    sweep(SCRIPT_OK, true, 4000);
}

static void a_rollback_survives_kills(void **state)
{
    (void)state;
    sweep(SCRIPT_ROLLED_BACK, false, 4000);
}

/* Stopped in order instead of killed, at many moments of a restart: what was asked of others comes back, and
 * the next start goes on. */
static void a_success_survives_being_stopped(void **state)
{
    (void)state;
    for (int64_t at = 0; at < 12 * MINUTE; at += at < 1500 ? 25 : 17000) {
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        rig_start(r);
        rig_ask(r, "restart cotak prod");
        rig_run(r, at);
        rig_close(r);
        rig_run(r, 3000);
        rig_start(r);
        rig_run(r, 30 * MINUTE);
        if (r->ecs.redeploys > 1 || with_key_end(r->chat, "/verdict") != (size_t)r->ecs.redeploys ||
            with_key_end(r->chat, "/card") > 1 || !no_twins(r->chat)) {
            fail_msg("stopped at %lld ms: %d UpdateService, %zu verdicts", (long long)at, r->ecs.redeploys,
                     with_key_end(r->chat, "/verdict"));
        }
        rig_finish(r);
        mem_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_success_survives_being_stopped), cmocka_unit_test(a_success_survives_kills),
        cmocka_unit_test(a_success_survives_long_absence),  cmocka_unit_test(a_lost_answer_survives_kills),
        cmocka_unit_test(a_rollback_survives_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
