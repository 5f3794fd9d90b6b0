#include "lib_counts.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"
#include "sim/world_ecs.h"
#include "store/store.h"

#define DOOR_WATCHES 16

/* ---- the door: a dead engine starts nothing any more; what it started goes on, as at AWS */

struct world_door {
    struct ecs ecs; /* first */
    struct rig *rig;
    struct life *life;
    struct ecs_watch *watches[DOOR_WATCHES];
};

static struct world_door *doors[RIG_LIVES];
static size_t door_count;

static struct ecs *behind(struct ecs *e)
{
    const struct world_door *d = (struct world_door *)e;
    return d->life->store.shut ? NULL : d->rig->world;
}

#define DOOR(name, type)                                                                                     \
    static void name(struct ecs *e, struct type *r)                                                          \
    {                                                                                                        \
        struct ecs *world = behind(e);                                                                       \
        if (world != NULL) {                                                                                 \
            world->ops->name(world, r);                                                                      \
        }                                                                                                    \
    }
DOOR(identify, ecs_identify)
DOOR(look, ecs_look)
DOOR(redeploy, ecs_redeploy)
DOOR(stop_task, ecs_stop_task)
DOOR(roll_back, ecs_roll_back)
DOOR(previous, ecs_previous)
DOOR(scaling, ecs_scaling)
DOOR(names, ecs_names)
DOOR(around, ecs_around)
DOOR(tail, ecs_tail)

/* The place of this watch; of NULL: a free one. */
static struct ecs_watch **place_of(struct world_door *d, const struct ecs_watch *w)
{
    size_t i = 0;
    while (i < DOOR_WATCHES && d->watches[i] != w) {
        i++;
    }
    assert_true(i < DOOR_WATCHES);
    return &d->watches[i];
}

static void watch(struct ecs *e, struct ecs_watch *w)
{
    struct ecs *world = behind(e);
    if (world != NULL) {
        *place_of((struct world_door *)e, NULL) = w;
        world->ops->watch(world, w);
    }
}

static void unwatch(struct ecs *e, struct ecs_watch *w)
{
    struct ecs *world = behind(e);
    if (world != NULL) {
        *place_of((struct world_door *)e, w) = NULL;
        world->ops->unwatch(world, w);
    }
}

static const char *endpoint_note(struct ecs *e, int session)
{
    (void)e;
    (void)session;
    return "";
}

static int64_t interval_ms(struct ecs *e, int session)
{
    (void)e;
    (void)session;
    return 5000;
}

static const struct ecs_ops door_ops = {
    .identify = identify,
    .look = look,
    .redeploy = redeploy,
    .stop_task = stop_task,
    .roll_back = roll_back,
    .previous = previous,
    .scaling = scaling,
    .names = names,
    .around = around,
    .tail = tail,
    .watch = watch,
    .unwatch = unwatch,
    .endpoint_note = endpoint_note,
    .interval_ms = interval_ms,
};

static void between(struct rig *r, struct engine_options *options, struct chat **chat)
{
    (void)chat;
    struct world_door *d = mem_alloc(sizeof(*d));
    assert_true(door_count < RIG_LIVES);
    doors[door_count++] = d;
    *d = (struct world_door){.ecs = {.ops = &door_ops}, .rig = r, .life = rig_life(r)};
    options->ecs = &d->ecs;
}

static void add_everyone(struct principals *p)
{
    p->list[p->count++].kind = PRINCIPAL_ANY;
    p->set = true;
}

void counts_world(struct rig *r, const char *scenario)
{
    rig_world(r, scenario);
    r->between = between;
    add_everyone(&r->config->targets[0].downtime);
}

void counts_finish(void)
{
    while (door_count > 0) {
        mem_free(doors[--door_count]);
    }
}

/* ---- asking */

static struct chat_message *open_question(struct rig *r)
{
    for (size_t i = r->chat->count; i-- > 0;) {
        struct chat_message *m = &r->chat->messages[i];
        if (m->card.button_count > 1) {
            return m;
        }
    }
    return NULL;
}

void counts_yes(struct rig *r, const char *user)
{
    struct chat_message *m = open_question(r);
    if (m == NULL) {
        fail_msg("no question is open; the newest message: %s / %s", rig_newest(r)->card.title,
                 rig_newest(r)->card.lines[0]);
        return;
    }
    rig_click(r, user, "confirm", m->card.buttons[1].value, m->id);
}

void counts_confirm(struct rig *r, const char *text)
{
    rig_ask(r, text);
    for (int i = 0; i < 15 && open_question(r) == NULL && !r->killed; i++) {
        rig_run(r, 1000);
    }
    rig_run(r, 100);
    if (!r->killed) {
        counts_yes(r, "ana");
        rig_run(r, 100);
    }
}

/* ---- the world as others see it and change it */

static json_t *ask_world(struct rig *r, const char *action, json_t *body)
{
    struct world_answer a;
    world_ecs_call(fake_ecs_world(r->world), clock_world(&r->clock), action, body, &a);
    json_decref(body);
    assert_int_equal(a.status, 200);
    return a.body;
}

int counts_desired(struct rig *r, const char *service)
{
    json_t *answer = ask_world(r, "DescribeServices",
                               json_pack("{s:s, s:[s]}", "cluster", WORLD_CLUSTER, "services", service));
    const int desired = (int)jsonx_int(answer, "services.0.desiredCount", -1);
    json_decref(answer);
    return desired;
}

const char *counts_switches(struct rig *r, const char *service)
{
    static char text[4];
    char resource[200];
    TEXT_FORMAT(resource, "service/" WORLD_CLUSTER "/%s", service);
    json_t *answer = ask_world(r, "DescribeScalableTargets",
                               json_pack("{s:s, s:[s]}", "ServiceNamespace", "ecs", "ResourceIds", resource));
    const json_t *state = jsonx_at(answer, "ScalableTargets.0.SuspendedState");
    TEXT_COPY(text, "-");
    if (state != NULL) {
        TEXT_FORMAT(text, "%d%d%d", jsonx_bool(state, "DynamicScalingInSuspended", false),
                    jsonx_bool(state, "DynamicScalingOutSuspended", false),
                    jsonx_bool(state, "ScheduledScalingSuspended", false));
    }
    json_decref(answer);
    return text;
}

void counts_set(struct rig *r, const char *service, int desired)
{
    json_decref(ask_world(
        r, "UpdateService",
        json_pack("{s:s, s:s, s:i}", "cluster", WORLD_CLUSTER, "service", service, "desiredCount", desired)));
}

void counts_suspend(struct rig *r, const char *service, bool in, bool out, bool scheduled)
{
    char resource[200];
    TEXT_FORMAT(resource, "service/" WORLD_CLUSTER "/%s", service);
    json_decref(
        ask_world(r, "RegisterScalableTarget",
                  json_pack("{s:s, s:s, s:s, s:{s:b, s:b, s:b}}", "ServiceNamespace", "ecs", "ResourceId",
                            resource, "ScalableDimension", "ecs:service:DesiredCount", "SuspendedState",
                            "DynamicScalingInSuspended", in, "DynamicScalingOutSuspended", out,
                            "ScheduledScalingSuspended", scheduled)));
}

static void counted(struct store_loaded *l)
{
    size_t *count = l->user;
    for (size_t i = 0; i < l->memo_count; i++) {
        *count += strcmp(l->memos[i].kind, "count") == 0;
    }
}

size_t counts_memos(struct rig *r)
{
    size_t count = 0;
    struct store_loaded l = {.done = counted, .user = &count};
    r->store->ops->load(r->store, &l);
    rig_run(r, 10);
    return count;
}

bool counts_revive(struct rig *r, int64_t away)
{
    const bool killed = r->killed;
    r->kill_at = 0;
    for (size_t i = 0; killed && i < door_count; i++) {
        for (size_t k = 0; doors[i]->life->store.shut && k < DOOR_WATCHES; k++) {
            if (doors[i]->watches[k] != NULL) { /* the dead look at nothing */
                r->world->ops->unwatch(r->world, doors[i]->watches[k]);
                doors[i]->watches[k] = NULL;
            }
        }
    }
    if (killed) {
        rig_run(r, away);
        rig_start(r);
    }
    return killed;
}
