#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
/* Four clocks, passed as a parameter. All in milliseconds.
 *   mono   never goes back, stands still while the machine is suspended: timers, pacing, deadlines of calls
 *   boot   never goes back and goes on while the machine is suspended: how long a person's word holds
 *   wall   since 1970, as the machine believes: SigV4, expiry of questions and credentials, origin of
 * requests world  since 1970, the world that is followed: createdAt, polling, follow.*, elapsed. It is wall,
 * unless a rehearsal runs it faster: world = epoch + (wall - epoch) * speed. People's deadlines never use it.
 */
#include <stdint.h>

struct clock {
    int64_t (*mono)(const struct clock *c);
    int64_t (*wall)(const struct clock *c);
    int64_t (*boot)(const struct clock *c);
    int64_t epoch_ms;   /* wall time at which world and wall were equal; used only when speed != 1 */
    double speed;       /* 1 in earnest */
    int64_t virtual_ms; /* of a virtual clock: mono since 0; see clock_virtual */
    int64_t virtual_start_ms;
    int64_t virtual_wall_ms; /* by how much the virtual wall was set forward; may be changed at any time */
    int64_t virtual_boot_ms; /* how long the virtual machine was suspended; may only grow */
};

/* The machine's clocks. speed 1, or more in a rehearsal that began at wall time epoch_ms. */
struct clock clock_real(double speed, int64_t epoch_ms);
/* A clock that stands still until clock_advance: mono starts at 0, wall at start_ms, speed 1. */
struct clock clock_virtual(int64_t start_ms);
void clock_advance(struct clock *c, int64_t ms);

int64_t clock_mono(const struct clock *c);
int64_t clock_wall(const struct clock *c);
int64_t clock_boot(const struct clock *c);
int64_t clock_world(const struct clock *c);
/* How long on the mono clock a span of world time takes; at least 1 ms for a positive span. */
int64_t clock_world_to_mono(const struct clock *c, int64_t world_ms);

#endif
