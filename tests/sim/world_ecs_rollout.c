/* Deployments of a service, and their history.
 *
 *   begin --> IN_PROGRESS --> COMPLETED (all tasks of PRIMARY healthy, all older ones gone)
 *                 |
 *                 +--> FAILED (circuit breaker) --> the last COMPLETED one is PRIMARY again, under its old id
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

bool sim_rollout_begin(struct world_ecs *w, struct sim_service *s, int revision)
{
    if (s->deployment_count == SIM_DEPLOYMENTS) {
        return false;
    }
    uint64_t source = s->deployments[0].rollout == ROLLOUT_COMPLETED
                          ? s->deployments[0].number
                          : s->deployments[completed_before(s)].number;
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
}

int sim_breaker_threshold(const struct sim_service *s)
{
    int half = (s->desired + 1) / 2;
    return half < BREAKER_LEAST ? BREAKER_LEAST : half > BREAKER_MOST ? BREAKER_MOST : half;
}

bool sim_rollout_back(struct world_ecs *w, struct sim_service *s, const char *reason)
{
    size_t i = completed_before(s);
    if (i == 0) {
        return false;
    }
    struct sim_deployment old = s->deployments[i];
    memmove(&s->deployments[1], &s->deployments[0], i * sizeof(s->deployments[0]));
    old.rollout = ROLLOUT_IN_PROGRESS;
    old.updated_ms = w->now_ms;
    TEXT_FORMAT(old.reason, "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/%" PRIu64,
                old.number);
    s->deployments[0] = old;
    struct sim_record *r = &s->records[0];
    assert(sim_record_running(r));
    r->status = "ROLLBACK_IN_PROGRESS";
    r->rollback_ms = r->updated_ms = w->now_ms;
    TEXT_COPY(r->reason, reason);
    sim_event(w, s, "rolling back to deployment ecs-svc/%" PRIu64 ".", old.number);
    disturb(w, s);
    return true;
}

void sim_rollout_fail(struct world_ecs *w, struct sim_service *s)
{
    struct sim_deployment *d = &s->deployments[0];
    d->rollout = ROLLOUT_FAILED;
    d->updated_ms = w->now_ms;
    TEXT_COPY(d->reason, "ECS deployment circuit breaker: tasks failed to start.");
    s->records[0].failed = d->failed;
    sim_event(w, s, "(deployment ecs-svc/%" PRIu64 ") deployment failed: tasks failed to start.", d->number);
    sim_rollout_back(w, s,
                     "Service deployment rolled back because the circuit breaker threshold was exceeded.");
}
