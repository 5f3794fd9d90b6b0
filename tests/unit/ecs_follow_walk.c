/* A thousand random walks: a small ECS moves at random, and is shown at random: late, in part, from before,
 * or not at all. Whatever happens:
 *   - "succeeded" is never told while the goal is not met in truth
 *   - "served" is never said without a healthy target or a task that may serve, nor ever while everything is
 *     shown and in truth nothing serves
 *   - every run ends, or goes on reminding until it gives up
 *   - each ECS event and each dead task is told at most once, and no dead task that was shown is kept back
 *   - there is exactly one verdict, and silence after it
 * The seed of a walk that fails is printed; CLOUDTAK_WALK=SEED walks it alone, CLOUDTAK_WALKS=N walks more.
 */
#include <stdlib.h>

#include "ecs_walk_world.h"

#define WALKS     1000
#define SLOW_MS   (600 * S)
#define REMIND_MS (600 * S)
#define GIVE_UP_S 2400
#define STALE     3

struct walk {
    struct walk_world w;
    struct follow_state state;
    int noise; /* 0: all is shown as it is */
    int64_t missing_until_s, last_word_s;
    struct ecs_service stale[STALE]; /* [0] from before it began */
    int stale_count;
    bool told_event[4096], told_task[4096];
    int told_tasks;
    enum follow_verdict verdict;
};

static struct walk walk;
static struct snapshot shown;
static struct follow_output out;
static uint64_t seed_now;

static void hold(bool truth, const char *what)
{
    if (truth)
        return;
    print_message("walk %llu at %d s: %s (goal %d, verdict %s, served %d)\n", (unsigned long long)seed_now,
                  (int)walk.w.t, what, (int)walk.w.goal.kind, follow_verdict_word(walk.verdict),
                  (int)walk.state.served);
    fail();
}

/* ---- a walk's beginning */

static void set_out_goal(struct walk_world *w)
{
    static const enum follow_goal_kind kinds[] = {FOLLOW_DEPLOYMENT, FOLLOW_DEPLOYMENT, FOLLOW_DEPLOYMENT,
                                                  FOLLOW_COUNT,      FOLLOW_REPLACED,   FOLLOW_BACK_TO};

    w->goal = goal();
    w->goal.kind = kinds[w_between(w, 0, 5)];
    w->goal.wanted = w->desired;
    w->goal.slow_after_ms = SLOW_MS;
    w->goal.remind_every_ms = REMIND_MS;
    w->goal.give_up_after_ms = GIVE_UP_S * S;
}

/* What is done at second 0. */
static void act(struct walk_world *w)
{
    struct follow_goal *g = &w->goal;

    switch (g->kind) {
    case FOLLOW_COUNT:
        w->desired = g->wanted = w_between(w, 0, 4);
        g->deployment_id[0] = '\0';
        break;
    case FOLLOW_REPLACED:
        g->deployment_id[0] = '\0';
        for (int i = 0; i < w->task_count; i++) {
            TEXT_FORMAT(g->replaced[g->replaced_count++], "%d", w->tasks[i].number);
            w_stop(w, &w->tasks[i], "UserInitiated", "asked by bo");
        }
        break;
    case FOLLOW_BACK_TO:
        w->d[W_MINE].created = w->d[W_MINE].updated = -200;
        w->mine_known = true;
        w_begin(w, W_MINE);
        w->plan = W_PERSON_ROLLS_BACK;
        w->plan_s = w_between(w, 1, 20);
        break;
    case FOLLOW_DEPLOYMENT:
        w->mine_known = true;
        w_begin(w, W_MINE);
        break;
    }
}

static void set_out(uint64_t seed)
{
    struct walk_world *w = &walk.w;
    struct pen p;

    memset(&walk, 0, sizeof walk);
    w->random = seed;
    w->t = -400;
    w->boot_s = w_between(w, 10, 60);
    w->balancer = w_chance(w, 60);
    w->grace_s = w->balancer ? w_between(w, 0, 4) * 30 : 0;
    w->health_s = w->balancer ? w_between(w, 5, 90) : 40;
    w->drain_s = w_between(w, 2, 90);
    w->breaker = w_chance(w, 50);
    w->rolls_back = w_chance(w, 60);
    w->no_rollout_state = w_chance(w, 10);
    w->desired = w_between(w, 1, 4);
    w->mine_status = "IN_PROGRESS";
    w->met_s = -1000;
    for (int i = 0; i < W_DEPLOYMENTS; i++)
        w->d[i].created = w->d[i].updated = w->d[i].completed = i == W_OLD ? -4000 : i == W_MINE ? 0 : -1;
    w->d[W_MINE].completed = w->d[W_NEWER].completed = -1;
    w->d[W_OLD].there = true;
    w->d[W_OLD].rollout = ECS_ROLLOUT_COMPLETED;
    set_out_goal(w);
    while (w->t < 0)
        w_second(w);
    w->d[W_OLD].completed = -1; /* from here on it would be by a rollback */
    w->met_s = -1000;
    w_draw(w, &p, &shown);
    walk.stale[walk.stale_count++] = shown.service;
    walk.noise = w_between(w, 0, 2);
    w->fate = w_chance(w, 50) ? W_SERVES : (enum w_fate)w_between(w, 0, W_FATES - 1);
    w->plan = (enum w_plan)(w_chance(w, 50) ? W_NOTHING : w_between(w, 0, W_PLANS - 1));
    w->plan_s = w_between(w, 5, 400);
    if (w->goal.kind != FOLLOW_DEPLOYMENT && w->plan == W_PERSON_ROLLS_BACK)
        w->plan = W_NOTHING;
    act(w);
    if (w->no_rollout_state && w->plan == W_PERSON_ROLLS_BACK && w->goal.kind == FOLLOW_DEPLOYMENT)
        w->plan = W_NOTHING;
    follow_begin(&w->goal, &walk.state);
}

/* ---- how it is shown */

static void keep_stale(void)
{
    int at = walk.stale_count < STALE ? walk.stale_count++ : w_between(&walk.w, 1, STALE - 1);

    walk.stale[at] = shown.service;
}

static void show(void)
{
    struct walk_world *w = &walk.w;
    struct pen p;

    w_draw(w, &p, &shown);
    if (walk.noise == 0 || w->deleted)
        return;
    if (w_chance(w, 5 * walk.noise) && w->t < 40)
        shown.service = walk.stale[w_between(w, 0, walk.stale_count - 1)];
    else if (w_chance(w, 20) && w->t < 20)
        keep_stale();
    if (w_chance(w, 30))
        shown.tasks_absence = ECS_NOT_READ;
    if (w_chance(w, 15 * walk.noise) && w->balancer)
        shown.targets_absence = ECS_THROTTLED;
    if (w_chance(w, 50))
        shown.history_absence = ECS_REFUSED;
    if (w_chance(w, 50))
        shown.rollout_absence = ECS_UNSUPPORTED;
    if (w_chance(w, 4 * walk.noise))
        unreadable(&p, w_chance(w, 50) ? ECS_THROTTLED : ECS_UNREACHABLE, "");
    if (w_chance(w, walk.noise) && w->t > walk.missing_until_s + 100)
        walk.missing_until_s = w->t + 40;
    if (w->t < walk.missing_until_s) {
        unreadable(&p, ECS_REFUSED, "there is no service api");
        shown.missing = true;
    }
}

/* ---- what must hold */

static bool may_serve(const struct ecs_task *t)
{
    return strcmp(t->last_status, "RUNNING") == 0 && strcmp(t->desired_status, "STOPPED") != 0 &&
           (t->started_ms < T0 || shown.tasks_as_of_ms - t->started_ms >= 40 * S);
}

static bool any_may_serve(void)
{
    for (size_t i = 0; i < shown.target_count && shown.targets_absence == ECS_SEEN; i++)
        if (shown.targets[i].state == ECS_TARGET_HEALTHY)
            return true;
    for (size_t i = 0; i < shown.task_count && shown.targets_absence != ECS_SEEN; i++)
        if (may_serve(&shown.tasks[i]))
            return true;
    return false;
}

static void check_served(enum follow_served before)
{
    bool exact = walk.noise == 0 && (walk.w.balancer || walk.w.fate == W_SERVES);

    if (walk.state.served != SERVED_YES)
        return;
    if (before != SERVED_YES)
        hold(any_may_serve(), "served, and nothing that may serve was shown");
    hold(!exact || walk.w.serving > 0, "served, and in truth nothing serves");
}

static bool *mark_of(bool *marks, const char *number)
{
    long n = strtol(number, NULL, 10);

    assert_true(n >= 0 && n < 4096);
    return &marks[n];
}

static void check_told(void)
{
    for (size_t i = 0; i < out.count; i++) {
        const struct follow_event *e = &out.events[i];
        bool *mark = NULL;

        if (e->kind == FOLLOW_EVENT_ECS)
            mark = mark_of(walk.told_event, strchr(e->text, '#') + 1);
        if (e->kind == FOLLOW_EVENT_TASK_STOPPED)
            mark = mark_of(walk.told_task, e->task.id);
        if (mark) {
            hold(!*mark, "told twice");
            *mark = true;
        }
        if (e->kind == FOLLOW_EVENT_TASK_STOPPED)
            hold(!e->diagnosis.benign && e->number == ++walk.told_tasks, "a dead task is miscounted");
        if (e->kind == FOLLOW_EVENT_SLOW || e->kind == FOLLOW_EVENT_REMINDER ||
            e->kind == FOLLOW_EVENT_NOT_STABILISING)
            walk.last_word_s = walk.w.t;
    }
    hold(walk.w.t - walk.last_word_s <= (SLOW_MS + REMIND_MS) / S + 60, "silence");
}

static bool is_ours(const struct ecs_task *t)
{
    switch (walk.w.goal.kind) {
    case FOLLOW_DEPLOYMENT: return strcmp(t->started_by, MINE) == 0;
    case FOLLOW_BACK_TO: return strcmp(t->started_by, OLD) == 0;
    case FOLLOW_COUNT: return t->created_ms >= T0;
    case FOLLOW_REPLACED: break;
    }
    return t->created_ms >= T0;
}

/* Every dead task of ours that could be seen was told, sixteen a step. */
static void check_nothing_kept_back(void)
{
    int told = 0;

    for (size_t i = 0; i < out.count; i++)
        told += out.events[i].kind == FOLLOW_EVENT_TASK_STOPPED;
    if (told == 16)
        return;
    if (shown.tasks_absence != ECS_SEEN || shown.service_absence != ECS_SEEN || walk.verdict != VERDICT_NONE)
        return;
    for (size_t i = 0; i < shown.task_count; i++) {
        struct diagnosis d;
        const struct ecs_task *t = &shown.tasks[i];

        if (!is_ours(t) || strcmp(t->last_status, "STOPPED") != 0 || t->stopped_ms < T0)
            continue;
        diagnose_task(t, &d);
        hold(d.benign || *mark_of(walk.told_task, t->id), "a dead task was kept back");
    }
}

static void check_verdict(void)
{
    struct walk_world *w = &walk.w;
    int64_t ago = w->t - w->met_s;

    if (out.verdict == VERDICT_NONE)
        return;
    hold(walk.verdict == VERDICT_NONE, "a second verdict");
    walk.verdict = out.verdict;
    if (out.verdict != VERDICT_SUCCEEDED)
        return;
    if (w->no_rollout_state && w->goal.kind == FOLLOW_DEPLOYMENT)
        hold(w_count(w, W_MINE, false) >= w->desired, "succeeded by counts of nothing");
    else if (w->goal.kind == FOLLOW_DEPLOYMENT || w->goal.kind == FOLLOW_BACK_TO)
        hold(ago >= 0 && w->met_s > -1000, "succeeded, and the goal was never met");
    else
        hold(ago <= 90, "succeeded, and the goal is not met");
}

/* ---- a walk */

static void step(void)
{
    struct walk_world *w = &walk.w;
    enum follow_served before = walk.state.served;
    int seconds = w_chance(w, 80) ? 5 : w_between(w, 1, 45);

    while (seconds-- > 0)
        w_second(w);
    show();
    follow_step(&w->goal, &walk.state, &shown, T0 + w->t * S, &out);
    if (walk.verdict != VERDICT_NONE) {
        hold(out.count == 0 && out.verdict == VERDICT_NONE, "something after the verdict");
        return;
    }
    check_told();
    check_verdict();
    check_served(before);
    check_nothing_kept_back();
    if (w_chance(w, 3)) {
        json_t *saved = follow_save(&w->goal, &walk.state);
        struct err err;

        hold(follow_load(saved, &w->goal, &walk.state, &err), "a saved state cannot be loaded");
        json_decref(saved);
    }
}

static void go(uint64_t seed, int verdicts[VERDICT_STOPPED_FOLLOWING + 1])
{
    seed_now = seed;
    set_out(seed);
    while (walk.w.t < GIVE_UP_S + 60 && walk.verdict == VERDICT_NONE)
        step();
    hold(walk.verdict != VERDICT_NONE, "no end");
    for (int i = 0; i < 3; i++)
        step();
    verdicts[walk.verdict]++;
}

static void test_walks(void **unused)
{
    const char *only = getenv("CLOUDTAK_WALK"), *more = getenv("CLOUDTAK_WALKS");
    uint64_t walks = more ? strtoull(more, NULL, 10) : WALKS;
    int verdicts[VERDICT_STOPPED_FOLLOWING + 1] = {0};

    (void)unused;
    if (only) {
        go(strtoull(only, NULL, 10), verdicts);
        return;
    }
    for (uint64_t seed = 1; seed <= walks; seed++)
        go(seed, verdicts);
    for (int i = VERDICT_SUCCEEDED; i <= VERDICT_STOPPED_FOLLOWING; i++) {
        print_message("%s: %d\n", follow_verdict_word((enum follow_verdict)i), verdicts[i]);
        assert_true(verdicts[i] > 10); /* walks that never get there would prove nothing */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_walks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
