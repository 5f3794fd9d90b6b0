#include "lib_ecs.h"

#include <string.h>

#include "lib/check.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define SECOND 1000LL
#define MINUTE 60000LL
#define SHOWN  6 /* rounds that a stopped task is still listed */

static int64_t now(const struct script_ecs *f)
{
    return f->epoch_ms + clock_boot(loop_clock(f->loop));
}

/* ---- what the service shows */

static struct ecs_deployment *add(struct ecs_service *s, const char *id, enum ecs_deployment_status status,
                                  enum ecs_rollout rollout, int desired, int running, int64_t created)
{
    struct ecs_deployment *d = &s->deployments[s->deployment_count++];
    *d = (struct ecs_deployment){.status = status,
                                 .rollout = rollout,
                                 .desired = desired,
                                 .running = running,
                                 .created_ms = created,
                                 .updated_ms = created};
    TEXT_COPY(d->id, id);
    TEXT_COPY(d->task_definition, "tak-cloudtak-cotak-prod:7");
    return d;
}

static void add_event(struct ecs_service *s, int64_t at, const char *message)
{
    memmove(&s->events[1], &s->events[0], s->event_count * sizeof(s->events[0]));
    s->event_count++;
    struct ecs_event *e = &s->events[0];
    *e = (struct ecs_event){.created_ms = at};
    TEXT_FORMAT(e->id, "event-%lld-%zu", (long long)at, strlen(message));
    TEXT_COPY(e->message, message);
}

static struct ecs_task *add_task(struct snapshot *s, const char *id, const char *by, int64_t started)
{
    struct ecs_task *t = &s->tasks[s->task_count++];
    *t = (struct ecs_task){.created_ms = started - 20 * SECOND, .started_ms = started, .container_count = 1};
    TEXT_COPY(t->id, id);
    TEXT_COPY(t->started_by, by);
    TEXT_COPY(t->last_status, "RUNNING");
    TEXT_COPY(t->desired_status, "RUNNING");
    TEXT_COPY(t->health, "HEALTHY");
    TEXT_COPY(t->containers[0].name, "api");
    return t;
}

static void add_crashed(struct snapshot *s, int number, int64_t stopped)
{
    char id[32];
    TEXT_FORMAT(id, "crashed%d", number);
    struct ecs_task *t = add_task(s, id, NEW_DEPLOYMENT, stopped - 48 * SECOND);
    t->stopped_ms = t->stopping_ms = stopped;
    TEXT_COPY(t->last_status, "STOPPED");
    TEXT_COPY(t->desired_status, "STOPPED");
    TEXT_COPY(t->stop_code, "EssentialContainerExited");
    TEXT_COPY(t->stopped_reason, "Essential container in task exited");
    TEXT_COPY(t->health, "UNKNOWN");
    t->containers[0].exited = true;
    t->containers[0].exit_code = 1;
}

static void before(const struct script_ecs *f, struct snapshot *s)
{
    const int64_t long_ago = now(f) - 86400 * SECOND;
    add(&s->service, OLD_DEPLOYMENT, ECS_PRIMARY,
        f->foreign_deployment ? ECS_ROLLOUT_IN_PROGRESS : ECS_ROLLOUT_COMPLETED, f->running, f->running,
        f->foreign_deployment ? now(f) - 2 * MINUTE : long_ago);
    for (int i = 0; i < f->running; i++) {
        add_task(s, i == 0 ? "old0" : "old1", OLD_DEPLOYMENT, long_ago);
    }
}

static void succeeding(const struct script_ecs *f, struct snapshot *s, int64_t e, int64_t pace)
{
    const int n = f->running > 0 ? f->running : f->last_desired;
    const int64_t t0 = f->redeployed_ms;
    const bool run = e >= MINUTE * pace, drain = e >= 3 * MINUTE * pace, done = e >= 8 * MINUTE * pace;
    struct ecs_deployment *mine =
        add(&s->service, f->newest, ECS_PRIMARY, done ? ECS_ROLLOUT_COMPLETED : ECS_ROLLOUT_IN_PROGRESS, n,
            run ? n : 0, t0);
    mine->pending = run ? 0 : n;
    if (strcmp(f->newest, OTHER_DEPLOYMENT) == 0 && f->redeploys > 0 && !done) {
        add(&s->service, NEW_DEPLOYMENT, ECS_ACTIVE, ECS_ROLLOUT_IN_PROGRESS, 0, 0, t0 - SECOND); /* ours */
    }
    if (!done && f->running > 0) {
        add(&s->service, OLD_DEPLOYMENT, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, drain ? 0 : f->running,
            f->running, t0 - 86400 * SECOND);
    }
    add_event(&s->service, t0 + SECOND, "(service x) has started 2 tasks: (task new0) (task new1).");
    for (int i = 0; run && i < n; i++) {
        add_task(s, i == 0 ? "new0" : "new1", f->newest, t0 + MINUTE * pace);
    }
    if (done) {
        char completed[120];
        TEXT_FORMAT(completed, "(service x) (deployment %s) deployment completed.", f->newest);
        add_event(&s->service, t0 + 8 * MINUTE * pace, completed);
        add_event(&s->service, t0 + 8 * MINUTE * pace, "(service x) has reached a steady state.");
    }
}

static void crashing(const struct script_ecs *f, struct snapshot *s, int64_t e)
{
    const int64_t t0 = f->redeployed_ms;
    struct ecs_deployment *mine =
        add(&s->service, NEW_DEPLOYMENT, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, f->running, 0, t0);
    const int64_t in_round = e % (100 * SECOND); /* each task is pulled for 52 s and lives for 48 s */
    mine->running = in_round >= 52 * SECOND && e < f->crashes * 100 * SECOND ? 1 : 0;
    mine->pending = 1 - mine->running;
    add(&s->service, OLD_DEPLOYMENT, ECS_ACTIVE, ECS_ROLLOUT_COMPLETED, f->running, f->running,
        t0 - 86400 * SECOND);
    for (int i = 1; i <= f->crashes && e >= i * 100 * SECOND; i++) {
        if (e < (i + SHOWN) * 100 * SECOND) {
            add_crashed(s, i, t0 + i * 100 * SECOND);
        }
        mine->failed = i;
    }
}

static void rolled_back(const struct script_ecs *f, struct snapshot *s, int64_t e)
{
    const int64_t t0 = f->redeployed_ms;
    if (e < 300 * SECOND) {
        crashing(f, s, e);
        return;
    }
    add(&s->service, OLD_DEPLOYMENT, ECS_PRIMARY, ECS_ROLLOUT_COMPLETED, f->running, f->running,
        t0 - 86400 * SECOND);
    for (int i = 1; i <= 3; i++) {
        add_crashed(s, i, t0 + i * 100 * SECOND - SECOND);
    }
    add_event(&s->service, t0 + 300 * SECOND,
              "(service x) (deployment " NEW_DEPLOYMENT ") deployment failed: tasks failed to start.");
    add_event(&s->service, t0 + 300 * SECOND + 1,
              "(service x) rolling back to deployment " OLD_DEPLOYMENT ".");
}

static void after(const struct script_ecs *f, struct snapshot *s, int64_t e)
{
    switch (f->script) {
    case SCRIPT_OK: succeeding(f, s, e, 1); return;
    case SCRIPT_SLOW: succeeding(f, s, e, 3); return;
    case SCRIPT_CRASH_LOOP: crashing(f, s, e); return;
    case SCRIPT_ROLLED_BACK: rolled_back(f, s, e); return;
    case SCRIPT_SUPERSEDED:
        succeeding(f, s, e < 100 * SECOND ? e : 100 * SECOND, 1);
        if (e >= 100 * SECOND) {
            s->service.deployments[0].status = ECS_ACTIVE;
            add(&s->service, OTHER_DEPLOYMENT, ECS_PRIMARY, ECS_ROLLOUT_IN_PROGRESS, f->running, 0,
                f->redeployed_ms + 100 * SECOND);
        }
        return;
    }
}

static void show(struct script_ecs *f, struct snapshot *s)
{
    const int64_t e = now(f) - f->redeployed_ms;
    memset(s, 0, sizeof(*s));
    s->service_as_of_ms = s->tasks_as_of_ms = now(f);
    s->history_absence = ECS_UNSUPPORTED;
    s->missing = f->missing;
    struct ecs_service *service = &s->service;
    TEXT_COPY(service->name, "tak-cloudtak-cotak-prod");
    TEXT_COPY(service->status, "ACTIVE");
    TEXT_COPY(service->controller, f->controller);
    TEXT_COPY(service->strategy, "REPLICA");
    TEXT_COPY(service->task_definition, "tak-cloudtak-cotak-prod:7");
    service->minimum_healthy_percent = f->minimum;
    service->maximum_percent = f->maximum;
    service->breaker = f->script == SCRIPT_ROLLED_BACK;
    service->desired = f->redeployed_ms != 0 && f->last_desired >= 0 ? f->last_desired : f->running;
    if (f->blind) {
        s->service_absence = s->tasks_absence = ECS_UNREACHABLE;
        TEXT_COPY(s->trouble, "ecs is unreachable");
        return;
    }
    if (f->redeployed_ms == 0 || e < f->stale_ms) {
        before(f, s);
    } else {
        if (e >= f->blind_from_ms && e < f->blind_to_ms) {
            s->service_absence = s->tasks_absence = ECS_THROTTLED;
            TEXT_COPY(s->trouble, "ThrottlingException: Rate exceeded");
            return;
        }
        for (int i = 0; i < f->running; i++) {
            add_task(s, i == 0 ? "old0" : "old1", OLD_DEPLOYMENT, f->redeployed_ms - 86400 * SECOND);
        }
        after(f, s, e);
    }
    for (size_t i = 0; i < service->deployment_count; i++) {
        service->running += service->deployments[i].running;
        service->pending += service->deployments[i].pending;
    }
}

/* ---- answers */

struct pending {
    struct loop_timer timer;
    struct ecs_door *door;
    struct ecs_identify *identify;
    struct ecs_look *look;
    struct ecs_redeploy *redeploy;
    struct ecs_names *names;
    struct ecs_tail *tail;
};

static void point(const struct script_ecs *f)
{
    if (f->point != NULL) {
        f->point(f->user);
    }
}

static void deliver(struct loop_timer *t)
{
    struct pending *p = t->user;
    const struct pending copy = *p;
    static char name[1][ECS_NAME] = {"tak-cloudtak-cotak-prod-api"};
    mem_free(p);
    if (copy.door->shut) {
        return;
    }
    if (copy.identify != NULL) {
        copy.identify->done(copy.identify);
    } else if (copy.look != NULL) {
        show(copy.door->fake, copy.door->scratch);
        TEXT_FORMAT(copy.door->scratch->service.arn,
                    "arn:aws-us-gov:ecs:us-gov-east-1:123456789012:service/tak-vpc-cotak-prod/%s",
                    copy.look->ref.service);
        copy.look->snapshot = copy.door->scratch;
        copy.look->done(copy.look);
    } else if (copy.redeploy != NULL) {
        point(copy.door->fake);
        if (copy.door->shut) {
            return;
        }
        copy.redeploy->done(copy.redeploy);
    } else if (copy.tail != NULL) {
        copy.tail->done(copy.tail);
    } else {
        copy.names->ok = true;
        copy.names->names = name;
        copy.names->count = copy.names->clusters && copy.door->fake->no_clusters ? 0 : 1;
        copy.names->done(copy.names);
    }
}

static void answer(struct ecs_door *door, const struct pending *what, int64_t ms)
{
    struct pending *p = mem_alloc(sizeof(*p));
    *p = *what;
    p->door = door;
    p->timer = (struct loop_timer){.fire = deliver, .user = p};
    loop_timer_start(door->fake->loop, &p->timer, ms);
}

static void identify(struct ecs *e, struct ecs_identify *r)
{
    struct ecs_door *door = (struct ecs_door *)e;
    if (!door->shut) {
        r->ok = true;
        TEXT_COPY(r->account, door->fake->account);
        TEXT_COPY(r->partition, "aws-us-gov");
        answer(door, &(struct pending){.identify = r}, 1);
    }
}

static void look(struct ecs *e, struct ecs_look *r)
{
    struct ecs_door *door = (struct ecs_door *)e;
    if (!door->shut) {
        door->fake->looks++;
        point(door->fake);
        answer(door, &(struct pending){.look = r}, door->fake->answer_ms);
    }
}

static void begin(struct script_ecs *f, const char *id)
{
    f->newest = id;
    f->redeployed_ms = now(f);
}

void script_ecs_execute(struct script_ecs *f)
{
    begin(f, ++f->redeploys > 1 ? AGAIN_DEPLOYMENT : NEW_DEPLOYMENT);
}

static void foreign_begins(struct loop_timer *t)
{
    begin(t->user, OTHER_DEPLOYMENT);
}

static void executed_late(struct loop_timer *t)
{
    script_ecs_execute(t->user);
}

static void later(struct script_ecs *f, int64_t ms, void (*fire)(struct loop_timer *t))
{
    f->later = (struct loop_timer){.fire = fire, .user = f};
    loop_timer_start(f->loop, &f->later, ms);
}

static void redeploy(struct ecs *e, struct ecs_redeploy *r)
{
    struct ecs_door *door = (struct ecs_door *)e;
    struct script_ecs *f = door->fake;
    if (door->shut) {
        return;
    }
    f->sent++;
    f->sent_ms = now(f);
    if (f->sending != NULL) {
        f->sending(f->user);
    }
    point(f);
    if (door->shut) {
        return;
    }
    if (f->refuse) {
        err_set(&r->err, ERR_DENIED, "AccessDeniedException: not authorized to perform: ecs:UpdateService");
        answer(door, &(struct pending){.redeploy = r}, 50);
        return;
    }
    const char *older = f->redeployed_ms != 0 ? f->newest : OLD_DEPLOYMENT;
    older = f->overtaken ? OTHER_DEPLOYMENT : older;
    if (f->sent == 1 && f->late_ms > 0) {
        later(f, f->late_ms, executed_late);
    } else if (!f->drop_call) {
        script_ecs_execute(f);
        f->last_desired = r->desired;
    }
    if (f->sent == 1 && f->foreign_ms > 0) {
        later(f, f->foreign_ms, foreign_begins);
    }
    r->ok = !f->lose_reply && !f->drop_call && !loop_timer_armed(&f->later);
    r->uncertain = !r->ok;
    err_set(&r->err, ERR_TIMEOUT, "no answer within 5 s");
    TEXT_COPY(r->deployment_id, f->newest);
    TEXT_COPY(r->older_id, older);
    TEXT_COPY(r->request_id, "11111111-2222-3333-4444-555555555555");
    r->created_ms = f->redeployed_ms;
    r->answered_desired = r->desired >= 0 ? r->desired : f->running;
    answer(door, &(struct pending){.redeploy = r}, r->ok ? 100 : 5000);
}

static void names(struct ecs *e, struct ecs_names *r)
{
    struct ecs_door *door = (struct ecs_door *)e;
    if (!door->shut) {
        answer(door, &(struct pending){.names = r}, 1);
    }
}

static void tail(struct ecs *e, struct ecs_tail *r)
{
    static const char *const lines[] = {"ok - retrying... (5/5)",
                                        "not ok - terminating due to lack of postgres connection"};
    struct ecs_door *door = (struct ecs_door *)e;
    if (!door->shut) {
        r->ok = true;
        for (; r->count < 2; r->count++) {
            TEXT_COPY(r->lines[r->count], lines[r->count]);
            r->at_ms[r->count] = now(door->fake);
        }
        answer(door, &(struct pending){.tail = r}, door->fake->tail_ms);
    }
}

/* ---- watches */

static void poll(struct loop_timer *t)
{
    struct ecs_door *door = t->user;
    struct ecs_watch *next;
    if (door->shut) {
        return;
    }
    for (struct ecs_watch *w = door->watches; w != NULL; w = next) {
        next = w->next;
        show(door->fake, door->scratch);
        if (w->wants_tasks != NULL && !w->wants_tasks(w, door->scratch)) {
            door->scratch->tasks_absence = ECS_NOT_READ;
            door->scratch->task_count = 0;
        }
        w->seen(w, door->scratch);
    }
    if (door->watches != NULL) {
        loop_timer_start(door->fake->loop, &door->poll, door->fake->poll_ms);
    }
}

static void watch(struct ecs *e, struct ecs_watch *w)
{
    struct ecs_door *door = (struct ecs_door *)e;
    w->next = door->watches;
    w->prev = NULL;
    if (w->next != NULL) {
        w->next->prev = w;
    }
    door->watches = w;
    if (!loop_timer_armed(&door->poll)) {
        loop_timer_start(door->fake->loop, &door->poll, door->fake->poll_ms);
    }
}

static void unwatch(struct ecs *e, struct ecs_watch *w)
{
    struct ecs_door *door = (struct ecs_door *)e;
    if (w->next != NULL) {
        w->next->prev = w->prev;
    }
    *(w->prev != NULL ? &w->prev->next : &door->watches) = w->next;
    if (door->watches == NULL) {
        loop_timer_stop(door->fake->loop, &door->poll);
    }
}

static const char *endpoint_note(struct ecs *e, int session)
{
    (void)e;
    (void)session;
    return "";
}

static int64_t interval_ms(struct ecs *e, int session)
{
    (void)session;
    return ((struct ecs_door *)e)->fake->poll_ms;
}

void script_ecs_init(struct script_ecs *f, struct loop *loop)
{
    *f = (struct script_ecs){.loop = loop,
                             .running = 2,
                             .controller = "ECS",
                             .account = "123456789012",
                             .crashes = 4,
                             .minimum = 100,
                             .maximum = 200,
                             .poll_ms = 5000,
                             .answer_ms = 50,
                             .tail_ms = 200,
                             .last_desired = -1,
                             .newest = NEW_DEPLOYMENT,
                             .epoch_ms = clock_world(loop_clock(loop)) - clock_boot(loop_clock(loop))};
}

void ecs_door_init(struct ecs_door *d, struct script_ecs *f)
{
    static const struct ecs_ops ops = {.identify = identify,
                                       .look = look,
                                       .redeploy = redeploy,
                                       .names = names,
                                       .tail = tail,
                                       .watch = watch,
                                       .unwatch = unwatch,
                                       .endpoint_note = endpoint_note,
                                       .interval_ms = interval_ms};
    *d = (struct ecs_door){.ecs = {.ops = &ops}, .fake = f, .scratch = mem_alloc(sizeof(struct snapshot))};
    d->poll = (struct loop_timer){.fire = poll, .user = d};
}

void ecs_door_finish(struct ecs_door *d)
{
    loop_timer_stop(d->fake->loop, &d->poll);
    mem_free(d->scratch);
}
