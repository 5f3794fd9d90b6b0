#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H
/* The settings, as a plain struct with presets resolved and every reference checked: filled by bot/config*.c,
 * read by everybody, changed by nobody. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"

#define CONFIG_NAME     80
#define CONFIG_URL      300
#define CONFIG_ID       96
#define CONFIG_CHATS    4
#define CONFIG_PEOPLE   200
#define CONFIG_IDS      8
#define CONFIG_ROLES    32
#define CONFIG_TARGETS  64
#define CONFIG_SERVICES 8
#define CONFIG_LIST     32

enum chat_kind { CHAT_SLACK, CHAT_MATTERMOST };

struct config_chat {
    char name[32]; /* the SERVER of principals and places */
    enum chat_kind kind;
    char api_url[CONFIG_URL];             /* slack: https://slack.com/api/ or GovSlack's; mattermost: url */
    char command[40];                     /* "/cloudtak" */
    struct secret *app_token, *bot_token; /* mattermost: bot_token only */
    char callback_url[CONFIG_URL];        /* mattermost: for slash commands and buttons; "" = none */
};

/* Who: a person or role by name, SERVER:user:ID, SERVER:group:ID, local:NAME, any, everyone. */
enum principal_kind { PRINCIPAL_USER, PRINCIPAL_GROUP, PRINCIPAL_LOCAL, PRINCIPAL_ANY, PRINCIPAL_EVERYONE };
struct principal {
    enum principal_kind kind;
    char server[32]; /* USER and GROUP */
    char id[CONFIG_ID];
};
/* People and roles are flattened when the file is read: a list holds only the kinds above. */
struct principals {
    size_t count;
    struct principal list[CONFIG_LIST * CONFIG_IDS];
    bool set; /* no rule = no change */
};

struct config_person {
    char name[CONFIG_NAME];
    size_t count;
    struct principal ids[CONFIG_IDS];
};

struct config_channel {
    bool any;
    char server[32], id[CONFIG_ID];
};

enum drops { DROPS_NOTHING, DROPS_SOCKETS, DROPS_IMPORTS }; /* what a restart of the service cuts off */

struct config_service {
    char key[40]; /* "api" */
    char name[CONFIG_ID * 2];
    int desired; /* -1 = keep */
    bool is_default;
    enum drops drops;
};

struct config_target {
    char name[CONFIG_NAME]; /* "cotak prod" */
    char preset[16];
    char env[CONFIG_NAME], stage[CONFIG_NAME];
    bool production;
    char account[16]; /* "" = unchecked (unsafe_endpoints only) */
    char region[32], partition[16];
    char profile[CONFIG_NAME], role_arn[CONFIG_URL], external_id[CONFIG_NAME];
    char cluster[CONFIG_ID * 2];
    size_t service_count;
    struct config_service services[CONFIG_SERVICES]; /* in the order of `restart all`: hub, api, events */
    size_t channel_count;
    struct config_channel channels[CONFIG_LIST];
    struct principals view, logs, restart, downtime;
    struct principals approvers; /* who may be the second person */
    int64_t confirm_expires_ms;
    bool second_person, confirm_always;
    char probe[CONFIG_URL];
    int session; /* filled by app: the number of ecs_client_add_session */
};

struct config {
    char file[CONFIG_URL];
    size_t chat_count;
    struct config_chat chats[CONFIG_CHATS];
    char ca_file[CONFIG_URL];
    char store_path[CONFIG_URL];
    char freeze_path[CONFIG_URL]; /* while this file is there nothing is changed; "" = beside the store */
    int64_t cool_down_ms;         /* a change so soon after the last one asks first */
    char metrics_listen[64];
    struct {
        char socket[CONFIG_URL]; /* "" = off */
        char group[40];          /* "" = the one that the program runs under */
    } door;
    int64_t poll_active_ms, poll_quiet_ms;
    double poll_budget; /* calls a second */
    int64_t slow_after_ms, give_up_after_ms, after_care_ms;
    struct {
        char name[CONFIG_NAME], mention[CONFIG_ID], phone[40];
    } escalation;
    bool unsafe_endpoints, all_loopback;
    bool rehearsal; /* set by rehearse, never by a file */
    size_t person_count;
    struct config_person *people; /* array of CONFIG_PEOPLE at most */
    size_t target_count;
    struct config_target *targets; /* array of CONFIG_TARGETS at most */
    uint64_t generation;           /* of the file's bytes: other settings, another number */
};

struct config *config_create(void);
void config_destroy(struct config *c); /* secrets too. Accepts NULL. */

const struct config_target *config_target(const struct config *c, const char *name); /* NULL when unknown */
const struct config_service *config_service(const struct config_target *t, const char *key);
const struct config_service *config_default_service(const struct config_target *t);
/* The name of its CloudFormation stack, "tak-cloudtak-cotak-prod"; "" = not known. */
void config_stack(const struct config_target *t, char *to, size_t size);
/* What the names of its alarms begin with: the stack's name, "tak-cloudtak-cotak-prod-"; "" = not known. */
void config_alarm_prefix(const struct config_target *t, char *to, size_t size);
/* The person who owns this id, or NULL; server "local" is this host. */
const struct config_person *config_person_of(const struct config *c, const char *server, const char *user);

#endif
