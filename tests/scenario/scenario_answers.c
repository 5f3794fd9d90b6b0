/* How an open question is answered other than by its button: typed, declined, cancelled, guessed at; by the
 * second person; under a lock, a freeze, another configuration; and what people read then. */
#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/freeze.h"
#include "lib_rig.h"

#define MINUTE 60000LL

static void say(struct rig *r, const char *user, const char *text)
{
    char delivery[40];
    TEXT_FORMAT(delivery, "slack/said/%d", ++r->asked);
    rig_ask_as(r, user, text, delivery, clock_wall(&r->clock));
    rig_run(r, 3000);
}

/* In another channel, which is listed as well. */
static void say_elsewhere(struct rig *r, const char *user, const char *text)
{
    struct request *q = mem_alloc(sizeof(*q));
    *q = (struct request){
        .source = REQUEST_SLASH, .origin_ms = clock_wall(&r->clock), .received_ms = clock_wall(&r->clock)};
    TEXT_COPY(q->who.server, "slack");
    TEXT_COPY(q->who.user, user);
    TEXT_COPY(q->who.name, user);
    TEXT_COPY(q->place.server, "slack");
    TEXT_COPY(q->place.channel, "C0OTHER");
    TEXT_COPY(q->text, text);
    TEXT_FORMAT(q->delivery, "slack/elsewhere/%d", ++r->asked);
    rig_submit(r, q);
    mem_free(q);
    rig_run(r, 3000);
}

static struct chat_message *ask_for_hub(struct rig *r)
{
    rig_start(r);
    say(r, "ana", "restart cotak prod hub");
    struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    assert_int_equal(r->ecs.redeploys, 0);
    return m;
}

/* "confirm cotak-prod-4821", as the question tells it. */
static void typed(const struct chat_message *m, const char *verb, char to[120])
{
    static const char before[] = "or type: /cloudtak confirm ";
    for (size_t i = 0; i < m->card.line_count; i++) {
        if (text_starts(m->card.lines[i], before)) {
            text_format(to, 120, "%s %s", verb, m->card.lines[i] + sizeof(before) - 1);
            return;
        }
    }
    fail_msg("the question tells no code");
}

/* The same with another number. */
static void spoil(char *said)
{
    char *last = said + strlen(said) - 1;
    *last = *last == '9' ? '1' : '9';
}

static void expect_said(struct rig *r, const char *user, const char *words)
{
    const struct chat_message *m = rig_newest(r);
    while (strcmp(m->private_to, user) != 0) {
        assert_true(m > r->chat->messages);
        m--;
    }
    if (!card_says(&m->card, words)) {
        fail_msg("it reads: %s", card_text(&m->card, 0));
    }
}

static const char *operation_of_question(const struct chat_message *m, char to[8])
{
    text_copy(to, 8, m->key);
    *strchr(to, '/') = '\0';
    return to;
}

static bool audited(struct rig *r, const char *what, const char *who)
{
    const struct store_audit *a;
    for (size_t i = 0; (a = store_memory_audit(r->store, i)) != NULL; i++) {
        if (strcmp(a->what, what) == 0 && strcmp(a->who, who) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- typed */

static void the_code_confirms_what_it_names(void **state)
{
    struct rig *r = *state;
    char text[120];
    const struct chat_message *m = ask_for_hub(r);
    typed(m, "confirm", text);
    assert_true(text_starts(text, "confirm cotak-prod-"));
    say(r, "ana", text);
    assert_int_equal(r->ecs.redeploys, 1);
    assert_true(card_says(&m->card, "✔ Confirmed by @ana"));
    say(r, "ana", text);
    assert_int_equal(r->ecs.redeploys, 1);
    expect_said(r, "ana", "is not the code of a question that you may answer here");
}

static void a_phone_s_spaces_are_dashes(void **state)
{
    struct rig *r = *state;
    char text[120];
    typed(ask_for_hub(r), "confirm", text);
    for (char *at = strchr(text, '-'); at != NULL; at = strchr(at, '-')) {
        *at = ' ';
    }
    say(r, "ana", text);
    assert_int_equal(r->ecs.redeploys, 1);
}

static void the_code_is_of_its_person_and_its_channel(void **state)
{
    struct rig *r = *state;
    struct config_target *t = &r->config->targets[0];
    char text[120];
    TEXT_COPY(t->channels[t->channel_count].server, "slack");
    TEXT_COPY(t->channels[t->channel_count].id, "C0OTHER");
    t->channel_count++;
    const struct chat_message *m = ask_for_hub(r);
    typed(m, "confirm", text);
    say(r, "cy", text);
    expect_said(r, "cy",
                "only @ana may confirm it. You may cancel it. In your own name: /cloudtak restart "
                "cotak prod hub (needs the right \"restart\" here; held by every full member).");
    assert_true(audited(r, "confirm refused", "slack:user:cy"));
    say_elsewhere(r, "ana", text);
    expect_said(r, "ana", "No question of mine is open in this channel.");
    assert_int_equal(r->ecs.redeploys, 0);
    say(r, "ana", text);
    assert_int_equal(r->ecs.redeploys, 1);
}

static void five_wrong_codes_close_the_question(void **state)
{
    struct rig *r = *state;
    char text[120], right[120];
    const struct chat_message *m = ask_for_hub(r);
    typed(m, "confirm", text);
    TEXT_COPY(right, text);
    spoil(text);
    for (int i = 0; i < 9; i++) { /* who may not confirm it does not use the tries up */
        say(r, "cy", text);
    }
    for (int i = 1; i < 5; i++) {
        char words[60];
        say(r, "ana", text);
        TEXT_FORMAT(words, "after %d more wrong ones it is closed", 5 - i);
        expect_said(r, "ana", words);
    }
    rig_kill(r); /* the tries are not forgotten */
    rig_run(r, 1);
    rig_start(r);
    rig_run(r, 3000);
    say(r, "ana", text);
    expect_said(r, "ana", "that was the fifth, so the question is closed");
    assert_true(card_says(&m->card, "✖ Closed after five wrong codes, the last by @ana"));
    assert_int_equal(m->card.button_count, 0);
    say(r, "ana", right);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_true(audited(r, "closed after five wrong codes", "slack:user:ana"));
}

static void a_code_of_an_earlier_life_is_dead(void **state)
{
    struct rig *r = *state;
    char old[120], fresh[120];
    const struct chat_message *m = ask_for_hub(r);
    typed(m, "confirm", old);
    rig_close(r);
    rig_start(r);
    rig_run(r, 3000);
    typed(m, "confirm", fresh);
    if (strcmp(old, fresh) != 0) { /* one in 9,000 draws the same again */
        say(r, "ana", old);
        assert_int_equal(r->ecs.redeploys, 0);
    }
    say(r, "ana", fresh);
    assert_int_equal(r->ecs.redeploys, 1);
}

static void a_bare_confirm_is_for_the_host_and_for_rehearsals(void **state)
{
    struct rig *r = *state;
    ask_for_hub(r);
    say(r, "ana", "confirm");
    expect_said(r, "ana", "confirm needs more: the code that stands in the question");
    assert_int_equal(r->ecs.redeploys, 0);
    r->config->rehearsal = true;
    say(r, "cy", "confirm");
    expect_said(r, "cy", "There is nothing to confirm here. Open here: ");
    say(r, "ana", "confirm");
    assert_int_equal(r->ecs.redeploys, 1);
}

/* ---- no */

static void who_may_confirm_declines(void **state)
{
    struct rig *r = *state;
    char text[120];
    const struct chat_message *m = ask_for_hub(r);
    typed(m, "decline", text);
    say(r, "cy", text);
    expect_said(r, "cy", "only @ana may confirm it");
    say(r, "ana", text);
    assert_true(card_says(&m->card, "✖ Declined by @ana"));
    assert_int_equal(r->settled[r->settled_count - 1].state, OP_DECLINED);
    assert_int_equal(r->ecs.redeploys, 0);
}

static void anybody_in_the_channel_cancels_by_name(void **state)
{
    struct rig *r = *state;
    char id[8], text[40];
    struct chat_message *m = ask_for_hub(r);
    TEXT_FORMAT(text, "cancel %s", operation_of_question(m, id));
    say_elsewhere(r, "cy", text);
    expect_said(r, "cy", "in this channel");
    r->chat->member = MEMBER_GUEST; /* it needs no right */
    for (char *at = text; *at != '\0'; at++) {
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
    }
    say(r, "cy", text);
    assert_true(card_says(&m->card, "✖ Cancelled by @cy"));
    assert_int_equal(r->ecs.redeploys, 0);
}

static void what_is_followed_is_not_cancelled(void **state)
{
    struct rig *r = *state;
    char id[8], text[40], words[80];
    rig_start(r);
    say(r, "ana", "restart cotak prod");
    assert_int_equal(r->ecs.redeploys, 1);
    TEXT_FORMAT(text, "cancel %s", operation_of_question(fake_chat_by_key(r->chat, "/card"), id));
    say(r, "ana", text);
    TEXT_FORMAT(words, "To stop looking: /cloudtak unfollow %s.", id);
    expect_said(r, "ana", words);
    expect_said(r, "ana", "/cloudtak rollback cotak prod api");
}

/* ---- told afterwards */

static void late_and_used_say_what_became_of_it(void **state)
{
    struct rig *r = *state;
    char value[400];
    struct chat_message *m = ask_for_hub(r);
    TEXT_COPY(value, m->card.buttons[1].value);
    rig_click(r, "ana", "confirm", value, m->id);
    rig_settle(r, 1, 30 * MINUTE);
    rig_run(r, 20 * MINUTE); /* the operation has left the memory */
    rig_click(r, "ana", "confirm", value, m->id);
    rig_run(r, 2000);
    expect_said(r, "ana", "☑ Already done by @ana at 14:00:03 UTC; not done twice.");
    expect_said(r, "ana", "is succeeded");
    assert_int_equal(r->ecs.redeploys, 1);
    const struct chat_message *line = fake_chat_first(r->chat, "🚫 @ana: confirm was not done.");
    assert_non_null(line);
    assert_string_equal(line->thread, m->id);
}

static void late_says_since_when_and_how_to_ask_again(void **state)
{
    struct rig *r = *state;
    char value[400], id[8], words[100];
    struct chat_message *m = ask_for_hub(r);
    TEXT_COPY(value, m->card.buttons[1].value);
    for (int i = 0; i < 2; i++) { /* a moment afterwards, and when the operation has left the memory */
        rig_run(r, i == 0 ? 2 * MINUTE : 60 * MINUTE);
        rig_click(r, "ana", "confirm", value, m->id);
        rig_run(r, 2000);
        TEXT_FORMAT(words, "%s expired 14:02:00 UTC. Again: /cloudtak restart cotak prod hub",
                    operation_of_question(m, id));
        expect_said(r, "ana", words);
        expect_said(r, "ana", "⌛ Not done; nothing was changed.");
    }
    assert_int_equal(r->ecs.redeploys, 0);
}

static void a_refused_click_shows_in_the_thread(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    for (int i = 0; i < 9; i++) {
        rig_click(r, "cy", "confirm", m->card.buttons[1].value, m->id);
        rig_run(r, 2000);
        expect_said(r, "cy", "only @ana may confirm it");
    }
    const struct chat_message *line = fake_chat_first(r->chat, "🚫 @cy: confirm was not done.");
    assert_non_null(line);
    assert_string_equal(line->thread, m->id);
    assert_string_equal(line->private_to, "");
    assert_int_equal(fake_chat_said(r->chat, "🚫 @cy: confirm was not done."), 5); /* no flood */
}

/* ---- the second person */

static struct config_target *second_person(struct rig *r, const char *approver)
{
    struct config_target *t = &r->config->targets[0];
    t->second_person = true;
    t->approvers = (struct principals){.count = 1, .set = true};
    t->approvers.list[0] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack"};
    TEXT_COPY(t->approvers.list[0].id, approver);
    return t;
}

static void the_second_person_is_another_human(void **state)
{
    struct rig *r = *state;
    char text[120];
    r->config->people = mem_array(1, sizeof(*r->config->people));
    r->config->person_count = 1;
    struct config_person *p = &r->config->people[0];
    TEXT_COPY(p->name, "ana");
    p->count = 2;
    p->ids[0] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "ana"};
    p->ids[1] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "ana2"};
    second_person(r, "ana2"); /* the same human under another name: nobody could ever confirm it */
    rig_start(r);
    say(r, "ana", "restart cotak prod hub");
    expect_said(r, "ana", "names nobody besides you");
    assert_null(fake_chat_by_key(r->chat, "/ask"));
    struct config_target *t = second_person(r, "ana2");
    t->approvers.list[t->approvers.count++] =
        (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "dee"};
    say(r, "ana", "restart cotak prod hub");
    struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    typed(m, "confirm", text);
    say(r, "ana2", text);
    expect_said(r, "ana2", "needs a second person. Who may confirm it besides @ana: slack:user:dee.");
    assert_int_equal(r->ecs.redeploys, 0);
    say(r, "dee", text);
    assert_int_equal(r->ecs.redeploys, 1);
}

static void both_are_authorised_again(void **state)
{
    struct rig *r = *state;
    struct config_target *t = second_person(r, "dee");
    char text[120];
    typed(ask_for_hub(r), "confirm", text);
    t->restart.count = 0; /* the asker's right was taken away meanwhile */
    say(r, "dee", text);
    expect_said(r, "dee", "@ana may not do this any more:");
    assert_int_equal(r->ecs.redeploys, 0);
}

/* ---- what voids an answer */

static void another_configuration_is_asked_again(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    r->config->generation++;
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 0);
    assert_true(card_says(&m->card, "Asked again: the configuration was changed meanwhile."));
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 5000);
    assert_int_equal(r->ecs.redeploys, 1);
}

/* Behind the highest that was seen, and yet after the moment of the question: how old is it? */
static void a_clock_set_back_while_the_bot_was_away_voids_it(void **state)
{
    struct rig *r = *state;
    struct chat_message *m = ask_for_hub(r);
    rig_run(r, MINUTE);
    say(r, "cy", "confirm wftak-test-1234"); /* something that is written down */
    rig_kill(r);
    rig_run(r, 1);
    r->clock.virtual_wall_ms -= 30000;
    rig_start(r);
    rig_run(r, 5000);
    assert_true(card_says(&m->card, "Void: my clock was changed since I asked; nothing was changed."));
    assert_int_equal(m->card.button_count, 0);
    say(r, "ana", "restart cotak prod hub"); /* it asks anew: the mark is where the clock is now */
    assert_int_equal(fake_chat_said(r->chat, "RESTART cotak prod hub (PRODUCTION)?"), 2);
    rig_run(r, 30000);
    char text[120];
    typed(rig_newest(r)->card.button_count == 2 ? rig_newest(r) : fake_chat_by_key(r->chat, "/ask"),
          "confirm", text);
    say(r, "ana", text);
    assert_int_equal(r->ecs.redeploys, 1);
}

/* ---- the freeze */

static bool frozen;

static bool look(const struct freeze *f, char reason[FREEZE_REASON])
{
    (void)f;
    text_copy(reason, FREEZE_REASON, frozen ? "power works until 16:00" : "");
    return frozen;
}

static void with_freeze(struct rig *r, struct engine_options *options, struct chat **chat)
{
    static const struct freeze freeze = {.look = look, .path = "/var/lib/cloudtak-bot/freeze"};
    (void)r;
    (void)chat;
    frozen = false;
    options->freeze = &freeze;
}

static void a_freeze_refuses_every_change(void **state)
{
    struct rig *r = *state;
    r->between = with_freeze;
    rig_start(r);
    frozen = true;
    say(r, "ana", "restart cotak prod");
    expect_said(
        r, "ana",
        "All changes are frozen: \"power works until 16:00\". Who looks after the bot's host can lift "
        "it, by removing /var/lib/cloudtak-bot/freeze there.");
    assert_int_equal(r->ecs.redeploys, 0);
    say(r, "ana", "status cotak prod");
    assert_false(card_says(&rig_newest(r)->card, "frozen"));
    say(r, "ana", "locks");
    expect_said(r, "ana", "All changes are frozen: \"power works until 16:00\".");
    frozen = false;
    say(r, "ana", "restart cotak prod");
    assert_int_equal(r->ecs.redeploys, 1);
}

static void a_freeze_stops_what_was_asked_before_it(void **state)
{
    struct rig *r = *state;
    r->between = with_freeze;
    struct chat_message *m = ask_for_hub(r);
    frozen = true;
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    rig_run(r, 3000);
    expect_said(r, "ana", "All changes are frozen");
    assert_int_equal(m->card.button_count, 2); /* it is still open */
    frozen = false;
    r->chat->delay_ms = 400;
    rig_click(r, "ana", "confirm", m->card.buttons[1].value, m->id);
    while (fake_chat_by_key(r->chat, "/card") == NULL) {
        rig_run(r, 5);
    }
    frozen = true; /* the last moment: the card is out, nothing was sent */
    rig_run(r, 5000);
    assert_int_equal(r->ecs.sent, 0);
    assert_true(card_says(&fake_chat_by_key(r->chat, "/card")->card, "NOT RESTARTED"));
    assert_true(card_says(&fake_chat_by_key(r->chat, "/reply")->card, "All changes are frozen"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
        TEST(the_code_confirms_what_it_names),
        TEST(a_phone_s_spaces_are_dashes),
        TEST(the_code_is_of_its_person_and_its_channel),
        TEST(five_wrong_codes_close_the_question),
        TEST(a_code_of_an_earlier_life_is_dead),
        TEST(a_bare_confirm_is_for_the_host_and_for_rehearsals),
        TEST(who_may_confirm_declines),
        TEST(anybody_in_the_channel_cancels_by_name),
        TEST(what_is_followed_is_not_cancelled),
        TEST(late_and_used_say_what_became_of_it),
        TEST(late_says_since_when_and_how_to_ask_again),
        TEST(a_refused_click_shows_in_the_thread),
        TEST(the_second_person_is_another_human),
        TEST(both_are_authorised_again),
        TEST(another_configuration_is_asked_again),
        TEST(a_clock_set_back_while_the_bot_was_away_voids_it),
        TEST(a_freeze_refuses_every_change),
        TEST(a_freeze_stops_what_was_asked_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
