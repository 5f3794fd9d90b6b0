#ifndef LOOP_PRIVATE_H
#define LOOP_PRIVATE_H
/* What the files of this folder share. */
#include <stddef.h>
#include <uv.h>

#include "base/buf.h"
#include "loop/loop.h"

/* ---- timers.c: a binary heap by due moment, then by order of arming; slot 0 is not used */
struct timers {
    struct loop_timer **heap;
    uint32_t count, cap;
    uint64_t sequence; /* of the timer armed last */
};

void timers_finish(struct timers *timers);
void timers_add(struct timers *timers, struct loop_timer *t, int64_t due_ms);
void timers_remove(struct timers *timers, struct loop_timer *t);
/* The timer due first; NULL when none is armed. */
struct loop_timer *timers_first(const struct timers *timers);

/* ---- worker.c: one thread, started at first use */
struct work_queue {
    struct loop_work *first, *last;
};

struct worker {
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t wanted;   /* there is work, or quit */
    uv_cond_t finished; /* there is something in done */
    uv_async_t wake;    /* brings done to the loop thread */
    bool started, quit;
    size_t pending; /* accepted, done not called yet; loop thread only */
    struct work_queue todo, done;
    struct loop_deferred deliver; /* virtual loop only */
};

/* Finishes what is queued, calls its done functions, joins. The wake handle is closed with the others. */
void worker_finish(struct loop *loop);

/* ---- loop.c */
#define SIGNALS_MAX 16

struct signal_watch {
    uv_signal_t handle;
    void (*fn)(void *user, int signum);
    void *user;
};

struct loop {
    struct clock *clock;
    bool is_virtual, stopped, in_turn;
    int64_t lag_ms;
    struct timers timers;
    struct loop_deferred *first_deferred, *last_deferred;
    size_t deferred_count;
    struct worker worker;
    size_t dying; /* killed children that are not reaped yet */
    struct signal_watch signals[SIGNALS_MAX];
    size_t signal_count;
    uv_loop_t uv;
    uv_idle_t busy;     /* active while something is due: the next turn does not wait */
    uv_timer_t alarm;   /* the next timer that is due later */
    uv_timer_t runtime; /* the end of loop_run_for */
};

/* ---- line_splitter.c: bytes in, lines out */
struct line_splitter {
    void (*on_line)(void *user, char *line, size_t len); /* NULL: no further lines are wanted */
    void *user;
    struct buf line;
};

void line_splitter_init(struct line_splitter *s, void (*on_line)(void *user, char *line, size_t len),
                        void *user);
void line_splitter_finish(struct line_splitter *s);
void line_splitter_put(struct line_splitter *s, const char *bytes, size_t len);
/* End of file: what stands without a newline is a line too. */
void line_splitter_end(struct line_splitter *s);

#endif
