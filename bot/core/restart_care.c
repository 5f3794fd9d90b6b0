/* CARE: after "done", the service is watched for some more minutes. The verdict stands and was told; what
 * happens now is told as new messages, and a closing line ends it.
 *
 * The row is ended, and kept for the next start by watch_until_ms until the closing line is written. It ends
 * early when another deployment begins. A crash waits for its task's log like a failing start does. */
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

#define SAVE_EVERY_MS 30000 /* world: what was seen counts as seen after a restart of the bot */

static bool wants_tasks(struct ecs_watch *w, const struct snapshot *s)
{
    const struct operation *op = w->user;
    return care_wants_tasks(&op->care, s, engine_world(op->engine));
}

static void written(struct operation *op, bool ok)
{
    FAULT_POINT("care step committed");
    if (!ok) {
        operation_again(op);
    }
}

/* ---- its end */

static void closed(struct operation *op, bool ok)
{
    FAULT_POINT("care closed");
    if (ok) {
        operation_done(op);
    } else {
        operation_again(op);
    }
}

static void stage_notice(struct operation *op, struct store_txn *t, enum progress_place place,
                         const struct card *card)
{
    char suffix[32];
    TEXT_FORMAT(suffix, "notice/%d", ++op->notices);
    operation_stage(op, t, suffix, place, false, card);
}

static void stage_end(struct operation *op, struct store_txn *t)
{
    struct card *card = op->engine->card;
    op->row.watch_until_ms = 0;
    op->facts.care_until_ms = 0; /* what the card promises is over */
    operation_audit(op, "after-care over", "%d crashes, %d restarts in place%s%s", op->care.crashes,
                    op->care.restarts, op->care_by[0] != '\0' ? ", " : "", op->care_by);
    progress_care_closed(&op->facts, &op->care_goal, &op->care, op->care_by, card);
    stage_notice(op, t, PROGRESS_THREAD, card);
    progress_card_ended(&op->facts, &op->goal, &op->follow, card);
    progress_care_line(&op->care_goal, &op->care, op->care_by, card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
}

static void close_care(struct operation *op)
{
    struct store_txn *t = operation_begin(op);
    stage_end(op, t);
    restart_go(op, RESTART_TELLING);
    restart_unwatch(op);
    operation_commit(op, t, false, closed);
}

void restart_care_end_others(struct operation *op)
{
    struct operation *next;
    for (struct operation *other = op->engine->operations; other != NULL; other = next) {
        next = other->next;
        if (other != op && other->step == RESTART_CARE &&
            strcmp(other->row.service_name, op->row.service_name) == 0) {
            TEXT_FORMAT(other->care_by, "a %s by %s began (%s)",
                        op->facts.adopted ? "deployment followed" : op->facts.words->noun, op->facts.asker,
                        op->row.id);
            if (!operation_writing(other) && !restart_story_waits(other)) {
                close_care(other); /* else its next look does it */
            }
        }
    }
}

/* ---- a step */

/* Who began what replaced it. */
static void name_other(struct operation *op, const struct care_output *out)
{
    for (size_t i = 0; i < out->count; i++) {
        if (out->events[i].kind == CARE_SUPERSEDED && op->care_by[0] == '\0') {
            const struct operation *other = operation_on(op->engine, op->row.service_name, op);
            if (other != NULL) {
                TEXT_FORMAT(op->care_by, "a %s by %s began (%s)", other->facts.words->noun,
                            other->facts.asker, other->row.id);
            } else {
                TEXT_FORMAT(op->care_by, "a deployment begun outside this bot replaced mine (%s)",
                            out->events[i].text);
            }
        }
    }
}

static void tell(struct operation *op, const struct care_output *out, const struct ecs_tail *log,
                 size_t index)
{
    struct card *card = op->engine->card;
    struct store_txn *t = operation_begin(op);
    op->cared_ms = engine_world(op->engine);
    for (size_t i = 0; i < out->count; i++) {
        const enum progress_place place =
            progress_care_notice(&op->facts, &op->care, &out->events[i], i == index ? log : NULL, card);
        if (place != PROGRESS_NONE) {
            stage_notice(op, t, place, card);
        }
    }
    if (progress_story_log(&op->facts, log, card)) {
        stage_notice(op, t, PROGRESS_THREAD, card);
    }
    if (!out->over) {
        operation_commit(op, t, false, written);
        return;
    }
    name_other(op, out);
    stage_end(op, t);
    restart_go(op, RESTART_TELLING);
    restart_unwatch(op);
    operation_commit(op, t, false, closed);
}

/* ---- the crashed task's log */

static void story_came(struct operation *op, const struct ecs_tail *log)
{
    struct told_later *later = op->later;
    op->later = NULL;
    op->care = later->care;
    tell(op, &later->care_output, log, later->index);
    mem_free(later);
}

/* The first crash of a step is told with its log, if it is the first of all or of another reason. */
static bool wait_for_story(struct operation *op, const struct care_state *before,
                           const struct care_output *out)
{
    size_t i = 0;
    while (i < out->count && out->events[i].kind != CARE_CRASHED) {
        i++;
    }
    if (i == out->count || (before->crashes > 0 && strcmp(before->last_reason, out->events[i].text) == 0) ||
        !restart_story_ask(op, &out->events[i].task, &out->events[i].diagnosis, story_came)) {
        return false;
    }
    op->later = mem_alloc(sizeof(*op->later));
    op->later->index = i;
    op->later->care = op->care;
    op->later->care_output = *out;
    op->care = *before;
    return true;
}

static void seen(struct ecs_watch *w, const struct snapshot *s)
{
    struct operation *op = w->user;
    struct care_output *out = op->engine->care_output;
    if (operation_writing(op) || restart_story_waits(op)) {
        return;
    }
    if (op->care_by[0] != '\0') {
        close_care(op);
        return;
    }
    const struct care_state before = op->care;
    care_step(&op->care_goal, &op->care, s, engine_world(op->engine), out);
    if (wait_for_story(op, &before, out)) {
        return;
    }
    if (out->count > 0 || out->over || engine_world(op->engine) - op->cared_ms >= SAVE_EVERY_MS) {
        tell(op, out, NULL, 0);
    }
}

/* ---- its beginning */

/* The deployment whose tasks run now. */
static const char *cared_for(const struct operation *op)
{
    switch (op->goal.kind) {
    case FOLLOW_DEPLOYMENT: return op->goal.deployment_id;
    case FOLLOW_BACK_TO: return op->goal.previous_id;
    case FOLLOW_COUNT:
    case FOLLOW_REPLACED: break;
    }
    return op->preflight.primary_id;
}

void restart_care_begin(struct operation *op)
{
    const int64_t span = op->engine->config->after_care_ms;
    if (span <= 0) {
        return;
    }
    op->care_goal = (struct care_goal){
        .began_ms = op->follow.ended_ms, .until_ms = op->follow.ended_ms + span, .wanted = op->follow.wanted};
    TEXT_COPY(op->care_goal.deployment_id, cared_for(op));
    care_begin(&op->care_goal, &op->care);
    op->facts.care_until_ms = op->care_goal.until_ms;
    op->row.watch_until_ms = engine_wall(op->engine) + span;
    op->cared_ms = op->follow.ended_ms;
}

void restart_care(struct operation *op)
{
    restart_watch(op, seen, wants_tasks);
    op->watch.quiet = true;
}
