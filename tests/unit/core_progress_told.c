/* What people read while a deployment goes on, beyond its phases: what it waits for, a dead task's story, the
 * proof of change, signals that are told once, after-care. */
#include "bot/core/progress.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"

#define BEGAN  1795356128000LL /* 14:02:08 */
#define SECOND 1000LL
#define MINUTE 60000LL

struct fixture {
    struct progress_facts facts;
    struct follow_goal goal;
    struct follow_state state;
    struct follow_output output;
    struct ecs_tail log;
    struct card card;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    TEXT_COPY(f->facts.operation, "7F3K");
    TEXT_COPY(f->facts.target, "cotak prod");
    TEXT_COPY(f->facts.key, "api");
    TEXT_COPY(f->facts.region, "us-gov-east-1");
    TEXT_COPY(f->facts.cluster, "tak-vpc-cotak-prod");
    TEXT_COPY(f->facts.service, "tak-cloudtak-cotak-prod");
    TEXT_COPY(f->facts.profile, "coegc");
    TEXT_COPY(f->facts.asker, "@ana");
    TEXT_COPY(f->facts.asker_mention, "slack:user:U1");
    TEXT_COPY(f->facts.command, "/cloudtak");
    TEXT_COPY(f->facts.usual, "usually 5-10 min");
    TEXT_COPY(f->facts.escalation.name, "Application Specific Engineering");
    TEXT_COPY(f->facts.escalation.mention, "slack:group:S1");
    f->facts.wanted = 2;
    f->facts.asked_ms = f->facts.began_ms = f->goal.began_ms = BEGAN;
    TEXT_COPY(f->goal.deployment_id, "ecs-svc/2");
    follow_begin(&f->goal, &f->state);
    f->state.wanted = f->state.old_running = 2;
    f->state.served = SERVED_YES;
    f->state.phase = FOLLOW_STARTING;
    f->state.tasks_seen_ms = BEGAN;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    mem_free(*state);
    return 0;
}

static bool says(const struct card *card, const char *words)
{
    char *text = card_text(card, 0);
    const bool yes = strstr(text, words) != NULL;
    mem_free(text);
    return yes;
}

static void expect(const struct card *card, const char *words)
{
    char *text = card_text(card, 0);
    if (strstr(text, words) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", words, text);
    }
    mem_free(text);
}

/* ---- what it waits for */

static void each_wait_is_said_with_its_time(void **state)
{
    static const struct {
        enum follow_phase phase;
        enum follow_wait wait;
        int64_t until_s; /* since it began; 0 = not known */
        bool by_targets;
        const char *detail, *says;
    } rows[] = {
        {FOLLOW_WAITING, FOLLOW_WAIT_ORDER, 0, false, "",
         "⏳ ECS has taken the order; nothing of it shows yet"},
        {FOLLOW_STARTING, FOLLOW_WAIT_PLACING, 0, false, "was unable to place a task",
         "⏳ Waiting for a place for new tasks, for 1:10 now, 0 of 2 run · 2:00 of usually 5-10 min"},
        {FOLLOW_STARTING, FOLLOW_WAIT_PULLING, 0, true, "",
         "⏳ New tasks pull their images, for 1:10 now, 0 of 2 healthy"},
        {FOLLOW_STARTING, FOLLOW_WAIT_STARTING, 0, false, "", "⏳ Starting new tasks"},
        {FOLLOW_HEALTH, FOLLOW_WAIT_GRACE, 300, true, "",
         "⏳ New tasks run; health checks do not count yet (grace period), for 1:10 now, until 14:07:08 UTC "
         "at the latest"},
        {FOLLOW_HEALTH, FOLLOW_WAIT_CHECKS, 0, true, "",
         "⏳ New tasks run; waiting for the load balancer's health checks, for 1:10 now"},
        {FOLLOW_HEALTH, FOLLOW_WAIT_CHECKS, 0, false, "",
         "⏳ New tasks run; waiting until all count as healthy"},
        {FOLLOW_DRAINING, FOLLOW_WAIT_DRAINING, 0, true, "", "⏳ Old tasks drain, up to 5 min, for 1:10 now"},
        {FOLLOW_DRAINING, FOLLOW_WAIT_BAKE, 600, true, "",
         "⏳ New tasks serve; ECS watches its alarms for the bake time, for 1:10 now, until 14:12:08 UTC at "
         "the latest"},
        {FOLLOW_HEALTH, FOLLOW_WAIT_HOOK, 86400, true, "approve at POST_SCALE_UP, waits for a person",
         "⏸️ A deployment hook holds it up, for 1:10 now, until 2026-11-23 14:02:08 UTC at the latest"},
        {FOLLOW_STARTING, FOLLOW_WAIT_STAGE, 0, true, "TEST_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT"},
        {FOLLOW_ROLLING_BACK, FOLLOW_WAIT_CHECKS, 0, true, "", "↩️ Rolling back to the old tasks"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        f->state.phase = rows[i].phase;
        f->state.wait = rows[i].wait;
        f->state.by_targets = rows[i].by_targets;
        f->state.serving = rows[i].by_targets ? 2 : -1;
        f->state.wait_since_ms = BEGAN + 50 * SECOND;
        f->state.wait_until_ms = rows[i].until_s > 0 ? BEGAN + rows[i].until_s * SECOND : 0;
        TEXT_COPY(f->state.wait_detail, rows[i].detail);
        card_init(&f->card, TONE_WORKING);
        progress_text_wait(&f->facts, &f->state, BEGAN + 2 * MINUTE, &f->card);
        expect(&f->card, rows[i].says);
    }
}

static void a_paused_hook_comes_with_its_command(void **state)
{
    struct fixture *f = *state;
    struct follow_event e = {.kind = FOLLOW_EVENT_PAUSED, .at_ms = BEGAN + MINUTE};
    TEXT_COPY(f->facts.hook, "approve");
    TEXT_COPY(f->facts.hook_arn, "arn:aws-us-gov:ecs:us-gov-east-1:1:service-deployment/c/s/9");
    f->state.wait_until_ms = BEGAN + 24 * 60 * MINUTE;
    assert_int_equal(progress_notice(&f->facts, &f->state, &e, NULL, &f->card), PROGRESS_NEW);
    expect(&f->card, "Unanswered, it expires at 2026-11-23 14:02:08 UTC");
    expect(&f->card,
           "aws ecs continue-service-deployment --profile coegc --region us-gov-east-1 --hook-id approve "
           "--action CONTINUE --service-deployment-arn arn:aws-us-gov:ecs");
    expect(&f->card, "--action ROLLBACK");
}

static void a_load_balancer_is_believed_over_counts(void **state)
{
    struct fixture *f = *state;
    f->state.by_targets = true;
    f->state.serving = 1;
    f->state.new_serving = 0;
    f->state.new_running = 2;
    f->state.targets_healthy = 1;
    f->state.targets_total = 4;
    f->state.breaker_failures = 1;
    f->state.breaker_threshold = 3;
    TEXT_COPY(f->state.sick_target,
              "Health checks failed with these codes: [502], Target.ResponseCodeMismatch (port 5000)");
    f->state.wait = FOLLOW_WAIT_GRACE;
    progress_card_following(&f->facts, &f->goal, &f->state, BEGAN + MINUTE, &f->card);
    expect(&f->card, "Users: SERVED, 1 of 2 old tasks healthy.");
    expect(&f->card, "1 of 4 targets healthy");
    expect(&f->card, "1 of 3 failures");
    expect(&f->card, "(usual while it boots)");
    assert_false(says(&f->card, "2 of 2 healthy"));
}

/* ---- the dead task's story */

static void stop(struct fixture *f, size_t at, int number, const char *key, bool started)
{
    struct follow_event *e = &f->output.events[at];
    *e = (struct follow_event){.kind = FOLLOW_EVENT_TASK_STOPPED, .at_ms = BEGAN + MINUTE, .number = number};
    TEXT_COPY(e->diagnosis.key, key);
    TEXT_COPY(e->diagnosis.why, "exit code 1 in container \"api\"");
    TEXT_COPY(e->diagnosis.hint, "At boot usually the database.");
    e->diagnosis.exit_code = 1;
    e->task.started_ms = started ? BEGAN : 0;
    f->output.count = at + 1;
}

static void count_reason(struct fixture *f, size_t at, const char *key, int count)
{
    TEXT_COPY(f->state.reasons[at].key, key);
    f->state.reasons[at].count = count;
    f->state.reason_count = at + 1;
}

static void the_first_of_each_reason_is_told_with_its_log(void **state)
{
    struct fixture *f = *state;
    size_t index = 9;
    stop(f, 0, 1, "exit 1", false); /* ECS could not start it: there is no log */
    count_reason(f, 0, "exit 1", 1);
    assert_false(progress_story_wanted(&f->state, &f->output, &index));
    stop(f, 0, 1, "exit 1", true);
    assert_true(progress_story_wanted(&f->state, &f->output, &index));
    assert_int_equal(index, 0);
    stop(f, 0, 2, "exit 1", true);
    count_reason(f, 0, "exit 1", 2);
    assert_false(progress_story_wanted(&f->state, &f->output, &index));
    stop(f, 1, 3, "out of memory", true);
    count_reason(f, 1, "out of memory", 1);
    assert_true(progress_story_wanted(&f->state, &f->output, &index));
    assert_int_equal(index, 1);
}

static void add_line(struct ecs_tail *log, const char *line)
{
    TEXT_COPY(log->lines[log->count], line);
    log->at_ms[log->count++] = BEGAN;
}

static void a_story_says_what_the_log_means(void **state)
{
    struct fixture *f = *state;
    stop(f, 0, 1, "exit 1", true);
    f->log.ok = true;
    TEXT_COPY(f->log.task_id, "c4a459d3");
    TEXT_COPY(f->log.log_group, "tak-cloudtak");
    TEXT_COPY(f->log.log_stream, "api/c4a459d3");
    add_line(&f->log, "ok - http://localhost:5001");
    add_line(&f->log, "AccessDeniedException: not authorized to perform secretsmanager:GetSecretValue");
    progress_notice(&f->facts, &f->state, &f->output.events[0], &f->log, &f->card);
    expect(&f->card, "Why: exit code 1 in container \"api\": the task's role may not read what it needs");
    expect(&f->card, "it had come up before");
    assert_false(says(&f->card, "At boot usually the database.")); /* the log knows better */
    assert_non_null(strstr(f->card.quoted, "AccessDeniedException"));
    assert_true(progress_story_log(&f->facts, &f->log, &f->card));
    expect(&f->card, "Log of task c4a459d3, last 2 lines · redacted, best effort");
    expect(&f->card,
           "aws logs get-log-events --profile coegc --region us-gov-east-1 --log-group-name tak-cloudtak");
    assert_non_null(strstr(f->card.quoted, "14:02:08 ok - http://localhost:5001\n14:02:08 AccessDenied"));
}

static void what_could_not_be_read_of_a_log_is_said(void **state)
{
    struct fixture *f = *state;
    stop(f, 0, 1, "exit 1", true);
    err_set(&f->log.err, ERR_DENIED, "AWS refuses logs:GetLogEvents");
    progress_notice(&f->facts, &f->state, &f->output.events[0], &f->log, &f->card);
    expect(&f->card, "Its log could not be read: AWS refuses logs:GetLogEvents");
    assert_false(progress_story_log(&f->facts, &f->log, &f->card));
    f->log.ok = true;
    progress_notice(&f->facts, &f->state, &f->output.events[0], &f->log, &f->card);
    expect(&f->card, "Its log is empty so far");
    expect(&f->card, "At boot usually the database.");
    progress_notice(&f->facts, &f->state, &f->output.events[0], NULL, &f->card);
    assert_false(says(&f->card, "Its log"));
}

static void twenty_long_lines_still_fit_one_message(void **state)
{
    struct fixture *f = *state;
    char line[ECS_TAIL_LINE];
    f->log.ok = true;
    for (int i = 0; i < ECS_TAIL_LINES; i++) {
        memset(line, 'a' + i, sizeof(line) - 1);
        line[sizeof(line) - 1] = '\0';
        add_line(&f->log, line);
    }
    assert_true(progress_story_log(&f->facts, &f->log, &f->card));
    assert_non_null(strstr(f->card.quoted, "aaa"));
    assert_non_null(strstr(f->card.quoted, "ttt")); /* the last one is there, and says that it was cut */
    assert_string_equal(f->card.quoted + strlen(f->card.quoted) - strlen("t…"), "t…");
}

/* ---- signals */

static void what_stands_still_is_a_new_message_once(void **state)
{
    static const struct {
        enum follow_event_kind kind;
        const char *text, *says;
        bool once;
    } rows[] = {
        {FOLLOW_EVENT_SILENCE, "2 new tasks are missing", "ECS IS SILENT", true},
        {FOLLOW_EVENT_SLOWING, "growing gaps", "ECS HOLDS BACK", false},
        {FOLLOW_EVENT_ECS,
         "(service x) was unable to place a task. Reason: Capacity is unavailable at this time.",
         "ECS CANNOT PLACE NEW TASKS", true},
        {FOLLOW_EVENT_ECS,
         "(service x) was unable to stop or start tasks during a deployment because of the service "
         "deployment "
         "configuration.",
         "nothing may stop, so nothing can start", true},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct follow_event e = {.kind = rows[i].kind, .at_ms = BEGAN + MINUTE};
        TEXT_COPY(e.text, rows[i].text);
        CHECK_ROW(rows[i].says, progress_notice(&f->facts, &f->state, &e, NULL, &f->card) == PROGRESS_NEW);
        expect(&f->card, rows[i].says);
        CHECK_ROW(rows[i].says, f->card.mention_count > 0 && f->card.served[0] != '\0');
        CHECK_ROW(rows[i].says, (progress_once(&e) != 0) == rows[i].once);
    }
    struct follow_event harmless = {.kind = FOLLOW_EVENT_ECS};
    TEXT_COPY(harmless.text, "(service x) has reached a steady state.");
    assert_int_equal(progress_notice(&f->facts, &f->state, &harmless, NULL, &f->card), PROGRESS_NONE);
    assert_int_equal(progress_once(&harmless), 0);
}

static void a_rollback_that_nothing_announced_is_a_message(void **state)
{
    struct fixture *f = *state;
    const struct follow_event e = {.kind = FOLLOW_EVENT_PHASE, .at_ms = BEGAN + 6 * MINUTE};
    assert_int_equal(progress_notice(&f->facts, &f->state, &e, NULL, &f->card), PROGRESS_NONE);
    f->state.phase = FOLLOW_ROLLING_BACK;
    f->state.by = BY_ALARM;
    f->state.tasks_seen_ms = e.at_ms;
    f->state.by_targets = true;
    f->state.serving = 3;
    f->state.new_serving = 1;
    assert_int_equal(progress_notice(&f->facts, &f->state, &e, NULL, &f->card), PROGRESS_NEW);
    expect(&f->card, "A deployment alarm went off");
    expect(&f->card, "Users: SERVED, 2 old and 1 new tasks healthy. ECS goes back to the old ones.");
    f->state.failed_tasks = 2; /* people know that it fails */
    assert_int_equal(progress_notice(&f->facts, &f->state, &e, NULL, &f->card), PROGRESS_THREAD);
}

static void a_count_of_zero_is_an_alarm_and_another_count_is_none(void **state)
{
    struct fixture *f = *state;
    struct follow_event e = {.kind = FOLLOW_EVENT_COUNT_CHANGED, .number = 3};
    assert_int_equal(progress_notice(&f->facts, &f->state, &e, NULL, &f->card), PROGRESS_THREAD);
    e.number = 0;
    assert_int_equal(progress_notice(&f->facts, &f->state, &e, NULL, &f->card), PROGRESS_NEW);
    expect(&f->card, "SOMEBODY SET THE COUNT TO 0");
}

/* ---- verdicts */

static void the_proof_of_change_names_what_replaced_what(void **state)
{
    struct fixture *f = *state;
    struct follow_proof *p = &f->state.proof;
    f->state.verdict = VERDICT_SUCCEEDED;
    f->state.ended_ms = BEGAN + 9 * MINUTE;
    p->old_count = 2;
    p->new_count = 8;
    TEXT_COPY(p->old_tasks[0], "2eaa3ed3cd8991c6");
    TEXT_COPY(p->old_tasks[1], "8ca3cbb6ca63129b");
    TEXT_COPY(p->new_tasks[0], "c4a459d38eb63d50");
    TEXT_COPY(p->old_digest, "sha256:5f70bf18a086007016e948b04aed3b82103a36be");
    TEXT_COPY(p->new_digest, "sha256:5f70bf18a086007016e948b04aed3b82103a36be");
    TEXT_COPY(p->old_definition, "tak:412");
    TEXT_COPY(p->new_definition, "tak:413");
    progress_verdict(&f->facts, &f->goal, &f->state, &f->output, &f->card);
    expect(&f->card, "Tasks: 2eaa3ed3, 8ca3cbb6 -> c4a459d3");
    expect(&f->card, "and 2 more · same image 5f70bf18a086 · NEW task definition: tak:412 -> tak:413");
    assert_false(says(&f->card, "I watch")); /* no after-care follows */
    f->facts.care_until_ms = f->state.ended_ms + 10 * MINUTE;
    progress_verdict(&f->facts, &f->goal, &f->state, &f->output, &f->card);
    expect(&f->card, "I watch 10 min more for crashes, until 14:21:08 UTC.");
}

static void a_note_is_said_with_the_verdict(void **state)
{
    struct fixture *f = *state;
    f->state.verdict = VERDICT_FAILED;
    f->state.ended_ms = BEGAN + 9 * MINUTE;
    TEXT_COPY(f->state.note, "ECS has begun no rollback: there is no completed deployment to go back to.");
    progress_verdict(&f->facts, &f->goal, &f->state, &f->output, &f->card);
    expect(&f->card, "there is no completed deployment to go back to.");
    assert_false(says(&f->card, "ECS gave up on the new tasks and did not roll back."));
}

static void superseding_is_followed_on_or_says_how(void **state)
{
    struct fixture *f = *state;
    f->state.verdict = VERDICT_SUPERSEDED;
    f->state.ended_ms = BEGAN + 9 * MINUTE;
    TEXT_COPY(f->state.other_id, "ecs-svc/9");
    f->facts.other_ms = BEGAN + 8 * MINUTE;
    f->facts.followed_on = true;
    progress_verdict(&f->facts, &f->goal, &f->state, &f->output, &f->card);
    expect(&f->card,
           "A deployment begun outside this bot at 14:10:08 UTC replaced mine: ecs-svc/9. I follow it now.");
    f->facts.followed_on = false;
    progress_verdict(&f->facts, &f->goal, &f->state, &f->output, &f->card);
    expect(&f->card, "To follow that one: /cloudtak follow cotak prod api");
    TEXT_COPY(f->facts.other, "9QXD, asked by @bo,");
    progress_verdict(&f->facts, &f->goal, &f->state, &f->output, &f->card);
    expect(&f->card, "9QXD, asked by @bo, replaced it: ecs-svc/9.");
}

/* ---- after-care */

static void quiet_is_only_said_of_what_was_seen(void **state)
{
    struct fixture *f = *state;
    const struct care_goal goal = {.began_ms = BEGAN, .until_ms = BEGAN + 10 * MINUTE, .wanted = 2};
    struct care_state *care = mem_alloc(sizeof(*care));
    care_begin(&goal, care);
    progress_care_closed(&f->facts, &goal, care, "", &f->card);
    expect(&f->card, "I never saw the tasks in that time.");
    assert_false(says(&f->card, "Quiet"));
    care->seen_ms = BEGAN + 10 * MINUTE;
    care->served = SERVED_YES;
    progress_care_closed(&f->facts, &goal, care, "", &f->card);
    expect(&f->card, "☑ Quiet for 10 min: no crash, no restart in place.");
    care->blind_total_ms = 2 * MINUTE;
    progress_care_closed(&f->facts, &goal, care, "", &f->card);
    expect(&f->card, "For 2 min 00 s of it I could not see.");
    care->crashes = 2;
    care->restarts = 1;
    care->not_served_total_ms = MINUTE;
    progress_care_closed(&f->facts, &goal, care, "", &f->card);
    expect(&f->card, "2 crashes, 1 restart in place, users not served for 1 min 00 s");
    progress_care_closed(&f->facts, &goal, care, "a restart by @bo began (9QXD)", &f->card);
    expect(&f->card, "After-care ended early: a restart by @bo began (9QXD). Until then: 2 crashes");
    mem_free(care);
}

static void what_happens_in_after_care_is_told(void **state)
{
    static const struct {
        enum care_event_kind kind;
        int number;
        enum progress_place place;
        const char *says;
    } rows[] = {
        {CARE_CRASHED, 1, PROGRESS_NEW, "🔴 A TASK CRASHED: cotak prod api, 14:05:08 UTC, after the restart"},
        {CARE_CRASHED, 2, PROGRESS_NEW, "Contact Application Specific Engineering"},
        {CARE_CRASHED, 3, PROGRESS_THREAD, "That was number 3"},
        {CARE_RESTARTED, 1, PROGRESS_NEW, "RESTARTED IN PLACE"},
        {CARE_FLAPPING, 1, PROGRESS_NEW, "NOT HEALTHY ANY MORE"},
        {CARE_NOT_SERVED, 0, PROGRESS_NEW, "Users: NOT SERVED since 14:05:08 UTC."},
        {CARE_SERVED_AGAIN, 0, PROGRESS_NEW, "SERVED AGAIN"},
        {CARE_SUPERSEDED, 0, PROGRESS_NONE, NULL},
    };
    struct fixture *f = *state;
    struct care_state *care = mem_alloc(sizeof(*care));
    struct care_event *e = mem_alloc(sizeof(*e));
    care->served = SERVED_NO;
    care->served_since_ms = BEGAN + 3 * MINUTE;
    f->facts.rehearsal = true;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        *e = (struct care_event){.kind = rows[i].kind, .at_ms = BEGAN + 3 * MINUTE, .number = rows[i].number};
        assert_int_equal(progress_care_notice(&f->facts, care, e, NULL, &f->card), rows[i].place);
        if (rows[i].says != NULL) {
            expect(&f->card, rows[i].says);
            assert_true(f->card.rehearsal);
        }
    }
    mem_free(e);
    mem_free(care);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_wait_is_said_with_its_time),
        TEST(a_paused_hook_comes_with_its_command),
        TEST(a_load_balancer_is_believed_over_counts),
        TEST(the_first_of_each_reason_is_told_with_its_log),
        TEST(a_story_says_what_the_log_means),
        TEST(what_could_not_be_read_of_a_log_is_said),
        TEST(twenty_long_lines_still_fit_one_message),
        TEST(what_stands_still_is_a_new_message_once),
        TEST(a_rollback_that_nothing_announced_is_a_message),
        TEST(a_count_of_zero_is_an_alarm_and_another_count_is_none),
        TEST(the_proof_of_change_names_what_replaced_what),
        TEST(a_note_is_said_with_the_verdict),
        TEST(superseding_is_followed_on_or_says_how),
        TEST(quiet_is_only_said_of_what_was_seen),
        TEST(what_happens_in_after_care_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
