/* What Slack sends -> what a person did. Pure: bytes, our own user id and the time in; one decoded frame out.
 *
 *   hello, disconnect                    about the connection
 *   slash_commands                       a request
 *   interactive, block_actions           a request: a click on a button of a message of ours
 *   events_api, app_mention              a request: the bot was mentioned in a channel
 *   events_api, message, channel_type im a request: a direct message to the bot
 *
 * Everything else with an envelope id is to be acked and forgotten: Slack redelivers what is not acked. Every
 * key but `type` may be absent, so nothing is required that is not needed. An identity that does not fit its
 * array makes the frame unparsable; it is never cut, because a cut id is another id. */
#include <string.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "slack_private.h"

#define SUFFIX_DIGITS 2 /* of "#12" behind an action id */

struct frame {
    const json_t *root, *payload;
    const char *own_user;
};

/* ---- small readers */

/* False when the text does not fit. */
static bool id_at(const json_t *root, const char *path, char *to, size_t size)
{
    return text_copy(to, size, jsonx_text(root, path));
}

/* As id_at, the first of two paths that has something. */
static bool id_at_either(const json_t *root, const char *path, const char *other, char *to, size_t size)
{
    return id_at(root, *jsonx_text(root, path) != '\0' ? path : other, to, size);
}

static bool is_set(const json_t *root, const char *path)
{
    const json_t *value = jsonx_at(root, path);
    return value != NULL && !json_is_false(value) && !text_equal(json_string_value(value), "");
}

/* "1605853844.000800" in ms; 0 when it is no such thing. Exact: a double would round the microseconds. */
static int64_t stamp_ms(const char *stamp)
{
    int64_t ms = 0;
    size_t i = 0;
    for (; stamp[i] >= '0' && stamp[i] <= '9' && i < 12; i++) {
        ms = ms * 10 + (stamp[i] - '0');
    }
    if (i == 0 || (stamp[i] != '.' && stamp[i] != '\0')) {
        return 0;
    }
    i += stamp[i] == '.';
    for (int digit = 0; digit < 3; digit++) {
        const bool more = stamp[i] >= '0' && stamp[i] <= '9';
        ms = ms * 10 + (more ? stamp[i++] - '0' : 0);
    }
    return ms;
}

static int64_t origin(const json_t *root, const char *path, int64_t otherwise)
{
    const int64_t ms = stamp_ms(jsonx_text(root, path));
    return ms > 0 ? ms : otherwise;
}

static enum slack_frame because(struct slack_decoded *d, enum slack_frame kind, const char *reason)
{
    text_clean(d->reason, sizeof(d->reason), reason, false);
    return kind;
}

bool slack_envelope_id(const char *bytes, size_t len, char to[SLACK_ENVELOPE])
{
    /* Inside a string the quotes would be escaped: this can only be a key. */
    static const char KEY[] = "\"envelope_id\"";
    const char *at = memmem(bytes, len, KEY, strlen(KEY));
    if (at == NULL) {
        return false;
    }
    const char *end = bytes + len;
    at += strlen(KEY);
    while (at < end && (*at == ' ' || *at == ':' || *at == '\n' || *at == '\t')) {
        at++;
    }
    if (at == end || *at != '"') {
        return false;
    }
    const char *id = ++at;
    while (at < end && *at != '"' && *at != '\\' && *at > ' ' && *at < 0x7F) {
        at++;
    }
    if (at == end || *at != '"' || at == id || (size_t)(at - id) >= SLACK_ENVELOPE) {
        return false;
    }
    return text_copy_n(to, SLACK_ENVELOPE, id, (size_t)(at - id));
}

/* ---- the words of a person */

/* The mention of our own user at the start, with what separates it from the command; NULL when it is not
 * there. */
static const char *behind_mention(const char *text, const char *own_user)
{
    const size_t len = strlen(own_user);
    if (len == 0 || !text_starts(text, "<@") || strncmp(text + 2, own_user, len) != 0) {
        return NULL;
    }
    const char *end = text + 2 + len;
    if (*end == '|') {
        end += strcspn(end, ">");
    }
    if (*end != '>') {
        return NULL;
    }
    end++;
    return end + strspn(end, " \t\r\n:,");
}

/* A link as Slack writes it, <https://x|label>: what the person saw. Returns the bytes it took, 0 = no link.
 */
static size_t put_link(struct buf *to, const char *text)
{
    const size_t len = strcspn(text, ">");
    const char *const label = memchr(text, '|', len);
    const bool mail = text_starts(text, "<mailto:");
    const bool link =
        mail || text_starts(text, "<http://") || text_starts(text, "<https://") || text_starts(text, "<tel:");
    if (!link || text[len] != '>') {
        return 0;
    }
    if (label != NULL) {
        buf_put(to, label + 1, len - (size_t)(label + 1 - text));
    } else {
        const size_t skip = mail ? strlen("<mailto:") : 1;
        buf_put(to, text + skip, len - skip);
    }
    return len + 1;
}

/* &amp; &lt; &gt; are the only entities Slack writes. */
static size_t put_entity(struct buf *to, const char *text)
{
    static const struct {
        const char *name;
        char means;
    } ENTITIES[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};
    for (size_t i = 0; i < sizeof(ENTITIES) / sizeof(ENTITIES[0]); i++) {
        if (text_starts(text, ENTITIES[i].name)) {
            buf_char(to, ENTITIES[i].means);
            return strlen(ENTITIES[i].name);
        }
    }
    return 0;
}

static void unescape(struct buf *to, const char *text)
{
    for (size_t at = 0; text[at] != '\0';) {
        size_t taken = 0;
        if (text[at] == '&') {
            taken = put_entity(to, text + at);
        }
        if (taken == 0) {
            buf_char(to, text[at]);
            taken = 1;
        }
        at += taken;
    }
}

/* Links first, then entities: an escaped "&lt;https://…&gt;" was typed as such and is no link. */
static void take_words(const char *text, const char *own_user, struct request *r)
{
    for (const char *rest = text + strspn(text, " \t\r\n"); rest != NULL;) {
        text = rest;
        rest = behind_mention(text, own_user);
    }
    struct buf links, words;
    buf_init(&links, SLACK_WORDS);
    buf_init(&words, SLACK_WORDS);
    for (size_t at = 0; text[at] != '\0' && !buf_overflowed(&links);) {
        const size_t taken = text[at] == '<' ? put_link(&links, text + at) : 0;
        if (taken == 0) {
            buf_char(&links, text[at]);
        }
        at += taken == 0 ? 1 : taken;
    }
    unescape(&words, links.data);
    while (words.len > 0 && strchr(" \t\r\n", words.data[words.len - 1]) != NULL) {
        words.data[--words.len] = '\0';
    }
    text_clean(r->text, sizeof(r->text), words.data, false);
    r->text_cut = buf_overflowed(&links) || words.len >= sizeof(r->text);
    buf_finish(&links);
    buf_finish(&words);
}

/* ---- one kind after the other */

static enum slack_frame decode_hello(const struct frame *f, struct slack_decoded *d)
{
    const int64_t connections = jsonx_int(f->root, "num_connections", -1);
    const int64_t seconds = jsonx_int(f->root, "debug_info.approximate_connection_time", 0);
    d->connections = connections >= 0 && connections < 1000 ? (int)connections : -1;
    d->lifetime_ms = seconds > 0 && seconds < 30 * 86400 ? seconds * 1000 : 0;
    return SLACK_HELLO;
}

static enum slack_frame decode_disconnect(const struct frame *f, struct slack_decoded *d)
{
    return because(d, SLACK_DISCONNECT, jsonx_text(f->root, "reason"));
}

/* Letters and digits: in an audit line or a mention such an id can be nothing else. */
static bool is_id(const char *text)
{
    static const char OF_ID[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return *text != '\0' && text[strspn(text, OF_ID)] == '\0';
}

static bool names_somebody(const struct request *r)
{
    return is_id(r->who.user) && is_id(r->place.channel);
}

static enum slack_frame decode_slash(const struct frame *f, struct slack_decoded *d)
{
    const json_t *p = f->payload;
    struct request *r = &d->request;
    r->source = REQUEST_SLASH;
    r->origin_ms = r->received_ms;
    const bool fits = id_at(p, "user_id", r->who.user, sizeof(r->who.user)) &&
                      id_at(p, "team_id", r->who.team, sizeof(r->who.team)) &&
                      id_at(p, "enterprise_id", r->who.enterprise, sizeof(r->who.enterprise)) &&
                      id_at(p, "channel_id", r->place.channel, sizeof(r->place.channel));
    if (!fits || !names_somebody(r)) {
        return because(d, SLACK_UNPARSABLE, "a command without user or channel");
    }
    text_clean(r->who.name, sizeof(r->who.name), jsonx_text(p, "user_name"), false);
    text_clean(r->place.channel_name, sizeof(r->place.channel_name), jsonx_text(p, "channel_name"), false);
    r->place.direct = r->place.channel[0] == 'D';
    r->place.shared = jsonx_bool(p, "is_ext_shared_channel", false);
    const char *trigger = jsonx_text(p, "trigger_id");
    const bool whole = *trigger != '\0' ? TEXT_FORMAT(r->delivery, "slash:%s", trigger)
                                        : TEXT_FORMAT(r->delivery, "envelope:%s", d->envelope);
    if (!whole) {
        return because(d, SLACK_UNPARSABLE, "a trigger id that is too long");
    }
    take_words(jsonx_text(p, "text"), "", r);
    return SLACK_REQUEST;
}

/* Somebody else's program, an edit, a join: NULL when it is none of these but a person's own new message. */
static const char *why_no_person(const json_t *event, const char *own_user)
{
    if (is_set(event, "bot_id") || is_set(event, "bot_profile") || is_set(event, "app_id")) {
        return "from a bot";
    }
    if (is_set(event, "subtype") || is_set(event, "edited") || is_set(event, "hidden")) {
        return "not a new message";
    }
    if (*own_user != '\0' && text_equal(jsonx_text(event, "user"), own_user)) {
        return "from ourselves";
    }
    return NULL;
}

static bool fill_event(const struct frame *f, const json_t *event, struct request *r)
{
    const json_t *p = f->payload;
    const char *team = is_set(event, "user_team") ? "user_team" : "team";
    return id_at(event, "user", r->who.user, sizeof(r->who.user)) &&
           (is_set(event, team) ? id_at(event, team, r->who.team, sizeof(r->who.team))
                                : id_at(p, "team_id", r->who.team, sizeof(r->who.team))) &&
           id_at(p, "enterprise_id", r->who.enterprise, sizeof(r->who.enterprise)) &&
           id_at(event, "channel", r->place.channel, sizeof(r->place.channel)) &&
           id_at(event, "thread_ts", r->place.thread, sizeof(r->place.thread)) && names_somebody(r);
}

static enum slack_frame decode_event(const struct frame *f, struct slack_decoded *d)
{
    const json_t *p = f->payload;
    const json_t *event = jsonx_at(p, "event");
    struct request *r = &d->request;
    if (!json_is_object(event)) {
        const char *type = jsonx_text(p, "type"); /* app_rate_limited comes without an event */
        return because(d, SLACK_IGNORED, *type != '\0' ? type : "no event");
    }
    const char *type = jsonx_text(event, "type");
    const bool direct = text_equal(type, "message") && text_equal(jsonx_text(event, "channel_type"), "im");
    if (!direct && !text_equal(type, "app_mention")) {
        return because(d, SLACK_IGNORED, text_equal(type, "message") ? "a message not to us" : type);
    }
    const char *no_person = why_no_person(event, f->own_user);
    if (no_person != NULL) {
        return because(d, SLACK_IGNORED, no_person);
    }
    if (!fill_event(f, event, r)) {
        return because(d, SLACK_UNPARSABLE, "an event without user or channel");
    }
    r->source = REQUEST_MENTION;
    r->place.direct = direct || r->place.channel[0] == 'D';
    r->place.shared = jsonx_bool(p, "is_ext_shared_channel", !r->place.direct);
    if (!r->place.direct && !json_is_boolean(jsonx_at(p, "is_ext_shared_channel"))) {
        TEXT_COPY(r->place.unsure, "Slack did not say so");
    }
    const int64_t seconds = jsonx_int(p, "event_time", 0);
    const int64_t otherwise = seconds > 0 && seconds < INT64_MAX / 1000 ? seconds * 1000 : r->received_ms;
    r->origin_ms = origin(event, "ts", origin(event, "event_ts", otherwise));
    const char *id = jsonx_text(p, "event_id");
    const bool whole = *id != '\0' ? TEXT_FORMAT(r->delivery, "event:%s", id)
                                   : TEXT_FORMAT(r->delivery, "envelope:%s", d->envelope);
    if (!whole) {
        return because(d, SLACK_UNPARSABLE, "an event id that is too long");
    }
    take_words(jsonx_text(event, "text"), f->own_user, r);
    return SLACK_REQUEST;
}

/* Equal actions of one message are told apart by "#2" behind them: ours, and gone here. */
static void drop_suffix(char *action)
{
    char *mark = strrchr(action, '#');
    const size_t digits = mark == NULL ? 0 : strspn(mark + 1, "0123456789");
    if (digits > 0 && digits <= SUFFIX_DIGITS && mark[1 + digits] == '\0') {
        *mark = '\0';
    }
}

static bool fill_click(const json_t *p, const json_t *action, struct request *r)
{
    return id_at(p, "user.id", r->who.user, sizeof(r->who.user)) &&
           id_at_either(p, "user.team_id", "team.id", r->who.team, sizeof(r->who.team)) &&
           id_at_either(p, "enterprise.id", "team.enterprise_id", r->who.enterprise,
                        sizeof(r->who.enterprise)) &&
           id_at_either(p, "container.channel_id", "channel.id", r->place.channel,
                        sizeof(r->place.channel)) &&
           id_at_either(p, "container.thread_ts", "message.thread_ts", r->place.thread,
                        sizeof(r->place.thread)) &&
           id_at_either(p, "container.message_ts", "message.ts", r->click_message,
                        sizeof(r->click_message)) &&
           id_at(action, "action_id", r->click_action, sizeof(r->click_action)) &&
           id_at(action, "value", r->click_value, sizeof(r->click_value)) && names_somebody(r);
}

static enum slack_frame decode_click(const struct frame *f, struct slack_decoded *d)
{
    const json_t *p = f->payload;
    const json_t *action = jsonx_at(p, "actions.0");
    struct request *r = &d->request;
    const char *type = jsonx_text(p, "type");
    if (!text_equal(type, "block_actions")) {
        return because(d, SLACK_IGNORED, *type != '\0' ? type : "an interaction without type");
    }
    if (action == NULL || !text_equal(jsonx_text(action, "type"), "button")) {
        return because(d, SLACK_IGNORED, "not a button");
    }
    const char *author = jsonx_text(p, "message.user");
    if (*author != '\0' && *f->own_user != '\0' && !text_equal(author, f->own_user)) {
        return because(d, SLACK_IGNORED, "a button of somebody else's");
    }
    if (!fill_click(p, action, r) || r->click_message[0] == '\0') {
        return because(d, SLACK_UNPARSABLE, "a click that is not of our messages");
    }
    drop_suffix(r->click_action);
    if (text_equal(r->click_action, SLACK_LINK_ACTION)) {
        return because(d, SLACK_IGNORED, "a link was opened");
    }
    const char *name = is_set(p, "user.username") ? "user.username" : "user.name";
    text_clean(r->who.name, sizeof(r->who.name), jsonx_text(p, name), false);
    text_clean(r->place.channel_name, sizeof(r->place.channel_name), jsonx_text(p, "channel.name"), false);
    r->source = REQUEST_CLICK;
    r->place.direct = r->place.channel[0] == 'D';
    r->place.shared = jsonx_bool(p, "is_ext_shared_channel", false);
    r->origin_ms = origin(action, "action_ts", r->received_ms);
    const char *trigger = is_set(p, "trigger_id") ? jsonx_text(p, "trigger_id") : r->who.user;
    const char *stamp = jsonx_text(action, "action_ts");
    const bool whole = *stamp != '\0' ? TEXT_FORMAT(r->delivery, "click:%s:%s", trigger, stamp)
                                      : TEXT_FORMAT(r->delivery, "envelope:%s", d->envelope);
    if (!whole) {
        return because(d, SLACK_UNPARSABLE, "a trigger id that is too long");
    }
    return SLACK_REQUEST;
}

static enum slack_frame decode_frame(const struct frame *f, struct slack_decoded *d)
{
    static const struct {
        const char *type;
        enum slack_frame (*decode)(const struct frame *f, struct slack_decoded *d);
        bool envelope;
    } TYPES[] = {
        {"slash_commands", decode_slash, true},   {"interactive", decode_click, true},
        {"events_api", decode_event, true},       {"hello", decode_hello, false},
        {"disconnect", decode_disconnect, false},
    };
    const char *type = jsonx_text(f->root, "type");
    if (!id_at(f->root, "envelope_id", d->envelope, sizeof(d->envelope))) {
        d->envelope[0] = '\0';
        return because(d, SLACK_UNPARSABLE, "an envelope id that is too long");
    }
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        if (!text_equal(type, TYPES[i].type)) {
            continue;
        }
        if (TYPES[i].envelope && d->envelope[0] == '\0') {
            return because(d, SLACK_UNPARSABLE, "no envelope id");
        }
        return TYPES[i].decode(f, d);
    }
    return *type == '\0' ? because(d, SLACK_UNPARSABLE, "no type")
                         : because(d, SLACK_IGNORED, "unknown type");
}

void slack_decode(const char *text, size_t len, const struct config_chat *config, const char *own_user,
                  int64_t wall_ms, struct slack_decoded *ret)
{
    *ret = (struct slack_decoded){.kind = SLACK_UNPARSABLE, .connections = -1};
    json_t *root = jsonx_parse(text, len, NULL);
    if (!json_is_object(root)) {
        TEXT_COPY(ret->reason, root == NULL ? "not JSON" : "not an object");
        if (!slack_envelope_id(text, len, ret->envelope)) {
            ret->envelope[0] = '\0';
        }
        json_decref(root);
        return;
    }
    const struct frame frame = {root, jsonx_at(root, "payload"), own_user == NULL ? "" : own_user};
    TEXT_COPY(ret->request.who.server, config->name);
    TEXT_COPY(ret->request.place.server, config->name);
    ret->request.received_ms = wall_ms;
    ret->accepts_payload = jsonx_bool(root, "accepts_response_payload", false);
    ret->kind = decode_frame(&frame, ret);
    json_decref(root);
}
