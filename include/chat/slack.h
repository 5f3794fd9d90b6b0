#ifndef CHAT_SLACK_H
#define CHAT_SLACK_H
/* Slack: Socket Mode in, Web API out (facts: Slack's own documentation and SDKs). Two connections, refresh
 * without a gap, one-frame acks below 20 kB; unparsable envelopes are acked and logged. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/chat.h"
#include "core/config.h"

struct http;
struct loop;
struct ws_client;
struct slack; /* opaque; its first member is a struct chat */

struct slack_options {
    struct loop *loop;
    struct http *http;
    struct ws_client *ws;
    const struct config_chat *config; /* outlives it */
    int connections;                  /* 0 = 2 */
    /* A person's act. The ack goes out when taken->done comes (reading ones at once). */
    void (*on_request)(void *user, const struct request *request, struct request_taken *taken);
    /* Does this text change something (commit before ack), or may it be acked at once? */
    bool (*changes)(void *user, const char *text);
    /* Once: the first connection said hello (or, later than start, again after an outage); and when all are
     * lost. */
    void (*on_connected)(void *user, bool connected);
    /* A token Slack refuses for good: one sentence with the next step. The adapter has stopped. */
    void (*on_fatal)(void *user, const struct err *err);
    void *user;
};
struct slack *slack_create(const struct slack_options *options);
struct chat *slack_chat(struct slack *s);
/* auth.test, then the connections. */
void slack_start(struct slack *s);
/* Close frames sent, sends cancelled. on_closed once; then slack_destroy. */
void slack_close(struct slack *s, void (*on_closed)(void *user), void *user);
void slack_destroy(struct slack *s); /* Accepts NULL. */

#define SLACK_LINKS 4
struct slack_link {
    const char *state;     /* "waiting", "asking", "dialling", "greeting", "serving", "retiring" */
    int64_t last_frame_ms; /* mono, of any kind, pings too; 0 = none */
};
struct slack_figures {
    unsigned open_connections, reported_connections; /* ours, and hello.num_connections */
    unsigned wanted_connections;
    unsigned long long envelopes, acks, unparsable, reconnects;
    int64_t last_frame_ms;                /* mono */
    struct slack_link links[SLACK_LINKS]; /* wanted_connections of them */
    int64_t alone_ms;           /* how long no connection has been open; 0 = one is, or it was not started */
    char trouble[ERR_TEXT_MAX]; /* what went wrong with the connections since the last hello; "" = nothing */
    bool stopped;               /* a token was refused for good */
};
void slack_read_figures(const struct slack *s, struct slack_figures *ret);
struct metric;
extern struct metric *const SLACK_METRICS[]; /* for /metrics; NULL-terminated */

/* ---- pure, for tests */
struct request;
/* A whole frame -> what it is. Owned strings are copied. */
enum slack_frame {
    SLACK_HELLO,
    SLACK_DISCONNECT,
    SLACK_REQUEST,
    SLACK_IGNORED /* ack it */,
    SLACK_UNPARSABLE /* ack it if it has an id */
};
struct slack_decoded {
    enum slack_frame kind;
    char envelope[80];
    bool accepts_payload;
    int connections;     /* hello; -1 absent */
    int64_t lifetime_ms; /* hello; 0 absent */
    char reason[40];     /* disconnect; why ignored or unparsable */
    struct request request;
};
void slack_decode(const char *text, size_t len, const struct config_chat *config, const char *own_user,
                  int64_t wall_ms, struct slack_decoded *ret);
/* The message's blocks and fallback text, mrkdwn-escaped, within Slack's limits. Caller decrefs. */
json_t *slack_blocks(const struct card *card, const char *server);
char *slack_fallback(const struct card *card, const char *server); /* caller mem_frees; ≤ 3,900 characters */

#endif
