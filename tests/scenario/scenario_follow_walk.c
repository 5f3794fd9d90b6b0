/* The follower over the simulated world: every scenario, every service, each goal, looked at at random
 * moments and in random parts. Whatever happens: "succeeded" only when the goal is met in the world, "served"
 * only when something serves there, an end or a reminder for every run, each event and each dead task once,
 * one verdict. CLOUDTAK_WALK=SEED walks one alone. */
#include "lib/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "ecs/decode.h"
#include "ecs/follow.h"
#include "sim/world_ecs_private.h"

#define WALKS     120
#define S         INT64_C(1000)
#define T0        (INT64_C(1795356128) * S)
#define GIVE_UP_S 2400
#define SPAN_S    700 /* slow_after and remind_every */
#define TOLD      512

static struct {
    uint64_t random;
    struct world_ecs *world;
    struct sim_service *service;
    struct follow_goal goal;
    struct follow_state state;
    int64_t t, met_s,
        last_word_s; /* s since T0; met_s: when the goal was met in the world last, -1 = never */
    int noise;       /* 0: every part is read each time */
    bool acted;
    uint64_t left;        /* the deployment that is there when it begins */
    char told[TOLD][160]; /* events and tasks, by text and id */
    size_t told_count;
    enum follow_verdict verdict;
} walk;

static struct snapshot shown;
static struct follow_output out;
static uint64_t seed_now;

static void hold(bool truth, const char *what)
{
    if (!truth) {
        print_message("walk %" PRIu64 " (%s, %s) at %d s: %s (goal %d, verdict %s, served %d)\n", seed_now,
                      walk.world->scenario->name, walk.service->row->name, (int)walk.t, what,
                      (int)walk.goal.kind, follow_verdict_word(walk.verdict), (int)walk.state.served);
        fail();
    }
}

static int between(int low, int high)
{
    return low + (int)(sim_random(&walk.random) % (uint64_t)(high - low + 1));
}

static bool chance(int percent)
{
    return between(0, 99) < percent;
}

static int64_t now_ms(void)
{
    return T0 + walk.t * S;
}

/* ---- calls */

/* The answer's body, to be released by the caller; ret_absence says whether it is one. */
static json_t *call(const char *action, json_t *body, enum ecs_absence *ret_absence)
{
    struct world_answer a;
    json_object_set_new(body, "cluster", json_string(WORLD_CLUSTER));
    world_ecs_call(walk.world, now_ms(), action, body, &a);
    json_decref(body);
    const char *type = jsonx_text(a.body, "__type");
    *ret_absence = a.status == 200                             ? ECS_SEEN
                   : text_equal(type, "ThrottlingException")   ? ECS_THROTTLED
                   : text_equal(type, "ExpiredTokenException") ? ECS_EXPIRED
                                                               : ECS_REFUSED;
    return a.body;
}

static void read_service(void)
{
    json_t *answer = call("DescribeServices", json_pack("{s:[s]}", "services", walk.service->row->name),
                          &shown.service_absence);
    const json_t *service = jsonx_at(answer, "services.0");
    memset(&shown.service, 0, sizeof(shown.service));
    shown.missing = shown.service_absence == ECS_SEEN && service == NULL;
    if (service != NULL) {
        decode_service(service, &shown.service);
    }
    shown.service_as_of_ms = now_ms();
    json_decref(answer);
}

static void list_tasks(const char *status, json_t *arns)
{
    json_t *answer = call(
        "ListTasks", json_pack("{s:s,s:s}", "serviceName", walk.service->row->name, "desiredStatus", status),
        &shown.tasks_absence);
    json_array_extend(arns, jsonx_at(answer, "taskArns"));
    json_decref(answer);
}

static void read_tasks(void)
{
    json_t *arns = json_array();
    shown.task_count = 0;
    shown.tasks_as_of_ms = now_ms();
    list_tasks("RUNNING", arns);
    if (shown.tasks_absence == ECS_SEEN) {
        list_tasks("STOPPED", arns);
    }
    while (json_array_size(arns) > ECS_TASKS) {
        json_array_remove(arns, json_array_size(arns) - 1);
    }
    if (shown.tasks_absence == ECS_SEEN && json_array_size(arns) > 0) {
        json_t *answer = call("DescribeTasks", json_pack("{s:O}", "tasks", arns), &shown.tasks_absence);
        const json_t *tasks = jsonx_at(answer, "tasks");
        for (size_t i = 0; i < json_array_size(tasks); i++) {
            decode_task(json_array_get(tasks, i), &shown.tasks[shown.task_count++]);
        }
        json_decref(answer);
    }
    json_decref(arns);
}

static void read_rollout(void)
{
    json_t *answer = call("ListServiceDeployments", json_pack("{s:s}", "service", walk.service->row->name),
                          &shown.history_absence);
    const json_t *list = jsonx_at(answer, "serviceDeployments");
    const char *arn = "";
    shown.history_count = 0;
    for (size_t i = 0; i < json_array_size(list) && i < 20; i++) {
        struct ecs_service_deployment *d = &shown.history[shown.history_count++];
        decode_service_deployment(json_array_get(list, i), d);
        if (strcmp(d->deployment_id, walk.goal.deployment_id) == 0) {
            arn = d->arn;
        }
    }
    shown.rollout_absence = ECS_NOT_READ;
    if (*arn != '\0') {
        json_t *detail = call("DescribeServiceDeployments",
                              json_pack("{s:[s]}", "serviceDeploymentArns", arn), &shown.rollout_absence);
        decode_rollout_detail(jsonx_at(detail, "serviceDeployments.0"), &shown.rollout);
        json_decref(detail);
    }
    json_decref(answer);
}

/* ---- the truth */

static bool serves(const struct sim_task *t)
{
    return t->phase == PHASE_SERVING && walk.world->now_ms >= t->rebooting_until_ms;
}

static bool is_replaced(const struct sim_task *t)
{
    for (size_t i = 0; i < walk.goal.replaced_count; i++) {
        if (strcmp(walk.goal.replaced[i], t->id) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_met(void)
{
    const struct follow_goal *g = &walk.goal;
    int serving = 0, left = 0, alive = 0;
    for (const struct sim_task *t = walk.service->tasks; t != NULL; t = t->next) {
        serving += serves(t) && !is_replaced(t);
        left += is_replaced(t) && t->phase != PHASE_STOPPED;
        alive += sim_task_running(t) || sim_task_pending(t);
    }
    switch (g->kind) {
    case FOLLOW_COUNT: return g->wanted == 0 ? alive == 0 : serving >= g->wanted;
    case FOLLOW_REPLACED: return left == 0 && serving >= walk.service->desired;
    default: break;
    }
    char id[ECS_ID];
    const struct sim_deployment *primary = &walk.service->deployments[0];
    const char *own = g->kind == FOLLOW_BACK_TO ? g->previous_id : g->deployment_id;
    TEXT_FORMAT(id, "ecs-svc/%" PRIu64, primary->number);
    return strcmp(id, own) == 0 && primary->rollout == ROLLOUT_COMPLETED;
}

static void pass(int seconds)
{
    while (seconds-- > 0) {
        walk.t++;
        world_ecs_step(walk.world, now_ms());
        if (walk.acted && is_met()) {
            walk.met_s = walk.t;
        }
    }
}

/* What the load balancer sees: the world keeps it with the tasks, which have addresses here by their ids. */
static void read_targets(void)
{
    shown.targets_absence = ECS_SEEN;
    shown.targets_as_of_ms = now_ms();
    shown.target_count = 0;
    for (size_t i = 0; i < shown.task_count; i++) {
        const struct sim_task *t = walk.service->tasks;
        while (t != NULL && strcmp(t->id, shown.tasks[i].id) != 0) {
            t = t->next;
        }
        TEXT_FORMAT(shown.tasks[i].address, "a-%.40s", shown.tasks[i].id);
        if (t == NULL || !t->registered) {
            continue;
        }
        struct ecs_target *to = &shown.targets[shown.target_count++];
        memset(to, 0, sizeof(*to));
        TEXT_COPY(to->id, shown.tasks[i].address);
        to->state = t->phase == PHASE_DRAINING ? ECS_TARGET_DRAINING
                    : serves(t)                ? ECS_TARGET_HEALTHY
                                               : ECS_TARGET_UNHEALTHY;
    }
}

/* ---- what holds */

static void once(const char *what)
{
    for (size_t i = 0; i < walk.told_count; i++) {
        hold(strcmp(walk.told[i], what) != 0, what);
    }
    hold(walk.told_count < TOLD, "too much is told");
    TEXT_COPY(walk.told[walk.told_count++], what);
}

static void check_told(void)
{
    for (size_t i = 0; i < out.count; i++) {
        const struct follow_event *e = &out.events[i];
        char what[160];
        if (e->kind == FOLLOW_EVENT_ECS) {
            TEXT_FORMAT(what, "event %" PRId64 " %.120s", e->at_ms, e->text);
            once(what);
        } else if (e->kind == FOLLOW_EVENT_TASK_STOPPED) {
            TEXT_FORMAT(what, "task %s", e->task.id);
            once(what);
            hold(!e->diagnosis.benign, "a benign end is told as a failure");
        } else if (e->kind == FOLLOW_EVENT_SLOW || e->kind == FOLLOW_EVENT_REMINDER ||
                   e->kind == FOLLOW_EVENT_NOT_STABILISING) {
            walk.last_word_s = walk.t;
        }
    }
    hold(walk.t - walk.last_word_s <= 2 * SPAN_S + 60, "silence");
}

static void check_verdict(void)
{
    if (out.verdict == VERDICT_NONE) {
        return;
    }
    hold(walk.verdict == VERDICT_NONE, "a second verdict");
    walk.verdict = out.verdict;
    if (out.verdict == VERDICT_SUCCEEDED) {
        const bool for_good = walk.goal.kind == FOLLOW_DEPLOYMENT || walk.goal.kind == FOLLOW_BACK_TO;
        if (!for_good && walk.t - walk.met_s > 90) {
            pass(2); /* the fortieth second of a task that nothing checks */
        }
        hold(walk.met_s >= 0 && (for_good || walk.t - walk.met_s <= 90),
             "succeeded, and the goal is not met");
    }
}

static void check_served(void)
{
    bool any = false;
    if (walk.noise > 0 || walk.state.served != SERVED_YES || shown.tasks_absence != ECS_SEEN ||
        shown.service_absence != ECS_SEEN || walk.world->scenario->stale_ms > 0) {
        return;
    }
    for (const struct sim_task *t = walk.service->tasks; t != NULL; t = t->next) {
        any = any || serves(t);
    }
    hold(any, "served, and nothing serves");
}

/* ---- a walk */

static void name_deployment(uint64_t number, char to[ECS_ID])
{
    text_format(to, ECS_ID, "ecs-svc/%" PRIu64, number);
}

static void redeploy(void)
{
    enum ecs_absence absence;
    json_decref(call("UpdateService",
                     json_pack("{s:s,s:b}", "service", walk.service->row->name, "forceNewDeployment", true),
                     &absence));
    assert_int_equal(absence, ECS_SEEN);
}

static void stop_all(void)
{
    enum ecs_absence absence;
    for (const struct sim_task *t = walk.service->tasks; t != NULL; t = t->next) {
        if (sim_task_live(t) && walk.goal.replaced_count < FOLLOW_REPLACED_MOST) {
            TEXT_COPY(walk.goal.replaced[walk.goal.replaced_count], t->id);
            walk.goal.replaced_count++;
        }
    }
    for (size_t i = 0; i < walk.goal.replaced_count; i++) {
        json_decref(call("StopTask", json_pack("{s:s}", "task", walk.goal.replaced[i]), &absence));
    }
}

static void go_back(void)
{
    enum ecs_absence absence;
    json_t *list =
        call("ListServiceDeployments", json_pack("{s:s}", "service", walk.service->row->name), &absence);
    const char *arn = jsonx_text(list, "serviceDeployments.0.serviceDeploymentArn");
    json_decref(call("StopServiceDeployment",
                     json_pack("{s:s,s:s}", "serviceDeploymentArn", arn, "stopType", "ROLLBACK"), &absence));
    json_decref(list);
}

static void act(void)
{
    enum ecs_absence absence;
    walk.goal.began_ms = now_ms();
    name_deployment(walk.service->deployments[0].number, walk.goal.previous_id);
    switch (walk.goal.kind) {
    case FOLLOW_DEPLOYMENT:
        redeploy();
        name_deployment(walk.service->deployments[0].number, walk.goal.deployment_id);
        break;
    case FOLLOW_BACK_TO:
        redeploy();
        name_deployment(walk.service->deployments[0].number, walk.goal.deployment_id);
        pass(between(5, 60));
        walk.goal.began_ms = now_ms();
        go_back();
        break;
    case FOLLOW_COUNT:
        walk.goal.wanted = between(0, 4);
        json_decref(
            call("UpdateService",
                 json_pack("{s:s,s:i}", "service", walk.service->row->name, "desiredCount", walk.goal.wanted),
                 &absence));
        break;
    case FOLLOW_REPLACED: stop_all(); break;
    }
    walk.acted = true;
    walk.met_s = is_met() ? walk.t : -1;
    walk.last_word_s = walk.t;
}

static void set_out(uint64_t seed)
{
    static const enum follow_goal_kind kinds[] = {FOLLOW_DEPLOYMENT, FOLLOW_DEPLOYMENT, FOLLOW_DEPLOYMENT,
                                                  FOLLOW_COUNT,      FOLLOW_REPLACED,   FOLLOW_BACK_TO};
    size_t scenarios, services;
    const struct world_scenario *rows = world_scenarios(&scenarios);
    const struct world_service *service_rows = world_services(&services);
    seed_now = seed;
    memset(&walk, 0, sizeof(walk));
    memset(&shown, 0, sizeof(shown));
    walk.random = seed * 77;
    walk.world = world_ecs_create(&rows[seed % scenarios], service_rows, services, seed, T0);
    walk.service = &walk.world->services[between(0, (int)services - 1)];
    walk.noise = between(0, 1);
    walk.goal.kind = kinds[between(0, 5)];
    walk.goal.wanted = walk.service->desired;
    walk.goal.slow_after_ms = walk.goal.remind_every_ms = SPAN_S * S;
    walk.goal.give_up_after_ms = GIVE_UP_S * S;
    if (walk.goal.kind == FOLLOW_REPLACED && walk.service->tasks == NULL) {
        walk.goal.kind = FOLLOW_DEPLOYMENT;
    }
    if (seed <= scenarios || walk.world->scenario->nothing_before || walk.world->scenario->first_reply_lost) {
        walk.goal.kind = FOLLOW_DEPLOYMENT; /* each scenario is a restart first */
    }
    pass(between(1, 300));
    act();
    follow_begin(&walk.goal, &walk.state);
}

static void show(void)
{
    const bool behind = walk.service->row->target_group[0] != '\0';
    shown.trouble[0] = '\0';
    shown.tasks_absence = shown.targets_absence = shown.history_absence = shown.rollout_absence =
        ECS_NOT_READ;
    read_service();
    if (walk.noise == 0 || chance(70)) {
        read_tasks();
        if (behind && shown.tasks_absence == ECS_SEEN && (walk.noise == 0 || chance(80))) {
            read_targets();
        }
    }
    if (chance(50)) {
        read_rollout();
    }
    if (walk.noise > 0 && chance(5)) {
        shown.service_absence = ECS_UNREACHABLE;
    }
}

static void step(void)
{
    pass(chance(70) ? 10 : between(1, 60));
    show();
    follow_step(&walk.goal, &walk.state, &shown, now_ms(), &out);
    if (walk.verdict != VERDICT_NONE) {
        hold(out.count == 0 && out.verdict == VERDICT_NONE, "something after the verdict");
        return;
    }
    check_told();
    check_verdict();
    check_served();
}

static void go(uint64_t seed, int verdicts[VERDICT_STOPPED_FOLLOWING + 1])
{
    set_out(seed);
    while (now_ms() - walk.goal.began_ms < (GIVE_UP_S + 120) * S && walk.verdict == VERDICT_NONE) {
        step();
    }
    hold(walk.verdict != VERDICT_NONE, "no end");
    step();
    verdicts[walk.verdict]++;
    if (getenv("CLOUDTAK_WALK_TELL") != NULL) {
        print_message("%" PRIu64 " %s %s goal %d: %s after %d s\n", seed, walk.world->scenario->name,
                      walk.service->row->name, (int)walk.goal.kind, follow_verdict_word(walk.verdict),
                      (int)((now_ms() - walk.goal.began_ms) / S));
    }
    world_ecs_destroy(walk.world);
}

static void the_rule_holds_in_every_scenario(void **state)
{
    const char *only = getenv("CLOUDTAK_WALK");
    int verdicts[VERDICT_STOPPED_FOLLOWING + 1] = {0};
    (void)state;
    if (only != NULL) {
        go(strtoull(only, NULL, 10), verdicts);
        return;
    }
    for (uint64_t seed = 1; seed <= WALKS; seed++) {
        go(seed, verdicts);
    }
    for (int i = VERDICT_SUCCEEDED; i <= VERDICT_STOPPED_FOLLOWING; i++) {
        print_message("%s: %d\n", follow_verdict_word((enum follow_verdict)i), verdicts[i]);
        assert_true(verdicts[i] > 0); /* walks that never get there would prove nothing */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_rule_holds_in_every_scenario)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
