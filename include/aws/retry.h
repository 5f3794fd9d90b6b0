#ifndef AWS_RETRY_H
#define AWS_RETRY_H
/* Pure decisions about an answer: what it means, and whether and when to try again. */
#include <stdbool.h>
#include <stdint.h>

#include "aws/call.h"

enum retry_class { RETRY_OK, RETRY_REFUSED, RETRY_THROTTLE, RETRY_TRANSIENT, RETRY_EXPIRED, RETRY_SKEW };

/* status 0 = no answer. code as in aws_call.code ("" when none). */
enum retry_class retry_classify(int status, const char *code);

struct retry_quota {
    int tokens; /* starts at 500 */
};
/* May a try number `tries` (1 = first retry) of this class be made? Takes tokens when yes. */
bool retry_allowed(struct retry_quota *q, enum retry_class class_, int tries);
void retry_succeeded(struct retry_quota *q, int tries);
/* Wait before that retry in ms, full jitter; server_after_ms from x-amz-retry-after or Retry-After, 0 = none.
 */
int64_t retry_wait(enum retry_class class_, int tries, int64_t server_after_ms, uint32_t random);

#endif
