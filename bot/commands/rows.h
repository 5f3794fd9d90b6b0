#ifndef COMMANDS_ROWS_H
#define COMMANDS_ROWS_H
/* The rows of this folder's files; table.c puts them in order. */
#include "core/command.h"

extern const struct command command_help, command_targets, command_whoami, command_status, command_restart;
/* by hand in this release: see manual.h */
extern const struct command command_tasks, command_events, command_logs, command_clusters, command_services;
extern const struct command command_stop_all, command_shutdown, command_scale, command_start,
    command_rollback;

#endif
