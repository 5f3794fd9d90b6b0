/* The service scheduler: what ECS does at each of its looks at a service, in this order: replace and launch,
 * register, stop what is older or too many, judge the deployment. The minimum healthy percentage is 100, the
 * maximum 200, as CloudTAK's services have it, where the scenario does not say otherwise. */
#include "sim/world_ecs_private.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/text.h"

#define TICK_MS        5000 /* between two looks while something moves */
#define LAUNCH_A_LOOK  10
#define BACKOFF_FIRST  10000
#define BACKOFF_MOST   (15 * 60 * INT64_C(1000))
#define COMPLAIN_AFTER 3
#define COMPLAIN_EVERY (6 * 3600 * INT64_C(1000)) /* the same event is not repeated earlier */
#define DEADLOCK_AFTER 30000
#define LIST_TEXT_MAX  1500

int sim_minimum_percent(const struct world_ecs *w)
{
    return w->scenario->minimum_percent != 0 ? w->scenario->minimum_percent : 100;
}

int sim_maximum_percent(const struct world_ecs *w)
{
    return w->scenario->maximum_percent != 0 ? w->scenario->maximum_percent : 200;
}

static bool of_primary(const struct sim_service *s, const struct sim_task *t)
{
    return t->deployment == s->deployments[0].number;
}

static int count_if(const struct sim_service *s, bool primary_only, bool (*fits)(const struct sim_task *t))
{
    int count = 0;
    for (const struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        count += (!primary_only || of_primary(s, t)) && fits(t);
    }
    return count;
}

static bool serving(const struct sim_task *t)
{
    return t->phase == PHASE_SERVING;
}

static bool unstopped(const struct sim_task *t)
{
    return t->phase != PHASE_STOPPED;
}

static void list_task(struct buf *list, const struct sim_task *t)
{
    buf_format(list, "%s(task %s)", list->len > 0 ? " " : "", t->id);
}

/* Tasks that never reach RUNNING are started later and later; those that do, at once. */
static bool may_launch(struct world_ecs *w, struct sim_service *s)
{
    if (s->start_failures == 0) {
        return true;
    }
    if (s->launch_after_ms == 0) {
        int64_t wait = BACKOFF_FIRST;
        for (int i = 1; i < s->start_failures && wait < BACKOFF_MOST; i++) {
            wait *= 2;
        }
        s->launch_after_ms = w->now_ms + (wait < BACKOFF_MOST ? wait : BACKOFF_MOST);
    }
    return w->now_ms >= s->launch_after_ms;
}

/* An event of this kind is due again, and said now. */
static bool may_say(const struct world_ecs *w, int64_t *said_ms)
{
    if (*said_ms != 0 && w->now_ms - *said_ms < COMPLAIN_EVERY) {
        return false;
    }
    *said_ms = w->now_ms;
    return true;
}

static void complain(struct world_ecs *w, struct sim_service *s)
{
    int failures =
        s->deployments[0].failed > s->start_failures ? s->deployments[0].failed : s->start_failures;
    /* what was never placed did not fail to start */
    if (failures < COMPLAIN_AFTER || s->unplaced_ms != 0 || !may_say(w, &s->complained_ms)) {
        return;
    }
    sim_event(w, s,
              "is unable to consistently start tasks successfully. For more information, see the "
              "Troubleshooting section of the Amazon ECS Developer Guide.");
}

/* No capacity: nothing appears, and the next try comes later and later. */
static bool unplaced(struct world_ecs *w, struct sim_service *s)
{
    if (w->scenario->fate != FATE_UNPLACED || !sim_doomed(w, s, s->deployments[0].revision)) {
        return false;
    }
    s->start_failures++;
    if (may_say(w, &s->unplaced_ms)) {
        sim_event(w, s, "was unable to place a task. Reason: %s", w->scenario->placement_reason);
    }
    return true;
}

static int percent(int desired, int of_hundred, bool up)
{
    return (desired * of_hundred + (up ? 99 : 0)) / 100;
}

static int most_tasks(const struct world_ecs *w, const struct sim_service *s)
{
    return percent(s->desired, sim_maximum_percent(w), false);
}

static int least_tasks(const struct world_ecs *w, const struct sim_service *s)
{
    return percent(s->desired, sim_minimum_percent(w), true);
}

static bool breaker_opens(const struct sim_service *s)
{
    const struct sim_deployment *d = &s->deployments[0];
    return d->rollout == ROLLOUT_IN_PROGRESS && s->breaker && d->failed >= sim_breaker_threshold(s);
}

static void launch(struct world_ecs *w, struct sim_service *s)
{
    struct sim_deployment *d = &s->deployments[0];
    int missing = s->desired - count_if(s, true, sim_task_live);
    int room = most_tasks(w, s) - count_if(s, false, sim_task_live);
    if (missing > room) {
        missing = room;
    }
    if (missing <= 0 || d->rollout == ROLLOUT_FAILED || breaker_opens(s) || !may_launch(w, s)) {
        return;
    }
    s->launch_after_ms = 0;
    if (unplaced(w, s)) {
        return;
    }
    int replaced = 0;
    for (struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        replaced += t->replaced;
        t->replaced = false;
    }
    struct buf list;
    buf_init(&list, LIST_TEXT_MAX);
    int started = missing < LAUNCH_A_LOOK ? missing : LAUNCH_A_LOOK;
    for (int i = 0; i < started; i++) {
        list_task(&list, sim_task_launch(w, s, d));
    }
    if (replaced > 0) {
        sim_event(w, s, "has started %d tasks: %s. Amazon ECS replaced %d tasks due to an unhealthy status.",
                  started, list.data, replaced);
    } else {
        sim_event(w, s, "has started %d tasks: %s.", started, list.data);
    }
    buf_finish(&list);
    s->steady = false;
}

static void keep_targets(struct world_ecs *w, struct sim_service *s)
{
    if (s->row->target_group[0] == '\0') {
        return;
    }
    int in = 0, out = 0;
    for (struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        if (sim_task_running(t) && !t->registered) {
            t->registered = true;
            in++;
        } else if (!sim_task_live(t) && t->registered) {
            t->registered = false;
            out++;
        }
    }
    char arn[256];
    sim_target_group_arn(s, arn, sizeof(arn));
    if (in > 0) {
        sim_event(w, s, "registered %d targets in (target-group %s)", in, arn);
    }
    if (out > 0) {
        sim_event(w, s, "deregistered %d targets in (target-group %s)", out, arn);
    }
}

/* How many tasks to stop, by what they do now. */
struct cut {
    int pending, booting, serving;
};

static int *cut_of(struct cut *c, const struct sim_task *t)
{
    return sim_task_pending(t) ? &c->pending : serving(t) ? &c->serving : &c->booting;
}

/* Stops that many tasks of PRIMARY, or of the others. */
static void stop_tasks(struct world_ecs *w, struct sim_service *s, bool primary, struct cut left)
{
    char reason[128];
    TEXT_FORMAT(reason, "Scaling activity initiated by (deployment ecs-svc/%" PRIu64 ")",
                s->deployments[0].number);
    struct buf list;
    buf_init(&list, LIST_TEXT_MAX);
    int draining = 0, running = 0, pending = 0;
    for (struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        if (!sim_task_live(t) || of_primary(s, t) != primary || *cut_of(&left, t) <= 0) {
            continue;
        }
        --*cut_of(&left, t);
        if (sim_task_pending(t)) {
            pending++;
        } else {
            running++;
            list_task(&list, t);
        }
        sim_task_stop(w, s, t, true, "ServiceSchedulerInitiated", reason);
        draining += t->phase == PHASE_DRAINING;
    }
    if (draining > 0) {
        sim_event(w, s, "has begun draining connections on %d tasks.", draining);
    }
    if (running > 0) {
        sim_event(w, s, "has stopped %d running tasks: %s.", running, list.data);
    }
    if (pending > 0) {
        sim_event(w, s, "stopped %d pending tasks.", pending);
    }
    buf_finish(&list);
}

static int at_most(int value, int ceiling)
{
    return value < ceiling ? value : ceiling;
}

static struct cut count_tasks(const struct sim_service *s, bool primary)
{
    struct cut c = {0, 0, 0};
    for (const struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        if (sim_task_live(t) && of_primary(s, t) == primary) {
            ++*cut_of(&c, t);
        }
    }
    return c;
}

/* Surplus tasks go at once, the least useful first. Older ones go as soon as enough healthy ones are there
 * without them. */
static void stop_older(struct world_ecs *w, struct sim_service *s)
{
    struct cut new = count_tasks(s, true), old = count_tasks(s, false), cut;
    int surplus = new.pending + new.booting + new.serving - s->desired;
    if (surplus > 0) {
        cut.pending = at_most(new.pending, surplus);
        cut.booting = at_most(new.booting, surplus - cut.pending);
        cut.serving = surplus - cut.pending - cut.booting;
        stop_tasks(w, s, true, cut);
        new.serving -= cut.serving;
    }
    if (sim_hook_holds(w, s, new.serving >= s->desired)) {
        return;
    }
    int spare = new.serving + old.serving - least_tasks(w, s);
    old.serving = spare < 0 ? 0 : at_most(old.serving, spare);
    stop_tasks(w, s, false, old);
}

/* New tasks are wanted, the maximum leaves no room, and the minimum lets nobody go. */
static void find_deadlock(struct world_ecs *w, struct sim_service *s)
{
    const struct sim_deployment *d = &s->deployments[0];
    bool missing = d->rollout == ROLLOUT_IN_PROGRESS && count_if(s, true, sim_task_live) < s->desired;
    bool stuck = missing && count_if(s, false, unstopped) >= most_tasks(w, s) &&
                 count_if(s, false, serving) == count_if(s, false, unstopped) &&
                 count_if(s, false, serving) <= least_tasks(w, s);
    if (stuck && w->now_ms - d->created_ms >= DEADLOCK_AFTER && may_say(w, &s->deadlock_ms)) {
        sim_event(w, s,
                  "was unable to stop or start tasks during a deployment because of the service deployment "
                  "configuration. Update the minimumHealthyPercent or maximumPercent value and try again.");
    }
}

/* Deployments whose last task is gone leave the list; the last completed one stays until PRIMARY is. */
static void drop_older(struct sim_service *s)
{
    size_t kept = 1;
    for (size_t i = 1; i < s->deployment_count; i++) {
        bool needed = s->deployments[i].rollout == ROLLOUT_COMPLETED;
        for (const struct sim_task *t = s->tasks; t != NULL && !needed; t = t->next) {
            needed = t->deployment == s->deployments[i].number && unstopped(t);
        }
        if (needed) {
            s->deployments[kept++] = s->deployments[i];
        }
    }
    s->deployment_count = kept;
}

/* True when nothing is left to do. */
static bool judge(struct world_ecs *w, struct sim_service *s)
{
    struct sim_deployment *d = &s->deployments[0];
    bool all_serve =
        count_if(s, true, serving) == s->desired && count_if(s, true, sim_task_live) == s->desired;
    int older = count_if(s, false, unstopped) - count_if(s, true, unstopped);
    if (d->rollout == ROLLOUT_IN_PROGRESS && all_serve && older == 0) {
        sim_rollout_complete(w, s);
    }
    if (breaker_opens(s)) {
        sim_rollout_fail(w, s, BACK_BY_BREAKER);
    }
    d = &s->deployments[0];
    if (d->rollout == ROLLOUT_FAILED) {
        return older == 0 && count_if(s, false, sim_task_live) == count_if(s, true, sim_task_live);
    }
    return d->rollout == ROLLOUT_COMPLETED && all_serve;
}

void sim_schedule(struct world_ecs *w, struct sim_service *s)
{
    sim_record_goes_on(s);
    complain(w, s);
    launch(w, s);
    stop_older(w, s);
    keep_targets(w, s);
    find_deadlock(w, s);
    drop_older(s);
    bool done = judge(w, s);
    for (size_t i = 0; i < s->deployment_count; i++) {
        struct sim_deployment *d = &s->deployments[i];
        d->desired = i == 0 && d->rollout != ROLLOUT_FAILED ? s->desired : 0;
        if (i == 0) {
            continue;
        }
        for (const struct sim_task *t = s->tasks; t != NULL; t = t->next) {
            d->desired += t->deployment == d->number && sim_task_live(t);
        }
    }
    if (!done) {
        s->tick_ms = w->now_ms + TICK_MS;
        return;
    }
    s->tick_ms = SIM_NEVER;
    if (!s->steady && s->deployments[0].rollout == ROLLOUT_COMPLETED) {
        s->steady = true;
        sim_event(w, s, "has reached a steady state.");
        s->steady_ms = w->now_ms + 6 * 3600 * INT64_C(1000);
    }
}
