#ifndef SCENARIO_ECS_H
#define SCENARIO_ECS_H
/* A scripted ECS: what a service shows is a function of the scenario and of the time since UpdateService. It
 * outlives the engines that use it; a door is what one engine holds. Its time is its own: a wall clock that
 * is set wrong on the bot's machine does not move it. */
#include "ecs/ecs.h"
#include "loop/loop.h"

enum script {
    SCRIPT_OK,
    SCRIPT_SLOW,
    SCRIPT_CRASH_LOOP, /* no breaker: for ever */
    SCRIPT_ROLLED_BACK,
    SCRIPT_SUPERSEDED,
};

struct script_ecs {
    struct loop *loop;
    enum script script;
    int running; /* before the restart, = desired */
    const char *controller, *account;
    bool missing, no_clusters, foreign_deployment;
    int crashes; /* of SCRIPT_CRASH_LOOP, one each 100 s */
    int minimum, maximum;
    int64_t poll_ms;
    /* troubles */
    int64_t stale_ms;                   /* reads show the past for so long after UpdateService */
    int64_t blind_from_ms, blind_to_ms; /* since UpdateService: throttled */
    bool lose_reply;                    /* executed, not answered */
    bool drop_call;                     /* not executed, not answered */
    bool overtaken;                     /* another client deploys between the last look and UpdateService */
    bool refuse;                        /* AccessDenied */
    bool blind;                         /* nothing can be read */
    int64_t late_ms;                    /* of the first call: not answered, and executed so long afterwards */
    int64_t foreign_ms;                 /* of the first call: another client deploys so long afterwards */
    void (*point)(void *user);          /* told before and after each call that is not a poll */
    void (*sending)(void *user);        /* told of each UpdateService as it leaves */
    void *user;
    int64_t answer_ms; /* how long reads take */
    int64_t tail_ms;   /* how long a log takes */
    /* what happened */
    int sent;        /* UpdateService */
    int redeploys;   /* executed */
    int64_t sent_ms; /* by the world's own clock: the last one */
    int last_desired;
    int64_t redeployed_ms; /* world */
    int looks;
    /* inside */
    int64_t epoch_ms;
    const char *newest;
    struct loop_timer later;
};

struct ecs_door {
    struct ecs ecs; /* first */
    struct script_ecs *fake;
    bool shut;
    struct ecs_watch *watches;
    struct loop_timer poll;
    struct snapshot *scratch;
};

void script_ecs_init(struct script_ecs *f, struct loop *loop);
/* What was dropped is executed after all: a deployment begins. */
void script_ecs_execute(struct script_ecs *f);
void ecs_door_init(struct ecs_door *d, struct script_ecs *f);
void ecs_door_finish(struct ecs_door *d);

#define OLD_DEPLOYMENT   "ecs-svc/1111111111111111111"
#define NEW_DEPLOYMENT   "ecs-svc/2222222222222222222"
#define OTHER_DEPLOYMENT "ecs-svc/3333333333333333333"
#define AGAIN_DEPLOYMENT "ecs-svc/4444444444444444444"

#endif
