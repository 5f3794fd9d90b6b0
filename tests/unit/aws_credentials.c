/* The chain of sources and the cache in front of it. The environment and the files are the test's own; ~/.aws
 * is never read. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws/credentials.h"
#include "aws/region.h"
#include "base/clock.h"
#include "base/text.h"
#include "loop/loop.h"

#define START_MS 1795356128000 /* 2026-11-22T14:02:08Z */
#define MINUTE   60000

/* ---- a made environment and its folder */

static struct {
    const char *name;
    char value[512];
} environment[16];
static int environment_reads;
static char folder[] = "/tmp/aws-credentials-XXXXXX";

static void set_variable(const char *name, const char *value)
{
    for (size_t i = 0; i < 16; i++) {
        if (environment[i].name == NULL || strcmp(environment[i].name, name) == 0) {
            environment[i].name = name;
            TEXT_COPY(environment[i].value, value);
            return;
        }
    }
    fail_msg("too many variables");
}

static const char *get_variable(const char *name)
{
    environment_reads += strcmp(name, "AWS_ACCESS_KEY_ID") == 0;
    for (size_t i = 0; i < 16 && environment[i].name != NULL; i++) {
        if (strcmp(environment[i].name, name) == 0)
            return environment[i].value;
    }
    return NULL;
}

static void write_file(const char *variable, const char *name, const char *text)
{
    char path[256];
    TEXT_FORMAT(path, "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    set_variable(variable, path);
}

/* ---- asking */

struct world {
    struct clock clock;
    struct loop *loop;
    struct credentials *credentials;
};

struct asked {
    struct credentials_request request;
    int calls;
    bool ok;
    struct err err;
    char access_key[64], secret_key[128], token[128], source[160];
    int64_t expires_ms;
    uint64_t generation;
};

static int set_up(void **state)
{
    static struct world w;
    memset(environment, 0, sizeof environment);
    environment_reads = 0;
    memcpy(folder, "/tmp/aws-credentials-XXXXXX", sizeof folder);
    assert_non_null(mkdtemp(folder));
    w = (struct world){.clock = clock_virtual(START_MS)};
    w.loop = loop_create_virtual(&w.clock);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {"config", "credentials", "token"};
    credentials_destroy(w->credentials);
    assert_int_equal(loop_destroy(w->loop), 0);
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        TEXT_FORMAT(path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void create(struct world *w, const char *profile)
{
    struct err err;
    const struct credentials_options options = {
        .loop = w->loop, .profile = profile, .environment = get_variable};
    w->credentials = credentials_create(&options, &err);
    assert_non_null(w->credentials);
}

static void on_done(struct credentials_request *r)
{
    struct asked *a = r->user;
    a->calls++;
    a->ok = r->ok;
    a->err = r->err;
    if (!r->ok)
        return;
    TEXT_COPY(a->access_key, r->keys.access_key);
    TEXT_COPY(a->secret_key, secret_reveal(r->keys.secret_key));
    TEXT_COPY(a->token, secret_reveal(r->keys.session_token));
    TEXT_COPY(a->source, r->keys.source);
    a->expires_ms = r->keys.expires_ms;
    a->generation = r->keys.generation;
}

static void start(struct world *w, struct asked *a)
{
    memset(a, 0, sizeof *a);
    a->request = (struct credentials_request){.done = on_done, .user = a};
    credentials_get(w->credentials, &a->request);
    assert_int_equal(a->calls, 0); /* never inside */
}

static struct asked ask(struct world *w)
{
    static struct asked a;
    start(w, &a);
    loop_run_for(w->loop, 0);
    assert_int_equal(a.calls, 1);
    return a;
}

static void expect_error(struct asked a, const char *part)
{
    assert_false(a.ok);
    if (strstr(a.err.text, part) == NULL)
        fail_msg("\"%s\" has no \"%s\"", a.err.text, part);
}

static void environment_keys(void)
{
    set_variable("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT");
    set_variable("AWS_SECRET_ACCESS_KEY", "environment-secret");
}

static void two_profiles(void)
{
    write_file(
        "AWS_CONFIG_FILE", "config",
        "# the group's file\n[default]\nregion = us-gov-west-1\n\n[profile coegc]\nregion = us-gov-east-1 ; "
        "ours\naws_access_key_id = AKIACONFIG\naws_secret_access_key = config-secret\ns3 =\n  "
        "max_concurrent_requests = 20\n[profile \"only config\"]\nAWS_ACCESS_KEY_ID=AKIAONLY\n"
        "aws_secret_access_key=only-secret\n[profile empty]\nregion=us-east-1\n");
    write_file("AWS_SHARED_CREDENTIALS_FILE", "credentials",
               "[coegc]\r\naws_access_key_id = AKIACOEGC\r\naws_secret_access_key = coegc-secret\r\n"
               "aws_session_token = coegc-token\r\n[default]\naws_access_key_id = AKIADEFAULT # mine\n"
               "aws_secret_access_key = default-secret\n");
}

/* ---- the chain */

static void the_environment_comes_first(void **state)
{
    two_profiles();
    environment_keys();
    set_variable("AWS_PROFILE", "coegc");
    create(*state, NULL);
    struct asked a = ask(*state);
    assert_true(a.ok);
    assert_string_equal(a.access_key, "AKIAENVIRONMENT");
    assert_string_equal(a.secret_key, "environment-secret");
    assert_string_equal(a.token, "");
    assert_string_equal(a.source, "environment");
    assert_int_equal(a.expires_ms, 0);
}

static void a_configured_profile_takes_the_environment_out(void **state)
{
    two_profiles();
    environment_keys();
    create(*state, "coegc");
    struct asked a = ask(*state);
    assert_true(a.ok);
    assert_string_equal(a.access_key, "AKIACOEGC"); /* the credentials file wins over config */
    assert_string_equal(a.secret_key, "coegc-secret");
    assert_string_equal(a.token, "coegc-token");
    assert_string_equal(a.source, "profile coegc");
}

static void the_default_profile_needs_no_name(void **state)
{
    two_profiles();
    create(*state, NULL);
    struct asked a = ask(*state);
    assert_true(a.ok);
    assert_string_equal(a.access_key, "AKIADEFAULT");
    assert_string_equal(a.source, "profile default");
}

static void quoted_names_and_upper_case_settings(void **state)
{
    two_profiles();
    set_variable("AWS_PROFILE", "only config");
    create(*state, NULL);
    assert_string_equal(ask(*state).access_key, "AKIAONLY");
}

static void a_key_without_its_secret_is_an_error(void **state)
{
    set_variable("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT");
    create(*state, NULL);
    expect_error(ask(*state), "AWS_SECRET_ACCESS_KEY is not");
}

static void an_absent_named_profile_is_an_error_not_a_fall_through(void **state)
{
    two_profiles();
    set_variable("AWS_PROFILE", "nobody");
    create(*state, NULL);
    expect_error(ask(*state), "profile nobody is in neither AWS file");
}

static void nothing_configured_says_what_to_set(void **state)
{
    set_variable("HOME", folder);
    create(*state, NULL);
    expect_error(ask(*state), "AWS_ACCESS_KEY_ID");
}

static void a_profile_without_keys_is_named(void **state)
{
    two_profiles();
    create(*state, "empty");
    expect_error(ask(*state), "profile empty has no keys");
}

static void kinds_that_are_not_supported_say_what_to_use(void **state)
{
    static const struct {
        const char *setting, *word;
    } kinds[] = {
        {"role_arn = arn:aws:iam::123456789012:role/bot\nsource_profile = default", "role_arn"},
        {"sso_session = main\nsso_account_id = 123456789012", "AWS SSO"},
        {"credential_process = /opt/bin/keys", "credential_process"},
        {"login_session = arn:aws:iam::123456789012:user/ana", "aws login"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char text[256];
        TEXT_FORMAT(text, "[profile other]\n%s\n", kinds[i].setting);
        write_file("AWS_CONFIG_FILE", "config", text);
        create(w, "other");
        struct asked a = ask(w);
        expect_error(a, kinds[i].word);
        expect_error(a, "not supported by this release");
        expect_error(a, "export-credentials --profile other");
        credentials_destroy(w->credentials);
    }
    w->credentials = NULL;
    set_variable("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token");
    create(w, NULL);
    expect_error(ask(w), "web identity is not supported");
}

static void a_broken_file_names_its_line_and_no_content(void **state)
{
    write_file("AWS_CONFIG_FILE", "config", "[default]\nthe-secret-itself\n");
    create(*state, NULL);
    struct asked a = ask(*state);
    expect_error(a, "line 2");
    assert_null(strstr(a.err.text, "the-secret"));
}

static void keys_with_foreign_characters_are_refused(void **state)
{
    environment_keys();
    set_variable("AWS_SECRET_ACCESS_KEY", "two\r\nlines: of secret");
    create(*state, NULL);
    struct asked a = ask(*state);
    expect_error(a, "secret key");
    assert_null(strstr(a.err.text, "lines"));
}

static void the_region_of_a_profile(void **state)
{
    (void)state;
    char region[40] = "kept";
    struct err err;
    two_profiles();
    assert_true(region_of_profile(get_variable, "coegc", region, sizeof region, &err));
    assert_string_equal(region, "us-gov-east-1");
    assert_true(region_of_profile(get_variable, NULL, region, sizeof region, &err));
    assert_string_equal(region, "us-gov-west-1");
    assert_true(region_of_profile(get_variable, "only config", region, sizeof region, &err));
    assert_string_equal(region, "");
}

/* ---- the cache */

static void expiring_environment(struct world *w, int64_t in_ms)
{
    char expires[TEXT_TIME];
    text_time_iso(expires, clock_wall(&w->clock) + in_ms);
    environment_keys();
    set_variable("AWS_CREDENTIAL_EXPIRATION", expires);
}

static void fresh_keys_are_answered_from_the_cache(void **state)
{
    struct world *w = *state;
    expiring_environment(w, 60 * MINUTE);
    create(w, NULL);
    struct asked first = ask(w);
    assert_int_equal(first.expires_ms, START_MS + 60 * MINUTE);
    assert_int_equal(credentials_expiry(w->credentials), START_MS + 60 * MINUTE);
    clock_advance(&w->clock, 44 * MINUTE);
    assert_true(ask(w).ok);
    assert_int_equal(environment_reads, 1);
}

static void renewed_beside_use_from_15_minutes_before_the_end(void **state)
{
    struct world *w = *state;
    expiring_environment(w, 60 * MINUTE);
    create(w, NULL);
    ask(w);
    clock_advance(&w->clock, 46 * MINUTE);
    set_variable("AWS_ACCESS_KEY_ID", "AKIANEWER");
    expiring_environment(w, 60 * MINUTE);
    set_variable("AWS_ACCESS_KEY_ID", "AKIANEWER");
    ask(w);
    assert_int_equal(environment_reads, 2);
    struct asked a = ask(w);
    assert_string_equal(a.access_key, "AKIANEWER");
    assert_int_equal(a.generation, 2);
    assert_int_equal(environment_reads, 2);
}

static void a_failed_renewal_keeps_the_old_keys_until_their_end(void **state)
{
    struct world *w = *state;
    expiring_environment(w, 60 * MINUTE);
    create(w, NULL);
    ask(w);
    set_variable("AWS_SECRET_ACCESS_KEY", "");
    clock_advance(&w->clock, 55 * MINUTE);
    assert_true(ask(w).ok);
    assert_int_equal(environment_reads, 2);
    assert_true(ask(w).ok); /* within the pause nobody asks again */
    assert_int_equal(environment_reads, 2);
    clock_advance(&w->clock, 2 * MINUTE);
    assert_true(ask(w).ok);
    assert_int_equal(environment_reads, 3);
    clock_advance(&w->clock, 4 * MINUTE);
    expect_error(ask(w), "AWS_SECRET_ACCESS_KEY is not");
}

static void keys_that_have_ended_already_are_an_error(void **state)
{
    expiring_environment(*state, -MINUTE);
    create(*state, NULL);
    expect_error(ask(*state), "have ended");
}

static void forgotten_keys_are_read_again_and_the_generation_tells(void **state)
{
    struct world *w = *state;
    environment_keys();
    create(w, NULL);
    assert_int_equal(ask(w).generation, 1);
    credentials_forget(w->credentials);
    assert_int_equal(ask(w).generation, 1); /* the very same keys */
    assert_int_equal(environment_reads, 2);
    credentials_forget(w->credentials);
    set_variable("AWS_SECRET_ACCESS_KEY", "rotated-secret");
    struct asked a = ask(w);
    assert_int_equal(a.generation, 2);
    assert_string_equal(a.secret_key, "rotated-secret");
}

static void forgotten_keys_are_not_handed_out_when_the_source_fails(void **state)
{
    struct world *w = *state;
    environment_keys();
    create(w, NULL);
    ask(w);
    credentials_forget(w->credentials);
    set_variable("AWS_SECRET_ACCESS_KEY", "");
    expect_error(ask(w), "AWS_SECRET_ACCESS_KEY is not");
}

static void every_asker_is_answered_once_in_one_turn(void **state)
{
    struct world *w = *state;
    struct asked a[5];
    environment_keys();
    create(w, NULL);
    for (int i = 0; i < 5; i++)
        start(w, &a[i]);
    loop_run_for(w->loop, 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(a[i].calls, 1);
        assert_true(a[i].ok);
    }
    assert_int_equal(environment_reads, 1);
}

static void destroy_answers_who_waits(void **state)
{
    struct world *w = *state;
    struct asked a;
    environment_keys();
    create(w, NULL);
    start(w, &a);
    credentials_destroy(w->credentials);
    w->credentials = NULL;
    assert_int_equal(a.calls, 1);
    assert_false(a.ok);
    assert_int_equal(a.err.code, ERR_CANCELLED);
    loop_run_for(w->loop, 10);
    assert_int_equal(a.calls, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_environment_comes_first),
        TEST(a_configured_profile_takes_the_environment_out),
        TEST(the_default_profile_needs_no_name),
        TEST(quoted_names_and_upper_case_settings),
        TEST(a_key_without_its_secret_is_an_error),
        TEST(an_absent_named_profile_is_an_error_not_a_fall_through),
        TEST(nothing_configured_says_what_to_set),
        TEST(a_profile_without_keys_is_named),
        TEST(kinds_that_are_not_supported_say_what_to_use),
        TEST(a_broken_file_names_its_line_and_no_content),
        TEST(keys_with_foreign_characters_are_refused),
        TEST(the_region_of_a_profile),
        TEST(fresh_keys_are_answered_from_the_cache),
        TEST(renewed_beside_use_from_15_minutes_before_the_end),
        TEST(a_failed_renewal_keeps_the_old_keys_until_their_end),
        TEST(keys_that_have_ended_already_are_an_error),
        TEST(forgotten_keys_are_read_again_and_the_generation_tells),
        TEST(forgotten_keys_are_not_handed_out_when_the_source_fails),
        TEST(every_asker_is_answered_once_in_one_turn),
        TEST(destroy_answers_who_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
