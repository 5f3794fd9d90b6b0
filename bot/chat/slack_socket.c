/* Socket Mode: a slot keeps one connection alive; two slots by default, so that one is left while the other
 * is made anew.
 *
 *             apps.connections.open     upgrade          hello            a younger one said hello
 *     ASKING ----------------> DIALLING ------> GREETING -----> SERVING ------------------> RETIRING
 *        |                        |                |               |                           |
 *        +------------------------+----------------+---------------+---------------------------+--> GONE
 *
 * Happy path: opening -> serving. When Slack announces the end (disconnect), or at 0.9 of the announced life,
 * the slot opens a second connection; the first keeps reading and acking until the second has said hello, and
 * then until Slack closes it, or drain_ms. One rotation at a time: at most three connections a slot.
 *
 * What can go wrong: no answer, no upgrade (408, 409, 429, 5xx), no hello, silence, reset: one retry per
 * loss, with the waits of slack_retry.c. Too many connections, Socket Mode switched off, throttled: longer
 * waits. A refused app token: the adapter stops. Handlers carry their own connection, never "the current
 * one". */
#include <assert.h>

#include "base/crypto.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/ws.h"
#include "slack_private.h"

#define RECENT          8                /* acks that may still be under way when a connection ends */
#define RECENT_MS       250              /* and for how long */
#define LIFE_DEFAULT_MS (60 * 60 * 1000) /* where hello does not say */

enum state { ASKING, DIALLING, GREETING, SERVING, RETIRING, GONE, STATES };
static const char *const STATE_NAMES[STATES] = {"asking",  "dialling", "greeting",
                                                "serving", "retiring", "gone"};
#define TO(state) (1U << (state))
static const unsigned MOVES[STATES] = {
    [ASKING] = TO(DIALLING) | TO(GONE),
    [DIALLING] = TO(GREETING) | TO(GONE),
    [GREETING] = TO(SERVING) | TO(GONE),
    [SERVING] = TO(RETIRING) | TO(GONE),
    [RETIRING] = TO(GONE),
};

struct recent {
    char envelope[SLACK_ENVELOPE];
    int64_t at_ms;
};

struct slack_conn {
    struct slack *slack;     /* immutable after creation */
    struct slack_slot *slot; /* immutable after creation */
    uint64_t number;         /* immutable after creation; never used twice */
    char subject[24];        /* for log lines */
    enum state state;
    struct slack_call call;
    struct ws *ws;
    struct loop_timer timer; /* GREETING: hello; SERVING: rotation; RETIRING: end of draining */
    int64_t hello_ms;        /* mono */
    enum slack_loss loss;    /* why it will be gone */
    int64_t asked_ms;        /* THROTTLED: Retry-After */
    struct recent recent[RECENT];
    unsigned acked; /* ever; the next place in recent is acked % RECENT */
    struct slack_conn *next, *prev;
};

static struct loop *loop_of(const struct slack_conn *c)
{
    return c->slack->options.loop;
}

/* The one place where a state changes. */
static void move(struct slack_conn *c, enum state to)
{
    assert((MOVES[c->state] & TO(to)) != 0);
    log_debug("slack", c->subject, "%s -> %s", STATE_NAMES[c->state], STATE_NAMES[to]);
    c->state = to;
}

static bool is_open(const struct slack_conn *c)
{
    return c->state == GREETING || c->state == SERVING || c->state == RETIRING;
}

/* ---- the slot decides */

/* What the slot lacks, it gets: called after every change; nothing to do when all is well or under way. */
static void tick(struct slack_slot *slot)
{
    struct slack *s = slot->slack;
    const bool wanted = slot->serving == NULL || slot->rotating;
    if (slack_stopped(s) || !wanted || slot->opening != NULL || loop_timer_armed(&slot->open_timer)) {
        return;
    }
    const int64_t wait = slack_retry_wait(&slot->retry, &s->times, slot->loss, slot->lived_ms, slot->asked_ms,
                                          crypto_random_u32());
    s->figures.reconnects++;
    loop_timer_start(s->options.loop, &slot->open_timer, wait);
}

static void note_loss(struct slack_conn *c)
{
    struct slack_slot *slot = c->slot;
    slot->loss = c->loss;
    slot->lived_ms = c->hello_ms == 0 ? 0 : slack_now(c->slack) - c->hello_ms;
    slot->asked_ms = c->asked_ms;
}

static void tell_owner(struct slack *s)
{
    unsigned serving = 0;
    for (const struct slack_conn *c = s->conns; c != NULL; c = c->next) {
        serving += c->state == SERVING || c->state == RETIRING;
    }
    slack_connections_changed(s, serving);
}

static bool ack_on(struct slack_conn *c, const char *envelope, const char *frame, size_t len)
{
    if (!is_open(c) || !ws_send(c->ws, frame, len)) {
        return false;
    }
    struct recent *r = &c->recent[c->acked++ % RECENT];
    TEXT_COPY(r->envelope, envelope);
    r->at_ms = slack_now(c->slack);
    return true;
}

static bool ack_on_any(struct slack *s, const char *envelope, const char *frame, size_t len)
{
    for (struct slack_conn *c = s->conns; c != NULL; c = c->next) {
        if (ack_on(c, envelope, frame, len)) {
            return true;
        }
    }
    return false;
}

/* What c was given last may not have reached Slack. An ack that comes twice does no harm; one that never
 * comes is a command that failed for its user. */
static void repeat_recent(struct slack_conn *c)
{
    const int64_t now = slack_now(c->slack);
    for (unsigned i = 0; i < RECENT; i++) {
        const struct recent *r = &c->recent[i];
        if (r->envelope[0] != '\0' && now - r->at_ms <= RECENT_MS) {
            struct buf frame;
            slack_ack_frame(&frame, r->envelope, NULL);
            ack_on_any(c->slack, r->envelope, frame.data, frame.len);
            buf_finish(&frame);
        }
    }
}

/* c is gone: out of its slot, out of the list, freed. */
static void end(struct slack_conn *c)
{
    struct slack *s = c->slack;
    struct slack_slot *slot = c->slot;
    const bool retired = slot->retiring == c;
    move(c, GONE);
    if (!slack_stopped(s)) {
        repeat_recent(c);
    }
    loop_timer_stop(loop_of(c), &c->timer);
    ws_destroy(c->ws);
    if (!retired) {
        note_loss(c);
    }
    slot->opening = slot->opening == c ? NULL : slot->opening;
    slot->serving = slot->serving == c ? NULL : slot->serving;
    slot->retiring = retired ? NULL : slot->retiring;
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        s->conns = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    mem_free(c);
    tell_owner(s);
    tick(slot);
    slack_maybe_closed(s);
}

/* ---- the words of Slack about the connection */

static void rotate(struct slack_conn *c)
{
    if (c->slot->serving == c && !c->slot->rotating) {
        c->slot->rotating = true;
        note_loss(c);
        tick(c->slot);
    }
}

static void greeted(struct slack_conn *c, const struct slack_decoded *d)
{
    struct slack *s = c->slack;
    struct slack_slot *slot = c->slot;
    if (c->state != GREETING) {
        return; /* said twice */
    }
    struct slack_conn *old = slot->serving, *older = slot->retiring;
    slot->opening = NULL;
    slot->serving = c;
    slot->rotating = false;
    c->hello_ms = slack_now(s);
    move(c, SERVING);
    const int64_t life = d->lifetime_ms > 0 ? d->lifetime_ms : LIFE_DEFAULT_MS;
    loop_timer_start(loop_of(c), &c->timer, life / 10 * 9);
    if (older != NULL) {
        end(older);
    }
    if (old != NULL) {
        slot->retiring = old;
        move(old, RETIRING);
        loop_timer_start(loop_of(c), &old->timer, s->times.drain_ms);
    }
    slack_note_trouble(s, "");
    log_info("slack", c->subject, "connected");
    tell_owner(s);
    if (d->connections >= 0) {
        unsigned ours = 0;
        for (const struct slack_conn *each = s->conns; each != NULL; each = each->next) {
            ours += is_open(each);
        }
        if ((unsigned)d->connections > ours && (unsigned)d->connections != s->figures.reported_connections) {
            log_warning("slack", c->subject,
                        "Slack counts %d connections of this app, %u are ours: does another bot use the same "
                        "app token? Commands may go to it.",
                        d->connections, ours);
        }
        s->figures.reported_connections = (unsigned)d->connections;
    }
}

static void told_to_go(struct slack_conn *c, const char *reason)
{
    if (text_equal(reason, "too_many_websockets")) {
        c->loss = SLACK_LOSS_CROWDED;
        slack_trouble(
            c->slack, c->subject,
            "Slack counts too many connections of this app (more than 10): end other bots that use "
            "the same app token; those that died without a word are forgotten by Slack after hours");
    } else if (text_equal(reason, "link_disabled")) {
        c->loss = SLACK_LOSS_DISABLED;
        slack_trouble(c->slack, c->subject,
                      "Socket Mode is switched off for this app, so no command arrives: switch it on in the "
                      "app's settings at Slack (Socket Mode)");
    } else {
        log_info("slack", c->subject, "Slack will close this connection (%s)", reason);
    }
    if (c->state == GREETING) {
        ws_close(c->ws);
    } else {
        rotate(c);
    }
}

/* ---- events of one connection, in order of happening */

static void on_open(struct ws *ws, void *user)
{
    struct slack_conn *c = user;
    (void)ws;
    move(c, GREETING);
    loop_timer_start(loop_of(c), &c->timer, c->slack->times.hello_ms);
}

static void on_text(struct ws *ws, void *user, char *text, size_t len)
{
    struct slack_conn *c = user;
    struct slack_decoded d;
    (void)ws;
    if (slack_stopped(c->slack)) {
        return; /* not acked: Slack gives it to another connection, or to the next start */
    }
    slack_take_frame(c->slack, c->number, text, len, &d);
    slack_count_frame(c->slack, &d, c->slot->number);
    if (d.kind == SLACK_HELLO) {
        greeted(c, &d);
    } else if (d.kind == SLACK_DISCONNECT) {
        told_to_go(c, d.reason);
    }
}

static void on_oversize(struct ws *ws, void *user, const char *head, size_t head_len, const char *tail,
                        size_t tail_len, uint64_t total)
{
    struct slack_conn *c = user;
    (void)ws;
    if (slack_stopped(c->slack)) {
        return;
    }
    slack_count_oversize(c->slack, c->slot->number);
    slack_take_oversize(c->slack, c->number, head, head_len, tail, tail_len, total);
}

static void on_close(struct ws *ws, void *user, const struct err *err, int http_status, int code)
{
    struct slack_conn *c = user;
    (void)ws;
    const bool expected =
        c->state == RETIRING || c->slot->rotating || c->loss != SLACK_LOSS_PLAIN || slack_stopped(c->slack);
    if (expected) {
        log_debug("slack", c->subject, "closed while %s: %s (HTTP %d, code %d)", STATE_NAMES[c->state],
                  err->text, http_status, code);
    } else {
        slack_trouble(c->slack, c->subject, "connection lost while %s: %s; trying again",
                      STATE_NAMES[c->state], err->text);
    }
    c->loss = http_status == 429 ? SLACK_LOSS_THROTTLED : c->loss;
    end(c);
}

static void timer_due(struct loop_timer *timer)
{
    struct slack_conn *c = timer->user;
    switch (c->state) {
    case GREETING:
        slack_trouble(c->slack, c->subject,
                      "Slack took the connection and said no hello for %lld s; trying again",
                      (long long)(c->slack->times.hello_ms / 1000));
        end(c);
        return;
    case SERVING:
        log_debug("slack", c->subject, "near the end of its life");
        rotate(c);
        return;
    case RETIRING: ws_close(c->ws); return;
    default: assert(false); return;
    }
}

static void dial(struct slack_conn *c, const char *url)
{
    struct slack *s = c->slack;
    move(c, DIALLING);
    c->ws = ws_connect(s->options.ws, &(struct ws_options){
                                          .url = url,
                                          .ping_after_ms = s->times.ping_after_ms,
                                          .dead_after_ms = s->times.dead_after_ms,
                                          .on_open = on_open,
                                          .on_text = on_text,
                                          .on_oversize = on_oversize,
                                          .on_close = on_close,
                                          .user = c,
                                      });
}

static void asked(struct slack_call *call, const struct slack_answer *answer)
{
    struct slack_conn *c = call->user;
    struct slack *s = c->slack;
    const char *url = jsonx_text(answer->json, "url");
    if (answer->fate == SLACK_FATE_FATAL || text_equal(answer->error, "missing_scope")) {
        slack_fatal(s, SLACK_APP_TOKEN, answer->error);
    }
    if (slack_stopped(s)) {
        end(c);
        return;
    }
    if (answer->fate != SLACK_FATE_OK) {
        c->loss = answer->retry_ms > 0 ? SLACK_LOSS_THROTTLED : SLACK_LOSS_PLAIN;
        c->asked_ms = answer->retry_ms;
        slack_trouble(s, c->subject, "cannot connect: %s; trying again", answer->err.text);
        end(c);
        return;
    }
    if (!slack_socket_url_allowed(url, s->options.config->api_url)) {
        slack_trouble(s, c->subject,
                      "cannot connect: Slack names a socket that is not of slack.com: is api_url right?");
        end(c);
        return;
    }
    dial(c, url);
}

static void open_due(struct loop_timer *timer)
{
    struct slack_slot *slot = timer->user;
    struct slack *s = slot->slack;
    if (slack_stopped(s)) {
        return;
    }
    struct slack_conn *c = mem_alloc(sizeof(*c));
    c->slack = s;
    c->slot = slot;
    c->number = ++s->last_conn;
    TEXT_FORMAT(c->subject, "conn %d.%llu", slot->number, (unsigned long long)c->number);
    c->state = ASKING;
    c->timer = (struct loop_timer){.fire = timer_due, .user = c};
    c->next = s->conns;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    s->conns = c;
    slot->opening = c;
    c->call = (struct slack_call){
        .slack = s,
        .method = "apps.connections.open",
        .token = SLACK_APP_TOKEN,
        .done = asked,
        .user = c,
    };
    slack_call_start(&c->call, NULL, NULL);
}

void slack_slot_start(struct slack_slot *slot)
{
    slot->open_timer = (struct loop_timer){.fire = open_due, .user = slot};
    loop_timer_start(slot->slack->options.loop, &slot->open_timer, 0);
}

/* ---- for the others */

void slack_socket_look(const struct slack_slot *slot, struct slack_link *ret)
{
    const struct slack_conn *c = slot->serving != NULL ? slot->serving : slot->opening;
    ret->state = c != NULL ? STATE_NAMES[c->state] : "waiting";
    ret->last_frame_ms = c != NULL && is_open(c) ? ws_last_frame_ms(c->ws) : 0;
}

bool slack_socket_ack(struct slack *s, uint64_t conn, const char *envelope, const char *frame, size_t len)
{
    for (struct slack_conn *c = s->conns; c != NULL; c = c->next) {
        if (c->number == conn && ack_on(c, envelope, frame, len)) {
            return true;
        }
    }
    return ack_on_any(s, envelope, frame, len);
}

void slack_sockets_close(struct slack *s)
{
    for (int i = 0; i < s->slot_count; i++) {
        loop_timer_stop(s->options.loop, &s->slots[i].open_timer);
    }
    for (struct slack_conn *c = s->conns, *next; c != NULL; c = next) {
        next = c->next;
        loop_timer_stop(s->options.loop, &c->timer);
        if (c->state == ASKING) {
            slack_call_cancel(&c->call);
        } else if (c->state == DIALLING) {
            end(c);
        } else {
            ws_close(c->ws);
        }
    }
}
