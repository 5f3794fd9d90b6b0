/* What a wrong settings file is told: each fault with the exact sentence. */
#include "app_config_rig.h"

#include <stdlib.h>
#include <unistd.h>

struct fault {
    const char *text, *sentence;
};

static void check(const struct fault *faults, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        struct err err = {0};
        struct config *c = config_read_text("c.yaml", faults[at].text, environment, &err);
        if (c != NULL) {
            config_destroy(c);
            fail_msg("this was read: %s", faults[at].text);
        }
        assert_string_equal(err.text, faults[at].sentence);
        assert_int_equal(err.code, ERR_CONFIG);
    }
}
#define CHECK(faults) check(faults, sizeof(faults) / sizeof((faults)[0]))

static void yaml_is_kept_plain(void **state)
{
    (void)state;
    static const struct fault FAULTS[] = {
        {"chat: [\n", "c.yaml:2: YAML: did not find expected node content"},
        {"store: { path: &a /x }\n", "c.yaml:1: YAML: found an anchor or alias; write the value itself: "
                                     "anchors, aliases and tags are not allowed"},
        {"store: { path: *a }\n", "c.yaml:1: YAML: found an anchor or alias; write the value itself: "
                                  "anchors, aliases and tags are not allowed"},
        {"store: { path: !!str /x }\n",
         "c.yaml:1: YAML: found a tag; write the value itself: anchors, aliases and tags are not allowed"},
        {"store: { path: /x }\nca_file: /y\nstore: { path: /z }\n",
         "c.yaml:3: store: this key stands here twice; the first is in line 1"},
        {"ca_file: /x\n---\nca_file: /y\n", "c.yaml:2: YAML: a second document begins; one is allowed"},
        {"- chat\n", "c.yaml:1: YAML: the file is no map of settings; it begins with a key such as chat:"},
        {"just words\n",
         "c.yaml:1: YAML: the file is no map of settings; it begins with a key such as chat:"},
        {"a: [[[[[[[[[x]]]]]]]]]\n", "c.yaml:1: YAML: lists and maps are nested deeper than 8"},
        {"? [a]\n: b\n", "c.yaml:1: YAML: a list or map stands where a key is expected"},
    };
    CHECK(FAULTS);
}

static void keys_and_types_are_checked(void **state)
{
    (void)state;
    static const struct fault FAULTS[] = {
        {"chats: []\n",
         "c.yaml:1: chats: this key is unknown; did you mean chat? Allowed here: chat, people, roles, "
         "ca_file, store, freeze_file, cool_down, metrics, door, poll, follow, escalation, unsafe_endpoints, "
         "targets"},
        {"store: { file: /x }\n", "c.yaml:1: store.file: this key is unknown; allowed here: path"},
        {"xoxb-1-2: a\n", "c.yaml:1: (not shown): this key is unknown; allowed here: chat, people, roles, "
                          "ca_file, store, freeze_file, cool_down, metrics, door, poll, follow, escalation, "
                          "unsafe_endpoints, targets"},
        {"store: /x\n", "c.yaml:1: store: found \"/x\"; allowed: a map of settings"},
        {"chat: { name: slack }\n", "c.yaml:1: chat: found a map; allowed: a list of at most 4 maps"},
        {"chat: [slack]\n", "c.yaml:1: chat: found \"slack\"; allowed: a list of at most 4 maps"},
        {"store: { path: [a] }\n", "c.yaml:1: store.path: found a list; allowed: an absolute path"},
        {"store: { path: state.db }\n",
         "c.yaml:1: store.path: found \"state.db\"; allowed: an absolute path"},
        {"store: { path: }\n", "c.yaml:1: store.path: found nothing; allowed: an absolute path"},
        {"poll: { active: 5 }\n", "c.yaml:1: poll.active: found \"5\"; allowed: a duration with its unit "
                                  "(ms, s, m, h), from 1s to 5m"},
        {"poll: { active: 500ms }\n", "c.yaml:1: poll.active: found \"500ms\"; allowed: a duration with its "
                                      "unit (ms, s, m, h), from 1s to 5m"},
        {"poll: { active: 10m }\n", "c.yaml:1: poll.active: found \"10m\"; allowed: a duration with its unit "
                                    "(ms, s, m, h), from 1s to 5m"},
        {"poll: { budget: 5 }\n",
         "c.yaml:1: poll.budget: found \"5\"; allowed: a number of calls a second, from 0.1/s to 100/s"},
        {"poll: { budget: 1000/s }\n",
         "c.yaml:1: poll.budget: found \"1000/s\"; allowed: a number of calls a second, from 0.1/s to 100/s"},
        {"metrics: { listen: \"0.0.0.0:8421\" }\n",
         "c.yaml:1: metrics.listen: found \"0.0.0.0:8421\"; allowed: off, or a loopback address and a port, "
         "such as 127.0.0.1:8421"},
        {"door: { socket: door.sock }\n", "c.yaml:1: door.socket: found \"door.sock\"; allowed: off, or an "
                                          "absolute path of at most 100 bytes"},
        {"metrics: { listen: \"127.0.0.1:70000\" }\n",
         "c.yaml:1: metrics.listen: found \"127.0.0.1:70000\"; allowed: off, or a loopback address and a "
         "port, such as 127.0.0.1:8421"},
        {"unsafe_endpoints: yes\n", "c.yaml:1: unsafe_endpoints: found \"yes\"; allowed: true or false"},
        {"poll: { active: 20s }\n", "c.yaml:1: poll.quiet: found a shorter time than poll.active; allowed: "
                                    "one that is as long or longer"},
        {"poll:\n  active: 20s\n  quiet: 10s\n", "c.yaml:3: poll.quiet: found a shorter time than "
                                                 "poll.active; allowed: one that is as long or longer"},
        {"follow: { slow_after: 2h }\n", "c.yaml:1: follow.give_up_after: found no longer time than "
                                         "follow.slow_after; allowed: a longer one"},
        {"escalation: { mention: \"slack:group:S1\" }\n",
         "c.yaml:1: escalation.mention: found \"slack:group:S1\"; allowed: SERVER:user:ID or "
         "SERVER:group:ID, SERVER being the name of a chat"},
        {"escalation: { phone: \"1\\n2\" }\n",
         "c.yaml:1: escalation.phone: found \"1 2\"; allowed: a text on one line"},
        {"ca_file: xoxb-1-2-3\n",
         "c.yaml:1: ca_file: found a value that is not shown; allowed: an absolute path"},
    };
    CHECK(FAULTS);
}

static void variables_and_files_are_checked(void **state)
{
    (void)state;
    static const char *const given[] = {"EMPTY=", "LONG=short", "NOT_A_PATH=canary", NULL};
    variables = given;
    static const struct fault FAULTS[] = {
        {"ca_file: \"${NONE}\"\n",
         "c.yaml:1: ca_file: the variable NONE is not set; set it in the environment of the bot"},
        {"ca_file: \"/a/${EMPTY}\"\n",
         "c.yaml:1: ca_file: the variable EMPTY is empty; set it in the environment of the bot"},
        {"ca_file: \"/a/${LONG\"\n", "c.yaml:1: ca_file: found a ${ without a name and }; write ${NAME}"},
        {"ca_file: \"/a/${}\"\n", "c.yaml:1: ca_file: found a ${ without a name and }; write ${NAME}"},
        {"ca_file: \"${NOT_A_PATH}\"\n",
         "c.yaml:1: ca_file: found \"${NOT_A_PATH}\"; allowed: an absolute path"},
        {"ca_file: \"file:/nonexistent\"\n",
         "c.yaml:1: ca_file: the file /nonexistent cannot be read: No such file or directory"},
        {"ca_file: \"file:/dev/null\"\n", "c.yaml:1: ca_file: the file /dev/null is empty"},
    };
    CHECK(FAULTS);
}

static void chats_are_checked(void **state)
{
    (void)state;
    static const struct fault FAULTS[] = {
        {"chat: [ { kind: slack, app_token: canary-1, bot_token: canary-2 } ]\n",
         "c.yaml:1: chat[].name: this key is missing; allowed: a word of a-z, 0-9 and -, beginning with a "
         "letter"},
        {"chat: [ { name: slack, app_token: canary-1, bot_token: canary-2 } ]\n",
         "c.yaml:1: chat[].kind: this key is missing; allowed: slack or mattermost"},
        {"chat: [ { name: slack, kind: slack, app_token: canary-1 } ]\n",
         "c.yaml:1: chat[].bot_token: this key is missing; allowed: ${NAME} of the environment, file:PATH, "
         "or the secret itself"},
        {"chat: [ { name: slack, kind: slack, app_token: xoxb-canary, bot_token: xapp-canary } ]\n",
         "c.yaml:1: chat[].app_token: the two tokens are exchanged; app_token begins with xapp-, bot_token "
         "with xoxb-"},
        {"chat: [ { name: slack, kind: slack, app_token: [canary-1], bot_token: canary-2 } ]\n",
         "c.yaml:1: chat[].app_token: found a list; allowed: ${NAME} of the environment, file:PATH, or the "
         "secret itself"},
        {"chat: [ { name: slack, kind: slack, app_token: \"\", bot_token: canary-2 } ]\n",
         "c.yaml:1: chat[].app_token: found nothing; allowed: ${NAME} of the environment, file:PATH, or the "
         "secret itself"},
        {"chat: [ { name: slack, kind: teams, app_token: canary-1, bot_token: canary-2 } ]\n",
         "c.yaml:1: chat[].kind: found \"teams\"; allowed: slack or mattermost"},
        {"chat: [ { name: Slack, kind: slack, app_token: canary-1, bot_token: canary-2 } ]\n",
         "c.yaml:1: chat[].name: found \"Slack\"; allowed: a word of a-z, 0-9 and -, beginning with a "
         "letter"},
        {"chat: [ { name: local, kind: slack, app_token: canary-1, bot_token: canary-2 } ]\n",
         "c.yaml:1: chat[].name: found \"local\", which means people of this host; choose another"},
        {"chat: [ { name: slack, kind: slack, app_token: canary-1, bot_token: canary-2, url: \"https://a\" } "
         "]\n",
         "c.yaml:1: chat[].url: this key is for kind mattermost; this chat is of kind slack"},
        {"chat: [ { name: mm, kind: mattermost, token: canary-1 } ]\n",
         "c.yaml:1: chat[].url: this key is missing; allowed: https://HOST/… (http:// only with "
         "unsafe_endpoints, or when everything is on loopback)"},
        {"chat: [ { name: mm, kind: mattermost, token: canary-1, url: \"http://chat.example.org\" } ]\n",
         "c.yaml:1: chat[].url: found \"http://chat.example.org\"; https:// is needed, except with "
         "unsafe_endpoints: true"},
        {"chat: [ { name: mm, kind: mattermost, token: canary-1, url: \"chat.example.org\" } ]\n",
         "c.yaml:1: chat[].url: found \"chat.example.org\"; allowed: https://HOST/… (http:// only with "
         "unsafe_endpoints, or when everything is on loopback)"},
        {"chat: [ { name: slack, kind: slack, app_token: canary-1, bot_token: canary-2, command: cloudtak } "
         "]\n",
         "c.yaml:1: chat[].command: found \"cloudtak\"; allowed: / and a word of a-z, 0-9, - and _"},
        {"chat:\n  - { name: a, kind: slack, app_token: canary-1, bot_token: canary-2 }\n"
         "  - { name: a, kind: slack, app_token: canary-1, bot_token: canary-2 }\n",
         "c.yaml:3: chat[].name: found \"a\", which is the name of the chat in line 2 already"},
    };
    CHECK(FAULTS);
}

static void people_and_roles_are_checked(void **state)
{
    (void)state;
    static const struct fault FAULTS[] = {
        {CHAT "people: [ { name: ana } ]\n",
         "c.yaml:2: people[].ids: this key is missing; allowed: a list of SERVER:user:ID and local:NAME, "
         "SERVER being the name of a chat"},
        {CHAT "people: [ { name: any, ids: [\"slack:user:U1\"] } ]\n",
         "c.yaml:2: people[].name: found \"any\", which has a meaning already; choose another"},
        {CHAT "people: [ { name: ana, ids: [\"slakc:user:U1\"] } ]\n",
         "c.yaml:2: people[].ids: found \"slakc:user:U1\"; allowed: a list of SERVER:user:ID and local:NAME, "
         "SERVER being the name of a chat"},
        {CHAT "people: [ { name: ana, ids: [\"slack:group:S1\"] } ]\n",
         "c.yaml:2: people[].ids: found \"slack:group:S1\"; allowed: a list of SERVER:user:ID and "
         "local:NAME, SERVER being the name of a chat"},
        {CHAT "people: [ { name: ana, ids: [\"slack:user:\"] } ]\n",
         "c.yaml:2: people[].ids: found \"slack:user:\"; allowed: a list of SERVER:user:ID and local:NAME, "
         "SERVER being the name of a chat"},
        {CHAT "people: [ { name: ana, ids: [\"slack:user:U1\"] }, { name: bo, ids: [\"slack:user:U1\"] } ]\n",
         "c.yaml:2: people[].ids: found \"slack:user:U1\", which is an id of \"ana\" already"},
        {CHAT
         "people: [ { name: ana, ids: [\"slack:user:U1\"] }, { name: ana, ids: [\"slack:user:U2\"] } ]\n",
         "c.yaml:2: people[].name: found \"ana\", which is another person's name already"},
        {CHAT PEOPLE "roles: { Ops: [ana] }\n", "c.yaml:3: roles: found the name \"Ops\"; allowed: a word of "
                                                "a-z, 0-9 and -, beginning with a letter"},
        {CHAT PEOPLE "roles: { everyone: [ana] }\n",
         "c.yaml:3: roles: found the name \"everyone\", which has a meaning already; choose another"},
        {CHAT PEOPLE "roles: { ana: [bo] }\n",
         "c.yaml:3: roles: found the name \"ana\", which is that of a person; choose another"},
        {CHAT PEOPLE "roles: { ops: ana }\n",
         "c.yaml:3: roles: found \"ana\"; allowed: a list of people, roles, SERVER:user:ID, SERVER:group:ID, "
         "local:NAME, any, everyone"},
        {CHAT PEOPLE "roles: [ ana ]\n",
         "c.yaml:3: roles: found a list; allowed: a map of role names, each with a list of people and ids"},
        {CHAT PEOPLE "roles: { ops: [anna] }\n",
         "c.yaml:3: roles: found \"anna\", which is nobody's name; did you mean \"ana\"?"},
        {CHAT PEOPLE "roles: { ops: [charlotte] }\n",
         "c.yaml:3: roles: found \"charlotte\"; allowed: a list of people, roles, SERVER:user:ID, "
         "SERVER:group:ID, local:NAME, any, everyone"},
        {CHAT PEOPLE "roles: { ops: [ana], all: [ops] }\n",
         "c.yaml:3: roles: found the role \"ops\" in a role; write its people here"},
        {CHAT PEOPLE "roles: { ops: [[ana]] }\n",
         "c.yaml:3: roles: found a list; allowed: a list of people, roles, SERVER:user:ID, SERVER:group:ID, "
         "local:NAME, any, everyone"},
    };
    CHECK(FAULTS);
}

#define TARGET_WITH(keys)                                                                                    \
    CHAT PEOPLE "targets: [ { name: cotak prod, account: \"123456789012\", region: us-east-1, " keys " } "   \
                "]\n"

static void targets_are_checked(void **state)
{
    (void)state;
    static const struct fault FAULTS[] = {
        {CHAT "targets: [ { account: \"123456789012\", region: us-east-1 } ]\n",
         "c.yaml:2: targets[].name: this key is missing; allowed: one to four words of a-z, 0-9 and -"},
        {CHAT "targets: [ { name: Cotak, account: \"123456789012\", region: us-east-1 } ]\n",
         "c.yaml:2: targets[].name: found \"Cotak\"; allowed: one to four words of a-z, 0-9 and -"},
        {CHAT "targets: [ { name: a b c d e, account: \"123456789012\", region: us-east-1 } ]\n",
         "c.yaml:2: targets[].name: found \"a b c d e\"; allowed: one to four words of a-z, 0-9 and -"},
        {CHAT "targets: [ { name: cotak, region: us-east-1 } ]\n",
         "c.yaml:2: targets[].account: this key is missing; allowed: twelve digits, in quotes (aws sts "
         "get-caller-identity prints them)"},
        {CHAT "targets: [ { name: cotak, account: \"12345678901\", region: us-east-1 } ]\n",
         "c.yaml:2: targets[].account: found \"12345678901\"; allowed: twelve digits, in quotes"},
        {CHAT "targets: [ { name: cotak, account: unchecked, region: us-east-1 } ]\n",
         "c.yaml:2: targets[].account: found \"unchecked\"; allowed only with unsafe_endpoints: true"},
        {CHAT "targets: [ { name: cotak, account: \"123456789012\", region: us-esat-1x } ]\n",
         "c.yaml:2: targets[].region: found \"us-esat-1x\"; allowed: a region of AWS, such as us-gov-east-1"},
        {TARGET_WITH("preset: v14"),
         "c.yaml:3: targets[].preset: found \"v14\"; allowed: v13, v12, runbook or none"},
        {TARGET_WITH("env: -x"),
         "c.yaml:3: targets[].env: found \"-x\"; allowed: a name of letters, digits, - and _"},
        {TARGET_WITH("role_arn: role"),
         "c.yaml:3: targets[].role_arn: found \"role\"; allowed: arn:PARTITION:iam::ACCOUNT:role/NAME"},
        {TARGET_WITH("probe: \"http://map.example.org\""),
         "c.yaml:3: targets[].probe: found \"http://map.example.org\"; https:// is needed, except with "
         "unsafe_endpoints: true"},
        {TARGET_WITH("allow: { restart: ana }"),
         "c.yaml:3: targets[].allow.restart: found \"ana\"; allowed: a list of people, roles, "
         "SERVER:user:ID, SERVER:group:ID, local:NAME, any, everyone"},
        {TARGET_WITH("allow: { restart: [anaa] }"),
         "c.yaml:3: targets[].allow.restart: found \"anaa\", which is nobody's name; did you mean \"ana\"?"},
        {TARGET_WITH("allow: { restart: [\"slack:team:T1\"] }"),
         "c.yaml:3: targets[].allow.restart: found \"slack:team:T1\"; allowed: a list of people, roles, "
         "SERVER:user:ID, SERVER:group:ID, local:NAME, any, everyone"},
        {TARGET_WITH("allow: { channels: [C1] }"),
         "c.yaml:3: targets[].allow.channels: found \"C1\"; allowed: a list of SERVER:CHANNEL, SERVER being "
         "the name of a chat, or any"},
        {TARGET_WITH("allow: { stop: [ana] }"), "c.yaml:3: targets[].allow.stop: this key is unknown; "
                                                "allowed here: channels, view, logs, restart, downtime"},
        {TARGET_WITH("confirm: { second_person: true }"),
         "c.yaml:3: targets[].confirm.approvers: second_person is true, but nobody may be that person; name "
         "them here"},
        {TARGET_WITH("confirm: { expires: 5s }"),
         "c.yaml:3: targets[].confirm.expires: found \"5s\"; allowed: a duration with its unit (ms, s, m, "
         "h), from 10s to 1h"},
        {TARGET_WITH("preset: none, cluster: c"),
         "c.yaml:3: targets[].services: this key is missing; preset none gives no services"},
        {TARGET_WITH("preset: none, services: [ { key: a, name: b } ]"),
         "c.yaml:3: targets[].cluster: this key is missing; preset none gives no cluster"},
        {TARGET_WITH("services: [ { key: all, name: b } ]"),
         "c.yaml:3: targets[].services[].key: found \"all\", which means every service; choose another"},
        {TARGET_WITH("services: [ { key: api } ]"), "c.yaml:3: targets[].services[].name: this key is "
                                                    "missing; allowed: a name of letters, digits, - and _"},
        {TARGET_WITH("services: [ { key: a, name: b }, { key: c, name: d } ]"),
         "c.yaml:3: targets[].services: 0 services have default: true; exactly one is the default"},
        {TARGET_WITH("services: [ { key: a, name: b, default: true }, { key: a, name: d } ]"),
         "c.yaml:3: targets[].services[].key: found \"a\" twice in one target"},
        {TARGET_WITH("services: [ { key: a, name: b, desired: -1 } ]"),
         "c.yaml:3: targets[].services[].desired: found \"-1\"; allowed: keep, or a number from 0 to 1000"},
        {TARGET_WITH("services: [ { key: a, name: b, drops: everything } ]"),
         "c.yaml:3: targets[].services[].drops: found \"everything\"; allowed: nothing, sockets or imports"},
    };
    CHECK(FAULTS);
}

static void targets_must_differ(void **state)
{
    (void)state;
    static const struct fault FAULTS[] = {
        {CHAT "targets:\n"
              "  - { name: cotak, env: a, account: \"123456789012\", region: us-east-1 }\n"
              "  - { name: cotak, env: b, account: \"123456789012\", region: us-east-1 }\n",
         "c.yaml:4: targets[].name: found \"cotak\", which is the name of the target in line 3 already"},
        {CHAT "targets:\n"
              "  - { name: cotak api, account: \"123456789012\", region: us-east-1 }\n"
              "  - { name: cotak, account: \"123456789012\", region: us-east-1 }\n",
         "c.yaml:3: targets[].name: found \"cotak api\", which also means the service \"api\" of target "
         "\"cotak\""},
        {CHAT "targets:\n"
              "  - { name: blue, env: prod, account: \"123456789012\", region: us-east-1 }\n"
              "  - { name: green, env: prod, account: \"123456789012\", region: us-east-1 }\n",
         "c.yaml:4: targets[].services: \"blue\" and \"green\" both mean the service "
         "tak-cloudtak-prod-stateful of cluster tak-vpc-prod; one target each"},
    };
    CHECK(FAULTS);
    static const char *const elsewhere[] = {"account: \"123456789012\", region: us-east-2",
                                            "account: \"999999999999\", region: us-east-1"};
    for (size_t at = 0; at < 2; at++) {
        char text[600];
        TEXT_FORMAT(text,
                    CHAT
                    "targets:\n  - { name: blue, env: prod, account: \"123456789012\", region: us-east-1 }\n"
                    "  - { name: green, env: prod, %s }\n",
                    elsewhere[at]);
        config_destroy(must_read(text));
    }
}

static void aws_endpoints_are_checked(void **state)
{
    (void)state;
    static const char *const given[] = {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=http://logs.example.org", NULL};
    variables = given;
    static const struct fault FAULTS[] = {
        {CHAT TARGET, "c.yaml: AWS_ENDPOINT_URL_CLOUDWATCH_LOGS in the environment: found "
                      "\"http://logs.example.org\"; https:// is needed, except with unsafe_endpoints: true"}};
    CHECK(FAULTS);
    config_destroy(
        must_read(CHAT "unsafe_endpoints: true\ntargets: [ { name: cotak, region: us-east-1 } ]\n"));
}

static void all_faults_are_told_in_the_order_of_lines(void **state)
{
    (void)state;
    char path[] = "/tmp/cloudtak-config-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char head[] = "targets:\n  - { name: X }\npoll: { active: 5 }\nchats: []\n";
    assert_int_equal(write(fd, head, sizeof(head) - 1), sizeof(head) - 1);
    for (int at = 0; at < 20; at++) {
        assert_int_equal(write(fd, "    ", 0), 0);
        char line[40];
        TEXT_FORMAT(line, "unknown%d: 1\n", at);
        assert_int_equal(write(fd, line, strlen(line)), strlen(line));
    }
    close(fd);
    struct buf all;
    struct err err = {0};
    buf_init(&all, 65536);
    assert_null(config_read_all(path, environment, &err, &all));
    unlink(path);
    size_t lines = 0;
    int before = 0;
    for (const char *at = all.data; *at != '\0'; at = strchr(at, '\n') + 1) {
        if (++lines <= 20) {
            const int line = (int)strtol(at + strlen(path) + 1, NULL, 10);
            assert_true(line >= before);
            before = line;
        }
    }
    assert_int_equal(lines, 21);
    assert_memory_equal(all.data, err.text, strlen(err.text));
    assert_non_null(strstr(all.data, ": and 4 more\n"));
    buf_finish(&all);
}

/* Whatever is wrong with a secret, and wherever it was put: its value is in no sentence. */
static void secrets_are_never_quoted(void **state)
{
    (void)state;
    static const char *const given[] = {"TOKEN=xoxb-canary-1234", NULL};
    variables = given;
    static const char *const TEXTS[] = {
        "chat: [ { name: slack, kind: slack, app_token: \"canary-1234\\n\", bot_token: b } ]\n",
        "chat: [ { name: slack, kind: slack, app_token: \"${TOKEN}\", bot_token: \"${TOKEN}\" } ]\n",
        "chat: [ { name: slack, kind: slack, app_token: canary-1234, bot_token: canary-1234, command: "
        "\"${TOKEN}\" } ]\n",
        "chat: [ { name: slack, kind: slack, app_token: canary-1234, bot_token: canary-1234, api_url: "
        "canary-1234 } ]\n",
        "ca_file: \"${TOKEN}\"\n",
        "xoxb-canary-1234: true\n",
        "ca_file: xoxb-canary-1234\n",
        "roles: { ops: [\"${TOKEN}\"] }\n",
    };
    for (size_t at = 0; at < sizeof(TEXTS) / sizeof(TEXTS[0]); at++) {
        struct err err = {0};
        assert_null(config_read_text("c.yaml", TEXTS[at], environment, &err));
        if (strstr(err.text, "canary") != NULL) {
            fail_msg("%s", err.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_is_kept_plain),
        cmocka_unit_test(keys_and_types_are_checked),
        cmocka_unit_test_teardown(variables_and_files_are_checked, clear_environment),
        cmocka_unit_test(chats_are_checked),
        cmocka_unit_test(people_and_roles_are_checked),
        cmocka_unit_test(targets_are_checked),
        cmocka_unit_test(targets_must_differ),
        cmocka_unit_test_teardown(aws_endpoints_are_checked, clear_environment),
        cmocka_unit_test(all_faults_are_told_in_the_order_of_lines),
        cmocka_unit_test_teardown(secrets_are_never_quoted, clear_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
