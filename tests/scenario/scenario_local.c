/* Commands from a terminal of the host: what the terminal sees, what the channel hears, whatever happens to
 * either of them or to the bot. */
#include "lib/check.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "chat/absent.h"
#include "core/local.h"
#include "lib_rig.h"

#define MINUTE 60000

static struct fake_chat *terminal; /* outlives the engines, as a person does */
static struct chat_door *doors[RIG_LIVES];
static size_t door_count;
static struct absent *absent;
static bool alone;

static void join(struct rig *r, struct engine *engine)
{
    struct chat_door *door = mem_alloc(sizeof(*door));
    (void)r;
    chat_door_init(door, terminal);
    door->chat.server = LOCAL_SERVER;
    door->chat.command = LOCAL_COMMAND;
    doors[door_count++] = door;
    engine_add_chat(engine, &door->chat);
}

static void between(struct rig *r, struct engine_options *options, struct chat **chat)
{
    options->alone = alone;
    if (alone) {
        absent = absent != NULL ? absent : absent_create(r->loop, "slack", "/cloudtak");
        *chat = absent_chat(absent);
    }
}

static int set_up(void **state)
{
    rig_setup(state);
    struct rig *r = *state;
    terminal = mem_alloc(sizeof(*terminal));
    fake_chat_init(terminal, r->loop);
    door_count = 0;
    absent = NULL;
    alone = false;
    r->join = join;
    r->between = between;
    struct config_target *t = &r->config->targets[0];
    r->config->people = mem_array(1, sizeof(*r->config->people));
    r->config->person_count = 1;
    struct config_person *ana = &r->config->people[0];
    TEXT_COPY(ana->name, "ana");
    ana->ids[ana->count++] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "U0ANA"};
    ana->ids[ana->count++] = (struct principal){.kind = PRINCIPAL_LOCAL, .id = "ana"};
    t->restart.list[0] = (struct principal){.kind = PRINCIPAL_LOCAL, .id = "ana"};
    t->restart.count = 1;
    t->downtime.list[0] = (struct principal){.kind = PRINCIPAL_EVERYONE};
    t->downtime.count = 1;
    t->channels[1] = t->channels[0]; /* the first one that is listed by its id hears it */
    t->channels[0] = (struct config_channel){.any = true};
    t->channel_count = 2;
    return 0;
}

static int tear_down(void **state)
{
    const int failed = rig_teardown(state);
    for (size_t i = 0; i < door_count; i++) {
        mem_free(doors[i]);
    }
    mem_free(terminal);
    absent_destroy(absent);
    return failed;
}

static void kill_all(struct rig *r)
{
    rig_kill(r);
    doors[door_count - 1]->shut = true;
    rig_run(r, 10);
}

static void say(struct rig *r, const char *user, const char *text, bool yes)
{
    static int number;
    struct request *q = mem_alloc(sizeof(*q));
    q->source = REQUEST_LOCAL;
    q->yes = yes;
    q->origin_ms = q->received_ms = clock_wall(&r->clock);
    TEXT_FORMAT(q->delivery, "local/0123456789abcdef/%d", ++number);
    TEXT_COPY(q->who.server, LOCAL_SERVER);
    TEXT_COPY(q->who.user, user);
    TEXT_COPY(q->who.name, user);
    TEXT_COPY(q->who.team, alone ? LOCAL_OFFLINE : "");
    TEXT_COPY(q->place.server, LOCAL_SERVER);
    TEXT_COPY(q->place.channel, user);
    TEXT_COPY(q->place.thread, "0123456789abcdef");
    TEXT_COPY(q->text, text);
    rig_submit(r, q);
    mem_free(q);
}

static const struct chat_message *heard(struct rig *r, const char *key)
{
    const struct chat_message *m = fake_chat_by_key(r->chat, key);
    static const struct chat_message none;
    if (m == NULL) {
        fail_msg("the channel does not hear %s", key);
    }
    return m != NULL ? m : &none;
}

/* Both see the card and the verdict; in the channel it reads as people of that channel type, and calls them.
 */
static void the_channel_hears_what_a_terminal_began(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    rig_start(r);
    say(r, "ana", "restart cotak prod", false);
    rig_settle(r, 1, 60 * MINUTE);
    rig_run(r, 10000);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    assert_non_null(fake_chat_by_key(terminal, "/card"));
    assert_true(card_says(&fake_chat_by_key(terminal, "/verdict")->card, "DONE"));
    const struct chat_message *card = heard(r, "/mirror-card"), *verdict = heard(r, "/mirror-verdict");
    assert_string_equal(card->channel, "C0INCIDENT");
    assert_true(text_starts(card->first, "On the host, by local:ana, "));
    assert_true(card->edits > 0);
    assert_non_null(strstr(verdict->first, "DONE"));
    assert_string_equal(verdict->card.mentions[0], "slack:user:U0ANA");
    for (size_t i = 0; i < r->chat->count; i++) {
        const struct card *c = &r->chat->messages[i].card;
        CHECK_ROW(c->title, !card_says(c, LOCAL_COMMAND) && strstr(c->footer, LOCAL_COMMAND) == NULL);
        CHECK_ROW(c->title, c->button_count == 0 && r->chat->messages[i].thread[0] == '\0');
    }
}

/* That is what the terminal is for. */
static void a_chat_that_is_down_holds_no_terminal_back(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    rig_start(r);
    r->chat->throttle = 1000000;
    r->chat->delay_ms = 30000; /* each try ends in a time-out */
    const int64_t began = rig_true_ms(r);
    say(r, "ana", "restart cotak prod", false);
    rig_settle(r, 1, 60 * MINUTE);
    assert_true(rig_true_ms(r) - began < 10 * MINUTE);
    assert_true(fake_chat_by_key(terminal, "/card")->edits >= 40); /* 19 when each waited for the chat */
    assert_non_null(fake_chat_by_key(terminal, "/verdict"));
    assert_int_equal(r->chat->count, 0);
    r->chat->throttle = 0;
    r->chat->delay_ms = 100;
    rig_run(r, 2 * MINUTE);
    assert_non_null(strstr(heard(r, "/mirror-verdict")->first, "DONE"));
    assert_int_equal(fake_chat_said(r->chat, "DONE:"), 1 + (heard(r, "/mirror-card")->edits == 0));
}

/* While no daemon runs: the end, with its own time, at its next start, once. */
static void what_was_done_alone_is_told_later(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    alone = true;
    rig_start(r);
    say(r, "ana", "restart cotak prod", false);
    rig_settle(r, 1, 60 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    rig_close(r);
    assert_int_equal(r->chat->count, 0);
    rig_run(r, 3 * 60 * MINUTE);
    alone = false;
    rig_start(r);
    rig_run(r, MINUTE);
    const struct chat_message *m = heard(r, "/mirror-verdict");
    assert_true(text_starts(m->first, "On the host, by local:ana while I was down, 2026-11-22 "));
    assert_int_equal(m->card.mention_count, 0); /* nobody is called hours later */
    assert_null(fake_chat_by_key(r->chat, "/mirror-card"));
    kill_all(r);
    rig_start(r);
    rig_run(r, MINUTE);
    size_t told = 0;
    for (size_t i = 0; i < r->chat->count; i++) {
        told += text_ends(r->chat->messages[i].key, "/mirror-verdict");
    }
    assert_int_equal(told, 1);
}

/* Killed half-way: the daemon goes on with it, and tells. */
static void the_daemon_goes_on_with_what_was_left(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    alone = true;
    rig_start(r);
    say(r, "ana", "restart cotak prod", false);
    rig_run(r, MINUTE);
    assert_non_null(fake_chat_by_key(terminal, "/card"));
    kill_all(r);
    alone = false;
    rig_start(r);
    rig_run(r, 30 * MINUTE);
    assert_non_null(strstr(heard(r, "/mirror-verdict")->first, "DONE"));
}

static unsigned questions(void)
{
    unsigned count = 0;
    for (size_t i = 0; i < terminal->count; i++) {
        count += strstr(terminal->messages[i].key, "/ask") != NULL;
    }
    return count;
}

/* --yes is an answer to confirm.always, and to nothing else. */
static void yes_answers_one_question_only(void **state)
{
    static const struct {
        const char *text;
        bool always, second, yes;
        unsigned asks;
    } rows[] = {
        {"restart cotak prod", true, false, false, 1},    {"restart cotak prod", true, false, true, 0},
        {"restart cotak prod", true, true, true, 1}, /* a second person */
        {"restart cotak prod hub", true, false, true, 1}, {"restart cotak prod hub", false, false, true, 1},
    };
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        void *fresh = NULL;
        set_up(&fresh);
        struct rig *r = fresh;
        struct config_target *t = &r->config->targets[0];
        t->confirm_always = rows[i].always;
        t->second_person = rows[i].second;
        t->approvers.list[0] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "U0BO"};
        t->approvers.count = 1;
        t->approvers.set = true;
        rig_world(r, "ok");
        rig_start(r);
        say(r, "ana", rows[i].text, rows[i].yes);
        rig_run(r, 30000);
        CHECK_ROW(rows[i].text, questions() == rows[i].asks);
        tear_down(&fresh);
    }
}

/* Whom the configuration does not name may look, whatever a rule says of everyone. */
static void strangers_and_root_look(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    rig_start(r);
    say(r, "root", "restart cotak prod", true);
    say(r, "1001", "stop-all cotak prod", false);
    say(r, "1001", "status cotak prod", false);
    rig_settle(r, 3, MINUTE);
    unsigned refused = 0, answered = 0;
    for (size_t i = 0; i < 3; i++) {
        refused += r->settled[i].how == SETTLED_REFUSED;
        answered += r->settled[i].how == SETTLED_REPLY;
    }
    assert_int_equal(refused, 2);
    assert_int_equal(answered, 1);
    assert_int_equal(r->chat->count, 0);
}

/* Whoever asks too much at a terminal is told so each time: it waits for its answer. */
static void each_of_too_many_is_answered(void **state)
{
    struct rig *r = *state;
    rig_world(r, "ok");
    rig_start(r);
    for (unsigned i = 0; i < 24; i++) {
        say(r, "ana", "help", false);
    }
    rig_settle(r, 24, MINUTE);
    unsigned refused = 0;
    for (size_t i = 0; i < 24; i++) {
        refused += r->settled[i].how == SETTLED_REFUSED;
    }
    assert_int_equal(refused, 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_channel_hears_what_a_terminal_began),
        TEST(a_chat_that_is_down_holds_no_terminal_back),
        TEST(what_was_done_alone_is_told_later),
        TEST(the_daemon_goes_on_with_what_was_left),
        cmocka_unit_test(yes_answers_one_question_only),
        TEST(strangers_and_root_look),
        TEST(each_of_too_many_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
