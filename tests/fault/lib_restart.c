#include "lib_restart.h"

#include <stdlib.h>
#include <string.h>

#include "lib/check.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "fake_ecs.h"
#include "lib_mutants.h"
#include "store/store.h"

#define MINUTE      60000LL
#define PATIENCE    (90 * MINUTE) /* nobody waits longer */
#define REACTION_MS 5000          /* of a person who sees a question */
#define CLICKS      4

const struct play plays[] = {
    {"ok", "ok", false, true},
    {"image missing", "image-missing", false, false},
    {"superseded", "superseded", false, false},
    {"confirmed", "ok", true, true},
    {"reply lost", "lost-reply", false, true},
};
const size_t play_count = CHECK_COUNT(plays);

static void swallow(void *user, const char *line)
{
    (void)user;
    (void)line;
}

void run_begin(struct run *r, const struct play *play)
{
    log_set_sink(swallow, NULL); /* thousands of runs, each with its error lines */
    r->play = play;
    r->rig = mem_alloc(sizeof(*r->rig));
    rig_init(r->rig);
    rig_world(r->rig, play->scenario);
    r->rig->between = mutants_between;
    r->rig->user = &r->faults;
    r->rig->config->targets[0].confirm_always = play->asks;
    r->rig->config->slow_after_ms = 5 * MINUTE;
    r->rig->config->after_care_ms = 3 * MINUTE;
    r->rig->config->give_up_after_ms = 15 * MINUTE; /* what does not end by itself is no wait for the test */
    rig_start(r->rig);
    rig_ask(r->rig, "restart cotak prod");
}

/* ---- the person who asked */

/* The newest question that can still be answered. */
static struct chat_message *question(struct fake_chat *c)
{
    for (size_t i = c->count; i-- > 0;) {
        struct chat_message *m = &c->messages[i];
        if (text_ends(m->key, "/ask") && m->card.button_count > 1) {
            return m;
        }
    }
    return NULL;
}

static void answer_questions(struct run *r)
{
    const struct chat_message *m = question(r->rig->chat);
    const int64_t now = clock_wall(&r->rig->clock);
    if (m == NULL || r->clicks >= CLICKS || now - m->posted_ms < REACTION_MS ||
        now - r->clicked_ms < 2 * REACTION_MS) {
        return;
    }
    r->clicks++;
    r->clicked_ms = now;
    rig_click(r->rig, "ana", "confirm", m->card.buttons[1].value, m->id);
}

/* ---- playing */

static size_t ends(const struct run *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->rig->settled_count; i++) {
        count += r->rig->settled[i].how == SETTLED_OPERATION ? 1 : 0;
    }
    return count;
}

static bool stopped(const struct run *r)
{
    return r->faults.hit && (r->faults.fault == FAULT_STOP || r->faults.fault == FAULT_STOP_AFTER);
}

static bool play_on(struct run *r, size_t wanted_ends, int64_t ms)
{
    for (int64_t ran = 0; ran < ms && ends(r) < wanted_ends && !stopped(r); ran += 1000) {
        answer_questions(r);
        rig_run(r->rig, 1000);
    }
    return !stopped(r);
}

bool run_on(struct run *r, int64_t ms)
{
    return play_on(r, 1, ms);
}

/* ---- what must hold */

#define HOLDS(r, condition)                                                                                  \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            broken((r), #condition);                                                                         \
        }                                                                                                    \
    } while (0)

static void broken(const struct run *r, const char *what)
{
    const struct rig *g = r->rig;
    for (size_t i = 0; i < g->chat->count; i++) {
        print_message("  %s [%s] %s\n", g->chat->messages[i].key, g->chat->messages[i].first,
                      g->chat->messages[i].card.title);
    }
    for (size_t i = 0; i < g->settled_count; i++) {
        print_message("  settled %d %s\n", (int)g->settled[i].how, operation_word(g->settled[i].state));
    }
    print_message("  taken %d, not taken %d (%s), UpdateService %llu, clicks %d\n", g->taken, g->refused_acks,
                  g->ack, (unsigned long long)fake_ecs_updates(g->world), r->clicks);
    fail_msg("%s, fault %d at call %d (%s): %s", r->play->name, (int)r->faults.fault, r->faults.at,
             r->faults.what, what);
}

static size_t keys_that_end(const struct fake_chat *c, const char *end)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        count += text_ends(c->messages[i].key, end) ? 1 : 0;
    }
    return count;
}

static bool has_twins(const struct fake_chat *c)
{
    for (size_t i = 0; i < c->count; i++) {
        for (size_t k = i + 1; k < c->count; k++) {
            if (strcmp(c->messages[i].key, c->messages[k].key) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Of the restart; what replaced it is followed too, and may well be done. */
static bool says_done(const struct fake_chat *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const char *title = c->messages[i].card.title, *first = c->messages[i].first;
        if ((strstr(title, "✅ DONE") != NULL && strstr(title, "restarted") != NULL) ||
            (strstr(first, "✅ DONE") != NULL && strstr(first, "restarted") != NULL)) {
            return true;
        }
    }
    return false;
}

static size_t open_operations;
static bool told;

static void on_loaded(struct store_loaded *l)
{
    assert_true(l->ok);
    open_operations = l->operation_count;
    told = true;
}

/* Operations that the store would carry on. */
static size_t count_open(struct run *r)
{
    struct store_loaded l = {.done = on_loaded};
    told = false;
    r->rig->store->ops->load(r->rig->store, &l);
    rig_run(r->rig, 1);
    assert_true(told);
    return open_operations;
}

static bool completed;

static void on_looked(struct ecs_look *l)
{
    const struct ecs_service *s = &l->snapshot->service;
    const struct ecs_deployment *primary = model_primary(s);
    completed = primary != NULL && primary->rollout == ECS_ROLLOUT_COMPLETED && s->running >= s->desired &&
                s->running > 0;
    told = true;
}

/* What the world itself says. */
static bool world_completed(struct run *r)
{
    struct ecs_look l = {.done = on_looked};
    TEXT_COPY(l.ref.cluster, r->rig->config->targets[0].cluster);
    TEXT_COPY(l.ref.service, "tak-cloudtak-cotak-prod");
    told = false;
    r->rig->world->ops->look(r->rig->world, &l);
    rig_run(r->rig, 100);
    assert_true(told);
    return completed;
}

/* The end was told, but to the life that a stop ended. */
static bool told_before(const struct run *r)
{
    return r->rig->life_count > 1 && keys_that_end(r->rig->chat, "/verdict") > 0;
}

/* After any fault: nothing hangs, nothing was done twice, nothing untrue was said. */
static void judge_first(struct run *r)
{
    const struct rig *g = r->rig;
    const bool never = r->faults.fault == FAULT_CHAT_NEVER;
    const size_t followed = strcmp(r->play->scenario, "superseded") == 0 ? 2 : 1; /* the next one by itself */
    const size_t verdicts = keys_that_end(g->chat, "/verdict");
    const uint64_t updates = fake_ecs_updates(g->world);
    HOLDS(r, g->taken + g->refused_acks == 1 + r->clicks); /* everybody got an ack */
    HOLDS(r, updates <= 1);
    HOLDS(r, g->settled_count > 0 || (g->taken == 0 && updates == 0) || told_before(r));
    HOLDS(r, ends(r) <= 1);
    HOLDS(r, count_open(r) == 0);
    HOLDS(r, keys_that_end(g->chat, "/card") <= followed);
    HOLDS(r, verdicts <= followed);
    HOLDS(r, updates == 0 || never || verdicts == followed);
    HOLDS(r, !has_twins(g->chat));
    HOLDS(r, !says_done(g->chat) || (r->play->may_succeed && updates == 1 && world_completed(r)));
    HOLDS(r, question(g->chat) == NULL || never);
}

/* Nothing that the fault left behind stands in the way of the next one. */
static void judge_second(struct run *r)
{
    struct rig *g = r->rig;
    const uint64_t updates = fake_ecs_updates(g->world);
    const size_t settled = g->settled_count, ended = ends(r);
    r->clicks = 0;
    rig_ask(g, "restart cotak prod");
    play_on(r, ended + 1, PATIENCE);
    HOLDS(r, ends(r) == ended + 1);
    HOLDS(r, fake_ecs_updates(g->world) == updates + 1);
    const enum operation_state end = g->settled[g->settled_count - 1].state;
    HOLDS(r, !r->play->may_succeed || end == OP_SUCCEEDED);
    HOLDS(r, g->settled_count > settled);
}

void run_judge(struct run *r)
{
    run_on(r, PATIENCE);
    /* messages that wait, after-care, and the memory of a restart that was just now */
    rig_run(r->rig, (strcmp(r->play->scenario, "superseded") == 0 ? 20 : 6) * MINUTE);
    judge_first(r);
    r->faults.at = 0; /* a call that the first restart did not have is none of the second either */
    if (!r->quick) {
        judge_second(r);
    }
}

void run_end(struct run *r)
{
    rig_finish(r->rig);
    mem_free(r->rig);
    while (r->faults.watching != NULL) {
        fail_msg("a watch was left behind");
    }
}

#define MOST  4000 /* calls of one restart */
#define DENSE 12

static int next_call(int at, int salt, bool all)
{
    return all || at < DENSE ? at + 1 : at + at / 4 + salt % 3;
}

int run_sweep(bool (*play)(const void *context, const struct play *p, int at), const void *context, int salt)
{
    const bool all = getenv("CLOUDTAK_FAULT_ALL") != NULL;
    int runs = 0;
    for (size_t i = 0; i < play_count; i++) {
        if (!all && (i + (size_t)salt) % 5 < 2) {
            continue;
        }
        int at = 1;
        while (at < MOST && play(context, &plays[i], at)) {
            at = next_call(at, salt, all);
            runs++;
        }
        assert_true(at < MOST);
    }
    return runs;
}
