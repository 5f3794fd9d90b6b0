/* Who may not: every verb, asked by everybody who is no full member of the workspace, or from where it must
 * not be asked, as Slack writes it down (the real decoder and the real reading of users.info). Nothing is
 * changed, no operation stays open, the refusal is in the audit and with the asker. A full member in the
 * listed channel stands beside it, so that the table means something. */
#include <stdio.h>
#include <string.h>

#include "lib/check.h"

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/chat/slack_private.h"
#include "chat/slack.h"
#include "commands/table.h"
#include "lib_rig.h"

#define INCIDENT "C0INCIDENT"

enum how { SLASH, MENTION };
/* What becomes of a change and of a read that needs a right. */
enum fate { RUNS, REFUSED, IGNORED };

static const struct kind {
    const char *name;
    const char *user;  /* of users.info; NULL = the look-up fails */
    const char *extra; /* further fields of the event */
    const char *channel;
    bool shared, mention_only;
    enum fate change, read;
} KINDS[] = {
    {"full member", "\"team_id\":\"T0OPS\"", "", INCIDENT, false, false, RUNS, RUNS},
    {"guest", "\"team_id\":\"T0OPS\",\"is_restricted\":true", "", INCIDENT, false, false, REFUSED, REFUSED},
    {"single-channel guest", "\"team_id\":\"T0OPS\",\"is_restricted\":true,\"is_ultra_restricted\":true", "",
     INCIDENT, false, false, REFUSED, REFUSED},
    {"stranger", "\"team_id\":\"T0OPS\",\"is_stranger\":true", "", INCIDENT, false, false, REFUSED, REFUSED},
    {"other team", "\"team_id\":\"T0OTHER\"", ",\"user_team\":\"T0OTHER\"", INCIDENT, false, false, REFUSED,
     REFUSED},
    {"other enterprise", "\"team_id\":\"T0OTHER\",\"enterprise_user\":{\"enterprise_id\":\"E0OTHER\"}",
     ",\"user_team\":\"T0OTHER\"", INCIDENT, false, false, REFUSED, REFUSED},
    {"bot's account", "\"team_id\":\"T0OPS\",\"is_bot\":true", "", INCIDENT, false, false, REFUSED, REFUSED},
    {"deactivated", "\"team_id\":\"T0OPS\",\"deleted\":true", "", INCIDENT, false, false, REFUSED, REFUSED},
    {"kind not said", "\"name\":\"ana\"", "", INCIDENT, false, false, REFUSED, REFUSED},
    {"look-up fails", NULL, "", INCIDENT, false, false, REFUSED, REFUSED},
    {"direct message", "\"team_id\":\"T0OPS\"", "", "D0ANA", false, false, REFUSED, RUNS},
    {"shared channel", "\"team_id\":\"T0OPS\"", "", "C0PARTNERS", true, false, REFUSED, RUNS},
    {"another channel", "\"team_id\":\"T0OPS\"", "", "C0GENERAL", false, false, REFUSED, RUNS},
    {"bot's message", "\"team_id\":\"T0OPS\"", ",\"bot_id\":\"B1\"", INCIDENT, false, true, IGNORED, IGNORED},
    {"app's message", "\"team_id\":\"T0OPS\"", ",\"app_id\":\"A1\"", INCIDENT, false, true, IGNORED, IGNORED},
    {"workflow's message", "\"team_id\":\"T0OPS\"", ",\"subtype\":\"bot_message\"", INCIDENT, false, true,
     IGNORED, IGNORED},
    {"edited message", "\"team_id\":\"T0OPS\"", ",\"edited\":{\"user\":\"U0ANA\"}", INCIDENT, false, true,
     IGNORED, IGNORED},
    {"changed message", "\"team_id\":\"T0OPS\"", ",\"subtype\":\"message_changed\"", INCIDENT, false, true,
     IGNORED, IGNORED},
};

/* ---- as Slack says it */

static void write_slash(char *to, size_t size, const struct kind *k, const char *text)
{
    text_format(
        to, size,
        "{\"envelope_id\":\"e1\",\"type\":\"slash_commands\",\"accepts_response_payload\":true,"
        "\"payload\":{\"team_id\":\"T0OPS\",\"channel_id\":\"%s\",\"user_id\":\"U0ANA\",\"user_name\":"
        "\"ana\",\"command\":\"/cloudtak\",\"text\":\"%s\",\"trigger_id\":\"1.2.3\"}}",
        k->channel, text);
}

static void write_mention(char *to, size_t size, const struct kind *k, const char *text, int64_t wall_ms)
{
    const bool direct = k->channel[0] == 'D';
    text_format(to, size,
                "{\"envelope_id\":\"e1\",\"type\":\"events_api\",\"payload\":{\"type\":\"event_callback\","
                "\"team_id\":\"T0OPS\",\"event_id\":\"Ev1\",\"is_ext_shared_channel\":%s,\"event\":{\"type\":"
                "\"%s\",%s\"user\":\"U0ANA\",\"channel\":\"%s\",\"text\":\"<@U0BOT> %s\",\"ts\":\"%lld.0001\""
                "%s}}}",
                k->shared ? "true" : "false", direct ? "message" : "app_mention",
                direct ? "\"channel_type\":\"im\"," : "", k->channel, text, (long long)(wall_ms / 1000),
                k->extra);
}

static enum chat_member member_of(const struct kind *k)
{
    char text[300];
    if (k->user == NULL) {
        return MEMBER_UNKNOWN; /* the fake chat's look-up fails then */
    }
    TEXT_FORMAT(text, "{\"id\":\"U0ANA\",%s}", k->user);
    json_t *user = jsonx_parse(text, strlen(text), NULL);
    assert_non_null(user);
    const enum chat_member member = slack_member_of(user, "T0OPS", "E0GOV");
    json_decref(user);
    return member;
}

/* False when the decoder says that no person has asked for anything. */
static bool say_of(struct rig *r, const struct kind *k, enum how how, const char *text, int64_t age_ms)
{
    char frame[2000];
    struct config_chat *config = mem_alloc(sizeof(*config));
    struct slack_decoded *d = mem_alloc(sizeof(*d));
    const int64_t now = clock_wall(&r->clock);
    TEXT_COPY(config->name, "slack");
    if (how == SLASH) {
        write_slash(frame, sizeof(frame), k, text);
    } else {
        write_mention(frame, sizeof(frame), k, text, now - age_ms);
    }
    slack_decode(frame, strlen(frame), config, "U0BOT", now, d);
    const bool asked = d->kind == SLACK_REQUEST;
    if (asked) {
        d->request.place.shared = k->shared; /* of a command: what conversations.info says */
        rig_submit(r, &d->request);
    } else {
        assert_int_equal(d->kind, SLACK_IGNORED);
        assert_string_equal(d->envelope, "e1"); /* acked, so that it does not come again */
    }
    mem_free(d);
    mem_free(config);
    return asked;
}

static bool say(struct rig *r, const struct kind *k, enum how how, const char *text)
{
    return say_of(r, k, how, text, 0);
}

/* ---- what must be so afterwards */

/* What is kept of a request: operations that go on, and locks. */
static void count_open(struct store_loaded *l)
{
    size_t *count = l->user;
    *count = l->operation_count;
    for (size_t i = 0; i < l->memo_count; i++) {
        *count += strcmp(l->memos[i].kind, "lock") == 0;
    }
}

static size_t open_operations(struct rig *r)
{
    size_t count = 99;
    struct store_loaded l = {.done = count_open, .user = &count};
    r->store->ops->load(r->store, &l);
    rig_run(r, 10);
    return count;
}

static bool audit_says_refused(struct rig *r)
{
    const struct store_audit *a;
    for (size_t i = 0; (a = store_memory_audit(r->store, i)) != NULL; i++) {
        if (strstr(a->what, "refused") != NULL && strcmp(a->who, "slack:user:U0ANA") == 0) {
            return true;
        }
    }
    return false;
}

static void expect(struct rig *r, const char *row, enum fate fate, const struct command *c)
{
    const bool starts = c->changes && command_begins(c) && fate == RUNS;
    /* the others ask first, or find nothing to change */
    CHECK_ROW(row, r->ecs.redeploys == (starts && strcmp(c->name, "restart") == 0 ? 1 : 0));
    if (starts) {
        return;
    }
    CHECK_ROW(row, open_operations(r) == (fate == RUNS && strcmp(c->name, "lock") == 0 ? 1 : 0));
    CHECK_ROW(row, r->settled_count == (fate == IGNORED ? 0 : 1));
    CHECK_ROW(row, fate != IGNORED || (r->chat->count == 0 && r->commits == 0));
    if (fate == IGNORED || r->settled[0].how == SETTLED_USAGE) {
        return;
    }
    if (fate == REFUSED) { /* a command that runs may refuse as well: a count that is missing */
        CHECK_ROW(row, r->settled[0].how == SETTLED_REFUSED);
        CHECK_ROW(row, audit_says_refused(r));
        CHECK_ROW(row, card_says(&rig_newest(r)->card, "nothing was changed"));
    }
}

static void one_case(const struct kind *k, enum how how, const struct command *c)
{
    char row[160], text[100];
    struct rig *r = mem_alloc(sizeof(*r));
    TEXT_FORMAT(row, "%s, %s, %s", c->name, k->name, how == SLASH ? "command" : "mention");
    TEXT_FORMAT(text, "%s%s", c->name, c->needs == NEEDS_NOTHING ? "" : " cotak prod");
    rig_init(r);
    struct config_target *t = &r->config->targets[0];
    t->logs = t->downtime = t->restart;
    r->chat->member = member_of(k);
    rig_start(r);
    const bool asked = say(r, k, how, text);
    rig_run(r, c->changes ? 20000 : 12000);
    const enum fate wanted = c->changes ? k->change : c->right == RIGHT_NONE && asked ? RUNS : k->read;
    CHECK_ROW(row, asked == (wanted != IGNORED));
    expect(r, row, wanted, c);
    rig_finish(r);
    mem_free(r);
}

static void every_verb_by_everybody(void **state)
{
    (void)state;
    int changing = 0;
    for (size_t c = 0; commands_table[c] != NULL; c++) {
        changing += commands_table[c]->changes;
        for (size_t k = 0; k < CHECK_COUNT(KINDS); k++) {
            if (!KINDS[k].mention_only) {
                one_case(&KINDS[k], SLASH, commands_table[c]);
            }
            if (KINDS[k].mention_only || commands_table[c]->changes) {
                one_case(&KINDS[k], MENTION, commands_table[c]);
            }
        }
    }
    assert_true(changing > 0);
}

/* ---- the button of an open question: the right is looked at again when it is pressed */

static void click_of(struct rig *r, const struct kind *k, const struct chat_message *m, int64_t age_ms)
{
    char frame[2000];
    const int64_t now = clock_wall(&r->clock);
    struct config_chat *config = mem_alloc(sizeof(*config));
    struct slack_decoded *d = mem_alloc(sizeof(*d));
    TEXT_COPY(config->name, "slack");
    TEXT_FORMAT(
        frame,
        "{\"envelope_id\":\"e2\",\"type\":\"interactive\",\"payload\":{\"type\":\"block_actions\",\"user\":"
        "{\"id\":\"U0ANA\",\"username\":\"ana\",\"team_id\":\"T0OPS\"},\"team\":{\"id\":\"T0OPS\"},"
        "\"container\":{\"type\":\"message\",\"message_ts\":\"%s\",\"channel_id\":\"%s\"},\"trigger_id\":"
        "\"9.9.9\",\"message\":{\"user\":\"U0BOT\"},\"actions\":[{\"type\":\"button\",\"action_id\":"
        "\"confirm\",\"value\":\"%s\",\"action_ts\":\"%lld.0001\"}]}}",
        m->id, k->channel, m->card.buttons[1].value, (long long)((now - age_ms) / 1000));
    slack_decode(frame, strlen(frame), config, "U0BOT", now, d);
    assert_int_equal(d->kind, SLACK_REQUEST);
    d->request.place.shared = k->shared;
    rig_submit(r, &d->request);
    mem_free(d);
    mem_free(config);
}

static void a_click_is_looked_at_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(KINDS); i++) {
        const struct kind *k = &KINDS[i];
        if (k->mention_only) {
            continue;
        }
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        rig_start(r);
        say(r, &KINDS[0], SLASH, "restart cotak prod hub"); /* asks: it drops every WebSocket */
        rig_run(r, 5000);
        struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
        assert_non_null(m);
        r->chat->member = member_of(k);
        click_of(r, k, m, 0);
        rig_run(r, 5000);
        CHECK_ROW(k->name, r->ecs.redeploys == (k->change == RUNS ? 1 : 0));
        if (k->change != RUNS) {
            CHECK_ROW(k->name, card_says(&rig_newest(r)->card, "nothing was changed"));
            CHECK_ROW(k->name, audit_says_refused(r));
        }
        rig_finish(r);
        mem_free(r);
    }
}

/* The same of the code, typed. */
static void a_typed_answer_is_looked_at_again(void **state)
{
    static const char before[] = "or type: /cloudtak ";
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(KINDS); i++) {
        const struct kind *k = &KINDS[i];
        char text[100] = "";
        if (k->mention_only) {
            continue;
        }
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        rig_start(r);
        say(r, &KINDS[0], SLASH, "restart cotak prod hub");
        rig_run(r, 5000);
        const struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
        assert_non_null(m);
        for (size_t n = 0; n < m->card.line_count; n++) {
            if (text_starts(m->card.lines[n], before)) {
                TEXT_COPY(text, m->card.lines[n] + sizeof(before) - 1);
            }
        }
        r->chat->member = member_of(k);
        say(r, k, MENTION, text);
        rig_run(r, 5000);
        CHECK_ROW(k->name, r->ecs.redeploys == (k->change == RUNS ? 1 : 0));
        if (k->change != RUNS) {
            CHECK_ROW(k->name, card_says(&rig_newest(r)->card, "nothing was changed"));
            CHECK_ROW(k->name, audit_says_refused(r));
        }
        rig_finish(r);
        mem_free(r);
    }
}

/* ---- a full member without the right: it is named, and who has it */

static void only_bo(struct rig *r)
{
    struct config_target *t = &r->config->targets[0];
    r->config->people = mem_array(1, sizeof(*r->config->people));
    r->config->person_count = 1;
    struct config_person *p = &r->config->people[0];
    TEXT_COPY(p->name, "bo");
    p->count = 1;
    p->ids[0] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "U0BO"};
    t->view = (struct principals){.count = 1, .set = true};
    t->view.list[0] = p->ids[0];
    t->logs = t->restart = t->downtime = t->view;
}

static void a_missing_right_is_named_and_who_has_it(void **state)
{
    (void)state;
    int tried = 0;
    for (size_t c = 0; commands_table[c] != NULL; c++) {
        const struct command *command = commands_table[c];
        char text[100], right[40];
        if (command->right == RIGHT_NONE || command->needs == NEEDS_NOTHING) {
            continue; /* theirs is looked at where they know what they touch */
        }
        struct rig *r = mem_alloc(sizeof(*r));
        rig_init(r);
        only_bo(r);
        r->chat->member = MEMBER_FULL;
        rig_start(r);
        TEXT_FORMAT(text, "%s cotak prod", command->name);
        TEXT_FORMAT(right, "\"%s\"", right_word(command->right));
        say(r, &KINDS[0], SLASH, text);
        rig_run(r, 12000);
        tried++;
        CHECK_ROW(command->name, r->ecs.sent == 0 && open_operations(r) == 0);
        CHECK_ROW(command->name, card_says(&rig_newest(r)->card, right));
        CHECK_ROW(command->name, card_says(&rig_newest(r)->card, "@bo"));
        CHECK_ROW(command->name, card_says(&rig_newest(r)->card, "nothing was changed"));
        CHECK_ROW(command->name, audit_says_refused(r));
        rig_finish(r);
        mem_free(r);
    }
    assert_true(tried > 10);
}

/* ---- old intent, by the time that Slack itself writes down: ts, action_ts */

static struct rig *begin_aged(void)
{
    struct rig *r = mem_alloc(sizeof(*r));
    rig_init(r);
    struct config_target *t = &r->config->targets[0];
    t->confirm_expires_ms = 300000;
    TEXT_COPY(t->channels[t->channel_count].server, "slack");
    TEXT_COPY(t->channels[t->channel_count].id, "D0ANA"); /* a direct message that is listed as such */
    t->channel_count++;
    rig_start(r);
    return r;
}

static void end_aged(struct rig *r)
{
    rig_finish(r);
    mem_free(r);
}

static void what_was_said_61_s_ago_is_not_run(void **state)
{
    (void)state;
    static const struct kind IN_CHANNEL = {.extra = "", .channel = INCIDENT},
                             DIRECT = {.extra = "", .channel = "D0ANA"};
    static const struct {
        const char *name;
        const struct kind *kind;
        int64_t age_ms;
        bool runs;
    } ROWS[] = {{"mention, 59 s", &IN_CHANNEL, 59000, true},
                {"mention, 61 s", &IN_CHANNEL, 61000, false},
                {"direct message, 59 s", &DIRECT, 59000, true},
                {"direct message, 61 s", &DIRECT, 61000, false}};
    for (size_t i = 0; i < CHECK_COUNT(ROWS); i++) {
        struct rig *r = begin_aged();
        assert_true(say_of(r, ROWS[i].kind, MENTION, "restart cotak prod", ROWS[i].age_ms));
        rig_run(r, 10000);
        CHECK_ROW(ROWS[i].name, r->ecs.sent == (ROWS[i].runs ? 1 : 0));
        CHECK_ROW(ROWS[i].name, ROWS[i].runs || (card_says(&rig_newest(r)->card, "while I was away") &&
                                                 open_operations(r) == 0 && audit_says_refused(r)));
        end_aged(r);
    }
}

static void what_was_pressed_61_s_ago_is_not_run(void **state)
{
    (void)state;
    for (int64_t age = 59000; age <= 61000; age += 2000) {
        struct rig *r = begin_aged();
        say(r, &KINDS[0], SLASH, "restart cotak prod hub");
        rig_run(r, 90000);
        struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
        assert_non_null(m);
        click_of(r, &KINDS[0], m, age);
        rig_run(r, 5000);
        assert_int_equal(r->ecs.sent, age < 60000 ? 1 : 0);
        assert_true(age < 60000 || card_says(&rig_newest(r)->card, "Click again if the question is still"));
        end_aged(r);
    }
}

/* Queued when the bot died: what is left of the two minutes counts from the mention's own time. */
static void a_queued_step_goes_on_at_119_s_and_asks_at_121_s(void **state)
{
    (void)state;
    for (int64_t at = 118000; at <= 121000; at += 3000) { /* the rest of the way takes less than a second */
        struct rig *r = begin_aged();
        const int64_t said = clock_wall(&r->clock);
        r->chat->delay_ms = 500;
        assert_true(say(r, &KINDS[0], MENTION, "restart cotak prod"));
        while (r->chat->count == 0) {
            rig_run(r, 10);
        }
        rig_kill(r);
        rig_run(r, 1);
        rig_run(r, said / 1000 * 1000 + at - clock_wall(&r->clock));
        r->chat->delay_ms = 0;
        rig_start(r);
        rig_run(r, 10000);
        assert_int_equal(r->ecs.sent, at < 120000 ? 1 : 0);
        if (at < 120000) {
            assert_null(fake_chat_by_key(r->chat, "/ask"));
        } else {
            assert_non_null(fake_chat_by_key(r->chat, "/ask"));
        }
        end_aged(r);
    }
}

int main(void)
{
    log_set_level(LOG_WARNING);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_by_everybody),
        cmocka_unit_test(a_click_is_looked_at_again),
        cmocka_unit_test(a_typed_answer_is_looked_at_again),
        cmocka_unit_test(a_missing_right_is_named_and_who_has_it),
        cmocka_unit_test(what_was_said_61_s_ago_is_not_run),
        cmocka_unit_test(what_was_pressed_61_s_ago_is_not_run),
        cmocka_unit_test(a_queued_step_goes_on_at_119_s_and_asks_at_121_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
