#ifndef AWS_CALL_H
#define AWS_CALL_H
/* The one way to AWS: take a token, get credentials, sign, send, classify, retry (full jitter under a quota;
 * changing calls never by themselves), correct clock skew once, keep the request id. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "aws/endpoint.h"
#include "base/err.h"

struct credentials;
struct http;
struct loop;
struct aws_session; /* opaque: one target's way into AWS */

struct aws_session_options {
    struct loop *loop;
    struct http *http;
    struct credentials *credentials; /* not owned */
    const char *region;              /* copied */
    bool fips, dual_stack;
    const char *endpoint_override[AWS_SERVICES]; /* NULL = the formula. Copied. */
    double reads_per_second;                     /* 0 = 5; burst is 5 times that */
};
struct aws_session *aws_session_create(const struct aws_session_options *options, struct err *err);
/* Calls that run end with ERR_CANCELLED before it returns. Accepts NULL. */
void aws_session_destroy(struct aws_session *s);
const char *aws_session_region(const struct aws_session *s);
const char *aws_session_partition(const struct aws_session *s);
/* The endpoint in force; *ret_overridden says whether it is not AWS's own (stands in every card then). */
const char *aws_session_endpoint(const struct aws_session *s, enum aws_service service, bool *ret_overridden);

/* Who is served first when tokens are short. */
enum aws_lane { AWS_LANE_CHANGE, AWS_LANE_OPERATOR, AWS_LANE_POLL };

enum aws_outcome {
    AWS_OK,
    AWS_REFUSED,     /* AWS answered with an error that a retry does not mend: code and message say which */
    AWS_THROTTLED,   /* after the retries */
    AWS_EXPIRED,     /* credentials: expired, unknown, missing */
    AWS_UNREACHABLE, /* no answer; `uncertain` says whether a changing call may have been executed */
    AWS_CANCELLED,
};

struct aws_call {
    enum aws_service service;
    const char *action; /* "UpdateService"; static text */
    char *body;   /* JSON, or a form for query services (Action and Version are added). Owned by the call from
                     start on (mem_alloc'ed). */
    bool changes; /* sent at most once; fresh connection; no retry once it could have arrived */
    enum aws_lane lane;
    int64_t timeout_ms; /* of one try; 0 = 10,000 */
    void (*done)(struct aws_call *c);
    void *user;
    /* result, valid inside done */
    enum aws_outcome outcome;
    bool uncertain; /* changing call: it may or may not have been executed */
    int status;
    char code[96];     /* "AccessDeniedException": whole, as AWS spells it, without namespace */
    char message[512]; /* AWS's own text, cleaned: show fenced */
    char request_id[80];
    json_t *answer;      /* AWS_OK of JSON services; borrowed */
    char *text;          /* AWS_OK of query services: XML, borrowed, NUL-terminated */
    struct err err;      /* the sentence for people: what failed, and what to do next */
    uint64_t generation; /* of the credentials used */
    /* fields below should not be touched by the user */
    void *private_;
};
/* done exactly once, never inside. */
void aws_call_start(struct aws_session *s, struct aws_call *c);
void aws_call_cancel(
    struct aws_session *s,
    struct aws_call *c); /* done comes with AWS_CANCELLED, unless the result is there already */

/* For pacing and for /readyz. */
struct aws_counters {
    uint64_t calls, retries, throttles, refused, unreachable;
    int64_t answered_ms; /* wall: when AWS last took a call of ours; 0 = never */
    int64_t
        failing_ms; /* wall: since when calls of ECS and STS end without keys or an answer; 0 = they do not */
    char trouble[300]; /* the last of these failures, a sentence */
};
void aws_session_counters(const struct aws_session *s, struct aws_counters *ret);
/* How long, in ms, a poll call would wait for a token now. */
int64_t aws_session_poll_delay(const struct aws_session *s);

struct metric;
extern struct metric *const AWS_METRICS[]; /* of all sessions, for /metrics; NULL-terminated */

#endif
