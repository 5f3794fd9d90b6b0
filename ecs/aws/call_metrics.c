/* What is counted of AWS calls. Services and actions are words of this program's own source. */
#include "aws/call.h"
#include "base/metric.h"
#include "session.h"

static struct metric calls = {
    .name = "cloudtak_aws_calls_total",
    .kind = METRIC_COUNTER,
    .help = "AWS calls that ended, by what came of them after their retries.",
    .labels = {"service", "action", "result"},
    METRIC_SERIES(128),
};
static struct metric seconds = {
    .name = "cloudtak_aws_call_seconds",
    .kind = METRIC_HISTOGRAM,
    .help = "How long an AWS call took from being asked for to its end: waiting for its turn, keys, retries.",
    .labels = {"service", "action"},
    .bounds = METRIC_SECONDS,
    METRIC_SERIES(32),
};
static struct metric throttles = {
    .name = "cloudtak_aws_throttles_total",
    .kind = METRIC_COUNTER,
    .help = "Answers by which AWS slowed this account down, also those that a retry mended.",
    .labels = {"service", "action"},
    METRIC_SERIES(32),
};
static struct metric retries = {
    .name = "cloudtak_aws_retries_total",
    .kind = METRIC_COUNTER,
    .help = "Repetitions of AWS calls after a throttle or a failure that passes.",
    .labels = {"service", "action"},
    METRIC_SERIES(32),
};
struct metric *const AWS_METRICS[] = {&calls, &seconds, &throttles, &retries, NULL};

static const char *outcome_word(enum aws_outcome outcome)
{
    switch (outcome) {
    case AWS_OK: return "ok";
    case AWS_REFUSED: return "refused";
    case AWS_THROTTLED: return "throttled";
    case AWS_EXPIRED: return "expired";
    case AWS_UNREACHABLE: return "unreachable";
    case AWS_CANCELLED: return "cancelled";
    }
    return "other";
}

static const char *service_word(const struct aws_call *c)
{
    return endpoint_service(c->service)->word;
}

void call_count_end(const struct aws_call *c, int64_t took_ms)
{
    metric_add(&calls, METRIC_VALUES(service_word(c), c->action, outcome_word(c->outcome)), 1);
    metric_observe(&seconds, METRIC_VALUES(service_word(c), c->action), (double)took_ms / 1000);
}

void call_count_throttle(const struct aws_call *c)
{
    metric_add(&throttles, METRIC_VALUES(service_word(c), c->action), 1);
}

void call_count_retry(const struct aws_call *c)
{
    metric_add(&retries, METRIC_VALUES(service_word(c), c->action), 1);
}
