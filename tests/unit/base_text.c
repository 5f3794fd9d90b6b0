/* Copies, cleaning, distances, times and durations. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"

static void copies_are_cut_at_a_character(void **state)
{
    (void)state;
    static const struct {
        const char *name, *from, *expected;
        size_t size;
        bool whole;
    } rows[] = {
        {"fits", "abc", "abc", 4, true},
        {"cut", "abcd", "abc", 4, false},
        {"two bytes", "ab\u00e9", "ab", 4, false},
        {"four bytes", "a\U0001F600", "a", 5, false},
        {"just fits", "\u20ac", "\u20ac", 4, true},
        {"NULL", NULL, "", 4, true},
        {"nothing", "abc", "", 1, false},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char copied[8], formatted[8];
        CHECK_ROW(rows[i].name, text_copy(copied, rows[i].size, rows[i].from) == rows[i].whole);
        CHECK_ROW(rows[i].name, strcmp(copied, rows[i].expected) == 0);
        const char *from = rows[i].from == NULL ? "" : rows[i].from;
        CHECK_ROW(rows[i].name, text_format(formatted, rows[i].size, "%s", from) == rows[i].whole);
        CHECK_ROW(rows[i].name, strcmp(formatted, rows[i].expected) == 0);
    }
}

static void utf8_is_judged(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        bool valid;
    } rows[] = {
        {"ASCII", "abc", true},
        {"all lengths", "\u00e9\u20ac\U0001F600", true},
        {"overlong slash", "\xC0\xAF", false},
        {"overlong three", "\xE0\x80\xAF", false},
        {"surrogate", "\xED\xA0\x80", false},
        {"past the end", "\xF4\x90\x80\x80", false},
        {"cut short", "\xE2\x82", false},
        {"lone continuation", "\x80", false},
        {"five bytes", "\xF8\x88\x80\x80\x80", false},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        CHECK_ROW(rows[i].name, text_utf8_valid(rows[i].bytes, strlen(rows[i].bytes)) == rows[i].valid);
    }
}

static void what_comes_from_outside_is_cleaned(void **state)
{
    (void)state;
    static const struct {
        const char *name, *from, *expected;
        bool keep_lines;
    } rows[] = {
        {"plain", "h\u00e9llo", "h\u00e9llo", false},
        {"escape", "\x1b[31mred", " [31mred", false},
        {"lines", "a\nb\tc", "a b c", false},
        {"lines kept", "a\nb\tc\r", "a\nb\tc ", true},
        {"C1", "a\xC2\x9B\xC2\x85z", "a  z", false},
        {"DEL", "a\x7f", "a ", false},
        {"direction", "\u202a\u202e\u2066\u2069\u200e\u200f\u061cx", "       x", false},
        {"not to be seen", "\u200b\u2060\ufeff\u00ad\U000e0041x", "     x", false},
        {"ends of lines", "a\u2028b\u2029c", "a b c", true},
        {"neighbours stay", "\u2027\u202f\u2070\u00a0\u200d\ufe0f", "\u2027\u202f\u2070\u00a0\u200d\ufe0f",
         false},
        {"not UTF-8", "a\xff\xc0z", "a  z", false},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char to[64];
        text_clean(to, sizeof(to), rows[i].from, rows[i].keep_lines);
        CHECK_ROW(rows[i].name, strcmp(to, rows[i].expected) == 0);
    }
    char few[4];
    text_clean(few, sizeof(few), "ab\u00e9", false);
    assert_string_equal(few, "ab");
}

static void comparisons_take_null(void **state)
{
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_true(text_equal("a", "a"));
    assert_true(text_starts("abc", "ab"));
    assert_false(text_starts("a", "ab"));
    assert_true(text_ends("abc", "bc"));
    assert_false(text_ends("c", "bc"));
    assert_false(text_ends(NULL, "bc"));
}

static void times_read_as_agreed(void **state)
{
    (void)state;
    const int64_t moment = 1795356128999LL;
    char to[TEXT_TIME];
    text_time_of_day(to, moment);
    assert_string_equal(to, "14:02:08");
    text_date_time(to, moment);
    assert_string_equal(to, "2026-11-22 14:02:08");
    text_time_iso(to, moment);
    assert_string_equal(to, "2026-11-22T14:02:08Z");
    text_time_basic(to, moment);
    assert_string_equal(to, "20261122T140208Z");
    text_time_iso(to, -1);
    assert_string_equal(to, "1969-12-31T23:59:59Z");
    text_time_iso(to, INT64_MAX);
    assert_string_equal(to, "9999-12-31T23:59:59Z");
}

static void durations_read_as_agreed(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *name, *elapsed;
    } rows[] = {
        {-5, "0 s", "0:00"},
        {48000, "48 s", "0:48"},
        {59999, "59 s", "0:59"},
        {131000, "2 min 11 s", "2:11"},
        {727000, "12 min 07 s", "12:07"},
        {3840000, "1 h 04 min", "1:04:00"},
        {3723000, "1 h 02 min", "1:02:03"},
        {172799000, "47 h 59 min", "47:59:59"},
        {172800000, "2 days", "48:00:00"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char to[TEXT_DURATION];
        text_duration(to, rows[i].ms);
        CHECK_ROW(rows[i].name, strcmp(to, rows[i].name) == 0);
        text_elapsed(to, rows[i].ms);
        CHECK_ROW(rows[i].elapsed, strcmp(to, rows[i].elapsed) == 0);
    }
}

typedef bool parse(const char *text, int64_t *ret);

static void things_are_parsed(void **state)
{
    (void)state;
    enum { BAD = -77 }; /* what the out-parameter holds before */
    static const struct {
        parse *parse;
        const char *name;
        int64_t expected;
    } rows[] = {
        {text_parse_iso, "2026-11-22T14:02:08Z", 1795356128000},
        {text_parse_iso, "2026-11-22T14:02:08.25Z", 1795356128250},
        {text_parse_iso, "2026-11-22T14:02:08.123456789Z", 1795356128123},
        {text_parse_iso, "2024-02-29T00:00:00Z", 1709164800000},
        {text_parse_iso, "2025-02-29T00:00:00Z", BAD},
        {text_parse_iso, "2026-13-01T00:00:00Z", BAD},
        {text_parse_iso, "2026-11-22T24:00:00Z", BAD},
        {text_parse_iso, "2026-11-22T14:02:08", BAD},
        {text_parse_iso, "2026-11-22T14:02:08.Z", BAD},
        {text_parse_iso, "2026-11-22T14:02:08Zx", BAD},
        {text_parse_iso, "", BAD},
        {text_parse_http_date, "Sun, 06 Nov 1994 08:49:37 GMT", 784111777000},
        {text_parse_http_date, "Sun, 06 Nov 1994 08:49:37 UTC", BAD},
        {text_parse_http_date, "Sunday, 06-Nov-94 08:49:37 GMT", BAD},
        {text_parse_http_date, "Sun, 31 Feb 1994 08:49:37 GMT", BAD},
        {text_parse_duration, "5s", 5000},
        {text_parse_duration, "250ms", 250},
        {text_parse_duration, "12m", 720000},
        {text_parse_duration, "2h", 7200000},
        {text_parse_duration, "12", BAD},
        {text_parse_duration, "s", BAD},
        {text_parse_duration, "-1s", BAD},
        {text_parse_duration, "5 s", BAD},
        {text_parse_duration, "5sec", BAD},
        {text_parse_duration, "9223372036854775807h", BAD},
        {text_parse_duration, "99999999999999999999s", BAD},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        int64_t got = BAD;
        CHECK_ROW(rows[i].name, rows[i].parse(rows[i].name, &got) == (rows[i].expected != BAD));
        CHECK_ROW(rows[i].name, got == rows[i].expected);
    }
}

static void distance_counts_edits(void **state)
{
    (void)state;
    assert_int_equal(text_distance("deploy", "deploy"), 0);
    assert_int_equal(text_distance("deploy", "depoly"), 2);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("\u00e9", "e"), 1);
    assert_int_equal(text_distance("x", "0123456789012345678901234567890123456789"), 32);
}

static void a_buffer_keeps_its_ceiling(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_finish(&b);
    buf_init(&b, 10);
    assert_string_equal(b.data, "");
    buf_text(&b, "hello");
    buf_format(&b, " %d", 42);
    assert_string_equal(b.data, "hello 42");
    assert_false(buf_overflowed(&b));
    buf_text(&b, "xyz");
    assert_true(buf_overflowed(&b));
    assert_int_equal(b.len, 10);
    buf_consume(&b, 6);
    buf_char(&b, '!');
    assert_string_equal(b.data, "42xy");
    buf_clear(&b);
    assert_false(buf_overflowed(&b));
    buf_format(&b, "%0300d", 7);
    assert_true(buf_overflowed(&b));
    char *bytes = buf_take(&b);
    assert_string_equal(bytes, "0000000000");
    assert_int_equal(b.len, 0);
    assert_string_equal(b.data, "");
    mem_free(bytes);
    buf_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_cut_at_a_character),
        cmocka_unit_test(utf8_is_judged),
        cmocka_unit_test(what_comes_from_outside_is_cleaned),
        cmocka_unit_test(comparisons_take_null),
        cmocka_unit_test(times_read_as_agreed),
        cmocka_unit_test(durations_read_as_agreed),
        cmocka_unit_test(things_are_parsed),
        cmocka_unit_test(distance_counts_edits),
        cmocka_unit_test(a_buffer_keeps_its_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
