/* SEARCHING and DOUBT: UpdateService was sent, or may have been, and nobody knows what became of it.
 *
 * Happy path: the service is looked at for a minute; a deployment that began since is followed as "may be
 * mine, ECS cannot tell". When none shows, people are asked, with what was seen, and the looks go on: one
 * that appears late voids the question and is followed. "Send it again": who may is asked again, the facts
 * are read again (CHECKING), "acting" is written anew and UpdateService sent, once. "Leave it", or no answer:
 * it ends as not known.
 *
 * What can go wrong: AWS cannot be seen (that is told, and there is no question: unseen is not "none"; after
 * follow.give_up_after it ends as not known); the facts changed until the answer, a check refuses, AWS
 * refuses the second one, or it is too late for it (the question comes again, with that news); the question
 * cannot be delivered (it ends as not known); the bot is restarted (an open question stays answerable; for
 * one that expired meanwhile it looks for another minute before it ends). */
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "engine_private.h"

#define SEARCH_MS  60000 /* world */
#define WRITING_MS 500

static void written(struct operation *op, bool ok)
{
    FAULT_POINT("uncertain committed");
    if (!ok) {
        operation_again(op);
    }
}

/* ---- looks */

static void note(struct operation *op, const struct snapshot *s)
{
    struct progress_doubt *d = &op->doubt;
    const struct ecs_deployment *primary = s->missing ? NULL : model_primary(&s->service);
    op->looked = true;
    op->seen_mono_ms = loop_now(op->engine->loop);
    d->looks++;
    d->seen_ms = engine_world(op->engine);
    d->missing = s->missing;
    d->running = s->service.running;
    d->wanted = s->service.desired;
    TEXT_COPY(d->primary_id, primary != NULL ? primary->id : "");
    d->primary_created_ms = primary != NULL ? primary->created_ms : 0;
}

bool restart_doubt_follow(struct operation *op, const struct snapshot *s)
{
    if (s->service_absence != ECS_SEEN) {
        return false;
    }
    note(op, s);
    struct follow_goal goal;
    if (operation_writing(op) || !op->act->found(op, s, &goal)) {
        return false; /* while a step is being written: the next look sees it too */
    }
    restart_begin_following(op, &goal, op->facts.words->found);
    return true;
}

static bool wants_tasks(struct ecs_watch *w, const struct snapshot *s)
{
    const struct operation *op = w->user;
    (void)s;
    return (op->act->needs & ACT_TASKS) != 0;
}

static void watch_rollout(struct operation *op)
{
    if ((op->act->needs & ACT_ROLLOUT) != 0) {
        TEXT_COPY(op->watch.rollout_of, op->preflight.primary_id);
    }
}

static void end_expired(struct operation *op);

static void seen(struct ecs_watch *w, const struct snapshot *s)
{
    struct operation *op = w->user;
    if (restart_doubt_follow(op, s) || !op->act->repeats || op->step != RESTART_SEARCHING || !op->looked ||
        operation_writing(op)) {
        return;
    }
    if (op->question.key.digest[0] !=
        '\0') { /* what it would send has its effect once: no need to look longer */
        end_expired(op);
    } else {
        restart_doubt(op, "More than 2 minutes passed since you answered: the rest was not sent.");
    }
}

/* ---- SEARCHING */

/* The card's edit notifies nobody. */
static void tell_blind(struct operation *op)
{
    struct card *card = op->engine->card;
    char suffix[32];
    op->blind_told = true;
    struct store_txn *t = operation_begin(op);
    progress_doubt_unseen(&op->facts, card);
    TEXT_FORMAT(suffix, "notice/%d", ++op->notices);
    operation_stage(op, t, suffix, PROGRESS_NEW, false, card);
    operation_commit(op, t, false, written);
}

static void end_expired(struct operation *op)
{
    char at[TEXT_TIME], text[200];
    text_time_of_day(at, op->question.expires_ms);
    TEXT_FORMAT(text, "⌛ Nobody answered until %s UTC; nothing was sent again.", at);
    restart_leave(op, text);
}

static void search_unseen(struct operation *op, int64_t now)
{
    const struct clock *clock = op->engine->clock;
    const int64_t patience = clock_world_to_mono(clock, op->engine->config->give_up_after_ms);
    if (now - op->search_mono_ms >= patience) {
        restart_end(op, OP_CANCELLED, "AWS could not be seen since; nothing was sent again.");
        return;
    }
    if (!op->blind_told &&
        (!op->looked || now - op->search_mono_ms > clock_world_to_mono(clock, SEARCH_MS))) {
        tell_blind(op);
    }
    loop_timer_start_world(op->engine->loop, &op->timer, SEARCH_MS / 2);
}

static void search_over(struct loop_timer *t)
{
    struct operation *op = t->user;
    const int64_t now = loop_now(op->engine->loop);
    if (operation_writing(op)) {
        loop_timer_start(op->engine->loop, &op->timer, WRITING_MS);
    } else if (!op->looked ||
               now - op->seen_mono_ms > clock_world_to_mono(op->engine->clock, SEARCH_MS / 2)) {
        search_unseen(op, now);                      /* what was seen half a minute ago is not "none" */
    } else if (op->question.key.digest[0] != '\0') { /* it expired while the bot was away */
        end_expired(op);
    } else {
        restart_doubt(op, "");
    }
}

void restart_search(struct operation *op)
{
    struct engine *e = op->engine;
    op->looked = false;
    op->search_mono_ms = loop_now(e->loop);
    restart_watch(op, seen, wants_tasks);
    watch_rollout(op);
    op->timer = (struct loop_timer){.fire = search_over, .user = op};
    loop_timer_start_world(e->loop, &op->timer, SEARCH_MS);
    if (op->state != OP_UNCERTAIN) {
        op->doubt.looks = 0;
        op->doubt.seen_ms = 0;
        operation_move(op, OP_UNCERTAIN);
        operation_audit(op, "uncertain", "no answer to %s", op->facts.words->call);
    }
    struct store_txn *t = operation_begin(op);
    progress_doubt_searching(&op->facts, &op->doubt, e->card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, e->card);
    operation_commit(op, t, false, written);
}

/* ---- DOUBT */

static void stage_question(struct operation *op, struct store_txn *t, const char *nonce, const char *news)
{
    struct card *card = op->engine->card;
    char suffix[RESTART_SUFFIX], dialog[200], why[300];
    const bool nobody = !question_can_be_answered(op, why, sizeof(why));
    restart_question_suffix(op, suffix, sizeof(suffix));
    TEXT_FORMAT(dialog, "%s of %s %s is sent once more. The one before may still arrive.",
                op->facts.words->call, op->facts.target, op->facts.key);
    progress_doubt_question(&op->facts, &op->doubt, op->question.expires_ms, news, card);
    if (nobody) {
        card_line(card, "Sending it again: %s", why);
    }
    if (op->act->doubt != NULL) {
        op->act->doubt(op, card);
    }
    restart_question_buttons(op, nonce, "Leave it", nobody ? "" : "Send it again", dialog, card);
    operation_stage(op, t, suffix, PROGRESS_NEW, false, card);
}

static void asked(struct operation *op, bool ok)
{
    FAULT_POINT("doubt asked");
    if (!ok) {
        operation_again(op);
    }
}

void restart_doubt(struct operation *op, const char *news)
{
    struct card *card = op->engine->card;
    char nonce[RESTART_NONCE];
    restart_question_begin(op, nonce);
    operation_audit(op, "asking", "send %s again? %s", op->facts.words->call, news);
    struct store_txn *t = operation_begin(op);
    stage_question(op, t, nonce, news);
    progress_doubt_waiting(&op->facts, &op->doubt, card);
    operation_stage(op, t, "card", PROGRESS_NEW, false, card);
    operation_commit(op, t, false, asked);
    restart_go(op, RESTART_DOUBT);
}

static void expired(struct loop_timer *t)
{
    struct operation *op = t->user;
    if (operation_writing(op)) {
        loop_timer_start(op->engine->loop, &op->timer, WRITING_MS);
    } else {
        end_expired(op);
    }
}

void restart_doubt_wait(struct operation *op)
{
    struct card *card = op->engine->card;
    if (!op->watching) {
        restart_watch(op, seen, wants_tasks);
        watch_rollout(op);
    }
    restart_question_expires(op, expired);
    if (!op->committing) { /* the bot was restarted: the question stands, with a new key */
        struct store_txn *t = operation_begin(op);
        question_renew(op, t);
        progress_doubt_waiting(&op->facts, &op->doubt, card);
        operation_stage(op, t, "card", PROGRESS_NEW, false, card);
        operation_commit(op, t, false, written);
    }
}

void restart_doubt_checked(struct operation *op)
{
    const struct operation *other = operation_on(op->engine, op->row.service_name, op);
    const char *differs = question_differs(op);
    char news[600];
    if (op->preflight.grade == PREFLIGHT_REFUSE) {
        TEXT_FORMAT(news, "Not sent again: %s", op->preflight.refusal);
        op->preflight = op->question.asked; /* what was known before */
        restart_doubt(op, news);
    } else if (other != NULL && (op->act->deploys || other->state != OP_FOLLOWING)) {
        TEXT_FORMAT(news, "Not sent again: %s %s (%s).", other->facts.asker, other->facts.words->same,
                    other->row.id);
        restart_doubt(op, news);
    } else if (differs != NULL) {
        TEXT_FORMAT(news, "Not sent again: %s. %s", differs,
                    op->preflight.ask_count > 0 ? op->preflight.asks[0] : "");
        restart_doubt(op, news);
    } else {
        restart_go(op, RESTART_ARMING);
    }
}
