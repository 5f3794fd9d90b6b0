#ifndef ECS_CHANGE_H
#define ECS_CHANGE_H
/* The calls that change something: what is sent, and what AWS's refusals mean. Pure. */
#include <jansson.h>

#include "ecs/ecs.h"

/* Bodies of UpdateService, StopTask, StopServiceDeployment. Caller decrefs. */
json_t *change_redeploy(const struct ecs_redeploy *r);
json_t *change_stop_task(const struct ecs_stop_task *r);
json_t *change_roll_back(const struct ecs_roll_back *r);
/* UpdateService's answer. False, with err, when it names no deployment: it may have been executed. */
bool change_read_redeploy(const json_t *answer, struct ecs_redeploy *r);
/* Of StopTask's refusal: there is no such task. Of StopServiceDeployment's: it does not run any more. */
bool change_says_gone(const char *code, const char *message);
bool change_says_over(const char *code);

#endif
