/* The actions that only read. */
#include "sim/world_ecs_calls.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"

#define DESCRIBE_SERVICES_MOST    10
#define DESCRIBE_TASKS_MOST       100
#define DESCRIBE_DEPLOYMENTS_MOST 20
#define TOKEN_PREFIX              "page-"

static void missing(json_t *failures, const char *kind, const char *name)
{
    char arn[512], rest[384];
    if (text_starts(name, "arn:")) {
        TEXT_COPY(arn, name);
    } else {
        TEXT_FORMAT(rest, "%s/%s", WORLD_CLUSTER, name);
        sim_arn(kind, rest, arn, sizeof(arn));
    }
    json_array_append_new(failures, sim_failure_json(arn, "MISSING"));
}

/* ---- pages: cuts `all` to the page asked for, and says where the next one begins. Takes all. */
static void answer_page(struct call *c, const char *name, json_t *all, int64_t usual, int64_t most)
{
    int64_t size = jsonx_int(c->body, "maxResults", usual), from = 0;
    const char *token = jsonx_text(c->body, "nextToken");
    bool good = size >= 1 && size <= most;
    if (token[0] != '\0') {
        good = good && text_starts(token, TOKEN_PREFIX);
        from = good ? strtoll(token + strlen(TOKEN_PREFIX), NULL, 10) : 0;
    }
    if (!good || from < 0) {
        json_decref(all);
        call_refuse(c, "InvalidParameterException", "Invalid token or page size.");
        return;
    }
    json_t *page = json_array();
    int64_t count = (int64_t)json_array_size(all);
    for (int64_t i = from; i < count && i < from + size; i++) {
        json_array_append(page, json_array_get(all, (size_t)i));
    }
    json_decref(all);
    call_answer(c, name, page);
    if (from + size < count) {
        char next[48];
        TEXT_FORMAT(next, TOKEN_PREFIX "%" PRId64, from + size);
        call_answer(c, "nextToken", json_string(next));
    }
}

void call_list_clusters(struct call *c)
{
    char arn[256];
    sim_arn("cluster", WORLD_CLUSTER, arn, sizeof(arn));
    answer_page(c, "clusterArns", json_pack("[s]", arn), 100, 100);
}

void call_describe_clusters(struct call *c)
{
    json_t *found = json_array(), *failures = json_array();
    const json_t *names = jsonx_at(c->body, "clusters");
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        char arn[256];
        sim_arn("cluster", name == NULL ? "" : call_last_part(name), arn, sizeof(arn));
        if (name != NULL && text_equal(call_last_part(name), WORLD_CLUSTER)) {
            json_array_append_new(found, json_pack("{s:s,s:s,s:s,s:i}", "clusterArn", arn, "clusterName",
                                                   WORLD_CLUSTER, "status", "ACTIVE", "activeServicesCount",
                                                   (int)c->w->service_count));
        } else {
            json_array_append_new(failures, sim_failure_json(arn, "MISSING"));
        }
    }
    call_answer(c, "clusters", found);
    call_answer(c, "failures", failures);
}

void call_list_services(struct call *c)
{
    if (!call_cluster_known(c)) {
        return;
    }
    json_t *all = json_array();
    for (size_t i = 0; i < c->w->service_count; i++) {
        char arn[512], rest[384];
        TEXT_FORMAT(rest, "%s/%s", WORLD_CLUSTER, c->w->services[i].row->name);
        sim_arn("service", rest, arn, sizeof(arn));
        json_array_append_new(all, json_string(arn));
    }
    answer_page(c, "serviceArns", all, 10, 100);
}

/* What a read sees soon after a change. */
enum shown { SHOWN_NEW, SHOWN_OLD, SHOWN_MISSING };

static enum shown show(struct world_ecs *w, const struct sim_service *s)
{
    unsigned missing_percent = w->scenario->missing_percent;
    if (!call_stale(w, s)) {
        return SHOWN_NEW;
    }
    unsigned chance = missing_percent > 0 ? (unsigned)(sim_random(&w->random) % 100) : 100;
    return chance < missing_percent ? SHOWN_MISSING : chance < 2 * missing_percent ? SHOWN_NEW : SHOWN_OLD;
}

void call_describe_services(struct call *c)
{
    const json_t *names = jsonx_at(c->body, "services");
    if (!call_cluster_known(c)) {
        return;
    }
    if (json_array_size(names) == 0 || json_array_size(names) > DESCRIBE_SERVICES_MOST) {
        call_refuse(c, "InvalidParameterException",
                    json_array_size(names) == 0 ? "Services cannot be empty."
                                                : "You cannot describe more than 10 services in a call.");
        return;
    }
    json_t *found = json_array(), *failures = json_array();
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        struct sim_service *s = name == NULL ? NULL : call_find_service(c->w, name);
        enum shown shown = s == NULL ? SHOWN_MISSING : show(c->w, s);
        if (shown == SHOWN_MISSING) {
            missing(failures, "service", name == NULL ? "" : name);
        } else {
            json_array_append_new(found,
                                  shown == SHOWN_OLD ? json_incref(s->stale) : sim_service_json(c->w, s));
        }
    }
    call_answer(c, "services", found);
    call_answer(c, "failures", failures);
}

static bool wanted(const struct sim_service *s, const struct sim_task *t, const json_t *body)
{
    const char *status = jsonx_text(body, "desiredStatus"), *by = jsonx_text(body, "startedBy");
    const char *family = jsonx_text(body, "family");
    char deployment[48];
    TEXT_FORMAT(deployment, "ecs-svc/%" PRIu64, t->deployment);
    if ((by[0] != '\0' && !text_equal(by, deployment)) ||
        (family[0] != '\0' && !text_equal(family, s->row->name))) {
        return false;
    }
    if (text_equal(status, "STOPPED")) {
        return !sim_task_live(t);
    }
    return !text_equal(status, "PENDING") && sim_task_live(t);
}

void call_list_tasks(struct call *c)
{
    if (!call_cluster_known(c)) {
        return;
    }
    const char *name = jsonx_text(c->body, "serviceName");
    if (name[0] != '\0' && call_find_service(c->w, name) == NULL) {
        call_refuse(c, "ServiceNotFoundException", "Service not found.");
        return;
    }
    json_t *all = json_array();
    for (size_t i = 0; i < c->w->service_count; i++) {
        const struct sim_service *s = &c->w->services[i];
        if (name[0] != '\0' && call_find_service(c->w, name) != s) {
            continue;
        }
        for (const struct sim_task *t = s->tasks; t != NULL; t = t->next) {
            if (wanted(s, t, c->body)) {
                char arn[256], rest[128];
                TEXT_FORMAT(rest, "%s/%s", WORLD_CLUSTER, t->id);
                sim_arn("task", rest, arn, sizeof(arn));
                json_array_append_new(all, json_string(arn));
            }
        }
    }
    answer_page(c, "taskArns", all, 100, 100);
}

void call_describe_tasks(struct call *c)
{
    const json_t *names = jsonx_at(c->body, "tasks");
    if (!call_cluster_known(c)) {
        return;
    }
    if (json_array_size(names) == 0 || json_array_size(names) > DESCRIBE_TASKS_MOST) {
        call_refuse(c, "InvalidParameterException",
                    json_array_size(names) == 0 ? "Tasks cannot be empty."
                                                : "You cannot describe more than 100 tasks in a call.");
        return;
    }
    json_t *found = json_array(), *failures = json_array();
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        struct sim_service *s = NULL;
        struct sim_task *t = name == NULL ? NULL : call_find_task(c->w, name, &s);
        if (t == NULL) {
            missing(failures, "task", name == NULL ? "" : name);
        } else {
            json_array_append_new(found, sim_task_json(s, t));
        }
    }
    call_answer(c, "tasks", found);
    call_answer(c, "failures", failures);
}

static bool status_asked(const json_t *body, const char *status)
{
    const json_t *list = jsonx_at(body, "status");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (text_equal(json_string_value(json_array_get(list, i)), status)) {
            return true;
        }
    }
    return json_array_size(list) == 0;
}

void call_list_service_deployments(struct call *c)
{
    struct sim_service *s = call_cluster_known(c) ? call_service_named(c) : NULL;
    if (s == NULL) {
        return;
    }
    int64_t after = jsonx_seconds_to_ms(c->body, "createdAt.after", 0);
    int64_t before = jsonx_seconds_to_ms(c->body, "createdAt.before", SIM_NEVER);
    json_t *all = json_array();
    for (size_t i = 0; i < s->record_count; i++) {
        const struct sim_record *r = &s->records[i];
        bool unseen = call_stale(c->w, s) && r->created_ms + c->w->scenario->stale_ms > c->w->now_ms;
        if (!unseen && r->created_ms > after && r->created_ms < before && status_asked(c->body, r->status)) {
            json_array_append_new(all, sim_record_json(c->w, s, r, true));
        }
    }
    answer_page(c, "serviceDeployments", all, 20, 100);
}

void call_describe_service_deployments(struct call *c)
{
    const json_t *arns = jsonx_at(c->body, "serviceDeploymentArns");
    if (json_array_size(arns) == 0 || json_array_size(arns) > DESCRIBE_DEPLOYMENTS_MOST) {
        call_refuse(c, "InvalidParameterException", "Between 1 and 20 service deployment ARNs are needed.");
        return;
    }
    json_t *found = json_array(), *failures = json_array();
    for (size_t i = 0; i < json_array_size(arns); i++) {
        const char *arn = json_string_value(json_array_get(arns, i));
        struct sim_service *s = NULL;
        struct sim_record *r = arn == NULL ? NULL : call_find_record(c->w, arn, &s);
        if (r == NULL) {
            missing(failures, "service-deployment", arn == NULL ? "" : arn);
        } else {
            json_array_append_new(found, sim_record_json(c->w, s, r, false));
        }
    }
    call_answer(c, "serviceDeployments", found);
    call_answer(c, "failures", failures);
}

void call_describe_service_revisions(struct call *c)
{
    const json_t *arns = jsonx_at(c->body, "serviceRevisionArns");
    if (json_array_size(arns) == 0 || json_array_size(arns) > DESCRIBE_DEPLOYMENTS_MOST) {
        call_refuse(c, "InvalidParameterException", "Between 1 and 20 service revision ARNs are needed.");
        return;
    }
    json_t *found = json_array(), *failures = json_array();
    for (size_t i = 0; i < json_array_size(arns); i++) {
        const char *arn = json_string_value(json_array_get(arns, i));
        struct sim_service *s = NULL;
        const struct sim_record *r = arn == NULL ? NULL : call_find_record(c->w, arn, &s);
        if (r == NULL) {
            missing(failures, "service-revision", arn == NULL ? "" : arn);
        } else {
            json_array_append_new(found, sim_revision_json(s, r));
        }
    }
    call_answer(c, "serviceRevisions", found);
    call_answer(c, "failures", failures);
}

void call_describe_task_definition(struct call *c)
{
    const char *definition = jsonx_text(c->body, "taskDefinition");
    for (size_t i = 0; i < c->w->service_count; i++) {
        int revision = call_revision(&c->w->services[i], definition);
        if (revision != 0) {
            call_answer(c, "taskDefinition", sim_definition_json(c->w, &c->w->services[i], revision));
            return;
        }
    }
    call_refuse(c, "ClientException", "Unable to describe task definition.");
}
