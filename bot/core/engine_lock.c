/* `lock`, `unlock`, `locks`: the targets' locks are kept in memory as the store has them.
 *
 * Happy path: nobody else holds it -> memo, audit line and a message for the channel in one commit -> told.
 * Somebody else holds it: who asks is asked, with a code and buttons; the answer takes it, or gives it back,
 * and the holder is mentioned. A confirmed change on a locked target takes it over as well
 * (engine_lock_over). What can go wrong: the commit fails (the lock is as it was before; that is said); the
 * lock is another one when the question is answered (said, nothing was changed); the bot is restarted while
 * such a question is open (it is gone: ask again). */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/answer.h"
#include "core/freeze.h"
#include "core/local.h"
#include "engine_private.h"
#include "gate.h"

/* ---- one step: the memo, the audit line, the channel's message */

struct lock_step {
    struct engine *engine;
    struct call *call;      /* told when it is written; NULL = nobody waits for it */
    char message[STORE_ID]; /* what its message is kept under in the outbox */
    bool had, has;
    struct lock before, after;
    struct store_commit commit;
};

static void apply(struct engine *e, bool has, const struct lock *lock)
{
    if (has) {
        lock_put(&e->locks, lock);
    } else {
        lock_drop(&e->locks, lock->target);
    }
}

static void tell_asker(struct call *c, const struct lock_step *s)
{
    struct card *card = c->engine->card;
    const char *target = s->has ? s->after.target : s->before.target;
    card_init(card, TONE_NEUTRAL);
    card->rehearsal = c->engine->config->rehearsal;
    if (s->has) {
        card_title(card, "🔒 The lock of %s is yours.", target);
        card_line(card, "Others are asked before I change anything there. It stops this bot, not the AWS "
                        "console.");
        card_footer(card, "Give it back: %s unlock %s", c->command.word, target);
    } else {
        card_title(card, "🔓 %s is not locked any more.", target);
        card_footer(card, "Which are: %s locks", c->command.word);
    }
    command_reply(&c->command, card);
}

static void written(struct store_commit *commit)
{
    struct lock_step *s = commit->user;
    struct engine *e = s->engine;
    FAULT_POINT("lock committed");
    if (commit->ok) {
        audit_seen(e, &commit->head);
        outbox_release(e->outbox, s->message);
    } else {
        log_error("engine", NULL, "a lock could not be recorded: %s", commit->err.text);
        apply(e, s->had, s->had ? &s->before : &s->after);
        outbox_abandon(e->outbox, s->message);
    }
    outbox_forget(e->outbox, s->message);
    if (s->call != NULL && commit->ok) {
        tell_asker(s->call, s);
    } else if (s->call != NULL) {
        command_refuse(&s->call->command,
                       "My store could not record the lock. Tell who operates this bot: its store does not "
                       "accept writes.");
    }
    engine_back(e);
    mem_free(s);
}

/* Where others see it: where it was asked for, else in the target's first channel. */
static bool address(const struct engine *e, const struct config_target *t, const struct request *by,
                    struct store_outbox *row)
{
    TEXT_COPY(row->server, by->place.server);
    TEXT_COPY(row->channel, by->place.channel);
    for (size_t i = 0; local_request(by) && i < t->channel_count; i++) {
        if (!t->channels[i].any) {
            TEXT_COPY(row->server, t->channels[i].server);
            TEXT_COPY(row->channel, t->channels[i].id);
            break;
        }
    }
    return row->channel[0] != '\0' && engine_chat(e, row->server) != NULL;
}

static void channel_card(const struct lock_step *s, const struct config_target *t, const struct request *by,
                         const char *because, struct card *card)
{
    struct engine *e = s->engine;
    char at[TEXT_TIME], who[CARD_LINE], mention[100];
    const char *name = by->who.name[0] != '\0' ? by->who.name : by->who.user;
    text_time_of_day(at, engine_wall(e));
    card_init(card, TONE_NEUTRAL);
    card->rehearsal = e->config->rehearsal;
    card_title(card, "%s %s%s by @%s · %s UTC", s->has ? "🔒 LOCKED" : "🔓 UNLOCKED", t->name,
               t->production ? " (PRODUCTION)" : "", name, at);
    if (s->has && s->after.reason[0] != '\0') {
        card_line(card, "Why: \"%s\"", s->after.reason);
    }
    if (s->had && !lock_is_of(e->config, &s->before, by)) {
        lock_words(&s->before, engine_wall(e), who, sizeof(who));
        card_line(card, "Before, it was locked by %s. %s", who, because);
        lock_mention(&s->before, mention);
        if (mention[0] != '\0') {
            card_mention(card, mention);
        }
    }
    if (s->has) {
        card_line(card, "Others are asked before this bot changes anything there. It stops this bot, not the "
                        "AWS console.");
    }
    card_footer(card, s->has ? "Give it back: %s unlock %s" : "Lock it: %s lock %s",
                engine_command(e, by->place.server), t->name);
}

static void stage_audit(const struct lock_step *s, const struct request *by, struct store_txn *t)
{
    const struct lock *lock = s->has ? &s->after : &s->before;
    struct buf detail;
    struct store_audit row = {.at_ms = engine_wall(s->engine)};
    char text[CARD_LINE];
    TEXT_FORMAT(text, "%s%s%s%s%s", lock->target, lock->reason[0] != '\0' ? ": " : "", lock->reason,
                s->had && !lock_is_of(s->engine->config, &s->before, by) ? ", before @" : "",
                s->had && !lock_is_of(s->engine->config, &s->before, by) ? s->before.name : "");
    buf_init(&detail, 4 * sizeof(text));
    buf_text(&detail, "{\"text\":");
    gate_quote(&detail, text);
    buf_char(&detail, '}');
    row.detail = detail.data;
    request_audited(&by->who, row.who, sizeof(row.who));
    TEXT_COPY(row.what, s->has ? "locked" : "unlocked");
    store_txn_audit(t, &row);
    buf_finish(&detail);
}

static void stage_memo(const struct lock_step *s, struct store_txn *t)
{
    if (s->has) {
        struct store_memo memo = {.kind = LOCK_KIND, .at_ms = s->after.since_ms};
        char *json = lock_save(&s->after);
        TEXT_COPY(memo.key, s->after.target);
        memo.json = json;
        store_txn_memo(t, &memo);
        mem_free(json);
    } else {
        store_txn_forget(t, LOCK_KIND, s->before.target);
    }
}

/* after NULL = it is given back. The memory knows at once, so that no second step overlooks it. */
static void step(struct engine *e, struct call *c, const struct config_target *t, const struct lock *after,
                 const struct request *by, const char *because)
{
    const struct lock *before = lock_of(&e->locks, t->name);
    struct lock_step *s = mem_alloc(sizeof(*s));
    s->engine = e;
    s->call = c;
    s->had = before != NULL;
    s->has = after != NULL;
    if (before != NULL) {
        s->before = *before;
    }
    if (after != NULL) {
        s->after = *after;
    } else {
        s->after = s->before;
    }
    TEXT_FORMAT(s->message, "lock%llu", ++e->lock_steps);
    apply(e, s->has, s->has ? &s->after : &s->before);
    struct store_txn *txn = store_txn_create();
    struct store_outbox row = {0};
    stage_memo(s, txn);
    stage_audit(s, by, txn);
    if (address(e, t, by, &row)) {
        TEXT_FORMAT(row.id, "lock/%lld/%s", (long long)engine_wall(e), s->message);
        TEXT_COPY(row.operation, s->message);
        channel_card(s, t, by, because, e->card);
        outbox_stage(e->outbox, txn, &row, e->card);
    }
    s->commit = (struct store_commit){.done = written, .user = s};
    engine_owed(e);
    e->store->ops->commit(e->store, txn, &s->commit);
}

void engine_lock_over(struct engine *e, const struct config_target *t, const struct request *by,
                      const char *because)
{
    const struct lock *before = lock_of(&e->locks, t->name);
    struct lock after;
    if (before != NULL && !lock_is_of(e->config, before, by)) {
        lock_make(t, by, because, engine_wall(e), &after);
        step(e, NULL, t, &after, by, because);
    }
}

/* ---- somebody else's lock: asked first */

static void ask(struct call *c, const struct lock *lock, bool takes)
{
    struct engine *e = c->engine;
    const struct config_target *t = c->command.parsed.target;
    const int64_t now = engine_wall(e), span = t->confirm_expires_ms;
    struct lock_question *q = &e->lock_questions[e->lock_asks++ % ENGINE_LOCK_ASKS];
    char nonce[QUESTION_NONCE], code[QUESTION_CODE], value[QUESTION_NONCE + 8], who[CARD_LINE], at[TEXT_TIME];
    *q = (struct lock_question){.by = c->command.request,
                                .takes = takes,
                                .asked_ms = now,
                                .expires_ms = now + span,
                                .expires_boot_ms = clock_boot(e->clock) + span};
    TEXT_COPY(q->target, t->name);
    TEXT_COPY(q->reason, c->command.parsed.reason);
    lock_stamp(lock, q->stamp);
    question_key_make(t->name, &q->key, nonce, code);
    lock_words(lock, now, who, sizeof(who));
    text_time_of_day(at, q->expires_ms);
    card_init(e->card, TONE_WARNING);
    e->card->rehearsal = e->config->rehearsal;
    card_title(e->card, "🔒 %s is locked by @%s. %s expires %s UTC.", t->name, lock->name,
               takes ? "Take it over?" : "Give it back for them?", at);
    card_line(e->card, "Locked by %s.", who);
    card_line(e->card, "@%s is told. Nothing was changed yet.", lock->name);
    card_line(e->card, "%s%s confirm %s", QUESTION_TYPE, c->command.word, code);
    TEXT_FORMAT(value, "lock %s", nonce);
    card_button(e->card, "Leave it", "cancel", value);
    card_button(e->card, takes ? "Take it over" : "Give it back", "confirm", value);
    command_reply(&c->command, e->card);
}

static struct lock_question *open_question(struct engine *e, const char *digest)
{
    for (size_t i = 0; i < ENGINE_LOCK_ASKS; i++) {
        if (e->lock_questions[i].key.digest[0] != '\0' &&
            strcmp(e->lock_questions[i].key.digest, digest) == 0) {
            return &e->lock_questions[i];
        }
    }
    return NULL;
}

struct lock_question *engine_lock_question(struct engine *e, const char *nonce, const char *code)
{
    for (size_t i = 0; i < ENGINE_LOCK_ASKS; i++) {
        struct lock_question *q = &e->lock_questions[i];
        if (nonce != NULL ? question_key_opens(&q->key, nonce) : question_key_code(&q->key, code)) {
            return q;
        }
    }
    return NULL;
}

static bool is_for(const struct engine *e, const struct lock_question *q, const struct request *by)
{
    struct principal asker, now;
    lock_principal(&q->by, &asker);
    lock_principal(by, &now);
    return authz_same_human(e->config, &asker, &now);
}

int engine_lock_wrong(struct engine *e, const char *code, const struct request *by)
{
    int left = QUESTION_TRIES;
    for (size_t i = 0; i < ENGINE_LOCK_ASKS; i++) {
        struct lock_question *q = &e->lock_questions[i];
        if (q->key.digest[0] == '\0' || !question_code_names(code, q->target) || !is_for(e, q, by)) {
            continue;
        }
        const int now = QUESTION_TRIES - ++q->tries;
        left = now < left ? now : left;
        if (now <= 0) {
            *q = (struct lock_question){0};
        }
    }
    return left;
}

static bool over(const struct engine *e, const struct lock_question *q)
{
    const int64_t now = engine_wall(e);
    return now >= q->expires_ms || now < q->asked_ms || clock_boot(e->clock) >= q->expires_boot_ms;
}

static const struct command *command_of_name(const struct command *const *table, const char *name)
{
    while (*table != NULL && strcmp((*table)->name, name) != 0) {
        table++;
    }
    return *table;
}

static void answered(struct call *c, const char *refusal)
{
    struct engine *e = c->engine;
    struct lock_question *q = open_question(e, c->answering.digest);
    const struct config_target *t = q != NULL ? config_target(e->config, q->target) : NULL;
    char stamp[LOCK_STAMP];
    if (refusal != NULL || t == NULL || over(e, q)) {
        call_not(c, "", CALL_REFUSED, refusal != NULL ? refusal : "This question is over. Ask again.");
        return;
    }
    const struct lock *now = lock_of(&e->locks, t->name);
    lock_stamp(now, stamp);
    const struct lock_question asked = *q;
    *q = (struct lock_question){0};
    if (strcmp(stamp, asked.stamp) != 0) {
        call_not(c, "", CALL_REFUSED, "The lock was changed since I asked. See: locks");
        return;
    }
    struct lock after;
    lock_make(t, &c->command.request, asked.reason, engine_wall(e), &after);
    call_run(c); /* it ends with the commit */
    step(e, c, t, asked.takes ? &after : NULL, &c->command.request,
         asked.takes ? "It was taken over." : "It was given back for them.");
}

void engine_lock_answer(struct call *c, struct lock_question *q, enum answer what)
{
    const struct request *r = &c->command.request;
    struct engine *e = c->engine;
    if (strcmp(q->by.place.channel, r->place.channel) != 0 ||
        strcmp(q->by.place.server, r->place.server) != 0) {
        call_not(c, "", CALL_REFUSED, "This question was asked in another place; answer it there.");
    } else if (!is_for(e, q, r)) {
        call_not(c, "", CALL_REFUSED, "This question about a lock is somebody else's. Ask yourself: locks");
    } else if (over(e, q)) {
        *q = (struct lock_question){0};
        call_not(c, "", CALL_LATE, "The question about the lock expired. Ask again.");
    } else if (what != ANSWER_CONFIRM) {
        *q = (struct lock_question){0};
        card_init(e->card, TONE_NEUTRAL);
        e->card->rehearsal = e->config->rehearsal;
        card_title(e->card, "✖ Left as it is; nothing was changed.");
        card_footer(e->card, "%s locks", c->command.word);
        call_run(c);
        command_reply(&c->command, e->card);
    } else {
        TEXT_COPY(c->answering.digest, q->key.digest);
        c->command.parsed.target = config_target(e->config, q->target);
        c->command.parsed.command = command_of_name(e->options.commands, q->takes ? "lock" : "unlock");
        call_authorise(c, answered);
    }
}

/* ---- loaded, frozen */

void engine_load_locks(struct engine *e, const struct store_loaded *l)
{
    for (size_t i = 0; i < l->memo_count; i++) {
        struct lock lock;
        if (strcmp(l->memos[i].kind, LOCK_KIND) == 0 && config_target(e->config, l->memos[i].key) != NULL &&
            lock_load(&l->memos[i], &lock)) {
            lock_put(&e->locks, &lock);
        }
    }
}

bool engine_frozen(const struct engine *e, char *to, size_t size)
{
    const struct freeze *f = e->options.freeze;
    char reason[FREEZE_REASON];
    if (f == NULL || !f->look(f, reason)) {
        return false;
    }
    text_format(to, size,
                "All changes are frozen%s%s%s. Who looks after the bot's host can lift it, by removing %s "
                "there. Looking is possible: status, events, logs.",
                reason[0] != '\0' ? ": \"" : "", reason, reason[0] != '\0' ? "\"" : "", f->path);
    return true;
}

/* ---- the commands */

void engine_lock(struct command_call *call)
{
    struct call *c = (struct call *)call;
    struct engine *e = c->engine;
    const struct config_target *t = call->parsed.target;
    const struct lock *now = lock_of(&e->locks, t->name);
    struct lock after;
    if (now != NULL && !lock_is_of(e->config, now, &call->request)) {
        ask(c, now, true);
        return;
    }
    lock_make(t, &call->request, call->parsed.reason, now != NULL ? now->since_ms : engine_wall(e), &after);
    step(e, c, t, &after, &call->request, "");
}

void engine_unlock(struct command_call *call)
{
    struct call *c = (struct call *)call;
    const struct config_target *t = call->parsed.target;
    const struct lock *now = lock_of(&c->engine->locks, t->name);
    if (now == NULL) {
        command_refuse(call, "%s is not locked. Which are: %s locks", t->name, call->word);
    } else if (!lock_is_of(c->engine->config, now, &call->request)) {
        ask(c, now, false);
    } else {
        step(c->engine, c, t, NULL, &call->request, "");
    }
}

/* What the rights surely refuse is not shown. */
static bool may_see(const struct command_call *call, const struct config_target *t)
{
    const struct authz_facts nothing = {0};
    struct authz_result result;
    authz_decide(call->config, t, call->parsed.command, &call->request, &nothing, call->now_ms, &result);
    return result.answer != AUTHZ_REFUSED;
}

void engine_locks(struct command_call *call)
{
    const struct engine *e = call->engine;
    struct card *card = e->card;
    char who[CARD_LINE], frozen[CARD_LINE];
    size_t shown = 0;
    card_init(card, TONE_NEUTRAL);
    card->rehearsal = call->config->rehearsal;
    card_title(card, "🔒 Locks");
    if (engine_frozen(e, frozen, sizeof(frozen))) {
        card_line(card, "%s", frozen);
    }
    for (size_t i = 0; i < call->config->target_count; i++) {
        const struct config_target *t = &call->config->targets[i];
        const struct lock *lock = lock_of(&e->locks, t->name);
        if (lock != NULL && (call->parsed.target == NULL ? may_see(call, t) : call->parsed.target == t)) {
            lock_words(lock, engine_wall(e), who, sizeof(who));
            card_line(card, "%s%s: %s", t->name, t->production ? " (PRODUCTION)" : "", who);
            shown++;
        }
    }
    if (shown == 0 && call->parsed.target != NULL) {
        card_line(card, "%s is not locked.", call->parsed.target->name);
    } else if (shown == 0) {
        card_line(card, "Nothing is locked.");
    }
    card_line(card, "A lock stops this bot, not the AWS console.");
    card_footer(card, "%s lock TARGET --reason \"why\"", call->word);
    command_reply(call, card);
}
