#include "lib_rig.h"

#include <string.h>

#include "lib/check.h"

#include "../../bot/store/txn.h"
#include "base/mem.h"
#include "base/text.h"
#include "commands/table.h"
#include "fake_ecs.h"
#include "lib/test_loop.h"
#include "sim/world_ecs.h"

/* ---- configuration */

static void add_service(struct config_target *t, const char *key, const char *name, bool is_default,
                        enum drops drops)
{
    struct config_service *s = &t->services[t->service_count++];
    *s = (struct config_service){.desired = -1, .is_default = is_default, .drops = drops};
    TEXT_COPY(s->key, key);
    TEXT_COPY(s->name, name);
}

static void add_everyone(struct principals *p)
{
    p->list[p->count++].kind = PRINCIPAL_ANY;
    p->set = true;
}

static struct config *make_config(void)
{
    struct config *c = config_create();
    c->targets = mem_array(1, sizeof(*c->targets));
    c->target_count = 1;
    c->slow_after_ms = 12 * 60000;
    c->give_up_after_ms = 60 * 60000;
    c->after_care_ms = 10 * 60000;
    c->cool_down_ms = 3 * 60000;
    TEXT_COPY(c->escalation.name, "Application Specific Engineering");
    TEXT_COPY(c->escalation.mention, "slack:group:S0456EFGH");
    TEXT_COPY(c->escalation.phone, "+1 555 0100");
    struct config_target *t = &c->targets[0];
    TEXT_COPY(t->name, "cotak prod");
    TEXT_COPY(t->preset, "v13");
    t->production = true;
    TEXT_COPY(t->account, "123456789012");
    TEXT_COPY(t->region, "us-gov-east-1");
    TEXT_COPY(t->partition, "aws-us-gov");
    TEXT_COPY(t->cluster, "tak-vpc-cotak-prod");
    t->confirm_expires_ms = 120000;
    add_service(t, "hub", "tak-cloudtak-cotak-prod-stateful", false, DROPS_SOCKETS);
    add_service(t, "api", "tak-cloudtak-cotak-prod", true, DROPS_NOTHING);
    add_service(t, "events", "tak-cloudtak-cotak-prod-events", false, DROPS_IMPORTS);
    t->channel_count = 1;
    TEXT_COPY(t->channels[0].server, "slack");
    TEXT_COPY(t->channels[0].id, "C0INCIDENT");
    add_everyone(&t->view);
    add_everyone(&t->restart);
    add_everyone(&t->downtime);
    return c;
}

/* ---- the store's door */

struct held_commit {
    struct loop_timer timer;
    struct store_commit inner;
    struct store_commit *outer;
    struct store_door *door;
    bool kill;
    bool arms; /* it writes "acting", durably */
};

static void point(void *user)
{
    struct rig *r = user;
    if (++r->points == r->act_at) {
        r->act(r);
    }
}

/* What a killed engine waited for lies in its memory, which nobody frees: it stays reachable here. */
static void bury(struct store_commit *c)
{
    static struct store_commit *graveyard[50000];
    static size_t count;
    assert_true(count < sizeof(graveyard) / sizeof(graveyard[0]));
    graveyard[count++] = c;
}

static void committed(struct loop_timer *t)
{
    struct held_commit *h = t->user;
    if (!h->door->shut) {
        point(h->door->rig);
    }
    if (h->kill) {
        rig_kill(h->door->rig);
    }
    if (!h->door->shut) {
        h->door->rig->armed += h->arms && h->inner.ok;
        h->outer->ok = h->inner.ok;
        h->outer->duplicate = h->inner.duplicate;
        h->outer->head = h->inner.head;
        h->outer->err = h->inner.err;
        h->outer->done(h->outer);
    } else {
        bury(h->outer);
    }
    mem_free(h);
}

static bool arms(const struct store_txn *t)
{
    for (const struct txn_row *row = t->first; t->durable && row != NULL; row = row->next) {
        if (row->kind == TXN_OPERATION && strcmp(row->as.operation.state, "acting") == 0) {
            return true;
        }
    }
    return false;
}

/* In every scenario: UpdateService leaves only after an "acting" of its own that a power cut cannot undo. */
static void sending(void *user)
{
    struct rig *r = user;
    if (--r->armed < 0) {
        fail_msg("UpdateService left before \"acting\" was on disk for certain");
    }
}

static void carried_out(struct store_commit *c)
{
    struct held_commit *h = c->user;
    h->timer = (struct loop_timer){.fire = committed, .user = h};
    const struct rig *r = h->door->rig;
    loop_timer_start(r->loop, &h->timer, h->arms && r->stopped_ms > 0 ? r->stopped_ms : r->commit_ms);
}

static void commit(struct store *s, struct store_txn *t, struct store_commit *c)
{
    struct store_door *door = (struct store_door *)s;
    struct rig *r = door->rig;
    if (door->shut) {
        store_txn_destroy(t);
        bury(c);
        return;
    }
    point(r);
    const bool kill = ++r->commits == r->kill_at;
    struct held_commit *h = mem_alloc(sizeof(*h));
    *h = (struct held_commit){.outer = c, .door = door, .kill = kill, .arms = arms(t)};
    if ((kill && !r->kill_applied) || r->fail_commits || door->stale) {
        store_txn_destroy(t);
        err_set(&h->inner.err, door->stale ? ERR_STALE : ERR_IO,
                door->stale ? "another process has taken over the store" : "no space left on device");
        h->inner.user = h;
        carried_out(&h->inner);
        return;
    }
    h->inner = (struct store_commit){.done = carried_out, .user = h};
    r->store->ops->commit(r->store, t, &h->inner);
}

static void load(struct store *s, struct store_loaded *l)
{
    struct store_door *door = (struct store_door *)s;
    door->rig->store->ops->load(door->rig->store, l);
}

static void recent(struct store *s, struct store_recent *q)
{
    struct store_door *door = (struct store_door *)s;
    if (!door->shut) {
        door->rig->store->ops->recent(door->rig->store, q);
    }
}

static void history(struct store *s, struct store_history *q)
{
    struct store_door *door = (struct store_door *)s;
    if (!door->shut) {
        door->rig->store->ops->history(door->rig->store, q);
    }
}

static void timeline(struct store *s, struct store_timeline *q)
{
    struct store_door *door = (struct store_door *)s;
    if (!door->shut) {
        door->rig->store->ops->timeline(door->rig->store, q);
    }
}

static void check(struct store *s, struct store_check *q)
{
    struct store_door *door = (struct store_door *)s;
    if (!door->shut) {
        door->rig->store->ops->check(door->rig->store, q);
    }
}

/* ---- lives */

static void on_settled(void *user, const struct request *request, enum settled how,
                       enum operation_state operation)
{
    struct rig *r = user;
    (void)request;
    assert_true(r->settled_count < RIG_SETTLED);
    r->settled[r->settled_count].how = how;
    r->settled[r->settled_count].state = operation;
    r->settled_count++;
}

static void on_ready(void *user, bool ok, const struct err *err)
{
    struct life *life = user;
    assert_true(ok);
    (void)err;
    life->ready = true;
}

struct life *rig_life(struct rig *r)
{
    return r->lives[r->life_count - 1];
}

void rig_start(struct rig *r)
{
    static const struct store_ops ops = {.commit = commit,
                                         .load = load,
                                         .recent = recent,
                                         .history = history,
                                         .timeline = timeline,
                                         .check = check};
    assert_true(r->life_count < RIG_LIVES);
    struct life *life = mem_alloc(sizeof(*life));
    r->lives[r->life_count++] = life;
    r->killed = false;
    r->armed = 0;
    life->store = (struct store_door){.store = {.ops = &ops}, .rig = r};
    chat_door_init(&life->chat, r->chat);
    ecs_door_init(&life->ecs, &r->ecs);
    world_door_init(&life->world, r->world, r);
    struct engine_options options = {.loop = r->loop,
                                     .config = r->config,
                                     .store = &life->store.store,
                                     .ecs = r->world != NULL ? &life->world.ecs : &life->ecs.ecs,
                                     .commands = commands_table,
                                     .on_settled = on_settled,
                                     .user = r};
    struct chat *chat = &life->chat.chat;
    if (r->between != NULL) {
        r->between(r, &options, &chat);
    }
    life->engine = engine_create(&options);
    engine_add_chat(life->engine, chat);
    if (r->join != NULL) {
        r->join(r, life->engine);
    }
    engine_start(life->engine, on_ready, life);
    loop_run_for(r->loop, 1);
    assert_true(life->ready || r->killed);
}

void rig_kill(struct rig *r)
{
    struct life *life = rig_life(r);
    life->chat.shut = life->ecs.shut = life->world.shut = life->store.shut = true;
    r->killed = true;
    loop_stop(r->loop);
}

void rig_restore(struct rig *r, struct store *backup)
{
    rig_kill(r);
    rig_run(r, 1); /* the loop was stopped */
    rig_run(r, 10000);
    store_memory_destroy(r->store);
    r->store = backup;
}

void rig_init(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    r->clock = clock_virtual(TEST_LOOP_START_MS);
    r->loop = loop_create_virtual(&r->clock);
    r->store = store_memory_create(r->loop);
    r->config = make_config();
    r->chat = mem_alloc(sizeof(*r->chat));
    fake_chat_init(r->chat, r->loop);
    script_ecs_init(&r->ecs, r->loop);
    r->ecs.point = point;
    r->ecs.sending = sending;
    r->ecs.user = r;
    r->commit_ms = 2;
}

void rig_world(struct rig *r, const char *scenario)
{
    r->world = fake_ecs_create(&(struct fake_ecs_options){.loop = r->loop, .scenario = scenario, .seed = 7});
    TEXT_COPY(r->config->targets[0].account, WORLD_ACCOUNT);
}

static void on_closed(void *user)
{
    *(bool *)user = true;
}

static void close_living(struct rig *r)
{
    struct life *life = rig_life(r);
    bool closed = false;
    engine_close(life->engine, on_closed, &closed);
    for (int i = 0; i < 100 && !closed; i++) {
        loop_run_for(r->loop, 1000);
    }
    assert_true(closed);
    engine_destroy(life->engine);
    life->engine = NULL;
}

void rig_close(struct rig *r)
{
    close_living(r);
}

/* The killed are left where they stand: nobody frees what kill -9 ends. They and their loop stay reachable
 * here; the loop is not run any more. */
static struct life *graves[10000];
static size_t grave_count;

void rig_finish(struct rig *r)
{
    bool died = false;
    for (size_t i = 0; i < r->life_count; i++) {
        struct life *life = r->lives[i];
        if (life->engine == NULL) {
            ecs_door_finish(&life->ecs);
            world_door_finish(&life->world);
            mem_free(life);
        } else if (life->store.shut) {
            died = true;
            ecs_door_finish(&life->ecs);
            world_door_finish(&life->world);
            graves[grave_count++] = life;
        } else {
            close_living(r);
            ecs_door_finish(&life->ecs);
            world_door_finish(&life->world);
            mem_free(life);
        }
    }
    fake_ecs_destroy(r->world);
    store_memory_destroy(r->store);
    config_destroy(r->config);
    mem_free(r->chat);
    loop_timer_stop(r->loop, &r->ecs.later);
    if (!died) {
        assert_int_equal(loop_destroy(r->loop), 0);
    }
}

/* ---- requests */

struct asking {
    struct request_taken taken;
    struct rig *rig;
};

static void on_taken(struct request_taken *t, bool ok, const char *text)
{
    struct asking *a = t->user;
    *(ok ? &a->rig->taken : &a->rig->refused_acks) += 1;
    TEXT_COPY(a->rig->ack, text);
    mem_free(a);
}

void rig_submit(struct rig *r, const struct request *request)
{
    struct asking *a = mem_alloc(sizeof(*a));
    a->rig = r;
    a->taken = (struct request_taken){.done = on_taken, .user = a};
    engine_submit(rig_life(r)->engine, request, &a->taken);
}

int64_t rig_true_ms(const struct rig *r)
{
    return r->ecs.epoch_ms + clock_boot(&r->clock);
}

static struct request from(struct rig *r, const char *user, int64_t origin_ms)
{
    struct request q = {
        .source = REQUEST_SLASH, .origin_ms = origin_ms, .received_ms = clock_wall(&r->clock)};
    TEXT_COPY(q.who.server, "slack");
    TEXT_COPY(q.who.user, user);
    TEXT_COPY(q.who.name, user);
    TEXT_COPY(q.place.server, "slack");
    TEXT_COPY(q.place.channel, "C0INCIDENT");
    return q;
}

void rig_ask_as(struct rig *r, const char *user, const char *text, const char *delivery, int64_t origin_ms)
{
    struct request *q = mem_alloc(sizeof(*q));
    *q = from(r, user, origin_ms);
    TEXT_COPY(q->delivery, delivery);
    TEXT_COPY(q->text, text);
    r->wanted_ms = rig_true_ms(r);
    rig_submit(r, q);
    mem_free(q);
}

void rig_ask(struct rig *r, const char *text)
{
    char delivery[40];
    TEXT_FORMAT(delivery, "slack/%d", ++r->asked);
    rig_ask_as(r, "ana", text, delivery, clock_wall(&r->clock));
}

void rig_click(struct rig *r, const char *user, const char *action, const char *value, const char *message)
{
    struct request *q = mem_alloc(sizeof(*q));
    *q = from(r, user, rig_true_ms(r)); /* the platform's clock */
    q->source = REQUEST_CLICK;
    r->wanted_ms = rig_true_ms(r);
    TEXT_FORMAT(q->delivery, "slack/click/%d", ++r->asked);
    TEXT_COPY(q->click_action, action);
    TEXT_COPY(q->click_value, value);
    TEXT_COPY(q->click_message, message);
    rig_submit(r, q);
    mem_free(q);
}

void rig_run(struct rig *r, int64_t ms)
{
    loop_run_for(r->loop, ms);
}

void rig_settle(struct rig *r, size_t count, int64_t ms)
{
    for (int64_t ran = 0; ran < ms && r->settled_count < count && !r->killed; ran += 1000) {
        loop_run_for(r->loop, 1000);
    }
}

int rig_setup(void **state)
{
    struct rig *r = mem_alloc(sizeof(*r));
    rig_init(r);
    *state = r;
    return 0;
}

int rig_teardown(void **state)
{
    struct rig *r = *state;
    rig_finish(r);
    mem_free(r);
    return 0;
}

struct chat_message *rig_newest(struct rig *r)
{
    assert_true(r->chat->count > 0);
    return &r->chat->messages[r->chat->count - 1];
}
