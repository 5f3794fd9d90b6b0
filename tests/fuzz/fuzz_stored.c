/* An operation's row as a damaged store may hold it -> the operation, and a follower that goes on. Input: the
 * detail, a newline, the follower's state. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/core/operation_save.h"
#include "judge.h"

#define NOW 1795356128000 /* 2026-11-22 14:02:08 UTC */

static void judge_detail(const char *text)
{
    struct operation *op = mem_alloc(sizeof(*op)), *again = mem_alloc(sizeof(*again));
    struct err err = {0};
    if (operation_load_detail(op, text, &err)) {
        char *saved = operation_save_detail(op);
        PROMISE(operation_load_detail(again, saved, &err), "what was saved cannot be read: %s", err.text);
        char *twice = operation_save_detail(again);
        PROMISE(strcmp(saved, twice) == 0, "the store changes it:\n%s\n%s", saved, twice);
        PROMISE(op->request.source >= REQUEST_SLASH && op->request.source <= REQUEST_LOCAL,
                "a request of no source");
        mem_free(saved);
        mem_free(twice);
    } else {
        judge_err("an operation that cannot be read", &err);
    }
    mem_free(op);
    mem_free(again);
}

/* A service with the follower's deployment in it, and nothing else. */
static void look(const struct follow_goal *goal, int64_t now, struct snapshot *s)
{
    memset(s, 0, sizeof(*s));
    s->service_as_of_ms = s->tasks_as_of_ms = now;
    s->history_absence = ECS_NOT_READ;
    TEXT_COPY(s->service.status, "ACTIVE");
    s->service.desired = s->service.running = 2;
    s->service.deployment_count = 1;
    s->service.deployments[0] = (struct ecs_deployment){.status = ECS_PRIMARY,
                                                        .rollout = ECS_ROLLOUT_IN_PROGRESS,
                                                        .desired = 2,
                                                        .running = 1,
                                                        .created_ms = NOW};
    TEXT_COPY(s->service.deployments[0].id, goal->deployment_id);
    s->task_count = 1;
    TEXT_COPY(s->tasks[0].id, "stopped");
    TEXT_COPY(s->tasks[0].started_by, goal->deployment_id);
    TEXT_COPY(s->tasks[0].last_status, "STOPPED");
    TEXT_COPY(s->tasks[0].stopped_reason, "Essential container in task exited");
    s->tasks[0].stopped_ms = now - 1000;
    s->service.event_count = 1;
    TEXT_FORMAT(s->service.events[0].id, "event-%lld", (long long)now);
    TEXT_COPY(s->service.events[0].message, "(service api) has started 1 tasks: (task 1).");
    s->service.events[0].created_ms = now;
}

static void judge_follower(const char *text)
{
    static struct follow_goal goal;
    static struct follow_state state;
    static struct snapshot snapshot;
    static struct follow_output out;
    static const struct progress_facts facts = {.target = "cotak prod", .key = "api", .asker = "@ana"};
    struct err err = {0};
    json_t *saved = jsonx_parse(text, strlen(text), &err);
    if (saved == NULL || !follow_load(saved, &goal, &state, &err)) {
        judge_err("a follower that cannot be read", &err);
        json_decref(saved);
        return;
    }
    json_decref(saved);
    struct card *card = mem_alloc(sizeof(*card));
    for (int64_t now = NOW; now < NOW + 200000; now += 40000) {
        look(&goal, now, &snapshot);
        follow_step(&goal, &state, &snapshot, now, &out);
        PROMISE(out.verdict != VERDICT_SUCCEEDED, "succeeded, but nobody saw it");
        progress_card_following(&facts, &goal, &state, now, card);
        judge_slack(card, "slack");
    }
    if (state.verdict != VERDICT_NONE) {
        progress_card_ended(&facts, &goal, &state, card);
        judge_slack(card, "slack");
    }
    mem_free(card);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = judge_string(data, size), *rest = text;
    const char *detail = judge_line(&rest);
    judge_detail(detail);
    judge_follower(rest);
    mem_free(text);
    return 0;
}
