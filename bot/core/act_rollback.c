/* rollback: while a deployment runs, StopServiceDeployment(ROLLBACK) of just that one: ECS stops retrying and
 * keeps the old tasks. Else UpdateService to the task definition before, which asks.
 *
 * Which of the two it is, the checks decide, and what they chose is what is sent. Pressed on the card of a
 * failing restart it is bound to the deployment that the card showed. What can go wrong: it has ended
 * meanwhile (nothing is sent, or ECS says so); the answer is lost (what ECS shows of the rollout decides,
 * else people do); there is nothing to go back to, or its image is gone (refused). */
#include <string.h>

#include "base/fault.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "engine_private.h"

static enum impact impact(const struct config_service *s)
{
    return s->drops == DROPS_NOTHING ? IMPACT_ROLLING : IMPACT_DROPS;
}

static const char *cost(const struct config_service *s)
{
    (void)s;
    return "No downtime expected.";
}

/* ---- words of a deployment that is stopped; those of the other kind are the row's */

static const struct progress_words STOPPING = {
    .question = "↩️ STOP THE DEPLOYMENT, KEEP THE OLD TASKS of",
    .plain = "Stop retrying",
    .yes = "Stop it, keep old tasks",
    .noun = "rollback",
    .of = "rollback of",
    .doing = "↩️ STOPPING THE DEPLOYMENT of",
    .begins = "Asking ECS to stop the deployment and to keep the old tasks",
    .done = "keeps its old tasks",
    .not_done = "ROLLED BACK",
    .does = "rolls it back",
    .same = "rolls back the same service",
    .about_to = "is about to roll back the same service",
    .call = "StopServiceDeployment",
    .usual = "usually 1-5 min",
    .runs = "A rollback stops it, in favour of the old tasks",
    .again = "ROLLBACK",
    .search = "I look for a minute whether ECS goes back; if it does not, I ask you.",
    .console = "whether it is being rolled back",
    .unseen = "no rollback",
    .twice = "Most likely it never arrived. Sent again, ECS does it once, or says that it is over.",
    .waits = "I keep looking: if ECS goes back, I follow that and this question is void. If nobody answers, "
             "nothing is sent.",
    .look = "Before anybody does it again, look at the deployment",
    .found = "✔ Not needed any more: ECS goes back to the old tasks, which I follow. Nothing was sent again.",
    .goes_back = true,
    .following = progress_rollback_following,
    .succeeded = progress_rollback_succeeded,
    .proof = progress_rollback_proof,
};

/* ---- CHECKING */

static const struct ecs_deployment *running_of(const struct ecs_service *s)
{
    const struct ecs_deployment *primary = model_primary(s);
    const bool runs =
        primary != NULL && (primary->rollout == ECS_ROLLOUT_IN_PROGRESS ||
                            (primary->rollout == ECS_ROLLOUT_ABSENT && s->deployment_count > 1));
    return runs ? primary : NULL;
}

/* What ECS goes back to: the newest other one that had been completed. */
static const struct ecs_deployment *before(const struct ecs_service *s, const struct ecs_deployment *d)
{
    const struct ecs_deployment *best = NULL;
    for (size_t i = 0; i < s->deployment_count; i++) {
        const struct ecs_deployment *other = &s->deployments[i];
        if (other != d && other->rollout != ECS_ROLLOUT_FAILED &&
            (best == NULL || other->created_ms > best->created_ms)) {
            best = other;
        }
    }
    return best;
}

static const struct ecs_service_deployment *entry_of(const struct snapshot *s, const char *deployment_id)
{
    for (size_t i = 0; s->history_absence == ECS_SEEN && i < s->history_count; i++) {
        if (strcmp(s->history[i].deployment_id, deployment_id) == 0) {
            return &s->history[i];
        }
    }
    return NULL;
}

static void grade_stop(struct operation *op, const struct preflight_facts *f, const struct ecs_deployment *d,
                       struct preflight *p)
{
    struct act_rollback *back = &op->kind.rollback;
    const struct ecs_deployment *old = before(&f->snapshot->service, d);
    const struct ecs_service_deployment *entry = entry_of(f->snapshot, d->id);
    if (entry == NULL) {
        preflight_refuse(
            p, false,
            "I could not find out by which name ECS knows the deployment %s, so I cannot stop it. "
            "Ask again; if it stays so: \"Roll back\" in the AWS console.",
            d->id);
        return;
    }
    if (text_starts(entry->status, "ROLLBACK") || strcmp(entry->status, "STOP_REQUESTED") == 0) {
        preflight_refuse(p, false, "ECS rolls it back already (%s). To see how it goes: %s follow %s %s",
                         entry->status, op->facts.command, op->facts.target, op->facts.key);
        return;
    }
    if (old == NULL) {
        preflight_refuse(
            p, false,
            "There is no older deployment whose tasks could be kept. A version that works has to "
            "be deployed.");
        return;
    }
    TEXT_COPY(back->arn, entry->arn);
    TEXT_COPY(back->left_id, d->id);
    TEXT_COPY(back->back_id, old->id);
    preflight_say(p, "%d new of %d run, %d failed", d->running, d->desired, d->failed);
    if (old->running == 0) {
        preflight_ask(p, REASON_KIND, "No old task runs any more: ECS starts them anew, from %s.",
                      old->task_definition);
    } else {
        preflight_say(p, "%d old tasks are kept", old->running);
    }
}

/* ---- … or to what ran before */

static const char *tag_of(const char *image)
{
    const char *colon = strrchr(image, ':');
    return colon != NULL ? colon + 1 : "";
}

/* "events-0f3c2b1a" is the same version as "0f3c2b1a". */
static bool same_version(const char *a, const char *b)
{
    char behind_a[ECS_NAME], behind_b[ECS_NAME];
    TEXT_FORMAT(behind_a, "-%s", a);
    TEXT_FORMAT(behind_b, "-%s", b);
    return strcmp(a, b) == 0 || text_ends(a, behind_b) || text_ends(b, behind_a);
}

static void grade_skew(const struct preflight_facts *f, struct preflight *p)
{
    const char *tag = f->previous->image_count > 0 ? tag_of(f->previous->images[0]) : "";
    for (size_t i = 0; tag[0] != '\0' && i < f->sibling_count; i++) {
        const struct preflight_sibling *other = &f->siblings[i];
        if (tag_of(other->image)[0] == '\0') {
            preflight_say(p, "version of %s not checked", other->key);
        } else if (!same_version(tag, tag_of(other->image))) {
            preflight_ask(p, REASON_KIND,
                          "⚠️ %s runs version %s, this goes to %s: hub and API must be the same version. "
                          "Roll back %s as well, or neither.",
                          other->key, tag_of(other->image), tag, other->key);
        } else {
            preflight_say(p, "same version as %s", other->key);
        }
    }
}

static void grade_previous_image(const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_around *a = f->previous_image;
    if (a == NULL || a->image.absence != ECS_SEEN) {
        preflight_ask(p, REASON_UNCHECKED, "Not checked: whether its image is still there (%s).",
                      a != NULL && a->image.why[0] != '\0' ? a->image.why : "no answer in time");
    } else if (a->image.gone) {
        preflight_refuse(p, true,
                         "Its image %s is GONE from the registry: no task of it could start. Have it built "
                         "again first.",
                         a->image.name);
    } else {
        preflight_say(p, "its image %s is there", a->image.name);
    }
}

static void grade_previous(struct operation *op, const struct preflight_facts *f, struct preflight *p)
{
    struct act_rollback *back = &op->kind.rollback;
    const struct ecs_previous *r = f->previous;
    char ran[TEXT_TIME];
    if (r == NULL || (!r->ok && !r->found)) {
        preflight_refuse(p, false,
                         "No deployment runs, and I could not find out what ran before: %s. Ask again; if it "
                         "stays so: the AWS console, \"Update service\", an older revision.",
                         r != NULL ? r->err.text : "this endpoint does not tell");
        return;
    }
    if (!r->found) {
        preflight_refuse(p, false,
                         "No deployment runs, and ECS remembers none that had another version than %s. A "
                         "version that works has to be deployed.",
                         p->task_definition);
        return;
    }
    if (r->inactive) {
        preflight_refuse(
            p, false,
            "What ran before, %s, was de-registered since, and ECS refuses to go back to it. Have "
            "that version deployed again.",
            r->task_definition);
        return;
    }
    TEXT_COPY(back->task_definition, r->task_definition);
    text_date_time(ran, r->ran_ms);
    preflight_ask(p, REASON_KIND, "%s -> %s, deployed %s UTC: the version before, and its settings.",
                  p->task_definition, r->task_definition, ran);
    grade_previous_image(f, p);
    grade_skew(f, p);
    preflight_restart(f, p);
}

static bool stops(const struct operation *op)
{
    return op->kind.rollback.arn[0] != '\0';
}

static void grade(struct operation *op, const struct preflight_facts *f, struct preflight *p)
{
    struct act_rollback *back = &op->kind.rollback;
    const struct ecs_deployment *d = running_of(&f->snapshot->service);
    if (back->bound[0] != '\0' && (d == NULL || strcmp(d->id, back->bound) != 0)) {
        preflight_refuse(
            p, false,
            "The deployment that the button was about, %s, does not run any more. How it is now: "
            "%s status %s %s",
            back->bound, op->facts.command, op->facts.target, op->facts.key);
        return;
    }
    if (op->state == OP_UNCERTAIN && stops(op) != (d != NULL)) {
        return; /* what was sent once is not swapped for the other */
    }
    back->arn[0] = back->task_definition[0] = '\0';
    if (d != NULL) {
        grade_stop(op, f, d, p);
    } else {
        grade_previous(op, f, p);
    }
    op->facts.words = stops(op) ? &STOPPING : &op->act->words;
    if (!op->confirmed) {
        TEXT_COPY(back->asked, stops(op) ? back->left_id : back->task_definition);
    } else if (back->bound[0] == '\0' &&
               strcmp(back->asked, stops(op) ? back->left_id : back->task_definition) != 0) {
        preflight_refuse(
            p, false,
            "You confirmed to roll back %s, and that is not what it would do now: the deployment "
            "ended, or another one was completed. Ask again.",
            back->asked);
    }
}

/* ---- SENDING */

static void describe(const struct operation *op, char *to, size_t size)
{
    const struct act_rollback *back = &op->kind.rollback;
    if (stops(op)) {
        text_format(to, size, "StopServiceDeployment ROLLBACK %s (%s)", back->arn, back->left_id);
    } else {
        text_format(to, size, "UpdateService %s to %s", op->row.service_name, back->task_definition);
    }
}

static void goal_back(const struct operation *op, bool unsure, struct follow_goal *ret)
{
    *ret = (struct follow_goal){.kind = FOLLOW_BACK_TO, .unsure = unsure, .wanted = op->preflight.wanted};
    TEXT_COPY(ret->deployment_id, op->kind.rollback.left_id);
    TEXT_COPY(ret->previous_id, op->kind.rollback.back_id);
}

static void rolled_back(struct ecs_roll_back *r)
{
    struct operation *op = r->user;
    struct follow_goal goal;
    FAULT_POINT("StopServiceDeployment answered");
    if (!restart_back(op, RESTART_SENDING)) {
        return;
    }
    if (r->ok) {
        operation_audit(op, "StopServiceDeployment", "%s, AWS request %s", op->kind.rollback.left_id,
                        r->request_id);
        goal_back(op, false, &goal);
        act_done(op, &goal);
    } else if (r->over && op->doubt.sends > 1) {
        goal_back(op, true, &goal); /* the one before arrived, or it ended by itself: its end tells */
        act_done(op, &goal);
    } else if (r->over) {
        restart_end(op, OP_FAILED,
                    "The deployment had ended before I could stop it, so nothing was changed. Look how: "
                    "status.");
    } else if (r->uncertain) {
        act_unknown(op);
    } else {
        act_refused(op, r->err.text);
    }
}

static void send(struct operation *op)
{
    struct act_rollback *back = &op->kind.rollback;
    struct ecs *ecs = op->engine->ecs;
    if (!stops(op)) {
        act_redeploy(op, back->task_definition);
        return;
    }
    back->call = (struct ecs_roll_back){.done = rolled_back, .user = op};
    restart_ref(op, &back->call.ref);
    TEXT_COPY(back->call.arn, back->arn);
    restart_owe(op);
    FAULT_POINT("StopServiceDeployment begins");
    ecs->ops->roll_back(ecs, &back->call);
}

/* ---- its answer was lost */

static bool found(struct operation *op, const struct snapshot *s, struct follow_goal *ret)
{
    const struct act_rollback *back = &op->kind.rollback;
    if (!stops(op)) {
        return act_deployment_found(op, s, ret);
    }
    const struct ecs_deployment *primary = s->missing ? NULL : model_primary(&s->service);
    const bool shown = s->rollout_absence == ECS_SEEN &&
                       strcmp(s->rollout.deployment_id, back->left_id) == 0 &&
                       text_starts(s->rollout.status, "ROLLBACK");
    if (!shown && (primary == NULL || strcmp(primary->id, back->back_id) != 0)) {
        return false;
    }
    goal_back(op, true, ret);
    return true;
}

/* ---- kept */

static json_t *save(const struct operation *op)
{
    const struct act_rollback *back = &op->kind.rollback;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "asked", back->asked, "arn", back->arn, "left_id",
                     back->left_id, "back_id", back->back_id, "bound", back->bound, "task_definition",
                     back->task_definition);
}

static void load(struct operation *op, const json_t *saved)
{
    struct act_rollback *back = &op->kind.rollback;
    TEXT_COPY(back->arn, jsonx_text(saved, "arn"));
    TEXT_COPY(back->left_id, jsonx_text(saved, "left_id"));
    TEXT_COPY(back->back_id, jsonx_text(saved, "back_id"));
    TEXT_COPY(back->bound, jsonx_text(saved, "bound"));
    TEXT_COPY(back->asked, jsonx_text(saved, "asked"));
    TEXT_COPY(back->task_definition, jsonx_text(saved, "task_definition"));
    if (stops(op)) {
        op->facts.words = &STOPPING;
    }
}

const struct act act_rollback = {
    .verb = "rollback",
    .words =
        {
            .question = "↩️ ROLL BACK",
            .plain = "Roll back",
            .yes = "Roll it back",
            .noun = "rollback",
            .of = "rollback of",
            .doing = "↩️ ROLLING BACK",
            .begins = "Asking ECS for a deployment of the version before",
            .done = "rolled back to the version before",
            .not_done = "ROLLED BACK",
            .does = "rolls it back",
            .same = "rolls back the same service",
            .about_to = "is about to roll back the same service",
            .call = "UpdateService",
            .usual = "usually 5-10 min",
            .runs = "A rollback stops it, in favour of the old tasks",
            .has_old = true,
            .again = "ROLLBACK",
            .search = "I look for a minute whether a new deployment begins; if none does, I ask you.",
            .console = "whether a deployment runs",
            .unseen = "no new deployment of mine",
            .twice =
                "Most likely it never arrived, but nobody can be sure: if it still does, sending it again "
                "replaces the tasks twice.",
            .waits = "I keep looking: if a new deployment appears, I follow it and this question is void. If "
                     "nobody answers, nothing is sent.",
            .look = "Before anybody rolls back again, look for a new deployment",
            .found = "✔ Not needed any more: a new deployment shows, which I follow. Nothing was sent again.",
        },
    .needs = ACT_PREVIOUS | ACT_SIBLINGS | ACT_ROLLOUT,
    .impact = impact,
    .cost = cost,
    .grade = grade,
    .describe = describe,
    .send = send,
    .found = found,
    .save = save,
    .load = load,
};
