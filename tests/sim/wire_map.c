/* CloudTAK's own page on a socket, as a browser meets it behind the load balancer:
 *   GET /api                          {"version": …}: the API, and nothing behind it
 *   GET /api/config?keys=login::name  the API and its database
 *   GET /api, Upgrade: websocket      401 by the hub, which misses a token
 * 502 and 503 are the load balancer's own. */
#include <string.h>

#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/server.h"
#include "sim/wire.h"
#include "sim/world_ecs.h"

#define MAP_CONNECTIONS 64

struct wire_map {
    struct loop *loop;
    struct world_ecs *world;
    struct server *server;
    void (*on_closed)(void *user);
    void *user;
};

static void look(const struct wire_map *m, struct world_site *ret)
{
    world_ecs_site(m->world, clock_world(loop_clock(m->loop)), ret);
}

static void send_balancer(struct server_call *call, int status)
{
    const char *text = status == 502
                           ? "<html><head><title>502 Bad Gateway</title></head></html>"
                           : "<html><head><title>503 Service Temporarily Unavailable</title></head></html>";
    server_answer(call, status, "text/html", "server: awselb/2.0\r\n", text, strlen(text));
}

static void send_json(struct server_call *call, int status, const char *text)
{
    if (status == 502 || status == 503) {
        send_balancer(call, status);
        return;
    }
    server_answer(call, status, "application/json; charset=utf-8", NULL, text, strlen(text));
}

static void on_request(void *user, struct server_call *call)
{
    struct world_site site;
    const char *path = server_path(call);
    look(user, &site);
    if (!text_equal(server_method(call), "GET")) {
        send_json(call, site.api == 200 ? 405 : site.api,
                  "{\"status\":405,\"message\":\"Method Not Allowed\"}");
    } else if (text_equal(path, "/api")) {
        send_json(call, site.api, "{\"version\":\"" WORLD_VERSION "\"}");
    } else if (text_equal(path, "/api/config")) {
        send_json(call, site.database,
                  site.database == 200
                      ? "{\"login::name\":\"CloudTAK\"}"
                      : "{\"status\":500,\"message\":\"Internal Server Error\",\"messages\":[]}");
    } else {
        send_json(call, site.api == 200 ? 404 : site.api,
                  "{\"status\":404,\"message\":\"API endpoint does not exist!\"}");
    }
}

/* No token, no socket: the status says who answered. 426 is the API's word on an upgrade that reaches it. */
static bool on_ws_open(void *user, struct server_ws *ws, const char *path_and_query)
{
    struct world_site site;
    look(user, &site);
    bool for_hub = text_equal(path_and_query, "/api") || text_starts(path_and_query, "/api?");
    server_ws_refuse(ws, for_hub ? site.hub : site.api == 200 ? 426 : site.api);
    return false;
}

struct wire_map *wire_map_create(struct loop *loop, struct world_ecs *world, int port, struct err *err)
{
    struct wire_map *m = mem_alloc(sizeof(*m));
    m->loop = loop;
    m->world = world;
    struct server_options options = {.port = port,
                                     .max_connections = MAP_CONNECTIONS,
                                     .on_request = on_request,
                                     .on_ws_open = on_ws_open,
                                     .user = m};
    m->server = server_create(loop, &options, err);
    if (m->server == NULL) {
        mem_free(m);
        return NULL;
    }
    return m;
}

int wire_map_port(const struct wire_map *m)
{
    return server_port(m->server);
}

static void on_server_closed(void *user)
{
    struct wire_map *m = user;
    void (*on_closed)(void *user) = m->on_closed;
    void *whose = m->user;
    mem_free(m);
    on_closed(whose);
}

void wire_map_close(struct wire_map *m, void (*on_closed)(void *user), void *user)
{
    if (m == NULL) {
        on_closed(user);
        return;
    }
    m->on_closed = on_closed;
    m->user = user;
    server_close(m->server, on_server_closed, m);
}
