#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H
/* The engine: parse, authorise, run the preflight, start an operation, carry it to its verdict and through a
 * restart of the bot. It knows no platform and no AWS wire format.
 *
 *   submit -> (changing: delivery, operation row and audit in one commit) -> taken -> parse -> authorise ->
 * command restart: preflight -> first card delivered (10 s) -> acting committed, durable -> UpdateService ->
 * following committed -> poller -> follower -> progress -> outbox -> verdict
 */
#include <stdbool.h>
#include <stddef.h>

#include "core/chat.h"
#include "core/command.h"
#include "core/operation.h"
#include "store/store.h"

struct ecs;
struct freeze;
struct loop;
struct probe;
struct store;

enum settled { SETTLED_REPLY, SETTLED_USAGE, SETTLED_REFUSED, SETTLED_OPERATION };

struct engine_options {
    struct loop *loop;
    const struct config *config; /* outlives the engine */
    struct store *store;
    struct ecs *ecs;
    bool alone; /* no daemon: chats are absent, and only how things ended is worth telling them later */
    struct probe *probe;                   /* of CloudTAK itself; NULL = none */
    const struct freeze *freeze;           /* of all changes; NULL = there is none */
    const struct command *const *commands; /* NULL-terminated, outlives the engine */
    /* Told once per request when its last word has been delivered: the reply, the refusal, or the operation's
     * verdict (then operation is its state). May be NULL. */
    void (*on_settled)(void *user, const struct request *request, enum settled how,
                       enum operation_state operation);
    void *user;
};
struct engine *engine_create(const struct engine_options *options);
/* Adapters are added before engine_start; not owned. */
void engine_add_chat(struct engine *e, struct chat *chat);
/* Reads the store and goes on with what was not over: reads before it acts, states the gap, never sends
 * UpdateService again by itself. done once: false with err = do not start. */
void engine_start(struct engine *e, void (*done)(void *user, bool ok, const struct err *err), void *user);
/* From an adapter. request is copied. taken->done comes once, never inside, at the latest after 1 s. */
void engine_submit(struct engine *e, const struct request *request, struct request_taken *taken);
/* Stops taking requests, lets commits in flight end, stops following (rows stay for the next start).
 * on_closed once. Accepts NULL. */
void engine_close(struct engine *e, void (*on_closed)(void *user), void *user);
void engine_destroy(struct engine *e); /* after on_closed. Accepts NULL. */

struct engine_figures {
    unsigned operations;          /* not ended */
    unsigned in_state[OP_STATES]; /* of these, by state */
    unsigned outbox;              /* waiting */
    int64_t outbox_since_ms;      /* wall: since when the oldest of them waits; 0 = none waits */
    unsigned long long submitted, duplicates, refused;
    struct store_head audit_head; /* the newest one seen */
    char audit_trouble[400];      /* somebody else changed the store: what was found; "" = nothing */
};
void engine_read_figures(const struct engine *e, struct engine_figures *ret);
struct metric;
extern struct metric *const ENGINE_METRICS[]; /* for /metrics; NULL-terminated */

#endif
