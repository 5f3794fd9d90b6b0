/* A turn runs the deferred calls that were queued before it, in order, then the timers that are due and were
 * armed before it. What a callback adds waits for the next turn, so that no chain of callbacks keeps the
 * descriptors from being looked at.
 *
 * A real loop takes its turns in libuv: `busy` (an idle handle) is active while a turn has something to do at
 * once, `alarm` (a timer) wakes it for what is due later. A virtual loop takes a turn after the other and,
 * when a turn would have nothing to do, moves its clock to the next timer. */
#include "loop/loop.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop_private.h"

/* ---- turns */

static bool something_due(const struct loop *loop)
{
    const struct loop_timer *first = timers_first(&loop->timers);
    return loop->first_deferred != NULL || (first != NULL && first->due_ms <= clock_mono(loop->clock));
}

static void take_turn(struct loop *loop);

static void on_busy(uv_idle_t *handle)
{
    take_turn(handle->data);
}

static void on_alarm(uv_timer_t *handle)
{
    take_turn(handle->data);
}

/* Tells libuv when the next turn is wanted. */
static void schedule(struct loop *loop)
{
    if (loop->is_virtual || loop->in_turn) {
        return;
    }
    if (something_due(loop)) {
        uv_idle_start(&loop->busy, on_busy);
        uv_timer_stop(&loop->alarm);
        return;
    }
    uv_idle_stop(&loop->busy);
    const struct loop_timer *first = timers_first(&loop->timers);
    if (first == NULL) {
        uv_timer_stop(&loop->alarm);
        return;
    }
    /* libuv counts from its own idea of now, and rounds it: never 0, a turn too early only asks again. */
    const int64_t wait = first->due_ms - clock_mono(loop->clock);
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->alarm, on_alarm, wait < 1 ? 1 : (uint64_t)wait, 0);
}

static void run_deferred(struct loop *loop)
{
    for (size_t n = loop->deferred_count; n > 0 && loop->first_deferred != NULL && !loop->stopped; n--) {
        struct loop_deferred *d = loop->first_deferred;
        loop_defer_cancel(loop, d);
        d->run(d);
    }
}

static void run_timers(struct loop *loop)
{
    const uint64_t newest = loop->timers.sequence;
    while (!loop->stopped) {
        struct loop_timer *t = timers_first(&loop->timers);
        const int64_t now = clock_mono(loop->clock);
        if (t == NULL || t->due_ms > now || t->sequence > newest) {
            return;
        }
        if (now - t->due_ms > loop->lag_ms) {
            loop->lag_ms = now - t->due_ms;
        }
        timers_remove(&loop->timers, t);
        t->fire(t);
    }
}

static void take_turn(struct loop *loop)
{
    assert(!loop->in_turn);
    loop->in_turn = true;
    run_deferred(loop);
    run_timers(loop);
    loop->in_turn = false;
    schedule(loop);
}

/* ---- running */

/* Runs a virtual loop until it is stopped, has nothing to do, or would pass end_ms. */
static void run_virtual(struct loop *loop, int64_t end_ms)
{
    while (!loop->stopped) {
        if (something_due(loop)) {
            take_turn(loop);
            continue;
        }
        const struct loop_timer *first = timers_first(&loop->timers);
        if (first == NULL || first->due_ms > end_ms) {
            break;
        }
        clock_advance(loop->clock, first->due_ms - clock_mono(loop->clock));
    }
}

void loop_run(struct loop *loop)
{
    if (loop->is_virtual) {
        run_virtual(loop, INT64_MAX);
    } else {
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    }
    loop->stopped = false;
}

static void on_runtime(uv_timer_t *handle)
{
    loop_stop(handle->data);
}

/* now + ms, where ms may be "never". */
static int64_t later(int64_t now, int64_t ms)
{
    return ms < 0 ? now : ms > INT64_MAX - now ? INT64_MAX : now + ms;
}

void loop_run_for(struct loop *loop, int64_t ms)
{
    if (loop->is_virtual) {
        const int64_t end = later(clock_mono(loop->clock), ms);
        run_virtual(loop, end);
        if (!loop->stopped && end > clock_mono(loop->clock)) {
            clock_advance(loop->clock, end - clock_mono(loop->clock));
        }
    } else {
        uv_update_time(&loop->uv);
        uv_timer_start(&loop->runtime, on_runtime, ms < 0 ? 0 : (uint64_t)ms, 0);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        uv_timer_stop(&loop->runtime);
    }
    loop->stopped = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
    if (!loop->is_virtual) {
        uv_stop(&loop->uv);
    }
}

struct clock *loop_clock(struct loop *loop)
{
    return loop->clock;
}

int64_t loop_now(struct loop *loop)
{
    return clock_mono(loop->clock);
}

int64_t loop_take_lag(struct loop *loop)
{
    const int64_t lag = loop->lag_ms;
    loop->lag_ms = 0;
    return lag;
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
    return loop->is_virtual ? NULL : &loop->uv;
}

/* ---- deferred calls */

void loop_defer(struct loop *loop, struct loop_deferred *d)
{
    if (d->queued) {
        return;
    }
    d->queued = true;
    d->next = NULL;
    d->prev = loop->last_deferred;
    *(d->prev == NULL ? &loop->first_deferred : &d->prev->next) = d;
    loop->last_deferred = d;
    loop->deferred_count++;
    schedule(loop);
}

void loop_defer_cancel(struct loop *loop, struct loop_deferred *d)
{
    if (!d->queued) {
        return;
    }
    *(d->prev == NULL ? &loop->first_deferred : &d->prev->next) = d->next;
    *(d->next == NULL ? &loop->last_deferred : &d->next->prev) = d->prev;
    d->next = d->prev = NULL;
    d->queued = false;
    loop->deferred_count--;
    schedule(loop);
}

/* ---- timers */

void loop_timer_start(struct loop *loop, struct loop_timer *t, int64_t ms)
{
    if (t->index != 0) {
        timers_remove(&loop->timers, t);
    }
    timers_add(&loop->timers, t, later(clock_mono(loop->clock), ms));
    schedule(loop);
}

void loop_timer_start_world(struct loop *loop, struct loop_timer *t, int64_t world_ms)
{
    loop_timer_start(loop, t, clock_world_to_mono(loop->clock, world_ms));
}

void loop_timer_stop(struct loop *loop, struct loop_timer *t)
{
    if (t->index == 0) {
        return;
    }
    timers_remove(&loop->timers, t);
    schedule(loop);
}

bool loop_timer_armed(const struct loop_timer *t)
{
    return t->index != 0;
}

/* ---- signals */

static void on_signal(uv_signal_t *handle, int signum)
{
    const struct signal_watch *watch = handle->data;
    watch->fn(watch->user, signum);
}

void loop_on_signal(struct loop *loop, int signum, void (*fn)(void *user, int signum), void *user)
{
    assert(!loop->is_virtual && loop->signal_count < SIGNALS_MAX);
    for (size_t i = 0; i < loop->signal_count; i++) {
        assert(loop->signals[i].handle.signum != signum);
    }
    struct signal_watch *watch = &loop->signals[loop->signal_count++];
    *watch = (struct signal_watch){.fn = fn, .user = user};
    uv_signal_init(&loop->uv, &watch->handle);
    watch->handle.data = watch;
    const int failed = uv_signal_start(&watch->handle, on_signal, signum);
    assert(failed == 0);
    (void)failed;
    uv_unref((uv_handle_t *)&watch->handle); /* waiting for a signal alone is no reason to go on */
}

/* ---- life */

static struct loop *create(struct clock *clock, bool is_virtual)
{
    struct loop *loop = mem_alloc(sizeof(*loop));
    loop->clock = clock;
    loop->is_virtual = is_virtual;
    return loop;
}

struct loop *loop_create_virtual(struct clock *clock)
{
    return create(clock, true);
}

struct loop *loop_create(struct clock *clock)
{
    struct loop *loop = create(clock, false);
    signal(SIGPIPE, SIG_IGN); /* a peer that went away is an error code, not the end of the program */
    const int failed = uv_loop_init(&loop->uv);
    assert(failed == 0);
    (void)failed;
    uv_idle_init(&loop->uv, &loop->busy);
    uv_timer_init(&loop->uv, &loop->alarm);
    uv_timer_init(&loop->uv, &loop->runtime);
    uv_unref((uv_handle_t *)&loop->runtime);
    loop->busy.data = loop->alarm.data = loop->runtime.data = loop;
    return loop;
}

static void close_left_open(uv_handle_t *handle, void *arg)
{
    int *left = arg;
    if (!uv_is_closing(handle)) {
        (*left)++;
        fprintf(stderr, "loop: left open: handle %s %p\n", uv_handle_type_name(handle->type), (void *)handle);
        uv_close(handle, NULL);
    }
}

/* Closes our own handles, lets closings of others finish, then closes by force what is left. */
static int close_handles(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->busy, NULL);
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    uv_close((uv_handle_t *)&loop->runtime, NULL);
    if (loop->worker.started) {
        uv_close((uv_handle_t *)&loop->worker.wake, NULL);
    }
    for (size_t i = 0; i < loop->signal_count; i++) {
        uv_close((uv_handle_t *)&loop->signals[i].handle, NULL);
    }
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    while (loop->dying > 0) {
        uv_run(&loop->uv, UV_RUN_ONCE);
    }
    int left = 0;
    uv_walk(&loop->uv, close_left_open, &left);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop->uv) != 0) {
        left++;
        fprintf(stderr, "loop: left open: a handle or request that would not end\n");
    }
    return left;
}

int loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return 0;
    }
    worker_finish(loop);
    loop->in_turn = true; /* no turn comes any more: what is armed from here on is counted below */
    int left = loop->is_virtual ? 0 : close_handles(loop);
    while (timers_first(&loop->timers) != NULL) {
        struct loop_timer *t = timers_first(&loop->timers);
        fprintf(stderr, "loop: left open: timer %p, due in %lld ms\n", (void *)t,
                (long long)(t->due_ms - clock_mono(loop->clock)));
        timers_remove(&loop->timers, t);
        left++;
    }
    while (loop->first_deferred != NULL) {
        fprintf(stderr, "loop: left open: deferred call %p\n", (void *)loop->first_deferred);
        loop_defer_cancel(loop, loop->first_deferred);
        left++;
    }
    timers_finish(&loop->timers);
    mem_free(loop);
    return left;
}
