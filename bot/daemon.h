#ifndef BOT_DAEMON_H
#define BOT_DAEMON_H
/* `cloudtak-bot run`: the daemon. SIGTERM and SIGINT end it in order, a second one at once. Returns the exit
 * status. */
struct config;
int daemon_run(struct config *config);

#endif
