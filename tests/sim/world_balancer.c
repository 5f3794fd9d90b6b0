/* The load balancer's view of the tasks: DescribeTargetHealth. */
#include "sim/world_ecs_calls.h"

#include "base/jsonx.h"
#include "base/text.h"

#define REGISTERING_MS 10000 /* from RUNNING */
#define JUDGED_MS      60000 /* two health checks failed */

/* AWS's own pairs of reason and description. */
struct health {
    const char *state, *reason, *description;
};

const char *sim_unhealthy_words(const struct sim_service *s)
{
    return s->row->proxied ? "Health checks failed with these codes: [502]" : "Request timed out";
}

static struct health unhealthy(const struct sim_service *s)
{
    return (struct health){"unhealthy", s->row->proxied ? "Target.ResponseCodeMismatch" : "Target.Timeout",
                           sim_unhealthy_words(s)};
}

static struct health health_of(const struct world_ecs *w, const struct sim_service *s,
                               const struct sim_task *t)
{
    int64_t age = w->now_ms - t->started_ms;
    if (t->phase == PHASE_DRAINING) {
        return (struct health){"draining", "Target.DeregistrationInProgress",
                               "Target deregistration is in progress"};
    }
    if (!sim_task_live(t)) { /* gone, and not yet deregistered */
        return (struct health){"unhealthy", "Target.FailedHealthChecks", "Health checks failed"};
    }
    if (t->phase == PHASE_SERVING) {
        return w->now_ms < t->rebooting_until_ms ? unhealthy(s) : (struct health){"healthy", "", ""};
    }
    if (t->doomed && w->scenario->fate != FATE_CRASHES && age >= JUDGED_MS) {
        return unhealthy(s);
    }
    return age < REGISTERING_MS
               ? (struct health){"initial", "Elb.RegistrationInProgress",
                                 "Target registration is in progress"}
               : (struct health){"initial", "Elb.InitialHealthChecking", "Initial health checks in progress"};
}

/* Targets.member.1.Id, …: all when none is named. */
static bool asked_for(const json_t *body, const char *address)
{
    char name[48];
    for (int i = 1;; i++) {
        TEXT_FORMAT(name, "Targets.member.%d.Id", i);
        const char *id = json_string_value(json_object_get(body, name));
        if (id == NULL) {
            return i == 1;
        }
        if (text_equal(id, address)) {
            return true;
        }
    }
}

static json_t *target_json(const struct sim_service *s, const struct sim_task *t, struct health h)
{
    char port[16];
    TEXT_FORMAT(port, "%d", s->row->port);
    json_t *health = json_pack("{s:s}", "State", h.state);
    if (h.reason[0] != '\0') {
        json_object_set_new(health, "Reason", json_string(h.reason));
        json_object_set_new(health, "Description", json_string(h.description));
    }
    return json_pack("{s:{s:s,s:s,s:s},s:s,s:o}", "Target", "Id", t->address, "Port", port,
                     "AvailabilityZone", t->id[0] % 2 == 0 ? WORLD_REGION "a" : WORLD_REGION "b",
                     "HealthCheckPort", port, "TargetHealth", health);
}

void call_describe_target_health(struct call *c)
{
    const char *wanted = jsonx_text(c->body, "TargetGroupArn");
    for (size_t i = 0; i < c->w->service_count; i++) {
        const struct sim_service *s = &c->w->services[i];
        char arn[256];
        sim_target_group_arn(s, arn, sizeof(arn));
        if (s->row->target_group[0] == '\0' || !text_equal(arn, wanted)) {
            continue;
        }
        json_t *list = json_array();
        for (const struct sim_task *t = s->tasks; t != NULL; t = t->next) {
            if ((t->registered || t->phase == PHASE_DRAINING) && asked_for(c->body, t->address)) {
                json_array_append_new(list, target_json(s, t, health_of(c->w, s, t)));
            }
        }
        call_answer(c, "TargetHealthDescriptions", list);
        return;
    }
    call_refuse(c, "TargetGroupNotFoundException", "One or more target groups not found");
}
