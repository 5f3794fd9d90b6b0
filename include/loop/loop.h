#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H
/* One thread, one loop. Requests are embedded by their caller; a callback comes exactly once and never inside
 * the call that started it (loop_defer delivers it). A real loop runs on libuv; a virtual one has no
 * descriptors and moves a virtual clock to the next thing due, so that hours pass in milliseconds. */
#include <stdbool.h>
#include <stdint.h>

struct clock;
struct loop; /* opaque */

/* clock must outlive the loop. */
struct loop *loop_create(struct clock *clock);
/* As loop_create, with a clock from clock_virtual; loop_run then advances it. No descriptors, signals,
 * processes or worker threads (work runs at once, its done is deferred). */
struct loop *loop_create_virtual(struct clock *clock);
/* Runs until loop_stop, or until nothing is left that could happen. */
void loop_run(struct loop *loop);
/* Runs at most until the mono clock has moved on by ms. */
void loop_run_for(struct loop *loop, int64_t ms);
/* loop_run returns after the current callback. */
void loop_stop(struct loop *loop);
/* Closes what the loop owns, runs pending closings, frees. Returns the number of handles and timers that
 * others left open, each printed by name: 0 or a bug. */
int loop_destroy(struct loop *loop);

struct clock *loop_clock(struct loop *loop);
int64_t loop_now(struct loop *loop); /* mono ms, fresh */
/* The longest time between a timer's due moment and its callback since the last call of this function, in ms.
 */
int64_t loop_take_lag(struct loop *loop);
/* For net/ and loop/ only: the uv_loop_t behind it (NULL when virtual). */
struct uv_loop_s *loop_uv(struct loop *loop);

/* ---- deferred call: runs once, in order, on the next turn */
struct loop_deferred {
    void (*run)(struct loop_deferred *d);
    void *user;
    /* fields below should not be touched by the user; zero before first use */
    struct loop_deferred *next, *prev;
    bool queued;
};
void loop_defer(struct loop *loop, struct loop_deferred *d); /* no effect when queued already */
void loop_defer_cancel(struct loop *loop, struct loop_deferred *d);

/* ---- timer: embedded, no closing needed, one shot */
struct loop_timer {
    void (*fire)(struct loop_timer *t);
    void *user;
    /* fields below should not be touched by the user; zero before first use */
    int64_t due_ms;
    uint64_t sequence;
    uint32_t index; /* place in the heap, 0 = not armed */
};
/* Arms, or arms anew. ms on the mono clock, 0 = next turn. */
void loop_timer_start(struct loop *loop, struct loop_timer *t, int64_t ms);
/* The same for a span of world time. */
void loop_timer_start_world(struct loop *loop, struct loop_timer *t, int64_t world_ms);
void loop_timer_stop(struct loop *loop, struct loop_timer *t);
bool loop_timer_armed(const struct loop_timer *t);

/* ---- signals: fn runs in the loop. At most one per signum; closed by loop_destroy. */
void loop_on_signal(struct loop *loop, int signum, void (*fn)(void *user, int signum), void *user);

/* ---- work on the one worker thread, first in first out. run() sees only what it owns; done() in the loop.
 */
struct loop_work {
    void (*run)(struct loop_work *w);  /* worker thread: no loop call, no log of others' objects */
    void (*done)(struct loop_work *w); /* loop thread, exactly once */
    void *user;
    struct loop_work *next; /* private */
};
void loop_work(struct loop *loop, struct loop_work *w);

#endif
