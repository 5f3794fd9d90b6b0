/* Successful service deployments and the task definitions they brought. */
#include "revision.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"

json_t *revision_ask_history(const struct service_ref *ref)
{
    return json_pack("{s:s, s:s, s:[s], s:i}", "cluster", ref->cluster, "service", ref->service, "status",
                     "SUCCESSFUL", "maxResults", REVISION_ROWS);
}

static int newest_first(const void *a, const void *b)
{
    const struct revision_row *one = a, *other = b;

    return one->finished_ms > other->finished_ms ? -1 : one->finished_ms < other->finished_ms;
}

bool revision_read_history(const json_t *answer, struct revisions *ret)
{
    const json_t *list = jsonx_at(answer, "serviceDeployments");

    if (!json_is_array(list))
        return false;
    ret->count = 0;
    for (size_t i = 0; i < json_array_size(list) && ret->count < REVISION_ROWS; i++) {
        const json_t *one = json_array_get(list, i);
        struct revision_row *row = &ret->rows[ret->count];

        /* an endpoint may ignore the filter */
        if (!text_equal(jsonx_text(one, "status"), "SUCCESSFUL"))
            continue;
        TEXT_COPY(row->arn, jsonx_text(one, "targetServiceRevisionArn"));
        row->finished_ms = jsonx_seconds_to_ms(one, "finishedAt", 0);
        row->task_definition[0] = '\0';
        ret->count += row->arn[0] != '\0';
    }
    qsort(ret->rows, ret->count, sizeof ret->rows[0], newest_first);
    return true;
}

json_t *revision_ask(const struct revisions *r, size_t from)
{
    json_t *arns = json_array();

    for (size_t i = from; i < r->count && i < from + REVISION_STEP; i++)
        json_array_append_new(arns, json_string(r->rows[i].arn));
    return json_pack("{s:o}", "serviceRevisionArns", arns);
}

/* "arn:…:task-definition/family:revision" -> "family:revision" */
static const char *last_part(const char *arn)
{
    const char *slash = strrchr(arn, '/');

    return slash ? slash + 1 : arn;
}

bool revision_read(const json_t *answer, struct revisions *r)
{
    const json_t *list = jsonx_at(answer, "serviceRevisions");

    if (!json_is_array(list))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *arn = jsonx_text(one, "serviceRevisionArn");

        for (size_t k = 0; k < r->count; k++)
            if (text_equal(r->rows[k].arn, arn))
                text_clean(r->rows[k].task_definition, sizeof r->rows[k].task_definition,
                           last_part(jsonx_text(one, "taskDefinition")), false);
    }
    return true;
}

const struct revision_row *revision_other(const struct revisions *r, const char *current)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->rows[i].task_definition[0] && !text_equal(r->rows[i].task_definition, current))
            return &r->rows[i];
    return NULL;
}
