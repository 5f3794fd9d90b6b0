/* "Stop retrying, keep old tasks": the one changing button on the card of a failing restart, while old tasks
 * serve. Whoever may restart may press it; it begins a rollback that is bound to the deployment of that card.
 *
 * Its nonce is made anew in each life of the bot, with the first card that is written in it; only the digest
 * is kept, so that a press before that still counts. What can go wrong: the restart has ended, the nonce is
 * not the last one, the person may not, changes are frozen: told privately, nothing is changed. What the
 * checks say of the rollback beyond a running deployment is asked about like any other change. */
#include <string.h>

#include "base/text.h"
#include "engine_private.h"

#define ACTION "keep"

void keep_button(struct operation *op, struct card *card)
{
    const struct progress_facts *f = &op->facts;
    char value[STORE_ID + RESTART_NONCE + 4], code[QUESTION_CODE];
    if (!progress_keeps_old(f, &op->goal, &op->follow)) {
        return;
    }
    if (op->keep.nonce[0] == '\0') {
        question_key_make(op->row.target, &op->keep.key, op->keep.nonce, code);
    }
    TEXT_FORMAT(value, "%s %s", op->row.id, op->keep.nonce);
    struct card_button *b = card_button(card, "Stop retrying, keep old tasks", ACTION, value);
    if (b != NULL) {
        b->danger = true;
        TEXT_FORMAT(b->dialog_title, "Stop retrying on %s %s?", f->target, f->key);
        TEXT_COPY(b->dialog_text,
                  "ECS stops the new tasks and keeps the old ones: users stay served. The cause "
                  "is not mended by it.");
        TEXT_COPY(b->dialog_yes, "Stop retrying");
    }
}

/* ---- pressed */

static struct operation *pressed(struct call *c, const char *nonce)
{
    const struct request *r = &c->command.request;
    const char *id = c->answering.id;
    struct operation *op = operation_of(c->engine, id);
    char text[300], card[STORE_KEY];
    TEXT_FORMAT(card, "%s/card", id);
    if (op == NULL || op->state != OP_FOLLOWING) {
        TEXT_FORMAT(text, "%s is not followed any more%s; its message shows how it ended.", id,
                    op != NULL && op->facts.taken_by[0] != '\0' ? ", it was taken over" : "");
        call_not(c, id, CALL_LATE, text);
    } else if (!question_is_in(op, &r->place) ||
               (r->click_message[0] != '\0' &&
                strcmp(outbox_message(c->engine->outbox, card), r->click_message) != 0)) {
        call_not(c, id, CALL_REFUSED, "This button belongs to another place; press it there.");
    } else if (!question_key_opens(&op->keep.key, nonce)) {
        call_not(c, id, CALL_REFUSED, "This button was replaced by a newer one; press that.");
    } else {
        return op;
    }
    return NULL;
}

static void begin(struct call *c, const struct operation *of)
{
    struct operation *op = operation_create(c->engine, &c->command.request, act_rollback.verb);
    op->target = of->target;
    op->service = of->service;
    TEXT_COPY(op->row.target, of->row.target);
    TEXT_COPY(op->row.service_key, of->row.service_key);
    TEXT_COPY(op->row.thread, of->row.thread);
    TEXT_COPY(op->kind.rollback.bound, of->goal.deployment_id);
    restart_name_service(op);
    restart_first_facts(op);
    op->pressed = op->confirmed = !op->target->second_person;
    operation_audit(op, "pressed", "on the card of %s, deployment %s", of->row.id, of->goal.deployment_id);
    call_count(c, "started");
    call_end(c);
    restart_go(op, RESTART_CHECKING);
}

static void authorised(struct call *c, const char *refusal)
{
    const struct operation *op = refusal == NULL ? operation_of(c->engine, c->answering.id) : NULL;
    if (refusal != NULL) {
        call_not(c, c->answering.id, CALL_REFUSED, refusal);
    } else if (op == NULL || op->state != OP_FOLLOWING ||
               strcmp(op->keep.key.digest, c->answering.digest) != 0) {
        call_not(c, c->answering.id, CALL_LATE, "It has ended meanwhile; its message shows how.");
    } else {
        begin(c, op);
    }
}

bool keep_click(struct call *c, const char *nonce)
{
    struct request *r = &c->command.request;
    struct err err = {0};
    char frozen[400];
    if (strcmp(r->click_action, ACTION) != 0) {
        return false;
    }
    const struct operation *op = pressed(c, nonce);
    if (op == NULL) {
        return true;
    }
    TEXT_COPY(c->answering.digest, op->keep.key.digest);
    TEXT_FORMAT(r->text, "%s %s %s", act_rollback.verb, op->row.target, op->row.service_key);
    if (engine_frozen(c->engine, frozen, sizeof(frozen))) {
        call_not(c, op->row.id, CALL_REFUSED, frozen);
    } else if (!parse_request(c->engine->options.commands, c->engine->config, r->text, &c->command.parsed,
                              &err)) {
        call_not(c, op->row.id, CALL_REFUSED, err.text);
    } else {
        call_authorise(c, authorised);
    }
    return true;
}
