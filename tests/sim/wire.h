#ifndef SIM_WIRE_H
#define SIM_WIRE_H
/* The simulated worlds behind sockets of loopback: AWS on one port, Slack on another, CloudTAK's page on a
 * third, and a control channel of JSON lines. Whatever becomes visible is told through wire_tell. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct server_call;
struct world_ecs;
struct world_slack;

/* ---- what the simulators tell: one line of JSON each on a stream. Quiet: only what was asked for. */
struct wire_out {
    void (*line)(void *user, const char *text, size_t len); /* newline included */
    void *user;
    bool quiet;
};
void wire_tell(struct wire_out *out, const json_t *change);   /* dropped while quiet */
void wire_answer(struct wire_out *out, const json_t *answer); /* always */
int64_t wire_now_us(void);                                    /* monotonic */

/* "a=1&b=%20" as {"a": "1", "b": " "}; new reference. The first of a repeated name counts. */
json_t *wire_form(const char *text, size_t len);
/* A request's body: JSON or a form by its content type; {} when it is neither. New reference. */
json_t *wire_body(const struct server_call *call);

/* ---- AWS: ECS, Logs, ECR in JSON 1.1, CloudWatch in JSON 1.0 and CBOR, STS and ELBv2 in query and XML */
#define WIRE_ACCESS_KEY "AKIAREHEARSAL0000000"
#define WIRE_SECRET_KEY                                                                                      \
    "rehearsal-secret-key-of-nobody" /* of a simulated AWS: signatures by it are checked */
struct wire_ecs;
struct wire_ecs *wire_ecs_create(struct loop *loop, struct world_ecs *world, struct wire_out *out, int port,
                                 struct err *err);
int wire_ecs_port(const struct wire_ecs *e);
json_t *wire_ecs_stats(const struct wire_ecs *e);   /* {action: n} executed; new reference */
json_t *wire_ecs_arrived(const struct wire_ecs *e); /* {action: n} that came in; new reference */
/* A line of bad weather (wire_weather.h); NULL, or why it cannot be done. */
const char *wire_ecs_weather(struct wire_ecs *e, const json_t *line);
void wire_ecs_close(struct wire_ecs *e, void (*on_closed)(void *user), void *user); /* accepts NULL */

/* ---- CloudTAK's own page */
struct wire_map;
struct wire_map *wire_map_create(struct loop *loop, struct world_ecs *world, int port, struct err *err);
int wire_map_port(const struct wire_map *m);
void wire_map_close(struct wire_map *m, void (*on_closed)(void *user), void *user); /* accepts NULL */

/* ---- Slack: Web API, response_url and Socket Mode on one port */
struct wire_slack;
/* The world's on_change and user are the caller's. */
struct wire_slack *wire_slack_create(struct loop *loop, struct world_slack *world, struct wire_out *out,
                                     int64_t start_us, int port, struct err *err);
int wire_slack_port(const struct wire_slack *s);
int64_t wire_slack_now(const struct wire_slack *s); /* the world's time */
int wire_slack_connections(const struct wire_slack *s);
/* Takes the envelope and gives it to one connection, to each in turn; false when there is none. */
bool wire_slack_deliver(struct wire_slack *s, json_t *envelope);
/* A disconnect frame to every connection. */
void wire_slack_disconnect(struct wire_slack *s, const char *reason);
void wire_slack_drop(struct wire_slack *s); /* every connection, without a Close frame */
/* Bad weather, as a control line says it; false with *ret_why. */
bool wire_slack_weather(struct wire_slack *s, const json_t *line, const char **ret_why);
/* {"connects", "refused", "alone_ms"}: upgrades asked for, not taken, and the time without any connection
 * since the first; new reference. */
json_t *wire_slack_figures(const struct wire_slack *s);
void wire_slack_close(struct wire_slack *s, void (*on_closed)(void *user), void *user); /* accepts NULL */

/* ---- control: {"do":"slash","user":"ana","channel":"C0INCIDENT","text":"restart cotak prod"}, … */
struct wire_control;
struct wire_control *wire_control_create(struct loop *loop, struct world_slack *world,
                                         struct wire_slack *slack, struct wire_ecs *ecs, struct wire_out *out,
                                         void (*on_quit)(void *user), void *user);
void wire_control_line(struct wire_control *c, const char *line, size_t len);
void wire_control_destroy(struct wire_control *c); /* accepts NULL */

#endif
