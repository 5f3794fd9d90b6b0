#ifndef SIM_WORLD_ECS_H
#define SIM_WORLD_ECS_H
/* A simulated ECS: services, tasks and rolling deployments that move with the time they are told, and answer
 * the calls of AWS's API with AWS's shapes and wordings. Pure: no sockets, no clock, no randomness but the
 * seed's, so that the same seed and calls give the same history whatever the size of the steps. Times are
 * epoch ms of world time and never go back. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world_ecs; /* opaque */

/* What becomes of every task that is launched. */
enum world_fate {
    FATE_SERVES,
    FATE_PULL_FAILS, /* stops before RUNNING: ECS starts the next one later and later */
    FATE_EXITS,      /* reaches RUNNING, then its container ends */
    FATE_UNHEALTHY,  /* runs, but its health checks fail after the grace period */
    FATE_UNPLACED,   /* no task is placed, so that none appears */
    FATE_CRASHES,    /* serves, and ends minutes after the deployment completed */
};

/* One row a scenario: data, no code. */
struct world_scenario {
    const char *name;
    const char *sentence; /* for people who choose one */
    enum world_fate fate;
    const char *only;             /* the service that meets the fate; NULL = each one */
    int exit_code;                /* FATE_EXITS, FATE_CRASHES */
    const char *container_reason; /* FATE_EXITS: NULL = none, as AWS has it for most exits */
    int64_t exit_after_ms;        /* FATE_EXITS: from RUNNING; 0 = 9 s */
    const char *placement_reason; /* FATE_UNPLACED */
    const char *const *log;       /* what the doomed write last, oldest first; NULL ends it */
    int64_t restart_after_ms;     /* FATE_CRASHES, after completion: a container is restarted in place */
    int64_t crash_after_ms, crash_every_ms; /* FATE_CRASHES, after completion: a task ends, and another … */
    bool uncounted;                         /* failedTasks stays 0, as when tasks die after RUNNING */
    bool breaker;                           /* every service has a circuit breaker with rollback */
    bool nothing_before;                    /* no deployment was ever completed, and nothing runs */
    bool at_zero;                           /* every service stands at 0 */
    int minimum_percent, maximum_percent;   /* 0 = 100, 200 */
    int64_t extra_pull_ms;                  /* each image pull takes that much longer */
    int64_t superseded_after_ms; /* somebody else deploys so long after the first deployment; 0 = nobody */
    int64_t zero_after_ms;       /* somebody else sets the count to 0; 0 = nobody */
    int64_t stopped_after_ms;    /* somebody else stops it, with a rollback; 0 = nobody */
    int64_t scaled_after_ms;     /* autoscaling wants one task more; 0 = never */
    int64_t raised_after_ms;     /* autoscaling raises a count below its minimum; 0 = never */
    int64_t resumed_after_ms;    /* somebody else resumes autoscaling that was suspended; 0 = nobody */
    bool older_inactive;         /* ECS has de-registered all task definitions but the newest */
    const char *alarm;           /* an alarm (its name's middle) that goes off … */
    int64_t alarm_after_ms;      /* … so long after the first deployment; 0 = it did before */
    bool alarm_rolls_back;       /* deployments are watched by it */
    int64_t pause_ms;            /* a hook holds it up until somebody continues; 0 = no hook */
    int64_t pause_expires_ms;    /* the hook's own time-out */
    int64_t bake_ms;             /* after the hook */
    int64_t stale_ms;            /* reads show the old state so long after a change */
    unsigned missing_percent;    /* of reads while they are stale: MISSING; as many are up to date */
    /* credentials, after the first change: when they expire, when there are new ones; 0 = never */
    int64_t expire_after_ms, renew_after_ms;
    bool database_down;              /* from the beginning */
    bool image_expired;              /* the registry forgot it, from the beginning */
    int64_t stack_update_ms;         /* an update of the stack runs from the beginning, so long */
    unsigned throttled_read_percent; /* of reads answered with ThrottlingException, never three in a row */
    /* after the first change, every call of the account is answered with ThrottlingException */
    int64_t throttled_after_ms, throttled_until_ms;
    bool first_reply_lost; /* the first changing call is executed, its answer is not */
};
const struct world_scenario *world_scenarios(size_t *ret_count);
const struct world_scenario *world_scenario_find(const char *name); /* NULL when unknown */

/* One row a service: names, counts, and how long its tasks take. */
struct world_service {
    const char *name;
    int desired;
    const char *target_group; /* "" = behind no load balancer */
    bool breaker;             /* with rollback */
    bool autoscaled;          /* from `desired` to ten tasks */
    int cpu, memory, port;
    const char *image_tag;
    const char *ready_line;                     /* what it writes when it is up */
    bool proxied;                               /* nginx answers 502 for it while it does not */
    int64_t provision_ms, pull_ms, activate_ms; /* until RUNNING */
    int64_t healthy_ms;                         /* from RUNNING until it counts as healthy */
    int64_t drain_ms, kill_ms;                  /* deregistration delay; from SIGTERM to SIGKILL */
    int64_t unhealthy_ms;                       /* from RUNNING until failed health checks end it */
};
/* CloudTAK as it stands in the rehearsal. */
const struct world_service *world_services(size_t *ret_count);

#define WORLD_ACCOUNT    "000000000000"
#define WORLD_PARTITION  "aws-us-gov"
#define WORLD_REGION     "us-gov-east-1"
#define WORLD_CLUSTER    "tak-vpc-cotak-prod"
#define WORLD_STACK      "tak-cloudtak-cotak-prod"
#define WORLD_REPOSITORY "tak-vpc-cotak-prod-cloudtak-api"
#define WORLD_VERSION    "13.70.0"
/* A password that stands where CloudTAK has one in the clear: nobody may ever show it. */
#define WORLD_CANARY "canary-of-the-database-7d1f"

/* scenario and services must outlive the world. At start_ms all services stand at a steady state. */
struct world_ecs *world_ecs_create(const struct world_scenario *scenario,
                                   const struct world_service *services, size_t service_count, uint64_t seed,
                                   int64_t start_ms);
void world_ecs_destroy(struct world_ecs *w); /* accepts NULL */

/* Let everything happen that is due until now. */
void world_ecs_step(struct world_ecs *w, int64_t now_ms);
/* When something happens next if nobody calls; INT64_MAX = never. */
int64_t world_ecs_next_due(const struct world_ecs *w);

struct world_answer {
    int status;   /* HTTP */
    json_t *body; /* owned by the caller; never NULL */
    bool lost;    /* executed, but the answer never arrives */
    bool changes; /* the action is one that changes something */
};
/* Which service knows the action ("ecs", "elasticloadbalancing", "cloudwatch", "logs", "ecr",
 * "application-autoscaling": as IAM names it); NULL = none. */
const char *world_ecs_service(const char *action);
/* One call: steps to now, then answers. action: "UpdateService"; body: its JSON object. */
void world_ecs_call(struct world_ecs *w, int64_t now_ms, const char *action, const json_t *body,
                    struct world_answer *ret);

/* The same from a region in which nothing of this account stands. */
void world_ecs_call_elsewhere(const char *action, struct world_answer *ret);

/* What CloudTAK answers to a browser. */
struct world_site {
    int api, database, hub; /* GET /api; GET /api/config?keys=…; GET /api as a WebSocket: HTTP status */
};
void world_ecs_site(struct world_ecs *w, int64_t now_ms, struct world_site *ret);

/* Do all calls answer ExpiredTokenException now? */
bool world_ecs_expired(const struct world_ecs *w, int64_t now_ms);
/* Do all of them answer ThrottlingException now? */
bool world_ecs_throttled(const struct world_ecs *w, int64_t now_ms);

/* For tests and statistics: how often the action was executed (throttled ones not counted). */
uint64_t world_ecs_count(const struct world_ecs *w, const char *action);
/* Make the n-th next changing call (1 = the next) lose its answer after execution. */
void world_ecs_lose_reply(struct world_ecs *w, unsigned nth);

#endif
