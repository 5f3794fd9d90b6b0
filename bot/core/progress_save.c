/* The facts of a card as JSON, for the operation's row. */
#include "base/jsonx.h"
#include "base/text.h"
#include "progress.h"

json_t *progress_facts_save(const struct progress_facts *f)
{
    json_t *j = json_pack("{s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "operation",
                          f->operation, "target", f->target, "key", f->key, "production", f->production,
                          "rehearsal", f->rehearsal, "partition", f->partition, "account", f->account,
                          "region", f->region, "profile", f->profile, "cluster", f->cluster, "service",
                          f->service, "endpoint_note", f->endpoint_note);
    json_t *more =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:I, s:I}", "asker", f->asker,
                  "asker_mention", f->asker_mention, "command", f->command, "checks", f->checks, "untouched",
                  f->untouched, "usual", f->usual, "task_definition", f->task_definition, "superseded",
                  f->superseded, "away", f->away, "breaker", f->breaker, "wanted", f->wanted, "asked_ms",
                  (json_int_t)f->asked_ms, "began_ms", (json_int_t)f->began_ms);
    json_t *escalation = json_pack("{s:s, s:s, s:s}", "name", f->escalation.name, "mention",
                                   f->escalation.mention, "phone", f->escalation.phone);
    json_object_update(j, more);
    json_decref(more);
    json_object_set_new(j, "other", json_string(f->other));
    json_object_set_new(j, "taken_by", json_string(f->taken_by));
    json_object_set_new(j, "outage_ms", json_integer(f->outage_ms));
    json_object_set_new(j, "version_before", json_string(f->version));
    json_object_set_new(j, "site", json_string(f->site));
    json_object_set_new(j, "cost", json_string(f->cost));
    json_object_set_new(j, "escalation", escalation);
    json_object_update_new(j, json_pack("{s:b, s:s, s:i, s:b, s:I, s:i, s:I, s:s, s:s, s:s, s:s}", "adopted",
                                        f->adopted, "begun", f->begun, "chain", f->chain, "followed_on",
                                        f->followed_on, "other_ms", (json_int_t)f->other_ms, "told",
                                        (int)f->told, "care_until_ms", (json_int_t)f->care_until_ms,
                                        "log_reason", f->log_reason, "log_says", f->log_says, "hook", f->hook,
                                        "hook_arn", f->hook_arn));
    return j;
}

#define LOAD(field, path) TEXT_COPY(ret->field, jsonx_text(saved, path))

void progress_facts_load(const json_t *saved, struct progress_facts *ret)
{
    *ret = (struct progress_facts){0};
    LOAD(operation, "operation");
    LOAD(target, "target");
    LOAD(key, "key");
    LOAD(partition, "partition");
    LOAD(account, "account");
    LOAD(region, "region");
    LOAD(profile, "profile");
    LOAD(cluster, "cluster");
    LOAD(service, "service");
    LOAD(endpoint_note, "endpoint_note");
    LOAD(asker, "asker");
    LOAD(asker_mention, "asker_mention");
    LOAD(command, "command");
    LOAD(checks, "checks");
    LOAD(untouched, "untouched");
    LOAD(usual, "usual");
    LOAD(cost, "cost");
    LOAD(task_definition, "task_definition");
    LOAD(version, "version_before");
    LOAD(site, "site");
    LOAD(superseded, "superseded");
    LOAD(other, "other");
    LOAD(taken_by, "taken_by");
    ret->outage_ms = jsonx_int(saved, "outage_ms", 0);
    LOAD(away, "away");
    LOAD(escalation.name, "escalation.name");
    LOAD(escalation.mention, "escalation.mention");
    LOAD(escalation.phone, "escalation.phone");
    LOAD(begun, "begun");
    LOAD(log_reason, "log_reason");
    LOAD(log_says, "log_says");
    LOAD(hook, "hook");
    LOAD(hook_arn, "hook_arn");
    ret->adopted = jsonx_bool(saved, "adopted", false);
    ret->followed_on = jsonx_bool(saved, "followed_on", false);
    ret->told = (unsigned)jsonx_int(saved, "told", 0);
    ret->chain = (int)jsonx_int(saved, "chain", 0);
    ret->other_ms = jsonx_int(saved, "other_ms", 0);
    ret->care_until_ms = jsonx_int(saved, "care_until_ms", 0);
    ret->production = jsonx_bool(saved, "production", false);
    ret->rehearsal = jsonx_bool(saved, "rehearsal", false);
    ret->breaker = jsonx_bool(saved, "breaker", false);
    ret->wanted = (int)jsonx_int(saved, "wanted", 0);
    ret->asked_ms = jsonx_int(saved, "asked_ms", 0);
    ret->began_ms = jsonx_int(saved, "began_ms", 0);
}
