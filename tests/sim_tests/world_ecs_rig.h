#ifndef SIM_TESTS_WORLD_ECS_RIG_H
#define SIM_TESTS_WORLD_ECS_RIG_H
/* What the tests of the simulated ECS share: a world in virtual time, and short ways to ask it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "sim/world_ecs.h"

#define START   INT64_C(1790000000000)
#define SECOND  1000
#define MINUTE  (60 * SECOND)
#define API     "tak-cloudtak-cotak-prod"
#define HUB     "tak-cloudtak-cotak-prod-stateful"
#define WORKERS "tak-cloudtak-cotak-prod-events"

struct fixture {
    struct world_ecs *w;
    int64_t now;
    int status;
    bool lost;
    char type[64], mine[64], before[64];
};

static inline void begin(struct fixture *f, const char *scenario)
{
    *f = (struct fixture){.now = START};
    size_t count;
    const struct world_service *services = world_services(&count);
    const struct world_scenario *row = world_scenario_find(scenario);
    assert_non_null(row);
    f->w = world_ecs_create(row, services, count, 7, START);
}

static inline void end(struct fixture *f)
{
    world_ecs_destroy(f->w);
}

/* New reference. */
static inline json_t *call(struct fixture *f, const char *action, json_t *body)
{
    struct world_answer a;
    json_object_set_new(body, "cluster", json_string(WORLD_CLUSTER));
    world_ecs_call(f->w, f->now, action, body, &a);
    json_decref(body);
    f->status = a.status;
    f->lost = a.lost;
    TEXT_COPY(f->type, jsonx_text(a.body, "__type"));
    return a.body;
}

/* The first service of DescribeServices, new reference. */
static inline json_t *service(struct fixture *f, const char *name)
{
    json_t *all = call(f, "DescribeServices", json_pack("{s:[s]}", "services", name));
    /* throttled, or said to be missing for a while: asked again */
    while ((f->status == 400 && text_equal(f->type, "ThrottlingException")) ||
           (f->status == 200 && json_array_size(jsonx_at(all, "services")) == 0)) {
        json_decref(all);
        all = call(f, "DescribeServices", json_pack("{s:[s]}", "services", name));
    }
    assert_int_equal(f->status, 200);
    json_t *s = json_incref(jsonx_at(all, "services.0"));
    json_decref(all);
    return s;
}

static inline void redeploy(struct fixture *f, const char *name)
{
    json_t *before = service(f, name);
    TEXT_COPY(f->before, jsonx_text(before, "deployments.0.id"));
    json_decref(before);
    json_t *a = call(f, "UpdateService", json_pack("{s:s,s:b}", "service", name, "forceNewDeployment", true));
    assert_int_equal(f->status, 200);
    TEXT_COPY(f->mine, jsonx_text(a, "service.deployments.0.id"));
    assert_string_not_equal(f->mine, f->before);
    json_decref(a);
}

static inline void pass(struct fixture *f, int64_t ms)
{
    f->now += ms;
    world_ecs_step(f->w, f->now);
}

static inline void expect_text(struct fixture *f, const char *name, const char *path, const char *value)
{
    json_t *s = service(f, name);
    assert_string_equal(jsonx_text(s, path), value);
    json_decref(s);
}

static inline int64_t number(struct fixture *f, const char *name, const char *path)
{
    json_t *s = service(f, name);
    int64_t n = jsonx_int(s, path, -1);
    json_decref(s);
    return n;
}

/* How often an event with that text happened since START. */
static inline int events(struct fixture *f, const char *name, const char *part)
{
    json_t *s = service(f, name);
    const json_t *list = jsonx_at(s, "events");
    int n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);
        n +=
            jsonx_seconds_to_ms(e, "createdAt", 0) >= START && strstr(jsonx_text(e, "message"), part) != NULL;
    }
    json_decref(s);
    return n;
}

/* Steps in polls of 5 s until the path reads so; the time it took, or fails after `most`. */
static inline int64_t until(struct fixture *f, const char *name, const char *path, const char *value,
                            int64_t most)
{
    int64_t from = f->now;
    for (; f->now - from < most; pass(f, 5 * SECOND)) {
        json_t *s = service(f, name);
        bool there = text_equal(jsonx_text(s, path), value);
        json_decref(s);
        if (there) {
            return f->now - from;
        }
    }
    fail_msg("%s never became %s", path, value);
    return 0;
}

/* DescribeTasks of all tasks with that status; new reference. */
static inline json_t *tasks(struct fixture *f, const char *name, const char *status)
{
    json_t *list = call(f, "ListTasks", json_pack("{s:s,s:s}", "serviceName", name, "desiredStatus", status));
    json_t *all = call(f, "DescribeTasks", json_pack("{s:O}", "tasks", jsonx_at(list, "taskArns")));
    json_decref(list);
    assert_int_equal(f->status, 200);
    return all;
}

/* {task ARN: runtime id} of what runs; new reference. */
static inline json_t *runtimes(struct fixture *f, const char *name)
{
    json_t *all = tasks(f, name, "RUNNING"), *map = json_object();
    for (size_t i = 0; i < json_array_size(jsonx_at(all, "tasks")); i++) {
        const json_t *t = json_array_get(jsonx_at(all, "tasks"), i);
        json_object_set(map, jsonx_text(t, "taskArn"), jsonx_at(t, "containers.0.runtimeId"));
    }
    json_decref(all);
    return map;
}

/* The newest stopped task of our deployment; NULL when none. New reference. */
static inline json_t *stopped_task(struct fixture *f, const char *name, const char *deployment)
{
    json_t *list =
        call(f, "ListTasks", json_pack("{s:s,s:s}", "serviceName", name, "desiredStatus", "STOPPED"));
    json_t *arns = json_incref(jsonx_at(list, "taskArns"));
    json_decref(list);
    if (json_array_size(arns) == 0) {
        json_decref(arns);
        return NULL;
    }
    json_t *all = call(f, "DescribeTasks", json_pack("{s:o}", "tasks", arns));
    const json_t *tasks = jsonx_at(all, "tasks");
    json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(tasks) && found == NULL; i++) {
        json_t *t = json_array_get(tasks, i);
        if (text_equal(jsonx_text(t, "startedBy"), deployment) &&
            text_equal(jsonx_text(t, "lastStatus"), "STOPPED")) {
            found = json_incref(t);
        }
    }
    json_decref(all);
    return found;
}

#endif
