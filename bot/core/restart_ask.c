/* ASKED: a question with buttons and a code to type.
 *
 * ask (a nonce and a code whose SHA-256 are stored) -> confirmed by who may: the facts are read again
 * (CHECKING), and the change is queued when they are the same, else asked anew with a new nonce -> or
 * declined by who may confirm, cancelled by anyone, closed after five wrong codes -> or expired. The buttons
 * go on every ending. What every question has stands in question.c. */
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "core/local.h"
#include "engine_private.h"

#define WRITING_MS 500

/* ---- asking before anything is changed */

static void question_card(struct operation *op, const char *nonce, struct card *card)
{
    const struct preflight *p = &op->preflight;
    struct progress_facts *f = &op->facts;
    char name[160], expires[TEXT_TIME], yes[60];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(expires, op->question.expires_ms);
    card_init(card, TONE_WARNING);
    card_title(card, "%s %s? Asked by %s · op %s · expires %s UTC", op->facts.words->question, name, f->asker,
               f->operation, expires);
    card_served(
        card, p->running > 0 ? "Users: SERVED, %d of %d tasks run now." : "Users: NOT SERVED, %d of %d run.",
        p->running, p->wanted);
    for (size_t i = 0; i < p->ask_count; i++) {
        card_line(card, "%s", p->asks[i]);
    }
    if (op->act->question != NULL) {
        op->act->question(op, card);
    }
    if (all_is(op)) {
        all_question(op, card);
    }
    progress_text_where(f, card);
    if (p->says[0] != '\0') {
        card_line(card, "Checks: %s", p->says);
    }
    if (f->untouched[0] != '\0') {
        card_line(card, "%s", f->untouched);
    }
    TEXT_FORMAT(yes, "%s %s %s", op->facts.words->plain, f->target, f->key);
    restart_question_buttons(op, nonce, "Cancel", yes,
                             op->facts.words->dialog != NULL ? op->facts.words->dialog : p->asks[0], card);
    card_footer(card, "%s status %s %s", f->command, f->target, f->key);
}

/* The card that is out already tells it as well. */
static void stage_card(struct operation *op, struct store_txn *t, const char *end)
{
    struct card *card = op->engine->card;
    if (!op->has_card) {
        return;
    }
    if (end == NULL) {
        progress_card_waiting(&op->facts, card);
    } else {
        progress_card_nothing(&op->facts, OP_REFUSED, end, card);
    }
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
}

static void asked(struct operation *op, bool ok)
{
    FAULT_POINT("asked");
    if (!ok) {
        operation_again(op);
    }
}

void restart_ask(struct operation *op)
{
    struct engine *e = op->engine;
    char nonce[RESTART_NONCE], suffix[RESTART_SUFFIX], text[300];
    if (!question_can_be_answered(op, text, sizeof(text))) {
        operation_refuse(op, text);
        return;
    }
    restart_question_begin(op, nonce);
    restart_question_suffix(op, suffix, sizeof(suffix));
    operation_move(op, OP_ASKING);
    operation_audit(op, "asking", "%s", op->preflight.asks[0]);
    struct store_txn *t = operation_begin(op);
    question_card(op, nonce, e->card);
    operation_stage(op, t, suffix, PROGRESS_NEW, false, e->card);
    stage_card(op, t, NULL);
    restart_go(op, RESTART_ASKED);
    operation_commit(op, t, false, asked);
}

/* ---- waiting */

static void expired(struct loop_timer *t)
{
    struct operation *op = t->user;
    char at[TEXT_TIME], text[300];
    if (operation_writing(op)) {
        loop_timer_start(op->engine->loop, &op->timer, WRITING_MS);
        return;
    }
    text_time_of_day(at, op->question.expires_ms);
    if (engine_wall(op->engine) < op->question.expires_ms) {
        TEXT_FORMAT(text, "⌛ Void: my clock was changed since I asked; nothing was changed. Again: %s %s",
                    op->facts.command, op->request.text);
    } else {
        TEXT_FORMAT(text, "⌛ Expired %s UTC; nothing was changed. Again: %s %s", at, op->facts.command,
                    op->request.text);
    }
    operation_move(op, OP_EXPIRED);
    operation_audit(op, "expired", "nobody answered");
    struct store_txn *txn = operation_begin(op);
    stage_card(op, txn, text);
    restart_close_question(op, txn, text, true);
    restart_go(op, RESTART_TELLING);
    operation_commit(op, txn, false, asked);
}

void restart_wait(struct operation *op)
{
    restart_question_expires(op, expired);
}

void restart_ask_sent(struct operation *op, bool delivered)
{
    if (delivered) {
        op->question.open = true;
    } else if (op->state == OP_UNCERTAIN) {
        restart_end(op, OP_CANCELLED,
                    "My question whether to send it again could not be delivered in this channel; nothing "
                    "was sent again.");
    } else {
        operation_refuse(
            op, "The question could not be delivered in this channel, so I did not begin. Is the bot a "
                "member of it?");
    }
}

/* ---- answered */

void restart_close_question(struct operation *op, struct store_txn *t, const char *end, bool ends)
{
    struct card *card = op->engine->card;
    char name[160], suffix[RESTART_SUFFIX], again[80];
    if (op->question.key.digest[0] == '\0') {
        return;
    }
    TEXT_FORMAT(again, "Send again: %s", op->facts.words->of);
    op->question.key.digest[0] = '\0';
    restart_question_suffix(op, suffix, sizeof(suffix));
    progress_text_name(&op->facts, name, sizeof(name));
    card_init(card, TONE_NEUTRAL);
    card_title(card, "%s %s? Asked by %s · op %s", op->doubt.sends > 0 ? again : op->facts.words->plain, name,
               op->facts.asker, op->facts.operation);
    card_line(card, "%s", end);
    progress_text_where(&op->facts, card);
    operation_stage(op, t, suffix, PROGRESS_NEW, ends, card);
}

void restart_confirmed(struct operation *op, struct store_txn *t)
{
    char at[TEXT_TIME], text[200];
    text_time_of_day(at, op->question.answered_ms);
    TEXT_FORMAT(text, "✔ Confirmed by %s %s UTC; facts read again, unchanged.", op->question.answered_by, at);
    restart_close_question(op, t, text, false);
    question_take_lock(op);
}

static void answered(struct operation *op, const struct request *by)
{
    TEXT_FORMAT(op->question.answered_by, "@%s", by->who.name[0] != '\0' ? by->who.name : by->who.user);
    op->question.answered_ms = engine_wall(op->engine);
    op->question.used = true;
    mirror_answered(op, by);
}

static void audit_by(struct operation *op, const char *what, const struct request *by)
{
    char who[160];
    request_audited(&by->who, who, sizeof(who));
    operation_audit(op, what, "by %s", who);
}

void restart_confirm(struct operation *op, const struct request *by)
{
    answered(op, by);
    op->confirmed = true;
    operation_want(op, by);
    audit_by(op, "confirmed", by);
    restart_unwatch(op);
    restart_go(op, RESTART_CHECKING);
}

/* Nothing was changed, and it ends so. */
static void end_asking(struct operation *op, enum operation_state to, const char *text)
{
    operation_move(op, to);
    struct store_txn *t = operation_begin(op);
    stage_card(op, t, text);
    restart_close_question(op, t, text, true);
    restart_go(op, RESTART_TELLING);
    operation_commit(op, t, false, asked);
}

/* word: "Cancelled"; UpdateService that may be under way is left as it is. */
static void withdraw(struct operation *op, const struct request *by, enum operation_state to,
                     const char *word, const char *audited)
{
    char at[TEXT_TIME], text[200];
    answered(op, by);
    text_time_of_day(at, op->question.answered_ms);
    if (op->state == OP_UNCERTAIN) {
        audit_by(op, "left", by);
        TEXT_FORMAT(text, "✖ Left by %s %s UTC; nothing was sent again.", op->question.answered_by, at);
        restart_leave(op, text);
        return;
    }
    TEXT_FORMAT(text, "✖ %s by %s %s UTC; nothing was changed.", word, op->question.answered_by, at);
    audit_by(op, audited, by);
    end_asking(op, to, text);
}

void restart_cancel(struct operation *op, const struct request *by)
{
    withdraw(op, by, OP_CANCELLED, "Cancelled", "cancelled");
}

void restart_decline(struct operation *op, const struct request *by)
{
    withdraw(op, by, OP_DECLINED, "Declined", "declined");
}

void restart_close_tries(struct operation *op, const struct request *by)
{
    withdraw(op, by, OP_CANCELLED, "Closed after five wrong codes, the last",
             "closed after five wrong codes");
}

void restart_keep_tries(struct operation *op)
{
    operation_commit(op, operation_begin(op), false, asked);
}

/* ---- after a restart of the bot */

void restart_ask_again(struct operation *op)
{
    restart_go(op, RESTART_ASKED);
    if (!restart_question_over(op)) {
        struct store_txn *t = operation_begin(op);
        question_renew(op, t);
        operation_commit(op, t, false, asked);
    }
}
