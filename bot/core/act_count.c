/* scale, shutdown and start: autoscaling's switches first, then UpdateService with a count and nothing else,
 * each at most once. What to come back to is remembered in the step that says "acting"; a start forgets it in
 * the step that says that ECS took the count.
 *
 * What can go wrong: the switches cannot be set (nothing is sent after them); AWS refuses the count after the
 * switches were set (they are remembered as the bot's own, and told); an answer is lost (ECS is looked at:
 * the count shows whether it arrived); the bot dies in between (the same). */
#include "act_count.h"

#include <string.h>

#include "base/fault.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"
#include "zero_watch.h"

static enum count_verb verb_of(const struct operation *op)
{
    return op->act == &act_scale ? COUNT_SCALE : op->act == &act_shutdown ? COUNT_SHUTDOWN : COUNT_START;
}

/* ---- asked */

static bool begin(struct operation *op, const struct parsed *parsed, struct err *err)
{
    struct act_count *c = &op->kind.count;
    *c = (struct act_count){0};
    TEXT_COPY(c->reason, parsed->reason);
    if (verb_of(op) == COUNT_SCALE && !count_plan_number(parsed->extra, &c->asked)) {
        return err_set(
            err, ERR_USAGE,
            "scale needs the number of tasks, and nothing behind it. Usage: scale TARGET [SERVICE] "
            "N [--reason TEXT]");
    }
    return true;
}

static enum impact impact_none(const struct config_service *s)
{
    (void)s;
    return IMPACT_NONE;
}

static enum impact impact_downtime(const struct config_service *s)
{
    (void)s;
    return IMPACT_DOWNTIME;
}

static const char *cost_scale(const struct config_service *s)
{
    (void)s;
    return "New tasks join, or users of a stopped one reconnect to the others.";
}

static const char *cost_shutdown(const struct config_service *s)
{
    return s->drops == DROPS_IMPORTS ? "Imports stop until it is started again."
                                     : "It ENDS service until it is started again.";
}

static const char *cost_start(const struct config_service *s)
{
    (void)s;
    return "Users are served as soon as the first task is healthy.";
}

/* ---- graded */

static void heed_image(const struct operation *op, const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_around *a = f->around;
    if (op->kind.count.plan.cuts_off && f->snapshot->service.running > 0 && a != NULL &&
        a->image.absence == ECS_SEEN && a->image.gone) {
        preflight_refuse(p, true,
                         "Users are served by %d tasks, and the image %s is gone from the registry: what is "
                         "stopped now CANNOT COME BACK. Have the image built again first. If it must be: "
                         "the same command with --break-glass \"REASON\".",
                         f->snapshot->service.running, a->image.name);
    }
}

/* What was confirmed, against what is so now. Once something was sent, the switches are the bot's own doing.
 */
static const char *differs_of(const struct operation *op, const struct count_plan *asked)
{
    const struct act_count *c = &op->kind.count;
    if (!op->confirmed || !c->planned) {
        return NULL;
    }
    if (op->state == OP_UNCERTAIN) {
        return asked->before != c->plan.before ? "the count was changed meanwhile" : NULL;
    }
    return count_plan_differs(asked, &c->plan);
}

static void grade(struct operation *op, const struct preflight_facts *f, struct preflight *p)
{
    struct act_count *c = &op->kind.count;
    const struct count_plan asked = c->plan;
    const struct count_facts facts = {
        .verb = verb_of(op),
        .asked = c->asked,
        .target = op->target,
        .service = op->service,
        .live = &f->snapshot->service,
        .scaling = f->scaling,
        .memo = zero_watch_memo(op->engine->zeros, op->row.service_name),
        .command = op->facts.command,
    };
    count_plan_make(&facts, &c->plan);
    if (c->plan.refused) {
        preflight_refuse(p, false, "%s", c->plan.refusal);
        return;
    }
    p->wanted = p->send_count = c->plan.wanted;
    if (c->plan.ask[0] != '\0') {
        preflight_ask(p, REASON_DOWNTIME, "%s", c->plan.ask);
    }
    if (c->plan.odd[0] != '\0') {
        preflight_ask(p, REASON_KIND, "%s", c->plan.odd);
    }
    const char *differs = differs_of(op, &asked);
    if (differs != NULL) {
        preflight_ask(p, REASON_CHANGED, "It is not as it was when you confirmed: %s.", differs);
    }
    c->planned = true;
    preflight_say(p, "%s", c->plan.says);
    heed_image(op, f, p);
}

static void question(const struct operation *op, struct card *card)
{
    const struct count_plan *plan = &op->kind.count.plan;
    const struct progress_facts *f = &op->facts;
    const int running = op->preflight.running;
    card_served(card,
                running > 0 ? "Users: SERVED now, %d of %d tasks run." : "Users: NOT SERVED, %d of %d run.",
                running, plan->before);
    if (plan->wanted == 0) {
        card_line(card, "To bring it back with %d: %s start %s %s", plan->remember.before, f->command,
                  f->target, f->key);
        card_line(card, "Without ending service instead: %s restart %s %s", f->command, f->target, f->key);
    } else if (plan->cuts_off) {
        card_line(card, "Back to %d: %s scale %s %s %d", plan->before, f->command, f->target, f->key,
                  plan->before);
    }
}

static const char *switch_word(bool suspended)
{
    return suspended ? "suspended" : "on";
}

static void describe(const struct operation *op, char *to, size_t size)
{
    const struct count_plan *plan = &op->kind.count.plan;
    char first[160] = "";
    if (plan->set_switches) {
        TEXT_FORMAT(first, "RegisterScalableTarget in %s, out %s, scheduled %s; then ",
                    switch_word(plan->switches.in), switch_word(plan->switches.out),
                    switch_word(plan->switches.scheduled));
    }
    text_format(to, size, "%sUpdateService desiredCount %d -> %d %s", first, plan->before, plan->wanted,
                op->row.service_name);
}

/* ---- remembered */

/* What this operation leaves behind, whatever the memo was before it. */
static void memo_of(const struct operation *op, struct count_memo *m)
{
    const struct act_count *c = &op->kind.count;
    *m = c->plan.remember;
    TEXT_COPY(m->service_name, op->row.service_name);
    TEXT_COPY(m->target, op->row.target);
    TEXT_COPY(m->service_key, op->row.service_key);
    TEXT_COPY(m->operation, op->row.id);
    TEXT_COPY(m->who, op->facts.asker);
    TEXT_COPY(m->reason, c->reason);
    TEXT_COPY(m->server, op->row.server);
    TEXT_COPY(m->channel, op->row.channel);
    m->since_ms = op->facts.began_ms;
}

/* Nothing came of it: as it was before, but for switches that were set. */
static enum zero_change give_back(const struct operation *op, struct count_memo *m)
{
    const struct act_count *c = &op->kind.count;
    if (c->switched && verb_of(op) != COUNT_START && count_memo_suspends(&c->plan.remember)) {
        memo_of(op, m);
        m->sure = m->left = true;
        m->count = c->plan.before;
        return ZERO_PUT;
    }
    if (!c->had) {
        return ZERO_FORGET;
    }
    *m = c->before;
    return ZERO_PUT;
}

/* What this state of the operation makes of the memo. */
static enum zero_change change(const struct operation *op, struct count_memo *m)
{
    const struct act_count *c = &op->kind.count;
    switch (op->state) {
    case OP_ACTING:
        if (verb_of(op) == COUNT_START) {
            return ZERO_KEEP;
        }
        memo_of(op, m);
        return ZERO_PUT;
    case OP_FOLLOWING:
        if (c->plan.forget) {
            return ZERO_FORGET;
        }
        memo_of(op, m);
        m->sure = true;
        return ZERO_PUT;
    case OP_FAILED: return op->before == OP_ACTING ? give_back(op, m) : ZERO_KEEP;
    default: return ZERO_KEEP;
    }
}

static void moves(struct operation *op, struct store_txn *t)
{
    struct act_count *c = &op->kind.count;
    if (op->state == OP_ACTING && op->doubt.sends == 1) {
        const struct count_memo *known = zero_watch_memo(op->engine->zeros, op->row.service_name);
        c->had = known != NULL;
        c->before = known != NULL ? *known : (struct count_memo){0};
    }
    struct count_memo m = {0};
    zero_watch_stage(op->row.service_name, change(op, &m), &m, op->row.updated_ms, t);
}

static void moved(struct operation *op)
{
    struct count_memo m = {0};
    const enum zero_change what = change(op, &m);
    zero_watch_apply(op->engine->zeros, op->row.service_name, what, &m);
}

/* ---- sent */

static void goal_of(const struct operation *op, bool unsure, struct follow_goal *ret)
{
    *ret = (struct follow_goal){.kind = FOLLOW_COUNT, .unsure = unsure, .wanted = op->kind.count.plan.wanted};
}

/* The switches were set, the count was not. */
static void half_refused(struct operation *op, const char *words)
{
    const struct progress_facts *f = &op->facts;
    char why[sizeof(op->why)];
    if (verb_of(op) == COUNT_START) {
        TEXT_FORMAT(why,
                    "AWS refused the change of the count: %s. Autoscaling was resumed before that; the count "
                    "is as it was. When that is mended: %s start %s %s",
                    words, f->command, f->target, f->key);
    } else {
        TEXT_FORMAT(
            why,
            "AWS refused the change of the count: %s. Autoscaling was suspended before that and stays "
            "so; the count is as it was. To resume it: %s start %s %s",
            words, f->command, f->target, f->key);
    }
    restart_end(op, OP_FAILED, why);
}

static void counted(struct ecs_redeploy *r)
{
    struct operation *op = r->user;
    struct follow_goal goal;
    FAULT_POINT("UpdateService answered");
    if (!restart_back(op, RESTART_SENDING)) {
        return;
    }
    if (r->ok) {
        operation_audit(op, "UpdateService", "desiredCount %d, AWS request %s", r->answered_desired,
                        r->request_id);
        goal_of(op, false, &goal);
        act_done(op, &goal);
    } else if (r->uncertain) {
        act_unknown(op);
    } else if (op->kind.count.switched && op->doubt.sends == 1) {
        half_refused(op, r->err.text);
    } else {
        act_refused(op, r->err.text);
    }
}

static void send_count(struct operation *op)
{
    struct ecs *ecs = op->engine->ecs;
    op->redeploy = (struct ecs_redeploy){
        .desired = op->kind.count.plan.wanted, .only_count = true, .done = counted, .user = op};
    restart_ref(op, &op->redeploy.ref);
    restart_owe(op);
    FAULT_POINT("UpdateService begins");
    ecs->ops->redeploy(ecs, &op->redeploy);
}

static void switched(struct ecs_scaling *r)
{
    struct operation *op = r->user;
    char words[300];
    FAULT_POINT("autoscaling answered");
    if (!restart_back(op, RESTART_SENDING)) {
        return;
    }
    if (r->ok) {
        op->kind.count.switched = true;
        operation_audit(op, "RegisterScalableTarget", "AWS request %s", r->request_id);
        send_count(op);
    } else if (r->uncertain) {
        act_unknown(op);
    } else {
        TEXT_FORMAT(words, "its autoscaling's switches: %s", r->err.text);
        act_refused(op, words);
    }
}

static void send(struct operation *op)
{
    struct ecs *ecs = op->engine->ecs;
    const struct count_plan *plan = &op->kind.count.plan;
    if (!plan->set_switches) {
        send_count(op);
        return;
    }
    op->kind.count.call =
        (struct ecs_scaling){.set = true, .wanted = plan->switches, .done = switched, .user = op};
    restart_ref(op, &op->kind.count.call.ref);
    restart_owe(op);
    FAULT_POINT("autoscaling begins");
    ecs->ops->scaling(ecs, &op->kind.count.call);
}

static bool found(struct operation *op, const struct snapshot *s, struct follow_goal *ret)
{
    if (s->missing || s->service.desired != op->kind.count.plan.wanted) {
        return false;
    }
    goal_of(op, true, ret);
    return true;
}

/* ---- kept in the row */

static json_t *save(const struct operation *op)
{
    const struct act_count *c = &op->kind.count;
    json_t *j = json_pack("{s:i, s:s, s:b, s:b, s:b, s:b}", "asked", c->asked, "reason", c->reason, "planned",
                          c->planned, "had", c->had, "switched", c->switched, "refused", c->plan.refused);
    json_object_set_new(j, "plan", count_plan_save(&c->plan));
    if (c->had) {
        char *text = count_memo_save(&c->before);
        json_object_set_new(j, "before", json_string(text));
        mem_free(text);
    }
    return j;
}

static void load(struct operation *op, const json_t *saved)
{
    struct act_count *c = &op->kind.count;
    struct err err = {0};
    struct store_memo row = {.json = jsonx_text(saved, "before")};
    *c = (struct act_count){.asked = (int)jsonx_int(saved, "asked", 0),
                            .planned = jsonx_bool(saved, "planned", false),
                            .switched = jsonx_bool(saved, "switched", false)};
    TEXT_COPY(c->reason, jsonx_text(saved, "reason"));
    TEXT_COPY(row.key, op->row.service_name);
    count_plan_load(jsonx_at(saved, "plan"), &c->plan);
    c->had = row.json[0] != '\0' && count_memo_load(&row, &c->before, &err);
}

/* ---- the kinds */

#define COUNT_WORDS                                                                                          \
    .call = "the change of the count",                                                                       \
    .search = "I look for a minute whether the count changes; if it does not, I ask you.",                   \
    .console = "the count", .unseen = "the count is as before",                                              \
    .twice = "Sending it again sets the same count: it does no harm if the first one arrives after all.",    \
    .waits = "I keep looking: if the count shows, I follow it and this question is void. If nobody "         \
             "answers, nothing is sent.",                                                                    \
    .counts = true, .usual = "usually up to 6 min", .runs = "It goes on, with the new count",                \
    .found = "✔ Not needed any more: ECS has the count, which I follow. Nothing was sent again.",            \
    .succeeded = progress_count_succeeded, .proof = progress_count_proof

#define COUNT_WAY                                                                                            \
    .needs = ACT_SCALING, .begin = begin, .grade = grade, .question = question, .describe = describe,        \
    .send = send, .found = found, .save = save, .load = load, .moves = moves, .moved = moved

const struct act act_scale = {
    .verb = "scale",
    .words =
        {
            .question = "🔢 SCALE",
            .plain = "Scale",
            .yes = "Scale it",
            .noun = "change of the count",
            .of = "scaling of",
            .doing = "🔢 SCALING",
            .begins = "Telling ECS the new count",
            .done = "scaled",
            .not_done = "SCALED",
            .does = "changes its count",
            .same = "changes the count of the same service",
            .about_to = "is about to change the count of the same service",
            .again = "CHANGE OF THE COUNT",
            .look = "Before anybody changes it again, look at the count",
            COUNT_WORDS,
        },
    .impact = impact_none,
    .cost = cost_scale,
    COUNT_WAY,
};

const struct act act_shutdown = {
    .verb = "shutdown",
    .words =
        {
            .question = "🛑 SHUT DOWN",
            .plain = "Shut down",
            .yes = "Shut it down",
            .noun = "shutdown",
            .of = "shutdown of",
            .doing = "🛑 SHUTTING DOWN",
            .begins = "Telling ECS the count 0",
            .done = "shut down",
            .not_done = "SHUT DOWN",
            .does = "shuts it down",
            .same = "shuts down the same service",
            .about_to = "is about to shut down the same service",
            .again = "SHUTDOWN",
            .look = "Before anybody does it again, look at the count",
            COUNT_WORDS,
        },
    .impact = impact_downtime,
    .cost = cost_shutdown,
    COUNT_WAY,
};

const struct act act_start = {
    .verb = "start",
    .words =
        {
            .question = "▶️ START",
            .plain = "Start",
            .yes = "Start it",
            .noun = "start",
            .of = "start of",
            .doing = "▶️ STARTING",
            .begins = "Telling ECS the count",
            .done = "started",
            .not_done = "STARTED",
            .does = "starts it",
            .same = "starts the same service",
            .about_to = "is about to start the same service",
            .again = "START",
            .look = "Before anybody starts it again, look at the count",
            COUNT_WORDS,
        },
    .impact = impact_none,
    .cost = cost_start,
    COUNT_WAY,
};
