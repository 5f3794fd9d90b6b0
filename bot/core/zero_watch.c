/* Services at zero are looked at every five minutes, one at a time, and people are reminded of them.
 *
 *   timer -> whose turn is it -> look -> (autoscaling's switches) -> told and remembered in one commit ->
 * timer
 *
 * A reminder is told once: its number is in the memo, and the message in the same commit. What can go wrong:
 * the service cannot be seen (the reminder says so); the commit fails (the same again in a moment); an
 * operation of ours is on it (a minute later). A count that was raised elsewhere is told and not reminded of
 * any more; the memo stays as long as switches of autoscaling are suspended by the bot. */
#include "zero_watch.h"

#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"
#include "zero.h"

#define LOOK_EVERY_MS 300000 /* world */
#define BUSY_MS       60000  /* world */
#define AGAIN_MS      2000

struct zero_entry {
    struct zero_entry *next;
    struct count_memo memo;
    int64_t look_ms;       /* world: the next look, whatever is due */
    int64_t not_before_ms; /* world: an operation is on it */
};

struct zero_watch {
    struct engine *engine;
    struct zero_entry *entries; /* at most STORE_MEMOS: the store refuses more */
    struct loop_timer timer;
    bool started;
    /* the one whose turn it is */
    bool busy;
    struct zero_facts facts;
    struct count_memo memo;  /* as it was when the turn began */
    struct count_memo after; /* and as it is to be */
    enum zero_change change;
    char key[STORE_ID]; /* what its messages belong to, in the outbox */
    bool staged;
    struct ecs_look look;
    struct ecs_scaling scaling;
    struct store_commit commit;
};

static void turn(struct loop_timer *t);

struct zero_watch *zero_watch_create(struct engine *e)
{
    struct zero_watch *z = mem_alloc(sizeof(*z));
    z->engine = e;
    z->timer = (struct loop_timer){.fire = turn, .user = z};
    return z;
}

void zero_watch_destroy(struct zero_watch *z)
{
    if (z == NULL) {
        return;
    }
    zero_watch_stop(z);
    while (z->entries != NULL) {
        struct zero_entry *next = z->entries->next;
        mem_free(z->entries);
        z->entries = next;
    }
    mem_free(z);
}

void zero_watch_stop(struct zero_watch *z)
{
    z->started = false;
    loop_timer_stop(z->engine->loop, &z->timer);
}

/* ---- what is remembered */

static struct zero_entry **place_of(struct zero_watch *z, const char *service_name)
{
    struct zero_entry **place = &z->entries;
    while (*place != NULL && strcmp((*place)->memo.service_name, service_name) != 0) {
        place = &(*place)->next;
    }
    return place;
}

const struct count_memo *zero_watch_memo(const struct zero_watch *z, const char *service_name)
{
    for (const struct zero_entry *entry = z->entries; entry != NULL; entry = entry->next) {
        if (strcmp(entry->memo.service_name, service_name) == 0) {
            return &entry->memo;
        }
    }
    return NULL;
}

void zero_watch_load(struct zero_watch *z, const struct store_memo *row)
{
    struct count_memo m;
    struct err err = {0};
    if (strcmp(row->kind, COUNT_MEMO) != 0) {
        return;
    }
    if (!count_memo_load(row, &m, &err)) {
        log_error("engine", NULL, "what is remembered of %s is left alone: %s", row->key, err.text);
        return;
    }
    zero_watch_apply(z, row->key, ZERO_PUT, &m);
}

void zero_watch_stage(const char *service_name, enum zero_change what, const struct count_memo *m,
                      int64_t wall_ms, struct store_txn *t)
{
    if (what == ZERO_FORGET) {
        store_txn_forget(t, COUNT_MEMO, service_name);
    } else if (what == ZERO_PUT) {
        char *json = count_memo_save(m);
        struct store_memo row = {.kind = COUNT_MEMO, .at_ms = wall_ms, .json = json};
        TEXT_COPY(row.key, service_name);
        store_txn_memo(t, &row);
        mem_free(json);
    }
}

static void arm(struct zero_watch *z);

void zero_watch_apply(struct zero_watch *z, const char *service_name, enum zero_change what,
                      const struct count_memo *m)
{
    struct zero_entry **place = place_of(z, service_name);
    if (what == ZERO_FORGET && *place != NULL) {
        struct zero_entry *gone = *place;
        *place = gone->next;
        mem_free(gone);
    } else if (what == ZERO_PUT) {
        if (*place == NULL) {
            *place = mem_alloc(sizeof(**place));
        }
        (*place)->memo = *m;
    }
    if (what != ZERO_KEEP) {
        arm(z);
    }
}

/* ---- whose turn it is */

static bool stands_at_zero(const struct zero_entry *entry)
{
    return entry->memo.count == 0 && !entry->memo.left;
}

static int64_t wait_of(const struct zero_entry *entry, int64_t now)
{
    const int64_t reminder = zero_wait(&entry->memo, now), next = entry->look_ms - now;
    const int64_t least = entry->not_before_ms - now;
    int64_t wait = next < reminder ? next : reminder;
    wait = wait < least ? least : wait;
    return wait < 0 ? 0 : wait > LOOK_EVERY_MS ? LOOK_EVERY_MS : wait; /* more: the clock was set back */
}

static struct zero_entry *next_of(const struct zero_watch *z, int64_t *ret_wait)
{
    struct zero_entry *first = NULL;
    const int64_t now = engine_world(z->engine);
    for (struct zero_entry *entry = z->entries; entry != NULL; entry = entry->next) {
        const int64_t wait = wait_of(entry, now);
        if (stands_at_zero(entry) && (first == NULL || wait < *ret_wait)) {
            first = entry;
            *ret_wait = wait;
        }
    }
    return first;
}

static void arm(struct zero_watch *z)
{
    int64_t wait = 0;
    if (z->started && !z->busy && next_of(z, &wait) != NULL) {
        loop_timer_start_world(z->engine->loop, &z->timer, wait);
    }
}

void zero_watch_start(struct zero_watch *z)
{
    z->started = true;
    arm(z);
}

static void end_turn(struct zero_watch *z)
{
    z->busy = false;
    z->timer.fire = turn;
    arm(z);
}

/* ---- told and remembered */

static void record(struct zero_watch *z);

static bool overtaken(const struct zero_watch *z);

static void record_again(struct loop_timer *t)
{
    struct zero_watch *z = t->user;
    if (overtaken(z)) { /* only the message is left to be sent */
        z->change = ZERO_KEEP;
    }
    record(z);
}

static void recorded(struct store_commit *c)
{
    struct zero_watch *z = c->user;
    struct engine *e = z->engine;
    FAULT_POINT("reminder committed");
    engine_back(e);
    if (e->closing) {
        return;
    }
    if (!c->ok) {
        log_error("engine", z->memo.operation, "a reminder could not be recorded: %s", c->err.text);
        z->timer.fire = record_again;
        loop_timer_start(e->loop, &z->timer, AGAIN_MS);
        return;
    }
    outbox_release(e->outbox, z->key);
    outbox_forget(e->outbox, z->key);
    zero_watch_apply(z, z->memo.service_name, z->change, &z->after);
    end_turn(z);
}

/* The words of the audit's line. */
static void audit(const struct zero_watch *z, enum zero_news news, struct store_txn *t)
{
    static const char *const WORDS[] = {[ZERO_STANDS] = "{\"text\":\"reminded: stands at 0\"}",
                                        [ZERO_RAISED] = "{\"text\":\"brought back elsewhere\"}",
                                        [ZERO_UNSEEN] = "{\"text\":\"reminded: cannot be seen\"}",
                                        [ZERO_LOST] = "{\"text\":\"not in the settings any more\"}"};
    struct store_audit row = {.at_ms = engine_wall(z->engine), .detail = WORDS[news]};
    TEXT_COPY(row.operation, z->memo.operation);
    TEXT_COPY(row.who, "cloudtak-bot");
    TEXT_COPY(row.what, "zero");
    store_txn_audit(t, &row);
}

static void record(struct zero_watch *z)
{
    struct engine *e = z->engine;
    struct store_txn *t = store_txn_create();
    const enum zero_news news = zero_judge(&z->facts);
    zero_watch_stage(z->memo.service_name, z->change, &z->after, engine_wall(e), t);
    if (z->staged) {
        outbox_restage(e->outbox, t, z->key);
        audit(z, news, t);
    }
    z->commit = (struct store_commit){.done = recorded, .user = z};
    engine_owed(e);
    e->store->ops->commit(e->store, t, &z->commit);
}

static void tell(struct zero_watch *z, enum zero_news news)
{
    struct engine *e = z->engine;
    struct store_outbox row = {0};
    struct store_txn *t = store_txn_create();
    TEXT_FORMAT(z->key, "zero%s", z->memo.operation);
    if (news == ZERO_STANDS || news == ZERO_UNSEEN) {
        TEXT_FORMAT(row.id, "zero/%s/%d", z->memo.operation, z->after.reminders);
    } else {
        TEXT_FORMAT(row.id, "zero/%s/%s", z->memo.operation, news == ZERO_RAISED ? "raised" : "lost");
    }
    TEXT_COPY(row.operation, z->key);
    TEXT_COPY(row.server, z->memo.server);
    TEXT_COPY(row.channel, z->memo.channel);
    zero_tell(&z->facts, news, e->card);
    outbox_stage(e->outbox, t, &row, e->card);
    z->staged = true;
    zero_watch_stage(z->memo.service_name, z->change, &z->after, engine_wall(e), t);
    audit(z, news, t);
    z->commit = (struct store_commit){.done = recorded, .user = z};
    engine_owed(e);
    e->store->ops->commit(e->store, t, &z->commit);
}

/* ---- what was seen */

/* Raised elsewhere: nothing is left to remember but the switches that are still suspended by the bot. */
static void raised(struct zero_watch *z)
{
    z->after.left = true;
    z->after.sure = true;
    z->change = zero_still_suspended(&z->facts) ? ZERO_PUT : ZERO_FORGET;
    if (z->memo.sure) {
        tell(z, ZERO_RAISED);
    } else { /* nobody knows whether it ever stood at 0 */
        record(z);
    }
}

static void judged(struct zero_watch *z)
{
    const int due = zero_due(&z->memo, z->facts.now_ms);
    const enum zero_news news = zero_judge(&z->facts);
    z->after = z->memo;
    z->change = ZERO_PUT;
    if (news == ZERO_RAISED) {
        raised(z);
    } else if (due <= z->memo.reminders) {
        end_turn(z);
    } else if (news == ZERO_LOST) {
        z->change = ZERO_FORGET;
        tell(z, news);
    } else {
        z->after.reminders = due;
        z->after.sure = z->memo.sure || news == ZERO_STANDS;
        tell(z, news);
    }
}

/* An operation that began meanwhile knows better. */
static bool overtaken(const struct zero_watch *z)
{
    const struct count_memo *now = zero_watch_memo(z, z->memo.service_name);
    return now == NULL || strcmp(now->operation, z->memo.operation) != 0 ||
           operation_on(z->engine, z->memo.service_name, NULL) != NULL;
}

static void switches_seen(struct ecs_scaling *r)
{
    struct zero_watch *z = r->user;
    engine_back(z->engine);
    if (z->engine->closing) {
        return;
    }
    z->facts.scaling_read = r->ok;
    z->facts.suspended = r->ok && r->registered ? r->suspended : (struct ecs_scaling_switches){0};
    if (overtaken(z)) {
        end_turn(z);
    } else {
        judged(z);
    }
}

static void seen(struct ecs_look *r)
{
    struct zero_watch *z = r->user;
    struct engine *e = z->engine;
    const struct snapshot *s = r->snapshot;
    engine_back(e);
    if (e->closing) {
        return;
    }
    if (s->service_absence != ECS_SEEN || s->missing) {
        TEXT_COPY(z->facts.trouble, s->trouble[0] != '\0' ? s->trouble : "AWS did not answer");
    }
    z->facts.desired = s->service.desired;
    z->facts.running = s->service.running;
    if (overtaken(z)) {
        end_turn(z);
    } else if (count_memo_suspends(&z->memo) && e->ecs->ops->scaling != NULL) {
        z->scaling = (struct ecs_scaling){.ref = z->look.ref, .done = switches_seen, .user = z};
        engine_owed(e);
        e->ecs->ops->scaling(e->ecs, &z->scaling);
    } else {
        judged(z);
    }
}

/* ---- the turn */

static bool find_service(const struct zero_watch *z, const struct config_target **ret_target,
                         const struct config_service **ret_service)
{
    char name[sizeof(z->memo.service_name)];
    const struct config_target *t = config_target(z->engine->config, z->memo.target);
    const struct config_service *s = t != NULL ? config_service(t, z->memo.service_key) : NULL;
    if (s == NULL) {
        return false;
    }
    restart_service_name(t, s, name, sizeof(name));
    *ret_target = t;
    *ret_service = s;
    return strcmp(name, z->memo.service_name) == 0;
}

static void look_at(struct zero_watch *z, const struct config_target *t, const struct config_service *s)
{
    struct engine *e = z->engine;
    z->facts.production = t->production;
    z->look = (struct ecs_look){.ref = {.session = t->session}, .done = seen, .user = z};
    TEXT_COPY(z->look.ref.account, t->account);
    TEXT_COPY(z->look.ref.region, t->region);
    TEXT_COPY(z->look.ref.cluster, t->cluster);
    TEXT_COPY(z->look.ref.service, s->name);
    engine_owed(e);
    e->ecs->ops->look(e->ecs, &z->look);
}

static void turn(struct loop_timer *timer)
{
    struct zero_watch *z = timer->user;
    struct engine *e = z->engine;
    const struct config_target *t;
    const struct config_service *s;
    const int64_t now = engine_world(e);
    int64_t wait = 0;
    struct zero_entry *entry = next_of(z, &wait);
    if (entry == NULL || wait > 0) {
        arm(z);
        return;
    }
    if (operation_on(e, entry->memo.service_name, NULL) != NULL) {
        entry->not_before_ms = now + BUSY_MS;
        arm(z);
        return;
    }
    entry->look_ms = now + LOOK_EVERY_MS;
    z->busy = true;
    z->staged = false;
    z->memo = entry->memo;
    z->facts = (struct zero_facts){.memo = &z->memo,
                                   .command = engine_command(e, z->memo.server),
                                   .rehearsal = e->config->rehearsal,
                                   .now_ms = now};
    if (find_service(z, &t, &s)) {
        look_at(z, t, s);
    } else {
        z->facts.over = true;
        judged(z);
    }
}
