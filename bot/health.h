#ifndef BOT_HEALTH_H
#define BOT_HEALTH_H
/* /healthz, /readyz and /metrics: plain HTTP on a loopback address of its own, for a supervisor, for
 * Prometheus, and for a person with curl. They change nothing and show no secret. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct aws_session;
struct buf;
struct config;
struct door;
struct engine;
struct health; /* opaque */
struct loop;
struct slack;
struct store_watch;

/* What is looked at; borrowed until health_close. */
struct health_view {
    struct loop *loop;
    const struct config *config;
    struct engine *engine;
    struct store_watch *store;
    const struct door *door;             /* NULL = none */
    struct slack *const *slack;          /* config->chat_count of them */
    struct aws_session *const *sessions; /* config->target_count of them */
    int max_connections;                 /* of the listener; 0 = its own default */
};

/* Listens on config->metrics_listen. NULL with err when it cannot. */
struct health *health_create(const struct health_view *view, struct err *err);
/* "127.0.0.1:8421", with the port in force. */
const char *health_address(const struct health *h);
/* The engine has read the store: keys of the targets are verified from now on. */
void health_loaded(struct health *h); /* Accepts NULL. */
/* Frees. on_closed once, maybe inside. Accepts NULL. */
void health_close(struct health *h, void (*on_closed)(void *user), void *user);

/* ---- metrics.c: the page, from what the layers counted and from figures read now */
struct health_lag {
    int64_t max_ms;   /* of the last minute */
    int64_t start_ms; /* wall: of this program */
};
void metrics_write(const struct health_view *view, const struct health_lag *lag, struct buf *to);
void metrics_note_lag(int64_t ms); /* the longest of the last second */
void metrics_note_part(const char *name, bool ready);

#endif
