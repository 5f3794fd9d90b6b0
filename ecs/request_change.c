/* Requests that change something: UpdateService, StopTask, StopServiceDeployment. Each is sent at most once,
 * on a connection of its own (call.changes); throttled or refused, it was certainly not executed. What may or
 * may not have been executed says so, and nothing here sends it again. */
#include <string.h>

#include "base/fault.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "change.h"
#include "request.h"

void request_change(struct request *q, const char *action, json_t *body)
{
    q->call.action = action;
    q->call.body = request_body(body);
    q->call.changes = true;
    q->call.lane = AWS_LANE_CHANGE;
    aws_call_start(q->aws, &q->call);
}

/* ---- UpdateService */

static void read_redeploy(struct client *c, void *of, const struct aws_call *call)
{
    struct ecs_redeploy *r = of;

    (void)c;
    FAULT_POINT("after UpdateService");
    TEXT_COPY(r->request_id, call->request_id);
    r->uncertain = call->uncertain;
    if (call->outcome != AWS_OK) {
        r->err = call->err;
    } else {
        r->ok = change_read_redeploy(call->answer, r);
        r->uncertain = !r->ok;
    }
    r->done(r);
}

void request_redeploy(struct ecs *e, struct ecs_redeploy *r)
{
    r->ok = r->uncertain = false;
    memset(&r->err, 0, sizeof r->err);
    r->request_id[0] = r->deployment_id[0] = r->older_id[0] = '\0';
    r->created_ms = 0;
    r->answered_desired = 0;
    FAULT_POINT("before UpdateService");
    request_change(request_begin(e, r->ref.session, r, read_redeploy), "UpdateService", change_redeploy(r));
}

/* ---- StopTask */

static void read_stop_task(struct client *c, void *of, const struct aws_call *call)
{
    struct ecs_stop_task *r = of;

    (void)c;
    FAULT_POINT("after StopTask");
    TEXT_COPY(r->request_id, call->request_id);
    r->uncertain = call->uncertain;
    r->ok = call->outcome == AWS_OK;
    r->gone = call->outcome == AWS_REFUSED && change_says_gone(call->code, call->message);
    if (r->gone)
        err_set(&r->err, ERR_MISSING,
                "ECS does not know task %s any more: it has ended already; look at the tasks that run now",
                r->task_id);
    else if (!r->ok)
        r->err = call->err;
    r->done(r);
}

void request_stop_task(struct ecs *e, struct ecs_stop_task *r)
{
    r->ok = r->gone = r->uncertain = false;
    memset(&r->err, 0, sizeof r->err);
    r->request_id[0] = '\0';
    FAULT_POINT("before StopTask");
    request_change(request_begin(e, r->ref.session, r, read_stop_task), "StopTask", change_stop_task(r));
}

/* ---- StopServiceDeployment */

static void read_roll_back(struct client *c, void *of, const struct aws_call *call)
{
    struct ecs_roll_back *r = of;

    (void)c;
    FAULT_POINT("after StopServiceDeployment");
    TEXT_COPY(r->request_id, call->request_id);
    r->uncertain = call->uncertain;
    r->ok = call->outcome == AWS_OK;
    r->over = call->outcome == AWS_REFUSED && change_says_over(call->code);
    if (r->over)
        err_set(&r->err, ERR_MISSING,
                "the deployment does not run any more, so there is nothing to stop (%s): look at the service "
                "as it stands now",
                call->code);
    else if (!r->ok)
        r->err = call->err;
    r->done(r);
}

void request_roll_back(struct ecs *e, struct ecs_roll_back *r)
{
    r->ok = r->over = r->uncertain = false;
    memset(&r->err, 0, sizeof r->err);
    r->request_id[0] = '\0';
    FAULT_POINT("before StopServiceDeployment");
    request_change(request_begin(e, r->ref.session, r, read_roll_back), "StopServiceDeployment",
                   change_roll_back(r));
}
