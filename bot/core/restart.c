/* The running change; a restart, or another kind (act.h).
 *
 *   IDLE -> CHECKING -> CARD -> ARMING -> SENDING -> FOLLOWING -> TELLING -> over   (or CARE -> TELLING)
 *             |  ^                            |          ^  ^
 *             v  |                            v          |  |
 *            ASKED                        SEARCHING -----+  |
 *                                             |             |
 *                                             v             |
 *             CHECKING (somebody said: again) DOUBT --------+
 *
 * Every step may end in TELLING. ARMING and SENDING go back to CHECKING when it became too late (nothing was
 * sent), or to DOUBT when it would have been the second UpdateService; from CHECKING the second one goes to
 * ARMING, since its card is out, or back to DOUBT, or a deployment shows and is FOLLOWED.
 *
 *   CHECKING   who are we, what does ECS show, may it begin            (restart_check.c)
 *   ASKED      a question with buttons is open                         (restart_ask.c)
 *   CARD       the card must reach the channel before anything is sent (restart_act.c)
 *   ARMING     "acting" is being written, durably
 *   SENDING    the kind's calls: UpdateService, at most once
 *   SEARCHING  no answer, or a restart of the bot: was it executed?    (restart_doubt.c)
 *   DOUBT      nothing is seen of it: a question whether to send it again is open
 *   FOLLOWING  the follower judges what the poller sees                (restart_follow.c)
 *   CARE       it succeeded, that was told; it is watched some more minutes (restart_care.c)
 *   ADOPTING   `follow`: from IDLE, to FOLLOWING: is there a deployment to follow?  (restart_adopt.c)
 *   TELLING    it is over; its last message is on its way
 *
 * A start of the bot enters the drawing where the row says: requested and queued at CHECKING, asking at
 * ASKED, acting and uncertain at SEARCHING (with an open question at DOUBT), following at FOLLOWING,
 * succeeded at CARE. Acting of a kind whose calls have their effect once enters at SENDING, while it is still
 * wanted. */
#include "core/restart.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/local.h"
#include "engine_private.h"

#define TO(step) (1U << (step))

static const unsigned MOVES[RESTART_STEPS] = {
    [RESTART_IDLE] = TO(RESTART_CHECKING) | TO(RESTART_ASKED) | TO(RESTART_SENDING) | TO(RESTART_SEARCHING) |
                     TO(RESTART_DOUBT) | TO(RESTART_FOLLOWING) | TO(RESTART_CARE) | TO(RESTART_ADOPTING) |
                     TO(RESTART_TELLING),
    [RESTART_CHECKING] = TO(RESTART_ASKED) | TO(RESTART_CARD) | TO(RESTART_ARMING) | TO(RESTART_DOUBT) |
                         TO(RESTART_FOLLOWING) | TO(RESTART_TELLING),
    [RESTART_ASKED] = TO(RESTART_CHECKING) | TO(RESTART_TELLING),
    [RESTART_CARD] = TO(RESTART_ARMING) | TO(RESTART_TELLING),
    [RESTART_ARMING] = TO(RESTART_SENDING) | TO(RESTART_CHECKING) | TO(RESTART_DOUBT) | TO(RESTART_TELLING),
    [RESTART_SENDING] = TO(RESTART_FOLLOWING) | TO(RESTART_SEARCHING) | TO(RESTART_CHECKING) |
                        TO(RESTART_DOUBT) | TO(RESTART_TELLING),
    [RESTART_SEARCHING] = TO(RESTART_FOLLOWING) | TO(RESTART_DOUBT) | TO(RESTART_TELLING),
    [RESTART_DOUBT] = TO(RESTART_CHECKING) | TO(RESTART_FOLLOWING) | TO(RESTART_TELLING),
    [RESTART_FOLLOWING] = TO(RESTART_CARE) | TO(RESTART_TELLING),
    [RESTART_CARE] = TO(RESTART_TELLING),
    [RESTART_ADOPTING] = TO(RESTART_FOLLOWING) | TO(RESTART_TELLING),
};
static const char *const WORDS[RESTART_STEPS] = {"idle",      "checking", "asked",     "card",
                                                 "arming",    "sending",  "searching", "doubt",
                                                 "following", "care",     "adopting",  "telling"};

static void nothing(struct operation *op)
{
    (void)op;
}

/* What entering a step begins. */
static void (*const ENTER[RESTART_STEPS])(struct operation *op) = {
    [RESTART_IDLE] = nothing,
    [RESTART_CHECKING] = restart_check,
    [RESTART_ASKED] = restart_wait,
    [RESTART_CARD] = restart_wait_card,
    [RESTART_ARMING] = restart_arm,
    [RESTART_SENDING] = restart_send,
    [RESTART_SEARCHING] = restart_search,
    [RESTART_DOUBT] = restart_doubt_wait,
    [RESTART_FOLLOWING] = restart_follow,
    [RESTART_CARE] = restart_care,
    [RESTART_ADOPTING] = restart_adopt_look,
    [RESTART_TELLING] = nothing,
};

void restart_go(struct operation *op, enum restart_step to)
{
    assert((MOVES[op->step] & TO(to)) != 0);
    log_debug("engine", op->row.id, "step %s -> %s", WORDS[op->step], WORDS[to]);
    loop_timer_stop(op->engine->loop, &op->timer);
    loop_timer_stop(op->engine->loop, &op->again);
    op->step = to;
    ENTER[to](op);
}

/* ---- what lies in an operation's memory while others work on it */

void restart_owe(struct operation *op)
{
    op->busy++;
    engine_owed(op->engine);
}

bool restart_back(struct operation *op, enum restart_step during)
{
    assert(op->busy > 0);
    op->busy--;
    const bool closing = op->engine->closing;
    const bool gone = op->gone;
    engine_back(op->engine);
    if (closing) {
        return false;
    }
    if (gone) {
        operation_release(op);
        return false;
    }
    return op->step == during;
}

void restart_ref(const struct operation *op, struct service_ref *ret)
{
    *ret = (struct service_ref){.session = op->target->session};
    TEXT_COPY(ret->account, op->target->account);
    TEXT_COPY(ret->region, op->target->region);
    TEXT_COPY(ret->cluster, op->target->cluster);
    TEXT_COPY(ret->service, op->service->name);
}

static bool watch_again(struct ecs_watch *w, const struct snapshot *s)
{
    (void)w;
    (void)s;
    return false;
}

void restart_watch(struct operation *op, void (*seen)(struct ecs_watch *w, const struct snapshot *s),
                   bool (*wants_tasks)(struct ecs_watch *w, const struct snapshot *s))
{
    restart_unwatch(op);
    op->watch = (struct ecs_watch){
        .seen = seen, .wants_tasks = wants_tasks != NULL ? wants_tasks : watch_again, .user = op};
    restart_ref(op, &op->watch.ref);
    op->watching = true;
    op->engine->ecs->ops->watch(op->engine->ecs, &op->watch);
}

void restart_unwatch(struct operation *op)
{
    if (op->watching) {
        op->watching = false;
        op->engine->ecs->ops->unwatch(op->engine->ecs, &op->watch);
    }
}

/* ---- the beginning */

static void untouched(const struct operation *op, char *to, size_t size)
{
    to[0] = '\0';
    for (size_t i = 0; i < op->target->service_count; i++) {
        const struct config_service *s = &op->target->services[i];
        if (s != op->service) {
            char longer[120];
            TEXT_FORMAT(longer, "%s%s%s", to, to[0] != '\0' ? ", " : "", s->key);
            text_copy(to, size, longer);
        }
    }
    if (to[0] != '\0') {
        char longer[120];
        TEXT_FORMAT(longer, "%s: not touched", to);
        text_copy(to, size, longer);
    }
}

void restart_first_facts(struct operation *op)
{
    const struct config *config = op->engine->config;
    struct progress_facts *f = &op->facts;
    const struct config_target *t = op->target;
    *f = (struct progress_facts){
        .words = &op->act->words, .production = t->production, .rehearsal = config->rehearsal};
    TEXT_COPY(f->operation, op->row.id);
    TEXT_COPY(f->target, t->name);
    TEXT_COPY(f->key, op->service->key);
    TEXT_COPY(f->partition, t->partition);
    TEXT_COPY(f->account, t->account);
    TEXT_COPY(f->region, t->region);
    TEXT_COPY(f->profile, t->profile);
    TEXT_COPY(f->cluster, t->cluster);
    TEXT_COPY(f->service, op->service->name);
    TEXT_COPY(f->endpoint_note, op->engine->ecs->ops->endpoint_note(op->engine->ecs, t->session));
    TEXT_FORMAT(f->asker, "@%s",
                op->request.who.name[0] != '\0' ? op->request.who.name : op->request.who.user);
    request_principal(&op->request.who, f->asker_mention, sizeof(f->asker_mention));
    TEXT_COPY(f->command, engine_command(op->engine, op->request.place.server));
    TEXT_COPY(f->escalation.name, config->escalation.name);
    TEXT_COPY(f->escalation.mention, config->escalation.mention);
    TEXT_COPY(f->escalation.phone, config->escalation.phone);
    TEXT_COPY(f->cost, op->act->cost(op->service));
    untouched(op, f->untouched, sizeof(f->untouched));
    f->asked_ms = engine_world(op->engine) - (engine_wall(op->engine) - op->request.origin_ms);
}

void restart_service_name(const struct config_target *t, const struct config_service *s, char *to,
                          size_t size)
{
    text_format(to, size, "%s/%s/%s/%s", t->account[0] != '\0' ? t->account : "unchecked", t->region,
                t->cluster, s->name);
}

void restart_name_service(struct operation *op)
{
    restart_service_name(op->target, op->service, op->row.service_name, sizeof(op->row.service_name));
}

void engine_change(struct command_call *call, const struct act *act)
{
    struct operation *op = ((struct call *)call)->operation;
    struct err err = {0};
    assert(op != NULL && op->act == act); /* its row says `changes`, and the kind has its name */
    if (act->begin != NULL && !act->begin(op, &call->parsed, &err)) {
        command_refuse(call, "%s", err.text);
        return;
    }
    op->target = call->parsed.target;
    op->service = call->parsed.service;
    TEXT_COPY(op->break_glass, call->parsed.break_glass);
    restart_name_service(op);
    restart_first_facts(op);
    command_started(call);
    restart_go(op, RESTART_CHECKING);
}

void engine_restart(struct command_call *call)
{
    if (call->parsed.all) {
        struct operation *op = ((struct call *)call)->operation;
        assert(op != NULL);
        op->target = call->parsed.target;
        command_started(call);
        all_begin(op);
        return;
    }
    engine_change(call, &act_restart);
}

/* ---- the end */

static void ended(struct operation *op, bool ok)
{
    if (!ok) {
        operation_again(op);
    }
}

void restart_end(struct operation *op, enum operation_state to, const char *why)
{
    struct card *card = op->engine->card;
    restart_unwatch(op);
    TEXT_COPY(op->why, why);
    operation_move(op, to);
    operation_audit(op, operation_word(to), "%s", why);
    struct store_txn *t = operation_begin(op);
    restart_close_question(op, t, why, false);
    if (to == OP_CANCELLED) { /* from uncertain */
        progress_doubt_end(&op->facts, &op->doubt, why, card);
    } else {
        progress_card_nothing(&op->facts, to, why, card);
    }
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    card_mention(card, op->facts.asker_mention);
    operation_stage(op, t, "verdict", PROGRESS_NEW, true, card);
    restart_go(op, RESTART_TELLING);
    operation_commit(op, t, false, ended);
}

void restart_leave(struct operation *op, const char *why)
{
    struct follow_goal goal;
    if (op->act->partly != NULL && op->act->partly(op, &goal)) {
        restart_begin_following(op, &goal, why);
    } else {
        restart_end(op, OP_CANCELLED, why);
    }
}

static void settle(struct operation *op)
{
    struct engine *e = op->engine;
    if (op->settled) {
        return;
    }
    op->settled = true;
    if (e->options.on_settled != NULL && op->facts.chain == 0 && op->row.parent[0] == '\0') {
        /* nobody asked for the next one, or for the parts */
        e->options.on_settled(e->options.user, &op->request,
                              op->state == OP_REFUSED ? SETTLED_REFUSED : SETTLED_OPERATION, op->state);
    }
    all_child_settled(op);
    operation_done(op);
}

static bool is_question(const struct operation *op, const struct store_outbox *row)
{
    char suffix[RESTART_SUFFIX], id[STORE_KEY];
    restart_question_suffix(op, suffix, sizeof(suffix));
    TEXT_FORMAT(id, "%s/%s", op->row.id, suffix);
    return strcmp(row->id, id) == 0;
}

void restart_sent(struct operation *op, const struct store_outbox *row, bool delivered)
{
    if (row->ends && operation_ended(op->state)) {
        settle(op);
    } else if (operation_writing(op)) {
        return; /* an older version of a message; the one that is being written follows it */
    } else if (op->step == RESTART_CARD && text_ends(row->id, "/card")) {
        restart_card_sent(op, delivered);
    } else if (restart_question_waits(op) && is_question(op, row)) {
        restart_ask_sent(op, delivered);
    }
}

void restart_stop(struct operation *op)
{
    restart_unwatch(op);
    loop_timer_stop(op->engine->loop, &op->timer);
    loop_timer_stop(op->engine->loop, &op->again);
    loop_timer_stop(op->engine->loop, &op->retry);
}

/* ---- after a restart of the bot */

static void state_the_gap(struct operation *op)
{
    char gap[TEXT_DURATION];
    const int64_t away = op->engine->away_ms;
    text_duration(gap, away);
    TEXT_FORMAT(op->facts.away,
                "I was away %s (restarted). ECS went on without me; what it did meanwhile is in this thread.",
                away < 0      ? "for a while" /* the clock was set back */
                : away < 1000 ? "for less than a second"
                              : gap);
}

static void unwatched(struct operation *op, bool ok)
{
    if (ok) {
        operation_done(op);
    } else {
        operation_again(op);
    }
}

/* Nothing is left to be watched after all. */
static void unwatch_row(struct operation *op)
{
    op->row.watch_until_ms = 0;
    operation_commit(op, operation_begin(op), false, unwatched);
}

/* The same way as a new request, from authorisation on: who may, and what ECS shows, may have changed. */
static void route_again(struct operation *op)
{
    struct call *c = call_create(op->engine, &op->request, NULL);
    struct err err = {0};
    c->operation = op;
    if (!parse_request(op->engine->options.commands, op->engine->config, op->request.text, &c->command.parsed,
                       &err)) {
        call_destroy(c);
        operation_refuse(op, err.text);
        return;
    }
    call_route(c);
}

static void resume_uncertain(struct operation *op)
{
    char frozen[400];
    struct progress_doubt *d = &op->doubt;
    if (op->state == OP_ACTING) {
        d->cut_off = true;
    }
    if (d->sends == 0) { /* a row of an older version */
        d->sends = 1;
        d->first_ms = d->last_ms = op->facts.began_ms;
    }
    if (op->state == OP_ACTING && op->act->repeats && operation_still_wanted(op) &&
        !engine_frozen(op->engine, frozen, sizeof(frozen))) {
        restart_go(op, RESTART_SENDING);
        return;
    }
    const bool asked = op->state == OP_UNCERTAIN && op->question.key.digest[0] != '\0';
    restart_go(op, asked && !restart_question_over(op) ? RESTART_DOUBT : RESTART_SEARCHING);
}

/* Its verdict was written; what was left to be watched goes on. */
static void resume_ended(struct operation *op)
{
    const bool cares = op->state == OP_SUCCEEDED && op->care_goal.until_ms != 0 && op->service != NULL;
    op->settled = !outbox_end_waits(op->engine->outbox, op->row.id);
    restart_go(op, cares ? RESTART_CARE : RESTART_TELLING);
    if (cares) {
        return;
    }
    if (restart_chain_wanted(op)) {
        restart_chain(op);
    } else {
        unwatch_row(op);
    }
}

void restart_resume(struct operation *op)
{
    if (op->state == OP_ACTING || op->state == OP_UNCERTAIN || op->state == OP_FOLLOWING) {
        state_the_gap(op);
    }
    if (all_resume(op)) {
        return;
    }
    if (operation_ended(op->state)) {
        resume_ended(op);
    } else if (op->state == OP_REQUESTED || op->state == OP_QUEUED) {
        route_again(op); /* which asks first when it is too late */
    } else if (op->service == NULL) {
        restart_lost_target(op);
    } else if (op->state == OP_ASKING) {
        restart_ask_again(op);
    } else if (op->state == OP_FOLLOWING) {
        restart_go(op, RESTART_FOLLOWING);
    } else {
        resume_uncertain(op);
    }
}

void restart_lost_target(struct operation *op)
{
    static const char why[] =
        "Its target or service is not in the configuration any more. ECS goes on by itself; I "
        "do not look any more.";
    if (op->state == OP_ASKING) {
        operation_refuse(op, "Its target or service is not in the configuration any more. See: targets");
    } else {
        if (op->state == OP_ACTING) { /* sent or not: nobody can tell */
            operation_move(op, OP_UNCERTAIN);
        }
        restart_end(op, op->state == OP_FOLLOWING ? OP_STOPPED_FOLLOWING : OP_CANCELLED, why);
    }
}
