#ifndef SIM_WORLD_SLACK_PRIVATE_H
#define SIM_WORLD_SLACK_PRIVATE_H
/* The inside of the simulated workspace, shared by its files only:
 *   world_slack.c            people, channels, messages, tickets, statistics
 *   world_slack_methods.c    the Web API: tokens, scopes, limits, and the methods' table
 *   world_slack_messages.c   the methods that write and read messages
 *   world_slack_blocks.c     what Block Kit allows
 *   world_slack_envelopes.c  Socket Mode */
#include "sim/world_slack.h"

#define SLACK_TEAM      "T0SIMTEAM1"
#define SLACK_APP       "A0SIMAPP01"
#define SLACK_BOT       "B0SIMBOT01"
#define SLACK_DOMAIN    "rehearsal"
#define SLACK_ID        24
#define SLACK_TS        24
#define SLACK_MESSAGES  2000 /* beyond it the oldest is forgotten */
#define SLACK_ENVELOPES 4096 /* as above */
#define SLACK_LATENCIES 65536
#define SLACK_TICKETS   16
#define SLACK_RESPONSES 256
#define SLACK_METHODS   24
#define SLACK_REVOKED   8

struct slack_person {
    const char *id, *name, *real_name;
    bool deleted, is_bot, restricted, stranger;
};
struct slack_channel {
    const char *id, *name;
    const char *im_with; /* user of a direct message, else NULL */
    bool bot_is_member, shared;
};

struct slack_message {
    char channel[SLACK_ID], ts[SLACK_TS], thread_ts[SLACK_TS], user[SLACK_ID];
    char only_for[SLACK_ID]; /* ephemeral */
    char *text;
    json_t *blocks, *metadata; /* NULL = none */
    bool edited;
};

struct slack_envelope {
    char id[40];
    json_t *json;
    unsigned connection;
    int64_t sent_us;
    int64_t due_us; /* of another delivery; INT64_MAX = none */
    int attempts;
    bool event, slash, acked;
};

struct slack_bucket {
    char key[64]; /* method, or method and channel */
    double tokens;
    int64_t filled_us;
};
#define SLACK_BUCKETS 64

struct slack_response {
    char id[40], user[SLACK_ID], channel[SLACK_ID];
    int64_t until_us;
    int uses;
};

struct world_slack {
    struct world_slack_options options;
    char base[128];
    bool limits;
    char revoked[SLACK_REVOKED][32];
    size_t revoked_count;
    uint64_t random;
    int64_t last_ts_us;
    struct slack_message *messages[SLACK_MESSAGES]; /* oldest first */
    size_t message_count;
    struct slack_envelope *envelopes[SLACK_ENVELOPES]; /* a ring: number % SLACK_ENVELOPES */
    uint64_t envelope_number;
    float latencies_ms[SLACK_LATENCIES]; /* a ring as well */
    uint64_t ack_number;
    struct slack_bucket buckets[SLACK_BUCKETS];
    size_t bucket_count;
    struct {
        char text[WORLD_SLACK_TICKET];
        int64_t until_us;
    } tickets[SLACK_TICKETS];
    size_t ticket_next;
    struct slack_response responses[SLACK_RESPONSES];
    uint64_t response_number;
    uint64_t calls[SLACK_METHODS], ratelimited;
};

/* A call of the Web API being answered. */
struct slack_call {
    struct world_slack *w;
    int64_t now_us;
    const json_t *arguments;
    struct world_slack_reply *reply;
};

/* world_slack.c */
const struct slack_person *slack_person(const char *id_or_name); /* NULL when unknown */
const struct slack_channel *slack_channel(const char *id_or_name);
const char *slack_group_member(size_t i); /* of the one user group; NULL beyond the last */
void slack_random_id(struct world_slack *w, const char *prefix, char *to, size_t size);
void slack_timestamp(struct world_slack *w, int64_t now_us, char to[SLACK_TS]);
/* Adds a message and tells of it. text is copied, blocks and metadata are borrowed. */
struct slack_message *slack_post(struct world_slack *w, int64_t now_us, const char *channel, const char *user,
                                 const char *thread_ts, const char *only_for, const char *text,
                                 const json_t *blocks, const json_t *metadata);
void slack_edit(struct world_slack *w, struct slack_message *m, const char *text, const json_t *blocks,
                const json_t *metadata);
struct slack_message *slack_find(struct world_slack *w, const char *channel,
                                 const char *ts); /* channel may be NULL */
void slack_tell(struct world_slack *w, const char *event, const struct slack_message *m);
json_t *slack_message_json(const struct slack_message *m, bool with_metadata); /* new reference */
/* A response_url that works for a while. */
void slack_new_response(struct world_slack *w, int64_t now_us, const char *user, const char *channel,
                        char *ret_url, size_t size);

/* world_slack_methods.c */
void slack_refuse(struct slack_call *c, const char *error);
void slack_put(struct slack_call *c, const char *name, json_t *value); /* takes value */
/* Arguments, whether a form's texts or JSON's values. */
const char *slack_text(const struct slack_call *c, const char *name); /* "" when absent */
int64_t slack_int(const struct slack_call *c, const char *name, int64_t otherwise);
bool slack_flag(const struct slack_call *c, const char *name);
json_t *slack_value(const struct slack_call *c,
                    const char *name); /* parsed when a text; new reference or NULL */
/* Takes one from the bucket; false, and answered with 429, when it is empty. */
bool slack_take(struct slack_call *c, const char *key, double burst, double per_second);

/* world_slack_messages.c */
void slack_post_message(struct slack_call *c);
void slack_update(struct slack_call *c);
void slack_post_ephemeral(struct slack_call *c);
void slack_history(struct slack_call *c);
void slack_replies(struct slack_call *c);

/* world_slack_blocks.c: may these blocks be posted? If not, *to says why, as Slack puts it. */
bool slack_blocks_allowed(const json_t *blocks, char *to, size_t size);
size_t slack_characters(const char *text);

#endif
