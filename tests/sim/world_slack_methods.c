/* The Web API: who may call what, how often, and the methods that only read. HTTP is 200 even on failure;
 * only being too fast is 429. */
#include "sim/world_slack_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"

void slack_refuse(struct slack_call *c, const char *error)
{
    json_decref(c->reply->body);
    c->reply->body = json_pack("{s:b,s:s}", "ok", 0, "error", error);
}

void slack_put(struct slack_call *c, const char *name, json_t *value)
{
    json_object_set_new(c->reply->body, name, value);
}

const char *slack_text(const struct slack_call *c, const char *name)
{
    return jsonx_text(c->arguments, name);
}

int64_t slack_int(const struct slack_call *c, const char *name, int64_t otherwise)
{
    const char *text = slack_text(c, name);
    return text[0] != '\0' ? strtoll(text, NULL, 10) : jsonx_int(c->arguments, name, otherwise);
}

bool slack_flag(const struct slack_call *c, const char *name)
{
    return text_equal(slack_text(c, name), "1") || jsonx_bool(c->arguments, name, false);
}

json_t *slack_value(const struct slack_call *c, const char *name)
{
    const char *text = slack_text(c, name);
    if (text[0] != '\0') {
        return jsonx_parse(text, strlen(text), NULL);
    }
    return json_incref(jsonx_at(c->arguments, name));
}

/* ---- limits */

static struct slack_bucket *bucket_of(struct world_slack *w, const char *key)
{
    for (size_t i = 0; i < w->bucket_count; i++) {
        if (text_equal(w->buckets[i].key, key)) {
            return &w->buckets[i];
        }
    }
    if (w->bucket_count == SLACK_BUCKETS) {
        return NULL;
    }
    struct slack_bucket *b = &w->buckets[w->bucket_count++];
    TEXT_COPY(b->key, key);
    b->tokens = 1e9;
    return b;
}

bool slack_take(struct slack_call *c, const char *key, double burst, double per_second)
{
    struct slack_bucket *b = c->w->limits ? bucket_of(c->w, key) : NULL;
    if (b == NULL) {
        return true;
    }
    b->tokens += (double)(c->now_us - b->filled_us) / 1e6 * per_second;
    b->filled_us = c->now_us;
    if (b->tokens > burst) {
        b->tokens = burst;
    }
    if (b->tokens >= 1) {
        b->tokens -= 1;
        return true;
    }
    c->w->ratelimited++;
    slack_refuse(c, "ratelimited");
    c->reply->status = 429;
    c->reply->retry_after_s = 1 + (int)((1 - b->tokens) / per_second);
    return false;
}

/* ---- methods that only read */

static void auth_test(struct slack_call *c)
{
    slack_put(c, "url", json_string("https://" SLACK_DOMAIN ".slack.invalid/"));
    slack_put(c, "team", json_string("Rehearsal"));
    slack_put(c, "user", json_string("cloudtak"));
    slack_put(c, "team_id", json_string(SLACK_TEAM));
    slack_put(c, "user_id", json_string(WORLD_SLACK_BOT_USER));
    slack_put(c, "bot_id", json_string(SLACK_BOT));
    slack_put(c, "is_enterprise_install", json_false());
}

static void connections_open(struct slack_call *c)
{
    (void)c; /* the wire adds the URL: it knows its port */
}

static json_t *channel_json(const struct slack_channel *ch)
{
    json_t *o =
        json_pack("{s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:b}", "id", ch->id, "name", ch->name, "is_channel",
                  ch->im_with == NULL, "is_group", 0, "is_im", ch->im_with != NULL, "is_private",
                  ch->im_with != NULL, "is_archived", 0, "is_member", (int)ch->bot_is_member, "is_shared",
                  (int)ch->shared, "is_ext_shared", (int)ch->shared);
    if (ch->im_with != NULL) {
        json_object_del(o, "name");
        json_object_set_new(o, "user", json_string(ch->im_with));
    }
    return o;
}

static void conversations_info(struct slack_call *c)
{
    const struct slack_channel *ch = slack_channel(slack_text(c, "channel"));
    if (ch == NULL) {
        slack_refuse(c, "channel_not_found");
        return;
    }
    slack_put(c, "channel", channel_json(ch));
}

static void users_info(struct slack_call *c)
{
    const struct slack_person *p = slack_person(slack_text(c, "user"));
    if (p == NULL || !text_equal(p->id, slack_text(c, "user"))) {
        slack_refuse(c, "user_not_found");
        return;
    }
    json_t *user =
        json_pack("{s:s,s:s,s:s,s:b,s:s,s:{s:s,s:s},s:b,s:b,s:b,s:b,s:b,s:b,s:i}", "id", p->id, "team_id",
                  p->stranger ? "T0ELSEWHER" : SLACK_TEAM, "name", p->name, "deleted", (int)p->deleted,
                  "real_name", p->real_name, "profile", "display_name", p->name, "real_name", p->real_name,
                  "is_bot", (int)p->is_bot, "is_admin", 0, "is_owner", 0, "is_restricted", (int)p->restricted,
                  "is_ultra_restricted", 0, "is_app_user", 0, "updated", 1700000000);
    if (p->stranger) {
        json_object_set_new(user, "is_stranger", json_true());
    }
    slack_put(c, "user", user);
}

static void usergroups_users_list(struct slack_call *c)
{
    if (!text_equal(slack_text(c, "usergroup"), WORLD_SLACK_GROUP)) {
        slack_refuse(c, "no_such_subteam");
        return;
    }
    json_t *users = json_array();
    for (size_t i = 0; slack_group_member(i) != NULL; i++) {
        json_array_append_new(users, json_string(slack_group_member(i)));
    }
    slack_put(c, "users", users);
}

static void usergroups_list(struct slack_call *c)
{
    slack_put(c, "usergroups",
              json_pack("[{s:s,s:s,s:s,s:s}]", "id", WORLD_SLACK_GROUP, "team_id", SLACK_TEAM, "name",
                        "Application Specific Engineering", "handle", "ase-oncall"));
}

/* ---- the table. Bursts are generous, rates are the documented tiers. */

#define TIER2 20, 20.0 / 60
#define TIER3 50, 50.0 / 60
#define TIER4 100, 100.0 / 60
#define FREE  0, 0

static const struct method {
    const char *name, *scope; /* "" = none */
    double burst, per_second; /* 0 = no limit of its own */
    bool app_token;
    void (*run)(struct slack_call *c);
} methods[] = {
    {"auth.test", "", FREE, false, auth_test},
    {"apps.connections.open", "", TIER3, true, connections_open},
    {"chat.postMessage", "chat:write", FREE, false, slack_post_message}, /* by channel: see there */
    {"chat.update", "chat:write", TIER3, false, slack_update},
    {"chat.postEphemeral", "chat:write", TIER4, false, slack_post_ephemeral},
    {"conversations.info", "channels:read", TIER3, false, conversations_info},
    {"conversations.history", "channels:history", TIER3, false, slack_history},
    {"conversations.replies", "channels:history", TIER3, false, slack_replies},
    {"users.info", "users:read", TIER4, false, users_info},
    {"usergroups.list", "usergroups:read", TIER2, false, usergroups_list},
    {"usergroups.users.list", "usergroups:read", TIER2, false, usergroups_users_list},
};
#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))
_Static_assert(METHOD_COUNT <= SLACK_METHODS, "raise SLACK_METHODS");

static const char *token_wrong(const struct method *m, const char *token)
{
    if (token == NULL || token[0] == '\0') {
        return "not_authed";
    }
    bool app = text_equal(token, WORLD_SLACK_APP_TOKEN);
    if (!app && !text_equal(token, WORLD_SLACK_BOT_TOKEN)) {
        return "invalid_auth";
    }
    return app == m->app_token ? NULL : "not_allowed_token_type";
}

/* False, and refused, when the method's scope was taken away. */
static bool scope_held(struct slack_call *c, const char *scope)
{
    for (size_t i = 0; i < c->w->revoked_count; i++) {
        if (text_equal(c->w->revoked[i], scope)) {
            slack_refuse(c, "missing_scope");
            slack_put(c, "needed", json_string(scope));
            slack_put(c, "provided", json_string("commands"));
            return false;
        }
    }
    return true;
}

void world_slack_call(struct world_slack *w, int64_t now_us, const char *method, const char *token,
                      const json_t *arguments, struct world_slack_reply *ret)
{
    *ret = (struct world_slack_reply){.status = 200, .body = json_pack("{s:b}", "ok", 1)};
    struct slack_call c = {w, now_us, arguments, ret};
    const struct method *m = NULL;
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (text_equal(methods[i].name, method)) {
            m = &methods[i];
            w->calls[i]++;
        }
    }
    if (m == NULL) {
        slack_refuse(&c, "unknown_method");
        return;
    }
    const char *wrong = token_wrong(m, token);
    if (wrong != NULL) {
        slack_refuse(&c, wrong);
        return;
    }
    if (m->burst > 0 && !slack_take(&c, m->name, m->burst, m->per_second)) {
        return;
    }
    if (scope_held(&c, m->scope)) {
        m->run(&c);
    }
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

uint64_t world_slack_acks(const struct world_slack *w)
{
    return w->ack_number;
}

/* Latencies beyond the ring's size are forgotten, oldest first. */
static void put_latencies(const struct world_slack *w, uint64_t since, json_t *o)
{
    uint64_t oldest = w->ack_number > SLACK_LATENCIES ? w->ack_number - SLACK_LATENCIES : 0;
    uint64_t from = since > oldest ? since : oldest;
    size_t n = w->ack_number > from ? (size_t)(w->ack_number - from) : 0;
    float *sorted = mem_array(n + 1, sizeof(*sorted));
    for (size_t i = 0; i < n; i++) {
        sorted[i] = w->latencies_ms[(from + i) % SLACK_LATENCIES];
    }
    qsort(sorted, n, sizeof(*sorted), by_size);
    size_t last = n > 0 ? n - 1 : 0;
    json_object_set_new(o, "acks", json_integer((json_int_t)n));
    json_object_set_new(o, "p50_ms", json_real((double)sorted[last / 2]));
    json_object_set_new(o, "p99_ms", json_real((double)sorted[last * 99 / 100]));
    json_object_set_new(o, "max_ms", json_real((double)sorted[last]));
    mem_free(sorted);
}

json_t *world_slack_stats(const struct world_slack *w, uint64_t since)
{
    json_t *o = json_object(), *calls = json_object();
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        json_object_set_new(calls, methods[i].name, json_integer((json_int_t)w->calls[i]));
    }
    json_object_set_new(o, "calls", calls);
    json_object_set_new(o, "ratelimited", json_integer((json_int_t)w->ratelimited));
    put_latencies(w, since, o);
    int unacked = 0;
    for (size_t i = 0; i < SLACK_ENVELOPES; i++) {
        unacked += w->envelopes[i] != NULL && !w->envelopes[i]->acked;
    }
    json_object_set_new(o, "unacked", json_integer(unacked));
    return o;
}
