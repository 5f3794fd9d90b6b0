#ifndef CHAT_LATER_H
#define CHAT_LATER_H
/* For adapters that know their answer at once: `done` comes on the loop's next turn, never inside. */
#include "core/chat.h"

struct loop;

/* One of the three; the others NULL. */
struct chat_later {
    struct chat_send *send;
    struct chat_find *find;
    struct chat_lookup *lookup;
};
void chat_later(struct loop *loop, struct chat_later what);

#endif
