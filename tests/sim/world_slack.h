#ifndef SIM_WORLD_SLACK_H
#define SIM_WORLD_SLACK_H
/* A simulated Slack workspace: people, channels, messages, the Web API's methods with their limits and
 * errors, and the envelopes of Socket Mode with their redeliveries. Pure: times are microseconds since the
 * world began, given by the caller and never going back; what becomes visible to people is told through one
 * callback. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world_slack; /* opaque */

#define WORLD_SLACK_BOT_TOKEN "xoxb-rehearsal-token"
#define WORLD_SLACK_APP_TOKEN "xapp-rehearsal-token"
#define WORLD_SLACK_BOT_USER  "U0BOT"
#define WORLD_SLACK_GROUP     "S0ASE" /* Application Specific Engineering: ana and bo */
#define WORLD_SLACK_CHANNEL   "C0INCIDENT"

struct world_slack_options {
    int64_t start_wall_ms; /* of message timestamps */
    uint64_t seed;
    const char *command; /* of slash commands; NULL = "/cloudtak". Must outlive the world. */
    /* A message, an update, an ephemeral message, an ack: borrowed, valid during the call. May be NULL. */
    void (*on_change)(void *user, const json_t *change);
    void *user;
};
struct world_slack *world_slack_create(const struct world_slack_options *options);
void world_slack_destroy(struct world_slack *w); /* accepts NULL */
/* "http://127.0.0.1:1234": where response_url points to. Copied. */
void world_slack_set_base(struct world_slack *w, const char *base);
void world_slack_set_limits(struct world_slack *w, bool on); /* for measurements; on at the beginning */
void world_slack_revoke(struct world_slack *w, const char *scope);

/* ---- Web API */
struct world_slack_reply {
    int status;        /* HTTP: 200, or 429 */
    json_t *body;      /* owned by the caller; never NULL */
    int retry_after_s; /* with 429 */
};
/* arguments: an object; of forms, all values are texts (blocks and metadata as JSON in a text). token: of the
 * Authorization header, NULL when absent. */
void world_slack_call(struct world_slack *w, int64_t now_us, const char *method, const char *token,
                      const json_t *arguments, struct world_slack_reply *ret);
/* POST to a response_url: id is its last part. */
void world_slack_respond(struct world_slack *w, int64_t now_us, const char *id, const json_t *body,
                         struct world_slack_reply *ret);
/* A single-use ticket, as apps.connections.open puts into its URL. */
#define WORLD_SLACK_TICKET 40
void world_slack_ticket(struct world_slack *w, int64_t now_us, char ret[WORLD_SLACK_TICKET]);
bool world_slack_use_ticket(struct world_slack *w, int64_t now_us, const char *ticket);

/* ---- Socket Mode: each returns a new reference */
json_t *world_slack_hello(const struct world_slack *w, int connections);
json_t *world_slack_disconnect(const char *reason);
/* What people do, as an envelope to be sent to one connection; NULL, with *ret_why set to a static text, when
 * they cannot. user and channel by id or by name; text of a mention without the mention itself. */
json_t *world_slack_slash(struct world_slack *w, int64_t now_us, const char *user, const char *channel,
                          const char *text, const char **ret_why);
json_t *world_slack_mention(struct world_slack *w, int64_t now_us, const char *user, const char *channel,
                            const char *thread_ts, const char *text, const char **ret_why);
/* value NULL = the button's own. */
json_t *world_slack_click(struct world_slack *w, int64_t now_us, const char *user, const char *message_ts,
                          const char *action_id, const char *value, const char **ret_why);
/* An envelope was written to a connection (any number of the caller's, not 0). */
void world_slack_sent(struct world_slack *w, int64_t now_us, const char *envelope_id, unsigned connection);
/* False when no such envelope waits for it (acked already counts as known: true, but not told again). */
bool world_slack_ack(struct world_slack *w, int64_t now_us, const char *envelope_id, const json_t *payload);
/* The connection is gone: slash commands it did not ack are delivered again. */
void world_slack_lost(struct world_slack *w, int64_t now_us, unsigned connection);
/* The next envelope that is due for another delivery, NULL when none. */
json_t *world_slack_redelivery(struct world_slack *w, int64_t now_us);
/* Deliver it again now, acked or not ("" = the newest): the same payload under the same envelope id. */
json_t *world_slack_repeat(struct world_slack *w, const char *envelope_id);

/* {"calls":{method: n}, "ratelimited": n, "acks": n, "p50_ms", "p99_ms", "max_ms", "unacked": n}; new
 * reference. since: acks with that number or a higher one only. */
json_t *world_slack_stats(const struct world_slack *w, uint64_t since);
uint64_t world_slack_acks(const struct world_slack *w);

#endif
