#ifndef ECS_ECS_H
#define ECS_ECS_H
/* ECS in the domain's words. Core sees it only through this table, so that tests put a simulated world there.
 * Requests are embedded by the caller; done comes exactly once, never inside. */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "ecs/model.h"

struct ecs; /* first member of every implementation */

/* Which AWS identity do we act as? (sts:GetCallerIdentity; cached per key generation) */
struct ecs_identify {
    int session;
    void (*done)(struct ecs_identify *r);
    void *user;
    bool ok;
    struct err err;
    char account[16], partition[16], arn[ECS_NAME];
    void *private_;
};

/* One fresh look (at most 8 s). */
struct ecs_look {
    struct service_ref ref;
    bool with_tasks, with_history;
    void (*done)(struct ecs_look *r);
    void *user;
    struct snapshot *snapshot; /* result, owned by the implementation, valid inside done */
    void *private_;
};

/* UpdateService with forceNewDeployment: sent at most once. */
struct ecs_redeploy {
    struct service_ref ref;
    int desired; /* -1 = keep (nothing is sent) */
    void (*done)(struct ecs_redeploy *r);
    void *user;
    bool ok;
    bool uncertain; /* !ok: it may or may not have been executed */
    struct err err;
    char request_id[80];
    char deployment_id[ECS_ID]; /* PRIMARY of the answer */
    char older_id[ECS_ID];      /* the newest other deployment in the answer, "" when none */
    int64_t created_ms;
    int answered_desired;
    void *private_;
};

/* Names, for "did you mean" and for a wrong region. */
#define ECS_NAMES 100
struct ecs_names {
    struct service_ref ref;
    bool clusters; /* else the services of ref.cluster */
    void (*done)(struct ecs_names *r);
    void *user;
    bool ok;
    struct err err;
    size_t count;
    char (*names)[ECS_NAME]; /* owned by the implementation, valid inside done */
    void *private_;
};

/* Being followed: one polling loop serves all watches, ten services a call. */
struct ecs_watch {
    struct service_ref ref;
    /* Asked after each look at the service alone: should its tasks be read too? NULL = always when counts or
     * events changed. */
    bool (*wants_tasks)(struct ecs_watch *w, const struct snapshot *s);
    /* Each round; also when nothing could be read (absent parts say why). snapshot is valid during the call.
     * May call unwatch. */
    void (*seen)(struct ecs_watch *w, const struct snapshot *s);
    bool quiet; /* nothing is happening: poll.quiet instead of poll.active. May be changed at any time. */
    void *user;
    /* fields below should not be touched by the user; zero before first use */
    struct ecs_watch *next, *prev;
    void *private_;
};

struct ecs_ops {
    void (*identify)(struct ecs *e, struct ecs_identify *r);
    void (*look)(struct ecs *e, struct ecs_look *r);
    void (*redeploy)(struct ecs *e, struct ecs_redeploy *r);
    void (*names)(struct ecs *e, struct ecs_names *r);
    void (*watch)(struct ecs *e, struct ecs_watch *w);
    void (*unwatch)(struct ecs *e, struct ecs_watch *w);
    /* For cards: "", or "endpoint http://127.0.0.1:4566 (overridden)"; and the interval in force, which grows
     * over budget. */
    const char *(*endpoint_note)(struct ecs *e, int session);
    int64_t (*interval_ms)(struct ecs *e, int session);
};
struct ecs {
    const struct ecs_ops *ops;
};

/* ---- the real one */
struct aws_session;
struct loop;
struct ecs_client_options {
    struct loop *loop;
    int64_t active_ms, quiet_ms; /* world time */
    double calls_per_second;     /* poll.budget */
};
struct ecs *ecs_client_create(const struct ecs_client_options *options);
/* Sessions are not owned. Returns the session's number, from 0. */
int ecs_client_add_session(struct ecs *e, struct aws_session *s);
/* Requests that run end first (cancelled). Accepts NULL. */
void ecs_client_destroy(struct ecs *e);

#endif
