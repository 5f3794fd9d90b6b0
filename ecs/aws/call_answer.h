#ifndef AWS_CALL_ANSWER_H
#define AWS_CALL_ANSWER_H
/* What AWS's answer means, and how it reads to people. Pure. */
#include <stddef.h>

#include "aws/call.h"
#include "aws/retry.h"

struct answer_bytes {
    int status;
    const char *error_type; /* header x-amzn-ErrorType, or NULL */
    const char *request_id; /* header x-amzn-RequestId, or NULL */
    const char *body;       /* NUL-terminated */
    size_t len;
};

/* Fills status, code, message, request_id of the call, and answer (a new reference) of a JSON success. A
 * success whose body is not what the service speaks (cut, a proxy's page) is RETRY_TRANSIENT with err filled.
 */
enum retry_class answer_read(struct aws_call *c, const struct answer_bytes *bytes, struct err *err);

struct answer_scene {
    const char *region, *source; /* of the keys; source may be "" */
    const char *host;
    int64_t skew_ms; /* learned correction of the clock */
    int tries;       /* how often it was sent */
};
/* Sets c->err (call_explain.c) from outcome, uncertain and code: what failed, and what to do next. cause:
 * what the transport said, or NULL. */
void answer_explain(struct aws_call *c, const struct answer_scene *scene, const struct err *cause);

#endif
