/* The settings, all of them, once. The reader, the defaults, `config show`, `config help` and the manual page
 * are this table read in different ways. Rows are in the order of reading: people and roles before those who
 * name them.
 */
#include "config_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

/* ---- elements of lists */

static void *next_chat(void *owner, size_t count)
{
    (void)count;
    struct config *c = owner;
    return &c->chats[c->chat_count++];
}

static void *next_person(void *owner, size_t count)
{
    struct config *c = owner;
    if (c->people == NULL) {
        c->people = mem_array(count, sizeof(*c->people));
    }
    return &c->people[c->person_count++];
}

static void *next_target(void *owner, size_t count)
{
    struct config *c = owner;
    if (c->targets == NULL) {
        c->targets = mem_array(count, sizeof(*c->targets));
    }
    return &c->targets[c->target_count++];
}

static void *next_service(void *owner, size_t count)
{
    (void)count;
    struct config_target *t = owner;
    return &t->services[t->service_count++];
}

/* ---- rows */

#define SIZE_IN(type, member) sizeof(((type *)NULL)->member)
#define AT(type, member)      .offset = offsetof(type, member), .size = SIZE_IN(type, member)
#define IN_CONFIG(member)     AT(struct config, member)
#define IN_CHAT(member)       AT(struct config_chat, member)
#define IN_PERSON(member)     AT(struct config_person, member)
#define IN_TARGET(member)     AT(struct config_target, member)
#define IN_SERVICE(member)    AT(struct config_service, member)
#define LIST_OF(next, most_)  .element = (next), .most = (most_)
#define BETWEEN(low, high)    .least = (low), .most = (high)

const struct setting CONFIG_TABLE[] = {
    {"chat", SETTING_LIST, LIST_OF(next_chat, CONFIG_CHATS), .text = "The chat platforms."},
    {"chat[].name", SETTING_WORD, IN_CHAT(name), .needed = true,
     .text = "What ids of this platform begin with: NAME:user:ID."},
    {"chat[].kind", SETTING_CHOICE, IN_CHAT(kind), .words = "slack|mattermost", .needed = true,
     .text = "Which platform."},
    {"chat[].app_token", SETTING_SECRET, IN_CHAT(app_token), .needed = true, .only = "slack",
     .text = "Slack: the app-level token, xapp-…, for Socket Mode."},
    {"chat[].bot_token", SETTING_SECRET, IN_CHAT(bot_token), .needed = true, .only = "slack",
     .text = "Slack: the bot token, xoxb-…."},
    {"chat[].token", SETTING_SECRET, IN_CHAT(bot_token), .needed = true, .only = "mattermost",
     .text = "Mattermost: the bot account's token."},
    {"chat[].api_url", SETTING_URL, IN_CHAT(api_url), .only = "slack",
     .text = "Slack: https://slack.com/api/, or https://slack-gov.com/api/ for GovSlack."},
    {"chat[].url", SETTING_URL, IN_CHAT(api_url), .needed = true, .only = "mattermost",
     .text = "Mattermost: the server."},
    {"chat[].callback_url", SETTING_URL, IN_CHAT(callback_url), .only = "mattermost",
     .text = "Mattermost: where it reaches the bot, for slash commands and buttons."},
    {"chat[].command", SETTING_COMMAND, "/cloudtak", IN_CHAT(command), .text = "The slash command."},

    {"people", SETTING_LIST, LIST_OF(next_person, CONFIG_PEOPLE),
     .text = "Who is one human, over all platforms."},
    {"people[].name", SETTING_WORD, IN_PERSON(name), .needed = true,
     .text = "The name that roles and rules use."},
    {"people[].ids", SETTING_IDS, IN_PERSON(ids), .most = CONFIG_IDS, .needed = true,
     .text = "This human's ids."},
    {"roles", SETTING_ROLES, .most = CONFIG_ROLES, .text = "Lists of people, under a name."},

    {"ca_file", SETTING_PATH, "/etc/ssl/certs/ca-certificates.crt", IN_CONFIG(ca_file),
     .text = "Whom TLS trusts."},
    {"store", SETTING_MAP, .text = "The durable memory."},
    {"store.path", SETTING_PATH, "/var/lib/cloudtak-bot/state.db", IN_CONFIG(store_path),
     .text = "Its file, on a local disk, in a directory of its own (0700)."},
    {"freeze_file", SETTING_PATH, IN_CONFIG(freeze_path),
     .text =
         "While this file is there, nothing is changed; its first line says why. Default: freeze, beside the "
         "store."},
    {"cool_down", SETTING_DURATION, "5m", BETWEEN(0, 24 * HOUR), IN_CONFIG(cool_down_ms),
     .text = "A change of a service so soon after the last one asks first."},
    {"metrics", SETTING_MAP, .text = "/healthz, /readyz and /metrics."},
    {"metrics.listen", SETTING_LISTEN, "127.0.0.1:8421", IN_CONFIG(metrics_listen),
     .text = "Where they listen."},
    {"door", SETTING_MAP, .text = "Where `cloudtak-bot exec` and `console` reach the daemon."},
    {"door.socket", SETTING_SOCKET, DOOR_SOCKET, IN_CONFIG(door.socket),
     .text = "Its Unix socket (0660). The default is opened where its directory is there, as systemd's "
             "RuntimeDirectory= makes it."},
    {"door.group", SETTING_PART, IN_CONFIG(door.group),
     .text = "Whose members may open it; the bot's account must be one of them. Default: the bot's own."},
    {"poll", SETTING_MAP, .text = "How often AWS is asked."},
    {"poll.active", SETTING_DURATION, "5s", BETWEEN(SECOND, 5 * MINUTE), IN_CONFIG(poll_active_ms),
     .text = "While a deployment moves."},
    {"poll.quiet", SETTING_DURATION, "15s", BETWEEN(SECOND, 30 * MINUTE), IN_CONFIG(poll_quiet_ms),
     .text = "Once it is slow, and in after-care."},
    {"poll.budget", SETTING_RATE, "5/s", BETWEEN(100, 100 * 1000), IN_CONFIG(poll_budget),
     .text = "Reading calls, for each account and region."},
    {"follow", SETTING_MAP, .text = "When following says what."},
    {"follow.slow_after", SETTING_DURATION, "12m", BETWEEN(SECOND, 24 * HOUR), IN_CONFIG(slow_after_ms),
     .text = "A deployment that takes longer is reported as not stabilising."},
    {"follow.give_up_after", SETTING_DURATION, "60m", BETWEEN(SECOND, 48 * HOUR), IN_CONFIG(give_up_after_ms),
     .text = "Following stops then; ECS goes on."},
    {"follow.after_care", SETTING_DURATION, "10m", BETWEEN(0, 24 * HOUR), IN_CONFIG(after_care_ms),
     .text = "How long a succeeded deployment is watched."},
    {"escalation", SETTING_MAP, .text = "Whom to contact when a deployment fails."},
    {"escalation.name", SETTING_TEXT, "Application Specific Engineering", IN_CONFIG(escalation.name),
     .text = "Their name."},
    {"escalation.mention", SETTING_MENTION, IN_CONFIG(escalation.mention),
     .text = "Who of them is mentioned."},
    {"escalation.phone", SETTING_TEXT, IN_CONFIG(escalation.phone), .text = "Their telephone."},
    {"unsafe_endpoints", SETTING_BOOL, "false", IN_CONFIG(unsafe_endpoints),
     .text = "For tests: plain http, no account."},

    {"targets", SETTING_LIST, LIST_OF(next_target, CONFIG_TARGETS), .text = "What can be restarted."},
    {"targets[].name", SETTING_TARGET, IN_TARGET(name), .needed = true,
     .text = "What people type: cotak prod."},
    {"targets[].preset", SETTING_PRESET, "v13", IN_TARGET(preset), .words = "v13|v12|runbook|none",
     .text = "Names of cluster and services: today's CloudTAK, version 12, the runbook's, or your own."},
    {"targets[].env", SETTING_PART, IN_TARGET(env),
     .text = "The environment in those names. Default: the words of the name, joined by dashes."},
    {"targets[].stage", SETTING_PART, IN_TARGET(stage),
     .text = "The stage in the runbook's names. Default: the last word of the name."},
    {"targets[].production", SETTING_BOOL, "false", IN_TARGET(production),
     .text = "Questions say PRODUCTION."},
    {"targets[].account", SETTING_ACCOUNT, IN_TARGET(account),
     .text = "The AWS account that it must be; unchecked only with unsafe_endpoints."},
    {"targets[].region", SETTING_REGION, IN_TARGET(region),
     .text = "The AWS region. Default: the profile's, else us-gov-east-1 for a role in aws-us-gov, else "
             "us-east-1; never AWS_REGION."},
    {"targets[].profile", SETTING_TEXT, IN_TARGET(profile),
     .text = "The AWS profile. Default: AWS's default chain."},
    {"targets[].role_arn", SETTING_ROLE_ARN, IN_TARGET(role_arn), .text = "A role to assume."},
    {"targets[].external_id", SETTING_TEXT, IN_TARGET(external_id),
     .text = "The external id that the role asks for."},
    {"targets[].cluster", SETTING_PART, IN_TARGET(cluster),
     .text = "The ECS cluster. Default: the preset's."},
    {"targets[].services", SETTING_LIST, LIST_OF(next_service, CONFIG_SERVICES),
     .text = "The ECS services, in the order of restart all. Default: the preset's."},
    {"targets[].services[].key", SETTING_WORD, IN_SERVICE(key), .needed = true,
     .text = "What people type: api."},
    {"targets[].services[].name", SETTING_PART, IN_SERVICE(name), .needed = true, .text = "Its name in ECS."},
    {"targets[].services[].desired", SETTING_DESIRED, "keep", BETWEEN(0, 1000), IN_SERVICE(desired),
     .text = "How many tasks, or keep what is live."},
    {"targets[].services[].default", SETTING_BOOL, "false", IN_SERVICE(is_default),
     .text = "Meant when no service is named."},
    {"targets[].services[].drops", SETTING_CHOICE, "nothing", IN_SERVICE(drops),
     .words = "nothing|sockets|imports", .text = "What a restart cuts off; then it asks first."},
    {"targets[].allow", SETTING_MAP, .text = "Who may do what, where. No rule, no right."},
    {"targets[].allow.channels", SETTING_CHANNELS, IN_TARGET(channels), .most = CONFIG_LIST,
     .text = "Where changes may be asked for."},
    {"targets[].allow.view", SETTING_PRINCIPALS, IN_TARGET(view), .most = CONFIG_LIST,
     .text = "Who may look."},
    {"targets[].allow.logs", SETTING_PRINCIPALS, IN_TARGET(logs), .most = CONFIG_LIST,
     .text = "Who may read log lines."},
    {"targets[].allow.restart", SETTING_PRINCIPALS, IN_TARGET(restart), .most = CONFIG_LIST,
     .text = "Who may restart."},
    {"targets[].allow.downtime", SETTING_PRINCIPALS, IN_TARGET(downtime), .most = CONFIG_LIST,
     .text = "Who may do what interrupts service."},
    {"targets[].confirm", SETTING_MAP, .text = "How questions are answered."},
    {"targets[].confirm.expires", SETTING_DURATION, "120s", BETWEEN(10 * SECOND, HOUR),
     IN_TARGET(confirm_expires_ms), .text = "How long a question stays open."},
    {"targets[].confirm.second_person", SETTING_BOOL, "false", IN_TARGET(second_person),
     .text = "Another person has to confirm."},
    {"targets[].confirm.always", SETTING_BOOL, "false", IN_TARGET(confirm_always),
     .text = "Ask before each change."},
    {"targets[].confirm.approvers", SETTING_PRINCIPALS, IN_TARGET(approvers), .most = CONFIG_LIST,
     .text = "Who may be that other person."},
    {"targets[].probe", SETTING_URL, IN_TARGET(probe),
     .text = "CloudTAK's own address, as in https://map.example.org: its version, database and WebSockets "
             "are asked "
             "for there, without a sign-in."},
    {0},
};

const char *config_table_key(const struct setting *s, const char *prefix)
{
    if (!text_starts(s->path, prefix)) {
        return NULL;
    }
    const char *key = s->path + strlen(prefix);
    return strpbrk(key, ".[") == NULL && *key != '\0' ? key : NULL;
}

int config_table_word(const char *words, const char *word)
{
    const size_t len = strlen(word);
    int number = 0;
    for (const char *at = words; *at != '\0'; number++) {
        const size_t n = strcspn(at, "|");
        if (n == len && memcmp(at, word, n) == 0) {
            return number;
        }
        at += n + (at[n] == '|' ? 1 : 0);
    }
    return -1;
}

/* ---- what is allowed */

static void write_words(struct buf *b, const char *words)
{
    for (const char *at = words; *at != '\0'; at++) {
        if (*at == '|') {
            buf_text(b, strchr(at + 1, '|') == NULL ? " or " : ", ");
        } else {
            buf_char(b, *at);
        }
    }
}

static void write_duration_limit(struct buf *b, int64_t ms)
{
    if (ms == 0) {
        buf_text(b, "0s");
    } else if (ms % HOUR == 0) {
        buf_format(b, "%lldh", (long long)(ms / HOUR));
    } else if (ms % MINUTE == 0) {
        buf_format(b, "%lldm", (long long)(ms / MINUTE));
    } else {
        buf_format(b, "%llds", (long long)(ms / SECOND));
    }
}

static const char *allowed_text(enum setting_type type)
{
    static const char *const TEXTS[] = {
        [SETTING_MAP] = "a map of settings",
        [SETTING_ROLES] = "a map of role names, each with a list of people and ids",
        [SETTING_TEXT] = "a text on one line",
        [SETTING_WORD] = "a word of a-z, 0-9 and -, beginning with a letter",
        [SETTING_TARGET] = "one to four words of a-z, 0-9 and -",
        [SETTING_PART] = "a name of letters, digits, - and _",
        [SETTING_PATH] = "an absolute path",
        [SETTING_URL] =
            "https://HOST/… (http:// only with unsafe_endpoints, or when everything is on loopback)",
        [SETTING_COMMAND] = "/ and a word of a-z, 0-9, - and _",
        [SETTING_ACCOUNT] = "twelve digits, in quotes",
        [SETTING_REGION] = "a region of AWS, such as us-gov-east-1",
        [SETTING_ROLE_ARN] = "arn:PARTITION:iam::ACCOUNT:role/NAME",
        [SETTING_MENTION] = "SERVER:user:ID or SERVER:group:ID, SERVER being the name of a chat",
        [SETTING_SOCKET] = "off, or an absolute path of at most 100 bytes",
        [SETTING_LISTEN] = "off, or a loopback address and a port, such as 127.0.0.1:8421",
        [SETTING_SECRET] = "${NAME} of the environment, file:PATH, or the secret itself",
        [SETTING_BOOL] = "true or false",
        [SETTING_IDS] = "a list of SERVER:user:ID and local:NAME, SERVER being the name of a chat",
        [SETTING_CHANNELS] = "a list of SERVER:CHANNEL, SERVER being the name of a chat, or any",
        [SETTING_PRINCIPALS] =
            "a list of people, roles, SERVER:user:ID, SERVER:group:ID, local:NAME, any, everyone",
    };
    return (size_t)type < sizeof(TEXTS) / sizeof(TEXTS[0]) && TEXTS[type] != NULL ? TEXTS[type] : "";
}

void config_table_allowed(const struct setting *s, struct buf *b)
{
    switch (s->type) {
    case SETTING_LIST: buf_format(b, "a list of at most %lld maps", (long long)s->most); break;
    case SETTING_CHOICE:
    case SETTING_PRESET: write_words(b, s->words); break;
    case SETTING_DURATION:
        buf_text(b, "a duration with its unit (ms, s, m, h), from ");
        write_duration_limit(b, s->least);
        buf_text(b, " to ");
        write_duration_limit(b, s->most);
        break;
    case SETTING_RATE:
        buf_format(b, "a number of calls a second, from %g/s to %g/s", (double)s->least / 1000,
                   (double)s->most / 1000);
        break;
    case SETTING_DESIRED:
        buf_format(b, "keep, or a number from %lld to %lld", (long long)s->least, (long long)s->most);
        break;
    default: buf_text(b, allowed_text(s->type)); break;
    }
}

static const char *below(const struct setting *s)
{
    return s->type == SETTING_LIST || s->type == SETTING_MAP ? ":" : "";
}

void config_help(struct buf *b)
{
    buf_text(b, "Settings of cloudtak-bot (YAML). ${NAME} in a value is a variable of the environment,\n"
                "file:PATH the content of a file.\n");
    for (const struct setting *s = CONFIG_TABLE; s->path != NULL; s++) {
        buf_format(b, "\n%s%s\n    %s\n    ", s->path, below(s), s->text);
        config_table_allowed(s, b);
        if (s->standard != NULL) {
            buf_format(b, "; default %s", s->standard);
        }
        buf_char(b, '\n');
    }
}
