#ifndef LIB_WORLD_FAKE_ECS_PRIVATE_H
#define LIB_WORLD_FAKE_ECS_PRIVATE_H
/* Inside the fake ECS: fake_ecs.c runs requests and watches, fake_ecs_read.c makes snapshots,
 * fake_ecs_around.c what stands around a service, and tails of logs. */
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
/* After the service. */
void fake_read_targets(struct fake *f, struct snapshot *s);
/* After the history, in which it is looked for. */
void fake_read_rollout(struct fake *f, const char *deployment_id, struct snapshot *s);
enum ecs_absence fake_absence(const struct world_answer *a);

/* fake_ecs.c */
struct pending *fake_start(struct ecs *e, void *request,
                           void (*run)(struct pending *p, enum fake_fault fault, bool cancelled));
void fake_set_err(struct err *err, enum fake_fault fault, bool cancelled);
enum ecs_absence fake_fault_absence(enum fake_fault fault, const char **ret_why);

/* fake_ecs_around.c */
void fake_around(struct ecs *e, struct ecs_around *r);
void fake_tail(struct ecs *e, struct ecs_tail *r);

#endif
