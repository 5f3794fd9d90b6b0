/* A card -> Block Kit, and -> the fallback text of notifications, screen readers and of the plain message
 * that goes out when Slack refuses the blocks.
 *
 *   section   *title*, and who is served          section   what is quoted, fenced
 *   section   fields                              context   link
 *   section   lines, as many as needed            actions   buttons
 *   section   mentions                            context   footer */
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "slack_private.h"

/* Slack's limits, in characters. */
#define SECTION_MAX       3000
#define FIELD_MAX         600 /* Slack takes 2,000 */
#define CONTEXT_MAX       2000
#define BUTTON_TEXT_MAX   75
#define DIALOG_TITLE_MAX  100
#define DIALOG_TEXT_MAX   300
#define DIALOG_BUTTON_MAX 30
/* Ours: together with fields and quote below what Slack takes in one message. */
#define LINES_MAX    6000
#define FALLBACK_MAX 3900
#define REHEARSAL    "REHEARSAL · "
#define MORE         "… and more"

static void add_section(json_t *blocks, struct slack_text *text)
{
    if (text->units == 0) {
        buf_finish(&text->buf);
        return;
    }
    json_array_append_new(blocks,
                          json_pack("{s:s, s:o}", "type", "section", "text", slack_text_mrkdwn(text)));
}

static void add_context(json_t *blocks, struct slack_text *text)
{
    if (text->units == 0) {
        buf_finish(&text->buf);
        return;
    }
    json_array_append_new(blocks,
                          json_pack("{s:s, s:[o]}", "type", "context", "elements", slack_text_mrkdwn(text)));
}

static void put_title(struct slack_text *t, const struct card *card)
{
    if (card->rehearsal) {
        slack_text_markup(t, REHEARSAL);
    }
    slack_text_plain(t, card->title, false);
}

static void add_head(json_t *blocks, const struct card *card)
{
    struct slack_text head;
    slack_text_init(&head, SECTION_MAX);
    if (card->title[0] != '\0' || card->rehearsal) {
        slack_text_markup(&head, "*");
        put_title(&head, card);
        slack_text_markup(&head, "*");
    }
    if (card->served[0] != '\0') {
        slack_text_markup(&head, head.units > 0 ? "\n" : "");
        slack_text_plain(&head, card->served, false);
    }
    add_section(blocks, &head);
}

static void add_fields(json_t *blocks, const struct card *card)
{
    if (card->field_count == 0) {
        return;
    }
    json_t *fields = json_array();
    for (size_t i = 0; i < card->field_count; i++) {
        struct slack_text field;
        slack_text_init(&field, FIELD_MAX);
        slack_text_markup(&field, "*");
        slack_text_plain(&field, card->fields[i].name, false);
        slack_text_markup(&field, "*\n");
        slack_text_plain(&field, card->fields[i].value, true);
        json_array_append_new(fields, slack_text_mrkdwn(&field));
    }
    json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", "section", "fields", fields));
}

static void add_lines(json_t *blocks, const struct card *card)
{
    struct slack_text section;
    slack_text_init(&section, SECTION_MAX);
    size_t total = 0;
    bool over = false;
    for (size_t i = 0; i < card->line_count && !over; i++) {
        struct slack_text line;
        slack_text_init(&line, SECTION_MAX - 1);
        slack_text_plain(&line, card->lines[i], true);
        over = total + line.units > LINES_MAX;
        const char *text = over ? MORE : line.buf.data;
        if (section.units > 0 && section.units + line.units + 2 > SECTION_MAX) {
            add_section(blocks, &section);
            slack_text_init(&section, SECTION_MAX);
        }
        slack_text_markup(&section, section.units > 0 ? "\n" : "");
        slack_text_markup(&section, text);
        total += line.units;
        buf_finish(&line.buf);
    }
    add_section(blocks, &section);
}

static void put_mentions(struct slack_text *t, const struct card *card, const char *server)
{
    for (size_t i = 0; i < card->mention_count; i++) {
        slack_text_markup(t, i > 0 ? " " : "");
        slack_text_mention(t, card->mentions[i], server);
    }
}

static json_t *dialog(const struct card_button *button)
{
    const char *title = button->dialog_title[0] != '\0' ? button->dialog_title : button->text;
    const char *text = button->dialog_text[0] != '\0' ? button->dialog_text : button->text;
    const char *yes = button->dialog_yes[0] != '\0' ? button->dialog_yes : "Yes";
    json_t *confirm = json_pack("{s:o, s:o, s:o, s:o}", "title", slack_plain_object(title, DIALOG_TITLE_MAX),
                                "text", slack_plain_object(text, DIALOG_TEXT_MAX), "confirm",
                                slack_plain_object(yes, DIALOG_BUTTON_MAX), "deny",
                                slack_plain_object("Go back", DIALOG_BUTTON_MAX));
    if (button->danger) {
        json_object_set_new(confirm, "style", json_string("danger"));
    }
    return confirm;
}

/* Action ids must differ within a message: the second of a kind is "confirm#2". slack_decode takes it off. */
static void button_id(const struct card *card, size_t index, char *to, size_t size)
{
    const struct card_button *button = &card->buttons[index];
    const bool link = button->url[0] != '\0';
    const char *action = link ? SLACK_LINK_ACTION : button->action;
    size_t nth = 1;
    for (size_t i = 0; i < index; i++) {
        const bool other_link = card->buttons[i].url[0] != '\0';
        nth += link == other_link && (link || text_equal(card->buttons[i].action, action));
    }
    if (nth == 1) {
        text_copy(to, size, action);
    } else {
        text_format(to, size, "%s#%zu", action, nth);
    }
}

static json_t *button_element(const struct card *card, size_t index)
{
    const struct card_button *button = &card->buttons[index];
    char id[80];
    button_id(card, index, id, sizeof(id));
    json_t *element = json_pack("{s:s, s:s, s:o}", "type", "button", "action_id", id, "text",
                                slack_plain_object(button->text, BUTTON_TEXT_MAX));
    if (button->url[0] != '\0') {
        json_object_set_new(element, "url", json_string(button->url));
    } else if (button->value[0] != '\0') {
        json_object_set_new(element, "value", json_string(button->value));
    }
    if (button->danger) {
        json_object_set_new(element, "style", json_string("danger"));
    }
    if (button->dialog_title[0] != '\0' || button->dialog_text[0] != '\0') {
        json_object_set_new(element, "confirm", dialog(button));
    }
    return element;
}

static void add_buttons(json_t *blocks, const struct card *card)
{
    json_t *elements = json_array();
    for (size_t i = 0; i < card->button_count; i++) {
        const struct card_button *button = &card->buttons[i];
        const bool sound =
            button->url[0] != '\0' ? slack_url_is_shown(button->url) : button->action[0] != '\0';
        if (button->text[0] != '\0' && sound) {
            json_array_append_new(elements, button_element(card, i));
        }
    }
    if (json_array_size(elements) == 0) {
        json_decref(elements);
        return;
    }
    json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", "actions", "elements", elements));
}

json_t *slack_blocks(const struct card *card, const char *server)
{
    json_t *blocks = json_array();
    struct slack_text mentions, quote, link, footer;
    add_head(blocks, card);
    add_fields(blocks, card);
    add_lines(blocks, card);
    slack_text_init(&mentions, SECTION_MAX);
    put_mentions(&mentions, card, server);
    add_section(blocks, &mentions);
    slack_text_init(&quote, SECTION_MAX);
    if (card->quoted[0] != '\0') {
        slack_text_fenced(&quote, card->quoted);
    }
    add_section(blocks, &quote);
    slack_text_init(&link, CONTEXT_MAX);
    if (card->link[0] != '\0') {
        slack_text_link(&link, card->link_text, card->link);
    }
    add_context(blocks, &link);
    add_buttons(blocks, card);
    slack_text_init(&footer, CONTEXT_MAX);
    slack_text_plain(&footer, card->footer, false);
    add_context(blocks, &footer);
    return blocks;
}

static void put_line(struct slack_text *t, const char *text)
{
    if (text[0] != '\0') {
        slack_text_markup(t, t->units > 0 ? "\n" : "");
        slack_text_plain(t, text, true);
    }
}

char *slack_fallback(const struct card *card, const char *server)
{
    struct slack_text t;
    slack_text_init(&t, FALLBACK_MAX);
    put_title(&t, card);
    put_line(&t, card->served);
    slack_text_markup(&t, card->mention_count > 0 ? "\n" : "");
    put_mentions(&t, card, server);
    for (size_t i = 0; i < card->field_count; i++) {
        put_line(&t, card->fields[i].name);
        slack_text_markup(&t, ": ");
        slack_text_plain(&t, card->fields[i].value, true);
    }
    for (size_t i = 0; i < card->line_count; i++) {
        put_line(&t, card->lines[i]);
    }
    if (card->quoted[0] != '\0') {
        slack_text_markup(&t, "\n");
        slack_text_fenced(&t, card->quoted);
    }
    if (card->link[0] != '\0') {
        slack_text_markup(&t, "\n");
        slack_text_link(&t, card->link_text, card->link);
    }
    put_line(&t, card->footer);
    return buf_take(&t.buf);
}
