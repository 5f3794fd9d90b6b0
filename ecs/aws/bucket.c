#include "bucket.h"

#include "aws/call.h"

#define BURST_SECONDS  5.0
#define RESERVED_SHARE 0.1
#define READS_SHARE    0.5
#define POLLS_AT_ONCE  3

static double reads_burst(const struct bucket *b)
{
    return b->burst * READS_SHARE < 1.0 ? 1.0 : b->burst * READS_SHARE;
}

void bucket_init(struct bucket *b, double rate, int64_t now_ms)
{
    double burst = rate * BURST_SECONDS < 1.0 ? 1.0 : rate * BURST_SECONDS;
    *b = (struct bucket){.rate = rate, .burst = burst, .tokens = burst, .at_ms = now_ms};
    b->reads = reads_burst(b);
}

static double filled(double had, double rate, double most, int64_t ms)
{
    double has = had + (double)ms * rate / 1000.0;
    return has > most ? most : has;
}

static double tokens_at(const struct bucket *b, int64_t now_ms)
{
    return filled(b->tokens, b->rate, b->burst, now_ms - b->at_ms);
}

static double reads_at(const struct bucket *b, int64_t now_ms)
{
    return filled(b->reads, b->rate * READS_SHARE, reads_burst(b), now_ms - b->at_ms);
}

static double needed(const struct bucket *b, int lane)
{
    double need = lane == AWS_LANE_CHANGE ? 1.0 : 1.0 + b->burst * RESERVED_SHARE;
    return need > b->burst ? b->burst : need; /* a tiny bucket has no reserve */
}

static int choose(const struct bucket *b, const size_t waiting[BUCKET_LANES])
{
    const bool polls = waiting[AWS_LANE_POLL] > 0;
    if (waiting[AWS_LANE_CHANGE] > 0)
        return AWS_LANE_CHANGE;
    if (waiting[AWS_LANE_OPERATOR] > 0 && b->reads >= 1.0 && (!polls || b->polls_at_once >= POLLS_AT_ONCE))
        return AWS_LANE_OPERATOR;
    return polls ? AWS_LANE_POLL : -1;
}

int bucket_take(struct bucket *b, int64_t now_ms, const size_t waiting[BUCKET_LANES])
{
    b->tokens = tokens_at(b, now_ms);
    b->reads = reads_at(b, now_ms);
    b->at_ms = now_ms;
    int lane = choose(b, waiting);
    if (lane < 0 || b->tokens < needed(b, lane))
        return -1;
    b->tokens -= 1.0;
    if (lane == AWS_LANE_OPERATOR)
        b->reads -= 1.0;
    if (lane != AWS_LANE_CHANGE)
        b->polls_at_once = lane == AWS_LANE_POLL && waiting[AWS_LANE_OPERATOR] > 0 ? b->polls_at_once + 1 : 0;
    return lane;
}

static int64_t until(double missing, double rate)
{
    return missing <= 0.0 ? 0 : (int64_t)(missing * 1000.0 / rate) + 1;
}

int64_t bucket_delay(const struct bucket *b, int64_t now_ms, int lane, size_t ahead)
{
    int64_t any = until(needed(b, lane) + (double)ahead - tokens_at(b, now_ms), b->rate);
    int64_t own = lane == AWS_LANE_OPERATOR
                      ? until(1.0 + (double)ahead - reads_at(b, now_ms), b->rate * READS_SHARE)
                      : 0;
    return own > any ? own : any;
}
