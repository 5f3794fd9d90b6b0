/* Reads one service: the service itself, its tasks (running and stopped), its history.
 *
 *   service ─────────────────────────────────┐
 *   running ids ──▶ stopped ids ──▶ tasks ────┼──▶ done, or the deadline
 *   history ──────────────────────────────────┘
 *
 * All that can is asked at once. The stopped ids come after the running ones: a task that is stopped in
 * between is then in both lists, the other way round it would be in none, and the old tasks that just handed
 * over would seem never to have been. A part that fails is absent with its reason and spoils no other. At the
 * deadline what is still open is absent. When more tasks exist than a page holds, running ones come first:
 * they say whether users are served. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "client_private.h"
#include "ecs/decode.h"

#define LOOK_MS       8000
#define NO_HISTORY_MS 600000 /* an endpoint without history is asked again after that */
#define HISTORY       20

enum part { PART_SERVICE, PART_RUNNING, PART_STOPPED, PART_TASKS, PART_HISTORY, PARTS };

struct reading {
    struct client_op op;
    struct client_session *session;
    struct aws_session *aws;
    struct loop *loop;
    struct service_ref ref;
    struct snapshot *snapshot;
    enum aws_lane lane;
    struct aws_call calls[PARTS];
    bool open[PARTS];
    int open_count;
    json_t *ids[2]; /* task ARNs: running, stopped */
    struct loop_timer deadline;
    struct ecs_look *look; /* or */
    void (*done)(void *user, const struct snapshot *s);
    void *user;
};

static void on_part(struct aws_call *call);

/* ---- one part */

static void ask(struct reading *r, enum part part, const char *action, json_t *body)
{
    struct aws_call *c = &r->calls[part];

    memset(c, 0, sizeof *c);
    c->service = AWS_ECS;
    c->action = action;
    c->body = jsonx_print(body);
    json_decref(body);
    c->lane = r->lane;
    c->timeout_ms = LOOK_MS;
    c->done = on_part;
    c->user = r;
    r->open[part] = true;
    r->open_count++;
    aws_call_start(r->aws, c);
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
    r->snapshot->tasks_as_of_ms = client_world(r->op.client);
}

static void ask_history(struct reading *r)
{
    if (loop_now(r->loop) < r->session->no_history_until_ms)
        r->snapshot->history_absence = ECS_UNSUPPORTED;
    else
        ask(r, PART_HISTORY, "ListServiceDeployments",
            json_pack("{s:s, s:s, s:i}", "cluster", r->ref.cluster, "service", r->ref.service, "maxResults",
                      HISTORY));
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

static void read_ids(struct reading *r, enum part part)
{
    const struct aws_call *c = &r->calls[part];
    json_t *ids = jsonx_at(c->answer, "taskArns");

    if (c->outcome == AWS_OK && is_list_of_texts(ids)) {
        r->ids[part - PART_RUNNING] = json_incref(ids);
    } else if (c->outcome == AWS_OK) {
        mark_without_list(r, "taskArns");
    } else {
        r->snapshot->tasks_absence = trouble_absence(c);
        trouble_tell(r->snapshot, &r->ref, aws_session_region(r->aws), c);
    }
    if (r->snapshot->tasks_absence != ECS_NOT_READ)
        return;
    if (part == PART_RUNNING)
        ask_ids(r, PART_STOPPED, "STOPPED");
    else
        ask_tasks(r);
}

static void read_tasks(struct reading *r)
{
    const struct aws_call *c = &r->calls[PART_TASKS];
    const json_t *tasks = jsonx_at(c->answer, "tasks");
    struct snapshot *s = r->snapshot;

    s->tasks_absence = trouble_absence(c);
    if (c->outcome != AWS_OK) {
        trouble_tell(s, &r->ref, aws_session_region(r->aws), c);
        return;
    }
    if (!json_is_array(tasks)) {
        mark_without_list(r, "tasks");
        return;
    }
    s->tasks_as_of_ms = client_world(r->op.client);
    for (size_t i = 0; i < json_array_size(tasks) && s->task_count < ECS_TASKS; i++)
        if (!decode_task(json_array_get(tasks, i), &s->tasks[s->task_count++])) {
            s->task_count = 0;
            mark_without_list(r, "tasks");
            return;
        }
}

/* The history only adds to what is known: its absence is no trouble. */
static void read_history(struct reading *r)
{
    const struct aws_call *c = &r->calls[PART_HISTORY];
    const json_t *list = jsonx_at(c->answer, "serviceDeployments");
    struct snapshot *s = r->snapshot;

    s->history_absence = trouble_absence(c);
    if (trouble_is_unsupported(c)) {
        s->history_absence = ECS_UNSUPPORTED;
        r->session->no_history_until_ms = loop_now(r->loop) + NO_HISTORY_MS;
    }
    if (c->outcome != AWS_OK)
        return;
    s->history_as_of_ms = client_world(r->op.client);
    for (size_t i = 0; i < json_array_size(list) && s->history_count < HISTORY; i++)
        decode_service_deployment(json_array_get(list, i), &s->history[s->history_count++]);
}

static void read_part(struct reading *r, enum part part)
{
    client_note_keys(r->session, &r->calls[part]);
    switch (part) {
    case PART_SERVICE:
        trouble_read_service(r->snapshot, &r->ref, aws_session_region(r->aws), &r->calls[part],
                             client_world(r->op.client));
        break;
    case PART_RUNNING:
    case PART_STOPPED: read_ids(r, part); break;
    case PART_TASKS: read_tasks(r); break;
    case PART_HISTORY: read_history(r); break;
    case PARTS: break;
    }
}

/* ---- the end */

static void release(struct reading *r)
{
    json_decref(r->ids[0]);
    json_decref(r->ids[1]);
    mem_free(r->snapshot);
    mem_free(r);
}

static void deliver(struct reading *r)
{
    if (r->look) {
        r->look->snapshot = r->snapshot;
        r->look->done(r->look);
    } else {
        r->done(r->user, r->snapshot);
    }
}

static void on_part(struct aws_call *call)
{
    struct reading *r = call->user;
    enum part part = (enum part)(call - r->calls);

    r->open[part] = false;
    r->open_count--;
    if (r->op.client)
        read_part(r, part);
    if (r->open_count > 0)
        return;
    if (r->op.client) {
        loop_timer_stop(r->loop, &r->deadline);
        client_unlink(&r->op);
        deliver(r);
    }
    release(r);
}

static void cancel_open(struct reading *r)
{
    for (int i = 0; i < PARTS; i++)
        if (r->open[i])
            aws_call_cancel(r->aws, &r->calls[i]);
}

static void on_deadline(struct loop_timer *t)
{
    cancel_open(t->user); /* each comes back as "did not answer in time" */
}

static void mark_unread(struct snapshot *s)
{
    s->service_absence = s->tasks_absence = s->history_absence = ECS_UNREACHABLE;
    TEXT_COPY(s->trouble, "the program ends before AWS answered");
}

static void cancel(struct client_op *op)
{
    struct reading *r = (struct reading *)op;
    struct snapshot *s = NULL;

    if (r->look) {
        s = mem_alloc(sizeof *s);
        mark_unread(s);
        r->look->snapshot = s;
        r->look->done(r->look);
        mem_free(s);
    }
    reading_abandon(r);
}

void reading_abandon(struct reading *r)
{
    loop_timer_stop(r->loop, &r->deadline);
    client_unlink(&r->op);
    cancel_open(r); /* the last one that comes back frees it */
}

/* ---- the beginning */

static struct reading *begin(struct client *c, const struct service_ref *ref, enum aws_lane lane)
{
    struct reading *r = mem_alloc(sizeof *r);

    r->session = client_session(c, ref->session);
    r->aws = r->session->aws;
    r->loop = c->loop;
    r->ref = *ref;
    r->lane = lane;
    r->snapshot = mem_alloc(sizeof *r->snapshot);
    r->op.cancel = cancel;
    client_link(c, &r->op);
    r->deadline.fire = on_deadline;
    r->deadline.user = r;
    loop_timer_start(c->loop, &r->deadline, LOOK_MS);
    return r;
}

void reading_look(struct ecs *e, struct ecs_look *look)
{
    struct reading *r = begin(client_of(e), &look->ref, AWS_LANE_OPERATOR);
    struct snapshot *s = r->snapshot;

    look->snapshot = NULL;
    r->look = look;
    s->service_absence = s->tasks_absence = s->history_absence = ECS_NOT_READ;
    ask(r, PART_SERVICE, "DescribeServices",
        json_pack("{s:s, s:[s]}", "cluster", look->ref.cluster, "services", look->ref.service));
    if (look->with_tasks)
        ask_ids(r, PART_RUNNING, "RUNNING");
    if (look->with_history)
        ask_history(r);
}

struct reading *reading_start(struct client *c, const struct service_ref *ref, const struct snapshot *service,
                              void (*done)(void *user, const struct snapshot *s), void *user)
{
    struct reading *r = begin(c, ref, AWS_LANE_POLL);
    struct snapshot *s = r->snapshot;

    s->service_absence = service->service_absence;
    s->service_as_of_ms = service->service_as_of_ms;
    s->missing = service->missing;
    s->service = service->service;
    s->tasks_absence = s->history_absence = ECS_NOT_READ;
    TEXT_COPY(s->trouble, service->trouble);
    r->done = done;
    r->user = user;
    ask_ids(r, PART_RUNNING, "RUNNING");
    ask_history(r);
    return r;
}
