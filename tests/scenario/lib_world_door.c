#include "lib_world_door.h"

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

/* A request of the engine's is carried by one of ours, which outlives it. */
#define CARRY(NAME, TYPE)                                                                                    \
    struct carried_##NAME {                                                                                  \
        struct TYPE inner, *outer;                                                                           \
        struct world_door *door;                                                                             \
    };                                                                                                       \
    static void NAME##_came(struct TYPE *r)                                                                  \
    {                                                                                                        \
        struct carried_##NAME *c = r->user;                                                                  \
        if (!c->door->shut) {                                                                                \
            struct TYPE *outer = c->outer;                                                                   \
            void (*done)(struct TYPE *) = outer->done;                                                       \
            void *user = outer->user;                                                                        \
            *outer = *r;                                                                                     \
            outer->done = done;                                                                              \
            outer->user = user;                                                                              \
            done(outer);                                                                                     \
        }                                                                                                    \
        mem_free(c);                                                                                         \
    }                                                                                                        \
    static void NAME(struct ecs *e, struct TYPE *r)                                                          \
    {                                                                                                        \
        struct world_door *d = (struct world_door *)e;                                                       \
        struct carried_##NAME *c = mem_alloc(sizeof(*c));                                                    \
        c->inner = *r;                                                                                       \
        c->inner.done = NAME##_came;                                                                         \
        c->inner.user = c;                                                                                   \
        c->outer = r;                                                                                        \
        c->door = d;                                                                                         \
        d->world->ops->NAME(d->world, &c->inner);                                                            \
    }

/* The same for what changes something: it is counted, and may be the last one. */
#define CARRY_CHANGE(NAME, TYPE)                                                                             \
    CARRY(NAME, TYPE)                                                                                        \
    static void change_##NAME(struct ecs *e, struct TYPE *r)                                                 \
    {                                                                                                        \
        struct world_door *d = (struct world_door *)e;                                                       \
        const bool last = ++d->rig->calls == d->rig->kill_at_call;                                           \
        if (!last || d->rig->kill_applied) {                                                                 \
            NAME(e, r);                                                                                      \
        }                                                                                                    \
        if (last) {                                                                                          \
            rig_kill(d->rig);                                                                                \
        }                                                                                                    \
    }

CARRY(identify, ecs_identify)
CARRY(look, ecs_look)
CARRY(previous, ecs_previous)
CARRY(scaling, ecs_scaling)
CARRY(names, ecs_names)
CARRY(around, ecs_around)
CARRY(tail, ecs_tail)
CARRY_CHANGE(redeploy, ecs_redeploy)
CARRY_CHANGE(stop_task, ecs_stop_task)
CARRY_CHANGE(roll_back, ecs_roll_back)

/* ---- watches */

struct door_watch {
    struct ecs_watch inner, *outer; /* NULL = given up */
    struct world_door *door;
    struct door_watch *next;
};

static void copy_wishes(struct door_watch *w)
{
    if (w->outer != NULL) {
        w->inner.quiet = w->outer->quiet;
        TEXT_COPY(w->inner.rollout_of, w->outer->rollout_of);
    }
}

static bool wants_tasks(struct ecs_watch *inner, const struct snapshot *s)
{
    struct door_watch *w = inner->user;
    return !w->door->shut && w->outer != NULL && w->outer->wants_tasks(w->outer, s);
}

static void seen(struct ecs_watch *inner, const struct snapshot *s)
{
    struct door_watch *w = inner->user;
    if (w->door->shut) {
        w->door->world->ops->unwatch(w->door->world, inner);
    } else if (w->outer != NULL) {
        w->outer->seen(w->outer, s);
        copy_wishes(w);
    }
}

static void watch(struct ecs *e, struct ecs_watch *outer)
{
    struct world_door *d = (struct world_door *)e;
    struct door_watch *w = mem_alloc(sizeof(*w));
    w->inner = (struct ecs_watch){.ref = outer->ref, .seen = seen, .wants_tasks = wants_tasks, .user = w};
    w->outer = outer;
    w->door = d;
    w->next = d->watches;
    d->watches = w;
    outer->private_ = w;
    copy_wishes(w);
    d->world->ops->watch(d->world, &w->inner);
}

static void unwatch(struct ecs *e, struct ecs_watch *outer)
{
    struct world_door *d = (struct world_door *)e;
    struct door_watch *w = outer->private_;
    w->outer = NULL;
    d->world->ops->unwatch(d->world, &w->inner);
}

static const char *endpoint_note(struct ecs *e, int session)
{
    struct world_door *d = (struct world_door *)e;
    return d->world->ops->endpoint_note(d->world, session);
}

static int64_t interval_ms(struct ecs *e, int session)
{
    struct world_door *d = (struct world_door *)e;
    return d->world->ops->interval_ms(d->world, session);
}

void world_door_init(struct world_door *d, struct ecs *world, struct rig *rig)
{
    static const struct ecs_ops ops = {.identify = identify,
                                       .look = look,
                                       .redeploy = change_redeploy,
                                       .stop_task = change_stop_task,
                                       .roll_back = change_roll_back,
                                       .previous = previous,
                                       .scaling = scaling,
                                       .names = names,
                                       .around = around,
                                       .tail = tail,
                                       .watch = watch,
                                       .unwatch = unwatch,
                                       .endpoint_note = endpoint_note,
                                       .interval_ms = interval_ms};
    *d = (struct world_door){.ecs = {.ops = &ops}, .world = world, .rig = rig};
}

/* Every watch was given up, or the world forgets it. */
void world_door_finish(struct world_door *d)
{
    while (d->watches != NULL) {
        struct door_watch *w = d->watches;
        d->watches = w->next;
        if (w->outer != NULL) {
            d->world->ops->unwatch(d->world, &w->inner);
        }
        mem_free(w);
    }
}
