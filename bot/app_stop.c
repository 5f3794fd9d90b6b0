/* The bot is torn down in reverse. A program that never ran a turn (a half-built one) begins at its store. */
#include "app_private.h"

#include "base/mem.h"

/* ---- stopping: each step closes one thing and is continued by its callback */

static void stop_next(void *user);

static void stop_health(struct app *a)
{
    struct health *h = a->health;

    a->health = NULL;
    a->closing = 1;
    health_close(h, stop_next, a);
}

static void stop_door(struct app *a)
{
    struct door *d = a->door;

    a->door = NULL;
    a->closing = 1;
    door_close(d, stop_next, a);
}

static void stop_chats(struct app *a)
{
    size_t n = a->o.alone ? 0 : a->o.config->chat_count;

    a->closing = n;
    if (!n)
        stop_next(a);
    for (size_t i = 0; i < n; i++)
        slack_close(a->slack[i], stop_next, a);
}

static void stop_engine(struct app *a)
{
    a->closing = 1;
    engine_close(a->engine, stop_next, a);
}

static void stop_store(struct app *a)
{
    engine_destroy(a->engine);
    a->engine = NULL;
    for (size_t i = 0; i < CONFIG_CHATS; i++) {
        slack_destroy(a->slack[i]);
        a->slack[i] = NULL;
        absent_destroy(a->absent[i]);
        a->absent[i] = NULL;
    }
    console_destroy(a->console);
    a->console = NULL;
    a->closing = 1;
    if (a->watch)
        store_watch_stop(a->watch);
    store_sqlite_close(a->store, stop_next, a);
}

static void stop_aws(struct app *a)
{
    store_watch_destroy(a->watch);
    a->watch = NULL;
    a->store = NULL;
    ecs_client_destroy(a->ecs);
    a->ecs = NULL;
    probe_http_destroy(a->probe);
    a->probe = NULL;
    freeze_file_destroy(a->freeze);
    a->freeze = NULL;
    for (size_t i = 0; i < CONFIG_TARGETS; i++) {
        aws_session_destroy(a->sessions[i]);
        a->sessions[i] = NULL;
    }
    for (size_t i = 0; i < a->credentials_count; i++)
        credentials_destroy(a->credentials[i]);
    a->credentials_count = 0;
    a->closing = 1;
    http_close(a->http, stop_next, a);
}

static void stop_ws(struct app *a)
{
    a->http = NULL;
    a->closing = 1;
    ws_client_close(a->ws, stop_next, a);
}

static void stop_told(struct app *a)
{
    a->ws = NULL;
    if (a->on_stopped)
        a->on_stopped(a->stopped_user);
}

/* Who looks at the others first; then adapters, so that nothing new comes in; the network last, since
 * everything above uses it. */
static void (*const stop_steps[])(struct app *a) = {stop_health, stop_door, stop_chats, stop_engine,
                                                    stop_store,  stop_aws,  stop_ws,    stop_told};
#define STORE_STEP 4

static void stop_next(void *user)
{
    struct app *a = user;

    if (a->closing > 1) {
        a->closing--;
        return;
    }
    a->closing = 0;
    stop_steps[a->step++](a);
}

void app_stop(struct app *a, void (*on_stopped)(void *user), void *user)
{
    if (!a) {
        on_stopped(user);
        return;
    }
    if (a->stopping)
        return;
    a->stopping = true;
    a->on_stopped = on_stopped;
    a->stopped_user = user;
    stop_next(a);
}

void app_destroy(struct app *a)
{
    mem_free(a);
}

static void nothing(void *user)
{
    (void)user;
}

void app_free(struct app *a)
{
    struct loop *loop = a->o.loop;

    door_close(a->door, nothing, NULL); /* nobody has come in yet */
    a->door = NULL;

    a->stopping = true;
    a->step = STORE_STEP;
    stop_next(a);
    loop_run(loop);
    app_destroy(a);
}
