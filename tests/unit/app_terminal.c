/* exec and console, as somebody at a terminal meets them; the bot is played by the test. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/exec.h"
#include "bot/terminal.h"
#include "lib/check.h"

static struct {
    struct buf printed, complained;
    struct door_ask asked;
    unsigned asks, listens, finishes;
    int status;
} seen;

static void on_ask(void *user, const struct door_ask *ask)
{
    (void)user;
    seen.asked = *ask;
    seen.asks++;
}

static void on_print(void *user, const char *text)
{
    (void)user;
    buf_text(&seen.printed, text);
}

static void on_complain(void *user, const char *text)
{
    (void)user;
    buf_text(&seen.complained, text);
}

static void on_listen(void *user)
{
    (void)user;
    seen.listens++;
}

static void on_finish(void *user, int status)
{
    (void)user;
    seen.finishes++;
    seen.status = status;
}

static int set_up(void **state)
{
    (void)state;
    buf_init(&seen.printed, 1024 * 1024);
    buf_init(&seen.complained, 64 * 1024);
    seen.asks = seen.listens = seen.finishes = 0;
    seen.status = -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_finish(&seen.printed);
    buf_finish(&seen.complained);
    return 0;
}

static struct terminal_options options(const char *command)
{
    return (struct terminal_options){.command = command,
                                     .own = "cloudtak-bot exec --",
                                     .store = "/var/state.db",
                                     .ask = on_ask,
                                     .print = on_print,
                                     .complain = on_complain,
                                     .listen = on_listen,
                                     .finish = on_finish};
}

static void hello(struct terminal *t, const char *world, const char *store)
{
    struct door_tell h = {.kind = DOOR_TELL_HELLO, .protocol = DOOR_PROTOCOL, .knows = true, .text = ""};
    TEXT_COPY(h.world, world);
    TEXT_COPY(h.store, store);
    TEXT_COPY(h.name, "local:ana");
    terminal_hello(t);
    assert_int_equal(seen.asked.kind, DOOR_ASK_HELLO);
    terminal_tell(t, &h);
}

static void message(struct terminal *t, const char *id, const char *operation, bool edit, const char *text)
{
    struct door_tell m = {
        .kind = DOOR_TELL_MESSAGE, .edit = edit, .at_ms = 1795356000000 + 1000 * edit, .text = text};
    TEXT_COPY(m.message, id);
    TEXT_COPY(m.operation, operation);
    terminal_tell(t, &m);
}

static void question(struct terminal *t, const char *dialog)
{
    struct door_tell m = {
        .kind = DOOR_TELL_MESSAGE,
        .question = true,
        .text = "RESTART?\n   [1: Cancel]  [2: Restart]\n",
        .button_count = 2,
        .buttons = {{"Cancel", "cancel", "7F3K n", ""}, {"Restart", "confirm", "7F3K y", ""}}};
    TEXT_COPY(m.buttons[1].dialog, dialog);
    TEXT_COPY(m.message, "L2");
    TEXT_COPY(m.operation, "7F3K");
    terminal_tell(t, &m);
}

static void settled(struct terminal *t, unsigned long number, enum settled how, enum operation_state state)
{
    terminal_tell(t,
                  &(struct door_tell){
                      .kind = DOOR_TELL_SETTLED, .number = number, .how = how, .state = state, .text = ""});
}

static void exec_says_its_command_and_ends_with_its_status(void **state)
{
    (void)state;
    struct terminal_options o = options("restart cotak prod");
    o.yes = true;
    struct terminal *t = terminal_create(&o);
    hello(t, "aws", "/var/state.db");
    assert_int_equal(seen.asked.kind, DOOR_ASK_SAY);
    assert_string_equal(seen.asked.text, "restart cotak prod");
    assert_true(seen.asked.yes);
    assert_int_equal(seen.asked.number, 1);
    message(t, "L1", "7F3K", false, "RESTARTING\n   0 of 2\n   Next: cloudtak-bot exec -- status\n");
    message(t, "L1", "7F3K", true, "RESTARTING\n   1 of 2\n   Next: cloudtak-bot exec -- status\n");
    message(t, "L1", "7F3K", true, "RESTARTING\n   1 of 2\n   Next: cloudtak-bot exec -- status\n");
    assert_string_equal(seen.printed.data, "14:00:00 RESTARTING\n"
                                           "   0 of 2\n"
                                           "   Next: cloudtak-bot exec -- status\n"
                                           "14:00:01 EDIT of the message of 14:00:00 · op 7F3K\n"
                                           "   1 of 2\n");
    settled(t, 2, SETTLED_REPLY, OP_STATES); /* not what it waits for */
    assert_int_equal(seen.finishes, 0);
    settled(t, 1, SETTLED_OPERATION, OP_ROLLED_BACK);
    assert_int_equal(seen.finishes, 1);
    assert_int_equal(seen.status, 1);
    terminal_destroy(t);
}

static void each_end_has_its_status(void **state)
{
    (void)state;
    assert_int_equal(terminal_status(SETTLED_REPLY, OP_STATES), 0);
    assert_int_equal(terminal_status(SETTLED_USAGE, OP_STATES), 2);
    assert_int_equal(terminal_status(SETTLED_REFUSED, OP_STATES), 3);
    assert_int_equal(terminal_status(SETTLED_OPERATION, OP_SUCCEEDED), 0);
    assert_int_equal(terminal_status(SETTLED_OPERATION, OP_FAILED), 1);
    assert_int_equal(terminal_status(SETTLED_OPERATION, OP_EXPIRED), 3);
    assert_int_equal(terminal_status(SETTLED_OPERATION, OP_SUPERSEDED), 4);
}

static void a_bot_of_another_world_hears_nothing(void **state)
{
    (void)state;
    static const char *const bots[][3] = {{"rehearsal", "/var/state.db", "another world (rehearsal)"},
                                          {"aws", "/srv/other.db", "keeps its memory in /srv/other.db"}};
    for (size_t i = 0; i < 2; i++) {
        const struct terminal_options o = options("restart cotak prod");
        struct terminal *t = terminal_create(&o);
        hello(t, bots[i][0], bots[i][1]);
        CHECK_ROW(bots[i][2], seen.asks == i + 1 && seen.finishes == i + 1 && seen.status == 2);
        CHECK_ROW(bots[i][2], strstr(seen.complained.data, bots[i][2]) != NULL);
        CHECK_ROW(bots[i][2], strstr(seen.complained.data, "nothing was asked of it") != NULL);
        terminal_destroy(t);
    }
}

static void what_was_not_accepted_is_told(void **state)
{
    (void)state;
    const struct terminal_options o = options("restart cotak prod");
    struct terminal *t = terminal_create(&o);
    hello(t, "aws", "/var/state.db");
    terminal_tell(t, &(struct door_tell){.kind = DOOR_TELL_TAKEN, .number = 1, .text = "Not accepted."});
    assert_int_equal(seen.status, 3);
    assert_string_equal(seen.printed.data, "⛔ Not accepted.\n");
    terminal_destroy(t);
}

static void a_question_without_anybody_stays_open(void **state)
{
    (void)state;
    const struct terminal_options o = options("restart cotak prod hub");
    struct terminal *t = terminal_create(&o);
    hello(t, "aws", "/var/state.db");
    question(t, "");
    assert_int_equal(seen.status, 3);
    assert_int_equal(seen.listens, 0);
    assert_non_null(strstr(seen.printed.data, "A question is open"));
    terminal_destroy(t);
}

static void a_question_is_answered_at_the_terminal(void **state)
{
    (void)state;
    struct terminal_options o = options("restart cotak prod hub");
    o.answers = true;
    struct terminal *t = terminal_create(&o);
    hello(t, "aws", "/var/state.db");
    question(t, "Sure?");
    assert_int_equal(seen.listens, 1);
    assert_int_equal(seen.finishes, 0);
    terminal_typed(t, "press 3");
    terminal_typed(t, " press 2 ");
    assert_int_equal(seen.asked.kind, DOOR_ASK_SAY); /* it is asked once more first */
    terminal_typed(t, "no");
    assert_non_null(strstr(seen.printed.data, "Left as it is"));
    terminal_typed(t, "press 2");
    terminal_typed(t, "yes");
    assert_int_equal(seen.asked.kind, DOOR_ASK_CLICK);
    assert_int_equal(seen.asked.number, 2);
    assert_string_equal(seen.asked.action, "confirm");
    assert_string_equal(seen.asked.value, "7F3K y");
    assert_string_equal(seen.asked.message, "L2");
    message(t, "L2", "7F3K", true, "RESTART?\n   Confirmed\n"); /* the buttons are gone */
    terminal_typed(t, "press 2");
    assert_int_equal(seen.asked.number, 2);
    settled(t, 1, SETTLED_OPERATION, OP_SUCCEEDED);
    assert_int_equal(seen.status, 0);
    terminal_destroy(t);
}

static void leaving_says_what_goes_on(void **state)
{
    (void)state;
    struct terminal_options o = options("restart cotak prod");
    struct terminal *t = terminal_create(&o);
    hello(t, "aws", "/var/state.db");
    terminal_interrupt(t); /* nothing was heard yet */
    assert_int_equal(seen.status, 130);
    terminal_destroy(t);
    for (int alone = 0; alone < 2; alone++) {
        o.alone = alone;
        t = terminal_create(&o);
        hello(t, "aws", "/var/state.db");
        message(t, "L1", "7F3K", false, "RESTARTING\n");
        terminal_interrupt(t);
        assert_int_equal(seen.status, 4);
        assert_non_null(
            strstr(seen.printed.data, alone ? "Nobody follows 7F3K any more" : "7F3K goes on in the bot"));
        terminal_interrupt(t);
        terminal_destroy(t);
    }
    assert_int_equal(seen.finishes, 3);
    t = terminal_create(&o);
    hello(t, "aws", "/var/state.db");
    terminal_lost(t, "broken pipe");
    assert_int_equal(seen.status, 2);
    assert_non_null(strstr(seen.complained.data, "look before you ask again"));
    terminal_destroy(t);
}

static void a_console_goes_on_until_it_is_told_to_quit(void **state)
{
    (void)state;
    struct terminal_options o = options(NULL);
    o.own = ">";
    o.prompts = o.alone = true;
    struct terminal *t = terminal_create(&o);
    hello(t, "aws", "/var/state.db");
    assert_int_equal(seen.listens, 1);
    buf_clear(&seen.printed);
    static const char *const lines[] = {"status cotak prod", "/cloudtak status cotak prod",
                                        "cloudtak-bot exec -- status cotak prod", "  > status cotak prod \r"};
    for (size_t i = 0; i < CHECK_COUNT(lines); i++) {
        seen.asked.text[0] = '\0';
        terminal_typed(t, lines[i]);
        CHECK_ROW(lines[i], text_equal(seen.asked.text, "status cotak prod"));
        settled(t, i + 1, SETTLED_REPLY, OP_STATES);
    }
    terminal_typed(t, "");
    assert_int_equal(seen.asked.number, 4);
    buf_clear(&seen.printed);
    message(t, "L1", "", false, "Answer\n   Next: cloudtak-bot exec -- help\n");
    assert_string_equal(seen.printed.data, "\r\033[K14:00:00 Answer\n   Next: > help\n> ");
    message(t, "L2", "7F3K", false, "DONE\n");
    settled(t, 4, SETTLED_OPERATION, OP_SUCCEEDED);
    message(t, "L3", "7F3K", false, "Quiet for 10 min\n"); /* its after-care: nothing is left running */
    terminal_interrupt(t);
    assert_int_equal(seen.finishes, 0);
    buf_clear(&seen.printed);
    terminal_typed(t, "quit");
    assert_string_equal(seen.printed.data, "The console is closed.\n");
    assert_int_equal(seen.finishes, 1);
    assert_int_equal(seen.status, 0);
    terminal_destroy(t);
}

/* What a peer sends never moves the cursor, and lines are broken where the terminal ends. */
static void text_of_others_stays_text(void **state)
{
    (void)state;
    struct terminal_options o = options("status cotak prod");
    o.width = 30;
    struct terminal *t = terminal_create(&o);
    hello(t, "aws", "/var/state.db");
    message(t, "L1", "", false,
            "T\033[2Jitle\n   a line that is longer than thirty columns\n   | as it is, however long it may "
            "be\n");
    assert_string_equal(seen.printed.data, "14:00:00 T [2Jitle\n"
                                           "   a line that is longer than\n"
                                           "   thirty columns\n"
                                           "   | as it is, however long it may be\n");
    terminal_destroy(t);
}

static void words_become_one_command(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *whole;
    } rows[] = {
        {{"restart cotak prod"}, "restart cotak prod"},
        {{"restart", "cotak", "prod"}, "restart cotak prod"},
        {{"restart", "cotak prod", "--reason", "a \"b\" c"}, "restart \"cotak prod\" --reason \"a 'b' c\""},
        {{"lock", "x", ""}, "lock x \"\""},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char to[100];
        size_t count = 0;
        while (count < 4 && rows[i].words[count] != NULL) {
            count++;
        }
        CHECK_ROW(rows[i].whole, exec_join(rows[i].words, count, to, sizeof(to)));
        CHECK_ROW(rows[i].whole, text_equal(to, rows[i].whole));
    }
    char few[5];
    assert_false(exec_join(rows[0].words, 1, few, sizeof(few)));
}

int main(void)
{
#define HERE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        HERE(exec_says_its_command_and_ends_with_its_status),
        HERE(each_end_has_its_status),
        HERE(a_bot_of_another_world_hears_nothing),
        HERE(what_was_not_accepted_is_told),
        HERE(a_question_without_anybody_stays_open),
        HERE(a_question_is_answered_at_the_terminal),
        HERE(leaving_says_what_goes_on),
        HERE(a_console_goes_on_until_it_is_told_to_quit),
        HERE(text_of_others_stays_text),
        HERE(words_become_one_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
