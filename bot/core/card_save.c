/* Cards as JSON, for the outbox: absent members are empty, so that an older row reads in a newer program. */
#include "base/jsonx.h"
#include "base/text.h"
#include "core/card.h"

#include <string.h>

#define CARD_VERSION 1

static void put(json_t *o, const char *name, const char *text)
{
    if (*text)
        json_object_set_new(o, name, json_string(text));
}

static json_t *save_button(const struct card_button *b)
{
    json_t *o = json_object();

    put(o, "text", b->text);
    put(o, "action", b->action);
    put(o, "value", b->value);
    put(o, "url", b->url);
    if (b->danger)
        json_object_set_new(o, "danger", json_true());
    put(o, "dialog_title", b->dialog_title);
    put(o, "dialog_text", b->dialog_text);
    put(o, "dialog_yes", b->dialog_yes);
    return o;
}

json_t *card_save(const struct card *c)
{
    json_t *o = json_object(), *fields = json_array(), *lines = json_array(), *buttons = json_array();
    json_t *mentions = json_array();

    json_object_set_new(o, "v", json_integer(CARD_VERSION));
    json_object_set_new(o, "tone", json_integer(c->tone));
    put(o, "title", c->title);
    put(o, "served", c->served);
    for (size_t i = 0; i < c->field_count; i++)
        json_array_append_new(fields, json_pack("[s,s]", c->fields[i].name, c->fields[i].value));
    for (size_t i = 0; i < c->line_count; i++)
        json_array_append_new(lines, json_string(c->lines[i]));
    for (size_t i = 0; i < c->button_count; i++)
        json_array_append_new(buttons, save_button(&c->buttons[i]));
    for (size_t i = 0; i < c->mention_count; i++)
        json_array_append_new(mentions, json_string(c->mentions[i]));
    json_object_set_new(o, "fields", fields);
    json_object_set_new(o, "lines", lines);
    json_object_set_new(o, "buttons", buttons);
    json_object_set_new(o, "mentions", mentions);
    put(o, "quoted", c->quoted);
    put(o, "link_text", c->link_text);
    put(o, "link", c->link);
    put(o, "footer", c->footer);
    if (c->rehearsal)
        json_object_set_new(o, "rehearsal", json_true());
    return o;
}

/* Cleaned once more: a damaged row must not reach a terminal either. */
#define LOAD(array, text) text_clean((array), sizeof(array), (text), false)

static void load_button(const json_t *o, struct card_button *b)
{
    LOAD(b->text, jsonx_text(o, "text"));
    LOAD(b->action, jsonx_text(o, "action"));
    LOAD(b->value, jsonx_text(o, "value"));
    LOAD(b->url, jsonx_text(o, "url"));
    b->danger = jsonx_bool(o, "danger", false);
    LOAD(b->dialog_title, jsonx_text(o, "dialog_title"));
    LOAD(b->dialog_text, jsonx_text(o, "dialog_text"));
    LOAD(b->dialog_yes, jsonx_text(o, "dialog_yes"));
}

bool card_load(const json_t *saved, struct card *ret, struct err *err)
{
    int64_t version = jsonx_int(saved, "v", 0), tone = jsonx_int(saved, "tone", -1);

    if (version != CARD_VERSION)
        return err_set(err, ERR_STALE, "a stored message has format %lld, this program reads format %d",
                       (long long)version, CARD_VERSION);
    if (tone < TONE_NEUTRAL || tone > TONE_BACK)
        return err_set(err, ERR_PROTOCOL, "a stored message has an unknown tone");
    card_init(ret, (enum card_tone)tone);
    LOAD(ret->title, jsonx_text(saved, "title"));
    LOAD(ret->served, jsonx_text(saved, "served"));
    text_clean(ret->quoted, sizeof ret->quoted, jsonx_text(saved, "quoted"), true);
    LOAD(ret->link_text, jsonx_text(saved, "link_text"));
    LOAD(ret->link, jsonx_text(saved, "link"));
    LOAD(ret->footer, jsonx_text(saved, "footer"));
    ret->rehearsal = jsonx_bool(saved, "rehearsal", false);

    size_t i;
    json_t *item;
    json_array_foreach(jsonx_at(saved, "fields"), i, item)
    {
        if (ret->field_count < CARD_FIELDS) {
            LOAD(ret->fields[ret->field_count].name, jsonx_text(item, "0"));
            LOAD(ret->fields[ret->field_count].value, jsonx_text(item, "1"));
            ret->field_count++;
        }
    }
    json_array_foreach(jsonx_at(saved, "lines"), i, item)
    {
        if (ret->line_count < CARD_LINES && json_is_string(item)) {
            LOAD(ret->lines[ret->line_count], json_string_value(item));
            ret->line_count++;
        }
    }
    json_array_foreach(jsonx_at(saved, "buttons"), i, item)
    {
        if (ret->button_count < CARD_BUTTONS)
            load_button(item, &ret->buttons[ret->button_count++]);
    }
    json_array_foreach(jsonx_at(saved, "mentions"), i, item)
    {
        if (json_is_string(item))
            card_mention(ret, json_string_value(item));
    }
    return true;
}
