/* Deployments of a service, and their history.
 *
 *   begin --> IN_PROGRESS --> COMPLETED (all tasks of PRIMARY healthy, all older ones gone)
 *                 |
 *                 +--> FAILED (circuit breaker, alarm) --> the last COMPLETED one is PRIMARY again, under its
 * old |    id; without one nothing is launched any more
 *                 +--> a person stops it: likewise
 *
 * A newer begin makes the running one ACTIVE and its history entry STOPPED. */
#include "sim/world_ecs_private.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define BREAKER_LEAST 3
#define BREAKER_MOST  200

struct sim_deployment *sim_deployment_find(struct sim_service *s, uint64_t number)
{
    for (size_t i = 0; i < s->deployment_count; i++) {
        if (s->deployments[i].number == number) {
            return &s->deployments[i];
        }
    }
    return NULL;
}

struct sim_record *sim_record_find(struct sim_service *s, uint64_t number)
{
    for (size_t i = 0; i < s->record_count; i++) {
        if (s->records[i].number == number) {
            return &s->records[i];
        }
    }
    return NULL;
}

bool sim_record_running(const struct sim_record *r)
{
    return r->finished_ms == 0;
}

void sim_record_goes_on(struct sim_service *s)
{
    if (s->record_count > 0 && text_equal(s->records[0].status, "ROLLBACK_REQUESTED")) {
        s->records[0].status = "ROLLBACK_IN_PROGRESS";
    }
}

static void finish_record(struct world_ecs *w, struct sim_record *r, const char *status)
{
    r->status = status;
    r->finished_ms = r->updated_ms = w->now_ms;
}

static void new_record(struct world_ecs *w, struct sim_service *s, uint64_t source)
{
    for (size_t i = 0; i < s->record_count; i++) {
        if (sim_record_running(&s->records[i])) {
            finish_record(w, &s->records[i], "STOPPED");
        }
    }
    if (s->record_count == SIM_RECORDS) {
        s->record_count--;
    }
    memmove(&s->records[1], &s->records[0], s->record_count * sizeof(s->records[0]));
    s->record_count++;
    s->records[0] = (struct sim_record){.number = s->deployments[0].number,
                                        .revision = s->deployments[0].revision,
                                        .source = source,
                                        .status = "IN_PROGRESS",
                                        .created_ms = w->now_ms,
                                        .started_ms = w->now_ms + 1,
                                        .updated_ms = w->now_ms};
}

static void disturb(struct world_ecs *w, struct sim_service *s)
{
    s->steady = false;
    s->launch_after_ms = 0;
    s->start_failures = 0;
    s->tick_ms = w->now_ms + 3000 + sim_jitter(s, 2000);
}

/* The newest deployment that once was completed, PRIMARY excepted. */
static size_t completed_before(const struct sim_service *s)
{
    for (size_t i = 1; i < s->deployment_count; i++) {
        if (s->deployments[i].rollout == ROLLOUT_COMPLETED) {
            return i;
        }
    }
    return 0;
}

/* Where a hook keeps older tasks in their places, those of a deployment that was given up make room. */
static void make_room(struct world_ecs *w, struct sim_service *s)
{
    char reason[128];
    TEXT_FORMAT(reason, "Scaling activity initiated by (deployment ecs-svc/%" PRIu64 ")",
                s->deployments[0].number);
    for (struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        const struct sim_deployment *of = sim_deployment_find(s, t->deployment);
        if (sim_task_live(t) && of != NULL && of->rollout != ROLLOUT_COMPLETED) {
            sim_task_stop(w, s, t, true, "ServiceSchedulerInitiated", reason);
        }
    }
}

bool sim_rollout_begin(struct world_ecs *w, struct sim_service *s, int revision)
{
    if (s->deployment_count == SIM_DEPLOYMENTS) {
        return false;
    }
    size_t before = completed_before(s);
    uint64_t source = s->deployments[0].rollout == ROLLOUT_COMPLETED ? s->deployments[0].number
                      : before > 0                                   ? s->deployments[before].number
                                                                     : 0;
    memmove(&s->deployments[1], &s->deployments[0], s->deployment_count * sizeof(s->deployments[0]));
    s->deployment_count++;
    struct sim_deployment *d = &s->deployments[0];
    *d = (struct sim_deployment){.number = sim_deployment_number(s),
                                 .revision = revision,
                                 .created_ms = w->now_ms,
                                 .updated_ms = w->now_ms,
                                 .rollout = ROLLOUT_IN_PROGRESS};
    TEXT_FORMAT(d->reason, "ECS deployment ecs-svc/%" PRIu64 " in progress.", d->number);
    new_record(w, s, source);
    if (w->scenario->pause_ms > 0) {
        s->records[0].stage = "SCALE_UP";
        make_room(w, s);
    }
    disturb(w, s);
    return true;
}

void sim_rollout_complete(struct world_ecs *w, struct sim_service *s)
{
    struct sim_deployment *d = &s->deployments[0];
    d->rollout = ROLLOUT_COMPLETED;
    d->updated_ms = w->now_ms;
    d->proven = true;
    TEXT_FORMAT(d->reason, "ECS deployment ecs-svc/%" PRIu64 " completed.", d->number);
    s->deployment_count = 1;
    struct sim_record *r = &s->records[0];
    if (s->record_count > 0 && sim_record_running(r)) {
        finish_record(w, r, r->rollback_ms != 0 ? "ROLLBACK_SUCCESSFUL" : "SUCCESSFUL");
    }
    sim_event(w, s, "(deployment ecs-svc/%" PRIu64 ") deployment completed.", d->number);
    sim_turns_completed(w, s);
}

int sim_breaker_threshold(const struct sim_service *s)
{
    int half = (s->desired + 1) / 2;
    return half < BREAKER_LEAST ? BREAKER_LEAST : half > BREAKER_MOST ? BREAKER_MOST : half;
}

/* AWS's words. Those of the history (status reasons) for an alarm and a person are not documented: ours. */
static const struct {
    const char *status, *old_reason, *failed_reason, *event, *status_reason;
} backs[] = {
    [BACK_BY_BREAKER] =
        {"ROLLBACK_IN_PROGRESS", "ECS deployment circuit breaker: rolling back to deploymentId",
         "ECS deployment circuit breaker: tasks failed to start.", "tasks failed to start",
         "Service deployment rolled back because the circuit breaker threshold was exceeded."},
    [BACK_BY_ALARM] = {"ROLLBACK_IN_PROGRESS", "ECS deployment alarm: rolling back to deploymentId",
                       "ECS deployment failed: alarm detected.", "alarm detected",
                       "Service deployment rolled back because an alarm was detected."},
    [BACK_BY_HAND] = {"ROLLBACK_REQUESTED", "ECS deployment stopped: rolling back to deploymentId", "", "",
                      "Service deployment rolled back because it was stopped by a user."},
};

bool sim_rollout_back(struct world_ecs *w, struct sim_service *s, enum sim_back why)
{
    size_t i = completed_before(s);
    if (i == 0) {
        return false;
    }
    struct sim_deployment old = s->deployments[i];
    memmove(&s->deployments[1], &s->deployments[0], i * sizeof(s->deployments[0]));
    old.rollout = ROLLOUT_IN_PROGRESS;
    old.updated_ms = w->now_ms;
    TEXT_FORMAT(old.reason, "%s ecs-svc/%" PRIu64, backs[why].old_reason, old.number);
    s->deployments[0] = old;
    struct sim_record *r = &s->records[0];
    assert(sim_record_running(r));
    r->status = backs[why].status;
    r->rollback_ms = r->updated_ms = w->now_ms;
    TEXT_COPY(r->reason, backs[why].status_reason);
    sim_event(w, s, "rolling back to deployment ecs-svc/%" PRIu64 ".", old.number);
    disturb(w, s);
    return true;
}

void sim_rollout_fail(struct world_ecs *w, struct sim_service *s, enum sim_back why)
{
    struct sim_deployment *d = &s->deployments[0];
    struct sim_record *r = &s->records[0];
    d->rollout = ROLLOUT_FAILED;
    d->updated_ms = w->now_ms;
    TEXT_COPY(d->reason, backs[why].failed_reason);
    r->failed = d->failed;
    r->alarmed = why == BACK_BY_ALARM;
    sim_event(w, s, "(deployment ecs-svc/%" PRIu64 ") deployment failed: %s.", d->number, backs[why].event);
    if (!sim_rollout_back(w, s, why) && sim_record_running(r)) {
        finish_record(w, r, "ROLLBACK_FAILED");
        TEXT_COPY(r->reason,
                  "Service deployment failed, and there is no completed deployment to roll back to.");
    }
}
