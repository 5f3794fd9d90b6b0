#ifndef BOT_HEALTH_REPORT_H
#define BOT_HEALTH_REPORT_H
/* What /healthz and /readyz say, made from figures. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aws_counters;
struct buf;
struct slack_figures;
struct store_figures;

#define HEALTH_LAG_MOST_MS    5000  /* a loop that stood still for longer is not well */
#define HEALTH_COMMIT_MOST_MS 10000 /* nor is a store that lets a commit wait for longer */

struct health_part {
    char name[100]; /* "slack", "aws cotak prod", "store" */
    bool ready;
    int64_t since_ms; /* wall: since when it is ready, or not */
    char what[500];   /* how it is */
    const char *next; /* what to do when it is not ready */
};

/* What was learned of one target's keys. */
struct health_identity {
    bool verified;               /* AWS has named the account of these keys */
    char account[16];            /* which */
    const char *wanted, *region; /* as configured; account "" = any */
    char trouble[300];           /* why it could not be verified; "" = not asked yet */
};

/* name and since_ms are the caller's business. mono and wall in ms. */
void health_judge_chat(const struct slack_figures *f, int64_t mono_ms, struct health_part *ret);
void health_judge_aws(const struct health_identity *i, const struct aws_counters *n, int64_t wall_ms,
                      struct health_part *ret);
/* loaded: what was not over when the bot ended last has been read. */
void health_judge_store(const struct store_figures *f, bool loaded, int64_t mono_ms, int64_t wall_ms,
                        struct health_part *ret);

/* trouble: what was found to be changed by somebody else; "" = nothing. Behind health_judge_store. */
void health_judge_audit(const char *trouble, struct health_part *ret);

/* One line for each part, behind a first one that sums up. Returns whether all are ready. */
bool health_report(const struct health_part *parts, size_t count, int64_t wall_ms, struct buf *to);
/* "ok", or one sentence. lag_ms: the longest that the loop stood still lately. */
bool health_alive(const struct store_figures *f, int64_t lag_ms, int64_t mono_ms, struct buf *to);

#endif
