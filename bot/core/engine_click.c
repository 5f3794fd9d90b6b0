/* A button was pressed. Every click that does nothing is answered, privately, with the reason, and leaves an
 * audit line. Looked at in this order: the question, the place, the nonce, the time, the person, the person's
 * rights (asked of the platform again). */
#include <string.h>

#include "base/crypto.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

static void answer(struct call *c, const char *operation, const char *title, const char *text)
{
    struct engine *e = c->engine;
    const struct request *r = &c->command.request;
    engine_audit(e, r, operation, "click refused", text);
    call_count(c, "refused");
    card_init(e->card, TONE_WARNING);
    card_title(e->card, "%s", title);
    card_line(e->card, "%s", text);
    card_footer(e->card, "%s help", engine_command(e, r->place.server));
    e->card->rehearsal = e->config->rehearsal;
    engine_reply(e, r, e->card, SETTLED_REFUSED);
    call_destroy(c);
}

#define REFUSED "⛔ Not done; nothing was changed."

static void answer_over(struct call *c, const struct operation *op)
{
    char at[TEXT_TIME], text[300];
    if (op->question.answered_by[0] != '\0') {
        text_time_of_day(at, op->question.answered_ms);
        TEXT_FORMAT(text, "Answered by %s at %s UTC; not done twice. %s is %s now.", op->question.answered_by,
                    at, op->row.id, operation_word(op->state));
        answer(c, op->row.id, "☑ Already answered.", text);
    } else if (restart_question_waits(op)) {
        TEXT_FORMAT(text, "I am still writing down the question of %s. Press again in a moment.", op->row.id);
        answer(c, op->row.id, "⌛ Not done; nothing was changed.", text);
    } else {
        TEXT_FORMAT(text, "The question of %s is over (%s); its message shows how it ended.", op->row.id,
                    operation_word(op->state));
        answer(c, op->row.id, "⌛ Not done; nothing was changed.", text);
    }
}

static bool same_person(const struct engine *e, const struct who *a, const struct who *b)
{
    const struct config_person *person = config_person_of(e->config, a->server, a->user);
    return (strcmp(a->server, b->server) == 0 && strcmp(a->user, b->user) == 0) ||
           (person != NULL && person == config_person_of(e->config, b->server, b->user));
}

/* The operation's id and the nonce of a button's value. */
static bool read_value(const char *value, char id[STORE_ID], const char **ret_nonce)
{
    const char *space = strchr(value, ' ');
    if (space == NULL || !text_copy_n(id, STORE_ID, value, (size_t)(space - value))) {
        return false;
    }
    *ret_nonce = space + 1;
    return true;
}

static bool nonce_fits(const struct operation *op, const char *nonce)
{
    char digest[CRYPTO_SHA256_HEX];
    crypto_sha256_hex(nonce, strlen(nonce), digest);
    return op->question.digest[0] != '\0' && crypto_equal(digest, op->question.digest, CRYPTO_SHA256_HEX - 1);
}

static bool here(const struct operation *op, const struct request *r)
{
    char id[STORE_KEY], suffix[RESTART_SUFFIX];
    restart_question_suffix(op, suffix, sizeof(suffix));
    TEXT_FORMAT(id, "%s/%s", op->row.id, suffix);
    return strcmp(op->row.server, r->place.server) == 0 && strcmp(op->row.channel, r->place.channel) == 0 &&
           (r->click_message[0] == '\0' ||
            strcmp(outbox_message(op->engine->outbox, id), r->click_message) == 0);
}

/* The question this click answers, if it can still be answered; otherwise the click is answered here. */
static struct operation *open_question(struct call *c)
{
    const struct request *r = &c->command.request;
    char id[STORE_ID], text[300], at[TEXT_TIME];
    const char *nonce;
    if (!read_value(r->click_value, id, &nonce)) {
        answer(c, "", REFUSED, "This button is not mine.");
        return NULL;
    }
    struct operation *op = operation_of(c->engine, id);
    if (op == NULL) {
        TEXT_FORMAT(text, "The question of %s is over; its message shows how it ended.", id);
        answer(c, id, "⌛ Not done; nothing was changed.", text);
    } else if (!restart_question_waits(op) || operation_writing(op)) {
        answer_over(c, op);
        op = NULL;
    } else if (!here(op, r)) {
        answer(c, id, REFUSED, "This question was asked in another place; answer it there.");
        op = NULL;
    } else if (!nonce_fits(op, nonce)) {
        answer(c, id, REFUSED, "This question was replaced by a newer one; answer that.");
        op = NULL;
    } else if (restart_question_over(op)) {
        text_time_of_day(at, op->question.expires_ms);
        TEXT_FORMAT(text, "%s expired %s UTC. Again: %s %s", id, at, op->facts.command, op->request.text);
        answer(c, id, "⌛ Not done; nothing was changed.", text);
        op = NULL;
    }
    return op;
}

/* Who must confirm: the asker; with second_person, somebody else. */
static bool right_person(struct call *c, const struct operation *op)
{
    const struct request *r = &c->command.request;
    char text[300];
    const bool asker = same_person(c->engine, &r->who, &op->request.who);
    if (op->target->second_person && asker) {
        TEXT_FORMAT(text, "%s needs a second person: one of the approvers confirms it.", op->row.id);
    } else if (!op->target->second_person && !asker) {
        TEXT_FORMAT(text,
                    "%s is %s's question, only %s may confirm it. You may cancel it. In your own name: %s %s",
                    op->row.id, op->facts.asker, op->facts.asker, op->facts.command, op->request.text);
    } else {
        return true;
    }
    answer(c, op->row.id, REFUSED, text);
    return false;
}

/* The operation's id, for the audit line. */
static const char *about(const struct call *c, char id[STORE_ID])
{
    const char *nonce;
    return read_value(c->command.request.click_value, id, &nonce) ? id : "";
}

static void consume(struct call *c)
{
    struct operation *op = open_question(c); /* the platform was asked meanwhile */
    if (op != NULL) {
        restart_confirm(op, &c->command.request);
        call_destroy(c);
    }
}

static void asker_authorised(struct call *c, const char *refusal)
{
    char id[STORE_ID], text[700];
    TEXT_FORMAT(text, "@%s may not do this any more: %s",
                c->command.request.who.name[0] != '\0' ? c->command.request.who.name
                                                       : c->command.request.who.user,
                refusal != NULL ? refusal : "");
    c->command.request = *c->approver;
    if (refusal != NULL) {
        answer(c, about(c, id), REFUSED, text);
    } else {
        consume(c);
    }
}

static void authorised(struct call *c, const char *refusal)
{
    char id[STORE_ID];
    if (refusal != NULL) {
        answer(c, about(c, id), REFUSED, refusal);
        return;
    }
    struct operation *op = c->approving != NULL ? open_question(c) : NULL;
    if (c->approving == NULL) {
        consume(c);
    } else if (op != NULL) { /* what two persons decide needs the rights of both */
        c->approver = mem_alloc(sizeof(*c->approver));
        *c->approver = c->command.request;
        c->command.request = op->request;
        c->command.parsed.target = op->target;
        call_authorise(c, asker_authorised);
    }
}

static void confirm(struct call *c, const struct operation *op)
{
    struct engine *e = c->engine;
    struct err err = {0};
    if (!right_person(c, op)) {
        return;
    }
    if (!parse_request(e->options.commands, e->config, op->request.text, &c->command.parsed, &err)) {
        answer(c, op->row.id, REFUSED, err.text);
        return;
    }
    if (op->target->second_person) { /* the approvers stand where the right does otherwise */
        c->approving = mem_alloc(sizeof(*c->approving));
        *c->approving = *op->target;
        c->approving->restart = op->target->approvers;
        c->command.parsed.target = c->approving;
    }
    call_authorise(c, authorised);
}

void call_click(struct call *c)
{
    FAULT_POINT("click committed");
    const struct request *r = &c->command.request;
    if (engine_wall(c->engine) - r->origin_ms > ENGINE_OLD_MS) {
        answer(c, "", REFUSED, "You clicked while I was away. Click again if the question is still open.");
        return;
    }
    struct operation *op = open_question(c);
    if (op == NULL) {
        return;
    }
    if (strcmp(r->click_action, "cancel") == 0) {
        restart_cancel(op, r);
        call_destroy(c);
    } else if (strcmp(r->click_action, "confirm") == 0) {
        confirm(c, op);
    } else {
        answer(c, op->row.id, REFUSED, "This button is not mine.");
    }
}
