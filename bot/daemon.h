#ifndef BOT_DAEMON_H
#define BOT_DAEMON_H
/* `cloudtak-bot run`: the daemon. SIGTERM and SIGINT end it in order, a second one at once. Returns the exit
 * status. */
#include "base/clock.h"

struct config;
int daemon_run(struct config *config);
/* The clock of an earnest run; a build with fault points may be told the speed of its simulated world. */
struct clock daemon_clock(void);

#endif
