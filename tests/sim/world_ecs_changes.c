/* The actions that change something. */
#include "sim/world_ecs_calls.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"

#define STOP_REASON_MOST 255

/* What reads go on showing for the scenario's time. */
static void remember_stale(struct call *c, struct sim_service *s)
{
    if (c->w->scenario->stale_ms > 0 && !call_stale(c->w, s)) {
        json_decref(s->stale);
        s->stale = sim_service_json(c->w, s);
        s->stale_until_ms = c->w->now_ms + c->w->scenario->stale_ms;
    }
}

void call_update_service(struct call *c)
{
    struct sim_service *s = call_cluster_known(c) ? call_service_named(c) : NULL;
    if (s == NULL) {
        return;
    }
    int revision = s->deployments[0].revision;
    const char *definition = jsonx_text(c->body, "taskDefinition");
    if (definition[0] != '\0') {
        revision = call_revision(s, definition);
    }
    int64_t desired = jsonx_int(c->body, "desiredCount", s->desired);
    if (revision == 0) {
        call_refuse(c, "ClientException", "TaskDefinition not found.");
        return;
    }
    if (definition[0] != '\0' && c->w->scenario->older_inactive && revision != SIM_REVISION) {
        call_refuse(c, "ClientException", "TaskDefinition is inactive");
        return;
    }
    if (desired < 0 || desired > SIM_TASKS / 4) {
        call_refuse(c, "InvalidParameterException", "desiredCount is out of range.");
        return;
    }
    remember_stale(c, s);
    bool begins = jsonx_bool(c->body, "forceNewDeployment", false) || revision != s->deployments[0].revision;
    if (begins && !sim_rollout_begin(c->w, s, revision)) {
        call_refuse(c, "ClientException", "Too many deployments of this service are running.");
        return;
    }
    if (desired != s->desired) {
        s->desired = (int)desired;
        s->steady = false;
        s->tick_ms = s->tick_ms < c->w->now_ms + 3000 ? s->tick_ms : c->w->now_ms + 3000;
        sim_turns_counted(c->w, s);
    }
    if (begins) {
        sim_turns_expect(c->w, s);
    }
    call_answer(c, "service", sim_service_json(c->w, s));
}

void call_stop_task(struct call *c)
{
    if (!call_cluster_known(c)) {
        return;
    }
    struct sim_service *s = NULL;
    struct sim_task *t = call_find_task(c->w, jsonx_text(c->body, "task"), &s);
    if (t == NULL) {
        call_refuse(c, "InvalidParameterException", "The referenced task was not found.");
        return;
    }
    const char *reason = jsonx_text(c->body, "reason");
    if (strlen(reason) > STOP_REASON_MOST) {
        call_refuse(c, "InvalidParameterException", "The reason is longer than 255 characters.");
        return;
    }
    if (sim_task_live(t)) {
        remember_stale(c, s);
        sim_task_stop(c->w, s, t, false, "UserInitiated",
                      reason[0] != '\0' ? reason : "Task stopped by user");
    }
    call_answer(c, "task", sim_task_json(s, t));
}

void call_stop_service_deployment(struct call *c)
{
    const char *arn = jsonx_text(c->body, "serviceDeploymentArn"), *type = jsonx_text(c->body, "stopType");
    struct sim_service *s = NULL;
    struct sim_record *r = call_find_record(c->w, arn, &s);
    if (r == NULL) {
        call_refuse(c, "ServiceDeploymentNotFoundException", "Service deployment not found.");
        return;
    }
    if (type[0] != '\0' && !text_equal(type, "ROLLBACK")) {
        call_refuse(c, "UnsupportedFeatureException", "Only the stop type ROLLBACK is supported.");
        return;
    }
    if (!sim_record_running(r) || r->rollback_ms != 0) {
        call_refuse(c, "ConflictException", "The service deployment cannot be stopped in its current state.");
        return;
    }
    remember_stale(c, s);
    if (!sim_rollout_back(c->w, s, BACK_BY_HAND)) {
        call_refuse(c, "InvalidParameterException", "There is no completed deployment to roll back to.");
        return;
    }
    call_answer(c, "serviceDeploymentArn", json_string(arn));
}

void call_continue_service_deployment(struct call *c)
{
    const char *arn = jsonx_text(c->body, "serviceDeploymentArn"), *action = jsonx_text(c->body, "action");
    struct sim_service *s = NULL;
    struct sim_record *r = call_find_record(c->w, arn, &s);
    if (r == NULL) {
        call_refuse(c, "ServiceDeploymentNotFoundException", "Service deployment not found.");
        return;
    }
    bool waits = sim_record_running(r) && r->rollback_ms == 0 && r->stage != NULL &&
                 text_equal(r->stage, "POST_SCALE_UP");
    if (!waits || !text_equal(jsonx_text(c->body, "hookId"), SIM_HOOK)) {
        call_refuse(c, "InvalidParameterException",
                    "No lifecycle hook of this deployment waits for an action.");
        return;
    }
    s->turns[TURN_CONTINUE] = SIM_NEVER;
    if (!text_equal(action, "ROLLBACK")) {
        sim_hook_continue(c->w, s);
    } else if (!sim_rollout_back(c->w, s, BACK_BY_HAND)) {
        call_refuse(c, "InvalidParameterException", "There is no completed deployment to roll back to.");
        return;
    }
    call_answer(c, "serviceDeploymentArn", json_string(arn));
}
