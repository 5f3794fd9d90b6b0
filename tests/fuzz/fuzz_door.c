/* A line of the door, read from either side: it means the same when it is written again, and shows nothing
 * that moves a cursor. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/door_wire.h"
#include "bot/terminal_view.h"
#include "judge.h"

static void judge_ask(const char *line, size_t len)
{
    struct door_ask *a = mem_alloc(sizeof(*a)), *b = mem_alloc(sizeof(*b));
    struct err err = {0};
    if (!door_read_ask(line, len, a, &err)) {
        judge_err("a line that is none", &err);
    } else {
        char *again = door_write_ask(a);
        PROMISE(strchr(again, '\n') == NULL, "one line is two: %s", again);
        PROMISE(door_read_ask(again, strlen(again), b, &err), "what was read is none when written: %s",
                again);
        PROMISE(a->kind == b->kind && a->number == b->number && a->protocol == b->protocol &&
                    a->yes == b->yes && strcmp(a->text, b->text) == 0 && strcmp(a->value, b->value) == 0,
                "it means something else when written: %s", again);
        mem_free(again);
    }
    mem_free(a);
    mem_free(b);
}

static void judge_shown(const struct door_tell *t)
{
    struct buf shown;
    struct terminal_view *v = terminal_view_create(">", false, 80);
    buf_init(&shown, 1024 * 1024);
    terminal_view_message(v, t, &shown);
    terminal_view_message(v, t, &shown); /* an edit that changes nothing */
    judge_text("shown", shown.data, true);
    terminal_view_destroy(v);
    buf_finish(&shown);
}

static void judge_tell(const char *line, size_t len)
{
    struct door_tell *t = mem_alloc(sizeof(*t));
    struct err err = {0};
    void *keep = NULL;
    if (!door_read_tell(line, len, t, &keep, &err)) {
        judge_err("a line that is none", &err);
    } else {
        PROMISE(t->button_count <= CARD_BUTTONS, "more buttons than there are");
        if (t->kind == DOOR_TELL_MESSAGE) {
            judge_shown(t);
        }
        char *again = door_write_tell(t);
        PROMISE(strchr(again, '\n') == NULL, "one line is two: %s", again);
        mem_free(again);
    }
    door_tell_forget(keep);
    mem_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = judge_string(data, size);
    judge_ask(text, strlen(text));
    judge_tell(text, strlen(text));
    mem_free(text);
    return 0;
}
