/* What every question has: its key, its time, its buttons, and what it was asked under.
 *
 * The key is new with each question and each start of the bot, so a button of an earlier life opens nothing.
 * Its time is over by the wall's clock or by the one that goes on while the machine is suspended; a wall
 * clock that is set back voids every open question, since nobody can tell their age any more
 * (question_clock). */
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"
#include "preflight_private.h"

#define CLOCK_KIND     "clock"
#define CLOCK_SLACK_MS 1000 /* a clock that is slewed or corrected by less has not been set back */

/* ---- the clock */

static void void_all(struct engine *e)
{
    for (struct operation *op = e->operations; op != NULL; op = op->next) {
        if (op->question.key.digest[0] !=
            '\0') { /* also of one that was just loaded, and does not wait yet */
            op->question.expires_boot_ms = 0;
            if (restart_question_waits(op) && loop_timer_armed(&op->timer)) {
                loop_timer_start(e->loop, &op->timer, 0);
            }
        }
    }
}

void question_clock(struct engine *e, struct store_txn *t)
{
    const int64_t now = engine_wall(e);
    if (now < e->high_ms - CLOCK_SLACK_MS) {
        log_warning("engine", NULL, "the wall clock was set back by %lld s: open questions are void",
                    (long long)((e->high_ms - now) / 1000));
        void_all(e);
        e->high_ms = now;
    } else if (now > e->high_ms) {
        e->high_ms = now;
    }
    if (t != NULL) {
        char json[40];
        struct store_memo memo = {.kind = CLOCK_KIND, .at_ms = now, .json = json};
        TEXT_FORMAT(json, "{\"high_ms\":%lld}", (long long)e->high_ms);
        store_txn_memo(t, &memo);
    }
}

void question_load_clock(struct engine *e, const struct store_loaded *l)
{
    struct err err;
    e->high_ms = l->last_alive_ms;
    for (size_t i = 0; i < l->memo_count; i++) {
        const struct store_memo *m = &l->memos[i];
        json_t *j = strcmp(m->kind, CLOCK_KIND) == 0 ? jsonx_parse(m->json, strlen(m->json), &err) : NULL;
        const int64_t high = jsonx_int(j, "high_ms", 0);
        e->high_ms = high > e->high_ms ? high : e->high_ms;
        json_decref(j);
    }
}

bool restart_question_over(const struct operation *op)
{
    const struct engine *e = op->engine;
    const int64_t now = engine_wall(e);
    return now >= op->question.expires_ms || now < op->question.asked_ms - CLOCK_SLACK_MS ||
           now < e->high_ms - CLOCK_SLACK_MS || clock_boot(e->clock) >= op->question.expires_boot_ms;
}

/* ---- asked */

/* One that replaces an open question is an edit of it; otherwise it is a message of its own. */
void restart_question_begin(struct operation *op, char nonce[RESTART_NONCE])
{
    struct engine *e = op->engine;
    const int64_t now = engine_wall(e), span = op->target->confirm_expires_ms;
    question_clock(e, NULL);
    if (op->question.key.digest[0] == '\0') {
        op->asks++;
    }
    op->confirmed = false;
    op->question = (struct question){.asked_ms = now,
                                     .expires_ms = now + span,
                                     .expires_boot_ms = clock_boot(e->clock) + span,
                                     .generation = e->config->generation,
                                     .asked = op->preflight};
    lock_stamp(lock_of(&e->locks, op->target->name), op->question.lock);
    TEXT_COPY(op->question.service, op->ecs_service);
    question_key_make(op->target->name, &op->question.key, nonce, op->question.code);
}

void restart_question_suffix(const struct operation *op, char *to, size_t size)
{
    if (op->asks > 1) {
        text_format(to, size, "ask/%d", op->asks);
    } else {
        text_copy(to, size, "ask");
    }
}

bool restart_question_waits(const struct operation *op)
{
    return (op->state == OP_ASKING && op->step == RESTART_ASKED) ||
           (op->state == OP_UNCERTAIN && op->step == RESTART_DOUBT);
}

void restart_question_expires(struct operation *op, void (*expired)(struct loop_timer *t))
{
    const int64_t by_boot = op->question.expires_boot_ms - clock_boot(op->engine->clock);
    const int64_t by_wall = op->question.expires_ms - engine_wall(op->engine);
    const int64_t left = restart_question_over(op) ? 0 : by_wall < by_boot ? by_wall : by_boot;
    op->timer = (struct loop_timer){.fire = expired, .user = op};
    loop_timer_start(op->engine->loop, &op->timer, left);
}

/* yes "" = nobody may. */
void restart_question_buttons(const struct operation *op, const char *nonce, const char *no, const char *yes,
                              const char *dialog, struct card *card)
{
    const struct progress_facts *f = &op->facts;
    char value[STORE_ID + RESTART_NONCE + 4], text[60];
    TEXT_FORMAT(value, "%s %s", op->row.id, nonce);
    TEXT_FORMAT(text, "%s (anyone)", no);
    card_button(card, text, "cancel", value);
    if (yes[0] == '\0') {
        return;
    }
    TEXT_FORMAT(text, "%s (%s %s)", yes, op->target->second_person ? "not" : "only", f->asker);
    struct card_button *button = card_button(card, text, "confirm", value);
    if (button != NULL) {
        button->danger = true;
        TEXT_FORMAT(button->dialog_title, "%s %s %s?", op->facts.words->plain, f->target, f->key);
        TEXT_COPY(button->dialog_text, dialog);
        TEXT_COPY(button->dialog_yes, op->facts.words->yes);
    }
    card_line(card, "%s%s confirm %s", QUESTION_TYPE, f->command, op->question.code);
}

/* ---- may it be asked at all? */

bool question_can_be_answered(const struct operation *op, char *to, size_t size)
{
    struct principal asker;
    lock_principal(&op->request, &asker);
    if (!op->target->second_person) {
        return true;
    }
    if (!op->target->approvers.set) {
        text_copy(
            to, size,
            "A second person has to confirm this, but confirm.approvers of this target names nobody. Ask "
            "an administrator.");
        return false;
    }
    if (!authz_another_human(op->engine->config, &op->target->approvers, &asker)) {
        text_copy(to, size,
                  "A second person has to confirm this, but confirm.approvers of this target names nobody "
                  "besides you. Ask an administrator.");
        return false;
    }
    return true;
}

/* ---- what it was asked under */

void question_lock_asks(struct operation *op)
{
    const struct engine *e = op->engine;
    const struct lock *lock = lock_of(&e->locks, op->target->name);
    if (op->preflight.grade != PREFLIGHT_REFUSE && lock != NULL &&
        !lock_is_of(e->config, lock, &op->request)) {
        char text[sizeof(op->preflight.asks[0])];
        lock_asks(lock, engine_wall(e), text, sizeof(text));
        preflight_ask(&op->preflight, REASON_LOCKED, "%s", text);
    }
}

const char *question_differs(const struct operation *op)
{
    const struct engine *e = op->engine;
    const char *facts = preflight_differs(&op->question.asked, &op->preflight);
    char now[LOCK_STAMP];
    lock_stamp(lock_of(&e->locks, op->target->name), now);
    if (facts != NULL) {
        return facts;
    }
    if (strcmp(now, op->question.lock) != 0) {
        return now[0] != '\0' ? "somebody took the lock of the target meanwhile"
                              : "the lock of the target was given back meanwhile";
    }
    if (op->question.generation != e->config->generation) {
        return "the configuration was changed meanwhile";
    }
    if (op->question.service[0] != '\0' && strcmp(op->question.service, op->ecs_service) != 0) {
        return "ECS names another service now";
    }
    return NULL;
}

void question_take_lock(struct operation *op)
{
    char because[LOCK_REASON];
    TEXT_FORMAT(because, "%s (%s)", op->request.text, op->row.id);
    engine_lock_over(op->engine, op->target, &op->request, because);
}

/* ---- shown again after a restart of the bot */

static void renew_card(const struct operation *op, const char *nonce, struct card *card)
{
    for (size_t i = 0; i < card->button_count; i++) {
        struct card_button *b = &card->buttons[i];
        if (strcmp(b->action, "confirm") == 0 || strcmp(b->action, "cancel") == 0) {
            TEXT_FORMAT(b->value, "%s %s", op->row.id, nonce);
        }
    }
    for (size_t i = 0; i < card->line_count; i++) {
        if (text_starts(card->lines[i], QUESTION_TYPE)) {
            TEXT_FORMAT(card->lines[i], "%s%s confirm %s", QUESTION_TYPE, op->facts.command,
                        op->question.code);
        }
    }
}

void question_renew(struct operation *op, struct store_txn *t)
{
    struct card *card = op->engine->card;
    char id[STORE_KEY], suffix[RESTART_SUFFIX], nonce[QUESTION_NONCE];
    restart_question_suffix(op, suffix, sizeof(suffix));
    TEXT_FORMAT(id, "%s/%s", op->row.id, suffix);
    if (outbox_card(op->engine->outbox, id, card)) {
        question_key_make(op->target->name, &op->question.key, nonce, op->question.code);
        renew_card(op, nonce, card);
        operation_stage(op, t, suffix, PROGRESS_NEW, false, card);
    }
}
