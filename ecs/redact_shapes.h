#ifndef ECS_REDACT_SHAPES_H
#define ECS_REDACT_SHAPES_H
/* The shapes of secrets. Pure. */
#include <stddef.h>

/* So many bytes are kept, and so many behind them are secret (0 = none here). */
struct redact_span {
    size_t keep, secret;
};
/* at is a place in line. What was redacted before is not found again. */
struct redact_span redact_find(const char *line, const char *at);

#endif
