#include "base/backoff.h"

#include <limits.h>

/* min(first * 2^tries, most), without ever overflowing. */
static int64_t ceiling(const struct backoff *b)
{
    int64_t ms = b->first_ms;
    for (unsigned i = 0; i < b->tries && ms < b->most_ms; i++) {
        ms = ms > b->most_ms / 2 ? b->most_ms : ms * 2;
    }
    return ms < b->most_ms ? ms : b->most_ms;
}

int64_t backoff_next(struct backoff *b, uint32_t random)
{
    const int64_t top = ceiling(b);
    if (b->tries < UINT_MAX) {
        b->tries++;
    }
    if (top <= b->floor_ms) {
        return b->floor_ms;
    }
    /* A 32-bit number times a span below 2^32 fits: 49 days are enough for any wait. */
    const int64_t span = top - b->floor_ms;
    const uint64_t choices = span >= UINT32_MAX ? UINT32_MAX : (uint64_t)span + 1;
    return b->floor_ms + (int64_t)((random * choices) >> 32);
}

void backoff_reset(struct backoff *b)
{
    b->tries = 0;
}
