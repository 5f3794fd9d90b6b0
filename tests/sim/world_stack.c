/* CloudFormation: the stack in which CloudTAK stands. Its outputs hold the database's password, as CloudTAK's
 * own do: nobody may show it. */
#include "sim/world_ecs_calls.h"

#include "base/jsonx.h"
#include "base/text.h"

#define STACK_AGE_MS (90 * 24 * 3600 * INT64_C(1000))
#define BEGUN_BEFORE (2 * 60 * INT64_C(1000)) /* of an update that runs at the beginning */
#define LAST_UPDATE  (3 * 24 * 3600 * INT64_C(1000))

static void put_moment(json_t *o, const char *name, int64_t at_ms)
{
    char text[TEXT_TIME];
    text_time_iso(text, at_ms);
    json_object_set_new(o, name, json_string(text));
}

void call_describe_stacks(struct call *c)
{
    const struct world_ecs *w = c->w;
    const char *name = jsonx_text(c->body, "StackName");
    bool runs = w->now_ms < w->start_ms + w->scenario->stack_update_ms;
    if (!text_equal(name, WORLD_STACK)) {
        char message[400];
        TEXT_FORMAT(message, "Stack with id %.200s does not exist", name);
        call_refuse(c, "ValidationError", message);
        return;
    }
    json_t *o = json_pack("{s:s,s:s,s:s,s:[{s:s,s:s}],s:b,s:b}", "StackId",
                          "arn:" WORLD_PARTITION ":cloudformation:" WORLD_REGION ":" WORLD_ACCOUNT
                          ":stack/" WORLD_STACK "/0ec50000-0000-4000-a000-000000000001",
                          "StackName", WORLD_STACK, "StackStatus",
                          runs ? "UPDATE_IN_PROGRESS" : "UPDATE_COMPLETE", "Outputs", "OutputKey", "DB",
                          "OutputValue", "postgres://tak:" WORLD_CANARY "@db.invalid:5432/tak_ps_etl",
                          "DisableRollback", 0, "EnableTerminationProtection", 1);
    put_moment(o, "CreationTime", w->start_ms - STACK_AGE_MS);
    put_moment(o, "LastUpdatedTime",
               w->start_ms - (w->scenario->stack_update_ms > 0 ? BEGUN_BEFORE : LAST_UPDATE));
    call_answer(c, "Stacks", json_pack("[o]", o));
}
