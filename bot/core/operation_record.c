/* An operation's row. One step is one transaction: the new state, the follower's state, the messages and the
 * audit lines, all or nothing; what is to be said is kept back until it is committed.
 *
 * When a commit fails, its step is either given up (operation_undo: nothing had been sent) or tried again
 * every two seconds (operation_again): messages and audit lines stay with the operation until then. */
#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/local.h"
#include "gate.h"
#include "operation_save.h"

#define AGAIN_MS     2000
#define AUDIT_DETAIL 2600

static void try_again(struct loop_timer *t);

static struct operation *create(struct engine *e)
{
    struct operation *op = mem_alloc(sizeof(*op));
    op->engine = e;
    op->retry = (struct loop_timer){.fire = try_again, .user = op};
    op->next = e->operations;
    if (op->next != NULL) {
        op->next->prev = op;
    }
    e->operations = op;
    return op;
}

static void fresh_id(const struct engine *e, char to[STORE_ID])
{
    char id[STORE_ID];
    do {
        operation_id(id, crypto_random_u32());
    } while (operation_of(e, id) != NULL); /* to may lie in an operation that is listed already */
    text_copy(to, STORE_ID, id);
}

/* By its origin's clock; a clock ahead of ours gains nothing. */
void operation_want(struct operation *op, const struct request *by)
{
    const int64_t now = engine_wall(op->engine);
    op->moment_ms = by->origin_ms > 0 && by->origin_ms < now ? by->origin_ms : now;
    op->moment_boot_ms = clock_boot(op->engine->clock) - (now - op->moment_ms);
}

bool operation_still_wanted(const struct operation *op)
{
    const int64_t late = engine_wall(op->engine) - op->moment_ms;
    return late >= 0 && late <= ENGINE_LEASE_MS &&
           clock_boot(op->engine->clock) - op->moment_boot_ms <= ENGINE_LEASE_MS;
}

/* The clock that knows of suspension begins anew with the machine. It did when it stands before the moment of
 * the question; else what it said counts beside the wall, and a machine that runs for that long again makes a
 * question end early, never late. */
static void load_boot_times(struct operation *op)
{
    const int64_t boot = clock_boot(op->engine->clock), now = engine_wall(op->engine);
    const int64_t span = op->question.expires_ms - op->question.asked_ms;
    const int64_t left = op->question.expires_ms - now;
    op->moment_boot_ms = boot - (now > op->moment_ms ? now - op->moment_ms : 0);
    const int64_t by_wall = boot + (left < span ? left : span), before = op->question.expires_boot_ms;
    const bool same = before != 0 && boot >= before - span;
    op->question.expires_boot_ms = same && before < by_wall ? before : by_wall;
}

struct operation *operation_create(struct engine *e, const struct request *request, const char *verb)
{
    struct operation *op = create(e);
    op->request = *request;
    op->act = act_of(verb);
    op->state = OP_REQUESTED;
    operation_want(op, request);
    fresh_id(e, op->row.id);
    TEXT_COPY(op->row.verb, verb);
    TEXT_COPY(op->row.server, request->place.server);
    TEXT_COPY(op->row.channel, request->place.channel);
    TEXT_COPY(op->row.thread, request->place.thread);
    TEXT_COPY(op->row.user, request->who.user);
    TEXT_COPY(op->row.user_name, request->who.name);
    op->row.created_ms = engine_wall(e);
    return op;
}

struct operation *operation_load(struct engine *e, const struct store_operation *row)
{
    enum operation_state state;
    struct err err = {0};
    if (!operation_state_of(row->state, &state)) {
        log_error("engine", row->id, "is left alone: unknown state \"%s\"", row->state);
        return NULL;
    }
    struct operation *op = create(e);
    op->row = *row;
    op->row.detail = op->row.follow = "";
    op->act = act_of(row->verb);
    op->state = op->before = state;
    json_t *follow = NULL;
    bool ok = op->act != NULL || state == OP_REQUESTED ||
              err_set(&err, ERR_PROTOCOL, "this program knows no \"%s\"", row->verb);
    ok = ok && operation_load_detail(op, row->detail != NULL ? row->detail : "", &err);
    if (ok && row->follow != NULL && row->follow[0] != '\0') {
        follow = jsonx_parse(row->follow, strlen(row->follow), &err);
        ok = follow != NULL && follow_load(follow, &op->goal, &op->follow, &err);
    }
    json_decref(follow);
    if (!ok) {
        log_error("engine", row->id, "is left alone: %s", err.text);
        operation_destroy(op);
        return NULL;
    }
    load_boot_times(op);
    op->target = config_target(e->config, op->row.target);
    op->service = op->target != NULL ? config_service(op->target, op->row.service_key) : NULL;
    return op;
}

static void drop_audits(struct operation *op)
{
    for (size_t i = 0; i < op->audit_count; i++) {
        mem_free(op->audits[i].detail);
    }
    op->audit_count = 0;
}

void operation_destroy(struct operation *op)
{
    struct engine *e = op->engine;
    loop_timer_stop(e->loop, &op->timer);
    loop_timer_stop(e->loop, &op->again);
    loop_timer_stop(e->loop, &op->retry);
    if (op->next != NULL) {
        op->next->prev = op->prev;
    }
    *(op->prev != NULL ? &op->prev->next : &e->operations) = op->next;
    drop_audits(op);
    restart_story_finish(op);
    restart_around_finish(op);
    restart_proof_finish(op);
    mem_free(op->detail);
    mem_free(op->follow_text);
    mem_free(op->snapshot);
    mem_free(op->name_list);
    mem_free(op);
}

void operation_release(struct operation *op)
{
    op->gone = true;
    if (op->busy == 0 && !operation_writing(op)) {
        question_remember(op);
        outbox_forget(op->engine->outbox, op->row.id);
        operation_destroy(op);
    }
}

void operation_done(struct operation *op)
{
    if (op->gone || (op->settled && op->row.watch_until_ms == 0)) {
        operation_release(op);
    }
}

unsigned operations_running(const struct engine *e)
{
    unsigned count = 0;
    for (const struct operation *op = e->operations; op != NULL; op = op->next) {
        count += operation_ended(op->state) ? 0 : 1;
    }
    return count;
}

struct operation *operation_of(const struct engine *e, const char *id)
{
    struct operation *op = e->operations;
    while (op != NULL && strcmp(op->row.id, id) != 0) {
        op = op->next;
    }
    return op;
}

/* By what the configuration says, and by what ECS returned: two names of one service are one. */
static bool is_on(const struct operation *op, const char *service_name, const struct operation *but)
{
    return strcmp(op->row.service_name, service_name) == 0 ||
           (but != NULL && but->ecs_service[0] != '\0' && strcmp(op->ecs_service, but->ecs_service) == 0);
}

struct operation *operation_on(const struct engine *e, const char *service_name, const struct operation *but)
{
    for (struct operation *op = e->operations; op != NULL; op = op->next) {
        if (op != but && !operation_ended(op->state) && op->state != OP_REQUESTED && op->state != OP_ASKING &&
            is_on(op, service_name, but)) {
            return op;
        }
    }
    return NULL;
}

/* ---- a step */

void operation_move(struct operation *op, enum operation_state to)
{
    assert(operation_may_move(op->state, to));
    log_info("engine", op->row.id, "%s -> %s", operation_word(op->state), operation_word(to));
    op->before = op->state;
    op->state = to;
    const int64_t now = engine_wall(op->engine);
    if (to == OP_ACTING) {
        op->row.acting_ms = now;
    }
    if (operation_ended(to)) {
        op->row.ended = true;
        op->row.ended_ms = now;
        TEXT_COPY(op->row.verdict, operation_word(to));
        operation_count_end(op);
    }
}

void operation_audit(struct operation *op, const char *what, const char *format, ...)
{
    assert(op->audit_count < OPERATION_AUDITS);
    struct buf text, line;
    buf_init(&text, AUDIT_DETAIL);
    buf_init(&line, 2 * AUDIT_DETAIL);
    va_list args;
    va_start(args, format);
    buf_vformat(&text, format, args);
    va_end(args);
    buf_text(&line, "{\"text\":");
    gate_quote(&line, text.data);
    buf_char(&line, '}');
    struct store_audit *row = &op->audits[op->audit_count].row;
    *row = (struct store_audit){.at_ms = engine_wall(op->engine)};
    TEXT_COPY(row->operation, op->row.id);
    request_audited(&op->request.who, row->who, sizeof(row->who));
    TEXT_COPY(row->what, what);
    op->audits[op->audit_count].detail = buf_take(&line);
    row->detail = op->audits[op->audit_count].detail;
    op->audit_count++;
    buf_finish(&text);
}

struct store_txn *operation_begin(struct operation *op)
{
    assert(!op->committing);
    (void)op;
    return store_txn_create();
}

static void where(const struct operation *op, const char *suffix, enum progress_place place,
                  struct store_outbox *row)
{
    *row = (struct store_outbox){0};
    TEXT_FORMAT(row->id, "%s/%s", op->row.id, suffix);
    TEXT_COPY(row->operation, op->row.id);
    TEXT_COPY(row->server, op->row.server);
    TEXT_COPY(row->channel, op->row.channel);
    TEXT_COPY(row->thread, op->row.thread);
    if (place == PROGRESS_THREAD) {
        TEXT_FORMAT(row->thread_of, "%s/card", op->row.id);
    }
}

void operation_stage(struct operation *op, struct store_txn *t, const char *suffix, enum progress_place place,
                     bool ends, const struct card *card)
{
    struct store_outbox row;
    struct card *told = mem_alloc(sizeof(*told));
    where(op, suffix, place, &row);
    row.ends = ends;
    *told = *card;
    if (ends) {
        audit_add_head(op->engine, told);
    }
    outbox_stage(op->engine->outbox, t, &row, told);
    mirror_stage(op, t, suffix, place, ends, told);
    mem_free(told);
}

void operation_stage_reply(struct operation *op, struct store_txn *t, const struct card *card)
{
    struct store_outbox row = {0};
    engine_address(&op->request, &row);
    TEXT_FORMAT(row.id, "%s/reply", op->row.id);
    TEXT_COPY(row.operation, op->row.id);
    row.ends = true;
    outbox_stage(op->engine->outbox, t, &row, card);
}

static void pack(struct operation *op)
{
    mem_free(op->detail);
    op->detail = operation_save_detail(op);
    op->row.detail = op->detail;
    mem_free(op->follow_text);
    op->follow_text = NULL;
    if (op->goal.began_ms != 0) {
        op->follow_text = gate_print(follow_save(&op->goal, &op->follow));
    }
    op->row.follow = op->follow_text != NULL ? op->follow_text : "";
    TEXT_COPY(op->row.state, operation_word(op->state));
    op->row.updated_ms = engine_wall(op->engine);
}

/* Does the step that is being written move it? */
static bool is_move(const struct operation *op)
{
    return op->before != op->state && op->act != NULL;
}

static void put_row(struct operation *op, struct store_txn *t)
{
    if (is_move(op) && op->act->moves != NULL) {
        op->act->moves(op, t);
    }
    pack(op);
    store_txn_operation(t, &op->row);
    if (op->with != NULL) {
        store_txn_operation(t, &op->with->row);
    }
    for (size_t i = 0; i < op->audit_count; i++) {
        store_txn_audit(t, &op->audits[i].row);
    }
}

void operation_first(struct operation *op, struct store_txn *t)
{
    operation_audit(op, "asked", "%s", op->request.text);
    put_row(op, t);
    drop_audits(op);
}

static void committed(struct store_commit *c)
{
    struct operation *op = c->user;
    struct engine *e = op->engine;
    op->committing = false;
    if (c->ok) {
        audit_seen(e, &c->head);
        if (op->row.ended && op->audit_count > 0) {
            log_info("engine", op->row.id, "%s is recorded, audit %lld:%s", op->row.verdict,
                     (long long)c->head.sequence, c->head.hash);
        }
        if (is_move(op) && op->act->moved != NULL) {
            op->act->moved(op);
        }
        op->before = op->state;
        drop_audits(op);
        outbox_release(e->outbox, op->row.id);
    } else {
        log_error("engine", op->row.id, "a step could not be recorded: %s", c->err.text);
    }
    engine_back(e);
    if (e->closing) {
        return;
    }
    if (op->gone && c->ok) {
        operation_release(op);
        return;
    }
    op->recorded(op, c->ok);
}

void operation_commit(struct operation *op, struct store_txn *t, bool durable,
                      void (*recorded)(struct operation *op, bool ok))
{
    struct engine *e = op->engine;
    put_row(op, t);
    if (durable) {
        store_txn_durable(t);
    }
    op->durable = durable;
    op->committing = true;
    op->recorded = recorded;
    op->commit = (struct store_commit){.done = committed, .user = op};
    engine_owed(e);
    e->store->ops->commit(e->store, t, &op->commit);
}

bool operation_writing(const struct operation *op)
{
    return op->committing || loop_timer_armed(&op->retry);
}

static void try_again(struct loop_timer *t)
{
    struct operation *op = t->user;
    struct store_txn *txn = operation_begin(op);
    outbox_restage(op->engine->outbox, txn, op->row.id);
    operation_commit(op, txn, op->durable, op->recorded);
}

void operation_again(struct operation *op)
{
    loop_timer_start(op->engine->loop, &op->retry, AGAIN_MS);
}

void operation_undo(struct operation *op)
{
    if (op->state == OP_ACTING) {
        op->row.acting_ms = 0;
    }
    op->state = op->before;
    drop_audits(op);
}

/* ---- refused */

static void refused(struct operation *op, bool ok)
{
    if (!ok) {
        operation_again(op);
    }
}

void operation_refuse(struct operation *op, const char *text)
{
    struct engine *e = op->engine;
    e->refused++;
    TEXT_COPY(op->why, text);
    operation_move(op, OP_REFUSED);
    operation_audit(op, "refused", "%s", text);
    struct store_txn *t = operation_begin(op);
    if (op->has_card) {
        progress_card_nothing(&op->facts, OP_REFUSED, text, e->card);
        operation_stage(op, t, "card", PROGRESS_NEW, false, e->card);
    }
    restart_close_question(op, t, text, false);
    engine_refusal_card(e, &op->request, text, e->card);
    operation_stage_reply(op, t, e->card);
    restart_go(op, RESTART_TELLING);
    operation_commit(op, t, false, refused);
}
