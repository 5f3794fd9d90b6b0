#ifndef BOT_AUDIT_VERIFY_H
#define BOT_AUDIT_VERIFY_H
/* `cloudtak-bot audit verify`: are the records of a store whole? Reads only, also while the daemon runs. */
struct config;

/* head: "SEQ:HASH" as a verdict shows it; NULL = none. Prints; returns the exit status: 0 whole, 1 not whole,
 * 2 not understood or not to be read. */
int audit_verify(const struct config *config, const char *head);

#endif
