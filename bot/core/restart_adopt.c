/* ADOPTING: `follow` takes up a deployment that this bot did not begin.
 *
 * look at the service -> the newest deployment, if it runs -> what is known of its beginning -> following,
 * with a card and a row like a restart's. Nothing is ever changed in AWS. It is refused when nothing runs,
 * when an operation of ours is on it already, or when the service cannot be seen within eight seconds. */
#include "core/restart.h"

#include <assert.h>
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "engine_private.h"

#define LOOK_MS   8000
#define REMIND_MS 900000

/* ---- which deployment */

static const struct ecs_deployment *newest_of(const struct ecs_service *s)
{
    const struct ecs_deployment *newest = NULL;
    for (size_t i = 0; i < s->deployment_count; i++) {
        if (newest == NULL || s->deployments[i].created_ms > newest->created_ms) {
            newest = &s->deployments[i];
        }
    }
    return newest;
}

/* The newest one, while it comes up or is being rolled back; NULL when nothing runs. */
static const struct ecs_deployment *running_of(const struct ecs_service *s)
{
    const struct ecs_deployment *primary = model_primary(s), *newest = newest_of(s);
    if (primary == NULL) {
        return NULL;
    }
    const bool runs = primary->rollout == ECS_ROLLOUT_IN_PROGRESS ||
                      (primary->rollout == ECS_ROLLOUT_ABSENT &&
                       (s->deployment_count > 1 || primary->running != primary->desired));
    return runs ? newest : NULL;
}

static const struct ecs_deployment *before(const struct ecs_service *s, const struct ecs_deployment *d)
{
    const struct ecs_deployment *best = NULL;
    for (size_t i = 0; i < s->deployment_count; i++) {
        const struct ecs_deployment *other = &s->deployments[i];
        if (other != d && other->created_ms <= d->created_ms &&
            (best == NULL || other->created_ms > best->created_ms)) {
            best = other;
        }
    }
    return best;
}

/* ---- why not */

static void nothing_runs(struct operation *op, const struct snapshot *s)
{
    const struct ecs_deployment *last = model_primary(&s->service);
    char text[500], at[TEXT_TIME], how[120] = "";
    if (last == NULL) {
        TEXT_FORMAT(text, "No deployment runs on %s %s, and ECS shows none that ran. Look: %s status %s %s",
                    op->facts.target, op->facts.key, op->facts.command, op->facts.target, op->facts.key);
        operation_refuse(op, text);
        return;
    }
    for (size_t i = 0; s->history_absence == ECS_SEEN && i < s->history_count; i++) {
        if (strcmp(s->history[i].deployment_id, last->id) == 0 && s->history[i].finished_ms != 0) {
            text_time_of_day(at, s->history[i].finished_ms);
            TEXT_FORMAT(how, ", ended %s UTC (%s)", at, s->history[i].status);
        }
    }
    text_date_time(at, last->created_ms);
    TEXT_FORMAT(
        text,
        "No deployment runs on %s %s, so there is nothing to follow. The last one, %s, began %s UTC%s. "
        "How it is now: %s status %s %s",
        op->facts.target, op->facts.key, last->id, at, how, op->facts.command, op->facts.target,
        op->facts.key);
    operation_refuse(op, text);
}

static void is_followed(struct operation *op, const struct operation *other)
{
    const struct engine *e = op->engine;
    struct chat *chat = engine_chat(e, other->row.server);
    char text[600], card[STORE_KEY], url[300] = "", what[60];
    TEXT_FORMAT(what, "a %s", other->facts.words->noun);
    TEXT_FORMAT(card, "%s/card", other->row.id);
    const char *message = outbox_message(e->outbox, card);
    if (chat == NULL || message[0] == '\0' ||
        !chat->ops->link(chat, other->row.channel, message, url, sizeof(url))) {
        url[0] = '\0';
    }
    TEXT_FORMAT(text, "%s follows it already: %s, asked by %s. %s%s", other->row.id,
                other->facts.adopted ? "a deployment begun outside this bot" : what, other->facts.asker,
                url[0] != '\0' ? "Its message: " : "Its message in that channel shows how it goes.", url);
    operation_refuse(op, text);
}

/* ---- how it began */

static void tell_beginning(struct operation *op, const struct snapshot *s, const struct ecs_deployment *d,
                           const struct ecs_deployment *older)
{
    char at[TEXT_TIME];
    text_time_of_day(at, d->created_ms);
    if (older == NULL || older->task_definition[0] == '\0') {
        TEXT_FORMAT(op->facts.begun, "Begun outside this bot at %s UTC: %s.", at, d->id);
    } else if (strcmp(older->task_definition, d->task_definition) == 0) {
        TEXT_FORMAT(op->facts.begun, "Begun outside this bot at %s UTC: %s, the same task definition anew.",
                    at, d->id);
    } else {
        TEXT_FORMAT(op->facts.begun,
                    "Begun outside this bot at %s UTC: %s, new task definition %s (before: %s).", at, d->id,
                    d->task_definition, older->task_definition);
    }
    TEXT_COPY(op->facts.task_definition, d->task_definition);
    op->facts.breaker = s->service.breaker;
}

/* One of ours that ended without its deployment's end, or whose row another start of the bot left behind. */
static void recalled(struct store_recent *r)
{
    struct operation *op = r->user;
    if (!restart_back(op, RESTART_ADOPTING)) {
        return;
    }
    for (size_t i = 0; r->ok && i < r->count; i++) {
        const struct store_operation *row = &r->operations[i];
        if (row->follow != NULL && strstr(row->follow, op->adopting.deployment_id) != NULL) {
            TEXT_FORMAT(op->facts.begun, "Begun by @%s through me (%s): %s.",
                        row->user_name[0] != '\0' ? row->user_name : row->user, row->id,
                        op->adopting.deployment_id);
            break;
        }
    }
    restart_adopt(op, op->adopting.deployment_id, op->adopting.previous_id, op->adopting.began_ms,
                  op->adopting.wanted);
}

/* ---- the look */

static void decide(struct operation *op, const struct snapshot *s)
{
    const struct operation *other = operation_on(op->engine, op->row.service_name, op);
    const struct ecs_deployment *d = running_of(&s->service);
    const struct ecs_deployment *older = d != NULL ? before(&s->service, d) : NULL;
    if (other != NULL && (d == NULL || other->goal.deployment_id[0] == '\0' ||
                          strcmp(other->goal.deployment_id, d->id) == 0)) {
        is_followed(op, other);
        return;
    }
    if (d == NULL) {
        nothing_runs(op, s);
        return;
    }
    tell_beginning(op, s, d, older);
    op->adopting.wanted = s->service.desired;
    op->adopting.began_ms = d->created_ms;
    TEXT_COPY(op->adopting.deployment_id, d->id);
    TEXT_COPY(op->adopting.previous_id, older != NULL ? older->id : "");
    op->facts.wanted = s->service.desired;
    op->preflight.running = s->service.running;
    op->recent = (struct store_recent){.done = recalled, .user = op};
    TEXT_COPY(op->recent.verb, "restart");
    TEXT_COPY(op->recent.service_name, op->row.service_name);
    restart_owe(op);
    op->engine->store->ops->recent(op->engine->store, &op->recent);
}

static void looked(struct ecs_look *r)
{
    struct operation *op = r->user;
    if (!restart_back(op, RESTART_ADOPTING)) {
        return;
    }
    const struct snapshot *s = r->snapshot;
    char text[CARD_LINE];
    if (s->missing) {
        TEXT_FORMAT(text, "AWS knows no service %s in %s, %s. Look: %s status %s %s", op->service->name,
                    op->target->cluster, op->target->region, op->facts.command, op->facts.target,
                    op->facts.key);
        operation_refuse(op, text);
    } else if (s->service_absence != ECS_SEEN) {
        TEXT_FORMAT(text, "I cannot see the service: %s. Ask again; if it stays so: the AWS console.",
                    s->trouble[0] != '\0' ? s->trouble : "AWS did not answer");
        operation_refuse(op, text);
    } else {
        decide(op, s);
    }
}

static void too_slow(struct loop_timer *t)
{
    operation_refuse(t->user,
                     "AWS or my own store did not answer within 8 s, so I follow nothing. Ask again.");
}

void restart_adopt_look(struct operation *op)
{
    op->timer = (struct loop_timer){.fire = too_slow, .user = op};
    loop_timer_start(op->engine->loop, &op->timer, LOOK_MS);
    op->look = (struct ecs_look){.with_history = true, .done = looked, .user = op};
    restart_ref(op, &op->look.ref);
    restart_owe(op);
    op->engine->ecs->ops->look(op->engine->ecs, &op->look);
}

void engine_follow(struct command_call *call)
{
    struct operation *op = ((struct call *)call)->operation;
    assert(op != NULL); /* its row says COMMAND_RECORDED */
    op->target = call->parsed.target;
    op->service = call->parsed.service;
    restart_name_service(op);
    restart_first_facts(op);
    op->facts.adopted = true;
    command_started(call);
    restart_go(op, RESTART_ADOPTING);
}

/* ---- following */

static void following(struct operation *op, bool ok)
{
    FAULT_POINT("adopted committed");
    if (!ok) {
        operation_again(op);
        return;
    }
    struct operation *from = op->with;
    if (from != NULL) {
        op->with = NULL;
        from->busy--;
        operation_done(from);
    }
}

void restart_adopt(struct operation *op, const char *deployment_id, const char *previous_id, int64_t began_ms,
                   int wanted)
{
    const struct config *config = op->engine->config;
    struct card *card = op->engine->card;
    const int64_t now = engine_world(op->engine);
    op->facts.began_ms = began_ms;
    op->goal = (struct follow_goal){.kind = FOLLOW_DEPLOYMENT,
                                    .began_ms = began_ms,
                                    .wanted = wanted,
                                    .slow_after_ms = config->slow_after_ms,
                                    .give_up_after_ms = now - began_ms + config->give_up_after_ms,
                                    .remind_every_ms = REMIND_MS};
    TEXT_COPY(op->goal.deployment_id, deployment_id);
    TEXT_COPY(op->goal.previous_id, previous_id);
    follow_begin(&op->goal, &op->follow);
    operation_move(op, OP_FOLLOWING);
    operation_audit(op, "following", "%s, begun elsewhere", deployment_id);
    struct store_txn *t = operation_begin(op);
    progress_card_following(&op->facts, &op->goal, &op->follow, now, card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    op->has_card = true;
    op->carded_ms = now;
    restart_care_end_others(op);
    restart_go(op, RESTART_FOLLOWING);
    operation_commit(op, t, false, following);
}

/* ---- the next one, by itself */

#define CHAIN_MOST 5

bool restart_chain_wanted(const struct operation *op)
{
    return op->state == OP_SUPERSEDED && op->follow.other_id[0] != '\0' && op->facts.other[0] == '\0' &&
           op->facts.chain < CHAIN_MOST && op->service != NULL &&
           operation_on(op->engine, op->row.service_name, op) == NULL;
}

static void chained_facts(struct operation *op, const struct operation *from)
{
    struct progress_facts *f = &op->facts;
    char at[TEXT_TIME];
    restart_first_facts(op);
    f->adopted = true;
    f->chain = from->facts.chain + 1;
    f->wanted = from->follow.wanted;
    f->breaker = from->facts.breaker;
    f->asked_ms = engine_world(op->engine);
    TEXT_COPY(f->usual, from->facts.usual);
    text_time_of_day(at, from->facts.other_ms != 0 ? from->facts.other_ms : from->follow.ended_ms);
    TEXT_FORMAT(
        f->begun,
        "Begun outside this bot at %s UTC: %s. It replaced the deployment of %s; I follow it by myself.", at,
        from->follow.other_id, from->row.id);
}

void restart_chain(struct operation *from)
{
    struct operation *op = operation_create(from->engine, &from->request, "follow");
    op->target = from->target;
    op->service = from->service;
    TEXT_COPY(op->row.target, from->row.target);
    TEXT_COPY(op->row.service_key, from->row.service_key);
    TEXT_COPY(op->row.service_name, from->row.service_name);
    TEXT_COPY(op->row.parent, from->row.id);
    chained_facts(op, from);
    from->row.watch_until_ms = 0; /* in one step with the new row */
    from->busy++;
    op->with = from;
    restart_adopt(op, from->follow.other_id, from->goal.deployment_id,
                  from->facts.other_ms != 0 ? from->facts.other_ms : from->follow.ended_ms,
                  from->follow.wanted);
}
