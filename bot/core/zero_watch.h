#ifndef CORE_ZERO_WATCH_H
#define CORE_ZERO_WATCH_H
/* The counts that this bot set and remembers: what is in the store's memos, in memory; and the reminders of
 * those that stand at zero. */
#include "count_memo.h"

struct engine;
struct zero_watch;

struct zero_watch *zero_watch_create(struct engine *e);
void zero_watch_load(struct zero_watch *z, const struct store_memo *row); /* of any kind: others are let be */
void zero_watch_start(struct zero_watch *z);                              /* everything was loaded */
void zero_watch_stop(struct zero_watch *z);                               /* the engine closes */
void zero_watch_destroy(struct zero_watch *z); /* nothing may be owed. Accepts NULL. */

/* NULL = nothing is remembered of this service. Valid until the next change. */
const struct count_memo *zero_watch_memo(const struct zero_watch *z, const char *service_name);

/* A step of an operation changes it: staged into the step, applied when that is on disk. */
enum zero_change { ZERO_KEEP, ZERO_PUT, ZERO_FORGET };
void zero_watch_stage(const char *service_name, enum zero_change what, const struct count_memo *m,
                      int64_t wall_ms, struct store_txn *t);
void zero_watch_apply(struct zero_watch *z, const char *service_name, enum zero_change what,
                      const struct count_memo *m);

#endif
