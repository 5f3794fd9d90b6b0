#include "base/clock.h"

#include <assert.h>
#include <time.h>

static int64_t machine_ms(clockid_t id)
{
    struct timespec now;
    const int done = clock_gettime(id, &now);
    assert(done == 0);
    (void)done;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t machine_mono(const struct clock *c)
{
    (void)c;
    return machine_ms(CLOCK_MONOTONIC);
}

static int64_t machine_wall(const struct clock *c)
{
    (void)c;
    return machine_ms(CLOCK_REALTIME);
}

static int64_t machine_boot(const struct clock *c)
{
    (void)c;
#ifdef CLOCK_BOOTTIME
    return machine_ms(CLOCK_BOOTTIME);
#else
    return machine_ms(CLOCK_MONOTONIC);
#endif
}

static int64_t virtual_mono(const struct clock *c)
{
    return c->virtual_ms;
}

static int64_t virtual_wall(const struct clock *c)
{
    return c->virtual_start_ms + c->virtual_ms + c->virtual_wall_ms;
}

static int64_t virtual_boot(const struct clock *c)
{
    return c->virtual_ms + c->virtual_boot_ms;
}

struct clock clock_real(double speed, int64_t epoch_ms)
{
    assert(speed >= 1);
    return (struct clock){.mono = machine_mono,
                          .wall = machine_wall,
                          .boot = machine_boot,
                          .epoch_ms = epoch_ms,
                          .speed = speed};
}

struct clock clock_virtual(int64_t start_ms)
{
    return (struct clock){.mono = virtual_mono,
                          .wall = virtual_wall,
                          .boot = virtual_boot,
                          .epoch_ms = start_ms,
                          .speed = 1,
                          .virtual_start_ms = start_ms};
}

void clock_advance(struct clock *c, int64_t ms)
{
    assert(c->mono == virtual_mono && ms >= 0);
    c->virtual_ms += ms;
}

int64_t clock_mono(const struct clock *c)
{
    return c->mono(c);
}

int64_t clock_wall(const struct clock *c)
{
    return c->wall(c);
}

int64_t clock_boot(const struct clock *c)
{
    return c->boot(c);
}

int64_t clock_world(const struct clock *c)
{
    const int64_t wall = clock_wall(c);
    if (c->speed <= 1) {
        return wall;
    }
    return c->epoch_ms + (int64_t)((double)(wall - c->epoch_ms) * c->speed);
}

int64_t clock_world_to_mono(const struct clock *c, int64_t world_ms)
{
    if (world_ms <= 0 || c->speed <= 1) {
        return world_ms;
    }
    const int64_t ms = (int64_t)((double)world_ms / c->speed);
    return ms < 1 ? 1 : ms;
}
