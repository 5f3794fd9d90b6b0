/* Is the message there already? "Not there" has it posted again, so it must be certain. */
#include "chat_slack_fake.h"

static const char *const *pages; /* what history answers, one after the other; the last for ever */

static bool history(struct fake *f, struct server_call *c, const char *method)
{
    if (!text_equal(method, "conversations.history")) {
        return false;
    }
    fake_json(c, 200, NULL, pages[f->answers]);
    f->answers += pages[f->answers + 1] != NULL;
    return true;
}

#define OURS                                                                                                 \
    "{\"bot_id\":\"B0BOT\",\"ts\":\"1700000000.000100\",\"metadata\":{\"event_type\":\"cloudtak_message\","  \
    "\"event_payload\":{\"key\":\"7F3K/card\"}}}"
#define OTHER      "{\"user\":\"U0ANA\",\"ts\":\"1700000000.000100\",\"text\":\"hi\"}"
#define MORE(page) ",\"has_more\":true,\"response_metadata\":{\"next_cursor\":\"" page "\"}}"

static void found(struct chat_find *find)
{
    *(bool *)find->user = true;
}

static struct chat_find look(struct fake *f, const char *const *answers)
{
    bool done = false;
    struct chat_find find = {.channel = "C0",
                             .thread = "",
                             .key = "7F3K/card",
                             .since_ms = 1700000000000,
                             .done = found,
                             .user = &done};
    pages = answers;
    f->answers = f->call_count = 0;
    slack_chat(f->slack)->ops->find(slack_chat(f->slack), &find);
    UNTIL(f, done, 3000);
    return find;
}

static void pages_are_turned(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    f->answer = history;
    fake_start(f);
    struct chat_find find =
        look(f, (const char *const[]){"{\"ok\":true,\"messages\":[" OTHER "]" MORE("bmV4dDox"),
                                      "{\"ok\":true,\"messages\":[" OURS "]" MORE("bmV4dDoy"), NULL});
    assert_true(find.ok && find.found);
    assert_int_equal(fake_count_calls(f, "conversations.history"), 2);
    assert_non_null(strstr(fake_last_call(f, "conversations.history")->query, "cursor=bmV4dDox"));
    /* But not for ever. */
    find = look(f, (const char *const[]){"{\"ok\":true,\"messages\":[" OTHER "]" MORE("bmV4dDox"), NULL});
    assert_true(find.ok);
    assert_false(find.found);
    assert_int_equal(fake_count_calls(f, "conversations.history"), 5);
    fake_destroy(f);
}

static void an_answer_without_messages_says_nothing(void **state)
{
    (void)state;
    static const char *const ANSWERS[] = {"{\"ok\":true}", "{\"ok\":true,\"messages\":null}", "{}", NULL};
    struct fake *f = fake_create();
    f->answer = history;
    fake_start(f);
    for (int i = 0; ANSWERS[i] != NULL; i++) {
        const struct chat_find find = look(f, (const char *const[]){ANSWERS[i], NULL});
        assert_false(find.ok);
        assert_true(find.err.text[0] != '\0');
    }
    const struct chat_find empty = look(f, (const char *const[]){"{\"ok\":true,\"messages\":[]}", NULL});
    assert_true(empty.ok);
    assert_false(empty.found);
    fake_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_turned),
        cmocka_unit_test(an_answer_without_messages_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
