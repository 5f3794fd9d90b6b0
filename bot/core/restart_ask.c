/* ASKED: a question with buttons.
 *
 * ask (a nonce whose SHA-256 is stored; open once the message's id is stored) -> confirmed by the asker: the
 * facts are read again (CHECKING), and the restart is queued when they are the same, else asked anew with a
 * new nonce -> or cancelled by anyone -> or expired. The buttons go on every ending. */
#include <string.h>

#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"
#include "engine_private.h"

#define NONCE_BYTES 16
#define WRITING_MS  500

static void fresh_nonce(struct operation *op, char to[2 * NONCE_BYTES + 1])
{
    uint8_t bytes[NONCE_BYTES];
    crypto_random(bytes, sizeof(bytes));
    crypto_hex(bytes, sizeof(bytes), to);
    crypto_sha256_hex(to, 2 * NONCE_BYTES, op->question.digest);
    crypto_wipe(bytes, sizeof(bytes));
}

static void question_buttons(struct operation *op, const char *nonce, struct card *card)
{
    const struct progress_facts *f = &op->facts;
    char value[STORE_ID + 2 * NONCE_BYTES + 4], text[60];
    TEXT_FORMAT(value, "%s %s", op->row.id, nonce);
    card_button(card, "Cancel (anyone)", "cancel", value);
    TEXT_FORMAT(text, "Restart %s %s (%s %s)", f->target, f->key, op->target->second_person ? "not" : "only",
                f->asker);
    struct card_button *yes = card_button(card, text, "confirm", value);
    if (yes != NULL) {
        yes->danger = true;
        TEXT_FORMAT(yes->dialog_title, "Restart %s %s?", f->target, f->key);
        TEXT_COPY(yes->dialog_text, op->preflight.asks[0]);
        TEXT_COPY(yes->dialog_yes, "Restart it");
    }
}

static void question_card(struct operation *op, const char *nonce, struct card *card)
{
    const struct preflight *p = &op->preflight;
    struct progress_facts *f = &op->facts;
    char name[160], expires[TEXT_TIME];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(expires, op->question.expires_ms);
    card_init(card, TONE_WARNING);
    card_title(card, "🔄 RESTART %s? Asked by %s · op %s · expires %s UTC", name, f->asker, f->operation,
               expires);
    card_served(
        card, p->running > 0 ? "Users: SERVED, %d of %d tasks run now." : "Users: NOT SERVED, %d of %d run.",
        p->running, p->wanted);
    for (size_t i = 0; i < p->ask_count; i++) {
        card_line(card, "%s", p->asks[i]);
    }
    progress_text_where(f, card);
    if (p->says[0] != '\0') {
        card_line(card, "Checks: %s", p->says);
    }
    if (f->untouched[0] != '\0') {
        card_line(card, "%s", f->untouched);
    }
    question_buttons(op, nonce, card);
    card_footer(card, "%s status %s %s", f->command, f->target, f->key);
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
    char nonce[2 * NONCE_BYTES + 1];
    op->confirmed = false;
    if (op->state == OP_QUEUED) { /* facts changed while the bot was away */
        operation_refuse(op, "The facts changed while I was away. Ask again.");
        return;
    }
    if (op->target->second_person && !op->target->approvers.set) {
        operation_refuse(op,
                         "A second person has to confirm this, but confirm.approvers of this target names "
                         "nobody. Ask an administrator.");
        return;
    }
    op->question = (struct question){.expires_ms = engine_wall(e) + op->target->confirm_expires_ms,
                                     .asked = op->preflight};
    fresh_nonce(op, nonce);
    operation_move(op, OP_ASKING);
    operation_audit(op, "asking", "%s", op->preflight.asks[0]);
    struct store_txn *t = operation_begin(op);
    question_card(op, nonce, e->card);
    operation_stage(op, t, "ask", PROGRESS_NEW, false, e->card);
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
    TEXT_FORMAT(text, "⌛ Expired %s UTC; nothing was changed. Again: %s %s", at, op->facts.command,
                op->request.text);
    operation_move(op, OP_EXPIRED);
    operation_audit(op, "expired", "nobody answered");
    struct store_txn *txn = operation_begin(op);
    restart_close_question(op, txn, text, true);
    restart_go(op, RESTART_TELLING);
    operation_commit(op, txn, false, asked);
}

void restart_wait(struct operation *op)
{
    int64_t left = op->question.expires_ms - engine_wall(op->engine);
    if (left > op->target->confirm_expires_ms) { /* the clock was set back */
        left = op->target->confirm_expires_ms;
    }
    op->timer = (struct loop_timer){.fire = expired, .user = op};
    loop_timer_start(op->engine->loop, &op->timer, left > 0 ? left : 0);
}

void restart_ask_sent(struct operation *op, bool delivered)
{
    if (delivered) {
        op->question.open = true;
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
    char name[160];
    if (op->question.digest[0] == '\0') {
        return;
    }
    op->question.digest[0] = '\0';
    progress_text_name(&op->facts, name, sizeof(name));
    card_init(card, TONE_NEUTRAL);
    card_title(card, "Restart %s? Asked by %s · op %s", name, op->facts.asker, op->facts.operation);
    card_line(card, "%s", end);
    progress_text_where(&op->facts, card);
    operation_stage(op, t, "ask", PROGRESS_NEW, ends, card);
}

void restart_confirmed(struct operation *op, struct store_txn *t)
{
    char at[TEXT_TIME], text[200];
    text_time_of_day(at, op->question.answered_ms);
    TEXT_FORMAT(text, "✔ Confirmed by %s %s UTC; facts read again, unchanged.", op->question.answered_by, at);
    restart_close_question(op, t, text, false);
}

static void answered(struct operation *op, const struct request *by)
{
    TEXT_FORMAT(op->question.answered_by, "@%s", by->who.name[0] != '\0' ? by->who.name : by->who.user);
    op->question.answered_ms = engine_wall(op->engine);
    op->question.used = true;
}

void restart_confirm(struct operation *op, const struct request *by)
{
    answered(op, by);
    op->confirmed = true;
    op->moment_ms = operation_moment(op->engine, by);
    operation_audit(op, "confirmed", "by %s:user:%s", by->who.server, by->who.user);
    restart_go(op, RESTART_CHECKING);
}

void restart_cancel(struct operation *op, const struct request *by)
{
    char at[TEXT_TIME], text[200];
    answered(op, by);
    text_time_of_day(at, op->question.answered_ms);
    TEXT_FORMAT(text, "✖ Cancelled by %s %s UTC; nothing was changed.", op->question.answered_by, at);
    operation_move(op, OP_CANCELLED);
    operation_audit(op, "cancelled", "by %s:user:%s", by->who.server, by->who.user);
    struct store_txn *t = operation_begin(op);
    restart_close_question(op, t, text, true);
    restart_go(op, RESTART_TELLING);
    operation_commit(op, t, false, asked);
}
