#ifndef NET_WS_HOLD_H
#define NET_WS_HOLD_H
/* libwebsockets 4.1 closes its wake-up descriptor twice: at once when a context is taken down, and again a
 * turn of the loop later. Whoever opened something in between would lose it: a connection of libcurl's, after
 * which libuv aborts, or the store's file. So the number is held in between, and the second close gets what
 * holds it. */
#include <stddef.h>

#define WS_HOLD_MOST 8

struct ws_hold {
    int holder; /* what stands in; -1 = there is none */
    size_t count;
    int numbers[WS_HOLD_MOST];
};

/* In place of lws_context_destroy's first call: runs take_down, then holds each number that it closed. */
void ws_hold_begin(struct ws_hold *h, void (*take_down)(void *user), void *user);
/* Lets go of what nobody has closed. */
void ws_hold_end(struct ws_hold *h);

#endif
