#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/retry.h"

static void an_answer_is_classified_by_code_then_status(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code;
        enum retry_class wanted;
    } rows[] = {
        {200, "", RETRY_OK},
        {204, "", RETRY_OK},
        {0, "", RETRY_TRANSIENT},
        {400, "ThrottlingException", RETRY_THROTTLE},
        {400, "Throttling", RETRY_THROTTLE},
        {503, "SlowDown", RETRY_THROTTLE},
        {429, "", RETRY_THROTTLE},
        {400, "LimitExceededException", RETRY_THROTTLE},
        {500, "ServerException", RETRY_TRANSIENT},
        {500, "", RETRY_TRANSIENT},
        {502, "", RETRY_TRANSIENT},
        {503, "", RETRY_TRANSIENT},
        {504, "", RETRY_TRANSIENT},
        {408, "", RETRY_TRANSIENT},
        {400, "RequestTimeout", RETRY_TRANSIENT},
        {400, "ExpiredTokenException", RETRY_EXPIRED},
        {403, "ExpiredToken", RETRY_EXPIRED},
        {400, "UnrecognizedClientException", RETRY_EXPIRED},
        {403, "InvalidClientTokenId", RETRY_EXPIRED},
        {400, "InvalidSignatureException", RETRY_SKEW},
        {403, "SignatureDoesNotMatch", RETRY_SKEW},
        {403, "RequestTimeTooSkewed", RETRY_SKEW},
        {400, "RequestExpired", RETRY_SKEW},
        {400, "AccessDeniedException", RETRY_REFUSED},
        {400, "ServiceNotFoundException", RETRY_REFUSED},
        {301, "", RETRY_REFUSED},
        {404, "", RETRY_REFUSED},
        {501, "", RETRY_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (retry_classify(rows[i].status, rows[i].code) != rows[i].wanted)
            fail_msg("%d %s", rows[i].status, rows[i].code);
    }
}

static void two_retries_and_no_more(void **state)
{
    (void)state;
    struct retry_quota q = {500};
    assert_true(retry_allowed(&q, RETRY_THROTTLE, 1));
    assert_true(retry_allowed(&q, RETRY_THROTTLE, 2));
    assert_false(retry_allowed(&q, RETRY_THROTTLE, 3));
    assert_int_equal(q.tokens, 490);
}

static void only_what_a_retry_may_mend(void **state)
{
    (void)state;
    struct retry_quota q = {500};
    assert_false(retry_allowed(&q, RETRY_OK, 1));
    assert_false(retry_allowed(&q, RETRY_REFUSED, 1));
    assert_false(retry_allowed(&q, RETRY_EXPIRED, 1));
    assert_false(retry_allowed(&q, RETRY_SKEW, 1));
    assert_int_equal(q.tokens, 500);
}

static void an_outage_empties_the_quota_and_successes_fill_it(void **state)
{
    (void)state;
    struct retry_quota q = {500};
    int allowed = 0;
    while (retry_allowed(&q, RETRY_TRANSIENT, 1))
        allowed++;
    assert_int_equal(allowed, 50);
    assert_false(retry_allowed(&q, RETRY_THROTTLE, 1));
    for (int i = 0; i < 5; i++)
        retry_succeeded(&q, 0);
    assert_true(retry_allowed(&q, RETRY_THROTTLE, 1));
    retry_succeeded(&q, 1);
    assert_int_equal(q.tokens, 5);
    for (int i = 0; i < 1000; i++)
        retry_succeeded(&q, 0);
    assert_int_equal(q.tokens, 500);
}

static void waits_are_full_jitter_under_a_ceiling(void **state)
{
    (void)state;
    assert_int_equal(retry_wait(RETRY_THROTTLE, 1, 0, 0), 0);
    assert_int_equal(retry_wait(RETRY_THROTTLE, 1, 0, UINT32_MAX), 1000);
    assert_int_equal(retry_wait(RETRY_THROTTLE, 2, 0, UINT32_MAX), 2000);
    assert_in_range(retry_wait(RETRY_THROTTLE, 2, 0, UINT32_MAX / 2), 998, 1002);
    assert_int_equal(retry_wait(RETRY_THROTTLE, 60, 0, UINT32_MAX), 20000);
    assert_int_equal(retry_wait(RETRY_TRANSIENT, 1, 0, UINT32_MAX), 50);
    assert_int_equal(retry_wait(RETRY_TRANSIENT, 2, 0, UINT32_MAX), 100);
}

static void the_server_may_ask_for_more_within_bounds(void **state)
{
    (void)state;
    assert_int_equal(retry_wait(RETRY_THROTTLE, 1, 3000, 0), 3000);
    assert_int_equal(retry_wait(RETRY_THROTTLE, 1, 3600000, 0), 6000);
    assert_int_equal(retry_wait(RETRY_THROTTLE, 1, 10, UINT32_MAX), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_classified_by_code_then_status),
        cmocka_unit_test(two_retries_and_no_more),
        cmocka_unit_test(only_what_a_retry_may_mend),
        cmocka_unit_test(an_outage_empties_the_quota_and_successes_fill_it),
        cmocka_unit_test(waits_are_full_jitter_under_a_ceiling),
        cmocka_unit_test(the_server_may_ask_for_more_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
