#ifndef ECS_REQUEST_H
#define ECS_REQUEST_H
/* A request of one call: begun, its call filled in and started by who asks, read once, and gone. */
#include "client_private.h"

struct request {
    struct client_op op;
    struct client_session *session;
    struct aws_session *aws;
    struct aws_call call;
    struct loop_deferred known; /* identify: the answer is there already */
    void *of;                   /* the caller's request */
    void (*read)(struct client *c, void *of, const struct aws_call *call);
};

/* For ECS, in an operator's lane. read comes once, with the call's end, or as cancelled when the client goes
 * first. */
struct request *request_begin(struct ecs *e, int session, void *of,
                              void (*read)(struct client *c, void *of, const struct aws_call *call));
/* Takes body. */
char *request_body(json_t *body);
/* The same for a call that changes something: sent at most once, before all others. Takes body. */
void request_change(struct request *q, const char *action, json_t *body);

#endif
