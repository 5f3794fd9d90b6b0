/* What people are told in each scenario of the simulated world: one row each, printed as a table too. A
 * restart is asked for; then the world goes on until eleven minutes after the verdict, so that after-care has
 * its say. CLOUDTAK_SHOW=crash-loop prints every message of that scenario as people read it. */
#include "lib/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "fake_ecs.h"
#include "lib_rig.h"

#define MINUTE 60000LL
#define SECOND 1000LL

struct expected {
    const char *scenario, *command;
    enum operation_state end;
    const char *verdict; /* words of the verdict's message */
    const char *warning; /* words of the first true warning; "" = there is none to give */
    int64_t warned_s;    /* at the latest so long after it was asked for, or the question answered */
    const char *served;  /* the users-served line of the verdict */
    size_t most;         /* new messages in the channel, at most: what notifies people */
    const char *care;    /* words of the closing line; "" = no after-care */
};

#define PROD    "restart cotak prod"
#define HEALTHY "Users: SERVED, 2 of 2 tasks healthy."
#define QUIET   "Quiet for 10 min: no crash, no restart in place."

static const struct expected rows[] = {
    {"ok", PROD, OP_SUCCEEDED, "✅ DONE", "", 0, HEALTHY, 2, QUIET},
    {"slow", PROD, OP_SUCCEEDED, "✅ DONE", "SLOWER THAN USUAL", 12 * 60 + 5, HEALTHY, 3, QUIET},
    {"throttled", PROD, OP_SUCCEEDED, "✅ DONE", "", 0, HEALTHY, 2, "no crash, no restart in place. For"},
    {"stale", PROD, OP_SUCCEEDED, "✅ DONE", "", 0, HEALTHY, 2, QUIET},
    {"eventual-consistency", PROD, OP_SUCCEEDED, "✅ DONE", "", 0, HEALTHY, 2, QUIET},
    {"lost-reply", PROD, OP_SUCCEEDED, "✅ DONE", "", 0, HEALTHY, 2, QUIET},
    {"image-missing", PROD, OP_FAILED, "NOT STABILISING", "its image could not be pulled", 70, HEALTHY, 7,
     ""},
    {"expired-image", PROD, OP_FAILED, "NOT STABILISING", "its image could not be pulled", 70, HEALTHY, 8,
     ""},
    {"crash-loop", PROD, OP_FAILED, "NOT STABILISING", "signing secret", 90, HEALTHY, 5, ""},
    {"unhealthy", PROD, OP_FAILED, "NOT STABILISING", "health checks", 7 * 60 + 20, HEALTHY, 5, ""},
    {"out-of-memory", PROD, OP_FAILED, "NOT STABILISING", "memory", 90, HEALTHY, 5, ""},
    {"no-breaker", PROD, OP_FAILED, "NOT STABILISING", "node ran out of heap", 90, HEALTHY, 5, ""},
    {"database-down", PROD, OP_FAILED, "NOT STABILISING", "the database cannot be reached", 120, HEALTHY, 6,
     ""},
    {"crash-after-running", PROD, OP_SUCCEEDED, "✅ DONE", "restarted in place", 11 * 60 + 30, HEALTHY, 11,
     "3 crashes, 1 restart in place, 1 target that stopped being healthy, users not served for"},
    {"rolled-back", PROD, OP_ROLLED_BACK, "ROLLED BACK by ECS's circuit breaker", "exit code 1", 90, HEALTHY,
     4, ""},
    {"rolled-back-by-alarm", PROD, OP_ROLLED_BACK, "ROLLED BACK by a deployment alarm",
     "In alarm: tak-cloudtak-cotak-prod-AlarmHTTPCodeBackend5XX", 6 * 60 + 5, HEALTHY, 4, ""},
    {"rolled-back-by-hand", PROD, OP_ROLLED_BACK, "ROLLED BACK by a person", "ECS ROLLS BACK", 2 * 60 + 5,
     HEALTHY, 3, ""},
    {"breaker-nothing-to-go-back-to", PROD, OP_FAILED, "no completed deployment to roll back to",
     "exit code 1", 90, "Users: NOT SERVED", 5, ""},
    {"hub-migration-fails", "restart cotak prod hub", OP_ROLLED_BACK, "ROLLED BACK by ECS's circuit breaker",
     "migration", 90, "Users: SERVED, 1 of 1 tasks healthy.", 5, ""},
    {"superseded", PROD, OP_SUPERSEDED, "I follow it now.", "SUPERSEDED", 95, HEALTHY, 4, QUIET},
    {"min-max-deadlock", PROD, OP_STOPPED_FOLLOWING, "STOPPED FOLLOWING", "ECS IS STUCK", 50, HEALTHY, 8, ""},
    {"placement", PROD, OP_STOPPED_FOLLOWING, "STOPPED FOLLOWING", "ECS CANNOT PLACE NEW TASKS", 10, HEALTHY,
     7, ""},
    {"hook-paused", PROD, OP_SUCCEEDED, "✅ DONE", "a person must say how it goes on", 4 * 60 + 30, HEALTHY, 4,
     QUIET},
    {"autoscaled", PROD, OP_SUCCEEDED, "✅ DONE", "SLOWER THAN USUAL", 12 * 60 + 5,
     "Users: SERVED, 3 of 3 tasks healthy.", 3, QUIET},
    {"credentials-expire", PROD, OP_SUCCEEDED, "✅ DONE", "My AWS sign-in for cotak prod has ended",
     4 * 60 + 5, HEALTHY, 4, QUIET},
    {"gone-zero", PROD, OP_SUCCEEDED, "0 tasks wanted, 0 run", "SOMEBODY SET THE COUNT TO 0", 65,
     "Users: NOT SERVED", 4, ""},
    {"wanted-zero", PROD, OP_SUCCEEDED, "✅ DONE", "", 0, "Users: SERVED since", 4, QUIET},
};

/* ---- one run */

struct told {
    size_t news, lines;               /* messages in the channel, lines in threads */
    const struct chat_message *first; /* the first warning */
    int64_t began_ms;
};

static void show(const struct rig *r)
{
    for (size_t i = 0; i < r->chat->count; i++) {
        const struct chat_message *m = &r->chat->messages[i];
        char *text = card_text(&m->card, 110), at[TEXT_TIME];
        text_time_of_day(at, m->posted_ms);
        printf("---- %s %s%s (%d edits)\n", at, m->thread[0] != '\0' ? "thread of " : "NEW ", m->thread,
               m->edits);
        printf("%s\n", text);
        mem_free(text);
    }
}

static bool is_warning(const struct chat_message *m)
{
    static const char *const marks[] = {"🔴",      "🔻",      "🐢",      "🤫", "🐌",    "⏸️", "🙈",
                                        "↩️", "⏭️", "⚠️", "🔁",    "🩺", "🧱"};
    for (size_t i = 0; i < CHECK_COUNT(marks); i++) {
        if (text_starts(m->first, marks[i])) {
            return true;
        }
    }
    return false;
}

static void read_told(const struct rig *r, struct told *ret)
{
    *ret = (struct told){0};
    for (size_t i = 0; i < r->chat->count; i++) {
        const struct chat_message *m = &r->chat->messages[i];
        *(m->thread[0] == '\0' ? &ret->news : &ret->lines) += 1;
        if (ret->first == NULL && m->thread[0] == '\0' && is_warning(m)) {
            ret->first = m;
        }
    }
}

/* Questions are answered with yes. */
static void confirm(struct rig *r)
{
    rig_run(r, 15 * SECOND);
    struct chat_message *ask = fake_chat_by_key(r->chat, "/ask");
    if (ask != NULL && ask->card.button_count > 1) {
        rig_click(r, "ana", "confirm", ask->card.buttons[1].value, ask->id);
    }
}

static int wrong;

/* All rows are played, whatever the ones before did. */
static void want(const struct expected *x, bool ok, const char *what)
{
    if (!ok) {
        print_error("%s: %s\n", x->scenario, what);
        wrong++;
    }
}

static void print_row(const struct expected *x, const struct rig *r, const struct told *t)
{
    const struct chat_message *verdict = fake_chat_by_key(r->chat, "/verdict");
    char text[80] = "-", span[TEXT_DURATION] = "-", whole[TEXT_DURATION];
    if (t->first != NULL) {
        text_elapsed(span, t->first->posted_ms - r->wanted_ms);
        TEXT_COPY(text, t->first->first);
    }
    text_elapsed(whole, verdict->posted_ms - r->wanted_ms);
    print_message("%-29s %-17s %d  %5s  %5s  %2zu %3zu  %-42.42s %s\n", x->scenario,
                  operation_word(r->settled[0].state), operation_exit_status(r->settled[0].state), span,
                  whole, t->news, t->lines, verdict->card.served, text);
}

static void expect(const struct expected *x, struct rig *r, const struct told *t)
{
    const struct chat_message *verdict = fake_chat_by_key(r->chat, "/verdict");
    const bool warns = x->warning[0] != '\0';
    if (r->settled_count != 1 || verdict == NULL) {
        want(x, false, "it is told once, with a verdict");
        return;
    }
    print_row(x, r, t);
    want(x, r->settled[0].state == x->end, "the verdict");
    want(x, card_says(&verdict->card, x->verdict), "the verdict's words");
    want(x, text_starts(verdict->card.served, x->served), "whether users are served");
    want(x, warns == (t->first != NULL), "a warning where there is something to warn of");
    want(x, !warns || (t->first != NULL && card_says(&t->first->card, x->warning)),
         "the first warning's words");
    want(x, !warns || (t->first != NULL && t->first->posted_ms - r->wanted_ms <= x->warned_s * SECOND),
         "the time until the first warning");
    want(x, t->news <= x->most, "messages that notify people");
    want(x, x->care[0] == '\0' || fake_chat_said(r->chat, x->care) == 1, "the closing line");
    want(x, x->care[0] != '\0' || !card_says(&verdict->card, "more for crashes"), "no promise of after-care");
}

static void play(const struct expected *x)
{
    const char *wanted = getenv("CLOUDTAK_SHOW");
    struct rig *r = mem_alloc(sizeof(*r));
    struct told told;
    rig_init(r);
    rig_world(r, x->scenario);
    r->config->give_up_after_ms = 30 * MINUTE; /* as in a rehearsal */
    rig_start(r);
    rig_ask(r, x->command);
    confirm(r);
    rig_settle(r, 1, 120 * MINUTE);
    rig_run(r, (x->end == OP_SUPERSEDED ? 22 : 11) * MINUTE);
    read_told(r, &told);
    if (wanted != NULL && strcmp(wanted, x->scenario) == 0) {
        show(r);
    }
    expect(x, r, &told);
    rig_finish(r);
    mem_free(r);
}

static void every_scenario_tells_what_it_should(void **state)
{
    (void)state;
    print_message(
        "%-29s %-17s %s\n", "scenario", "verdict",
        "exit status, first warning after, verdict after, new messages, lines, users, first warning");
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        play(&rows[i]);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_scenario_tells_what_it_should)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
