#include "lib_counts.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"
#include "sim/world_ecs.h"
#include "store/store.h"

bool counts_revive(struct rig *r, int64_t away)
{
    const bool killed = r->killed;
    r->kill_at = r->kill_at_call = 0;
    if (killed) {
        rig_run(r, 1); /* the loop was stopped */
        rig_run(r, away);
        rig_start(r);
    }
    return killed;
}

/* ---- asking */

static struct chat_message *open_question(struct rig *r)
{
    for (size_t i = r->chat->count; i-- > 0;) {
        struct chat_message *m = &r->chat->messages[i];
        if (m->card.button_count > 1) {
            return m;
        }
    }
    return NULL;
}

void counts_yes(struct rig *r, const char *user)
{
    struct chat_message *m = open_question(r);
    if (m == NULL) {
        fail_msg("no question is open; the newest message: %s / %s", rig_newest(r)->card.title,
                 rig_newest(r)->card.lines[0]);
        return;
    }
    rig_click(r, user, "confirm", m->card.buttons[1].value, m->id);
}

void counts_confirm(struct rig *r, const char *text)
{
    rig_ask(r, text);
    for (int i = 0; i < 15 && open_question(r) == NULL && !r->killed; i++) {
        rig_run(r, 1000);
    }
    rig_run(r, 100);
    if (!r->killed) {
        counts_yes(r, "ana");
        rig_run(r, 100);
    }
}

/* ---- the world as others see it and change it */

static json_t *ask_world(struct rig *r, const char *action, json_t *body)
{
    struct world_answer a;
    world_ecs_call(fake_ecs_world(r->world), clock_world(&r->clock), action, body, &a);
    json_decref(body);
    assert_int_equal(a.status, 200);
    return a.body;
}

int counts_desired(struct rig *r, const char *service)
{
    json_t *answer = ask_world(r, "DescribeServices",
                               json_pack("{s:s, s:[s]}", "cluster", WORLD_CLUSTER, "services", service));
    const int desired = (int)jsonx_int(answer, "services.0.desiredCount", -1);
    json_decref(answer);
    return desired;
}

int counts_deployments(struct rig *r, const char *service)
{
    json_t *answer = ask_world(r, "ListServiceDeployments",
                               json_pack("{s:s, s:s}", "cluster", WORLD_CLUSTER, "service", service));
    const json_t *list = jsonx_at(answer, "serviceDeployments");
    int count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const int64_t created = jsonx_seconds_to_ms(json_array_get(list, i), "createdAt", 0);
        count += created >= r->clock.virtual_start_ms;
    }
    json_decref(answer);
    return count;
}

const char *counts_switches(struct rig *r, const char *service)
{
    static char text[4];
    char resource[200];
    TEXT_FORMAT(resource, "service/" WORLD_CLUSTER "/%s", service);
    json_t *answer = ask_world(r, "DescribeScalableTargets",
                               json_pack("{s:s, s:[s]}", "ServiceNamespace", "ecs", "ResourceIds", resource));
    const json_t *state = jsonx_at(answer, "ScalableTargets.0.SuspendedState");
    TEXT_COPY(text, "-");
    if (state != NULL) {
        TEXT_FORMAT(text, "%d%d%d", jsonx_bool(state, "DynamicScalingInSuspended", false),
                    jsonx_bool(state, "DynamicScalingOutSuspended", false),
                    jsonx_bool(state, "ScheduledScalingSuspended", false));
    }
    json_decref(answer);
    return text;
}

void counts_set(struct rig *r, const char *service, int desired)
{
    json_decref(ask_world(
        r, "UpdateService",
        json_pack("{s:s, s:s, s:i}", "cluster", WORLD_CLUSTER, "service", service, "desiredCount", desired)));
}

void counts_suspend(struct rig *r, const char *service, bool in, bool out, bool scheduled)
{
    char resource[200];
    TEXT_FORMAT(resource, "service/" WORLD_CLUSTER "/%s", service);
    json_decref(
        ask_world(r, "RegisterScalableTarget",
                  json_pack("{s:s, s:s, s:s, s:{s:b, s:b, s:b}}", "ServiceNamespace", "ecs", "ResourceId",
                            resource, "ScalableDimension", "ecs:service:DesiredCount", "SuspendedState",
                            "DynamicScalingInSuspended", in, "DynamicScalingOutSuspended", out,
                            "ScheduledScalingSuspended", scheduled)));
}

static void counted(struct store_loaded *l)
{
    size_t *count = l->user;
    for (size_t i = 0; i < l->memo_count; i++) {
        *count += strcmp(l->memos[i].kind, "count") == 0;
    }
}

size_t counts_memos(struct rig *r)
{
    size_t count = 0;
    struct store_loaded l = {.done = counted, .user = &count};
    r->store->ops->load(r->store, &l);
    rig_run(r, 10);
    return count;
}
