#ifndef ECS_REDACT_H
#define ECS_REDACT_H
/* Log lines lose what looks like a secret before they leave this layer: passwords in URLs, Bearer tokens,
 * CloudTAK's "etl." tokens, JWTs, token= and password= parameters, AWS keys. Best effort: it knows shapes,
 * not meanings. Pure. */
#include <stddef.h>

/* Copies with each secret replaced by "[redacted]", cleaned as text_clean does. Always NUL-terminated; to may
 * not be from. */
void redact_line(char *to, size_t size, const char *from);

#endif
