/* Keys from the container's agent: whom they are asked of, with which token, and how often. */
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
#include "base/clock.h"
#include "base/text.h"
#include "ecs/aws/credentials_source.h"
#include "loop/loop.h"
#include "net/http.h"
#include "net/server.h"

#define WAIT_MS 10000

/* ---- a made environment */

static struct {
    const char *name;
    char value[512];
} environment[8];
static char token_file[] = "/tmp/aws-container-XXXXXX";

static void set_variable(const char *name, const char *value)
{
    for (size_t i = 0; i < 8; i++) {
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
    for (size_t i = 0; i < 8 && environment[i].name != NULL; i++) {
        if (strcmp(environment[i].name, name) == 0)
            return environment[i].value;
    }
    return NULL;
}

static void write_token(const char *text)
{
    FILE *f = fopen(token_file, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    set_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token_file);
}

/* ---- an agent on loopback, and credentials that ask it */

#define KEYS                                                                                                 \
    "{\"AccessKeyId\":\"ASIACONTAINER\",\"SecretAccessKey\":\"container-secret\",\"Token\":\"container-"     \
    "token\",\"Expiration\":\"2126-11-22T20:00:00Z\"}"

struct step {
    int status; /* 0 = no answer */
    const char *body;
};

static struct world {
    struct clock clock;
    struct loop *loop;
    struct http *http;
    struct server *server;
    struct credentials *credentials;
    const struct step *steps;
    int requests, closed, done;
    char token[64], path[64], access_key[64], source[64];
    struct credentials_request last;
} w;

static void on_request(void *user, struct server_call *c)
{
    (void)user;
    const struct step *step = &w.steps[w.requests++];
    const char *token = server_header(c, "authorization");
    TEXT_COPY(w.token, token == NULL ? "" : token);
    TEXT_COPY(w.path, server_path(c));
    if (step->status != 0)
        server_answer(c, step->status, "application/json", NULL, step->body, strlen(step->body));
    else
        loop_stop(w.loop);
}

static int set_up(void **state)
{
    (void)state;
    struct err err = {0};
    memset(environment, 0, sizeof environment);
    memcpy(token_file, "/tmp/aws-container-XXXXXX", sizeof token_file);
    int fd = mkstemp(token_file);
    assert_true(fd >= 0);
    close(fd);
    w = (struct world){.clock = clock_real(1, 0)};
    w.loop = loop_create(&w.clock);
    const struct http_options http = {.user_agent = "test", .proxy = ""};
    w.http = http_create(w.loop, &http, &err);
    const struct server_options server = {.on_request = on_request};
    w.server = server_create(w.loop, &server, &err);
    const struct credentials_options options = {.loop = w.loop, .http = w.http, .environment = get_variable};
    w.credentials = credentials_create(&options, &err);
    if (w.http == NULL || w.server == NULL || w.credentials == NULL)
        fail_msg("%s", err.text);
    return 0;
}

static void on_closed(void *user)
{
    (void)user;
    if (++w.closed == 2)
        loop_stop(w.loop);
}

static int tear_down(void **state)
{
    (void)state;
    credentials_destroy(w.credentials);
    http_close(w.http, on_closed, NULL);
    server_close(w.server, on_closed, NULL);
    loop_run_for(w.loop, WAIT_MS);
    assert_int_equal(w.closed, 2);
    assert_int_equal(loop_destroy(w.loop), 0);
    return unlink(token_file);
}

static void on_done(struct credentials_request *r)
{
    w.last = *r;
    TEXT_COPY(w.access_key, r->ok ? r->keys.access_key : "");
    TEXT_COPY(w.source, r->ok ? r->keys.source : "");
    w.done++;
    loop_stop(w.loop);
}

static void start(struct credentials_request *r, const struct step *steps)
{
    char url[64];
    TEXT_FORMAT(url, "http://127.0.0.1:%d/v2/keys", server_port(w.server));
    set_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    w.steps = steps;
    *r = (struct credentials_request){.done = on_done};
    credentials_get(w.credentials, r);
}

static void ask(const struct step *steps)
{
    struct credentials_request r;
    start(&r, steps);
    assert_int_equal(w.done, 0);
    loop_run_for(w.loop, WAIT_MS);
    assert_int_equal(w.done, 1);
}

static void the_agent_gives_keys(void **state)
{
    (void)state;
    static const struct step steps[] = {{200, KEYS}};
    write_token("file-token");
    ask(steps);
    assert_true(w.last.ok);
    assert_string_equal(w.access_key, "ASIACONTAINER");
    assert_string_equal(w.source, "ECS container");
    assert_string_equal(w.token, "file-token");
    assert_string_equal(w.path, "/v2/keys");
    assert_int_equal(w.requests, 1);
}

static void one_fetch_serves_all_who_wait(void **state)
{
    (void)state;
    static const struct step steps[] = {{200, KEYS}};
    struct credentials_request r[4];
    for (int i = 0; i < 4; i++)
        start(&r[i], steps);
    while (w.done < 4)
        loop_run_for(w.loop, WAIT_MS);
    assert_int_equal(w.requests, 1);
    assert_int_equal(w.last.keys.generation, 1);
}

static void a_failing_agent_is_asked_three_times(void **state)
{
    (void)state;
    static const struct step steps[] = {{500, ""}, {200, "{\"cut"}, {200, KEYS}, {200, KEYS}};
    int64_t begun = loop_now(w.loop);
    ask(steps);
    assert_true(w.last.ok);
    assert_int_equal(w.requests, 3);
    assert_in_range(loop_now(w.loop) - begun, 1900, 6000);
}

static void after_three_failures_it_is_an_error(void **state)
{
    (void)state;
    static const struct step steps[] = {{500, ""}, {500, ""}, {503, ""}, {200, KEYS}};
    ask(steps);
    assert_false(w.last.ok);
    assert_non_null(strstr(w.last.err.text, "answered 503"));
    assert_int_equal(w.requests, 3);
}

static void a_refusal_is_final(void **state)
{
    (void)state;
    static const struct step steps[] = {{404, ""}, {200, KEYS}};
    ask(steps);
    assert_false(w.last.ok);
    assert_int_equal(w.last.err.code, ERR_DENIED);
    assert_non_null(strstr(w.last.err.text, "task role"));
    assert_int_equal(w.requests, 1);
}

static void destroyed_while_the_agent_is_silent(void **state)
{
    (void)state;
    static const struct step steps[] = {{0, ""}};
    struct credentials_request r;
    start(&r, steps);
    loop_run_for(w.loop, WAIT_MS); /* until it has arrived */
    assert_int_equal(w.requests, 1);
    credentials_destroy(w.credentials);
    w.credentials = NULL;
    assert_int_equal(w.done, 1);
    assert_int_equal(w.last.err.code, ERR_CANCELLED);
    loop_run_for(w.loop, 50);
    assert_int_equal(w.done, 1);
}

static void destroyed_between_two_tries(void **state)
{
    (void)state;
    static const struct step steps[] = {{500, ""}, {200, KEYS}};
    struct credentials_request r;
    start(&r, steps);
    loop_run_for(w.loop, 400);
    assert_int_equal(w.requests, 1);
    credentials_destroy(w.credentials);
    w.credentials = NULL;
    assert_int_equal(w.done, 1);
    loop_run_for(w.loop, 1200);
    assert_int_equal(w.requests, 1);
}

/* ---- the container's place and answer */

static enum source_result read_container(struct source_answer *answer)
{
    const struct source_place place = {get_variable, NULL};
    memset(answer, 0, sizeof *answer);
    return credentials_container.read(&place, answer);
}

static void the_relative_path_wins_and_goes_to_the_agent(void **state)
{
    (void)state;
    struct source_answer answer;
    assert_int_equal(read_container(&answer), SOURCE_NONE);
    set_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/abc");
    set_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://elsewhere.example/");
    assert_int_equal(read_container(&answer), SOURCE_ASK);
    assert_string_equal(answer.ask.url, "http://169.254.170.2/v2/credentials/abc");
    source_answer_finish(&answer);
    set_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/");
    assert_int_equal(read_container(&answer), SOURCE_FAILED);
}

static void keys_are_asked_of_listed_hosts_only(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum source_result wanted;
    } rows[] = {
        {"http://127.0.0.1:8080/creds", SOURCE_ASK},
        {"http://localhost/creds", SOURCE_ASK},
        {"http://[::1]:80/creds", SOURCE_ASK},
        {"http://169.254.170.2/creds", SOURCE_ASK},
        {"http://169.254.170.23/v1/credentials", SOURCE_ASK},
        {"http://[fd00:ec2::23]/v1/credentials", SOURCE_ASK},
        {"https://any.example/creds", SOURCE_ASK},
        {"http://any.example/creds", SOURCE_FAILED},
        {"http://169.254.170.2.any.example/creds", SOURCE_FAILED},
        {"http://169.254.170.2@any.example/creds", SOURCE_FAILED},
        {"http://169.254.170.2:80@any.example/creds", SOURCE_FAILED},
        {"http://169.254.170.2\\@any.example/creds", SOURCE_FAILED},
        {"http://any.example#169.254.170.2/", SOURCE_FAILED},
        {"http://169.254.169.254/creds", SOURCE_FAILED},
        {"ftp://127.0.0.1/creds", SOURCE_FAILED},
        {"https:///creds", SOURCE_FAILED},
        {"127.0.0.1", SOURCE_FAILED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct source_answer answer;
        set_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", rows[i].url);
        if (read_container(&answer) != rows[i].wanted)
            fail_msg("%s", rows[i].url);
        source_answer_finish(&answer);
    }
}

static void the_token_file_beats_the_token_and_line_ends_are_refused(void **state)
{
    (void)state;
    struct source_answer answer;
    set_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/creds");
    set_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN", "plain-token");
    assert_int_equal(read_container(&answer), SOURCE_ASK);
    assert_string_equal(secret_reveal(answer.ask.token), "plain-token");
    source_answer_finish(&answer);
    write_token("file-token");
    assert_int_equal(read_container(&answer), SOURCE_ASK);
    assert_string_equal(secret_reveal(answer.ask.token), "file-token");
    source_answer_finish(&answer);
    write_token("file-token\r\nX: y");
    assert_int_equal(read_container(&answer), SOURCE_FAILED);
    assert_null(strstr(answer.err.text, "file-token"));
}

static void the_containers_answer(void **state)
{
    (void)state;
    static const char good[] = "{\"AccessKeyId\":\"ASIACONTAINER\",\"SecretAccessKey\":\"container-secret\","
                               "\"Token\":\"container-token\",\"Expiration\":\"2026-11-22T20:00:00Z\"}";
    static const char *const bad[] = {
        "", "{}", "[1]", "{\"AccessKeyId\":\"A\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"b\",\"Expiration\":\"soon\"}"};
    struct found_keys keys = {0};
    struct err err = {0};
    assert_true(container_decode(good, strlen(good), &keys, &err));
    assert_string_equal(secret_reveal(keys.access_key), "ASIACONTAINER");
    assert_string_equal(secret_reveal(keys.session_token), "container-token");
    assert_int_equal(keys.expires_ms, 1795377600000);
    found_keys_finish(&keys);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(container_decode(bad[i], strlen(bad[i]), &keys, &err));
    assert_null(keys.access_key);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_agent_gives_keys),
        TEST(one_fetch_serves_all_who_wait),
        TEST(a_failing_agent_is_asked_three_times),
        TEST(after_three_failures_it_is_an_error),
        TEST(a_refusal_is_final),
        TEST(destroyed_while_the_agent_is_silent),
        TEST(destroyed_between_two_tries),
        TEST(the_relative_path_wins_and_goes_to_the_agent),
        TEST(keys_are_asked_of_listed_hosts_only),
        TEST(the_token_file_beats_the_token_and_line_ends_are_refused),
        TEST(the_containers_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
