/* An open question is answered: by a button, or by what somebody typed (engine_answer.c).
 *
 * Every answer that does nothing is told privately, with the reason; it leaves an audit line, and one line in
 * the question's thread. Looked at in this order: the question, the place, the nonce, the time, the person,
 * the freeze, the rights of the person and of the asker (asked of the platform again). What the platform says
 * takes a moment, so the question is looked at once more before it is consumed. */
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

#define THREAD_LINES 5 /* of refused answers, for each question */

/* ---- what is said when nothing is done */

static const char *verb_of(const struct call *c)
{
    static const char *const TYPED[] = {
        [ANSWER_CONFIRM] = "confirm", [ANSWER_DECLINE] = "decline", [ANSWER_CANCEL] = "cancel"};
    return c->command.request.source == REQUEST_CLICK ? c->command.request.click_action
                                                      : TYPED[c->answering.what];
}

static struct past_question *past_of(struct engine *e, const char *id)
{
    for (size_t i = 0; id[0] != '\0' && i < ENGINE_PAST; i++) {
        if (strcmp(e->past[i].id, id) == 0) {
            return &e->past[i];
        }
    }
    return NULL;
}

/* Who watches the channel sees that somebody tried. */
static void thread_line(struct call *c, const char *id, const char *text)
{
    struct engine *e = c->engine;
    const struct request *r = &c->command.request;
    struct operation *op = operation_of(e, id);
    struct past_question *past = past_of(e, id);
    struct store_outbox row = {0};
    int *lines;
    if (op != NULL) {
        char suffix[RESTART_SUFFIX];
        restart_question_suffix(op, suffix, sizeof(suffix));
        lines = &op->refused_answers;
        TEXT_FORMAT(row.thread_of, "%s/%s", op->row.id, suffix);
        TEXT_COPY(row.server, op->row.server);
        TEXT_COPY(row.channel, op->row.channel);
    } else if (past != NULL) {
        lines = &past->refused_answers;
        TEXT_COPY(row.server, past->server);
        TEXT_COPY(row.channel, past->channel);
    } else {
        return;
    }
    if (*lines >= THREAD_LINES) {
        return;
    }
    ++*lines;
    TEXT_COPY(row.thread, past != NULL ? past->question : "");
    if (row.thread[0] == '\0' && outbox_message(e->outbox, row.thread_of)[0] == '\0') {
        return; /* it has no message, so no thread */
    }
    card_init(e->card, TONE_NEUTRAL);
    card_title(e->card, "🚫 @%s: %s was not done.", r->who.name[0] != '\0' ? r->who.name : r->who.user,
               verb_of(c));
    card_line(e->card, "%s%s", text, *lines == THREAD_LINES ? " (further ones are not shown here)" : "");
    e->card->rehearsal = e->config->rehearsal;
    outbox_say_first(e->outbox, &row, e->card, NULL);
}

static void say_not(struct call *c, const char *id, const char *title, const char *text, const char *url)
{
    struct engine *e = c->engine;
    const struct request *r = &c->command.request;
    char what[40];
    TEXT_FORMAT(what, "%s refused", r->source == REQUEST_CLICK ? "click" : verb_of(c));
    engine_audit(e, r, id, what, text);
    call_count(c, "refused");
    thread_line(c, id, text);
    card_init(e->card, TONE_WARNING);
    card_title(e->card, "%s", title);
    card_line(e->card, "%s", text);
    if (url[0] != '\0') {
        card_link(e->card, "Outcome", url);
    }
    card_footer(e->card, "%s help", engine_command(e, r->place.server));
    e->card->rehearsal = e->config->rehearsal;
    engine_reply(e, r, e->card, SETTLED_REFUSED);
    call_end(c);
}

void call_not(struct call *c, const char *operation, const char *title, const char *text)
{
    say_not(c, operation, title, text, "");
}

/* ---- a question that is over */

static bool was_done(const struct past_question *p)
{
    return p->confirmed && p->state != OP_QUEUED && p->state != OP_REFUSED && p->state != OP_ASKING &&
           p->state != OP_REQUESTED;
}

static void link_to(const struct engine *e, const struct past_question *p, char *to, size_t size)
{
    struct chat *chat = engine_chat(e, p->server);
    if (chat == NULL || p->outcome[0] == '\0' || !chat->ops->link(chat, p->channel, p->outcome, to, size)) {
        to[0] = '\0';
    }
}

static void tell_over(struct call *c, const struct past_question *p)
{
    char at[TEXT_TIME], text[300], title[200], url[300];
    link_to(c->engine, p, url, sizeof(url));
    text_time_of_day(at, p->at_ms);
    if (p->by[0] != '\0') {
        TEXT_FORMAT(title, "☑ Already %s by %s at %s UTC; not done twice.",
                    was_done(p)    ? "done"
                    : p->confirmed ? "confirmed"
                                   : "answered",
                    p->by, at);
        TEXT_FORMAT(text, "Outcome: %s is %s%s", p->id, operation_word(p->state), url[0] != '\0' ? ":" : ".");
    } else if (p->state == OP_EXPIRED) {
        TEXT_COPY(title, CALL_LATE);
        TEXT_FORMAT(text, "%s expired %s UTC. Again: %s", p->id, at, p->again);
    } else {
        TEXT_COPY(title, CALL_LATE);
        TEXT_FORMAT(text, "The question of %s is over (%s). Again: %s", p->id, operation_word(p->state),
                    p->again);
    }
    say_not(c, p->id, title, text, url);
}

static void past_from(const struct operation *op, struct past_question *ret)
{
    const struct outbox *o = op->engine->outbox;
    char id[STORE_KEY], suffix[RESTART_SUFFIX];
    *ret = (struct past_question){.at_ms = op->question.answered_by[0] != '\0' ? op->question.answered_ms
                                                                               : op->question.expires_ms,
                                  .confirmed = op->confirmed,
                                  .state = op->state,
                                  .refused_answers = op->refused_answers};
    TEXT_COPY(ret->id, op->row.id);
    TEXT_COPY(ret->by, op->question.answered_by);
    TEXT_COPY(ret->server, op->row.server);
    TEXT_COPY(ret->channel, op->row.channel);
    TEXT_FORMAT(ret->again, "%s %s", op->facts.command, op->request.text);
    restart_question_suffix(op, suffix, sizeof(suffix));
    TEXT_FORMAT(id, "%s/%s", op->row.id, suffix);
    TEXT_COPY(ret->question, outbox_message(o, id));
    TEXT_FORMAT(id, "%s/verdict", op->row.id);
    TEXT_COPY(ret->outcome, outbox_message(o, id));
    if (ret->outcome[0] == '\0') {
        TEXT_FORMAT(id, "%s/card", op->row.id);
        TEXT_COPY(ret->outcome, outbox_message(o, id));
    }
}

void question_remember(const struct operation *op)
{
    struct engine *e = op->engine;
    if (op->asks > 0) {
        past_from(op, &e->past[e->past_count++ % ENGINE_PAST]);
    }
}

static void answer_over(struct call *c, const struct operation *op)
{
    char text[200];
    if (op->question.answered_by[0] == '\0' && restart_question_waits(op)) {
        TEXT_FORMAT(text, "I am still writing down the question of %s. Answer again in a moment.",
                    op->row.id);
        call_not(c, op->row.id, CALL_LATE, text);
    } else {
        struct past_question *p = mem_alloc(sizeof(*p));
        past_from(op, p);
        tell_over(c, p);
        mem_free(p);
    }
}

/* ---- the question, if it can still be answered; otherwise that is said here and the call is over */

/* The question's message; "" while the platform has not said which it is. */
static const char *message_of(const struct operation *op)
{
    char id[STORE_KEY], suffix[RESTART_SUFFIX];
    restart_question_suffix(op, suffix, sizeof(suffix));
    TEXT_FORMAT(id, "%s/%s", op->row.id, suffix);
    return outbox_message(op->engine->outbox, id);
}

static bool here(const struct operation *op, const struct request *r)
{
    return question_is_in(op, &r->place) &&
           (r->click_message[0] == '\0' || strcmp(message_of(op), r->click_message) == 0);
}

bool question_is_in(const struct operation *op, const struct place *place)
{
    return strcmp(op->row.server, place->server) == 0 && strcmp(op->row.channel, place->channel) == 0;
}

/* Looked at again after each wait: the same question, and still open? */
static struct operation *open_question(struct call *c)
{
    const char *id = c->answering.id;
    char text[300], at[TEXT_TIME];
    struct operation *op = operation_of(c->engine, id);
    const struct past_question *past = past_of(c->engine, id);
    if (op == NULL && past != NULL) {
        tell_over(c, past);
    } else if (op == NULL) {
        TEXT_FORMAT(text, "I know no open question %s; if there was one, its message shows how it ended.",
                    id);
        call_not(c, id, CALL_LATE, text);
    } else if (!restart_question_waits(op) || operation_writing(op) ||
               (c->command.request.click_message[0] != '\0' && message_of(op)[0] == '\0')) {
        answer_over(c, op);
        op = NULL;
    } else if (!here(op, &c->command.request)) {
        call_not(c, id, CALL_REFUSED, "This question was asked in another place; answer it there.");
        op = NULL;
    } else if (strcmp(op->question.key.digest, c->answering.digest) != 0) {
        call_not(c, id, CALL_REFUSED, "This question was replaced by a newer one; answer that.");
        op = NULL;
    } else if (restart_question_over(op)) {
        text_time_of_day(at, op->question.expires_ms);
        TEXT_FORMAT(text, "%s expired %s UTC. Again: %s %s", id, at, op->facts.command, op->request.text);
        call_not(c, id, CALL_LATE, text);
        op = NULL;
    }
    return op;
}

/* ---- who */

bool question_is_for(const struct operation *op, const struct request *r)
{
    struct principal asker, answers;
    lock_principal(&op->request, &asker);
    lock_principal(r, &answers);
    return authz_same_human(op->engine->config, &asker, &answers) != op->target->second_person;
}

static const struct command *command_of(const struct operation *op)
{
    struct parsed p;
    struct err err = {0};
    const struct engine *e = op->engine;
    return parse_request(e->options.commands, e->config, op->request.text, &p, &err) ? p.command : NULL;
}

/* The approvers without the asker, as people read them. */
static void list_others(const struct operation *op, char *to, size_t size)
{
    const struct config *config = op->engine->config;
    struct principals *others = mem_alloc(sizeof(*others));
    struct principal asker;
    lock_principal(&op->request, &asker);
    for (size_t i = 0; i < op->target->approvers.count; i++) {
        const struct principal *p = &op->target->approvers.list[i];
        if (!authz_same_human(config, p, &asker)) {
            others->list[others->count++] = *p;
        }
    }
    authz_list(config, others, to, size);
    mem_free(others);
}

/* Who must answer: the asker; with second_person, somebody else. */
static bool right_person(struct call *c, const struct operation *op)
{
    const struct engine *e = c->engine;
    const struct command *command = command_of(op);
    char text[500], holders[200] = "nobody yet";
    if (question_is_for(op, &c->command.request)) {
        return true;
    }
    if (op->target->second_person) {
        list_others(op, holders, sizeof(holders));
        TEXT_FORMAT(text, "%s needs a second person. Who may confirm it besides %s: %s.", op->row.id,
                    op->facts.asker, holders);
    } else {
        if (command != NULL) {
            authz_holders(e->config, op->target, command->right, holders, sizeof(holders));
        }
        TEXT_FORMAT(text,
                    "%s is %s's question, only %s may confirm it. You may cancel it. In your own name: %s %s "
                    "(needs the right \"%s\" here; held by %s).",
                    op->row.id, op->facts.asker, op->facts.asker, op->facts.command, op->request.text,
                    command != NULL ? right_word(command->right) : "restart", holders);
    }
    call_not(c, op->row.id, CALL_REFUSED, text);
    return false;
}

/* ---- consumed */

static void consume(struct call *c)
{
    struct operation *op = open_question(c); /* the platform was asked meanwhile */
    if (op == NULL) {
        return;
    }
    if (c->answering.what == ANSWER_CONFIRM) {
        restart_confirm(op, &c->command.request);
    } else {
        restart_decline(op, &c->command.request);
    }
    call_end(c);
}

static void asker_authorised(struct call *c, const char *refusal)
{
    char text[700];
    TEXT_FORMAT(text, "@%s may not do this any more: %s",
                c->command.request.who.name[0] != '\0' ? c->command.request.who.name
                                                       : c->command.request.who.user,
                refusal != NULL ? refusal : "");
    c->command.request = *c->approver;
    if (refusal != NULL) {
        call_not(c, c->answering.id, CALL_REFUSED, text);
    } else {
        consume(c);
    }
}

static void authorised(struct call *c, const char *refusal)
{
    if (refusal != NULL) {
        call_not(c, c->answering.id, CALL_REFUSED, refusal);
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

/* The approvers stand where the right does otherwise. */
static void authorise_approver(struct call *c, const struct operation *op)
{
    c->approving = mem_alloc(sizeof(*c->approving));
    *c->approving = *op->target;
    c->approving->restart = c->approving->downtime = op->target->approvers;
    c->command.parsed.target = c->approving;
}

static void confirm(struct call *c, const struct operation *op)
{
    struct engine *e = c->engine;
    struct err err = {0};
    char frozen[400];
    if (!right_person(c, op)) {
        return;
    }
    if (c->answering.what == ANSWER_CONFIRM && engine_frozen(e, frozen, sizeof(frozen))) {
        call_not(c, op->row.id, CALL_REFUSED, frozen);
        return;
    }
    if (!parse_request(e->options.commands, e->config, op->request.text, &c->command.parsed, &err)) {
        call_not(c, op->row.id, CALL_REFUSED, err.text);
        return;
    }
    if (op->target->second_person) {
        authorise_approver(c, op);
    }
    call_authorise(c, authorised);
}

void question_answer(struct call *c)
{
    struct operation *op = open_question(c);
    if (op == NULL) {
        return;
    }
    if (c->answering.what == ANSWER_CANCEL) {
        restart_cancel(op, &c->command.request);
        call_end(c);
    } else {
        confirm(c, op);
    }
}

/* ---- a button */

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

static bool read_action(const char *action, enum answer *ret)
{
    *ret = strcmp(action, "confirm") == 0 ? ANSWER_CONFIRM : ANSWER_CANCEL;
    return *ret == ANSWER_CONFIRM || strcmp(action, "cancel") == 0;
}

static void click_lock(struct call *c, const char *nonce)
{
    struct lock_question *q = engine_lock_question(c->engine, nonce, NULL);
    c->answering.id[0] = '\0';
    if (q == NULL) {
        call_not(c, "", CALL_LATE, "This question about a lock is over. Ask again, or see: locks");
    } else {
        engine_lock_answer(c, q, c->answering.what);
    }
}

void call_click(struct call *c)
{
    FAULT_POINT("click committed");
    const struct request *r = &c->command.request;
    const char *nonce = NULL;
    if (engine_wall(c->engine) - r->origin_ms > ENGINE_OLD_MS) {
        call_not(c, "", CALL_REFUSED,
                 "You clicked while I was away. Click again if the question is still open.");
    } else if (read_value(r->click_value, c->answering.id, &nonce) && keep_click(c, nonce)) {
        return;
    } else if (nonce == NULL || !read_action(r->click_action, &c->answering.what)) {
        call_not(c, "", CALL_REFUSED, "This button is not mine.");
    } else if (strcmp(c->answering.id, "lock") == 0) {
        click_lock(c, nonce);
    } else {
        const struct operation *op = operation_of(c->engine, c->answering.id);
        if (op != NULL && question_key_opens(&op->question.key, nonce)) {
            TEXT_COPY(c->answering.digest, op->question.key.digest);
        }
        question_answer(c);
    }
}
