/* How services, deployments and tasks read in AWS's JSON; their history: world_ecs_history.c. */
#include "sim/world_ecs_json.h"

#include <inttypes.h>

#include "base/mem.h"
#include "base/text.h"

void sim_arn(const char *kind, const char *rest, char *to, size_t size)
{
    text_format(to, size, "arn:%s:ecs:%s:%s:%s/%s", WORLD_PARTITION, WORLD_REGION, WORLD_ACCOUNT, kind, rest);
}

void put_arn(json_t *o, const char *name, const char *kind, const char *rest)
{
    char arn[ARN_MAX];
    sim_arn(kind, rest, arn, sizeof(arn));
    put_text(o, name, arn);
}

void put_definition_arn(json_t *o, const char *name, const struct sim_service *s, int revision)
{
    char rest[ARN_MAX];
    TEXT_FORMAT(rest, "%s:%d", s->row->name, revision);
    put_arn(o, name, "task-definition", rest);
}

void put_service_part(json_t *o, const char *name, const char *kind, const struct sim_service *s,
                      uint64_t number)
{
    char rest[ARN_MAX];
    TEXT_FORMAT(rest, "%s/%s/%" PRIu64, WORLD_CLUSTER, s->row->name, number);
    put_arn(o, name, kind, rest);
}

static const char *rollout_word(enum sim_rollout r)
{
    switch (r) {
    case ROLLOUT_IN_PROGRESS: return "IN_PROGRESS";
    case ROLLOUT_COMPLETED: return "COMPLETED";
    case ROLLOUT_FAILED: return "FAILED";
    }
    return "";
}

static json_t *network_json(void)
{
    return json_pack("{s:{s:[s,s],s:[s],s:s}}", "awsvpcConfiguration", "subnets", "subnet-0aaaaaaaaaaaaaaa1",
                     "subnet-0aaaaaaaaaaaaaaa2", "securityGroups", "sg-0bbbbbbbbbbbbbbb1", "assignPublicIp",
                     "ENABLED");
}

struct tally sim_tally(const struct sim_service *s, uint64_t deployment)
{
    struct tally sum = {0, 0};
    for (const struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        if (deployment == 0 || t->deployment == deployment) {
            sum.running += sim_task_running(t);
            sum.pending += sim_task_pending(t);
        }
    }
    return sum;
}

static json_t *deployment_json(const struct sim_service *s, size_t i)
{
    const struct sim_deployment *d = &s->deployments[i];
    struct tally sum = sim_tally(s, d->number);
    char id[48];
    TEXT_FORMAT(id, "ecs-svc/%" PRIu64, d->number);
    json_t *o = json_object();
    put_text(o, "id", id);
    put_text(o, "status", i == 0 ? "PRIMARY" : "ACTIVE");
    put_definition_arn(o, "taskDefinition", s, d->revision);
    put_int(o, "desiredCount", d->desired);
    put_int(o, "pendingCount", sum.pending);
    put_int(o, "runningCount", sum.running);
    put_int(o, "failedTasks", d->failed);
    put_time(o, "createdAt", d->created_ms);
    put_time(o, "updatedAt", d->updated_ms);
    put_text(o, "launchType", "FARGATE");
    put_text(o, "platformVersion", "1.4.0");
    put_text(o, "platformFamily", "Linux");
    json_object_set_new(o, "networkConfiguration", network_json());
    put_text(o, "rolloutState", rollout_word(d->rollout));
    put_text(o, "rolloutStateReason", d->reason);
    return o;
}

static void put_balancers(json_t *o, const struct sim_service *s)
{
    json_t *list = json_array();
    if (s->row->target_group[0] != '\0') {
        char arn[256];
        sim_target_group_arn(s, arn, sizeof(arn));
        json_array_append_new(list, json_pack("{s:s,s:s,s:i}", "targetGroupArn", arn, "containerName", "api",
                                              "containerPort", s->row->port));
        put_int(o, "healthCheckGracePeriodSeconds", 300);
    }
    json_object_set_new(o, "loadBalancers", list);
    json_object_set_new(o, "serviceRegistries", json_array());
}

static void put_revisions(json_t *o, const struct sim_service *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->deployment_count; i++) {
        struct tally sum = sim_tally(s, s->deployments[i].number);
        json_t *r = json_object();
        put_service_part(r, "arn", "service-revision", s, s->deployments[i].number);
        put_int(r, "requestedTaskCount", s->deployments[i].desired);
        put_int(r, "runningTaskCount", sum.running);
        put_int(r, "pendingTaskCount", sum.pending);
        json_array_append_new(list, r);
    }
    json_object_set_new(o, "currentServiceRevisions", list);
    if (s->record_count > 0 && sim_record_running(&s->records[0])) {
        put_service_part(o, "currentServiceDeployment", "service-deployment", s, s->records[0].number);
    }
}

static void put_events(json_t *o, const struct sim_service *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->event_count; i++) {
        json_t *e = json_object();
        put_text(e, "id", s->events[i].id);
        put_time(e, "createdAt", s->events[i].created_ms);
        put_text(e, "message", s->events[i].message);
        json_array_append_new(list, e);
    }
    json_object_set_new(o, "events", list);
}

void sim_alarm_name(const char *middle, char *to, size_t size)
{
    text_format(to, size, WORLD_STACK "-%s-" WORLD_REGION "-batchelb", middle);
}

json_t *sim_alarm_names_json(const struct world_ecs *w)
{
    char name[ARN_MAX];
    sim_alarm_name(w->scenario->alarm, name, sizeof(name));
    return json_pack("[s]", name);
}

json_t *sim_configuration_json(const struct world_ecs *w, const struct sim_service *s)
{
    const struct world_scenario *row = w->scenario;
    json_t *o =
        json_pack("{s:{s:b,s:b},s:i,s:i,s:s,s:i}", "deploymentCircuitBreaker", "enable", s->breaker,
                  "rollback", s->breaker, "maximumPercent", sim_maximum_percent(w), "minimumHealthyPercent",
                  sim_minimum_percent(w), "strategy", row->pause_ms > 0 ? "BLUE_GREEN" : "ROLLING",
                  "bakeTimeInMinutes", (int)(row->bake_ms / 60000));
    if (row->pause_ms > 0) {
        json_object_set_new(o, "lifecycleHooks",
                            json_pack("[{s:s,s:[s],s:{s:i,s:s}}]", "targetType", "PAUSE", "lifecycleStages",
                                      "POST_SCALE_UP", "timeoutConfiguration", "timeoutInMinutes",
                                      (int)(row->pause_expires_ms / 60000), "action", "ROLLBACK"));
    }
    if (row->alarm_rolls_back) {
        json_object_set_new(
            o, "alarms",
            json_pack("{s:o,s:b,s:b}", "alarmNames", sim_alarm_names_json(w), "rollback", 1, "enable", 1));
    }
    return o;
}

json_t *sim_service_json(const struct world_ecs *w, const struct sim_service *s)
{
    char rest[ARN_MAX];
    TEXT_FORMAT(rest, "%s/%s", WORLD_CLUSTER, s->row->name);
    struct tally sum = sim_tally(s, 0);
    json_t *o = json_object();
    put_arn(o, "serviceArn", "service", rest);
    put_text(o, "serviceName", s->row->name);
    put_arn(o, "clusterArn", "cluster", WORLD_CLUSTER);
    put_balancers(o, s);
    put_text(o, "status", "ACTIVE");
    put_int(o, "desiredCount", s->desired);
    put_int(o, "runningCount", sum.running);
    put_int(o, "pendingCount", sum.pending);
    put_text(o, "launchType", "FARGATE");
    put_text(o, "platformVersion", "LATEST");
    put_text(o, "platformFamily", "Linux");
    put_definition_arn(o, "taskDefinition", s, s->deployments[0].revision);
    json_object_set_new(o, "deploymentConfiguration", sim_configuration_json(w, s));
    json_t *deployments = json_array();
    for (size_t i = 0; i < s->deployment_count; i++) {
        json_array_append_new(deployments, deployment_json(s, i));
    }
    json_object_set_new(o, "deployments", deployments);
    put_text(o, "roleArn",
             "arn:" WORLD_PARTITION ":iam::" WORLD_ACCOUNT
             ":role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
    put_events(o, s);
    put_time(o, "createdAt", s->records[s->record_count - 1].created_ms - 1000);
    json_object_set_new(o, "placementConstraints", json_array());
    json_object_set_new(o, "placementStrategy", json_array());
    json_object_set_new(o, "networkConfiguration", network_json());
    put_text(o, "schedulingStrategy", "REPLICA");
    json_object_set_new(o, "deploymentController", json_pack("{s:s}", "type", "ECS"));
    put_bool(o, "enableECSManagedTags", true);
    put_text(o, "propagateTags", "SERVICE");
    put_bool(o, "enableExecuteCommand", false);
    put_revisions(o, s);
    put_text(o, "availabilityZoneRebalancing", "DISABLED");
    return o;
}

static const char *status_word(enum sim_phase p)
{
    static const char *const words[SIM_PHASES] = {
        [PHASE_PROVISIONING] = "PROVISIONING", [PHASE_PULLING] = "PENDING",
        [PHASE_ACTIVATING] = "ACTIVATING",     [PHASE_BOOTING] = "RUNNING",
        [PHASE_SERVING] = "RUNNING",           [PHASE_DRAINING] = "DEACTIVATING",
        [PHASE_KILLING] = "STOPPING",          [PHASE_DEPROVISIONING] = "DEPROVISIONING",
        [PHASE_STOPPED] = "STOPPED",
    };
    return words[p];
}

static bool of_events(const struct world_service *row)
{
    return text_starts(row->image_tag, "events-");
}

/* Of what an older revision was built from: the same commit for all services, as CloudTAK's stack has it. */
static uint32_t commit_of(int revision)
{
    return (uint32_t)revision * UINT32_C(2654435761);
}

void sim_image_tag(const struct world_service *row, int revision, char *to, size_t size)
{
    if (revision == SIM_REVISION) {
        text_copy(to, size, row->image_tag);
    } else {
        text_format(to, size, "%s%08" PRIx32, of_events(row) ? "events-" : "", commit_of(revision));
    }
}

void sim_image(const struct sim_service *s, int revision, char *to, size_t size)
{
    char tag[64];
    sim_image_tag(s->row, revision, tag, sizeof(tag));
    text_format(to, size, "%s.dkr.ecr.%s.amazonaws.com/%s:%s", WORLD_ACCOUNT, WORLD_REGION, WORLD_REPOSITORY,
                tag);
}

void sim_image_digest(const struct world_service *row, int revision, char *to, size_t size)
{
    uint32_t first = revision != SIM_REVISION ? commit_of(revision)
                     : of_events(row)         ? UINT32_C(0x9b1c7e1d)
                                              : UINT32_C(0x5f70bf18);
    text_format(to, size, "sha256:%08" PRIx32 "%s", first,
                of_events(row) ? "2f4a5b6c7d8e9f00112233445566778899aabbccddeeff0011223344"
                               : "a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
}

/* The network interface of a task, once it has one: an id made of the task's, and its address. */
static void interface_id(const struct sim_task *t, char *to, size_t size)
{
    text_format(to, size, "%.8s-%.4s-4000-a000-%.12s", t->id, t->id + 8, t->id + 20);
}

static json_t *attachments_json(const struct sim_task *t)
{
    if (t->pull_started_ms == 0) {
        return json_array();
    }
    char id[48], eni[32];
    interface_id(t, id, sizeof(id));
    TEXT_FORMAT(eni, "eni-0%.16s", t->id);
    return json_pack("[{s:s,s:s,s:s,s:[{s:s,s:s},{s:s,s:s},{s:s,s:s}]}]", "id", id, "type",
                     "ElasticNetworkInterface", "status", t->phase == PHASE_STOPPED ? "DELETED" : "ATTACHED",
                     "details", "name", "subnetId", "value", "subnet-0aaaaaaaaaaaaaaa1", "name",
                     "networkInterfaceId", "value", eni, "name", "privateIPv4Address", "value", t->address);
}

static json_t *interfaces_json(const struct sim_task *t)
{
    char id[48];
    interface_id(t, id, sizeof(id));
    return t->pull_started_ms == 0
               ? json_array()
               : json_pack("[{s:s,s:s}]", "attachmentId", id, "privateIpv4Address", t->address);
}

static json_t *container_json(const struct sim_service *s, const struct sim_task *t)
{
    char rest[ARN_MAX], image[ARN_MAX];
    TEXT_FORMAT(rest, "%s/%s/%s", WORLD_CLUSTER, t->id, "5e1f0c5a-0000-4000-a000-000000000001");
    sim_image(s, t->revision, image, sizeof(image));
    bool exited = t->exit_code >= 0 || t->exited_ms != 0;
    json_t *o = json_object();
    put_arn(o, "containerArn", "container", rest);
    TEXT_FORMAT(rest, "%s/%s", WORLD_CLUSTER, t->id);
    put_arn(o, "taskArn", "task", rest);
    put_text(o, "name", "api");
    put_text(o, "image", image);
    if (t->pull_stopped_ms != 0) {
        sim_image_digest(s->row, t->revision, rest, sizeof(rest));
        put_text(o, "imageDigest", rest);
        TEXT_FORMAT(rest, "%s-%010d", t->id, 1404120711 + t->restarts);
        put_text(o, "runtimeId", rest);
    }
    put_text(o, "lastStatus", exited ? "STOPPED" : sim_task_pending(t) ? "PENDING" : "RUNNING");
    if (t->exit_code >= 0) {
        put_int(o, "exitCode", t->exit_code);
    }
    if (t->container_reason[0] != '\0') {
        put_text(o, "reason", t->container_reason);
    }
    json_object_set_new(o, "networkBindings", json_array());
    json_object_set_new(o, "networkInterfaces", interfaces_json(t));
    put_text(o, "healthStatus", "UNKNOWN");
    put_text(o, "cpu", "0");
    return o;
}

json_t *sim_task_json(const struct sim_service *s, const struct sim_task *t)
{
    char text[ARN_MAX];
    json_t *o = json_object();
    json_object_set_new(o, "attachments", attachments_json(t));
    put_text(o, "availabilityZone", t->id[0] % 2 == 0 ? WORLD_REGION "a" : WORLD_REGION "b");
    put_arn(o, "clusterArn", "cluster", WORLD_CLUSTER);
    TEXT_FORMAT(text, "%s/%s", WORLD_CLUSTER, t->id);
    put_arn(o, "taskArn", "task", text);
    put_definition_arn(o, "taskDefinitionArn", s, t->revision);
    TEXT_FORMAT(text, "service:%s", s->row->name);
    put_text(o, "group", text);
    TEXT_FORMAT(text, "ecs-svc/%" PRIu64, t->deployment);
    put_text(o, "startedBy", text);
    put_text(o, "lastStatus", status_word(t->phase));
    put_text(o, "desiredStatus", sim_task_live(t) ? "RUNNING" : "STOPPED");
    put_text(o, "launchType", "FARGATE");
    put_text(o, "platformVersion", "1.4.0");
    put_text(o, "platformFamily", "Linux");
    TEXT_FORMAT(text, "%d", s->row->cpu);
    put_text(o, "cpu", text);
    TEXT_FORMAT(text, "%d", s->row->memory);
    put_text(o, "memory", text);
    if (t->pull_started_ms != 0) {
        put_text(o, "connectivity", "CONNECTED");
        put_time(o, "connectivityAt", t->pull_started_ms);
    }
    put_time(o, "createdAt", t->created_ms);
    put_time(o, "pullStartedAt", t->pull_started_ms);
    put_time(o, "pullStoppedAt", t->pull_stopped_ms);
    put_time(o, "startedAt", t->started_ms);
    put_time(o, "stoppingAt", t->stopping_ms);
    put_time(o, "executionStoppedAt", t->exited_ms);
    put_time(o, "stoppedAt", t->stopped_ms);
    if (t->stop_code != NULL) {
        put_text(o, "stopCode", t->stop_code);
        put_text(o, "stoppedReason", t->stopped_reason);
    }
    put_text(o, "healthStatus", "UNKNOWN");
    json_t *containers = json_array();
    json_array_append_new(containers, container_json(s, t));
    json_object_set_new(o, "containers", containers);
    json_object_set_new(o, "overrides",
                        json_pack("{s:[],s:[]}", "containerOverrides", "inferenceAcceleratorOverrides"));
    json_object_set_new(o, "tags", json_array());
    put_bool(o, "enableExecuteCommand", false);
    put_int(o, "version", (int64_t)t->phase + 1);
    return o;
}

json_t *sim_failure_json(const char *arn, const char *reason)
{
    return json_pack("{s:s,s:s}", "arn", arn, "reason", reason);
}
