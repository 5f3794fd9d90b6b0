/* stop-all: StopTask on every task; ECS replaces them. The runbook's 8.2, users are cut off.
 *
 * At the answer the tasks are listed again (CHECKING) and the list is recorded with "acting"; then each gets
 * its StopTask, one after the other. What can go wrong: no answer (asked again in two seconds, ECS stops a
 * task once); the bot dies in between (each recorded task is told again, and no other); it takes longer than
 * two minutes (what is left goes back to a question, with what is stopped); AWS refuses some (the others are
 * followed, and that is told). */
#include <string.h>

#include "base/fault.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "engine_private.h"

#define AGAIN_MS 2000
#define SHORT_ID 9

static enum impact impact(const struct config_service *s)
{
    (void)s;
    return IMPACT_DOWNTIME;
}

static const char *cost(const struct config_service *s)
{
    (void)s;
    return "Users WILL BE CUT OFF, up to 5 minutes.";
}

static bool begin(struct operation *op, const struct parsed *parsed, struct err *err)
{
    (void)err;
    TEXT_COPY(op->kind.stop.reason, parsed->reason[0] != '\0' ? parsed->reason : "asked for in chat");
    return true;
}

/* ---- CHECKING */

static bool is_stopping(const struct ecs_task *task)
{
    return strcmp(task->last_status, "STOPPED") == 0 || strcmp(task->desired_status, "STOPPED") == 0;
}

static void list_tasks(struct operation *op, const struct snapshot *s, struct preflight *p)
{
    struct act_stop *stop = &op->kind.stop;
    size_t count = 0;
    stop->count = 0;
    stop->gone = 0;
    if (s->tasks_absence != ECS_SEEN) {
        preflight_refuse(p, false,
                         "I could not list its tasks%s%s, so I stop none. Ask again; if it stays so: the AWS "
                         "console.",
                         s->trouble[0] != '\0' ? ": " : "", s->trouble);
        return;
    }
    for (size_t i = 0; i < s->task_count; i++) {
        if (is_stopping(&s->tasks[i])) {
            continue;
        }
        if (count < FOLLOW_REPLACED_MOST) {
            TEXT_COPY(stop->tasks[count], s->tasks[i].id);
        }
        count++;
    }
    if (count == 0) {
        preflight_refuse(p, false,
                         "No task of it runs, so there is none to stop. To start it: %s start %s %s",
                         op->facts.command, op->facts.target, op->facts.key);
    } else if (count > FOLLOW_REPLACED_MOST) {
        preflight_refuse(
            p, false, "It has %zu tasks, and I stop at most %d at once. Without downtime: %s restart %s %s",
            count, FOLLOW_REPLACED_MOST, op->facts.command, op->facts.target, op->facts.key);
    } else {
        stop->count = count;
    }
}

/* Would what is stopped come back? */
static void comes_back(struct operation *op, const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_service *s = &f->snapshot->service;
    const struct ecs_deployment *primary = model_primary(s);
    if (s->desired == 0) {
        preflight_refuse(p, true, "The count is 0: ECS would start no new task. To start it: %s start %s %s",
                         op->facts.command, op->facts.target, op->facts.key);
    }
    if (f->around != NULL && f->around->image.absence == ECS_SEEN && f->around->image.gone) {
        preflight_refuse(p, true,
                         "The image %s is GONE from the registry: what I stop would not come back, and users "
                         "would stay cut off. Have the image built again first.",
                         f->around->image.name);
    }
    if (primary != NULL && s->running > 0 && primary->running == 0 &&
        (primary->failed > 0 || primary->rollout == ECS_ROLLOUT_FAILED)) {
        preflight_refuse(p, true,
                         "New tasks of it do not come up now (%d failed in %s): what I stop would not come "
                         "back. To keep the old ones: %s rollback %s %s",
                         primary->failed, primary->id, op->facts.command, op->facts.target, op->facts.key);
    }
}

static void grade(struct operation *op, const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_service *s = &f->snapshot->service;
    if (op->state != OP_UNCERTAIN) { /* what was recorded stays; never a new list */
        list_tasks(op, f->snapshot, p);
    }
    comes_back(op, f, p);
    preflight_ask(p, REASON_DOWNTIME,
                  "ECS starts %d new task%s at once; until they are healthy nobody is served.", s->desired,
                  s->desired == 1 ? "" : "s");
    if (f->service->drops == DROPS_SOCKETS) {
        preflight_ask(p, REASON_DROPS, "Every WebSocket and TAK connection drops.");
    } else if (f->service->drops == DROPS_IMPORTS) {
        preflight_ask(p, REASON_DROPS, "A file import that runs now is lost.");
    }
}

static void question(const struct operation *op, struct card *c)
{
    const struct progress_facts *f = &op->facts;
    card_served(c, "Users WILL BE CUT OFF for up to 5 minutes: %d of %d tasks run now. Expect pages.",
                op->preflight.running, op->preflight.wanted);
    card_line(c, "Without downtime instead: %s restart %s %s · to keep it stopped: %s shutdown %s %s",
              f->command, f->target, f->key, f->command, f->target, f->key);
}

/* ---- SENDING */

static void describe(const struct operation *op, char *to, size_t size)
{
    const struct act_stop *stop = &op->kind.stop;
    char longer[ACT_WHAT];
    text_format(to, size, "StopTask %s:", op->row.service_name);
    for (size_t i = 0; i < stop->count; i++) {
        TEXT_FORMAT(longer, "%s %s", to, stop->tasks[i]);
        text_copy(to, size, longer);
    }
}

static void add_told(const struct act_stop *stop, struct follow_goal *goal)
{
    for (size_t i = 0; i < stop->count; i++) {
        if ((stop->gone & (UINT64_C(1) << i)) != 0) {
            TEXT_COPY(goal->replaced[goal->replaced_count], stop->tasks[i]);
            goal->replaced_count++;
        }
    }
}

static bool partly(const struct operation *op, struct follow_goal *ret)
{
    *ret = (struct follow_goal){.kind = FOLLOW_REPLACED, .wanted = op->preflight.wanted};
    add_told(&op->kind.stop, ret);
    return ret->replaced_count > 0;
}

static void stop_next(struct operation *op);

static void again(struct loop_timer *t)
{
    stop_next(t->user);
}

static void over(struct operation *op)
{
    const struct act_stop *stop = &op->kind.stop;
    struct follow_goal goal;
    if (!partly(op, &goal)) {
        act_refused(op, stop->trouble);
        return;
    }
    operation_audit(op, "StopTask", "%s", stop->requests);
    if (goal.replaced_count < stop->count) {
        TEXT_FORMAT(op->facts.superseded, "%zu of %zu tasks were NOT stopped: %s",
                    stop->count - goal.replaced_count, stop->count, stop->trouble);
    }
    act_done(op, &goal);
}

static void note_request(struct act_stop *stop, const struct ecs_stop_task *r)
{
    char longer[sizeof(stop->requests)], id[SHORT_ID];
    (void)text_copy(id, sizeof(id), r->task_id);
    TEXT_FORMAT(longer, "%s%s%s %s%s", stop->requests, stop->requests[0] != '\0' ? ", " : "", id,
                r->ok ? "AWS request " : "is gone", r->request_id);
    TEXT_COPY(stop->requests, longer);
}

static void stopped(struct ecs_stop_task *r)
{
    struct operation *op = r->user;
    struct act_stop *stop = &op->kind.stop;
    FAULT_POINT("StopTask answered");
    if (!restart_back(op, RESTART_SENDING)) {
        return;
    }
    if (r->ok || r->gone) {
        note_request(stop, r);
        stop->gone |= UINT64_C(1) << stop->at;
    } else if (r->uncertain) { /* the same one again: ECS stops a task once */
        op->again = (struct loop_timer){.fire = again, .user = op};
        loop_timer_start(op->engine->loop, &op->again, AGAIN_MS);
        return;
    } else {
        TEXT_COPY(stop->trouble, r->err.text);
    }
    stop->at++;
    stop_next(op);
}

static void stop_next(struct operation *op)
{
    struct ecs *ecs = op->engine->ecs;
    struct act_stop *stop = &op->kind.stop;
    while (stop->at < stop->count && (stop->gone & (UINT64_C(1) << stop->at)) != 0) {
        stop->at++;
    }
    if (stop->at == stop->count) {
        over(op);
        return;
    }
    if (!operation_still_wanted(op)) {
        act_unknown(op); /* the rest is asked about */
        return;
    }
    stop->call = (struct ecs_stop_task){.done = stopped, .user = op};
    restart_ref(op, &stop->call.ref);
    TEXT_COPY(stop->call.task_id, stop->tasks[stop->at]);
    TEXT_FORMAT(stop->call.reason, "%s op %s: %s", op->facts.asker, op->row.id, stop->reason);
    restart_owe(op);
    FAULT_POINT("StopTask begins");
    ecs->ops->stop_task(ecs, &stop->call);
}

static void send(struct operation *op)
{
    op->kind.stop.at = 0;
    op->kind.stop.trouble[0] = op->kind.stop.requests[0] = '\0';
    stop_next(op);
}

/* ---- what became of it, seen */

static const struct ecs_task *find(const struct snapshot *s, const char *id)
{
    for (size_t i = 0; i < s->task_count; i++) {
        if (strcmp(s->tasks[i].id, id) == 0) {
            return &s->tasks[i];
        }
    }
    return NULL;
}

static bool found(struct operation *op, const struct snapshot *s, struct follow_goal *ret)
{
    struct act_stop *stop = &op->kind.stop;
    if (s->missing || s->tasks_absence != ECS_SEEN) {
        return false;
    }
    for (size_t i = 0; i < stop->count; i++) {
        const struct ecs_task *task = find(s, stop->tasks[i]);
        if ((task == NULL && s->task_count < ECS_TASKS) || (task != NULL && is_stopping(task))) {
            stop->gone |= UINT64_C(1) << i;
        }
    }
    return partly(op, ret) && ret->replaced_count == stop->count;
}

static void name(const struct act_stop *stop, bool gone, char *to, size_t size)
{
    text_copy(to, size, "");
    for (size_t i = 0; i < stop->count; i++) {
        char longer[CARD_LINE], id[SHORT_ID];
        if (((stop->gone & (UINT64_C(1) << i)) != 0) == gone) {
            (void)text_copy(id, sizeof(id), stop->tasks[i]);
            TEXT_FORMAT(longer, "%s%s%s", to, to[0] != '\0' ? ", " : "", id);
            text_copy(to, size, longer);
        }
    }
    if (to[0] == '\0') {
        text_copy(to, size, "none");
    }
}

static void doubt(const struct operation *op, struct card *c)
{
    char gone[CARD_LINE - 60], left[CARD_LINE - 60];
    name(&op->kind.stop, true, gone, sizeof(gone));
    name(&op->kind.stop, false, left, sizeof(left));
    card_line(c, "Stopped, or told to: %s.", gone);
    card_line(c, "Left: %s. Only these are stopped if you say so, none that began since.", left);
}

/* ---- kept */

static json_t *save(const struct operation *op)
{
    const struct act_stop *stop = &op->kind.stop;
    json_t *tasks = json_array();
    for (size_t i = 0; i < stop->count; i++) {
        json_array_append_new(tasks, json_string(stop->tasks[i]));
    }
    return json_pack("{s:s, s:o}", "reason", stop->reason, "tasks", tasks);
}

static void load(struct operation *op, const json_t *saved)
{
    struct act_stop *stop = &op->kind.stop;
    const json_t *tasks = jsonx_at(saved, "tasks");
    TEXT_COPY(stop->reason, jsonx_text(saved, "reason"));
    for (size_t i = 0; i < json_array_size(tasks) && stop->count < FOLLOW_REPLACED_MOST; i++) {
        const char *id = json_string_value(json_array_get(tasks, i));
        TEXT_COPY(stop->tasks[stop->count], id != NULL ? id : "");
        stop->count++;
    }
}

const struct act act_stop = {
    .verb = "stop-all",
    .words =
        {
            .question = "🛑 STOP ALL TASKS of",
            .plain = "Stop",
            .yes = "Stop it",
            .dialog = "Users are cut off, up to 5 minutes.",
            .noun = "stop-all",
            .of = "stop-all of",
            .doing = "🛑 STOPPING ALL TASKS of",
            .begins = "Telling ECS to stop each task",
            .done = "stopped and started anew",
            .not_done = "STOPPED",
            .does = "stops all its tasks",
            .same = "stops all tasks of the same service",
            .about_to = "is about to stop all tasks of the same service",
            .call = "StopTask",
            .usual = "usually up to 5 min",
            .runs = "It goes on with the new tasks, and I follow mine",
            .again = "STOP-ALL",
            .search = "I look which tasks are stopped, and ask you about the rest.",
            .console = "which tasks run",
            .unseen = "not every task on my list is stopped",
            .twice = "ECS stops a task once, however often it is told to.",
            .waits =
                "I keep looking: if all of them stop, this question is void. If nobody answers, the rest "
                "goes on running.",
            .look = "Before anybody stops the rest, look at the tasks",
            .found = "✔ Not needed any more: all tasks on my list are stopped. Nothing was sent again.",
            .cuts_off = true,
            .following = progress_stop_following,
            .succeeded = progress_stop_succeeded,
            .proof = progress_stop_proof,
        },
    .needs = ACT_TASKS,
    .repeats = true,
    .impact = impact,
    .cost = cost,
    .begin = begin,
    .grade = grade,
    .question = question,
    .describe = describe,
    .send = send,
    .found = found,
    .doubt = doubt,
    .partly = partly,
    .save = save,
    .load = load,
};
