/* FOLLOWING: each look of the poller is one step of the follower, and each step with something to tell is one
 * transaction: its state, the card, the new messages, the verdict. A step in which only time went by is
 * written every fifteen seconds, with the card's elapsed time. While a step is being written the next look is
 * let go: the one after it sees everything; when that lasts a minute, people are told. So it is while the log
 * of a stopped task is asked for: until it is there, the operation stays as it was before that step. */
#include <ctype.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

#define CARD_EVERY_MS 15000  /* world: elapsed time alone */
#define STUCK_MS      60000  /* wall: a store that does not write for so long is told */
#define REPEATS_MS    300000 /* world: between two counts of tasks that stopped for a known reason */

static bool wants_tasks(struct ecs_watch *w, const struct snapshot *s)
{
    const struct operation *op = w->user;
    return follow_wants_tasks(&op->goal, &op->follow, s, engine_world(op->engine));
}

static void stage_notice(struct operation *op, struct store_txn *t, enum progress_place place,
                         const struct card *card)
{
    char suffix[32];
    TEXT_FORMAT(suffix, "notice/%d", ++op->notices);
    operation_stage(op, t, suffix, place, false, card);
}

/* log: of the event at `index`; NULL = none was asked for. */
static void stage_notices(struct operation *op, struct store_txn *t, const struct follow_output *out,
                          const struct ecs_tail *log, size_t index)
{
    struct card *card = op->engine->card;
    if (progress_events(&op->facts, &op->follow, out, card)) {
        stage_notice(op, t, PROGRESS_THREAD, card);
    }
    for (size_t i = 0; i < out->count; i++) {
        if (progress_repeats(&op->follow, out, i)) {
            op->repeats++;
            continue;
        }
        enum progress_place place =
            progress_notice(&op->facts, &op->follow, &out->events[i], i == index ? log : NULL, card);
        const unsigned once = progress_once(&out->events[i]);
        if (place == PROGRESS_NEW && (op->facts.told & once) != 0) {
            place = out->events[i].kind == FOLLOW_EVENT_ECS ? PROGRESS_NONE : PROGRESS_THREAD;
        }
        op->facts.told |= once;
        if (place != PROGRESS_NONE) {
            stage_notice(op, t, place, card);
        }
    }
    if (progress_story_log(&op->facts, log, card)) {
        stage_notice(op, t, PROGRESS_THREAD, card);
    }
    const int64_t now = engine_world(op->engine);
    if (op->repeats > 0 && now - op->repeats_told_ms >= REPEATS_MS) {
        progress_repeated(&op->facts, &op->follow, op->repeats, card);
        stage_notice(op, t, PROGRESS_THREAD, card);
        op->repeats = 0;
        op->repeats_told_ms = now;
    }
}

static void stepped(struct operation *op, bool ok)
{
    FAULT_POINT("follow step committed");
    if (!ok) {
        operation_again(op);
    }
}

static void step(struct operation *op, const struct follow_output *out, const struct ecs_tail *log,
                 size_t index)
{
    struct card *card = op->engine->card;
    struct store_txn *t = operation_begin(op);
    stage_notices(op, t, out, log, index);
    op->carded_ms = engine_world(op->engine);
    progress_pace(op->engine->ecs->ops->interval_ms(op->engine->ecs, op->target->session),
                  op->engine->config->poll_active_ms, op->facts.pace, sizeof(op->facts.pace));
    progress_card_following(&op->facts, &op->goal, &op->follow, op->carded_ms, card);
    keep_button(op, card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    operation_commit(op, t, false, stepped);
}

/* Superseded by another operation of this bot? Then its name is worth more than an id. */
static void name_other(struct operation *op)
{
    for (const struct operation *other = op->engine->operations; other != NULL; other = other->next) {
        if (other != op && op->follow.other_id[0] != '\0' && !operation_ended(other->state) &&
            (strcmp(other->goal.deployment_id, op->follow.other_id) == 0 ||
             ((other->state == OP_ACTING || other->state == OP_UNCERTAIN) &&
              strcmp(other->row.service_name, op->row.service_name) == 0))) {
            TEXT_FORMAT(op->facts.other, "%s, asked by %s,", other->row.id, other->facts.asker);
        }
    }
}

static void finished(struct operation *op, bool ok)
{
    stepped(op, ok);
    if (ok && op->facts.followed_on) {
        restart_chain(op);
    }
}

static void finish(struct operation *op, const struct follow_output *out, const struct ecs_tail *log,
                   size_t index)
{
    struct card *card = op->engine->card;
    restart_unwatch(op);
    name_other(op);
    op->row.duration_ms = op->follow.ended_ms - op->facts.began_ms;
    operation_move(op, progress_end(&op->follow));
    operation_audit(op, operation_word(op->state), "%s %s %s", follow_verdict_word(op->follow.verdict),
                    op->goal.deployment_id, out->text);
    op->facts.followed_on = restart_chain_wanted(op);
    if (op->facts.followed_on) {
        op->row.watch_until_ms = engine_wall(op->engine); /* until the next one has its row */
    } else if (op->state == OP_SUCCEEDED && !out->wanted_zero) {
        restart_care_begin(op);
    }
    struct store_txn *t = operation_begin(op);
    stage_notices(op, t, out, log, index);
    progress_card_ended(&op->facts, &op->goal, &op->follow, card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    progress_verdict(&op->facts, &op->goal, &op->follow, out, card);
    operation_stage(op, t, "verdict", PROGRESS_NEW, true, card);
    restart_go(op, op->care_goal.until_ms != 0 ? RESTART_CARE : RESTART_TELLING);
    operation_commit(op, t, false, finished);
}

static void tell(struct operation *op, const struct follow_output *out, const struct ecs_tail *log,
                 size_t index)
{
    if (log != NULL) {
        TEXT_COPY(op->facts.log_reason, out->events[index].diagnosis.why);
        progress_story_says(log, op->facts.log_says, sizeof(op->facts.log_says));
    }
    if (out->verdict != VERDICT_NONE) {
        finish(op, out, log, index);
    } else {
        step(op, out, log, index);
    }
}

/* ---- a step that waits before it is told: until then the operation is as it was before */

static void hold_back(struct operation *op, const struct follow_state *before,
                      const struct follow_output *out, size_t index)
{
    op->later = mem_alloc(sizeof(*op->later));
    op->later->index = index;
    op->later->follow = op->follow;
    op->later->output = *out;
    op->follow = *before;
}

/* The caller frees it. */
static struct told_later *take_up(struct operation *op)
{
    struct told_later *later = op->later;
    op->later = NULL;
    op->follow = later->follow;
    return later;
}

/* ---- the dead task's log */

static void story_came(struct operation *op, const struct ecs_tail *log)
{
    struct told_later *later = take_up(op);
    op->watch.quiet = op->follow.not_stabilising;
    tell(op, &later->output, log, later->index);
    mem_free(later);
}

/* False: nothing is waited for, the step is told now. */
static bool wait_for_story(struct operation *op, const struct follow_state *before,
                           const struct follow_output *out)
{
    size_t index;
    if (!progress_story_wanted(&op->follow, out, &index) ||
        !restart_story_ask(op, &out->events[index].task, &out->events[index].diagnosis, story_came)) {
        return false;
    }
    hold_back(op, before, out, index);
    return true;
}

/* ---- CloudTAK's own word for it */

static void proof_came(struct operation *op, const struct probe_result *after)
{
    struct told_later *later = take_up(op);
    probe_text_after(op->facts.version, after, op->facts.site, sizeof(op->facts.site));
    tell(op, &later->output, NULL, 0);
    mem_free(later);
}

/* False: the verdict is told now. */
static bool wait_for_proof(struct operation *op, const struct follow_state *before,
                           const struct follow_output *out)
{
    if (out->verdict != VERDICT_SUCCEEDED || out->wanted_zero || !restart_proof_ask(op, proof_came)) {
        return false;
    }
    hold_back(op, before, out, 0);
    return true;
}

/* Without the store nothing durable can be said; silence would look like nothing happens. */
static void tell_stuck(struct operation *op)
{
    struct engine *e = op->engine;
    const int64_t now = engine_wall(e);
    if (op->stuck_ms == 0) {
        op->stuck_ms = now;
    } else if (!op->stuck_told && now - op->stuck_ms >= STUCK_MS) {
        struct store_outbox row = {0};
        TEXT_COPY(row.server, op->row.server);
        TEXT_COPY(row.channel, op->row.channel);
        TEXT_COPY(row.thread, op->row.thread);
        op->stuck_told = true;
        progress_stuck(&op->facts, e->card);
        outbox_say_first(e->outbox, &row, e->card, NULL);
    }
}

/* What goes into a command that people copy. */
static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr(":/_-.", *c) == NULL) {
            return false;
        }
    }
    return text[0] != '\0';
}

/* What the snapshot says that the follower does not keep. */
static void note_facts(struct operation *op, const struct snapshot *s)
{
    struct progress_facts *f = &op->facts;
    const struct ecs_deployment *other = model_deployment(&s->service, op->follow.other_id);
    if (op->follow.verdict == VERDICT_SUPERSEDED) {
        f->other_ms = other != NULL ? other->created_ms : 0;
    }
    f->expired = s->service_absence == ECS_EXPIRED;
    if (op->follow.served == SERVED_NO && f->outage_ms == 0) {
        f->outage_ms = op->follow.served_since_ms;
    }
    if (s->rollout_absence != ECS_SEEN) {
        return;
    }
    const bool paused = s->rollout.paused && is_plain(s->rollout.hook);
    TEXT_COPY(f->hook, paused ? s->rollout.hook : "");
    TEXT_COPY(f->hook_arn, paused && is_plain(s->rollout.arn) ? s->rollout.arn : "");
}

/* ---- taken over */

/* What the other one changes is not for this follower to judge. A deployment that begins is. */
static bool is_judged_by(const struct operation *op, const struct operation *other)
{
    const bool deploys =
        other->state == OP_FOLLOWING ? other->goal.kind == FOLLOW_DEPLOYMENT : other->act->deploys;
    return deploys && op->goal.kind == FOLLOW_DEPLOYMENT;
}

/* The later one of our own that changes this service; NULL = none. */
static struct operation *later_one(const struct operation *op, enum operation_state state)
{
    const int64_t began_ms = op->row.acting_ms != 0 ? op->row.acting_ms : op->row.created_ms;
    for (struct operation *other = op->engine->operations; other != NULL; other = other->next) {
        if (other != op && other->state == state && other->row.acting_ms > began_ms &&
            strcmp(other->row.service_name, op->row.service_name) == 0 && !is_judged_by(op, other)) {
            return other;
        }
    }
    return NULL;
}

static void taken_over(struct operation *op, const struct operation *by)
{
    struct card *card = op->engine->card;
    restart_unwatch(op);
    TEXT_FORMAT(op->facts.taken_by, "the %s %s, asked by %s", by->facts.words->noun, by->row.id,
                by->facts.asker);
    op->row.duration_ms = engine_world(op->engine) - op->facts.began_ms;
    operation_move(op, OP_SUPERSEDED);
    operation_audit(op, operation_word(op->state), "taken over by %s", by->row.id);
    struct store_txn *t = operation_begin(op);
    progress_taken_over(&op->facts, &op->follow, engine_world(op->engine), card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    card_mention(card, op->facts.asker_mention);
    operation_stage(op, t, "verdict", PROGRESS_NEW, true, card);
    restart_go(op, RESTART_TELLING);
    operation_commit(op, t, false, stepped);
}

void restart_take_over(struct operation *op)
{
    for (struct operation *other = op->engine->operations; other != NULL; other = other->next) {
        if (other->step == RESTART_FOLLOWING && other->state == OP_FOLLOWING && !operation_writing(other) &&
            !restart_story_waits(other) && !restart_proof_waits(other) &&
            later_one(other, OP_FOLLOWING) == op) {
            taken_over(other, op);
        }
    }
}

/* ---- a look */

static void seen(struct ecs_watch *w, const struct snapshot *s)
{
    struct operation *op = w->user;
    struct engine *e = op->engine;
    if (operation_writing(op)) {
        tell_stuck(op);
        return;
    }
    const struct operation *by = later_one(op, OP_FOLLOWING);
    if (by != NULL && !restart_story_waits(op) && !restart_proof_waits(op)) {
        taken_over(op, by);
        return;
    }
    if (later_one(op, OP_ACTING) != NULL) {
        return; /* it is being changed right now: what this look shows is not its own end */
    }
    op->stuck_ms = 0;
    op->stuck_told = false;
    if (restart_story_waits(op) || restart_proof_waits(op)) {
        return;
    }
    const int64_t now = engine_world(e);
    const struct follow_state before = op->follow;
    follow_step(&op->goal, &op->follow, s, now, e->output);
    w->quiet = op->follow.not_stabilising;
    note_facts(op, s);
    if (wait_for_story(op, &before, e->output) || wait_for_proof(op, &before, e->output)) {
        return;
    }
    if (e->output->verdict != VERDICT_NONE || e->output->count > 0 ||
        progress_changed(&before, &op->follow) || now - op->carded_ms >= CARD_EVERY_MS) {
        tell(op, e->output, NULL, 0);
    }
}

static void say_away(struct operation *op)
{
    struct card *card = op->engine->card;
    struct store_txn *t = operation_begin(op);
    progress_away(&op->facts, card);
    stage_notice(op, t, PROGRESS_THREAD, card);
    progress_card_following(&op->facts, &op->goal, &op->follow, engine_world(op->engine), card);
    keep_button(op, card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    operation_commit(op, t, false, stepped);
}

void restart_follow(struct operation *op)
{
    if (all_is(op)) { /* its children are followed */
        return;
    }
    restart_watch(op, seen, wants_tasks);
    TEXT_COPY(op->watch.rollout_of, op->goal.deployment_id);
    if (op->facts.away[0] != '\0' && !op->committing) {
        say_away(op);
    }
}
