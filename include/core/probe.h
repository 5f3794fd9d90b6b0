#ifndef CORE_PROBE_H
#define CORE_PROBE_H
/* What CloudTAK itself answers to a browser, through its own load balancer: its version, whether its database
 * answers, whether its WebSockets reach a hub. Nobody signs in for it. Core sees it only through this table.
 * Requests are embedded by the caller; done comes exactly once, never inside. */
#include <stdbool.h>
#include <stddef.h>

#define PROBE_VERSION  (1U << 0)
#define PROBE_DATABASE (1U << 1)
#define PROBE_WEBSOCKET                                                                                      \
    (1U << 2) /* leaves a line in CloudTAK's log: once per deployment, never in a poll                       \
               */

#define PROBE_WHY 200

enum probe_state {
    PROBE_NOT_ASKED,
    PROBE_OK,
    PROBE_FAILING, /* it was seen to fail: why */
    PROBE_UNSEEN,  /* nothing can be said of it: why */
};

struct probe_part {
    enum probe_state state;
    char why[PROBE_WHY]; /* no sentence: stands behind "database FAILING: " or "database not checked: " */
};

struct probe_result {
    struct probe_part version, database, websocket;
    char number[40]; /* "13.70.0"; "" unless version is PROBE_OK */
};

struct probe; /* first member of every implementation */

/* At most 5 s. */
struct probe_look {
    char base[300]; /* "https://map.cotak.gov": targets[].probe */
    unsigned parts;
    void (*done)(struct probe_look *r);
    void *user;
    struct probe_result result; /* valid inside done and afterwards */
    void *private_;
};

struct probe_ops {
    void (*look)(struct probe *p, struct probe_look *r);
};
struct probe {
    const struct probe_ops *ops;
};

/* ---- pure: what an answer means (core/probe_read.c) */
struct probe_answer {
    bool answered; /* with HTTP, whatever its status */
    bool too_slow; /* !answered: it was connected, and time ran out */
    int status;
    const char *body; /* NUL-terminated */
    size_t len;
    const char *trouble; /* !answered: a sentence */
};
void probe_read_version(const struct probe_answer *a, struct probe_result *ret);
void probe_read_database(const struct probe_answer *a, struct probe_result *ret);
void probe_read_websocket(const struct probe_answer *a, struct probe_result *ret);
/* Once all parts that were asked for are read: what they mean together. */
void probe_read_whole(struct probe_result *r);
/* Not asked at all: each of `parts` is PROBE_UNSEEN with this. */
void probe_unseen(struct probe_result *ret, unsigned parts, const char *why);
bool probe_fails(const struct probe_result *r); /* any part */

/* ---- pure: how it reads (core/probe_text.c) */
#define PROBE_TEXT 800
/* "version 13.70.0 · database ok · WebSocket ok"; "database FAILING (500): new tasks would die" */
void probe_text(const struct probe_result *r, char *to, size_t size);
/* "same version 13.70.0 · database and WebSocket probes ok". version_before "" = not known. */
void probe_text_after(const char *version_before, const struct probe_result *after, char *to, size_t size);

#endif
