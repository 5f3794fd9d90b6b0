/* restart all: one operation of its own above a whole restart of each service, in the configuration's order.
 *
 *   CHECKING -> (ASKED: one question for all) -> FOLLOWING: the services one by one -> TELLING
 *
 * Each child is a restart like any other: its own checks, card, questions and verdict. What the one question
 * said is not asked again; what else a child finds, it asks about. The next child begins when the one before
 * has succeeded and told so; at the first that does not succeed the rest stays untouched.
 *
 * What was begun is in the children's rows alone: before a child is made, the rows of its service are read,
 * so that no restart of the bot makes one twice. When the bot was away for more than two minutes, the next
 * child asks before it begins. */
#include "all.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

#define AGAIN_MS 500

static void advance(struct operation *op);

bool all_is(const struct operation *op)
{
    return op->row.parent[0] == '\0' && strcmp(op->row.service_key, "all") == 0 &&
           strcmp(op->row.verb, act_restart.verb) == 0;
}

static struct operation *parent_of(const struct operation *op)
{
    struct operation *parent = op->row.parent[0] != '\0' ? operation_of(op->engine, op->row.parent) : NULL;
    return parent != NULL && all_is(parent) ? parent : NULL;
}

unsigned all_granted(const struct operation *op)
{
    const struct operation *parent = parent_of(op);
    return parent != NULL && parent->confirmed ? REASON_DROPS | REASON_ALWAYS : 0;
}

/* ---- words */

static void add(char *to, size_t size, const char *between, const char *text)
{
    char longer[400];
    TEXT_FORMAT(longer, "%s%s%s", to, to[0] != '\0' ? between : "", text);
    text_copy(to, size, longer);
}

/* "hub, api, events", from this one on. */
static void keys_from(const struct config_target *t, size_t first, const char *between, char *to, size_t size)
{
    text_copy(to, size, "");
    for (size_t i = first; i < t->service_count; i++) {
        add(to, size, between, t->services[i].key);
    }
}

static void name_of(const struct operation *op, char *to, size_t size)
{
    text_format(to, size, "all of %s%s", op->facts.target, op->facts.production ? " (PRODUCTION)" : "");
}

static void begin_card(const struct operation *op, enum card_tone tone, struct card *c)
{
    progress_text_begin(&op->facts, tone, c);
    card_served(c, "Users: each service has its own message here, which says whether it serves.");
}

/* "hub: succeeded (7F3K)"; of one that runs or waits: that. */
static void lines(const struct operation *op, struct card *c)
{
    const struct act_all *a = &op->kind.all;
    for (size_t i = 0; i < op->target->service_count; i++) {
        const char *key = op->target->services[i].key;
        if (a->ended[i]) {
            card_line(c, "%s %s: %s (%s)", a->ends[i] == OP_SUCCEEDED ? "✅" : "🔴", key,
                      operation_word(a->ends[i]), a->ids[i]);
        } else if (a->ids[i][0] != '\0') {
            card_line(c, "⏳ %s: runs (%s)", key, a->ids[i]);
        } else {
            card_line(c, "%s: %s", key,
                      operation_ended(op->state) ? "NOT TOUCHED" : "waits for the one before");
        }
    }
}

static void running_card(const struct operation *op, struct card *c)
{
    char name[160], at[TEXT_TIME];
    begin_card(op, TONE_WORKING, c);
    name_of(op, name, sizeof(name));
    text_time_of_day(at, op->facts.asked_ms);
    card_title(c, "🔄 RESTARTING %s, one by one · asked by %s %s UTC · op %s", name, op->facts.asker, at,
               op->facts.operation);
    lines(op, c);
    card_footer(c, "How it is now: %s status %s", op->facts.command, op->facts.target);
}

static void ended_card(const struct operation *op, struct card *c)
{
    const struct act_all *a = &op->kind.all;
    char name[160], at[TEXT_TIME], took[TEXT_DURATION], rest[200];
    const bool good = op->state == OP_SUCCEEDED;
    begin_card(op, good ? TONE_GOOD : TONE_BAD, c);
    name_of(op, name, sizeof(name));
    text_time_of_day(at, engine_world(op->engine));
    text_duration(took, engine_world(op->engine) - op->facts.began_ms);
    if (good) {
        card_title(c, "✅ DONE: %s restarted, %s · %s UTC, %s · op %s", name, op->facts.asker, at, took,
                   op->facts.operation);
    } else {
        card_title(c, "🛑 STOPPED AT %s: restart of %s, %s · %s UTC, %s · op %s",
                   op->target->services[a->at].key, name, op->facts.asker, at, took, op->facts.operation);
    }
    lines(op, c);
    if (!good) {
        keys_from(op->target, a->at, ", then ", rest, sizeof(rest));
        card_line(c, "When that is mended, each when the one before is done: %s restart %s %s",
                  op->facts.command, op->facts.target, rest);
    }
    card_footer(c, "How it is now: %s status %s", op->facts.command, op->facts.target);
}

void all_question(const struct operation *op, struct card *c)
{
    card_served(c, "Users: they stay served where a restart drops nothing; what it costs is said below.");
    card_line(c,
              "One by one, each when the one before is done; it stops at the first that does not succeed.");
    (void)op;
}

/* ---- its beginning */

static void first_facts(struct operation *op)
{
    struct progress_facts *f = &op->facts;
    char order[200];
    op->service = &op->target->services[0]; /* whatever looks at one */
    restart_first_facts(op);
    TEXT_COPY(f->key, "all");
    keys_from(op->target, 0, ", ", order, sizeof(order));
    TEXT_COPY(f->service, order);
    TEXT_COPY(f->untouched, "");
    TEXT_FORMAT(op->row.service_name, "%s/%s/%s/*", op->target->account, op->target->region,
                op->target->cluster);
}

void all_begin(struct operation *op)
{
    op->kind.all = (struct act_all){0};
    first_facts(op);
    restart_go(op, RESTART_CHECKING);
}

static void grade(struct operation *op)
{
    struct preflight *p = &op->preflight;
    const struct config_target *t = op->target;
    char order[200];
    *p = (struct preflight){.grade = PREFLIGHT_GO, .send_count = -1};
    for (size_t i = 0; i < t->service_count; i++) {
        if (t->services[i].drops != DROPS_NOTHING) {
            preflight_ask(p, REASON_DROPS, "%s: %s", t->services[i].key, act_restart.cost(&t->services[i]));
        }
    }
    if (t->confirm_always && !op->request.yes && p->grade == PREFLIGHT_GO) {
        preflight_ask(p, REASON_ALWAYS, "This target asks before every change.");
    }
    keys_from(t, 0, ", then ", order, sizeof(order));
    preflight_say(p, "%s; each is checked when its turn comes", order);
    if (!operation_still_wanted(op)) {
        preflight_ask_old(p, op->moment_ms, engine_wall(op->engine) - op->moment_ms);
    }
    question_lock_asks(op);
}

static void begun(struct operation *op, bool ok)
{
    FAULT_POINT("all committed");
    if (ok) {
        advance(op);
    } else {
        operation_again(op);
    }
}

static void go(struct operation *op)
{
    op->facts.began_ms = engine_world(op->engine);
    if (op->state == OP_ASKING) { /* it sends nothing itself */
        operation_move(op, OP_QUEUED);
        operation_move(op, OP_ACTING);
    }
    if (op->state == OP_QUEUED) { /* a row of an unfinished step */
        operation_move(op, OP_ACTING);
    }
    operation_move(op, OP_FOLLOWING);
    operation_audit(op, "following", "%s", op->facts.service);
    struct store_txn *t = operation_begin(op);
    if (op->confirmed) {
        restart_confirmed(op, t);
    }
    running_card(op, op->engine->card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, op->engine->card);
    op->has_card = true;
    restart_go(op, RESTART_FOLLOWING);
    operation_commit(op, t, false, begun);
}

void all_check(struct operation *op)
{
    const struct operation *other = operation_on(op->engine, op->row.service_name, op);
    char text[300];
    grade(op);
    const char *differs = op->confirmed ? question_differs(op) : NULL;
    if (other != NULL) {
        TEXT_FORMAT(text, "%s restarts all of it already (%s): its message shows how it goes.",
                    other->facts.asker, other->row.id);
        operation_refuse(op, text);
    } else if (differs != NULL) {
        preflight_ask_again(&op->preflight, differs);
        restart_ask(op);
    } else if (op->preflight.grade == PREFLIGHT_ASK && !op->confirmed) {
        restart_ask(op);
    } else {
        go(op);
    }
}

/* ---- a child */

static struct operation *child_at(const struct operation *op, size_t at)
{
    struct operation *child = op->engine->operations;
    while (child != NULL &&
           (strcmp(child->row.parent, op->row.id) != 0 || child->row.position != (int)at || child->gone)) {
        child = child->next;
    }
    return child;
}

static void child_recorded(struct operation *child, bool ok)
{
    FAULT_POINT("child committed");
    if (ok) {
        restart_go(child, RESTART_CHECKING);
    } else {
        operation_again(child);
    }
}

/* It is wanted since the one before was done; after a long absence, since a person said so, which asks. */
static void want(struct operation *child, struct operation *op)
{
    struct act_all *a = &op->kind.all;
    child->moment_ms = a->done_ms > op->moment_ms && !a->stale ? a->done_ms : op->moment_ms;
    a->stale = false;
    child->moment_boot_ms = clock_boot(op->engine->clock) - (engine_wall(op->engine) - child->moment_ms);
}

static void make_child(struct operation *op)
{
    const size_t at = op->kind.all.at;
    struct operation *child = operation_create(op->engine, &op->request, act_restart.verb);
    child->target = op->target;
    child->service = &op->target->services[at];
    TEXT_COPY(child->row.target, op->row.target);
    TEXT_COPY(child->row.service_key, child->service->key);
    TEXT_COPY(child->row.parent, op->row.id);
    child->row.position = (int)at;
    TEXT_FORMAT(child->request.text, "restart %s %s", op->target->name, child->service->key);
    TEXT_COPY(child->request.delivery, "");
    want(child, op);
    restart_name_service(child);
    restart_first_facts(child);
    TEXT_COPY(op->kind.all.ids[at], child->row.id);
    operation_audit(child, "asked", "%s, of %s", child->request.text, op->row.id);
    operation_commit(child, operation_begin(child), false, child_recorded);
}

/* ---- one by one */

static void written(struct operation *op, bool ok)
{
    if (!ok) {
        operation_again(op);
    }
}

static void show(struct operation *op)
{
    if (!operation_writing(op)) { /* else the next one shows it too */
        struct store_txn *t = operation_begin(op);
        running_card(op, op->engine->card);
        operation_stage(op, t, "card", PROGRESS_NEW, false, op->engine->card);
        operation_commit(op, t, false, written);
    }
}

static void again(struct loop_timer *t)
{
    advance(t->user);
}

/* The parent's end, of the end of the child at which it stopped. */
static enum operation_state end_of(enum operation_state child)
{
    switch (child) {
    case OP_SUCCEEDED:
    case OP_FAILED:
    case OP_ROLLED_BACK:
    case OP_SUPERSEDED:
    case OP_STOPPED_FOLLOWING: return child;
    default: return OP_CANCELLED;
    }
}

static void finish(struct operation *op, enum operation_state end)
{
    struct card *card = op->engine->card;
    op->row.duration_ms = engine_world(op->engine) - op->facts.began_ms;
    operation_move(op, end);
    operation_audit(op, operation_word(end), "restart of all");
    struct store_txn *t = operation_begin(op);
    ended_card(op, card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    card_mention(card, op->facts.asker_mention);
    operation_stage(op, t, "verdict", PROGRESS_NEW, true, card);
    restart_go(op, RESTART_TELLING);
    operation_commit(op, t, false, written);
}

/* The child whose turn it was has ended so. */
static void child_ended(struct operation *op, const char *id, enum operation_state end, int64_t done_ms)
{
    struct act_all *a = &op->kind.all;
    TEXT_COPY(a->ids[a->at], id);
    a->ended[a->at] = true;
    a->ends[a->at] = end;
    a->done_ms = done_ms;
    if (end == OP_SUCCEEDED && a->at + 1 < op->target->service_count) {
        a->at++;
        advance(op);
    } else {
        finish(op, end_of(end));
    }
}

static void recalled(struct store_recent *r)
{
    struct operation *op = r->user;
    if (!restart_back(op, RESTART_FOLLOWING)) {
        return;
    }
    const size_t at = op->kind.all.at;
    enum operation_state end;
    for (size_t i = 0; r->ok && i < r->count; i++) {
        const struct store_operation *row = &r->operations[i];
        if (strcmp(row->parent, op->row.id) == 0 && row->position == (int)at &&
            operation_state_of(row->state, &end)) {
            child_ended(op, row->id, end, row->ended_ms);
            return;
        }
    }
    if (!r->ok) {
        op->timer = (struct loop_timer){.fire = again, .user = op};
        loop_timer_start(op->engine->loop, &op->timer, AGAIN_MS);
        return;
    }
    make_child(op);
    show(op);
}

/* Was the child whose turn it is begun, by this life of the bot or by another? */
static void advance(struct operation *op)
{
    if (operation_writing(op)) {
        op->timer = (struct loop_timer){.fire = again, .user = op};
        loop_timer_start(op->engine->loop, &op->timer, AGAIN_MS);
        return;
    }
    const struct operation *child = child_at(op, op->kind.all.at);
    if (child != NULL && operation_ended(child->state) && child->settled) {
        child_ended(op, child->row.id, child->state, child->row.ended_ms);
    } else if (child != NULL) {
        TEXT_COPY(op->kind.all.ids[op->kind.all.at], child->row.id);
        show(op);
    } else {
        op->recent = (struct store_recent){.done = recalled, .user = op};
        TEXT_COPY(op->recent.verb, act_restart.verb);
        restart_service_name(op->target, &op->target->services[op->kind.all.at], op->recent.service_name,
                             sizeof(op->recent.service_name));
        restart_owe(op);
        op->engine->store->ops->recent(op->engine->store, &op->recent);
    }
}

void all_child_settled(struct operation *child)
{
    struct operation *op = parent_of(child);
    if (op != NULL && op->step == RESTART_FOLLOWING && (size_t)child->row.position == op->kind.all.at) {
        op->timer = (struct loop_timer){.fire = again, .user = op};
        loop_timer_start(op->engine->loop, &op->timer, 0); /* its row stays as long as it is told */
    }
}

bool all_resume(struct operation *op)
{
    if (!all_is(op) || operation_ended(op->state) || op->target == NULL || op->target->service_count == 0) {
        return false;
    }
    op->service = &op->target->services[0];
    if (op->state != OP_FOLLOWING) {
        return false; /* as any other */
    }
    const int64_t away = op->engine->away_ms;
    op->kind.all = (struct act_all){.stale = away < 0 || away > ENGINE_LEASE_MS};
    restart_go(op, RESTART_FOLLOWING);
    op->timer = (struct loop_timer){.fire = again, .user = op};
    loop_timer_start(op->engine->loop, &op->timer, 0); /* when its children go on */
    return true;
}
