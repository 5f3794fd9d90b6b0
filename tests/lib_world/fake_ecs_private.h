#ifndef LIB_WORLD_FAKE_ECS_PRIVATE_H
#define LIB_WORLD_FAKE_ECS_PRIVATE_H
/* Inside the fake ECS: fake_ecs.c runs requests and watches, fake_ecs_read.c makes snapshots,
 * fake_ecs_around.c what stands around a service, and tails of logs, fake_ecs_change.c what changes
 * something, fake_ecs_plan.c what ran before, and autoscaling. */
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
    enum fake_call call;
    bool watch;
};

/* What AWS executes after nobody waits for its answer any more. */
struct late {
    struct late *next;
    struct fake *fake;
    struct loop_timer timer;
    const char *action;
    json_t *body;
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
    unsigned fail_in, fail_times;
    enum fake_fault fault;
    struct fake_plan {
        unsigned in; /* 0 = none */
        enum fake_fault fault;
    } plans[FAKE_CALLS];
    struct late *late;
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

bool fake_is_uncertain(enum fake_fault fault);
void fake_answer_err(const struct world_answer *a, struct err *err); /* what the world refused */

/* fake_ecs_change.c */
void fake_redeploy(struct ecs *e, struct ecs_redeploy *r);
void fake_stop_task(struct ecs *e, struct ecs_stop_task *r);
void fake_roll_back(struct ecs *e, struct ecs_roll_back *r);
/* A call that changes something, with its fault; body is taken. False, with err and *ret_uncertain, when its
 * answer is not to be had or a refusal, which a->body then shows. The caller decrefs a->body, if any. */
bool fake_change(struct pending *p, enum fake_fault fault, bool cancelled, const char *action, json_t *body,
                 struct world_answer *a, struct err *err, bool *ret_uncertain);
void fake_late_drop(struct fake *f);

/* fake_ecs_plan.c */
void fake_previous(struct ecs *e, struct ecs_previous *r);
void fake_scaling(struct ecs *e, struct ecs_scaling *r);

/* fake_ecs_around.c */
void fake_around(struct ecs *e, struct ecs_around *r);
void fake_tail(struct ecs *e, struct ecs_tail *r);

#endif
