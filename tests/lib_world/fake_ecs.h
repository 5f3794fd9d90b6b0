#ifndef LIB_WORLD_FAKE_ECS_H
#define LIB_WORLD_FAKE_ECS_H
/* A struct ecs over the simulated world, for tests in virtual time. Answers pass through the bot's own
 * decoders, so that those are tested too; time, latency and polling run on the loop's clock. Calls can be
 * made to fail. */
#include <stdint.h>

#include "ecs/ecs.h"

struct loop;
struct world_ecs;

struct fake_ecs_options {
    struct loop *loop;
    const char *scenario; /* NULL = "ok" */
    uint64_t seed;
    int64_t latency_ms;          /* of each request; 0 = 20 */
    int64_t active_ms, quiet_ms; /* world time between two looks of a watch; 0 = 5,000 and 15,000 */
};
struct ecs *fake_ecs_create(const struct fake_ecs_options *options);
/* Requests that run end first (cancelled), watches are forgotten. Accepts NULL. */
void fake_ecs_destroy(struct ecs *e);
/* To look at, and to act on as somebody else would. */
struct world_ecs *fake_ecs_world(struct ecs *e);

/* What can go wrong with a call. */
enum fake_fault {
    FAKE_NONE,
    FAKE_REFUSED,     /* AccessDeniedException: not executed */
    FAKE_THROTTLED,   /* after its retries: not executed */
    FAKE_EXPIRED,     /* credentials */
    FAKE_UNREACHABLE, /* never left: not executed, and known not to be */
    FAKE_LOST_BEFORE, /* no answer; not executed, but nobody can know: uncertain */
    FAKE_LOST_AFTER,  /* no answer; executed: uncertain */
    FAKE_LOST_LATE,   /* no answer; executed five seconds after that: uncertain */
};
/* The n-th request from now (1 = the next) and the `times` - 1 after it fail so. Requests are identify, look,
 * redeploy, stop_task, roll_back, previous, scaling, names, around, tail, and each round of a watch. A new
 * plan replaces the old one. */
void fake_ecs_fail(struct ecs *e, unsigned nth, unsigned times, enum fake_fault fault);
/* Only the n-th next call of that kind, whatever comes between. Each kind has its own plan. */
enum fake_call {
    FAKE_OTHERS,
    FAKE_REDEPLOY,
    FAKE_STOP_TASK,
    FAKE_ROLL_BACK,
    FAKE_PREVIOUS,
    FAKE_SCALING_READ,
    FAKE_SCALING_SET,
    FAKE_CALLS
};
void fake_ecs_fail_only(struct ecs *e, enum fake_call call, unsigned nth, enum fake_fault fault);
/* Only the n-th next redeploy. */
void fake_ecs_fail_redeploy(struct ecs *e, unsigned nth, enum fake_fault fault);
/* Requests so far. */
uint64_t fake_ecs_requests(const struct ecs *e);
/* UpdateService as the world saw it. */
uint64_t fake_ecs_updates(const struct ecs *e);

#endif
