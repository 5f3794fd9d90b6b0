/* What a line of CloudTAK's own log means. Signatures of its source, most telling first. */
#include <string.h>

#include "ecs/diagnose.h"

static const struct {
    const char *part;
    const char *meaning;
} rows[] = {
    {"unable to get postgres connection", "the database cannot be reached, or its password was rotated"},
    {"terminating due to lack of postgres connection",
     "the database cannot be reached, or its password was rotated"},
    {"Failed query: ALTER TABLE", "a database migration failed"},
    {"DrizzleQueryError", "a database query failed at boot, most likely a migration"},
    {"PostgresError", "a database query failed at boot, most likely a migration"},
    {"JavaScript heap out of memory", "node ran out of heap"},
    {"OutOfMemoryError", "the container ran out of memory"},
    {"Hub RPC server failed to start", "the hub could not open its port 5002"},
    {"CloudTAK Hub Unreachable", "the hub is down or unhealthy"},
    {"CloudTAK Hub Error", "the hub is down or unhealthy"},
    {"CLOUDTAK_Hub_URL must be set", "the task definition lacks a setting"},
    {"CLOUDTAK_Server_Mode must be", "the task definition has a wrong setting"},
    {"env must be set", "the task definition lacks a setting"},
    {"environment variable is not set", "the task definition lacks a setting"},
    {"Unknown CSP environment variable", "the task definition has a wrong setting"},
    {"AccessDeniedException", "the task's role may not read what it needs, usually its signing secret"},
    {"ResourceNotFoundException", "a secret or another resource is missing, usually the signing secret"},
    {"CpuWatchdog: host CPU", "the CPU is overloaded"},
};

const char *diagnose_log_line(const char *line)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strstr(line, rows[i].part))
            return rows[i].meaning;
    return NULL;
}
