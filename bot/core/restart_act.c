/* CARD, ARMING, SENDING, SEARCHING: from "it may begin" to a deployment to follow.
 *
 * Happy path: the card is delivered -> "acting" is durable -> UpdateService -> its answer names our
 * deployment. What can go wrong: the card does not arrive within ten seconds (refused); "acting" cannot be
 * written (refused); more than two minutes passed since a person wanted it (not sent); AWS refuses (failed,
 * with AWS's words); the answer is lost, or the bot died in between (SEARCHING: it is never sent again;
 * a deployment that began since is followed as "may be mine", none within a minute is a failure that says
 * what to check). */
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "engine_private.h"

#define CARD_MS       10000
#define CARD_AGAIN_MS 500
#define SEARCH_MS     60000
#define REMIND_MS     900000 /* while it does not stabilise */
#define SKEW_MS       5000   /* between our clock and the one behind createdAt */

/* ---- CARD */

static void queued(struct operation *op, bool ok)
{
    if (!ok) {
        operation_again(op); /* the ten seconds run */
    }
    FAULT_POINT("queued");
}

void restart_queue(struct operation *op)
{
    struct card *card = op->engine->card;
    struct progress_facts *f = &op->facts;
    const struct preflight *p = &op->preflight;
    TEXT_COPY(f->checks, p->says);
    TEXT_COPY(f->task_definition, p->task_definition);
    f->breaker = p->breaker;
    f->wanted = p->wanted;
    if (op->state != OP_QUEUED) {
        operation_move(op, OP_QUEUED);
        operation_audit(op, "queued", "%s", p->says);
    }
    struct store_txn *t = operation_begin(op);
    if (op->confirmed) {
        restart_confirmed(op, t);
    }
    progress_card_starting(f, p->running, card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    restart_go(op, RESTART_CARD);
    operation_commit(op, t, false, queued);
}

static void card_late(struct loop_timer *t)
{
    struct operation *op = t->user;
    if (op->committing) { /* the store is slow as well: its answer comes first */
        loop_timer_start(op->engine->loop, &op->timer, CARD_AGAIN_MS);
        return;
    }
    loop_timer_stop(op->engine->loop, &op->retry);
    operation_refuse(op,
                     "The first message could not be delivered within 10 s, so I did not begin. Ask again.");
}

void restart_wait_card(struct operation *op)
{
    op->timer = (struct loop_timer){.fire = card_late, .user = op};
    loop_timer_start(op->engine->loop, &op->timer, CARD_MS);
}

void restart_card_sent(struct operation *op, bool delivered)
{
    if (delivered) {
        restart_go(op, RESTART_ARMING);
    } else {
        operation_refuse(op,
                         "The first message could not be delivered in this channel, so I did not begin. Is "
                         "the bot a member of it?");
    }
}

/* ---- ARMING */

static bool still_wanted(const struct operation *op)
{
    const int64_t late = engine_wall(op->engine) - op->moment_ms;
    return late >= 0 && late <= ENGINE_LEASE_MS;
}

static void armed(struct operation *op, bool ok)
{
    FAULT_POINT("acting committed");
    if (!ok) {
        operation_undo(op);
        operation_refuse(op,
                         "I could not write down that I begin, so I did not. Tell who operates this bot: its "
                         "store does not accept writes.");
        return;
    }
    restart_go(op, RESTART_SENDING);
}

void restart_arm(struct operation *op)
{
    if (!still_wanted(op)) {
        operation_refuse(op, "More than 2 minutes passed since it was asked for. Ask again.");
        return;
    }
    op->facts.began_ms = engine_world(op->engine);
    operation_move(op, OP_ACTING);
    operation_audit(op, "acting", "UpdateService forceNewDeployment %s", op->row.service_name);
    operation_commit(op, operation_begin(op), true, armed);
}

/* ---- SENDING */

static void following(struct operation *op, bool ok)
{
    FAULT_POINT("following committed");
    if (!ok) {
        operation_again(op);
    }
}

void restart_begin_following(struct operation *op, const char *deployment_id, bool unsure, int wanted)
{
    const struct config *config = op->engine->config;
    struct card *card = op->engine->card;
    op->goal = (struct follow_goal){.kind = FOLLOW_DEPLOYMENT,
                                    .unsure = unsure,
                                    .began_ms = op->facts.began_ms,
                                    .wanted = wanted,
                                    .slow_after_ms = config->slow_after_ms,
                                    .give_up_after_ms = config->give_up_after_ms,
                                    .remind_every_ms = REMIND_MS};
    TEXT_COPY(op->goal.deployment_id, deployment_id);
    TEXT_COPY(op->goal.previous_id, op->preflight.primary_id);
    follow_begin(&op->goal, &op->follow);
    if (!unsure) { /* what the preflight saw a moment ago, until the first look */
        op->follow.old_running = op->preflight.running;
        op->follow.served = op->preflight.running > 0 ? SERVED_YES : SERVED_NO;
        op->follow.served_since_ms = op->preflight.running > 0 ? 0 : op->facts.began_ms;
    }
    operation_move(op, OP_FOLLOWING);
    operation_audit(op, "following", "%s%s", deployment_id, unsure ? " (may be mine)" : "");
    struct store_txn *t = operation_begin(op);
    progress_card_following(&op->facts, &op->goal, &op->follow, engine_world(op->engine), card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    op->carded_ms = engine_world(op->engine);
    operation_commit(op, t, false, following);
    restart_go(op, RESTART_FOLLOWING);
}

static void refused_by_aws(struct operation *op, const char *words)
{
    char why[sizeof(op->why)];
    TEXT_FORMAT(
        why, "AWS refused UpdateService, so nothing was changed: %s. When that is mended: %s restart %s %s",
        words, op->facts.command, op->facts.target, op->facts.key);
    restart_end(op, OP_FAILED, why);
}

static void redeployed(struct ecs_redeploy *r)
{
    struct operation *op = r->user;
    FAULT_POINT("UpdateService answered");
    if (!restart_back(op, RESTART_SENDING)) {
        return;
    }
    if (r->ok ? r->deployment_id[0] == '\0' : r->uncertain) { /* done, or perhaps done, but as what? */
        restart_go(op, RESTART_SEARCHING);
    } else if (!r->ok) {
        refused_by_aws(op, r->err.text);
    } else if (strcmp(r->deployment_id, op->preflight.primary_id) == 0) {
        restart_end(op, OP_FAILED,
                    "ECS accepted UpdateService but began no new deployment. Look at the service in "
                    "the AWS console, then ask again.");
    } else {
        if (r->older_id[0] != '\0' && strcmp(r->older_id, op->preflight.primary_id) != 0) {
            TEXT_FORMAT(op->facts.superseded, "I superseded %s, begun in the same second.", r->older_id);
        }
        operation_audit(op, "UpdateService", "%s, AWS request %s", r->deployment_id, r->request_id);
        restart_begin_following(op, r->deployment_id, false, r->answered_desired);
    }
}

void restart_send(struct operation *op)
{
    struct ecs *ecs = op->engine->ecs;
    if (!still_wanted(op)) {
        restart_end(op, OP_FAILED,
                    "More than 2 minutes passed since it was asked for, so UpdateService was not "
                    "sent. Ask again.");
        return;
    }
    op->redeploy = (struct ecs_redeploy){.desired = op->preflight.send_count, .done = redeployed, .user = op};
    restart_ref(op, &op->redeploy.ref);
    restart_owe(op);
    FAULT_POINT("UpdateService begins");
    ecs->ops->redeploy(ecs, &op->redeploy);
}

/* ---- SEARCHING */

static void searching(struct operation *op, bool ok)
{
    FAULT_POINT("uncertain committed");
    if (!ok) {
        operation_again(op);
    }
}

static void found(struct ecs_watch *w, const struct snapshot *s)
{
    struct operation *op = w->user;
    if (operation_writing(op) || s->service_absence != ECS_SEEN || s->missing) {
        return;
    }
    op->looked = true;
    const struct ecs_deployment *primary = model_primary(&s->service);
    if (primary != NULL && strcmp(primary->id, op->preflight.primary_id) != 0 &&
        primary->created_ms >= op->facts.began_ms - SKEW_MS) {
        restart_begin_following(op, primary->id, true,
                                primary->desired > 0 ? primary->desired : op->facts.wanted);
    }
}

/* The card's edit notifies nobody. */
static void tell_blind(struct operation *op)
{
    struct card *card = op->engine->card;
    char suffix[32];
    struct store_txn *t = operation_begin(op);
    progress_unseen(&op->facts, card);
    TEXT_FORMAT(suffix, "notice/%d", ++op->notices);
    operation_stage(op, t, suffix, PROGRESS_NEW, false, card);
    operation_commit(op, t, false, searching);
}

static void not_found(struct loop_timer *t)
{
    struct operation *op = t->user;
    const bool busy = operation_writing(op);
    const bool patient = engine_world(op->engine) - op->facts.began_ms < op->engine->config->give_up_after_ms;
    if (busy || (!op->looked && patient)) {
        loop_timer_start(op->engine->loop, &op->timer, SEARCH_MS); /* unseen is not "none" */
        if (!busy && !op->blind_told) {
            op->blind_told = true;
            tell_blind(op);
        }
        return;
    }
    /* not seen is neither done nor not done */
    restart_end(op, op->looked ? OP_FAILED : OP_CANCELLED,
                op->looked
                    ? "No answer came to UpdateService, and no new deployment appeared within a minute: it "
                      "most likely never arrived. I did not send it again. Check the deployments with "
                      "status, then ask again."
                    : "No answer came to UpdateService, and I could not look at the service since. Check "
                      "the deployments in the AWS console before you ask again.");
}

void restart_search(struct operation *op)
{
    struct engine *e = op->engine;
    op->looked = false;
    restart_watch(op, found, NULL);
    op->timer = (struct loop_timer){.fire = not_found, .user = op};
    loop_timer_start(e->loop, &op->timer, SEARCH_MS);
    if (op->state != OP_UNCERTAIN) {
        operation_move(op, OP_UNCERTAIN);
        operation_audit(op, "uncertain", "no answer to UpdateService");
    }
    struct store_txn *t = operation_begin(op);
    progress_card_uncertain(&op->facts, engine_wall(e), e->card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, e->card);
    operation_commit(op, t, false, searching);
}
