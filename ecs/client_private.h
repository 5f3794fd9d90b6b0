#ifndef ECS_CLIENT_PRIVATE_H
#define ECS_CLIENT_PRIVATE_H
/* The real ECS: client.c holds sessions and requests that run, request.c does the one-call requests,
 * reading.c reads a service with its tasks and history, poller.c feeds the watches. */
#include "aws/call.h"
#include "ecs/ecs.h"
#include "loop/loop.h"

#define CLIENT_SESSIONS 128

struct client;
struct poller;

/* Something that runs. When the client goes, or nobody wants it any more, it is cut off (client = NULL): its
 * calls are cancelled, and it frees itself when the last of them has come back. */
struct client_op {
    struct client *client;
    struct client_op *next, *prev;
    void (*cancel)(struct client_op *op); /* tell the user "cancelled", then cut off */
};

struct client_session {
    struct aws_session *aws;
    uint64_t generation; /* of the keys of the last answer */
    int64_t
        no_history_until_ms; /* mono; the endpoint knows no ListServiceDeployments: not asked until then */
    /* the identity, and of which keys and when it was asked */
    char account[16], partition[16], arn[ECS_NAME];
    uint64_t identity_generation;
    int64_t identity_ms;
    bool identity_known;
};

struct client {
    struct ecs ecs;
    struct loop *loop;
    int session_count;
    struct client_session sessions[CLIENT_SESSIONS];
    struct client_op *ops;
    struct poller *poller;
};

struct client *client_of(struct ecs *e);
struct client_session *client_session(struct client *c, int number);
int64_t client_world(const struct client *c);
void client_link(struct client *c, struct client_op *op);
void client_unlink(struct client_op *op);
void client_note_keys(struct client_session *s, const struct aws_call *call);

/* ---- client_trouble.c: sentences, pure */
enum ecs_absence trouble_absence(const struct aws_call *c);
/* Does the answer say that there is no such service or cluster? */
bool trouble_is_missing(const struct aws_call *c);
/* Does the answer say that the endpoint does not know the operation? */
bool trouble_is_unsupported(const struct aws_call *c);
/* The sentence of a part that failed, written to snapshot.trouble unless one stands there. */
void trouble_tell(struct snapshot *s, const struct service_ref *ref, const char *region,
                  const struct aws_call *c);
void trouble_tell_missing(struct snapshot *s, const struct service_ref *ref, const char *region,
                          bool cluster);
/* An answer of 200 without what it must have. */
void trouble_tell_unreadable(struct snapshot *s, const char *what);
/* An answer to DescribeServices, or its failure, for one service. */
void trouble_read_service(struct snapshot *s, const struct service_ref *ref, const char *region,
                          const struct aws_call *c, int64_t now_ms);

/* ---- request.c */
void request_identify(struct ecs *e, struct ecs_identify *r);
void request_redeploy(struct ecs *e, struct ecs_redeploy *r);
void request_names(struct ecs *e, struct ecs_names *r);

/* ---- reading.c */
void reading_look(struct ecs *e, struct ecs_look *look);
struct reading;
/* Tasks and history into a snapshot whose service was read already. done once, never inside; the snapshot is
 * valid during done and freed afterwards. */
struct reading *reading_start(struct client *c, const struct service_ref *ref, const struct snapshot *service,
                              void (*done)(void *user, const struct snapshot *s), void *user);
/* done does not come any more. */
void reading_abandon(struct reading *r);
/* Calls that a reading of tasks and history makes, for the budget. */
#define READING_CALLS 4

/* ---- poller.c */
struct poller *poller_create(struct client *c, const struct ecs_client_options *options);
void poller_destroy(struct poller *p);
void poller_watch(struct ecs *e, struct ecs_watch *w);
void poller_unwatch(struct ecs *e, struct ecs_watch *w);
int64_t poller_interval(struct ecs *e, int session);

#endif
