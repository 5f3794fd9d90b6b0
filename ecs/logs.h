#ifndef ECS_LOGS_H
#define ECS_LOGS_H
/* CloudWatch Logs: where a container's lines are, and the lines. Pure. */
#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "definition.h"
#include "ecs/ecs.h"

/* Fills r->log_group and r->log_stream. False with a sentence when its log cannot be read by this session. */
bool logs_place(const struct definition *d, const char *region, struct ecs_tail *r, struct err *err);
/* Body of GetLogEvents; token NULL = the newest page, else the page before. Caller decrefs. */
json_t *logs_ask(const struct ecs_tail *r, const char *token);
/* Its answer: lines, each redacted, oldest first. False when it has no list. */
bool logs_read(const json_t *answer, struct ecs_tail *r);

#endif
