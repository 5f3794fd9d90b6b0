/* Typed answers: `confirm CODE`, `decline CODE`, `cancel OPERATION`.
 *
 * Happy path: the code's digest is that of an open question in this channel -> answered like a press of its
 * button (engine_click.c). What can go wrong: no open question here has this code (each try is written down,
 * of every question of that target which this person may confirm; the fifth closes it); the code is right and
 * the person is another one; nothing of this name is open. A bare `confirm` is for the host's own people and
 * for rehearsals, where nobody else can have meant another question. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "core/answer.h"
#include "core/local.h"
#include "engine_private.h"

/* ---- which question */

static bool is_open(const struct operation *op, const struct request *r)
{
    return restart_question_waits(op) && question_is_in(op, &r->place);
}

static void take(struct call *c, const struct operation *op)
{
    TEXT_COPY(c->answering.id, op->row.id);
    TEXT_COPY(c->answering.digest, op->question.key.digest);
    question_answer(c);
}

static const struct operation *by_code(const struct call *c, const char *code)
{
    const struct operation *op = c->engine->operations;
    while (op != NULL && !(is_open(op, &c->command.request) && question_key_code(&op->question.key, code))) {
        op = op->next;
    }
    return op;
}

/* The question that a bare answer means: the only one that this person may answer here. */
static const struct operation *only_one(const struct call *c, size_t *ret_count)
{
    const struct operation *only = NULL;
    *ret_count = 0;
    for (const struct operation *op = c->engine->operations; op != NULL; op = op->next) {
        if (is_open(op, &c->command.request) &&
            (c->answering.what == ANSWER_CANCEL || question_is_for(op, &c->command.request))) {
            only = op;
            ++*ret_count;
        }
    }
    return only;
}

/* ---- what is said when there is none */

/* "Open here: 9QXD (stop-all cotak prod)." */
static void open_here(const struct call *c, char *to, size_t size)
{
    char list[300] = "";
    for (const struct operation *op = c->engine->operations; op != NULL; op = op->next) {
        if (is_open(op, &c->command.request)) {
            char longer[300];
            TEXT_FORMAT(longer, "%s%s%s (%s)", list, list[0] != '\0' ? ", " : "", op->row.id,
                        op->request.text);
            TEXT_COPY(list, longer);
        }
    }
    if (list[0] == '\0') {
        text_copy(to, size, "No question of mine is open in this channel.");
    } else {
        text_format(to, size, "Open here: %s.", list);
    }
}

static void none(struct call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void none(struct call *c, const char *format, ...)
{
    char open[400], text[700];
    struct buf why;
    va_list args;
    buf_init(&why, 300);
    va_start(args, format);
    buf_vformat(&why, format, args);
    va_end(args);
    open_here(c, open, sizeof(open));
    TEXT_FORMAT(text, "%s %s", why.data, open);
    buf_finish(&why);
    call_not(c, "", CALL_REFUSED, text);
}

/* ---- a wrong code */

static void count_try(struct operation *op, const struct request *by)
{
    op->question.tries++;
    if (operation_writing(op)) {
        return; /* it goes with the step that is being written, or with the next one */
    }
    if (op->question.tries >= QUESTION_TRIES) {
        restart_close_tries(op, by);
    } else {
        restart_keep_tries(op);
    }
}

/* How many more wrong ones the question bears that bears the fewest; QUESTION_TRIES = none was meant. */
static int count_tries(struct call *c, const char *code)
{
    const struct request *r = &c->command.request;
    struct operation *next;
    int left = engine_lock_wrong(c->engine, code, r);
    for (struct operation *op = c->engine->operations; op != NULL; op = next) {
        next = op->next;
        if (is_open(op, r) && question_code_names(code, op->target->name) && question_is_for(op, r)) {
            count_try(op, r);
            const int now = QUESTION_TRIES - op->question.tries;
            left = now < left ? now : left;
        }
    }
    return left;
}

static void wrong_code(struct call *c, const char *code)
{
    const int left = count_tries(c, code);
    if (left <= 0) {
        none(c, "%s is not the code; that was the fifth, so the question is closed. Ask again.", code);
    } else if (left < QUESTION_TRIES) {
        none(c, "%s is not the code of a question here; after %d more wrong ones it is closed.", code, left);
    } else {
        none(c, "%s is not the code of a question that you may answer here.", code);
    }
}

/* ---- `cancel` of something by its name */

static void cannot_cancel(struct call *c, const struct operation *op)
{
    const struct progress_facts *f = &op->facts;
    char text[600];
    if (operation_ended(op->state)) {
        TEXT_FORMAT(text, "%s is over (%s). How it went: %s timeline %s", op->row.id,
                    operation_word(op->state), f->command, op->row.id);
    } else if (op->state == OP_FOLLOWING) {
        TEXT_FORMAT(
            text,
            "%s is no question any more: I follow it, and ECS goes on whatever I do. To stop looking: "
            "%s unfollow %s. To go back to the old tasks: %s rollback %s %s",
            op->row.id, f->command, op->row.id, f->command, f->target, f->key);
    } else {
        TEXT_FORMAT(text,
                    "%s is no open question (%s): its message shows how it goes. Once it is followed: %s "
                    "unfollow %s, or %s rollback %s %s",
                    op->row.id, operation_word(op->state), f->command, op->row.id, f->command, f->target,
                    f->key);
    }
    call_not(c, op->row.id, CALL_REFUSED, text);
}

static void cancel_named(struct call *c, const char *id)
{
    const struct operation *op = operation_of(c->engine, id);
    if (op == NULL || !question_is_in(op, &c->command.request.place)) {
        none(c, "I know no open question %s in this channel.", id);
    } else if (restart_question_waits(op)) {
        take(c, op);
    } else {
        cannot_cancel(c, op);
    }
}

/* ---- the commands */

static bool bare_is_enough(const struct call *c)
{
    return local_request(&c->command.request) || c->engine->config->rehearsal;
}

static void answer_bare(struct call *c)
{
    size_t count;
    const struct operation *op = only_one(c, &count);
    if (!bare_is_enough(c)) {
        none(c, "%s needs more: the code that stands in the question, or for cancel the operation.",
             c->command.parsed.command->name);
    } else if (count == 1) {
        take(c, op);
    } else {
        none(c, "There is %s to %s here.", count == 0 ? "nothing" : "more than one question",
             c->command.parsed.command->name);
    }
}

static void answer_code(struct call *c)
{
    char code[QUESTION_CODE];
    question_code_fold(c->command.parsed.extra, code);
    const struct operation *op = by_code(c, code);
    struct lock_question *q = op == NULL ? engine_lock_question(c->engine, NULL, code) : NULL;
    if (op != NULL && op->question.tries < QUESTION_TRIES) {
        take(c, op);
    } else if (q != NULL) {
        engine_lock_answer(c, q, c->answering.what);
    } else {
        wrong_code(c, code);
    }
}

/* The call waits for the platform from here on, and the engine's close does not wait for it. */
static void begin(struct command_call *call, enum answer what)
{
    struct call *c = (struct call *)call;
    call_wait(c);
    c->answering.what = what;
    if (call->parsed.extra[0] == '\0') {
        answer_bare(c);
    } else if (what != ANSWER_CANCEL || strchr(call->parsed.extra, '-') != NULL) {
        answer_code(c);
    } else {
        char id[sizeof(call->parsed.extra)];
        TEXT_COPY(id, call->parsed.extra);
        for (char *at = id; *at != '\0'; at++) {
            *at = (char)toupper((unsigned char)*at);
        }
        cancel_named(c, id);
    }
}

void engine_confirm(struct command_call *call)
{
    begin(call, ANSWER_CONFIRM);
}

void engine_decline(struct command_call *call)
{
    begin(call, ANSWER_DECLINE);
}

void engine_cancel(struct command_call *call)
{
    begin(call, ANSWER_CANCEL);
}
