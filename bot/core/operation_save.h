#ifndef CORE_OPERATION_SAVE_H
#define CORE_OPERATION_SAVE_H
/* An operation's own memory as JSON: the request, the facts of its card, its question. */
#include "engine_private.h"

char *operation_save_detail(const struct operation *op); /* caller mem_frees */
bool operation_load_detail(struct operation *op, const char *detail, struct err *err);
void request_load(const json_t *saved, struct request *ret);

#endif
