#include "commands/table.h"

#include "rows.h"

const struct command *const commands_table[] = {
    &command_restart,  &command_status,   &command_help,     &command_targets,
    &command_whoami,   &command_tasks,    &command_events,   &command_logs,
    &command_clusters, &command_services, &command_stop_all, &command_shutdown,
    &command_scale,    &command_start,    &command_rollback, NULL,
};
