/* Which operation of ours began a deployment: one that runs, else one of the store's last restarts. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

struct origin {
    struct command_origin *of;
    struct store_recent recent;
};

bool origin_of_row(const struct store_operation *row, char to[ECS_ID])
{
    struct follow_goal goal = {0};
    struct follow_state *state = mem_alloc(sizeof(*state));
    struct err err;
    const char *text = row->follow != NULL ? row->follow : "";
    json_t *saved = text[0] != '\0' ? jsonx_parse(text, strlen(text), &err) : NULL;
    const bool ok = saved != NULL && follow_load(saved, &goal, state, &err);
    text_copy(to, ECS_ID, ok && goal.kind == FOLLOW_DEPLOYMENT ? goal.deployment_id : "");
    json_decref(saved);
    mem_free(state);
    return to[0] != '\0';
}

static void recalled(struct store_recent *r)
{
    struct origin *o = r->user;
    struct command_origin *of = o->of;
    of->ok = r->ok || of->operation[0] != '\0';
    for (size_t i = 0; r->ok && i < r->count && of->operation[0] == '\0'; i++) {
        const struct store_operation *row = &r->operations[i];
        char id[ECS_ID];
        if (strcmp(row->verb, "follow") != 0 && origin_of_row(row, id) &&
            strcmp(id, of->deployment_id) == 0) {
            TEXT_COPY(of->operation, row->id);
            TEXT_FORMAT(of->who, "@%s", row->user_name[0] != '\0' ? row->user_name : row->user);
        }
    }
    mem_free(o);
    of->done(of);
}

void command_origin(struct command_call *call, struct command_origin *r)
{
    const struct engine *e = call->engine;
    struct origin *o = mem_alloc(sizeof(*o));
    o->of = r;
    r->ok = false;
    r->operation[0] = r->who[0] = r->follower[0] = r->followed_by[0] = '\0';
    for (const struct operation *op = e->operations; op != NULL; op = op->next) {
        if (op->goal.kind != FOLLOW_DEPLOYMENT || strcmp(op->goal.deployment_id, r->deployment_id) != 0) {
            continue;
        }
        if (!op->facts.adopted) {
            TEXT_COPY(r->operation, op->row.id);
            TEXT_COPY(r->who, op->facts.asker);
        } else if (!operation_ended(op->state)) {
            TEXT_COPY(r->follower, op->row.id);
            TEXT_COPY(r->followed_by, op->facts.asker);
        }
    }
    o->recent = (struct store_recent){.done = recalled, .user = o};
    restart_service_name(call->parsed.target, call->parsed.service, o->recent.service_name,
                         sizeof(o->recent.service_name));
    e->store->ops->recent(e->store, &o->recent);
}
