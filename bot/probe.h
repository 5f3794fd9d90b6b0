#ifndef BOT_PROBE_H
#define BOT_PROBE_H
/* The real probe of CloudTAK, over HTTP. */
#include "core/probe.h"

struct http;
struct loop;

/* http is not owned, and closed after the last look came back. */
struct probe *probe_http_create(struct loop *loop, struct http *http);
/* No look may run. Accepts NULL. */
void probe_http_destroy(struct probe *p);

#endif
