/* Old intent: requests that come late, a database of yesterday that is restored, and a bot that is killed at
 * every step of the way on which nobody knows whether UpdateService arrived. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define SECOND 1000LL
#define MINUTE 60000LL
#define DAY    86400000LL
#define MOST   120 /* commits that are looked at */

/* ---- a request that comes late */

static void ignored(struct request_taken *t, bool ok, const char *text)
{
    (void)t;
    (void)ok;
    (void)text;
}

static void submit(struct rig *r, enum request_source source, int64_t age, const char *delivery,
                   const struct chat_message *question)
{
    static struct request_taken taken = {.done = ignored};
    struct request *q = mem_alloc(sizeof(*q));
    *q = (struct request){.source = source, .origin_ms = clock_wall(&r->clock) - age};
    TEXT_COPY(q->delivery, delivery);
    TEXT_COPY(q->who.server, "slack");
    TEXT_COPY(q->who.user, "ana");
    TEXT_COPY(q->place.server, "slack");
    TEXT_COPY(q->place.channel, "C0INCIDENT");
    if (question != NULL) {
        TEXT_COPY(q->click_action, "confirm");
        TEXT_COPY(q->click_value, question->card.buttons[1].value);
        TEXT_COPY(q->click_message, question->id);
    } else {
        TEXT_COPY(q->text, "restart cotak prod");
    }
    engine_submit(rig_life(r)->engine, q, &taken);
    mem_free(q);
    rig_run(r, 10 * SECOND);
}

static void a_request_is_run_at_59_s_and_answered_at_61_s(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum request_source source;
    } rows[] = {{"slash", REQUEST_SLASH}, {"mention", REQUEST_MENTION}};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        rig_start(r);
        submit(r, rows[i].source, 61 * SECOND, "slack/1", NULL);
        CHECK_ROW(rows[i].name, r->ecs.sent == 0);
        CHECK_ROW(rows[i].name,
                  card_says(&rig_newest(r)->card, "You asked at 13:58:59 UTC while I was away"));
        submit(r, rows[i].source, 71 * SECOND, "slack/1", NULL); /* the same one delivered again */
        CHECK_ROW(rows[i].name, r->ecs.sent == 0 && r->chat->count == 1);
        submit(r, rows[i].source, 59 * SECOND, "slack/2", NULL);
        CHECK_ROW(rows[i].name, r->ecs.sent == 1);
        submit(r, rows[i].source, 59 * SECOND, "slack/2", NULL);
        CHECK_ROW(rows[i].name, r->ecs.sent == 1);
        rig_finish(r);
        mem_free(r);
    }
}

static void a_click_counts_at_59_s_and_not_at_61_s(void **state)
{
    struct rig *r = *state;
    r->config->targets[0].confirm_expires_ms = 5 * MINUTE;
    rig_start(r);
    rig_ask(r, "restart cotak prod hub");
    rig_run(r, 90 * SECOND);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    submit(r, REQUEST_CLICK, 61 * SECOND, "slack/c1", m);
    assert_int_equal(r->ecs.sent, 0);
    assert_true(card_says(&rig_newest(r)->card, "Click again if the question is still open"));
    submit(r, REQUEST_CLICK, 59 * SECOND, "slack/c2", m);
    assert_int_equal(r->ecs.sent, 1);
}

/* Two minutes after it was wanted it goes back to a question, whose facts are read then. */
static void what_waited_too_long_is_asked_about(void **state)
{
    struct rig *r = *state;
    r->chat->delay_ms = 500;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    while (r->chat->count == 0) {
        rig_run(r, 10); /* the card is on its way: queued */
    }
    rig_kill(r);
    rig_run(r, 1);
    rig_run(r, 3 * MINUTE);
    r->ecs.running = 3;
    rig_start(r);
    rig_run(r, 10 * SECOND);
    assert_int_equal(r->ecs.sent, 0);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    assert_true(card_says(&m->card, "You wanted it at 2026-11-22 14:00:00 UTC, 3 min 0"));
    assert_true(card_says(&m->card, "Users: SERVED, 3 of 3 tasks run now."));
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "NOT BEGUN"));
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 15 * SECOND);
    assert_int_equal(r->ecs.sent, 1);
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    assert_int_equal(fake_chat_said(r->chat, "RESTARTING"), 1);
}

static void its_question_ends_on_the_card_too(void **state)
{
    struct rig *r = *state;
    r->chat->delay_ms = 500;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    while (r->chat->count == 0) {
        rig_run(r, 10);
    }
    rig_kill(r);
    rig_run(r, 1);
    rig_run(r, 3 * MINUTE);
    rig_start(r);
    rig_run(r, 5 * MINUTE);
    assert_int_equal(r->ecs.sent, 0);
    assert_int_equal(r->settled[0].state, OP_EXPIRED);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "NOT RESTARTED"));
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "⌛ Expired"));
}

/* ---- runs on which nobody knows whether it arrived */

struct way {
    const char *name, *words;
    bool drop_call, lose_reply, yes;
    const char *more[2]; /* asked for right after it */
};

static const struct way ways[] = {
    {"plain", "restart cotak prod", false, false, false, {0}},
    {"confirmed", "restart cotak prod hub", false, false, true, {0}},
    {"lost, left open", "restart cotak prod", true, false, false, {0}},
    {"lost, sent again", "restart cotak prod", true, false, true, {0}},
    {"two services", "restart cotak prod", false, false, true, {"restart cotak prod hub"}},
    {"three services, one lost",
     "restart cotak prod",
     true,
     false,
     true,
     {"restart cotak prod hub", "restart cotak prod events"}},
};

static size_t open_questions(const struct rig *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->chat->count; i++) {
        count += r->chat->messages[i].card.button_count == 2 ? 1 : 0;
    }
    return count;
}

/* Presses "yes" on each question once; returns how many of them were about a second UpdateService. */
static int say_yes(struct rig *r, char pressed[400])
{
    for (size_t i = 0; i < r->chat->count; i++) {
        const struct chat_message *m = &r->chat->messages[i];
        if (m->card.button_count == 2 && strcmp(m->card.buttons[1].value, pressed) != 0) {
            text_copy(pressed, 400, m->card.buttons[1].value);
            r->ecs.drop_call = false;
            rig_click(r, "ana", "confirm", pressed, m->id);
            return card_says(&m->card, "SEND THE RESTART AGAIN?") ? 1 : 0;
        }
    }
    return 0;
}

/* A verdict, a refusal, or a question that ended. */
static bool was_told(struct rig *r)
{
    return fake_chat_by_key(r->chat, "/verdict") != NULL || fake_chat_by_key(r->chat, "/reply") != NULL ||
           (r->ecs.sent == 0 && fake_chat_by_key(r->chat, "/ask") != NULL && open_questions(r) == 0);
}

/* Until it is over, at most `ms`. */
static int run_way(struct rig *r, const struct way *w, int64_t ms)
{
    char pressed[400] = "";
    int again = 0;
    for (int64_t ran = 0; ran < ms && !r->killed; ran += 2 * SECOND) {
        rig_run(r, 2 * SECOND);
        again += w->yes && !r->killed ? say_yes(r, pressed) : 0;
        if (was_told(r) && open_questions(r) == 0 && ran > 6 * MINUTE) {
            break;
        }
    }
    return again;
}

/* ---- yesterday's database */

static struct store *backup;
static size_t most_open;

static void take_backup(struct rig *r)
{
    backup = store_memory_copy(r->store);
}

/* What the backup holds open, and what is told about each of these after it is restored. */
struct left_open {
    size_t count;
    struct {
        char id[STORE_ID];
        bool sent; /* or perhaps sent */
    } operations[8];
};

static void note_open(struct store_loaded *l)
{
    struct left_open *o = l->user;
    assert_true(l->ok && l->operation_count <= CHECK_COUNT(o->operations));
    o->count = l->operation_count;
    for (size_t i = 0; i < l->operation_count; i++) {
        const char *state = l->operations[i].state;
        TEXT_COPY(o->operations[i].id, l->operations[i].id);
        o->operations[i].sent =
            strcmp(state, "requested") != 0 && strcmp(state, "asking") != 0 && strcmp(state, "queued") != 0;
    }
}

static struct left_open what_is_open(struct rig *r)
{
    struct left_open o = {.count = 99};
    struct store_loaded l = {.done = note_open, .user = &o};
    r->store->ops->load(r->store, &l);
    rig_run(r, 10);
    assert_int_not_equal(o.count, 99);
    return o;
}

struct told {
    size_t questions, ends;
};

/* Since that moment: questions that were posted, and messages in which an end stands now. */
static struct told what_was_told(const struct rig *r, const char *id, int64_t since_ms)
{
    static const char *const ends[] = {"NOT RESTARTED", "NOT KNOWN WHETHER IT RESTARTED", "DONE", "Expired",
                                       "SUPERSEDED"};
    struct told told = {0};
    char card[STORE_KEY], verdict[STORE_KEY], ask[STORE_KEY];
    TEXT_FORMAT(card, "%s/card", id);
    TEXT_FORMAT(verdict, "%s/verdict", id);
    TEXT_FORMAT(ask, "%s/ask", id);
    for (size_t i = 0; i < r->chat->count; i++) {
        const struct chat_message *m = &r->chat->messages[i];
        const bool touched = m->posted_ms >= since_ms || m->edited_ms >= since_ms;
        bool ended = false;
        for (size_t k = 0; k < CHECK_COUNT(ends); k++) {
            ended = ended || (touched && card_says(&m->card, ends[k]));
        }
        const bool question = strncmp(m->key, ask, strlen(ask)) == 0;
        told.questions += question && m->posted_ms >= since_ms ? 1 : 0;
        told.ends += ended && (question || strcmp(m->key, card) == 0 || strcmp(m->key, verdict) == 0);
    }
    return told;
}

/* Exactly one question, or none and a told end: for what was not sent. What was sent, or perhaps, is looked
 * at; it may be asked about once as well, and its end is told. */
static void expect_told(const struct rig *r, const struct way *w, int at, const struct left_open *open,
                        int64_t since_ms)
{
    for (size_t i = 0; i < open->count; i++) {
        const struct told told = what_was_told(r, open->operations[i].id, since_ms);
        if (told.questions > 1 || told.questions + told.ends == 0 ||
            (open->operations[i].sent && told.ends == 0)) {
            fail_msg("%s, restored as of %d: %s (%s): %zu questions, %zu ends", w->name, at,
                     open->operations[i].id, open->operations[i].sent ? "sent" : "not sent", told.questions,
                     told.ends);
        }
    }
}

static bool restored_at(const struct way *w, int at)
{
    struct rig *r = mem_alloc(sizeof(*r));
    rig_init(r);
    r->ecs.poll_ms = 30 * SECOND;
    r->ecs.drop_call = w->drop_call;
    r->act = take_backup;
    r->act_at = at;
    backup = NULL;
    rig_start(r);
    rig_ask(r, w->words);
    for (size_t i = 0; i < CHECK_COUNT(w->more) && w->more[i] != NULL; i++) {
        rig_ask(r, w->more[i]);
    }
    run_way(r, w, 30 * MINUTE);
    const bool reached = backup != NULL;
    if (reached) {
        const int sent = r->ecs.sent;
        rig_restore(r, backup);
        clock_advance(&r->clock, DAY);
        const struct left_open open = what_is_open(r);
        const int64_t since = clock_wall(&r->clock);
        rig_start(r);
        rig_run(r, 10 * MINUTE);
        if (r->ecs.sent != sent) {
            fail_msg("%s, restored as of %d: %d changing calls", w->name, at, r->ecs.sent - sent);
        }
        expect_told(r, w, at, &open, since);
        struct engine_figures f;
        engine_read_figures(rig_life(r)->engine, &f);
        if (f.operations != 0 || open_questions(r) != 0) {
            fail_msg("%s, restored as of %d: %u operations wait for ever", w->name, at, f.operations);
        }
        most_open = open.count > most_open ? open.count : most_open;
    }
    rig_finish(r);
    mem_free(r);
    return reached;
}

static void yesterdays_database_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(ways); i++) {
        int at = 1;
        most_open = 0;
        while (at <= MOST && restored_at(&ways[i], at)) {
            at += at < 40 ? 1 : 7; /* later ones are following, all alike */
        }
        print_message("%s: restored up to place %d, at most %zu open\n", ways[i].name, at, most_open);
        assert_true(at > 30);
        assert_int_equal(most_open, ways[i].more[0] == NULL ? 1 : ways[i].more[1] == NULL ? 2 : 3);
    }
}

/* ---- killed on the way */

static bool killed_at(const struct way *w, int commit, bool applied)
{
    struct rig *r = mem_alloc(sizeof(*r));
    rig_init(r);
    r->ecs.poll_ms = 15 * SECOND;
    r->ecs.drop_call = w->drop_call;
    r->ecs.lose_reply = w->lose_reply;
    r->kill_at = commit;
    r->kill_applied = applied;
    rig_start(r);
    rig_ask(r, w->words);
    int again = run_way(r, w, 30 * MINUTE);
    const bool killed = r->killed;
    if (killed) {
        rig_run(r, 4 * SECOND);
        rig_start(r);
        again += run_way(r, w, 60 * MINUTE);
    }
    const struct chat_message *verdict = fake_chat_by_key(r->chat, "/verdict");
    const bool lost = commit == 1 && !applied; /* never accepted */
    if (r->ecs.sent > 1 + again || (r->ecs.sent > 0 && verdict == NULL) || open_questions(r) > 0 ||
        (!lost && !was_told(r))) {
        fail_msg("%s, killed at commit %d %s: %d sent, %d wanted again, %zu questions open", w->name, commit,
                 applied ? "applied" : "not applied", r->ecs.sent, again, open_questions(r));
    }
    rig_finish(r);
    mem_free(r);
    return killed;
}

static void the_uncertain_way_survives_kills(void **state)
{
    (void)state;
    for (size_t i = 2; i < 4; i++) {
        int kills = 0;
        for (int applied = 0; applied < 2; applied++) {
            int commit = 1;
            while (commit <= 40 && killed_at(&ways[i], commit, applied == 1)) {
                commit++;
                kills++;
            }
        }
        print_message("%s: %d kills\n", ways[i].name, kills);
        assert_true(kills > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_run_at_59_s_and_answered_at_61_s),
        cmocka_unit_test_setup_teardown(a_click_counts_at_59_s_and_not_at_61_s, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(what_waited_too_long_is_asked_about, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(its_question_ends_on_the_card_too, rig_setup, rig_teardown),
        cmocka_unit_test(yesterdays_database_changes_nothing),
        cmocka_unit_test(the_uncertain_way_survives_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
