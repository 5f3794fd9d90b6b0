/* Errors, JSON, clocks, back-off and digests. */
#include <string.h>

#include "base/backoff.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"

static void errors_nest_and_are_cut_visibly(void **state)
{
    (void)state;
    struct err err;
    assert_false(err_set(&err, ERR_TIMEOUT, "no answer in %d s", 5));
    assert_false(err_wrap(&err, "call %s", "DescribeServices"));
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_string_equal(err.text, "call DescribeServices: no answer in 5 s");
    assert_false(err_set(&err, ERR_IO, "again: %s", err.text));
    assert_string_equal(err.text, "again: call DescribeServices: no answer in 5 s");
    assert_string_equal(err_word(ERR_STALE), "stale");
    assert_false(err_set(NULL, ERR_IO, "nobody reads"));
    assert_false(err_set(&err, ERR_IO, "%0600d", 1));
    assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
    assert_true(text_ends(err.text, "\u2026"));
    assert_false(err_set(&err, ERR_IO, "%05000d", 1));
    assert_true(text_ends(err.text, "\u2026"));
}

static json_t *parsed(const char *text)
{
    json_t *root = jsonx_parse(text, strlen(text), NULL);
    assert_non_null(root);
    return root;
}

static void json_is_read_with_defaults(void **state)
{
    (void)state;
    json_t *root =
        parsed("{\"a\":{\"b\":[{\"c\":\"deep\"},7]},\"n\":null,\"r\":2.9,\"t\":\"true\",\"f\":false,"
               "\"big\":1e300}");
    assert_string_equal(jsonx_text(root, "a.b.0.c"), "deep");
    assert_int_equal(jsonx_int(root, "a.b.1", -1), 7);
    assert_int_equal(jsonx_int(root, "a.b.2", -1), -1);
    assert_int_equal(jsonx_int(root, "a.b.x", -1), -1);
    assert_int_equal(jsonx_int(root, "r", -1), 2);
    assert_int_equal(jsonx_int(root, "big", -1), -1);
    assert_null(jsonx_at(root, "n"));
    assert_null(jsonx_at(root, "a.none.c"));
    assert_string_equal(jsonx_text(root, "r"), "");
    assert_true(jsonx_bool(root, "t", false));
    assert_false(jsonx_bool(root, "f", true));
    assert_true(jsonx_bool(root, "r", true));
    assert_null(jsonx_at(NULL, "a"));
    char *text = jsonx_print(jsonx_at(root, "a"));
    assert_string_equal(text, "{\"b\":[{\"c\":\"deep\"},7]}");
    mem_free(text);
    json_decref(root);
}

static void epoch_seconds_come_in_three_spellings(void **state)
{
    (void)state;
    json_t *root = parsed("[1795356128,1795356128.25,1.795356128E9,\"1\",1e30,9223372036854775807]");
    assert_int_equal(jsonx_seconds_to_ms(root, "0", -1), 1795356128000);
    assert_int_equal(jsonx_seconds_to_ms(root, "1", -1), 1795356128250);
    assert_int_equal(jsonx_seconds_to_ms(root, "2", -1), 1795356128000);
    assert_int_equal(jsonx_seconds_to_ms(root, "3", -1), -1);
    assert_int_equal(jsonx_seconds_to_ms(root, "4", -1), -1);
    assert_int_equal(jsonx_seconds_to_ms(root, "5", -1), -1);
    json_decref(root);
}

static void bad_json_is_refused_without_quoting_it(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "{", "{\"a\":1,\"a\":2}", "[1] x", "{\"hidden\": hunter2}", "\"\xff\"", "[\"a\\u0000\"]",
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct err err = {0};
        CHECK_ROW(rows[i], jsonx_parse(rows[i], strlen(rows[i]), &err) == NULL);
        CHECK_ROW(rows[i], err.code == ERR_PROTOCOL && strncmp(err.text, "JSON, line ", 11) == 0);
        CHECK_ROW(rows[i], strstr(err.text, "hunter2") == NULL);
    }
    enum { DEPTH = 100000 };
    char *deep = mem_alloc(DEPTH + 1);
    memset(deep, '[', DEPTH);
    assert_null(jsonx_parse(deep, DEPTH, NULL));
    mem_free(deep);
}

static void quoted_text_is_json_again(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    jsonx_quote(&b, "a\"\\\n\x01\x7f\u00e9\xff");
    assert_string_equal(b.data, "\"a\\\"\\\\\\n\\u0001\\u007f\u00e9\uFFFD\"");
    json_t *value = parsed(b.data);
    assert_string_equal(json_string_value(value), "a\"\\\n\x01\x7f\u00e9\uFFFD");
    json_decref(value);
    buf_finish(&b);
}

static void what_is_taken_is_the_takers(void **state)
{
    (void)state;
    /* of its own memory: handed over as it is, and the buffer begins anew with its ceiling */
    struct buf own;
    buf_init(&own, 4);
    buf_text(&own, "abcdef");
    assert_true(buf_overflowed(&own));
    const char *const where = own.data;
    char *taken = buf_take(&own);
    assert_ptr_equal(taken, where);
    assert_string_equal(taken, "abcd");
    assert_int_equal(own.len, 0);
    assert_false(buf_overflowed(&own));
    buf_text(&own, "xyz");
    assert_string_equal(own.data, "xyz");
    assert_string_equal(taken, "abcd");
    mem_free(taken);
    buf_finish(&own);
    /* of a view: a copy, and the bytes stay where they are */
    char bytes[] = "somebody else's";
    struct buf view = {.data = bytes, .len = 8};
    taken = buf_take(&view);
    assert_ptr_not_equal(taken, bytes);
    assert_string_equal(taken, "somebody");
    assert_int_equal(view.len, 0);
    assert_string_equal(bytes, "somebody else's");
    mem_free(taken);
    /* of nothing: an empty text that is the taker's all the same */
    struct buf empty;
    buf_init(&empty, 10);
    taken = buf_take(&empty);
    assert_string_equal(taken, "");
    mem_free(taken);
}

static void clocks(void **state)
{
    (void)state;
    struct clock c = clock_virtual(1000000);
    assert_int_equal(clock_mono(&c), 0);
    clock_advance(&c, 250);
    assert_int_equal(clock_mono(&c), 250);
    assert_int_equal(clock_wall(&c), 1000250);
    assert_int_equal(clock_world(&c), 1000250);
    assert_int_equal(clock_world_to_mono(&c, 500), 500);
    c.speed = 10;
    assert_int_equal(clock_world(&c), 1002500);
    assert_int_equal(clock_world_to_mono(&c, 500), 50);
    assert_int_equal(clock_world_to_mono(&c, 3), 1);
    assert_int_equal(clock_world_to_mono(&c, 0), 0);
    const struct clock machine = clock_real(1, 0);
    const int64_t before = clock_mono(&machine);
    assert_true(clock_mono(&machine) >= before);
    assert_true(clock_wall(&machine) > 1577836800000LL);
    assert_true(clock_world(&machine) - clock_wall(&machine) <= 0);
}

static void backoff_grows_to_its_ceiling(void **state)
{
    (void)state;
    struct backoff b = {.floor_ms = 100, .first_ms = 500, .most_ms = 3000};
    static const int64_t tops[] = {500, 1000, 2000, 3000, 3000};
    for (size_t i = 0; i < CHECK_COUNT(tops); i++) {
        assert_int_equal(backoff_next(&b, UINT32_MAX), tops[i]);
    }
    assert_int_equal(backoff_next(&b, 0), 100);
    backoff_reset(&b);
    assert_int_equal(backoff_next(&b, UINT32_MAX / 2), 300);
    struct backoff low = {.floor_ms = 1000, .first_ms = 10, .most_ms = 500};
    assert_int_equal(backoff_next(&low, UINT32_MAX), 1000);
    struct backoff wide = {.first_ms = INT64_MAX / 2, .most_ms = INT64_MAX, .tries = 70};
    assert_true(backoff_next(&wide, UINT32_MAX) >= 0);
}

static void digests_match_the_standards(void **state)
{
    (void)state;
    char hex[CRYPTO_SHA256_HEX];
    crypto_sha256_hex("abc", 3, hex); /* FIPS 180-2, B.1 */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    uint8_t digest[CRYPTO_SHA256];
    crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest); /* RFC 4231, 4.3 */
    crypto_hex(digest, sizeof(digest), hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    crypto_hmac_sha256(NULL, 0, "", 0, digest);
    crypto_hex(digest, sizeof(digest), hex);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    char *text = crypto_base64("foob", 4); /* RFC 4648, 10 */
    assert_string_equal(text, "Zm9vYg==");
    mem_free(text);
    assert_true(crypto_equal("abc", "abc", 3));
    assert_false(crypto_equal("abc", "abd", 3));
    char wiped[4] = "abc";
    crypto_wipe(wiped, sizeof(wiped));
    assert_memory_equal(wiped, "\0\0\0\0", 4);
    uint8_t one[16] = {0}, two[16] = {0};
    crypto_random(one, sizeof(one));
    crypto_random(two, sizeof(two));
    assert_memory_not_equal(one, two, sizeof(one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_nest_and_are_cut_visibly),
        cmocka_unit_test(json_is_read_with_defaults),
        cmocka_unit_test(epoch_seconds_come_in_three_spellings),
        cmocka_unit_test(bad_json_is_refused_without_quoting_it),
        cmocka_unit_test(quoted_text_is_json_again),
        cmocka_unit_test(what_is_taken_is_the_takers),
        cmocka_unit_test(clocks),
        cmocka_unit_test(backoff_grows_to_its_ceiling),
        cmocka_unit_test(digests_match_the_standards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
