/* When a message may go: one a second in a channel, three at once after a pause, and not before the time that
 * Slack itself has named for this method in this channel. */
#include "base/text.h"
#include "slack_private.h"

#define SPACING_MS 1000
#define BURST_MS   (3 * SPACING_MS)

/* The pace of this key; a new one takes the place of the one longest free. */
static struct slack_pace *pace_of(struct slack_pacer *p, const char *method, const char *channel)
{
    char key[sizeof(p->paces[0].key)];
    TEXT_FORMAT(key, "%s %s", method, channel);
    struct slack_pace *oldest = NULL;
    for (size_t i = 0; i < p->count; i++) {
        struct slack_pace *pace = &p->paces[i];
        if (text_equal(pace->key, key)) {
            return pace;
        }
        if (oldest == NULL || (pace->free_ms < oldest->free_ms && pace->blocked_ms <= oldest->blocked_ms)) {
            oldest = pace;
        }
    }
    if (p->count < SLACK_PACED_MAX) {
        oldest = &p->paces[p->count++];
    }
    *oldest = (struct slack_pace){.free_ms = INT64_MIN, .blocked_ms = INT64_MIN};
    TEXT_COPY(oldest->key, key);
    return oldest;
}

int64_t slack_pace_take(struct slack_pacer *p, const char *method, const char *channel, int64_t now,
                        int64_t most_ms)
{
    struct slack_pace *pace = pace_of(p, method, channel);
    const int64_t free_ms = (pace->free_ms > now ? pace->free_ms : now) + SPACING_MS;
    const int64_t paced = free_ms - now - BURST_MS;
    const int64_t blocked = pace->blocked_ms > now ? pace->blocked_ms - now : 0;
    const int64_t wait = paced > blocked ? paced : blocked;
    if (wait <= most_ms) {
        pace->free_ms = free_ms;
    }
    return wait > 0 ? wait : 0;
}

void slack_pace_block(struct slack_pacer *p, const char *method, const char *channel, int64_t now,
                      int64_t retry_ms)
{
    struct slack_pace *pace = pace_of(p, method, channel);
    if (now + retry_ms > pace->blocked_ms) {
        pace->blocked_ms = now + retry_ms;
    }
}
