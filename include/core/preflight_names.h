#ifndef CORE_PREFLIGHT_NAMES_H
#define CORE_PREFLIGHT_NAMES_H
/* What to say when AWS knows no such service or cluster: what was asked, what is there, which name was likely
 * meant. Pure. */
#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "ecs/ecs.h"

#define PREFLIGHT_NAMES_TEXT 650

struct preflight_names {
    const struct config_target *target;
    const struct config_service *service;
    const char *account; /* as AWS said, or as configured; "" = unchecked */
    bool clusters_read;
    size_t cluster_count;
    bool are_clusters; /* the names below are the clusters' (the wanted one is not among them), else services'
                        */
    bool names_read;
    size_t name_count;
    char (*names)[ECS_NAME];
};

/* One or two sentences with the next step. */
void preflight_names_tell(const struct preflight_names *n, char to[PREFLIGHT_NAMES_TEXT]);
/* Is this cluster (a name or an ARN) among the answer's names? An answer that is full may leave it out: yes.
 */
bool preflight_names_has(const struct ecs_names *answer, const char *cluster);

#endif
