/* CHECKING, what stands around the service: CloudTAK's own answers, its image and alarms, target health and
 * past deployments, and what a kind of change needs beside them. All are asked at once beside the look that
 * decides, and none of them is waited for longer than it takes to still begin in time: what has not come by
 * then was not checked, which stops nothing.
 *
 * Each round has its own memory: what answers too late is let go without touching the next round. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

#define LATE "no answer in time"

/* Another service of the target: looked at for its task definition, which is asked for its image. */
struct sibling {
    struct around_checks *round;
    const struct config_service *service;
    struct ecs_look look;
    struct ecs_around around;
};

struct around_checks {
    struct operation *op;
    struct around_checks *next; /* older rounds that somebody still works on */
    bool current;
    unsigned out; /* requests with somebody else */
    bool around_asked, around_came, probe_came;
    bool previous_asked, previous_image_asked, scaling_asked;
    struct ecs_around previous_image;
    size_t sibling_count;
    struct sibling siblings[CONFIG_SERVICES];
    struct preflight_sibling told[CONFIG_SERVICES];
    struct ecs_previous previous;
    struct ecs_scaling scaling;
    struct ecs_around around;
    struct ecs_look detail;
    struct probe_look probe;
    struct probe_result probed;
    int64_t durations[RESTART_PAST];
    char ids[RESTART_PAST][ECS_ID];
    size_t duration_count;
};

static void let_go(struct around_checks *c)
{
    struct around_checks **at = &c->op->around;
    while (*at != c) {
        at = &(*at)->next;
    }
    *at = c->next;
    mem_free(c);
}

/* One came back. True: it is of this round, and it is waited for. */
static bool came(struct around_checks *c)
{
    struct operation *op = c->op;
    const bool current = c->current;
    if (--c->out == 0 && !current) {
        let_go(c);
    }
    return restart_back(op, RESTART_CHECKING) && current;
}

static void around_came(struct ecs_around *r)
{
    struct around_checks *c = r->user;
    struct operation *op = c->op;
    c->around_came = true;
    if (came(c)) {
        restart_checked_more(op);
    }
}

static void previous_image_came(struct ecs_around *r)
{
    struct around_checks *c = r->user;
    struct operation *op = c->op;
    if (came(c)) {
        restart_checked_more(op);
    }
}

static void previous_came(struct ecs_previous *r)
{
    struct around_checks *c = r->user;
    struct operation *op = c->op;
    struct ecs *ecs = op->engine->ecs;
    if (c->current && r->ok && r->found && ecs->ops->around != NULL) {
        c->previous_image =
            (struct ecs_around){.parts = ECS_AROUND_IMAGE, .done = previous_image_came, .user = c};
        c->previous_image.ref = r->ref;
        TEXT_COPY(c->previous_image.task_definition, r->task_definition);
        c->previous_image_asked = true;
        c->out++;
        restart_owe(op);
        ecs->ops->around(ecs, &c->previous_image);
    }
    if (came(c)) {
        restart_checked_more(op);
    }
}

static void sibling_image_came(struct ecs_around *r)
{
    struct sibling *s = r->user;
    struct operation *op = s->round->op;
    if (came(s->round)) {
        restart_checked_more(op);
    }
}

static void sibling_came(struct ecs_look *r)
{
    struct sibling *s = r->user;
    struct around_checks *c = s->round;
    struct operation *op = c->op;
    struct ecs *ecs = op->engine->ecs;
    const struct snapshot *seen = r->snapshot;
    if (c->current && seen->service_absence == ECS_SEEN && !seen->missing && ecs->ops->around != NULL) {
        s->around = (struct ecs_around){.parts = ECS_AROUND_IMAGE, .done = sibling_image_came, .user = s};
        s->around.ref = r->ref;
        TEXT_COPY(s->around.task_definition, seen->service.task_definition);
        c->out++;
        restart_owe(op);
        ecs->ops->around(ecs, &s->around);
    }
    if (came(c)) {
        restart_checked_more(op);
    }
}

static void scaling_came(struct ecs_scaling *r)
{
    struct around_checks *c = r->user;
    struct operation *op = c->op;
    if (came(c)) {
        restart_checked_more(op);
    }
}

static void probe_came(struct probe_look *r)
{
    struct around_checks *c = r->user;
    struct operation *op = c->op;
    c->probe_came = true;
    c->probed = r->result;
    if (came(c)) {
        restart_checked_more(op);
    }
}

static void keep_history(struct around_checks *c, const struct snapshot *s)
{
    for (size_t i = 0; s->history_absence == ECS_SEEN && i < s->history_count; i++) {
        const struct ecs_service_deployment *d = &s->history[i];
        const int64_t began = d->started_ms != 0 ? d->started_ms : d->created_ms;
        if (strcmp(d->status, "SUCCESSFUL") == 0 && began > 0 && d->finished_ms > began) {
            TEXT_COPY(c->ids[c->duration_count], d->deployment_id);
            c->durations[c->duration_count++] = d->finished_ms - began;
        }
    }
}

static void keep_detail(struct operation *op, const struct snapshot *s)
{
    struct snapshot *to = op->snapshot;
    to->tasks_absence = s->tasks_absence;
    to->tasks_as_of_ms = s->tasks_as_of_ms;
    to->task_count = s->task_count;
    memcpy(to->tasks, s->tasks, sizeof(to->tasks));
    to->history_absence = s->history_absence;
    to->history_count = s->history_count;
    memcpy(to->history, s->history, sizeof(to->history));
    to->targets_absence = s->targets_absence;
    to->targets_as_of_ms = s->targets_as_of_ms;
    to->target_count = s->target_count;
    memcpy(to->targets, s->targets, sizeof(to->targets));
    TEXT_COPY(to->targets_trouble, s->targets_trouble);
}

static void detail_came(struct ecs_look *r)
{
    struct around_checks *c = r->user;
    struct operation *op = c->op;
    keep_history(c, r->snapshot);
    if (c->current && op->snapshot != NULL) {
        keep_detail(op, r->snapshot);
    }
    if (came(c)) {
        restart_checked_more(op);
    }
}

/* ---- asking */

#define PROBED (PROBE_VERSION | PROBE_DATABASE)

void restart_around_begin(struct operation *op)
{
    struct probe *probe = op->engine->options.probe;
    struct around_checks *c = mem_alloc(sizeof(*c));
    restart_around_forget(op);
    c->op = op;
    c->current = true;
    c->next = op->around;
    op->around = c;
    if (probe == NULL || op->target->probe[0] == '\0') {
        c->probe_came = true;
        probe_unseen(&c->probed, PROBED, "no address of CloudTAK is set (targets[].probe)");
        return;
    }
    c->probe = (struct probe_look){.parts = PROBED, .done = probe_came, .user = c};
    TEXT_COPY(c->probe.base, op->target->probe);
    c->out++;
    restart_owe(op);
    probe->ops->look(probe, &c->probe);
}

static void ask_for_siblings(struct around_checks *c)
{
    struct operation *op = c->op;
    struct ecs *ecs = op->engine->ecs;
    for (size_t i = 0; i < op->target->service_count; i++) {
        if (&op->target->services[i] == op->service) {
            continue;
        }
        struct sibling *s = &c->siblings[c->sibling_count++];
        s->round = c;
        s->service = &op->target->services[i];
        s->look = (struct ecs_look){.done = sibling_came, .user = s};
        restart_ref(op, &s->look.ref);
        TEXT_COPY(s->look.ref.service, s->service->name);
        c->out++;
        restart_owe(op);
        ecs->ops->look(ecs, &s->look);
    }
}

static void ask_for_kind(struct around_checks *c, const struct ecs_service *s)
{
    struct operation *op = c->op;
    struct ecs *ecs = op->engine->ecs;
    if ((op->act->needs & ACT_PREVIOUS) != 0 && ecs->ops->previous != NULL) {
        c->previous = (struct ecs_previous){.done = previous_came, .user = c};
        restart_ref(op, &c->previous.ref);
        TEXT_COPY(c->previous.current, s->task_definition);
        err_set(&c->previous.err, ERR_TIMEOUT, LATE);
        c->previous_asked = true;
        c->out++;
        restart_owe(op);
        ecs->ops->previous(ecs, &c->previous);
    }
    if ((op->act->needs & ACT_SIBLINGS) != 0) {
        ask_for_siblings(c);
    }
    if ((op->act->needs & ACT_SCALING) != 0 && ecs->ops->scaling != NULL) {
        c->scaling = (struct ecs_scaling){.done = scaling_came, .user = c};
        restart_ref(op, &c->scaling.ref);
        err_set(&c->scaling.err, ERR_TIMEOUT, LATE);
        c->scaling_asked = true;
        c->out++;
        restart_owe(op);
        ecs->ops->scaling(ecs, &c->scaling);
    }
}

void restart_around_look(struct operation *op, const struct ecs_service *s)
{
    struct around_checks *c = op->around;
    struct ecs *ecs = op->engine->ecs;
    if (c == NULL || !c->current) {
        return;
    }
    ask_for_kind(c, s);
    c->detail = (struct ecs_look){.with_tasks = (op->act->needs & ACT_TASKS) != 0,
                                  .with_history = true,
                                  .with_targets = true,
                                  .done = detail_came,
                                  .user = c};
    restart_ref(op, &c->detail.ref);
    c->out++;
    restart_owe(op);
    ecs->ops->look(ecs, &c->detail);
    if (ecs->ops->around == NULL) {
        return;
    }
    c->around = (struct ecs_around){
        .parts = ECS_AROUND_ALARMS | ECS_AROUND_IMAGE | ECS_AROUND_STACK, .done = around_came, .user = c};
    restart_ref(op, &c->around.ref);
    config_alarm_prefix(op->target, c->around.alarm_prefix, sizeof(c->around.alarm_prefix));
    config_stack(op->target, c->around.stack_name, sizeof(c->around.stack_name));
    TEXT_COPY(c->around.task_definition, s->task_definition);
    c->around_asked = true;
    c->out++;
    restart_owe(op);
    ecs->ops->around(ecs, &c->around);
}

/* ---- using */

bool restart_around_ready(const struct operation *op)
{
    return op->around == NULL || !op->around->current || op->around->out == 0;
}

static void tell_siblings(struct around_checks *c, struct preflight_facts *f)
{
    for (size_t i = 0; i < c->sibling_count; i++) {
        const struct ecs_around *a = &c->siblings[i].around;
        c->told[i] = (struct preflight_sibling){.key = c->siblings[i].service->key};
        TEXT_COPY(c->told[i].image, a->image.absence == ECS_SEEN ? a->image.name : "");
    }
    f->sibling_count = c->sibling_count;
    f->siblings = c->told;
}

void restart_around_facts(const struct operation *op, struct ecs_around *ret_around,
                          struct probe_result *ret_probe, struct preflight_facts *f)
{
    struct around_checks *c = op->around;
    if (c == NULL || !c->current) {
        return;
    }
    if (c->probe_came) {
        *ret_probe = c->probed;
    } else {
        probe_unseen(ret_probe, PROBED, LATE);
    }
    f->probe = ret_probe;
    f->previous = c->previous_asked ? &c->previous : NULL;
    f->previous_image = c->previous_image_asked ? &c->previous_image : NULL;
    tell_siblings(c, f);
    f->scaling = c->scaling_asked ? &c->scaling : NULL;
    if (!c->around_asked) {
        return;
    }
    *ret_around = c->around;
    if (!c->around_came) {
        ret_around->alarms.absence = ret_around->image.absence = ret_around->stack.absence = ECS_UNREACHABLE;
        TEXT_COPY(ret_around->alarms.why, LATE);
        TEXT_COPY(ret_around->image.why, LATE);
        TEXT_COPY(ret_around->stack.why, LATE);
    }
    f->around = ret_around;
}

/* A restart of ours is in both memories: it counts once. */
void restart_around_durations(struct operation *op)
{
    const struct around_checks *c = op->around;
    for (size_t i = 0; c != NULL && c->current && i < c->duration_count; i++) {
        bool known = false;
        for (size_t k = 0; k < op->own_count; k++) {
            known = known || strcmp(op->own[k], c->ids[i]) == 0;
        }
        if (!known && op->duration_count < sizeof(op->durations) / sizeof(op->durations[0])) {
            op->durations[op->duration_count++] = c->durations[i];
        }
    }
}

void restart_around_forget(struct operation *op)
{
    struct around_checks *c = op->around;
    if (c != NULL && c->current) {
        c->current = false;
        if (c->out == 0) {
            let_go(c);
        }
    }
}

void restart_around_finish(struct operation *op)
{
    while (op->around != NULL) {
        let_go(op->around);
    }
}
