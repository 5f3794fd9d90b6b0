/* The calls that change something: executed, refused, or with an answer that is lost before, after or long
 * before the execution. Bodies and answers are the bot's own. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/change.h"
#include "fake_ecs_private.h"

#define LATE_MS    5000
#define REQUEST_ID "00000000-0000-4000-a000-000000000001"

/* ---- executed when nobody waits any more */

static void unlink_late(struct late *l)
{
    struct late **at = &l->fake->late;
    while (*at != l) {
        at = &(*at)->next;
    }
    *at = l->next;
}

static void execute_late(struct loop_timer *t)
{
    struct late *l = t->user;
    struct world_answer a;
    unlink_late(l);
    json_decref(fake_call(l->fake, l->action, l->body, &a));
    mem_free(l);
}

static void plan_late(struct fake *f, const char *action, json_t *body)
{
    struct late *l = mem_alloc(sizeof(*l));
    l->fake = f;
    l->action = action;
    l->body = body;
    l->timer = (struct loop_timer){.fire = execute_late, .user = l};
    l->next = f->late;
    f->late = l;
    loop_timer_start_world(f->options.loop, &l->timer, LATE_MS);
}

void fake_late_drop(struct fake *f)
{
    while (f->late != NULL) {
        struct late *l = f->late;
        f->late = l->next;
        loop_timer_stop(f->options.loop, &l->timer);
        json_decref(l->body);
        mem_free(l);
    }
}

bool fake_change(struct pending *p, enum fake_fault fault, bool cancelled, const char *action, json_t *body,
                 struct world_answer *a, struct err *err, bool *ret_uncertain)
{
    *a = (struct world_answer){.status = 0};
    *ret_uncertain = cancelled || fake_is_uncertain(fault);
    if (!cancelled && (fault == FAKE_NONE || fault == FAKE_LOST_AFTER)) {
        fake_call(p->fake, action, body, a);
    } else if (!cancelled && fault == FAKE_LOST_LATE) {
        plan_late(p->fake, action, body);
    } else {
        json_decref(body);
    }
    if (a->lost) {
        fault = FAKE_LOST_AFTER;
        *ret_uncertain = true;
    }
    if (cancelled || fault != FAKE_NONE) {
        fake_set_err(err, fault, cancelled);
        return false;
    }
    if (a->status != 200) {
        fake_answer_err(a, err);
    }
    return a->status == 200;
}

/* ---- UpdateService */

static void run_redeploy(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct ecs_redeploy *r = p->request;
    struct world_answer a;
    r->ok = fake_change(p, fault, cancelled, "UpdateService", change_redeploy(r), &a, &r->err, &r->uncertain);
    if (r->ok) {
        TEXT_COPY(r->request_id, REQUEST_ID);
        r->ok = change_read_redeploy(a.body, r);
        r->uncertain = !r->ok;
    }
    json_decref(a.body);
    r->done(r);
}

void fake_redeploy(struct ecs *e, struct ecs_redeploy *r)
{
    fake_start(e, r, run_redeploy)->call = FAKE_REDEPLOY;
}

/* ---- StopTask */

/* Of an answer that came. */
static const char *code_of(const struct world_answer *a, bool uncertain)
{
    return a->status == 0 || uncertain ? "" : jsonx_text(a->body, "__type");
}

static void run_stop_task(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct ecs_stop_task *r = p->request;
    struct world_answer a;
    r->ok = fake_change(p, fault, cancelled, "StopTask", change_stop_task(r), &a, &r->err, &r->uncertain);
    r->gone = !r->ok && change_says_gone(code_of(&a, r->uncertain), jsonx_text(a.body, "message"));
    if (r->ok) {
        TEXT_COPY(r->request_id, REQUEST_ID);
    }
    json_decref(a.body);
    r->done(r);
}

void fake_stop_task(struct ecs *e, struct ecs_stop_task *r)
{
    fake_start(e, r, run_stop_task)->call = FAKE_STOP_TASK;
}

/* ---- StopServiceDeployment */

static void run_roll_back(struct pending *p, enum fake_fault fault, bool cancelled)
{
    struct ecs_roll_back *r = p->request;
    struct world_answer a;
    r->ok = fake_change(p, fault, cancelled, "StopServiceDeployment", change_roll_back(r), &a, &r->err,
                        &r->uncertain);
    r->over = !r->ok && change_says_over(code_of(&a, r->uncertain));
    if (r->ok) {
        TEXT_COPY(r->request_id, REQUEST_ID);
    }
    json_decref(a.body);
    r->done(r);
}

void fake_roll_back(struct ecs *e, struct ecs_roll_back *r)
{
    fake_start(e, r, run_roll_back)->call = FAKE_ROLL_BACK;
}
