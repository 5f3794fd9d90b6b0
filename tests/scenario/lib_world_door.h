#ifndef SCENARIO_WORLD_DOOR_H
#define SCENARIO_WORLD_DOOR_H
/* The simulated world as one engine sees it: the door can be shut, as by kill -9, while the world lives on.
 * Changing calls are counted over all lives, and one of them can be the last that a life makes. */
#include "ecs/ecs.h"

struct rig;
struct door_watch;
struct world_door {
    struct ecs ecs; /* first */
    struct ecs *world;
    struct rig *rig;
    bool shut;
    struct door_watch *watches;
};

void world_door_init(struct world_door *d, struct ecs *world, struct rig *rig);
void world_door_finish(struct world_door *d);

#endif
