#ifndef ECS_DIAGNOSE_H
#define ECS_DIAGNOSE_H
/* Why a task stopped, in a sentence for an operator. Pure. */
#include <stdbool.h>
#include <stddef.h>

#include "ecs/ecs.h"
#include "ecs/model.h"

#define DIAGNOSE_TEXT 400

struct diagnosis {
    bool benign;              /* a normal replacement, a person's StopTask, a scale-in: no alarm */
    bool outside;             /* AWS took its place away (spot, host, maintenance): told, but no sign that new
                                 tasks cannot start */
    char why[DIAGNOSE_TEXT];  /* "exit code 1 in container \"api\" (the program ended with an error)"; decoded
                                 exit codes, image, memory, placement, health checks */
    char hint[DIAGNOSE_TEXT]; /* what it usually means for CloudTAK or what to look at; "" when nothing is
                                 known */
    char key[96];             /* two tasks with the same key died of the same thing */
    char container[64];       /* "" when none is to blame */
    int exit_code;            /* -1 = none */
};
void diagnose_task(const struct ecs_task *task, struct diagnosis *ret);

/* What a line of CloudTAK's own log means; NULL when it is none of the known ones. Static text. */
const char *diagnose_log_line(const char *line);
/* The most telling line of a tail (oldest first) and what it means. A line that only looks like an error has
 * no meaning (NULL). ret_line points into lines; NULL when no line says anything. Static text. */
const char *diagnose_log(size_t count, char (*lines)[ECS_TAIL_LINE], const char **ret_line);
/* Does this line say that the program had come up ("ok - http://localhost:5001")? */
bool diagnose_log_booted(const char *line);

/* What kind a service event is, by short stable substrings; the raw text is always kept beside it. */
enum event_kind {
    EVENT_OTHER,
    EVENT_STARTED,
    EVENT_STOPPED,
    EVENT_REGISTERED,
    EVENT_DEREGISTERED,
    EVENT_DRAINING,
    EVENT_UNHEALTHY,
    EVENT_CRASH_LOOP,
    EVENT_PLACEMENT,
    EVENT_THROTTLED,
    EVENT_DEADLOCK,
    EVENT_PROTECTED, /* protected tasks hold it up */
    EVENT_STEADY,
    EVENT_COMPLETED,
    EVENT_FAILED,
    EVENT_ROLLING_BACK,
};
enum event_kind diagnose_event(const char *message);
/* "ecs-svc/N" in an event or a reason, copied to ret; false when there is none. */
bool diagnose_deployment_id(const char *message, char *ret, size_t size);

#endif
