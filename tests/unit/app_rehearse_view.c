/* The rehearsal's channel: new messages whole, edits by what changed, buttons of the newest message. */
#include "base/buf.h"
#include "base/text.h"
#include "bot/rehearse_view.h"
#include "lib/check.h"

#include <string.h>

#define AT INT64_C(1795356128000) /* 14:02:08 UTC */

static struct buf out;
static json_t *names;
static struct rehearse_view *view;

static void write_out(void *user, const char *text)
{
    assert_ptr_equal(user, &out);
    buf_text(&out, text);
}

static int set_up(void **state)
{
    (void)state;
    buf_init(&out, 100000);
    names = json_pack("{s:s,s:s}", "U0ANA", "ana", "U0BOT", "bot");
    view = rehearse_view_create(names, "U0BOT", write_out, &out);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rehearse_view_destroy(view);
    rehearse_view_destroy(NULL);
    json_decref(names);
    buf_finish(&out);
    return 0;
}

static void event(const char *text, int64_t at_ms)
{
    json_error_t e;
    json_t *parsed = json_loads(text, 0, &e);
    if (parsed == NULL) {
        fail_msg("bad event: %s: %s", e.text, text);
    }
    rehearse_view_event(view, parsed, at_ms);
    json_decref(parsed);
}

static void expect(const char *expected)
{
    if (strcmp(out.data, expected) != 0) {
        fail_msg("shown:\n%s", out.data);
    }
    buf_clear(&out);
}

static void messages(void **state)
{
    (void)state;
    event("{\"event\":\"message\",\"ts\":\"1\",\"user\":\"U0ANA\",\"text\":\"restart\"}", AT);
    expect("14:02:08 ana\nrestart\n");
    event("{\"event\":\"message\",\"ts\":\"2\",\"user\":\"U0BOT\",\"text\":\"one\\ntwo\"}", AT + 1000);
    expect("14:02:09 cloudtak-bot\none\n   two\n");
    event("{\"event\":\"message\",\"ts\":\"3\",\"thread_ts\":\"2\",\"user\":\"U0BOT\",\"text\":\"detail\"}",
          AT + 2000);
    expect("     ↳ 14:02:10 cloudtak-bot in the thread\n       detail\n");
    event(
        "{\"event\":\"ephemeral\",\"message_ts\":\"4\",\"user\":\"U0BOT\",\"to\":\"U0ANA\",\"text\":\"no\"}",
        AT + 3000);
    expect("14:02:11 cloudtak-bot · only ana sees this\nno\n");
    event("{\"event\":\"message\",\"ts\":\"2\",\"user\":\"U0BOT\",\"text\":\"again\"}", AT);
    expect(""); /* a message is shown once */
    event("{\"event\":\"reaction\",\"ts\":\"9\"}", AT);
    expect("");
    event("{\"event\":\"message\",\"ts\":\"5\",\"thread_ts\":\"5\",\"user\":\"U9\",\"text\":\"root\"}", AT);
    expect("14:02:08 cloudtak-bot\nroot\n");
}

static void edits_show_what_changed(void **state)
{
    (void)state;
    event("{\"event\":\"message\",\"ts\":\"1\",\"user\":\"U0BOT\",\"text\":\"title\\nsame\\n0 of 2\"}", AT);
    buf_clear(&out);
    event("{\"event\":\"update\",\"ts\":\"1\",\"text\":\"title\\nsame\\n1 of 2\"}", AT + 5000);
    expect("14:02:13 EDIT of the message of 14:02:08\n   1 of 2\n");
    event("{\"event\":\"update\",\"ts\":\"1\",\"text\":\"title\\nsame\\n1 of 2\"}", AT + 6000);
    expect(""); /* nothing changed */
    event("{\"event\":\"update\",\"ts\":\"1\",\"text\":\"DONE\\nsame\\n1 of 2\"}", AT + 7000);
    expect("14:02:15 EDIT of the message of 14:02:08\n   DONE\n");
    event("{\"event\":\"update\",\"ts\":\"7\",\"user\":\"U0BOT\",\"text\":\"never seen\"}", AT);
    expect("14:02:08 cloudtak-bot\nnever seen\n");
}

#define BUTTON(ACTION)                                                                                       \
    "\"blocks\":[{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"action_id\":\"" ACTION           \
    "\",\"value\":\"v-" ACTION "\",\"text\":{\"text\":\"B\"}}]}]"

static void expect_button(const char *expected_message, const char *expected_action)
{
    const char *message = NULL, *action = NULL, *value = NULL;
    assert_true(rehearse_view_button(view, 1, &message, &action, &value));
    assert_string_equal(message, expected_message);
    assert_string_equal(action, expected_action);
    assert_true(text_starts(value, "v-") && text_ends(value, expected_action));
}

static void the_newest_button_is_meant(void **state)
{
    (void)state;
    const char *message = NULL, *action = NULL, *value = NULL;
    assert_false(rehearse_view_button(view, 1, &message, &action, &value));
    event("{\"event\":\"message\",\"ts\":\"1\",\"user\":\"U0BOT\"," BUTTON("first") "}", AT);
    event("{\"event\":\"message\",\"ts\":\"2\",\"user\":\"U0BOT\"," BUTTON("second") "}", AT);
    event("{\"event\":\"message\",\"ts\":\"3\",\"user\":\"U0BOT\",\"text\":\"no buttons\"}", AT);
    expect_button("2", "second");
    event("{\"event\":\"update\",\"ts\":\"2\",\"text\":\"confirmed\"}", AT); /* its buttons are gone */
    expect_button("1", "first");
    assert_false(rehearse_view_button(view, 2, &message, &action, &value));
}

static void old_messages_are_forgotten(void **state)
{
    (void)state;
    char text[200];
    for (int i = 0; i < 401; i++) {
        TEXT_FORMAT(text, "{\"event\":\"message\",\"ts\":\"%d\",\"user\":\"U0BOT\",\"text\":\"m%d\"}", i, i);
        event(text, AT);
    }
    buf_clear(&out);
    event("{\"event\":\"update\",\"ts\":\"1\",\"text\":\"new\"}", AT); /* kept: the oldest now */
    expect("14:02:08 EDIT of the message of 14:02:08\n   new\n");
    event("{\"event\":\"update\",\"ts\":\"0\",\"user\":\"U0BOT\",\"text\":\"new\"}", AT); /* forgotten */
    expect("14:02:08 cloudtak-bot\nnew\n");
}

int main(void)
{
#define WITH_VIEW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_VIEW(messages),
        WITH_VIEW(edits_show_what_changed),
        WITH_VIEW(the_newest_button_is_meant),
        WITH_VIEW(old_messages_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
