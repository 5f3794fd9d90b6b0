#ifndef NET_NET_H
#define NET_NET_H
/* What the clients and the server share: the process-wide preparation, and which CA bundle is the system's.
 */

/* A write to a closed connection must be an error, not a signal. Leaves a handler of the program alone. */
void net_prepare(void);
/* given, or the first CA bundle of this system that can be read; NULL when there is none. Borrowed. */
const char *net_ca_file(const char *given);

#endif
