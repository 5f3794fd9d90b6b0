/* The gate: no form of a live secret leaves, innocent text does. And the log that passes it. */
#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "lib/check.h"

#define VALUE "p4ss/w+rd=&x"

static struct secret *secret_of(const char *text)
{
    return secret_create(text, strlen(text));
}

static void every_form_is_replaced(void **state)
{
    (void)state;
    struct secret *s = secret_of(VALUE);
    static const struct {
        const char *name, *text, *expected;
    } rows[] = {
        {"plain", "a " VALUE " b", "a [secret] b"},
        {"twice", VALUE " " VALUE, "[secret] [secret]"},
        {"URL", "t=p4ss%2Fw%2Brd%3D%26x&u=1", "t=[secret]&u=1"},
        {"URL, small letters", "p4ss%2fw%2brd%3d%26x", "[secret]"},
        {"innocent", "p4ss/w+rd here", "p4ss/w+rd here"},
        {"cut at the end", "a p4ss/w+rd", "a [secret]"},
        {"cut before the mark of a cut", "a p4ss/w+r… b", "a [secret]… b"},
        {"too short to be held for a cut one", "a p4ss/w+", "a p4ss/w+"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char text[128];
        TEXT_COPY(text, rows[i].text);
        const bool changes = strcmp(rows[i].text, rows[i].expected) != 0;
        CHECK_ROW(rows[i].name, secret_gate_would_change(text) == changes);
        secret_gate_text(text, sizeof(text));
        CHECK_ROW(rows[i].name, strcmp(text, rows[i].expected) == 0);
    }
    secret_destroy(s);
    assert_false(secret_gate_would_change(VALUE));
}

static void base64_is_replaced_at_every_alignment(void **state)
{
    (void)state;
    struct secret *s = secret_of(VALUE);
    static const char *const before[] = {"", "u", "u:", "us:", "user:"};
    for (size_t i = 0; i < CHECK_COUNT(before); i++) {
        char plain[64];
        TEXT_FORMAT(plain, "%s" VALUE "~tail", before[i]);
        char *encoded = crypto_base64(plain, strlen(plain));
        CHECK_ROW(before[i], secret_gate_would_change(encoded));
        mem_free(encoded);
    }
    char *alone = crypto_base64(VALUE, strlen(VALUE));
    struct buf b;
    buf_init(&b, 100);
    buf_format(&b, "<%s>", alone);
    secret_gate_buf(&b);
    assert_string_equal(b.data, "<[secret]>");
    mem_free(alone);
    buf_finish(&b);
    secret_destroy(s);
}

static void overlapping_secrets_leave_nothing(void **state)
{
    (void)state;
    struct secret *first = secret_of("abcdefgh"), *second = secret_of("efghijklmn"),
                  *inner = secret_of("abcdef");
    char text[64] = "<abcdefghijklmn>";
    secret_gate_text(text, sizeof(text));
    assert_string_equal(text, "<[secret]>");
    TEXT_COPY(text, "<xyzxyzxyzxyz>"); /* one that overlaps itself */
    struct secret *itself = secret_of("xyzxyzxyz");
    secret_gate_text(text, sizeof(text));
    assert_string_equal(text, "<[secret]>");
    struct secret *beside = secret_of("]<>klm"); /* what the mark and its neighbour make up */
    TEXT_COPY(text, "<abcdefgh<>klm>");
    secret_gate_text(text, sizeof(text));
    assert_null(strstr(text, "]<>klm"));
    secret_destroy(beside);
    secret_destroy(itself);
    secret_destroy(first);
    secret_destroy(inner);
    secret_destroy(second);
}

static void a_fixed_text_stays_within_its_size(void **state)
{
    (void)state;
    struct secret *s = secret_of("abcdef");
    char text[10] = "12abcdef3";
    secret_gate_text(text, sizeof(text));
    assert_string_equal(text, "12[secret");
    secret_destroy(s);
}

static void short_values_are_kept_but_not_registered(void **state)
{
    (void)state;
    struct secret *s = secret_of("abc"), *mark = secret_of("secret");
    assert_false(secret_gate_would_change("abc secret"));
    assert_string_equal(secret_reveal(s), "abc");
    assert_int_equal(secret_length(s), 3);
    secret_destroy(s);
    secret_destroy(mark);
    assert_string_equal(secret_reveal(NULL), "");
    secret_destroy(NULL);
}

static void equality(void **state)
{
    (void)state;
    struct secret *s = secret_of("abcdef");
    assert_true(secret_equal(s, "abcdef", 6));
    assert_false(secret_equal(s, "abcdeg", 6));
    assert_false(secret_equal(s, "abcde", 5));
    assert_false(secret_equal(s, "abcdef\0", 7));
    assert_false(secret_equal(s, "", 0));
    assert_false(secret_equal(NULL, "a", 1));
    secret_destroy(s);
}

/* ---- log */

static void keep_line(void *user, const char *line)
{
    char **kept = user;
    mem_free(*kept);
    *kept = mem_text(line);
}

static const char *field(json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static void a_log_line_is_escaped_and_gated(void **state)
{
    (void)state;
    struct secret *s = secret_of(VALUE);
    char *kept = NULL;
    log_set_sink(keep_line, &kept);
    log_debug("engine", NULL, "not at this level");
    assert_null(kept);
    log_warning("engine", "op " VALUE, "one\n{\"two\":\"%s\"} \xff \x1b[2J", VALUE);
    log_set_sink(NULL, NULL);
    assert_null(strchr(kept, '\n'));
    assert_null(strchr(kept, '\x1b'));
    json_t *line = json_loads(kept, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(line);
    assert_string_equal(field(line, "level"), "warning");
    assert_string_equal(field(line, "area"), "engine");
    assert_string_equal(field(line, "subject"), "op [secret]");
    assert_string_equal(field(line, "message"), "one\n{\"two\":\"[secret]\"} \uFFFD \x1b[2J");
    assert_true(text_ends(field(line, "time"), "Z"));
    json_decref(line);
    mem_free(kept);
    secret_destroy(s);
}

static void a_long_message_is_cut_without_half_a_secret(void **state)
{
    (void)state;
    struct secret *s = secret_of("abcdefghijklmnopqrstuvwxyz");
    char *kept = NULL;
    enum { LONG = 16 * 1024 - 10 }; /* the ceiling goes through the secret */
    char *filler = mem_alloc(LONG + 1);
    memset(filler, '.', LONG);
    log_set_sink(keep_line, &kept);
    log_error("engine", NULL, "%s%s", filler, secret_reveal(s));
    log_set_sink(NULL, NULL);
    assert_null(strstr(kept, "abcdef"));
    assert_non_null(strstr(kept, "\u2026\"}"));
    mem_free(filler);
    mem_free(kept);
    secret_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_replaced),
        cmocka_unit_test(base64_is_replaced_at_every_alignment),
        cmocka_unit_test(overlapping_secrets_leave_nothing),
        cmocka_unit_test(a_fixed_text_stays_within_its_size),
        cmocka_unit_test(short_values_are_kept_but_not_registered),
        cmocka_unit_test(equality),
        cmocka_unit_test(a_log_line_is_escaped_and_gated),
        cmocka_unit_test(a_long_message_is_cut_without_half_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
