#ifndef BOT_APP_H
#define BOT_APP_H
/* The bot: builds every object in order and tears them down in reverse. The only file that sees all layers.
 */
#include <stdbool.h>

#include "base/err.h"
#include "core/engine.h"

struct app; /* opaque */
struct config;
struct console;
struct loop;

struct app_options {
    struct loop *loop;
    struct config *config; /* outlives the app; the targets' sessions are filled in */
    const char *(*environment)(
        const char *name); /* getenv; a rehearsal gives its own and hides the real one */
    const char *world;     /* "aws", or the rehearsal's: a store of another world is refused */
    bool alone;            /* no daemon: nobody but one terminal; messages to chats wait in the store */
    const char *proxy;     /* NULL = the standard variables, "" = none */
    /* The first chat connection is up and the store was read: once. */
    void (*on_ready)(void *user);
    /* A request's last word was delivered; may be NULL. */
    void (*on_settled)(void *user, const struct request *request, enum settled how,
                       enum operation_state operation);
    /* It cannot go on: one sentence. Once; the app waits for app_stop. */
    void (*on_fatal)(void *user, const struct err *err);
    void *user;
};

/* Opens the store, reads keys' sources; blocking, before the loop runs. NULL with err. */
struct app *app_create(const struct app_options *options, struct err *err);
void app_start(struct app *a);
/* Terminals of this host join it. */
struct console *app_console(const struct app *a);
/* The socket of exec and console, "" when there is none. */
const char *app_door_path(const struct app *a);
/* Where /healthz, /readyz and /metrics are: "127.0.0.1:8421"; "" when metrics.listen is off. */
const char *app_health_address(const struct app *a);
/* Orderly: adapters, engine, store, AWS, network. on_stopped once. Accepts NULL. */
void app_stop(struct app *a, void (*on_stopped)(void *user), void *user);
void app_destroy(struct app *a); /* after on_stopped. Accepts NULL. */

#endif
