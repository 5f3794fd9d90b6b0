#ifndef BOT_HARDEN_H
#define BOT_HARDEN_H
/* Before anything else can hold a secret: no memory and no environment of ours in /proc for others of the
 * same user, no core file, no TLS keys in a file; a peer that is gone is an error of a write, no signal. */
void harden(void);

#endif
