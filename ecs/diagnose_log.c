/* What a line of CloudTAK's own log means. Signatures of its source, most telling first: a row names the
 * cause, a later one only that something ended. */
#include <string.h>

#include "base/text.h"
#include "ecs/diagnose.h"

static const struct {
    const char *part;
    const char *meaning;
} rows[] = {
    {"JavaScript heap out of memory", "node ran out of heap"},
    {"OutOfMemoryError", "the container ran out of memory"},
    {"password authentication failed",
     "the database refuses the password: it was rotated, and a restart starts the old one again; the stack "
     "must be updated"},
    {"Failed query: ALTER TABLE", "a database migration failed; the hub runs them, at its boot"},
    {"\" already exists",
     "a database migration ran before and cannot run again; the hub runs them, at its boot"},
    {"DrizzleQueryError", "a database query failed at boot, most likely a migration of the hub"},
    {"PostgresError", "a database query failed at boot, most likely a migration of the hub"},
    {"AccessDeniedException", "the task's role may not read what it needs, usually its signing secret"},
    {"ResourceNotFoundException", "a secret or another resource is missing, usually the signing secret"},
    {"CLOUDTAK_Hub_URL must be set", "the task definition lacks a setting"},
    {"CLOUDTAK_Server_Mode must be", "the task definition has a wrong setting"},
    {"env must be set", "the task definition lacks a setting"},
    {"environment variable is not set", "the task definition lacks a setting"},
    {"Unknown CSP environment variable", "the task definition has a wrong setting"},
    {"Hub RPC server failed to start", "the hub could not open its port 5002"},
    {"EADDRINUSE", "a port that it needs is in use already"},
    {"terminating due to lack of postgres connection",
     "the database cannot be reached, or its password was rotated"},
    {"unable to get postgres connection", "the database cannot be reached, or its password was rotated"},
    {"CloudTAK Hub Unreachable", "the hub is down or unhealthy"},
    {"CloudTAK Hub Error", "the hub is down or unhealthy"},
    {"CpuWatchdog: host CPU", "the CPU is overloaded"},
    {"ok - retrying...", "it waits for the database and tries again"},
};

/* What its programs say once they are up. */
static const char *const booted[] = {
    "ok - http://localhost:", "ok - hub rpc - http://localhost:", "ok - Worker Pool started"};

/* No known cause, but no good news either. */
static const char *const alarming[] = {"FATAL", "not ok", "Error:", "error:", "Error ", "panic", "Exception"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static size_t find_row(const char *line)
{
    size_t i = 0;

    while (i < COUNT(rows) && !strstr(line, rows[i].part))
        i++;
    return i;
}

const char *diagnose_log_line(const char *line)
{
    size_t i = find_row(line);

    return i < COUNT(rows) ? rows[i].meaning : NULL;
}

bool diagnose_log_booted(const char *line)
{
    for (size_t i = 0; i < COUNT(booted); i++)
        if (strstr(line, booted[i]))
            return true;
    return false;
}

static bool is_alarming(const char *line)
{
    for (size_t i = 0; i < COUNT(alarming); i++)
        if (strstr(line, alarming[i]))
            return true;
    return false;
}

const char *diagnose_log(size_t count, char (*lines)[ECS_TAIL_LINE], const char **ret_line)
{
    const char *best = NULL, *fallback = NULL;
    size_t row = COUNT(rows);

    for (size_t i = 0; i < count; i++) {
        size_t found = find_row(lines[i]);

        if (found < COUNT(rows) && found <= row) { /* of equal ones the last, it is nearest to the end */
            row = found;
            best = lines[i];
        }
        if (!fallback && is_alarming(lines[i]))
            fallback = lines[i]; /* of unknown ones the first: what follows is its stack */
    }
    *ret_line = best ? best : fallback;
    return best ? rows[row].meaning : NULL;
}
