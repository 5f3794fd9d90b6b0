#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H
/* Exponential back-off with full jitter: the n-th wait is uniform in [floor, min(first * 2^n, most)]. */
#include <stdint.h>

struct backoff {
    int64_t floor_ms, first_ms, most_ms;
    /* fields below should not be touched by the user */
    unsigned tries;
};

/* The next wait in ms; random is any uniform 32-bit number (a parameter, so that tests are exact). */
int64_t backoff_next(struct backoff *b, uint32_t random);
void backoff_reset(struct backoff *b);

#endif
