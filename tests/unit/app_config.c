/* What a right settings file becomes. */
#include "app_config_rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

static const char *const TOKENS[] = {"SLACK_APP_TOKEN=xapp-1-A", "SLACK_BOT_TOKEN=xoxb-2-B", NULL};
static const char WHOLE[] =
    "chat:\n"
    "  - { name: slack, kind: slack, app_token: \"${SLACK_APP_TOKEN}\", bot_token: "
    "\"${SLACK_BOT_TOKEN}\",\n"
    "      api_url: \"https://slack-gov.com/api/\", command: /tak }\n"
    "ca_file: /etc/ca.pem\n"
    "store: { path: /srv/bot/state.db }\n"
    "metrics: { listen: \"[::1]:9000\" }\n"
    "door: { socket: /srv/bot/door.sock, group: tak-operators }\n"
    "poll: { active: 2s, quiet: 20s, budget: 2.5/s }\n"
    "follow: { slow_after: 5m, give_up_after: 1h, after_care: 0s }\n"
    "escalation: { name: ASE, mention: \"slack:group:S1\", phone: \"+1 555 0100\" }\n"
    "people: [ { name: ana, ids: [\"slack:user:U1\", \"local:ana\"] } ]\n"
    "roles: { operators: [ana, \"slack:group:S1\"], approvers: [\"slack:user:U9\"] }\n"
    "targets:\n"
    "  - name: cotak prod\n"
    "    preset: none\n"
    "    production: true\n"
    "    account: \"123456789012\"\n"
    "    region: us-gov-west-1\n"
    "    profile: coegc\n"
    "    cluster: main\n"
    "    services:\n"
    "      - { key: web, name: web-service, desired: 3, default: true, drops: sockets }\n"
    "      - { key: job, name: job-service, desired: keep, drops: imports }\n"
    "    allow: { channels: [\"slack:C1\", any], view: [any], logs: [operators, ana], restart: "
    "[operators],\n"
    "             downtime: [everyone] }\n"
    "    confirm: { expires: 60s, second_person: true, always: true, approvers: [approvers] }\n"
    "    probe: https://map.example.org\n";

static void whole_file_is_understood(void **state)
{
    (void)state;
    variables = TOKENS;
    struct config *c = must_read(WHOLE);
    assert_string_equal(c->file, "c.yaml");
    assert_int_equal(c->chat_count, 1);
    assert_int_equal(c->chats[0].kind, CHAT_SLACK);
    assert_string_equal(secret_reveal(c->chats[0].app_token), "xapp-1-A");
    assert_string_equal(secret_reveal(c->chats[0].bot_token), "xoxb-2-B");
    assert_string_equal(c->chats[0].api_url, "https://slack-gov.com/api/");
    assert_string_equal(c->chats[0].command, "/tak");
    assert_string_equal(c->ca_file, "/etc/ca.pem");
    assert_string_equal(c->store_path, "/srv/bot/state.db");
    assert_string_equal(c->metrics_listen, "[::1]:9000");
    assert_string_equal(c->door.socket, "/srv/bot/door.sock");
    assert_string_equal(c->door.group, "tak-operators");
    assert_int_equal(c->poll_active_ms, 2000);
    assert_int_equal(c->poll_quiet_ms, 20000);
    assert_true(c->poll_budget > 2.49 && c->poll_budget < 2.51);
    assert_int_equal(c->slow_after_ms, 300000);
    assert_int_equal(c->give_up_after_ms, 3600000);
    assert_int_equal(c->after_care_ms, 0);
    assert_string_equal(c->escalation.mention, "slack:group:S1");
    assert_false(c->unsafe_endpoints);
    assert_string_equal(config_person_of(c, "slack", "U1")->name, "ana");
    assert_null(config_person_of(c, "slack", "ana"));
    assert_string_equal(config_person_of(c, "local", "ana")->name, "ana");
    assert_null(config_person_of(c, "local", "U1"));
    struct err err = {0};
    assert_true(config_check_run(c, &err));
    config_destroy(c);
}

static void whole_target_is_understood(void **state)
{
    (void)state;
    variables = TOKENS;
    struct config *c = must_read(WHOLE);
    const struct config_target *t = config_target(c, "cotak prod");
    assert_non_null(t);
    assert_true(t->production);
    assert_string_equal(t->partition, "aws-us-gov");
    assert_string_equal(t->profile, "coegc");
    assert_int_equal(t->service_count, 2);
    assert_ptr_equal(config_default_service(t), config_service(t, "web"));
    assert_int_equal(t->services[0].desired, 3);
    assert_int_equal(t->services[0].drops, DROPS_SOCKETS);
    assert_int_equal(t->services[1].desired, -1);
    assert_int_equal(t->services[1].drops, DROPS_IMPORTS);
    assert_int_equal(t->channel_count, 2);
    assert_string_equal(t->channels[0].id, "C1");
    assert_true(t->channels[1].any);
    assert_int_equal(t->view.list[0].kind, PRINCIPAL_ANY);
    assert_int_equal(t->logs.count, 3); /* ana counts once */
    assert_int_equal(t->logs.list[0].kind, PRINCIPAL_USER);
    assert_int_equal(t->logs.list[1].kind, PRINCIPAL_LOCAL);
    assert_int_equal(t->logs.list[2].kind, PRINCIPAL_GROUP);
    assert_int_equal(t->downtime.list[0].kind, PRINCIPAL_EVERYONE);
    assert_string_equal(t->approvers.list[0].id, "U9");
    assert_int_equal(t->confirm_expires_ms, 60000);
    assert_true(t->second_person && t->confirm_always);
    assert_string_equal(t->probe, "https://map.example.org");
    config_destroy(c);
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    struct config *c = must_read(CHAT TARGET);
    assert_string_equal(c->chats[0].api_url, "https://slack.com/api/");
    assert_string_equal(c->chats[0].command, "/cloudtak");
    assert_string_equal(c->ca_file, "/etc/ssl/certs/ca-certificates.crt");
    assert_string_equal(c->store_path, "/var/lib/cloudtak-bot/state.db");
    assert_string_equal(c->metrics_listen, "127.0.0.1:8421");
    assert_string_equal(c->door.socket, "/run/cloudtak-bot/door.sock");
    assert_string_equal(c->door.group, "");
    assert_int_equal(c->poll_active_ms, 5000);
    assert_int_equal(c->poll_quiet_ms, 15000);
    assert_true(c->poll_budget > 4.99 && c->poll_budget < 5.01);
    assert_int_equal(c->slow_after_ms, 12 * 60000);
    assert_int_equal(c->give_up_after_ms, 60 * 60000);
    assert_int_equal(c->after_care_ms, 10 * 60000);
    assert_string_equal(c->escalation.name, "Application Specific Engineering");
    assert_int_equal(c->targets[0].confirm_expires_ms, 120000);
    assert_false(c->targets[0].restart.set); /* no rule, no right */
    assert_int_equal(c->targets[0].channel_count, 0);
    config_destroy(c);
}

static void presets_name_clusters_and_services(void **state)
{
    (void)state;
    static const struct {
        const char *preset, *cluster, *key, *service;
        int desired;
        bool is_default;
        enum drops drops;
    } ROWS[] = {
        {"v13", "tak-vpc-cotak-prod", "hub", "tak-cloudtak-cotak-prod-stateful", 1, false, DROPS_SOCKETS},
        {"v13", "tak-vpc-cotak-prod", "api", "tak-cloudtak-cotak-prod", -1, true, DROPS_NOTHING},
        {"v13", "tak-vpc-cotak-prod", "events", "tak-cloudtak-cotak-prod-events", 1, false, DROPS_IMPORTS},
        {"v12", "tak-vpc-cotak-prod", "api", "tak-cloudtak-cotak-prod", -1, true, DROPS_NOTHING},
        {"v12", "tak-vpc-cotak-prod", "events", "tak-cloudtak-cotak-prod-events", 1, false, DROPS_IMPORTS},
        {"runbook", "coe-ecs-prod", "api", "tak-cloudtak-prod-Service", 1, true, DROPS_NOTHING},
    };
    for (size_t at = 0; at < sizeof(ROWS) / sizeof(ROWS[0]); at++) {
        char text[400];
        TEXT_FORMAT(
            text,
            CHAT
            "targets: [ { name: cotak prod, preset: %s, account: \"123456789012\", region: us-east-1 } ]\n",
            ROWS[at].preset);
        struct config *c = must_read(text);
        const struct config_service *s = config_service(&c->targets[0], ROWS[at].key);
        assert_non_null(s);
        assert_string_equal(c->targets[0].cluster, ROWS[at].cluster);
        assert_string_equal(s->name, ROWS[at].service);
        assert_int_equal(s->desired, ROWS[at].desired);
        assert_int_equal(s->is_default, ROWS[at].is_default);
        assert_int_equal(s->drops, ROWS[at].drops);
        config_destroy(c);
    }
    struct config *c =
        must_read(CHAT TARGET); /* v13 is meant when none is named, in the order of restart all */
    assert_string_equal(c->targets[0].services[0].key, "hub");
    assert_string_equal(c->targets[0].services[1].key, "api");
    assert_string_equal(c->targets[0].services[2].key, "events");
    config_destroy(c);
}

static void what_is_said_goes_before_the_preset(void **state)
{
    (void)state;
    struct config *c = must_read(
        CHAT "targets: [ { name: cotak, env: blue, stage: s1, account: \"123456789012\", region: us-east-1,\n"
             "  cluster: mine, services: [ { key: one, name: only } ] },\n"
             "  { name: cotak two, env: green, account: \"123456789012\", region: us-east-1 } ]\n");
    assert_string_equal(c->targets[0].cluster, "mine");
    assert_int_equal(c->targets[0].service_count, 1);
    assert_true(c->targets[0].services[0].is_default); /* the only one */
    assert_string_equal(c->targets[1].cluster, "tak-vpc-green");
    config_destroy(c);
}

/* ---- region */

static char folder[64];

static void write_file(const char *name, const char *text, mode_t mode, char path[100])
{
    text_format(path, 100, "%s/%s", folder, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int make_folder(void **state)
{
    TEXT_COPY(folder, "/tmp/cloudtak-config-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return clear_environment(state);
}

static int remove_folder(void **state)
{
    static const char *const FILES[] = {"aws", "config.yaml", "token"};
    for (size_t at = 0; at < sizeof(FILES) / sizeof(FILES[0]); at++) {
        char path[100];
        TEXT_FORMAT(path, "%s/%s", folder, FILES[at]);
        unlink(path);
    }
    rmdir(folder);
    return clear_environment(state);
}

static void region_comes_from_file_profile_role_or_habit(void **state)
{
    (void)state;
    char path[100], config_file[120];
    write_file("aws",
               "[default]\nregion = eu-west-1\n[profile coegc]\nregion = us-gov-west-1\n[profile bare]\n",
               0600, path);
    TEXT_FORMAT(config_file, "AWS_CONFIG_FILE=%s", path);
    const char *const given[] = {config_file, "AWS_SHARED_CREDENTIALS_FILE=/nonexistent",
                                 "AWS_REGION=ap-south-1", "AWS_DEFAULT_REGION=ap-south-1", NULL};
    variables = given;
    static const struct {
        const char *keys, *region, *partition;
    } ROWS[] = {
        {"region: ca-central-1, profile: coegc", "ca-central-1", "aws"},
        {"profile: coegc", "us-gov-west-1", "aws-us-gov"},
        {"production: false", "eu-west-1", "aws"}, /* the default profile's */
        {"profile: bare", "us-east-1", "aws"},
        {"profile: bare, role_arn: \"arn:aws-us-gov:iam::123456789012:role/bot\"", "us-gov-east-1",
         "aws-us-gov"},
    };
    for (size_t at = 0; at < sizeof(ROWS) / sizeof(ROWS[0]); at++) {
        char text[400];
        TEXT_FORMAT(text, CHAT "targets: [ { name: cotak prod, account: \"123456789012\", %s } ]\n",
                    ROWS[at].keys);
        struct config *c = must_read(text);
        assert_string_equal(c->targets[0].region, ROWS[at].region);
        assert_string_equal(c->targets[0].partition, ROWS[at].partition);
        config_destroy(c);
    }
}

/* ---- files */

static void values_may_stand_in_files(void **state)
{
    (void)state;
    char path[100], token[100];
    static const char *const given[] = {"APP=xapp-1", "NAME=token", NULL};
    variables = given;
    write_file("token", "xoxb-from-a-file\n", 0600, token);
    write_file("config.yaml",
               "chat: [ { name: slack, kind: slack, app_token: \"${APP}\", bot_token: \"file:${NAME}\" } ]\n",
               0644, path);
    struct err err = {0};
    struct config *c = config_read(path, environment, &err); /* no secret in it: others may read it */
    if (c == NULL) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(secret_reveal(c->chats[0].bot_token), "xoxb-from-a-file");
    config_destroy(c);
}

static void secrets_in_the_file_want_it_closed(void **state)
{
    (void)state;
    char path[100], expected[300];
    struct err err = {0};
    write_file("config.yaml", "# first\n" CHAT, 0640, path);
    assert_null(config_read(path, environment, &err));
    TEXT_FORMAT(
        expected,
        "%s:2: chat: a secret stands in a file that others may read; run chmod 600 %s, or write ${NAME} "
        "or file:PATH",
        path, path);
    assert_string_equal(err.text, expected);
    assert_int_equal(chmod(path, 0600), 0);
    config_destroy(config_read(path, environment, &err));
    struct config *c = config_read(path, environment, &err);
    assert_non_null(c);
    config_destroy(c);
}

static void missing_file_is_told(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(config_read("/nonexistent/config.yaml", environment, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(err.text,
                        "/nonexistent/config.yaml: the settings cannot be read: No such file or directory; "
                        "name another file with -c");
}

static void example_reads(void **state)
{
    (void)state;
    static const char *const given[] = {"SLACK_APP_TOKEN=xapp-1", "SLACK_BOT_TOKEN=xoxb-2", NULL};
    variables = given;
    struct err err = {0};
    struct config *c =
        config_read("../deploy/config.example.yaml", environment, &err); /* tests run in tests/ */
    if (c == NULL) {
        fail_msg("%s", err.text);
    }
    assert_true(config_check_run(c, &err));
    assert_string_equal(c->targets[0].partition, "aws-us-gov");
    assert_string_equal(config_default_service(&c->targets[0])->name, "tak-cloudtak-cotak-prod");
    assert_int_equal(c->targets[0].restart.count, 2);
    config_destroy(c);
}

/* ---- loopback */

static void all_loopback_implies_unsafe_endpoints(void **state)
{
    (void)state;
    static const char *const all[] = {"AWS_ENDPOINT_URL=http://127.0.0.1:4566",
                                      "AWS_ENDPOINT_URL_ECS=http://[::1]:1/", NULL};
    static const char text[] =
        "chat: [ { name: slack, kind: slack, app_token: xapp-canary-1, bot_token: xoxb-canary-2,\n"
        "          api_url: \"http://localhost:8080/api/\" } ]\n"
        "targets: [ { name: cotak, region: us-east-1, account: unchecked } ]\n";
    variables = all;
    struct config *c = must_read(text);
    assert_true(c->all_loopback);
    assert_true(c->unsafe_endpoints);
    assert_string_equal(c->targets[0].account, "");
    config_destroy(c);

    struct err err = {0};
    variables = NULL; /* then AWS is the real one */
    assert_null(config_read_text("c.yaml", text, environment, &err));
    assert_string_equal(err.text,
                        "c.yaml:1: chat[].api_url: found \"http://localhost:8080/api/\"; https:// is needed, "
                        "except with unsafe_endpoints: true");
}

/* ---- for run */

static void run_wants_more_than_reading(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sentence;
    } ROWS[] = {
        {TARGET, "c.yaml: chat: there is no chat to listen to; describe one"},
        {CHAT, "c.yaml: targets: there is nothing to restart; describe a target"},
        {"chat: [ { name: mm, kind: mattermost, url: \"https://chat.example.org\", token: canary-3 } "
         "]\n" TARGET,
         "c.yaml: chat[].kind: Mattermost is not available in this version; remove the chat \"mm\""},
    };
    for (size_t at = 0; at < sizeof(ROWS) / sizeof(ROWS[0]); at++) {
        struct err err = {0};
        struct config *c = must_read(ROWS[at].text);
        assert_false(config_check_run(c, &err));
        assert_string_equal(err.text, ROWS[at].sentence);
        config_destroy(c);
    }
}

/* ---- show and help */

static void show_can_be_read_again_and_hides_secrets(void **state)
{
    (void)state;
    struct config *c =
        must_read(CHAT PEOPLE "roles: { ops: [ana, bo] }\n"
                              "poll: { active: 1500ms }\nmetrics: { listen: off }\ndoor: { socket: off }\n"
                              "targets: [ { name: cotak prod, account: \"123456789012\", region: "
                              "us-east-1, allow: { channels: [\"slack:C1\"], restart: [ops] } } ]\n");
    struct buf first, second;
    buf_init(&first, 65536);
    buf_init(&second, 65536);
    config_show(c, &first);
    assert_null(strstr(first.data, "canary"));
    assert_non_null(strstr(first.data, "app_token: [secret]\n"));
    assert_non_null(strstr(first.data, "  - name: \"cotak prod\"\n"));
    assert_non_null(strstr(first.data, "active: 1500ms\n"));
    assert_non_null(strstr(first.data, "      - key: \"hub\"\n"));
    assert_non_null(
        strstr(first.data, "      restart: [\"slack:user:U1\", \"local:ana\", \"slack:user:U2\"]\n"));
    config_destroy(c);

    /* The same settings come out of what was shown, once the secrets are put in again. */
    struct buf again;
    buf_init(&again, 65536);
    for (const char *at = first.data; *at != '\0';) {
        const bool secret = text_starts(at, "[secret]");
        buf_text(&again, secret ? "canary-9" : "");
        buf_put(&again, at, secret ? 0 : 1);
        at += secret ? strlen("[secret]") : 1;
    }
    c = must_read(again.data);
    config_show(c, &second);
    assert_string_equal(second.data, first.data);
    config_destroy(c);
    buf_finish(&first);
    buf_finish(&second);
    buf_finish(&again);
}

static void help_tells_every_setting(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 65536);
    config_help(&b);
    assert_false(buf_overflowed(&b));
    assert_non_null(strstr(
        b.data, "\ntargets[].confirm.expires\n    How long a question stays open.\n    a duration with "
                "its unit (ms, s, m, h), from 10s to 1h; default 120s\n"));
    assert_non_null(strstr(b.data, "\nchat[].kind\n    Which platform.\n    slack or mattermost\n"));
    buf_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(whole_file_is_understood, clear_environment),
        cmocka_unit_test_teardown(whole_target_is_understood, clear_environment),
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(presets_name_clusters_and_services),
        cmocka_unit_test(what_is_said_goes_before_the_preset),
        cmocka_unit_test_setup_teardown(region_comes_from_file_profile_role_or_habit, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(values_may_stand_in_files, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(secrets_in_the_file_want_it_closed, make_folder, remove_folder),
        cmocka_unit_test(missing_file_is_told),
        cmocka_unit_test_teardown(example_reads, clear_environment),
        cmocka_unit_test_teardown(all_loopback_implies_unsafe_endpoints, clear_environment),
        cmocka_unit_test(run_wants_more_than_reading),
        cmocka_unit_test(show_can_be_read_again_and_hides_secrets),
        cmocka_unit_test(help_tells_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
