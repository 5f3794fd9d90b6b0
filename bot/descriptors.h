#ifndef BOT_DESCRIPTORS_H
#define BOT_DESCRIPTORS_H
/* How the descriptors that this process may open are shared out: chat, AWS and the store have theirs whatever
 * knocks at the listener of the health pages. */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* For everything at its most; with the listener's when there is one. */
int descriptors_wanted(size_t chats, bool listens);
/* Raises the soft limit to `wanted` as far as the hard one allows; returns the limit in force. */
int descriptors_raise(int wanted);
/* How many connections the listener may hold under this limit. False with err when the others would have too
 * few. */
bool descriptors_share(int limit, size_t chats, bool listens, int *ret_listener, struct err *err);

#endif
