/* From a frame to a request, and back to the ack.
 *
 * Happy path: a frame is decoded. A reading request is acked at once and handed over. Of a changing one it
 * is made sure first whether its channel is shared with another organisation, where the envelope does not say
 * (most events do, commands and clicks do not); then it is handed over, and acked when the engine says that
 * it is durable, on the connection that it came on, or on another one if that is gone.
 *
 * What can go wrong: Slack says nothing about the channel in time: it counts as shared. A frame that cannot
 * be read is acked by the id found in it, so that Slack does not send it again for ever; one that is too
 * large likewise. Too many requests wait for their commit: the ack says so. All connections are gone: no ack;
 * Slack delivers again and the delivery key tells the engine. The engine refuses and the envelope takes no
 * text: the user is told by a message only they see. */
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "slack_private.h"

#define ACK_TEXT_MAX 3000
#define COMPLAINT_MS 1000
#define TOO_MANY     "Not accepted, nothing was done: too many commands are waiting. Try again in a minute."

struct slack_pending {
    struct request_taken taken;
    struct slack *slack; /* NULL when it is gone */
    uint64_t conn;
    int64_t came_ms; /* mono */
    char envelope[SLACK_ENVELOPE];
    bool accepts_payload, acked;
    struct request request;
    struct slack_waiter waiter; /* for its channel */
    struct slack_pending *next, *prev;
};

/* ---- the ack */

/* Gated before it is escaped: an escape may stand within a secret. */
static void put_text(struct buf *to, const char *text)
{
    struct slack_text t;
    struct buf shown;
    buf_init(&shown, 2 * ACK_TEXT_MAX);
    buf_text(&shown, text);
    secret_gate_buf(&shown);
    slack_text_init(&t, ACK_TEXT_MAX);
    slack_text_plain(&t, shown.data, true);
    buf_finish(&shown);
    buf_text(to, ",\"payload\":{\"response_type\":\"ephemeral\",\"text\":");
    jsonx_quote(to, t.buf.data);
    buf_char(to, '}');
    buf_finish(&t.buf);
}

void slack_ack_frame(struct buf *to, const char *envelope, const char *text)
{
    buf_init(to, SLACK_FRAME_MAX);
    buf_text(to, "{\"envelope_id\":");
    jsonx_quote(to, envelope);
    if (text != NULL && text[0] != '\0') {
        put_text(to, text);
    }
    buf_char(to, '}');
    if (buf_overflowed(to)) {
        buf_finish(to);
        slack_ack_frame(to, envelope, NULL);
    }
}

static void ack(struct slack *s, uint64_t conn, const char *envelope, const char *text)
{
    struct buf frame;
    slack_ack_frame(&frame, envelope, text);
    const bool written = slack_socket_ack(s, conn, envelope, frame.data, frame.len);
    slack_count_ack(s, written);
    if (written) {
        s->figures.acks++;
    } else {
        log_warning("slack", s->chat.server, "envelope %s is not acked, no connection is open", envelope);
    }
    buf_finish(&frame);
}

/* Somebody floods us: that deserves a line, but not one each. */
static bool worth_a_line(struct slack *s)
{
    const int64_t now = slack_now(s);
    const bool worth = s->complained_ms == 0 || now - s->complained_ms >= COMPLAINT_MS;
    s->complained_ms = worth ? now : s->complained_ms;
    return worth;
}

/* ---- a request on its way through the engine */

static void forget(struct slack_pending *p)
{
    struct slack *s = p->slack;
    if (s != NULL) {
        if (p->prev != NULL) {
            p->prev->next = p->next;
        } else {
            s->pendings = p->next;
        }
        if (p->next != NULL) {
            p->next->prev = p->prev;
        }
        s->pending_count--;
    }
    mem_free(p);
}

static void taken(struct request_taken *t, bool ok, const char *text)
{
    struct slack_pending *p = t->user;
    struct slack *s = p->slack;
    if (s != NULL) {
        const bool by_ack = !p->acked && p->accepts_payload;
        if (!p->acked) {
            ack(s, p->conn, p->envelope, !ok && by_ack ? text : NULL);
            slack_time_ack(s, true, p->came_ms);
        }
        if (!ok && !by_ack && text != NULL && text[0] != '\0') {
            slack_tell(s, &p->request, text);
        }
    }
    forget(p);
}

static void hand_over(struct slack_pending *p)
{
    p->slack->options.on_request(p->slack->options.user, &p->request, &p->taken);
}

static void channel_ready(struct slack_waiter *w, const struct slack_entry *entry, const struct err *err)
{
    struct slack_pending *p = (struct slack_pending *)((char *)w - offsetof(struct slack_pending, waiter));
    struct slack *s = p->slack;
    if (slack_stopped(s)) {
        forget(p); /* not acked: Slack gives it to the next start, or tells the user */
        return;
    }
    if (entry == NULL) {
        log_warning("slack", s->chat.server, "channel %s counts as shared with another organisation: %s",
                    p->request.place.channel, err->text);
    }
    p->request.place.shared = entry == NULL || entry->shared;
    TEXT_COPY(p->request.place.unsure, entry == NULL ? err->text : "");
    hand_over(p);
}

/* Of a changing command or click. */
static void make_sure_of_channel(struct slack_pending *p)
{
    struct place *place = &p->request.place;
    const bool said = p->request.source == REQUEST_MENTION && place->unsure[0] == '\0';
    if (!said && !place->direct && (!place->shared || place->unsure[0] != '\0')) {
        p->waiter.ready = channel_ready;
        const struct slack_entry *entry =
            slack_directory_ask(p->slack->directory, SLACK_FACT_CHANNEL, place->channel, &p->waiter);
        if (entry == NULL) {
            return;
        }
        place->shared = entry->as_of_ms == 0 || entry->shared;
        place->unsure[0] = '\0';
        if (entry->as_of_ms == 0) {
            TEXT_COPY(place->unsure, "too many channels are being looked up at Slack");
        }
    }
    hand_over(p);
}

static bool is_changing(const struct slack *s, const struct request *r)
{
    return r->source == REQUEST_CLICK || s->options.changes(s->options.user, r->text);
}

static void take_request(struct slack *s, uint64_t conn, const struct slack_decoded *d)
{
    if (s->pending_count >= SLACK_PENDING_MAX) {
        ack(s, conn, d->envelope, d->accepts_payload ? TOO_MANY : NULL);
        if (!d->accepts_payload) {
            slack_tell(s, &d->request, TOO_MANY);
        }
        if (worth_a_line(s)) {
            log_warning("slack", s->chat.server, "commands are refused, %d wait already", SLACK_PENDING_MAX);
        }
        return;
    }
    struct slack_pending *p = mem_alloc(sizeof(*p));
    p->taken = (struct request_taken){.done = taken, .user = p};
    p->slack = s;
    p->conn = conn;
    p->came_ms = s->figures.last_frame_ms;
    TEXT_COPY(p->envelope, d->envelope);
    p->accepts_payload = d->accepts_payload;
    p->request = d->request;
    p->next = s->pendings;
    if (p->next != NULL) {
        p->next->prev = p;
    }
    s->pendings = p;
    s->pending_count++;
    if (is_changing(s, &d->request)) {
        make_sure_of_channel(p);
        return;
    }
    p->acked = true;
    ack(s, conn, d->envelope, NULL);
    slack_time_ack(s, false, p->came_ms);
    hand_over(p);
}

/* ---- frames */

void slack_take_frame(struct slack *s, uint64_t conn, const char *text, size_t len, struct slack_decoded *ret)
{
    slack_decode(text, len, s->options.config, s->own_user, slack_wall(s), ret);
    s->figures.last_frame_ms = slack_now(s);
    switch (ret->kind) {
    case SLACK_HELLO:
    case SLACK_DISCONNECT: return;
    case SLACK_REQUEST:
        s->figures.envelopes++;
        take_request(s, conn, ret);
        return;
    case SLACK_IGNORED:
        s->figures.envelopes++;
        log_debug("slack", s->chat.server, "envelope %s ignored: %s", ret->envelope, ret->reason);
        break;
    case SLACK_UNPARSABLE:
        s->figures.unparsable++;
        if (worth_a_line(s)) {
            log_warning("slack", s->chat.server,
                        "a frame of %zu bytes could not be read (%s) and was skipped, envelope \"%s\" "
                        "(%llu so far)",
                        len, ret->reason, ret->envelope, s->figures.unparsable);
        }
        break;
    }
    if (ret->envelope[0] != '\0') {
        ack(s, conn, ret->envelope, NULL);
    }
}

void slack_take_oversize(struct slack *s, uint64_t conn, const char *head, size_t head_len, const char *tail,
                         size_t tail_len, uint64_t total)
{
    char envelope[SLACK_ENVELOPE] = "";
    const bool found =
        slack_envelope_id(head, head_len, envelope) || slack_envelope_id(tail, tail_len, envelope);
    s->figures.last_frame_ms = slack_now(s);
    s->figures.unparsable++;
    if (worth_a_line(s)) {
        log_warning("slack", s->chat.server,
                    "a frame of %llu bytes is too large and was skipped, envelope \"%s\" (%llu so far)",
                    (unsigned long long)total, envelope, s->figures.unparsable);
    }
    if (found) {
        ack(s, conn, envelope, NULL);
    }
}

void slack_pending_orphan(struct slack *s)
{
    for (struct slack_pending *p = s->pendings; p != NULL; p = p->next) {
        p->slack = NULL;
    }
    s->pendings = NULL;
    s->pending_count = 0;
}
