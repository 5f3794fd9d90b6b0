/* What opens a question, and what does not. */
#include "bot/core/question_key.h"

#include <string.h>

#include "base/text.h"
#include "lib/check.h"

static void the_nonce_and_the_code_open_it_and_nothing_else(void **state)
{
    (void)state;
    struct question_key k, other;
    char nonce[QUESTION_NONCE], code[QUESTION_CODE], nonce2[QUESTION_NONCE], code2[QUESTION_CODE];
    question_key_make("cotak prod", &k, nonce, code);
    question_key_make("cotak prod", &other, nonce2, code2);
    assert_int_equal(strlen(nonce), 32);
    assert_true(question_key_opens(&k, nonce) && question_key_code(&k, code));
    assert_false(question_key_opens(&k, nonce2) || question_key_opens(&k, "") ||
                 question_key_opens(&k, k.digest));
    assert_false(question_key_code(&k, "") || question_key_code(&k, nonce) ||
                 question_key_code(&k, k.code_digest));
    k.digest[0] = '\0'; /* closed */
    assert_false(question_key_opens(&k, nonce) || question_key_code(&k, code));
}

/* The same code of two questions has two digests: a row of the store tells nothing by comparison. */
static void the_digest_of_a_code_is_salted(void **state)
{
    (void)state;
    struct question_key keys[2000];
    char nonce[QUESTION_NONCE], codes[2000][QUESTION_CODE];
    int twins = 0;
    for (size_t i = 0; i < 2000; i++) {
        question_key_make("cotak prod", &keys[i], nonce, codes[i]);
        assert_true(question_code_names(codes[i], "cotak prod"));
        for (size_t k = 0; k < i; k++) {
            if (strcmp(codes[i], codes[k]) == 0) {
                twins++;
                assert_string_not_equal(keys[i].code_digest, keys[k].code_digest);
            }
        }
    }
    assert_true(twins > 0); /* of 2,000 out of 9,000 some are the same, by far */
}

static void a_code_names_its_target(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *target;
        bool names;
    } ROWS[] = {
        {"cotak prod 4821", "cotak prod", true},
        {"cotak-prod-4821", "cotak prod", true},
        {"cotak-prod-4821", "cotak", false},
        {"cotak-prod-482", "cotak prod", false},
        {"cotak-prod-48211", "cotak prod", false},
        {"cotak-prod-48a1", "cotak prod", false},
        {"4821", "cotak prod", false},
        {"", "cotak prod", false},
        {"wftak-test-4821", "cotak prod", false},
    };
    for (size_t i = 0; i < CHECK_COUNT(ROWS); i++) {
        char code[QUESTION_CODE];
        question_code_fold(ROWS[i].typed, code);
        CHECK_ROW(ROWS[i].typed, question_code_names(code, ROWS[i].target) == ROWS[i].names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nonce_and_the_code_open_it_and_nothing_else),
        cmocka_unit_test(the_digest_of_a_code_is_salted),
        cmocka_unit_test(a_code_names_its_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
