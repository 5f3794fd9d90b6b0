#ifndef ECS_REVISION_H
#define ECS_REVISION_H
/* What earlier service deployments brought: questions and answers of ListServiceDeployments and
 * DescribeServiceRevisions. Pure. */
#include <jansson.h>

#include "ecs/ecs.h"

#define REVISION_ROWS 100 /* a page of ListServiceDeployments */
#define REVISION_STEP 20  /* DescribeServiceRevisions takes so many */

/* A service deployment that was successful. */
struct revision_row {
    char arn[ECS_NAME * 2]; /* of its service revision */
    int64_t finished_ms;
    char task_definition[ECS_NAME]; /* "family:revision"; "" = not known (yet) */
};

struct revisions {
    size_t count; /* newest first */
    struct revision_row rows[REVISION_ROWS];
};

/* Body of ListServiceDeployments: the successful ones. Caller decrefs. */
json_t *revision_ask_history(const struct service_ref *ref);
/* False when the answer is none. */
bool revision_read_history(const json_t *answer, struct revisions *ret);
/* Body of DescribeServiceRevisions for REVISION_STEP rows from that one on. Caller decrefs. */
json_t *revision_ask(const struct revisions *r, size_t from);
bool revision_read(const json_t *answer, struct revisions *r);
/* The newest that brought another task definition; NULL when none did, as far as is known. */
const struct revision_row *revision_other(const struct revisions *r, const char *current);

#endif
