/* The listener: accepts, counts and closes connections, and hands libwebsockets' events on.
 *
 * A connection waits for a request, reads its body, is with the program, is answered, and waits again; or it
 * becomes a WebSocket. Reading has a deadline. When all places are taken, the one that has waited longest
 * without a complete request gives way, unless bytes of it lie unread, so that slow or silent peers cannot
 * keep others out; only when all are at work is a newcomer refused. Connections are killed on the next turn,
 * never inside libwebsockets. */
#include "net/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "server_private.h"

#define BODY_DEFAULT       (64 * 1024)
#define REQUEST_DEFAULT_MS 10000
#define CLOSING_MS         500 /* for connections to end before the context does */
#define LIBRARY_SECONDS    120 /* libwebsockets' own time-outs: behind all of ours */

/* ---- connections */

void server_want_write(struct conn *c)
{
    if (!c->wsi)
        return;
    lws_callback_on_writable(c->wsi);
    ws_context_poke(&c->server->context);
}

void server_arm(struct conn *c, int64_t ms)
{
    loop_timer_start(c->server->loop, &c->deadline, ms);
}

void server_kill(struct conn *c, bool reset)
{
    c->kill = true;
    c->reset = c->reset || reset;
    loop_defer(c->server->loop, &c->server->reap);
}

/* libwebsockets would say goodbye with FIN first: so its descriptor gets another socket, which closes ours.
 */
static void send_reset(struct lws *wsi)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int fd = lws_get_socket_fd(wsi), other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    if (other >= 0) {
        dup3(other, fd, O_CLOEXEC);
        close(other);
    }
}

static void on_reap(struct loop_deferred *d)
{
    struct server *s = d->user;
    struct conn *next;

    for (struct conn *c = s->conns; c; c = next) {
        next = c->next; /* none is freed here: libuv closes first */
        struct lws *wsi = c->wsi;
        if (wsi && !c->kill && c->ws && c->ws->close_wanted) {
            c->ws->close_wanted = false;
            ws_context_orderly_close(wsi, c->ws->close_code);
        }
        if (!c->kill || !wsi)
            continue;
        if (c->reset)
            send_reset(wsi);
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    }
    ws_context_poke(&s->context);
}

/* While the program has the request nothing is read, so a peer that leaves is looked for. */
static bool peer_is_there(const struct conn *c)
{
    char byte;
    ssize_t n = c->wsi ? recv(lws_get_socket_fd(c->wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT) : 0;

    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

static void on_deadline(struct loop_timer *t)
{
    struct conn *c = t->user;

    if (c->state == CONN_CALLED && peer_is_there(c))
        server_arm(c, SERVER_PEEK_MS);
    else
        server_kill(c, false);
}

/* In a burst of newcomers the first of them have asked already, and were only not read yet. */
static bool has_unread(const struct conn *c)
{
    char byte;

    return c->wsi && recv(lws_get_socket_fd(c->wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static struct conn *longest_waiting(struct server *s)
{
    struct conn *c = s->conns;

    while (c && c->next)
        c = c->next;
    while (c && (c->kill || (c->state != CONN_WAITING && c->state != CONN_BODY) || has_unread(c)))
        c = c->prev;
    return c;
}

/* Non-zero refuses the newcomer. */
static int make_room(struct server *s)
{
    if (s->closing)
        return -1;
    int most = s->options.max_connections > 0 ? s->options.max_connections : SERVER_CONNECTIONS_DEFAULT;

    if (s->conn_count < most)
        return 0;
    if (s->conn_count >= most + SERVER_BURST(most))
        return -1;
    struct conn *victim = longest_waiting(s);
    if (!victim)
        return -1;
    server_kill(victim, false);
    return 0;
}

static int accept_conn(struct server *s, struct lws *wsi)
{
    struct conn *c = mem_alloc(sizeof(*c));

    c->server = s;
    c->wsi = wsi;
    c->deadline.fire = on_deadline;
    c->deadline.user = c;
    c->next = s->conns;
    if (c->next)
        c->next->prev = c;
    s->conns = c;
    s->conn_count++;
    lws_set_opaque_user_data(wsi, c);
    server_arm(c, s->options.request_ms);
    return 0;
}

static void gone(struct conn *c)
{
    if (!c->wsi)
        return;
    c->wsi = NULL;
    loop_timer_stop(c->server->loop, &c->deadline);
    server_http_gone(c);
    server_ws_gone(c);
}

static void destroy(void *user);

/* Once, when the last connection is gone or has had its time. */
static void close_context(struct server *s)
{
    if (s->context_closing)
        return;
    s->context_closing = true;
    loop_timer_stop(s->loop, &s->closing_timer);
    ws_context_close(&s->context, destroy, s);
}

static void on_closing_time(struct loop_timer *t)
{
    close_context(t->user);
}

static void forget_conn(struct conn *c)
{
    struct server *s = c->server;

    gone(c);
    if (c->prev)
        c->prev->next = c->next;
    else
        c->server->conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    s->conn_count--;
    mem_free(c);
    if (s->closing && !s->conns)
        close_context(s);
}

/* ---- libwebsockets' callbacks */

static int on_conn_event(struct conn *c, enum lws_callback_reasons reason, void *in, size_t len)
{
    struct lws *wsi = c->wsi;

    if (c->kill || !wsi)
        return c->kill ? -1 : 0;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return server_ws_upgrade(c, in);
    case LWS_CALLBACK_HTTP: return server_http_begin(c);
    case LWS_CALLBACK_HTTP_BODY: return server_http_body(c, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return server_http_body_end(c);
    case LWS_CALLBACK_HTTP_WRITEABLE: return server_http_write(c);
    case LWS_CALLBACK_ESTABLISHED: return server_ws_opened(c);
    case LWS_CALLBACK_RECEIVE:
        return server_ws_part(c, in, len, lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi),
                              lws_frame_is_binary(wsi) != 0);
    case LWS_CALLBACK_SERVER_WRITEABLE: return server_ws_write(c);
    default: return 0;
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct lws_vhost *vhost = lws_get_vhost(wsi);
    struct server *s = vhost ? lws_vhost_user(vhost) : NULL;
    struct conn *c;

    (void)user;
    if (!s)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION: return make_room(s);
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED: return accept_conn(s, wsi);
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLOSED_HTTP:
        if ((c = lws_get_opaque_user_data(wsi)))
            gone(c);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        if ((c = lws_get_opaque_user_data(wsi))) {
            lws_set_opaque_user_data(wsi, NULL);
            forget_conn(c);
        }
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
        c = lws_get_opaque_user_data(wsi);
        return c ? on_conn_event(c, reason, in, len) : -1;
    default: return 0;
    }
}

/* ---- life */

/* Tried with a socket of our own first: a listener that fails inside libwebsockets needs turns of the loop to
 * be taken down, and a program that cannot listen has none. */
static bool can_listen(const struct server *s, struct err *err)
{
    struct sockaddr_storage at = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&at;
    uint16_t port = htons((uint16_t)s->options.port);
    socklen_t len = sizeof(*v4);
    int yes = 1;

    if (inet_pton(AF_INET, s->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = port;
    } else if (inet_pton(AF_INET6, s->host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = port;
        len = sizeof(*v6);
    } else {
        return err_set(err, ERR_CONFIG, "cannot listen on %s: a numeric address is needed", s->host);
    }
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
              bind(fd, (struct sockaddr *)&at, len) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    return ok ||
           err_set(err, ERR_IO, "cannot listen on %s port %d: %s", s->host, s->options.port, strerror(why));
}

static bool files_readable(const struct server *s, struct err *err)
{
    const char *files[] = {s->certificate_file, s->key_file};

    if (!s->certificate_file != !s->key_file)
        return err_set(err, ERR_CONFIG, "TLS needs both a certificate file and a key file");
    for (size_t i = 0; i < 2; i++)
        if (files[i] && access(files[i], R_OK) != 0)
            return err_set(err, ERR_CONFIG, "the file %s cannot be read", files[i]);
    return true;
}

static bool listen_on(struct server *s, struct err *err)
{
    static const struct lws_protocols protocols[] = {
        {"http", on_event, 0, 4096, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0},
    };
    struct lws_context_creation_info info;

    memset(&info, 0, sizeof(info));
    info.iface = s->host;
    info.port = s->options.port;
    info.protocols = protocols;
    info.vhost_name = "server";
    info.user = s;
    info.http_proxy_address = "";
    info.keepalive_timeout = LIBRARY_SECONDS;
    info.timeout_secs = LIBRARY_SECONDS;
    info.alpn = "http/1.1";
    info.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    /* else libwebsockets makes an IPv6 socket, does not find the IPv4 address, and listens on all addresses
     */
    if (!strchr(s->host, ':'))
        info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    if (s->certificate_file) {
        info.ssl_cert_filepath = s->certificate_file;
        info.ssl_private_key_filepath = s->key_file;
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
    }
    s->vhost = lws_create_vhost(s->context.lws, &info);
    s->port = s->vhost ? lws_get_vhost_listen_port(s->vhost) : -1;
    return s->port > 0 || err_set(err, ERR_IO, "cannot listen on %s port %d%s: is the port taken?", s->host,
                                  s->options.port, s->certificate_file ? " with this certificate" : "");
}

static void destroy(void *user)
{
    struct server *s = user;
    void (*on_closed)(void *user) = s->on_closed;
    void *on_closed_user = s->on_closed_user;

    s->context_closing = true;
    while (s->conns)
        forget_conn(s->conns);
    loop_defer_cancel(s->loop, &s->reap);
    mem_free(s->host);
    mem_free(s->certificate_file);
    mem_free(s->key_file);
    mem_free(s);
    if (on_closed)
        on_closed(on_closed_user);
}

struct server *server_create(struct loop *loop, const struct server_options *options, struct err *err)
{
    struct server *s = mem_alloc(sizeof(*s));

    s->loop = loop;
    s->options = *options;
    s->host = mem_text(options->host ? options->host : "127.0.0.1");
    s->certificate_file = mem_text(options->certificate_file);
    s->key_file = mem_text(options->key_file);
    if (s->options.max_body == 0)
        s->options.max_body = BODY_DEFAULT;
    if (s->options.request_ms <= 0)
        s->options.request_ms = REQUEST_DEFAULT_MS;
    s->reap.run = on_reap;
    s->reap.user = s;
    if (!can_listen(s, err) || !files_readable(s, err) ||
        !ws_context_init(&s->context, loop, s->certificate_file != NULL, err)) {
        destroy(s);
        return NULL;
    }
    if (listen_on(s, err))
        return s;
    s->closing = true;
    close_context(s);
    return NULL;
}

int server_port(const struct server *s)
{
    return s->port;
}

void server_close(struct server *s, void (*on_closed)(void *user), void *user)
{
    if (!s) {
        if (on_closed)
            on_closed(user);
        return;
    }
    s->closing = true;
    s->on_closed = on_closed;
    s->on_closed_user = user;
    /* connections first: taken down together with the context, one amid its TLS handshake would leak */
    for (struct conn *c = s->conns; c; c = c->next)
        server_kill(c, false);
    s->closing_timer.fire = on_closing_time;
    s->closing_timer.user = s;
    if (s->conns)
        loop_timer_start(s->loop, &s->closing_timer, CLOSING_MS);
    else
        close_context(s);
}
