/* `unfollow OPERATION`: nobody looks any more; ECS goes on.
 *
 * the operation is followed -> may this person view there? -> still followed -> its end, told in the channel
 * and recorded in one step -> the asker is told.
 * What can go wrong: it is no operation that is followed (said, with what to do instead); a step of it is
 * just being written, or a log of it read (said: in a moment); the person may not (refused). */
#include "core/restart.h"

#include <ctype.h>

#include "base/fault.h"
#include "base/text.h"
#include "core/local.h"
#include "engine_private.h"

static void upper(const char *from, char *to, size_t size)
{
    text_copy(to, size, from);
    for (char *at = to; *at != '\0'; at++) {
        *at = (char)toupper((unsigned char)*at);
    }
}

/* ---- why not */

/* What is followed now: "Followed now: 7F3K (restart cotak prod), 9QXD (…)." */
static void followed_now(const struct engine *e, char *to, size_t size)
{
    char list[300] = "", longer[300];
    for (const struct operation *op = e->operations; op != NULL; op = op->next) {
        if (op->state == OP_FOLLOWING) {
            TEXT_FORMAT(longer, "%s%s%s (%s %s %s)", list, list[0] != '\0' ? ", " : "", op->row.id,
                        op->row.verb, op->row.target, op->row.service_key);
            TEXT_COPY(list, longer);
        }
    }
    if (list[0] == '\0') {
        text_copy(to, size, "I follow nothing now.");
    } else {
        text_format(to, size, "Followed now: %s.", list);
    }
}

static void why_not(const struct engine *e, const struct operation *op, const char *id, char *to, size_t size)
{
    char others[340];
    followed_now(e, others, sizeof(others));
    if (op == NULL) {
        text_format(to, size, "I know no operation %s that runs. %s", id[0] != '\0' ? id : "(none named)",
                    others);
    } else if (op->step == RESTART_CARE) {
        text_format(to, size,
                    "%s has succeeded; I only watch a few more minutes for crashes, and that ends by itself.",
                    op->row.id);
    } else if (operation_ended(op->state)) {
        text_format(to, size, "%s is over (%s), and not followed any more. %s", op->row.id,
                    operation_word(op->state), others);
    } else if (op->state == OP_ASKING) {
        text_format(to, size, "%s waits for an answer; nothing was begun. To withdraw it: %s cancel %s",
                    op->row.id, op->facts.command, op->row.id);
    } else if (op->step != RESTART_FOLLOWING || !op->watching) {
        text_format(to, size,
                    "%s is not followed yet (%s): its message shows how it goes. Ask again in a moment.",
                    op->row.id, operation_word(op->state));
    } else {
        text_format(to, size, "I am just writing down a step of %s. Ask again in a few seconds.", op->row.id);
    }
}

static bool is_followed(const struct operation *op)
{
    return op != NULL && op->state == OP_FOLLOWING && op->step == RESTART_FOLLOWING && op->watching;
}

static bool may_end(const struct operation *op)
{
    return is_followed(op) && !operation_writing(op) && !restart_story_waits(op) && !restart_proof_waits(op);
}

/* ---- the end */

/* What ECS goes on doing, as it was last seen. */
static void goes_on(const struct follow_state *s, char *to, size_t size)
{
    switch (s->phase) {
    case FOLLOW_DRAINING:
        text_format(to, size, "ECS goes on ending the old tasks; %d of %d new ones serve", s->new_serving,
                    s->wanted);
        break;
    case FOLLOW_ROLLING_BACK: text_copy(to, size, "ECS goes on rolling back to the old tasks"); break;
    case FOLLOW_WAITING:
    case FOLLOW_STARTING:
    case FOLLOW_HEALTH:
    case FOLLOW_ENDED:
        text_format(to, size, "ECS goes on starting tasks: %d of %d new ones run, %d stopped so far",
                    s->new_running, s->wanted, s->failed_tasks);
        break;
    }
}

static void recorded(struct operation *op, bool ok)
{
    FAULT_POINT("unfollowed committed");
    if (!ok) {
        operation_again(op);
    }
}

static void end(struct operation *op, const struct request *by)
{
    const char *name = by->who.name[0] != '\0' ? by->who.name : by->who.user;
    struct engine *e = op->engine;
    struct follow_state *s = &op->follow;
    struct follow_output *out = e->output;
    char doing[160], who[160];
    goes_on(s, doing, sizeof(doing));
    restart_unwatch(op);
    s->verdict = VERDICT_STOPPED_FOLLOWING;
    s->phase = FOLLOW_ENDED;
    s->ended_ms = engine_world(e);
    TEXT_FORMAT(s->note, "@%s asked me to stop following. %s; nothing of it was changed.", name, doing);
    op->row.duration_ms = s->ended_ms - op->facts.began_ms;
    operation_move(op, OP_STOPPED_FOLLOWING);
    request_audited(&by->who, who, sizeof(who));
    operation_audit(op, operation_word(op->state), "by %s: unfollow", who);
    struct store_txn *t = operation_begin(op);
    progress_card_ended(&op->facts, &op->goal, s, e->card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, e->card);
    *out = (struct follow_output){.verdict = VERDICT_STOPPED_FOLLOWING};
    progress_verdict(&op->facts, &op->goal, s, out, e->card);
    operation_stage(op, t, "verdict", PROGRESS_NEW, true, e->card);
    restart_go(op, RESTART_TELLING);
    operation_commit(op, t, false, recorded);
}

static void tell_asker(struct call *c, const struct operation *op)
{
    struct card *card = c->engine->card;
    card_init(card, TONE_NEUTRAL);
    card->rehearsal = c->engine->config->rehearsal;
    card_title(card, "⏹️ I stop following %s; its channel is told.", op->row.id);
    card_line(card, "ECS goes on by itself, and nothing was changed. I tell nobody any more how it ends.");
    card_footer(card, "Take it up again: %s follow %s %s", c->command.word, op->facts.target, op->facts.key);
    command_reply(&c->command, card);
}

/* ---- the call */

static struct operation *named(const struct call *c, char *id, size_t size)
{
    upper(c->command.parsed.extra, id, size);
    return operation_of(c->engine, id);
}

static void refuse(struct call *c, const char *text)
{
    call_run(c);
    command_refuse(&c->command, "%s", text);
}

static void authorised(struct call *c, const char *refusal)
{
    char id[sizeof(c->command.parsed.extra)], text[700];
    struct operation *op = named(c, id, sizeof(id)); /* the platform was asked meanwhile */
    if (refusal != NULL) {
        refuse(c, refusal);
    } else if (!may_end(op)) {
        why_not(c->engine, op, id, text, sizeof(text));
        refuse(c, text);
    } else {
        call_run(c);
        end(op, &c->command.request);
        tell_asker(c, op);
    }
}

void engine_unfollow(struct command_call *call)
{
    /* who may view there may end it */
    static const struct command view = {
        .name = "unfollow", .usage = "unfollow OPERATION", .right = RIGHT_VIEW};
    struct call *c = (struct call *)call;
    char id[sizeof(call->parsed.extra)], text[700];
    const struct operation *op = named(c, id, sizeof(id));
    if (!is_followed(op) || op->target == NULL) {
        why_not(c->engine, op, id, text, sizeof(text));
        command_refuse(call, "%s", text);
        return;
    }
    call_wait(c);
    call->parsed.target = op->target;
    call->parsed.command = &view;
    call_authorise(c, authorised);
}
