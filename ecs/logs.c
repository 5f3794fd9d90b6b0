/* The log of a container: its place, from the task definition, and its last lines, redacted. */
#include "logs.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "ecs/redact.h"

bool logs_place(const struct definition *d, const char *region, struct ecs_tail *r, struct err *err)
{
    const struct definition_container *c = definition_container(d, r->container);

    if (!c)
        return err_set(err, ERR_MISSING,
                       "the task definition %s has no container \"%s\"; its first one is \"%s\"",
                       r->task_definition, r->container, d->containers[0].name);
    if (!c->log_driver[0])
        return err_set(err, ERR_MISSING, "container \"%s\" of %s has no log configured", c->name,
                       r->task_definition);
    if (!text_equal(c->log_driver, "awslogs"))
        return err_set(
            err, ERR_MISSING,
            "container \"%s\" of %s logs by \"%s\", not to CloudWatch Logs: look for its lines there",
            c->name, r->task_definition, c->log_driver);
    if (c->log_region[0] && !text_equal(c->log_region, region))
        return err_set(err, ERR_MISSING, "container \"%s\" logs to %s, and I look into %s only", c->name,
                       c->log_region, region);
    if (!c->log_group[0] || !c->log_prefix[0])
        return err_set(err, ERR_MISSING,
                       "the log of container \"%s\" cannot be found: %s sets no awslogs-%s for it", c->name,
                       r->task_definition, c->log_group[0] ? "stream-prefix" : "group");
    if (!TEXT_COPY(r->log_group, c->log_group) ||
        !TEXT_FORMAT(r->log_stream, "%s/%s/%s", c->log_prefix, c->name, r->task_id)) {
        r->log_group[0] = r->log_stream[0] = '\0';
        return err_set(err, ERR_LIMIT, "the names of log group and stream are longer than I can hold");
    }
    return true;
}

json_t *logs_ask(const struct ecs_tail *r, const char *token)
{
    json_t *body = json_pack("{s:s, s:s, s:i, s:b}", "logGroupName", r->log_group, "logStreamName",
                             r->log_stream, "limit", ECS_TAIL_LINES, "startFromHead", 0);

    if (token)
        json_object_set_new(body, "nextToken", json_string(token));
    return body;
}

bool logs_read(const json_t *answer, struct ecs_tail *r)
{
    const json_t *events = jsonx_at(answer, "events");
    size_t total = json_array_size(events);

    if (!json_is_array(events))
        return false;
    r->count = 0;
    for (size_t i = total > ECS_TAIL_LINES ? total - ECS_TAIL_LINES : 0; i < total; i++) {
        const json_t *one = json_array_get(events, i);
        int64_t at_ms = jsonx_int(one, "timestamp", 0);

        redact_line(r->lines[r->count], sizeof r->lines[r->count], jsonx_text(one, "message"));
        r->at_ms[r->count++] = at_ms > 0 ? at_ms : 0;
    }
    return true;
}
