#ifndef NET_DNS_H
#define NET_DNS_H
/* Names to addresses without blocking the loop (uv_getaddrinfo). For libwebsockets, which would resolve in
 * the loop's thread; libcurl has its own threads. */
#include <stddef.h>

#include "base/err.h"

struct loop;

#define DNS_ADDRESSES    8
#define DNS_ADDRESS_TEXT 64

struct dns_request {
    const char *host; /* copied; a numeric address answers itself */
    void (*done)(struct dns_request *r);
    void *user;
    /* result: in the resolver's order, walk them all */
    bool ok;
    struct err err;
    size_t count;
    char addresses[DNS_ADDRESSES][DNS_ADDRESS_TEXT];
    /* fields below should not be touched by the user */
    void *private_;
};
/* done exactly once, never inside start. */
void dns_start(struct loop *loop, struct dns_request *r);
/* done comes with ERR_CANCELLED. */
void dns_cancel(struct dns_request *r);

#endif
