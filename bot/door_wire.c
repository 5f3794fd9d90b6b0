#include "door_wire.h"

#include <jansson.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"

#define NUMBER_MOST 1000000000

static char *print(json_t *j)
{
    char *line = jsonx_print(j);

    json_decref(j);
    return line;
}

/* ---- from the terminal */

char *door_write_ask(const struct door_ask *a)
{
    switch (a->kind) {
    case DOOR_ASK_HELLO: return print(json_pack("{s:i,s:b}", "cloudtak", a->protocol, "stays", a->stays));
    case DOOR_ASK_CLICK:
        return print(json_pack("{s:s,s:s,s:s,s:I}", "click", a->action, "message", a->message, "value",
                               a->value, "number", (json_int_t)a->number));
    case DOOR_ASK_SAY: break;
    }
    return print(json_pack("{s:s,s:b,s:I}", "say", a->text, "yes", a->yes, "number", (json_int_t)a->number));
}

static bool no_line(struct err *err, const char *what)
{
    return err_set(err, ERR_PROTOCOL, "this is no line of cloudtak-bot's: %s", what);
}

/* In a range, so that no number of a peer is carried further than it means. */
static bool read_number(const json_t *j, const char *key, int64_t most, int64_t *ret)
{
    const int64_t n = jsonx_int(j, key, -1);

    if (n < 0 || n > most)
        return false;
    *ret = n;
    return true;
}

static bool read_ask(const json_t *j, struct door_ask *a, struct err *err)
{
    int64_t n = 0;

    if (jsonx_at(j, "cloudtak")) {
        a->kind = DOOR_ASK_HELLO;
        if (!read_number(j, "cloudtak", NUMBER_MOST, &n))
            return no_line(err, "it names no version");
        a->protocol = (int)n;
        a->stays = jsonx_bool(j, "stays", false);
        return true;
    }
    if (!read_number(j, "number", NUMBER_MOST, &n))
        return no_line(err, "it has no number");
    a->number = (unsigned long)n;
    if (json_is_string(jsonx_at(j, "click"))) {
        a->kind = DOOR_ASK_CLICK;
        return (TEXT_COPY(a->action, jsonx_text(j, "click")) &&
                TEXT_COPY(a->message, jsonx_text(j, "message")) &&
                TEXT_COPY(a->value, jsonx_text(j, "value"))) ||
               no_line(err, "a button's value is too long");
    }
    a->kind = DOOR_ASK_SAY;
    if (!json_is_string(jsonx_at(j, "say")))
        return no_line(err, "it says nothing");
    a->yes = jsonx_bool(j, "yes", false);
    return TEXT_COPY(a->text, jsonx_text(j, "say")) ||
           err_set(err, ERR_LIMIT, "a command has at most %d bytes", REQUEST_TEXT - 1);
}

bool door_read_ask(const char *line, size_t len, struct door_ask *ret, struct err *err)
{
    struct door_ask *a = mem_alloc(sizeof *a);
    json_t *j = jsonx_parse(line, len, err);
    bool ok = j && (json_is_object(j) ? read_ask(j, a, err) : no_line(err, "it is no object"));

    if (ok)
        *ret = *a;
    json_decref(j);
    mem_free(a);
    return ok;
}

/* ---- to the terminal */

static json_t *write_buttons(const struct door_tell *t)
{
    json_t *list = json_array();

    for (size_t i = 0; i < t->button_count; i++) {
        const struct door_button *b = &t->buttons[i];
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s}", "text", b->text, "action", b->action,
                                              "value", b->value, "dialog", b->dialog));
    }
    return list;
}

/* Cards are clean; a broken one must not keep a line from being written. */
static char *write_message(const struct door_tell *t)
{
    const size_t size = strlen(t->text) + 1;
    char *text = mem_alloc(size);

    text_clean(text, size, t->text, true);
    char *line = print(json_pack("{s:s,s:s,s:b,s:b,s:I,s:s,s:o}", "message", t->message, "operation",
                                 t->operation, "edit", t->edit, "question", t->question, "at_ms",
                                 (json_int_t)t->at_ms, "text", text, "buttons", write_buttons(t)));
    mem_free(text);
    return line;
}

char *door_write_tell(const struct door_tell *t)
{
    switch (t->kind) {
    case DOOR_TELL_HELLO:
        return print(json_pack("{s:i,s:s,s:s,s:s,s:s,s:b}", "cloudtak", t->protocol, "version", t->version,
                               "world", t->world, "name", t->name, "store", t->store, "knows", t->knows));
    case DOOR_TELL_MESSAGE: return write_message(t);
    case DOOR_TELL_TAKEN:
        return print(
            json_pack("{s:I,s:b,s:s}", "taken", (json_int_t)t->number, "ok", t->ok, "text", t->text));
    case DOOR_TELL_SETTLED:
        return print(json_pack("{s:I,s:i,s:i}", "settled", (json_int_t)t->number, "how", (int)t->how, "state",
                               (int)t->state));
    case DOOR_TELL_BYE: break;
    }
    return print(json_pack("{s:s}", "bye", t->text));
}

static bool read_buttons(const json_t *list, struct door_tell *t)
{
    const size_t count = json_array_size(list);

    for (size_t i = 0; i < count && i < CARD_BUTTONS; i++) {
        struct door_button *b = &t->buttons[t->button_count++];
        const json_t *j = json_array_get(list, i);
        if (!TEXT_COPY(b->text, jsonx_text(j, "text")) || !TEXT_COPY(b->action, jsonx_text(j, "action")) ||
            !TEXT_COPY(b->value, jsonx_text(j, "value")) || !TEXT_COPY(b->dialog, jsonx_text(j, "dialog")))
            return false;
    }
    return true;
}

static bool read_message(const json_t *j, struct door_tell *t, struct err *err)
{
    t->kind = DOOR_TELL_MESSAGE;
    t->edit = jsonx_bool(j, "edit", false);
    t->question = jsonx_bool(j, "question", false);
    t->at_ms = jsonx_int(j, "at_ms", 0);
    t->text = jsonx_text(j, "text");
    return (TEXT_COPY(t->message, jsonx_text(j, "message")) &&
            TEXT_COPY(t->operation, jsonx_text(j, "operation")) && read_buttons(jsonx_at(j, "buttons"), t)) ||
           no_line(err, "a message's part is too long");
}

static bool read_hello(const json_t *j, struct door_tell *t, struct err *err)
{
    int64_t n = 0;

    t->kind = DOOR_TELL_HELLO;
    if (!read_number(j, "cloudtak", NUMBER_MOST, &n))
        return no_line(err, "it names no version");
    t->protocol = (int)n;
    TEXT_COPY(t->version, jsonx_text(j, "version"));
    TEXT_COPY(t->world, jsonx_text(j, "world"));
    TEXT_COPY(t->name, jsonx_text(j, "name"));
    TEXT_COPY(t->store, jsonx_text(j, "store"));
    t->knows = jsonx_bool(j, "knows", false);
    return true;
}

static bool read_settled(const json_t *j, struct door_tell *t, struct err *err)
{
    int64_t number = 0, how = 0, state = 0;

    t->kind = DOOR_TELL_SETTLED;
    if (!read_number(j, "settled", NUMBER_MOST, &number) || !read_number(j, "how", SETTLED_OPERATION, &how) ||
        !read_number(j, "state", OP_STATES, &state))
        return no_line(err, "a number of it is none");
    t->number = (unsigned long)number;
    t->how = (enum settled)how;
    t->state = (enum operation_state)state;
    return true;
}

static bool read_tell(const json_t *j, struct door_tell *t, struct err *err)
{
    int64_t n = 0;

    t->text = "";
    if (jsonx_at(j, "cloudtak"))
        return read_hello(j, t, err);
    if (json_is_string(jsonx_at(j, "message")))
        return read_message(j, t, err);
    if (jsonx_at(j, "settled"))
        return read_settled(j, t, err);
    t->text = jsonx_text(j, "text");
    if (read_number(j, "taken", NUMBER_MOST, &n)) {
        t->kind = DOOR_TELL_TAKEN;
        t->number = (unsigned long)n;
        t->ok = jsonx_bool(j, "ok", false);
        return true;
    }
    t->kind = DOOR_TELL_BYE;
    t->text = jsonx_text(j, "bye");
    return json_is_string(jsonx_at(j, "bye")) || no_line(err, "it is of no kind");
}

bool door_read_tell(const char *line, size_t len, struct door_tell *ret, void **ret_keep, struct err *err)
{
    struct door_tell *t = mem_alloc(sizeof *t);
    json_t *j = jsonx_parse(line, len, err);
    bool ok = j && (json_is_object(j) ? read_tell(j, t, err) : no_line(err, "it is no object"));

    if (ok) {
        *ret = *t;
        *ret_keep = j;
    } else {
        json_decref(j);
    }
    mem_free(t);
    return ok;
}

void door_tell_forget(void *keep)
{
    json_decref(keep);
}
