/* Passwords of proxies and AWS's keys pass no gate, however they are written. */
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "bot/environment_secrets.h"
#include "lib/check.h"

static const char *proxy, *variable, *value;

static const char *environment(const char *name)
{
    return text_equal(name, "HTTPS_PROXY")                  ? proxy
           : variable != NULL && text_equal(name, variable) ? value
                                                            : NULL;
}

static void passwords_are_held(void **state)
{
    (void)state;
    static const struct {
        const char *proxy, *text;
        bool held;
    } rows[] = {
        {"http://ana:s3cret-word@proxy:3128", "s3cret-word", true},
        {"ana:s3cret-word@proxy", "s3cret-word", true},
        {"http://ana:s3cret%2Fword@proxy/", "s3cret/word", true},
        {"http://ana:s3cret%2Fword@proxy/", "s3cret%2Fword", true},
        {"http://ana:s3cret@word@proxy", "s3cret@word", true},
        {"http://ana:percent%", "percent%", false},
        {"http://ana:percent%4@proxy", "percent%4", true},
        {"http://ana:s3cret-word@proxy:3128", "ana: proxy:3128", false},
        {"http://proxy:3128", "proxy:3128", false},
        {"http://ana@proxy:3128", "proxy:3128", false},
        {"", "", false},
        {NULL, "s3cret-word", false},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        proxy = rows[i].proxy;
        struct environment_secrets *held = environment_secrets_hold(environment);
        CHECK_ROW(rows[i].text, secret_gate_would_change(rows[i].text) == rows[i].held);
        environment_secrets_release(held);
        assert_false(secret_gate_would_change(rows[i].text));
    }
    environment_secrets_release(NULL);
}

static void keys_and_tokens_are_held(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *value, *text;
        bool held;
    } rows[] = {
        {"AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", "id AKIAIOSFODNN7EXAMPLE.", true},
        {"AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI%2FK7MDENG", true},
        {"AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2Vj", "IQoJb3JpZ2luX2Vj", true},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "agent-word-7104", "agent-word-7104", true},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic YWdlbnQtd29yZA", "only YWdlbnQtd29yZA", true},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "", "", false},
        {"AWS_REGION", "us-gov-east-1", "us-gov-east-1", false},
    };
    proxy = NULL;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        variable = rows[i].variable;
        value = rows[i].value;
        struct environment_secrets *held = environment_secrets_hold(environment);
        CHECK_ROW(rows[i].text, secret_gate_would_change(rows[i].text) == rows[i].held);
        environment_secrets_release(held);
        assert_false(secret_gate_would_change(rows[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(passwords_are_held),
                                       cmocka_unit_test(keys_and_tokens_are_held)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
