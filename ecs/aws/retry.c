#include "aws/retry.h"

#include <stddef.h>
#include <string.h>

#define TRIES_MAX          2 /* retries after the first try */
#define QUOTA_MAX          500
#define COST_THROTTLE      5
#define COST_TRANSIENT     10
#define GAIN_CLEAN         1 /* a call that needed no retry */
#define FIRST_THROTTLE_MS  1000
#define FIRST_TRANSIENT_MS 50
#define MOST_MS            20000
#define SERVER_EXTRA_MS    5000 /* what a server may ask for beyond our own ceiling */

static const char *const throttle_codes[] = {"BandwidthLimitExceeded",
                                             "EC2ThrottledException",
                                             "LimitExceededException",
                                             "PriorRequestNotComplete",
                                             "RequestLimitExceeded",
                                             "RequestThrottled",
                                             "RequestThrottledException",
                                             "SlowDown",
                                             "ThrottledException",
                                             "Throttling",
                                             "ThrottlingException",
                                             "TooManyRequestsException",
                                             "TransactionInProgressException",
                                             "ProvisionedThroughputExceededException",
                                             NULL};

static const char *const transient_codes[] = {"RequestTimeout", "RequestTimeoutException",
                                              "IDPCommunicationError", NULL};

static const char *const expired_codes[] = {"ExpiredToken",
                                            "ExpiredTokenException",
                                            "InvalidClientTokenId",
                                            "InvalidToken",
                                            "MissingAuthenticationToken",
                                            "MissingAuthenticationTokenException",
                                            "UnrecognizedClientException",
                                            NULL};

static const char *const skew_codes[] = {"InvalidSignatureException", "RequestExpired",
                                         "RequestInTheFuture",        "RequestTimeTooSkewed",
                                         "SignatureDoesNotMatch",     NULL};

static bool is_one_of(const char *code, const char *const *codes)
{
    for (; *codes != NULL; codes++) {
        if (strcmp(code, *codes) == 0)
            return true;
    }
    return false;
}

static bool is_transient_status(int status)
{
    return status == 0 || status == 408 || status == 500 || status == 502 || status == 503 || status == 504;
}

enum retry_class retry_classify(int status, const char *code)
{
    if (status >= 200 && status < 300)
        return RETRY_OK;
    if (is_one_of(code, throttle_codes) || status == 429)
        return RETRY_THROTTLE;
    if (is_one_of(code, expired_codes))
        return RETRY_EXPIRED;
    if (is_one_of(code, skew_codes))
        return RETRY_SKEW;
    if (is_one_of(code, transient_codes) || is_transient_status(status))
        return RETRY_TRANSIENT;
    return RETRY_REFUSED;
}

bool retry_allowed(struct retry_quota *q, enum retry_class class_, int tries)
{
    if (class_ != RETRY_THROTTLE && class_ != RETRY_TRANSIENT)
        return false;
    int cost = class_ == RETRY_THROTTLE ? COST_THROTTLE : COST_TRANSIENT;
    if (tries > TRIES_MAX || q->tokens < cost)
        return false;
    q->tokens -= cost;
    return true;
}

void retry_succeeded(struct retry_quota *q, int tries)
{
    q->tokens += tries > 0 ? COST_THROTTLE : GAIN_CLEAN;
    if (q->tokens > QUOTA_MAX)
        q->tokens = QUOTA_MAX;
}

int64_t retry_wait(enum retry_class class_, int tries, int64_t server_after_ms, uint32_t random)
{
    int64_t most = class_ == RETRY_THROTTLE ? FIRST_THROTTLE_MS : FIRST_TRANSIENT_MS;
    for (int i = 1; i < tries && most < MOST_MS; i++)
        most *= 2;
    if (most > MOST_MS)
        most = MOST_MS;
    int64_t wait = most * (int64_t)random / (int64_t)UINT32_MAX;
    if (server_after_ms > wait)
        wait = server_after_ms < most + SERVER_EXTRA_MS ? server_after_ms : most + SERVER_EXTRA_MS;
    return wait;
}
