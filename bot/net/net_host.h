#ifndef NET_HOST_H
#define NET_HOST_H
/* Hosts, as HTTP and WebSocket URLs both judge them. Pure. */
#include <stdbool.h>

/* 127.0.0.0/8, ::1 (without brackets), localhost. */
bool net_host_is_loopback(const char *host);
/* AWS hands keys to a task over plain http on these link-local addresses, which no router forwards. */
bool net_host_is_metadata(const char *host);

#endif
