/* Names to addresses without blocking the loop.
 *
 * dns_start gives the name to libuv's threads; the answer is copied into the request and done runs. A numeric
 * address, a name that cannot be one, and a cancel end by a deferred call. libuv cannot stop a look-up that
 * runs: a cancelled one is detached from its request and freed when the thread is through. */
#include "net/dns.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <uv.h>

#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"

#define NAME_MAX_LEN 253 /* what DNS allows */

struct lookup {
    struct loop *loop;
    struct dns_request *request; /* NULL when its done has run */
    struct loop_deferred deferred;
    uv_getaddrinfo_t work;
    bool working; /* libuv has it */
    char host[NAME_MAX_LEN + 1];
};

/* Runs done and, unless libuv still has it, frees. */
static void deliver(struct lookup *l)
{
    struct dns_request *r = l->request;

    l->request = NULL;
    loop_defer_cancel(l->loop, &l->deferred);
    r->private_ = NULL;
    r->ok = r->err.code == ERR_NONE;
    if (!l->working)
        mem_free(l);
    r->done(r);
}

static void on_deferred(struct loop_deferred *d)
{
    deliver(d->user);
}

static bool already_listed(const struct dns_request *r, const char *address)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->addresses[i], address) == 0)
            return true;
    return false;
}

static void copy_addresses(struct dns_request *r, const struct addrinfo *list)
{
    for (const struct addrinfo *a = list; a && r->count < DNS_ADDRESSES; a = a->ai_next) {
        char address[DNS_ADDRESS_TEXT];
        if (getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL, 0, NI_NUMERICHOST) == 0 &&
            !already_listed(r, address)) {
            TEXT_COPY(r->addresses[r->count], address);
            r->count++;
        }
    }
}

static void on_answer(uv_getaddrinfo_t *work, int status, struct addrinfo *list)
{
    struct lookup *l = work->data;
    struct dns_request *r = l->request;

    l->working = false;
    if (!r) {
        mem_free(l);
        uv_freeaddrinfo(list);
        return;
    }
    /* a cancel that is on its way keeps its word */
    if (r->err.code == ERR_NONE) {
        if (status == 0)
            copy_addresses(r, list);
        if (status == UV_EAI_AGAIN)
            err_set(&r->err, ERR_UNREACHABLE, "no name server answers for %s: check this host's DNS",
                    l->host);
        else if (r->count == 0)
            err_set(&r->err, ERR_UNREACHABLE,
                    "the name %s cannot be resolved: check its spelling and this host's DNS", l->host);
    }
    uv_freeaddrinfo(list);
    deliver(l);
}

static bool is_numeric(const char *host)
{
    struct in6_addr any;

    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

/* True when libuv took it; otherwise r has its result. */
static bool begin(struct lookup *l, struct dns_request *r)
{
    static const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};

    if (!r->host || !*r->host || !TEXT_COPY(l->host, r->host))
        return err_set(&r->err, ERR_CONFIG, "an empty or overlong text is no host name");
    if (is_numeric(l->host)) {
        TEXT_COPY(r->addresses[r->count], l->host);
        r->count++;
        return false;
    }
    l->working = uv_getaddrinfo(loop_uv(l->loop), &l->work, on_answer, l->host, NULL, &hints) == 0;
    return l->working ||
           err_set(&r->err, ERR_UNREACHABLE, "the name %s cannot be looked up: it is no valid name", l->host);
}

void dns_start(struct loop *loop, struct dns_request *r)
{
    struct lookup *l = mem_alloc(sizeof(*l));

    l->loop = loop;
    l->request = r;
    l->work.data = l;
    l->deferred.run = on_deferred;
    l->deferred.user = l;
    r->private_ = l;
    r->ok = false;
    r->err = (struct err){0};
    r->count = 0;
    if (!begin(l, r))
        loop_defer(loop, &l->deferred);
}

void dns_cancel(struct dns_request *r)
{
    struct lookup *l = r->private_;

    if (!l)
        return;
    err_set(&r->err, ERR_CANCELLED, "the look-up of a name was cancelled");
    r->count = 0;
    loop_defer(l->loop, &l->deferred);
    if (l->working)
        uv_cancel((uv_req_t *)&l->work); /* fails when it runs already; its answer is then dropped */
}
