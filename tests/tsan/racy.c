/* A bad sample: the loop's thread and its worker write to one number, and nothing stands between them. */
#include <stdio.h>

#include "base/clock.h"
#include "loop/loop.h"

static long counted;

static void count(struct loop_work *w)
{
    (void)w;
    for (int at = 0; at < 100000; at++) {
        counted++;
    }
}

static void done(struct loop_work *w)
{
    (void)w;
}

int main(void)
{
    struct clock clock = clock_real(1, 0);
    struct loop *loop = loop_create(&clock);
    struct loop_work work = {.run = count, .done = done};
    loop_work(loop, &work);
    count(&work); /* should wait for done */
    loop_run(loop);
    printf("%ld\n", counted);
    return loop_destroy(loop);
}
