/* What kind a service event is. AWS adds wordings, so short stable substrings are looked for, never whole
 * sentences; the more telling one stands first. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "ecs/diagnose.h"

static const struct {
    const char *part;
    enum event_kind kind;
} rows[] = {
    {"rolling back to deployment", EVENT_ROLLING_BACK},
    {"deployment failed", EVENT_FAILED},
    {"deployment completed", EVENT_COMPLETED},
    {"unable to consistently start tasks", EVENT_CRASH_LOOP},
    {"unable to place a task", EVENT_PLACEMENT},
    {"unable to stop or start tasks during a deployment", EVENT_DEADLOCK},
    {"was unable to scale in", EVENT_PROTECTED},
    {"protected tasks", EVENT_PROTECTED},
    {"operations are being throttled", EVENT_THROTTLED},
    {"is unhealthy in", EVENT_UNHEALTHY},
    {"failed container health checks", EVENT_UNHEALTHY},
    {"has reached a steady state", EVENT_STEADY},
    {"has begun draining connections", EVENT_DRAINING},
    {"deregistered ", EVENT_DEREGISTERED},
    {"registered ", EVENT_REGISTERED},
    {"has started ", EVENT_STARTED},
    {"has stopped ", EVENT_STOPPED},
    {") stopped ", EVENT_STOPPED},
};

enum event_kind diagnose_event(const char *message)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strstr(message, rows[i].part))
            return rows[i].kind;
    return EVENT_OTHER;
}

bool diagnose_deployment_id(const char *message, char *ret, size_t size)
{
    static const char prefix[] = "ecs-svc/";
    const char *at = strstr(message, prefix);
    size_t len = sizeof prefix - 1;

    if (!at || !isdigit((unsigned char)at[len]))
        return false;
    while (isdigit((unsigned char)at[len]))
        len++;
    if (len >= size)
        return false;
    text_copy_n(ret, size, at, len);
    return true;
}
