/* What people read: cards, messages and verdicts of a restart. */
#include "bot/core/progress.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"

#define BEGAN 1795356128000LL /* 14:02:08 */

struct fixture {
    struct progress_facts facts;
    struct follow_goal goal;
    struct follow_state state;
    struct follow_output output;
    struct card card;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    TEXT_COPY(f->facts.operation, "7F3K");
    TEXT_COPY(f->facts.target, "cotak prod");
    TEXT_COPY(f->facts.key, "api");
    TEXT_COPY(f->facts.partition, "aws-us-gov");
    TEXT_COPY(f->facts.account, "123456789012");
    TEXT_COPY(f->facts.region, "us-gov-east-1");
    TEXT_COPY(f->facts.cluster, "tak-vpc-cotak-prod");
    TEXT_COPY(f->facts.service, "tak-cloudtak-cotak-prod");
    TEXT_COPY(f->facts.asker, "@ana");
    TEXT_COPY(f->facts.asker_mention, "slack:user:U1");
    TEXT_COPY(f->facts.command, "/cloudtak");
    TEXT_COPY(f->facts.checks, "count stays 2");
    TEXT_COPY(f->facts.untouched, "hub, events: not touched");
    TEXT_COPY(f->facts.cost, "No downtime expected; some users may have to sign in again.");
    TEXT_COPY(f->facts.usual, "usually 5-10 min");
    TEXT_COPY(f->facts.escalation.name, "Application Specific Engineering");
    TEXT_COPY(f->facts.escalation.mention, "slack:group:S1");
    TEXT_COPY(f->facts.escalation.phone, "+1 555 0100");
    f->facts.production = true;
    f->facts.wanted = 2;
    f->facts.asked_ms = f->facts.began_ms = BEGAN;
    f->goal.began_ms = BEGAN;
    TEXT_COPY(f->goal.deployment_id, "ecs-svc/2");
    follow_begin(&f->goal, &f->state);
    f->state.wanted = f->state.old_running = f->state.new_pending = 2;
    f->state.served = SERVED_YES;
    f->state.phase = FOLLOW_STARTING;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    mem_free(*state);
    return 0;
}

static void expect_card(const struct card *card, const char *words)
{
    char *text = card_text(card, 0);
    if (strstr(text, words) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", words, text);
    }
    mem_free(text);
}

static void follow_card(struct fixture *f, int64_t after)
{
    f->state.tasks_seen_ms = BEGAN + after;
    progress_card_following(&f->facts, &f->goal, &f->state, BEGAN + after, &f->card);
}

static void what_was_not_seen_for_minutes_is_not_now(void **state)
{
    struct fixture *f = *state;
    progress_card_following(&f->facts, &f->goal, &f->state, BEGAN + 60000, &f->card);
    expect_card(&f->card, "Users: SERVED, 2 of 2 old tasks run."); /* from the preflight */
    progress_card_following(&f->facts, &f->goal, &f->state, BEGAN + 120000, &f->card);
    expect_card(&f->card, "Users: not known now; SERVED when I last saw the tasks, 14:02:08 UTC.");
    f->state.tasks_seen_ms = BEGAN + 120000;
    progress_card_following(&f->facts, &f->goal, &f->state, BEGAN + 400000, &f->card);
    expect_card(&f->card, "SERVED when I last saw the tasks, 14:04:08 UTC.");
}

static void a_running_restart_shows_its_phase(void **state)
{
    struct fixture *f = *state;
    follow_card(f, 40000);
    assert_string_equal(f->card.title,
                        "🔄 RESTARTING cotak prod api (PRODUCTION) · asked by @ana 14:02:08 UTC · op 7F3K");
    assert_string_equal(f->card.served,
                        "Users: SERVED, 2 of 2 old tasks run. No downtime expected; some users "
                        "may have to sign in again.");
    expect_card(&f->card,
                "⏳ Starting new tasks, 0 of 2 run · 0:40 of usually 5-10 min · hub, events: not touched");
    expect_card(&f->card,
                "aws-us-gov 123456789012 us-gov-east-1 · tak-vpc-cotak-prod / tak-cloudtak-cotak-prod");
    assert_string_equal(f->card.link_text, "AWS console");
    f->state.new_serve_ms = BEGAN + 223000;
    f->state.new_running = 2;
    follow_card(f, 230000);
    expect_card(&f->card, "✅ NEW TASKS SERVE since 14:05:51 UTC, 2 of 2");
    expect_card(&f->card, "test the site now");
}

static void a_failing_restart_says_so_and_what_not_to_do(void **state)
{
    struct fixture *f = *state;
    f->state.failed_tasks = 1;
    follow_card(f, 131000);
    assert_string_equal(f->card.title,
                        "🔴 FAILING: restart of cotak prod api (PRODUCTION) · op 7F3K · 2 min 11 s in");
    expect_card(&f->card, "Do not stop them: new tasks cannot start now.");
    f->state.not_stabilising = true;
    follow_card(f, 131000);
    expect_card(&f->card, "🔴 NOT STABILISING");
    f->state.served = SERVED_NO;
    f->state.served_since_ms = BEGAN + 60000;
    follow_card(f, 131000);
    expect_card(&f->card, "Users: NOT SERVED since 14:03:08 UTC");
}

static void the_first_stopped_task_calls_for_help(void **state)
{
    struct fixture *f = *state;
    struct follow_event *e = &f->output.events[0];
    *e = (struct follow_event){.kind = FOLLOW_EVENT_TASK_STOPPED, .number = 1, .lived_ms = 48000};
    e->diagnosis.exit_code = 1;
    TEXT_COPY(e->diagnosis.why, "exit code 1 in container \"api\"");
    TEXT_COPY(e->task.stopped_reason, "Essential container in task exited");
    assert_int_equal(progress_notice(&f->facts, &f->state, e, NULL, &f->card), PROGRESS_NEW);
    expect_card(&f->card, "🔴 First new task stopped after 48 s");
    expect_card(&f->card, "Why: exit code 1 in container \"api\"");
    expect_card(&f->card, "contact Application Specific Engineering immediately.");
    expect_card(&f->card, "ECS retries for ever (no circuit breaker)");
    expect_card(&f->card, "aws ecs stop-service-deployment --region us-gov-east-1 --stop-type ROLLBACK");
    assert_int_equal(f->card.mention_count, 2);
    assert_string_equal(f->card.mentions[1], "slack:group:S1");
    e->number = 2;
    assert_int_equal(progress_notice(&f->facts, &f->state, e, NULL, &f->card), PROGRESS_THREAD);
    assert_int_equal(f->card.mention_count, 0);
}

static void ecs_events_of_a_step_are_one_message(void **state)
{
    struct fixture *f = *state;
    assert_false(progress_events(&f->facts, &f->state, &f->output, &f->card));
    f->output.count = 3;
    f->output.events[0] = (struct follow_event){.kind = FOLLOW_EVENT_ECS, .at_ms = BEGAN};
    TEXT_COPY(f->output.events[0].text, "has started 2 tasks");
    f->output.events[1] = (struct follow_event){.kind = FOLLOW_EVENT_PHASE};
    f->output.events[2] = (struct follow_event){.kind = FOLLOW_EVENT_ECS, .at_ms = BEGAN + 1000};
    TEXT_COPY(f->output.events[2].text, "registered 1 targets");
    assert_true(progress_events(&f->facts, &f->state, &f->output, &f->card));
    assert_string_equal(f->card.quoted, "14:02:08 has started 2 tasks\n14:02:09 registered 1 targets");
}

static void verdicts_read_as_what_they_are(void **state)
{
    static const struct {
        enum follow_verdict verdict;
        bool not_stabilising;
        enum operation_state end;
        const char *title, *line;
    } rows[] = {
        {VERDICT_SUCCEEDED, false, OP_SUCCEEDED,
         "✅ DONE: cotak prod api (PRODUCTION) restarted, @ana · 14:11:02 UTC, "
         "8 min 54 s · op 7F3K",
         "All new tasks came up on the first launch"},
        {VERDICT_FAILED, false, OP_FAILED, "🔴 FAILED: restart of", "ECS gave up"},
        {VERDICT_ROLLED_BACK, false, OP_ROLLED_BACK, "↩️ ENDED: ROLLED BACK by ECS's circuit breaker",
         "the cause is NOT mended"},
        {VERDICT_SUPERSEDED, false, OP_SUPERSEDED, "SUPERSEDED", "replaced mine: ecs-svc/9"},
        {VERDICT_STOPPED_FOLLOWING, false, OP_STOPPED_FOLLOWING, "STOPPED FOLLOWING",
         "ECS goes on by itself"},
        {VERDICT_STOPPED_FOLLOWING, true, OP_FAILED, "🔴 NOT STABILISING", "To stop retrying"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        f->state.verdict = rows[i].verdict;
        f->state.not_stabilising = rows[i].not_stabilising;
        f->state.by = BY_BREAKER;
        f->state.tasks_seen_ms = f->state.ended_ms = BEGAN + 534000;
        TEXT_COPY(f->state.other_id, "ecs-svc/9");
        progress_verdict(&f->facts, &f->goal, &f->state, &f->output, &f->card);
        expect_card(&f->card, rows[i].title);
        expect_card(&f->card, rows[i].line);
        CHECK_ROW(rows[i].title, progress_end(&f->state) == rows[i].end);
        CHECK_ROW(rows[i].title, f->card.served[0] != '\0' && f->card.footer[0] != '\0');
    }
}

/* ECS may say "completed" before it lists a single task: its word is told, and not taken for tasks seen. */
static void a_success_without_tasks_claims_none(void **state)
{
    struct fixture *f = *state;
    f->state.verdict = VERDICT_SUCCEEDED;
    f->state.ended_ms = BEGAN + 1000;
    f->state.new_running = 2;
    f->state.old_running = 0;
    f->state.tasks_seen_ms = 0;
    progress_verdict(&f->facts, &f->goal, &f->state, &f->output, &f->card);
    expect_card(&f->card,
                "Users: not known. ECS counts 2 of 2 tasks as running, but showed me none of them.");
    expect_card(&f->card, "I saw none of the new tasks, only ECS's word");
}

static void zero_is_no_success_to_be_proud_of(void **state)
{
    struct fixture *f = *state;
    f->state.verdict = VERDICT_SUCCEEDED;
    f->output.wanted_zero = true;
    progress_verdict(&f->facts, &f->goal, &f->state, &f->output, &f->card);
    expect_card(&f->card, "0 tasks wanted, 0 run: the deployment is complete, but nothing serves users.");
}

static void a_rehearsal_says_so_everywhere(void **state)
{
    struct fixture *f = *state;
    f->facts.rehearsal = true;
    follow_card(f, 1000);
    assert_true(f->card.rehearsal);
    progress_verdict(&f->facts, &f->goal, &f->state, &f->output, &f->card);
    assert_true(f->card.rehearsal);
    for (int kind = FOLLOW_EVENT_ECS; kind <= FOLLOW_EVENT_PAUSED; kind++) {
        const struct follow_event e = {.kind = (enum follow_event_kind)kind, .number = 1};
        if (progress_notice(&f->facts, &f->state, &e, NULL, &f->card) != PROGRESS_NONE) {
            assert_true(f->card.rehearsal);
        }
    }
}

static void facts_come_back_from_the_store(void **state)
{
    struct fixture *f = *state;
    struct progress_facts back;
    f->facts.breaker = true;
    TEXT_COPY(f->facts.away, "I was away 4 min");
    json_t *saved = progress_facts_save(&f->facts);
    progress_facts_load(saved, &back);
    json_decref(saved);
    assert_memory_equal(&back, &f->facts, sizeof(back));
}

static void usual_durations_come_from_the_past(void **state)
{
    (void)state;
    const int64_t past[] = {600000, 300000, 420000, 480000};
    char text[80];
    progress_usual(past, 2, "usually 5-10 min", text, sizeof(text));
    assert_string_equal(text, "usually 5-10 min");
    progress_usual(past, 3, "usually 5-10 min", text, sizeof(text));
    assert_string_equal(text, "usually 7 min 00 s here, 90 % within 10 min 00 s");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_running_restart_shows_its_phase),        TEST(a_failing_restart_says_so_and_what_not_to_do),
        TEST(what_was_not_seen_for_minutes_is_not_now), TEST(a_failing_restart_says_so_and_what_not_to_do),
        TEST(the_first_stopped_task_calls_for_help),    TEST(ecs_events_of_a_step_are_one_message),
        TEST(verdicts_read_as_what_they_are),           TEST(zero_is_no_success_to_be_proud_of),
        TEST(a_success_without_tasks_claims_none),      TEST(a_rehearsal_says_so_everywhere),
        TEST(facts_come_back_from_the_store),           TEST(usual_durations_come_from_the_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
