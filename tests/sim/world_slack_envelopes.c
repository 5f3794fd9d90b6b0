/* Socket Mode: what is sent to the app, and what becomes of it without an ack.
 *
 *   made --> sent --> acked
 *             |
 *             +--> an event not acked in 3 s: again at once, after a minute, after five, then never
 *             +--> a slash command whose connection went away without an ack: again
 *
 * Clicks are never delivered twice. */
#include "sim/world_slack_private.h"

#include <inttypes.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"

#define ACK_US         (3 * INT64_C(1000000))
#define MINUTE_US      (60 * INT64_C(1000000))
#define NEVER          INT64_MAX
#define LIFETIME_S     18060 /* of a connection, as Slack tells it */
#define EVENT_ATTEMPTS 3

static const int64_t event_waits_us[EVENT_ATTEMPTS] = {ACK_US, MINUTE_US, 5 * MINUTE_US};

json_t *world_slack_hello(const struct world_slack *w, int connections)
{
    (void)w;
    return json_pack("{s:s,s:i,s:{s:s,s:i,s:i},s:{s:s}}", "type", "hello", "num_connections", connections,
                     "debug_info", "host", "applink-1", "build_number", 14, "approximate_connection_time",
                     LIFETIME_S, "connection_info", "app_id", SLACK_APP);
}

json_t *world_slack_disconnect(const char *reason)
{
    return json_pack("{s:s,s:s,s:{s:s}}", "type", "disconnect", "reason", reason, "debug_info", "host",
                     "applink-1");
}

/* Wraps the payload (taken) and remembers the envelope. New reference. */
static json_t *wrap(struct world_slack *w, const char *type, json_t *payload)
{
    struct slack_envelope **place = &w->envelopes[w->envelope_number % SLACK_ENVELOPES];
    if (*place != NULL) {
        json_decref((*place)->json);
        mem_free(*place);
    }
    struct slack_envelope *e = *place = mem_alloc(sizeof(*e));
    e->event = text_equal(type, "events_api");
    e->slash = text_equal(type, "slash_commands");
    e->due_us = NEVER;
    TEXT_FORMAT(e->id, "51a7e000-0000-4000-a000-%012" PRIx64, w->envelope_number++);
    e->json = json_pack("{s:s,s:o,s:s,s:b}", "envelope_id", e->id, "payload", payload, "type", type,
                        "accepts_response_payload", (int)e->slash);
    if (e->event) {
        json_object_set_new(e->json, "retry_attempt", json_integer(0));
        json_object_set_new(e->json, "retry_reason", json_string(""));
    }
    return json_incref(e->json);
}

static void put_random(struct world_slack *w, json_t *o, const char *name, const char *prefix)
{
    char id[40];
    slack_random_id(w, prefix, id, sizeof(id));
    json_object_set_new(o, name, json_string(id));
}

/* Who does it, and where; false when they cannot. */
static bool actor(const char *user, const char *channel, const struct slack_person **ret_person,
                  const struct slack_channel **ret_channel, const char **ret_why)
{
    *ret_person = slack_person(user);
    *ret_channel = slack_channel(channel);
    *ret_why = *ret_person == NULL      ? "no such user"
               : (*ret_person)->deleted ? "this user is deactivated"
               : *ret_channel == NULL   ? "no such channel"
                                        : NULL;
    return *ret_why == NULL;
}

json_t *world_slack_slash(struct world_slack *w, int64_t now_us, const char *user, const char *channel,
                          const char *text, const char **ret_why)
{
    const struct slack_person *p;
    const struct slack_channel *ch;
    if (!actor(user, channel, &p, &ch, ret_why)) {
        return NULL;
    }
    char url[200];
    slack_new_response(w, now_us, p->id, ch->id, url, sizeof(url));
    json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "token", "not-used", "team_id",
                          SLACK_TEAM, "team_domain", SLACK_DOMAIN, "channel_id", ch->id, "channel_name",
                          ch->im_with != NULL ? "directmessage" : ch->name, "user_id", p->id, "user_name",
                          p->name, "command", w->options.command, "text", text, "api_app_id", SLACK_APP,
                          "is_enterprise_install", "false", "response_url", url);
    put_random(w, o, "trigger_id", "1234.5678.");
    return wrap(w, "slash_commands", o);
}

json_t *world_slack_mention(struct world_slack *w, int64_t now_us, const char *user, const char *channel,
                            const char *thread_ts, const char *text, const char **ret_why)
{
    const struct slack_person *p;
    const struct slack_channel *ch;
    if (!actor(user, channel, &p, &ch, ret_why)) {
        return NULL;
    }
    char said[2048];
    TEXT_FORMAT(said, "%s%s", ch->im_with != NULL ? "" : "<@" WORLD_SLACK_BOT_USER "> ", text);
    const struct slack_message *m = slack_post(w, now_us, ch->id, p->id, thread_ts, "", said, NULL, NULL);
    json_t *event = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "type",
                              ch->im_with != NULL ? "message" : "app_mention", "user", p->id, "text", said,
                              "ts", m->ts, "team", SLACK_TEAM, "channel", ch->id, "event_ts", m->ts);
    if (thread_ts[0] != '\0') {
        json_object_set_new(event, "thread_ts", json_string(thread_ts));
    }
    if (ch->im_with != NULL) {
        json_object_set_new(event, "channel_type", json_string("im"));
    }
    json_t *o = json_pack("{s:s,s:s,s:s,s:o,s:s,s:I,s:b,s:[{s:s,s:s,s:b}]}", "token", "not-used", "team_id",
                          SLACK_TEAM, "api_app_id", SLACK_APP, "event", event, "type", "event_callback",
                          "event_time", (json_int_t)(w->options.start_wall_ms / 1000 + now_us / 1000000),
                          "is_ext_shared_channel", (int)ch->shared, "authorizations", "team_id", SLACK_TEAM,
                          "user_id", WORLD_SLACK_BOT_USER, "is_bot", 1);
    put_random(w, o, "event_id", "Ev");
    return wrap(w, "events_api", o);
}

/* The button of the message; NULL when it has none by that name. */
static const json_t *find_button(const struct slack_message *m, const char *action_id, const char **ret_block)
{
    for (size_t i = 0; i < json_array_size(m->blocks); i++) {
        const json_t *block = json_array_get(m->blocks, i), *list = jsonx_at(block, "elements");
        *ret_block = jsonx_text(block, "block_id");
        for (size_t k = 0; k < json_array_size(list); k++) {
            if (text_equal(jsonx_text(json_array_get(list, k), "action_id"), action_id)) {
                return json_array_get(list, k);
            }
        }
        if (text_equal(jsonx_text(block, "accessory.action_id"), action_id)) {
            return jsonx_at(block, "accessory");
        }
    }
    return NULL;
}

json_t *world_slack_click(struct world_slack *w, int64_t now_us, const char *user, const char *message_ts,
                          const char *action_id, const char *value, const char **ret_why)
{
    const struct slack_message *m = slack_find(w, NULL, message_ts);
    const char *block_id = "";
    const json_t *button = m == NULL ? NULL : find_button(m, action_id, &block_id);
    const struct slack_person *p;
    const struct slack_channel *ch;
    *ret_why = m == NULL ? "no such message" : "this message has no such button";
    if (button == NULL || !actor(user, m->channel, &p, &ch, ret_why)) {
        return NULL;
    }
    if (m->only_for[0] != '\0' && !text_equal(m->only_for, p->id)) {
        *ret_why = "this user does not see the message";
        return NULL;
    }
    char url[200], stamp[SLACK_TS];
    slack_new_response(w, now_us, p->id, ch->id, url, sizeof(url));
    slack_timestamp(w, now_us, stamp);
    json_t *action = json_pack("{s:s,s:s,s:s,s:O,s:s,s:s}", "action_id", action_id, "block_id", block_id,
                               "type", "button", "text", jsonx_at(button, "text"), "value",
                               value != NULL ? value : jsonx_text(button, "value"), "action_ts", stamp);
    json_t *container = json_pack("{s:s,s:s,s:s,s:b}", "type", "message", "message_ts", m->ts, "channel_id",
                                  ch->id, "is_ephemeral", m->only_for[0] != '\0');
    if (m->thread_ts[0] != '\0') {
        json_object_set_new(container, "thread_ts", json_string(m->thread_ts));
    }
    json_t *o = json_pack(
        "{s:s,s:{s:s,s:s,s:s,s:s},s:s,s:s,s:o,s:{s:s,s:s},s:n,s:b,s:{s:s,s:s},s:{s:{}},s:s,s:[o]}", "type",
        "block_actions", "user", "id", p->id, "username", p->name, "name", p->name, "team_id",
        p->stranger ? "T0ELSEWHER" : SLACK_TEAM, "api_app_id", SLACK_APP, "token", "not-used", "container",
        container, "team", "id", SLACK_TEAM, "domain", SLACK_DOMAIN, "enterprise", "is_enterprise_install", 0,
        "channel", "id", ch->id, "name", ch->name, "state", "values", "response_url", url, "actions", action);
    if (m->only_for[0] == '\0') {
        json_object_set_new(o, "message", slack_message_json(m, false));
    }
    put_random(w, o, "trigger_id", "1234.5678.");
    return wrap(w, "interactive", o);
}

/* ---- what becomes of them */

static struct slack_envelope *find_envelope(struct world_slack *w, const char *id)
{
    for (uint64_t i = 0; i < SLACK_ENVELOPES && i < w->envelope_number; i++) {
        struct slack_envelope *e = w->envelopes[(w->envelope_number - 1 - i) % SLACK_ENVELOPES];
        if (id[0] == '\0' || text_equal(e->id, id)) {
            return e;
        }
    }
    return NULL;
}

void world_slack_sent(struct world_slack *w, int64_t now_us, const char *envelope_id, unsigned connection)
{
    struct slack_envelope *e = find_envelope(w, envelope_id);
    if (e == NULL) {
        return;
    }
    e->connection = connection;
    e->sent_us = now_us;
    e->due_us =
        e->event && !e->acked && e->attempts < EVENT_ATTEMPTS ? now_us + event_waits_us[e->attempts] : NEVER;
}

bool world_slack_ack(struct world_slack *w, int64_t now_us, const char *envelope_id, const json_t *payload)
{
    struct slack_envelope *e = envelope_id[0] != '\0' ? find_envelope(w, envelope_id) : NULL;
    if (e == NULL) {
        return false;
    }
    if (e->acked) {
        return true;
    }
    e->acked = true;
    e->due_us = NEVER;
    double ms = (double)(now_us - e->sent_us) / 1000.0;
    w->latencies_ms[w->ack_number++ % SLACK_LATENCIES] = (float)ms;
    if (w->options.on_change != NULL) {
        json_t *o = json_pack("{s:s,s:s,s:f}", "event", "ack", "envelope_id", e->id, "ms", ms);
        if (payload != NULL) {
            json_object_set_new(o, "payload", json_deep_copy(payload));
        }
        w->options.on_change(w->options.user, o);
        json_decref(o);
    }
    const char *text = jsonx_text(payload, "text");
    if (e->slash && (text[0] != '\0' || jsonx_at(payload, "blocks") != NULL)) {
        bool everyone = text_equal(jsonx_text(payload, "response_type"), "in_channel");
        slack_post(w, now_us, jsonx_text(e->json, "payload.channel_id"), WORLD_SLACK_BOT_USER, "",
                   everyone ? "" : jsonx_text(e->json, "payload.user_id"), text, jsonx_at(payload, "blocks"),
                   NULL);
    }
    return true;
}

void world_slack_lost(struct world_slack *w, int64_t now_us, unsigned connection)
{
    for (size_t i = 0; i < SLACK_ENVELOPES; i++) {
        struct slack_envelope *e = w->envelopes[i];
        if (e != NULL && e->slash && !e->acked && e->connection == connection) {
            e->due_us = now_us;
        }
    }
}

json_t *world_slack_redelivery(struct world_slack *w, int64_t now_us)
{
    for (size_t i = 0; i < SLACK_ENVELOPES; i++) {
        struct slack_envelope *e = w->envelopes[i];
        if (e == NULL || e->acked || e->due_us > now_us) {
            continue;
        }
        e->due_us = NEVER;
        if (e->event) {
            e->attempts++;
            json_object_set_new(e->json, "retry_attempt", json_integer(e->attempts));
            json_object_set_new(e->json, "retry_reason", json_string("timeout"));
        }
        return json_incref(e->json);
    }
    return NULL;
}

json_t *world_slack_repeat(struct world_slack *w, const char *envelope_id)
{
    struct slack_envelope *e = find_envelope(w, envelope_id);
    return e == NULL ? NULL : json_incref(e->json);
}
