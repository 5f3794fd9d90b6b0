/* Happy path: a GET of one of three pages is answered at once from figures in memory.
 *
 * A tick each second measures the loop (how late it comes is how long the loop stood still) and, one after
 * the other, asks AWS who the keys of each target belong to: once, and again each minute while AWS does not
 * answer or takes them for no good, so that a dead key is known before an incident.
 *
 * What can go wrong: another program has the port (the bot does not start, and says who may have it); a page
 * of another site makes a browser ask us under its own name (421: only a Host that is loopback is answered);
 * anything but GET and HEAD (405); silent, slow and too many clients (net/server.c). */
#include "health.h"

#include <string.h>

#include "aws/call.h"
#include "aws/xml.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "chat/slack.h"
#include "core/config.h"
#include "core/engine.h"
#include "health_report.h"
#include "loop/loop.h"
#include "net/http.h"
#include "net/server.h"
#include "store/watch.h"

#define TICK_MS      1000
#define LAG_SECONDS  60 /* are remembered */
#define LAG_ALIVE    10 /* of these count for /healthz: it must not be called dead for long */
#define ASK_AGAIN_MS 60000
#define PAGE_MAX     (1024 * 1024)
#define PARTS_MAX    (CONFIG_CHATS + CONFIG_TARGETS + 1)

struct target_keys {
    bool verified, asked;
    char account[16];
    int64_t asked_ms; /* mono */
    char trouble[300];
};

struct since { /* of one part, by its place */
    bool known, ready;
    int64_t at_ms; /* wall */
};

struct health {
    struct health_view view;
    struct server *server;
    char address[80];
    bool loaded;
    struct loop_timer tick;
    int64_t due_ms;
    int64_t lags[LAG_SECONDS]; /* each second's longest */
    size_t lag_count;          /* ever */
    int64_t start_ms;
    struct target_keys keys[CONFIG_TARGETS];
    struct aws_call call; /* one target at a time */
    size_t asking;        /* which */
    bool asks;
    struct since since[PARTS_MAX];
    struct health_part parts[PARTS_MAX]; /* scratch */
    bool closing, server_closed;
    void (*on_closed)(void *user);
    void *closed_user;
};

static int64_t mono(const struct health *h)
{
    return loop_now(h->view.loop);
}

static int64_t wall(const struct health *h)
{
    return clock_wall(loop_clock(h->view.loop));
}

/* ---- whose keys are these? */

static void note_account(void *user, const char *path, const char *text)
{
    struct target_keys *k = user;
    if (text_ends(path, "/Account")) {
        TEXT_COPY(k->account, text);
    }
}

static void maybe_closed(struct health *h);

static void on_identity(struct aws_call *c)
{
    struct health *h = c->user;
    struct target_keys *k = &h->keys[h->asking];
    struct err err;
    h->asks = false;
    if (c->outcome == AWS_OK) {
        k->verified = xml_read(c->text, strlen(c->text), note_account, k, &err) && k->account[0] != '\0';
        TEXT_COPY(k->trouble, k->verified ? "" : "STS did not name the account of these keys");
    } else {
        TEXT_COPY(k->trouble, c->err.text);
    }
    maybe_closed(h);
}

static bool wants_asking(const struct health *h, size_t i)
{
    const struct target_keys *k = &h->keys[i];
    struct aws_counters n;
    if (!k->asked) {
        return true;
    }
    aws_session_counters(h->view.sessions[i], &n);
    const char *account = h->view.config->targets[i].account;
    const bool good =
        k->verified && n.failing_ms == 0 && (account[0] == '\0' || text_equal(account, k->account));
    return !good && mono(h) - k->asked_ms >= ASK_AGAIN_MS;
}

static void ask_next(struct health *h)
{
    for (size_t i = 0; i < h->view.config->target_count && !h->asks; i++) {
        if (!wants_asking(h, i)) {
            continue;
        }
        h->asks = true;
        h->asking = i;
        h->keys[i].asked = true;
        h->keys[i].asked_ms = mono(h);
        h->call = (struct aws_call){.service = AWS_STS,
                                    .action = "GetCallerIdentity",
                                    .body = mem_text(""),
                                    .lane = AWS_LANE_POLL,
                                    .done = on_identity,
                                    .user = h};
        aws_call_start(h->view.sessions[i], &h->call);
    }
}

/* ---- the parts */

static struct health_part *next_part(struct health *h, size_t *count)
{
    struct health_part *p = &h->parts[(*count)++];
    *p = (struct health_part){0};
    return p;
}

static void judge_target(struct health *h, size_t i, struct health_part *p)
{
    const struct config_target *t = &h->view.config->targets[i];
    const struct target_keys *k = &h->keys[i];
    struct health_identity identity = {.verified = k->verified, .wanted = t->account, .region = t->region};
    struct aws_counters n;
    TEXT_COPY(identity.account, k->account);
    TEXT_COPY(identity.trouble, k->trouble);
    aws_session_counters(h->view.sessions[i], &n);
    TEXT_FORMAT(p->name, "aws %s", t->name);
    health_judge_aws(&identity, &n, wall(h), p);
}

/* Fills h->parts and keeps since when each is as it is. */
static size_t judge(struct health *h)
{
    const struct config *c = h->view.config;
    struct store_figures store;
    struct engine_figures engine;
    size_t count = 0;
    for (size_t i = 0; i < c->chat_count; i++) {
        struct slack_figures f;
        struct health_part *p = next_part(h, &count);
        slack_read_figures(h->view.slack[i], &f);
        TEXT_COPY(p->name, c->chats[i].name);
        health_judge_chat(&f, mono(h), p);
    }
    for (size_t i = 0; i < c->target_count; i++) {
        judge_target(h, i, next_part(h, &count));
    }
    struct health_part *p = next_part(h, &count);
    TEXT_COPY(p->name, "store");
    store_watch_figures(h->view.store, &store);
    health_judge_store(&store, h->loaded, mono(h), wall(h), p);
    engine_read_figures(h->view.engine, &engine);
    health_judge_audit(engine.audit_trouble, p);
    for (size_t i = 0; i < count; i++) {
        struct since *s = &h->since[i];
        if (!s->known || s->ready != h->parts[i].ready) {
            *s = (struct since){.known = true, .ready = h->parts[i].ready, .at_ms = wall(h)};
        }
        h->parts[i].since_ms = s->at_ms;
    }
    return count;
}

/* ---- the loop */

static int64_t longest_lag(const struct health *h, size_t of_seconds)
{
    int64_t most = 0;
    for (size_t i = 0; i < of_seconds && i < h->lag_count; i++) {
        const int64_t lag = h->lags[(h->lag_count - 1 - i) % LAG_SECONDS];
        most = lag > most ? lag : most;
    }
    return most;
}

static void on_tick(struct loop_timer *t)
{
    struct health *h = t->user;
    const int64_t late = mono(h) - h->due_ms, others = loop_take_lag(h->view.loop);
    const int64_t lag = late > others ? late : others;
    h->lags[h->lag_count++ % LAG_SECONDS] = lag;
    metrics_note_lag(lag);
    h->due_ms = mono(h) + TICK_MS;
    loop_timer_start(h->view.loop, &h->tick, TICK_MS);
    if (h->loaded) {
        ask_next(h);
    }
    judge(h);
}

void health_loaded(struct health *h)
{
    if (h != NULL) {
        h->loaded = true;
        ask_next(h);
        judge(h);
    }
}

/* ---- the pages */

static void answer(struct server_call *call, int status, const char *type, struct buf *page)
{
    secret_gate_buf(page);
    if (buf_overflowed(page)) {
        buf_clear(page);
        buf_text(page, "the page is too long\n");
        status = 500;
    }
    server_answer(call, status, type, "cache-control: no-store\r\nx-content-type-options: nosniff\r\n",
                  page->data, page->len);
}

static void refuse(struct server_call *call, int status, const char *headers, const char *why)
{
    server_answer(call, status, "text/plain; charset=utf-8", headers, why, strlen(why));
}

static int write_alive(struct health *h, struct buf *to)
{
    struct store_figures store;
    store_watch_figures(h->view.store, &store);
    return health_alive(&store, longest_lag(h, LAG_ALIVE), mono(h), to) ? 200 : 503;
}

static int write_ready(struct health *h, struct buf *to)
{
    return health_report(h->parts, judge(h), wall(h), to) ? 200 : 503;
}

static int write_metrics(struct health *h, struct buf *to)
{
    const size_t parts = judge(h);
    for (size_t i = 0; i < parts; i++) {
        metrics_note_part(h->parts[i].name, h->parts[i].ready);
    }
    metrics_write(&h->view,
                  &(struct health_lag){.max_ms = longest_lag(h, LAG_SECONDS), .start_ms = h->start_ms}, to);
    return 200;
}

/* A name that a page of another site was made to resolve to us is no name of ours. */
static bool host_is_ours(const char *host)
{
    char url[300];
    return host != NULL && strpbrk(host, "@/\\?#, \t") == NULL && TEXT_FORMAT(url, "http://%s/", host) &&
           http_url_is_loopback(url);
}

static void on_request(void *user, struct server_call *call)
{
    static const struct {
        const char *path, *type;
        int (*write)(struct health *h, struct buf *to);
    } pages[] = {
        {"/healthz", "text/plain; charset=utf-8", write_alive},
        {"/readyz", "text/plain; charset=utf-8", write_ready},
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics},
    };
    const char *method = server_method(call);
    if (!host_is_ours(server_header(call, "host"))) {
        refuse(call, 421, NULL, "ask by a loopback address: http://127.0.0.1:PORT/readyz\n");
        return;
    }
    if (!text_equal(method, "GET") && !text_equal(method, "HEAD")) {
        refuse(call, 405, "allow: GET, HEAD\r\n", "these pages can only be read\n");
        return;
    }
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (text_equal(server_path(call), pages[i].path)) {
            struct buf page;
            buf_init(&page, PAGE_MAX);
            const int status = pages[i].write(user, &page);
            answer(call, status, pages[i].type, &page);
            buf_finish(&page);
            return;
        }
    }
    refuse(call, 404, NULL, "there are /healthz, /readyz and /metrics\n");
}

/* ---- life */

/* "[::1]:8421" -> "::1", 8421. The reader of the configuration has made sure of the form. */
static int split(const char *listen, char *host, size_t size)
{
    const char *colon = strrchr(listen, ':');
    const bool brackets = listen[0] == '[';
    int port = 0;
    for (const char *d = colon + 1; *d != '\0'; d++) {
        port = 10 * port + (*d - '0');
    }
    text_copy_n(host, size, listen + brackets, (size_t)(colon - listen) - (brackets ? 2 : 0));
    if (text_equal(host, "localhost")) {
        text_copy(host, size, "127.0.0.1");
    }
    return port;
}

static void explain(const char *listen, int port, struct err *err)
{
    const struct err why = *err;
    err_set(err, ERR_CONFIG,
            "metrics.listen: %s: %s; perhaps another cloudtak-bot runs here (`ss -ltnp 'sport = :%d'` names "
            "the program): end it, or give another port, or off",
            listen, why.text, port);
}

struct health *health_create(const struct health_view *view, struct err *err)
{
    struct health *h = mem_alloc(sizeof(*h));
    const char *listen = view->config->metrics_listen;
    char host[64];
    const int port = split(listen, host, sizeof(host));
    struct server_options o = {.host = host,
                               .port = port,
                               .max_connections = view->max_connections,
                               .on_request = on_request,
                               .user = h};
    h->view = *view;
    h->start_ms = wall(h);
    h->server = server_create(view->loop, &o, err);
    if (h->server == NULL) {
        mem_free(h);
        explain(listen, port, err);
        return NULL;
    }
    TEXT_FORMAT(h->address, strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host, server_port(h->server));
    h->tick = (struct loop_timer){.fire = on_tick, .user = h};
    h->due_ms = mono(h) + TICK_MS;
    loop_timer_start(view->loop, &h->tick, TICK_MS);
    return h;
}

const char *health_address(const struct health *h)
{
    return h->address;
}

static void maybe_closed(struct health *h)
{
    if (h->closing && h->server_closed && !h->asks) {
        void (*on_closed)(void *user) = h->on_closed;
        void *user = h->closed_user;
        mem_free(h);
        on_closed(user);
    }
}

static void on_server_closed(void *user)
{
    struct health *h = user;
    h->server_closed = true;
    maybe_closed(h);
}

void health_close(struct health *h, void (*on_closed)(void *user), void *user)
{
    if (h == NULL) {
        on_closed(user);
        return;
    }
    h->closing = true;
    h->on_closed = on_closed;
    h->closed_user = user;
    loop_timer_stop(h->view.loop, &h->tick);
    if (h->asks) {
        aws_call_cancel(h->view.sessions[h->asking], &h->call);
    }
    server_close(h->server, on_server_closed, h);
}
