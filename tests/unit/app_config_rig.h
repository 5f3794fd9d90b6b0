#ifndef TESTS_APP_CONFIG_RIG_H
#define TESTS_APP_CONFIG_RIG_H
/* Settings as texts, with an environment of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "bot/config.h"

/* "A=1", …, NULL; set by a test, forgotten by clear_environment. */
static const char *const *variables;

static inline const char *environment(const char *name)
{
    const size_t len = strlen(name);
    for (const char *const *v = variables; v != NULL && *v != NULL; v++) {
        if (strncmp(*v, name, len) == 0 && (*v)[len] == '=') {
            return *v + len + 1;
        }
    }
    return NULL;
}

static inline int clear_environment(void **state)
{
    (void)state;
    variables = NULL;
    return 0;
}

static inline struct config *must_read(const char *text)
{
    struct err err = {0};
    struct config *c = config_read_text("c.yaml", text, environment, &err);
    if (c == NULL) {
        fail_msg("%s", err.text);
    }
    return c;
}

/* A whole file, of which a test replaces a part. */
#define CHAT "chat: [ { name: slack, kind: slack, app_token: xapp-canary-1, bot_token: xoxb-canary-2 } ]\n"
#define PEOPLE                                                                                               \
    "people: [ { name: ana, ids: [\"slack:user:U1\", \"local:ana\"] }, { name: bo, ids: "                    \
    "[\"slack:user:U2\"] } ]\n"
#define TARGET "targets: [ { name: cotak prod, account: \"123456789012\", region: us-gov-east-1 } ]\n"

#endif
