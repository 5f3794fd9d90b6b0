/* From a parsed request to its command, and from the command to its answer.
 *
 * authorise (asking the platform who this is, where the rules need it) -> the command's run -> exactly one of
 * command_reply, command_refuse, command_started. A changing request that is old, or whose asker may not,
 * ends its operation as refused. */
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

#define REFUSAL_TEXT 500

/* ---- authorise */

static void decide(struct call *c);

static void looked_up(struct chat_lookup *l)
{
    struct call *c = l->user_data;
    struct authz_facts *f = &c->facts;
    engine_back(c->engine);
    if (c->engine->closing && !c->runs) {
        return;
    }
    f->looked_up = true;
    f->lookup_ok = l->ok;
    if (!l->ok) {
        TEXT_COPY(f->lookup_trouble, l->err.text);
    }
    f->member = l->member;
    f->groups_as_of_ms = l->as_of_ms;
    for (size_t i = 0; i < f->group_count; i++) {
        f->in_group[i] = l->in_group[i];
    }
    decide(c);
}

static void look_up(struct call *c, const struct authz_result *wanted)
{
    const struct request *r = &c->command.request;
    struct chat *chat = engine_chat(c->engine, r->who.server);
    if (chat == NULL) {
        c->facts.looked_up = true;
        TEXT_FORMAT(c->facts.lookup_trouble, "the platform \"%s\" is not configured", r->who.server);
        decide(c);
        return;
    }
    c->lookup = (struct chat_lookup){.done = looked_up, .user_data = c, .group_count = wanted->group_count};
    TEXT_COPY(c->lookup.user, r->who.user);
    c->facts.group_count = wanted->group_count;
    for (size_t i = 0; i < wanted->group_count; i++) {
        TEXT_COPY(c->lookup.groups[i], wanted->groups[i]);
        TEXT_COPY(c->facts.groups[i], wanted->groups[i]);
    }
    engine_owed(c->engine);
    chat->ops->lookup(chat, &c->lookup);
}

static void decide(struct call *c)
{
    struct authz_result result = {0};
    const struct parsed *p = &c->command.parsed;
    authz_decide(c->engine->config, p->target, p->command, &c->command.request, &c->facts,
                 engine_wall(c->engine), &result);
    if (result.answer == AUTHZ_LOOKUP && !c->facts.looked_up) {
        look_up(c, &result);
        return;
    }
    if (result.answer == AUTHZ_ALLOWED) {
        c->authorised(c, NULL);
    } else {
        c->authorised(c,
                      result.text[0] != '\0' ? result.text : "I could not find out whether you may do this.");
    }
}

void call_authorise(struct call *c, void (*authorised)(struct call *c, const char *refusal))
{
    c->facts = (struct authz_facts){0};
    c->authorised = authorised;
    decide(c);
}

/* ---- run */

void call_end(struct call *c)
{
    struct engine *e = c->engine;
    const bool ran = c->runs;
    call_destroy(c);
    if (ran) {
        engine_back(e);
    }
}

void call_run(struct call *c)
{
    if (!c->runs) {
        c->runs = true;
        engine_owed(c->engine);
    }
}

void call_wait(struct call *c)
{
    if (c->runs) {
        c->runs = false;
        engine_back(c->engine);
    }
}

static void end_refused(struct call *c, const char *text)
{
    struct engine *e = c->engine;
    struct operation *op = c->operation;
    call_count(c, "refused");
    if (op != NULL) {
        c->operation = NULL;
        operation_refuse(op, text);
    } else {
        engine_audit(e, &c->command.request, "", "refused", text);
        engine_reply_refusal(e, &c->command.request, text);
    }
    share_refuse(c, text);
    call_end(c);
}

static void run(struct call *c, const char *refusal)
{
    char frozen[REFUSAL_TEXT];
    const struct command *command = c->command.parsed.command;
    if (refusal != NULL) {
        end_refused(c, refusal);
        return;
    }
    if (command->changes && command_begins(command) && engine_frozen(c->engine, frozen, sizeof(frozen))) {
        end_refused(c, frozen);
        return;
    }
    if (share_join(c)) {
        return;
    }
    c->command.now_ms = engine_wall(c->engine);
    call_run(c);
    c->command.parsed.command->run(&c->command);
}

static bool too_old(const struct call *c, char *text, size_t size)
{
    const struct request *r = &c->command.request;
    if (!command_is_recorded(c->command.parsed.command) || c->taken == NULL ||
        engine_wall(c->engine) - r->origin_ms <= ENGINE_OLD_MS) {
        return false;
    }
    char at[TEXT_TIME];
    text_time_of_day(at, r->origin_ms);
    text_format(text, size, "You asked at %s UTC while I was away. Nothing was changed. Ask again: %s %s", at,
                engine_command(c->engine, r->place.server), r->text);
    return true;
}

void call_route(struct call *c)
{
    char text[REFUSAL_TEXT];
    if (too_old(c, text, sizeof(text))) {
        end_refused(c, text);
        return;
    }
    call_authorise(c, run);
}

/* ---- how a command ends */

void command_reply(struct command_call *call, const struct card *card)
{
    struct call *c = (struct call *)call;
    struct operation *op = c->operation;
    call_count(c, op != NULL ? "nothing_to_do" : "answered");
    if (op != NULL) { /* a changing command that found nothing to change */
        c->operation = NULL;
        operation_refuse(op, card->title);
    } else {
        engine_reply(c->engine, &call->request, card, SETTLED_REPLY);
        share_answer(c, card);
    }
    call_end(c);
}

void command_refuse(struct command_call *call, const char *format, ...)
{
    struct buf text;
    buf_init(&text, REFUSAL_TEXT - 1);
    va_list args;
    va_start(args, format);
    buf_vformat(&text, format, args);
    va_end(args);
    end_refused((struct call *)call, text.data);
    buf_finish(&text);
}

void command_started(struct command_call *call)
{
    struct call *c = (struct call *)call;
    call_count(c, "started");
    c->operation = NULL;
    call_end(c);
}
