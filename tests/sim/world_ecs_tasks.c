/* The life of one task.
 *
 *   PROVISIONING --> PULLING --> ACTIVATING --> BOOTING ------> SERVING
 *        |              |             |          |   \             |  \
 *        |              | no image    |          |    exits        |   replaced, scaled in, exits
 *        |              |             |          |     |           v
 *        |              |             |     unhealthy, |        DRAINING
 *        |              |             |     StopTask   |           |
 *        |              |             |          v     |           |
 *        |              |             |        KILLING | <---------+
 *        v              v             v          v     |
 *        +--------------+-------------+---> DEPROVISIONING --> STOPPED --(1 h)--> forgotten
 *
 * CloudTAK's containers ignore SIGTERM: whatever passes KILLING ends with SIGKILL, exit code 137. */
#include "sim/world_ecs_json.h"

#include <assert.h>
#include <inttypes.h>

#include "base/mem.h"
#include "base/text.h"

#define KEEP_STOPPED_MS (3600 * INT64_C(1000))
#define DEPROVISION_MS  4000
#define EXIT_AFTER_MS   9000 /* from RUNNING until a doomed container ends */
#define SIGKILLED       137

#define TO(phase) (1u << (phase))
static const unsigned moves[SIM_PHASES] = {
    [PHASE_PROVISIONING] = TO(PHASE_PULLING) | TO(PHASE_DEPROVISIONING),
    [PHASE_PULLING] = TO(PHASE_ACTIVATING) | TO(PHASE_DEPROVISIONING),
    [PHASE_ACTIVATING] = TO(PHASE_BOOTING) | TO(PHASE_DEPROVISIONING),
    [PHASE_BOOTING] = TO(PHASE_SERVING) | TO(PHASE_KILLING) | TO(PHASE_DEPROVISIONING),
    [PHASE_SERVING] = TO(PHASE_DRAINING) | TO(PHASE_KILLING) | TO(PHASE_DEPROVISIONING),
    [PHASE_DRAINING] = TO(PHASE_KILLING),
    [PHASE_KILLING] = TO(PHASE_DEPROVISIONING),
    [PHASE_DEPROVISIONING] = TO(PHASE_STOPPED),
};

static void enter(struct world_ecs *w, struct sim_task *t, enum sim_phase phase, int64_t span_ms)
{
    assert(moves[t->phase] & TO(phase));
    t->phase = phase;
    t->due_ms = span_ms == SIM_NEVER ? SIM_NEVER : w->now_ms + span_ms;
}

bool sim_task_live(const struct sim_task *t)
{
    return t->phase <= PHASE_SERVING;
}

bool sim_task_pending(const struct sim_task *t)
{
    return t->phase <= PHASE_ACTIVATING;
}

bool sim_task_running(const struct sim_task *t)
{
    return t->phase == PHASE_BOOTING || t->phase == PHASE_SERVING;
}

void sim_target_group_arn(const struct sim_service *s, char *to, size_t size)
{
    text_format(to, size, "arn:%s:elasticloadbalancing:%s:%s:%s", WORLD_PARTITION, WORLD_REGION,
                WORLD_ACCOUNT, s->row->target_group);
}

bool sim_doomed(const struct world_ecs *w, const struct sim_service *s, int revision)
{
    const struct world_scenario *row = w->scenario;
    /* what is no fault of the newest image awaits older ones as well */
    bool any = row->database_down || row->image_expired || row->fate == FATE_UNPLACED;
    return row->fate != FATE_SERVES && (any || revision == SIM_REVISION) &&
           (row->only == NULL || text_equal(row->only, s->row->name));
}

struct sim_task *sim_task_launch(struct world_ecs *w, struct sim_service *s, const struct sim_deployment *of)
{
    struct sim_task *t = mem_alloc(sizeof(*t));
    TEXT_FORMAT(t->id, "%016" PRIx64 "%016" PRIx64, sim_random(&s->random), sim_random(&s->random));
    t->deployment = of->number;
    t->revision = of->revision;
    t->doomed = sim_doomed(w, s, of->revision);
    t->phase = PHASE_PROVISIONING;
    t->created_ms = w->now_ms;
    t->due_ms = w->now_ms + s->row->provision_ms + sim_jitter(s, 3000);
    t->exit_code = -1;
    TEXT_FORMAT(t->address, "10.0.%d.%d", 16 + (int)(s - w->services), 10 + s->launched++ % 240);
    t->next = s->tasks;
    s->tasks = t;
    return t;
}

/* The scheduler looks again soon after any task of its service has changed. */
static void wake_scheduler(struct world_ecs *w, struct sim_service *s)
{
    int64_t at = w->now_ms + 2000 + sim_jitter(s, 1000);
    if (s->tick_ms > at) {
        s->tick_ms = at;
    }
}

static void begin_stop(struct world_ecs *w, struct sim_task *t, const char *stop_code, const char *reason)
{
    t->stopping_ms = w->now_ms;
    t->stop_code = stop_code;
    TEXT_COPY(t->stopped_reason, reason);
}

void sim_task_stop(struct world_ecs *w, struct sim_service *s, struct sim_task *t, bool drain,
                   const char *stop_code, const char *reason)
{
    assert(sim_task_live(t));
    begin_stop(w, t, stop_code, reason);
    if (sim_task_pending(t)) {
        enter(w, t, PHASE_DEPROVISIONING, DEPROVISION_MS);
    } else if (drain && t->phase == PHASE_SERVING && s->row->drain_ms > 0) {
        enter(w, t, PHASE_DRAINING, s->row->drain_ms);
    } else {
        enter(w, t, PHASE_KILLING, s->row->kill_ms);
    }
    s->steady = false;
    wake_scheduler(w, s);
}

/* A task of the deployment failed before it ever was healthy: what the circuit breaker counts. */
static void count_failure(struct world_ecs *w, struct sim_service *s, const struct sim_task *t)
{
    struct sim_deployment *d = sim_deployment_find(s, t->deployment);
    if (d == NULL || d->proven || w->scenario->uncounted) {
        return;
    }
    d->failed++;
    d->updated_ms = w->now_ms;
}

static void pull_failed(struct world_ecs *w, struct sim_service *s, struct sim_task *t)
{
    char reason[sizeof(t->container_reason)], image[200];
    sim_image(s, t->revision, image, sizeof(image));
    TEXT_FORMAT(reason,
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve "
                "ref %s: not found",
                image);
    begin_stop(w, t, "TaskFailedToStart", reason);
    TEXT_COPY(t->container_reason, reason);
    t->exited_ms = w->now_ms;
    enter(w, t, PHASE_DEPROVISIONING, DEPROVISION_MS);
    s->start_failures++;
    count_failure(w, s, t);
    wake_scheduler(w, s);
}

void sim_task_exits(struct world_ecs *w, struct sim_service *s, struct sim_task *t)
{
    begin_stop(w, t, "EssentialContainerExited", "Essential container in task exited");
    t->exit_code = w->scenario->exit_code;
    if (w->scenario->container_reason != NULL) {
        TEXT_COPY(t->container_reason, w->scenario->container_reason);
    }
    t->exited_ms = w->now_ms;
    enter(w, t, PHASE_DEPROVISIONING, DEPROVISION_MS);
    count_failure(w, s, t);
    wake_scheduler(w, s);
}

static void found_unhealthy(struct world_ecs *w, struct sim_service *s, struct sim_task *t)
{
    char reason[sizeof(t->stopped_reason)];
    if (t->registered) {
        char arn[256];
        sim_target_group_arn(s, arn, sizeof(arn));
        sim_event(w, s, "(task %s) (port %d) is unhealthy in (target-group %s) due to (reason %s)", t->id,
                  s->row->port, arn, sim_unhealthy_words(s));
        TEXT_FORMAT(reason, "Task failed ELB health checks in (target-group %s)", arn);
    } else {
        sim_event(w, s, "(task %s) failed container health checks.", t->id);
        TEXT_COPY(reason, "Task failed container health checks");
    }
    begin_stop(w, t, "ServiceSchedulerInitiated", reason);
    t->replaced = true;
    enter(w, t, PHASE_KILLING, s->row->kill_ms);
    count_failure(w, s, t);
    wake_scheduler(w, s);
}

static void booting(struct world_ecs *w, struct sim_service *s, struct sim_task *t)
{
    int64_t span = s->row->healthy_ms + sim_jitter(s, 2000);
    if (t->doomed && w->scenario->fate == FATE_EXITS) {
        span = w->scenario->exit_after_ms > 0 ? w->scenario->exit_after_ms : EXIT_AFTER_MS;
        span += sim_jitter(s, 2000);
    } else if (t->doomed && w->scenario->fate == FATE_UNHEALTHY) {
        span = s->row->unhealthy_ms;
    }
    t->started_ms = w->now_ms;
    s->start_failures = 0;
    enter(w, t, PHASE_BOOTING, span);
    wake_scheduler(w, s);
}

static void boots_no_longer(struct world_ecs *w, struct sim_service *s, struct sim_task *t)
{
    if (t->doomed && w->scenario->fate == FATE_EXITS) {
        sim_task_exits(w, s, t);
    } else if (t->doomed && w->scenario->fate == FATE_UNHEALTHY) {
        found_unhealthy(w, s, t);
    } else {
        enter(w, t, PHASE_SERVING, SIM_NEVER);
        struct sim_deployment *d = sim_deployment_find(s, t->deployment);
        if (d != NULL) {
            d->failed = 0;
            d->proven = true;
        }
        wake_scheduler(w, s);
    }
}

void sim_task_due(struct world_ecs *w, struct sim_service *s, struct sim_task *t)
{
    switch (t->phase) {
    case PHASE_PROVISIONING:
        t->pull_started_ms = w->now_ms;
        enter(w, t, PHASE_PULLING, s->row->pull_ms + w->scenario->extra_pull_ms + sim_jitter(s, 3000));
        break;
    case PHASE_PULLING:
        if (t->doomed && w->scenario->fate == FATE_PULL_FAILS) {
            pull_failed(w, s, t);
            break;
        }
        t->pull_stopped_ms = w->now_ms;
        enter(w, t, PHASE_ACTIVATING, s->row->activate_ms);
        break;
    case PHASE_ACTIVATING: booting(w, s, t); break;
    case PHASE_BOOTING: boots_no_longer(w, s, t); break;
    case PHASE_DRAINING: enter(w, t, PHASE_KILLING, s->row->kill_ms); break;
    case PHASE_KILLING:
        t->exit_code = SIGKILLED;
        t->exited_ms = w->now_ms;
        enter(w, t, PHASE_DEPROVISIONING, DEPROVISION_MS);
        break;
    case PHASE_DEPROVISIONING:
        t->stopped_ms = w->now_ms;
        enter(w, t, PHASE_STOPPED, KEEP_STOPPED_MS);
        wake_scheduler(w, s);
        break;
    case PHASE_SERVING:
    case PHASE_STOPPED:
    case SIM_PHASES: break;
    }
}

void sim_tasks_forget(struct sim_service *s, int64_t now_ms)
{
    size_t count = 0;
    struct sim_task **at = &s->tasks;
    while (*at != NULL) {
        struct sim_task *t = *at;
        bool stopped = t->phase == PHASE_STOPPED;
        if (stopped && (t->due_ms <= now_ms || count >= SIM_TASKS)) {
            *at = t->next;
            mem_free(t);
            continue;
        }
        count++;
        at = &t->next;
    }
}

void sim_tasks_free(struct sim_service *s)
{
    while (s->tasks != NULL) {
        struct sim_task *next = s->tasks->next;
        mem_free(s->tasks);
        s->tasks = next;
    }
}
