/* Passwords of proxies pass no gate, however they are written. */
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "bot/environment_secrets.h"
#include "lib/check.h"

static const char *proxy;

static const char *environment(const char *name)
{
    return text_equal(name, "HTTPS_PROXY") ? proxy : NULL;
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(passwords_are_held)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
