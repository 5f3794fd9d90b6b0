#ifndef ECS_CLIENT_PRIVATE_H
#define ECS_CLIENT_PRIVATE_H
/* The real ECS: client.c holds sessions and requests that run, request.c does the one-call requests,
 * request_change.c those of them that change something, errand.c those of several calls, reading.c reads a
 * service with all that belongs to it, around.c what stands around it, tail.c the log of a task, previous.c
 * what ran before, scaling.c autoscaling, poller.c feeds the watches. */
#include <jansson.h>

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

/* What an endpoint may not know (a substitute of AWS, a region behind the others), or what may be out of
 * reach though ECS is not. */
enum client_feature {
    FEATURE_HISTORY,
    FEATURE_ROLLOUT,
    FEATURE_TARGETS,
    FEATURE_METRICS,
    FEATURE_ALARMS,
    FEATURE_DEFINITION,
    FEATURE_IMAGES,
    FEATURE_LOGS,
    FEATURE_REVISIONS,
    FEATURE_SCALING,
    FEATURE_STACK,
    CLIENT_FEATURES
};

/* A part that is not asked for until then, and what it is meanwhile. */
struct client_rest {
    int64_t until_ms; /* mono */
    enum ecs_absence absence;
    char why[ECS_REASON];
};

struct client_session {
    struct aws_session *aws;
    uint64_t generation; /* of the keys of the last answer */
    struct client_rest rests[CLIENT_FEATURES];
    /* the identity, and of which keys and when it was asked */
    char account[16], partition[16], arn[ECS_NAME];
    uint64_t identity_generation;
    int64_t identity_ms;
    bool identity_known;
};

struct definitions;

struct client {
    struct ecs ecs;
    struct loop *loop;
    int session_count;
    struct client_session sessions[CLIENT_SESSIONS];
    struct client_op *ops;
    struct poller *poller;
    struct definitions *definitions; /* task definitions, as far as they may be kept */
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
/* "elasticloadbalancing:DescribeTargetHealth", as policies spell it. */
const char *trouble_feature(enum client_feature f);
/* Is it left alone for now? Then what it is, and why, a sentence. Costs no call. */
bool trouble_rests(const struct client_session *s, enum client_feature f, int64_t now_ms,
                   enum ecs_absence *ret_absence, char *why, size_t size);
/* Of a part that failed: what it is then, and why, a sentence. What the endpoint does not know rests for ten
 * minutes; target health, which every reading asks for, also when it is forbidden or out of reach, so that
 * nobody waits for it each time. */
enum ecs_absence trouble_of_part(struct client_session *s, enum client_feature f, const struct aws_call *c,
                                 int64_t now_ms, char *why, size_t size);
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
void request_names(struct ecs *e, struct ecs_names *r);
/* ---- request_change.c */
void request_redeploy(struct ecs *e, struct ecs_redeploy *r);
void request_stop_task(struct ecs *e, struct ecs_stop_task *r);
void request_roll_back(struct ecs *e, struct ecs_roll_back *r);

/* ---- reading.c */
void reading_look(struct ecs *e, struct ecs_look *look);
struct reading;
/* Tasks, targets, history and the rollout of one deployment ("" = of none) into a snapshot whose service was
 * read already. known: what is known of that rollout, or NULL; it is not asked for again when it is over.
 * done once, never inside; the snapshot is valid during done and freed afterwards. */
struct reading *reading_start(struct client *c, const struct service_ref *ref, const struct snapshot *service,
                              const char *rollout_of, const struct ecs_rollout_detail *known,
                              void (*done)(void *user, const struct snapshot *s), void *user);
/* done does not come any more. */
void reading_abandon(struct reading *r);
/* Calls that it has made so far, for the budget. */
int reading_calls(const struct reading *r);
/* Will this rollout not change any more? */
bool reading_is_over(const char *status);

/* ---- around.c, tail.c, previous.c, scaling.c */
void around_look(struct ecs *e, struct ecs_around *r);
void tail_read(struct ecs *e, struct ecs_tail *r);
void previous_find(struct ecs *e, struct ecs_previous *r);
void scaling_do(struct ecs *e, struct ecs_scaling *r);

/* ---- poller.c */
struct poller *poller_create(struct client *c, const struct ecs_client_options *options);
void poller_destroy(struct poller *p);
void poller_watch(struct ecs *e, struct ecs_watch *w);
void poller_unwatch(struct ecs *e, struct ecs_watch *w);
int64_t poller_interval(struct ecs *e, int session);

#endif
