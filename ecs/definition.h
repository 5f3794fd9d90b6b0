#ifndef ECS_DEFINITION_H
#define ECS_DEFINITION_H
/* Task definitions, of which images and log options are all that is read: their `environment` holds passwords
 * in clear (CloudTAK's database URL), so nothing else of an answer is kept, shown or logged. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ecs/ecs.h"

#define DEFINITION_CONTAINERS 10 /* what ECS allows */

struct definition_container {
    char name[64];
    char image[ECS_REASON];
    char log_driver[32]; /* "" = none configured */
    char log_group[ECS_REASON], log_prefix[ECS_NAME], log_region[32];
};

struct definition {
    bool inactive; /* de-registered: no service can go to it any more. Not kept: it changes */
    size_t container_count;
    struct definition_container containers[DEFINITION_CONTAINERS];
};

/* An answer of DescribeTaskDefinition. False when it names no container. */
bool definition_decode(const json_t *answer, struct definition *ret);
/* Its images, and whether it can be gone to. */
void definition_tell(const struct definition *d, struct ecs_previous *r);
/* By name; "" = the first one. NULL when there is none. */
const struct definition_container *definition_container(const struct definition *d, const char *name);

/* ---- those that were read lately, by session and "family:revision": a revision never changes */
struct definitions;
struct definitions *definitions_create(void);
void definitions_destroy(struct definitions *all);
/* NULL when it is not known. Valid until the next definitions_keep. */
const struct definition *definitions_find(const struct definitions *all, int session, const char *name);
void definitions_keep(struct definitions *all, int session, const char *name, const struct definition *d);

#endif
