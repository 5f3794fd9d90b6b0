#ifndef STORE_WATCH_H
#define STORE_WATCH_H
/* A store in front of another one that measures it: for /metrics, and so that /healthz knows whether steps
 * are still recorded. While commits fail it tries a small one of its own now and then, so that it is known
 * when the store works again although nobody asks anything. */
#include "store/store.h"

struct loop;
struct metric;
struct store_watch; /* its first member is a struct store: use store_watched */

/* inner is not owned and must stay until the watch is destroyed. */
struct store_watch *store_watch_create(struct loop *loop, struct store *inner);
struct store *store_watched(struct store_watch *w);
/* No trial begins any more. Before the inner store closes. */
void store_watch_stop(struct store_watch *w);
/* After the inner store was closed: every callback has come. Accepts NULL. */
void store_watch_destroy(struct store_watch *w);

struct store_figures {
    unsigned waiting;     /* commits asked for and not answered yet */
    int64_t waiting_ms;   /* mono: since when the oldest of them waits; 0 = none */
    int64_t committed_ms; /* wall: the last commit that succeeded; 0 = none yet */
    int64_t failing_ms;   /* wall: since when every commit fails; 0 = they do not */
    char trouble[200];    /* why the last one failed */
};
void store_watch_figures(const struct store_watch *w, struct store_figures *ret);
extern struct metric *const STORE_METRICS[]; /* NULL-terminated */

#endif
