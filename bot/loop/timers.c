#include <assert.h>

#include "base/mem.h"
#include "loop_private.h"

#define TIMERS_MAX (1U << 20)

static bool before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->sequence < b->sequence;
}

static void place(struct timers *timers, struct loop_timer *t, uint32_t index)
{
    timers->heap[index] = t;
    t->index = index;
}

static void sift_up(struct timers *timers, struct loop_timer *t, uint32_t index)
{
    while (index > 1 && before(t, timers->heap[index / 2])) {
        place(timers, timers->heap[index / 2], index);
        index /= 2;
    }
    place(timers, t, index);
}

static void sift_down(struct timers *timers, struct loop_timer *t, uint32_t index)
{
    for (;;) {
        uint32_t child = 2 * index;
        if (child > timers->count) {
            break;
        }
        if (child < timers->count && before(timers->heap[child + 1], timers->heap[child])) {
            child++;
        }
        if (!before(timers->heap[child], t)) {
            break;
        }
        place(timers, timers->heap[child], index);
        index = child;
    }
    place(timers, t, index);
}

void timers_finish(struct timers *timers)
{
    mem_free(timers->heap);
    *timers = (struct timers){0};
}

void timers_add(struct timers *timers, struct loop_timer *t, int64_t due_ms)
{
    assert(t->index == 0 && timers->count < TIMERS_MAX);
    t->due_ms = due_ms;
    t->sequence = ++timers->sequence;
    if (timers->count + 1 >= timers->cap) {
        timers->cap = timers->cap == 0 ? 64 : 2 * timers->cap;
        timers->heap = mem_resize(timers->heap, timers->cap * sizeof(struct loop_timer *));
    }
    timers->count++;
    sift_up(timers, t, timers->count);
}

void timers_remove(struct timers *timers, struct loop_timer *t)
{
    const uint32_t index = t->index;
    assert(index > 0 && index <= timers->count && timers->heap[index] == t);
    struct loop_timer *last = timers->heap[timers->count--];
    t->index = 0;
    if (last == t) {
        return;
    }
    /* The last one takes the free place, and moves the one way or the other. */
    if (index > 1 && before(last, timers->heap[index / 2])) {
        sift_up(timers, last, index);
    } else {
        sift_down(timers, last, index);
    }
}

struct loop_timer *timers_first(const struct timers *timers)
{
    return timers->count == 0 ? NULL : timers->heap[1];
}
