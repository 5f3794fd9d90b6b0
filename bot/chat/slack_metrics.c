/* What is counted of Slack: what comes in, when it was acked, what was asked of the Web API; and how the
 * connections are. Labels are the configuration's names and words of this source. */
#include "base/metric.h"
#include "base/text.h"
#include "slack_private.h"

static struct metric envelopes = {
    .name = "cloudtak_slack_envelopes_total",
    .kind = METRIC_COUNTER,
    .help = "Frames of Slack's Socket Mode, by what they were and the slot whose connection they came on.",
    .labels = {"chat", "type", "connection"},
    METRIC_SERIES(64),
};
static struct metric acks = {
    .name = "cloudtak_slack_acks_total",
    .kind = METRIC_COUNTER,
    .help = "Envelopes by whether their ack could be written to a connection.",
    .labels = {"chat", "result"},
    METRIC_SERIES(8),
};
static struct metric ack_seconds = {
    .name = "cloudtak_slack_ack_seconds",
    .kind = METRIC_HISTOGRAM,
    .help = "From a command's envelope to its ack: reading ones at once, changing ones after their commit.",
    .labels = {"chat", "kind"},
    .bounds = METRIC_SECONDS,
    METRIC_SERIES(8),
};
static struct metric calls = {
    .name = "cloudtak_slack_calls_total",
    .kind = METRIC_COUNTER,
    .help = "Calls of Slack's Web API, by what came of them.",
    .labels = {"chat", "method", "result"},
    METRIC_SERIES(64),
};
struct metric *const SLACK_METRICS[] = {&envelopes, &acks, &ack_seconds, &calls, NULL};

static const char *type_of(const struct slack_decoded *d)
{
    switch (d->kind) {
    case SLACK_HELLO: return "hello";
    case SLACK_DISCONNECT: return "disconnect";
    case SLACK_IGNORED: return "ignored";
    case SLACK_UNPARSABLE: return "unparsable";
    case SLACK_REQUEST: break;
    }
    switch (d->request.source) {
    case REQUEST_SLASH: return "slash";
    case REQUEST_MENTION: return "mention";
    case REQUEST_CLICK: return "click";
    case REQUEST_LOCAL: break;
    }
    return "other";
}

static void count_frame(const struct slack *s, const char *type, int slot)
{
    char number[8];
    TEXT_FORMAT(number, "%d", slot);
    metric_add(&envelopes, METRIC_VALUES(s->chat.server, type, number), 1);
}

void slack_count_frame(const struct slack *s, const struct slack_decoded *d, int slot)
{
    count_frame(s, type_of(d), slot);
}

void slack_count_oversize(const struct slack *s, int slot)
{
    count_frame(s, "oversize", slot);
}

void slack_count_ack(const struct slack *s, bool written)
{
    metric_add(&acks, METRIC_VALUES(s->chat.server, written ? "written" : "no_connection"), 1);
}

void slack_time_ack(const struct slack *s, bool changing, int64_t came_ms)
{
    metric_observe(&ack_seconds, METRIC_VALUES(s->chat.server, changing ? "changing" : "reading"),
                   (double)(slack_now(s) - came_ms) / 1000);
}

void slack_count_call(const struct slack_call *call, enum slack_fate fate)
{
    static const char *const WORDS[] = {
        [SLACK_FATE_OK] = "ok",
        [SLACK_FATE_LATER] = "later",
        [SLACK_FATE_UNSURE] = "unknown",
        [SLACK_FATE_REFUSED] = "refused",
        [SLACK_FATE_FATAL] = "token_refused",
    };
    metric_add(&calls, METRIC_VALUES(call->slack->chat.server, call->method, WORDS[fate]), 1);
}

void slack_note_trouble(struct slack *s, const char *text)
{
    TEXT_COPY(s->figures.trouble, text);
}

void slack_read_figures(const struct slack *s, struct slack_figures *ret)
{
    *ret = s->figures;
    ret->wanted_connections = (unsigned)s->slot_count;
    ret->stopped = s->stage == SLACK_STOPPED;
    ret->alone_ms = s->alone_since_ms == 0 ? 0 : slack_now(s) - s->alone_since_ms;
    for (int i = 0; i < s->slot_count; i++) {
        slack_socket_look(&s->slots[i], &ret->links[i]);
    }
}
