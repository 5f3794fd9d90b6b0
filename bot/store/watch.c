/* A commit is handed on with a callback of our own in front of the caller's. Answers come in the order of the
 * commits, so the oldest that waits is the first of a list. */
#include "store/watch.h"

#include <assert.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/text.h"
#include "loop/loop.h"

#define TRIAL_MS 10000 /* between two commits of our own while commits fail */

static struct metric seconds = {
    .name = "cloudtak_store_commit_seconds",
    .kind = METRIC_HISTOGRAM,
    .help = "How long a commit took from being asked for to being on disk.",
    .bounds = METRIC_SECONDS,
    METRIC_SERIES(1),
};
static struct metric commits = {
    .name = "cloudtak_store_commits_total",
    .kind = METRIC_COUNTER,
    .help = "Commits; a duplicate is a delivery that was known, nothing was written.",
    .labels = {"result"},
    METRIC_SERIES(4),
};
struct metric *const STORE_METRICS[] = {&seconds, &commits, NULL};

struct waiting {
    struct store_watch *watch;
    struct store_commit inner;
    struct store_commit *outer; /* NULL: a trial */
    int64_t begun_ms;           /* mono */
    TAILQ_ENTRY(waiting) list;
};

struct store_watch {
    struct store store; /* first */
    struct store *inner;
    struct loop *loop;
    struct loop_timer trial;
    bool stopped;
    TAILQ_HEAD(, waiting) waiting;
    struct store_figures figures;
};

static void on_trial(struct loop_timer *t);

static int64_t wall(const struct store_watch *w)
{
    return clock_wall(loop_clock(w->loop));
}

static void note(struct store_watch *w, const struct store_commit *c)
{
    struct store_figures *f = &w->figures;
    metric_add(&commits, METRIC_VALUES(c->ok ? "ok" : c->duplicate ? "duplicate" : "failed"), 1);
    if (c->ok) {
        f->committed_ms = wall(w);
        f->failing_ms = 0;
    } else if (!c->duplicate) {
        f->failing_ms = f->failing_ms == 0 ? wall(w) : f->failing_ms;
        TEXT_COPY(f->trouble, c->err.text);
        if (!w->stopped && !loop_timer_armed(&w->trial)) {
            loop_timer_start(w->loop, &w->trial, TRIAL_MS);
        }
    }
}

static void on_done(struct store_commit *inner)
{
    struct waiting *q = inner->user;
    struct store_watch *w = q->watch;
    struct store_commit *outer = q->outer;
    TAILQ_REMOVE(&w->waiting, q, list);
    w->figures.waiting--;
    metric_observe(&seconds, NULL, (double)(loop_now(w->loop) - q->begun_ms) / 1000);
    note(w, inner);
    if (outer != NULL) {
        outer->ok = inner->ok;
        outer->duplicate = inner->duplicate;
        outer->head = inner->head;
        outer->err = inner->err;
    }
    mem_free(q);
    if (outer != NULL) {
        outer->done(outer);
    }
}

static void start(struct store_watch *w, struct store_txn *t, struct store_commit *outer)
{
    struct waiting *q = mem_alloc(sizeof(*q));
    q->watch = w;
    q->outer = outer;
    q->begun_ms = loop_now(w->loop);
    q->inner = (struct store_commit){.done = on_done, .user = q};
    TAILQ_INSERT_TAIL(&w->waiting, q, list);
    w->figures.waiting++;
    w->inner->ops->commit(w->inner, t, &q->inner);
}

/* A delivery is the smallest row there is, and goes by itself after a day. */
static void on_trial(struct loop_timer *t)
{
    struct store_watch *w = t->user;
    char key[STORE_KEY];
    if (w->figures.failing_ms == 0 || w->stopped) {
        return;
    }
    struct store_txn *txn = store_txn_create();
    TEXT_FORMAT(key, "trial/%lld", (long long)wall(w));
    store_txn_delivery(txn, key, wall(w));
    start(w, txn, NULL);
}

/* ---- the contract of a store */

static void commit(struct store *s, struct store_txn *t, struct store_commit *c)
{
    start((struct store_watch *)s, t, c);
}

static void load(struct store *s, struct store_loaded *l)
{
    struct store *inner = ((struct store_watch *)s)->inner;
    inner->ops->load(inner, l);
}

static void recent(struct store *s, struct store_recent *r)
{
    struct store *inner = ((struct store_watch *)s)->inner;
    inner->ops->recent(inner, r);
}

static void history(struct store *s, struct store_history *h)
{
    struct store *inner = ((struct store_watch *)s)->inner;
    inner->ops->history(inner, h);
}

static void timeline(struct store *s, struct store_timeline *t)
{
    struct store *inner = ((struct store_watch *)s)->inner;
    inner->ops->timeline(inner, t);
}

static void check(struct store *s, struct store_check *c)
{
    struct store *inner = ((struct store_watch *)s)->inner;
    inner->ops->check(inner, c);
}

static const struct store_ops OPS = {.commit = commit,
                                     .load = load,
                                     .recent = recent,
                                     .history = history,
                                     .timeline = timeline,
                                     .check = check};

struct store_watch *store_watch_create(struct loop *loop, struct store *inner)
{
    struct store_watch *w = mem_alloc(sizeof(*w));
    w->store.ops = &OPS;
    w->inner = inner;
    w->loop = loop;
    w->trial = (struct loop_timer){.fire = on_trial, .user = w};
    TAILQ_INIT(&w->waiting);
    return w;
}

struct store *store_watched(struct store_watch *w)
{
    return &w->store;
}

void store_watch_stop(struct store_watch *w)
{
    w->stopped = true;
    loop_timer_stop(w->loop, &w->trial);
}

void store_watch_destroy(struct store_watch *w)
{
    if (w == NULL) {
        return;
    }
    assert(TAILQ_EMPTY(&w->waiting));
    loop_timer_stop(w->loop, &w->trial);
    mem_free(w);
}

void store_watch_figures(const struct store_watch *w, struct store_figures *ret)
{
    const struct waiting *oldest = TAILQ_FIRST(&w->waiting);
    *ret = w->figures;
    ret->waiting_ms = oldest != NULL ? oldest->begun_ms : 0;
}
