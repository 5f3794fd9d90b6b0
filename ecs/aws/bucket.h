#ifndef AWS_BUCKET_H
#define AWS_BUCKET_H
/* The token bucket in front of AWS. Pure: time is a parameter. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUCKET_LANES 3 /* as enum aws_lane */

struct bucket {
    double rate; /* tokens a second */
    double burst, tokens;
    double reads;      /* tokens that operators may take of them */
    int64_t at_ms;     /* when tokens and reads were true */
    int polls_at_once; /* served one after the other while an operator waited */
};

void bucket_init(struct bucket *b, double rate, int64_t now_ms);
/* Whom of the waiting (a count a lane) to serve now: takes the token and returns the lane; -1 = nobody yet. A
 * change comes first and may use the last token; the others leave a tenth of the burst to it. Then polls, by
 * which running operations are followed, then reads of operators: these have at most half of the budget, also
 * when nothing else wants it, and at least every fourth token of those that polls want too. */
int bucket_take(struct bucket *b, int64_t now_ms, const size_t waiting[BUCKET_LANES]);
/* In how many ms, with `ahead` others before it, a call of this lane could be served. */
int64_t bucket_delay(const struct bucket *b, int64_t now_ms, int lane, size_t ahead);

#endif
