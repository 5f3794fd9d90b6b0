/* CARD, ARMING, SENDING: from "it may begin" to a deployment to follow.
 *
 * Happy path: the card is delivered -> "acting" is durable -> UpdateService -> its answer names our
 * deployment. What can go wrong: the card does not arrive within ten seconds (refused); "acting" cannot be
 * written (refused); more than two minutes passed since a person wanted it (not sent: they are asked, with
 * fresh facts); AWS refuses (failed, with AWS's words); the answer is lost, or the bot died in between
 * (restart_doubt.c: it is never sent again by itself). A second UpdateService, which a person wanted, comes
 * through ARMING as well; what stops it leads back to the question. */
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "engine_private.h"

#define LEASE_MS      5000 /* boot */
#define CARD_MS       10000
#define CARD_AGAIN_MS 500
#define REMIND_MS     900000 /* while it does not stabilise */

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
    if (op->confirmed && !op->pressed) {
        restart_confirmed(op, t);
    }
    progress_card_starting(f, p->running, card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    op->has_card = true;
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

/* Nothing was sent: who wanted it is asked, with fresh facts; second_news: when it would have been the
 * second. */
static void go_back(struct operation *op, const char *second_news)
{
    const bool second = op->doubt.sends > (op->state == OP_ACTING ? 1 : 0);
    if (op->state == OP_ACTING) {
        op->doubt.sends--;
        operation_move(op, second ? OP_UNCERTAIN : OP_QUEUED);
    }
    if (second) {
        restart_doubt(op, second_news);
    } else {
        restart_go(op, RESTART_CHECKING);
    }
}

static void too_late(struct operation *op)
{
    go_back(op, "More than 2 minutes passed since you answered: it was not sent again.");
}

/* Since it was asked for. */
static void frozen_now(struct operation *op, const char *text)
{
    if (op->state == OP_UNCERTAIN) {
        restart_doubt(op, text);
    } else {
        operation_refuse(op, text);
    }
}

static void armed(struct operation *op, bool ok)
{
    FAULT_POINT("acting committed");
    if (ok) {
        restart_go(op, RESTART_SENDING);
        return;
    }
    op->doubt.sends--;
    operation_undo(op);
    if (op->state == OP_UNCERTAIN) {
        restart_doubt(op, "I could not write down that I send it again, so I did not.");
    } else {
        operation_refuse(op,
                         "I could not write down that I begin, so I did not. Tell who operates this bot: its "
                         "store does not accept writes.");
    }
}

void restart_arm(struct operation *op)
{
    struct progress_doubt *d = &op->doubt;
    char frozen[400];
    char what[ACT_WHAT];
    if (!operation_still_wanted(op)) {
        too_late(op);
        return;
    }
    if (engine_frozen(op->engine, frozen, sizeof(frozen))) {
        frozen_now(op, frozen);
        return;
    }
    op->leased_boot_ms = clock_boot(op->engine->clock);
    op->facts.began_ms = engine_world(op->engine);
    d->first_ms = d->sends > 0 ? d->first_ms : op->facts.began_ms;
    d->last_ms = op->facts.began_ms;
    d->until_ms = 0;
    d->sends++;
    d->cut_off = false;
    TEXT_COPY(d->before_id, op->preflight.primary_id);
    struct store_txn *t = operation_begin(op);
    if (op->state == OP_UNCERTAIN) {
        restart_confirmed(op, t);
        progress_card_starting(&op->facts, op->preflight.running, op->engine->card);
        operation_stage(op, t, "card", PROGRESS_NEW, false, op->engine->card);
    }
    operation_move(op, OP_ACTING);
    op->act->describe(op, what, sizeof(what));
    operation_audit(op, "acting", "%s%s", what, d->sends > 1 ? ", again" : "");
    store_txn_yields(t); /* nothing is begun on a full disk */
    operation_commit(op, t, true, armed);
}

/* ---- SENDING */

static void following(struct operation *op, bool ok)
{
    FAULT_POINT("following committed");
    if (!ok) {
        operation_again(op);
    }
}

/* What the preflight saw a moment ago, until the first look. */
static void begin_served(struct operation *op)
{
    if (op->goal.kind == FOLLOW_COUNT) { /* its tasks are neither old nor new ones */
        op->follow.new_running = op->preflight.running;
    } else {
        op->follow.old_running = op->preflight.running;
    }
    op->follow.served = op->preflight.running > 0 ? SERVED_YES : SERVED_NO;
    op->follow.served_since_ms = op->preflight.running > 0 ? 0 : op->facts.began_ms;
}

void restart_begin_following(struct operation *op, const struct follow_goal *goal, const char *question)
{
    const struct config *config = op->engine->config;
    struct card *card = op->engine->card;
    op->goal = *goal;
    op->goal.began_ms = op->facts.began_ms;
    op->goal.slow_after_ms = config->slow_after_ms;
    op->goal.give_up_after_ms = config->give_up_after_ms;
    op->goal.remind_every_ms = REMIND_MS;
    if (op->goal.previous_id[0] == '\0') {
        TEXT_COPY(op->goal.previous_id, op->preflight.primary_id);
    }
    follow_begin(&op->goal, &op->follow);
    if (!goal->unsure) {
        begin_served(op);
    }
    operation_move(op, OP_FOLLOWING);
    operation_audit(op, "following", "%s%s", goal->deployment_id, goal->unsure ? " (may be mine)" : "");
    struct store_txn *t = operation_begin(op);
    restart_close_question(op, t, question, false);
    progress_card_following(&op->facts, &op->goal, &op->follow, engine_world(op->engine), card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    op->carded_ms = engine_world(op->engine);
    operation_commit(op, t, false, following);
    restart_care_end_others(op);
    restart_go(op, RESTART_FOLLOWING);
    restart_take_over(op);
}

void act_done(struct operation *op, const struct follow_goal *goal)
{
    restart_begin_following(op, goal, "");
}

void act_unknown(struct operation *op)
{
    op->doubt.until_ms = engine_world(op->engine); /* this process may have slept before it sent */
    restart_go(op, RESTART_SEARCHING);
}

static void refused_by_aws(struct operation *op, const char *words)
{
    char why[sizeof(op->why)];
    TEXT_FORMAT(why, "AWS refused %s, so nothing was changed: %s. When that is mended: %s %s %s %s",
                op->facts.words->call, words, op->facts.command, op->act->verb, op->facts.target,
                op->facts.key);
    restart_end(op, OP_FAILED, why);
}

/* The second one came to nothing: what became of the first is as unknown as before. */
static void second_refused(struct operation *op, const char *words)
{
    char news[400];
    TEXT_FORMAT(news, "Sending it again came to nothing: %s", words);
    operation_move(op, OP_UNCERTAIN);
    op->doubt.sends--;
    restart_doubt(op, news);
}

void act_refused(struct operation *op, const char *words)
{
    if (op->doubt.sends > 1) {
        second_refused(op, words);
    } else {
        refused_by_aws(op, words);
    }
}

static void leased(struct operation *op, bool ok)
{
    FAULT_POINT("lease committed");
    if (ok) {
        restart_send(op);
    } else {
        operation_again(op);
    }
}

/* The store lets only its newest opener write. What was written long ago says nothing about now: this process
 * may have been stopped since, and another one may have taken the store over. */
static bool lease_holds(struct operation *op)
{
    const int64_t now = clock_boot(op->engine->clock);
    if (now - op->leased_boot_ms <= LEASE_MS) {
        return true;
    }
    op->leased_boot_ms = now;
    operation_commit(op, operation_begin(op), true, leased);
    return false;
}

void restart_send(struct operation *op)
{
    char frozen[400];
    if (!operation_still_wanted(op)) {
        too_late(op);
    } else if (engine_frozen(op->engine, frozen, sizeof(frozen))) {
        go_back(op, frozen);
    } else if (lease_holds(op)) {
        op->act->send(op);
    }
}
