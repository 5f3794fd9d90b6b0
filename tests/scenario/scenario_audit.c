/* The chain of audit records as people meet it: its head in each verdict, what is said when somebody changed
 * the store, and history and timeline for those who may look. */
#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE 60000LL
#define DAY    (24 * 60 * MINUTE)

static void answered(struct store_check *c)
{
    *(int *)c->user += 1;
}

static struct store_check check(struct rig *r, const struct store_head *seen)
{
    int calls = 0;
    struct store_check c = {.seen = *seen, .done = answered, .user = &calls};
    r->store->ops->check(r->store, &c);
    rig_run(r, 1000);
    assert_int_equal(calls, 1);
    assert_true(c.ok);
    return c;
}

/* "… · audit 5:3fedd32ca83974e6" */
static struct store_head head_of(const struct card *card)
{
    struct store_head head = {0};
    const char *at = strstr(card->footer, "audit ");
    char *end;
    if (at == NULL) {
        fail_msg("no head in the footer: %s", card->footer);
        return head;
    }
    head.sequence = strtoll(at + strlen("audit "), &end, 10);
    TEXT_COPY(head.hash, end + 1);
    return head;
}

static void restart(struct rig *r)
{
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 30 * MINUTE);
}

static void a_verdict_shows_the_head(void **state)
{
    struct rig *r = *state;
    restart(r);
    const struct card *verdict = &fake_chat_by_key(r->chat, "/verdict")->card;
    const struct store_head head = head_of(verdict);
    assert_true(head.sequence >= 3); /* asked, acting, UpdateService: before the verdict's own */
    assert_int_equal(strlen(head.hash), 16);
    assert_non_null(strstr(verdict->footer, "How it is now: "));
    struct store_check c = check(r, &head);
    assert_true(c.whole);
    assert_true(c.head.sequence > head.sequence);
    struct store_head other = head;
    other.hash[0] = other.hash[0] == '0' ? '1' : '0';
    assert_false(check(r, &other).whole);
    const struct chat_message *card = fake_chat_by_key(r->chat, "/card");
    assert_null(strstr(card->card.footer, "audit ")); /* edited for long: a head would be an old one */
}

static struct engine_figures figures(struct rig *r)
{
    struct engine_figures f;
    engine_read_figures(rig_life(r)->engine, &f);
    return f;
}

static void a_changed_record_is_told_within_a_day(void **state)
{
    struct rig *r = *state;
    restart(r);
    assert_string_equal(figures(r).audit_trouble, "");
    assert_true(figures(r).audit_head.sequence > 3);
    store_memory_alter_audit(r->store, 1);
    rig_run(r, DAY + MINUTE);
    assert_string_equal(
        figures(r).audit_trouble,
        "the audit records are not whole: record 2 is not what was written, or the one before it was "
        "another");
    rig_ask(r, "restart cotak prod"); /* it alarms, and goes on */
    rig_settle(r, 2, 30 * MINUTE);
    assert_int_equal(r->ecs.sent, 2);
    rig_close(r);
    rig_start(r);
    rig_run(r, MINUTE);
    assert_non_null(strstr(figures(r).audit_trouble, "record 2 is not what was written"));
}

static bool has_record(struct rig *r, const char *operation, const char *what)
{
    const struct store_audit *a;
    for (size_t i = 0; (a = store_memory_audit(r->store, i)) != NULL; i++) {
        if (strcmp(a->operation, operation) == 0 && strcmp(a->what, what) == 0) {
            return true;
        }
    }
    return false;
}

/* Somebody who can write the file has an operation of their own making wait there. */
static void a_changed_operation_is_left_alone(void **state)
{
    struct rig *r = *state;
    char id[STORE_ID];
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 20000);
    assert_int_equal(r->ecs.sent, 1);
    text_copy_n(id, sizeof(id), fake_chat_by_key(r->chat, "/card")->key, 4);
    rig_kill(r);
    rig_run(r, 1); /* the loop was stopped */
    store_memory_alter_operation(r->store, id);
    rig_start(r);
    rig_run(r, 30 * MINUTE);
    assert_int_equal(r->ecs.sent, 1);
    assert_int_equal(figures(r).operations, 0);
    assert_null(fake_chat_by_key(r->chat, "/verdict"));
    assert_true(has_record(r, id, "altered"));
    char says[200];
    TEXT_FORMAT(says, "operation %s is left alone: somebody else changed it in the store", id);
    assert_string_equal(figures(r).audit_trouble, says);
}

static void without_a_record_nothing_is_changed(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    r->fail_commits = true;
    rig_ask(r, "restart cotak prod");
    rig_run(r, MINUTE);
    assert_int_equal(r->ecs.sent, 0);
    assert_int_equal(r->refused_acks, 1);
    assert_null(store_memory_audit(r->store, 0));
    r->fail_commits = false;
    rig_run(r, 10 * MINUTE);
    assert_int_equal(r->ecs.sent, 0);
}

/* ---- history and timeline */

static const struct card *answer(struct rig *r, const char *text, const char *delivery)
{
    rig_ask_as(r, "UANA", text, delivery, rig_true_ms(r));
    rig_run(r, 10000);
    return &rig_newest(r)->card;
}

static void what_was_done_is_told(void **state)
{
    struct rig *r = *state;
    char id[STORE_ID], words[40];
    restart(r);
    text_copy_n(id, sizeof(id), fake_chat_by_key(r->chat, "/verdict")->key, 4);
    const struct card *told = answer(r, "history", "h1");
    assert_string_equal(told->title, "History");
    assert_true(card_says(told, id));
    assert_true(card_says(told, "succeeded after "));
    told = answer(r, "history cotak prod", "h2");
    assert_string_equal(told->title, "History of cotak prod");
    TEXT_FORMAT(words, "timeline %s", id);
    told = answer(r, words, "h3");
    assert_non_null(strstr(told->quoted, "**asked**: restart cotak prod"));
    assert_non_null(strstr(told->quoted, "**UpdateService**: "));
    assert_non_null(strstr(told->quoted, "**succeeded**"));
    told = answer(r, "timeline ZZZZ", "h4");
    assert_true(card_says(told, "I know no operation ZZZZ."));
}

static void who_may_not_view_sees_nothing(void **state)
{
    struct rig *r = *state;
    char id[STORE_ID], words[40];
    restart(r);
    text_copy_n(id, sizeof(id), fake_chat_by_key(r->chat, "/verdict")->key, 4);
    struct principals *view = &r->config->targets[0].view;
    *view = (struct principals){.count = 1, .set = true, .list = {{.kind = PRINCIPAL_USER}}};
    TEXT_COPY(view->list[0].server, "slack");
    TEXT_COPY(view->list[0].id, "UNOBODY");
    const struct card *told = answer(r, "history", "h1");
    assert_false(card_says(told, id));
    assert_true(card_says(told, "Targets that you may not view are left out."));
    TEXT_FORMAT(words, "timeline %s", id);
    told = answer(r, words, "h2");
    assert_string_equal(told->title, "⛔ Not done; nothing was changed.");
    assert_true(card_says(told, "You need the right \"view\" for cotak prod"));
    assert_string_equal(told->quoted, "");
}

static void what_is_asked_of_the_past_may_be_cut_short(void **state)
{
    struct rig *r = *state;
    restart(r);
    rig_ask_as(r, "UANA", "history", "h1", rig_true_ms(r));
    rig_ask_as(r, "UANA", "timeline ZZZZ", "h2", rig_true_ms(r));
    rig_close(r); /* what was asked of the store comes back first */
    rig_start(r);
    rig_run(r, 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_verdict_shows_the_head),
        TEST(a_changed_record_is_told_within_a_day),
        TEST(a_changed_operation_is_left_alone),
        TEST(without_a_record_nothing_is_changed),
        TEST(what_was_done_is_told),
        TEST(who_may_not_view_sees_nothing),
        TEST(what_is_asked_of_the_past_may_be_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
