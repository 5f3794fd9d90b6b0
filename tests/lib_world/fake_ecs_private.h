#ifndef LIB_WORLD_FAKE_ECS_PRIVATE_H
#define LIB_WORLD_FAKE_ECS_PRIVATE_H
/* Inside the fake ECS: fake_ecs.c runs requests and watches, fake_ecs_read.c makes snapshots. */
#include <jansson.h>

#include "fake_ecs.h"
#include "loop/loop.h"
#include "sim/world_ecs.h"

struct fake;

/* A request that waits for its latency. run also serves cancelling, with FAKE_NONE and cancelled set. */
struct pending {
    struct pending *next;
    struct fake *fake;
    struct loop_timer timer;
    void (*run)(struct pending *p, enum fake_fault fault, bool cancelled);
    void *request;
    bool watch, redeploys;
};

struct fake {
    struct ecs ecs; /* first */
    struct fake_ecs_options options;
    struct world_ecs *world;
    struct pending *pending;
    struct snapshot *snapshot; /* of the look that is being delivered */
    struct ecs_watch *seeing;  /* its seen() runs; NULL once it was unwatched meanwhile */
    char (*names)[ECS_NAME];
    uint64_t requests;
    unsigned fail_in, fail_times, redeploy_in;
    enum fake_fault fault, redeploy_fault;
};

int64_t fake_now_ms(const struct fake *f);
/* One call to the world; the caller decrefs the answer. body is taken. */
json_t *fake_call(struct fake *f, const char *action, json_t *body, struct world_answer *ret);
/* What the world answers becomes a part of the snapshot. */
void fake_read_service(struct fake *f, const struct service_ref *ref, struct snapshot *s);
void fake_read_tasks(struct fake *f, const struct service_ref *ref, struct snapshot *s);
void fake_read_history(struct fake *f, const struct service_ref *ref, struct snapshot *s);

#endif
