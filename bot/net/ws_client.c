/* What all WebSocket connections share: the context, one TLS configuration, the attempts.
 *
 * An attempt belongs to libwebsockets: it is freed when libwebsockets frees its side (ws_client_forget). A
 * connection lets go of it at any moment, also inside one of its callbacks; what was let go is killed on the
 * next turn, from outside, where libwebsockets allows it. */
#include "net/ws.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "net.h"
#include "ws_private.h"

/* ---- attempts */

static void unlink_attempt(struct ws_attempt *a)
{
    if (a->prev)
        a->prev->next = a->next;
    else
        a->client->attempts = a->next;
    if (a->next)
        a->next->prev = a->prev;
}

void ws_client_forget(struct ws_attempt *a)
{
    a->wsi = NULL;
    if (a->beginning)
        return; /* ws_client_attempt sees it */
    if (a->ws)
        ws_on_gone(a->ws);
    unlink_attempt(a);
    mem_free(a);
}

static void on_reap(struct loop_deferred *d)
{
    struct ws_client *c = d->user;
    struct ws_attempt *next;

    for (struct ws_attempt *a = c->attempts; a; a = next) {
        next = a->next; /* a kill frees none of them at once: libuv closes first */
        bool close = a->close_wanted;
        a->close_wanted = false;
        if (!a->ws)
            ws_wire_kill(a);
        else if (close)
            ws_wire_close(a);
    }
}

void ws_client_close_orderly(struct ws_attempt *a)
{
    a->close_wanted = true;
    loop_defer(a->client->loop, &a->client->reap);
}

void ws_client_let_go(struct ws_attempt *a)
{
    a->ws = NULL;
    loop_defer(a->client->loop, &a->client->reap);
}

/* ---- virtual hosts: one for each way of connecting */

static struct lws_vhost *create_vhost(struct ws_client *c, const char *name, bool tls, struct err *err)
{
    struct lws_context_creation_info info;

    memset(&info, 0, sizeof(info));
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = ws_wire_protocols();
    info.vhost_name = name;
    info.http_proxy_address = ""; /* else http_proxy of the environment is obeyed, also for wss */
    info.options = LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    if (tls) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.client_ssl_ca_filepath = c->ca_file;
        info.alpn = "http/1.1";
    }
    struct lws_vhost *vhost = lws_create_vhost(c->context.lws, &info);
    if (!vhost)
        err_set(err, ERR_CONFIG, "the CA file cannot be used for WebSockets: check ca_file");
    return vhost;
}

static struct lws_vhost *vhost_for(struct ws_client *c, const struct ws_url *url,
                                   const struct ws_proxy *proxy, const char *address, struct err *err)
{
    struct lws_vhost **vhost = proxy->used ? &c->proxied : url->tls ? &c->tls : &c->plain;
    const char *name = proxy->used ? "proxied" : url->tls ? "tls" : "plain";

    if (!*vhost && !(*vhost = create_vhost(c, name, url->tls, err)))
        return NULL;
    if (proxy->used) {
        char at[sizeof(proxy->credentials) + DNS_ADDRESS_TEXT + 16];
        bool v6 = strchr(address, ':') != NULL;
        TEXT_FORMAT(at, "%s%s%s%s%s:%d", proxy->credentials, *proxy->credentials ? "@" : "", v6 ? "[" : "",
                    address, v6 ? "]" : "", proxy->port);
        if (lws_set_proxy(*vhost, at) != 0) {
            err_set(err, ERR_CONFIG, "libwebsockets does not take the proxy %s", proxy->host);
            return NULL;
        }
    }
    return *vhost;
}

struct ws_attempt *ws_client_attempt(struct ws_client *c, struct ws *ws, const struct ws_url *url,
                                     const char *address, const struct ws_proxy *proxy, struct err *err)
{
    struct lws_vhost *vhost = vhost_for(c, url, proxy, address, err);
    struct lws_client_connect_info info;

    if (!vhost)
        return NULL;
    struct ws_attempt *a = mem_alloc(sizeof(*a));
    a->ws = ws;
    a->client = c;
    a->beginning = true;
    a->next = c->attempts;
    if (a->next)
        a->next->prev = a;
    c->attempts = a;
    memset(&info, 0, sizeof(info));
    info.context = c->context.lws;
    info.vhost = vhost;
    info.address = proxy->used ? url->host : address;
    info.port = url->port;
    info.host = url->authority; /* Host:, SNI and the name the certificate must carry */
    info.path = url->path;
    info.local_protocol_name = ws_wire_protocols()->name;
    info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (url->tls ? LCCSCF_USE_SSL : 0);
    info.alpn = "http/1.1";
    info.userdata = a;
    a->wsi = lws_client_connect_via_info(&info);
    a->beginning = false;
    ws_context_poke(&c->context);
    if (a->wsi)
        return a;
    unlink_attempt(a);
    mem_free(a);
    err_set(err, ERR_UNREACHABLE, "no connection to %s: there is no route to %s", url->host, address);
    return NULL;
}

/* ---- the client */

struct ws_client *ws_client_create(struct loop *loop, const struct ws_client_options *options,
                                   struct err *err)
{
    if (options->ca_file && access(options->ca_file, R_OK) != 0) {
        err_set(err, ERR_CONFIG, "the CA file %s cannot be read", options->ca_file);
        return NULL;
    }
    struct ws_client *c = mem_alloc(sizeof(*c));
    c->loop = loop;
    c->ca_file = mem_text(net_ca_file(options->ca_file));
    c->proxy = mem_text(options->proxy);
    c->reap.run = on_reap;
    c->reap.user = c;
    if (ws_context_init(&c->context, loop, true, err))
        return c;
    mem_free(c->ca_file);
    mem_free(c->proxy);
    mem_free(c);
    return NULL;
}

static void on_context_closed(void *user)
{
    struct ws_client *c = user;
    void (*on_closed)(void *user) = c->on_closed;
    void *on_closed_user = c->on_closed_user;
    struct ws_attempt *next;

    for (struct ws_attempt *a = c->attempts; a; a = next) {
        next = a->next;
        mem_free(a);
    }
    loop_defer_cancel(c->loop, &c->reap);
    mem_free(c->ca_file);
    mem_free(c->proxy);
    mem_free(c);
    if (on_closed)
        on_closed(on_closed_user);
}

void ws_client_close(struct ws_client *c, void (*on_closed)(void *user), void *user)
{
    if (!c) {
        if (on_closed)
            on_closed(user);
        return;
    }
    c->on_closed = on_closed;
    c->on_closed_user = user;
    ws_context_close(&c->context, on_context_closed, c);
}
