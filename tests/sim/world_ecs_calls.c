/* A call of ECS's API: throttled, counted, run. Errors have AWS's shape: HTTP 400, {"__type", "message"}. */
#include "sim/world_ecs_calls.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"

void call_refuse(struct call *c, const char *type, const char *message)
{
    json_decref(c->answer->body);
    c->answer->status = 400;
    c->answer->body = json_pack("{s:s,s:s}", "__type", type, "message", message);
}

void call_answer(struct call *c, const char *name, json_t *value)
{
    json_object_set_new(c->answer->body, name, value);
}

/* ---- names: plain, or the last part of an ARN */

const char *call_last_part(const char *name)
{
    const char *slash = strrchr(name, '/');
    return text_starts(name, "arn:") && slash != NULL ? slash + 1 : name;
}

/* False, and refused, when the call names no cluster that is there. */
bool call_cluster_known(struct call *c)
{
    const char *name = call_last_part(jsonx_text(c->body, "cluster"));
    if (text_equal(name, WORLD_CLUSTER)) {
        return true;
    }
    call_refuse(c, "ClusterNotFoundException", "Cluster not found.");
    return false;
}

struct sim_service *call_find_service(struct world_ecs *w, const char *name)
{
    name = call_last_part(name);
    for (size_t i = 0; i < w->service_count; i++) {
        if (text_equal(w->services[i].row->name, name)) {
            return &w->services[i];
        }
    }
    return NULL;
}

/* The service the call is about; NULL, and refused, when it is not there. */
struct sim_service *call_service_named(struct call *c)
{
    struct sim_service *s = call_find_service(c->w, jsonx_text(c->body, "service"));
    if (s == NULL) {
        call_refuse(c, "ServiceNotFoundException", "Service not found.");
    }
    return s;
}

struct sim_task *call_find_task(struct world_ecs *w, const char *name, struct sim_service **ret_service)
{
    name = call_last_part(name);
    for (size_t i = 0; i < w->service_count; i++) {
        for (struct sim_task *t = w->services[i].tasks; t != NULL; t = t->next) {
            if (text_equal(t->id, name)) {
                *ret_service = &w->services[i];
                return t;
            }
        }
    }
    return NULL;
}

/* A service deployment by its ARN. */
struct sim_record *call_find_record(struct world_ecs *w, const char *arn, struct sim_service **ret_service)
{
    uint64_t number = strtoull(call_last_part(arn), NULL, 10);
    for (size_t i = 0; i < w->service_count; i++) {
        struct sim_record *r = sim_record_find(&w->services[i], number);
        if (r != NULL) {
            *ret_service = &w->services[i];
            return r;
        }
    }
    return NULL;
}

/* "family", "family:revision" or an ARN. 0 = no such revision. */
int call_revision(const struct sim_service *s, const char *definition)
{
    const char *name = call_last_part(definition);
    size_t len = strlen(s->row->name);
    if (strncmp(name, s->row->name, len) != 0 || (name[len] != ':' && name[len] != '\0')) {
        return 0;
    }
    long revision = name[len] == '\0' ? SIM_REVISION : strtol(name + len + 1, NULL, 10);
    return revision > SIM_REVISION - SIM_REVISIONS && revision <= SIM_REVISION ? (int)revision : 0;
}

bool call_stale(const struct world_ecs *w, const struct sim_service *s)
{
    return s->stale != NULL && w->now_ms < s->stale_until_ms;
}

/* ---- the table, and AWS's token buckets per account and region */

enum bucket {
    SERVICE_READ,
    SERVICE_MODIFY,
    CLUSTER_READ,
    CLUSTER_MODIFY,
    DEPLOYMENTS,
    REVISIONS,
    DEFINITIONS,
    OTHERS
};
static const struct {
    double burst, per_second;
} limits[SIM_BUCKETS] = {
    [SERVICE_READ] = {100, 20},   [SERVICE_MODIFY] = {50, 5}, [CLUSTER_READ] = {100, 20},
    [CLUSTER_MODIFY] = {100, 40}, [DEPLOYMENTS] = {50, 20},   [DEFINITIONS] = {50, 20},
    [REVISIONS] = {50, 20},       [OTHERS] = {100, 50},
};

static const struct action {
    const char *service, *name;
    enum bucket bucket;
    bool changes;
    void (*run)(struct call *c);
} actions[] = {
    {"ecs", "DescribeServices", SERVICE_READ, false, call_describe_services},
    {"ecs", "ListServices", SERVICE_READ, false, call_list_services},
    {"ecs", "UpdateService", SERVICE_MODIFY, true, call_update_service},
    {"ecs", "ListTasks", CLUSTER_READ, false, call_list_tasks},
    {"ecs", "DescribeTasks", CLUSTER_READ, false, call_describe_tasks},
    {"ecs", "StopTask", CLUSTER_MODIFY, true, call_stop_task},
    {"ecs", "ListServiceDeployments", DEPLOYMENTS, false, call_list_service_deployments},
    {"ecs", "DescribeServiceDeployments", DEPLOYMENTS, false, call_describe_service_deployments},
    {"ecs", "DescribeServiceRevisions", REVISIONS, false, call_describe_service_revisions},
    {"ecs", "StopServiceDeployment", SERVICE_MODIFY, true, call_stop_service_deployment},
    {"ecs", "ListClusters", DEFINITIONS, false, call_list_clusters},
    {"ecs", "DescribeClusters", DEFINITIONS, false, call_describe_clusters},
    {"ecs", "DescribeTaskDefinition", DEFINITIONS, false, call_describe_task_definition},
    {"ecs", "ContinueServiceDeployment", SERVICE_MODIFY, true, call_continue_service_deployment},
    {"elasticloadbalancing", "DescribeTargetHealth", OTHERS, false, call_describe_target_health},
    {"cloudwatch", "GetMetricData", OTHERS, false, call_get_metric_data},
    {"cloudwatch", "DescribeAlarms", OTHERS, false, call_describe_alarms},
    {"logs", "GetLogEvents", OTHERS, false, call_get_log_events},
    {"application-autoscaling", "DescribeScalableTargets", OTHERS, false, call_describe_scalable_targets},
    {"application-autoscaling", "RegisterScalableTarget", OTHERS, true, call_register_scalable_target},
    {"cloudformation", "DescribeStacks", OTHERS, false, call_describe_stacks},
    {"ecr", "DescribeImages", OTHERS, false, call_describe_images},
};

static bool take_token(struct world_ecs *w, enum bucket bucket)
{
    struct sim_bucket *b = &w->buckets[bucket];
    b->tokens += (double)(w->now_ms - b->filled_ms) / 1000.0 * limits[bucket].per_second;
    b->filled_ms = w->now_ms;
    if (b->tokens > limits[bucket].burst) {
        b->tokens = limits[bucket].burst;
    }
    if (b->tokens < 1) {
        return false;
    }
    b->tokens -= 1;
    return true;
}

static void count(struct world_ecs *w, const char *action)
{
    size_t i = 0;
    while (i < w->count_count && !text_equal(w->counts[i].action, action)) {
        i++;
    }
    if (i == w->count_count) {
        TEXT_COPY(w->counts[w->count_count++].action, action);
    }
    w->counts[i].count++;
}

uint64_t world_ecs_count(const struct world_ecs *w, const char *action)
{
    for (size_t i = 0; i < w->count_count; i++) {
        if (text_equal(w->counts[i].action, action)) {
            return w->counts[i].count;
        }
    }
    return 0;
}

void world_ecs_lose_reply(struct world_ecs *w, unsigned nth)
{
    w->lose_in = nth;
}

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (text_equal(actions[i].name, name)) {
            return &actions[i];
        }
    }
    return NULL;
}

const char *world_ecs_service(const char *action)
{
    const struct action *a = find_action(action);
    return a != NULL ? a->service : NULL;
}

/* Never three reads in a row: a caller that retries as AWS advises gets through. */
#define REFUSED_IN_A_ROW 2

static bool unlucky_read(struct world_ecs *w)
{
    bool unlucky = sim_random(&w->random) % 100 < w->scenario->throttled_read_percent;
    unlucky = unlucky && w->refused_in_a_row < REFUSED_IN_A_ROW;
    w->refused_in_a_row = unlucky ? w->refused_in_a_row + 1 : 0;
    return unlucky;
}

/* Between two moments after the first change; from 0 = never, until 0 = for ever. */
static bool is_between(const struct world_ecs *w, int64_t now_ms, int64_t from_ms, int64_t until_ms)
{
    if (w->changed_ms == 0 || from_ms == 0) {
        return false;
    }
    int64_t age = now_ms - w->changed_ms;
    return age >= from_ms && (until_ms == 0 || age < until_ms);
}

bool world_ecs_expired(const struct world_ecs *w, int64_t now_ms)
{
    return is_between(w, now_ms, w->scenario->expire_after_ms, w->scenario->renew_after_ms);
}

bool world_ecs_throttled(const struct world_ecs *w, int64_t now_ms)
{
    return is_between(w, now_ms, w->scenario->throttled_after_ms, w->scenario->throttled_until_ms);
}

static bool is_refused(struct world_ecs *w, const struct action *a)
{
    bool unlucky = !a->changes && unlucky_read(w);
    return unlucky || world_ecs_throttled(w, w->now_ms) || !take_token(w, a->bucket);
}

/* What is not there, as each service says it. */
static const char *const nothing_there[][3] = {
    {"ecs", "ClusterNotFoundException", "Cluster not found."},
    {"elasticloadbalancing", "TargetGroupNotFoundException", "One or more target groups not found"},
    {"logs", "ResourceNotFoundException", "The specified log group does not exist."},
    {"ecr", "RepositoryNotFoundException", "The repository does not exist in the registry."},
    {"cloudformation", "ValidationError", "The stack does not exist"},
};

/* Empty lists, as far as the action lists something; else what it names is not there. */
void world_ecs_call_elsewhere(const char *action, struct world_answer *ret)
{
    static const char *const lists[][2] = {{"ListClusters", "clusterArns"},
                                           {"DescribeScalableTargets", "ScalableTargets"},
                                           {"DescribeAlarms", "MetricAlarms"},
                                           {"GetMetricData", "MetricDataResults"}};
    const struct action *a = find_action(action);
    *ret = (struct world_answer){.status = 200, .body = json_object(), .changes = a != NULL && a->changes};
    struct call c = {NULL, NULL, ret};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (text_equal(action, lists[i][0])) {
            call_answer(&c, lists[i][1], json_array());
            return;
        }
    }
    for (size_t i = 0; a != NULL && i < sizeof(nothing_there) / sizeof(nothing_there[0]); i++) {
        if (text_equal(a->service, nothing_there[i][0])) {
            call_refuse(&c, nothing_there[i][1], nothing_there[i][2]);
            return;
        }
    }
    call_refuse(&c, "ValidationException", "What is named does not exist here.");
}

void world_ecs_call(struct world_ecs *w, int64_t now_ms, const char *action, const json_t *body,
                    struct world_answer *ret)
{
    world_ecs_step(w, now_ms);
    *ret = (struct world_answer){.status = 200, .body = json_object()};
    struct call c = {w, body, ret};
    const struct action *a = find_action(action);
    if (a == NULL) {
        call_refuse(&c, "UnknownOperationException", "The operation is not known.");
        return;
    }
    ret->changes = a->changes;
    if (world_ecs_expired(w, now_ms)) {
        call_refuse(&c, "ExpiredTokenException", "The security token included in the request is expired");
        return;
    }
    if (is_refused(w, a)) {
        call_refuse(&c, "ThrottlingException", "Rate exceeded");
        return;
    }
    count(w, a->name);
    a->run(&c);
    if (a->changes && ret->status == 200 && w->changed_ms == 0) {
        w->changed_ms = now_ms;
    }
    if (a->changes && w->lose_in > 0) {
        w->lose_in--;
        ret->lost = w->lose_in == 0;
    }
}
