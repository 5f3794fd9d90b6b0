#ifndef CHAT_ABSENT_H
#define CHAT_ABSENT_H
/* A platform that this program does not connect to: `exec` and `console` while the daemon is down. Its
 * messages wait in the outbox for the daemon's next start; nobody can be looked up. */
#include "core/chat.h"

struct absent; /* opaque */
struct loop;

struct absent *absent_create(struct loop *loop, const char *server, const char *command);
struct chat *absent_chat(struct absent *a);
void absent_destroy(struct absent *a); /* after the engine was closed. Accepts NULL. */

#endif
