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
    int64_t within_ms; /* less than that: what is later is absent, and says so. 0 = 8 s */
    bool with_tasks, with_history, with_targets;
    void (*done)(struct ecs_look *r);
    void *user;
    struct snapshot *snapshot; /* result, owned by the implementation, valid inside done */
    void *private_;
};

/* UpdateService: sent at most once. With forceNewDeployment, unless only_count: then desiredCount alone is
 * sent (no task_definition), and deployment_id is whatever is PRIMARY. */
struct ecs_redeploy {
    struct service_ref ref;
    int desired; /* -1 = keep (nothing is sent) */
    bool only_count;
    char task_definition[ECS_NAME]; /* "family:revision" to go to; "" = keep (nothing is sent) */
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

/* StopTask: sent at most once; ECS stops a task once, however often it is asked. */
struct ecs_stop_task {
    struct service_ref ref;
    char task_id[ECS_ID];
    char reason[256]; /* shown by ECS as the task's stoppedReason: at most 255 characters */
    void (*done)(struct ecs_stop_task *r);
    void *user;
    bool ok;
    bool gone;      /* !ok: ECS knows no such task any more */
    bool uncertain; /* !ok: it may or may not have been executed */
    struct err err;
    char request_id[80];
    void *private_;
};

/* StopServiceDeployment with stopType ROLLBACK, of the service deployment that runs: sent at most once. */
struct ecs_roll_back {
    struct service_ref ref;
    char arn[ECS_NAME * 2]; /* of the service deployment */
    void (*done)(struct ecs_roll_back *r);
    void *user;
    bool ok;
    bool over;      /* !ok: it does not run any more, so there is nothing to stop */
    bool uncertain; /* !ok: it may or may not have been executed */
    struct err err;
    char request_id[80];
    void *private_;
};

/* What ran before: the task definition of the newest successful service deployment that had another one than
 * `current`, from ListServiceDeployments and DescribeServiceRevisions (at most 8 s). */
struct ecs_previous {
    struct service_ref ref;
    char current[ECS_NAME]; /* "family:revision" */
    void (*done)(struct ecs_previous *r);
    void *user;
    bool ok;
    struct err err;
    bool found;
    char task_definition[ECS_NAME]; /* "family:revision" */
    int64_t ran_ms;                 /* when its deployment finished */
    bool inactive; /* de-registered since: ECS refuses to go to it (CloudFormation does that to old ones) */
    size_t image_count; /* of its containers, tags as registered */
    char images[ECS_CONTAINERS][ECS_NAME];
    void *private_;
};

/* Application Auto Scaling of the service's count. SET writes the three switches and changes nothing else; it
 * is sent at most once. */
struct ecs_scaling_switches {
    bool in, out, scheduled; /* suspended? */
};
struct ecs_scaling {
    struct service_ref ref;
    bool set; /* else only read */
    struct ecs_scaling_switches wanted;
    void (*done)(struct ecs_scaling *r);
    void *user;
    bool ok;
    bool uncertain;           /* set, !ok: it may or may not have been executed */
    enum ecs_absence absence; /* !ok: why; ECS_UNSUPPORTED = this endpoint knows no autoscaling */
    struct err err;
    bool registered;                       /* the service has a scalable target; else the rest is empty */
    int minimum, maximum;                  /* as read; 0 after SET */
    struct ecs_scaling_switches suspended; /* as read, or as written */
    char request_id[80];
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

/* What stands around a service, for status and for the checks before and after a change (at most 8 s). A part
 * that was not asked for stays ECS_NOT_READ with why ""; a part that could not be read says why in a
 * sentence. CPU and memory: percent of the reservation over the last five minutes; no point is "no data",
 * never 0 %. Alarms: names that begin with alarm_prefix and stand in ALARM. Image: is what the task
 * definition starts still in its registry? (An image outside ECR is ECS_UNSUPPORTED.) Stack: does
 * CloudFormation change it now? Of its answer nothing but the status and when it began is kept: outputs hold
 * passwords. It does not say who. */
#define ECS_AROUND_METRICS (1U << 0)
#define ECS_AROUND_ALARMS  (1U << 1)
#define ECS_AROUND_IMAGE   (1U << 2)
#define ECS_AROUND_STACK   (1U << 3)
#define ECS_ALARMS         8
struct ecs_around {
    struct service_ref ref;
    int64_t within_ms; /* as that of a look */
    unsigned parts;
    char alarm_prefix[ECS_NAME];    /* "tak-cloudtak-cotak-prod-" */
    char task_definition[ECS_NAME]; /* "family:revision", of IMAGE */
    char stack_name[ECS_NAME];      /* "tak-cloudtak-cotak-prod", of STACK */
    void (*done)(struct ecs_around *r);
    void *user;
    /* result, valid inside done and afterwards */
    struct {
        enum ecs_absence absence;
        char why[ECS_REASON];
        bool has_data;
        double cpu_average, cpu_maximum, memory_average, memory_maximum;
    } metrics;
    struct {
        enum ecs_absence absence;
        char why[ECS_REASON];
        size_t count; /* in ALARM; the first ECS_ALARMS are named */
        char names[ECS_ALARMS][160];
        int64_t since_ms[ECS_ALARMS];
    } alarms;
    struct {
        enum ecs_absence absence;
        char why[ECS_REASON];
        bool gone;           /* ECR says that there is no such image */
        char name[ECS_NAME]; /* "tak-vpc-cotak-prod-cloudtak-api:0f3c2b1a", of the first container or of the
                                one that is gone */
        int64_t pushed_ms;   /* 0 = not said */
    } image;
    struct {
        enum ecs_absence absence;
        char why[ECS_REASON];
        char status[48];  /* "UPDATE_IN_PROGRESS"; "" = there is no such stack */
        bool running;     /* it is being changed */
        int64_t since_ms; /* when that began; 0 = not said */
    } stack;
    void *private_;
};

/* The last lines that a container of a task wrote (at most 8 s), oldest first. Each line is cleaned and
 * passed redact_line: nothing unredacted leaves the ecs layer. Where the log is comes from the task
 * definition, of which nothing but names of images and log options is kept. */
#define ECS_TAIL_LINES 20
#define ECS_TAIL_LINE  300
struct ecs_tail {
    struct service_ref ref;
    char task_definition[ECS_NAME]; /* "family:revision" */
    char task_id[ECS_ID];
    char container[64]; /* "" = the first one */
    void (*done)(struct ecs_tail *r);
    void *user;
    bool ok;
    struct err err; /* !ok: a sentence */
    size_t count;   /* 0 = it wrote nothing, or nothing has arrived yet */
    char lines[ECS_TAIL_LINES][ECS_TAIL_LINE];
    int64_t at_ms[ECS_TAIL_LINES];
    char log_group[ECS_NAME], log_stream[ECS_NAME];
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
    /* Whose rollout the snapshot's `rollout` shows; "" = nobody's. May be changed at any time. */
    char rollout_of[ECS_ID];
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
    void (*stop_task)(struct ecs *e, struct ecs_stop_task *r);
    void (*roll_back)(struct ecs *e, struct ecs_roll_back *r);
    void (*previous)(struct ecs *e, struct ecs_previous *r);
    void (*scaling)(struct ecs *e, struct ecs_scaling *r);
    void (*names)(struct ecs *e, struct ecs_names *r);
    void (*around)(struct ecs *e, struct ecs_around *r);
    void (*tail)(struct ecs *e, struct ecs_tail *r);
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
