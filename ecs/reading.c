/* Reads one service: the service itself, its tasks (running and stopped), its targets, its history, and one
 * rollout in detail.
 *
 *   service ──▶ health of each target group ─────┐
 *   running ids ──▶ stopped ids ──▶ tasks ────────┼──▶ done, or the deadline
 *   history ──▶ the rollout that is followed ─────┘
 *
 * All that can is asked at once. The stopped ids come after the running ones: a task that is stopped in
 * between is then in both lists, the other way round it would be in none, and the old tasks that just handed
 * over would seem never to have been. A part that fails is absent with its reason and spoils no other. At the
 * deadline what is still open is absent. When more tasks exist than a page holds, running ones come first:
 * they say whether users are served. */
#include <string.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/decode.h"
#include "errand.h"
#include "net/http.h"

#define HISTORY  20
#define FORM_MAX 2048

enum part {
    PART_SERVICE,
    PART_RUNNING,
    PART_STOPPED,
    PART_TASKS,
    PART_HISTORY,
    PART_ROLLOUT,
    PART_TARGETS, /* and one for each further group */
    PARTS = PART_TARGETS + ECS_GROUPS
};

struct reading {
    struct errand errand; /* first member */
    struct errand_part parts[PARTS];
    struct service_ref ref;
    struct snapshot *snapshot;
    json_t *ids[2];                  /* task ARNs: running, stopped */
    int groups_asked, groups_read;   /* target groups */
    char rollout_of[ECS_ID];         /* "" = nobody's */
    struct ecs_rollout_detail known; /* of that rollout, from an earlier reading; arn "" = nothing */
    struct ecs_look *look;           /* or */
    void (*done)(void *user, const struct snapshot *s);
    void *user;
};

static struct reading *reading_of(struct errand *e)
{
    return (struct reading *)e; /* errand is its first member */
}

static const char *region_of(const struct reading *r)
{
    return aws_session_region(r->errand.aws);
}

static int64_t world_now(const struct reading *r)
{
    return client_world(r->errand.op.client);
}

/* ---- questions */

static void ask(struct reading *r, enum part part, const char *action, json_t *body)
{
    errand_ask_json(&r->errand, part, AWS_ECS, action, body);
}

static void ask_ids(struct reading *r, enum part part, const char *desired)
{
    ask(r, part, "ListTasks",
        json_pack("{s:s, s:s, s:s, s:i}", "cluster", r->ref.cluster, "serviceName", r->ref.service,
                  "desiredStatus", desired, "maxResults", ECS_TASKS));
}

static bool has_id(const json_t *ids, const json_t *id)
{
    for (size_t i = 0; i < json_array_size(ids); i++)
        if (json_equal(json_array_get(ids, i), id))
            return true;
    return false;
}

static void ask_tasks(struct reading *r)
{
    json_t *ids = json_array();

    for (int list = 0; list < 2; list++)
        for (size_t i = 0; i < json_array_size(r->ids[list]) && json_array_size(ids) < ECS_TASKS; i++)
            if (!has_id(ids, json_array_get(r->ids[list], i)))
                json_array_append(ids, json_array_get(r->ids[list], i));
    if (json_array_size(ids) > 0) {
        ask(r, PART_TASKS, "DescribeTasks", json_pack("{s:s, s:o}", "cluster", r->ref.cluster, "tasks", ids));
        return;
    }
    json_decref(ids);
    r->snapshot->tasks_absence = ECS_SEEN; /* there are none, and that is a fact */
    r->snapshot->tasks_as_of_ms = world_now(r);
}

static bool rests(struct reading *r, enum client_feature feature, enum ecs_absence *absence, char *why,
                  size_t size)
{
    return trouble_rests(r->errand.session, feature, loop_now(r->errand.loop), absence, why, size);
}

static void ask_history(struct reading *r)
{
    struct snapshot *s = r->snapshot;
    char why[ECS_REASON];

    if (!rests(r, FEATURE_HISTORY, &s->history_absence, why, sizeof why))
        ask(r, PART_HISTORY, "ListServiceDeployments",
            json_pack("{s:s, s:s, s:i}", "cluster", r->ref.cluster, "service", r->ref.service, "maxResults",
                      HISTORY));
    else if (r->rollout_of[0])
        s->rollout_absence = s->history_absence;
}

static void ask_rollout(struct reading *r, const struct ecs_service_deployment *brief)
{
    struct snapshot *s = r->snapshot;
    char why[ECS_REASON];

    if (text_equal(r->known.arn, brief->arn) && text_equal(r->known.status, brief->status) &&
        reading_is_over(brief->status)) {
        s->rollout = r->known;
        s->rollout_absence = ECS_SEEN;
        s->rollout_as_of_ms = s->history_as_of_ms;
    } else if (!rests(r, FEATURE_ROLLOUT, &s->rollout_absence, why, sizeof why)) {
        ask(r, PART_ROLLOUT, "DescribeServiceDeployments",
            json_pack("{s:[s]}", "serviceDeploymentArns", brief->arn));
    }
}

static void ask_targets(struct reading *r)
{
    struct snapshot *s = r->snapshot;
    const struct ecs_service *service = &s->service;

    if (s->service_absence != ECS_SEEN) {
        s->targets_absence = s->service_absence;
        TEXT_FORMAT(s->targets_trouble, "the service itself could not be read");
        return;
    }
    if (s->missing || service->target_groups == 0)
        return;
    if (rests(r, FEATURE_TARGETS, &s->targets_absence, s->targets_trouble, sizeof s->targets_trouble))
        return;
    if (service->target_groups > ECS_GROUPS) {
        s->targets_absence = ECS_UNSUPPORTED;
        TEXT_FORMAT(s->targets_trouble, "the service has %d target groups, and I can look into %d at most",
                    service->target_groups, ECS_GROUPS);
        return;
    }
    r->groups_asked = service->target_groups;
    for (int i = 0; i < r->groups_asked; i++) {
        struct buf form;

        buf_init(&form, FORM_MAX);
        http_form_add(&form, "TargetGroupArn", service->groups[i].arn);
        errand_ask(&r->errand, PART_TARGETS + (size_t)i, AWS_ELBV2, "DescribeTargetHealth", buf_take(&form));
    }
}

/* ---- answers */

/* An answer of 200 without the list that was asked for: that there is nothing would be a guess. */
static void mark_without_list(struct reading *r, const char *list)
{
    struct snapshot *s = r->snapshot;

    s->tasks_absence = ECS_UNREACHABLE;
    trouble_tell_unreadable(s, list);
}

static bool is_list_of_texts(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!json_is_string(json_array_get(list, i)))
            return false;
    return json_is_array(list);
}

static void read_ids(struct reading *r, enum part part, const struct aws_call *c)
{
    json_t *ids = jsonx_at(c->answer, "taskArns");

    if (c->outcome == AWS_OK && is_list_of_texts(ids)) {
        r->ids[part - PART_RUNNING] = json_incref(ids);
    } else if (c->outcome == AWS_OK) {
        mark_without_list(r, "taskArns");
    } else {
        r->snapshot->tasks_absence = trouble_absence(c);
        trouble_tell(r->snapshot, &r->ref, region_of(r), c);
    }
    if (r->snapshot->tasks_absence != ECS_NOT_READ)
        return;
    if (part == PART_RUNNING)
        ask_ids(r, PART_STOPPED, "STOPPED");
    else
        ask_tasks(r);
}

static void read_tasks(struct reading *r, const struct aws_call *c)
{
    const json_t *tasks = jsonx_at(c->answer, "tasks");
    struct snapshot *s = r->snapshot;

    s->tasks_absence = trouble_absence(c);
    if (c->outcome != AWS_OK) {
        trouble_tell(s, &r->ref, region_of(r), c);
        return;
    }
    if (!json_is_array(tasks)) {
        mark_without_list(r, "tasks");
        return;
    }
    s->tasks_as_of_ms = world_now(r);
    for (size_t i = 0; i < json_array_size(tasks) && s->task_count < ECS_TASKS; i++)
        if (!decode_task(json_array_get(tasks, i), &s->tasks[s->task_count++])) {
            s->task_count = 0;
            mark_without_list(r, "tasks");
            return;
        }
}

static enum ecs_absence part_absence(struct reading *r, enum client_feature feature, const struct aws_call *c,
                                     char *why, size_t size)
{
    return trouble_of_part(r->errand.session, feature, c, loop_now(r->errand.loop), why, size);
}

/* The history only adds to what is known: its absence is no trouble. */
static void read_history(struct reading *r, const struct aws_call *c)
{
    const json_t *list = jsonx_at(c->answer, "serviceDeployments");
    struct snapshot *s = r->snapshot;
    char why[ECS_REASON];

    if (c->outcome != AWS_OK) {
        s->history_absence = part_absence(r, FEATURE_HISTORY, c, why, sizeof why);
        if (r->rollout_of[0])
            s->rollout_absence = s->history_absence;
        return;
    }
    s->history_absence = ECS_SEEN;
    s->history_as_of_ms = world_now(r);
    for (size_t i = 0; i < json_array_size(list) && s->history_count < HISTORY; i++)
        decode_service_deployment(json_array_get(list, i), &s->history[s->history_count++]);
    for (size_t i = 0; r->rollout_of[0] && i < s->history_count; i++) {
        if (!text_equal(s->history[i].deployment_id, r->rollout_of) || !s->history[i].arn[0])
            continue;
        ask_rollout(r, &s->history[i]);
        return;
    }
}

/* Like the history's. */
static void read_rollout(struct reading *r, const struct aws_call *c)
{
    const json_t *list = jsonx_at(c->answer, "serviceDeployments");
    struct snapshot *s = r->snapshot;
    char why[ECS_REASON];

    if (c->outcome != AWS_OK) {
        s->rollout_absence = part_absence(r, FEATURE_ROLLOUT, c, why, sizeof why);
        return;
    }
    decode_rollout_detail(json_array_get(list, 0), &s->rollout);
    if (!text_equal(s->rollout.deployment_id, r->rollout_of)) { /* none, or not the one that was asked for */
        memset(&s->rollout, 0, sizeof s->rollout);
        s->rollout_absence = ECS_UNREACHABLE;
        return;
    }
    s->rollout_absence = ECS_SEEN;
    s->rollout_as_of_ms = world_now(r);
}

static void read_targets(struct reading *r, int group, const struct aws_call *c)
{
    struct snapshot *s = r->snapshot;
    struct err err;

    if (c->outcome == AWS_OK &&
        decode_targets(c->text, strlen(c->text), group, s->targets, ECS_TARGETS, &s->target_count, &err)) {
        if (++r->groups_read < r->groups_asked)
            return; /* all groups or nothing: some of the targets would look like all of them */
        s->targets_absence = ECS_SEEN;
        s->targets_as_of_ms = world_now(r);
    } else if (s->targets_absence != ECS_NOT_READ) {
        ; /* the first reason stands there */
    } else if (c->outcome == AWS_OK) {
        s->targets_absence = ECS_UNREACHABLE;
        TEXT_COPY(s->targets_trouble, err.text);
    } else {
        s->targets_absence =
            part_absence(r, FEATURE_TARGETS, c, s->targets_trouble, sizeof s->targets_trouble);
    }
}

static void on_answer(struct errand *e, size_t part)
{
    struct reading *r = reading_of(e);
    const struct aws_call *c = &e->parts[part].call;

    switch ((enum part)part) {
    case PART_SERVICE:
        trouble_read_service(r->snapshot, &r->ref, region_of(r), c, world_now(r));
        if (r->look->with_targets)
            ask_targets(r);
        break;
    case PART_RUNNING:
    case PART_STOPPED: read_ids(r, (enum part)part, c); break;
    case PART_TASKS: read_tasks(r, c); break;
    case PART_HISTORY: read_history(r, c); break;
    case PART_ROLLOUT: read_rollout(r, c); break;
    case PART_TARGETS:
    default: read_targets(r, (int)part - PART_TARGETS, c); break;
    }
}

/* ---- the end */

static void on_end(struct errand *e)
{
    struct reading *r = reading_of(e);

    if (r->snapshot->targets_absence != ECS_SEEN)
        r->snapshot->target_count = 0;
    if (r->look) {
        r->look->snapshot = r->snapshot;
        r->look->done(r->look);
    } else {
        r->done(r->user, r->snapshot);
    }
}

static void mark_unread(struct snapshot *s)
{
    s->service_absence = s->tasks_absence = s->history_absence = ECS_UNREACHABLE;
    s->rollout_absence = s->targets_absence = ECS_UNREACHABLE;
    TEXT_COPY(s->trouble, "the program ends before AWS answered");
    TEXT_COPY(s->targets_trouble, s->trouble);
}

static void on_cut(struct errand *e)
{
    struct reading *r = reading_of(e);
    struct snapshot *s;

    if (!r->look)
        return;
    s = mem_alloc(sizeof *s);
    mark_unread(s);
    r->look->snapshot = s;
    r->look->done(r->look);
    mem_free(s);
}

static void on_release(struct errand *e)
{
    struct reading *r = reading_of(e);

    json_decref(r->ids[0]);
    json_decref(r->ids[1]);
    mem_free(r->snapshot);
    mem_free(r);
}

void reading_abandon(struct reading *r)
{
    errand_abandon(&r->errand);
}

int reading_calls(const struct reading *r)
{
    return r->errand.made;
}

bool reading_is_over(const char *status)
{
    static const char *const ends[] = {"SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (text_equal(status, ends[i]))
            return true;
    return false;
}

/* ---- the beginning */

static struct reading *begin(struct client *c, const struct service_ref *ref, enum aws_lane lane)
{
    static const struct errand_kind kind = {on_answer, on_end, on_cut, on_release};
    struct reading *r = mem_alloc(sizeof *r);
    struct snapshot *s = mem_alloc(sizeof *s);

    r->ref = *ref;
    r->snapshot = s;
    s->service_absence = s->tasks_absence = s->history_absence = ECS_NOT_READ;
    s->rollout_absence = s->targets_absence = ECS_NOT_READ;
    errand_begin(&r->errand, c, ref->session, lane, &kind, r->parts, PARTS);
    return r;
}

void reading_look(struct ecs *e, struct ecs_look *look)
{
    struct reading *r = begin(client_of(e), &look->ref, AWS_LANE_OPERATOR);

    look->snapshot = NULL;
    r->look = look;
    errand_within(&r->errand, look->within_ms);
    ask(r, PART_SERVICE, "DescribeServices",
        json_pack("{s:s, s:[s]}", "cluster", look->ref.cluster, "services", look->ref.service));
    if (look->with_tasks)
        ask_ids(r, PART_RUNNING, "RUNNING");
    if (look->with_history)
        ask_history(r);
}

struct reading *reading_start(struct client *c, const struct service_ref *ref, const struct snapshot *service,
                              const char *rollout_of, const struct ecs_rollout_detail *known,
                              void (*done)(void *user, const struct snapshot *s), void *user)
{
    struct reading *r = begin(c, ref, AWS_LANE_POLL);
    struct snapshot *s = r->snapshot;

    s->service_absence = service->service_absence;
    s->service_as_of_ms = service->service_as_of_ms;
    s->missing = service->missing;
    s->service = service->service;
    TEXT_COPY(s->trouble, service->trouble);
    TEXT_COPY(r->rollout_of, rollout_of);
    if (known)
        r->known = *known;
    r->done = done;
    r->user = user;
    ask_ids(r, PART_RUNNING, "RUNNING");
    ask_targets(r);
    ask_history(r);
    return r;
}
