/* What is counted of commands, operations and messages. Names come from the commands' rows, never from what
 * a person typed. */
#include "base/metric.h"
#include "engine_private.h"
#include "outbox_private.h"

static struct metric commands = {
    .name = "cloudtak_commands_total",
    .kind = METRIC_COUNTER,
    .help = "Commands by how they ended; a started one goes on as an operation.",
    .labels = {"command", "result"},
    METRIC_SERIES(160),
};
static struct metric ended = {
    .name = "cloudtak_operations_ended_total",
    .kind = METRIC_COUNTER,
    .help = "Operations that ended, by verdict.",
    .labels = {"command", "verdict"},
    METRIC_SERIES(32),
};
static struct metric limited = {
    .name = "cloudtak_people_limited_total",
    .kind = METRIC_COUNTER,
    .help = "Requests that were not run because one person asked more than 20 times in a minute.",
    METRIC_SERIES(1),
};
static struct metric messages = {
    .name = "cloudtak_chat_messages_total",
    .kind = METRIC_COUNTER,
    .help = "Tries to post or edit a message: sent, later (tried again), unknown (looked up first), never.",
    .labels = {"chat", "kind", "result"},
    METRIC_SERIES(48),
};
static struct metric checks = {
    .name = "cloudtak_audit_checks_total",
    .kind = METRIC_COUNTER,
    .help = "Checks of the chain of audit records; broken: somebody else changed the store.",
    .labels = {"result"},
    METRIC_SERIES(4),
};
static struct metric altered = {
    .name = "cloudtak_audit_altered_operations_total",
    .kind = METRIC_COUNTER,
    .help = "Operations left alone because somebody else changed their row in the store.",
    METRIC_SERIES(1),
};
struct metric *const ENGINE_METRICS[] = {&commands, &ended, &limited, &messages, &checks, &altered, NULL};

void call_count(const struct call *c, const char *result)
{
    const struct command *command = c->command.parsed.command;
    const char *name = command != NULL                              ? command->name
                       : c->command.request.source == REQUEST_CLICK ? "click"
                                                                    : "none";
    metric_add(&commands, METRIC_VALUES(name, result), 1);
}

void call_count_limited(void)
{
    metric_add(&limited, NULL, 1);
}

void operation_count_end(const struct operation *op)
{
    metric_add(&ended, METRIC_VALUES(op->row.verb, op->row.verdict), 1);
}

void outbox_count_send(const char *server, const struct chat_send *s)
{
    static const char *const KINDS[] = {
        [CHAT_POST] = "post", [CHAT_UPDATE] = "edit", [CHAT_PRIVATE] = "private"};
    static const char *const RESULTS[] = {
        [CHAT_SENT] = "sent", [CHAT_LATER] = "later", [CHAT_UNKNOWN] = "unknown", [CHAT_NEVER] = "never"};
    metric_add(&messages, METRIC_VALUES(server, KINDS[s->kind], RESULTS[s->outcome]), 1);
}

void audit_count_check(const char *result)
{
    metric_add(&checks, METRIC_VALUES(result), 1);
}

void audit_count_altered(void)
{
    metric_add(&altered, NULL, 1);
}
