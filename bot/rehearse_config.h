#ifndef BOT_REHEARSE_CONFIG_H
#define BOT_REHEARSE_CONFIG_H
/* The rehearsal's configuration file: one target, the people of the simulated channel, nothing of the host.
 */

struct buf;

#define REHEARSE_CHANNEL "C0INCIDENT"

/* map: address of the simulated CloudTAK; "" = none. */
void rehearse_config(struct buf *yaml, const char *slack_api, const char *store, const char *map);

#endif
