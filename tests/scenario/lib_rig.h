#ifndef SCENARIO_RIG_H
#define SCENARIO_RIG_H
/* The engine between a fake chat and a scripted ECS, in virtual time. rig_kill ends it as kill -9 would: its
 * doors are shut and it is left where it stands; rig_start begins a new one on the same store. */
#include "base/clock.h"
#include "core/engine.h"
#include "lib_chat.h"
#include "lib_ecs.h"
#include "lib_world_door.h"

#define RIG_LIVES   40
#define RIG_SETTLED 32

/* The store as one engine sees it: it can be shut, and can fail. */
struct store_door {
    struct store store; /* first */
    struct rig *rig;
    bool shut;
    bool stale; /* another process has taken the store over: nothing of this one is written any more */
};

struct life {
    struct engine *engine;
    struct chat_door chat;
    struct ecs_door ecs;
    struct world_door world;
    struct store_door store;
    bool ready;
};

struct rig {
    struct clock clock;
    struct loop *loop;
    struct store *store;
    struct config *config;
    struct fake_chat *chat;
    struct script_ecs ecs;
    struct ecs *world; /* instead of the script: the simulated world. Owned. */
    /* May put something between an engine and what it stands on. */
    void (*between)(struct rig *r, struct engine_options *options, struct chat **chat);
    void (*join)(struct rig *r, struct engine *engine); /* further chats of it */
    void *user;                                         /* of between */
    struct life *lives[RIG_LIVES];
    size_t life_count;
    /* what commits do: counted from 1 over all lives */
    int commits;
    int kill_at;       /* shut the doors at this commit … */
    bool kill_applied; /* … after it was carried out (else before) */
    bool killed;
    bool fail_commits;
    int calls;        /* of the world: that change something, over all lives */
    int kill_at_call; /* killed with this one, which is carried out when kill_applied */
    int armed;        /* "acting" that is on disk for certain, whose UpdateService did not leave yet */
    /* places at which something may happen to the machine: before and after each commit and each call */
    int points;
    int act_at;
    void (*act)(struct rig *r);
    int64_t commit_ms;
    int64_t stopped_ms; /* the process is stopped for so long once "acting" is on disk, before it knows */
    /* what was told */
    size_t settled_count;
    struct {
        enum settled how;
        enum operation_state state;
    } settled[RIG_SETTLED];
    int taken, refused_acks;
    char ack[200];
    int asked;
    int64_t wanted_ms; /* true time: when a person last asked for something or pressed a button */
};

/* cmocka's setup and teardown: *state is a rig. */
int rig_setup(void **state);
int rig_teardown(void **state);
/* The last message that was said. */
struct chat_message *rig_newest(struct rig *r);
void rig_init(struct rig *r);
/* The simulated world with this scenario plays ECS. Before rig_start. */
void rig_world(struct rig *r, const char *scenario);
void rig_finish(struct rig *r); /* closes the living engine, and checks that nothing is left open */
void rig_start(struct rig *r);
void rig_kill(struct rig *r);
void rig_close(struct rig *r); /* as the service manager stops it; rig_start begins a new one */
void rig_ask(struct rig *r, const char *text);
void rig_ask_as(struct rig *r, const char *user, const char *text, const char *delivery, int64_t origin_ms);
void rig_click(struct rig *r, const char *user, const char *action, const char *value, const char *message);
void rig_submit(struct rig *r, const struct request *request); /* as an adapter hands it over */
void rig_run(struct rig *r, int64_t ms);
/* The living engine is ended as by kill -9, and its store replaced by this one, which the rig owns then. */
void rig_restore(struct rig *r, struct store *backup);
/* The time that everybody else has, whatever the bot's wall clock says. */
int64_t rig_true_ms(const struct rig *r);
struct life *rig_life(struct rig *r);
/* Runs until that many requests are settled, at most ms. */
void rig_settle(struct rig *r, size_t count, int64_t ms);

#endif
