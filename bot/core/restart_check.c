/* CHECKING: at most eight seconds of looking before anything is changed.
 *
 * identify -> look -> (the service is missing: names of clusters and services) -> earlier restarts, and what
 * stands around it (restart_around.c) -> grade -> refuse, ask or queue. What does not answer in time refuses:
 * nothing was changed yet. What stands around it does not: after six seconds it was not checked.
 *
 * The same looks are made before UpdateService is sent a second time (the state is uncertain then); what they
 * lead to is decided in restart_doubt.c. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/preflight_names.h"
#include "engine_private.h"

#define CHECK_MS      8000
#define AROUND_MS     6000
#define LOOK_AGAIN_MS 1000
#define PRESSED       (REASON_RUNS | REASON_FOREIGN | REASON_IMAGE | REASON_DATABASE | REASON_ALWAYS)

static void grade(struct operation *op);

/* ---- earlier changes of this service: durations, and who was here a moment ago */

/* What the usual time of this change is taken from. */
static const char *verb_like(const struct operation *op)
{
    return op->act->deploys ? act_restart.verb : op->act->verb;
}

static void recalled(struct store_recent *r)
{
    struct operation *op = r->user;
    if (restart_back(op, RESTART_CHECKING)) {
        op->duration_count = op->own_count = 0;
        op->last = (struct preflight_known){0};
        for (size_t i = 0; r->ok && i < r->count && i < STORE_RECENT; i++) {
            const struct store_operation *row = &r->operations[i];
            if (strcmp(row->verdict, operation_word(OP_SUCCEEDED)) == 0 && row->duration_ms > 0 &&
                strcmp(row->verb, verb_like(op)) == 0) {
                op->durations[op->duration_count++] = row->duration_ms;
                origin_of_row(row, op->own[op->own_count++]);
            }
            if (op->last.operation[0] == '\0' && row->duration_ms > 0 && /* it did something */
                act_of(row->verb) != NULL && strcmp(row->verb, "follow") != 0) {
                TEXT_COPY(op->last.operation, row->id);
                TEXT_COPY(op->last.verb, row->verb);
                TEXT_FORMAT(op->last.who, "@%s", row->user_name[0] != '\0' ? row->user_name : row->user);
                op->last.since_ms = row->created_ms;
                op->last.ended_ms = row->ended_ms;
            }
        }
        op->recalled = true;
        restart_checked_more(op);
    }
}

void restart_checked_more(struct operation *op)
{
    if (op->recalled && (op->hurry || restart_around_ready(op))) {
        grade(op);
    }
}

static void recall(struct operation *op)
{
    struct store *store = op->engine->store;
    op->recent = (struct store_recent){.done = recalled, .user = op};
    TEXT_COPY(op->recent.service_name, op->row.service_name);
    restart_owe(op);
    store->ops->recent(store, &op->recent);
}

/* ---- names, for a service that is not there */

static void keep_names(struct operation *op, const struct ecs_names *r)
{
    op->name_count = r->ok ? r->count : 0;
    mem_free(op->name_list);
    op->name_list = mem_array(op->name_count + 1, sizeof(op->name_list[0]));
    for (size_t i = 0; i < op->name_count; i++) {
        TEXT_COPY(op->name_list[i], r->names[i]);
    }
}

static void named_services(struct ecs_names *r)
{
    struct operation *op = r->user;
    if (restart_back(op, RESTART_CHECKING)) {
        op->names_read = r->ok;
        keep_names(op, r);
        grade(op);
    }
}

static void ask_names(struct operation *op, bool clusters, void (*done)(struct ecs_names *r))
{
    op->names = (struct ecs_names){.clusters = clusters, .done = done, .user = op};
    restart_ref(op, &op->names.ref);
    restart_owe(op);
    op->engine->ecs->ops->names(op->engine->ecs, &op->names);
}

static void named_clusters(struct ecs_names *r)
{
    struct operation *op = r->user;
    if (restart_back(op, RESTART_CHECKING)) {
        op->clusters_read = r->ok;
        op->cluster_count = r->ok ? r->count : 0;
        op->names_are_clusters = r->ok && !preflight_names_has(r, op->target->cluster);
        if (op->names_are_clusters) {
            keep_names(op, r);
            grade(op);
        } else {
            ask_names(op, false, named_services);
        }
    }
}

/* ---- the look */

static void look(struct operation *op);

static void look_again(struct loop_timer *t)
{
    look(t->user);
}

static void looked(struct ecs_look *r)
{
    struct operation *op = r->user;
    if (!restart_back(op, RESTART_CHECKING)) {
        return;
    }
    const struct snapshot *s = r->snapshot;
    *op->snapshot = *s;
    op->looked = true;
    if (s->service_absence == ECS_SEEN && s->missing) {
        ask_names(op, true, named_clusters);
    } else if (s->service_absence == ECS_THROTTLED || s->service_absence == ECS_UNREACHABLE) {
        op->again = (struct loop_timer){.fire = look_again, .user = op};
        loop_timer_start(op->engine->loop, &op->again, LOOK_AGAIN_MS);
    } else {
        if (s->service_absence == ECS_SEEN) {
            TEXT_COPY(op->ecs_service, s->service.arn);
            restart_around_look(op, &s->service);
        }
        recall(op);
    }
}

static void look(struct operation *op)
{
    op->look = (struct ecs_look){.done = looked, .user = op}; /* only the service is graded */
    restart_ref(op, &op->look.ref);
    restart_owe(op);
    op->engine->ecs->ops->look(op->engine->ecs, &op->look);
}

static void identified(struct ecs_identify *r)
{
    struct operation *op = r->user;
    if (!restart_back(op, RESTART_CHECKING)) {
        return;
    }
    if (r->ok && strcmp(r->account, op->target->account) == 0) {
        look(op);
    } else {
        grade(op); /* which refuses */
    }
}

/* ---- the decision */

static void known_running(const struct operation *op, struct preflight_known *ret)
{
    const struct operation *other = operation_on(op->engine, op->row.service_name, op);
    if (other != NULL &&
        !other->facts.adopted) { /* what somebody else began, the preflight sees for itself */
        TEXT_COPY(ret->operation, other->row.id);
        TEXT_COPY(ret->who, other->facts.asker);
        ret->does = other->facts.words->does;
        ret->since_ms = other->row.created_ms;
    }
}

static void forget(struct operation *op)
{
    mem_free(op->snapshot);
    op->snapshot = NULL;
    mem_free(op->name_list);
    op->name_list = NULL;
    restart_around_forget(op);
}

static void decide(struct operation *op)
{
    if (op->state == OP_UNCERTAIN) {
        restart_doubt_checked(op);
        return;
    }
    const struct operation *other = operation_on(op->engine, op->row.service_name, op);
    if (op->pressed && (op->preflight.reasons & ~(unsigned)PRESSED) != 0) {
        op->pressed = op->confirmed = false; /* there is more to it than the button said */
    }
    const char *differs = op->confirmed && !op->pressed ? question_differs(op) : NULL;
    if (op->preflight.grade == PREFLIGHT_REFUSE) {
        operation_refuse(op, op->preflight.refusal);
    } else if (other != NULL && other->state != OP_FOLLOWING) {
        char text[300];
        TEXT_FORMAT(text, "%s %s (%s): its message shows how it goes. Ask again if it ends without a %s.",
                    other->facts.asker, other->facts.words->about_to, other->row.id,
                    other->facts.words->noun);
        operation_refuse(op, text);
    } else if (differs != NULL) {
        preflight_ask_again(&op->preflight, differs);
        restart_ask(op);
    } else if (op->preflight.grade == PREFLIGHT_ASK && !op->confirmed &&
               (op->preflight.reasons & ~all_granted(op)) != 0) {
        restart_ask(op);
    } else {
        restart_queue(op);
    }
}

static void grade(struct operation *op)
{
    const struct engine *e = op->engine;
    if (op->state == OP_UNCERTAIN && restart_doubt_follow(op, op->snapshot)) {
        forget(op);
        return;
    }
    struct preflight_facts f = {.target = op->target,
                                .yes = op->request.yes,
                                .service = op->service,
                                .identified = op->identify.ok,
                                .identity_trouble = op->identify.err.text,
                                .snapshot = op->snapshot,
                                .names_read = op->names_read,
                                .clusters_read = op->clusters_read,
                                .name_count = op->name_count,
                                .cluster_count = op->cluster_count,
                                .names_are_clusters = op->names_are_clusters,
                                .names = op->name_list,
                                .runs = op->facts.words->runs,
                                .downtime = op->act->impact(op->service) == IMPACT_DOWNTIME,
                                .recent = op->last,
                                .cool_down_ms = e->config->cool_down_ms,
                                .world_ms = engine_world(e),
                                .wall_ms = engine_wall(e)};
    struct ecs_around around = {0};
    struct probe_result probe = {0};
    restart_around_facts(op, &around, &probe, &f);
    TEXT_COPY(op->facts.version, probe.number);
    if (op->act->deploys) {
        restart_around_durations(op);
    }
    TEXT_COPY(f.account, op->identify.account);
    TEXT_COPY(f.partition, op->identify.partition);
    known_running(op, &f.running);
    if (preflight_begin(&f, &op->preflight)) {
        op->act->grade(op, &f, &op->preflight);
        preflight_finish(&f, &op->preflight);
    }
    if (op->break_glass[0] != '\0' &&
        preflight_break_glass(&op->preflight, op->facts.asker, op->break_glass)) {
        operation_audit(op, "break glass", "%s; refused: %s", op->break_glass, op->preflight.asks[1]);
    }
    if (!operation_still_wanted(op)) {
        preflight_ask_old(&op->preflight, op->moment_ms, f.wall_ms - op->moment_ms);
    }
    question_lock_asks(op);
    progress_usual(op->durations, op->duration_count, op->facts.words->usual, op->facts.usual,
                   sizeof(op->facts.usual));
    forget(op);
    decide(op);
}

static void too_slow(struct loop_timer *t);

/* What may miss is no longer waited for; what may not has the rest of the time. */
static void hurry(struct loop_timer *t)
{
    struct operation *op = t->user;
    op->hurry = true;
    op->timer = (struct loop_timer){.fire = too_slow, .user = op};
    loop_timer_start(op->engine->loop, &op->timer, CHECK_MS - AROUND_MS);
    restart_checked_more(op);
}

static void too_slow(struct loop_timer *t)
{
    struct operation *op = t->user;
    const struct snapshot *s = op->snapshot;
    char text[CARD_LINE];
    if (op->looked && !s->missing && s->service_absence == ECS_SEEN) {
        TEXT_COPY(text,
                  "My own store did not answer within 8 s, so I did not begin. Ask again; if it stays so, "
                  "tell who operates this bot.");
    } else if (s->trouble[0] != '\0') {
        TEXT_FORMAT(
            text,
            "For 8 s my checks got nowhere, so I did not begin: %s. Ask again; if it stays so: the AWS "
            "console.",
            s->trouble);
    } else {
        TEXT_COPY(text, "AWS did not answer my checks within 8 s, so I did not begin. Ask again; if it stays "
                        "so: the AWS console.");
    }
    if (op->state == OP_UNCERTAIN) {
        op->preflight = op->question.asked;
        restart_doubt(op, "Not sent again: my checks had no answer within 8 s.");
    } else {
        operation_refuse(op, text);
    }
    forget(op);
}

void restart_check(struct operation *op)
{
    if (all_is(op)) {
        all_check(op);
        return;
    }
    struct ecs *ecs = op->engine->ecs;
    forget(op);
    op->snapshot = mem_alloc(sizeof(*op->snapshot));
    op->snapshot->service_absence = ECS_NOT_READ;
    op->looked = op->names_read = op->clusters_read = op->names_are_clusters = false;
    op->name_count = op->cluster_count = 0;
    op->recalled = op->hurry = false;
    op->timer = (struct loop_timer){.fire = hurry, .user = op};
    loop_timer_start(op->engine->loop, &op->timer, AROUND_MS);
    restart_around_begin(op);
    op->identify = (struct ecs_identify){.session = op->target->session, .done = identified, .user = op};
    if (op->target->account[0] == '\0') {
        look(op);
        return;
    }
    restart_owe(op);
    ecs->ops->identify(ecs, &op->identify);
}
