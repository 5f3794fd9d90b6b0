/* Cards as plain text: wrapping, columns of emoji, the fence round foreign text. */
#include "base/mem.h"
#include "base/text.h"
#include "core/card.h"
#include "lib/check.h"

#include <string.h>

static void expect(const struct card *c, int width, const char *expected)
{
    char *text = card_text(c, width);
    if (strcmp(text, expected) != 0) {
        char got[4000];
        TEXT_COPY(got, text);
        mem_free(text);
        fail_msg("width %d:\n%s", width, got);
    }
    mem_free(text);
}

static void everything_in_its_order(void **state)
{
    (void)state;
    struct card c;
    card_init(&c, TONE_WORKING);
    c.rehearsal = true;
    card_footer(&c, "Next: status cotak prod");
    card_link(&c, "AWS console", "https://console.example/a b");
    card_quote(&c, "one\n\ntwo");
    card_line(&c, "A line.");
    card_field(&c, "Where", "aws-us-gov");
    card_mention(&c, "slack:group:S1");
    card_mention(&c, "slack:user:U1");
    card_served(&c, "Users: SERVED.");
    card_title(&c, "🔄 RESTARTING cotak prod api");
    card_button(&c, "Stop retrying, keep old tasks", "a", "v");
    card_button(&c, "ASE is called", "b", "v");
    expect(&c, 0,
           "REHEARSAL · 🔄 RESTARTING cotak prod api\n"
           "   Users: SERVED.\n"
           "   To: @slack:group:S1 @slack:user:U1\n"
           "   Where: aws-us-gov\n"
           "   A line.\n"
           "   | one\n"
           "   | \n"
           "   | two\n"
           "   AWS console: https://console.example/a b\n"
           "   [Stop retrying, keep old tasks]  [ASE is called]\n"
           "   Next: status cotak prod\n");
}

static void an_empty_card_is_an_empty_line(void **state)
{
    (void)state;
    struct card c;
    card_init(&c, TONE_NEUTRAL);
    expect(&c, 80, "\n");
}

static void wraps_at_the_width(void **state)
{
    (void)state;
    struct card c;
    card_init(&c, TONE_NEUTRAL);
    card_title(&c, "aaaa bbbb cccc");
    card_line(&c, "dddd eeee ffff");
    expect(&c, 14, "aaaa bbbb cccc\n   dddd eeee\n   ffff\n");
    expect(&c, 13, "aaaa bbbb\n   cccc\n   dddd eeee\n   ffff\n");
    expect(&c, 12, "aaaa bbbb\n   cccc\n   dddd eeee\n   ffff\n");
    expect(&c, 11, "aaaa bbbb\n   cccc\n   dddd\n   eeee\n   ffff\n");
    expect(&c, 0, "aaaa bbbb cccc\n   dddd eeee ffff\n");
    /* a word wider than the terminal stays whole: it is to be copied */
    expect(&c, 2, "aaaa\n   bbbb\n   cccc\n   dddd\n   eeee\n   ffff\n");
}

static void links_and_foreign_text_are_not_wrapped(void **state)
{
    (void)state;
    struct card c;
    card_init(&c, TONE_NEUTRAL);
    card_title(&c, "t");
    card_quote(&c, "aws ecs update-service --region us-gov-east-1");
    card_link(&c, "AWS console", "https://console.example/ecs");
    expect(&c, 20,
           "t\n"
           "   | aws ecs update-service --region us-gov-east-1\n"
           "   AWS console: https://console.example/ecs\n");
}

/* Columns of one word, seen by the width at which the next word still fits behind it. */
static void emoji_take_two_columns(void **state)
{
    (void)state;
    static const struct {
        const char *name, *word;
        int columns;
    } rows[] = {
        {"ASCII", "abcd", 4},
        {"accents", "éèü", 3},
        {"combining", "e\u0301", 1},
        {"emoji", "🔄", 2},
        {"check", "✅", 2},
        {"no entry", "⛔", 2},
        {"hourglass", "⏳", 2},
        {"narrow sign, wide by its selector", "↩️", 2},
        {"warning", "⚠️", 2},
        {"narrow sign", "✔", 1},
        {"dot", "·", 1},
        {"CJK", "東京", 4},
        {"Hangul", "한", 2},
        {"family", "👩\u200d👦", 4},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct card c;
        card_init(&c, TONE_NEUTRAL);
        card_title(&c, "%s x", rows[i].word);
        char *fits = card_text(&c, rows[i].columns + 2);
        char *wraps = card_text(&c, rows[i].columns + 1);
        const bool right = strchr(fits, '\n')[1] == '\0' && strchr(wraps, '\n')[1] != '\0';
        mem_free(fits);
        mem_free(wraps);
        CHECK_ROW(rows[i].name, right);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_in_its_order), cmocka_unit_test(an_empty_card_is_an_empty_line),
        cmocka_unit_test(wraps_at_the_width),      cmocka_unit_test(links_and_foreign_text_are_not_wrapped),
        cmocka_unit_test(emoji_take_two_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
