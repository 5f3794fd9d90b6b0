/* A card: its ceilings, its cleaning, and the way through JSON and back. */
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/card.h"
#include "lib/check.h"

#include <string.h>

static void fill(char *to, size_t size, char c)
{
    memset(to, c, size - 1);
    to[size - 1] = '\0';
}

static void lists_end_at_their_ceilings(void **state)
{
    (void)state;
    struct card c;
    char name[20];
    card_init(&c, TONE_WORKING);
    for (int i = 0; i < CARD_LINES; i++) {
        card_line(&c, "line %d", i);
    }
    assert_string_equal(c.lines[CARD_LINES - 1], "line 31");
    card_line(&c, "one too many");
    card_line(&c, "two too many");
    assert_int_equal(c.line_count, CARD_LINES);
    assert_string_equal(c.lines[CARD_LINES - 2], "line 30");
    assert_string_equal(c.lines[CARD_LINES - 1], "… and more");
    for (int i = 0; i <= CARD_FIELDS; i++) {
        card_field(&c, "name", "value %d", i);
    }
    assert_int_equal(c.field_count, CARD_FIELDS);
    assert_string_equal(c.fields[CARD_FIELDS - 1].value, "value 9");
    for (int i = 0; i < CARD_BUTTONS; i++) {
        assert_non_null(card_button(&c, "text", "action", "value"));
    }
    assert_null(card_button(&c, "text", "action", "value"));
    for (int i = 0; i < 6; i++) {
        TEXT_FORMAT(name, "slack:user:U%d", i / 2);
        card_mention(&c, name); /* each one twice: kept once */
    }
    assert_int_equal(c.mention_count, 3);
    assert_string_equal(c.mentions[2], "slack:user:U2");
    card_mention(&c, NULL);
    card_mention(&c, "");
    card_mention(&c, "slack:user:U3");
    card_mention(&c, "slack:user:U4");
    assert_int_equal(c.mention_count, 4);
    assert_string_equal(c.mentions[3], "slack:user:U3");
}

static void texts_are_cut_not_lost(void **state)
{
    (void)state;
    struct card c;
    char *big = mem_alloc(10001);
    fill(big, 10001, 'x');
    card_init(&c, TONE_BAD);
    card_title(&c, "%s", big);
    card_served(&c, "%s", big);
    card_line(&c, "%s", big);
    card_field(&c, big, "%s", big);
    card_quote(&c, big);
    card_quote(&c, "no room");
    card_link(&c, big, big);
    card_footer(&c, "%s", big);
    assert_int_equal(strlen(c.title), CARD_TEXT - 1);
    assert_int_equal(strlen(c.served), CARD_TEXT - 1);
    assert_int_equal(strlen(c.lines[0]), CARD_LINE - 1);
    assert_int_equal(strlen(c.fields[0].name), sizeof(c.fields[0].name) - 1);
    assert_int_equal(strlen(c.fields[0].value), CARD_TEXT - 1);
    assert_int_equal(strlen(c.quoted), CARD_QUOTE - 1);
    assert_int_equal(strlen(c.footer), CARD_TEXT - 1);
    assert_null(strstr(c.quoted, "no room"));
    mem_free(big);
}

/* A cut never leaves half a character: adapters may send it as it is. */
static void cuts_at_characters(void **state)
{
    (void)state;
    struct card c;
    char text[CARD_TEXT + 40];
    for (size_t lead = 0; lead < 4; lead++) {
        memset(text, 'x', lead);
        for (size_t at = lead; at + 4 < sizeof(text); at += 4) {
            memcpy(text + at, "🔄", 5);
        }
        card_init(&c, TONE_NEUTRAL);
        card_title(&c, "%s", text);
        card_line(&c, "%s%s%s", text, text, text);
        assert_true(text_utf8_valid(c.title, strlen(c.title)));
        assert_true(text_utf8_valid(c.lines[0], strlen(c.lines[0])));
        assert_true(strlen(c.title) > CARD_TEXT - 5);
    }
}

static void what_moves_cursors_or_turns_text_round_is_stripped(void **state)
{
    (void)state;
    struct card c;
    static const char evil[] = "a\x1b[2J\u202eb\u2066c\x07\xff"
                               "d\r";
    card_init(&c, TONE_NEUTRAL);
    card_title(&c, "%s", evil);
    card_served(&c, "%s", evil);
    card_line(&c, "%s\nforged line", evil);
    card_field(&c, evil, "%s", evil);
    card_quote(&c, "first\nsecond\x1b]0;title\x07");
    card_quote(&c, "\u202ethird");
    card_link(&c, evil, "https://x/\ny");
    card_footer(&c, "%s", evil);
    const struct card_button *b = card_button(&c, evil, "action", "value");
    assert_string_equal(c.title, "a [2J b c  d ");
    assert_string_equal(c.served, c.title);
    assert_string_equal(c.lines[0], "a [2J b c  d  forged line");
    assert_string_equal(c.fields[0].name, c.title);
    assert_string_equal(c.fields[0].value, c.title);
    assert_string_equal(c.quoted, "first\nsecond ]0;title \n third");
    assert_string_equal(c.link_text, c.title);
    assert_string_equal(c.link, "https://x/ y");
    assert_string_equal(c.footer, c.title);
    assert_string_equal(b->text, c.title);
}

static void full_card(struct card *c)
{
    card_init(c, TONE_WARNING);
    c->rehearsal = true;
    card_title(c, "🔄 RESTARTING cotak prod api");
    card_served(c, "Users: SERVED");
    card_field(c, "Where", "aws-us-gov");
    card_field(c, "Empty", "%s", "");
    card_line(c, "first \"line\"");
    card_line(c, "%s", "");
    card_line(c, "third");
    card_quote(c, "from\noutside");
    card_link(c, "AWS console", "https://console");
    card_mention(c, "slack:group:S1");
    card_footer(c, "Next: status");
    struct card_button *b = card_button(c, "Stop it", "stop", "{\"op\":\"7F3K\"}");
    b->danger = true;
    TEXT_COPY(b->dialog_title, "Stop?");
    TEXT_COPY(b->dialog_text, "Users are cut off.");
    TEXT_COPY(b->dialog_yes, "Stop it");
    b = card_button(c, "Console", "", "");
    TEXT_COPY(b->url, "https://console");
}

static void saved_and_loaded_is_the_same(void **state)
{
    (void)state;
    struct card before, after;
    struct err err;
    full_card(&before);
    json_t *saved = card_save(&before);
    char *text = jsonx_print(saved);
    json_decref(saved);
    saved = jsonx_parse(text, strlen(text), &err);
    memset(&after, 0x5a, sizeof(after));
    assert_true(card_load(saved, &after, &err));
    assert_memory_equal(&before, &after, sizeof(before));
    json_decref(saved);
    mem_free(text);

    card_init(&before, TONE_NEUTRAL);
    saved = card_save(&before);
    assert_true(card_load(saved, &after, &err));
    assert_memory_equal(&before, &after, sizeof(before));
    json_decref(saved);
}

static void stored_cards_of_others_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text;
        enum err_code code;
    } rows[] = {
        {"{}", "a stored message has format 0, this program reads format 1", ERR_STALE},
        {"{\"v\":2,\"tone\":0}", "a stored message has format 2, this program reads format 1", ERR_STALE},
        {"{\"v\":1}", "a stored message has an unknown tone", ERR_PROTOCOL},
        {"{\"v\":1,\"tone\":6}", "a stored message has an unknown tone", ERR_PROTOCOL},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct err err;
        struct card c = {.title = "untouched"};
        json_t *saved = json_loads(rows[i].json, 0, NULL);
        CHECK_ROW(rows[i].json, !card_load(saved, &c, &err));
        CHECK_ROW(rows[i].json, err.code == rows[i].code);
        assert_string_equal(err.text, rows[i].text);
        CHECK_ROW(rows[i].json, strcmp(c.title, "untouched") == 0);
        json_decref(saved);
    }
}

static void a_stored_card_cannot_burst_its_ceilings(void **state)
{
    (void)state;
    struct card c;
    struct err err;
    json_t *saved = json_pack("{s:i,s:i}", "v", 1, "tone", 1);
    static const char *const lists[] = {"lines", "fields", "buttons", "mentions"};
    for (size_t i = 0; i < CHECK_COUNT(lists); i++) {
        json_t *list = json_array();
        for (int k = 0; k < 40; k++) {
            json_t *item = i == 1   ? json_pack("[s,s]", "n", "v")
                           : i == 2 ? json_pack("{s:s}", "text", "t")
                                    : json_sprintf("m%d", k);
            json_array_append_new(list, item);
        }
        json_object_set_new(saved, lists[i], list);
    }
    assert_true(card_load(saved, &c, &err));
    assert_int_equal(c.line_count, CARD_LINES);
    assert_int_equal(c.field_count, CARD_FIELDS);
    assert_int_equal(c.button_count, CARD_BUTTONS);
    assert_int_equal(c.mention_count, 4);
    json_decref(saved);
}

static void summaries(void **state)
{
    (void)state;
    struct card c;
    char text[200], few[12];
    card_init(&c, TONE_GOOD);
    card_title(&c, "✅ DONE");
    card_summary(&c, text, sizeof(text));
    assert_string_equal(text, "✅ DONE");
    card_served(&c, "Users: SERVED");
    card_summary(&c, text, sizeof(text));
    assert_string_equal(text, "✅ DONE · Users: SERVED");
    c.rehearsal = true;
    card_summary(&c, text, sizeof(text));
    assert_string_equal(text, "REHEARSAL · ✅ DONE · Users: SERVED");
    card_summary(&c, few, sizeof(few));
    assert_string_equal(few, "REHEARSAL ");
}

/* A card goes to the store and to the channel: it holds no secret from the beginning. */
static void no_secret_gets_into_a_card(void **state)
{
    (void)state;
    struct secret *key = secret_create("wJalrXUtnFEMI-canary", strlen("wJalrXUtnFEMI-canary"));
    struct card c;
    card_init(&c, TONE_BAD);
    card_title(&c, "title %s", secret_reveal(key));
    card_line(&c, "line %s", secret_reveal(key));
    card_field(&c, "field", "%s", secret_reveal(key));
    card_quote(&c, "AWS said: wJalrXUtnFEMI-canary is unknown");
    json_t *saved = card_save(&c);
    char *text = jsonx_print(saved);
    assert_null(strstr(text, "canary"));
    assert_string_equal(c.quoted, "AWS said: [secret] is unknown");
    mem_free(text);
    json_decref(saved);
    secret_destroy(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_end_at_their_ceilings),
        cmocka_unit_test(texts_are_cut_not_lost),
        cmocka_unit_test(cuts_at_characters),
        cmocka_unit_test(what_moves_cursors_or_turns_text_round_is_stripped),
        cmocka_unit_test(saved_and_loaded_is_the_same),
        cmocka_unit_test(stored_cards_of_others_are_refused),
        cmocka_unit_test(a_stored_card_cannot_burst_its_ceilings),
        cmocka_unit_test(no_secret_gets_into_a_card),
        cmocka_unit_test(summaries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
