#include "bucket.h"

#include "aws/call.h"

#define BURST_SECONDS  5.0
#define RESERVED_SHARE 0.1

void bucket_init(struct bucket *b, double rate, int64_t now_ms)
{
    double burst = rate * BURST_SECONDS < 1.0 ? 1.0 : rate * BURST_SECONDS;
    *b = (struct bucket){.rate = rate, .burst = burst, .tokens = burst, .at_ms = now_ms};
}

static double tokens_at(const struct bucket *b, int64_t now_ms)
{
    double tokens = b->tokens + (double)(now_ms - b->at_ms) * b->rate / 1000.0;
    return tokens > b->burst ? b->burst : tokens;
}

static double needed(const struct bucket *b, int lane)
{
    double need = lane == AWS_LANE_CHANGE ? 1.0 : 1.0 + b->burst * RESERVED_SHARE;
    return need > b->burst ? b->burst : need; /* a tiny bucket has no reserve */
}

static int choose(const struct bucket *b, const size_t waiting[BUCKET_LANES])
{
    if (waiting[AWS_LANE_CHANGE] > 0)
        return AWS_LANE_CHANGE;
    if (waiting[AWS_LANE_OPERATOR] > 0 && (waiting[AWS_LANE_POLL] == 0 || !b->poll_next))
        return AWS_LANE_OPERATOR;
    return waiting[AWS_LANE_POLL] > 0 ? AWS_LANE_POLL : -1;
}

int bucket_take(struct bucket *b, int64_t now_ms, const size_t waiting[BUCKET_LANES])
{
    int lane = choose(b, waiting);
    b->tokens = tokens_at(b, now_ms);
    b->at_ms = now_ms;
    if (lane < 0 || b->tokens < needed(b, lane))
        return -1;
    b->tokens -= 1.0;
    if (lane != AWS_LANE_CHANGE)
        b->poll_next = lane == AWS_LANE_OPERATOR;
    return lane;
}

int64_t bucket_delay(const struct bucket *b, int64_t now_ms, int lane, size_t ahead)
{
    double missing = needed(b, lane) + (double)ahead - tokens_at(b, now_ms);
    if (missing <= 0.0)
        return 0;
    return (int64_t)(missing * 1000.0 / b->rate) + 1;
}
