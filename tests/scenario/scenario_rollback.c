/* rollback in the simulated world: a deployment that runs is stopped in favour of the old tasks; else the
 * version before comes back. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "fake_ecs.h"
#include "lib_rig.h"
#include "sim/world_ecs.h"

#define MINUTE 60000LL

static struct rig *rig_of(const char *scenario)
{
    struct rig *r = mem_alloc(sizeof(*r));
    rig_init(r);
    rig_world(r, scenario);
    rig_start(r);
    return r;
}

static void end(struct rig *r)
{
    rig_finish(r);
    mem_free(r);
}

static uint64_t sent(struct rig *r, const char *action)
{
    return world_ecs_count(fake_ecs_world(r->world), action);
}

static void press(struct rig *r, const char *key_end, const char *action)
{
    const struct chat_message *m = fake_chat_by_key(r->chat, key_end);
    assert_non_null(m);
    for (size_t i = 0; i < m->card.button_count; i++) {
        if (strcmp(m->card.buttons[i].action, action) == 0) {
            rig_click(r, "ana", action, m->card.buttons[i].value, m->id);
            return;
        }
    }
    fail_msg("no button \"%s\" in %s: %s", action, m->key, m->card.title);
}

static void expect_says(struct rig *r, const char *key_end, const char *words)
{
    const struct chat_message *m = fake_chat_by_key(r->chat, key_end);
    assert_non_null(m);
    if (!card_says(&m->card, words)) {
        char *text = card_text(&m->card, 0);
        fail_msg("\"%s\" is not in:\n%s", words, text);
    }
}

/* A restart whose new tasks die, for five minutes. */
static struct rig *failing(void)
{
    struct rig *r = rig_of("no-breaker");
    rig_ask(r, "restart cotak prod");
    rig_run(r, 5 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "First new task stopped"), 1);
    return r;
}

static void a_failing_restart_is_stopped_and_the_old_tasks_stay(void **state)
{
    (void)state;
    struct rig *r = failing();
    rig_ask(r, "rollback cotak prod");
    rig_run(r, 10000);
    assert_int_equal(
        fake_chat_said(r->chat, "↩️ STOP THE DEPLOYMENT, KEEP THE OLD TASKS of cotak prod api"), 1);
    expect_says(r, "/ask", "@ana restarts it since ");
    expect_says(r, "/ask", "2 old tasks are kept");
    press(r, "/ask", "confirm");
    rig_settle(r, 1, MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUPERSEDED);
    assert_int_equal(fake_chat_said(r->chat, "⏭️ TAKEN OVER: restart of cotak prod api"), 1);
    rig_settle(r, 2, 30 * MINUTE);
    assert_int_equal(r->settled[1].state, OP_SUCCEEDED);
    assert_int_equal(
        fake_chat_said(r->chat, "↩️ ROLLED BACK: cotak prod api (PRODUCTION) keeps its old tasks"), 1);
    assert_int_equal(fake_chat_said(r->chat, "USERS NOT SERVED"), 0);
    assert_int_equal(sent(r, "StopServiceDeployment"), 1);
    assert_int_equal(sent(r, "UpdateService"), 1);
    end(r);
}

static void while_none_runs_the_version_before_comes_back(void **state)
{
    (void)state;
    struct rig *r = rig_of("ok");
    rig_ask(r, "rollback cotak prod");
    rig_run(r, 10000);
    assert_int_equal(fake_chat_said(r->chat, "↩️ ROLL BACK cotak prod api (PRODUCTION)?"), 1);
    expect_says(r, "/ask", "the version before, and its settings");
    expect_says(r, "/ask",
                "hub runs version 0f3c2b1a, this goes to 03105f2b: hub and API must be the same version");
    press(r, "/ask", "confirm");
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    assert_int_equal(
        fake_chat_said(r->chat, "✅ DONE: cotak prod api (PRODUCTION) rolled back to the version before"), 1);
    assert_int_equal(sent(r, "StopServiceDeployment"), 0);
    assert_int_equal(sent(r, "UpdateService"), 1);
    end(r);
}

static void what_was_de_registered_is_refused(void **state)
{
    (void)state;
    struct rig *r = rig_of("definition-inactive");
    rig_ask(r, "rollback cotak prod");
    rig_settle(r, 1, MINUTE);
    assert_int_equal(r->settled[0].state, OP_REFUSED);
    expect_says(r, "/reply", "was de-registered since");
    assert_int_equal(r->calls, 0);
    end(r);
}

static void a_lost_answer_is_looked_for(void **state)
{
    (void)state;
    struct rig *r = failing();
    fake_ecs_fail_only(r->world, FAKE_ROLL_BACK, 1, FAKE_LOST_AFTER);
    rig_ask(r, "rollback cotak prod");
    rig_run(r, 10000);
    press(r, "/ask", "confirm");
    rig_settle(r, 2, 30 * MINUTE);
    assert_int_equal(r->settled[1].state, OP_SUCCEEDED);
    assert_int_equal(fake_chat_said(r->chat, "❔ SEND"), 0);
    assert_int_equal(sent(r, "StopServiceDeployment"), 1);
    end(r);
}

static void one_that_never_arrived_is_asked_about(void **state)
{
    (void)state;
    struct rig *r = failing();
    fake_ecs_fail_only(r->world, FAKE_ROLL_BACK, 1, FAKE_LOST_BEFORE);
    rig_ask(r, "rollback cotak prod");
    rig_run(r, 10000);
    press(r, "/ask", "confirm");
    rig_run(r, 2 * MINUTE);
    assert_int_equal(fake_chat_said(r->chat, "❔ SEND THE ROLLBACK AGAIN?"), 1);
    press(r, "/ask/2", "confirm");
    rig_settle(r, 2, 30 * MINUTE);
    assert_int_equal(r->settled[1].state, OP_SUCCEEDED);
    assert_int_equal(sent(r, "StopServiceDeployment"), 1);
    end(r);
}

static void killed_while_it_sends_it_is_sent_once(void **state)
{
    (void)state;
    for (int applied = 0; applied < 2; applied++) {
        struct rig *r = failing();
        r->kill_at_call = 2;
        r->kill_applied = applied != 0;
        rig_ask(r, "rollback cotak prod");
        rig_run(r, 10000);
        press(r, "/ask", "confirm");
        rig_run(r, 10000);
        assert_true(r->killed);
        rig_run(r, 1);
        rig_run(r, 5000);
        rig_start(r);
        rig_run(r, 2 * MINUTE);
        assert_int_equal(fake_chat_said(r->chat, "❔ SEND THE ROLLBACK AGAIN?"), applied != 0 ? 0 : 1);
        assert_int_equal(sent(r, "StopServiceDeployment"), applied != 0 ? 1 : 0);
        end(r);
    }
}

static void what_was_confirmed_is_not_swapped_for_the_other(void **state)
{
    (void)state;
    struct rig *r = rig_of("ok");
    rig_ask(r, "restart cotak prod");
    rig_run(r, 9 * MINUTE);
    rig_ask(r, "rollback cotak prod");
    rig_run(r, 10000);
    expect_says(r, "/ask", "A rollback stops it");
    rig_run(r, 90000); /* the restart is done */
    assert_int_equal(r->settled_count, 1);
    press(r, "/ask", "confirm");
    rig_settle(r, 2, MINUTE);
    assert_int_equal(r->settled[1].state, OP_REFUSED);
    expect_says(r, "/ask", "that is not what it would do now");
    assert_int_equal(r->calls, 1);
    end(r);
}

/* ---- the button on the card */

static bool has_button(struct rig *r)
{
    const struct chat_message *m = fake_chat_by_key(r->chat, "/card");
    return m->card.button_count == 1 && strcmp(m->card.buttons[0].action, "keep") == 0;
}

static void expect_kept(struct rig *r, size_t settled)
{
    rig_settle(r, settled, 30 * MINUTE);
    assert_int_equal(r->settled[settled - 1].state, OP_SUCCEEDED);
    assert_int_equal(fake_chat_said(r->chat, "↩️ ROLLED BACK"), 1);
    assert_int_equal(sent(r, "StopServiceDeployment"), 1);
    rig_run(r, 10000);
    for (size_t i = 0; i < r->chat->count; i++) {
        assert_int_equal(r->chat->messages[i].card.button_count, 0);
    }
}

static void the_button_needs_no_question(void **state)
{
    (void)state;
    struct rig *r = failing();
    assert_true(has_button(r));
    press(r, "/card", "keep");
    expect_kept(r, 2);
    assert_null(fake_chat_by_key(r->chat, "/ask"));
    end(r);
}

static void it_is_there_only_while_old_tasks_serve_and_new_ones_die(void **state)
{
    (void)state;
    struct rig *r = rig_of("ok");
    rig_ask(r, "restart cotak prod");
    for (int i = 0; i < 12; i++) {
        rig_run(r, MINUTE);
        assert_false(has_button(r));
    }
    end(r);
}

static void it_works_across_restarts_of_the_bot(void **state)
{
    (void)state;
    struct rig *r = failing();
    char value[100];
    TEXT_COPY(value, fake_chat_by_key(r->chat, "/card")->card.buttons[0].value);
    rig_close(r);
    rig_start(r);
    rig_run(r, 10000);
    assert_true(has_button(r));
    const struct chat_message *m = fake_chat_by_key(r->chat, "/card");
    assert_string_not_equal(m->card.buttons[0].value, value);
    rig_click(r, "ana", "keep", value, m->id); /* of the life before */
    rig_run(r, 5000);
    assert_true(card_says(&rig_newest(r)->card, "replaced by a newer one"));
    assert_int_equal(sent(r, "StopServiceDeployment"), 0);
    press(r, "/card", "keep");
    expect_kept(r, 3);
    end(r);
}

static void it_is_not_for_everybody_everywhere_or_ever(void **state)
{
    (void)state;
    struct rig *r = failing();
    const struct chat_message *m = fake_chat_by_key(r->chat, "/card");
    char value[100], id[64];
    TEXT_COPY(value, m->card.buttons[0].value);
    TEXT_COPY(id, m->id);
    rig_click(r, "ana", "keep", value, "another-message");
    rig_run(r, 5000);
    assert_true(card_says(&rig_newest(r)->card, "belongs to another place"));
    r->config->targets[0].restart.list[0].kind = PRINCIPAL_USER; /* of somebody else */
    TEXT_COPY(r->config->targets[0].restart.list[0].server, "slack");
    TEXT_COPY(r->config->targets[0].restart.list[0].id, "bo");
    rig_click(r, "ana", "keep", value, id);
    rig_run(r, 5000);
    assert_true(card_says(&rig_newest(r)->card, "restart"));
    assert_int_equal(sent(r, "StopServiceDeployment"), 0);
    rig_click(r, "bo", "keep", value, id);
    rig_run(r, 5000);
    rig_click(r, "bo", "keep", value, id); /* and once more */
    expect_kept(r, 5);
    end(r);
}

static void what_the_button_did_not_say_is_asked(void **state)
{
    (void)state;
    struct rig *r = failing();
    r->config->targets[0].second_person = true;
    r->config->targets[0].approvers = r->config->targets[0].restart;
    press(r, "/card", "keep");
    rig_run(r, 10000);
    assert_non_null(fake_chat_by_key(r->chat, "/ask"));
    assert_int_equal(sent(r, "StopServiceDeployment"), 0);
    end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_restart_is_stopped_and_the_old_tasks_stay),
        cmocka_unit_test(while_none_runs_the_version_before_comes_back),
        cmocka_unit_test(what_was_de_registered_is_refused),
        cmocka_unit_test(a_lost_answer_is_looked_for),
        cmocka_unit_test(one_that_never_arrived_is_asked_about),
        cmocka_unit_test(killed_while_it_sends_it_is_sent_once),
        cmocka_unit_test(what_was_confirmed_is_not_swapped_for_the_other),
        cmocka_unit_test(the_button_needs_no_question),
        cmocka_unit_test(it_is_there_only_while_old_tasks_serve_and_new_ones_die),
        cmocka_unit_test(it_works_across_restarts_of_the_bot),
        cmocka_unit_test(it_is_not_for_everybody_everywhere_or_ever),
        cmocka_unit_test(what_the_button_did_not_say_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
