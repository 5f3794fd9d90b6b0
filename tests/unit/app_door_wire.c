/* The lines of the door read as they were written, and nothing else reads as one. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "bot/door_wire.h"
#include "lib/check.h"

static void what_is_asked_comes_through(void **state)
{
    (void)state;
    struct door_ask *a = mem_alloc(sizeof(*a)), *b = mem_alloc(sizeof(*b));
    struct err err = {0};
    for (enum door_ask_kind kind = DOOR_ASK_HELLO; kind <= DOOR_ASK_CLICK; kind++) {
        *a = (struct door_ask){.kind = kind};
        if (kind == DOOR_ASK_HELLO) {
            a->protocol = DOOR_PROTOCOL;
            a->stays = true;
        } else {
            a->number = 42;
        }
        if (kind == DOOR_ASK_SAY) {
            a->yes = true;
            TEXT_COPY(a->text, "restart cotak prod --reason \"a \\ b – ü\"");
        } else if (kind == DOOR_ASK_CLICK) {
            TEXT_COPY(a->action, "confirm");
            TEXT_COPY(a->message, "L7");
            TEXT_COPY(a->value, "7F3K 0123456789abcdef");
        }
        char *line = door_write_ask(a);
        assert_null(strchr(line, '\n'));
        memset(b, 0xff, sizeof(*b));
        assert_true(door_read_ask(line, strlen(line), b, &err));
        assert_int_equal(b->kind, a->kind);
        assert_int_equal(b->protocol, a->protocol);
        assert_int_equal(b->stays, a->stays);
        assert_int_equal(b->number, a->number);
        assert_int_equal(b->yes, a->yes);
        assert_string_equal(b->text, a->text);
        assert_string_equal(b->action, a->action);
        assert_string_equal(b->message, a->message);
        assert_string_equal(b->value, a->value);
        mem_free(line);
    }
    mem_free(a);
    mem_free(b);
}

static void a_message_comes_through(void **state)
{
    (void)state;
    struct door_tell *t = mem_alloc(sizeof(*t)), *got = mem_alloc(sizeof(*got));
    struct err err = {0};
    void *keep = NULL;
    *t = (struct door_tell){.kind = DOOR_TELL_MESSAGE,
                            .edit = true,
                            .question = true,
                            .at_ms = 1795356000000,
                            .text = "one\n   two\033[2J\xff",
                            .button_count = 1};
    TEXT_COPY(t->message, "L1");
    TEXT_COPY(t->operation, "7F3K");
    t->buttons[0] = (struct door_button){"Restart", "confirm", "7F3K ab", "Sure?"};
    char *line = door_write_tell(t);
    assert_true(door_read_tell(line, strlen(line), got, &keep, &err));
    assert_true(got->edit && got->question);
    assert_int_equal(got->at_ms, t->at_ms);
    assert_string_equal(got->text, "one\n   two [2J "); /* a broken text is no broken line */
    assert_string_equal(got->operation, "7F3K");
    assert_int_equal(got->button_count, 1);
    assert_string_equal(got->buttons[0].dialog, "Sure?");
    assert_string_equal(got->buttons[0].value, "7F3K ab");
    door_tell_forget(keep);
    mem_free(line);
    mem_free(t);
    mem_free(got);
}

static void the_other_lines_come_through(void **state)
{
    (void)state;
    struct door_tell *t = mem_alloc(sizeof(*t)), *got = mem_alloc(sizeof(*got));
    struct err err = {0};
    for (enum door_tell_kind kind = DOOR_TELL_HELLO; kind <= DOOR_TELL_BYE; kind++) {
        void *keep = NULL;
        *t = (struct door_tell){.kind = kind, .text = ""};
        if (kind == DOOR_TELL_HELLO) {
            t->protocol = DOOR_PROTOCOL;
            t->knows = true;
            TEXT_COPY(t->world, "aws");
            TEXT_COPY(t->store, "/var/lib/x/state.db");
            TEXT_COPY(t->name, "local:ana");
        } else if (kind == DOOR_TELL_TAKEN || kind == DOOR_TELL_SETTLED) {
            t->number = 3;
        }
        if (kind == DOOR_TELL_SETTLED) {
            t->how = SETTLED_OPERATION;
            t->state = OP_ROLLED_BACK;
        } else if (kind == DOOR_TELL_TAKEN || kind == DOOR_TELL_BYE) {
            t->text = "Because.";
        }
        char *line = door_write_tell(t);
        assert_true(door_read_tell(line, strlen(line), got, &keep, &err));
        assert_int_equal(got->kind, kind);
        assert_int_equal(got->protocol, t->protocol);
        assert_int_equal(got->knows, t->knows);
        assert_string_equal(got->world, t->world);
        assert_string_equal(got->store, t->store);
        assert_string_equal(got->name, t->name);
        assert_int_equal(got->number, t->number);
        assert_int_equal(got->how, t->how);
        assert_int_equal(got->state, t->state);
        assert_string_equal(got->text, t->text);
        door_tell_forget(keep);
        mem_free(line);
    }
    mem_free(t);
    mem_free(got);
}

static void nothing_else_is_a_line(void **state)
{
    (void)state;
    static const char *const asks[] = {
        "",
        "x",
        "[]",
        "7",
        "{}",
        "{\"say\":\"help\"}",
        "{\"say\":\"help\",\"number\":-1}",
        "{\"say\":\"help\",\"number\":1e18}",
        "{\"say\":7,\"number\":1}",
        "{\"cloudtak\":\"1\"}",
        "{\"cloudtak\":-1}",
        "{\"cloudtak\":1,\"cloudtak\":2}",
        "{\"click\":\"0123456789012345678901234567890123456789012345678901234567890123456789\",\"number\":1}",
    };
    static const char *const tells[] = {
        "",
        "[]",
        "{}",
        "{\"bye\":7}",
        "{\"taken\":\"1\"}",
        "{\"settled\":1,\"how\":9,\"state\":1}",
        "{\"settled\":1,\"how\":1,\"state\":99}",
        "{\"message\":\"L1\",\"operation\":\"0123456789012345\"}",
    };
    struct door_ask *a = mem_alloc(sizeof(*a));
    struct door_tell *t = mem_alloc(sizeof(*t));
    for (size_t i = 0; i < CHECK_COUNT(asks); i++) {
        struct err err = {0};
        CHECK_ROW(asks[i], !door_read_ask(asks[i], strlen(asks[i]), a, &err) && err.text[0] != '\0');
    }
    for (size_t i = 0; i < CHECK_COUNT(tells); i++) {
        struct err err = {0};
        void *keep = NULL;
        CHECK_ROW(tells[i], !door_read_tell(tells[i], strlen(tells[i]), t, &keep, &err) && keep == NULL);
    }
    mem_free(a);
    mem_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_comes_through),
        cmocka_unit_test(a_message_comes_through),
        cmocka_unit_test(the_other_lines_come_through),
        cmocka_unit_test(nothing_else_is_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
