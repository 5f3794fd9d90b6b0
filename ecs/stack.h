#ifndef ECS_STACK_H
#define ECS_STACK_H
/* CloudFormation's word on a stack: its status, and nothing else of the answer. Pure. */
#include <stddef.h>

#include "ecs/ecs.h"

/* Body of DescribeStacks, a form; mem_free. */
char *stack_ask(const char *name);
/* Its answer. False, with err, when it does not name the stack's status. */
bool stack_read(const char *xml, size_t len, struct ecs_around *r, struct err *err);
/* Of a refusal: there is no such stack. */
bool stack_says_none(const char *code, const char *message);

#endif
