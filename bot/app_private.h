#ifndef BOT_APP_PRIVATE_H
#define BOT_APP_PRIVATE_H
/* What app.c (building, running) and app_stop.c (tearing down) share. */
#include "app.h"
#include "aws/call.h"
#include "aws/credentials.h"
#include "chat/absent.h"
#include "chat/console.h"
#include "chat/slack.h"
#include "core/config.h"
#include "door.h"
#include "ecs/ecs.h"
#include "freeze.h"
#include "health.h"
#include "loop/loop.h"
#include "net/http.h"
#include "net/ws.h"
#include "probe.h"
#include "store/store.h"
#include "store/watch.h"

struct app {
    struct app_options o;
    struct http *http;
    struct ws_client *ws;
    struct store *store;
    struct store_watch *watch; /* in front of it */
    struct ecs *ecs;
    struct probe *probe;
    struct freeze *freeze;
    struct engine *engine;
    struct slack *slack[CONFIG_CHATS];
    struct absent *absent[CONFIG_CHATS]; /* in their place, when it runs alone */
    struct console *console;
    struct door *door;     /* NULL when off, or alone */
    struct health *health; /* NULL when off */
    int health_connections;
    /* one a target; targets of one profile share their credentials */
    struct aws_session *sessions[CONFIG_TARGETS];
    struct credentials *credentials[CONFIG_TARGETS];
    size_t credentials_count;
    char credentials_of[CONFIG_TARGETS][CONFIG_NAME];

    bool engine_ready, connected, ready_told, fatal_told, stopping;
    size_t chats_fatal;
    /* stopping: what is being closed, and whom to tell */
    int step;
    size_t closing;
    void (*on_stopped)(void *user);
    void *stopped_user;
};

/* A half-built app: nothing runs yet; closing still wants turns of the loop. */
void app_free(struct app *a);

#endif
