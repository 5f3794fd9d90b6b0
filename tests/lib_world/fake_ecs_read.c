/* How the world's answers become a snapshot, part by part, through the bot's own decoding. */
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/decode.h"
#include "fake_ecs_private.h"
#include "sim/wire_aws.h"

int64_t fake_now_ms(const struct fake *f)
{
    return clock_world(loop_clock(f->options.loop));
}

json_t *fake_call(struct fake *f, const char *action, json_t *body, struct world_answer *ret)
{
    world_ecs_call(f->world, fake_now_ms(f), action, body, ret);
    json_decref(body);
    return ret->body;
}

enum ecs_absence fake_absence(const struct world_answer *a)
{
    const char *type = jsonx_text(a->body, "__type");
    return a->status == 200                                ? ECS_SEEN
           : text_equal(type, "ThrottlingException")       ? ECS_THROTTLED
           : text_equal(type, "ExpiredTokenException")     ? ECS_EXPIRED
           : text_equal(type, "UnknownOperationException") ? ECS_UNSUPPORTED
                                                           : ECS_REFUSED;
}

static bool told_missing(const struct world_answer *a)
{
    const char *type = jsonx_text(a->body, "__type");
    return text_equal(type, "ClusterNotFoundException") || text_equal(type, "ServiceNotFoundException");
}

static void note_trouble(struct snapshot *s, const struct world_answer *a)
{
    if (s->trouble[0] == '\0') {
        TEXT_FORMAT(s->trouble, "%s: %s", jsonx_text(a->body, "__type"), jsonx_text(a->body, "message"));
    }
}

void fake_read_service(struct fake *f, const struct service_ref *ref, struct snapshot *s)
{
    struct world_answer a;
    json_t *answer =
        fake_call(f, "DescribeServices",
                  json_pack("{s:s,s:[s]}", "cluster", ref->cluster, "services", ref->service), &a);
    s->service_absence = fake_absence(&a);
    s->missing = told_missing(&a);
    s->no_cluster = text_equal(jsonx_text(answer, "__type"), "ClusterNotFoundException");
    const json_t *service = jsonx_at(answer, "services.0");
    if (s->missing) { /* that is an answer */
        s->service_absence = ECS_SEEN;
        s->service_as_of_ms = fake_now_ms(f);
        note_trouble(s, &a);
    } else if (s->service_absence != ECS_SEEN) {
        note_trouble(s, &a);
    } else if (service == NULL) {
        s->missing = true;
        s->service_as_of_ms = fake_now_ms(f);
        TEXT_FORMAT(s->trouble, "ECS knows no service \"%s\"", ref->service);
    } else {
        s->service_as_of_ms = fake_now_ms(f);
        decode_service(service, &s->service);
    }
    json_decref(answer);
}

/* The ARNs of one status, appended to list. */
static bool list_tasks(struct fake *f, const struct service_ref *ref, const char *status, json_t *list,
                       struct snapshot *s)
{
    struct world_answer a;
    json_t *answer = fake_call(f, "ListTasks",
                               json_pack("{s:s,s:s,s:s}", "cluster", ref->cluster, "serviceName",
                                         ref->service, "desiredStatus", status),
                               &a);
    s->tasks_absence = fake_absence(&a);
    if (s->tasks_absence == ECS_SEEN) {
        json_array_extend(list, jsonx_at(answer, "taskArns"));
    } else {
        note_trouble(s, &a);
    }
    json_decref(answer);
    return s->tasks_absence == ECS_SEEN;
}

void fake_read_tasks(struct fake *f, const struct service_ref *ref, struct snapshot *s)
{
    struct world_answer a;
    json_t *list = json_array();
    s->task_count = 0;
    if (list_tasks(f, ref, "RUNNING", list, s) && list_tasks(f, ref, "STOPPED", list, s)) {
        while (json_array_size(list) > ECS_TASKS) {
            json_array_remove(list, json_array_size(list) - 1);
        }
        s->tasks_as_of_ms = fake_now_ms(f);
        if (json_array_size(list) > 0) {
            json_t *answer = fake_call(f, "DescribeTasks",
                                       json_pack("{s:s,s:O}", "cluster", ref->cluster, "tasks", list), &a);
            s->tasks_absence = fake_absence(&a);
            const json_t *tasks = jsonx_at(answer, "tasks");
            for (size_t i = 0; i < json_array_size(tasks); i++) {
                decode_task(json_array_get(tasks, i), &s->tasks[s->task_count++]);
            }
            if (s->tasks_absence != ECS_SEEN) {
                note_trouble(s, &a);
            }
            json_decref(answer);
        }
    }
    json_decref(list);
}

/* Only adds to what is known: its absence is no trouble. */
void fake_read_history(struct fake *f, const struct service_ref *ref, struct snapshot *s)
{
    struct world_answer a;
    json_t *answer = fake_call(f, "ListServiceDeployments",
                               json_pack("{s:s,s:s}", "cluster", ref->cluster, "service", ref->service), &a);
    s->history_absence = fake_absence(&a);
    s->history_as_of_ms = fake_now_ms(f);
    const json_t *list = jsonx_at(answer, "serviceDeployments");
    for (size_t i = 0; i < json_array_size(list) && i < sizeof(s->history) / sizeof(s->history[0]); i++) {
        decode_service_deployment(json_array_get(list, i), &s->history[s->history_count++]);
    }
    json_decref(answer);
}

static bool read_group(struct fake *f, int group, struct snapshot *s)
{
    struct world_answer a;
    struct err err;
    json_t *answer = fake_call(f, "DescribeTargetHealth",
                               json_pack("{s:s}", "TargetGroupArn", s->service.groups[group].arn), &a);
    s->targets_absence = fake_absence(&a);
    if (s->targets_absence != ECS_SEEN) {
        TEXT_FORMAT(s->targets_trouble, "%s: %s", jsonx_text(answer, "__type"),
                    jsonx_text(answer, "message"));
        json_decref(answer);
        return false;
    }
    json_t *whole =
        json_pack("{s:{s:o}}", "DescribeTargetHealthResponse", "DescribeTargetHealthResult", answer);
    char *xml = wire_xml(whole);
    bool good = decode_targets(xml, strlen(xml), group, s->targets, ECS_TARGETS, &s->target_count, &err);
    if (!good) {
        s->targets_absence = ECS_UNREACHABLE;
        TEXT_COPY(s->targets_trouble, err.text);
    }
    mem_free(xml);
    json_decref(whole);
    return good;
}

void fake_read_targets(struct fake *f, struct snapshot *s)
{
    for (int i = 0; i < s->service.target_groups && i < ECS_GROUPS; i++) {
        if (!read_group(f, i, s)) {
            s->target_count = 0;
            return;
        }
    }
    s->targets_as_of_ms = s->targets_absence == ECS_SEEN ? fake_now_ms(f) : 0;
}

void fake_read_rollout(struct fake *f, const char *deployment_id, struct snapshot *s)
{
    if (s->history_absence != ECS_SEEN) {
        s->rollout_absence = s->history_absence;
        return;
    }
    for (size_t i = 0; i < s->history_count; i++) {
        if (!text_equal(s->history[i].deployment_id, deployment_id)) {
            continue;
        }
        struct world_answer a;
        json_t *answer = fake_call(f, "DescribeServiceDeployments",
                                   json_pack("{s:[s]}", "serviceDeploymentArns", s->history[i].arn), &a);
        s->rollout_absence = fake_absence(&a);
        if (s->rollout_absence == ECS_SEEN) {
            decode_rollout_detail(jsonx_at(answer, "serviceDeployments.0"), &s->rollout);
            s->rollout_as_of_ms = fake_now_ms(f);
        }
        json_decref(answer);
        return;
    }
}
