/* The workspace: who and what is there, and what was said. */
#include "sim/world_slack_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"

#define TICKET_US     (30 * INT64_C(1000000))
#define RESPONSE_US   (30 * 60 * INT64_C(1000000))
#define RESPONSE_USES 5

static const struct slack_person people[] = {
    {.id = "U0ANA", .name = "ana", .real_name = "Ana Full"},
    {.id = "U0BO", .name = "bo", .real_name = "Bo Full"},
    {.id = "U0CY", .name = "cy", .real_name = "Cy Full"},
    {.id = "U0GUS", .name = "gus", .real_name = "Gus Guest", .restricted = true},
    {.id = "U0EVE", .name = "eve", .real_name = "Eve Stranger", .stranger = true},
    {.id = "U0DEE", .name = "dee", .real_name = "Dee Deactivated", .deleted = true},
    {.id = WORLD_SLACK_BOT_USER, .name = "cloudtak", .real_name = "CloudTAK", .is_bot = true},
    {.id = "U0RELAY", .name = "relay", .real_name = "Relay", .is_bot = true},
};
static const struct slack_channel channels[] = {
    {.id = WORLD_SLACK_CHANNEL, .name = "incident", .bot_is_member = true},
    {.id = "C0GENERAL1", .name = "general", .bot_is_member = true},
    {.id = "C0SHARED01", .name = "partners", .bot_is_member = true, .shared = true},
    {.id = "C0OUTSIDE1", .name = "outside"},
    {.id = "D0SIMANA01", .name = "dm-ana", .im_with = "U0ANA", .bot_is_member = true},
    {.id = "D0SIMBO001", .name = "dm-bo", .im_with = "U0BO", .bot_is_member = true},
};
static const char *const group[] = {"U0ANA", "U0BO"};

const struct slack_person *slack_person(const char *id_or_name)
{
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
        if (text_equal(people[i].id, id_or_name) || text_equal(people[i].name, id_or_name)) {
            return &people[i];
        }
    }
    return NULL;
}

const struct slack_channel *slack_channel(const char *id_or_name)
{
    for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
        if (text_equal(channels[i].id, id_or_name) || text_equal(channels[i].name, id_or_name)) {
            return &channels[i];
        }
    }
    return NULL;
}

const char *slack_group_member(size_t i)
{
    return i < sizeof(group) / sizeof(group[0]) ? group[i] : NULL;
}

struct world_slack *world_slack_create(const struct world_slack_options *options)
{
    struct world_slack *w = mem_alloc(sizeof(*w));
    w->options = *options;
    if (w->options.command == NULL) {
        w->options.command = "/cloudtak";
    }
    w->random = options->seed;
    w->limits = true;
    world_slack_set_base(w, "http://127.0.0.1:0");
    return w;
}

static void free_message(struct slack_message *m)
{
    mem_free(m->text);
    json_decref(m->blocks);
    json_decref(m->metadata);
    mem_free(m);
}

void world_slack_destroy(struct world_slack *w)
{
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->message_count; i++) {
        free_message(w->messages[i]);
    }
    for (size_t i = 0; i < SLACK_ENVELOPES; i++) {
        if (w->envelopes[i] != NULL) {
            json_decref(w->envelopes[i]->json);
            mem_free(w->envelopes[i]);
        }
    }
    mem_free(w);
}

void world_slack_set_base(struct world_slack *w, const char *base)
{
    TEXT_COPY(w->base, base);
}

void world_slack_set_limits(struct world_slack *w, bool on)
{
    w->limits = on;
}

void world_slack_revoke(struct world_slack *w, const char *scope)
{
    if (w->revoked_count < SLACK_REVOKED) {
        TEXT_COPY(w->revoked[w->revoked_count++], scope);
    }
}

static uint64_t random_number(struct world_slack *w)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (w->random >> 33) | (w->random & UINT64_C(0xffffffff00000000));
}

void slack_random_id(struct world_slack *w, const char *prefix, char *to, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    char text[17];
    uint64_t high = random_number(w), low = random_number(w);
    for (size_t i = 0; i < 16; i++) {
        uint64_t *from = i < 8 ? &high : &low;
        text[i] = alphabet[*from % 36];
        *from /= 36;
    }
    text[16] = '\0';
    text_format(to, size, "%s%s", prefix, text);
}

/* "1790000000.000100": unique in the whole workspace, and rising. */
void slack_timestamp(struct world_slack *w, int64_t now_us, char to[SLACK_TS])
{
    int64_t us = w->options.start_wall_ms * 1000 + now_us;
    if (us <= w->last_ts_us) {
        us = w->last_ts_us + 100;
    }
    w->last_ts_us = us;
    text_format(to, SLACK_TS, "%" PRId64 ".%06d", us / 1000000, (int)(us % 1000000));
}

json_t *slack_message_json(const struct slack_message *m, bool with_metadata)
{
    const struct slack_person *who = slack_person(m->user);
    json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s}", "type", "message", "user", m->user, "text", m->text, "ts",
                          m->ts, "team", SLACK_TEAM);
    if (who != NULL && who->is_bot) {
        json_object_set_new(o, "bot_id", json_string(SLACK_BOT));
        json_object_set_new(o, "app_id", json_string(SLACK_APP));
    }
    if (m->thread_ts[0] != '\0') {
        json_object_set_new(o, "thread_ts", json_string(m->thread_ts));
    }
    if (m->blocks != NULL) {
        json_object_set(o, "blocks", m->blocks);
    }
    if (m->metadata != NULL && with_metadata) {
        json_object_set(o, "metadata", m->metadata);
    }
    if (m->edited) {
        json_object_set_new(o, "edited", json_pack("{s:s,s:s}", "user", m->user, "ts", m->ts));
    }
    return o;
}

void slack_tell(struct world_slack *w, const char *event, const struct slack_message *m)
{
    if (w->options.on_change == NULL) {
        return;
    }
    json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s}", "event", event, "channel", m->channel, "ts", m->ts, "user",
                          m->user, "text", m->text);
    if (m->thread_ts[0] != '\0') {
        json_object_set_new(o, "thread_ts", json_string(m->thread_ts));
    }
    if (m->only_for[0] != '\0') {
        json_object_set_new(o, "to", json_string(m->only_for));
    }
    json_object_set_new(o, "blocks", m->blocks != NULL ? json_incref(m->blocks) : json_array());
    if (m->metadata != NULL) {
        json_object_set(o, "metadata", m->metadata);
    }
    w->options.on_change(w->options.user, o);
    json_decref(o);
}

struct slack_message *slack_post(struct world_slack *w, int64_t now_us, const char *channel, const char *user,
                                 const char *thread_ts, const char *only_for, const char *text,
                                 const json_t *blocks, const json_t *metadata)
{
    if (w->message_count == SLACK_MESSAGES) {
        free_message(w->messages[0]);
        w->message_count--;
        memmove(&w->messages[0], &w->messages[1], w->message_count * sizeof(w->messages[0]));
    }
    struct slack_message *m = mem_alloc(sizeof(*m));
    TEXT_COPY(m->channel, channel);
    TEXT_COPY(m->user, user);
    TEXT_COPY(m->thread_ts, thread_ts);
    TEXT_COPY(m->only_for, only_for);
    slack_timestamp(w, now_us, m->ts);
    m->text = mem_text(text);
    m->blocks = blocks != NULL ? json_deep_copy(blocks) : NULL;
    m->metadata = metadata != NULL ? json_deep_copy(metadata) : NULL;
    w->messages[w->message_count++] = m;
    slack_tell(w, only_for[0] != '\0' ? "ephemeral" : "message", m);
    return m;
}

/* Text without blocks removes the blocks; metadata stays unless new ones come. */
void slack_edit(struct world_slack *w, struct slack_message *m, const char *text, const json_t *blocks,
                const json_t *metadata)
{
    char *fresh = mem_text(text);
    mem_free(m->text);
    m->text = fresh;
    json_decref(m->blocks);
    m->blocks = blocks != NULL ? json_deep_copy(blocks) : NULL;
    if (metadata != NULL) {
        json_decref(m->metadata);
        m->metadata = json_deep_copy(metadata);
    }
    m->edited = true;
    slack_tell(w, "update", m);
}

struct slack_message *slack_find(struct world_slack *w, const char *channel, const char *ts)
{
    for (size_t i = w->message_count; i > 0; i--) {
        struct slack_message *m = w->messages[i - 1];
        if (text_equal(m->ts, ts) && (channel == NULL || text_equal(m->channel, channel))) {
            return m;
        }
    }
    return NULL;
}

/* ---- response_url */

void slack_new_response(struct world_slack *w, int64_t now_us, const char *user, const char *channel,
                        char *ret_url, size_t size)
{
    struct slack_response *r = &w->responses[w->response_number++ % SLACK_RESPONSES];
    *r = (struct slack_response){.until_us = now_us + RESPONSE_US};
    TEXT_COPY(r->user, user);
    TEXT_COPY(r->channel, channel);
    slack_random_id(w, "R", r->id, sizeof(r->id));
    text_format(ret_url, size, "%s/response/%s", w->base, r->id);
}

static bool answers_everyone(const json_t *body)
{
    return text_equal(jsonx_text(body, "response_type"), "in_channel");
}

void world_slack_respond(struct world_slack *w, int64_t now_us, const char *id, const json_t *body,
                         struct world_slack_reply *ret)
{
    *ret = (struct world_slack_reply){.status = 200};
    struct slack_response *r = NULL;
    for (size_t i = 0; i < SLACK_RESPONSES && r == NULL; i++) {
        r = text_equal(w->responses[i].id, id) ? &w->responses[i] : NULL;
    }
    const char *wrong = r == NULL || id[0] == '\0' ? "invalid_url"
                        : now_us > r->until_us     ? "expired_url"
                        : r->uses >= RESPONSE_USES ? "used_url"
                                                   : NULL;
    if (wrong != NULL) {
        ret->status = 404;
        ret->body = json_pack("{s:b,s:s}", "ok", 0, "error", wrong);
        return;
    }
    r->uses++;
    slack_post(w, now_us, r->channel, WORLD_SLACK_BOT_USER, jsonx_text(body, "thread_ts"),
               answers_everyone(body) ? "" : r->user, jsonx_text(body, "text"), jsonx_at(body, "blocks"),
               NULL);
    ret->body = json_pack("{s:b}", "ok", 1);
}

/* ---- tickets */

void world_slack_ticket(struct world_slack *w, int64_t now_us, char ret[WORLD_SLACK_TICKET])
{
    size_t i = w->ticket_next++ % SLACK_TICKETS;
    slack_random_id(w, "", w->tickets[i].text, sizeof(w->tickets[i].text));
    w->tickets[i].until_us = now_us + TICKET_US;
    text_copy(ret, WORLD_SLACK_TICKET, w->tickets[i].text);
}

bool world_slack_use_ticket(struct world_slack *w, int64_t now_us, const char *ticket)
{
    for (size_t i = 0; i < SLACK_TICKETS; i++) {
        if (ticket[0] != '\0' && text_equal(w->tickets[i].text, ticket)) {
            w->tickets[i].text[0] = '\0';
            return now_us <= w->tickets[i].until_us;
        }
    }
    return false;
}
