/* How service deployments and task definitions read in AWS's JSON. */
#include "sim/world_ecs_json.h"

#include "base/text.h"

/* Of a deployment with a hook: where it stands, and the hook as far as it was reached. */
static void put_stage(json_t *o, const struct world_ecs *w, const struct sim_record *r)
{
    put_text(o, "lifecycleStage", r->stage);
    if (r->hook_ms == 0) {
        return;
    }
    bool waits = text_equal(r->stage, "POST_SCALE_UP") && sim_record_running(r) && r->rollback_ms == 0;
    json_t *hook = json_pack("{s:s,s:s,s:s,s:s}", "hookId", SIM_HOOK, "targetType", "PAUSE", "status",
                             waits ? "AWAITING_ACTION" : "SUCCEEDED", "timeoutAction", "ROLLBACK");
    put_time(hook, "expiresAt", r->hook_ms + w->scenario->pause_expires_ms);
    json_object_set_new(o, "lifecycleHookDetails", json_pack("[o]", hook));
}

static void put_alarms(json_t *o, const struct world_ecs *w, const struct sim_record *r)
{
    const char *status = r->alarmed ? "TRIGGERED" : r->finished_ms ? "MONITORING_COMPLETE" : "MONITORING";
    json_t *alarms = json_pack("{s:s,s:o}", "status", status, "alarmNames", sim_alarm_names_json(w));
    if (r->alarmed) {
        json_object_set_new(alarms, "triggeredAlarmNames", sim_alarm_names_json(w));
    }
    json_object_set_new(o, "alarms", alarms);
}

/* ListServiceDeployments shows it in brief, DescribeServiceDeployments in full. */
json_t *sim_record_json(const struct world_ecs *w, const struct sim_service *s, const struct sim_record *r,
                        bool brief)
{
    char rest[ARN_MAX];
    TEXT_FORMAT(rest, "%s/%s", WORLD_CLUSTER, s->row->name);
    json_t *o = json_object();
    put_service_part(o, "serviceDeploymentArn", "service-deployment", s, r->number);
    put_arn(o, "serviceArn", "service", rest);
    put_arn(o, "clusterArn", "cluster", WORLD_CLUSTER);
    put_time(o, "startedAt", r->started_ms);
    put_time(o, "createdAt", r->created_ms);
    put_time(o, "finishedAt", r->finished_ms);
    put_text(o, "status", r->status);
    if (r->reason[0] != '\0') {
        put_text(o, "statusReason", r->reason);
    }
    if (brief) {
        put_service_part(o, "targetServiceRevisionArn", "service-revision", s, r->number);
        return o;
    }
    struct tally sum = sim_tally(s, r->number);
    put_time(o, "updatedAt", r->updated_ms);
    json_t *target = json_object();
    put_service_part(target, "arn", "service-revision", s, r->number);
    put_int(target, "requestedTaskCount", s->desired);
    put_int(target, "runningTaskCount", sum.running);
    put_int(target, "pendingTaskCount", sum.pending);
    json_object_set_new(o, "targetServiceRevision", target);
    json_t *sources = json_array();
    if (r->source != 0) {
        json_t *source = json_object();
        put_service_part(source, "arn", "service-revision", s, r->source);
        json_array_append_new(sources, source);
    }
    json_object_set_new(o, "sourceServiceRevisions", sources);
    const char *state = !s->breaker      ? "DISABLED"
                        : r->failed > 0  ? "TRIGGERED"
                        : r->finished_ms ? "MONITORING_COMPLETE"
                                         : "MONITORING";
    const struct sim_deployment *d = &s->deployments[0];
    json_object_set_new(o, "deploymentCircuitBreaker",
                        json_pack("{s:s,s:i,s:i}", "status", state, "failureCount",
                                  r->failed > 0 || d->number != r->number ? r->failed : d->failed,
                                  "threshold", sim_breaker_threshold(s)));
    json_object_set_new(o, "deploymentConfiguration", sim_configuration_json(w, s));
    if (r->stage != NULL) {
        put_stage(o, w, r);
    }
    if (w->scenario->alarm_rolls_back) {
        put_alarms(o, w, r);
    }
    if (r->rollback_ms != 0) {
        json_t *back = json_object();
        put_text(back, "reason", r->reason);
        put_time(back, "startedAt", r->rollback_ms);
        put_service_part(back, "serviceRevisionArn", "service-revision", s, r->source);
        json_object_set_new(o, "rollback", back);
    }
    return o;
}

/* One of DescribeServiceRevisions: what a deployment brings. */
json_t *sim_revision_json(const struct sim_service *s, const struct sim_record *r)
{
    char text[ARN_MAX], digest[80];
    json_t *o = json_object();
    put_service_part(o, "serviceRevisionArn", "service-revision", s, r->number);
    TEXT_FORMAT(text, "%s/%s", WORLD_CLUSTER, s->row->name);
    put_arn(o, "serviceArn", "service", text);
    put_arn(o, "clusterArn", "cluster", WORLD_CLUSTER);
    put_definition_arn(o, "taskDefinition", s, r->revision);
    put_text(o, "launchType", "FARGATE");
    put_text(o, "platformVersion", "1.4.0");
    put_text(o, "platformFamily", "Linux");
    sim_image(s, r->revision, text, sizeof(text));
    sim_image_digest(s->row, r->revision, digest, sizeof(digest));
    json_object_set_new(
        o, "containerImages",
        json_pack("[{s:s,s:s,s:s}]", "containerName", "api", "imageDigest", digest, "image", text));
    put_time(o, "createdAt", r->created_ms);
    return o;
}

/* With a password in the clear, as CloudTAK's own definitions have it: nobody may show it. */
json_t *sim_definition_json(const struct world_ecs *w, const struct sim_service *s, int revision)
{
    char text[ARN_MAX];
    json_t *container = json_pack("{s:s,s:i,s:b}", "name", "api", "cpu", 0, "essential", true);
    sim_image(s, revision, text, sizeof(text));
    put_text(container, "image", text);
    json_object_set_new(container, "environment",
                        json_pack("[{s:s,s:s}]", "name", "POSTGRES", "value",
                                  "postgres://tak:" WORLD_CANARY "@db.invalid:5432/tak_ps_etl"));
    json_object_set_new(container, "logConfiguration",
                        json_pack("{s:s,s:{s:s,s:s,s:s}}", "logDriver", "awslogs", "options", "awslogs-group",
                                  s->row->name, "awslogs-region", WORLD_REGION, "awslogs-stream-prefix",
                                  WORLD_STACK));
    json_t *o = json_object();
    put_definition_arn(o, "taskDefinitionArn", s, revision);
    json_t *containers = json_array();
    json_array_append_new(containers, container);
    json_object_set_new(o, "containerDefinitions", containers);
    put_text(o, "family", s->row->name);
    put_text(o, "networkMode", "awsvpc");
    put_int(o, "revision", revision);
    bool inactive = w->scenario->older_inactive && revision != SIM_REVISION;
    put_text(o, "status", inactive ? "INACTIVE" : "ACTIVE");
    if (inactive) {
        put_time(o, "deregisteredAt", s->deployments[0].created_ms);
    }
    TEXT_FORMAT(text, "%d", s->row->cpu);
    put_text(o, "cpu", text);
    TEXT_FORMAT(text, "%d", s->row->memory);
    put_text(o, "memory", text);
    return o;
}
