/* restart: UpdateService with forceNewDeployment, at most once; its answer names the deployment to follow. An
 * answer that was lost is looked for among the deployments begun since. */
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "engine_private.h"

#define SKEW_MS 5000   /* world: between our clock and the one behind createdAt */
#define LATE_MS 120000 /* world: a deployment begun later than this after the call is somebody else's */

static enum impact impact(const struct config_service *s)
{
    return s->drops == DROPS_NOTHING ? IMPACT_ROLLING : IMPACT_DROPS;
}

static const char *cost(const struct config_service *s)
{
    switch (s->drops) {
    case DROPS_SOCKETS: return "WebSockets and TAK connections drop for a moment and come back.";
    case DROPS_IMPORTS: return "No downtime expected, but a running import is lost.";
    case DROPS_NOTHING: break;
    }
    return "No downtime expected; some users may have to sign in again.";
}

static void grade(struct operation *op, const struct preflight_facts *f, struct preflight *p)
{
    (void)op;
    preflight_restart(f, p);
}

static void describe(const struct operation *op, char *to, size_t size)
{
    text_format(to, size, "UpdateService forceNewDeployment %s", op->row.service_name);
}

/* ---- sent */

void act_goal_deployment(const char *deployment_id, bool unsure, int wanted, struct follow_goal *ret)
{
    *ret = (struct follow_goal){.kind = FOLLOW_DEPLOYMENT, .unsure = unsure, .wanted = wanted};
    TEXT_COPY(ret->deployment_id, deployment_id);
}

static void redeployed(struct ecs_redeploy *r)
{
    struct operation *op = r->user;
    struct follow_goal goal;
    FAULT_POINT("UpdateService answered");
    if (!restart_back(op, RESTART_SENDING)) {
        return;
    }
    if (r->ok ? r->deployment_id[0] == '\0' : r->uncertain) { /* done, or perhaps done, but as what? */
        act_unknown(op);
    } else if (!r->ok) {
        act_refused(op, r->err.text);
    } else if (strcmp(r->deployment_id, op->preflight.primary_id) == 0) {
        restart_end(op, OP_FAILED,
                    "ECS accepted UpdateService but began no new deployment. Look at the service in "
                    "the AWS console, then ask again.");
    } else {
        if (r->older_id[0] != '\0' && strcmp(r->older_id, op->preflight.primary_id) != 0) {
            TEXT_FORMAT(op->facts.superseded, "I superseded %s, begun in the same second.", r->older_id);
        }
        operation_audit(op, "UpdateService", "%s, AWS request %s", r->deployment_id, r->request_id);
        act_goal_deployment(r->deployment_id, false, r->answered_desired, &goal);
        act_done(op, &goal);
    }
}

void act_redeploy(struct operation *op, const char *task_definition)
{
    struct ecs *ecs = op->engine->ecs;
    op->redeploy = (struct ecs_redeploy){.desired = op->preflight.send_count, .done = redeployed, .user = op};
    TEXT_COPY(op->redeploy.task_definition, task_definition);
    restart_ref(op, &op->redeploy.ref);
    restart_owe(op);
    FAULT_POINT("UpdateService begins");
    ecs->ops->redeploy(ecs, &op->redeploy);
}

static void send(struct operation *op)
{
    act_redeploy(op, "");
}

/* ---- its answer was lost */

static bool may_be_mine(const struct operation *op, const struct ecs_deployment *d)
{
    const struct progress_doubt *doubt = &op->doubt;
    const int64_t sent_ms = doubt->until_ms > doubt->last_ms ? doubt->until_ms : doubt->last_ms;
    return strcmp(d->id, op->preflight.primary_id) != 0 && d->created_ms >= doubt->first_ms - SKEW_MS &&
           d->created_ms <= sent_ms + LATE_MS;
}

bool act_deployment_found(struct operation *op, const struct snapshot *s, struct follow_goal *ret)
{
    const struct ecs_deployment *primary = s->missing ? NULL : model_primary(&s->service);
    if (primary == NULL || !may_be_mine(op, primary)) {
        return false;
    }
    act_goal_deployment(primary->id, true, primary->desired > 0 ? primary->desired : op->facts.wanted, ret);
    return true;
}

const struct act act_restart = {
    .verb = "restart",
    .words =
        {
            .question = "🔄 RESTART",
            .plain = "Restart",
            .yes = "Restart it",
            .noun = "restart",
            .of = "restart of",
            .doing = "🔄 RESTARTING",
            .begins = "Asking ECS for a new deployment",
            .done = "restarted",
            .not_done = "RESTARTED",
            .does = "restarts it",
            .same = "restarts the same service",
            .about_to = "is about to restart the same service",
            .call = "UpdateService",
            .usual = "usually 5-10 min",
            .runs = "Mine would supersede it",
            .has_old = true,
            .again = "RESTART",
            .search = "I look for a minute whether a new deployment begins; if none does, I ask you.",
            .console = "whether a deployment runs",
            .unseen = "no new deployment of mine",
            .twice =
                "Most likely it never arrived, but nobody can be sure: if it still does, sending it again "
                "restarts the tasks twice, the second time instead of the first.",
            .waits = "I keep looking: if a new deployment appears, I follow it and this question is void. If "
                     "nobody answers, nothing is sent.",
            .look = "Before anybody restarts it again, look for a new deployment",
            .found = "✔ Not needed any more: a new deployment shows, which I follow. Nothing was sent again.",
        },
    .deploys = true,
    .impact = impact,
    .cost = cost,
    .grade = grade,
    .describe = describe,
    .send = send,
    .found = act_deployment_found,
};
