#ifndef ECS_REDACT_SHAPES_H
#define ECS_REDACT_SHAPES_H
/* The shapes of secrets. Pure. */
#include <stddef.h>

/* So many bytes are kept, and so many behind them are secret (0 = none here). */
struct redact_span {
    size_t keep, secret;
};
/* What begins at this place of the line: secrets with a name or an address before them. What was redacted
 * before is not found again. */
struct redact_span redact_find(const char *line, const char *at);
/* How long is the secret at this place that is known by its looks alone? 0 = there is none. */
size_t redact_token(const char *line, const char *at);

#endif
