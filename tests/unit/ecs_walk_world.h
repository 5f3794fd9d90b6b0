#ifndef TESTS_UNIT_ECS_WALK_WORLD_H
#define TESTS_UNIT_ECS_WALK_WORLD_H
/* A small pure ECS for random walks: one service, a second at a time, with what is true kept beside what is
 * shown. Deployments: the old one, ours, and one that somebody else begins. */
#include "ecs_follow_pen.h"

enum { W_OLD, W_MINE, W_NEWER, W_DEPLOYMENTS };
enum w_fate { W_SERVES, W_EXITS, W_UNHEALTHY, W_PULL_FAILS, W_FATES };
enum w_plan { W_NOTHING, W_PERSON_ROLLS_BACK, W_SUPERSEDES, W_ZERO, W_RAISE, W_MENDED, W_DELETED, W_PLANS };

#define W_TASKS  90
#define W_EVENTS 60

struct w_task {
    int number, by;
    int64_t created, started, stopping, stopped; /* s; -1 = not yet */
    enum w_fate fate;
    const char *code;
    char reason[160];
    int exit_code; /* -1 = none */
    bool healthy;
};

struct w_deployment {
    bool there;
    enum ecs_rollout rollout;
    int64_t created, updated, completed; /* completed: since the beginning; -1 = never */
    int failed;
};

struct walk_world {
    uint64_t random;
    struct follow_goal goal;
    int64_t t;
    int desired, primary, boot_s, health_s, drain_s, grace_s;
    bool balancer, breaker, rolls_back, no_rollout_state, deleted, going_back, mine_known;
    const char *mine_status; /* of its service deployment */
    enum w_fate fate;
    enum w_plan plan;
    int64_t plan_s, next_start;
    struct w_deployment d[W_DEPLOYMENTS];
    struct w_task tasks[W_TASKS];
    int task_count, numbers;
    struct {
        int64_t at;
        char text[200];
    } events[W_EVENTS]; /* newest last */
    int event_count, event_numbers;
    int64_t met_s; /* the last second in which the goal was met in truth; -1 = never */
    int serving;   /* in truth, now */
};

static const char *const w_ids[] = {OLD, MINE, NEWER};

static inline uint64_t w_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline int w_between(struct walk_world *w, int low, int high)
{
    return low + (int)(w_random(&w->random) % (uint64_t)(high - low + 1));
}

static inline bool w_chance(struct walk_world *w, int percent)
{
    return w_between(w, 0, 99) < percent;
}

static inline void w_event(struct walk_world *w, const char *text)
{
    if (w->event_count == W_EVENTS)
        memmove(&w->events[0], &w->events[1], (size_t)--w->event_count * sizeof w->events[0]);
    w->events[w->event_count].at = w->t;
    TEXT_FORMAT(w->events[w->event_count].text, "(service api) %s #%d", text, w->event_numbers++);
    w->event_count++;
}

/* ---- tasks */

static inline bool w_live(const struct w_task *k)
{
    return k->stopping < 0 && k->stopped < 0;
}

static inline bool w_runs(const struct w_task *k)
{
    return k->started >= 0 && k->stopped < 0;
}

static inline struct w_task *w_launch(struct walk_world *w, int by, enum w_fate fate)
{
    struct w_task *k;

    if (w->task_count == W_TASKS)
        memmove(&w->tasks[0], &w->tasks[1], (size_t)--w->task_count * sizeof w->tasks[0]);
    k = &w->tasks[w->task_count++];
    *k = (struct w_task){.number = w->numbers++,
                         .by = by,
                         .created = w->t,
                         .started = -1,
                         .stopping = -1,
                         .stopped = -1,
                         .fate = fate,
                         .code = "",
                         .exit_code = -1};
    return k;
}

static inline void w_stop(struct walk_world *w, struct w_task *k, const char *code, const char *reason)
{
    k->stopping = w->t;
    k->code = code;
    k->exit_code = k->started >= 0 ? 137 : -1;
    TEXT_COPY(k->reason, reason);
}

static inline void w_die(struct walk_world *w, struct w_task *k, const char *code, const char *reason,
                         int exit_code)
{
    w_stop(w, k, code, reason);
    k->stopped = w->t;
    k->exit_code = exit_code;
    k->healthy = false;
    w->d[k->by].failed++;
    w->next_start = w->t + (k->started < 0 ? 10 * w->d[k->by].failed : 3);
}

static inline void w_task_second(struct walk_world *w, struct w_task *k)
{
    int64_t age = w->t - k->created, ran = k->started >= 0 ? w->t - k->started : -1;

    if (k->stopped >= 0)
        return;
    if (k->stopping >= 0) {
        k->healthy = k->healthy && !w->balancer; /* it drains */
        if (w->t - k->stopping >= w->drain_s)
            k->stopped = w->t;
        return;
    }
    if (k->fate == W_PULL_FAILS && age >= w->boot_s / 2)
        w_die(w, k, "TaskFailedToStart", "CannotPullContainerError: manifest: not found", -1);
    else if (k->started < 0 && age >= w->boot_s)
        k->started = w->t;
    else if (k->fate == W_EXITS && ran >= 7)
        w_die(w, k, "EssentialContainerExited", "Essential container in task exited", 1);
    else if (k->fate == W_UNHEALTHY && ran >= (w->balancer ? w->grace_s + 60 : 30))
        w_die(w, k, "ServiceSchedulerInitiated", "Task failed container health checks", 137);
    else if (k->fate == W_SERVES && ran >= w->health_s)
        k->healthy = true;
}

/* ---- the service */

static inline int w_count(const struct walk_world *w, int by, bool healthy)
{
    int n = 0;

    for (int i = 0; i < w->task_count; i++)
        n += w->tasks[i].by == by && w_live(&w->tasks[i]) && (!healthy || w->tasks[i].healthy);
    return n;
}

static inline bool w_others_left(const struct walk_world *w)
{
    for (int i = 0; i < w->task_count; i++)
        if (w->tasks[i].by != w->primary && w->tasks[i].stopped < 0)
            return true;
    return false;
}

static inline void w_begin(struct walk_world *w, int which)
{
    w->primary = which;
    w->d[which].there = true;
    w->d[which].rollout = ECS_ROLLOUT_IN_PROGRESS;
    w->d[which].updated = w->t;
    w->next_start = w->t + 3;
}

static inline void w_go_back(struct walk_world *w)
{
    w->going_back = true;
    w->mine_status = "ROLLBACK_IN_PROGRESS";
    w_event(w, "rolling back to deployment " OLD ".");
    w_begin(w, W_OLD);
}

static inline void w_schedule(struct walk_world *w)
{
    int p = w->primary, live = w_count(w, p, false);
    bool ready = w_count(w, p, true) >= w->desired;
    char scaling[120];

    TEXT_FORMAT(scaling, "Scaling activity initiated by (deployment %s)", w_ids[p]);
    if (live < w->desired && w->t >= w->next_start && w->d[p].rollout != ECS_ROLLOUT_FAILED) {
        for (; live < w->desired; live++)
            w_launch(w, p, p == W_MINE || w->goal.kind != FOLLOW_DEPLOYMENT ? w->fate : W_SERVES);
        w_event(w, "has started 1 tasks: (task x).");
    }
    for (int i = 0; i < w->task_count; i++) {
        struct w_task *k = &w->tasks[i];

        if (!w_live(k) || (k->by == p ? live <= w->desired
                                      : !ready && w->d[k->by].rollout != ECS_ROLLOUT_FAILED &&
                                            !(w->going_back && k->by == W_MINE)))
            continue;
        live -= k->by == p;
        w_stop(w, k, "ServiceSchedulerInitiated", scaling);
    }
    if (w->d[p].rollout != ECS_ROLLOUT_IN_PROGRESS || !ready || w_others_left(w))
        return;
    w->d[p].rollout = ECS_ROLLOUT_COMPLETED;
    w->d[p].updated = w->d[p].completed = w->t;
    for (int i = 0; i < W_DEPLOYMENTS; i++)
        w->d[i].there = i == p;
    if (p == W_MINE)
        w->mine_status = "SUCCESSFUL";
    if (p == W_OLD && w->going_back)
        w->mine_status = "ROLLBACK_SUCCESSFUL";
    w_event(w, p == W_MINE ? "(deployment " MINE ") deployment completed." : "has reached a steady state.");
}

static inline void w_break(struct walk_world *w)
{
    struct w_deployment *mine = &w->d[W_MINE];

    if (w->primary != W_MINE || mine->rollout != ECS_ROLLOUT_IN_PROGRESS || !w->breaker || mine->failed < 3 ||
        w->no_rollout_state)
        return;
    mine->rollout = ECS_ROLLOUT_FAILED;
    mine->updated = w->t;
    w_event(w, "(deployment " MINE ") deployment failed: tasks failed to start.");
    if (w->rolls_back)
        w_go_back(w);
}

static inline void w_meddle(struct walk_world *w)
{
    if (w->t != w->plan_s)
        return;
    switch (w->plan) {
    case W_PERSON_ROLLS_BACK:
        if (w->primary == W_MINE && w->d[W_MINE].rollout == ECS_ROLLOUT_IN_PROGRESS)
            w_go_back(w);
        break;
    case W_SUPERSEDES:
        w->d[W_NEWER].created = w->t;
        if (strcmp(w->mine_status, "IN_PROGRESS") == 0)
            w->mine_status = "STOPPED";
        w_begin(w, W_NEWER);
        break;
    case W_ZERO: w->desired = 0; break;
    case W_RAISE: w->desired += 2; break;
    case W_MENDED: w->fate = W_SERVES; break;
    case W_DELETED: w->deleted = true; break;
    case W_NOTHING:
    case W_PLANS: break;
    }
}

/* ---- what is true */

static inline bool w_is_met(const struct walk_world *w)
{
    int healthy = 0, fresh = 0, left = 0;
    const struct follow_goal *g = &w->goal;

    for (int i = 0; i < w->task_count; i++) {
        const struct w_task *k = &w->tasks[i];
        bool replaced = k->created < 0;

        healthy += w_live(k) && k->healthy;
        fresh += w_live(k) && k->healthy && !replaced;
        left += g->kind == FOLLOW_COUNT ? k->stopped < 0 : replaced && k->stopped < 0;
    }
    switch (g->kind) {
    case FOLLOW_COUNT: return g->wanted == 0 ? left == 0 : healthy >= g->wanted;
    case FOLLOW_REPLACED: return left == 0 && fresh >= w->desired;
    case FOLLOW_BACK_TO: return w->going_back && w->d[W_OLD].completed >= 0;
    case FOLLOW_DEPLOYMENT: break;
    }
    return w->d[W_MINE].completed >= 0;
}

static inline void w_second(struct walk_world *w)
{
    w->t++;
    w_meddle(w);
    for (int i = 0; i < w->task_count; i++)
        w_task_second(w, &w->tasks[i]);
    if (!w->deleted) {
        w_break(w);
        w_schedule(w);
    }
    w->serving = 0;
    for (int i = 0; i < w->task_count; i++)
        w->serving += w_live(&w->tasks[i]) && w->tasks[i].healthy;
    if (w_is_met(w))
        w->met_s = w->t;
}

/* ---- what is shown */

static inline void w_draw_task(struct pen *p, const struct walk_world *w, const struct w_task *k)
{
    char id[16];
    int64_t age = w->t - k->created;
    struct ecs_task *to;

    TEXT_FORMAT(id, "%d", k->number);
    to = task(p, id, w_ids[k->by], "RUNNING", 0);
    to->created_ms = T0 + k->created * S;
    to->started_ms = k->started >= 0 ? T0 + k->started * S : k->created < 0 ? T0 + k->created * S : 0;
    to->stopping_ms = k->stopping >= 0 ? T0 + k->stopping * S : 0;
    to->stopped_ms = k->stopped >= 0 ? T0 + k->stopped * S : 0;
    if (!w_live(k))
        TEXT_COPY(to->desired_status, "STOPPED");
    TEXT_COPY(to->last_status, k->stopped >= 0   ? "STOPPED"
                               : k->started >= 0 ? "RUNNING"
                               : age < 5         ? "PROVISIONING"
                                                 : "PENDING");
    TEXT_COPY(to->stop_code, k->code);
    TEXT_COPY(to->stopped_reason, k->reason);
    to->container_count = 1;
    TEXT_COPY(to->containers[0].name, "api");
    to->containers[0].exited = k->stopped >= 0 && k->exit_code >= 0;
    to->containers[0].exit_code = k->exit_code;
    if (w->balancer && k->started >= 0 && k->stopped < 0)
        target(p, 0,
               k->stopping >= 0 ? ECS_TARGET_DRAINING
               : k->healthy     ? ECS_TARGET_HEALTHY
                                : ECS_TARGET_UNHEALTHY);
}

static inline void w_draw_deployment(struct pen *p, const struct walk_world *w, int which)
{
    const struct w_deployment *from = &w->d[which];
    struct ecs_deployment *to = deployment(p, w_ids[which], which == w->primary ? ECS_PRIMARY : ECS_ACTIVE,
                                           w->no_rollout_state ? ECS_ROLLOUT_ABSENT : from->rollout,
                                           which == w->primary ? w->desired : 0, 0);

    to->created_ms = T0 + from->created * S;
    to->updated_ms = T0 + from->updated * S;
    to->failed = from->failed;
    for (int i = 0; i < w->task_count; i++) {
        const struct w_task *k = &w->tasks[i];

        if (k->by != which || k->stopped >= 0)
            continue;
        to->running += k->started >= 0;
        to->pending += k->started < 0 && k->stopping < 0;
    }
    if (which == W_MINE && w->t < 3)
        to->desired = 0; /* 0 of 0 at first */
    p->s->service.running += to->running;
    p->s->service.pending += to->pending;
}

static inline void w_draw(const struct walk_world *w, struct pen *p, struct snapshot *s)
{
    fresh(p, s, w->t * S, w->desired);
    if (w->deleted) {
        unreadable(p, ECS_REFUSED, "there is no service api");
        s->missing = true;
        return;
    }
    s->service.target_groups = w->balancer;
    s->service.grace_seconds = w->grace_s;
    s->service.breaker = w->breaker;
    s->service.breaker_rollback = w->breaker && w->rolls_back;
    s->tasks_absence = ECS_SEEN;
    s->targets_absence = w->balancer ? ECS_SEEN : ECS_NOT_READ;
    w_draw_deployment(p, w, w->primary);
    for (int i = W_DEPLOYMENTS - 1; i >= 0; i--)
        if (i != w->primary && w->d[i].there)
            w_draw_deployment(p, w, i);
    for (int i = 0; i < w->task_count; i++)
        w_draw_task(p, w, &w->tasks[i]);
    for (int i = w->event_count - 1; i >= 0; i--)
        event(p, strchr(w->events[i].text, '#'), w->events[i].at * S, w->events[i].text);
    if (w->mine_known && !w->no_rollout_state) {
        history(p, MINE, w->mine_status, "", 0);
        if (w->d[W_NEWER].there)
            history(p, NEWER, "IN_PROGRESS", "", w->d[W_NEWER].created * S);
        if (w->goal.deployment_id[0])
            detail(p, w->mine_status);
    }
}

#endif
