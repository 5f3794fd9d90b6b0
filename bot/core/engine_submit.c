/* A request comes in.
 *
 * A reading command is taken at once and runs. A changing one is parsed, inserted under its delivery key with
 * its operation and an audit line in one commit, and taken when that is on disk; a click likewise, without an
 * operation of its own. What can go wrong: a redelivery (taken, nothing runs); a commit that fails or takes
 * longer than a second ("not accepted": whatever happens to the commit later, it never runs); too many
 * requests of one person (one notice a minute, then silence). */
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/local.h"
#include "engine_private.h"

#define NOT_ACCEPTED "Not accepted; nothing was done. "

/* ---- the call */

/* Texts of people may be anything; everything behind this point is valid UTF-8 without controls. */
static void clean(char *text, size_t size)
{
    char copy[REQUEST_TEXT];
    text_clean(copy, sizeof(copy), text, false);
    secret_gate_text(copy, sizeof(copy)); /* the request is kept in the store */
    text_copy(text, size, copy);
}

static void clean_request(struct request *r)
{
    clean(r->text, sizeof(r->text));
    clean(r->who.name, sizeof(r->who.name));
    clean(r->place.channel_name, sizeof(r->place.channel_name));
    clean(r->click_action, sizeof(r->click_action));
    clean(r->click_value, sizeof(r->click_value));
}

struct call *call_create(struct engine *e, const struct request *request, struct request_taken *taken)
{
    struct call *c = mem_alloc(sizeof(*c));
    c->engine = e;
    c->taken = taken;
    c->answered = taken == NULL;
    c->command = (struct command_call){.engine = e,
                                       .config = e->config,
                                       .word = engine_command(e, request->place.server),
                                       .table = e->options.commands,
                                       .ecs = e->ecs,
                                       .probe = e->options.probe,
                                       .request = *request,
                                       .now_ms = engine_wall(e)};
    clean_request(&c->command.request);
    c->next = e->calls;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    e->calls = c;
    e->call_count++;
    return c;
}

void call_destroy(struct call *c)
{
    struct engine *e = c->engine;
    loop_timer_stop(e->loop, &c->timer);
    loop_defer_cancel(e->loop, &c->deferred);
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    *(c->prev != NULL ? &c->prev->next : &e->calls) = c->next;
    e->call_count--;
    mem_free(c->approving);
    mem_free(c->approver);
    mem_free(c);
}

void call_taken(struct call *c, bool ok, const char *text)
{
    if (!c->answered) {
        c->answered = true;
        c->late = !ok;
        c->taken->done(c->taken, ok, text);
    }
}

/* ---- how much one person may ask */

static enum flood count_person(struct engine *e, const struct request *r)
{
    char who[100];
    const int64_t now = engine_wall(e);
    TEXT_FORMAT(who, "%s:%s", r->who.server, r->who.user);
    struct person_count *slot = &e->people[0];
    for (size_t i = 0; i < ENGINE_PEOPLE; i++) {
        if (strcmp(e->people[i].who, who) == 0) {
            slot = &e->people[i];
            break;
        }
        if (e->people[i].minute_ms < slot->minute_ms) {
            slot = &e->people[i];
        }
    }
    if (strcmp(slot->who, who) != 0 || now - slot->minute_ms >= 60000 || now < slot->minute_ms) {
        *slot = (struct person_count){.minute_ms = now};
        TEXT_COPY(slot->who, who);
    }
    const unsigned count = r->source == REQUEST_CLICK ? ++slot->clicked : ++slot->asked;
    return count <= ENGINE_PER_MINUTE       ? FLOOD_NO
           : count == ENGINE_PER_MINUTE + 1 ? FLOOD_NOTICE
                                            : FLOOD_SILENT;
}

/* ---- deliveries of reading commands, remembered while the process lives */

static bool seen_before(struct engine *e, const char *delivery)
{
    struct seen_delivery *s = NULL;
    if (delivery[0] == '\0') {
        return false;
    }
    HASH_FIND_STR(e->seen, delivery, s);
    if (s != NULL) {
        return true;
    }
    if (HASH_COUNT(e->seen) >= ENGINE_SEEN) {
        struct seen_delivery *oldest = e->seen; /* iteration is in order of insertion */
        HASH_DEL(e->seen, oldest);
        mem_free(oldest);
    }
    s = mem_alloc(sizeof(*s));
    TEXT_COPY(s->key, delivery);
    HASH_ADD_STR(e->seen, key, s);
    return false;
}

/* ---- answers that need no commit */

static void usage(struct call *c, const char *text)
{
    struct engine *e = c->engine;
    card_init(e->card, TONE_WARNING);
    card_title(e->card, "❓ %s", "Not understood; nothing was changed.");
    card_line(e->card, "%s", text);
    card_footer(e->card, "%s help", engine_command(e, c->command.request.place.server));
    e->card->rehearsal = e->config->rehearsal;
    call_count(c, "not_understood");
    engine_reply(e, &c->command.request, e->card, SETTLED_USAGE);
    call_destroy(c);
}

static void take_now(struct loop_deferred *d)
{
    struct call *c = d->user;
    struct engine *e = c->engine;
    if (e->closing) {
        return; /* told by the close */
    }
    const struct request *r = &c->command.request;
    call_taken(c, true, "");
    if (c->flood != FLOOD_NO) {
        call_count_limited();
        if (c->flood == FLOOD_NOTICE || local_request(r)) { /* a terminal waits for its answer */
            engine_reply_refusal(e, r,
                                 "You asked more than 20 times in a minute. Wait a minute, then ask again.");
        }
        call_destroy(c);
    } else if (seen_before(e, r->delivery)) {
        e->duplicates++;
        call_count(c, "duplicate");
        call_destroy(c);
    } else if (!c->understood) {
        usage(c, c->trouble.text);
    } else {
        call_route(c);
    }
}

static void refuse_now(struct loop_deferred *d)
{
    struct call *c = d->user;
    call_taken(c, false, NOT_ACCEPTED "I am starting, stopping or overloaded. Ask again in a minute.");
    call_count(c, "not_accepted");
    call_destroy(c);
}

/* ---- what has to be on disk first */

static void too_slow(struct loop_timer *t)
{
    struct call *c = t->user;
    call_taken(c, false, NOT_ACCEPTED "My store did not answer within a second. Ask again in a minute.");
}

static void give_up(struct call *c)
{
    call_count(c, c->commit.duplicate ? "duplicate" : "not_recorded");
    struct operation *op = c->operation;
    if (op != NULL) {
        c->operation = NULL;
        operation_destroy(op);
    }
    call_destroy(c);
}

/* It was answered "not accepted", and yet the commit went through: the row ends, nothing runs. */
static void withdraw(struct call *c)
{
    struct operation *op = c->operation;
    call_count(c, "not_accepted");
    c->operation = NULL;
    call_destroy(c);
    if (op != NULL) {
        operation_refuse(op, op->engine->closing
                                 ? "I was being stopped, so this was not accepted. Ask again."
                                 : "My store was too slow, so this was not accepted. Ask again.");
    }
}

static void refuse_unrecorded(struct call *c, const struct err *err)
{
    char text[sizeof(NOT_ACCEPTED) + ERR_TEXT_MAX];
    TEXT_FORMAT(text, "%s%s", NOT_ACCEPTED,
                err->code == ERR_FULL ? err->text
                                      : "My store could not record it. Tell who operates this bot.");
    call_taken(c, false, text);
}

static void committed(struct store_commit *commit)
{
    struct call *c = commit->user;
    struct engine *e = c->engine;
    loop_timer_stop(e->loop, &c->timer);
    audit_seen(e, &commit->head);
    if (e->closing) { /* the asker was told by the close that it was not accepted */
        if (commit->ok) {
            withdraw(c);
        }
        engine_back(e);
        return;
    }
    engine_back(e);
    FAULT_POINT("request committed");
    if (!commit->ok) {
        if (commit->duplicate) {
            e->duplicates++;
            call_taken(c, true, "");
        } else {
            log_error("engine", NULL, "a request could not be recorded: %s", commit->err.text);
            refuse_unrecorded(c, &commit->err);
        }
        give_up(c);
    } else if (c->late) {
        withdraw(c);
    } else {
        call_taken(c, true, "");
        if (c->command.request.source == REQUEST_CLICK) {
            call_click(c);
        } else {
            call_route(c);
        }
    }
}

static void stage_operation(struct call *c, struct store_txn *t)
{
    struct engine *e = c->engine;
    const struct parsed *p = &c->command.parsed;
    struct operation *op = operation_create(e, &c->command.request, p->command->name);
    op->target = p->target;
    op->service = p->service;
    TEXT_COPY(op->row.target, p->target != NULL ? p->target->name : "");
    TEXT_COPY(op->row.service_key, p->service != NULL ? p->service->key : p->all ? "all" : "");
    operation_first(op, t);
    c->operation = op;
}

/* A question is taken back: that must be possible on a full disk too. */
static bool withdraws(const struct call *c)
{
    const struct command *command = c->command.parsed.command;
    return strcmp(c->command.request.click_action, "cancel") == 0 ||
           (command != NULL && strcmp(command->name, "cancel") == 0);
}

static void commit_first(struct call *c)
{
    struct engine *e = c->engine;
    const struct request *r = &c->command.request;
    struct store_txn *t = store_txn_create();
    if (r->delivery[0] != '\0') {
        store_txn_delivery(t, r->delivery, engine_wall(e));
    }
    if (r->source != REQUEST_CLICK && command_begins(c->command.parsed.command)) {
        stage_operation(c, t);
    }
    if (!withdraws(c)) {
        store_txn_yields(t);
    }
    question_clock(e, t);
    c->commit = (struct store_commit){.done = committed, .user = c};
    c->timer = (struct loop_timer){.fire = too_slow, .user = c};
    loop_timer_start(e->loop, &c->timer, ENGINE_TAKEN_MS);
    engine_owed(e);
    e->store->ops->commit(e->store, t, &c->commit);
}

static bool must_be_durable(const struct call *c)
{
    return c->flood == FLOOD_NO && (c->command.request.source == REQUEST_CLICK ||
                                    (c->understood && command_is_recorded(c->command.parsed.command)));
}

/* What a refusal quotes back is folded to lower case: no gate would know a secret in it any more. */
static bool understand(struct call *c, const char *said)
{
    char text[REQUEST_TEXT];
    TEXT_COPY(text, said);
    secret_gate_text(text, sizeof(text));
    return parse_request(c->engine->options.commands, c->engine->config, text, &c->command.parsed,
                         &c->trouble);
}

void engine_submit(struct engine *e, const struct request *request, struct request_taken *taken)
{
    e->submitted++;
    struct call *c = call_create(e, request, taken);
    c->deferred.user = c;
    c->deferred.run = refuse_now;
    if (!e->closing && e->started && e->call_count <= ENGINE_CALLS) {
        c->flood = count_person(e, request);
        c->understood =
            c->flood == FLOOD_NO && request->source != REQUEST_CLICK && understand(c, request->text);
        if (!must_be_durable(c)) {
            c->deferred.run = take_now;
        } else if (request->source == REQUEST_CLICK || !command_begins(c->command.parsed.command) ||
                   operations_running(e) < ENGINE_OPERATIONS) {
            commit_first(c);
            return;
        }
    }
    loop_defer(e->loop, &c->deferred);
}
