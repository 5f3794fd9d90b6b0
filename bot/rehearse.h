#ifndef BOT_REHEARSE_H
#define BOT_REHEARSE_H
/* `cloudtak-bot rehearse`: the real bot against simulated Slack and AWS on loopback sockets. Ignores AWS_*,
 * SLACK_*, proxy variables and ~/.aws; fixed fake keys, a temporary store; nothing real is touched. */
#include <stddef.h>

#define REHEARSE_COMMANDS 16

struct rehearse_options {
    const char *scenario; /* NULL = "ok" */
    double speed;         /* of the simulated world; people's deadlines stay real */
    size_t command_count; /* --exec: run in turn, each to its last word; 0 = interactive */
    const char *commands[REHEARSE_COMMANDS];
};

/* Returns the exit status of design 5.1. */
int rehearse_run(const struct rehearse_options *options);

#endif
