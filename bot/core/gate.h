#ifndef CORE_GATE_H
#define CORE_GATE_H
/* The gate before the store: whatever core keeps in a row passes here, whoever wrote the text. */
#include <jansson.h>

struct buf;

/* Every text in it without secrets, as compact JSON; saved is taken. The caller mem_frees. Texts are gated
 * one by one, before they are quoted: a quoted one may hide a secret behind its escapes. */
char *gate_print(json_t *saved);
/* Appends text without secrets as a JSON string. */
void gate_quote(struct buf *to, const char *text);

#endif
