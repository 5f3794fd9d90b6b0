/* What ran before, and autoscaling: the world's answers through the bot's own readers. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/autoscaling.h"
#include "ecs/definition.h"
#include "ecs/revision.h"
#include "fake_ecs_private.h"

/* ---- what ran before */

static bool asked(struct fake *f, const char *action, json_t *body, struct world_answer *a, struct err *err)
{
    fake_call(f, action, body, a);
    if (a->status != 200) {
        fake_answer_err(a, err);
    }
    return a->status == 200;
}

static bool read_history(struct fake *f, const struct ecs_previous *r, struct revisions *rows,
                         struct err *err)
{
    struct world_answer a;
    bool ok = asked(f, "ListServiceDeployments", revision_ask_history(&r->ref), &a, err) &&
              revision_read_history(a.body, rows);
    json_decref(a.body);
    for (size_t i = 0; i < rows->count && ok; i += REVISION_STEP) {
        ok = asked(f, "DescribeServiceRevisions", revision_ask(rows, i), &a, err) &&
             revision_read(a.body, rows);
        json_decref(a.body);
    }
    return ok;
}

static bool read_images(struct fake *f, struct ecs_previous *r)
{
    struct world_answer a;
    struct definition *d = mem_alloc(sizeof(*d));
    bool ok = asked(f, "DescribeTaskDefinition", json_pack("{s:s}", "taskDefinition", r->task_definition), &a,
                    &r->err) &&
              definition_decode(a.body, d);
    definition_tell(d, r);
    json_decref(a.body);
    mem_free(d);
    return ok;
}

static void clear_previous(struct ecs_previous *r)
{
    r->ok = r->found = r->inactive = false;
    r->err = (struct err){0};
    r->task_definition[0] = '\0';
    r->ran_ms = 0;
    r->image_count = 0;
}

static void run_previous(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct ecs_previous *r = p->request;
    clear_previous(r);
    if (cancelled || fault != FAKE_NONE) {
        fake_set_err(&r->err, fault, cancelled);
        r->done(r);
        return;
    }
    struct revisions *rows = mem_alloc(sizeof(*rows));
    r->ok = read_history(p->fake, r, rows, &r->err);
    const struct revision_row *other = r->ok ? revision_other(rows, r->current) : NULL;
    if (other != NULL) {
        r->found = true;
        r->ran_ms = other->finished_ms;
        TEXT_COPY(r->task_definition, other->task_definition);
        r->ok = read_images(p->fake, r);
    }
    mem_free(rows);
    r->done(r);
}

void fake_previous(struct ecs *e, struct ecs_previous *r)
{
    fake_start(e, r, run_previous)->call = FAKE_PREVIOUS;
}

/* ---- autoscaling */

static void set_scaling(struct pending *p, struct ecs_scaling *r, enum fake_fault fault, bool cancelled)
{
    struct world_answer a;
    r->ok = fake_change(p, fault, cancelled, "RegisterScalableTarget", autoscaling_set(r), &a, &r->err,
                        &r->uncertain);
    if (r->ok) {
        TEXT_COPY(r->request_id, "00000000-0000-4000-a000-000000000002");
        r->registered = true;
        r->suspended = r->wanted;
    } else {
        const char *why;
        r->absence = r->uncertain    ? ECS_UNREACHABLE
                     : a.status == 0 ? fake_fault_absence(fault, &why)
                                     : fake_absence(&a);
    }
    json_decref(a.body);
}

static void read_scaling(struct fake *f, struct ecs_scaling *r)
{
    struct world_answer a;
    r->ok = asked(f, "DescribeScalableTargets", autoscaling_ask(&r->ref), &a, &r->err);
    r->absence = fake_absence(&a);
    if (r->ok && !autoscaling_read(a.body, r)) {
        r->ok = false;
        r->absence = ECS_UNREACHABLE;
    }
    json_decref(a.body);
}

static void run_scaling(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct ecs_scaling *r = p->request;
    r->ok = r->uncertain = r->registered = false;
    r->err = (struct err){0};
    r->minimum = r->maximum = 0;
    r->suspended = (struct ecs_scaling_switches){0};
    r->request_id[0] = '\0';
    r->absence = ECS_SEEN;
    if (r->set) {
        set_scaling(p, r, fault, cancelled);
    } else if (cancelled || fault != FAKE_NONE) {
        const char *why;
        r->absence = fake_fault_absence(cancelled ? FAKE_UNREACHABLE : fault, &why);
        fake_set_err(&r->err, fault, cancelled);
    } else {
        read_scaling(p->fake, r);
    }
    r->done(r);
}

void fake_scaling(struct ecs *e, struct ecs_scaling *r)
{
    fake_start(e, r, run_scaling)->call = r->set ? FAKE_SCALING_SET : FAKE_SCALING_READ;
}
