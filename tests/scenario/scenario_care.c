/* After-care, `follow`, a deployment that supersedes one we follow, and the dead task's log: what is told,
 * once, also when the bot is killed in between. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "fake_ecs.h"
#include "lib_rig.h"
#include "sim/world_ecs.h"

#define MINUTE 60000LL
#define SECOND 1000LL

static size_t with_key_end(const struct fake_chat *c, const char *end)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        count += text_ends(c->messages[i].key, end) ? 1 : 0;
    }
    return count;
}

static struct chat_message *nth_with_key_end(struct fake_chat *c, const char *end, size_t nth)
{
    for (size_t i = 0; i < c->count; i++) {
        if (text_ends(c->messages[i].key, end) && nth-- == 0) {
            return &c->messages[i];
        }
    }
    return NULL;
}

/* ---- after-care */

static void quiet_minutes_end_with_a_line(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED); /* told at the verdict, not after the care */
    assert_true(card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "I watch 10 min more for crashes"));
    assert_int_equal(fake_chat_said(r->chat, "Quiet for"), 0);
    rig_run(r, 11 * MINUTE);
    const struct chat_message *line =
        fake_chat_first(r->chat, "Quiet for 10 min: no crash, no restart in place.");
    assert_non_null(line);
    assert_string_equal(line->thread, fake_chat_by_key(r->chat, "/card")->id);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "Quiet for 10 min"));
    assert_false(card_says(&fake_chat_by_key(r->chat, "/card")->card, "I watch"));
}

/* The row is ended and yet taken up by the next start; the closing line comes once. */
static void care_survives_kills_at_each_commit(void **state)
{
    (void)state;
    int kills = 0;
    for (int commit = 20; commit < 120; commit++) {
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        r->ecs.poll_ms = 15 * SECOND;
        r->kill_at = commit;
        r->kill_applied = commit % 2 == 0;
        rig_start(r);
        rig_ask(r, "restart cotak prod");
        rig_run(r, 25 * MINUTE);
        const bool killed = r->killed;
        if (killed) {
            rig_run(r, 4 * SECOND);
            rig_start(r);
            rig_run(r, 25 * MINUTE);
        }
        const size_t lines =
            fake_chat_said(r->chat, "Quiet for 10 min") + fake_chat_said(r->chat, "of after-care are over");
        if (with_key_end(r->chat, "/verdict") != 1 || lines != 1 || r->ecs.redeploys != 1) {
            fail_msg("killed at commit %d: %zu verdicts, %zu closing lines", commit,
                     with_key_end(r->chat, "/verdict"), lines);
        }
        rig_finish(r);
        mem_free(r);
        kills += killed ? 1 : 0;
        if (!killed) {
            break;
        }
    }
    print_message("%d kills\n", kills);
    assert_true(kills > 20);
}

static void a_new_restart_ends_the_care_of_the_old_one(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 30 * MINUTE);
    rig_run(r, 2 * MINUTE);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 5 * SECOND);
    struct chat_message *ask = fake_chat_by_key(r->chat, "/ask"); /* it was restarted a moment ago */
    assert_non_null(ask);
    rig_click(r, "ana", "confirm", ask->card.buttons[1].value, ask->id);
    rig_settle(r, 2, 30 * MINUTE);
    rig_run(r, 15 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "After-care ended early: a restart by @ana began"), 1);
    assert_int_equal(fake_chat_said(r->chat, "Quiet for 10 min"), 1); /* of the second one */
    struct engine_figures f;
    engine_read_figures(rig_life(r)->engine, &f);
    assert_int_equal(f.operations, 0);
}

/* ---- the dead task's log */

static void the_log_is_told_once_whenever_the_bot_is_killed(void **state)
{
    (void)state;
    int kills = 0;
    for (int at = 1; at < 400; at += at < 20 ? 2 : 7) {
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        r->ecs.script = SCRIPT_ROLLED_BACK;
        r->ecs.tail_ms = 3 * SECOND; /* it takes its time: many a kill falls into the wait */
        rig_start(r);
        rig_ask(r, "restart cotak prod");
        rig_run(r, 95 * SECOND + at * 100);
        rig_kill(r);
        rig_run(r, 1); /* the loop was stopped */
        rig_start(r);
        rig_run(r, 30 * MINUTE);
        const size_t first = fake_chat_said(r->chat, "First new task stopped"),
                     logs = fake_chat_said(r->chat, "📜 Log of task");
        const struct chat_message *m = fake_chat_first(r->chat, "First new task stopped");
        if (first != 1 || logs != 1 || !card_says(&m->card, "the database cannot be reached") ||
            with_key_end(r->chat, "/verdict") != 1) {
            fail_msg("killed %d ms after 95 s: told %zu times, %zu logs", at * 100, first, logs);
        }
        rig_finish(r);
        mem_free(r);
        kills++;
    }
    print_message("%d kills\n", kills);
}

static void a_log_that_does_not_come_holds_nothing_up(void **state)
{
    struct rig *r = *state;
    r->ecs.script = SCRIPT_CRASH_LOOP;
    r->ecs.tail_ms = 7 * SECOND;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 4 * MINUTE);
    const struct chat_message *m = fake_chat_first(r->chat, "First new task stopped");
    assert_non_null(m);
    assert_true(m->posted_ms - (r->ecs.redeployed_ms + 100 * SECOND) <= r->ecs.poll_ms + 6 * SECOND);
    assert_true(card_says(&m->card, "it did not come within 5 s"));
    assert_int_equal(fake_chat_said(r->chat, "📜"), 0);
    assert_int_equal(fake_chat_said(r->chat, "NOT STABILISING"), 1); /* and it goes on */
}

/* ---- follow */

static void a_deployment_begun_elsewhere_is_followed(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    script_ecs_execute(&r->ecs); /* by somebody else */
    rig_run(r, 30 * SECOND);
    rig_ask(r, "follow cotak prod");
    rig_run(r, 10 * SECOND);
    const struct chat_message *card = fake_chat_by_key(r->chat, "/card");
    assert_non_null(card);
    assert_true(card_says(&card->card, "DEPLOYMENT RUNS: cotak prod api (PRODUCTION) · followed for @ana"));
    assert_true(card_says(&card->card, "Begun outside this bot at 14:00:00 UTC"));
    rig_ask(r, "follow cotak prod");
    rig_settle(r, 1, 10 * SECOND);
    assert_int_equal(r->settled[0].how, SETTLED_REFUSED);
    assert_true(card_says(&rig_newest(r)->card, "follows it already"));
    rig_settle(r, 2, 30 * MINUTE);
    assert_int_equal(r->settled[1].state, OP_SUCCEEDED);
    assert_true(
        card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "✅ DONE: deployment of cotak prod api"));
    assert_int_equal(r->ecs.sent, 0);
    rig_run(r, 11 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "Quiet for 10 min"), 1);
}

static void nothing_to_follow_is_said(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask(r, "follow cotak prod hub");
    rig_settle(r, 1, 10 * SECOND);
    assert_int_equal(r->settled[0].how, SETTLED_REFUSED);
    assert_int_equal(operation_exit_status(r->settled[0].state), 3);
    assert_true(card_says(&rig_newest(r)->card,
                          "No deployment runs on cotak prod hub, so there is nothing to follow"));
    assert_true(card_says(&rig_newest(r)->card, OLD_DEPLOYMENT));
}

static void a_followed_deployment_survives_kills(void **state)
{
    (void)state;
    for (int commit = 1; commit < 60; commit++) {
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        r->ecs.poll_ms = 15 * SECOND;
        rig_start(r);
        script_ecs_execute(&r->ecs);
        r->kill_at = commit;
        r->kill_applied = true;
        rig_ask(r, "follow cotak prod");
        rig_run(r, 12 * MINUTE);
        const bool killed = r->killed;
        if (killed) {
            rig_run(r, 4 * SECOND);
            rig_start(r);
            rig_run(r, 25 * MINUTE);
        }
        if (with_key_end(r->chat, "/verdict") != 1 || with_key_end(r->chat, "/card") != 1 ||
            r->ecs.sent != 0) {
            fail_msg("killed at commit %d: %zu verdicts, %zu cards", commit,
                     with_key_end(r->chat, "/verdict"), with_key_end(r->chat, "/card"));
        }
        rig_finish(r);
        mem_free(r);
        if (!killed) {
            break;
        }
    }
}

/* ---- superseded */

/* One that replaces ours is followed by itself, in the same place, and it is told once, whenever it is
 * killed. */
static void the_next_one_is_followed_by_itself(void **state)
{
    (void)state;
    int chained = 0;
    for (int commit = 0; commit < 60; commit++) {
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        r->ecs.script = SCRIPT_SUPERSEDED;
        r->ecs.poll_ms = 15 * SECOND;
        r->kill_at = commit;
        r->kill_applied = commit % 2 == 0;
        rig_start(r);
        rig_ask(r, "restart cotak prod");
        rig_run(r, 4 * MINUTE);
        const bool killed = r->killed;
        if (killed) {
            rig_run(r, 4 * SECOND);
            rig_start(r);
            rig_run(r, 10 * MINUTE);
        }
        const struct chat_message *second = nth_with_key_end(r->chat, "/card", 1);
        if (with_key_end(r->chat, "/verdict") == 1 &&
            (with_key_end(r->chat, "/card") != 2 || second == NULL ||
             !card_says(&second->card, OTHER_DEPLOYMENT) ||
             !card_says(&fake_chat_by_key(r->chat, "/verdict")->card, "I follow it now"))) {
            fail_msg("killed at commit %d: %zu cards", commit, with_key_end(r->chat, "/card"));
        }
        chained += second != NULL ? 1 : 0;
        assert_true(r->settled_count <= 1); /* nobody asked for the second one */
        rig_finish(r);
        mem_free(r);
    }
    print_message("followed on after %d of 60 kills\n", chained);
    assert_true(chained > 30);
}

/* Ours that is replaced by ours is no stranger's. */
static void the_chain_has_an_end(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, MINUTE);
    for (int i = 0; i < 8; i++) {
        struct world_answer a;
        json_t *body = json_pack("{s:s, s:s, s:b}", "cluster", WORLD_CLUSTER, "service",
                                 "tak-cloudtak-cotak-prod", "forceNewDeployment", 1);
        world_ecs_call(fake_ecs_world(r->world), clock_world(&r->clock), "UpdateService", body, &a);
        json_decref(a.body);
        json_decref(body);
        rig_run(r, MINUTE);
    }
    rig_run(r, 20 * MINUTE);
    assert_int_equal(with_key_end(r->chat, "/card"), 6); /* mine, and five that replaced it */
    const struct chat_message *last = nth_with_key_end(r->chat, "/verdict", 5);
    assert_non_null(last);
    assert_true(card_says(&last->card, "SUPERSEDED"));
    assert_false(card_says(&last->card, "I follow it now"));
    assert_true(card_says(&last->card, "To follow that one: /cloudtak follow cotak prod api"));
    assert_int_equal(r->settled_count, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(quiet_minutes_end_with_a_line),
        cmocka_unit_test(care_survives_kills_at_each_commit),
        TEST(a_new_restart_ends_the_care_of_the_old_one),
        cmocka_unit_test(the_log_is_told_once_whenever_the_bot_is_killed),
        TEST(a_log_that_does_not_come_holds_nothing_up),
        TEST(a_deployment_begun_elsewhere_is_followed),
        TEST(nothing_to_follow_is_said),
        cmocka_unit_test(a_followed_deployment_survives_kills),
        cmocka_unit_test(the_next_one_is_followed_by_itself),
        TEST(the_chain_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
