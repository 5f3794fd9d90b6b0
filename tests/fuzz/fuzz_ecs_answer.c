/* Answers of ECS, one look after the other -> structs, diagnoses, the follower's events and verdict, and what
 * Slack is given of them. Input: {"goal": {…}, "looks": [{"after": MS, "absent": N, "service": {…}, "tasks":
 * […], "history": […], "rollout": {…}, "targets": "<XML>"}]}
 */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/core/progress.h"
#include "ecs/decode.h"
#include "ecs/diagnose.h"
#include "ecs/follow.h"
#include "judge.h"

#define BEGAN 1795356128000 /* 2026-11-22 14:02:08 UTC */
#define LOOKS 40

static void read_goal(const json_t *goal, struct follow_goal *ret)
{
    *ret = (struct follow_goal){.kind = FOLLOW_DEPLOYMENT,
                                .began_ms = BEGAN,
                                .slow_after_ms = 720000,
                                .give_up_after_ms = 3600000,
                                .remind_every_ms = 120000};
    text_clean(ret->deployment_id, sizeof(ret->deployment_id), jsonx_text(goal, "deployment"), false);
    text_clean(ret->previous_id, sizeof(ret->previous_id), jsonx_text(goal, "previous"), false);
    if (ret->deployment_id[0] == '\0') {
        TEXT_COPY(ret->deployment_id, "ecs-svc/1");
    }
    ret->unsure = jsonx_bool(goal, "unsure", false);
    ret->wanted = (int)(jsonx_int(goal, "wanted", 2) & 1023);
}

static enum ecs_absence absence(const json_t *look, const char *name)
{
    return (enum ecs_absence)(jsonx_int(look, name, ECS_SEEN) & INT64_MAX) % (ECS_UNSUPPORTED + 1);
}

static void read_rollout_and_targets(const json_t *look, int64_t now, struct snapshot *s)
{
    const json_t *rollout = jsonx_at(look, "rollout");
    const char *xml = jsonx_text(look, "targets");
    struct err err;
    s->rollout_as_of_ms = s->targets_as_of_ms = now;
    s->rollout_absence = rollout == NULL ? ECS_NOT_READ : absence(look, "absent_rollout");
    s->targets_absence = xml[0] == '\0' ? ECS_NOT_READ : absence(look, "absent_targets");
    if (s->rollout_absence == ECS_SEEN) {
        decode_rollout_detail(rollout, &s->rollout);
    }
    if (s->targets_absence == ECS_SEEN &&
        !decode_targets(xml, strlen(xml), 0, s->targets, ECS_TARGETS, &s->target_count, &err)) {
        s->targets_absence = ECS_UNREACHABLE;
        TEXT_COPY(s->targets_trouble, err.text);
    }
}

static void read_look(const json_t *look, int64_t now, struct snapshot *s)
{
    size_t i;
    json_t *one;
    memset(s, 0, sizeof(*s));
    s->service_as_of_ms = s->tasks_as_of_ms = s->history_as_of_ms = now;
    s->service_absence = absence(look, "absent");
    s->tasks_absence = jsonx_at(look, "tasks") == NULL ? ECS_NOT_READ : absence(look, "absent_tasks");
    s->history_absence = jsonx_at(look, "history") == NULL ? ECS_NOT_READ : absence(look, "absent_history");
    s->missing = s->service_absence == ECS_SEEN && jsonx_bool(look, "missing", false);
    if (s->service_absence == ECS_SEEN && !s->missing &&
        !decode_service(jsonx_at(look, "service"), &s->service)) {
        s->service_absence = ECS_UNREACHABLE; /* as the reader takes what is no answer of ECS's */
    }
    json_array_foreach(jsonx_at(look, "tasks"), i, one)
    {
        if (s->tasks_absence == ECS_SEEN && s->task_count < ECS_TASKS &&
            decode_task(one, &s->tasks[s->task_count])) {
            s->task_count++;
        }
    }
    json_array_foreach(jsonx_at(look, "history"), i, one)
    {
        if (s->history_absence == ECS_SEEN && s->history_count < 20) {
            decode_service_deployment(one, &s->history[s->history_count++]);
        }
    }
    read_rollout_and_targets(look, now, s);
    if (s->service_absence != ECS_SEEN) {
        text_clean(s->trouble, sizeof(s->trouble), jsonx_text(look, "trouble"), false);
    }
}

static void judge_task(const struct ecs_task *task)
{
    struct diagnosis d;
    diagnose_task(task, &d);
    judge_text("why", d.why, false);
    judge_text("hint", d.hint, false);
    judge_text("container", d.container, false);
    PROMISE(d.why[0] != '\0', "a task that ended for nothing");
    PROMISE(d.key[0] != '\0', "a reason that cannot be compared");
}

static void judge_rollout(const struct ecs_rollout_detail *d)
{
    judge_text("rollout", d->status, false);
    judge_text("rollout's reason", d->status_reason, false);
    judge_text("stage", d->stage, false);
    judge_text("alarms", d->triggered_alarms, false);
    judge_text("rollback", d->rollback_reason, false);
    judge_text("hook", d->hook, false);
    PROMISE(d->rollback_to[0] == '\0' || text_starts(d->rollback_to, "ecs-svc/"), "back to %s",
            d->rollback_to);
    PROMISE(d->paused == text_equal(d->hook_status, "AWAITING_ACTION"), "paused, or not?");
    PROMISE(d->hook_expires_ms >= 0 && d->finished_ms >= 0, "before the epoch");
}

static void judge_snapshot(const struct snapshot *s)
{
    const struct ecs_service *v = &s->service;
    judge_rollout(&s->rollout);
    for (int i = 0; i < v->target_groups && i < ECS_GROUPS; i++) {
        PROMISE(v->groups[i].arn[0] != '\0', "a target group without a name");
    }
    judge_text("service", v->name, false);
    judge_text("cluster", v->cluster, false);
    judge_text("task definition", v->task_definition, false);
    for (size_t i = 0; i < v->event_count; i++) {
        char id[ECS_ID];
        judge_text("event", v->events[i].message, false);
        diagnose_event(v->events[i].message);
        if (diagnose_deployment_id(v->events[i].message, id, sizeof(id))) {
            PROMISE(text_starts(id, "ecs-svc/"), "not a deployment: %s", id);
        }
    }
    for (size_t i = 0; i < s->task_count; i++) {
        judge_task(&s->tasks[i]);
    }
}

/* The promise that matters most: done is said of what was seen. */
static bool is_seen_done(const struct follow_goal *goal, const struct snapshot *s)
{
    const struct ecs_deployment *mine = model_deployment(&s->service, goal->deployment_id);
    char id[ECS_ID];
    if (s->service_absence != ECS_SEEN || s->missing) {
        return false;
    }
    if (mine != NULL && mine == model_primary(&s->service) &&
        (mine->rollout == ECS_ROLLOUT_COMPLETED || mine->rollout == ECS_ROLLOUT_ABSENT)) {
        return true;
    }
    if (s->rollout_absence == ECS_SEEN && text_equal(s->rollout.deployment_id, goal->deployment_id) &&
        text_equal(s->rollout.status, "SUCCESSFUL")) {
        return true;
    }
    for (size_t i = 0; i < s->history_count; i++) {
        if (text_equal(s->history[i].deployment_id, goal->deployment_id) &&
            text_equal(s->history[i].status, "SUCCESSFUL")) {
            return true;
        }
    }
    for (size_t i = 0; i < s->service.event_count; i++) {
        if (diagnose_event(s->service.events[i].message) == EVENT_COMPLETED &&
            diagnose_deployment_id(s->service.events[i].message, id, sizeof(id)) &&
            text_equal(id, goal->deployment_id)) {
            return true;
        }
    }
    return false;
}

static void judge_output(const struct follow_goal *goal, const struct follow_state *before,
                         const struct follow_state *state, const struct snapshot *s,
                         const struct follow_output *out)
{
    PROMISE(out->count <= FOLLOW_OUT, "too many events");
    PROMISE(before->verdict == VERDICT_NONE || (out->count == 0 && out->verdict == VERDICT_NONE),
            "more after the verdict");
    PROMISE(out->verdict != VERDICT_SUCCEEDED || is_seen_done(goal, s), "succeeded, but nobody saw it");
    PROMISE(s->service_absence == ECS_SEEN || out->verdict == VERDICT_NONE ||
                out->verdict == VERDICT_STOPPED_FOLLOWING,
            "a verdict (%s) without a look", follow_verdict_word(out->verdict));
    PROMISE((state->verdict != VERDICT_NONE) == (state->phase == FOLLOW_ENDED), "ended, or not?");
    PROMISE(state->not_served_total_ms >= before->not_served_total_ms, "an outage that shrinks");
    judge_text("verdict", out->text, false);
    judge_text("last reason", state->last_reason, false);
}

/* Through the store and back it is the same follower. */
static void judge_saved(const struct follow_goal *goal, struct follow_state *state)
{
    struct follow_goal other_goal;
    struct err err;
    static struct follow_state other;
    json_t *saved = follow_save(goal, state);
    PROMISE(follow_load(saved, &other_goal, &other, &err), "what was saved cannot be read: %s", err.text);
    json_t *again = follow_save(&other_goal, &other);
    PROMISE(json_equal(saved, again), "the store changes it");
    json_decref(saved);
    json_decref(again);
    *state = other; /* the rest of the looks is read by the one that came back */
}

static void judge_cards(const struct follow_goal *goal, const struct follow_state *state,
                        const struct follow_output *out, int64_t now)
{
    static const struct progress_facts facts = {
        .operation = "7F3K",
        .target = "cotak prod",
        .key = "api",
        .production = true,
        .cluster = "tak-vpc",
        .service = "tak-cloudtak-cotak-prod",
        .asker = "@ana",
        .asker_mention = "slack:user:U0ANA",
        .command = "/cloudtak",
        .asked_ms = BEGAN,
        .began_ms = BEGAN,
        .escalation = {"Application Specific Engineering", "slack:group:S0ASE", "+1 555 0100"}};
    struct card *card = mem_alloc(sizeof(*card));
    for (size_t i = 0; i < out->count; i++) {
        if (progress_notice(&facts, state, &out->events[i], NULL, card) != PROGRESS_NONE) {
            judge_slack(card, "slack");
        }
    }
    if (progress_events(&facts, state, out, card)) {
        judge_slack(card, "slack");
    }
    if (out->verdict == VERDICT_NONE) {
        progress_card_following(&facts, goal, state, now, card);
    } else {
        progress_verdict(&facts, goal, state, out, card);
        judge_slack(card, "slack");
        progress_card_ended(&facts, goal, state, card);
    }
    judge_slack(card, "slack");
    mem_free(card);
}

static void follow(const json_t *input)
{
    static struct snapshot snapshot;
    static struct follow_state state, before;
    static struct follow_output out;
    struct follow_goal goal;
    size_t i;
    json_t *look;
    int64_t now = BEGAN;
    read_goal(jsonx_at(input, "goal"), &goal);
    follow_begin(&goal, &state);
    json_array_foreach(jsonx_at(input, "looks"), i, look)
    {
        if (i == LOOKS) {
            break;
        }
        now += 1000 + (jsonx_int(look, "after", 4000) & 0xFFFFF);
        read_look(look, now, &snapshot);
        judge_snapshot(&snapshot);
        before = state;
        follow_wants_tasks(&goal, &state, &snapshot, now);
        follow_step(&goal, &state, &snapshot, now, &out);
        judge_output(&goal, &before, &state, &snapshot, &out);
        judge_saved(&goal, &state);
        if (before.verdict == VERDICT_NONE) {
            judge_cards(&goal, &state, &out, now);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    json_t *input = jsonx_parse((const char *)data, size, &err);
    if (input == NULL) {
        judge_err("no JSON", &err);
        return 0;
    }
    follow(input);
    json_decref(input);
    return 0;
}
