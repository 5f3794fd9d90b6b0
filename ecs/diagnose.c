/* Why a task stopped. First: was it meant to stop? Then the causes, the most telling text first; at last the
 * exit code. A container's own reason says more than the task's. */
#include "ecs/diagnose.h"

#include <string.h>

#include "base/text.h"

/* Causes that a text names. */
struct cause {
    const char *part; /* of a container's reason or of the task's */
    const char *key, *why, *hint;
};

static const struct cause causes[] = {
    {"OutOfMemoryError", "memory", "killed because it used more memory than it may",
     "Look at the memory graph; the task's memory limit is too small for what it does, or it leaks."},
    {"CannotPullContainerAuth", "image", "its image could not be pulled: not allowed",
     "Look at the execution role's ECR rights."},
    {"CannotPull", "image", "its image could not be pulled",
     "The image has expired (kept 30 days after its build unless tagged active) or was never built. Build it "
     "again before anything is stopped."},
    {"unable to pull secrets or registry auth", "secrets", "its secrets or registry login could not be read",
     "Look at the execution role, at the secrets it names, and at the network's way to AWS."},
    {"failed to validate logger args", "logs", "its log group could not be used",
     "Look at the log group, at the execution role, and at the network's way to CloudWatch Logs."},
    {"ResourceInitializationError", "initialization", "ECS could not prepare it",
     "Usually the execution role, a secret, the log group or the network."},
    {"failed ELB health checks", "target", "the load balancer's health check failed",
     "GET /api gave errors or no answer after the grace period: look at the log's end, at CPU and at the "
     "database."},
    {"failed container health checks", "health", "the container's health check failed",
     "Look at the log's end and at CPU."},
    {"DockerTimeoutError", "agent", "the container runtime did not answer in time",
     "Usually the host, not CloudTAK. ECS tries again."},
    {"ContainerRuntime", "agent", "the container runtime failed",
     "Usually the host, not CloudTAK. ECS tries again."},
    {"CannotStartContainerError", "start", "the container could not be started",
     "Look at the command and the settings of the task definition."},
    {"CannotCreateContainerError", "start", "the container could not be created",
     "Look at the settings of the task definition."},
    {"CannotInspectContainerError", "agent", "the container could not be read by ECS",
     "Usually the host, not CloudTAK."},
    {"CannotStopContainerError", "agent", "the container could not be stopped by ECS",
     "Usually the host, not CloudTAK."},
    {"RESOURCE:", "placement", "no host had room for it", "Look at the cluster's capacity."},
    {"Capacity is unavailable", "placement", "AWS had no capacity for it",
     "AWS's own shortage: ECS tries again, perhaps in another zone."},
    {"limit on the number of", "placement", "the account's limit of running tasks is reached",
     "Ask AWS for a higher quota, or end what is not needed."},
    {"placement constraint", "placement", "no host met its placement constraints",
     "Look at the cluster's hosts."},
    {"EMPTY CAPACITY PROVIDER", "placement", "its capacity provider is empty",
     "Look at the cluster's capacity."},
    {"NO ACTIVE INSTANCES", "placement", "the cluster has no host", "Look at the cluster's capacity."},
    {"Spot Task was interrupted", "spot", "AWS took its spot capacity back, which is no fault of CloudTAK",
     "ECS starts a replacement by itself."},
    {"Host EC2", "host", "its host was stopped", "ECS starts a replacement by itself."},
    {"deregistration forced by user", "host", "its host was taken out of the cluster",
     "ECS starts a replacement by itself."},
    {"maintenance", "host", "AWS takes its host out for maintenance", "ECS starts a replacement by itself."},
};

static const struct {
    int code;
    const char *meaning, *hint;
} exits[] = {
    {0, "the program ended by itself, without an error",
     "A service's program should not end: look at its log."},
    {1, "the program ended with an error",
     "At boot usually the database, the signing secret or a migration: look at the log's end."},
    {2, "wrong use of a command", "Look at the task definition's command."},
    {125, "the container runtime failed", "Usually the host, not CloudTAK."},
    {126, "the command could not be executed", "Look at the task definition's command and at the image."},
    {127, "the command was not found", "Look at the task definition's command and at the image."},
    {134, "aborted, SIGABRT", "With node usually \"JavaScript heap out of memory\": look at the log's end."},
    {137, "killed, SIGKILL",
     "ECS does not name the cause. Without an order to stop it is most likely memory: look at the memory "
     "graph. (Told to stop, CloudTAK's container always ends so, after 30 s.)"},
    {139, "crashed, SIGSEGV", "A fault in native code: look at the log's end."},
    {143, "ended by SIGTERM", "Something told it to stop."},
    {255, "the program ended with an error of its own, or the runtime could not say which",
     "Look at the log's end."},
};

/* ---- meant to stop? */

/* What the stop code says by itself, when no text names a cause. */
static const struct cause codes[] = {
    {"SpotInterruption", "spot", "AWS took its spot capacity back, which is no fault of CloudTAK",
     "ECS starts a replacement by itself."},
    {"TerminationNotice", "host", "AWS takes its host back", "ECS starts a replacement by itself."},
    {"InfrastructureHealth", "host", "AWS found its host unhealthy", "ECS starts a replacement by itself."},
};

static bool benign(const struct ecs_task *task, struct diagnosis *ret)
{
    const char *reason = task->stopped_reason;

    if (text_starts(reason, "Scaling activity initiated by")) {
        TEXT_COPY(ret->why, "replaced or scaled in by ECS, a normal stop");
        TEXT_COPY(ret->key, "scaling");
        return true;
    }
    if (strcmp(task->stop_code, "UserInitiated") == 0) {
        TEXT_FORMAT(ret->why, "stopped by a person or a program: %s", reason[0] ? reason : "no reason given");
        TEXT_COPY(ret->key, "user");
        return true;
    }
    /* The scheduler stops a task for good reasons and for bad ones; the bad ones say so. */
    if (strcmp(task->stop_code, "ServiceSchedulerInitiated") != 0 || strstr(reason, "fail") ||
        strstr(reason, "unhealthy") || strstr(reason, "Error"))
        return false;
    TEXT_COPY(ret->why, "stopped by ECS, a normal stop");
    TEXT_COPY(ret->key, "scheduler");
    return true;
}

/* ---- who is to blame */

/* The container that says something; else the one that ended badly; else one that ended at all. */
static const struct ecs_container *blamed(const struct ecs_task *task)
{
    const struct ecs_container *bad = NULL, *ended = NULL;

    for (size_t i = 0; i < task->container_count; i++) {
        const struct ecs_container *c = &task->containers[i];

        if (c->reason[0])
            return c;
        if (c->exited && c->exit_code != 0 && !bad)
            bad = c;
        if (c->exited && !ended)
            ended = c;
    }
    return bad ? bad : ended;
}

static const struct ecs_container *unhealthy(const struct ecs_task *task)
{
    for (size_t i = 0; i < task->container_count; i++)
        if (strcmp(task->containers[i].health, "UNHEALTHY") == 0)
            return &task->containers[i];
    return NULL;
}

static const struct cause *find_cause(const char *text)
{
    for (size_t i = 0; text[0] && i < sizeof causes / sizeof causes[0]; i++)
        if (strstr(text, causes[i].part))
            return &causes[i];
    return NULL;
}

static const struct cause *find_code(const struct ecs_task *task)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(task->stop_code, codes[i].part) == 0)
            return &codes[i];
    return NULL;
}

/* ---- the sentence */

static void tell_cause(const struct cause *cause, const struct ecs_container *c, const char *said,
                       struct diagnosis *ret)
{
    if (c)
        TEXT_FORMAT(ret->why, "%s, container \"%s\": %s", cause->why, c->name, said);
    else
        TEXT_FORMAT(ret->why, "%s%s%s", cause->why, *said ? ": " : "", said);
    ret->outside = strcmp(cause->key, "spot") == 0 || strcmp(cause->key, "host") == 0;
    TEXT_COPY(ret->hint, cause->hint);
    TEXT_FORMAT(ret->key, "%s:%s", cause->key, c ? c->name : "");
}

/* What ECS copied from the program's last words, and what they mean to those who know it. */
static void add_last_words(const struct ecs_container *c, struct diagnosis *ret)
{
    const char *meaning = diagnose_log_line(c->reason);
    char why[DIAGNOSE_TEXT];

    if (!c->reason[0])
        return;
    TEXT_COPY(why, ret->why);
    TEXT_FORMAT(ret->why, "%s: %s", why, c->reason);
    if (meaning)
        TEXT_FORMAT(ret->hint, "Most likely %s.", meaning);
}

static void tell_exit(const struct ecs_container *c, struct diagnosis *ret)
{
    const char *meaning = "", *hint = "Look at the log's end.";
    char signal[32];

    if (c->exit_code > 128 && c->exit_code < 128 + 65) {
        TEXT_FORMAT(signal, "ended by signal %d", c->exit_code - 128);
        meaning = signal;
    }
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
        if (exits[i].code == c->exit_code) {
            meaning = exits[i].meaning;
            hint = exits[i].hint;
        }
    TEXT_FORMAT(ret->why, "exit code %d in container \"%s\"%s%s%s", c->exit_code, c->name,
                *meaning ? " (" : "", meaning, *meaning ? ")" : "");
    TEXT_COPY(ret->hint, hint);
    TEXT_FORMAT(ret->key, "exit:%d:%s", c->exit_code, c->name);
    add_last_words(c, ret);
}

static void tell_unknown(const struct ecs_task *task, struct diagnosis *ret)
{
    const char *reason = task->stopped_reason[0] ? task->stopped_reason : task->stop_code;

    TEXT_FORMAT(ret->why, "%s", reason[0] ? reason : "AWS gave no reason");
    TEXT_FORMAT(ret->key, "other:%s", reason);
}

void diagnose_task(const struct ecs_task *task, struct diagnosis *ret)
{
    const struct ecs_container *c = blamed(task);
    const struct cause *cause = NULL;
    const char *said = task->stopped_reason;

    memset(ret, 0, sizeof *ret);
    ret->exit_code = c && c->exited ? c->exit_code : -1;
    if (benign(task, ret)) {
        ret->benign = true;
        return;
    }
    if (c && (cause = find_cause(c->reason)))
        said = c->reason;
    else if ((cause = find_cause(said)) && strcmp(cause->key, "health") == 0 && unhealthy(task))
        c = unhealthy(task);
    else if ((cause || (cause = find_code(task))) && !(c && c->reason[0]))
        c = NULL; /* the task's own cause: the exit code that follows from the stop blames nobody */
    if (c)
        TEXT_COPY(ret->container, c->name);
    if (cause)
        tell_cause(cause, c, said, ret);
    else if (c && c->exited)
        tell_exit(c, ret);
    else
        tell_unknown(task, ret);
}
