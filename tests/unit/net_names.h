#ifndef TESTS_UNIT_NET_NAMES_H
#define TESTS_UNIT_NET_NAMES_H
/* The resolver of a test program: what the libraries ask of it, in their threads, is answered from a table.
 * Include it in one place of a program only, as it defines getaddrinfo. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static int names_slow, names_asked; /* look-ups below slow.test, and of bot.test */

static const struct {
    const char *name, *addresses[3];
} names_known[] = {
    {"localhost", {"127.0.0.1"}},
    {"bot.test", {"127.0.0.1"}},
    {"second.test", {"127.0.0.2", "127.0.0.1"}}, /* where nothing listens, then where something may */
    {"nobody.test", {"127.0.0.2", "127.0.0.3"}},
};

static inline struct addrinfo *names_one(const char *address, const char *service)
{
    struct in_addr v4;

    if (inet_pton(AF_INET, address, &v4) != 1)
        return NULL;
    struct addrinfo *a = mem_alloc(sizeof(*a) + sizeof(struct sockaddr_in));
    struct sockaddr_in *in = (struct sockaddr_in *)(a + 1);
    a->ai_socktype = SOCK_STREAM;
    a->ai_protocol = IPPROTO_TCP;
    a->ai_family = in->sin_family = AF_INET;
    in->sin_addr = v4;
    in->sin_port = htons((uint16_t)(service ? strtoul(service, NULL, 10) : 0));
    a->ai_addr = (struct sockaddr *)in;
    a->ai_addrlen = sizeof(*in);
    return a;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    struct addrinfo **end = result;

    (void)hints;
    *result = NULL;
    if (!node)
        return EAI_NONAME;
    if (strstr(node, "slow.test")) {
        __atomic_add_fetch(&names_slow, 1, __ATOMIC_SEQ_CST);
        usleep(1500 * 1000);
        return EAI_NONAME;
    }
    if (strcmp(node, "bot.test") == 0)
        __atomic_add_fetch(&names_asked, 1, __ATOMIC_SEQ_CST);
    for (size_t i = 0; i < sizeof(names_known) / sizeof(names_known[0]); i++)
        for (size_t k = 0; strcmp(node, names_known[i].name) == 0 && names_known[i].addresses[k]; k++) {
            *end = names_one(names_known[i].addresses[k], service);
            end = &(*end)->ai_next;
        }
    if (!*result)
        *result = names_one(node, service);
    return *result ? 0 : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *a)
{
    while (a) {
        struct addrinfo *next = a->ai_next;
        mem_free(a);
        a = next;
    }
}

#endif
