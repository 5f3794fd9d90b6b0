#ifndef AWS_SESSION_H
#define AWS_SESSION_H
/* What session.c (one target's way into AWS), call.c (one call's life) and call_send.c (one try's bytes)
 * share. */
#include <sys/queue.h>

#include "aws/call.h"
#include "aws/credentials.h"
#include "aws/retry.h"
#include "base/buf.h"
#include "bucket.h"
#include "loop/loop.h"
#include "net/http.h"

struct session_endpoint {
    char url[320]; /* without a final slash */
    char host[280];
    char path[200]; /* of the URL, with a final slash */
    bool overridden;
};

enum flight_state {
    FLIGHT_QUEUED,  /* for a token */
    FLIGHT_KEYS,    /* for credentials */
    FLIGHT_SENDING, /* with net/ */
    FLIGHT_PAUSING, /* before a retry */
    FLIGHT_ENDING,  /* result is there; done comes on the next turn */
    FLIGHT_STATES
};

/* One call from start to done. It outlives done while a callback of credentials or net/ is still to come. */
struct flight {
    struct aws_session *session; /* NULL once the session is gone */
    struct aws_call *call;       /* NULL once done was called */
    enum flight_state state;
    int64_t begun_ms; /* mono */
    int sends, tries; /* tries: retries of throttled and lost ones */
    bool keys_renewed, skew_corrected, cancelled;
    bool keys_pending, http_pending;
    uint64_t generation; /* of the keys last used; 0 = none */
    int64_t skew_ms;     /* with which it was signed */
    char source[160];
    struct buf body;
    char *text; /* XML of a success */
    struct http_request request;
    struct credentials_request keys;
    struct loop_timer pause;
    struct loop_deferred end;
    TAILQ_ENTRY(flight) all, lane;
};
TAILQ_HEAD(flight_list, flight);

struct aws_session {
    /* immutable after creation */
    struct loop *loop;
    struct http *http;
    struct credentials *credentials;
    char region[40];
    const char *partition;
    struct session_endpoint endpoints[AWS_SERVICES];
    /* mutable */
    int64_t skew_ms; /* AWS's clock minus ours */
    uint64_t refused_generation;
    struct retry_quota quota;
    struct bucket bucket;
    struct loop_timer refill; /* while somebody waits for a token */
    struct flight_list flights;
    size_t count;
    struct flight_list lanes[BUCKET_LANES];
    size_t waiting[BUCKET_LANES];
    struct aws_counters counters;
};

/* call.c: a token was taken for this flight. */
void flight_proceed(struct flight *f);
/* call.c: done with AWS_CANCELLED, at once. */
void flight_abort(struct flight *f);
/* session.c: wait for a token, or stop waiting. */
void session_enqueue(struct aws_session *s, struct flight *f);
void session_dequeue(struct aws_session *s, struct flight *f);
/* call_send.c: the body, once; false when it is over its ceiling. */
bool flight_take_body(struct flight *f);
/* call_send.c: sign with these keys and hand over to net/. False with err when it cannot be signed. */
bool flight_send(struct flight *f, const struct credentials_keys *keys,
                 void (*on_answer)(struct http_request *r), struct err *err);

/* call_metrics.c */
void call_count_end(const struct aws_call *c, int64_t took_ms);
void call_count_throttle(const struct aws_call *c);
void call_count_retry(const struct aws_call *c);

#endif
