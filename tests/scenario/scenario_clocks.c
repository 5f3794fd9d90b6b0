/* The machine stops, sleeps, or has its wall clock set, at every step of a restart: never a second
 * UpdateService that nobody wanted, none more than two minutes after somebody wanted it, and every run comes
 * to an end. Swept over three runs: a plain one, one with a question that is confirmed, and one whose
 * UpdateService never arrives. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE 60000LL
#define HOUR   3600000LL
#define STEPS  44 /* places that matter: what comes later is following, and all alike */

/* ---- what happens to the machine */

static void stopped(struct rig *r) /* SIGSTOP, a paused virtual machine: every clock goes on */
{
    clock_advance(&r->clock, 3 * MINUTE);
}

static void set_forward(struct rig *r)
{
    r->clock.virtual_wall_ms += HOUR;
}

static void set_back(struct rig *r)
{
    r->clock.virtual_wall_ms -= HOUR;
}

static void suspended(struct rig *r) /* mono stands still */
{
    r->clock.virtual_boot_ms += 3 * MINUTE;
    r->clock.virtual_wall_ms += 3 * MINUTE;
}

static void suspended_behind_a_wrong_clock(struct rig *r) /* the wall shows no time passing */
{
    r->clock.virtual_boot_ms += HOUR;
}

/* ---- who answers questions */

struct person {
    char seen[400]; /* the last button pressed */
    int second;     /* "send it again", pressed */
    bool says_yes;
};

static void answer_questions(struct rig *r, struct person *p)
{
    for (size_t i = 0; i < r->chat->count; i++) {
        const struct chat_message *m = &r->chat->messages[i];
        if (strstr(m->key, "/ask") != NULL && m->card.button_count == 2 &&
            strcmp(m->card.buttons[1].value, p->seen) != 0) {
            TEXT_COPY(p->seen, m->card.buttons[1].value);
            p->second += card_says(&m->card, "SEND THE RESTART AGAIN?") ? 1 : 0;
            r->ecs.drop_call = false; /* the next one arrives */
            rig_click(r, "ana", "confirm", p->seen, m->id);
            return;
        }
    }
}

/* ---- one run */

struct flow {
    const char *name, *words;
    bool drop_call, says_yes;
};

static const struct flow flows[] = {
    {"plain", "restart cotak prod", false, false},
    {"confirmed", "restart cotak prod hub", false, true},
    {"lost, nobody answers", "restart cotak prod", true, false},
    {"lost, sent again", "restart cotak prod", true, true},
};

static void expect_sound(const struct rig *r, const struct flow *f, const char *what, const struct person *p)
{
    size_t verdicts = 0;
    for (size_t i = 0; i < r->chat->count; i++) {
        verdicts += text_ends(r->chat->messages[i].key, "/verdict") ? 1 : 0;
    }
    bool ended = false;
    for (size_t i = 0; i < r->settled_count; i++) {
        ended = ended || r->settled[i].how == SETTLED_OPERATION || r->settled[i].how == SETTLED_REFUSED;
    }
    if (r->ecs.sent > 1 + p->second || !ended || verdicts > 1 || (r->ecs.sent > 0 && verdicts != 1)) {
        fail_msg("%s, %s at %d: %d sent, %d wanted again, %zu verdicts", f->name, what, r->act_at,
                 r->ecs.sent, p->second, verdicts);
    }
}

/* Each UpdateService, as it leaves, is wanted: checked by the world's clock, which nobody set. */
static void expect_wanted(const struct rig *r, const struct flow *f, const char *what, int before)
{
    if (r->ecs.sent > before && r->ecs.sent_ms - r->wanted_ms > 2 * MINUTE + 1000) {
        fail_msg("%s, %s at %d: UpdateService %lld ms after it was wanted", f->name, what, r->act_at,
                 (long long)(r->ecs.sent_ms - r->wanted_ms));
    }
}

/* Returns false when the run has no such place. */
static bool play(const struct flow *f, const char *what, void (*act)(struct rig *r), int at)
{
    struct rig *r = mem_alloc(sizeof(*r));
    struct person p = {.says_yes = f->says_yes};
    rig_init(r);
    r->ecs.poll_ms = 15000;
    r->ecs.drop_call = f->drop_call;
    r->act = act;
    r->act_at = at;
    rig_start(r);
    rig_ask(r, f->words);
    for (int s = 0; s < 200 * 60 && (s < 60 || fake_chat_by_key(r->chat, "/verdict") == NULL); s += 2) {
        const int before = r->ecs.sent;
        rig_run(r, 2000);
        expect_wanted(r, f, what, before);
        if (p.says_yes) {
            answer_questions(r, &p);
        }
        if (s > 400 && r->settled_count > 0 && r->ecs.sent == 0) {
            break; /* it never began */
        }
    }
    rig_run(r, 10000);
    expect_sound(r, f, what, &p);
    const bool reached = r->points >= at;
    rig_finish(r);
    mem_free(r);
    return reached;
}

static void sweep(const char *what, void (*act)(struct rig *r))
{
    int runs = 0;
    for (size_t i = 0; i < CHECK_COUNT(flows); i++) {
        for (int at = 1; at <= STEPS && play(&flows[i], what, act, at); at++) {
            runs++;
        }
    }
    print_message("%s: %d runs\n", what, runs);
    assert_true(runs >= (int)CHECK_COUNT(flows) * 30);
}

static void stopped_for_three_minutes_anywhere(void **state)
{
    (void)state;
    sweep("stopped 3 min", stopped);
}

static void the_wall_clock_set_an_hour_forward_anywhere(void **state)
{
    (void)state;
    sweep("wall +1 h", set_forward);
}

static void the_wall_clock_set_an_hour_back_anywhere(void **state)
{
    (void)state;
    sweep("wall -1 h", set_back);
}

static void suspended_anywhere(void **state)
{
    (void)state;
    sweep("suspended 3 min", suspended);
}

static void suspended_anywhere_without_the_wall_showing_it(void **state)
{
    (void)state;
    sweep("suspended 1 h, wall set back", suspended_behind_a_wrong_clock);
}

/* ---- what a question's time is worth */

static const struct chat_message *ask_for_hub(struct rig *r)
{
    rig_start(r);
    rig_ask(r, "restart cotak prod hub");
    rig_run(r, 5000);
    return fake_chat_by_key(r->chat, "/ask");
}

static void a_question_is_over_by_whichever_clock_says_so(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*act)(struct rig *r);
    } rows[] = {{"stopped", stopped},
                {"wall back", set_back},
                {"wall forward", set_forward},
                {"suspended", suspended},
                {"suspended, wall stands", suspended_behind_a_wrong_clock}};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        const struct chat_message *m = ask_for_hub(r);
        char value[400];
        TEXT_COPY(value, m->card.buttons[1].value);
        rows[i].act(r);
        rig_click(r, "ana", "confirm", value, m->id);
        rig_run(r, 5000);
        CHECK_ROW(rows[i].what, r->ecs.sent == 0);
        rig_run(r, 5 * MINUTE);
        CHECK_ROW(rows[i].what, r->settled_count > 0 && m->card.button_count == 0);
        rig_finish(r);
        mem_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped_for_three_minutes_anywhere),
        cmocka_unit_test(the_wall_clock_set_an_hour_forward_anywhere),
        cmocka_unit_test(the_wall_clock_set_an_hour_back_anywhere),
        cmocka_unit_test(suspended_anywhere),
        cmocka_unit_test(suspended_anywhere_without_the_wall_showing_it),
        cmocka_unit_test(a_question_is_over_by_whichever_clock_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
