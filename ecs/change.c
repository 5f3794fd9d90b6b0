/* Bodies and answers of the calls that change something. */
#include "change.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/decode.h"

json_t *change_redeploy(const struct ecs_redeploy *r)
{
    json_t *body = json_pack("{s:s, s:s}", "cluster", r->ref.cluster, "service", r->ref.service);

    if (!r->only_count)
        json_object_set_new(body, "forceNewDeployment", json_true());
    if (!r->only_count && r->task_definition[0])
        json_object_set_new(body, "taskDefinition", json_string(r->task_definition));
    if (r->desired >= 0)
        json_object_set_new(body, "desiredCount", json_integer(r->desired));
    return body;
}

json_t *change_stop_task(const struct ecs_stop_task *r)
{
    json_t *body = json_pack("{s:s, s:s}", "cluster", r->ref.cluster, "task", r->task_id);

    if (r->reason[0])
        json_object_set_new(body, "reason", json_string(r->reason));
    return body;
}

json_t *change_roll_back(const struct ecs_roll_back *r)
{
    return json_pack("{s:s, s:s}", "serviceDeploymentArn", r->arn, "stopType", "ROLLBACK");
}

static void read_deployments(const struct ecs_service *s, const struct ecs_deployment *primary,
                             struct ecs_redeploy *r)
{
    int64_t newest = -1;

    TEXT_COPY(r->deployment_id, primary->id);
    r->created_ms = primary->created_ms;
    for (size_t i = 0; i < s->deployment_count; i++)
        if (&s->deployments[i] != primary && s->deployments[i].created_ms > newest) {
            newest = s->deployments[i].created_ms;
            TEXT_COPY(r->older_id, s->deployments[i].id);
        }
}

bool change_read_redeploy(const json_t *answer, struct ecs_redeploy *r)
{
    struct ecs_service *s = mem_alloc(sizeof *s);
    const struct ecs_deployment *primary;
    bool ok;

    ok = decode_service(jsonx_at(answer, "service"), s);
    primary = model_primary(s);
    ok = primary || (r->only_count && ok); /* a count needs no deployment */
    r->answered_desired = s->desired;
    if (primary)
        read_deployments(s, primary, r);
    if (!ok)
        err_set(&r->err, ERR_PROTOCOL,
                "UpdateService was accepted, but its answer names no deployment: look at the service before "
                "anything is repeated");
    mem_free(s);
    return ok;
}

/* ECS has no code of its own for it. */
bool change_says_gone(const char *code, const char *message)
{
    return text_equal(code, "InvalidParameterException") && strstr(message, "task was not found");
}

bool change_says_over(const char *code)
{
    return text_equal(code, "ConflictException") || text_equal(code, "ServiceDeploymentNotFoundException");
}
