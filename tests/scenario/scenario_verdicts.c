/* What people are told in each scenario of the simulated world: one row each, printed as a table too. A restart is
 * asked for; then the world goes on until eleven minutes after the verdict, so that after-care has its say.
 * CLOUDTAK_SHOW=crash-loop prints every message of that scenario as people read it. */
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
    int status;          /* of the program, for --exec */
    const char *verdict; /* words of the verdict's message */
    const char *warning; /* words of the first true warning; "" = there is none to give */
    int64_t warned_ms;   /* at the latest so long after the question was asked, or answered */
    const char *served;  /* the users-served line of the verdict */
    size_t most;         /* new messages in the channel, at most: what notifies people */
    const char *care;    /* words of the closing line; "" = no after-care */
};

#define QUIET "Quiet for 10 min 00 s: no crash, no restart in place."

static const struct expected rows[] = {
    {"ok", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"slow", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"image-missing", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"expired-image", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"crash-loop", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"unhealthy", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"out-of-memory", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"crash-after-running", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"database-down", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"rolled-back", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"rolled-back-by-alarm", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"rolled-back-by-hand", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"breaker-nothing-to-go-back-to", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"superseded", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"no-breaker", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"min-max-deadlock", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"placement", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"hook-paused", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"autoscaled", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"throttled", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"credentials-expire", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"stale", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"eventual-consistency", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"lost-reply", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"gone-zero", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"wanted-zero", "restart cotak prod", OP_SUCCEEDED, 0, "✅ DONE", "", 0, "Users: ", 99, ""},
    {"hub-migration-fails", "restart cotak prod hub", OP_SUCCEEDED, 0, "", "", 0, "Users: ", 99, ""},
};

/* ---- one run */

struct told {
    size_t news, lines; /* messages in the channel, lines in threads */
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
    static const char *const marks[] = {"🔴", "🔻", "🐢", "🤫", "🐌", "⏸️", "🙈", "↩️", "⏭️", "⚠️", "🔁", "🩺"};
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

static void expect(const struct expected *x, struct rig *r, const struct told *t)
{
    const struct chat_message *verdict = fake_chat_by_key(r->chat, "/verdict");
    char text[120] = "-", span[TEXT_DURATION] = "-";
    if (t->first != NULL) {
        text_elapsed(span, t->first->posted_ms - r->wanted_ms);
        TEXT_COPY(text, t->first->first);
    }
    print_message("%-28s %-18s %d  %-7s %2zu new %3zu lines  %s\n", x->scenario,
                  r->settled_count > 0 ? operation_word(r->settled[0].state) : "?",
                  operation_exit_status(r->settled[0].state), span, t->news, t->lines, text);
    if (getenv("LOOSE")) return;
    CHECK_ROW(x->scenario, r->settled_count == 1 && verdict != NULL);
    CHECK_ROW(x->scenario, r->settled[0].state == x->end);
    CHECK_ROW(x->scenario, operation_exit_status(r->settled[0].state) == x->status);
    if (!card_says(&verdict->card, x->verdict) || !text_starts(verdict->card.served, x->served)) {
        char *said = card_text(&verdict->card, 0);
        fail_msg("%s: the verdict reads\n%s", x->scenario, said);
    }
    if (x->warning[0] != '\0') {
        CHECK_ROW(x->scenario, t->first != NULL && card_says(&t->first->card, x->warning));
        CHECK_ROW(x->scenario, t->first->posted_ms - r->wanted_ms <= x->warned_ms);
    } else {
        CHECK_ROW(x->scenario, t->first == NULL);
    }
    CHECK_ROW(x->scenario, t->news <= x->most);
    CHECK_ROW(x->scenario, x->care[0] == '\0' || fake_chat_said(r->chat, x->care) == 1);
    CHECK_ROW(x->scenario, (fake_chat_by_key(r->chat, "/verdict") != NULL) &&
                               (x->care[0] != '\0' || !card_says(&verdict->card, "more for crashes")));
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
    rig_run(r, 11 * MINUTE);
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
    print_message("%-28s %-18s %s\n", "scenario", "verdict", "status, first warning after, messages, words");
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        play(&rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_scenario_tells_what_it_should)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
